//! What a run's journal says of the project: what it may have left where.

use std::collections::BTreeMap;

use crate::gate::recovery;
use crate::journal::event::Splice;
use crate::journal::{Event, Record};

/// What a run may have left.
#[derive(Debug, Default)]
pub(super) struct Touched {
    /// Of each file that it touched, by path: the hashes.
    pub(super) files: BTreeMap<String, Vec<Option<String>>>,
    /// The permissions that it left a file; nothing where any may be.
    modes: BTreeMap<String, Option<u32>>,
    /// Of each folder that a command of it touched, by path: the permissions.
    pub(super) folders: BTreeMap<String, Vec<Option<u32>>>,
    /// Of each env file, in order: the keys that were set, or taken back, and how.
    pub(super) env: BTreeMap<String, Vec<EnvChange>>,
    /// A command began and its end is not in the journal: it may have changed anything.
    pub(super) torn: bool,
}

/// A key that was set in an env file, or taken back.
#[derive(Debug, Clone)]
pub(super) struct EnvChange {
    pub(super) key: String,
    /// How the file changed; an early version did not say.
    pub(super) splice: Option<Splice>,
    pub(super) taken_back: bool,
}

impl Touched {
    /// Collects what a journal says.
    pub(super) fn of(records: &[Record]) -> Self {
        let mut touched = Touched { torn: recovery::is_torn(records), ..Touched::default() };
        records.iter().for_each(|record| touched.take(&record.event));
        touched
    }

    fn take(&mut self, event: &Event) {
        match event {
            Event::FileChanging { path, before, after, mode, .. } => {
                let left = self.files.entry(path.clone()).or_default();
                left.extend([before.clone(), after.clone()]);
                match mode {
                    Some(mode) => _ = self.modes.insert(path.clone(), Some(*mode)),
                    None if before.is_none() => _ = self.modes.insert(path.clone(), None),
                    None => {}
                }
            }
            Event::FilesLeft { files, folders, .. } => {
                for (path, mark) in files {
                    let left = self.files.entry(path.clone()).or_default();
                    left.push(mark.as_ref().map(|mark| mark.hash.clone()));
                    self.modes.insert(path.clone(), mark.as_ref().and_then(|mark| mark.mode));
                }
                for (path, mode) in folders {
                    self.folders.entry(path.clone()).or_default().push(*mode);
                }
            }
            Event::EnvSetting { file, key, splice, taken_back, .. } => {
                let change =
                    EnvChange { key: key.clone(), splice: splice.clone(), taken_back: *taken_back };
                self.env.entry(file.clone()).or_default().push(change);
            }
            _ => {}
        }
    }

    /// Returns the permissions that the run left a file that had some `before` it; nothing where
    /// they cannot be told.
    pub(super) fn mode(&self, path: &str, before: Option<u32>) -> Option<u32> {
        self.modes.get(path).copied().unwrap_or(before)
    }
}
