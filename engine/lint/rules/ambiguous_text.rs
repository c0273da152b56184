//! `ambiguous-text`: a text without quotes that other readers of YAML take for something else.

use std::sync::LazyLock;

use regex::Regex;

use crate::diagnostic::Level;
use crate::lint::Subject;
use crate::lint::rule::{Profile, Report, Rule, page};
use crate::playbook::{Node, Tree};

pub(super) const RULE: Rule = Rule {
    name: "ambiguous-text",
    level: Level::Warning,
    profile: Profile::Strict,
    page: page!("ambiguous-text"),
    diagnose: Some(diagnose),
};

/// What others take a text for, by what it looks like: the resolutions of YAML 1.1.
static LOOKS: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    [
        (r"^(?i:yes|no|on|off)$", "`true` or `false`"),
        (r"^\d{4}-\d\d?-\d\d?([Tt ].*)?$", "a date"),
        (r"^\d+(:[0-5]?\d)+$", "a number of minutes or seconds"),
        (r"^0[0-7]+$", "a number to the base of eight"),
        (r"^\d+(_\d+)+$", "a number"),
    ]
    .into_iter()
    .filter_map(|(look, what)| Some((Regex::new(look).ok()?, what)))
    .collect()
});

/// Keys whose values are no free texts, and are held against what they may be.
const HELD: [&str; 8] =
    ["optional", "retro", "not", "baseline", "parallel", "timeout", "max_age", "playbook"];

/// Keys of which any scalar is kept as the text that was written.
const WORDS: [&str; 8] = ["version", "title", "run", "exec", "add", "script", "enum", "keys"];

fn diagnose(subject: &Subject<'_>, report: Report<'_>) {
    if let Some(written) = &subject.playbook.written {
        look(subject, written, "", report);
    }
}

fn look(subject: &Subject<'_>, tree: &Tree, key: &str, report: Report<'_>) {
    for item in tree.items() {
        look(subject, item, key, report);
    }
    for (name, value) in tree.entries() {
        let own = name.starts_with("x_") || name.value == "schema";
        if own || HELD.contains(&name.value.as_str()) {
            continue;
        }
        // The keys of `keys` are the author's.
        look(subject, value, if key == "keys" { key } else { &name.value }, report);
    }
    let written = subject.text(tree.span);
    let what = match &tree.value {
        Node::Text(text) if written == text && text.len() < 40 => {
            LOOKS.iter().find(|(look, _)| look.is_match(text)).map(|(_, what)| (*what).to_owned())
        }
        Node::Float(value) if WORDS.contains(&key) => {
            let read = value.to_string();
            (read != written).then(|| format!("`{read}`"))
        }
        _ => None,
    };
    if let Some(what) = what {
        let message = format!("other readers of YAML take `{written}` for {what}");
        report(
            RULE.at(tree.span, message)
                .help("put quotes around it")
                .fix(tree.span, format!("\"{written}\"")),
        );
    }
}
