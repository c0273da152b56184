//! The proofs of a journal's lines: each vouches for its line and for all before it.
//!
//! A proof is the first half of an HMAC-SHA256, by this machine's key, over the proof of the line
//! before and the bytes of its own line up to it. A line that was changed, dropped, put elsewhere
//! or taken from another journal has none that holds.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use ring::hmac;

use crate::playbook::hex;

/// The name of the file that holds the key.
const KEY: &str = "journal.key";

/// What goes before bytes that are marked: no line of a journal begins so.
const MARK: &[u8] = b"wizard mark 1\0";

/// Bytes of a key.
const KEY_BYTES: usize = 32;

/// Bytes of a proof: nobody tries as many lines as would make a false one hold by chance.
const PROOF_BYTES: usize = 16;

/// What stands between a line and its proof.
const BEFORE: &[u8] = b",\"proof\":\"";

/// What stands after the proof.
const AFTER: &[u8] = b"\"}";

/// What the first line's proof goes on from.
const FIRST: &[u8] = b"wizard journal 1";

/// The key of the proofs in journals: one for each person and machine.
///
/// It stands beside the folder of all runs, so that no copy of a run carries it along, and not
/// with the settings, which people share between machines and publish.
#[derive(Clone)]
pub struct Key {
    path: PathBuf,
    key: hmac::Key,
}

impl Key {
    /// Reads the key of a folder of state, and makes one where there is none.
    ///
    /// # Errors
    ///
    /// Fails where it can neither be read nor made.
    pub fn open(state: &Path) -> io::Result<Self> {
        match Key::find(state)? {
            Some(key) => Ok(key),
            None => {
                make(state)?;
                let lost = || io::Error::other("the key of journals is gone again");
                Key::find(state)?.ok_or_else(lost)
            }
        }
    }

    /// Reads the key of a folder of state, where there is one.
    ///
    /// # Errors
    ///
    /// Names the file that cannot be read or holds no key.
    pub fn find(state: &Path) -> io::Result<Option<Self>> {
        let path = state.join(KEY);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => {
                let said =
                    format!("cannot read the key of journals, `{}`: {error}", path.display());
                return Err(io::Error::new(error.kind(), said));
            }
        };
        let bytes = unhex(text.trim_end().as_bytes()).filter(|bytes| bytes.len() == KEY_BYTES);
        let wrong = || {
            let said = format!(
                "`{}` holds no key of journals; put the one that it held back, or move the file \
                 away: runs so far can then be shown, and not be taken back",
                path.display()
            );
            io::Error::new(io::ErrorKind::InvalidData, said)
        };
        let key = hmac::Key::new(hmac::HMAC_SHA256, &bytes.ok_or_else(wrong)?);
        Ok(Some(Key { path, key }))
    }

    /// Marks bytes: who does not have the key cannot try what they may have been.
    pub fn mark(&self, bytes: &[u8]) -> String {
        let mut context = hmac::Context::with_key(&self.key);
        context.update(MARK);
        context.update(bytes);
        hex(&context.sign().as_ref()[..PROOF_BYTES])
    }

    /// Returns where it is kept.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Key({})", self.path.display())
    }
}

/// The proofs of one journal, as far as they were made or compared.
#[derive(Debug, Clone)]
pub(super) struct Chain {
    key: hmac::Key,
    last: Vec<u8>,
}

impl Chain {
    /// Begins before the first line.
    pub(super) fn new(key: &Key) -> Self {
        Chain { key: key.key.clone(), last: FIRST.to_owned() }
    }

    /// Gives a line, an object without its end of line, its proof.
    pub(super) fn seal(&mut self, line: &mut Vec<u8>) {
        line.pop();
        self.last = self.next(line);
        line.extend(BEFORE);
        line.extend(hex(&self.last).bytes());
        line.extend(AFTER);
    }

    /// Whether a line carries the proof that is due.
    pub(super) fn holds(&mut self, line: &[u8]) -> bool {
        let Some((body, proof)) = split(line) else { return false };
        self.last = self.next(body);
        self.last == proof
    }

    fn next(&self, body: &[u8]) -> Vec<u8> {
        let mut context = hmac::Context::with_key(&self.key);
        context.update(&self.last);
        context.update(body);
        context.sign().as_ref()[..PROOF_BYTES].to_vec()
    }
}

/// Whether a line ends in a proof, whether it holds or not.
pub(super) fn has_proof(line: &[u8]) -> bool {
    split(line).is_some()
}

/// Parts a line and its proof.
fn split(line: &[u8]) -> Option<(&[u8], Vec<u8>)> {
    let line = line.strip_suffix(b"\n").unwrap_or(line).strip_suffix(AFTER)?;
    let (line, proof) = line.split_at_checked(line.len().checked_sub(2 * PROOF_BYTES)?)?;
    Some((line.strip_suffix(BEFORE)?, unhex(proof)?))
}

/// Reads bytes from small hexadecimal digits.
fn unhex(text: &[u8]) -> Option<Vec<u8>> {
    let digit = |digit: u8| match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    };
    let (pairs, rest) = text.as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect()
}

/// Makes a key, unless somebody else is quicker: then theirs stays.
fn make(state: &Path) -> io::Result<()> {
    let path = state.join(KEY);
    let written = (|| {
        super::private_folder(state)?;
        let draft = state.join(format!(".{KEY}-{}", hex(&random::<8>()?)));
        let text = format!("{}\n", hex(&random::<KEY_BYTES>()?));
        let kept = kept_once(&draft, &path, text.as_bytes());
        let _ = std::fs::remove_file(&draft);
        kept?;
        super::settle(state)
    })();
    written.map_err(|error: io::Error| {
        let said = format!("cannot make the key of journals, `{}`: {error}", path.display());
        io::Error::new(error.kind(), said)
    })
}

/// Writes a file whole under another name first, and leaves one that is there by then.
fn kept_once(draft: &Path, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(draft)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    match std::fs::hard_link(draft, path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        // Some file systems have no second names.
        Err(_) => std::fs::rename(draft, path),
        Ok(()) => Ok(()),
    }
}

fn random<const COUNT: usize>() -> io::Result<[u8; COUNT]> {
    let mut bytes = [0; COUNT];
    let source = ring::rand::SystemRandom::new();
    let drawn = ring::rand::SecureRandom::fill(&source, &mut bytes);
    drawn.map_err(|_| io::Error::other("the system gives no random numbers"))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::{Event, Journal, Record, read, verified};
    use crate::redact::Redactor;

    const LINES: usize = 7;

    /// A journal of a few lines, and its bytes.
    fn written(folder: &Path, key: &Key) -> Vec<u8> {
        let journal = Journal::create(folder, key, Vec::new()).unwrap();
        for number in 0..LINES {
            note(&journal, &format!("line {number} \u{2014} \"x\""));
        }
        std::fs::read(journal.path()).unwrap()
    }

    fn note(journal: &Journal, reason: &str) {
        let event = Event::Stopped { reason: reason.to_owned() };
        journal.append(Redactor::default().clean_all(event)).unwrap();
    }

    fn read_back(folder: &Path, key: &Key, bytes: &[u8]) -> io::Result<Vec<Record>> {
        let path = folder.join("journal.jsonl");
        std::fs::write(&path, bytes).unwrap();
        verified(&path, key)
    }

    #[test]
    fn a_key_is_made_once_and_only_its_owner_reads_it() {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join("a/b");
        assert!(Key::find(&state).unwrap().is_none());
        let keys: Vec<Key> = std::thread::scope(|scope| {
            let makers: Vec<_> =
                (0..8).map(|_| scope.spawn(|| Key::open(&state).unwrap())).collect();
            makers.into_iter().map(|maker| maker.join().unwrap()).collect()
        });
        let run = folder.path().join("run");
        std::fs::create_dir(&run).unwrap();
        written(&run, &keys[0]);
        for key in &keys {
            assert_eq!(verified(&run.join("journal.jsonl"), key).unwrap().len(), LINES);
        }
        assert_eq!(std::fs::read_dir(&state).unwrap().count(), 1, "no draft is left");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = keys[0].path().metadata().unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        std::fs::write(keys[0].path(), "what is this").unwrap();
        let said = Key::open(&state).unwrap_err().to_string();
        assert!(said.contains("holds no key of journals"), "{said}");
    }

    #[test]
    fn a_journal_is_read_with_its_own_key_alone() {
        let folder = tempfile::tempdir().unwrap();
        let (own, other) = (folder.path().join("own"), folder.path().join("other"));
        let (own, other) = (Key::open(&own).unwrap(), Key::open(&other).unwrap());
        written(folder.path(), &own);
        let path = folder.path().join("journal.jsonl");
        assert_eq!(verified(&path, &own).unwrap(), read(&path).unwrap());
        let said = verified(&path, &other).unwrap_err().to_string();
        assert!(said.starts_with("line 1 is not as it was written, or"), "{said}");
    }

    #[test]
    fn a_journal_goes_on_after_any_cut() {
        let folder = tempfile::tempdir().unwrap();
        let key = Key::open(folder.path()).unwrap();
        let bytes = written(folder.path(), &key);
        let path = folder.path().join("journal.jsonl");
        for end in 0..=bytes.len() {
            std::fs::write(&path, &bytes[..end]).unwrap();
            let before = verified(&path, &key).unwrap();
            let (journal, records) = Journal::open(folder.path(), &key, Vec::new()).unwrap();
            assert_eq!(records, before, "cut at {end}");
            note(&journal, "it goes on");
            let after = verified(&path, &key).unwrap();
            assert_eq!(after.len(), before.len() + 1, "cut at {end}");
            assert_eq!(after[..before.len()], before, "cut at {end}");
            assert_eq!(after.last().unwrap().seq, after.len() as u64, "cut at {end}");
        }
    }

    #[test]
    fn a_changed_byte_is_told_or_cuts_the_last_line() {
        let folder = tempfile::tempdir().unwrap();
        let key = Key::open(folder.path()).unwrap();
        let bytes = written(folder.path(), &key);
        let whole = read_back(folder.path(), &key, &bytes).unwrap();
        let last =
            bytes.len() - bytes.split_inclusive(|it| *it == b'\n').next_back().unwrap().len();
        for at in 0..bytes.len() {
            for flip in [0x01, 0x20, 0x80, 0xff] {
                let mut damaged = bytes.clone();
                damaged[at] ^= flip;
                match read_back(folder.path(), &key, &damaged) {
                    Ok(records) => {
                        assert!(at >= last, "byte {at} ^ {flip}");
                        assert_eq!(records, whole[..LINES - 1], "byte {at} ^ {flip}");
                    }
                    Err(error) => {
                        let said = error.to_string();
                        let line = bytes[..at].iter().filter(|byte| **byte == b'\n').count() + 1;
                        assert!(said.starts_with(&format!("line {line} ")), "byte {at}: {said}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_line_that_is_dropped_doubled_moved_or_of_another_journal_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let key = Key::open(folder.path()).unwrap();
        let other = tempfile::tempdir().unwrap();
        let foreign = written(other.path(), &key);
        let bytes = written(folder.path(), &key);
        let lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
        let foreign: Vec<&[u8]> = foreign.split_inclusive(|byte| *byte == b'\n').collect();
        for at in 0..LINES {
            for to in 0..LINES {
                let mut moved = lines.clone();
                let line = moved.remove(at);
                let dropped = read_back(folder.path(), &key, &moved.concat());
                assert_eq!(dropped.is_ok(), at == LINES - 1, "without line {at}");
                moved.insert(to, line);
                let read = read_back(folder.path(), &key, &moved.concat());
                assert_eq!(read.is_ok(), at == to, "line {at} at {to}");
                let mut doubled = lines.clone();
                doubled.insert(to, lines[at]);
                assert!(read_back(folder.path(), &key, &doubled.concat()).is_err());
            }
            let mut taken = lines.clone();
            taken[at] = foreign[(at + 1) % LINES];
            assert!(read_back(folder.path(), &key, &taken.concat()).is_err());
        }
    }
}
