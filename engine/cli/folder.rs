//! Where runs are kept: outside the project, by the identity of its root.

#![expect(clippy::disallowed_methods, reason = "runs are kept outside the project")]

use std::fs::{File, TryLockError};
use std::io::BufRead as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use crate::cli::print::complain;
use crate::gate::recovery;
use crate::gate::workspace::{Workspace, hash};
use crate::journal::{self, Event, Key, Record, private_folder};
use crate::report::{Report, fold};

/// The folder of one run, and the lock that keeps other runs out of the project.
pub(super) struct RunFolder {
    /// The run's id: the time it began, to the millisecond, and a letter.
    pub(super) id: String,
    /// The folder.
    pub(super) path: PathBuf,
    /// The bytes that the runs of this project keep, by their hash.
    pub(super) blobs: PathBuf,
    /// The key of the proofs in journals.
    pub(super) key: Key,
    /// Held by the kernel until the process ends, however it ends.
    _lock: File,
}

impl RunFolder {
    /// Makes the folder of a new run on the project at `root`, unless another run holds it.
    pub(super) fn create(state: &Path, root: &Path) -> anyhow::Result<Self> {
        let (home, lock) = locked(state, root)?;
        let key = Key::open(state)?;
        let now = jiff::Zoned::now();
        let began = now.strftime("%Y%m%d-%H%M%S");
        let letters = uuid::Uuid::now_v7().simple().to_string();
        // Runs of one second stand in their order too.
        let id = format!("{began}-{:03x}{}", now.millisecond(), &letters[letters.len() - 1..]);
        let path = home.join(&id);
        let blobs = home.join("blobs");
        for folder in [&path, &blobs] {
            std::fs::create_dir_all(folder)
                .with_context(|| format!("cannot make the folder `{}`", folder.display()))?;
        }
        clear(&home, root, &key);
        Ok(RunFolder { id, path, blobs, key, _lock: lock })
    }
}

/// Removes what runs that were killed left half-written in the project: of the last ones, back to
/// one that came to its end.
fn clear(home: &Path, root: &Path, key: &Key) {
    let Ok(workspace) = Workspace::open(root) else { return };
    for run in runs_in(home).iter().rev() {
        let Ok(records) = journal::verified(&run.join("journal.jsonl"), key) else { continue };
        // Where a folder cannot be looked into, nothing of ours is removed there.
        let _ = recovery::clear_drafts(&records, &workspace);
        if records.iter().any(|record| matches!(record.event, Event::RunFinished { .. })) {
            return;
        }
    }
}

/// The folder of a project's runs, locked.
pub(super) struct Home {
    /// The folder.
    pub(super) path: PathBuf,
    /// Held by the kernel until the process ends, however it ends.
    _lock: File,
}

/// Another run holds a project, or one around it or in it.
#[derive(Debug, thiserror::Error)]
#[error("another run, process {pid}, is playing in `{root}`; wait until it ends")]
pub(super) struct Held {
    /// The process, as far as it is known.
    pid: String,
    /// The root of the project that is held.
    root: String,
}

/// Takes the lock of the project at `root`, and returns the folder of its runs with it. A project
/// that stands around a held one, or in one, is held too.
fn locked(state: &Path, root: &Path) -> anyhow::Result<(PathBuf, File)> {
    let path = of_root(state, root)?;
    private_folder(&path)
        .with_context(|| format!("cannot make the folder of runs `{}`", path.display()))?;
    let root = root.canonicalize().unwrap_or_else(|_| root.to_owned());
    // One at a time looks and takes: of two that begin at once, one is first.
    let turn = lock_file(&state.join("runs").join("lock"))?;
    turn.lock().with_context(|| format!("cannot lock `{}`", state.display()))?;
    for other in folders(state) {
        let holder = holder(&other);
        let near = |at: &str| Path::new(at).starts_with(&root) || root.starts_with(at);
        if other != path && !holder.as_ref().is_some_and(|(_, at)| near(at)) {
            continue;
        }
        if try_lock(&other)?.is_none() {
            let unknown = || ("that is beginning".to_owned(), root.display().to_string());
            let (pid, root) = holder.unwrap_or_else(unknown);
            return Err(Held { pid, root }.into());
        }
    }
    let unlucky = || Held { pid: "that is beginning".to_owned(), root: root.display().to_string() };
    let lock = try_lock(&path)?.with_context(unlucky)?;
    let said = format!("{}\n{}", std::process::id(), root.display());
    std::fs::write(path.join("holder"), said)
        .with_context(|| format!("cannot write in `{}`", path.display()))?;
    Ok((path, lock))
}

/// Locks the folders of all projects' runs that are free, and names the roots of the others.
pub(super) fn homes(state: &Path) -> anyhow::Result<(Vec<Home>, Vec<PathBuf>)> {
    let (mut homes, mut held) = (Vec::new(), Vec::new());
    if !state.join("runs").is_dir() {
        return Ok((homes, held));
    }
    let turn = lock_file(&state.join("runs").join("lock"))?;
    turn.lock().with_context(|| format!("cannot lock `{}`", state.display()))?;
    for path in folders(state) {
        match try_lock(&path)? {
            Some(lock) => homes.push(Home { path, _lock: lock }),
            None => held.push(holder(&path).map_or(path, |(_, root)| PathBuf::from(root))),
        }
    }
    Ok((homes, held))
}

/// Lists the folders of projects' runs.
fn folders(state: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(state.join("runs")).into_iter().flatten();
    let mut folders: Vec<PathBuf> =
        entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| path.is_dir()).collect();
    folders.sort();
    folders
}

/// Reads which process last held a project, and its root.
fn holder(home: &Path) -> Option<(String, String)> {
    let said = std::fs::read_to_string(home.join("holder")).ok()?;
    let (pid, root) = said.split_once('\n')?;
    Some((pid.to_owned(), root.to_owned()))
}

fn try_lock(home: &Path) -> anyhow::Result<Option<File>> {
    let path = home.join("lock");
    let lock = lock_file(&path)?;
    match lock.try_lock() {
        Ok(()) => Ok(Some(lock)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => {
            Err(error).with_context(|| format!("cannot lock `{}`", path.display()))
        }
    }
}

fn lock_file(path: &Path) -> anyhow::Result<File> {
    let opened = File::options().create(true).truncate(false).write(true).open(path);
    opened.with_context(|| format!("cannot open the lock `{}`", path.display()))
}

impl RunFolder {
    /// Opens the folder of a run again, unless another run holds the project.
    pub(super) fn reopen(state: &Path, root: &Path, path: &Path) -> anyhow::Result<Self> {
        let (home, lock) = locked(state, root)?;
        let key = Key::open(state)?;
        clear(&home, root, &key);
        let id = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Ok(RunFolder { id, path: path.to_owned(), blobs: home.join("blobs"), key, _lock: lock })
    }

    /// Gives the folder back where nothing came of the run.
    pub(super) fn discard(self) {
        let _ = std::fs::remove_dir(&self.path);
    }
}

/// Lists the runs on the project at `root`, newest last.
pub(super) fn runs(state: &Path, root: &Path) -> anyhow::Result<Vec<PathBuf>> {
    Ok(runs_in(&of_root(state, root)?))
}

pub(super) fn runs_in(home: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(home) else { return Vec::new() };
    let mut runs: Vec<PathBuf> = entries
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .filter(|path| has_begun(&path.join("journal.jsonl")))
        .collect();
    runs.sort();
    runs
}

/// Whether a journal has a whole line: a run that was killed before never began.
fn has_begun(journal: &Path) -> bool {
    let Ok(file) = File::open(journal) else { return false };
    let mut line = Vec::new();
    let read = std::io::BufReader::new(file).read_until(b'\n', &mut line);
    read.is_ok() && line.ends_with(b"\n")
}

/// Returns the journal of a run on the project at `root`: of the last, or of one by its id.
pub(super) fn find(state: &Path, root: &Path, id: Option<&str>) -> anyhow::Result<PathBuf> {
    let runs = runs(state, root)?;
    let found = match id {
        None => runs.last(),
        Some(id) => runs.iter().find(|run| run.ends_with(id)),
    };
    match (found, id) {
        (Some(run), _) => Ok(run.join("journal.jsonl")),
        (None, None) => bail!("nothing was played in `{}` yet", root.display()),
        (None, Some(id)) => {
            bail!("there is no run `{id}` of `{}`; `wizard runs` lists them", root.display())
        }
    }
}

/// Returns the journal of the last run that is no undo.
pub(super) fn last_play(state: &Path, root: &Path) -> anyhow::Result<PathBuf> {
    let is_play = |run: &PathBuf| {
        let first = crate::journal::read(&run.join("journal.jsonl")).ok();
        let first = first.and_then(|records| records.into_iter().next());
        !first.is_some_and(|record| matches!(record.event, Event::UndoStarted { .. }))
    };
    let run = runs(state, root)?.into_iter().rfind(is_play);
    let run = run.with_context(|| format!("nothing was played in `{}` yet", root.display()))?;
    Ok(run.join("journal.jsonl"))
}

/// Reads the journal of a run, each line of which carries the proof that is due.
///
/// # Errors
///
/// Names the first line that is not as it was written, and what is left to do.
pub(super) fn records(state: &Path, journal: &Path) -> anyhow::Result<Vec<Record>> {
    let cannot = || format!("cannot read the journal `{}`", journal.display());
    let key = Key::find(state)?
        .with_context(|| format!("there is no key to prove it with in `{}`", state.display()));
    let records = key.and_then(|key| Ok(journal::verified(journal, &key)?));
    records.with_context(cannot)
}

/// Reads a journal to show what it says, with a word where nothing vouches for it.
///
/// # Errors
///
/// As [`records`], for a journal of this machine's runs that carries proofs.
pub(super) fn records_to_show(
    state: &Path,
    journal: &Path,
) -> anyhow::Result<(Vec<Record>, Option<&'static str>)> {
    let cannot = || format!("cannot read the journal `{}`", journal.display());
    let error = match records(state, journal) {
        Ok(records) => return Ok((records, None)),
        Err(error) => error,
    };
    let word = if !journal::has_proofs(journal).with_context(cannot)? {
        "its lines carry no proof"
    } else if journal.starts_with(state) {
        return Err(error);
    } else {
        "its proofs are not of this machine's key"
    };
    Ok((journal::read(journal).with_context(cannot)?, Some(word)))
}

/// A run, read out of its journal.
pub(super) struct Reading {
    pub(super) report: Report,
    /// The run of the same playbook before it, if there is one.
    pub(super) before: Option<Report>,
}

/// Reads a run of a playbook on the project at `root`, the last or one by its id, and the one
/// before it. A note is shown where nothing vouches for a journal.
pub(super) fn read_runs(state: &Path, root: &Path, id: Option<&str>) -> anyhow::Result<Reading> {
    let journal = match id {
        Some(id) => find(state, root, Some(id))?,
        None => last_play(state, root)?,
    };
    let (records, doubt) = records_to_show(state, &journal)?;
    if let Some(doubt) = doubt {
        complain(&format!("note: nothing vouches for this journal: {doubt}"));
    }
    let report = fold(&records).kept_at(&journal);
    let earlier = runs(state, root)?.into_iter().rev();
    let earlier = earlier.map(|run| run.join("journal.jsonl")).filter(|other| *other < journal);
    let before = earlier
        .filter_map(|other| Some(fold(&records_to_show(state, &other).ok()?.0)))
        .find(|other| other.playbook == report.playbook);
    Ok(Reading { report, before })
}

/// Returns the folder of a root's runs. A root is its canonical path and, where the system tells,
/// its device and inode: a folder that took another's name does not get its runs.
fn of_root(state: &Path, root: &Path) -> anyhow::Result<PathBuf> {
    let cannot = || format!("cannot read the project `{}`", root.display());
    let root = root.canonicalize().with_context(cannot)?;
    let mut identity = root.to_string_lossy().into_owned();
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        let metadata = root.metadata().with_context(cannot)?;
        identity.push_str(&format!("\0{}\0{}", metadata.dev(), metadata.ino()));
    }
    Ok(state.join("runs").join(&hash(identity.as_bytes())[..16]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_project_has_one_run_at_a_time() {
        let state = tempfile::tempdir().unwrap();
        let project = tempfile::tempdir().unwrap();
        let first = RunFolder::create(state.path(), project.path()).unwrap();
        let second = RunFolder::create(state.path(), project.path());
        let error = second.err().unwrap();
        let own = format!("another run, process {}, is playing in", std::process::id());
        assert!(error.to_string().starts_with(&own), "{error}");
        assert!(error.downcast_ref::<Held>().is_some());
        let inner = project.path().join("inner");
        std::fs::create_dir(&inner).unwrap();
        for near in [inner.as_path(), project.path().parent().unwrap()] {
            let error = RunFolder::create(state.path(), near).err().unwrap();
            assert!(error.downcast_ref::<Held>().is_some(), "{error}");
        }
        let beside = tempfile::tempdir().unwrap();
        assert!(RunFolder::create(state.path(), beside.path()).is_ok());
        drop(first);
        assert!(RunFolder::create(state.path(), &inner).is_ok());
        assert!(RunFolder::create(state.path(), project.path()).is_ok());
    }
}
