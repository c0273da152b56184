//! What happened: the append-only events of a run.
//!
//! **Invariant:** an event is on disk before the thing it speaks of is done, and before any
//! reader of events is told. The live display, the NDJSON stream and the report read nothing else.

#![expect(clippy::disallowed_methods, reason = "the journal stands outside the project")]

mod chain;
mod digest;
mod edits;
pub mod event;
mod kinds;
mod mark;
pub mod shown;
mod texts;

use std::{
    fs::File,
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::Mutex,
};

use serde::{Deserialize, Serialize};

pub use chain::Key;
pub use digest::{digest, digest_of};
pub use edits::Edits;
pub use event::{At, Event, Status};

use crate::journal::chain::{Chain, has_proof};
use crate::redact::Clean;

/// The name of a journal in its run's folder.
const FILE: &str = "journal.jsonl";

/// One line of a journal, but for its proof.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Record {
    /// Its number, from 1.
    pub seq: u64,
    /// When, in milliseconds since 1970.
    pub time: i64,
    /// What.
    #[serde(flatten)]
    pub event: Event,
}

/// One line of a journal.
#[derive(schemars::JsonSchema)]
#[schemars(rename = "Record")]
struct Line {
    #[serde(flatten)]
    _record: Record,
    /// Vouches for this line and all before it: half an HMAC-SHA256, in hex. A stream of events
    /// has none, and neither has a journal of an early version.
    #[serde(rename = "proof")]
    _proof: Option<String>,
}

/// Told of each record after it is on disk.
pub type Listener = Box<dyn Fn(&Record) + Send + Sync>;

/// An open journal: one writer, on disk.
pub struct Journal {
    path: PathBuf,
    key: Key,
    state: Mutex<State>,
    listeners: Vec<Listener>,
}

struct State {
    file: File,
    next: u64,
    chain: Chain,
    /// Why nothing is written any more.
    broken: Option<(io::ErrorKind, String)>,
}

impl Journal {
    /// Creates the journal of a run in a folder, which must exist.
    pub fn create(folder: &Path, key: &Key, listeners: Vec<Listener>) -> io::Result<Self> {
        let path = folder.join(FILE);
        let mut options = File::options();
        options.create_new(true).append(true);
        // Nobody but the person reads what a run did.
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&path)?;
        settle(folder)?;
        let state = State { file, next: 1, chain: Chain::new(key), broken: None };
        Ok(Journal { path, key: key.clone(), state: Mutex::new(state), listeners })
    }

    /// Opens the journal of a run to go on with it, and returns what it says so far. A last line
    /// that was cut is taken off.
    ///
    /// The caller holds the lock of the project: a journal has one writer.
    ///
    /// # Errors
    ///
    /// Fails where it cannot be read, as [`verified`] does, or not be written.
    pub fn open(
        folder: &Path,
        key: &Key,
        listeners: Vec<Listener>,
    ) -> io::Result<(Self, Vec<Record>)> {
        let path = folder.join(FILE);
        let bytes = std::fs::read(&path)?;
        let mut chain = Chain::new(key);
        let reading = reading(&bytes, Some(&mut chain)).map_err(invalid)?;
        let mut file = File::options().append(true).open(&path)?;
        if reading.length < bytes.len() {
            file.set_len(reading.length as u64)?;
        }
        if !reading.records.is_empty() && bytes[reading.length - 1] != b'\n' {
            file.write_all(b"\n")?;
        }
        file.sync_all()?;
        let next = reading.records.len() as u64 + 1;
        let state = State { file, next, chain, broken: None };
        let journal = Journal { path, key: key.clone(), state: Mutex::new(state), listeners };
        Ok((journal, reading.records))
    }

    /// Returns where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the key of its proofs and marks.
    pub fn key(&self) -> &Key {
        &self.key
    }

    /// Appends an event, and returns once it is on disk.
    ///
    /// After an error nothing more is written: what would follow a line that is not whole, or that
    /// the disk may not have, could not be trusted.
    ///
    /// ```compile_fail
    /// use wizard::journal::{Event, Journal};
    /// # fn append(journal: &Journal) {
    /// // An event of which nobody masked the texts.
    /// journal.append(Event::Stopped { reason: String::new() });
    /// # }
    /// ```
    pub fn append(&self, event: Clean<Event>) -> io::Result<()> {
        let event = event.into_inner();
        let mut state = self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some((kind, said)) = &state.broken {
            return Err(io::Error::new(*kind, said.clone()));
        }
        let time = jiff::Timestamp::now().as_millisecond();
        let durable = event.is_durable();
        let record = Record { seq: state.next, time, event };
        let mut line = serde_json::to_vec(&record)?;
        state.chain.seal(&mut line);
        line.push(b'\n');
        let written = state.file.write_all(&line);
        let written = written.and_then(|()| if durable { state.file.sync_data() } else { Ok(()) });
        if let Err(error) = written {
            state.broken = Some((error.kind(), error.to_string()));
            return Err(error);
        }
        state.next += 1;
        for listener in &self.listeners {
            listener(&record);
        }
        Ok(())
    }
}

/// Reads a journal, or a stream of events that was kept, whoever wrote it: nothing vouches for it.
/// A last line that was cut is left out; any other bad line is an error.
pub fn read(path: &Path) -> io::Result<Vec<Record>> {
    parse(&std::fs::read(path)?).map_err(invalid)
}

/// Reads the lines of a journal, as [`read`] does.
pub fn parse(bytes: &[u8]) -> Result<Vec<Record>, String> {
    Ok(reading(bytes, None)?.records)
}

/// Reads a journal of this machine's: every line carries the proof that is due. A last line that
/// was cut is left out.
///
/// # Errors
///
/// Fails where it cannot be read, or names the first line that is not as it was written.
pub fn verified(path: &Path, key: &Key) -> io::Result<Vec<Record>> {
    let bytes = std::fs::read(path)?;
    Ok(reading(&bytes, Some(&mut Chain::new(key))).map_err(invalid)?.records)
}

/// Whether any line of a journal carries a proof, so that it is to be read with [`verified`].
pub fn has_proofs(path: &Path) -> io::Result<bool> {
    Ok(std::fs::read(path)?.split(|byte| *byte == b'\n').any(has_proof))
}

/// What is read of a journal.
struct Reading {
    records: Vec<Record>,
    /// Bytes of the lines that are whole.
    length: usize,
}

fn reading(bytes: &[u8], mut chain: Option<&mut Chain>) -> Result<Reading, String> {
    let mut read = Reading { records: Vec::new(), length: 0 };
    let mut lines = bytes.split_inclusive(|byte| *byte == b'\n').enumerate().peekable();
    while let Some((index, line)) = lines.next() {
        let record: Record = match serde_json::from_slice(line) {
            Ok(record) => record,
            Err(error) if lines.peek().is_none() && was_cut(line, &error) => return Ok(read),
            Err(error) => return Err(fault(index + 1, line, &error, &read.records)),
        };
        if let Some(chain) = &mut chain
            && !chain.holds(line)
        {
            return Err(broken(index + 1, line));
        }
        if let Some(before) = read.records.last()
            && record.seq != before.seq + 1
        {
            let (due, found) = (before.seq + 1, record.seq);
            return Err(format!(
                "line {} has the number {found} where {due} is due: lines were dropped or moved",
                index + 1
            ));
        }
        read.records.push(record);
        read.length += line.len();
    }
    Ok(read)
}

/// Says what is wrong with a line whose proof does not hold.
fn broken(number: usize, line: &[u8]) -> String {
    match (number, has_proof(line)) {
        (_, false) => format!(
            "line {number} carries no proof: it was changed, or an early version of wizard wrote it"
        ),
        (1, true) => "line 1 is not as it was written, or was written with another key: its proof \
                      does not hold"
            .to_owned(),
        (_, true) => format!(
            "line {number} is not as it was written, or lines before it are missing: its proof does \
             not hold"
        ),
    }
}

fn invalid(fault: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, fault)
}

/// Makes a folder, and the folders above it that are missing, that only their owner can enter.
pub(crate) fn private_folder(folder: &Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Makes what was made or renamed in a folder last through a loss of power, where the system lets
/// a folder be waited for.
pub(crate) fn settle(folder: &Path) -> io::Result<()> {
    #[cfg(unix)]
    File::open(folder)?.sync_all()?;
    #[cfg(not(unix))]
    let _ = folder;
    Ok(())
}

/// Returns the JSON Schema of a line of a journal.
pub fn schema() -> schemars::Schema {
    schemars::schema_for!(Line)
}

/// Whether a last line is what a crash leaves: no end of the line, and no whole value on it.
fn was_cut(line: &[u8], error: &serde_json::Error) -> bool {
    !line.ends_with(b"\n") && !error.is_data()
}

/// Says why a line cannot be read, and what could read it.
fn fault(number: usize, line: &[u8], error: &serde_json::Error, before: &[Record]) -> String {
    let line: serde_json::Value = serde_json::from_slice(line).unwrap_or_default();
    let event = line["event"].as_str().unwrap_or_default();
    if !error.to_string().starts_with(&format!("unknown variant `{event}`")) {
        return format!("line {number} is not an event: {error}");
    }
    let event = shown::line(event);
    let own = env!("CARGO_PKG_VERSION");
    let writer = before.iter().rev().find_map(|record| match &record.event {
        Event::RunStarted { wizard, .. } if wizard != own => Some(shown::line(wizard)),
        _ => None,
    });
    let help = match writer {
        Some(writer) => format!("read this journal with wizard {writer}, which wrote it"),
        None => "read this journal with the wizard that wrote it".to_owned(),
    };
    format!("line {number} has the event `{event}`, which wizard {own} does not know; {help}")
}

#[cfg(test)]
mod tests;
