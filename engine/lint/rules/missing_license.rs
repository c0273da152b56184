//! `missing-license`: a playbook that does not say under which terms it may be used.

use crate::diagnostic::Level;
use crate::lint::Subject;
use crate::lint::rule::{Profile, Report, Rule, page};

pub(super) const RULE: Rule = Rule {
    name: "missing-license",
    level: Level::Info,
    profile: Profile::Strict,
    page: page!("missing-license"),
    diagnose: Some(diagnose),
};

fn diagnose(subject: &Subject<'_>, report: Report<'_>) {
    let playbook = subject.playbook;
    let Some(written) = &playbook.written else { return };
    if playbook.license.is_none() && !subject.is_unread("license", "license") {
        let place = if playbook.name.value.is_empty() { written.span } else { playbook.name.span };
        report(
            RULE.at(place, "the playbook does not say under which terms others may use it")
                .help("add `license:`, an SPDX expression such as `MIT`"),
        );
    }
}
