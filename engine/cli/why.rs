//! `wizard why`: why a stage came out as it did.

use std::path::PathBuf;

use anyhow::bail;

use crate::cli::folder::{Reading, read_runs};
use crate::cli::surroundings::Surroundings;
use crate::cli::{SUCCEEDED, print};
use crate::diagnostic::near;
use crate::report::{Report, why};

/// Say why a stage was played, skipped, blocked or used again
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The run's id, the last run when left out, and the stage
    #[arg(value_names = ["RUN", "STAGE"], num_args = 1..=2, required = true)]
    words: Vec<String>,

    /// The project's folder
    #[arg(long, value_name = "DIR", default_value = ".")]
    project: PathBuf,
}

pub(super) fn run(arguments: &Arguments, surroundings: &Surroundings) -> anyhow::Result<u8> {
    let (run, stage) = match &arguments.words[..] {
        [run, stage] => (Some(run.as_str()), stage),
        words => (None, &words[0]),
    };
    let Reading { report, before } = read_runs(surroundings.state()?, &arguments.project, run)?;
    let Some(text) = why::render(&report, before.as_ref(), stage) else {
        bail!("{}", unknown(&report, stage));
    };
    print::out(&text)?;
    Ok(SUCCEEDED)
}

/// Says which stages a run has.
pub(super) fn unknown(report: &Report, stage: &str) -> String {
    let ids: Vec<&str> = report.stages.iter().map(|stage| stage.id.as_str()).collect();
    let run = &report.run;
    match near(stage, ids.iter().copied()) {
        Some(near) => format!("{run} has no stage `{stage}`; did you mean `{near}`?"),
        None => format!("{run} has no stage `{stage}`; its stages are `{}`", ids.join("`, `")),
    }
}
