//! The events of a run.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use crate::journal::kinds::{CheckVerdict, Decision, Outcome, RetroNote, Status};
pub use crate::journal::mark::{FileDiff, FileMark, Splice};
use crate::model::{Stop, Usage};
pub use crate::sandbox::Level;

/// Where in a run something happened.
#[derive(
    Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub struct At {
    /// The stage's id.
    pub stage: String,
    /// The item's index in a `for_each`, from 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item: Option<usize>,
}

/// Something that happened, or is about to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// A run begins; written again where one goes on that had stopped.
    RunStarted {
        /// The run's id.
        run: String,
        /// The engine's version.
        wizard: String,
        /// The playbook's name.
        playbook: String,
        /// SHA-256 of its bundle.
        hash: String,
        /// The project's root.
        project: String,
        /// The model that `default` stands for, if any stage needs one.
        model: Option<String>,
        /// The cassette it is replayed from, if it is.
        replay: Option<String>,
        /// The inputs; secrets as their handles.
        inputs: BTreeMap<String, Value>,
        /// Each stage's id and title, in order.
        stages: Vec<(String, String)>,
        /// Where the playbook is found again: a name, a path, or an address.
        #[serde(default)]
        source: String,
        /// The library that its name was looked up in first, if one was named.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        library: Option<String>,
        /// Stages that are played again: what the journal says of them before does not count.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        again: Vec<String>,
    },
    /// A run is taken back; what follows is what is put back.
    UndoStarted {
        /// The undo's own id: it is a run, and can be taken back.
        run: String,
        /// The run that is taken back.
        of: String,
        /// The engine's version.
        wizard: String,
        /// The project's root.
        project: String,
    },
    /// How the project stands was kept beside the journal, in a file of its own: what follows may
    /// change it, and an undo goes back to it.
    StartKept {
        /// How many files it has that git does not ignore.
        files: usize,
        /// SHA-256 of what was kept.
        hash: String,
        /// Files that were too large to keep, though commands may change them.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        left_out: Vec<String>,
    },
    /// A requirement was held against the project.
    Requirement {
        /// The requirement in words.
        text: String,
        /// `met`, `unmet` or `unknown`.
        verdict: String,
        /// What was found.
        found: String,
    },
    /// A reference is ready to be looked up.
    ReferenceReady {
        /// Its name.
        name: String,
        /// `doc`, `file` or `airplane`.
        kind: String,
        /// Its tokens, bytes / 4.
        tokens: u64,
        /// SHA-256 of its text.
        hash: String,
        /// For a doc: where from, how, and its age in seconds.
        fetched: Option<(String, String, u64)>,
    },
    /// A reference could not be had and the playbook goes on without.
    ReferenceMissing {
        /// Its name.
        name: String,
        /// Why.
        reason: String,
    },
    /// A stage begins.
    StageStarted {
        /// The stage's id.
        stage: String,
        /// What it is made of: the beginning of the SHA-256 of each part that would let it come
        /// out otherwise.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        recipe: BTreeMap<String, String>,
        /// Why it is played and not used again, where a run was asked to use stages again.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        because: Option<String>,
    },
    /// A stage is not played: what an earlier run left of it is used again.
    StageReused {
        /// The stage's id.
        stage: String,
        /// The earlier run's id.
        from: String,
        /// What it is made of, as in `stage_started`.
        recipe: BTreeMap<String, String>,
        /// What it left.
        output: Value,
        /// Whether the output is a document for the person.
        document: bool,
        /// The files that it read or changed.
        rests_on: Vec<String>,
        /// Whether it may have read any other file as well.
        whole: bool,
        /// Env keys that it set.
        keys: Vec<String>,
    },
    /// The items of a `for_each`, before the first of them begins.
    ItemsListed {
        /// The stage's id.
        stage: String,
        /// The items.
        items: Vec<Value>,
    },
    /// An item of a `for_each` begins.
    ItemStarted {
        /// Which.
        at: At,
        /// Its title.
        title: String,
    },
    /// What the model is told first in a stage or an item. With the replies and the results that
    /// follow it is the whole conversation.
    Briefed {
        /// Where.
        at: At,
        /// The text that every stage of the playbook begins with; absent where it is that of the
        /// last briefing.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        system: Option<String>,
        /// The stage's own first message.
        text: String,
    },
    /// A request is about to be sent.
    RequestSent {
        /// Where.
        at: At,
        /// The turn, from 1.
        turn: u32,
        /// The attempt, from 1.
        attempt: u32,
        /// The model's id.
        model: String,
        /// Its tokens, estimated.
        tokens: u64,
        /// Money reserved for it, in US dollars.
        reserved: Option<f64>,
    },
    /// A request failed in passing and will be sent again.
    RequestRetried {
        /// Where.
        at: At,
        /// Why.
        reason: String,
        /// After how many milliseconds.
        wait: u64,
        /// Whether the service may have counted the try that failed: then what was reserved for
        /// it stays spent, and as much is reserved anew.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        counted: bool,
    },
    /// A conversation was longer than the model can read. What the model can look up again was
    /// left out of it before it is sent on.
    Shortened {
        /// Where.
        at: At,
        /// The turn whose request it is, from 1.
        turn: u32,
        /// Bytes of the request before.
        before: u64,
        /// Bytes of it after.
        after: u64,
    },
    /// A whole reply arrived. Recorded before any of its calls is performed.
    Reply {
        /// Where.
        at: At,
        /// The turn, from 1.
        turn: u32,
        /// What the model said and called.
        blocks: Value,
        /// Why it stopped.
        #[serde(default)]
        stop: Stop,
        /// Tokens; estimated where the service did not say.
        usage: Usage,
        /// Whether the usage is an estimate of ours.
        estimated: bool,
        /// What it cost, in US dollars, where the price is known.
        usd: Option<f64>,
        /// How long it took, in milliseconds.
        took: u64,
        /// Whether it is the answer to the question after the end.
        #[serde(default)]
        retro: bool,
    },
    /// A tool answered.
    ToolAnswered {
        /// Where.
        at: At,
        /// The call's id.
        call: String,
        /// The tool.
        tool: String,
        /// What it was about, in a few words for a person: a path, a pattern, a command.
        about: String,
        /// How it went.
        outcome: Outcome,
        /// What the model was told.
        text: String,
        /// The SHA-256 of each file as the model saw it with this, or left it; absent where it
        /// removed the file.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        seen: BTreeMap<String, Option<String>>,
    },
    /// Something was taken out of what a tool answered, or of a reference, before the model saw it.
    Cleaned {
        /// Where; nowhere for a reference, which all stages see.
        at: At,
        /// The tool.
        tool: String,
        /// What it was about, in a few words for a person.
        about: String,
        /// Invisible characters that were removed.
        invisible: usize,
        /// Secrets that were masked.
        masked: usize,
    },
    /// A tool of a server is about to be called.
    ServerAsked {
        /// Where.
        at: At,
        /// The server's name in the playbook.
        server: String,
        /// The tool.
        tool: String,
        /// What it is given.
        arguments: Value,
    },
    /// A tool of a server answered, or did not.
    ServerAnswered {
        /// Where.
        at: At,
        /// The server's name in the playbook.
        server: String,
        /// The tool.
        tool: String,
        /// Whether there is no answer, or one that says that it failed.
        failed: bool,
        /// Bytes of the answer.
        bytes: usize,
        /// How long it took, in milliseconds.
        took: u64,
        /// Whether it was replayed from a cassette.
        replayed: bool,
    },
    /// A file is about to change.
    FileChanging {
        /// Where.
        at: At,
        /// Its path, relative to the project.
        path: String,
        /// SHA-256 of its bytes; absent when it does not exist. The bytes are kept beside the
        /// journal, in `blobs/` by this hash.
        before: Option<String>,
        /// SHA-256 of the bytes to be; absent when it is removed.
        after: Option<String>,
        /// The permissions to be, where they are not kept as they are.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        mode: Option<u32>,
    },
    /// A file changed as announced.
    FileChanged {
        /// Where.
        at: At,
        /// Its path, relative to the project.
        path: String,
        /// SHA-256 of its bytes before.
        before: Option<String>,
        /// SHA-256 of its bytes after.
        after: Option<String>,
        /// Lines that this change added.
        #[serde(default)]
        added: usize,
        /// Lines that it removed.
        #[serde(default)]
        removed: usize,
    },
    /// What a command left of each file and folder that it changed; nothing of one that it removed.
    FilesLeft {
        /// Where.
        at: At,
        /// By path, relative to the project.
        files: BTreeMap<String, Option<FileMark>>,
        /// The permissions of folders, by path; 0 where the system has none.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        folders: BTreeMap<String, Option<u32>>,
    },
    /// A key of the env file is about to be set. Its value is never recorded.
    EnvSetting {
        /// Where.
        at: At,
        /// The env file.
        file: String,
        /// The key.
        key: String,
        /// Whether the file was created for it.
        created: bool,
        /// How the file's bytes change.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        splice: Option<Splice>,
        /// Whether the key is not set, but is taken back by an undo.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        taken_back: bool,
    },
    /// A command is about to run.
    CommandStarted {
        /// Where.
        at: At,
        /// Its name in the playbook.
        name: String,
        /// What is run.
        argv: Vec<String>,
        /// Why: `tool`, `check`, `baseline` or `stage`.
        why: String,
        /// How far it is confined: `full`, `kernel` or `none`; absent in a replay.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        level: Option<Level>,
    },
    /// A command ended.
    CommandEnded {
        /// Where.
        at: At,
        /// Its name in the playbook.
        name: String,
        /// Its exit code; absent when it was ended by a signal or a limit.
        exit: Option<i32>,
        /// The last lines of what it printed.
        text: String,
        /// How long it took, in milliseconds.
        took: u64,
        /// The files that it changed and git does not ignore, relative to the project.
        changed: Vec<String>,
        /// Whether it was replayed from a cassette.
        replayed: bool,
        /// What it changed although it must not, and was put back as it was.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        reverted: Vec<String>,
    },
    /// A check was evaluated.
    CheckRan {
        /// Where.
        at: At,
        /// The check in words.
        check: String,
        /// What came of it.
        verdict: CheckVerdict,
        /// What it saw.
        evidence: String,
    },
    /// Failed checks, a bad output or a rejection went back to the model.
    AttemptFailed {
        /// Where.
        at: At,
        /// The attempt that failed, from 1.
        attempt: u32,
        /// Why.
        reason: String,
    },
    /// A person is asked.
    Asked {
        /// Where.
        at: At,
        /// What: `approve before`, `approve output`, or a question's id.
        what: String,
        /// The question, or what is to be approved.
        text: String,
    },
    /// A person, or what stands in for one, answered.
    Answered {
        /// Where.
        at: At,
        /// What was asked.
        what: String,
        /// The answer in words.
        answer: String,
        /// What was decided, where a run that goes on must know.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        decision: Option<Decision>,
        /// Who: `person`, `--yes`, `answers file`, `default` or `cassette`.
        by: String,
        /// Milliseconds that it took: they do not count against the budget.
        waited: u64,
    },
    /// An output was accepted.
    Output {
        /// Where.
        at: At,
        /// The output.
        output: Value,
        /// Whether it is a document for the person.
        document: bool,
    },
    /// An item ended.
    ItemFinished {
        /// Which.
        at: At,
        /// How.
        status: Status,
        /// Why, where it did not succeed.
        reason: Option<String>,
        /// What it left; null where that is nothing.
        #[serde(default, skip_serializing_if = "Value::is_null")]
        output: Value,
    },
    /// A stage ended.
    StageFinished {
        /// The stage's id.
        stage: String,
        /// How.
        status: Status,
        /// Why, where it did not succeed.
        reason: Option<String>,
        /// Whether the playbook says that it is optional.
        optional: bool,
    },
    /// The answer to the question after the end.
    Retro {
        /// The stage's id.
        stage: String,
        /// What was missing, wrong or contradictory.
        notes: Vec<RetroNote>,
        /// The tool that the model wanted and did not have.
        wanted_tool: Option<String>,
    },
    /// The run stopped before its end.
    Stopped {
        /// Why: an interrupt, a budget, a limit, a person who is missing.
        reason: String,
    },
    /// The run ended.
    RunFinished {
        /// The exit code.
        exit: u8,
        /// The files that differ from what they were at the beginning.
        changed: Vec<FileDiff>,
    },
}

impl Event {
    /// Whether the disk must have it before the run goes on: replies that were paid for, and
    /// what is about to change the project.
    pub fn is_durable(&self) -> bool {
        matches!(
            self,
            Event::Reply { .. }
                | Event::FileChanging { .. }
                | Event::EnvSetting { .. }
                | Event::CommandStarted { .. }
                | Event::ServerAsked { .. }
                | Event::FilesLeft { .. }
                | Event::RunFinished { .. }
        )
    }
}

impl Event {
    /// Whether it is about to change the project, or did.
    pub fn changes_project(&self) -> bool {
        matches!(
            self,
            Event::FileChanging { .. }
                | Event::EnvSetting { .. }
                | Event::CommandStarted { .. }
                | Event::FilesLeft { .. }
        )
    }
}

impl At {
    /// Makes the place of a stage that has no items.
    pub fn stage(id: impl Into<String>) -> Self {
        At { stage: id.into(), item: None }
    }
}

impl std::fmt::Display for At {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.item {
            Some(item) => write!(formatter, "{}[{}]", self.stage, item + 1),
            None => formatter.write_str(&self.stage),
        }
    }
}
