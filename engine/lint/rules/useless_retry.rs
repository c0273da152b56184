//! `useless-retry`: attempts for a stage that nothing sends back.

use crate::diagnostic::Level;
use crate::lint::Subject;
use crate::lint::rule::{Profile, Report, Rule, page};
use crate::lint::rules::unchecked_edit::unchecked;
use crate::playbook::Approve;

pub(super) const RULE: Rule = Rule {
    name: "useless-retry",
    level: Level::Warning,
    profile: Profile::Default,
    page: page!("useless-retry"),
    diagnose: Some(diagnose),
};

fn diagnose(subject: &Subject<'_>, report: Report<'_>) {
    for (index, stage) in subject.playbook.stages.iter().enumerate() {
        // A stage that edits wants checks, which is told already.
        if stage.retry == 0 || unchecked(subject, index).is_some() {
            continue;
        }
        let id = &stage.id.value;
        let (message, help) = if stage.run.is_some() {
            (
                format!("`{id}` runs a command, which is not tried again"),
                "leave `retry` out: what a check says goes back to a model, and none plays this stage",
            )
        } else if stage.checks.is_empty() && stage.for_each.is_some() {
            (
                format!("nothing sends an item of `{id}` back, so `retry` says nothing"),
                "add `checks:`; a person decides about all items at once, and sends none back",
            )
        } else if stage.checks.is_empty() && stage.approve != Some(Approve::Output) {
            (
                format!("nothing sends `{id}` back, so `retry` says nothing"),
                "add `checks:`, or leave it out; an output that does not fit is asked for again anyway",
            )
        } else {
            continue;
        };
        if ["checks", "retry"].iter().any(|key| subject.is_unread(key, key)) {
            continue;
        }
        if let Some(place) = subject.key(stage.id.span, &["retry"]) {
            report(RULE.at(place, message).help(help));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::sample::{each, find, of_stage};

    #[test]
    fn a_retry_wants_something_that_fails() {
        let found = |keys: &str| of_stage(&RULE, keys, "Build it.").len();
        assert_eq!(found("retry: 2"), 1);
        assert_eq!(found("retry: 1"), 1);
        assert_eq!(found("retry: 2\noutput: {schema: {type: object}}"), 1);
        assert_eq!(found("retry: 2\nfor_each: {in: '[1]'}\napprove: output"), 1);
        each(
            &[
                "retry: 0",
                "retry: 2\nchecks: [{run: tests}]",
                "retry: 2\napprove: output",
                "timeout: 5m",
                "retry: 2\ntools: [edit]\nwrites: [a]",
                "retry: 2\nfor_each: {in: '[1]'}\nchecks: [{run: tests}]",
            ],
            0,
            found,
        );
    }

    #[test]
    fn a_command_is_not_tried_again() {
        let text = |retry: &str| {
            format!(
                "---\nplaybook: 1\nname: a\ndescription: A.\ncommands: {{log: {{run: [git, log]}}}}\nstages:\n  a: {{run: log{retry}, checks: [{{file: a}}]}}\n---\n"
            )
        };
        assert_eq!(find(&RULE, &text(", retry: 3")).len(), 1);
        assert_eq!(find(&RULE, &text("")), []);
    }
}
