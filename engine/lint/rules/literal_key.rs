//! `literal-key`: a key of somebody's account, in prose or in an airplane.

use crate::closed::written;
use crate::diagnostic::Level;
use crate::lint::Subject;
use crate::lint::rule::{Profile, Report, Rule, page};

pub(super) const RULE: Rule = Rule {
    name: "literal-key",
    level: Level::Warning,
    profile: Profile::Default,
    page: page!("literal-key"),
    diagnose: Some(diagnose),
};

fn diagnose(subject: &Subject<'_>, report: Report<'_>) {
    for prose in subject.proses() {
        let keys = written(subject.text(prose.span)).into_iter().filter(|key| key.public);
        for key in keys {
            let message = format!("the prose holds {} of somebody's account", key.what);
            let place = prose.span.part(key.range.start, key.range.end);
            report(
                RULE.at(place, message).help(
                    "whoever plays this has another: declare an input, and set it with `env`",
                ),
            );
        }
    }
    for airplane in subject.airplanes() {
        for file in airplane.files.iter().filter(|file| file.shown) {
            let keys = written(file.text).into_iter().filter(|key| key.public);
            for key in keys {
                let within = |(start, line): &(usize, &str)| {
                    *start <= key.range.start && key.range.start < start + line.len()
                };
                if !file.lines().iter().any(within) {
                    continue;
                }
                let message = format!(
                    "the airplane `{}` holds {} of somebody's account",
                    airplane.name.value, key.what
                );
                let place = file.span(key.range.start, key.range.end);
                report(RULE.at(place, message).help(
                    "models copy what an airplane shows: let the app read the key from its settings",
                ));
            }
        }
    }
}
