//! A rule of lint.

use crate::diagnostic::{Diagnostic, Level};
use crate::lint::Subject;

/// Takes findings.
pub type Report<'a> = &'a mut dyn FnMut(Diagnostic);

/// One thing that lint looks for.
pub struct Rule {
    /// Its name, which names the fault.
    pub name: &'static str,
    /// How much its findings matter.
    pub level: Level,
    /// Its page of the book: what it means, an example, the way out.
    pub page: &'static str,
    /// Looks. Absent for what parsing itself reports.
    pub diagnose: Option<fn(&Subject<'_>, Report<'_>)>,
}

impl Rule {
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
