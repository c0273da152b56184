//! `shared-power`: a power to change things that every stage has.

use crate::diagnostic::Level;
use crate::lint::Subject;
use crate::lint::rule::{Profile, Report, Rule, page};
use crate::playbook::Grant;

pub(super) const RULE: Rule = Rule {
    name: "shared-power",
    level: Level::Warning,
    profile: Profile::Default,
    page: page!("shared-power"),
    diagnose: Some(diagnose),
};

fn diagnose(subject: &Subject<'_>, report: Report<'_>) {
    for grant in &subject.playbook.tools {
        let changes = match &grant.value {
            Grant::Tool(word) => grant.value.edits() || word == "env",
            Grant::Run(_) => true,
            Grant::Mcp { .. } => false,
        };
        if changes {
            let message = format!("every stage may `{}`", grant.value);
            report(
                RULE.at(grant.span, message)
                    .help("grant it in the `tools:` of the stages that want it"),
            );
        }
    }
}
