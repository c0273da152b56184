//! `unchecked-edit`: a stage that edits, and nothing checks what it did.

use crate::diagnostic::Level;
use crate::lint::Subject;
use crate::lint::rule::{Profile, Report, Rule, page};
use crate::playbook::CheckKind;

pub(super) const RULE: Rule = Rule {
    name: "unchecked-edit",
    level: Level::Warning,
    profile: Profile::Default,
    page: page!("unchecked-edit"),
    diagnose: Some(diagnose),
};

fn diagnose(subject: &Subject<'_>, report: Report<'_>) {
    let stages = &subject.playbook.stages;
    for (index, stage) in stages.iter().enumerate() {
        let edits = subject.playbook.grants(stage).find(|grant| grant.edits());
        let Some(edits) = edits.filter(|_| stage.checks.is_empty()) else { continue };
        // A command that is run or checked later sees the whole project.
        let checked_later = stages.iter().enumerate().any(|(later, other)| {
            let runs = |kind: &CheckKind| matches!(kind, CheckKind::Run(_));
            let looks = other.run.is_some() || other.checks.iter().any(|check| runs(&check.kind));
            looks && subject.is_upstream(index, later)
        });
        if !checked_later {
            let message = format!("nothing checks what `{}` does with `{edits}`", stage.id.value);
            report(
                RULE.at(stage.id.span, message)
                    .help("add `checks:`, or a later stage that runs the project's own"),
            );
        }
    }
}
