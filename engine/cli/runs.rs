//! `wizard runs`: what was played in a project.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use crate::cli::folder::{records_to_show, runs};
use crate::cli::surroundings::Surroundings;
use crate::cli::{SUCCEEDED, print};
use crate::journal::shown;
use crate::report::{Report, fold};

/// List the runs of a project, the newest last
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The project's folder
    #[arg(long, value_name = "DIR", default_value = ".")]
    project: PathBuf,
}

pub(super) fn run(arguments: &Arguments, surroundings: &Surroundings) -> anyhow::Result<u8> {
    let state = surroundings.state()?;
    let runs = runs(state, &arguments.project)?;
    if runs.is_empty() {
        print::out(&format!("nothing was played in `{}` yet", arguments.project.display()))?;
        return Ok(SUCCEEDED);
    }
    let mut text = String::new();
    for run in runs {
        let _ = writeln!(text, "{}", line(state, &run));
    }
    print::out(&text)?;
    Ok(SUCCEEDED)
}

/// Says of a run how it ended, what it was, and how many files it changed.
fn line(state: &Path, run: &Path) -> String {
    let id = run.file_name().unwrap_or_default().to_string_lossy();
    let (records, doubt) = match records_to_show(state, &run.join("journal.jsonl")) {
        Ok(read) => read,
        Err(error) => {
            return format!("{id}  unreadable   {}", shown::line(&error.root_cause().to_string()));
        }
    };
    let doubt = doubt.map(|doubt| format!("; {doubt}")).unwrap_or_default();
    let report = fold(&records);
    let Report { playbook, files, .. } = &report;
    let ending = report.ending.words();
    let changed = shown::plural(files.len(), "file");
    format!("{id}  {ending:<10}  {}, {changed} changed{doubt}", shown::line(playbook))
}
