//! What an instruction is about: the noun after its verb, and what narrows it.

use std::sync::LazyLock;

use crate::lint::speech::{Kind, Word, list};

/// A noun, what stands before it, and what comes after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::lint) struct Phrase {
    /// The noun in the singular and in lower case; code as it is written.
    pub(in crate::lint) head: String,
    /// The words that narrow it, in the same form, sorted.
    pub(in crate::lint) narrowed: Vec<String>,
    /// The words after it that say where, when or for what, in the same form, sorted.
    pub(in crate::lint) circumstances: Vec<String>,
}

/// Words before a noun that narrow nothing.
static DETERMINERS: LazyLock<Vec<&str>> = LazyLock::new(|| list(include_str!("determiners.txt")));

/// Words with which a noun ends and a circumstance begins.
const PREPOSITIONS: [&str; 45] = [
    "in", "on", "at", "to", "from", "with", "for", "by", "into", "onto", "after", "before", "as",
    "that", "which", "who", "when", "if", "unless", "until", "so", "because", "while", "where",
    "via", "using", "through", "without", "under", "over", "between", "per", "than", "whose",
    "inside", "outside", "within", "during", "against", "across", "here", "there", "about",
    "based", "first",
];

/// Words that stand for something named elsewhere.
const PRONOUNS: [&str; 14] = [
    "it",
    "them",
    "this",
    "that",
    "these",
    "those",
    "one",
    "ones",
    "anything",
    "everything",
    "nothing",
    "what",
    "how",
    "whether",
];

/// Nouns that name nothing without the word before them.
const VAGUE: [&str; 7] = ["file", "list", "name", "code", "value", "key", "id"];

/// Returns what the words after a verb are about, as far as they name it: each noun of a list.
pub(in crate::lint) fn phrases(words: &[Word<'_>]) -> Vec<Phrase> {
    let end = words.iter().position(|word| word.any(&PREPOSITIONS) && !begins(word, words));
    let (nouns, rest) = words.split_at(end.unwrap_or(words.len()));
    let parts = nouns.split(|word| word.any(&["and", "or"]) || word.mark(&[',', '(', ')']));
    let whole = parts.filter(|part| !part.iter().any(Word::denies));
    whole.filter_map(|part| Some(Phrase { circumstances: normal(rest), ..noun(part)? })).collect()
}

/// Returns the first thing that words are about.
pub(in crate::lint) fn phrase(words: &[Word<'_>]) -> Option<Phrase> {
    phrases(words).into_iter().next()
}

fn noun(words: &[Word<'_>]) -> Option<Phrase> {
    // A name in backticks is what it is about, whatever is said of it.
    if let Some(code) = words.iter().find(|word| word.kind == Kind::Code) {
        let head = code.text.trim_end_matches("()").to_owned();
        return Some(Phrase { head, narrowed: Vec::new(), circumstances: Vec::new() });
    }
    let of = words.iter().position(|word| word.is("of")).unwrap_or(words.len());
    let (words, of) = words.split_at(of);
    let words: Vec<&Word<'_>> =
        words.iter().filter(|word| word.kind == Kind::Plain && !word.any(&DETERMINERS)).collect();
    let (last, before) = words.split_last()?;
    let points = words.iter().any(|word| word.any(&["what", "how", "whether", "it"]));
    if points || last.any(&PRONOUNS) || last.text.len() < 3 {
        return None;
    }
    let mut narrowed: Vec<String> = before.iter().map(|word| singular(word.text)).collect();
    let mut head = singular(last.text);
    // A lock file is not any file.
    if VAGUE.contains(&head.as_str())
        && let Some(kind) = narrowed.pop()
    {
        head = format!("{kind} {head}");
    }
    narrowed.extend(normal(of));
    narrowed.sort_unstable();
    Some(Phrase { head, narrowed, circumstances: Vec::new() })
}

/// Whether "that" begins the noun, as in "that file".
fn begins(word: &Word<'_>, words: &[Word<'_>]) -> bool {
    word.is("that") && words.first().is_some_and(|first| first.span == word.span) && words.len() > 1
}

/// Returns the words that carry meaning, normalised and sorted.
pub(in crate::lint) fn normal(words: &[Word<'_>]) -> Vec<String> {
    let carries = |word: &&Word<'_>| match word.kind {
        Kind::Plain => {
            !word.any(&DETERMINERS)
                && !word.any(&[
                    "of", "and", "or", "to", "for", "in", "on", "at", "from", "with", "by", "you",
                    "as",
                ])
        }
        Kind::Code => true,
        _ => false,
    };
    let mut found: Vec<String> = words
        .iter()
        .filter(carries)
        .map(|word| match word.kind {
            Kind::Code => word.text.to_owned(),
            _ => singular(word.text),
        })
        .collect();
    found.sort_unstable();
    found.dedup();
    found
}

/// Returns a noun in the singular and in lower case; a lock file and a lockfile are one.
pub(in crate::lint) fn singular(word: &str) -> String {
    let mut word = word.to_lowercase();
    if word.contains('.') || word.len() < 4 {
        return word;
    }
    if word.ends_with("ies") && word.len() > 4 {
        word.truncate(word.len() - 3);
        word.push('y');
    } else if ["sses", "shes", "ches", "xes"].iter().any(|end| word.ends_with(end)) {
        word.truncate(word.len() - 2);
    } else if word.ends_with('s')
        && !word.ends_with("ss")
        && !word.ends_with("us")
        && !word.ends_with("is")
    {
        word.truncate(word.len() - 1);
    }
    match word.as_str() {
        "lockfile" | "lock-file" => "lock file".to_owned(),
        _ => word,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::speech::of_text;
    use crate::source::Span;

    fn shown(text: &str) -> Option<String> {
        let found = phrase(&of_text(text, Span::default()))?;
        Some(format!("{} {:?} {:?}", found.head, found.narrowed, found.circumstances))
    }

    #[test]
    fn a_list_is_several_phrases() {
        let words =
            of_text("tests, generated files or `a.lock` in the app, not docs", Span::default());
        let heads: Vec<String> = phrases(&words).into_iter().map(|phrase| phrase.head).collect();
        assert_eq!(heads, ["test", "generated file", "a.lock"]);
    }

    #[test]
    fn a_phrase_is_its_noun_and_what_narrows_it() {
        let of = |text: &str| shown(text).unwrap();
        assert_eq!(of("the project tokens in the source"), r#"token ["project"] ["source"]"#);
        assert_eq!(of("`any` for third-party types"), r#"any [] ["third-party", "type"]"#);
        assert_eq!(of("the names of events"), r#"name ["event"] []"#);
        assert_eq!(of("tests and migrations"), "test [] []");
        assert_eq!(of("lockfiles"), "lock file [] []");
    }

    #[test]
    fn what_only_points_is_no_phrase() {
        for text in ["it", "them all", "", "this", "what it says"] {
            assert_eq!(shown(text), None, "{text}");
        }
    }
}
