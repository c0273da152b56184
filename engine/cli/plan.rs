//! `wizard plan`: what would be done, in order.

use clap::ValueEnum;

use crate::cli::surroundings::Surroundings;
use crate::cli::target::{Read, Target, show_errors};
use crate::cli::{FAILED, SUCCEEDED, print};
use crate::plan::{Inputs, Plan};
use crate::reference::Index;

/// Show what a playbook would do: requirements, stages in order, powers, tokens
///
/// No model is asked and nothing is changed. The exit code is 1 when a requirement is not met.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    target: Target,

    /// How it is written
    #[arg(long, value_enum, default_value_t = Format::Tree)]
    format: Format,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    /// A tree for people
    Tree,
    /// A Mermaid flowchart
    Mermaid,
    /// A Graphviz digraph
    Dot,
    /// One JSON object
    Json,
}

pub(super) fn run(arguments: &Arguments, surroundings: &Surroundings) -> anyhow::Result<u8> {
    let read = arguments.target.read(surroundings)?;
    if show_errors(&read.bundle, &read.findings) {
        return Ok(FAILED);
    }
    let (plan, index) = sketch(&arguments.target, read, surroundings)?;
    let outline = crate::outline::outline(&plan, &index);
    print::out(&match arguments.format {
        Format::Tree => outline.tree(),
        Format::Mermaid => outline.mermaid(),
        Format::Dot => outline.dot(),
        Format::Json => serde_json::to_string_pretty(&outline)?,
    })?;
    Ok(if plan.unmet().next().is_some() { FAILED } else { SUCCEEDED })
}

/// Makes a plan without asking for what is missing, with the references that are at hand.
pub(super) fn sketch(
    target: &Target,
    read: Read,
    surroundings: &Surroundings,
) -> anyhow::Result<(Plan, Index)> {
    let project = target.project(surroundings)?;
    let given = target.given(&read.playbook, surroundings)?;
    let inputs = Inputs::sketch(&read.playbook, &given);
    let mut index = Index::default();
    for name in &read.playbook.airplanes {
        let reference = crate::reference::airplane(&read.bundle, &name.value);
        let reference =
            reference.map_err(|reason| anyhow::anyhow!("airplane `{}`: {reason}", name.value))?;
        index.references.push(reference.into());
    }
    Ok((crate::plan::build(&read.bundle, read.playbook, inputs, project), index))
}
