//! `version-conflict`: two versions of one package that cannot both hold.

use crate::diagnostic::Level;
use crate::lint::rule::{Profile, Report, Rule, page};
use crate::lint::tokens::{Kind, Token, tokens};
use crate::lint::{Subject, packages};
use crate::playbook::{CommandKind, RequirementKind};
use crate::source::{Span, Spanned};
use crate::version::Range;

pub(super) const RULE: Rule = Rule {
    name: "version-conflict",
    level: Level::Warning,
    profile: Profile::Default,
    page: page!("version-conflict"),
    diagnose: Some(diagnose),
};

/// Who says which version it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Source {
    Prose,
    Add,
    Requires,
    Airplane,
}

/// What somebody says of a package.
struct Fact {
    source: Source,
    /// Its name in one spelling.
    name: String,
    /// Its name as written.
    shown: String,
    range: Range,
    written: String,
    span: Span,
}

/// Words of sentences that speak of other versions than the one that is used.
const OTHERS: &str = "before older earlier below prior until since from legacy migrate \
                     migrating migration upgrade upgrading deprecated removed instead not \
                     never no if when unless or either e.g example changed";

/// Words that say which version is to be used, where it stands beside the bare name.
const USES: &str = "install use uses add pin pinned require requires need needs target \
                     targets";

fn diagnose(subject: &Subject<'_>, report: Report<'_>) {
    let facts = facts(subject);
    for (index, fact) in facts.iter().enumerate() {
        let other = facts[index + 1..].iter().find(|other| {
            other.name == fact.name
                && (fact.source, other.source) != (Source::Airplane, Source::Airplane)
                && !fact.range.meets(&other.range)
        });
        let Some(other) = other else { continue };
        let (name, here, there) = (&fact.shown, &fact.written, &other.written);
        let message = format!("`{name}` is `{here}` here and `{there}` elsewhere");
        let says = match other.source {
            Source::Prose => "the prose says this",
            Source::Add => "this is what a command adds",
            Source::Requires => "this is what the playbook requires",
            Source::Airplane => "this is what the airplane is built with",
        };
        report(RULE.at(fact.span, message).related(other.span, says).help(
            "no version is both: say the one with which the airplane and the docs are right",
        ));
    }
}

/// Collects what is said of packages, what explains most first.
fn facts(subject: &Subject<'_>) -> Vec<Fact> {
    let playbook = subject.playbook;
    let mut facts = Vec::new();
    let languages = || playbook.languages.iter().map(|language| language.value.as_str());
    let open = languages().any(|language| matches!(language, "rust" | "go"));
    let mut add = |source: Source, name: &str, written: &str, span: Span, open: bool| {
        let bare = written.trim_start_matches('v').starts_with(|it: char| it.is_ascii_digit());
        let range = if open && bare { format!("^{written}") } else { written.to_owned() };
        if let Some(range) = Range::parse(&range) {
            let (shown, name) = (name.to_owned(), packages::folded(name));
            facts.push(Fact { source, name, shown, range, written: written.to_owned(), span });
        }
    };
    let words = playbook.commands.iter().filter(|command| command.kind == CommandKind::Add);
    for word in words.flat_map(|command| &command.words) {
        if word.expressions().next().is_none()
            && let Some(package) = packages::wanted(&word.text)
            && let Some(range) = package.range
        {
            add(Source::Add, package.name, range, word.span, open);
        }
    }
    for requirement in playbook.requires.iter().filter(|requirement| !requirement.not) {
        if let RequirementKind::Package { name, version: Some(version) } = &requirement.kind {
            add(Source::Requires, name, version, version.span, false);
        }
    }
    for prose in subject.proses() {
        for sentence in &prose.sentences {
            of_sentence(sentence, &mut |name, written, span| {
                add(Source::Prose, name, written, span, open);
            });
        }
        for fence in &prose.fences {
            of_lines(subject, fence.span, &mut |name, written, span| {
                add(Source::Prose, name, written, span, open);
            });
        }
    }
    let mut names: Vec<String> = facts.iter().map(|fact| fact.name.clone()).collect();
    names.sort_unstable();
    names.dedup();
    for name in names {
        for declared in packages::in_airplanes(subject, &name) {
            let bare =
                declared.range.trim_start_matches('v').starts_with(|it: char| it.is_ascii_digit());
            let range = declared.range;
            let range = if declared.open && bare { format!("^{range}") } else { range.to_owned() };
            if let Some(range) = Range::parse(&range) {
                facts.push(Fact {
                    source: Source::Airplane,
                    name: name.clone(),
                    shown: name.clone(),
                    range,
                    written: declared.range.to_owned(),
                    span: declared.span,
                });
            }
        }
    }
    facts.sort_by_key(|fact| (fact.source, fact.span));
    facts
}

/// Reads the versions that a sentence says are used.
fn of_sentence(sentence: &Spanned<String>, add: &mut dyn FnMut(&str, &str, Span)) {
    if !sentence.value.contains(|letter: char| letter.is_ascii_digit()) {
        return;
    }
    let tokens = tokens(sentence);
    if tokens.iter().any(|token| token.is_in(OTHERS)) {
        return;
    }
    let uses = tokens.iter().any(|token| token.is_in(USES));
    for (index, token) in tokens.iter().enumerate() {
        let span = sentence.span.part(token.at, token.at + token.text.len());
        if token.kind == Kind::Code {
            for (name, written) in token.text.split_whitespace().filter_map(exact) {
                add(name, written, span);
            }
        }
        let next = tokens.get(index + 1).filter(|next| uses && is_version(next));
        if let Some(next) = next.filter(|_| token.kind == Kind::Code)
            && let Some(package) = packages::wanted(token.text).filter(|it| it.range.is_none())
        {
            let end = next.at + next.text.len();
            add(package.name, next.text, sentence.span.part(token.at, end));
        }
    }
}

fn is_version(token: &Token<'_>) -> bool {
    let text = token.text.trim_start_matches('v');
    token.kind == Kind::Word
        && text.contains('.')
        && text.chars().all(|letter| letter.is_ascii_digit() || letter == '.')
}

/// Reads a word such as `name@1.2` or `name==1.2`; what has one `=` sets an option.
fn exact(word: &str) -> Option<(&str, &str)> {
    let package = packages::wanted(word)?;
    let range = package.range?;
    let digits = range.trim_start_matches(['=', '^', '~', '>', '<', 'v']);
    let marked =
        word.contains('@') || ["==", ">=", "~=", "~>"].iter().any(|it| range.starts_with(it));
    let plain =
        range.chars().all(|letter| letter.is_ascii_alphanumeric() || ".=^~<>*-+".contains(letter));
    let is_range = digits.starts_with(|it: char| it.is_ascii_digit()) && marked && plain;
    is_range.then_some((package.name, range))
}

/// Reads the versions in the lines of a code block.
fn of_lines(subject: &Subject<'_>, span: Span, add: &mut dyn FnMut(&str, &str, Span)) {
    let text = subject.text(span);
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        if ["install", "add", "require", "=="].iter().any(|word| line.contains(word)) {
            let mut at = start;
            for piece in line.split_inclusive(char::is_whitespace) {
                let quotes = ['"', '\'', ',', '`'];
                let word = piece.trim_end().trim_end_matches(quotes);
                let begin = at + word.len() - word.trim_start_matches(quotes).len();
                if let Some((name, written)) = exact(word.trim_start_matches(quotes)) {
                    add(name, written, span.part(begin, at + word.len()));
                }
                at += piece.len();
            }
        }
        start += line.len();
    }
}
