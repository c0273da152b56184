//! Which files are there, and what is in them, by hash: for what changed since.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::PoisonError;
use std::time::SystemTime;

use cap_std::fs::Metadata;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{Workspace, globs_of, hash};
use crate::journal::event::FileMark;
use crate::playbook::hex;

/// The largest file whose content a snapshot takes, in bytes; of a larger one it takes the length
/// and the time of the last change.
pub(in crate::gate) const MAX_HASHED: u64 = 64 * 1024 * 1024;

/// Each file and link that git does not ignore, by path relative to the root.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// What stands there.
    pub files: BTreeMap<String, FileMark>,
    /// The permissions of each folder, by path; 0 where the system has none.
    #[serde(default)]
    pub folders: BTreeMap<String, u32>,
}

/// What is known of a file since the last snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stamp {
    length: u64,
    modified: Option<SystemTime>,
    mark: FileMark,
}

impl Workspace {
    /// Takes the hash of every file that git does not ignore.
    pub fn snapshot(&self) -> Result<Snapshot, String> {
        let mut stamps = self.stamps.lock().unwrap_or_else(PoisonError::into_inner);
        let mut next = BTreeMap::new();
        let (files, folders) = self.walk();
        for path in files {
            let Ok(metadata) = self.dir.symlink_metadata(&path) else { continue };
            let length = metadata.len();
            let modified = metadata.modified().ok().map(cap_std::time::SystemTime::into_std);
            let mode = mode(&metadata);
            let known = stamps.get(&path).filter(|stamp| {
                stamp.length == length
                    && stamp.modified == modified
                    && stamp.mark.mode == mode
                    && is_settled(modified)
            });
            let mark = match known {
                Some(stamp) => stamp.mark.clone(),
                None if metadata.is_symlink() => match self.link(&path) {
                    Some(mark) => mark,
                    None => continue,
                },
                None if !metadata.is_file() => continue,
                None if length > MAX_HASHED => {
                    FileMark { hash: format!("{length} bytes, {modified:?}"), mode, link: None }
                }
                None => match self.opened(&path).and_then(|opened| hash_of(opened.file)) {
                    Ok(hash) => FileMark { hash, mode, link: None },
                    Err(_) => continue,
                },
            };
            next.insert(path, Stamp { length, modified, mark });
        }
        let files = next.iter().map(|(path, stamp)| (path.clone(), stamp.mark.clone())).collect();
        *stamps = next;
        let folders = folders.into_iter().filter_map(|path| {
            let mode = self.folder_mode(&path)?;
            Some((path, mode))
        });
        Ok(Snapshot { files, folders: folders.collect() })
    }

    /// Returns what stands at a path now: a file, a link, or nothing that can be told.
    pub fn mark(&self, path: &str) -> Option<FileMark> {
        let metadata = self.dir.symlink_metadata(path).ok()?;
        if metadata.is_symlink() {
            return self.link(path);
        }
        let opened = self.opened(path).ok().filter(|opened| opened.metadata.is_file())?;
        let hash = hash_of(opened.file).ok()?;
        Some(FileMark { hash, mode: mode(&metadata), link: None })
    }

    /// Returns the permissions of a folder, 0 where the system has none; nothing where no folder
    /// stands.
    pub fn folder_mode(&self, path: &str) -> Option<u32> {
        let metadata = self.dir.symlink_metadata(path).ok().filter(Metadata::is_dir)?;
        Some(mode(&metadata).unwrap_or_default())
    }

    fn link(&self, path: &str) -> Option<FileMark> {
        let target = self.dir.read_link_contents(path).ok()?.to_str()?.to_owned();
        Some(FileMark { hash: hash(target.as_bytes()), mode: None, link: Some(target) })
    }
}

/// Returns a file's permissions, where the system has them.
#[cfg(unix)]
fn mode(metadata: &Metadata) -> Option<u32> {
    use cap_std::fs::PermissionsExt as _;
    (!metadata.is_symlink()).then(|| metadata.permissions().mode() & 0o7777)
}

/// Returns a file's permissions, where the system has them.
#[cfg(not(unix))]
fn mode(_metadata: &Metadata) -> Option<u32> {
    None
}

/// Takes the hash of a file without holding it in memory.
fn hash_of(mut file: std::fs::File) -> io::Result<String> {
    let mut digest = Sha256::new();
    io::copy(&mut file, &mut digest)?;
    Ok(hex(&digest.finalize()))
}

/// A file changed less than two seconds ago may change again within the same time stamp.
fn is_settled(modified: Option<SystemTime>) -> bool {
    modified
        .and_then(|modified| modified.elapsed().ok())
        .is_some_and(|age| age > std::time::Duration::from_secs(2))
}

impl Snapshot {
    /// Lists what is new, changed or gone in a later snapshot.
    pub fn changes(&self, after: &Snapshot) -> Vec<String> {
        let paths: BTreeSet<&String> = self.files.keys().chain(after.files.keys()).collect();
        paths
            .into_iter()
            .filter(|path| self.files.get(*path) != after.files.get(*path))
            .cloned()
            .collect()
    }

    /// Lists the folders that are new, changed or gone in a later snapshot, with what they are then.
    pub fn folder_changes(&self, after: &Snapshot) -> BTreeMap<String, Option<u32>> {
        let paths: BTreeSet<&String> = self.folders.keys().chain(after.folders.keys()).collect();
        paths
            .into_iter()
            .filter(|path| self.folders.get(*path) != after.folders.get(*path))
            .map(|path| (path.clone(), after.folders.get(path).copied()))
            .collect()
    }

    /// Lists the changes that a glob matches.
    pub fn changed_since(&self, after: &Snapshot, glob: &str) -> Result<Vec<String>, String> {
        let set = globs_of(&[glob.to_owned()]).map_err(|refusal| refusal.to_string())?;
        let mut changes = self.changes(after);
        changes.retain(|path| set.is_match(path));
        Ok(changes)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::project;
    use super::*;

    #[test]
    fn a_huge_file_is_known_by_its_length_and_time() {
        let (folder, workspace) = project(&[("small", "1")]);
        let file = std::fs::File::create(folder.path().join("huge")).unwrap();
        file.set_len(MAX_HASHED + 1).unwrap();
        let before = workspace.snapshot().unwrap();
        file.set_len(MAX_HASHED + 2).unwrap();
        assert_eq!(before.changes(&workspace.snapshot().unwrap()), ["huge"]);
    }

    #[test]
    fn a_snapshot_tells_what_changed() {
        let (folder, workspace) = project(&[("a", "1"), ("b", "1")]);
        let before = workspace.snapshot().unwrap();
        std::fs::write(folder.path().join("a"), "2").unwrap();
        std::fs::remove_file(folder.path().join("b")).unwrap();
        std::fs::write(folder.path().join("c"), "1").unwrap();
        assert_eq!(before.changes(&workspace.snapshot().unwrap()), ["a", "b", "c"]);
    }
}
