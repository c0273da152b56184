//! `ungranted-reference`: a doc or an airplane that no stage may look up.

use crate::diagnostic::Level;
use crate::lint::Subject;
use crate::lint::rule::{Profile, Report, Rule, page};
use crate::playbook::{Grant, Stage};

pub(super) const RULE: Rule = Rule {
    name: "ungranted-reference",
    level: Level::Warning,
    profile: Profile::Default,
    page: page!("ungranted-reference"),
    diagnose: Some(diagnose),
};

fn diagnose(subject: &Subject<'_>, report: Report<'_>) {
    let playbook = subject.playbook;
    let looks_up = |stage: &Stage| {
        let mut grants = playbook.grants(stage);
        grants.any(|grant| matches!(grant, Grant::Tool(tool) if tool == "reference"))
    };
    for (stage, doc) in subject.docs() {
        let Some(stage) = stage.filter(|stage| !looks_up(stage)) else { continue };
        let (name, id) = (&doc.name.value, &stage.id.value);
        let message = format!("the doc `{name}` is for `{id}`, which may not look it up");
        let help = "grant `reference` in the stage's `tools:`, or leave the doc out";
        report(RULE.at(doc.name.span, message).help(help));
    }
    if subject.models().any(|(_, stage, _)| looks_up(stage)) {
        return;
    }
    let docs = playbook.docs.iter().map(|doc| ("doc", &doc.name));
    let airplanes = playbook.airplanes.iter().map(|airplane| ("airplane", airplane));
    for (what, name) in docs.chain(airplanes) {
        let message = format!("no stage may look up the {what} `{}`", name.value);
        let help = format!("grant `reference` in `tools:`, or leave the {what} out");
        report(RULE.at(name.span, message).help(help));
    }
}
