//! What the model may do.

mod ask;
mod authored;
pub mod done;
mod edit;
mod env;
mod glob;
mod grep;
mod lines;
mod read;
mod reference;
mod remove;
mod run;
mod tool;
mod write;

use serde_json::Value;

use crate::gate::redact::visible;
use crate::gate::{Gate, Refusal};
use crate::journal::event::Outcome;
use crate::lint::{Flattened, Known};
use crate::model::ToolSpec;
use crate::online::ServerTool;
use crate::plan::Powers;
use crate::playbook::{Output, Playbook};
use crate::tools::tool::AnyTool;

/// Every tool but `done`, in the order in which the model sees them.
const TOOLS: &[&dyn AnyTool] = &[
    &read::Read,
    &glob::Glob,
    &grep::Grep,
    &edit::Edit,
    &write::Write,
    &remove::Remove,
    &run::Run,
    &env::Env,
    &reference::Reference,
    &ask::Ask,
];

/// The words that a playbook may grant.
pub const WORDS: &[&str] =
    &["read", "glob", "grep", "edit", "write", "remove", "env", "reference", "ask"];

/// What a call came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// What the model is told.
    pub text: String,
    /// How it went.
    pub outcome: Outcome,
    /// What it was about, for the person.
    pub about: String,
    /// Invisible characters that were removed from it.
    pub invisible: usize,
    /// Secrets that stand masked in it.
    pub masked: usize,
}

/// The most characters of what a call was refused with.
const LONGEST_REFUSAL: usize = 2_000;

/// How the mask of a secret begins.
const MASK: &str = "[REDACTED:";

/// Returns what lint is told of the engine.
pub fn known() -> Known {
    Known {
        tools: WORDS.to_vec(),
        airplane: Some(|bundle, name| {
            let (flat, sheet) = crate::reference::flat_airplane(bundle, name)?;
            Ok(Flattened { tokens: flat.tokens, files: flat.files, large: sheet.large })
        }),
        is_lock: Some(crate::project::is_lock),
        ..Known::default()
    }
}

/// Returns what a tool does, as the model reads it.
pub fn description(word: &str) -> Option<String> {
    let tool = TOOLS.iter().find(|tool| tool.name() == word)?;
    Some(tool.spec(&Powers::default(), &Playbook::default()).description)
}

/// Returns what the model sees of a stage's tools; `done` is always the last.
pub fn specs<'a>(
    powers: &Powers,
    playbook: &Playbook,
    output: &Output,
    servers: impl IntoIterator<Item = &'a ServerTool>,
) -> Vec<ToolSpec> {
    let granted = |tool: &&&dyn AnyTool| powers.tools.iter().any(|word| word == tool.name());
    let tools = TOOLS.iter().filter(granted).map(|tool| tool.spec(powers, playbook));
    let servers = servers.into_iter().map(|tool| ToolSpec {
        name: tool.name(),
        description: tool.description.clone(),
        input: tool.schema.clone(),
    });
    tools.chain(servers).chain([done::spec(output)]).collect()
}

/// Whether a stage has a tool of this name, and the tool takes an input of this shape.
pub fn takes(gate: &Gate, name: &str, input: &Value) -> bool {
    let granted = gate.powers.tools.iter().any(|word| word == name);
    let tool = TOOLS.iter().find(|tool| granted && tool.name() == name);
    match tool {
        Some(tool) => tool.takes(input),
        None => input.is_object() && gate.server_tools().any(|tool| tool.name() == name),
    }
}

/// Performs a call. What ends the attempt or the run is an error; what the model can mend is an
/// answer.
pub async fn call(gate: &Gate, name: &str, input: &Value) -> Result<Answer, Refusal> {
    let granted = gate.powers.tools.iter().any(|word| word == name);
    let tool = TOOLS.iter().find(|tool| granted && tool.name() == name);
    let served = gate.server_tools().find(|tool| tool.name() == name);
    let (about, called) = match (tool, served) {
        (Some(tool), _) => tool.call(gate, input).await,
        (None, Some(served)) => {
            let about: String = input.to_string().chars().take(80).collect();
            (about, gate.call_server(served, input).await)
        }
        (None, None) => {
            let mut tools = gate.powers.tools.clone();
            tools.extend(gate.server_tools().map(ServerTool::name));
            let tools = tools.join(", ");
            let text =
                format!("there is no tool `{name}` in this stage; its tools are {tools}, done");
            (String::new(), Err(Refusal::Power(text)))
        }
    };
    let (text, outcome) = match called.map_err(|refusal| gate.refused(refusal)) {
        Ok(text) => (text, Outcome::Done),
        Err(Refusal::Power(text)) => (brief(text), Outcome::Refused),
        Err(Refusal::Reply(text)) => (brief(text), Outcome::Failed),
        Err(ending) => return Err(ending),
    };
    let (text, invisible) = visible(&text);
    let mut text: String = gate.hall().redactor.clean(&text).into();
    let masked = text.matches(MASK).count();
    if outcome == Outcome::Done && tool.is_none_or(|tool| tool.is_material()) {
        text = gate.hall().marks.around(&text);
    }
    if invisible > 0 {
        text.push_str(&format!("\n[{invisible} invisible characters removed]"));
    }
    Ok(Answer { text, outcome, about, invisible, masked })
}

/// Cuts words about what went wrong that quote too much of it.
fn brief(text: String) -> String {
    match text.char_indices().nth(LONGEST_REFUSAL) {
        Some((end, _)) => format!("{} …", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tool_that_can_be_granted_is_in_the_list() {
        let names: Vec<&str> =
            TOOLS.iter().map(|tool| tool.name()).filter(|name| *name != "run").collect();
        assert_eq!(names, WORDS);
    }

    #[test]
    fn the_specs_of_an_editing_stage_are_lean() {
        let words = ["read", "glob", "grep", "edit", "write"].map(str::to_owned);
        let powers = Powers { tools: words.to_vec(), ..Powers::default() };
        let bundle = crate::playbook::load_text("p.md", "---\n---\n");
        let (playbook, _) = crate::playbook::parse(&bundle);
        let specs = specs(&powers, &playbook, &Output::Default, []);
        let bytes = serde_json::to_string(&specs).unwrap().len();
        assert!(bytes < 4 * 800, "{bytes} bytes");
    }
}
