//! `cut-value`: a text that YAML ends at a `#`, where a comment begins.

use crate::diagnostic::Level;
use crate::lint::Subject;
use crate::lint::rule::{Profile, Report, Rule, page};
use crate::playbook::{Node, Tree, comment_behind};
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "cut-value",
    level: Level::Warning,
    profile: Profile::Default,
    page: page!("cut-value"),
    diagnose: Some(diagnose),
};

/// Keys whose values a cut makes an error, which is explained where it is reported.
const EXPRESSIONS: [&str; 3] = ["when", "in", "max"];

fn diagnose(subject: &Subject<'_>, report: Report<'_>) {
    let source = subject.bundle.files.first();
    let Some(written) = subject
        .playbook
        .written
        .as_ref()
        .filter(|_| source.is_some_and(|source| source.text.contains(" #")))
    else {
        return;
    };
    look(subject, written, report);
}

fn look(subject: &Subject<'_>, tree: &Tree, report: Report<'_>) {
    for item in tree.items() {
        text(subject, item, report);
        look(subject, item, report);
    }
    for (key, value) in tree.entries() {
        if !EXPRESSIONS.contains(&key.value.as_str()) {
            text(subject, value, report);
        }
        look(subject, value, report);
    }
}

fn text(subject: &Subject<'_>, tree: &Tree, report: Report<'_>) {
    let Node::Text(text) = &tree.value else { return };
    let Some(source) = subject.bundle.files.get(usize::from(tree.span.file.0)) else { return };
    let plain = !source.slice(tree.span).starts_with(['"', '\'', '|', '>']);
    let Some(comment) = comment_behind(source, tree.span).filter(|_| plain) else { return };
    if !is_cut(text, source.slice(comment), comment.start - tree.span.end) {
        return;
    }
    let message = "the text ends before the `#`: what follows is a comment";
    let help = "put quotes around the whole text";
    let finding = RULE.at(comment, message).related(tree.span, "all that is left").help(help);
    let whole = Span { end: comment.end, ..tree.span };
    let whole_text = source.slice(whole);
    report(if whole_text.contains(['"', '\\', '\n']) {
        finding
    } else {
        finding.guess(whole, format!("\"{whole_text}\""))
    });
}

/// Whether a comment is rather the rest of a sentence: `#12` or `#general` behind several words
/// and one space. A comment that is meant has a space behind its `#`, or several before it.
fn is_cut(text: &str, comment: &str, spaces: u32) -> bool {
    let goes_on = comment[1..].starts_with(char::is_alphanumeric);
    let open = text.matches("${{").count() > text.matches("}}").count();
    spaces == 1 && goes_on && text.contains(' ') && !open
}
