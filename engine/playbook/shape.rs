//! Holding a tree against the format's schema: every fault is reported and cut out, so that what
//! is left has the right shape and is looked at further.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

use crate::diagnostic::{Diagnostic, near};
use crate::playbook::foreign::{self, Foreign};
use crate::playbook::format::{NAME, TEMPLATE};
use crate::playbook::misread;
use crate::playbook::node::{Node, Tree};
use crate::source::{Source, Span, Spanned};

/// Reports what does not fit and removes it. Returns whether the whole can stay; the names of
/// what was removed are added to `unread`.
pub(super) fn hold(
    tree: &mut Tree,
    source: &Source,
    schema: &Value,
    faults: &mut Vec<Diagnostic>,
    unread: &mut Vec<String>,
) -> bool {
    let mut holder = Holder { root: schema, source, faults, unread };
    let at = tree.span;
    let place = Place { name: "the front matter", record: "playbook", at, template: false };
    holder.fits(tree, schema, &place)
}

/// The patterns of the format's schema, compiled once.
static PATTERNS: LazyLock<BTreeMap<String, Regex>> = LazyLock::new(|| {
    let mut patterns = BTreeMap::new();
    collect(crate::playbook::schema(), &mut patterns);
    patterns
});

fn collect(schema: &Value, patterns: &mut BTreeMap<String, Regex>) {
    match schema {
        Value::Array(items) => items.iter().for_each(|item| collect(item, patterns)),
        Value::Object(fields) => {
            if let Some(pattern) = fields.get("pattern").and_then(Value::as_str)
                && let Ok(compiled) = Regex::new(pattern)
            {
                patterns.insert(pattern.to_owned(), compiled);
            }
            fields.values().for_each(|field| collect(field, patterns));
        }
        _ => {}
    }
}

/// What a value is to its owner.
#[derive(Clone, Copy)]
struct Place<'a> {
    /// What it is called in messages.
    name: &'a str,
    /// The record of the format that it is, in the words of the keys of other formats.
    record: &'a str,
    /// Where its owner names it: what a missing key is missing from.
    at: Span,
    /// Whether `${{ }}` may stand in it.
    template: bool,
}

struct Holder<'a> {
    root: &'a Value,
    source: &'a Source,
    faults: &'a mut Vec<Diagnostic>,
    unread: &'a mut Vec<String>,
}

impl<'a> Holder<'a> {
    /// Whether a value can stay.
    fn fits(&mut self, tree: &mut Tree, schema: &'a Value, place: &Place<'_>) -> bool {
        let template = place.template || schema[TEMPLATE] == true;
        let record = schema["$ref"]
            .as_str()
            .and_then(|name| name.rsplit('/').next().map(|name| name.trim_end_matches("Format")));
        let place = &Place { template, record: record.unwrap_or(place.record), ..*place };
        let schema = self.resolve(schema);
        self.keep_words(tree, schema);
        if let Some(choices) = schema["anyOf"].as_array() {
            let kind = kind(&tree.value);
            let Some(choice) = choices.iter().find(|choice| takes(choice, kind)) else {
                let kinds = choices.iter().map(kinds).collect::<Vec<_>>().join(" or ");
                return self.wrong_type(tree, place, &kinds);
            };
            return self.fits(tree, choice, place);
        }
        if !takes(schema, kind(&tree.value)) {
            let kinds = kinds(schema);
            return self.wrong_type(tree, place, &kinds);
        }
        let span = tree.span;
        match &mut tree.value {
            Node::Map(entries) => self.map(entries, schema, place),
            Node::List(items) => {
                let of = &schema["items"];
                let name = format!("an item of {}", place.name);
                let before = items.len();
                items.retain_mut(|item| {
                    let at = item.span;
                    let place = Place { name: &name, record: "", at, ..*place };
                    of.is_null() || self.fits(item, of, &place)
                });
                if items.len() < before {
                    self.unread.push(place.name.trim_matches('`').to_owned());
                }
                true
            }
            Node::Text(text) => {
                let text = text.clone();
                self.text(&text, span, schema, place)
            }
            #[expect(clippy::cast_precision_loss, reason = "limits are far below 2^53")]
            Node::Integer(value) => {
                let value = *value;
                if let Some(wanted) = schema["const"].as_i64().filter(|wanted| *wanted != value) {
                    let message =
                        format!("{} is {value}, and this wizard reads {wanted}", place.name);
                    let fault = Diagnostic::error("wrong-value", span, message);
                    let help = format!(
                        "play it with the wizard that it was written for, or bring it to version {wanted}"
                    );
                    self.faults.push(fault.help(help));
                    return false;
                }
                self.number(value as f64, &value.to_string(), span, schema, place)
            }
            Node::Float(value) => {
                let value = *value;
                self.number(value, &value.to_string(), span, schema, place)
            }
            Node::Null | Node::Bool(_) => true,
        }
    }

    fn map(
        &mut self,
        entries: &mut Vec<(Spanned<String>, Tree)>,
        schema: &'a Value,
        place: &Place<'_>,
    ) -> bool {
        let mut whole = true;
        let required = schema["required"].as_array().into_iter().flatten();
        let required: Vec<&str> = required.filter_map(Value::as_str).collect();
        let known = schema["properties"].as_object();
        let missing = required.iter().copied();
        let missing = missing.filter(|key| !entries.iter().any(|(own, _)| own.value == *key));
        let missing: Vec<&str> = missing.collect();
        whole &= missing.is_empty();
        // A slip of the pen, and another format's word, are reported at the key that is there.
        let meant = |required: &str, key: &str| {
            known.is_some_and(|known| {
                !known.contains_key(key)
                    && !key.starts_with("x_")
                    && match foreign::find(place.record, key) {
                        Some(foreign) => foreign.ours == Some(required),
                        None => near(key, known.keys().map(String::as_str)) == Some(required),
                    }
            })
        };
        let told = missing.iter().copied();
        let told = told.filter(|key| !entries.iter().any(|(own, _)| meant(key, &own.value)));
        self.missing_keys(&told.collect::<Vec<_>>(), schema, place);
        // What has hardly a key of a playbook is something else, and its keys say nothing.
        let strange = required.len() > 2 && missing.len() * 2 > required.len();
        // A record that says exactly one thing says nothing when a part of it is cut out.
        let one_thing = schema["minProperties"].is_u64();
        let others = &schema["additionalProperties"];
        let names = schema["propertyNames"]["pattern"].as_str();
        entries.retain_mut(|(key, value)| {
            let name = format!("`{}`", key.value);
            let inner = Place { name: &name, record: &key.value, at: key.span, ..*place };
            let Some(known) = known else {
                if names.is_some_and(|pattern| !self.is_name(key, pattern)) {
                    return false;
                }
                if others.is_null() {
                    return true;
                }
                let empty = Node::Map(Vec::new());
                if value.value == Node::Null && takes(self.resolve(others), kind(&empty)) {
                    value.value = empty;
                }
                let fits = self.fits(value, others, &inner);
                if !fits {
                    self.unread.push(key.value.clone());
                }
                return fits;
            };
            if key.value.starts_with("x_") {
                return false;
            }
            let Some(property) = known.get(&key.value) else {
                match foreign::find(place.record, &key.value) {
                    Some(foreign) => self.foreign_key(key, &foreign, place),
                    None if strange => {}
                    None => self.unknown_key(key, known, place.name),
                }
                whole &= !one_thing;
                return false;
            };
            let fits = self.fits(value, property, &inner);
            if !fits {
                self.unread.push(key.value.clone());
                whole &= !one_thing && !required.contains(&key.value.as_str());
            }
            fits
        });
        whole
    }

    fn resolve(&self, schema: &'a Value) -> &'a Value {
        resolve(self.root, schema)
    }

    /// Reports the keys that a record must have and has not, in one finding.
    fn missing_keys(&mut self, missing: &[&str], schema: &Value, place: &Place<'_>) {
        let Some((last, others)) = missing.split_last() else { return };
        let others: Vec<String> = others.iter().map(|key| format!("no `{key}`")).collect();
        let and = if others.is_empty() { "" } else { " and " };
        let message = format!("{} has {}{and}no `{last}`", place.name, others.join(", "));
        let fault = Diagnostic::error("missing-key", place.at, message);
        let meaning = |key: &&str| {
            let meaning = schema["properties"][*key]["description"].as_str();
            meaning.map(|meaning| format!("`{key}`: {}", small(meaning)))
        };
        // A text for another program has neither.
        let other = ["playbook", "stages"].iter().all(|key| missing.contains(key));
        let import =
            "`wizard new NAME --from FILE` makes a draft of what was written for another program";
        let import = other.then(|| import.to_owned());
        let mut meanings = missing.iter().filter_map(meaning).chain(import).peekable();
        self.faults.push(match meanings.peek() {
            Some(_) => fault.help(meanings.collect::<Vec<_>>().join("\n")),
            None => fault,
        });
    }

    fn unknown_key(
        &mut self,
        key: &Spanned<String>,
        known: &serde_json::Map<String, Value>,
        name: &str,
    ) {
        let message = format!("{name} has no key `{}`", key.value);
        let fault = Diagnostic::error("unknown-key", key.span, message);
        self.faults.push(match near(&key.value, known.keys().map(String::as_str)) {
            Some(nearest) => {
                self.unread.push(nearest.to_owned());
                fault.label(format!("did you mean `{nearest}`?")).guess(key.span, nearest)
            }
            None => match self.owner(&key.value) {
                Some(owner) => fault.help(format!("`{}` is a key of {owner}", key.value)),
                None => {
                    let known: Vec<String> = known.keys().map(|key| format!("`{key}`")).collect();
                    let known = known.join(", ");
                    fault.help(format!("it may have {known}; keys of your own begin with `x_`"))
                }
            },
        });
    }

    /// Returns what has a key of this name, where that is one thing.
    fn owner(&self, key: &str) -> Option<&'static str> {
        let has = |record: &Value| record["properties"].get(key).is_some();
        let owners = [
            ("the front matter", self.root),
            ("a stage", &self.root["$defs"]["StageFormat"]),
            ("a command", &self.root["$defs"]["CommandFormat"]),
        ];
        let mut found = owners.into_iter().filter(|(_, record)| has(record));
        let first = found.next()?;
        found.next().is_none().then_some(first.0)
    }

    fn foreign_key(&mut self, key: &Spanned<String>, foreign: &Foreign, place: &Place<'_>) {
        let message = format!("{} has no key `{}`", place.name, key.value);
        let fault = Diagnostic::error("foreign-key", key.span, message).help(foreign.note);
        self.faults.push(match foreign.ours {
            None => fault.label("nothing here is like it"),
            Some(ours) => {
                self.unread.push(ours.to_owned());
                let fault = fault.label(format!("here it is `{ours}`"));
                if foreign.keeps_value { fault.guess(key.span, ours) } else { fault }
            }
        });
    }

    /// Takes a number, or true or false, for the text that was written, where any scalar is used
    /// as text: `1.10` is no 1.1.
    fn keep_words(&self, tree: &mut Tree, schema: &Value) {
        let takes = |kind: &str| {
            schema["type"].as_array().is_some_and(|kinds| kinds.iter().any(|it| it == kind))
        };
        let scalar = matches!(tree.value, Node::Bool(_) | Node::Integer(_) | Node::Float(_));
        let written = self.source.slice(tree.span);
        if scalar && !written.is_empty() && takes("string") && takes("boolean") {
            tree.value = Node::Text(written.to_owned());
        }
    }

    fn is_name(&mut self, key: &Spanned<String>, pattern: &str) -> bool {
        if Self::matches(pattern, &key.value) {
            return true;
        }
        let message = format!("`{}` is not a name", key.value);
        let mut fault = Diagnostic::error("wrong-value", key.span, message)
            .help("a name has small letters, digits and `_`, and begins with a letter");
        let better = key.value.to_lowercase().replace(['-', ' ', '.'], "_");
        if Self::matches(pattern, &better) {
            fault = fault.label(format!("write `{better}`")).guess(key.span, better);
        }
        self.faults.push(fault);
        self.unread.push(key.value.clone());
        false
    }

    fn matches(pattern: &str, text: &str) -> bool {
        PATTERNS.get(pattern).is_none_or(|compiled| compiled.is_match(text))
    }

    fn text(&mut self, text: &str, span: Span, schema: &Value, place: &Place<'_>) -> bool {
        let name = place.name;
        if !place.template && !schema.is_null() && text.contains("${{") {
            let message = format!("{name} cannot have a template");
            self.faults.push(
                Diagnostic::error("misplaced-template", span, message)
                    .help("what a play may touch is fixed before anything is read; write it out"),
            );
            return false;
        }
        if let Some(options) = schema["enum"].as_array() {
            let options: Vec<&str> = options.iter().filter_map(Value::as_str).collect();
            if !options.contains(&text) {
                let listed: Vec<String> = options.iter().map(|word| format!("`{word}`")).collect();
                let message = format!("{name} is `{text}`, not {}", listed.join(" or "));
                let mut fault = Diagnostic::error("wrong-value", span, message);
                if let Some(nearest) = near(text, options) {
                    fault = fault.guess(span, nearest).label(format!("did you mean `{nearest}`?"));
                }
                self.faults.push(fault);
                return false;
            }
        }
        if text.trim().is_empty() && schema["minLength"].is_u64() {
            return self.wrong_value(span, format!("{name} is empty"));
        }
        if let Some(pattern) = schema["pattern"].as_str()
            && !Self::matches(pattern, text)
        {
            let message = format!("{name} is `{text}`, which is not a name");
            let help = if pattern == NAME {
                "a name has small letters, digits and `_`, and begins with a letter"
            } else {
                "a name has letters, digits, `_`, `-` and `.`"
            };
            self.faults.push(Diagnostic::error("wrong-value", span, message).help(help));
            return false;
        }
        true
    }

    fn number(
        &mut self,
        value: f64,
        written: &str,
        span: Span,
        schema: &Value,
        place: &Place<'_>,
    ) -> bool {
        let name = place.name;
        if !value.is_finite() {
            return self.wrong_value(span, format!("{name} is {written}, which is no number"));
        }
        if let Some(least) = schema["minimum"].as_f64().filter(|least| value < *least) {
            return self.wrong_value(span, format!("{name} is {written}, and at least {least}"));
        }
        if let Some(most) = schema["maximum"].as_f64().filter(|most| value > *most) {
            return self.wrong_value(span, format!("{name} is {written}, and at most {most}"));
        }
        true
    }

    fn wrong_value(&mut self, span: Span, message: String) -> bool {
        self.faults.push(Diagnostic::error("wrong-value", span, message));
        false
    }

    fn wrong_type(&mut self, tree: &Tree, place: &Place<'_>, wanted: &str) -> bool {
        let found = tree.value.kind();
        let message = format!("{} wants {wanted}, and this is {found}", place.name);
        let fault = Diagnostic::error("wrong-type", tree.span, message);
        self.faults.push(misread::explain(fault, tree, wanted, self.source));
        false
    }
}

/// Returns what the schema says of a value of one kind, such as `object`; nothing where it takes
/// none of that kind.
pub(super) fn choice<'a>(root: &'a Value, schema: &'a Value, kind: &str) -> &'a Value {
    let schema = resolve(root, schema);
    let choices = schema["anyOf"].as_array().into_iter().flatten().map(|one| resolve(root, one));
    let mut choices = choices.chain([schema]).filter(|one| one["anyOf"].is_null());
    choices.find(|one| takes(one, kind)).unwrap_or(&Value::Null)
}

fn resolve<'a>(root: &'a Value, schema: &'a Value) -> &'a Value {
    let mut schema = schema;
    while let Some(reference) = schema["$ref"].as_str() {
        schema = root.pointer(reference.trim_start_matches('#')).unwrap_or(&Value::Null);
    }
    schema
}

/// Returns the word of a schema for a value's kind.
fn kind(node: &Node) -> &'static str {
    match node {
        Node::Null => "null",
        Node::Bool(_) => "boolean",
        Node::Integer(_) => "integer",
        Node::Float(_) => "number",
        Node::Text(_) => "string",
        Node::List(_) => "array",
        Node::Map(_) => "object",
    }
}

/// Whether a schema takes a value of this kind.
fn takes(schema: &Value, kind: &str) -> bool {
    let is = |wanted: &Value| wanted == kind || (kind == "integer" && wanted == "number");
    match &schema["type"] {
        Value::Array(wanted) => wanted.iter().any(is),
        Value::Null => true,
        wanted => is(wanted),
    }
}

/// Returns a text that begins with a small letter.
fn small(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(char::to_lowercase).into_iter().flatten().chain(letters).collect()
}

fn kinds(schema: &Value) -> String {
    let word = |kind: &Value| match kind.as_str().unwrap_or_default() {
        "string" => "text",
        "integer" => "a whole number",
        "number" => "a number",
        "boolean" => "`true` or `false`",
        "array" => "a list",
        "object" => "a map",
        _ => "something else",
    };
    match &schema["type"] {
        Value::Array(kinds) => kinds.iter().map(word).collect::<Vec<_>>().join(" or "),
        kind => word(kind).to_owned(),
    }
}
