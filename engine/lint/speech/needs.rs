//! The tool without which an instruction cannot be followed.

use crate::lint::speech::{Clause, Kind, Sentence, Speech, Word, ending, is_file};
use crate::source::Span;

/// What an instruction in plain words takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::lint) struct Need {
    /// The tools of which one would do.
    pub(in crate::lint) tools: &'static [&'static str],
    /// What is to be done, as in "tells the model to …".
    pub(in crate::lint) what: &'static str,
    /// The words that say so.
    pub(in crate::lint) span: Span,
}

/// Whom one can ask.
const PEOPLE: [&str; 6] = ["user", "person", "human", "developer", "owner", "user's"];

/// Words that stand before a noun.
const DETERMINERS: [&str; 14] = [
    "the", "a", "an", "any", "all", "every", "each", "this", "these", "that", "those", "it", "new",
    "one",
];

/// Returns the tool that an instruction takes, where its words leave no doubt.
pub(in crate::lint) fn need(
    speech: &Speech<'_>,
    sentence: &Sentence,
    clause: &Clause,
) -> Option<Need> {
    let verb = clause.verb.filter(|_| !clause.negated)?;
    let words = speech.words(verb + 1..clause.words.end);
    let start = speech.words(verb..verb + 1).first()?.span.start;
    let before = speech.said(sentence).iter().take_while(|word| word.span.start < start);
    let (tools, what, end) = taken(clause.lemma, words, before.into_iter().any(is_path))?;
    let span = Speech::place(speech.words(verb..verb + 2 + end))?;
    Some(Need { tools, what, span })
}

/// Returns the tools of which a verb and the words after it take one, what for, and where among
/// the words it ends. `named` says that a file was named before.
fn taken(
    lemma: &str,
    words: &[Word<'_>],
    named: bool,
) -> Option<(&'static [&'static str], &'static str, usize)> {
    let sets = ["set", "add", "write", "put", "store", "update", "change", "edit", "create"];
    // "A token, set in the env file" tells where it is.
    let is_set =
        lemma == "set" && words.first().is_some_and(|word| word.any(&["as", "in", "via", "by"]));
    if let Some(end) = env_file(words).filter(|_| sets.contains(&lemma) && !is_set) {
        return Some((&["env"], "write to the env file", end));
    }
    Some(match lemma {
        "delete" => (&["remove"], "delete a file", deleted(words, named)?),
        "ask" => (&["ask"], "ask a person", person(words, 0, 2)?),
        "confirm" | "verify" => {
            let with = words.iter().position(|word| word.is("with"))?;
            (&["ask"], "ask a person", person(words, with, 3)?)
        }
        "create" => (&["write"], "create a file", created(words)?),
        "write" | "store" => (&["write", "edit"], "write to a file", written(words)?),
        "edit" | "change" | "update" => (&["edit", "write"], "change a file", object(words, 0)?),
        "read" | "open" => (&["read"], "read a file", object(words, 0)?),
        _ => return None,
    })
}

/// Returns where the env file is named.
fn env_file(words: &[Word<'_>]) -> Option<usize> {
    words.iter().enumerate().position(|(at, word)| {
        let name = crate::lint::speech::name(word.text);
        let model =
            ["example", "sample", "template", "dist"].iter().any(|model| name.contains(model));
        let pair = word.is("file") && at > 0 && words[at - 1].any(&["env", "environment"]);
        pair || (name.starts_with(".env") && !model && is_path(word))
    })
}

/// Returns the file that a verb is about, if one is named directly after it, or after so many words.
fn object(words: &[Word<'_>], after: usize) -> Option<usize> {
    let object = words.iter().position(|word| !word.any(&DETERMINERS))?;
    let file = words.iter().take(2 + after).position(is_path)?;
    (file >= object && file <= object + after).then_some(file)
}

/// Returns a person, among so many words from one on.
fn person(words: &[Word<'_>], from: usize, most: usize) -> Option<usize> {
    let at = words.iter().skip(from).take(most).position(|word| word.any(&PEOPLE))?;
    Some(from + at)
}

/// Returns the file that is deleted; `it` may be one that was named before.
fn deleted(words: &[Word<'_>], named: bool) -> Option<usize> {
    // What is taken from a file or a list is no file.
    if words.iter().any(|word| word.any(&["from", "in", "of"])) {
        return None;
    }
    if named && words.first().is_some_and(|word| word.any(&["it", "them"])) {
        return Some(0);
    }
    let file = ["file", "files", "folder", "directory"];
    let after =
        ["and", "after", "when", "if", "with", "that", "which", "afterwards", "now", "again"];
    object(words, 1).or_else(|| {
        let at = words.iter().take(4).position(|word| word.any(&file))?;
        let ends =
            words.get(at + 1).is_none_or(|next| next.kind != Kind::Plain || next.any(&after));
        ends.then_some(at)
    })
}

/// Returns the file that is created.
fn created(words: &[Word<'_>]) -> Option<usize> {
    object(words, 0).or_else(|| {
        let at = words.iter().take(4).position(|word| word.any(&["file", "files"]))?;
        let Some(next) = words.get(at + 1) else { return Some(at) };
        let called = next.any(&["called", "named"]) && words.get(at + 2).is_some_and(is_path);
        if called {
            return Some(at + 2);
        }
        if is_path(next) {
            return Some(at + 1);
        }
        let ends = next.kind != Kind::Plain
            || next.any(&["called", "named", "with", "at", "in", "for", "and"]);
        ends.then_some(at)
    })
}

/// Returns the file into which something is written.
fn written(words: &[Word<'_>]) -> Option<usize> {
    let to = words.iter().position(|word| word.any(&["to", "into", "in", "at", "as"]))?;
    let at = to + 1 + words.iter().skip(to + 1).take(3).position(is_path)?;
    Some(at)
}

/// Whether a word is a file's name in backticks, or plainly one.
fn is_path(word: &Word<'_>) -> bool {
    let sure = word.kind == Kind::Code
        || (word.kind == Kind::Plain && word.text.contains('.') && ending(word.text) != Some("js"));
    sure && is_file(word.text)
}
