//! `unreadable-doc`: a doc that its host answers with something that is no text.

use crate::diagnostic::Level;
use crate::lint::Subject;
use crate::lint::answers::{self, Lost};
use crate::lint::rule::{Profile, Report, Rule, page};
use crate::lint::rules::unreachable_doc;
use crate::playbook::IfUnreachable;

/// An error where no play would begin.
pub(super) const RULE: Rule = Rule {
    name: "unreadable-doc",
    level: Level::Warning,
    profile: Profile::Min,
    page: page!("unreadable-doc"),
    diagnose: Some(diagnose),
};

fn diagnose(subject: &Subject<'_>, report: Report<'_>) {
    for asked in answers::asked(subject) {
        let Err(Lost::Unreadable(reason)) = asked.answer else { continue };
        let message = format!("the doc `{}` cannot be read: {reason}", asked.doc.name.value);
        let help = unreachable_doc::without(asked.doc.if_unreachable);
        let mut finding = RULE.at(asked.url.span, message).help(help);
        if asked.doc.if_unreachable == IfUnreachable::Fail {
            finding.level = Level::Error;
        }
        report(finding);
    }
}
