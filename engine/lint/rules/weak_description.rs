//! `weak-description`: a description that does not say what a playbook does and when to use it.

use std::sync::LazyLock;

use regex::Regex;

use crate::diagnostic::Level;
use crate::lint::Subject;
use crate::lint::rule::{Profile, Report, Rule, page};

pub(super) const RULE: Rule = Rule {
    name: "weak-description",
    level: Level::Warning,
    profile: Profile::Strict,
    page: page!("weak-description"),
    diagnose: Some(diagnose),
};

/// The fewest letters that say something.
const SHORTEST: usize = 40;

/// The most that somebody reads, or that lists of playbooks keep.
const LONGEST: usize = 1024;

/// Words by which a description says when.
static WHEN: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let words = include_str!("when_words.txt").lines().filter(|line| !line.starts_with('#'));
    Regex::new(&format!(r"(?i)\b({})\b", words.collect::<Vec<_>>().join("|"))).ok()
});

fn diagnose(subject: &Subject<'_>, report: Report<'_>) {
    let playbook = subject.playbook;
    let Some(written) = playbook.written.as_ref().and_then(|tree| tree.get("description")) else {
        return;
    };
    let text = playbook.description.trim();
    if text.is_empty() {
        return;
    }
    let length = text.chars().count();
    let letters = |text: &str| -> String {
        text.chars().filter(|it| it.is_alphanumeric()).flat_map(char::to_lowercase).collect()
    };
    let says_when = WHEN.as_ref().is_none_or(|when| when.is_match(text));
    let message = if letters(text) == letters(&playbook.name) {
        "the description repeats the name".to_owned()
    } else if length < SHORTEST {
        format!("the description has {length} letters, which is little to choose a playbook by")
    } else if length > LONGEST {
        format!("the description has {length} letters, and lists keep {LONGEST} of them")
    } else if !says_when {
        "the description does not say when to use the playbook".to_owned()
    } else {
        return;
    };
    report(RULE.at(written.span, message).help(
        "say what it does, then when to use it, as in \"Adds a basket to a shop. Use when the shop has none.\"",
    ));
}
