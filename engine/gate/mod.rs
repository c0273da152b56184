//! The one gate: every effect of a stage goes through here, or does not happen.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{Arc, Mutex},
};

use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    approval::Person,
    journal::{At, Journal},
    plan::{Inputs, Powers},
    playbook::Playbook,
    project::Project,
    reference::Index,
};

/// What the gates of one run share.
pub struct Hall {
    /// The playbook: its commands and its env file.
    pub playbook: Arc<Playbook>,
    /// The project: its root and package manager.
    pub project: Arc<Project>,
    /// The inputs, with the secrets that `env` can set.
    pub inputs: Inputs,
    /// Where effects are recorded before they are performed.
    pub journal: Arc<Journal>,
    /// Where the bytes of files are kept as they were, by their hash.
    pub blobs: PathBuf,
    /// Runs commands.
    pub runner: Arc<dyn Runner>,
    /// Answers questions.
    pub person: Arc<dyn Person>,
    /// What `reference` looks up.
    pub references: Index,
}

/// One stage's, or one item's, way to the world.
pub struct Gate {
    /// What all gates share.
    pub hall: Arc<Hall>,
    /// Whose it is.
    pub at: At,
    /// What it lets through.
    pub powers: Powers,
    /// What templates in commands and env values see.
    pub scope: Value,
    /// The hash of each file as the model last read or wrote it: an edit needs it.
    pub seen: Mutex<BTreeMap<String, String>>,
}

/// A seam: runs programs.
pub trait Runner: Send + Sync {
    /// Runs a program to its end, or to its limit.
    fn run<'a>(&'a self, invocation: &'a Invocation) -> BoxFuture<'a, Result<Ran, String>>;
}

/// A program to run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Invocation {
    /// Whose it is.
    pub at: At,
    /// The command's name in the playbook.
    pub name: String,
    /// Program and arguments.
    pub argv: Vec<String>,
    /// The folder it runs in.
    pub cwd: PathBuf,
    /// Seconds it may take.
    pub timeout: u64,
    /// Why it runs: `tool`, `check`, `baseline` or `stage`.
    pub why: String,
}

/// What a program did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ran {
    /// Its exit code; absent when it was ended by a signal or a limit.
    pub exit: Option<i32>,
    /// What it printed, both streams as they came, the middle cut where it is long.
    pub text: String,
    /// How long it took, in milliseconds.
    pub took: u64,
    /// Whether it comes from a cassette.
    #[serde(default)]
    pub replayed: bool,
}

/// Why an effect did not happen.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// The stage does not have the power. The text says what would be allowed.
    #[error("{0}")]
    Power(String),
    /// It was asked badly, or the world is not as the model thinks.
    #[error("{0}")]
    Reply(String),
    /// The run cannot go on: the journal or the disk failed, or nobody is here to answer.
    #[error("{0}")]
    Fatal(String),
}
