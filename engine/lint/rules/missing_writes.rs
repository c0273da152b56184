//! `missing-writes`: a stage that may edit but does not say what.

use crate::diagnostic::Level;
use crate::lint::Subject;
use crate::lint::rule::{Profile, Report, Rule, page};

pub(super) const RULE: Rule = Rule {
    name: "missing-writes",
    level: Level::Error,
    profile: Profile::Min,
    page: page!("missing-writes"),
    diagnose: Some(diagnose),
};

fn diagnose(subject: &Subject<'_>, report: Report<'_>) {
    for stage in &subject.playbook.stages {
        let grants = || stage.tools.iter().chain(&subject.playbook.tools);
        let written = !stage.writes.is_empty() || subject.is_unread("writes", "writes");
        if stage.run.is_some() || written {
            continue;
        }
        if let Some(grant) = grants().find(|grant| grant.value.edits()) {
            let message =
                format!("the stage `{}` may `{}` and has no `writes`", stage.id.value, grant.value);
            report(
                RULE.at(stage.id.span, message)
                    .related(grant.span, "granted here")
                    .help("name the files in `writes:`, as globs"),
            );
        }
    }
}
