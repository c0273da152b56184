//! `unchecked-edit`: a stage that edits, and nothing checks what it did.

use crate::diagnostic::Level;
use crate::lint::Subject;
use crate::lint::rule::{Profile, Report, Rule, page};
use crate::playbook::{CheckKind, Grant};

pub(super) const RULE: Rule = Rule {
    name: "unchecked-edit",
    level: Level::Warning,
    profile: Profile::Default,
    page: page!("unchecked-edit"),
    diagnose: Some(diagnose),
};

fn diagnose(subject: &Subject<'_>, report: Report<'_>) {
    for (index, stage) in subject.playbook.stages.iter().enumerate() {
        if let Some(edits) = unchecked(subject, index) {
            let message = format!("nothing checks what `{}` does with `{edits}`", stage.id.value);
            report(RULE.at(stage.id.span, message).help(
                "add `checks:`, or a later stage that runs the project's own; a stage that \
                     changes nothing needs no such tool",
            ));
        }
    }
}

/// Returns what a stage may edit with, if nothing checks what it did.
pub(super) fn unchecked<'a>(subject: &Subject<'a>, index: usize) -> Option<&'a Grant> {
    let stages = &subject.playbook.stages;
    let stage = stages.get(index).filter(|stage| stage.checks.is_empty())?;
    let edits = subject.playbook.grants(stage).find(|grant| grant.edits())?;
    // A command that is run or checked later sees the whole project.
    let checked_later = stages.iter().enumerate().any(|(later, other)| {
        let runs = |kind: &CheckKind| matches!(kind, CheckKind::Run(_));
        let looks = other.run.is_some() || other.checks.iter().any(|check| runs(&check.kind));
        looks && subject.is_upstream(index, later)
    });
    (!checked_later).then_some(edits)
}
