//! `unshown-file`: prose that sends the model to a file which the airplane does not have.

use crate::diagnostic::{Level, near};
use crate::lint::rule::{Profile, Report, Rule, page};
use crate::lint::tokens::{Kind, Token, tokens};
use crate::lint::{Airplane, Subject};
use crate::source::{Span, Spanned};

pub(super) const RULE: Rule = Rule {
    name: "unshown-file",
    level: Level::Warning,
    profile: Profile::Default,
    page: page!("unshown-file"),
    diagnose: Some(diagnose),
};

/// Verbs of which an airplane is the subject, as in `the airplane does it in`.
const DOES: &str = "does shows has keeps sends reads makes puts calls sets";

/// Words between such a verb and the place.
const IT: &str = "it this that so them these the same how";

/// Ends of names that files have and members of an object seldom do.
const ENDS: &str = include_str!("../file_ends.txt");

fn diagnose(subject: &Subject<'_>, report: Report<'_>) {
    let airplanes = subject.airplanes();
    if airplanes.is_empty() || !airplanes.iter().all(|it| matches!(it.flattened, Some(Ok(_)))) {
        return;
    }
    for prose in subject.proses() {
        for sentence in prose.sentences.iter().filter(|it| it.value.contains("irplane")) {
            let tokens = tokens(sentence);
            for (index, token) in tokens.iter().enumerate() {
                let word = token.text.to_lowercase().replace('’', "'");
                if token.kind != Kind::Word || !word.starts_with("airplane") {
                    continue;
                }
                let named = of_airplane(&tokens, index, &word);
                let meant = meant(airplanes, &tokens, index);
                for file in named.into_iter().filter(|file| is_path(file.text)) {
                    look(sentence, *file, &meant, report);
                }
            }
        }
    }
}

/// Returns the pieces of code of which the sentence says that they are the airplane's.
fn of_airplane<'a, 'b>(tokens: &'b [Token<'a>], index: usize, word: &str) -> Vec<&'b Token<'a>> {
    let forward = |from: usize| -> Vec<&Token<'_>> {
        let list = tokens[from.min(tokens.len())..].iter();
        let list =
            list.take_while(|token| token.kind == Kind::Code || token.joins() || token.is("in"));
        list.filter(|token| token.kind == Kind::Code).collect()
    };
    if word.ends_with("'s") || word.ends_with("s'") {
        return forward(index + 1);
    }
    let mut found = Vec::new();
    let mut before = index;
    let is_word = |at: usize, words: &[&str]| tokens.get(at).is_some_and(|it| it.is_any(words));
    while before > 0 && is_word(before - 1, &["the", "that", "this", "each", "other", "an", "your"])
    {
        before -= 1;
    }
    if before > 0 && is_word(before - 1, &["of", "in", "from"]) {
        let list = tokens[..before - 1].iter().rev();
        let list = list.take_while(|token| token.kind == Kind::Code || token.joins());
        found.extend(list.filter(|token| token.kind == Kind::Code));
    }
    let mut after = index + 1;
    if tokens.get(after).is_some_and(|token| token.kind == Kind::Code) {
        after += 1;
    }
    if tokens.get(after).is_some_and(|it| it.is_in(DOES)) {
        after += 1;
        while tokens.get(after).is_some_and(|it| it.is_in(IT)) {
            after += 1;
        }
        if is_word(after, &["in"]) {
            found.extend(forward(after + 1));
        }
    }
    found
}

/// Returns the airplanes that the sentence may mean: the one it names, or all.
fn meant<'a, 'b>(
    airplanes: &'b [Airplane<'a>],
    tokens: &[Token<'_>],
    index: usize,
) -> Vec<&'b Airplane<'a>> {
    let named = tokens.get(index + 1).filter(|token| token.kind == Kind::Code);
    let named = named.and_then(|token| airplanes.iter().find(|it| it.name.value == token.text));
    named.map_or_else(|| airplanes.iter().collect(), |airplane| vec![airplane])
}

fn is_path(code: &str) -> bool {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "._-/@[]()".contains(letter);
    let Some((stem, end)) = code.rsplit_once('.') else { return false };
    code.chars().all(plain)
        && !code.starts_with('/')
        && !code.contains("()")
        && !stem.is_empty()
        && ENDS.split_whitespace().any(|known| known == end)
}

fn look(
    sentence: &Spanned<String>,
    file: Token<'_>,
    airplanes: &[&Airplane<'_>],
    report: Report<'_>,
) {
    let asked = file.text.trim_start_matches("./");
    let paths: Vec<&str> = airplanes
        .iter()
        .filter_map(|airplane| airplane.flattened.as_ref()?.as_ref().ok())
        .flat_map(|flattened| &flattened.files)
        .map(|(path, _)| path.as_str())
        .collect();
    let ending = format!("/{asked}");
    if paths.iter().any(|path| *path == asked || path.ends_with(&ending)) {
        return;
    }
    let whose = match airplanes {
        [airplane] => format!("the airplane `{}` shows no file", airplane.name.value),
        _ => "no airplane shows a file".to_owned(),
    };
    let place: Span = sentence.span.part(file.at, file.at + file.text.len());
    let finding = RULE.at(place, format!("{whose} `{asked}`"));
    let name = asked.rsplit('/').next().unwrap_or(asked);
    let moved = paths.iter().find(|path| path.rsplit('/').next() == Some(name));
    let near = moved.copied().or_else(|| near(asked, paths.iter().copied()));
    report(match near {
        Some(near) => finding.label(format!("did you mean `{near}`?")).guess(place, near),
        None => finding.help("name a file that it has; the model cannot read another"),
    });
}
