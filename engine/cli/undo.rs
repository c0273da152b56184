//! `wizard undo`: a run taken back.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;

use crate::cli::folder::{RunFolder, find, last_play};
use crate::cli::surroundings::Surroundings;
use crate::cli::{FAILED, SUCCEEDED, print};
use crate::gate::kept::{Blobs, Start};
use crate::gate::workspace::Workspace;
use crate::journal::event::FileDiff;
use crate::journal::{Event, Journal, shown};
use crate::redact::Redactor;
use crate::undo::{self, Step, Undo};

/// Take a run back: every file as it stood before, where nobody changed it since
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The run's id; the last run when left out
    run: Option<String>,

    /// Put back this file only
    #[arg(long, value_name = "PATH")]
    file: Option<String>,

    /// Say what would be done, and do nothing
    #[arg(long)]
    dry_run: bool,

    /// The project's folder
    #[arg(long, value_name = "DIR", default_value = ".")]
    project: PathBuf,
}

pub(super) fn run(arguments: &Arguments, surroundings: &Surroundings) -> anyhow::Result<u8> {
    let state = surroundings.state()?;
    let journal = match &arguments.run {
        Some(id) => find(state, &arguments.project, Some(id))?,
        None => last_play(state, &arguments.project)?,
    };
    let records = crate::journal::read(&journal)
        .with_context(|| format!("cannot read the journal `{}`", journal.display()))?;
    let of = journal.parent().and_then(|folder| folder.file_name());
    let of = of.map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let start = Start::read(&journal).map_err(anyhow::Error::msg)?;
    let workspace = Workspace::open(&arguments.project)
        .with_context(|| format!("cannot open the project `{}`", arguments.project.display()))?;
    let only = arguments.file.as_deref().map(|file| workspace.path(file)).transpose()?;
    let decide = |blobs: &Blobs| {
        let decided = undo::plan(&records, &start, &workspace, blobs, only.as_deref());
        decided.map_err(anyhow::Error::msg)
    };
    if arguments.dry_run {
        let blobs = journal.with_file_name("../blobs");
        let undo = decide(&Blobs::at(&blobs))?;
        print::out(&told(&of, &undo, &undo.left, None))?;
        return Ok(SUCCEEDED);
    }
    // Another run may not begin between the look and the change.
    let folder = RunFolder::create(state, &arguments.project)?;
    let blobs = Blobs::at(&folder.blobs);
    let undo = decide(&blobs)?;
    if undo.steps.is_empty() {
        let own_id = folder.id.clone();
        folder.discard();
        print::out(&told(&of, &undo, &undo.left, Some(&own_id)))?;
        return Ok(if undo.left.is_empty() { SUCCEEDED } else { FAILED });
    }
    let own = Journal::create(&folder.path, Vec::new());
    let own = Arc::new(
        own.with_context(|| format!("cannot begin a journal in `{}`", folder.path.display()))?,
    );
    Start::of(&workspace, &workspace.snapshot().map_err(anyhow::Error::msg)?)
        .write(own.path())
        .context("cannot record how the project stands")?;
    // They are of paths and hashes.
    let note = |event| own.append(Redactor::default().clean_all(event));
    note(Event::UndoStarted {
        run: folder.id.clone(),
        of: of.clone(),
        wizard: env!("CARGO_PKG_VERSION").to_owned(),
        project: workspace.root().display().to_string(),
    })?;
    let left = undo::perform(&undo, &workspace, &own, &blobs).map_err(anyhow::Error::msg)?;
    let exit = if left.is_empty() { SUCCEEDED } else { FAILED };
    let done = |step: &&Step| !left.iter().any(|(path, _)| *path == step.path);
    let changed = undo.steps.iter().filter(done).map(|step| FileDiff {
        path: step.path.clone(),
        how: how(step).to_owned(),
        added: 0,
        removed: 0,
    });
    note(Event::RunFinished { exit, changed: changed.collect() })?;
    print::out(&told(&of, &undo, &left, Some(&folder.id)))?;
    Ok(exit)
}

/// What happens to a file, in the word of the report.
fn how(step: &Step) -> &'static str {
    match (&step.now, &step.then) {
        (_, None) => "removed",
        (None, Some(_)) => "created",
        _ => "changed",
    }
}

/// Says what was done, in the run `own`, or, without one, what would be.
fn told(of: &str, undo: &Undo, left: &[(String, String)], own: Option<&str>) -> String {
    let mut text = String::new();
    let done = |step: &&Step| !left.iter().any(|(path, _)| *path == step.path);
    let steps: Vec<&Step> = undo.steps.iter().filter(done).collect();
    let count = shown::plural(steps.len(), "file");
    let _ = match (steps.is_empty(), own) {
        (true, _) => writeln!(text, "nothing of {of} is to be put back"),
        (false, None) => writeln!(text, "would put back {count} as before {of}:"),
        (false, Some(_)) => writeln!(text, "put back {count} as before {of}:"),
    };
    for step in &steps {
        let _ = writeln!(text, "  {:<8} {}", how(step), shown::line(&step.path));
    }
    if !left.is_empty() {
        let _ = writeln!(text, "left as they are:");
    }
    for (path, reason) in left {
        let _ = writeln!(text, "  {}: {reason}", shown::line(path));
    }
    if steps.iter().any(|step| crate::project::is_lock(&step.path)) {
        let _ = writeln!(
            text,
            "installed packages are as the run left them: install again to match the lock file"
        );
    }
    if let Some(own) = own.filter(|_| !steps.is_empty()) {
        let _ = writeln!(text, "to take this back: wizard undo {own}");
    }
    text
}
