//! `bad-airplane`: an airplane that cannot be shown to the model.

use crate::diagnostic::Level;
use crate::lint::Subject;
use crate::lint::rule::{Profile, Report, Rule, page};

pub(super) const RULE: Rule = Rule {
    name: "bad-airplane",
    level: Level::Error,
    profile: Profile::Min,
    page: page!("bad-airplane"),
    diagnose: Some(diagnose),
};

fn diagnose(subject: &Subject<'_>, report: Report<'_>) {
    for airplane in subject.airplanes() {
        if let Some(Err(reason)) = &airplane.flattened {
            let name = &airplane.name.value;
            let message = format!("the airplane `{name}` cannot be shown: {reason}");
            report(RULE.at(airplane.name.span, message));
        }
    }
}
