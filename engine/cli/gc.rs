//! `wizard gc`: runs that nobody will take back any more are thrown away.

#![expect(clippy::disallowed_methods, reason = "runs are kept outside the project")]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use anyhow::Context as _;

use crate::cli::folder::{self, Home};
use crate::cli::surroundings::Surroundings;
use crate::cli::{SUCCEEDED, print};
use crate::gate::kept::{Blobs, Cuts};
use crate::gate::sweep::{Swept, named};
use crate::journal::{Event, Key, Record, shown};
use crate::report::fold;

/// How long a value that was overwritten in an env file is kept.
const CUTS: Duration = Duration::from_hours(7 * 24);

const MEBIBYTE: u64 = 1024 * 1024;

/// Throw away old runs, and what they kept of files
///
/// Of all projects: what is older than some days, and then the oldest, until the rest is small
/// enough. The newest run of a project stays, and so does one that can go on. What a run under way
/// holds is left alone.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Days that a run is kept
    #[arg(long, value_name = "NUMBER", default_value_t = 30)]
    days: u64,

    /// Mebibytes that all runs may take together
    #[arg(long, value_name = "NUMBER", default_value_t = 500)]
    mebibytes: u64,

    /// Say what would be thrown away, and do nothing
    #[arg(long)]
    dry_run: bool,
}

/// A run, as far as it matters for keeping it.
struct Run {
    path: PathBuf,
    /// Of which project, by its place in the list.
    home: usize,
    /// When it was last written to.
    last: SystemTime,
    began: SystemTime,
    bytes: u64,
    playbook: String,
    /// Whether it stays in any case.
    stays: bool,
    /// The hashes that it names; nothing where they cannot be told.
    named: Option<BTreeSet<String>>,
    gone: bool,
}

pub(super) fn run(arguments: &Arguments, surroundings: &Surroundings) -> anyhow::Result<u8> {
    let state = surroundings.state()?;
    let (homes, held) = folder::homes(state)?;
    let key = Key::find(state)?;
    let mut runs = Vec::new();
    for (index, home) in homes.iter().enumerate() {
        let mut own = read(home, index, key.as_ref())?;
        if let Some(newest) = own.last_mut() {
            newest.stays = true;
        }
        runs.extend(own);
    }
    let now = SystemTime::now();
    let age = |then: SystemTime| now.duration_since(then).unwrap_or_default();
    let most = Duration::from_secs(arguments.days.saturating_mul(24 * 60 * 60));
    for run in runs.iter_mut().filter(|run| !run.stays) {
        run.gone = age(run.last) >= most;
    }
    let mut swept = sweep(&homes, &runs, true)?;
    let limit = arguments.mebibytes.saturating_mul(MEBIBYTE);
    let mut order: Vec<usize> = (0..runs.len()).collect();
    order.sort_by_key(|&index| runs[index].last);
    let total = total(&homes, &runs)?;
    let rest = |runs: &[Run], swept: Swept| {
        let gone: u64 = runs.iter().filter(|run| run.gone).map(|run| run.bytes).sum();
        total.saturating_sub(gone + swept.bytes)
    };
    for index in order {
        if rest(&runs, swept) <= limit {
            break;
        }
        if !runs[index].stays && !runs[index].gone {
            runs[index].gone = true;
            swept = sweep(&homes, &runs, true)?;
        }
    }
    let kept = rest(&runs, swept);
    if !arguments.dry_run {
        for run in runs.iter().filter(|run| run.gone) {
            let path = &run.path;
            std::fs::remove_dir_all(path)
                .with_context(|| format!("cannot remove `{}`", path.display()))?;
        }
        sweep(&homes, &runs, false)?;
        homes.iter().try_for_each(|home| forget_cuts(home, now))?;
    }
    print::out(&told(&runs, swept, kept, &held, arguments.dry_run))?;
    Ok(SUCCEEDED)
}

/// Reads the runs of a project, the newest last.
fn read(home: &Home, index: usize, key: Option<&Key>) -> anyhow::Result<Vec<Run>> {
    let mut runs = Vec::new();
    for path in folder::runs_in(&home.path) {
        let journal = path.join("journal.jsonl");
        let last = journal.metadata().and_then(|found| found.modified());
        let last = last.with_context(|| format!("cannot look at `{}`", journal.display()))?;
        let verified = key.and_then(|key| crate::journal::verified(&journal, key).ok());
        let records = verified.clone().or_else(|| crate::journal::read(&journal).ok());
        let records = records.unwrap_or_default();
        let began = records.first().map_or(last, |record| {
            let time = Duration::from_millis(u64::try_from(record.time).unwrap_or_default());
            SystemTime::UNIX_EPOCH + time
        });
        runs.push(Run {
            home: index,
            last,
            began,
            bytes: folder_bytes(&path)?,
            playbook: fold(&records).playbook,
            stays: can_go_on(&records),
            named: verified.and_then(|records| named(&journal, &records).ok()),
            gone: false,
            path,
        });
    }
    Ok(runs)
}

/// Whether a run of a playbook stopped, or was killed.
fn can_go_on(records: &[Record]) -> bool {
    let is_play = |record: &Record| matches!(record.event, Event::RunStarted { .. });
    let last = records.iter().rev().find_map(|record| match record.event {
        Event::RunFinished { exit, .. } => Some(exit == 3),
        Event::RunStarted { .. } => Some(true),
        _ => None,
    });
    records.first().is_some_and(is_play) && last.unwrap_or(true)
}

/// Throws away what the runs that stay do not name, or says what that would be.
fn sweep(homes: &[Home], runs: &[Run], dry: bool) -> anyhow::Result<Swept> {
    let mut swept = Swept::default();
    for (index, home) in homes.iter().enumerate() {
        let stay: Vec<&Run> = runs.iter().filter(|run| run.home == index && !run.gone).collect();
        let named: Option<Vec<_>> = stay.iter().map(|run| run.named.as_ref()).collect();
        // Where it cannot be told what one names, all stays.
        let Some(named) = named else { continue };
        let named: BTreeSet<String> = named.into_iter().flatten().cloned().collect();
        let keep = |then: SystemTime| stay.iter().any(|run| run.began <= then && then <= run.last);
        let blobs = home.path.join("blobs");
        let found = Blobs::at(&blobs).sweep(&named, &keep, dry);
        let found = found.with_context(|| format!("cannot sweep `{}`", blobs.display()))?;
        swept.files += found.files;
        swept.bytes += found.bytes;
    }
    Ok(swept)
}

fn total(homes: &[Home], runs: &[Run]) -> anyhow::Result<u64> {
    let mut total: u64 = runs.iter().map(|run| run.bytes).sum();
    for home in homes {
        total += folder_bytes(&home.path.join("blobs"))?;
    }
    Ok(total)
}

fn folder_bytes(folder: &Path) -> anyhow::Result<u64> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Ok(0) };
    let mut bytes = 0;
    for entry in entries {
        let length = entry.and_then(|entry| entry.metadata()).map(|found| found.len());
        bytes += length.with_context(|| format!("cannot look into `{}`", folder.display()))?;
    }
    Ok(bytes)
}

/// Throws away values of env files that were cut out some days ago, whatever becomes of their run.
fn forget_cuts(home: &Home, now: SystemTime) -> anyhow::Result<()> {
    for run in folder::runs_in(&home.path) {
        let Ok(entries) = std::fs::read_dir(&run) else { continue };
        for entry in entries.filter_map(Result::ok) {
            let is_cut = entry.file_name().to_string_lossy().starts_with(Cuts::PREFIX);
            let modified = entry.metadata().and_then(|found| found.modified());
            let age = modified
                .map_or(Duration::ZERO, |then| now.duration_since(then).unwrap_or_default());
            if is_cut && age > CUTS {
                let path = entry.path();
                std::fs::remove_file(&path)
                    .with_context(|| format!("cannot remove `{}`", path.display()))?;
            }
        }
    }
    Ok(())
}

fn told(runs: &[Run], swept: Swept, kept: u64, held: &[PathBuf], dry: bool) -> String {
    let mut text = String::new();
    let gone: Vec<&Run> = runs.iter().filter(|run| run.gone).collect();
    let files = shown::plural(swept.files, "kept file");
    let count = shown::plural(gone.len(), "run");
    let verb = if dry { "would throw away" } else { "threw away" };
    let rest = shown::plural(runs.len() - gone.len(), "run");
    let size = |bytes: u64| format!("{} MiB", bytes.div_ceil(MEBIBYTE));
    let _ = if gone.is_empty() && swept.files == 0 {
        writeln!(text, "nothing to throw away")
    } else {
        writeln!(text, "{verb} {count} and {files}:")
    };
    for run in gone {
        let id = run.path.file_name().unwrap_or_default().to_string_lossy();
        let _ = writeln!(text, "  {id}  {}", shown::line(&run.playbook));
    }
    let _ = writeln!(text, "{rest} kept, {} at most", size(kept));
    for root in held {
        let root = shown::line(&root.display().to_string());
        let _ = writeln!(text, "left alone, because a run is under way: {root}");
    }
    text
}
