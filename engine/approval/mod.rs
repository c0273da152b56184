//! A seam: the person in front of the terminal, or what stands in for one.

pub mod answers;
pub mod escape;
pub mod stand_in;
pub mod table;

use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::journal::At;
pub use crate::journal::event::Decision;

pub use answers::{Answers, AnswersError};
pub use stand_in::{Chain, Yes};

/// Something that a person decides.
#[derive(Debug, Clone, PartialEq)]
pub enum Question {
    /// May this stage begin?
    Before {
        /// Which.
        at: At,
        /// What it will do, for the person.
        text: String,
    },
    /// Is this output right?
    Output {
        /// Which.
        at: At,
        /// The output; a person may edit it, and drop rows where it is, or holds, a list.
        output: Value,
    },
    /// The model asks.
    Ask {
        /// Which.
        at: At,
        /// The question's id, which an answers file can answer.
        id: String,
        /// The question.
        text: String,
        /// The answers offered; any text when empty.
        options: Vec<String>,
        /// What is taken when nobody is there.
        default: Option<String>,
    },
}

impl Question {
    /// Names what is asked: a question's id, or the stage that waits for a yes.
    pub fn name(&self) -> String {
        match self {
            Question::Before { at, .. } | Question::Output { at, .. } => format!("approve {at}"),
            Question::Ask { id, .. } => id.clone(),
        }
    }
}

/// What a person decided, and who it was.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// What was decided.
    pub decision: Decision,
    /// Who: `person`, `--yes`, `answers file`, `default` or `cassette`.
    pub by: String,
}

/// Why nobody answered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Nobody {
    /// There is no terminal, and neither `--yes` nor an answers file answers it.
    #[error("nobody is here to answer `{0}`")]
    Absent(String),
    /// What was prepared cannot be taken: nobody else is asked, and the run stops.
    #[error("{0}")]
    Unfit(String),
    /// The person ended the run.
    #[error("interrupted")]
    Interrupted,
}

/// Answers questions.
pub trait Person: Send + Sync {
    /// Asks, and waits as long as it takes.
    fn ask<'a>(&'a self, question: &'a Question) -> BoxFuture<'a, Result<Answer, Nobody>>;
}
