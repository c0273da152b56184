//! `dangling-need`: a need that is no stage.

use crate::diagnostic::Level;
use crate::lint::rule::{Profile, Report, Rule, page};
use crate::lint::{Subject, meant};

pub(super) const RULE: Rule = Rule {
    name: "dangling-need",
    level: Level::Error,
    profile: Profile::Min,
    page: page!("dangling-need"),
    diagnose: Some(diagnose),
};

fn diagnose(subject: &Subject<'_>, report: Report<'_>) {
    for stage in &subject.playbook.stages {
        for need in &stage.needs {
            if subject.stage(need).is_some() || subject.is_unread("stages", need) {
                continue;
            }
            let message =
                format!("`{}` needs `{}`, and there is no such stage", stage.id.value, need.value);
            let mut finding = RULE.at(need.span, message);
            if let Some(near) = meant(subject.playbook, stage, need) {
                finding = finding.label(format!("did you mean `{near}`?")).guess(need.span, near);
            }
            report(finding);
        }
    }
}
