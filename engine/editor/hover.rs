//! What is shown of the place under the pointer.

use crate::editor::{Draft, describe};
use crate::source::{FileId, Span};

/// The most findings that are explained at once.
const MOST_FINDINGS: usize = 2;

/// Markdown about a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hover {
    /// The markdown.
    pub text: String,
    /// The place.
    pub span: Span,
}

impl Draft {
    /// Says what stands at a byte: what is wrong with it, and what it is.
    pub fn hover(&self, file: FileId, at: usize) -> Option<Hover> {
        let mut texts = Vec::new();
        let mut place = None;
        let here = self.findings.iter().filter(|finding| {
            let span = finding.span;
            span.file == file && span.start as usize <= at && at <= span.end as usize
        });
        let mut explained: Vec<&str> = Vec::new();
        for finding in here {
            if explained.len() < MOST_FINDINGS && !explained.contains(&finding.rule) {
                explained.push(finding.rule);
                texts.extend(describe::rule(finding.rule));
                place = place.or(Some(finding.span));
            }
        }
        if let Some(found) = self.found_at(file, at)
            && let Some(text) = describe::symbol(self, &found.symbol)
        {
            texts.push(text);
            place = Some(found.span);
        }
        let span = place?;
        Some(Hover { text: texts.join("\n\n---\n\n"), span })
    }
}
