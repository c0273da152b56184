//! Taking a run back: every file as it stood, where nobody changed it since.
//!
//! **Invariant:** a file is touched only where it stands as the run left it; what stood there
//! before is kept first, so that an undo can be undone.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use crate::gate::kept::{Blobs, Start};
use crate::gate::workspace::{Before, Workspace};
use crate::journal::event::FileMark;
use crate::journal::{At, Event, Journal, Record};
use crate::redact::Redactor;

/// The name under which an undo stands in its journal, where a stage's would.
pub const NAME: &str = "undo";

/// What an undo would do, or did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Undo {
    /// Files that are put back.
    pub steps: Vec<Step>,
    /// Files that are left as they are, and why.
    pub left: Vec<(String, String)>,
    /// Folders that are removed if they are empty, the deepest first.
    pub folders: Vec<String>,
}

/// One file that is put back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Its path, relative to the project.
    pub path: String,
    /// What stands there now.
    pub now: Option<FileMark>,
    /// What stood there.
    pub then: Option<FileMark>,
}

/// What a run's journal says of the files.
#[derive(Debug, Default)]
struct Touched {
    /// What the run may have left of each file that it touched, the last first.
    left: BTreeMap<String, Vec<Option<String>>>,
    /// A command began and its end is not in the journal: it may have changed anything.
    torn: bool,
    /// Env files in which keys were set.
    env: BTreeSet<String>,
}

/// Decides what an undo of a run does in a project as it stands. `only` narrows it to one file.
///
/// # Errors
///
/// Says why the project cannot be read.
pub fn plan(
    records: &[Record],
    start: &Start,
    workspace: &Workspace,
    blobs: &Blobs,
    only: Option<&str>,
) -> Result<Undo, String> {
    let mut touched = touched(records);
    let now = workspace.snapshot()?.files;
    if touched.torn {
        for path in start.files.keys().chain(now.keys()) {
            if start.files.get(path) != now.get(path) {
                touched.left.entry(path.clone()).or_default();
            }
        }
    }
    let mut undo = Undo::default();
    for (path, left) in &touched.left {
        if only.is_some_and(|only| only != path) {
            continue;
        }
        let then = start.files.get(path).cloned();
        let now = workspace.mark(path);
        if now == then {
            continue;
        }
        let ours = touched.torn || left.contains(&now.as_ref().map(|mark| mark.hash.clone()));
        let there = then.as_ref().filter(|mark| mark.link.is_none());
        let lost = there.is_some_and(|mark| {
            now.as_ref().map(|now| &now.hash) != Some(&mark.hash) && blobs.get(&mark.hash).is_none()
        });
        let reason = match () {
            () if !ours => Some("it was changed after the run"),
            () if lost => Some("what it was is not kept: it was too large"),
            () => None,
        };
        match reason {
            Some(reason) => undo.left.push((path.clone(), reason.to_owned())),
            None => undo.steps.push(Step { path: path.clone(), now, then }),
        }
    }
    for file in &touched.env {
        if only.is_none_or(|only| only == file) {
            undo.left.push((file.clone(), "keys were set in it; remove them by hand".to_owned()));
        }
    }
    undo.folders = folders(&undo, start);
    Ok(undo)
}

/// Does what was decided, each step in the journal before it is done. Returns what was left.
///
/// # Errors
///
/// Fails where the journal cannot be written or bytes cannot be kept: nothing more is done then.
pub fn perform(
    undo: &Undo,
    workspace: &Workspace,
    journal: &Arc<Journal>,
    blobs: &Blobs,
) -> Result<Vec<(String, String)>, String> {
    let at = At::stage(NAME);
    let mut left = undo.left.clone();
    for step in &undo.steps {
        let path = step.path.clone();
        let old = workspace.read_any(&path).ok().flatten();
        if let Some(bytes) = &old {
            blobs.keep(bytes).map_err(|error| format!("cannot keep `{path}`: {error}"))?;
        }
        let new = step.then.as_ref().and_then(|mark| blobs.get(&mark.hash));
        let (added, removed) =
            crate::gate::lines(&old.unwrap_or_default(), &new.unwrap_or_default());
        let hash = |mark: &Option<FileMark>| mark.as_ref().map(|mark| mark.hash.clone());
        let (before, after) = (hash(&step.now), hash(&step.then));
        let note = |event| {
            // It is of paths and hashes.
            let noted = journal.append(Redactor::default().clean_all(event));
            noted.map_err(|error| format!("cannot write the journal: {error}"))
        };
        note(Event::FileChanging {
            at: at.clone(),
            path: path.clone(),
            before: before.clone(),
            after: after.clone(),
        })?;
        match put_back(step, workspace, blobs) {
            Ok(()) => {
                note(Event::FileChanged { at: at.clone(), path, before, after, added, removed })?;
            }
            Err(reason) => left.push((path, reason)),
        }
    }
    for folder in &undo.folders {
        workspace.remove_empty(folder);
    }
    Ok(left)
}

fn put_back(step: &Step, workspace: &Workspace, blobs: &Blobs) -> Result<(), String> {
    let path = step.path.as_str();
    let said = |refusal: crate::gate::Refusal| refusal.to_string();
    let is_link = |mark: &Option<FileMark>| mark.as_ref().is_some_and(|mark| mark.link.is_some());
    let Some(then) = &step.then else { return workspace.remove(path).map_err(said) };
    if is_link(&step.now) || (then.link.is_some() && step.now.is_some()) {
        workspace.remove(path).map_err(said)?;
    }
    if let Some(target) = &then.link {
        return workspace.link_to(path, target).map_err(said);
    }
    let same = step.now.as_ref().is_some_and(|now| now.link.is_none() && now.hash == then.hash);
    if !same {
        let bytes = blobs.get(&then.hash).ok_or("what it was is not kept")?;
        let before = step.now.as_ref().filter(|now| now.link.is_none());
        let before = before.map_or(Before::Nothing, |now| Before::Hash(&now.hash));
        workspace.replace_as(path, &bytes, before, then.mode).map_err(said)?;
    }
    match then.mode {
        Some(mode) if same => workspace.set_mode(path, mode).map_err(said),
        _ => Ok(()),
    }
}

/// Collects what a journal says of the files.
fn touched(records: &[Record]) -> Touched {
    let mut touched = Touched::default();
    let mut running: BTreeMap<At, usize> = BTreeMap::new();
    for record in records {
        match &record.event {
            Event::FileChanging { path, before, after, .. } => {
                let left = touched.left.entry(path.clone()).or_default();
                left.extend([before.clone(), after.clone()]);
            }
            Event::FilesLeft { files, .. } => {
                for (path, mark) in files {
                    let left = touched.left.entry(path.clone()).or_default();
                    left.push(mark.as_ref().map(|mark| mark.hash.clone()));
                }
            }
            Event::EnvSetting { file, .. } => {
                touched.env.insert(file.clone());
            }
            Event::CommandStarted { at, .. } => *running.entry(at.clone()).or_default() += 1,
            Event::CommandEnded { at, .. } => {
                if let Some(count) = running.get_mut(at) {
                    *count = count.saturating_sub(1);
                }
            }
            _ => {}
        }
    }
    touched.torn = running.values().any(|count| *count > 0);
    touched
}

/// Returns the folders that the run made for files that go, the deepest first.
fn folders(undo: &Undo, start: &Start) -> Vec<String> {
    let mut made = BTreeSet::new();
    for step in undo.steps.iter().filter(|step| step.then.is_none()) {
        let above = Path::new(&step.path).ancestors().skip(1).map(Path::to_string_lossy);
        for folder in above.filter(|folder| !folder.is_empty()) {
            if !start.folders.contains(folder.as_ref()) {
                made.insert(folder.into_owned());
            }
        }
    }
    let mut folders: Vec<String> = made.into_iter().collect();
    folders.sort_by_key(|folder| std::cmp::Reverse(folder.matches('/').count()));
    folders
}
