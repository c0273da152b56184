//! Throwing away what is kept of files and is named by no run any more.

#![expect(clippy::disallowed_methods, reason = "what is kept stands outside the project")]

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;
use std::time::SystemTime;

use crate::gate::kept::{Blobs, Start};
use crate::journal::{Event, Record};

/// What was thrown away, or would be.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Swept {
    /// How many files.
    pub files: usize,
    /// Their bytes.
    pub bytes: u64,
}

/// Returns the hashes that a run names: what it may be taken back to, and what it left.
///
/// # Errors
///
/// Says why that cannot be told: then all is to be kept.
pub fn named(journal: &Path, records: &[Record]) -> Result<BTreeSet<String>, String> {
    let start = Start::read(journal, records)?;
    let mut named: BTreeSet<String> = start.files.into_values().map(|mark| mark.hash).collect();
    for record in records {
        match &record.event {
            Event::FileChanging { before, after, .. } => {
                named.extend(before.iter().chain(after).cloned());
            }
            Event::FilesLeft { files, .. } => {
                named.extend(files.values().flatten().map(|mark| mark.hash.clone()));
            }
            _ => {}
        }
    }
    Ok(named)
}

impl Blobs {
    /// Throws away what no run names, but for what was kept at a time that `keep` says yes to: a
    /// run may have kept bytes that it does not name. With `dry`, only says what that would be.
    ///
    /// The caller holds the lock of the project.
    ///
    /// # Errors
    ///
    /// Fails where the folder cannot be read or a file not be removed.
    pub fn sweep(
        &self,
        named: &BTreeSet<String>,
        keep: &dyn Fn(SystemTime) -> bool,
        dry: bool,
    ) -> io::Result<Swept> {
        let mut swept = Swept::default();
        let entries = match std::fs::read_dir(self.folder()) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(swept),
            Err(error) => return Err(error),
        };
        let mut gone = Vec::new();
        for entry in entries {
            let path = entry?.path();
            let metadata = path.symlink_metadata()?;
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if metadata.is_file() && !is_named(&path, &name, named) && !keep(metadata.modified()?) {
                swept.files += 1;
                swept.bytes += metadata.len();
                gone.push(path);
            }
        }
        if !dry {
            // The index of a pack goes after the pack: what it names is found or is not.
            gone.sort_by_key(|path| path.extension().is_some_and(|end| end == "json"));
            gone.iter().try_for_each(std::fs::remove_file)?;
        }
        Ok(swept)
    }
}

/// Whether a run names a file of bytes, or any of those in a pack. A draft is named by none.
fn is_named(path: &Path, name: &str, named: &BTreeSet<String>) -> bool {
    let index = match path.extension().and_then(|end| end.to_str()) {
        Some("json") => path.to_owned(),
        Some("pack") => path.with_file_name(format!("{name}.json")),
        _ => return named.contains(name),
    };
    let index = std::fs::read(index).ok();
    let index = index
        .and_then(|text| serde_json::from_slice::<BTreeMap<String, serde_json::Value>>(&text).ok());
    index.is_some_and(|index| index.keys().any(|hash| named.contains(hash)))
}
