//! `html-doc`: a doc that is a web page, where its host has the same as markdown.

use crate::diagnostic::Level;
use crate::lint::Subject;
use crate::lint::answers;
use crate::lint::rule::{Profile, Report, Rule, page};

pub(super) const RULE: Rule = Rule {
    name: "html-doc",
    level: Level::Info,
    profile: Profile::Default,
    page: page!("html-doc"),
    diagnose: Some(diagnose),
};

fn diagnose(subject: &Subject<'_>, report: Report<'_>) {
    for asked in answers::asked(subject) {
        let Ok(answers::Page { markdown: Some(markdown), .. }) = asked.answer else { continue };
        let name = &asked.doc.name.value;
        let message = format!("the doc `{name}` is a web page, and its host has it as markdown");
        let help = format!("`{markdown}` is what an author wrote, without menus and marks");
        report(match answers::verbatim(subject, asked.url, &asked.address.page) {
            Some(place) => RULE.at(place, message).help(help).guess(place, markdown),
            None => RULE.at(asked.url.span, message).help(help),
        });
    }
}
