//! What a model that read a playbook doubts in it, where one was asked: facts for the rule that
//! tells them.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::source::Span;

/// The doubts of one model.
#[derive(Debug, Clone, Default)]
pub struct Doubts {
    /// The model's id.
    pub model: String,
    /// By the hash of a playbook's bundle; those that were not read are left out.
    pub of: BTreeMap<String, Vec<Doubt>>,
}

/// A place of a playbook that a model takes for wrong, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doubt {
    /// What kind of fault it sees.
    pub kind: Kind,
    /// What it says is wrong, as a fragment on one line.
    pub problem: String,
    /// What it would do.
    pub cure: Option<String>,
    /// The passage that it quotes.
    pub place: Span,
    /// A second passage that it quotes.
    pub other: Option<Span>,
}

/// The kinds of faults that a model is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Two passages that cannot both be followed.
    Contradiction,
    /// A stage is to do what it has no tool, file or command for.
    MissingPower,
    /// A model would have to guess.
    MissingInformation,
    /// Words that can be read in two ways with different results.
    Ambiguity,
    /// A check that passes although the work was not done.
    WeakCheck,
}

impl Kind {
    /// Returns what people call it.
    pub fn words(self) -> &'static str {
        match self {
            Kind::Contradiction => "a contradiction",
            Kind::MissingPower => "a missing power",
            Kind::MissingInformation => "missing information",
            Kind::Ambiguity => "an ambiguity",
            Kind::WeakCheck => "a weak check",
        }
    }
}
