//! `wizard undo`: a run taken back.

use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::Context as _;

use crate::cli::folder::{RunFolder, find, last_play, records};
use crate::cli::surroundings::Surroundings;
use crate::cli::{FAILED, SUCCEEDED, print};
use crate::gate::kept::{Blobs, Start};
use crate::gate::workspace::Workspace;
use crate::journal::event::FileDiff;
use crate::journal::{Event, Journal, Key, Record, shown};
use crate::redact::Redactor;
use crate::undo::{self, EnvStep, Past, Step, Undo, Wish};

/// Take a run back: every file as it stood before, where nobody changed it since
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The run's id; the last run when left out
    run: Option<String>,

    /// Put back this file only
    #[arg(long, value_name = "PATH")]
    file: Option<String>,

    /// Put back files too that somebody changed since; what stands there is kept, and comes back
    /// when the undo is taken back
    #[arg(long)]
    force: bool,

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
    let records = records(state, &journal).context(NOT_SURE)?;
    let of = journal.parent().and_then(|folder| folder.file_name());
    let of = of.map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    refuse_another(&of, &records)?;
    let start = Start::read(&journal, &records).map_err(anyhow::Error::msg).context(NOT_SURE)?;
    let workspace = Workspace::open(&arguments.project)
        .with_context(|| format!("cannot open the project `{}`", arguments.project.display()))?;
    let only = arguments.file.as_deref().map(|file| workspace.path(file)).transpose()?;
    let wish = Wish { only: only.as_deref(), force: arguments.force };
    let key = Key::open(state)?;
    let decide = |blobs: &Blobs| {
        let (records, start, key) = (&records, &start, &key);
        let past = Past { records, journal: &journal, key, start, blobs };
        undo::plan(&past, &workspace, wish).map_err(anyhow::Error::msg)
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
    if undo.is_empty() {
        let own_id = folder.id.clone();
        folder.discard();
        print::out(&told(&of, &undo, &undo.left, Some(&own_id)))?;
        return Ok(if undo.left.is_empty() { SUCCEEDED } else { FAILED });
    }
    let (records, start) = (&records, &start);
    let past = Past { records, journal: &journal, key: &key, start, blobs: &blobs };
    let left = perform(&undo, &past, &workspace, &folder, &of)?;
    print::out(&told(&of, &undo, &left, Some(&folder.id)))?;
    Ok(if left.is_empty() { SUCCEEDED } else { FAILED })
}

/// Does what was decided, as a run of its own. Returns what was left.
fn perform(
    undo: &Undo,
    past: &Past<'_>,
    workspace: &Workspace,
    folder: &RunFolder,
    of: &str,
) -> anyhow::Result<Vec<(String, String)>> {
    let own = Journal::create(&folder.path, &folder.key, Vec::new());
    let own =
        own.with_context(|| format!("cannot begin a journal in `{}`", folder.path.display()))?;
    // They are of paths and hashes.
    let note = |event| own.append(Redactor::default().clean_all(event));
    note(Event::UndoStarted {
        run: folder.id.clone(),
        of: of.to_owned(),
        wizard: env!("CARGO_PKG_VERSION").to_owned(),
        project: workspace.root().display().to_string(),
    })
    .context("cannot write the journal")?;
    let start = Start::of(&workspace.snapshot().map_err(anyhow::Error::msg)?);
    let kept = start.write(own.path(), Vec::new());
    note(kept.context("cannot record how the project stands")?)
        .context("cannot write the journal")?;
    let left = undo::perform(undo, past, workspace, &own).map_err(anyhow::Error::msg)?;
    let exit = if left.is_empty() { SUCCEEDED } else { FAILED };
    let done = |step: &&Step| !left.iter().any(|(path, _)| *path == step.path);
    let changed = undo.steps.iter().filter(done).map(|step| FileDiff {
        path: step.path.clone(),
        how: how(step).to_owned(),
        added: 0,
        removed: 0,
    });
    note(Event::RunFinished { exit, changed: changed.collect() })
        .context("cannot write the journal")?;
    Ok(left)
}

/// What becomes of a run whose journal cannot be trusted.
const NOT_SURE: &str = "nothing is put back, because what the run changed is not certain; what it kept \
                        of files stands in `blobs`, beside the folder of the run";

/// Refuses a journal that stands in the folder of another run.
fn refuse_another(id: &str, records: &[Record]) -> anyhow::Result<()> {
    match records.first().map(|record| &record.event) {
        Some(Event::RunStarted { run, .. } | Event::UndoStarted { run, .. }) if run != id => {
            Err(anyhow::anyhow!("the journal in the folder of {id} is that of {run}"))
                .context(NOT_SURE)
        }
        _ => Ok(()),
    }
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
    let is_left = |path: &String| left.iter().any(|(left, _)| left == path);
    let steps: Vec<&Step> = undo.steps.iter().filter(|step| !is_left(&step.path)).collect();
    let env: Vec<&EnvStep> = undo.env.iter().filter(|step| !is_left(&step.file)).collect();
    let made: Vec<&String> = undo.made.keys().filter(|path| !is_left(path)).collect();
    let counts = [
        (steps.len(), "file"),
        (env.len(), "key"),
        // Folders go and come with their files; alone, they are what is done.
        (if steps.is_empty() { undo.gone.len() + made.len() } else { 0 }, "folder"),
    ];
    let counts: Vec<String> = counts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, thing)| shown::plural(*count, thing))
        .collect();
    let count = counts.join(" and ");
    let nothing = counts.is_empty();
    let _ = match (nothing, own) {
        (true, _) => writeln!(text, "nothing of {of} is to be put back"),
        (false, None) => writeln!(text, "would put back {count} as before {of}:"),
        (false, Some(_)) => writeln!(text, "put back {count} as before {of}:"),
    };
    for step in &env {
        let how = if step.taken_back { "removed" } else { "set" };
        let (key, file) = (shown::line(&step.key), shown::line(&step.file));
        let _ = writeln!(text, "  {how:<8} {key} in {file}");
    }
    for step in &steps {
        let forced = if step.forced { ", which was changed since" } else { "" };
        let _ = writeln!(text, "  {:<8} {}{forced}", how(step), shown::line(&step.path));
    }
    if steps.is_empty() {
        for folder in &undo.gone {
            let _ = writeln!(text, "  removed  {}/", shown::line(folder));
        }
        for folder in made {
            let _ = writeln!(text, "  created  {}/", shown::line(folder));
        }
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
    if let Some(own) = own.filter(|_| !nothing) {
        let _ = writeln!(text, "to take this back: wizard undo {own}");
    }
    text
}
