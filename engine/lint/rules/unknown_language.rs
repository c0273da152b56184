//! `unknown-language`: a language by a name that nothing else uses.

use crate::diagnostic::{Level, near};
use crate::lint::rule::{Profile, Report, Rule, page};
use crate::lint::{Subject, language};

pub(super) const RULE: Rule = Rule {
    name: "unknown-language",
    level: Level::Warning,
    profile: Profile::Default,
    page: page!("unknown-language"),
    diagnose: Some(diagnose),
};

fn diagnose(subject: &Subject<'_>, report: Report<'_>) {
    let names = language::names();
    for language in &subject.playbook.languages {
        if names.contains(&language.value.as_str()) {
            continue;
        }
        let message = format!("there is no language `{}`", language.value);
        let finding = RULE.at(language.span, message);
        let meant = language::of_block(language)
            .or_else(|| near(&language.to_lowercase(), names.iter().copied()));
        report(match meant {
            Some(near) => {
                finding.label(format!("did you mean `{near}`?")).guess(language.span, near)
            }
            None => finding.help(format!("the languages are {}", names.join(", "))),
        });
    }
}
