//! A finding about a playbook, and how it looks.

pub mod concise;
pub mod cover;
pub mod github;
pub mod json;
pub mod repair;
pub mod sarif;
pub mod text;

use serde::Serialize;

use crate::source::Span;

/// How much a finding matters.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// The play would go wrong: nothing is played.
    Error,
    /// Probably wrong; the play goes on.
    Warning,
    /// Worth knowing.
    Info,
}

/// One finding: what is wrong, where, and the way out.
///
/// **Invariant:** a finding is a value. It is never carried in an `Err`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// The rule's name, such as `unknown-key`.
    pub rule: &'static str,
    /// How much it matters.
    pub level: Level,
    /// Where it is.
    pub span: Span,
    /// What is wrong, as a lowercase fragment that names the thing in backticks.
    pub message: String,
    /// What stands at `span`, said beside the caret.
    pub label: Option<String>,
    /// Other places that explain it.
    pub related: Vec<(Span, String)>,
    /// The way out.
    pub help: Option<String>,
    /// What would repair it.
    pub fix: Option<Fix>,
}

/// Replacements that repair one finding together, or not at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fix {
    /// It keeps the meaning, whatever the author had in mind. Any other is a guess.
    pub safe: bool,
    /// The replacements. They do not overlap.
    pub edits: Vec<Edit>,
}

/// A replacement of one span.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// What is replaced.
    pub span: Span,
    /// By what.
    pub text: String,
}

impl Level {
    /// Returns the word that people see.
    pub fn word(self) -> &'static str {
        match self {
            Level::Error => "error",
            Level::Warning => "warning",
            Level::Info => "info",
        }
    }
}

impl Diagnostic {
    /// Makes a finding without more than its message.
    pub fn new(rule: &'static str, level: Level, span: Span, message: impl Into<String>) -> Self {
        Diagnostic {
            rule,
            level,
            span,
            message: message.into(),
            label: None,
            related: Vec::new(),
            help: None,
            fix: None,
        }
    }

    /// Makes an error.
    pub fn error(rule: &'static str, span: Span, message: impl Into<String>) -> Self {
        Self::new(rule, Level::Error, span, message)
    }

    /// Says what stands at the place.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// Adds another place that explains it.
    #[must_use]
    pub fn related(mut self, span: Span, label: impl Into<String>) -> Self {
        self.related.push((span, label.into()));
        self
    }

    /// Adds the way out.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Offers a replacement that keeps the meaning. Called again, one more that belongs to it.
    #[must_use]
    pub fn fix(self, span: Span, text: impl Into<String>) -> Self {
        self.edit(span, text, true)
    }

    /// Offers a replacement that is probably meant. Called again, one more that belongs to it.
    #[must_use]
    pub fn guess(self, span: Span, text: impl Into<String>) -> Self {
        self.edit(span, text, false)
    }

    fn edit(mut self, span: Span, text: impl Into<String>, safe: bool) -> Self {
        let fix = self.fix.get_or_insert_with(|| Fix { safe, edits: Vec::new() });
        fix.safe &= safe;
        fix.edits.push(Edit { span, text: text.into() });
        self
    }
}

/// Returns the candidate nearest to `word`, when it is near enough to be a slip of the pen:
/// at most a third of its letters differ.
pub fn near<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let distance = |candidate: &str| strsim::damerau_levenshtein(word, candidate);
    let nearest = candidates.into_iter().min_by_key(|candidate| distance(candidate))?;
    let allowed = (word.chars().count().max(nearest.chars().count()) / 3).max(1);
    (distance(nearest) <= allowed).then_some(nearest)
}
