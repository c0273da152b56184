//! What events are made of: how calls, checks and stages went, what a person decided, what stands
//! at a path.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// How a tool call went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// It was done.
    Done,
    /// It could not be done; the model was told why.
    Failed,
    /// The stage does not have the power.
    Refused,
}

/// What came of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CheckVerdict {
    /// It passed.
    Passed,
    /// It failed.
    Failed,
    /// It was red before the first write and still is: it does not block.
    RedBefore,
}

/// A person's decision.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// Yes, as it is.
    Accept,
    /// Yes, changed to this.
    Edit(Value),
    /// No, with words for the model.
    Revise(String),
    /// No.
    Reject,
    /// The answer to a question.
    Say(String),
}

/// How a stage or an item ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Its checks passed.
    Succeeded,
    /// They did not, or something it needed went wrong.
    Failed,
    /// Its own `when` said no.
    Skipped,
    /// Something it needs failed.
    Blocked,
}

/// One thing the model would have wished for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RetroNote {
    /// `missing`, `wrong` or `contradictory`.
    pub kind: String,
    /// The line of the playbook it is about, verified to exist.
    pub line: Option<u32>,
    /// What the model says.
    pub text: String,
}

/// How a file differs from what it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FileDiff {
    /// Its path, relative to the project.
    pub path: String,
    /// `created`, `changed` or `removed`.
    pub how: String,
    /// Lines added.
    pub added: usize,
    /// Lines removed.
    pub removed: usize,
}

/// What stands at a path: a file by its bytes and permissions, or a link by where it leads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FileMark {
    /// SHA-256 of the bytes, or of where the link leads, in hex.
    pub hash: String,
    /// The permissions, where the system has them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<u32>,
    /// Where the link leads, of a link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
}

impl std::fmt::Display for Status {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Status::Succeeded => "succeeded",
            Status::Failed => "failed",
            Status::Skipped => "skipped",
            Status::Blocked => "blocked",
        })
    }
}
