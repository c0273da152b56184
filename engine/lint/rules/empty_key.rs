//! `empty-key`: a key whose value has nothing in it.

use crate::diagnostic::{Diagnostic, Level};
use crate::lint::Subject;
use crate::lint::rule::{Profile, Report, Rule, page};
use crate::playbook::{Node, Tree};
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "empty-key",
    level: Level::Warning,
    profile: Profile::Default,
    page: page!("empty-key"),
    diagnose: Some(diagnose),
};

/// Keys that say nothing when there is nothing in them.
const KEYS: [&str; 18] = [
    "inputs",
    "requires",
    "languages",
    "include",
    "docs",
    "airplanes",
    "mcp",
    "commands",
    "keys",
    "tools",
    "lint",
    "allow",
    "budget",
    "writes",
    "checks",
    "network",
    "args",
    "enum",
];

fn diagnose(subject: &Subject<'_>, report: Report<'_>) {
    if let Some(written) = &subject.playbook.written {
        look(subject, written, "", report);
    }
}

/// Looks below a key; what an author names freely is only looked through.
fn look(subject: &Subject<'_>, tree: &Tree, above: &str, report: Report<'_>) {
    for item in tree.items() {
        look(subject, item, "", report);
    }
    for (key, value) in tree.entries() {
        let name = key.value.as_str();
        let named =
            matches!(above, "inputs" | "docs" | "mcp" | "commands" | "args" | "stages" | "keys");
        let own = name.starts_with("x_") || matches!(name, "schema" | "default" | "equals");
        // What is of the wrong kind is told already.
        let told = subject.playbook.unread.iter().any(|unread| unread == name);
        if told || (!named && own) {
            continue;
        }
        let empty = match &value.value {
            Node::List(items) => items.is_empty(),
            Node::Map(entries) => entries.is_empty(),
            _ => false,
        };
        if empty && !named && KEYS.contains(&name) {
            let message = format!("`{name}` has nothing in it");
            let finding =
                RULE.at(key.span, message).help("write what it has, or leave the key out");
            report(without_line(subject, finding, key.span, value.span));
        }
        if empty && !named && name == "stages" {
            let message = "the playbook has no stages, so there is nothing to play";
            report(RULE.at(key.span, message).help("name a stage, and write its section"));
        }
        look(subject, value, if named { "" } else { name }, report);
    }
}

/// Takes out an entry that has a line to itself.
fn without_line(subject: &Subject<'_>, finding: Diagnostic, key: Span, value: Span) -> Diagnostic {
    let Some(source) = subject.bundle.files.get(usize::from(key.file.0)) else { return finding };
    let (start, end) = (key.start as usize, value.end as usize);
    let (Some(before), Some(after)) = (source.text.get(..start), source.text.get(end..)) else {
        return finding;
    };
    let line = before.rfind('\n').map_or(0, |end| end + 1);
    let rest = after.split_inclusive('\n').next().unwrap_or_default();
    if before[line..].trim().is_empty() && rest.trim().is_empty() && rest.ends_with('\n') {
        return finding.fix(Span::new(key.file, line, end + rest.len()), "");
    }
    finding
}
