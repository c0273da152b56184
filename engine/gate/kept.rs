//! What is kept outside the project so that a run can be taken back: bytes by their hash, and how
//! the project stood.

#![expect(clippy::disallowed_methods, reason = "what is kept stands outside the project")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use serde::{Deserialize, Serialize};

use crate::gate::workspace::{MAX_KEPT, Snapshot, Workspace, hash};
use crate::journal::event::FileMark;

/// The file beside a journal that says how the project stood at the beginning.
const START: &str = "start.json";

/// How a project stood before a run changed it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Start {
    /// Its files and links that git does not ignore, by path.
    pub files: BTreeMap<String, FileMark>,
    /// Its folders.
    pub folders: BTreeSet<String>,
}

/// Kept bytes: files named by the hash of what is in them, and packs of many.
#[derive(Debug, Clone)]
pub struct Blobs {
    folder: PathBuf,
    packs: Arc<OnceLock<Packed>>,
}

/// Where bytes stand in packs, by their hash: the pack, where they begin, and how many they are.
type Packed = BTreeMap<String, (PathBuf, u64, u64)>;

impl Start {
    /// Describes a project.
    pub fn of(workspace: &Workspace, snapshot: &Snapshot) -> Self {
        Start { files: snapshot.files.clone(), folders: workspace.folders() }
    }

    /// Writes it beside a journal, and returns once it is on disk.
    pub fn write(&self, journal: &Path) -> io::Result<()> {
        let draft = journal.with_file_name(format!(".{START}"));
        let mut file = File::create(&draft)?;
        file.write_all(&serde_json::to_vec(self)?)?;
        file.sync_all()?;
        std::fs::rename(draft, journal.with_file_name(START))
    }

    /// Reads what was written beside a journal.
    ///
    /// # Errors
    ///
    /// Names the file that cannot be read, and why.
    pub fn read(journal: &Path) -> Result<Self, String> {
        let path = journal.with_file_name(START);
        let failed = |error: &dyn std::fmt::Display| {
            format!("cannot read how the project stood, `{}`: {error}", path.display())
        };
        let text = std::fs::read(&path).map_err(|error| failed(&error))?;
        serde_json::from_slice(&text).map_err(|error| failed(&error))
    }
}

impl Blobs {
    /// Names the folder, which must exist.
    pub fn at(folder: &Path) -> Self {
        Blobs { folder: folder.to_owned(), packs: Arc::default() }
    }

    /// Returns the bytes of a hash; nothing where they are not kept, or not what they were.
    pub fn get(&self, name: &str) -> Option<Vec<u8>> {
        let bytes = match std::fs::read(self.folder.join(name)) {
            Ok(bytes) => bytes,
            Err(_) => self.unpack(name)?,
        };
        Some(bytes).filter(|bytes| hash(bytes) == name)
    }

    /// Keeps bytes, and returns once they are on disk.
    pub fn keep(&self, bytes: &[u8]) -> io::Result<()> {
        let name = hash(bytes);
        if self.get(&name).is_some() {
            return Ok(());
        }
        self.settled(&name, |file| file.write_all(bytes))
    }

    /// Keeps the bytes of every file of a project that is not too large: those that are not kept
    /// yet go into one pack, which is waited for once.
    pub(super) fn keep_all(&self, workspace: &Workspace, snapshot: &Snapshot) -> io::Result<()> {
        let kept = self.packed();
        let mut index: BTreeMap<String, (u64, u64)> = BTreeMap::new();
        let mut offset = 0;
        let pack = format!("{}.pack", uuid::Uuid::now_v7().simple());
        self.settled(&pack, |file| {
            let mut file = io::BufWriter::new(file);
            for (path, mark) in &snapshot.files {
                let small = workspace.length(path).is_some_and(|length| length <= MAX_KEPT);
                let known = kept.contains_key(&mark.hash) || self.folder.join(&mark.hash).exists();
                if mark.link.is_some() || !small || known || index.contains_key(&mark.hash) {
                    continue;
                }
                let Ok(Some(bytes)) = workspace.read_any(path) else { continue };
                file.write_all(&bytes)?;
                let length = bytes.len() as u64;
                index.insert(hash(&bytes), (offset, length));
                offset += length;
            }
            file.flush()
        })?;
        if index.is_empty() {
            return std::fs::remove_file(self.folder.join(pack));
        }
        let index = serde_json::to_vec(&index)?;
        self.settled(&format!("{pack}.json"), |file| file.write_all(&index))
    }

    /// Keeps the files of a project that are not what a run began with.
    pub fn keep_files(&self, workspace: &Workspace, start: &Start) -> io::Result<()> {
        self.keep_all(workspace, &Snapshot { files: start.files.clone() })
    }

    /// Writes a file whole, under a name of its own first.
    fn settled(
        &self,
        name: &str,
        write: impl FnOnce(&mut File) -> io::Result<()>,
    ) -> io::Result<()> {
        let draft = self.folder.join(format!(".{}", uuid::Uuid::now_v7().simple()));
        let mut file = File::create_new(&draft)?;
        let written = write(&mut file).and_then(|()| file.sync_data());
        if written.is_err() {
            let _ = std::fs::remove_file(&draft);
        }
        written?;
        std::fs::rename(draft, self.folder.join(name))
    }

    fn unpack(&self, name: &str) -> Option<Vec<u8>> {
        let (pack, offset, length) = self.packs.get_or_init(|| self.packed()).get(name)?;
        let mut file = File::open(pack).ok()?;
        file.seek(io::SeekFrom::Start(*offset)).ok()?;
        let mut bytes = Vec::new();
        file.take(*length).read_to_end(&mut bytes).ok()?;
        Some(bytes)
    }

    /// Reads where everything stands in the packs.
    fn packed(&self) -> Packed {
        let mut packed = Packed::new();
        let Ok(entries) = std::fs::read_dir(&self.folder) else { return packed };
        for path in entries.filter_map(Result::ok).map(|entry| entry.path()) {
            if path.extension().is_none_or(|extension| extension != "json") {
                continue;
            }
            let index = std::fs::read(&path).ok();
            let index = index.and_then(|text| {
                serde_json::from_slice::<BTreeMap<String, (u64, u64)>>(&text).ok()
            });
            let pack = path.with_extension("");
            packed.extend(
                index
                    .into_iter()
                    .flatten()
                    .map(|(hash, (offset, length))| (hash, (pack.clone(), offset, length))),
            );
        }
        packed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::workspace::tests::project;

    #[test]
    fn what_is_kept_is_found_again_and_what_is_damaged_is_not() {
        let (_project, workspace) = project(&[("a", "one"), ("b", "two"), ("c", "one")]);
        let folder = tempfile::tempdir().unwrap();
        let blobs = Blobs::at(folder.path());
        let snapshot = workspace.snapshot().unwrap();
        blobs.keep_all(&workspace, &snapshot).unwrap();
        blobs.keep_all(&workspace, &snapshot).unwrap();
        blobs.keep(b"three").unwrap();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 3);
        for text in [b"one".as_slice(), b"two", b"three"] {
            assert_eq!(Blobs::at(folder.path()).get(&hash(text)).as_deref(), Some(text));
        }
        assert_eq!(blobs.get(&hash(b"four")), None);
        for entry in std::fs::read_dir(folder.path()).unwrap() {
            let path = entry.unwrap().path();
            let mut bytes = std::fs::read(&path).unwrap();
            bytes[0] ^= 1;
            std::fs::write(path, bytes).unwrap();
        }
        for text in [b"one".as_slice(), b"three"] {
            assert_eq!(Blobs::at(folder.path()).get(&hash(text)), None);
        }
    }
}
