//! `large-airplane`: an airplane that is more than a model app.

use crate::diagnostic::Level;
use crate::lint::Subject;
use crate::lint::airplane::MOST_TOKENS;
use crate::lint::rule::{Profile, Report, Rule, page};

pub(super) const RULE: Rule = Rule {
    name: "large-airplane",
    level: Level::Warning,
    profile: Profile::Default,
    page: page!("large-airplane"),
    diagnose: Some(diagnose),
};

/// How many of its files are named.
const NAMED: usize = 3;

fn diagnose(subject: &Subject<'_>, report: Report<'_>) {
    for airplane in subject.airplanes() {
        let Some(Ok(flattened)) = &airplane.flattened else { continue };
        if flattened.tokens <= MOST_TOKENS || flattened.large.is_some() {
            continue;
        }
        let name = &airplane.name.value;
        let tokens = flattened.tokens;
        let message = format!(
            "the airplane `{name}` has {tokens} tokens, and at most {MOST_TOKENS} are good"
        );
        let mut files: Vec<&(String, u64)> = flattened.files.iter().collect();
        files.sort_by_key(|(path, tokens)| (std::cmp::Reverse(*tokens), path));
        let largest = files.iter().take(NAMED).map(|(path, tokens)| format!("`{path}` {tokens}"));
        let largest = largest.collect::<Vec<_>>().join(", ");
        report(RULE.at(airplane.place(), message).help(format!(
            "show one thing, hide the rest with `wizard:ignore-file`, or say in `large:` why it has to \
             be so; the largest: {largest}"
        )));
    }
}
