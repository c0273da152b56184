//! What would repair a playbook, as an editor offers it.

use crate::diagnostic::{Diagnostic, Edit, repair};
use crate::editor::Draft;
use crate::source::Span;

/// The most characters of a text that a title shows.
const MOST_SHOWN: usize = 40;

/// What would repair one finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repair<'a> {
    /// What it does, in a few words.
    pub title: String,
    /// The finding.
    pub finding: &'a Diagnostic,
    /// It keeps the meaning for certain.
    pub safe: bool,
    /// What is replaced.
    pub edits: &'a [Edit],
}

impl Draft {
    /// Returns what would repair the findings that touch a place.
    pub fn repairs(&self, place: Span) -> Vec<Repair<'_>> {
        let here = self.findings.iter().filter(|finding| {
            let span = finding.span;
            span.file == place.file && span.start <= place.end && place.start <= span.end
        });
        here.filter_map(|finding| {
            let fix = finding.fix.as_ref()?;
            let title = self.title(finding, &fix.edits);
            Some(Repair { title, finding, safe: fix.safe, edits: &fix.edits })
        })
        .collect()
    }

    /// Returns the edits of everything that can be repaired for certain.
    pub fn safe_repairs(&self) -> Vec<&Edit> {
        repair::chosen(&self.findings, false)
    }

    fn title(&self, finding: &Diagnostic, edits: &[Edit]) -> String {
        let [edit] = edits else { return format!("repair `{}`", finding.rule) };
        let source = self.source(edit.span.file);
        let before = short(source.map(|source| source.slice(edit.span)).unwrap_or_default());
        let after = short(&edit.text);
        match (before.is_empty(), after.is_empty()) {
            (true, _) => format!("insert {after}"),
            (_, true) => format!("remove {before}"),
            _ => format!("replace {before} with {after}"),
        }
    }
}

/// Returns the beginning of a text in one line, in backticks; by its number, a character that
/// nobody sees.
fn short(text: &str) -> String {
    let mut letters = text.chars();
    if let (Some(only), None) = (letters.next(), letters.next())
        && crate::source::visible(text).1 > 0
    {
        return format!("U+{:04X}", u32::from(only));
    }
    let line = text.trim().lines().next().unwrap_or_default();
    let mut shown: String = line.chars().take(MOST_SHOWN).collect();
    if shown.len() < text.trim().len() {
        shown.push('…');
    }
    if shown.is_empty() { shown } else { format!("`{shown}`") }
}
