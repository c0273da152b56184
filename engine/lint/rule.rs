//! A rule of lint.

use crate::diagnostic::{Diagnostic, Level};
use crate::lint::Subject;
use crate::source::Span;

/// Takes findings.
pub type Report<'a> = &'a mut dyn FnMut(Diagnostic);

/// How strict lint is. Each profile has the rules of those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Profile {
    /// What would make a play go wrong.
    Min,
    /// What probably would, too.
    #[default]
    Default,
    /// What a playbook that others play should not have.
    Strict,
}

/// One thing that lint looks for.
pub struct Rule {
    /// Its name, which names the fault.
    pub name: &'static str,
    /// How much its findings matter.
    pub level: Level,
    /// The least strict profile that has it.
    pub profile: Profile,
    /// Its page of the book: what it means, an example, the way out.
    pub page: &'static str,
    /// Looks. Absent for what parsing itself reports.
    pub diagnose: Option<fn(&Subject<'_>, Report<'_>)>,
}

impl Profile {
    /// Returns the word that people see.
    pub fn word(self) -> &'static str {
        match self {
            Profile::Min => "min",
            Profile::Default => "default",
            Profile::Strict => "strict",
        }
    }
}

impl Rule {
    /// Makes a finding of this rule, at its level.
    pub fn at(&self, span: Span, message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(self.name, self.level, span, message)
    }

    /// Returns the first sentence of its page: the line after the title.
    pub fn summary(&self) -> &'static str {
        self.page.lines().skip(1).find(|line| !line.trim().is_empty()).unwrap_or_default()
    }
}

/// Takes a rule's page from the book.
macro_rules! page {
    ($name:literal) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/book/src/rules/", $name, ".md"))
    };
}

pub(super) use page;
