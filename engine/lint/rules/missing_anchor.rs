//! `missing-anchor`: an address names a section that the doc does not have.

use crate::diagnostic::{Diagnostic, Level, near};
use crate::lint::Subject;
use crate::lint::answers::{self, Asked};
use crate::lint::rule::{Profile, Report, Rule, page};
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "missing-anchor",
    level: Level::Warning,
    profile: Profile::Default,
    page: page!("missing-anchor"),
    diagnose: Some(diagnose),
};

fn diagnose(subject: &Subject<'_>, report: Report<'_>) {
    let asked: Vec<Asked<'_>> = answers::asked(subject).collect();
    for asked in &asked {
        if let Some(anchor) = &asked.address.anchor {
            hold(subject, asked, anchor, asked.url.span).into_iter().for_each(&mut *report);
        }
    }
    if asked.is_empty() {
        return;
    }
    for link in subject.proses().flat_map(|prose| &prose.links) {
        let Some((base, anchor)) = link.value.split_once('#') else { continue };
        let meant = |asked: &&Asked<'_>| {
            base == asked.doc.name.value || base == asked.address.page || base == asked.url.text
        };
        if let Some(asked) = asked.iter().find(meant) {
            hold(subject, asked, anchor, link.span).into_iter().for_each(&mut *report);
        }
    }
}

/// Holds an anchor against a doc's page.
fn hold(subject: &Subject<'_>, asked: &Asked<'_>, anchor: &str, span: Span) -> Option<Diagnostic> {
    let page = asked.answer.as_ref().ok()?;
    if anchor.is_empty() || page.has(anchor) {
        return None;
    }
    let written = format!("#{anchor}");
    let whole = subject.word(span, &written);
    let place = if whole == span { span } else { whole.part(1, written.len()) };
    let name = &asked.doc.name.value;
    let finding = RULE.at(place, format!("the doc `{name}` has no section `#{anchor}`"));
    Some(match near(anchor, page.anchors.iter().map(String::as_str)) {
        Some(near) if whole != span => {
            finding.label(format!("did you mean `#{near}`?")).guess(place, near)
        }
        _ => finding.help("leave it out, or name a heading that the doc has"),
    })
}
