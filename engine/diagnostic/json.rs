//! Findings as JSON, one object a line.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::diagnostic::{Diagnostic, Level};
use crate::source::{Source, Span};

/// A finding as a program reads it. Lines and columns count from 1, columns in characters.
#[derive(Debug, Serialize, JsonSchema)]
struct Finding<'a> {
    /// The rule's name.
    rule: &'a str,
    /// How much it matters.
    level: Level,
    /// The file, as it was named.
    file: &'a str,
    /// The line where it begins.
    line: u32,
    /// The column where it begins.
    column: u32,
    /// The line where it ends.
    end_line: u32,
    /// The column after its last.
    end_column: u32,
    /// What is wrong.
    message: &'a str,
    /// What stands at the place.
    label: Option<&'a str>,
    /// The way out.
    help: Option<&'a str>,
    /// Other places that explain it.
    related: Vec<Related<'a>>,
    /// What would repair it.
    fix: Option<Repair<'a>>,
}

/// Replacements that repair a finding together, or not at all.
#[derive(Debug, Serialize, JsonSchema)]
struct Repair<'a> {
    /// It keeps the meaning, whatever the author had in mind. Any other is a guess.
    safe: bool,
    /// The replacements. They do not overlap.
    edits: Vec<Replacement<'a>>,
}

/// A place that explains a finding.
#[derive(Debug, Serialize, JsonSchema)]
struct Related<'a> {
    /// The file.
    file: &'a str,
    /// The line.
    line: u32,
    /// The column.
    column: u32,
    /// What stands there.
    label: &'a str,
}

/// A replacement of bytes of a file.
#[derive(Debug, Serialize, JsonSchema)]
struct Replacement<'a> {
    /// The file.
    file: &'a str,
    /// The first byte, from 0.
    start: u32,
    /// One past the last byte.
    end: u32,
    /// The text to put there.
    text: &'a str,
}

/// Returns the schema of a finding.
pub fn schema() -> schemars::Schema {
    schemars::schema_for!(Finding<'static>)
}

/// Renders one finding as an object.
pub fn render(diagnostic: &Diagnostic, files: &[Source]) -> Value {
    let place = |span: Span, offset: u32| {
        let source = files.get(usize::from(span.file.0));
        source.map_or((1, 1), |source| {
            let place = source.place(offset);
            (place.line, place.column)
        })
    };
    let file =
        |span: Span| files.get(usize::from(span.file.0)).map_or("", |source| source.name.as_str());
    let span = diagnostic.span;
    let (line, column) = place(span, span.start);
    let (end_line, end_column) = place(span, span.end);
    let related = diagnostic.related.iter().map(|(span, label)| {
        let (line, column) = place(*span, span.start);
        Related { file: file(*span), line, column, label }
    });
    let finding = Finding {
        rule: diagnostic.rule,
        level: diagnostic.level,
        file: file(span),
        line,
        column,
        end_line,
        end_column,
        message: &diagnostic.message,
        label: diagnostic.label.as_deref(),
        help: diagnostic.help.as_deref(),
        related: related.collect(),
        fix: diagnostic.fix.as_ref().map(|fix| Repair {
            safe: fix.safe,
            edits: fix
                .edits
                .iter()
                .map(|edit| Replacement {
                    file: file(edit.span),
                    start: edit.span.start,
                    end: edit.span.end,
                    text: &edit.text,
                })
                .collect(),
        }),
    };
    serde_json::to_value(finding).unwrap_or_default()
}
