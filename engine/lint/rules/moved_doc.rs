//! `moved-doc`: a doc that its host has at another address for good.

use crate::diagnostic::Level;
use crate::lint::Subject;
use crate::lint::answers;
use crate::lint::rule::{Profile, Report, Rule, page};

pub(super) const RULE: Rule = Rule {
    name: "moved-doc",
    level: Level::Info,
    profile: Profile::Default,
    page: page!("moved-doc"),
    diagnose: Some(diagnose),
};

fn diagnose(subject: &Subject<'_>, report: Report<'_>) {
    for asked in answers::asked(subject) {
        let Ok(answers::Page { moved: Some(moved), .. }) = asked.answer else { continue };
        let message = format!("the doc `{}` has moved to `{moved}`", asked.doc.name.value);
        report(match answers::verbatim(subject, asked.url, &asked.address.page) {
            Some(place) => RULE
                .at(place, message)
                .help("write the address at which it is: hosts stop redirecting one day")
                .guess(place, moved),
            None => RULE
                .at(asked.url.span, message)
                .help("write the address, with its templates, at which it is"),
        });
    }
}
