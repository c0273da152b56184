//! `loose-schema`: the schema of an output that leaves open what the output has.

use serde_json::Value;

use crate::diagnostic::Level;
use crate::lint::Subject;
use crate::lint::rule::{Profile, Report, Rule, page};
use crate::playbook::Output;

pub(super) const RULE: Rule = Rule {
    name: "loose-schema",
    level: Level::Info,
    profile: Profile::Strict,
    page: page!("loose-schema"),
    diagnose: Some(diagnose),
};

/// How deep a schema is looked into.
const DEEPEST: usize = 16;

/// What a schema leaves open: the places, by what is open there.
#[derive(Default)]
struct Open {
    anything: Vec<String>,
    required: Vec<String>,
    more: Vec<String>,
    items: Vec<String>,
}

fn diagnose(subject: &Subject<'_>, report: Report<'_>) {
    for stage in &subject.playbook.stages {
        let Output::Schema { schema, span } = &stage.output else { continue };
        let mut open = Open::default();
        open.look(schema, "output", 0);
        let id = &stage.id.value;
        for (places, message, help) in [
            (&open.anything, "% may be anything", "say what it has, in `properties`"),
            (&open.required, "nothing is required of %", "list in `required` what it always has"),
            (
                &open.more,
                "% may have more than is described",
                "add `\"additionalProperties\": false`",
            ),
            (
                &open.items,
                "the items of % may be anything",
                "describe them in `items`; some services refuse a list without",
            ),
        ] {
            if !places.is_empty() {
                let message = message.replace('%', &listed(places));
                report(RULE.at(*span, format!("in what `{id}` leaves, {message}")).help(help));
            }
        }
    }
}

/// Names the first few.
fn listed(places: &[String]) -> String {
    let shown = places.iter().take(3).map(|place| format!("`{place}`"));
    let shown = shown.collect::<Vec<_>>().join(", ");
    match places.len().saturating_sub(3) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

impl Open {
    fn look(&mut self, schema: &Value, path: &str, depth: usize) {
        if depth > DEEPEST {
            return;
        }
        let composed = ["$ref", "allOf", "anyOf", "oneOf"];
        if composed.iter().any(|keyword| schema.get(keyword).is_some()) {
            return;
        }
        let known = ["type", "enum", "const", "properties"];
        if !known.iter().any(|keyword| schema.get(keyword).is_some()) {
            self.anything.push(path.to_owned());
            return;
        }
        let is = |kind: &str| match &schema["type"] {
            Value::Array(kinds) => kinds.iter().any(|it| it == kind),
            one => one == kind,
        };
        if is("array") {
            match schema.get("items").or(schema.get("prefixItems")) {
                None => self.items.push(path.to_owned()),
                Some(items) => self.look(items, &format!("{path}[]"), depth + 1),
            }
        }
        let properties = schema["properties"].as_object();
        if !is("object") && properties.is_none() {
            return;
        }
        let more = &schema["additionalProperties"];
        // A map from names to values has no names of its own.
        if more.is_object() && properties.is_none() {
            return self.look(more, &format!("{path}.*"), depth + 1);
        }
        let Some(properties) = properties.filter(|properties| !properties.is_empty()) else {
            return self.anything.push(path.to_owned());
        };
        if schema.get("required").is_none() {
            self.required.push(path.to_owned());
        }
        if *more != Value::Bool(false) {
            self.more.push(path.to_owned());
        }
        for (name, property) in properties {
            self.look(property, &format!("{path}.{name}"), depth + 1);
        }
    }
}
