//! `model-doubt`: what a model that read the playbook takes for wrong, in its own words.

use crate::diagnostic::Level;
use crate::lint::Subject;
use crate::lint::rule::{Profile, Report, Rule, page};

/// Whoever asks a model wants to hear it, however little else is looked for.
pub(in crate::lint) const RULE: Rule = Rule {
    name: "model-doubt",
    level: Level::Info,
    profile: Profile::Min,
    page: page!("model-doubt"),
    diagnose: Some(diagnose),
};

fn diagnose(subject: &Subject<'_>, report: Report<'_>) {
    let Some(doubts) = subject.known.doubts.as_deref() else { return };
    for doubt in doubts.of.get(&subject.bundle.hash).into_iter().flatten() {
        let (kind, model, words) = (doubt.kind.words(), &doubts.model, &doubt.problem);
        let mut finding = RULE.at(doubt.place, format!("{kind}, says {model}: “{words}”"));
        if let Some(other) = doubt.other {
            finding = finding.related(other, "and this");
        }
        if let Some(cure) = &doubt.cure {
            finding = finding.help(format!("it suggests: “{cure}”"));
        }
        report(finding);
    }
}
