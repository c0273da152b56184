//! `long-section`: more prose than a model keeps to.

use crate::diagnostic::Level;
use crate::lint::Subject;
use crate::lint::rule::{Profile, Report, Rule, page};
use crate::playbook::Prose;

pub(super) const RULE: Rule = Rule {
    name: "long-section",
    level: Level::Info,
    profile: Profile::Strict,
    page: page!("long-section"),
    diagnose: Some(diagnose),
};

/// The most tokens of a section, and of all that a model is told before it begins.
const MOST: u32 = 1_000;
const MOST_IN_ALL: u32 = 2_500;

fn diagnose(subject: &Subject<'_>, report: Report<'_>) {
    let playbook = subject.playbook;
    let shared: u32 =
        std::iter::once(&playbook.preamble).chain(&playbook.includes).map(tokens).sum();
    for (_, stage, section) in subject.models() {
        let own = tokens(section);
        let all = shared + own + stage.includes.iter().map(tokens).sum::<u32>();
        let id = &stage.id.value;
        let message = if own > MOST {
            format!("the section of `{id}` has about {own} tokens")
        } else if all > MOST_IN_ALL {
            format!("`{id}` begins with about {all} tokens of prose, {own} of them its own")
        } else {
            continue;
        };
        report(RULE.at(stage.id.span, message).help(
            "of many rules some are not kept: leave out what a model does anyway, put facts into `docs:`, or make two \
             stages of it",
        ));
    }
}

/// Returns about how many tokens a piece of prose has.
fn tokens(prose: &Prose) -> u32 {
    (prose.span.end - prose.span.start) / 4
}

#[cfg(test)]
mod tests {
    use crate::lint::sample::{found, of_stages};

    #[test]
    fn what_a_model_is_told_is_counted() {
        let long = |tokens: usize| "A rule. ".repeat(tokens / 2);
        let with = |preamble: &str, section: &str| {
            found("long-section", &of_stages("", preamble, &[("build", "", section)])).len()
        };
        assert_eq!(with("", &long(900)), 0);
        assert_eq!(with("", &long(1_100)), 1);
        assert_eq!(with(&long(1_500), &long(900)), 0);
        assert_eq!(with(&long(1_700), &long(900)), 1);
    }
}
