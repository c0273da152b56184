//! `wizard diff`: two runs, held against each other.

use std::path::PathBuf;

use anyhow::bail;

use crate::cli::folder::{Reading, read_runs};
use crate::cli::surroundings::Surroundings;
use crate::cli::{SUCCEEDED, print};
use crate::report::compare;

/// Say in what two runs differ: how they were made, what came of each stage, file and check
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// A run's id, the last run when left out; held against the run of the same playbook before it
    /// where it is the only one
    run: Option<String>,

    /// The id of the other run
    other: Option<String>,

    /// The project's folder
    #[arg(long, value_name = "DIR", default_value = ".")]
    project: PathBuf,
}

pub(super) fn run(arguments: &Arguments, surroundings: &Surroundings) -> anyhow::Result<u8> {
    let state = surroundings.state()?;
    let read = |run: Option<&str>| read_runs(state, &arguments.project, run);
    let Reading { report, before } = read(arguments.run.as_deref())?;
    let (then, now) = match (&arguments.other, before) {
        (Some(other), _) => (report, read(Some(other))?.report),
        (None, Some(before)) => (before, report),
        (None, None) => {
            bail!("there is no run of `{}` before {}", report.playbook, report.run)
        }
    };
    print::out(&compare::render(&then, &now))?;
    Ok(SUCCEEDED)
}
