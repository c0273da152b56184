//! Taking a run back: every file as it stood, where nobody changed it since.
//!
//! **Invariant:** a file is touched only where it stands as the run left it, or the person says so;
//! what stood there before is kept first, so that an undo can be undone.

mod env;
mod folders;
mod touched;

use std::collections::BTreeMap;
use std::path::Path;

use crate::gate::kept::{Blobs, Start};
use crate::gate::workspace::{Before, Workspace};
use crate::journal::event::FileMark;
use crate::journal::{At, Event, Journal, Key, Record};
use crate::redact::Redactor;
use touched::Touched;

pub use env::EnvStep;

/// The name under which an undo stands in its journal, where a stage's would.
pub const NAME: &str = "undo";

/// What is known of a run that is taken back.
#[derive(Debug, Clone, Copy)]
pub struct Past<'a> {
    /// What its journal says.
    pub records: &'a [Record],
    /// Where that is.
    pub journal: &'a Path,
    /// The key of its proofs and marks.
    pub key: &'a Key,
    /// How the project stood before it.
    pub start: &'a Start,
    /// The bytes that runs of the project keep.
    pub blobs: &'a Blobs,
}

/// How much is taken back.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wish<'a> {
    /// One file alone, by its path relative to the project.
    pub only: Option<&'a str>,
    /// Files too that somebody changed since.
    pub force: bool,
}

/// What an undo would do, or did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Undo {
    /// Files that are put back.
    pub steps: Vec<Step>,
    /// Keys of env files that are taken back, in order.
    pub env: Vec<EnvStep>,
    /// Folders that are removed, the deepest first.
    pub gone: Vec<String>,
    /// Folders that are made again or get their permissions back.
    pub made: BTreeMap<String, u32>,
    /// Files that are left as they are, and why.
    pub left: Vec<(String, String)>,
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
    /// Whether somebody changed it since.
    pub forced: bool,
}

impl Undo {
    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        let Undo { steps, env, gone, made, left: _ } = self;
        steps.is_empty() && env.is_empty() && gone.is_empty() && made.is_empty()
    }
}

/// Decides what an undo of a run does in a project as it stands.
///
/// # Errors
///
/// Says why the project cannot be read.
pub fn plan(past: &Past<'_>, workspace: &Workspace, wish: Wish<'_>) -> Result<Undo, String> {
    let mut touched = Touched::of(past.records);
    let now = workspace.snapshot()?;
    if touched.torn {
        for path in past.start.files.keys().chain(now.files.keys()) {
            if past.start.files.get(path) != now.files.get(path) {
                touched.files.entry(path.clone()).or_default();
            }
        }
    }
    if let Some(only) = wish.only {
        touched.files.retain(|path, _| path == only);
        touched.env.retain(|path, _| path == only);
    }
    let mut undo = Undo::default();
    for path in touched.files.keys() {
        file(past, workspace, &touched, path, wish.force, &mut undo);
    }
    env::plan(past, workspace, &touched, &mut undo);
    folders::plan(past, workspace, &touched, &now, wish.only, &mut undo);
    Ok(undo)
}

/// Decides what becomes of a file.
fn file(
    past: &Past<'_>,
    workspace: &Workspace,
    touched: &Touched,
    path: &str,
    force: bool,
    undo: &mut Undo,
) {
    let then = past.start.files.get(path).cloned();
    let now = workspace.mark(path);
    let other = now.is_none() && workspace.stands(path) && !touched.folders.contains_key(path);
    if now == then && !other {
        return;
    }
    let hash = now.as_ref().map(|mark| mark.hash.clone());
    let ours = touched.torn || touched.files[path].contains(&hash);
    let mode = |mark: &Option<FileMark>| mark.as_ref().and_then(|mark| mark.mode);
    let left_mode = touched.mode(path, mode(&then));
    let changed_mode = mode(&now).zip(left_mode).is_some_and(|(now, left)| now != left)
        && mode(&now) != mode(&then)
        && !touched.torn;
    let there = then.as_ref().filter(|mark| mark.link.is_none());
    let lost =
        there.is_some_and(|mark| hash.as_ref() != Some(&mark.hash) && !past.blobs.has(&mark.hash));
    let reason = match () {
        () if other => Some("something that is no file stands there now"),
        () if lost => Some("what it was is not kept: it was too large"),
        () if !ours && !force => Some("it was changed after the run"),
        () if changed_mode && !force => Some("its permissions were changed after the run"),
        () => None,
    };
    let path = path.to_owned();
    match reason {
        Some(reason) => undo.left.push((path, reason.to_owned())),
        None => undo.steps.push(Step { path, now, then, forced: !ours || changed_mode }),
    }
}

/// Does what was decided, each step in the journal of the undo before it is done. Returns what was
/// left.
///
/// # Errors
///
/// Fails where the journal cannot be written or bytes cannot be kept: nothing more is done then.
pub fn perform(
    undo: &Undo,
    past: &Past<'_>,
    workspace: &Workspace,
    journal: &Journal,
) -> Result<Vec<(String, String)>, String> {
    let mut left = undo.left.clone();
    let note = |event| {
        // It is of paths, hashes and marks.
        let noted = journal.append(Redactor::default().clean_all(event));
        noted.map_err(|error| format!("cannot write the journal: {error}"))
    };
    for step in &undo.env {
        if let Err(reason) = env::perform(step, past, workspace, journal, &note)? {
            left.push((step.file.clone(), reason));
        }
    }
    let folders = folders::marks(undo);
    if !folders.is_empty() {
        note(Event::FilesLeft { at: at(), files: BTreeMap::new(), folders })?;
    }
    // What goes makes way for what comes: a folder may have taken the place of a file.
    let (gone, back): (Vec<_>, Vec<_>) = undo.steps.iter().partition(|step| step.then.is_none());
    for step in gone {
        left.extend(done(step, past, workspace, &note)?);
    }
    for folder in &undo.gone {
        workspace.remove_empty(folder);
    }
    for step in back {
        left.extend(done(step, past, workspace, &note)?);
    }
    for (folder, mode) in &undo.made {
        if let Err(refusal) = workspace.make_folder(folder, *mode) {
            left.push((folder.clone(), refusal.to_string()));
        }
    }
    Ok(left)
}

/// Does one step. Returns why it could not be done, if so.
fn done(
    step: &Step,
    past: &Past<'_>,
    workspace: &Workspace,
    note: &dyn Fn(Event) -> Result<(), String>,
) -> Result<Option<(String, String)>, String> {
    let path = step.path.clone();
    let old = workspace.read_any(&path).ok().flatten();
    if let Some(bytes) = &old {
        past.blobs.keep(bytes).map_err(|error| format!("cannot keep `{path}`: {error}"))?;
    }
    let new = step.then.as_ref().and_then(|mark| past.blobs.get(&mark.hash));
    let (added, removed) = crate::gate::counted(old.as_deref(), new.as_deref());
    let hash = |mark: &Option<FileMark>| mark.as_ref().map(|mark| mark.hash.clone());
    let (before, after) = (hash(&step.now), hash(&step.then));
    note(Event::FileChanging {
        at: at(),
        path: path.clone(),
        before: before.clone(),
        after: after.clone(),
        mode: step.then.as_ref().and_then(|mark| mark.mode),
    })?;
    Ok(match put_back(step, workspace, past.blobs) {
        Ok(()) => {
            note(Event::FileChanged { at: at(), path, before, after, added, removed })?;
            None
        }
        Err(reason) => Some((path, reason)),
    })
}

fn put_back(step: &Step, workspace: &Workspace, blobs: &Blobs) -> Result<(), String> {
    let path = step.path.as_str();
    let said = |refusal: crate::gate::Refusal| refusal.to_string();
    let Some(then) = &step.then else { return workspace.remove(path).map_err(said) };
    let before = match &step.now {
        None => Before::Nothing,
        Some(FileMark { link: Some(target), .. }) => Before::Link(target),
        Some(mark) => Before::Hash(&mark.hash),
    };
    if let Some(target) = &then.link {
        return workspace.link_to(path, target, before).map_err(said);
    }
    match (before, then.mode) {
        (Before::Hash(now), mode) if now == then.hash => {
            mode.map_or(Ok(()), |mode| workspace.set_mode(path, mode).map_err(said))
        }
        (before, mode) => {
            let bytes = blobs.get(&then.hash).ok_or("what it was is not kept")?;
            workspace.restore(path, &bytes, before, mode).map_err(said)
        }
    }
}

fn at() -> At {
    At::stage(NAME)
}
