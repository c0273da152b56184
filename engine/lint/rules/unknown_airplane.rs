//! `unknown-airplane`: an airplane that the library does not have.

use crate::diagnostic::Level;
use crate::diagnostic::near;
use crate::lint::Subject;
use crate::lint::rule::{Profile, Report, Rule, page};

pub(super) const RULE: Rule = Rule {
    name: "unknown-airplane",
    level: Level::Error,
    profile: Profile::Min,
    page: page!("unknown-airplane"),
    diagnose: Some(diagnose),
};

fn diagnose(subject: &Subject<'_>, report: Report<'_>) {
    let known = &subject.bundle.airplanes;
    for airplane in &subject.playbook.airplanes {
        if known.contains(&airplane.value) {
            continue;
        }
        let message = format!("the library has no airplane `{}`", airplane.value);
        let mut finding = RULE.at(airplane.span, message);
        finding = match near(airplane, known.iter().map(String::as_str)) {
            Some(near) => {
                finding.label(format!("did you mean `{near}`?")).guess(airplane.span, near)
            }
            None => finding.help("airplanes are folders in `airplanes/`, beside `playbooks/`"),
        };
        report(finding);
    }
}
