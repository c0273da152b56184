//! `shape-mismatch`: prose that names other fields than an output's schema has.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::diagnostic::{Diagnostic, Level, near};
use crate::lint::Subject;
use crate::lint::rule::{Profile, Report, Rule, page};
use crate::lint::speech::{Audience, Kind, Speech, Word};
use crate::playbook::Output;
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "shape-mismatch",
    level: Level::Warning,
    profile: Profile::Default,
    page: page!("shape-mismatch"),
    diagnose: Some(diagnose),
};

fn diagnose(subject: &Subject<'_>, report: Report<'_>) {
    for speech in subject.speeches() {
        let Audience::Stage(index) = speech.audience else { continue };
        let stage = &subject.playbook.stages[index];
        if let Output::Schema { schema, span } = &stage.output {
            let shape = Shape { keys: keys(schema), of: &stage.id.value, at: *span };
            if !shape.keys.is_empty() {
                in_blocks(subject, speech, &shape, report);
                in_lists(subject, speech, &shape, |_| true, report);
                asked_for(subject, speech, &shape, report);
            }
        }
        for (other, upstream) in subject.playbook.stages.iter().enumerate() {
            let Output::Schema { schema, span } = &upstream.output else { continue };
            if other == index || !subject.is_upstream(other, index) {
                continue;
            }
            let id = &upstream.id.value;
            let shape = Shape { keys: keys(schema), of: id, at: *span };
            let path = format!("stages.{id}.output");
            let reads = |words: &[Word<'_>]| {
                words.iter().any(|word| word.kind == Kind::Template && word.text.contains(&path))
            };
            in_lists(subject, speech, &shape, reads, report);
        }
    }
}

/// The fields of an output.
struct Shape<'a> {
    keys: BTreeSet<&'a str>,
    of: &'a str,
    at: Span,
}

/// Returns the names of all fields that a schema describes.
fn keys(schema: &Value) -> BTreeSet<&str> {
    fn collect<'a>(schema: &'a Value, keys: &mut BTreeSet<&'a str>) {
        match schema {
            Value::Object(map) => {
                if let Some(Value::Object(properties)) = map.get("properties") {
                    keys.extend(properties.keys().map(String::as_str));
                }
                // The words of an enumeration are values that prose speaks of too.
                if let Some(Value::Array(options)) = map.get("enum") {
                    keys.extend(options.iter().filter_map(Value::as_str));
                }
                map.values().for_each(|value| collect(value, keys));
            }
            Value::Array(list) => list.iter().for_each(|value| collect(value, keys)),
            _ => {}
        }
    }
    let mut found = BTreeSet::new();
    collect(schema, &mut found);
    found
}

/// Looks at blocks of JSON that show the output.
fn in_blocks(subject: &Subject<'_>, speech: &Speech<'_>, shape: &Shape<'_>, report: Report<'_>) {
    for fence in speech
        .prose
        .fences
        .iter()
        .filter(|fence| matches!(fence.value.as_str(), "json" | "jsonc" | ""))
    {
        let text = subject.text(fence.span);
        let Some(start) = text.find(['{', '[']) else { continue };
        let Some(end) = text.rfind(['}', ']']).filter(|end| *end > start) else { continue };
        let Ok(shown) = serde_json::from_str::<Value>(&text[start..=end]) else { continue };
        let mut names = Vec::new();
        fields(&shown, &mut names);
        // A block without any field of the output shows something else.
        if !names.iter().any(|name| shape.keys.contains(name)) {
            continue;
        }
        let mut told = BTreeSet::new();
        for name in names {
            if !shape.keys.contains(name) && told.insert(name) {
                let quoted = format!("\"{name}\"");
                let at = text.find(&quoted).map_or(0, |at| at + 1);
                report(finding(shape, name, fence.span.part(at, at + name.len())));
            }
        }
    }
}

/// Collects the names of fields that look like the output's own: data inside maps is left out.
fn fields<'v>(value: &'v Value, names: &mut Vec<&'v str>) {
    match value {
        Value::Object(map) => {
            for (name, value) in map {
                names.push(name);
                fields(value, names);
            }
        }
        Value::Array(list) => list.iter().for_each(|value| fields(value, names)),
        _ => {}
    }
}

/// Looks at sentences that list fields in backticks.
fn in_lists(
    subject: &Subject<'_>,
    speech: &Speech<'_>,
    shape: &Shape<'_>,
    speaks: impl Fn(&[Word<'_>]) -> bool,
    report: Report<'_>,
) {
    for sentence in &speech.sentences {
        if !speech.has(sentence, &["field", "fields", "key", "keys"])
            || !speaks(speech.said(sentence))
        {
            continue;
        }
        let words = speech.said(sentence);
        let first = words
            .iter()
            .position(|word| word.any(&["field", "fields", "key", "keys"]))
            .unwrap_or_default();
        let names: Vec<&Word<'_>> = words[first.saturating_sub(1)..]
            .iter()
            .filter(|word| word.kind == Kind::Code && is_name(word.text))
            .collect();
        let known = names.iter().any(|word| shape.keys.contains(word.text));
        let all: Vec<&str> = names.iter().map(|word| word.text).collect();
        for word in names {
            let unknown = !shape.keys.contains(word.text)
                && !subject.playbook.inputs.iter().any(|input| input.name.value == word.text);
            if unknown && (known || all.iter().any(|name| akin(shape, name).is_some())) {
                report(finding(shape, word.text, subject.word(word.span, word.text)));
            }
        }
    }
}

/// Looks at instructions to give names of which each has a word more than a field.
fn asked_for(subject: &Subject<'_>, speech: &Speech<'_>, shape: &Shape<'_>, report: Report<'_>) {
    let verbs = ["give", "list", "set", "add", "write", "include", "return", "provide", "fill"];
    for sentence in &speech.sentences {
        // What is called a field is looked at above.
        if speech.has(sentence, &["field", "fields", "key", "keys"]) {
            continue;
        }
        for clause in speech.clauses(sentence).iter().filter(|clause| clause.orders(&verbs)) {
            let words = speech.after_verb(clause).iter();
            let names: Vec<&Word<'_>> =
                words.filter(|word| word.kind == Kind::Code && is_name(word.text)).collect();
            if names.len() > 1 && names.iter().all(|word| part_of(shape, word.text).is_some()) {
                for word in names {
                    report(finding(shape, word.text, subject.word(word.span, word.text)));
                }
            }
        }
    }
}

/// Whether a word can be the name of a field.
fn is_name(word: &str) -> bool {
    word.len() > 1
        && word.starts_with(|first: char| first.is_ascii_lowercase())
        && word.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
        && !matches!(word, "true" | "false" | "null" | "none")
}

/// Returns the field that a name is most like: a slip of the pen, or one with a word more or less.
fn akin<'a>(shape: &Shape<'a>, name: &str) -> Option<&'a str> {
    part_of(shape, name).or_else(|| near(name, shape.keys.iter().copied()))
}

/// Returns the field of which a name is one with a word more or less, if it is none itself.
fn part_of<'a>(shape: &Shape<'a>, name: &str) -> Option<&'a str> {
    let part = |key: &&&str| {
        let (long, short) = if key.len() > name.len() { (**key, name) } else { (name, **key) };
        let rest = long.strip_suffix(short).and_then(|rest| rest.strip_suffix('_'));
        rest.or_else(|| long.strip_prefix(short).and_then(|rest| rest.strip_prefix('_'))).is_some()
    };
    shape.keys.iter().find(part).copied().filter(|_| !shape.keys.contains(name))
}

fn finding(shape: &Shape<'_>, name: &str, place: Span) -> Diagnostic {
    let message = format!("the output of `{}` has no field `{name}`", shape.of);
    let finding = RULE.at(place, message).related(shape.at, "its schema");
    match akin(shape, name) {
        Some(key) => finding.label(format!("did you mean `{key}`?")).guess(place, key),
        None => {
            let keys: Vec<String> =
                shape.keys.iter().take(12).map(|key| format!("`{key}`")).collect();
            finding.help(format!("it has {}", keys.join(", ")))
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::lint::sample::{found, of_stages};

    const SCHEMA: &str = "output: {schema: {type: object, properties: {events: {type: array, items: {type: object, \
         properties: {event: {type: string}, description: {type: string}, file: {type: string}}}}}}}";

    fn of_stage(section: &str) -> Vec<String> {
        found(
            "shape-mismatch",
            &of_stages("", "", &[("plan", SCHEMA, section), ("build", "", "Build it.")]),
        )
    }

    fn of_reader(section: &str) -> Vec<String> {
        found(
            "shape-mismatch",
            &of_stages("", "", &[("plan", SCHEMA, "Plan it."), ("build", "", section)]),
        )
    }

    #[test]
    fn a_field_that_the_schema_has_not_is_found() {
        let lists = "Each has these field names: `event_name`, `event_description`, and `file`.";
        assert_eq!(of_stage(lists), ["event_name", "event_description"]);
        let block =
            "Answer so:\n\n```json\n{\"events\": [{\"event_name\": \"a\", \"file\": \"b\"}]}\n```";
        assert_eq!(of_stage(block), ["event_name"]);
        assert_eq!(
            of_stage("Give each an `event_file` and an `event_description`."),
            ["event_file", "event_description"]
        );
        let reader =
            "Take the fields `event_name` and `file` of each: ${{ stages.plan.output.events }}";
        assert_eq!(of_reader(reader), ["event_name"]);
    }

    #[test]
    fn fields_of_something_else_are_left() {
        for section in [
            "Each has the fields `event`, `description` and `file`.",
            "The form has the fields `email` and `password`.",
            "Answer so:\n\n```json\n{\"events\": [{\"event\": \"a\"}]}\n```",
            "The config is:\n\n```json\n{\"compilerOptions\": {\"strict\": true}}\n```",
            "Call `event_name` where it is made.",
            "Add `my_event` to `basket`.",
            "The key `true` is no name.",
            "The field `file` is a path, as `app/a.py` is.",
            "Name the fields.",
            "```json\nnot json\n```",
            "Set the key `API_KEY`.",
        ] {
            assert_eq!(of_stage(section), Vec::<String>::new(), "{section}");
            assert_eq!(of_reader(section), Vec::<String>::new(), "{section}");
        }
    }
}
