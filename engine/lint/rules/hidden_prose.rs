//! `hidden-prose`: prose that a model reads and a person does not see.

use crate::diagnostic::Level;
use crate::lint::Subject;
use crate::lint::rule::{Profile, Report, Rule, page};
use crate::source::is_invisible;

pub(super) const RULE: Rule = Rule {
    name: "hidden-prose",
    level: Level::Warning,
    profile: Profile::Default,
    page: page!("hidden-prose"),
    diagnose: Some(diagnose),
};

fn diagnose(subject: &Subject<'_>, report: Report<'_>) {
    for prose in subject.proses() {
        let Some(source) = subject.bundle.files.get(usize::from(prose.span.file.0)) else {
            continue;
        };
        let text = source.slice(prose.span);
        for (start, _) in text.match_indices("<!--") {
            let end = text[start..].find("-->").map_or(text.len(), |length| start + length + 3);
            report(
                RULE.at(
                    prose.span.part(start, end),
                    "the model reads this comment, and whoever reads the page does not see it",
                )
                .help("say it in the open, or remove it"),
            );
        }
        for (start, character) in text.char_indices() {
            let end = start + character.len_utf8();
            let line_end = character == '\r' && text[end..].starts_with('\n');
            if is_invisible(character) && !line_end {
                let message = format!("the invisible character U+{:04X}", u32::from(character));
                let place = prose.span.part(start, end);
                report(
                    RULE.at(place, message)
                        .help("remove it: a person does not see it, and a model may read it")
                        .fix(place, ""),
                );
            }
        }
    }
}
