//! Findings as one line each, for tools that jump to places.

use crate::diagnostic::Diagnostic;
use crate::source::Source;

/// Renders one finding as `file:line:column: level[rule]: message`.
pub fn render(diagnostic: &Diagnostic, files: &[Source]) -> String {
    let level = diagnostic.level.word();
    let line = format!("{level}[{}]: {}", diagnostic.rule, diagnostic.message);
    match files.get(usize::from(diagnostic.span.file.0)) {
        Some(source) => {
            let place = source.place(diagnostic.span.start);
            format!("{}:{}:{}: {line}", source.name, place.line, place.column)
        }
        None => line,
    }
}
