//! The one gate: every effect of a stage goes through here, or does not happen.
//!
//! **Invariant:** an effect is in the journal before it is performed, and a file's bytes are kept
//! before they are replaced.

pub mod command;
mod consent;
pub mod env;
pub mod kept;
mod manifest;
pub mod marks;
pub mod recovery;
pub mod redact;
pub mod servers;
pub mod sweep;
pub mod workspace;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::sync::{OwnedRwLockReadGuard, RwLock};

use crate::approval::{Answer, Person, Question};
use crate::gate::kept::{Blobs, Start};
use crate::gate::marks::Marks;
use crate::gate::redact::Redactor;
use crate::gate::servers::Servers;
use crate::gate::workspace::{Before, Judge, MAX_KEPT, Snapshot, Workspace, globs_of, hash};
use crate::journal::event::FileDiff;
use crate::journal::{At, Event, Journal};
use crate::online::ServerTool;
use crate::plan::{Inputs, Powers};
use crate::playbook::Playbook;
use crate::project::Project;
use crate::reference::Index;
use crate::sandbox::{Grants, Level};

/// How often the same refusal may be met before the attempt ends.
const SAME_REFUSALS: u32 = 3;

/// What the gates of one run share.
pub struct Hall {
    /// The playbook: its commands and its env file.
    pub playbook: Arc<Playbook>,
    /// The project: its root and package manager.
    pub project: Arc<Project>,
    /// Its files.
    pub workspace: Workspace,
    /// The inputs, with the secrets that `env` can set.
    pub inputs: Inputs,
    /// Where effects are recorded before they are performed.
    pub journal: Arc<Journal>,
    /// Where the bytes of files are kept as they were, by their hash.
    pub blobs: Blobs,
    /// Runs commands.
    pub runner: Arc<dyn Runner>,
    /// Answers questions.
    pub person: Arc<dyn Person>,
    /// What `reference` looks up.
    pub references: Index,
    /// Masks what must not leave.
    pub redactor: Redactor,
    /// Calls tools of servers.
    pub servers: Arc<dyn Servers>,
    /// The tools of servers that may be called: those that were accepted.
    pub server_tools: Vec<ServerTool>,
    /// Marks what the model is shown and nobody vouches for.
    pub marks: Marks,
    /// The person's environment, from which a command gets what the allow list names.
    pub environment: BTreeMap<String, String>,
    /// Held shared by stages that edit, and alone by commands.
    pub floor: Arc<RwLock<()>>,
}

/// One stage's, or one item's, way to the world.
pub struct Gate {
    hall: Arc<Hall>,
    /// Whose it is.
    pub at: At,
    /// What it lets through.
    pub powers: Powers,
    /// The hash of each file as the model last read or wrote it: an edit needs it.
    seen: Mutex<BTreeMap<String, String>>,
    /// What became of `seen` since it was last asked: a hash, or nothing of what was removed.
    news: Mutex<BTreeMap<String, Option<String>>>,
    refusals: Mutex<BTreeMap<String, u32>>,
    /// Its share of the floor, while it edits and runs no command.
    share: tokio::sync::Mutex<Option<OwnedRwLockReadGuard<()>>>,
    edits: bool,
    /// Is told when a person is asked.
    pause: Option<Pause>,
}

/// Begins a time in which a person is asked; it ends when what is returned is dropped.
pub type Pause = Arc<dyn Fn() -> Box<dyn Send> + Send + Sync>;

/// A seam: runs programs.
pub trait Runner: Send + Sync {
    /// Runs a program to its end, or to its limit.
    fn run<'a>(&'a self, invocation: &'a Invocation) -> BoxFuture<'a, Result<Ran, String>>;

    /// Says with which rights programs run.
    fn rights(&self) -> BoxFuture<'_, Rights>;
}

/// With which rights programs run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rights {
    /// None run: a recording answers for them.
    Replayed,
    /// They run confined so far; or not at all confined, because the person said so.
    Confined(Level),
    /// They cannot be confined here, for this reason: the person is asked each time.
    Asked(String),
}

/// A program to run.
#[derive(Debug, Clone, PartialEq)]
pub struct Invocation {
    /// Whose it is.
    pub at: At,
    /// The command's name in the playbook.
    pub name: String,
    /// Program and arguments.
    pub argv: Vec<String>,
    /// The project's root.
    pub root: PathBuf,
    /// The folder it runs in.
    pub cwd: PathBuf,
    /// Its whole environment.
    pub environment: BTreeMap<String, String>,
    /// Seconds it may take.
    pub timeout: u64,
    /// Why it runs: `tool`, `check`, `baseline` or `stage`.
    pub why: String,
    /// What it is given.
    pub grants: Grants,
}

/// What a program did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ran {
    /// Its exit code; absent when it was ended by a signal or a limit.
    pub exit: Option<i32>,
    /// What it printed, both streams as they came, the middle cut where it is long.
    pub text: String,
    /// How long it took, in milliseconds.
    pub took: u64,
    /// Whether it comes from a cassette.
    #[serde(default)]
    pub replayed: bool,
}

/// Why an effect did not happen.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The stage does not have the power. The text says what would be allowed.
    #[error("{0}")]
    Power(String),
    /// It was asked badly, or the world is not as the model thinks.
    #[error("{0}")]
    Reply(String),
    /// The same refusal was met too often: the attempt ends.
    #[error("{0}")]
    Ended(String),
    /// Nobody is here to answer.
    #[error("{0}")]
    Absent(String),
    /// The run cannot go on: the journal or the disk failed.
    #[error("{0}")]
    Fatal(String),
}

impl Gate {
    /// Opens a gate for a stage or an item; one that edits takes its share of the floor.
    pub async fn enter(hall: &Arc<Hall>, at: At, powers: Powers, edits: bool) -> Self {
        let share = if edits { Some(Arc::clone(&hall.floor).read_owned().await) } else { None };
        Gate {
            hall: Arc::clone(hall),
            at,
            powers,
            seen: Mutex::default(),
            news: Mutex::default(),
            refusals: Mutex::default(),
            share: tokio::sync::Mutex::new(share),
            edits,
            pause: None,
        }
    }

    /// Tells somebody when a person is asked, and until when.
    #[must_use]
    pub fn pausing(mut self, pause: Pause) -> Self {
        self.pause = Some(pause);
        self
    }

    /// Returns what all gates share.
    pub fn hall(&self) -> &Hall {
        &self.hall
    }

    /// Reads a file, and remembers what was read.
    pub fn read(&self, asked: &str) -> Result<(String, Vec<u8>), Refusal> {
        let (path, bytes) = self.hall.workspace.read(asked)?;
        self.saw(&path, Some(hash(&bytes)));
        Ok((path, bytes))
    }

    /// Returns a file's current bytes for a change: they must be what the model last read.
    pub fn current(&self, asked: &str) -> Result<(String, Vec<u8>), Refusal> {
        let path = self.writable(asked)?;
        let (path, bytes) = self.hall.workspace.read(&path)?;
        match self.seen().get(&path) {
            None => Err(Refusal::Reply(format!("read `{path}` before you change it"))),
            Some(seen) if *seen != hash(&bytes) => {
                Err(Refusal::Reply(format!("`{path}` changed since you read it; read it again")))
            }
            Some(_) => Ok((path, bytes)),
        }
    }

    /// Whether a file exists that the stage may see.
    pub fn exists(&self, asked: &str) -> Result<bool, Refusal> {
        let path = self.hall.workspace.path(asked)?;
        match self.hall.workspace.read(&path) {
            Ok(_) => Ok(true),
            Err(Refusal::Reply(_)) => Ok(self.hall.workspace.stands(&path)),
            Err(refusal) => Err(refusal),
        }
    }

    /// Writes a file whole: journal, keep, replace, journal.
    pub fn write(&self, asked: &str, bytes: &[u8]) -> Result<String, Refusal> {
        let path = self.writable(asked)?;
        self.change(&path, Some(bytes), &|real| self.may_write(real))?;
        self.saw(&path, Some(hash(bytes)));
        Ok(path)
    }

    /// Says, of a file that is about to change and has other names, that those keep the old text;
    /// else nothing.
    pub fn other_names(&self, asked: &str) -> String {
        match self.hall.workspace.path(asked).map_or(1, |path| self.hall.workspace.names(&path)) {
            0 | 1 => String::new(),
            names => format!("; it had {names} names, and the others keep the old text"),
        }
    }

    /// Removes a file that the model has read.
    pub fn remove(&self, asked: &str) -> Result<String, Refusal> {
        let (path, _) = self.current(asked)?;
        self.change(&path, None, &|real| self.may_write(real))?;
        self.saw(&path, None);
        Ok(path)
    }

    /// Remembers the bytes of a file as the model knows them, by their hash.
    pub fn saw(&self, path: &str, hash: Option<String>) {
        match &hash {
            Some(hash) => self.seen().insert(path.to_owned(), hash.clone()),
            None => self.seen().remove(path),
        };
        self.news.lock().unwrap_or_else(PoisonError::into_inner).insert(path.to_owned(), hash);
    }

    /// Returns which files the model came to know, or left, since this was last asked.
    pub fn news(&self) -> BTreeMap<String, Option<String>> {
        std::mem::take(&mut self.news.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Asks the person.
    pub async fn ask(&self, question: &Question) -> Result<Answer, Refusal> {
        let _paused = self.pause.as_ref().map(|pause| pause());
        let asked = self.hall.person.ask(question).await;
        asked.map_err(|nobody| Refusal::Absent(nobody.to_string()))
    }

    /// Counts a refusal; the third of the same ends the attempt.
    pub fn refused(&self, refusal: Refusal) -> Refusal {
        let Refusal::Power(text) = &refusal else { return refusal };
        let mut refusals = self.refusals.lock().unwrap_or_else(PoisonError::into_inner);
        let count = refusals.entry(text.clone()).or_default();
        *count += 1;
        if *count < SAME_REFUSALS {
            return refusal;
        }
        Refusal::Ended(format!("the model met the same refusal {SAME_REFUSALS} times: {text}"))
    }

    /// Turns a path into one that this stage may change, or says what it may.
    fn writable(&self, asked: &str) -> Result<String, Refusal> {
        let path = self.hall.workspace.path(asked)?;
        self.may_write(&path)?;
        Ok(path)
    }

    fn may_write(&self, path: &str) -> Result<(), Refusal> {
        let writes = &self.powers.writes;
        if !globs_of(writes)?.is_match(path) {
            let allowed = writes.join("`, `");
            return Err(Refusal::Power(if writes.is_empty() {
                format!("this stage may change no file; `{path}` stays as it is")
            } else {
                format!("this stage may not change `{path}`; it may change `{allowed}`")
            }));
        }
        self.hall.workspace.refuse_write(path, writes)
    }

    /// Changes a file: journal, keep, replace, journal. What stands at the path is judged again by
    /// its real name, and must not have changed since its bytes were kept.
    pub(super) fn change(
        &self,
        path: &str,
        bytes: Option<&[u8]>,
        may: Judge<'_>,
    ) -> Result<(), Refusal> {
        let hall = &self.hall;
        let real = match bytes {
            Some(_) => hall.workspace.real(path)?,
            // Of a link, the link is removed.
            None => path.to_owned(),
        };
        let path = real.as_str();
        may(path)?;
        let old = hall.workspace.read_any(path);
        let old = old.map_err(|error| Refusal::Reply(format!("cannot read `{path}`: {error}")))?;
        let unasked = bytes.and_then(|bytes| manifest::unasked(path, old.as_deref(), bytes));
        if let Some(reason) = unasked {
            return Err(Refusal::Power(reason));
        }
        let before = old.as_ref().map(|bytes| hash(bytes));
        let after = bytes.map(hash);
        let (added, removed) = counted(old.as_deref(), bytes);
        if let Some(old) = &old {
            let kept = hall.blobs.keep(old);
            kept.map_err(|error| Refusal::Fatal(format!("cannot keep `{path}`: {error}")))?;
        }
        let at = self.at.clone();
        let path_text = path.to_owned();
        hall.note(Event::FileChanging {
            at: at.clone(),
            path: path_text.clone(),
            before: before.clone(),
            after: after.clone(),
            mode: None,
        })?;
        match bytes {
            Some(bytes) => {
                let before = before.as_deref().map_or(Before::Nothing, Before::Hash);
                hall.workspace.replace_if(path, bytes, before, may)
            }
            None => hall.workspace.remove_if(path, may),
        }?;
        hall.note(Event::FileChanged { at, path: path_text, before, after, added, removed })
    }

    /// Takes back a change that was announced or made for a call of which nobody was told, so that
    /// the call can be performed as if for the first time. What is neither is left as it is.
    ///
    /// # Errors
    ///
    /// The bytes from before are not kept any more, or the file cannot be written.
    pub fn take_back(
        &self,
        path: &str,
        before: Option<&str>,
        after: Option<&str>,
        mode: Option<u32>,
    ) -> Result<(), Refusal> {
        let hall = &self.hall;
        let now = hall.workspace.read_any(path);
        let now = now.map_err(|error| Refusal::Fatal(format!("cannot read `{path}`: {error}")))?;
        let now = now.map(|bytes| hash(&bytes));
        if now.as_deref() != after || before == after {
            return Ok(());
        }
        let old = match before {
            Some(before) => Some(hall.kept(before).ok_or_else(|| {
                Refusal::Fatal(format!("what `{path}` was before is not kept any more"))
            })?),
            None => None,
        };
        let owned = |hash: Option<&str>| hash.map(str::to_owned);
        let (at, path_text) = (self.at.clone(), path.to_owned());
        let (before, after) = (owned(after), owned(before));
        hall.note(Event::FileChanging {
            at: at.clone(),
            path: path_text.clone(),
            before: before.clone(),
            after: after.clone(),
            mode,
        })?;
        match (&old, before.as_deref()) {
            (Some(bytes), None) => {
                hall.workspace.replace_as(path, bytes, Before::Nothing, mode)?;
            }
            (Some(bytes), Some(now)) => {
                hall.workspace.replace_as(path, bytes, Before::Hash(now), mode)?;
            }
            (None, _) => hall.workspace.remove_if(path, &|_| Ok(()))?,
        }
        hall.note(Event::FileChanged { at, path: path_text, before, after, added: 0, removed: 0 })
    }

    fn seen(&self) -> MutexGuard<'_, BTreeMap<String, String>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Hall {
    /// Returns what templates in commands and env values see: `inputs` and `project`.
    fn scope(&self) -> Value {
        json!({ "inputs": self.inputs.values, "project": self.project.scope() })
    }

    pub(crate) fn note(&self, event: Event) -> Result<(), Refusal> {
        let written = self.journal.append(self.redactor.clean_all(event));
        written.map_err(|error| Refusal::Fatal(format!("cannot write the journal: {error}")))
    }

    /// Records how the project stands before a run changes it, beside the journal. With `whole`,
    /// the bytes of every file are kept too, as commands may change any.
    ///
    /// # Errors
    ///
    /// Says what could not be written: without it, the run could not be undone.
    pub fn begin(&self, start: &Snapshot, whole: bool) -> std::io::Result<()> {
        let left_out =
            if whole { self.blobs.keep_all(&self.workspace, start)? } else { Vec::new() };
        let kept = Start::of(start).write(self.journal.path(), left_out)?;
        self.journal.append(self.redactor.clean_all(kept))
    }

    /// Compares the project with what it was, in lines where the old bytes were kept.
    pub fn changes_since(&self, before: &Snapshot) -> Result<Vec<FileDiff>, String> {
        let after = self.workspace.snapshot()?;
        let changes = before.changes(&after).into_iter();
        Ok(changes
            .map(|path| {
                let old = before.files.get(&path);
                let how = match (old, after.files.contains_key(&path)) {
                    (None, _) => "created",
                    (Some(_), true) => "changed",
                    (Some(_), false) => "removed",
                };
                let countable = self.workspace.length(&path).is_none_or(|it| it <= MAX_KEPT);
                let old = old.map_or(Some(Vec::new()), |mark| self.kept(&mark.hash));
                let old = old.filter(|_| countable);
                let new = if countable { self.workspace.read_any(&path) } else { Ok(None) };
                let new = new.ok().flatten().unwrap_or_default();
                let (added, removed) = old.map_or((0, 0), |old| lines(&old, &new));
                FileDiff { path, how: how.to_owned(), added, removed }
            })
            .collect())
    }

    /// Returns bytes that were kept; nothing where they are not what they were.
    pub fn kept(&self, hash: &str) -> Option<Vec<u8>> {
        self.blobs.get(hash)
    }

    /// Says in a few lines what happened so far, for a stage that plays after failures.
    pub fn digest(&self) -> String {
        crate::journal::digest(self.journal.path()).unwrap_or_default()
    }
}

/// Counts the lines that a change adds and removes; none where there is too much to compare.
pub(crate) fn counted(old: Option<&[u8]>, new: Option<&[u8]>) -> (usize, usize) {
    let (old, new) = (old.unwrap_or_default(), new.unwrap_or_default());
    let long = |bytes: &[u8]| u64::try_from(bytes.len()).is_ok_and(|length| length > MAX_KEPT);
    if long(old) || long(new) { (0, 0) } else { lines(old, new) }
}

/// Counts the lines that one text has and the other has not.
fn lines(old: &[u8], new: &[u8]) -> (usize, usize) {
    let old = String::from_utf8_lossy(old);
    let new = String::from_utf8_lossy(new);
    let diff = similar::TextDiff::from_lines(old.as_ref(), new.as_ref());
    diff.iter_all_changes().fold((0, 0), |(added, removed), change| match change.tag() {
        similar::ChangeTag::Insert => (added + 1, removed),
        similar::ChangeTag::Delete => (added, removed + 1),
        similar::ChangeTag::Equal => (added, removed),
    })
}
