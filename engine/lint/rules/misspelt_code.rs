//! `misspelt-code`: a word in backticks that is one letter off from a name of the playbook's own.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde_json::Value;

use crate::diagnostic::{Level, near};
use crate::lint::Subject;
use crate::lint::rule::{Profile, Report, Rule, page};
use crate::lint::slip::is_slip_of;
use crate::playbook::Output;
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "misspelt-code",
    level: Level::Warning,
    profile: Profile::Default,
    page: page!("misspelt-code"),
    diagnose: Some(diagnose),
};

/// Shorter names are too much like others; a name of one word more so than one of several.
const SHORTEST: usize = 6;
const SHORTEST_WORD: usize = 9;

fn diagnose(subject: &Subject<'_>, report: Report<'_>) {
    let names = names(subject);
    if names.is_empty() {
        return;
    }
    let mut times: HashMap<&str, usize> = HashMap::new();
    for prose in subject.proses() {
        for word in &prose.code_words {
            *times.entry(word.value.as_str()).or_default() += 1;
        }
    }
    let mut told = HashSet::new();
    for prose in subject.proses() {
        for word in &prose.code_words {
            let written = word.value.as_str();
            // What is written so more than once is a name of something else.
            if written.len() < SHORTEST
                || times.get(written).is_some_and(|times| *times > 1)
                || !is_name(written)
            {
                continue;
            }
            if names.contains_key(written) || !told.insert(word.span) {
                continue;
            }
            let candidates = names.keys().copied().filter(|name| is_slip(written, name));
            let Some(name) = near(written, candidates) else { continue };
            let Some((kind, place)) = names.get(name) else { continue };
            let at = subject.word(word.span, written);
            report(
                RULE.at(at, format!("there is no `{written}`, but {kind} `{name}`"))
                    .related(
                        *place,
                        format!("the {}", kind.trim_start_matches("an ").trim_start_matches("a ")),
                    )
                    .label(format!("did you mean `{name}`?"))
                    .guess(at, name),
            );
        }
    }
}

/// Returns the names that a playbook gives, each with what it names.
fn names<'a>(subject: &Subject<'a>) -> BTreeMap<&'a str, (&'static str, Span)> {
    let playbook = subject.playbook;
    let mut names = BTreeMap::new();
    for stage in &playbook.stages {
        if let Output::Schema { schema, span } = &stage.output {
            fields(schema, &mut |name| {
                names.insert(name, ("a field", *span));
            });
        }
    }
    names.extend(playbook.stages.iter().map(|it| (it.id.value.as_str(), ("a stage", it.id.span))));
    names.extend(
        playbook.inputs.iter().map(|it| (it.name.value.as_str(), ("an input", it.name.span))),
    );
    names.extend(
        playbook.commands.iter().map(|it| (it.name.value.as_str(), ("a command", it.name.span))),
    );
    names.extend(playbook.docs.iter().map(|it| (it.name.value.as_str(), ("a doc", it.name.span))));
    names.extend(playbook.airplanes.iter().map(|it| (it.value.as_str(), ("an airplane", it.span))));
    names
}

fn fields<'v>(schema: &'v Value, visit: &mut impl FnMut(&'v str)) {
    match schema {
        Value::Object(map) => {
            if let Some(Value::Object(properties)) = map.get("properties") {
                properties.keys().for_each(|name| visit(name));
            }
            map.values().for_each(|value| fields(value, visit));
        }
        Value::Array(list) => list.iter().for_each(|value| fields(value, visit)),
        _ => {}
    }
}

/// Whether a word can be a name, and not a path, a call or a sentence.
fn is_name(word: &str) -> bool {
    word.chars().all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-'))
}

/// Whether one is the other with a letter wrong. A plain word in the plural is another word; a name of
/// several words is not.
fn is_slip(written: &str, name: &str) -> bool {
    if name.len() < SHORTEST
        || written.len().abs_diff(name.len()) > 1
        || written.eq_ignore_ascii_case(name)
    {
        return false;
    }
    let compound = |word: &str| word.contains(['_', '-']);
    let plural = written.strip_suffix('s') == Some(name) || name.strip_suffix('s') == Some(written);
    let both = compound(written) && compound(name);
    if !both && (plural || name.len() < SHORTEST_WORD) {
        return false;
    }
    // A number or a letter that counts makes another name: `step_1`, `port_a`.
    let differs = written.bytes().zip(name.bytes()).find(|(one, other)| one != other);
    let counts = differs.is_some_and(|(one, other)| one.is_ascii_digit() || other.is_ascii_digit());
    !counts
        && written.bytes().zip(name.bytes()).take_while(|(one, other)| one == other).count() > 0
        && is_slip_of(written, name)
}

#[cfg(test)]
mod tests {
    use crate::lint::sample::{found, of_stages};

    fn of_section(section: &str) -> Vec<String> {
        let keys = "inputs: {max_events: {type: integer}, hostname: {}}\ncommands: {typecheck: {script: check}}\n";
        let schema = "output: {schema: {type: object, properties: {event_name: {type: string}}}}";
        found(
            "misspelt-code",
            &of_stages(keys, "", &[("survey", schema, "Look."), ("build", "", section)]),
        )
    }

    #[test]
    fn a_name_with_a_letter_wrong_is_found() {
        for (section, at) in [
            ("At most `max_event` of them.", "max_event"),
            ("Take the `evnet_name`.", "evnet_name"),
            ("Take the `event-name`.", "event-name"),
            ("Call `done`, then the engine runs `typcheck`.", "typcheck"),
            ("Take `max_eventss`.", "max_eventss"),
        ] {
            assert_eq!(of_section(section), [at], "{section}");
        }
    }

    #[test]
    fn another_name_is_left() {
        for section in [
            "At most `max_events` of them.",
            "Set `hostnames`.",
            "Set `max_event` and read `max_event`.",
            "Call `max_events()`.",
            "Set `min_events`.",
            "Set `event_name_2`.",
            "Read `max_even/a.md`.",
            "Set `Event_Name`.",
            "Set `maximum_events`.",
            "Set `events`.",
        ] {
            assert_eq!(of_section(section), Vec::<String>::new(), "{section}");
        }
    }
}
