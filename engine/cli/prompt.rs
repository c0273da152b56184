//! `wizard prompt`: the request that a stage would send.

use anyhow::bail;
use clap::ValueEnum;

use crate::cli::plan::sketch;
use crate::cli::surroundings::Surroundings;
use crate::cli::target::{Target, show_errors};
use crate::cli::{FAILED, SUCCEEDED, model, print};
use crate::context;
use crate::diagnostic::near;
use crate::model::{Block, Request};

/// Print the first request of a stage, with its tokens by part
///
/// No model is asked. What earlier stages leave is not known before they are played: its names
/// stand in for it, in angle brackets.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    target: Target,

    /// The stage's id
    stage: String,

    #[command(flatten)]
    model: model::Choice,

    /// How it is written
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    /// Part by part, for people
    Text,
    /// The body that would be sent to the service, as JSON
    Json,
}

pub(super) fn run(arguments: &Arguments, surroundings: &Surroundings) -> anyhow::Result<u8> {
    let read = arguments.target.read(surroundings)?;
    if show_errors(&read.bundle, &read.findings) {
        return Ok(FAILED);
    }
    let (plan, index) = sketch(&arguments.target, read, surroundings)?;
    let stages = &plan.playbook.stages;
    let Some(number) = stages.iter().position(|stage| stage.id.value == arguments.stage) else {
        let ids = stages.iter().map(|stage| stage.id.value.as_str());
        let hint = near(&arguments.stage, ids).map(|id| format!("; did you mean `{id}`?"));
        bail!("the playbook has no stage `{}`{}", arguments.stage, hint.unwrap_or_default());
    };
    if let Some(command) = &stages[number].run {
        bail!(
            "the stage `{}` runs the command `{}` and asks no model",
            arguments.stage,
            command.value
        );
    }
    let alias = stages[number].model.value.clone();
    let effort = stages[number].effort;
    let (mut request, tail) = crate::outline::request(&plan, &index, number)?;
    let text = match arguments.format {
        Format::Json => {
            let (provider, model) = arguments.model.unasked(surroundings, &alias)?;
            request.model = model.id;
            request.max_tokens = model.max_tokens;
            request.effort = effort;
            serde_json::to_string_pretty(&provider.body(&request))?
        }
        Format::Text => shown(&request, &context::count(&request, &tail))?,
    };
    print::out(&text)?;
    Ok(SUCCEEDED)
}

/// Writes a request part by part, and its tokens last.
fn shown(request: &Request, counts: &[(String, u64)]) -> anyhow::Result<String> {
    let mut text = String::new();
    for system in &request.system {
        text.push_str(&format!("── system\n{}\n", system.trim_end()));
    }
    for tool in &request.tools {
        text.push_str(&format!("\n── tool {}\n{}\n", tool.name, tool.description));
        text.push_str(&format!("{}\n", serde_json::to_string(&tool.input)?));
    }
    for message in &request.messages {
        for block in &message.blocks {
            if let Block::Text(words) = block {
                text.push_str(&format!("\n── user\n{}\n", words.trim_end()));
            }
        }
    }
    text.push_str("\n── tokens, estimated as bytes / 4\n");
    for (part, tokens) in counts {
        text.push_str(&format!("{part:<12}{tokens:>7}\n"));
    }
    let total: u64 = counts.iter().map(|(_, tokens)| tokens).sum();
    text.push_str(&format!("{:<12}{total:>7}\n", "all"));
    Ok(text)
}
