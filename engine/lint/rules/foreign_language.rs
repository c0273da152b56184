//! `foreign-language`: an example in a language that the playbook is not for.

use crate::diagnostic::Level;
use crate::lint::rule::{Profile, Report, Rule, page};
use crate::lint::{Subject, language};

pub(super) const RULE: Rule = Rule {
    name: "foreign-language",
    level: Level::Warning,
    profile: Profile::Default,
    page: page!("foreign-language"),
    diagnose: Some(diagnose),
};

fn diagnose(subject: &Subject<'_>, report: Report<'_>) {
    let languages: Vec<&str> =
        subject.playbook.languages.iter().map(|language| language.value.as_str()).collect();
    if languages.is_empty() {
        return;
    }
    for prose in subject.proses() {
        for fence in &prose.fences {
            let Some(language) = language::of_block(fence) else { continue };
            if languages.contains(&language) {
                continue;
            }
            let message = format!(
                "an example in {language}, and the playbook is for {}",
                languages.join(", ")
            );
            let place = subject.word(fence.span, fence);
            report(RULE.at(place, message).help(
                "models imitate what they see: leave it out, or name the language in `languages:`",
            ));
        }
    }
}
