//! Findings as SARIF 2.1.0, which code hosts and editors show.

use serde_json::{Value, json};

use crate::diagnostic::{Diagnostic, Fix, Level};
use crate::source::{FileId, Source, Span};

/// A rule as a reader of findings sees it.
#[derive(Debug, Clone, Copy)]
pub struct Described {
    /// Its name.
    pub name: &'static str,
    /// How much its findings matter.
    pub level: Level,
    /// What it looks for, in one sentence.
    pub summary: &'static str,
    /// Its page, in markdown.
    pub page: &'static str,
}

/// Renders findings as one SARIF log, each list of findings with the files they are about.
/// Columns count characters, as SARIF's `unicodeCodePoints` does.
pub fn render(checked: &[(&[Source], &[Diagnostic])], rules: &[Described]) -> Value {
    let results = checked.iter().flat_map(|(files, findings)| {
        findings.iter().map(move |finding| result(finding, files, rules))
    });
    let rules = rules.iter().map(|rule| {
        json!({
            "id": rule.name,
            "shortDescription": { "text": rule.summary },
            "help": { "text": rule.page, "markdown": rule.page },
            "defaultConfiguration": { "level": level(rule.level) },
        })
    });
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "wizard",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules.collect::<Vec<_>>(),
            } },
            "columnKind": "unicodeCodePoints",
            "results": results.collect::<Vec<_>>(),
        }],
    })
}

fn result(finding: &Diagnostic, files: &[Source], rules: &[Described]) -> Value {
    let mut text = finding.message.clone();
    for more in finding.label.iter().chain(&finding.help) {
        text.push_str("; ");
        text.push_str(more);
    }
    let mut result = json!({
        "ruleId": finding.rule,
        "level": level(finding.level),
        "message": { "text": text },
        "locations": [{ "physicalLocation": location(finding.span, files) }],
    });
    if let Some(index) = rules.iter().position(|rule| rule.name == finding.rule) {
        result["ruleIndex"] = json!(index);
    }
    let related: Vec<Value> = finding
        .related
        .iter()
        .map(|(span, label)| {
            json!({ "physicalLocation": location(*span, files), "message": { "text": label } })
        })
        .collect();
    if !related.is_empty() {
        result["relatedLocations"] = json!(related);
    }
    if let Some(fix) = &finding.fix {
        result["fixes"] = json!([replacement(fix, files)]);
    }
    result
}

fn replacement(fix: &Fix, files: &[Source]) -> Value {
    let mut changed: Vec<FileId> = fix.edits.iter().map(|edit| edit.span.file).collect();
    changed.sort_unstable();
    changed.dedup();
    let changes = changed.into_iter().map(|file| {
        let edits = fix.edits.iter().filter(|edit| edit.span.file == file);
        let edits = edits.map(|edit| {
            json!({
                "deletedRegion": region(edit.span, files),
                "insertedContent": { "text": edit.text },
            })
        });
        json!({
            "artifactLocation": { "uri": uri(file, files) },
            "replacements": edits.collect::<Vec<_>>(),
        })
    });
    json!({ "artifactChanges": changes.collect::<Vec<_>>() })
}

fn location(span: Span, files: &[Source]) -> Value {
    json!({
        "artifactLocation": { "uri": uri(span.file, files) },
        "region": region(span, files),
    })
}

fn region(span: Span, files: &[Source]) -> Value {
    let Some(source) = files.get(usize::from(span.file.0)) else { return json!({}) };
    let (start, end) = (source.place(span.start), source.place(span.end));
    json!({
        "startLine": start.line,
        "startColumn": start.column,
        "endLine": end.line,
        "endColumn": end.column,
    })
}

/// Returns a file's name as a relative reference, or an absolute one where the name is a path
/// from the root.
fn uri(file: FileId, files: &[Source]) -> String {
    let name = files.get(usize::from(file.0)).map_or("", |source| source.name.as_str());
    let name = name.strip_prefix("./").unwrap_or(name);
    let mut uri = if name.starts_with('/') { "file://".to_owned() } else { String::new() };
    for byte in name.replace('\\', "/").bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b'/' => {
                uri.push(char::from(byte));
            }
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri
}

fn level(level: Level) -> &'static str {
    match level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Info => "note",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_odd_letters_is_a_valid_reference() {
        let files = |name: &str| [Source::new(name, "")];
        assert_eq!(uri(FileId(0), &files("./a b/é.md")), "a%20b/%C3%A9.md");
        assert_eq!(uri(FileId(0), &files("/a/b.md")), "file:///a/b.md");
        assert_eq!(uri(FileId(0), &files("<stdin>")), "%3Cstdin%3E");
    }
}
