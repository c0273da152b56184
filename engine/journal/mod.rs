//! What happened: the append-only events of a run.
//!
//! **Invariant:** an event is on disk before the thing it speaks of is done, and before any
//! reader of events is told. The live display, the NDJSON stream and the report read nothing else.

#![expect(clippy::disallowed_methods, reason = "the journal stands outside the project")]

mod digest;
mod edits;
pub mod event;
pub mod shown;
mod texts;

use std::{
    fs::File,
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::Mutex,
};

use serde::{Deserialize, Serialize};

pub use digest::{digest, digest_of};
pub use edits::Edits;
pub use event::{At, Event, Status};

use crate::redact::Clean;

/// One line of a journal.
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

/// Told of each record after it is on disk.
pub type Listener = Box<dyn Fn(&Record) + Send + Sync>;

/// An open journal: one writer, on disk.
pub struct Journal {
    path: PathBuf,
    state: Mutex<State>,
    listeners: Vec<Listener>,
}

struct State {
    file: File,
    next: u64,
}

impl Journal {
    /// Creates the journal of a run in a folder, which must exist.
    pub fn create(folder: &Path, listeners: Vec<Listener>) -> io::Result<Self> {
        let path = folder.join("journal.jsonl");
        let mut options = File::options();
        options.create_new(true).append(true);
        // Nobody but the person reads what a run did.
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&path)?;
        Ok(Journal { path, state: Mutex::new(State { file, next: 1 }), listeners })
    }

    /// Opens the journal of a run to go on with it, and returns what it says so far. A last line
    /// that was cut is taken off.
    pub fn open(folder: &Path, listeners: Vec<Listener>) -> io::Result<(Self, Vec<Record>)> {
        let path = folder.join("journal.jsonl");
        let bytes = std::fs::read(&path)?;
        let records = read(&path)?;
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        let file = File::options().append(true).open(&path)?;
        file.set_len(whole as u64)?;
        let next = records.len() as u64 + 1;
        Ok((Journal { path, state: Mutex::new(State { file, next }), listeners }, records))
    }

    /// Returns where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Appends an event, and returns once it is on disk.
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
        let time = jiff::Timestamp::now().as_millisecond();
        let durable = event.is_durable();
        let record = Record { seq: state.next, time, event };
        let mut line = serde_json::to_vec(&record)?;
        line.push(b'\n');
        state.file.write_all(&line)?;
        if durable {
            state.file.sync_data()?;
        }
        state.next += 1;
        for listener in &self.listeners {
            listener(&record);
        }
        Ok(())
    }
}

/// Reads a journal. A last line that was cut is left out; any other bad line is an error.
pub fn read(path: &Path) -> io::Result<Vec<Record>> {
    let invalid = |fault| io::Error::new(io::ErrorKind::InvalidData, fault);
    parse(&std::fs::read(path)?).map_err(invalid)
}

/// Reads the lines of a journal, as [`read`] does.
pub fn parse(bytes: &[u8]) -> Result<Vec<Record>, String> {
    let mut records: Vec<Record> = Vec::new();
    let mut lines = bytes.split_inclusive(|byte| *byte == b'\n').enumerate().peekable();
    while let Some((index, line)) = lines.next() {
        match serde_json::from_slice(line) {
            Ok(record) => records.push(record),
            Err(error) if lines.peek().is_none() && was_cut(line, &error) => {}
            Err(error) => return Err(fault(index + 1, line, &error, &records)),
        }
    }
    Ok(records)
}

/// Returns the JSON Schema of a line of a journal.
pub fn schema() -> schemars::Schema {
    schemars::schema_for!(Record)
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
