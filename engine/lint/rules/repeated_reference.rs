//! `repeated-reference`: a doc or an airplane that a stage sees twice.

use crate::diagnostic::Level;
use crate::lint::Subject;
use crate::lint::rule::{Profile, Report, Rule, page};
use crate::playbook::{Doc, DocPlace, Stage};

pub(super) const RULE: Rule = Rule {
    name: "repeated-reference",
    level: Level::Warning,
    profile: Profile::Default,
    page: page!("repeated-reference"),
    diagnose: Some(diagnose),
};

fn diagnose(subject: &Subject<'_>, report: Report<'_>) {
    let airplanes = &subject.playbook.airplanes;
    for (index, airplane) in airplanes.iter().enumerate() {
        let first = airplanes[..index].iter().find(|first| first.value == airplane.value);
        if let Some(first) = first {
            let message = format!("the airplane `{}` is named twice", airplane.value);
            report(RULE.at(airplane.span, message).related(first.span, "named here first"));
        }
    }
    let docs: Vec<(Option<&Stage>, &Doc)> = subject.docs().collect();
    for (index, (stage, doc)) in docs.iter().enumerate() {
        let seen_with = |of: Option<&Stage>| match (of, stage) {
            (None, _) => true,
            (Some(of), Some(stage)) => of.id.value == stage.id.value,
            (Some(_), None) => false,
        };
        // A doc of a stage stands in the place of one of the same name.
        let first = docs[..index].iter().find(|(of, first)| {
            seen_with(*of) && first.name.value != doc.name.value && place(first) == place(doc)
        });
        if let Some((_, first)) = first {
            let (first_name, name) = (&first.name.value, &doc.name.value);
            let message = format!("the docs `{first_name}` and `{name}` are the same");
            report(
                RULE.at(doc.name.span, message).related(first.name.span, "named here first").help(
                    "keep one: the model reads the same page twice, or looks for a difference",
                ),
            );
        }
    }
}

/// Returns where a doc is: its address without a fragment, or its file.
fn place(doc: &Doc) -> &str {
    match &doc.place {
        DocPlace::Url(url) => url.text.split('#').next().unwrap_or_default(),
        DocPlace::File(file) => file.value.trim_start_matches("./"),
    }
}
