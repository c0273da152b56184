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
