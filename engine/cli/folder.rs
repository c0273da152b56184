//! Where runs are kept: outside the project, by the identity of its root.

#![expect(clippy::disallowed_methods, reason = "runs are kept outside the project")]

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use crate::gate::workspace::hash;
use crate::journal::Event;

/// The folder of one run, and the lock that keeps other runs out of the project.
pub(super) struct RunFolder {
    /// The run's id: the time it began, to the millisecond, and a letter.
    pub(super) id: String,
    /// The folder.
    pub(super) path: PathBuf,
    /// The bytes that the runs of this project keep, by their hash.
    pub(super) blobs: PathBuf,
    /// Held by the kernel until the process ends, however it ends.
    _lock: File,
}

impl RunFolder {
    /// Makes the folder of a new run on the project at `root`, unless another run holds it.
    pub(super) fn create(state: &Path, root: &Path) -> anyhow::Result<Self> {
        let (home, lock) = locked(state, root)?;
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
        Ok(RunFolder { id, path, blobs, _lock: lock })
    }

    /// Opens the folder of a run again, unless another run holds the project.
    pub(super) fn reopen(state: &Path, root: &Path, path: &Path) -> anyhow::Result<Self> {
        let (home, lock) = locked(state, root)?;
        let id = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Ok(RunFolder { id, path: path.to_owned(), blobs: home.join("blobs"), _lock: lock })
    }
}

/// Takes the lock of the project at `root`, and returns the folder of its runs with it.
fn locked(state: &Path, root: &Path) -> anyhow::Result<(PathBuf, File)> {
    let home = of_root(state, root)?;
    private(&home)
        .with_context(|| format!("cannot make the folder of runs `{}`", home.display()))?;
    let lock_path = home.join("lock");
    let lock = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&lock_path)
        .with_context(|| format!("cannot open the lock `{}`", lock_path.display()))?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            bail!("another run is playing in `{}`; wait until it ends", root.display())
        }
        Err(TryLockError::Error(error)) => {
            return Err(error).with_context(|| format!("cannot lock `{}`", lock_path.display()));
        }
    }
    Ok((home, lock))
}

impl RunFolder {
    /// Gives the folder back where nothing came of the run.
    pub(super) fn discard(self) {
        let _ = std::fs::remove_dir(&self.path);
    }
}

/// Makes a folder, and the folders above it that are missing, that only their owner can enter.
fn private(folder: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Lists the runs on the project at `root`, newest last.
pub(super) fn runs(state: &Path, root: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let home = of_root(state, root)?;
    let Ok(entries) = std::fs::read_dir(&home) else { return Ok(Vec::new()) };
    let mut runs: Vec<PathBuf> = entries
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .filter(|path| path.join("journal.jsonl").is_file())
        .collect();
    runs.sort();
    Ok(runs)
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
        let reason = second.err().unwrap().to_string();
        assert!(reason.starts_with("another run is playing in"), "{reason}");
        drop(first);
        assert!(RunFolder::create(state.path(), project.path()).is_ok());
    }
}
