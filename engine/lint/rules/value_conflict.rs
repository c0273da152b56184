//! `value-conflict`: one option that has two values.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::Regex;

use crate::diagnostic::Level;
use crate::lint::code::without_comments;
use crate::lint::rule::{Profile, Report, Rule, page};
use crate::lint::tokens::tokens;
use crate::lint::{AirplaneFile, Subject};
use crate::playbook::DocPlace;
use crate::source::{FileId, Span};

pub(super) const RULE: Rule = Rule {
    name: "value-conflict",
    level: Level::Warning,
    profile: Profile::Default,
    page: page!("value-conflict"),
    diagnose: Some(diagnose),
};

/// An option with a value that stands in code.
static OPTION: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let key = r#"["']?([A-Za-z_][A-Za-z0-9_-]{2,40})["']?"#;
    let value = r#"("[^"\s$\\]{1,60}"|'[^'\s$\\]{1,60}'|-?\d[\w.]{0,20}|true|false|True|False)"#;
    Regex::new(&format!(r"(?m)(?:^|[\s,({{\[`.]){key}\s*(?::|=>|=)\s*{value}(?:$|[\s,;)}}\]`])"))
        .ok()
});

/// Options of which every use has a value of its own.
static VARYING: LazyLock<Vec<&'static str>> =
    LazyLock::new(|| include_str!("../varying_options.txt").split_whitespace().collect());

/// Words of sentences that speak of a value which is not, or not always, the right one.
const OTHERS: &str = "not never no don't if when unless or instead before old older example \
                     e.g such default defaults until otherwise either while where may can \
                     without except";

/// An option as it stands somewhere.
struct Setting<'a> {
    key: &'a str,
    value: &'a str,
    span: Span,
}

/// The settings of one source: a file of prose, an airplane, a doc.
struct Origin<'a> {
    /// What it is, for the person.
    what: String,
    settings: Vec<Setting<'a>>,
}

fn diagnose(subject: &Subject<'_>, report: Report<'_>) {
    let airplanes: Vec<Origin<'_>> = subject
        .airplanes()
        .iter()
        .map(|airplane| {
            let what = format!("in the airplane `{}`", airplane.name.value);
            Origin { what, settings: airplane.shown().flat_map(of_file).collect() }
        })
        .collect();
    let told = told(subject);
    for setting in &told {
        against_airplanes(setting, &airplanes, report);
    }
    let mut origins = vec![Origin { what: "in prose".to_owned(), settings: told }];
    origins[0].settings.extend(in_fences(subject));
    origins.extend(docs(subject));
    origins.extend(airplanes);
    dated(&origins, report);
}

/// Returns the options that sentences give a value, in backticks and without a condition.
fn told<'a>(subject: &Subject<'a>) -> Vec<Setting<'a>> {
    let mut told = Vec::new();
    for prose in subject.proses() {
        let words = prose.code_words.iter().filter(|word| word.value.contains([':', '=']));
        for word in words {
            let Some(sentence) = subject.sentence(prose, word.span) else { continue };
            if tokens(sentence).iter().any(|token| token.is_in(OTHERS)) {
                continue;
            }
            let text = subject.text(word.span);
            let whole = settings(text, word.span.file, word.span.start as usize);
            let inside = text.trim_matches('`').trim();
            told.extend(whole.into_iter().filter(|setting| {
                let length = setting.key.len() + setting.value.len();
                inside.starts_with(['"', '\'', setting.key.chars().next().unwrap_or('_')])
                    && inside.len() <= length + 8
            }));
        }
    }
    told
}

/// Returns the options in the code blocks of prose.
fn in_fences<'a>(subject: &Subject<'a>) -> Vec<Setting<'a>> {
    let fences = subject.proses().flat_map(|prose| &prose.fences);
    let spans = fences.map(|fence| fence.span);
    spans.flat_map(|span| settings(subject.text(span), span.file, span.start as usize)).collect()
}

/// Returns the options in docs that are files of the library.
fn docs<'a>(subject: &Subject<'a>) -> Vec<Origin<'a>> {
    let docs = subject.docs().filter_map(|(_, doc)| {
        let DocPlace::File(path) = &doc.place else { return None };
        let file = *subject.bundle.named.get(&path.value)?.as_ref().ok()?;
        let text = &subject.bundle.files.get(usize::from(file.0))?.text;
        let what = format!("in the doc `{}`", doc.name.value);
        Some(Origin { what, settings: settings(text, file, 0) })
    });
    docs.collect()
}

/// Returns the options in a code file or a page of an airplane, its comments left out.
fn of_file<'a>(file: &AirplaneFile<'a>) -> Vec<Setting<'a>> {
    let path = file.path.to_lowercase();
    let page = [".md", ".html"].iter().any(|end| path.ends_with(end));
    let code = match file.family() {
        Some(family) => without_comments(file.text, family),
        None if page => file.text.to_owned(),
        None => return Vec::new(),
    };
    let lines = file.lines();
    let shown = |at: usize| {
        let line = lines.partition_point(|(start, _)| *start <= at).checked_sub(1);
        line.is_some_and(|line| at < lines[line].0 + lines[line].1.len())
    };
    let found = places(&code).into_iter().filter(|(key, _)| shown(key.start));
    let found = found.map(|(key, value)| Setting {
        key: &file.text[key.clone()],
        value: unquoted(&file.text[value.clone()]),
        span: file.span(key.start, value.end),
    });
    found.collect()
}

fn settings(text: &str, file: FileId, offset: usize) -> Vec<Setting<'_>> {
    let found = places(text).into_iter().map(|(key, value)| Setting {
        key: &text[key.clone()],
        value: unquoted(&text[value.clone()]),
        span: Span::new(file, offset + key.start, offset + value.end),
    });
    found.collect()
}

/// A key and its value, as bytes of a text.
type Pair = (std::ops::Range<usize>, std::ops::Range<usize>);

fn places(text: &str) -> Vec<Pair> {
    let captures = OPTION.iter().flat_map(|option| option.captures_iter(text));
    let pairs = captures.filter_map(|captures| Some((captures.get(1)?, captures.get(2)?)));
    let pairs = pairs.filter(|(key, _)| {
        // Behind a question mark stands the first of two values.
        let chosen = text[..key.start()].trim_end().ends_with('?');
        !chosen && !VARYING.contains(&key.as_str().to_lowercase().as_str())
    });
    pairs.map(|(key, value)| (key.range(), value.range())).collect()
}

fn unquoted(value: &str) -> &str {
    value.trim_matches(['"', '\''])
}

/// Reports an option that a sentence gives one value and every place of an airplane another.
fn against_airplanes(told: &Setting<'_>, airplanes: &[Origin<'_>], report: Report<'_>) {
    for airplane in airplanes {
        let mut shown = airplane.settings.iter().filter(|shown| shown.key == told.key);
        let Some(first) = shown.next() else { continue };
        if first.value != told.value && shown.all(|other| other.value == first.value) {
            report(conflict(told, first, &airplane.what));
            return;
        }
    }
}

/// Reports an option whose value is a date or a version, and another one in another source: such
/// a value says which behaviour of many years is asked for.
fn dated(origins: &[Origin<'_>], report: Report<'_>) {
    let mut first: BTreeMap<&str, (&Setting<'_>, usize)> = BTreeMap::new();
    for (index, origin) in origins.iter().enumerate() {
        let dated = origin.settings.iter().filter(|setting| is_dated(setting.value));
        for setting in dated {
            let values = origin.settings.iter().filter(|other| other.key == setting.key);
            let varies = values.into_iter().any(|other| other.value != setting.value);
            let (other, of) = *first.entry(setting.key).or_insert((setting, index));
            if of == index || other.value == setting.value || varies {
                continue;
            }
            report(conflict(other, setting, &origin.what));
            break;
        }
    }
}

fn is_dated(value: &str) -> bool {
    static DATED: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(r"^(?:20\d\d-[01]\d-[0-3]\d|v?\d{1,3}\.\d{1,3}\.\d{1,4})$").ok()
    });
    DATED.as_ref().is_some_and(|dated| dated.is_match(value))
}

fn conflict(here: &Setting<'_>, there: &Setting<'_>, what: &str) -> crate::diagnostic::Diagnostic {
    let (key, one, other) = (here.key, here.value, there.value);
    RULE.at(here.span, format!("`{key}` is `{one}` here and `{other}` {what}"))
        .related(there.span, "the other value")
        .help("the model takes one of them: say the same in both places")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_taken_with_their_literal_values() {
        let found = |text: &str| -> Vec<String> {
            let found = places(text).into_iter();
            found.map(|(key, value)| format!("{} {}", &text[key], &text[value])).collect()
        };
        assert_eq!(
            found("init(token, { defaults: '2025-05-24', retries: 3 })"),
            ["defaults '2025-05-24'", "retries 3"]
        );
        assert_eq!(
            found("client = Client(api_version=\"2024-06-20\", debug=True)"),
            ["api_version \"2024-06-20\"", "debug True"]
        );
        assert_eq!(found("'flush_at' => 20,\nstrict = true"), ["flush_at 20", "strict true"]);
        for text in [
            "host: host.replace('a')",
            "key: `a`",
            "if (count === 3)",
            "count >= 3",
            "a: 3",
            "x ? yes : 'no'",
        ] {
            assert_eq!(found(text), Vec::<String>::new(), "{text}");
        }
    }

    #[test]
    fn dates_and_versions_are_told() {
        for value in ["2026-01-30", "1.2.3", "v10.0.1"] {
            assert!(is_dated(value), "{value}");
        }
        for value in ["2026", "1.2", "127.0.0.1", "3", "a-2026-01-30"] {
            assert!(!is_dated(value), "{value}");
        }
    }
}
