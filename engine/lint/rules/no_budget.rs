//! `no-budget`: a run that nothing limits.

use crate::diagnostic::Level;
use crate::lint::Subject;
use crate::lint::rule::{Profile, Report, Rule, page};
use crate::playbook::Budget;

pub(super) const RULE: Rule = Rule {
    name: "no-budget",
    level: Level::Warning,
    profile: Profile::Strict,
    page: page!("no-budget"),
    diagnose: Some(diagnose),
};

fn diagnose(subject: &Subject<'_>, report: Report<'_>) {
    let playbook = subject.playbook;
    let unread = subject.is_unread("budget", "budget");
    if playbook.budget != Budget::default() || unread || subject.models().next().is_none() {
        return;
    }
    report(
        RULE.at(
            playbook.name.span,
            format!("nothing limits what a run of `{}` costs", playbook.name.value),
        )
        .help("give it a `budget:`, such as `{usd: 2.00, turns: 80}`; a run never passes it"),
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::sample::{each, find, of_keys};

    #[test]
    fn a_run_with_a_model_wants_a_limit() {
        assert_eq!(of_keys(&RULE, "").len(), 1);
        assert_eq!(of_keys(&RULE, "budget: {}").len(), 1);
        each(
            &["{usd: 1}", "{turns: 9}", "{tokens: 9000}", "{minutes: 9}", "{usd: 0}"],
            0,
            |budget| of_keys(&RULE, &format!("budget: {budget}")).len(),
        );
        let commands = "---\nplaybook: 1\nname: a\ndescription: A.\ncommands: {log: {run: [git, log]}}\nstages:\n  a: {run: log}\n---\n";
        assert_eq!(find(&RULE, commands), []);
    }
}
