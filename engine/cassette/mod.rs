//! A recorded run: what its model, its commands, its docs and its person answered, to be played
//! again.
//!
//! **Invariant:** nothing secret is in it. Every line passes [`clean`] on its way to the file,
//! and secret inputs are their handles.

mod clean;
pub mod patch;
mod play;
mod record;
mod tree;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::approval::{Decision, Question};
use crate::gate::servers::ServerAnswer;
use crate::journal::At;
use crate::model::message::TurnId;
use crate::model::{Reply, Request};
use crate::online::ServerTool;
use crate::plan::{Given, Plan, inputs::handle};
use crate::reference::Page;

pub use patch::FilePatch;
pub use play::Player;
pub use record::Recorder;

/// The version of the format.
pub const FORMAT: u32 = 1;

/// A cassette, read whole. As a file it is JSON Lines: the head, then what was answered, in the
/// order of completion.
#[derive(Debug, Clone, PartialEq)]
pub struct Cassette {
    /// What was recorded, and with what.
    pub head: Head,
    /// What was answered.
    pub lines: Vec<Line>,
}

/// The first line of a cassette.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Head {
    /// The version of the format: [`FORMAT`].
    pub cassette: u32,
    /// The version of wizard that recorded it.
    pub wizard: String,
    /// The playbook's name.
    pub playbook: String,
    /// SHA-256 of the playbook's bundle.
    pub hash: String,
    /// The id of the model that `default` stood for, where a stage needed one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// The inputs; secrets as their handles.
    #[serde(default)]
    pub inputs: BTreeMap<String, Value>,
}

/// A line of a cassette after the first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Line {
    /// A model replied.
    Turn(Turn),
    /// A command ended.
    Command(Command),
    /// A host was asked for a doc.
    Doc(Doc),
    /// A person answered.
    Answer(Answered),
    /// Servers listed their tools.
    Tools(Tools),
    /// A tool of a server was called.
    Call(Called),
}

/// The tools of servers that were offered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tools {
    /// Each as its server described it.
    pub tools: Vec<ServerTool>,
}

/// A call of a tool of a server, and what came of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Called {
    /// Whose it was.
    pub at: At,
    /// The server's name in the playbook.
    pub server: String,
    /// The tool.
    pub tool: String,
    /// What it was given, for the reader.
    pub arguments: Value,
    /// What it answered, or why it did not.
    pub answer: Result<ServerAnswer, String>,
}

/// A request and its reply.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Turn {
    /// Where in the run.
    pub turn: TurnId,
    /// The last message of the request.
    pub sees: Sees,
    /// The reply.
    pub replies: Reply,
}

/// What the last message of a request says, cut for the reader.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sees {
    /// Its prose.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
    /// The results of the calls before it, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub results: Vec<Seen>,
}

/// A result, cut for the reader.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// The id of the call.
    pub call: String,
    /// The tool.
    pub tool: String,
    /// Whether it is a refusal or a failure.
    pub error: bool,
    /// How it begins.
    pub text: String,
}

/// A command that ran.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Command {
    /// Whose it was.
    pub at: At,
    /// Its name in the playbook.
    pub name: String,
    /// Why it ran: `tool`, `check`, `baseline` or `stage`.
    pub why: String,
    /// What was run, for the reader.
    pub argv: Vec<String>,
    /// How it ended.
    #[serde(flatten)]
    pub ended: Ended,
    /// The files that it changed and git does not ignore.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<FilePatch>,
}

/// How a command ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ended {
    /// It ran.
    Ran {
        /// Its exit code; absent when it was ended by a signal or a limit.
        exit: Option<i32>,
        /// What it printed.
        text: String,
        /// How long it took, in milliseconds.
        took: u64,
    },
    /// It could not be run; why.
    NotRun(String),
}

/// A doc, as its host gave it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Doc {
    /// The address that was asked for.
    pub url: String,
    /// What came of it.
    #[serde(flatten)]
    pub got: Got,
}

/// What came of asking for a doc.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Got {
    /// The page; the stored one where the host said that it is current.
    Page(Page),
    /// Nothing; why.
    Unreachable(String),
}

/// A person's answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Answered {
    /// Whose question it was.
    pub at: At,
    /// What was asked.
    pub asked: Asked,
    /// What was decided.
    pub decision: Decision,
    /// Who decided when it was recorded.
    pub by: String,
}

/// What a person is asked, without its words.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Asked {
    /// May a stage begin?
    Before,
    /// Is an output right?
    Output,
    /// A model's question, by its id.
    Ask(String),
}

/// A cassette that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CassetteError {
    /// There is nothing in it.
    #[error("the cassette is empty: record a run with `--record FILE`")]
    Empty,
    /// It is of another version.
    #[error(
        "the cassette has format {0}, and this wizard reads format {FORMAT}: record it again with \
         `--record FILE`"
    )]
    Format(u64),
    /// A line is not what it should be.
    #[error("line {line} of the cassette is not {wanted}: {reason}")]
    Line {
        /// Its number, from 1.
        line: usize,
        /// What stands there in a cassette.
        wanted: &'static str,
        /// What is wrong, as a lowercase fragment.
        reason: String,
    },
}

impl Cassette {
    /// Reads a cassette.
    pub fn read(bytes: impl AsRef<[u8]>) -> Result<Self, CassetteError> {
        let lines = bytes.as_ref().split(|byte| *byte == b'\n').enumerate();
        let mut lines = lines.filter(|(_, line)| !line.trim_ascii().is_empty());
        let (index, first) = lines.next().ok_or(CassetteError::Empty)?;
        let wrong = |index: usize, wanted: &'static str| {
            move |error: serde_json::Error| CassetteError::Line {
                line: index + 1,
                wanted,
                reason: error.to_string(),
            }
        };
        let head: Value = serde_json::from_slice(first).map_err(wrong(index, "its head"))?;
        match head["cassette"].as_u64() {
            Some(format) if format != u64::from(FORMAT) => {
                return Err(CassetteError::Format(format));
            }
            _ => {}
        }
        let head = serde_json::from_value(head).map_err(wrong(index, "its head"))?;
        let lines = lines.map(|(index, line)| {
            let wanted = "a turn, a command, a doc, an answer, tools or a call";
            serde_json::from_slice(line).map_err(wrong(index, wanted))
        });
        Ok(Cassette { head, lines: lines.collect::<Result<_, _>>()? })
    }
}

impl Head {
    /// Returns the head of a recording of a plan, and of the model that `default` stands for.
    pub fn of(plan: &Plan, model: Option<&str>) -> Self {
        Head {
            cassette: FORMAT,
            wizard: env!("CARGO_PKG_VERSION").to_owned(),
            playbook: plan.playbook.name.value.clone(),
            hash: plan.hash.clone(),
            model: model.map(str::to_owned),
            inputs: plan.inputs.values.clone(),
        }
    }

    /// Returns the recorded inputs as a caller would give them, but for the secrets, which no
    /// cassette holds.
    pub fn given(&self) -> BTreeMap<String, Given> {
        let inputs = self.inputs.iter();
        inputs
            .filter(|(name, value)| value.as_str() != Some(&handle(name)))
            .map(|(name, value)| (name.clone(), Given::Data(value.clone())))
            .collect()
    }
}

impl Asked {
    /// Takes what is asked, and where, out of a question.
    pub fn of(question: &Question) -> (&At, Self) {
        match question {
            Question::Before { at, .. } => (at, Asked::Before),
            Question::Output { at, .. } => (at, Asked::Output),
            Question::Ask { at, id, .. } => (at, Asked::Ask(id.clone())),
        }
    }
}

/// Returns the tool that was called with an id, by the request's own messages.
fn tool_of<'a>(request: &'a Request, call: &str) -> &'a str {
    let blocks = request.messages.iter().rev().flat_map(|message| &message.blocks);
    let mut calls = blocks.filter_map(|block| match block {
        crate::model::Block::Call { id, name, .. } if id == call => Some(name.as_str()),
        _ => None,
    });
    calls.next().unwrap_or("?")
}

#[cfg(test)]
mod tests;
