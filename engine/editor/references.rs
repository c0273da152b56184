//! From a name to every place that has it.

use crate::editor::Draft;
use crate::editor::symbol::Part;
use crate::source::{FileId, Span};

impl Draft {
    /// Returns every place that has the name at a byte, its declaration and heading only if asked.
    pub fn references(&self, file: FileId, at: usize, declarations: bool) -> Vec<Span> {
        let Some(here) = self.found_at(file, at) else { return Vec::new() };
        let same = self.found.iter().filter(|found| found.symbol == here.symbol);
        let declares = |part: Part| matches!(part, Part::Declaration | Part::Heading);
        let wanted = same.filter(|found| declarations || !declares(found.part));
        let mut spans: Vec<Span> = wanted.map(|found| found.span).collect();
        spans.sort();
        spans.dedup();
        spans
    }
}
