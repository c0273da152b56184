//! `too-many-stages`: more stages than a playbook may have.

use crate::diagnostic::Level;
use crate::lint::Subject;
use crate::lint::rule::{Profile, Report, Rule, page};

pub(super) const RULE: Rule = Rule {
    name: "too-many-stages",
    level: Level::Error,
    profile: Profile::Min,
    page: page!("too-many-stages"),
    diagnose: Some(diagnose),
};

/// The most stages, by the format's definition.
const MAX_STAGES: usize = 2_000;

fn diagnose(subject: &Subject<'_>, report: Report<'_>) {
    let stages = &subject.playbook.stages;
    if let Some(stage) = stages.get(MAX_STAGES) {
        let count = stages.len();
        let message =
            format!("the playbook has {count} stages, and at most {MAX_STAGES} are allowed");
        report(RULE.at(stage.id.span, message).help(
            "what is done to many things is one stage with `for_each`; else split the playbook",
        ));
    }
}
