//! What a person reads afterwards, folded from a journal.
//!
//! **Invariant:** what a report says of success is what the journal saw: diffs, checks, refusals,
//! costs. What the model says of itself is marked as its words.

pub mod compare;
mod conclusion;
mod fold;
pub mod json;
pub mod markdown;
mod sum;
pub mod text;
pub mod transcript;
pub mod why;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::journal::At;
use crate::journal::event::{CheckVerdict, Level, RetroNote, Status};

pub use fold::fold;

/// The version of a report's format.
pub const FORMAT: u32 = 1;

/// A run, as its journal tells it.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Report {
    /// The version of this format.
    pub report: u32,
    /// The run's id; empty where the journal does not say.
    pub run: String,
    /// The version of the engine that played it.
    pub wizard: String,
    /// The playbook's name.
    pub playbook: String,
    /// SHA-256 of the playbook's bundle.
    pub hash: String,
    /// The project's root.
    pub project: String,
    /// The model that `default` stood for, if any stage needed one.
    pub model: Option<String>,
    /// The cassette it was replayed from, if it was.
    pub replay: Option<String>,
    /// How it ended.
    pub ending: Ending,
    /// The exit code; absent where the run did not come to one.
    pub exit: Option<u8>,
    /// Why it ended so, where it did not succeed.
    pub reason: Option<String>,
    /// What was held against the project before the first token.
    pub requirements: Vec<RequirementReport>,
    /// The stages, in the order of the playbook.
    pub stages: Vec<StageReport>,
    /// The files that differ from what they were at the beginning.
    pub files: Vec<FileReport>,
    /// The keys of env files that were set. Values are never recorded.
    pub env: Vec<EnvReport>,
    /// The commands that ran.
    pub commands: Vec<CommandReport>,
    /// How far the least confined of them was; absent where none ran here.
    pub confined: Option<Level>,
    /// The checks, each with what came of it last.
    pub checks: Vec<CheckReport>,
    /// What the model asked for and was not given.
    pub refusals: Vec<RefusalReport>,
    /// Tools of servers that were called.
    pub server_calls: Vec<ServerCallReport>,
    /// What was taken out of what the model was shown.
    pub cleaned: Vec<CleanedReport>,
    /// What people were asked, and what they, or what stood in for them, answered.
    pub answers: Vec<AnswerReport>,
    /// The references that were ready, and those that could not be had.
    pub references: Vec<ReferenceReport>,
    /// What models would have wished for in the playbook, in their words.
    pub retro: Vec<RetroReport>,
    /// What was left undone, and why.
    pub undone: Vec<Undone>,
    /// Sums over the whole run.
    pub totals: Totals,
    /// Where the journal is, where the caller says.
    pub journal: Option<String>,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// Every stage succeeded or was skipped.
    Succeeded,
    /// A stage failed.
    Failed,
    /// Only optional stages failed.
    Partly,
    /// It stopped, and can go on.
    Stopped,
    /// It could not go on: something of the machine's was wrong.
    Broken,
    /// The journal ends without a word: a crash, or a run that is still under way.
    Unfinished,
}

/// A requirement, held against the project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RequirementReport {
    /// The requirement in words.
    pub text: String,
    /// `met`, `unmet` or `unknown`.
    pub verdict: String,
    /// What was found.
    pub found: String,
}

/// One stage.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct StageReport {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// How it stands.
    pub status: Standing,
    /// Why, where it did not succeed.
    pub reason: Option<String>,
    /// Whether the playbook says that it is optional.
    pub optional: bool,
    /// How long it took, in milliseconds; absent where it never began.
    pub took: Option<u64>,
    /// The attempts that began; 0 where no model was asked.
    pub attempts: u32,
    /// Why attempts failed, in order.
    pub failed_attempts: Vec<String>,
    /// Turns, tokens and money, without the question after the end.
    pub spent: Spent,
    /// What it left.
    pub output: Option<Value>,
    /// Whether the output is a document: the model's words for the person.
    pub document: bool,
    /// What it is made of, by part, where it was played or used again.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub recipe: BTreeMap<String, String>,
    /// The run that left it, where it was used again and not played.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reused: Option<String>,
    /// Why it was not used again, where that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
    /// Its items, where it has some, in order.
    pub items: Vec<ItemReport>,
}

/// One item of a `for_each`.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct ItemReport {
    /// Its index, from 0.
    pub item: usize,
    /// Its title.
    pub title: String,
    /// How it stands.
    pub status: Standing,
    /// Why, where it did not succeed.
    pub reason: Option<String>,
    /// How long it took, in milliseconds; absent where it never began.
    pub took: Option<u64>,
    /// The attempts that began; 0 where no model was asked.
    pub attempts: u32,
    /// Turns, tokens and money.
    pub spent: Spent,
}

/// How a stage or an item stands at the end of the journal.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Its checks passed.
    Succeeded,
    /// They did not, or something it needed went wrong.
    Failed,
    /// Its own `when` said no.
    Skipped,
    /// Something it needs failed.
    Blocked,
    /// It began, and did not end.
    Unfinished,
    /// Its turn did not come.
    #[default]
    NotBegun,
}

/// What was spent on models.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, JsonSchema)]
pub struct Spent {
    /// Replies that came.
    pub turns: u32,
    /// Tokens sent.
    pub sent: u64,
    /// Tokens sent that were read from the service's cache.
    pub from_cache: u64,
    /// Tokens received.
    pub received: u64,
    /// Whether any of the token counts is an estimate of ours.
    pub estimated: bool,
    /// US dollars; absent where the price of any reply is unknown.
    pub usd: Option<f64>,
    /// US dollars of the replies whose price is known.
    pub known_usd: f64,
    /// Replies whose price is unknown.
    pub unpriced: u32,
}

/// A file that is not what it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct FileReport {
    /// Its path, relative to the project.
    pub path: String,
    /// `created`, `changed`, `removed`; or `unsure`: the journal ends between the word and the deed.
    pub how: String,
    /// Lines added; absent where they were not counted.
    pub added: Option<usize>,
    /// Lines removed; absent where they were not counted.
    pub removed: Option<usize>,
    /// Who changed it. Nobody: then it was not this run.
    pub by: Vec<Hand>,
}

/// Who changed a file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct Hand {
    /// Where in the run.
    pub at: At,
    /// The command that did it, if it was not a tool.
    pub command: Option<String>,
}

/// A key of an env file that was set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct EnvReport {
    /// Where in the run.
    pub at: At,
    /// The env file.
    pub file: String,
    /// The key.
    pub key: String,
    /// Whether the file was created for it.
    pub created: bool,
}

/// A command that ran.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct CommandReport {
    /// Where in the run.
    pub at: At,
    /// Its name in the playbook.
    pub name: String,
    /// What was run.
    pub argv: Vec<String>,
    /// Why: `tool`, `check`, `baseline` or `stage`.
    pub why: String,
    /// Whether the journal saw its end.
    pub ended: bool,
    /// Its exit code; absent when it was ended by a signal or a limit.
    pub exit: Option<i32>,
    /// How long it took, in milliseconds.
    pub took: u64,
    /// Whether it was replayed from a cassette.
    pub replayed: bool,
    /// The files that it changed and git does not ignore.
    pub changed: Vec<String>,
    /// The last lines of what it printed.
    pub text: String,
    /// What it changed although it must not, and was put back as it was.
    pub reverted: Vec<String>,
}

/// A check, with what came of it last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct CheckReport {
    /// Where in the run.
    pub at: At,
    /// The check in words.
    pub check: String,
    /// What came of it. `red_before`: it was red before the first change and is red after it.
    pub verdict: CheckVerdict,
    /// What it saw.
    pub evidence: String,
    /// How often it ran.
    pub runs: u32,
    /// How often it failed.
    pub failures: u32,
}

/// Something that the model asked for and was not given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RefusalReport {
    /// Where in the run.
    pub at: At,
    /// The tool.
    pub tool: String,
    /// What it was about: a path, a pattern, a command.
    pub about: String,
    /// What the model was told.
    pub text: String,
    /// How often.
    pub count: u32,
}

/// A tool of a server that was called.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ServerCallReport {
    /// Where in the run.
    pub at: At,
    /// The server's name in the playbook.
    pub server: String,
    /// The tool.
    pub tool: String,
    /// How often it was called.
    pub count: u32,
    /// How often it failed or did not answer.
    pub failed: u32,
}

/// What was taken out of what a model was shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct CleanedReport {
    /// Where in the run; nowhere for a reference, which all stages see.
    pub at: At,
    /// The tool.
    pub tool: String,
    /// What it was about: a path, a pattern, a command.
    pub about: String,
    /// Invisible characters that were removed.
    pub invisible: usize,
    /// Secrets that were masked.
    pub masked: usize,
}

/// What a person was asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct AnswerReport {
    /// Where in the run.
    pub at: At,
    /// What: `approve before`, `approve output`, or a question's id.
    pub what: String,
    /// The question, or what was to be approved.
    pub text: String,
    /// The answer in words; absent where none came.
    pub answer: Option<String>,
    /// Who: `person`, `--yes`, `answers file`, `default` or `cassette`.
    pub by: Option<String>,
    /// Milliseconds that it took.
    pub waited: u64,
}

/// A reference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ReferenceReport {
    /// Its name.
    pub name: String,
    /// `doc`, `file` or `airplane`; absent where it could not be had.
    pub kind: Option<String>,
    /// Its tokens.
    pub tokens: u64,
    /// SHA-256 of its text; absent where it could not be had.
    pub hash: Option<String>,
    /// For a doc: where from, how, and its age in seconds.
    pub fetched: Option<(String, String, u64)>,
    /// Why it could not be had.
    pub missing: Option<String>,
    /// How often the model looked into it.
    pub uses: u32,
    /// What each stage read of it, in the order of the first time.
    pub readings: Vec<Reading>,
}

/// What a stage read of a reference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Reading {
    /// The stage's id.
    pub stage: String,
    /// The file or the heading; absent for its list of them, and for passages that a search found.
    pub part: Option<String>,
    /// How often.
    pub times: u32,
}

/// What a model would have wished for, in its words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RetroReport {
    /// The stage's id.
    pub stage: String,
    /// What was missing, wrong or contradictory.
    pub notes: Vec<RetroNote>,
    /// The tool that the model wanted and did not have.
    pub wanted_tool: Option<String>,
}

/// Something that was left undone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Undone {
    /// Of what kind.
    pub kind: UndoneKind,
    /// What: a stage, a requirement, a reference, a command, a file.
    pub what: String,
    /// Why, or what was found.
    pub why: String,
}

/// What kind of thing was left undone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum UndoneKind {
    /// A stage that failed.
    Failed,
    /// A stage that something it needs kept from beginning.
    Blocked,
    /// A stage that its own `when` left out.
    Skipped,
    /// A stage that began and did not end.
    Unfinished,
    /// A stage whose turn did not come.
    NotBegun,
    /// A requirement that does not hold.
    RequirementUnmet,
    /// A requirement of which it cannot be told.
    RequirementUnknown,
    /// A reference that could not be had.
    ReferenceMissing,
    /// A command whose end the journal did not see.
    CommandUnfinished,
    /// A file of which it cannot be told whether the last change reached it.
    FileUnsure,
}

/// Sums over a run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, JsonSchema)]
pub struct Totals {
    /// Turns, tokens and money, the questions after the end among them.
    pub spent: Spent,
    /// Of these, what the questions after the end took.
    pub retro: Spent,
    /// Requests that were sent again.
    pub retries: u32,
    /// Milliseconds from the beginning to the end, pauses between a stop and a resume left out.
    pub wall: u64,
    /// Of these, the milliseconds that people took to answer.
    pub waiting: u64,
}

impl Report {
    /// Says where the journal is.
    #[must_use]
    pub fn kept_at(mut self, path: &std::path::Path) -> Self {
        self.journal = Some(path.display().to_string());
        self
    }

    /// Returns the documents: the id of the stage that wrote each, and the model's words.
    pub fn documents(&self) -> impl Iterator<Item = (&str, &str)> {
        self.stages.iter().filter(|stage| stage.document).filter_map(|stage| {
            let text = stage.output.as_ref()?.as_str()?;
            Some((stage.id.as_str(), text))
        })
    }

    /// Counts the checks that came to a verdict.
    pub fn count(&self, verdict: CheckVerdict) -> usize {
        self.checks.iter().filter(|check| check.verdict == verdict).count()
    }
}

impl Ending {
    /// Says it in a word or a few.
    pub fn words(self) -> &'static str {
        match self {
            Ending::Succeeded => "succeeded",
            Ending::Failed => "failed",
            Ending::Partly => "succeeded in part",
            Ending::Stopped => "stopped",
            Ending::Broken => "could not go on",
            Ending::Unfinished => "stopped without saying why",
        }
    }
}

impl Standing {
    /// Says it in a word or two.
    pub fn words(self) -> &'static str {
        match self {
            Standing::Succeeded => "succeeded",
            Standing::Failed => "failed",
            Standing::Skipped => "skipped",
            Standing::Blocked => "blocked",
            Standing::Unfinished => "unfinished",
            Standing::NotBegun => "not begun",
        }
    }
}

impl From<Status> for Standing {
    fn from(status: Status) -> Self {
        match status {
            Status::Succeeded => Standing::Succeeded,
            Status::Failed => Standing::Failed,
            Status::Skipped => Standing::Skipped,
            Status::Blocked => Standing::Blocked,
        }
    }
}

impl std::fmt::Display for Hand {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.command {
            Some(command) => write!(formatter, "{}: {command}", self.at),
            None => self.at.fmt(formatter),
        }
    }
}

/// Returns the JSON Schema of a report.
pub fn schema() -> schemars::Schema {
    schemars::schema_for!(Report)
}
