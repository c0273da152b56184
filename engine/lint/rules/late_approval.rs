//! `late-approval`: a person who is asked after the files were changed.

use crate::diagnostic::Level;
use crate::lint::Subject;
use crate::lint::rule::{Profile, Report, Rule, page};
use crate::playbook::Approve;

pub(super) const RULE: Rule = Rule {
    name: "late-approval",
    level: Level::Warning,
    profile: Profile::Default,
    page: page!("late-approval"),
    diagnose: Some(diagnose),
};

fn diagnose(subject: &Subject<'_>, report: Report<'_>) {
    let playbook = subject.playbook;
    for stage in playbook.stages.iter().filter(|it| it.approve == Some(Approve::Output)) {
        let mut grants = stage.tools.iter().chain(&playbook.tools);
        let Some(edits) = grants.find(|grant| grant.value.edits()) else { continue };
        let place = subject.key(stage.id.span, &["approve"]).unwrap_or(stage.id.span);
        let message =
            format!("a person is asked about `{}` after it changed files", stage.id.value);
        report(
            RULE.at(place, message)
                .related(edits.span, "it may change files")
                .help("let one stage plan and be approved, and a stage after it change files"),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::sample::{each, find, of_stage, playbook};

    #[test]
    fn a_plan_is_approved_before_files_change() {
        let found = |keys: &str| of_stage(&RULE, keys, "Build it.").len();
        assert_eq!(found("approve: output\ntools: [edit]\nwrites: [a.md]"), 1);
        each(
            &[
                "approve: output",
                "approve: before\ntools: [edit]\nwrites: [a.md]",
                "approve: output\ntools: [read, env, run(tests)]",
                "tools: [edit]\nwrites: [a.md]",
            ],
            0,
            found,
        );
        let shared = playbook("tools: [write]", "approve: output\nwrites: [a.md]", "Plan it.");
        assert_eq!(find(&RULE, &shared).len(), 1);
    }
}
