//! What is kept outside the project so that a run can be taken back: bytes by their hash, and how
//! the project stood.

#![expect(clippy::disallowed_methods, reason = "what is kept stands outside the project")]

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::gate::workspace::{MAX_HASHED, Snapshot, Workspace, hash};
use crate::journal::event::{FileMark, Splice};
use crate::journal::{Event, Key, Record, settle};
use crate::playbook::hex;

/// Names the file beside a journal that says how the project stood: by its hash, so that another
/// never takes its place before the journal vouches for it.
fn named(hash: &str) -> String {
    format!("start-{}.json", hash.get(..16).unwrap_or(hash))
}

/// The largest file that is kept whole before commands run, in bytes: of a larger one not even
/// the hash is taken.
const MOST_BYTES: u64 = MAX_HASHED;

/// How a project stood before a run changed it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Start {
    /// Its files and links that git does not ignore, by path.
    pub files: BTreeMap<String, FileMark>,
    /// The permissions of its folders, by path; 0 where the system has none.
    pub folders: BTreeMap<String, u32>,
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
    pub fn of(snapshot: &Snapshot) -> Self {
        Start { files: snapshot.files.clone(), folders: snapshot.folders.clone() }
    }

    /// Writes it beside a journal, and returns once it is on disk: with the event that the
    /// journal is to be told, which vouches for what was written.
    pub fn write(&self, journal: &Path, left_out: Vec<String>) -> io::Result<Event> {
        let text = serde_json::to_vec(self)?;
        let hash = hash(&text);
        let path = journal.with_file_name(named(&hash));
        let mut file = File::create(&path)?;
        file.write_all(&text)?;
        file.sync_all()?;
        path.parent().map_or(Ok(()), settle)?;
        Ok(Event::StartKept { files: self.files.len(), hash, left_out })
    }

    /// Reads what was written beside a journal. Nothing stood of which a run could tell that never
    /// came so far as to write it.
    ///
    /// # Errors
    ///
    /// Names the file that cannot be read, and why, or that is not as it was written.
    pub fn read(journal: &Path, records: &[Record]) -> Result<Self, String> {
        let told = records.iter().rev().find_map(|record| match &record.event {
            Event::StartKept { hash, .. } => Some(hash),
            _ => None,
        });
        let path = journal.with_file_name(told.map_or(String::new(), |hash| named(hash)));
        let failed = |error: &dyn std::fmt::Display| {
            format!("cannot read how the project stood, `{}`: {error}", path.display())
        };
        let Some(told) = told else {
            let changes = records.iter().any(|record| record.event.changes_project());
            let unsure = || failed(&"the journal does not vouch for it");
            return if changes { Err(unsure()) } else { Ok(Start::default()) };
        };
        let text = std::fs::read(&path).map_err(|error| failed(&error))?;
        if hash(&text) != *told {
            return Err(failed(&"it is not as it was written"));
        }
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

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Whether the bytes of a hash are kept, and are what they were.
    pub fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// Keeps bytes, and returns once they are on disk.
    pub fn keep(&self, bytes: &[u8]) -> io::Result<()> {
        let name = hash(bytes);
        if self.get(&name).is_some() {
            return Ok(());
        }
        self.settled(&name, |file| file.write_all(bytes))
    }

    /// Keeps the bytes of every file of a project: those that are not kept yet go into one pack,
    /// which is waited for once. Returns the files that are too large.
    pub(super) fn keep_all(
        &self,
        workspace: &Workspace,
        snapshot: &Snapshot,
    ) -> io::Result<Vec<String>> {
        let kept = self.packed();
        let mut index: BTreeMap<String, (u64, u64)> = BTreeMap::new();
        let mut left_out = Vec::new();
        let mut offset = 0;
        let pack = format!("{}.pack", uuid::Uuid::now_v7().simple());
        self.settled(&pack, |file| {
            for (path, mark) in &snapshot.files {
                let known = kept.contains_key(&mark.hash) || self.folder.join(&mark.hash).exists();
                if mark.link.is_some() || known || index.contains_key(&mark.hash) {
                    continue;
                }
                if workspace.length(path).is_none_or(|length| length > MOST_BYTES) {
                    left_out.push(path.clone());
                    continue;
                }
                let Ok(Some(from)) = workspace.open_any(path) else { continue };
                let mut tee = Tee { file: &mut *file, digest: Sha256::new() };
                let length = io::copy(&mut io::Read::take(from, MOST_BYTES), &mut tee)?;
                let hash = hex(&tee.digest.finalize());
                index.insert(hash, (offset, length));
                offset += length;
            }
            Ok(())
        })?;
        if index.is_empty() {
            std::fs::remove_file(self.folder.join(pack))?;
        } else {
            let index = serde_json::to_vec(&index)?;
            self.settled(&format!("{pack}.json"), |file| file.write_all(&index))?;
        }
        Ok(left_out)
    }

    /// Keeps the files of a project that are not what a run began with.
    pub fn keep_files(&self, workspace: &Workspace, start: &Start) -> io::Result<Vec<String>> {
        let (files, folders) = (start.files.clone(), start.folders.clone());
        self.keep_all(workspace, &Snapshot { files, folders })
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
        std::fs::rename(draft, self.folder.join(name))?;
        settle(&self.folder)
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

/// Writes, and takes the hash of what is written.
struct Tee<'a> {
    file: &'a mut File,
    digest: Sha256,
}

impl io::Write for Tee<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.file.write(bytes)?;
        self.digest.update(&bytes[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// What was cut out of env files, beside a journal and never in it: only its owner reads it, and it
/// is thrown away after a few days.
#[derive(Debug, Clone)]
pub struct Cuts {
    folder: PathBuf,
}

impl Cuts {
    /// How the name of a file of bytes that were cut out begins.
    pub const PREFIX: &str = "cut-";

    /// Names the folder of a journal.
    pub fn beside(journal: &Path) -> Self {
        Cuts { folder: journal.parent().unwrap_or(Path::new("")).to_owned() }
    }

    /// Says how a file changes from what it is to what it will be, and keeps what that cuts out.
    pub fn splice(&self, key: &Key, old: Option<&[u8]>, new: Option<&[u8]>) -> io::Result<Splice> {
        let (before, after) = (old.unwrap_or_default(), new.unwrap_or_default());
        let at = before.iter().zip(after).take_while(|(old, new)| old == new).count();
        let ends = before[at..].iter().rev().zip(after[at..].iter().rev());
        let same = ends.take_while(|(old, new)| old == new).count();
        let cut = &before[at..before.len() - same];
        let kept = if cut.is_empty() { None } else { Some(self.keep(key, cut)?) };
        Ok(Splice {
            before: old.map(|old| key.mark(old)),
            after: new.map(|new| key.mark(new)),
            at,
            cut: cut.len(),
            put: after.len() - same - at,
            kept,
        })
    }

    /// Returns what a file was before a change, from what it is after; nothing where what was cut
    /// out of it is not kept any more, or it is not what was left.
    pub fn before(&self, key: &Key, splice: &Splice, after: &[u8]) -> Option<Vec<u8>> {
        let cut = match &splice.kept {
            None => Vec::new(),
            Some(mark) => {
                std::fs::read(self.folder.join(format!("{}{mark}", Self::PREFIX))).ok()?
            }
        };
        let mut bytes = after.get(..splice.at)?.to_vec();
        bytes.extend(cut);
        bytes.extend(after.get(splice.at.checked_add(splice.put)?..)?);
        let due = splice.before.clone().unwrap_or_else(|| key.mark(b""));
        (key.mark(&bytes) == due).then_some(bytes)
    }

    fn keep(&self, key: &Key, bytes: &[u8]) -> io::Result<String> {
        let mark = key.mark(bytes);
        let path = self.folder.join(format!("{}{mark}", Self::PREFIX));
        let mut options = File::options();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(path)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        settle(&self.folder)?;
        Ok(mark)
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
