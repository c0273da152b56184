//! `ambiguous-reference`: a doc and an airplane that share a name.

use crate::diagnostic::Level;
use crate::lint::Subject;
use crate::lint::rule::{Profile, Report, Rule, page};

pub(super) const RULE: Rule = Rule {
    name: "ambiguous-reference",
    level: Level::Error,
    profile: Profile::Min,
    page: page!("ambiguous-reference"),
    diagnose: Some(diagnose),
};

fn diagnose(subject: &Subject<'_>, report: Report<'_>) {
    for (_, doc) in subject.docs() {
        let mut airplanes = subject.playbook.airplanes.iter();
        let Some(airplane) = airplanes.find(|airplane| airplane.value == doc.name.value) else {
            continue;
        };
        let message = format!("`{}` is a doc and an airplane", doc.name.value);
        report(
            RULE.at(doc.name.span, message)
                .label("the model that asks for it gets this one")
                .related(airplane.span, "and can never read this one")
                .help("give the doc another name, here and in the prose"),
        );
    }
}
