//! What became of the effects that a journal announces and does not say the end of.
//!
//! **Invariant:** it is decided by what stands in the project, and nothing of it is changed, but
//! that files of ours are removed which were never whole.

use std::collections::BTreeSet;
use std::path::Path;

use crate::gate::workspace::Workspace;
use crate::journal::{At, Event, Key, Record};

/// An effect that was announced, and of which the journal says no more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unended {
    /// The number of the record that announces it.
    pub seq: u64,
    /// Whose it is.
    pub at: At,
    /// What it is.
    pub effect: Effect,
    /// What became of it.
    pub fate: Fate,
}

/// An effect that can be cut off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// A file changes.
    File {
        /// Its path, relative to the project.
        path: String,
    },
    /// A key of an env file is set, or taken back.
    Env {
        /// The env file.
        file: String,
        /// The key.
        key: String,
    },
    /// A command runs.
    Command {
        /// Its name in the playbook.
        name: String,
    },
    /// A tool of a server is called.
    Server {
        /// The server's name in the playbook.
        server: String,
        /// The tool.
        tool: String,
    },
}

/// What became of an effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It happened: the file is what it was to be.
    Done,
    /// It did not happen: the file is what it was.
    Aborted,
    /// The file is neither: somebody else changed it, and it is theirs.
    Conflict,
    /// Nobody can tell: a command or a server may have done all, a part, or nothing.
    Unknown,
}

/// Returns the effects that a journal announces and does not say the end of, in its order, with
/// what became of each in the project as it stands.
pub fn unended(records: &[Record], workspace: &Workspace, key: &Key) -> Vec<Unended> {
    let open = open(records);
    open.into_iter()
        .filter_map(|record| {
            let (at, effect) = effect(&record.event)?;
            let fate = fate(&record.event, workspace, key);
            Some(Unended { seq: record.seq, at: at.clone(), effect, fate })
        })
        .collect()
}

/// Removes the files of ours that a killed run left half-written beside those that it was about to
/// replace, and returns their paths.
///
/// The caller holds the lock of the project.
///
/// # Errors
///
/// Names the folder that cannot be looked into.
pub fn clear_drafts(records: &[Record], workspace: &Workspace) -> Result<Vec<String>, String> {
    let mut folders = BTreeSet::new();
    for record in open(records) {
        if let Event::FileChanging { path, .. } | Event::EnvSetting { file: path, .. } =
            &record.event
        {
            let folder = Path::new(path).parent().unwrap_or(Path::new(""));
            folders.insert(folder.to_string_lossy().into_owned());
        }
    }
    let mut cleared = Vec::new();
    for folder in folders {
        let names = workspace.remove_drafts(&folder);
        let names = names.map_err(|error| format!("cannot look into `{folder}/`: {error}"))?;
        let path = |name| if folder.is_empty() { name } else { format!("{folder}/{name}") };
        cleared.extend(names.into_iter().map(path));
    }
    Ok(cleared)
}

/// Whether a command began of which the journal does not say the end: it may have changed anything.
pub fn is_torn(records: &[Record]) -> bool {
    open(records).iter().any(|record| matches!(record.event, Event::CommandStarted { .. }))
}

/// Finds the records that announce what no later one says the end of.
fn open(records: &[Record]) -> Vec<&Record> {
    let mut open: Vec<&Record> = Vec::new();
    for record in records {
        match &record.event {
            // One after the other: the next begins when the one before has ended, well or not.
            Event::FileChanging { at, .. } | Event::EnvSetting { at, .. } => {
                open.retain(|other| !is_file_of(other, at));
                open.push(record);
            }
            Event::FileChanged { at, .. } | Event::ToolAnswered { at, .. } => {
                open.retain(|other| !is_file_of(other, at));
            }
            Event::CommandStarted { at, name, .. } => {
                // It begins again in a run that goes on, which has taken stock of what it had left.
                close(&mut open, |event| {
                    matches!(event, Event::CommandStarted { at: whose, name: which, .. }
                        if whose == at && which == name)
                });
                open.push(record);
            }
            Event::ServerAsked { .. } => open.push(record),
            // What a command left is known by then: of one that was cut off, once the run went on.
            Event::FilesLeft { at, .. } => open.retain(|record| {
                !matches!(&record.event, Event::CommandStarted { at: whose, .. } if whose == at)
            }),
            Event::CommandEnded { at, name, .. } => close(&mut open, |event| {
                matches!(event, Event::CommandStarted { at: whose, name: which, .. }
                    if whose == at && which == name)
            }),
            Event::ServerAnswered { at, server, tool, .. } => close(&mut open, |event| {
                matches!(event, Event::ServerAsked { at: whose, server: which, tool: what, .. }
                    if whose == at && which == server && what == tool)
            }),
            _ => {}
        }
    }
    open
}

/// Takes away the last record that fits.
fn close(open: &mut Vec<&Record>, fits: impl Fn(&Event) -> bool) {
    if let Some(index) = open.iter().rposition(|record| fits(&record.event)) {
        open.remove(index);
    }
}

fn is_file_of(record: &Record, at: &At) -> bool {
    matches!(&record.event, Event::FileChanging { at: whose, .. }
        | Event::EnvSetting { at: whose, .. } if whose == at)
}

fn effect(event: &Event) -> Option<(&At, Effect)> {
    Some(match event {
        Event::FileChanging { at, path, .. } => (at, Effect::File { path: path.clone() }),
        Event::EnvSetting { at, file, key, .. } => {
            (at, Effect::Env { file: file.clone(), key: key.clone() })
        }
        Event::CommandStarted { at, name, .. } => (at, Effect::Command { name: name.clone() }),
        Event::ServerAsked { at, server, tool, .. } => {
            (at, Effect::Server { server: server.clone(), tool: tool.clone() })
        }
        _ => return None,
    })
}

fn fate(event: &Event, workspace: &Workspace, key: &Key) -> Fate {
    match event {
        Event::FileChanging { path, before, after, .. } => {
            let now = workspace.mark(path).map(|mark| mark.hash);
            if now.is_none() && workspace.stands(path) {
                return Fate::Conflict;
            }
            decided(now.as_ref(), before.as_ref(), after.as_ref())
        }
        Event::EnvSetting { file, splice: Some(splice), .. } => match workspace.read_any(file) {
            Ok(now) => {
                let now = now.map(|bytes| key.mark(&bytes));
                decided(now.as_ref(), splice.before.as_ref(), splice.after.as_ref())
            }
            Err(_) => Fate::Conflict,
        },
        _ => Fate::Unknown,
    }
}

fn decided(now: Option<&String>, before: Option<&String>, after: Option<&String>) -> Fate {
    if now == after {
        Fate::Done
    } else if now == before {
        Fate::Aborted
    } else {
        Fate::Conflict
    }
}
