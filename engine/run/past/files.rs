//! What a run's journal says of the project's files, and how that was at any moment of the run.

use std::collections::{BTreeMap, BTreeSet};

use crate::gate::kept::Start;
use crate::gate::workspace::Snapshot;
use crate::journal::event::FileMark;
use crate::journal::{At, Event, Record};

/// What differs from what a run left.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Strayed {
    /// The files, by path.
    pub files: Vec<String>,
    /// Commands that were cut off, and may have changed them.
    pub cut: Vec<(At, String)>,
}

/// The files of a run: how they stood at its beginning, and each change of it since.
#[derive(Debug, Default)]
pub(super) struct Files {
    start: BTreeMap<String, FileMark>,
    changes: BTreeMap<String, Vec<(u64, Left)>>,
    /// Env files, whose bytes no journal knows.
    env: BTreeSet<String>,
}

/// What a change left at a path.
#[derive(Debug, Clone)]
enum Left {
    /// What is known of the file, or that none stands there.
    Known(Option<FileMark>),
    /// A file with bytes of this hash, or none.
    Bytes(Option<String>),
    /// One of two, by the hash of its bytes: the change was announced, and no more is known.
    Either(Option<String>, Option<String>),
}

impl Files {
    pub(super) fn of(start: &Start) -> Self {
        Files { start: start.files.clone(), ..Files::default() }
    }

    pub(super) fn take(&mut self, record: &Record) {
        match &record.event {
            Event::FileChanging { path, before, after, .. } => {
                self.left(record.seq, path, Left::Either(before.clone(), after.clone()));
            }
            Event::FileChanged { path, after, .. } => {
                self.left(record.seq, path, Left::Bytes(after.clone()));
            }
            Event::FilesLeft { files, .. } => {
                for (path, mark) in files {
                    self.left(record.seq, path, Left::Known(mark.clone()));
                }
            }
            Event::EnvSetting { file, .. } => {
                self.env.insert(file.clone());
            }
            _ => {}
        }
    }

    fn left(&mut self, seq: u64, path: &str, left: Left) {
        self.changes.entry(path.to_owned()).or_default().push((seq, left));
    }

    /// Lists what differs now from what the run left.
    pub(super) fn strayed(&self, now: &Snapshot) -> Strayed {
        let known = self.start.keys().chain(self.changes.keys()).chain(now.files.keys());
        let paths: BTreeSet<&String> = known.collect();
        let strayed = paths.into_iter().filter(|path| {
            let now = now.files.get(*path);
            !self.env.contains(*path) && !self.stands(path, u64::MAX, now)
        });
        Strayed { files: strayed.cloned().collect(), cut: Vec::new() }
    }

    /// Returns a later snapshot as it was when the record `seq` was written.
    pub(super) fn rewound(&self, seq: u64, mut now: Snapshot) -> Snapshot {
        for (path, changes) in &self.changes {
            if !changes.iter().any(|(changed, _)| *changed > seq) {
                continue;
            }
            let mode = now.files.get(path).and_then(|mark| mark.mode);
            let started = self.start.get(path).cloned();
            let bytes = |hash: Option<String>| {
                let mode = mode.or(started.as_ref().and_then(|mark| mark.mode));
                hash.map(|hash| FileMark { hash, mode, link: None })
            };
            let then = match self.last(path, seq) {
                None => started,
                Some(Left::Known(mark)) => mark.clone(),
                Some(Left::Bytes(hash) | Left::Either(_, hash)) => bytes(hash.clone()),
            };
            match then {
                Some(mark) => now.files.insert(path.clone(), mark),
                None => now.files.remove(path),
            };
        }
        now
    }

    /// Whether what stands at a path is what the run had left there.
    fn stands(&self, path: &str, seq: u64, now: Option<&FileMark>) -> bool {
        let hash = now.map(|mark| &mark.hash);
        match self.last(path, seq) {
            None => now == self.start.get(path),
            Some(Left::Known(mark)) => now == mark.as_ref(),
            Some(Left::Bytes(left)) => hash == left.as_ref(),
            Some(Left::Either(before, after)) => hash == before.as_ref() || hash == after.as_ref(),
        }
    }

    fn last(&self, path: &str, seq: u64) -> Option<&Left> {
        let changes = self.changes.get(path)?.iter().rev();
        changes.filter(|(changed, _)| *changed <= seq).map(|(_, left)| left).next()
    }
}
