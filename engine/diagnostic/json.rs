//! Findings as JSON, one object a line.

use serde_json::{Value, json};

use crate::diagnostic::Diagnostic;
use crate::source::Source;

/// Renders one finding as an object: rule, level, file, line, column and end, message, help, fix.
pub fn render(diagnostic: &Diagnostic, files: &[Source]) -> Value {
    let source = files.get(usize::from(diagnostic.span.file.0));
    let start = source.map(|source| source.place(diagnostic.span.start));
    let end = source.map(|source| source.place(diagnostic.span.end));
    json!({
        "rule": diagnostic.rule,
        "level": diagnostic.level,
        "file": source.map(|source| &source.name),
        "line": start.map(|place| place.line),
        "column": start.map(|place| place.column),
        "end_line": end.map(|place| place.line),
        "end_column": end.map(|place| place.column),
        "message": diagnostic.message,
        "label": diagnostic.label,
        "help": diagnostic.help,
        "fix": diagnostic.fix.as_ref().map(|fix| json!({
            "start": fix.span.start,
            "end": fix.span.end,
            "text": fix.text,
        })),
    })
}
