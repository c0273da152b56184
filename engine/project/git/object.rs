//! Git's objects, as far as it takes to know a commit's tree.

use std::fmt::Write as _;
use std::io::{BufReader, Read, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use flate2::bufread::ZlibDecoder;

use crate::project::files::{open, text};

/// The largest object that is read, in bytes: commits are short.
const MOST_BYTES: u64 = 4 * 1024 * 1024;

/// How far deltas and alternates lead from one to another.
const DEEPEST: usize = 64;

/// The name of an object: the hash of its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Id(pub(super) [u8; 20]);

impl Id {
    /// Reads an id in hex.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut id = [0; 20];
        if text.len() != 40 {
            return None;
        }
        for (at, byte) in id.iter_mut().enumerate() {
            *byte = u8::from_str_radix(text.get(at * 2..at * 2 + 2)?, 16).ok()?;
        }
        Some(Id(id))
    }

    fn hex(self) -> String {
        self.0.iter().fold(String::new(), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        })
    }
}

/// The folders in which a repository's objects are: its own, and those it borrows from.
pub(super) struct Objects(Vec<PathBuf>);

impl Objects {
    /// Finds the objects of a repository.
    pub(super) fn of(common: &Path) -> Self {
        let mut folders = vec![common.join("objects")];
        let mut at = 0;
        while at < folders.len().min(DEEPEST) {
            let borrowed = text(&folders[at].join("info/alternates")).unwrap_or_default();
            let lines = borrowed.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
            let next: Vec<PathBuf> = lines.map(|line| folders[at].join(line)).collect();
            folders.extend(next.into_iter().take(DEEPEST));
            at += 1;
        }
        Objects(folders)
    }

    /// Returns the tree of a commit.
    pub(super) fn tree_of(&self, commit: &Id) -> Result<Id, String> {
        let unread = || format!("the commit {} cannot be read", commit.hex());
        let bytes = self.read(commit, DEEPEST).ok_or_else(unread)?;
        let text = String::from_utf8_lossy(&bytes);
        let line = text.lines().next().and_then(|line| line.strip_prefix("tree "));
        line.and_then(Id::parse).ok_or_else(unread)
    }

    fn read(&self, id: &Id, depth: usize) -> Option<Vec<u8>> {
        let hex = id.hex();
        let (folder, file) = hex.split_at(2);
        let loose = self.0.iter().find_map(|it| inflate(open(&it.join(folder).join(file))?));
        if let Some(bytes) = loose {
            let end = bytes.iter().position(|byte| *byte == 0)?;
            return Some(bytes[end + 1..].to_vec());
        }
        self.0.iter().find_map(|folder| {
            let packs = std::fs::read_dir(folder.join("pack")).ok()?.filter_map(Result::ok);
            let mut indexes = packs
                .map(|entry| entry.path())
                .filter(|path| path.extension().is_some_and(|end| end == "idx"));
            indexes.find_map(|index| {
                let offset = offset(&index, id)?;
                self.packed(&index.with_extension("pack"), offset, depth)
            })
        })
    }

    /// Reads an object of a pack: whole, or as what differs from another.
    fn packed(&self, pack: &Path, offset: u64, depth: usize) -> Option<Vec<u8>> {
        let depth = depth.checked_sub(1)?;
        let mut file = BufReader::new(open(pack)?);
        file.seek(SeekFrom::Start(offset)).ok()?;
        let first = byte(&mut file)?;
        let mut more = first;
        while more & 0x80 != 0 {
            more = byte(&mut file)?;
        }
        match (first >> 4) & 7 {
            1..=4 => inflate(file),
            6 => {
                let back = distance(&mut file)?;
                let base = self.packed(pack, offset.checked_sub(back)?, depth)?;
                patched(&base, &inflate(file)?)
            }
            7 => {
                let mut id = [0; 20];
                file.read_exact(&mut id).ok()?;
                let base = self.read(&Id(id), depth)?;
                patched(&base, &inflate(file)?)
            }
            _ => None,
        }
    }
}

/// Finds an object in the index of a pack, version 2.
fn offset(index: &Path, id: &Id) -> Option<u64> {
    let mut file = open(index)?;
    let mut read = |at: u64, bytes: &mut [u8]| {
        file.seek(SeekFrom::Start(at)).and_then(|_| file.read_exact(bytes)).ok()
    };
    let number = |at: u64, read: &mut dyn FnMut(u64, &mut [u8]) -> Option<()>| {
        let mut bytes = [0; 4];
        read(at, &mut bytes)?;
        Some(u64::from(u32::from_be_bytes(bytes)))
    };
    if number(0, &mut read)? != 0xff74_4f63 || number(4, &mut read)? != 2 {
        return None;
    }
    let fan = |byte: u64| 8 + byte * 4;
    let first = u64::from(id.0[0]);
    let mut low = if first == 0 { 0 } else { number(fan(first - 1), &mut read)? };
    let mut high = number(fan(first), &mut read)?;
    let count = number(fan(255), &mut read)?;
    let names = fan(256);
    while low < high {
        let middle = low.midpoint(high);
        let mut name = [0; 20];
        read(names + middle * 20, &mut name)?;
        match name.cmp(&id.0) {
            std::cmp::Ordering::Less => low = middle + 1,
            std::cmp::Ordering::Greater => high = middle,
            std::cmp::Ordering::Equal => {
                let offsets = names + count * 24;
                let offset = number(offsets + middle * 4, &mut read)?;
                if offset & 0x8000_0000 == 0 {
                    return Some(offset);
                }
                let at = offsets + count * 4 + (offset & 0x7fff_ffff) * 8;
                let mut bytes = [0; 8];
                read(at, &mut bytes)?;
                return Some(u64::from_be_bytes(bytes));
            }
        }
    }
    None
}

fn inflate(from: impl Read) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let decoder = ZlibDecoder::new(BufReader::new(from));
    decoder.take(MOST_BYTES).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

fn byte(from: &mut impl Read) -> Option<u8> {
    let mut byte = [0];
    from.read_exact(&mut byte).ok()?;
    Some(byte[0])
}

/// Reads how far back a base is: seven bits a byte, in which each further byte adds one.
fn distance(from: &mut impl Read) -> Option<u64> {
    let mut next = byte(from)?;
    let mut value = u64::from(next & 0x7f);
    while next & 0x80 != 0 {
        next = byte(from)?;
        value = value.checked_add(1)?.checked_mul(128)? + u64::from(next & 0x7f);
    }
    Some(value)
}

/// Applies a delta: copies from the base, and bytes of its own.
fn patched(base: &[u8], delta: &[u8]) -> Option<Vec<u8>> {
    let mut left = delta;
    for _ in 0..2 {
        while byte(&mut left)? & 0x80 != 0 {}
    }
    let mut made = Vec::new();
    while let Some(instruction) = byte(&mut left) {
        if made.len() as u64 > MOST_BYTES {
            return None;
        }
        if instruction & 0x80 == 0 {
            let (own, rest) = left.split_at_checked(usize::from(instruction))?;
            made.extend_from_slice(own);
            left = rest;
            continue;
        }
        let mut field = |first: u8, count: u8| {
            let mut value = 0;
            for at in 0..count {
                if instruction & (first << at) != 0 {
                    value |= usize::from(byte(&mut left)?) << (8 * at);
                }
            }
            Some(value)
        };
        let start = field(1, 4)?;
        let length = match field(0x10, 3)? {
            0 => 0x1_0000,
            length => length,
        };
        made.extend_from_slice(base.get(start..start.checked_add(length)?)?);
    }
    Some(made)
}
