//! `refused-schema`: the schema of an output that services of models do not take.

use serde_json::Value;

use crate::diagnostic::Level;
use crate::lint::Subject;
use crate::lint::rule::{Profile, Report, Rule, page};
use crate::playbook::Output;

pub(super) const RULE: Rule = Rule {
    name: "refused-schema",
    level: Level::Warning,
    profile: Profile::Default,
    page: page!("refused-schema"),
    diagnose: Some(diagnose),
};

/// Keywords that what a tool takes must not have at its top.
const NOT_AT_TOP: [&str; 5] = ["oneOf", "anyOf", "allOf", "not", "enum"];

/// The most letters that a property's name may have.
const LONGEST: usize = 64;

fn diagnose(subject: &Subject<'_>, report: Report<'_>) {
    for stage in &subject.playbook.stages {
        let Output::Schema { schema, span } = &stage.output else { continue };
        let id = &stage.id.value;
        let top = NOT_AT_TOP.iter().find(|keyword| schema.get(keyword).is_some());
        if let Some(keyword) = top.filter(|_| schema["type"] == "object") {
            let message = format!("the schema of `{id}` has `{keyword}` at its top");
            report(RULE.at(*span, message).help(
                "services take a plain record there: move the choice into one of its `properties`",
            ));
        }
        if let Some(name) = odd_name(schema, 0) {
            let message = format!("the schema of `{id}` has a property `{name}`");
            report(
                RULE.at(*span, message)
                    .help("services take names of at most 64 letters, digits, `_`, `-` and `.`"),
            );
        }
    }
}

/// Finds a property whose name services refuse.
fn odd_name(schema: &Value, depth: usize) -> Option<&str> {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-' | '.');
    if depth > 16 {
        return None;
    }
    if let Some(properties) = schema["properties"].as_object() {
        for (name, property) in properties {
            if name.is_empty() || name.len() > LONGEST || !name.chars().all(plain) {
                return Some(name);
            }
            if let Some(found) = odd_name(property, depth + 1) {
                return Some(found);
            }
        }
    }
    odd_name(schema.get("items")?, depth + 1)
}
