//! Git's index: what the next commit would hold.

use std::fs::Metadata;
use std::io::Read as _;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::project::files::open;
use crate::project::git::object::Id;
use crate::project::git::object_id;

/// What the next commit would hold, and what its files looked like when git last saw them.
#[derive(Debug, Default)]
pub(super) struct Index {
    pub(super) entries: Vec<Entry>,
    written: Option<SystemTime>,
}

/// A file of the index.
#[derive(Debug)]
pub(super) struct Entry {
    path: Vec<u8>,
    mode: u32,
    pub(super) id: Id,
    size: u32,
    modified: (u32, u32),
    /// Two sides of a merge differ.
    pub(super) conflict: bool,
    /// It was told to be skipped, or is left out of the work tree.
    pub(super) skipped: bool,
    /// Only its name is there yet.
    pub(super) promised: bool,
}

/// Bytes read from the front.
struct Reader<'a>(&'a [u8]);

/// The longest path, in bytes: longer ones no system has.
const LONGEST_PATH: usize = 4_096;

const DAMAGED: &str = "git's index is damaged, or of a kind that is not read here";

impl Index {
    /// Reads an index of version 2 to 4. One that does not exist is empty.
    pub(super) fn read(path: &Path) -> Result<Self, String> {
        if !path.exists() {
            return Ok(Index::default());
        }
        let mut bytes = Vec::new();
        let mut file = open(path).ok_or(DAMAGED)?;
        file.read_to_end(&mut bytes).map_err(|error| format!("git's index: {error}"))?;
        let written = path.metadata().and_then(|metadata| metadata.modified()).ok();
        let entries = entries(&bytes).ok_or(DAMAGED)?;
        Ok(Index { entries, written })
    }

    /// Whether size and time say that a file is as git last saw it. A file changed as late as the
    /// index was written may have changed once more within the same tick.
    pub(super) fn trusts(&self, entry: &Entry, metadata: &Metadata) -> bool {
        let Ok(modified) = metadata.modified() else { return false };
        let Ok(since) = modified.duration_since(UNIX_EPOCH) else { return false };
        let (seconds, nanoseconds) = entry.modified;
        // A size of 0 is also what git writes where it wants the content looked at.
        entry.size != 0
            && entry.has_length(metadata.len())
            && since.as_secs() & 0xffff_ffff == u64::from(seconds)
            && (nanoseconds == 0 || since.subsec_nanos() == nanoseconds)
            && self.written.is_some_and(|written| modified < written)
    }

    /// Returns the id of the tree that a commit would have.
    pub(super) fn tree(&self) -> Id {
        tree(&self.entries, 0)
    }
}

/// Makes the tree of entries that share the first bytes of their paths. The index is sorted as
/// trees are, so that each folder is one stretch.
fn tree(entries: &[Entry], skip: usize) -> Id {
    let mut bytes = Vec::new();
    let mut at = 0;
    while let Some(entry) = entries.get(at) {
        let rest = entry.path.get(skip..).unwrap_or_default();
        let (name, mode, id, count) = match rest.iter().position(|byte| *byte == b'/') {
            None => (rest, entry.mode, entry.id, 1),
            Some(end) => {
                let folder = &entry.path[..=skip + end];
                let inside = entries[at..].iter();
                let count = inside.take_while(|other| other.path.starts_with(folder)).count();
                let id = tree(&entries[at..at + count], folder.len());
                (&rest[..end], 0o40_000, id, count)
            }
        };
        bytes.extend_from_slice(format!("{mode:o} ").as_bytes());
        bytes.extend_from_slice(name);
        bytes.push(0);
        bytes.extend_from_slice(&id.0);
        at += count;
    }
    object_id("tree", &bytes)
}

fn entries(bytes: &[u8]) -> Option<Vec<Entry>> {
    let mut reader = Reader(bytes.get(..bytes.len().checked_sub(20)?)?);
    if reader.take(4)? != b"DIRC" {
        return None;
    }
    let version = reader.number()?;
    let count = reader.number()?;
    if !(2..=4).contains(&version) {
        return None;
    }
    let mut entries: Vec<Entry> = Vec::new();
    for _ in 0..count {
        let previous = entries.last().map(|entry| entry.path.as_slice()).unwrap_or_default();
        let entry = entry(&mut reader, version, previous)?;
        entries.push(entry);
    }
    while !reader.0.is_empty() {
        let name = reader.take(4)?;
        let length = reader.number()?;
        // An extension that begins with a small letter has to be understood.
        if !name[0].is_ascii_uppercase() {
            return None;
        }
        reader.take(usize::try_from(length).ok()?)?;
    }
    Some(entries)
}

fn entry(reader: &mut Reader<'_>, version: u32, previous: &[u8]) -> Option<Entry> {
    let before = reader.0.len();
    reader.take(8)?;
    let modified = (reader.number()?, reader.number()?);
    reader.take(8)?;
    let mode = reader.number()?;
    reader.take(8)?;
    let size = reader.number()?;
    let id = Id(reader.take(20)?.try_into().ok()?);
    let flags = reader.short()?;
    let further = if flags & 0x4000 == 0 { 0 } else { reader.short()? };
    let mut path = Vec::new();
    if version == 4 {
        let cut = reader.offset()?;
        path.extend_from_slice(previous.get(..previous.len().checked_sub(cut)?)?);
    }
    let end = reader.0.iter().position(|byte| *byte == 0)?;
    path.extend_from_slice(reader.take(end)?);
    if path.len() > LONGEST_PATH {
        return None;
    }
    if version == 4 {
        reader.take(1)?;
    } else {
        // An entry ends in one to eight zeros, so that its length is a multiple of eight.
        let length = before - reader.0.len();
        reader.take(8 - length % 8)?;
    }
    Some(Entry {
        path,
        mode,
        id,
        size,
        modified,
        conflict: flags & 0x3000 != 0,
        skipped: flags & 0x8000 != 0 || further & 0x4000 != 0,
        promised: further & 0x2000 != 0,
    })
}

impl Entry {
    /// Returns its path.
    pub(super) fn name(&self) -> String {
        String::from_utf8_lossy(&self.path).into_owned()
    }

    /// Whether it is a repository inside this one.
    pub(super) fn is_module(&self) -> bool {
        self.mode == 0o160_000
    }

    /// Whether a length is the one that git last saw, of which it keeps 32 bits.
    pub(super) fn has_length(&self, length: u64) -> bool {
        length & 0xffff_ffff == u64::from(self.size)
    }

    pub(super) fn is_link(&self) -> bool {
        self.mode == 0o120_000
    }

    /// Whether a file is of the entry's kind: a link, a program or neither.
    pub(super) fn is_kind_of(&self, metadata: &Metadata, modes: bool) -> bool {
        if self.is_link() {
            return metadata.is_symlink();
        }
        #[cfg(unix)]
        if modes {
            use std::os::unix::fs::PermissionsExt as _;
            let runs = metadata.permissions().mode() & 0o100 != 0;
            return metadata.is_file() && runs == (self.mode & 0o100 != 0);
        }
        let _ = modes;
        metadata.is_file()
    }
}

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn number(&mut self) -> Option<u32> {
        self.take(4)?.try_into().ok().map(u32::from_be_bytes)
    }

    fn short(&mut self) -> Option<u16> {
        self.take(2)?.try_into().ok().map(u16::from_be_bytes)
    }

    /// Reads a number of seven bits a byte, in which each further byte adds one.
    fn offset(&mut self) -> Option<usize> {
        let mut byte = self.take(1)?[0];
        let mut value = usize::from(byte & 0x7f);
        while byte & 0x80 != 0 {
            byte = self.take(1)?[0];
            value = value.checked_add(1)?.checked_mul(128)? + usize::from(byte & 0x7f);
        }
        Some(value)
    }
}
