//! `unknown-reference`: prose that names a doc or airplane which the playbook does not have.

use crate::diagnostic::{Level, near};
use crate::lint::Subject;
use crate::lint::rule::{Profile, Report, Rule, page};
use crate::lint::tokens::{Kind, Token, tokens};
use crate::playbook::{Prose, Stage};
use crate::source::Spanned;

pub(super) const RULE: Rule = Rule {
    name: "unknown-reference",
    level: Level::Warning,
    profile: Profile::Default,
    page: page!("unknown-reference"),
    diagnose: Some(diagnose),
};

fn diagnose(subject: &Subject<'_>, report: Report<'_>) {
    let playbook = subject.playbook;
    let general = std::iter::once(&playbook.preamble).chain(&playbook.includes);
    general.for_each(|prose| of_prose(subject, prose, None, report));
    for stage in &playbook.stages {
        let own = stage.section.iter().chain(&stage.includes);
        own.for_each(|prose| of_prose(subject, prose, Some(stage), report));
    }
}

fn of_prose(subject: &Subject<'_>, prose: &Prose, stage: Option<&Stage>, report: Report<'_>) {
    for sentence in &prose.sentences {
        let text = sentence.value.to_lowercase();
        if !text.contains('`') || !(text.contains("airplane") || text.contains("doc")) {
            continue;
        }
        for (name, kind) in named(&tokens(sentence)) {
            look(subject, sentence, (name, kind), stage, report);
        }
    }
}

/// What prose says that a name is of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Named {
    Doc,
    Airplane,
}

/// Returns the names that a sentence calls docs or airplanes: ``the doc `a` ``, ``docs `a` and
/// `b` ``, ``the `a` airplane``.
fn named<'a>(tokens: &[Token<'a>]) -> Vec<(Token<'a>, Named)> {
    let mut found = Vec::new();
    for (index, token) in tokens.iter().enumerate() {
        let kind = if token.is_any(&["airplane", "airplanes"]) {
            Named::Airplane
        } else if token.is_any(&["doc", "docs"]) {
            Named::Doc
        } else {
            continue;
        };
        let plural = token.is_any(&["airplanes", "docs"]);
        let list = tokens[index + 1..].iter();
        let list = list.take_while(|token| token.kind == Kind::Code || (plural && token.joins()));
        let after = list.filter(|token| token.kind == Kind::Code);
        let after: Vec<Token> = after.take(if plural { usize::MAX } else { 1 }).copied().collect();
        let before = index.checked_sub(1).map(|before| tokens[before]);
        let the = index.checked_sub(2).is_some_and(|at| tokens[at].is("the"));
        let before = before.filter(|token| the && !plural && token.kind == Kind::Code);
        let names = before.into_iter().chain(after).filter(|token| is_name(token.text));
        found.extend(names.map(|name| (name, kind)));
    }
    found
}

fn is_name(text: &str) -> bool {
    let of_name = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_');
    !text.is_empty() && text.chars().all(of_name)
}

fn look(
    subject: &Subject<'_>,
    sentence: &Spanned<String>,
    (name, kind): (Token<'_>, Named),
    stage: Option<&Stage>,
    report: Report<'_>,
) {
    let playbook = subject.playbook;
    let airplanes = playbook.airplanes.iter().map(|airplane| airplane.value.as_str());
    let sees = |of: Option<&Stage>| match (of, stage) {
        (Some(of), Some(stage)) => of.id.value == stage.id.value,
        (Some(_), None) => false,
        (None, _) => true,
    };
    let docs =
        || subject.docs().filter(|(of, _)| sees(*of)).map(|(_, doc)| doc.name.value.as_str());
    let known: Vec<&str> = match kind {
        Named::Doc => docs().collect(),
        Named::Airplane => airplanes.collect(),
    };
    // Where a playbook has none at all, the word is about the project's own.
    let has_any = match kind {
        Named::Doc => subject.docs().next().is_some(),
        Named::Airplane => !playbook.airplanes.is_empty(),
    };
    let unread = subject.is_unread("docs", name.text) || subject.is_unread("airplanes", name.text);
    if !has_any || unread || known.contains(&name.text) {
        return;
    }
    let place = sentence.span.part(name.at, name.at + name.text.len());
    let what = if kind == Named::Doc { "doc" } else { "airplane" };
    let other = subject.docs().find(|(_, doc)| kind == Named::Doc && doc.name.value == name.text);
    if let Some((Some(other), doc)) = other {
        let message =
            format!("the doc `{}` is for the stage `{}` alone", name.text, other.id.value);
        let finding = RULE.at(place, message).related(doc.name.span, "named for that stage");
        report(finding.help("name it at the top, for every stage, or in this stage's `docs:`"));
        return;
    }
    let finding = RULE.at(place, format!("the playbook has no {what} `{}`", name.text));
    report(match near(name.text, known.iter().copied()) {
        Some(near) => finding.label(format!("did you mean `{near}`?")).guess(place, near),
        None => finding.help(format!("declare it in `{what}s:`, or do not speak of it")),
    });
}
