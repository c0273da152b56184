//! `unreachable-doc`: a doc that its host does not send.

use crate::diagnostic::Level;
use crate::lint::Subject;
use crate::lint::answers::{self, Lost};
use crate::lint::rule::{Profile, Report, Rule, page};
use crate::playbook::IfUnreachable;

/// An error where no play would begin.
pub(super) const RULE: Rule = Rule {
    name: "unreachable-doc",
    level: Level::Warning,
    profile: Profile::Min,
    page: page!("unreachable-doc"),
    diagnose: Some(diagnose),
};

fn diagnose(subject: &Subject<'_>, report: Report<'_>) {
    for asked in answers::asked(subject) {
        let Err(Lost::Unreached(reason)) = asked.answer else { continue };
        let message = format!("the doc `{}` cannot be had: {reason}", asked.doc.name.value);
        let mut finding = RULE.at(asked.url.span, message).help(without(asked.doc.if_unreachable));
        if asked.doc.if_unreachable == IfUnreachable::Fail {
            finding.level = Level::Error;
        }
        report(finding);
    }
}

/// Says what a play does without a doc.
pub(super) fn without(if_unreachable: IfUnreachable) -> &'static str {
    match if_unreachable {
        IfUnreachable::Fail => {
            "no play would begin: write an address that answers, or `if_unreachable: ignore`"
        }
        IfUnreachable::Stale => {
            "only who has a stored copy could play it: write an address that answers"
        }
        IfUnreachable::Ignore => {
            "a play would go on without it, and the model with what it remembers: write an \
             address that answers"
        }
    }
}
