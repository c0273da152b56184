//! Sentences that forbid a value in a role.

use super::super::{CONDITIONS, EXCEPTIONS};
use crate::lint::code::words;
use crate::lint::tokens::{Kind, Token, lists, tokens};
use crate::source::{Span, Spanned};

/// A value that must not have a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pair {
    /// Names of the value, in words.
    pub(super) values: Vec<Vec<String>>,
    /// The value as the sentence says it.
    pub(super) value_words: String,
    /// Texts that the sentence gives as examples of it.
    pub(super) literals: Vec<String>,
    /// The role, in words.
    pub(super) role: Vec<String>,
    /// The role is what is done, not what is given.
    pub(super) is_verb: bool,
    /// Where the sentence says so.
    pub(super) span: Span,
}

/// Words before a noun that are not of its name.
const BEFORE_NOUN: &str = "a an the its their his her your our any some this that each every \
                     raw plain user's somebody's person's";

/// Words that end the name of a thing.
const AFTER_NOUN: &str = "is are as by and or nor but such of with that which to";

/// What comes after `as` and is no role.
const NO_ROLES: &str = "it is they are well possible long soon far much many usual such \
                     example text before";

/// The fewest letters of a verb that a function may be named for.
const SHORTEST_VERB: usize = 4;

/// The most words of the name of a thing.
const MOST_WORDS: usize = 3;

/// Returns what sentences forbid.
pub(super) fn pairs(sentences: &[Spanned<String>]) -> Vec<Pair> {
    let mut found = Vec::new();
    for (index, sentence) in sentences.iter().enumerate() {
        let lower = sentence.value.to_lowercase();
        if !["never", "not ", "n't", "n’t", "no "].iter().any(|word| lower.contains(word)) {
            continue;
        }
        let tokens = tokens(sentence);
        if tokens.iter().any(|token| token.is_in(EXCEPTIONS)) {
            continue;
        }
        let before = index.checked_sub(1).and_then(|before| subject_of(&sentences[before]));
        for at in 0..tokens.len() {
            found.extend(pair(&tokens, at, before.as_deref(), sentence.span));
        }
    }
    found
}

/// Reads the prohibition that begins at a word, if one does.
fn pair(tokens: &[Token<'_>], at: usize, before: Option<&[String]>, span: Span) -> Option<Pair> {
    let token = tokens[at];
    let place = |end: usize| {
        let last = tokens[end.clamp(1, tokens.len()) - 1];
        span.part(token.at, last.at + last.text.len())
    };
    if !token.is_any(&["never", "not", "don't", "don’t", "no"]) {
        return None;
    }
    // A condition before it holds for it too.
    if tokens[..at].first().is_some_and(|first| first.is_in(CONDITIONS)) {
        return None;
    }
    let is_noun = |token: &Token<'_>| {
        token.kind == Kind::Word && !token.is_in(AFTER_NOUN) && !token.is_any(&["by", "with"])
    };
    let verb = tokens.get(at + 1).filter(|verb| is_noun(verb) && !verb.is_in(BEFORE_NOUN));
    let verb = verb.filter(|_| !is_given(tokens, at));
    if let Some(verb) = verb {
        // `never identify by email`, `do not identify people with their email`
        let by = |end: usize| tokens.get(end).is_some_and(|next| next.is_any(&["by", "with"]));
        let end =
            if by(at + 2) { at + 2 } else { thing(tokens, at + 2).map_or(at, |(_, end)| end) };
        if by(end)
            && verb.text.len() >= SHORTEST_VERB
            && let Some((means, end)) = thing(tokens, end + 1)
            && means.words.len() == 1
            && ends(tokens, end)
        {
            return Some(of(&means, vec![verb.text.to_lowercase()], true, place(end)));
        }
    }
    // `never an email as the distinct id`, `do not pass an email as the distinct id`
    let acts = verb.is_some() && tokens.get(at + 2).is_some_and(is_noun);
    let (value, end) = thing(tokens, if acts { at + 2 } else { at + 1 })?;
    let (value, end) = examples(tokens, value, end);
    if tokens.get(end).is_some_and(|next| next.is("as")) {
        let (role, end) = thing(tokens, end + 1)?;
        let role = role.words;
        let none = role.first().is_none_or(|first| lists(NO_ROLES, first));
        return (!none && ends(tokens, end)).then(|| of(&value, role, false, place(end)));
    }
    // `the distinct id is never an email`; `it is never an email`; `not an email`
    let role = given_role(tokens, at, before)?;
    ends(tokens, end).then(|| of(&value, role, false, place(end)))
}

/// Whether the word before says what a thing is: `is never`.
fn is_given(tokens: &[Token<'_>], at: usize) -> bool {
    at.checked_sub(1).is_some_and(|before| tokens[before].is_any(&["is", "are", "be"]))
}

/// Returns the role of which `is never` speaks, or the sentence before.
fn given_role(tokens: &[Token<'_>], at: usize, before: Option<&[String]>) -> Option<Vec<String>> {
    let articles = ["a", "an", "the"];
    // What is said of a thing without an article may be a quality of it.
    let noun = tokens.get(at + 1).is_some_and(|next| next.is_any(&articles));
    if !noun {
        return None;
    }
    if is_given(tokens, at) {
        let subject = &tokens[..at - 1];
        return match subject {
            [it] if it.is("it") => before.map(<[String]>::to_vec),
            _ => role_of(subject),
        };
    }
    // `…, and never a made-up word`: the subject of the sentence is the role.
    let is_list = at > 0 && (tokens[at - 1].joins() || tokens[at - 1].kind == Kind::Mark);
    if is_list {
        let whole = || before.map(<[String]>::to_vec);
        let verb = tokens[..at].iter().position(|token| token.is_any(&["is", "are"]));
        return match verb.map(|verb| &tokens[..verb]) {
            Some([it]) if it.is("it") => whole(),
            Some(subject) => role_of(subject),
            None => whole().filter(|_| tokens[0].is_any(&["not", "never"])),
        };
    }
    before.filter(|_| at == 0).map(<[String]>::to_vec)
}

/// Returns the name of what a sentence says something of: `The distinct id is the user's id.`
fn subject_of(sentence: &Spanned<String>) -> Option<Vec<String>> {
    let tokens = tokens(sentence);
    let verb = tokens.iter().position(|token| token.is_any(&["is", "are", "comes", "come"]))?;
    role_of(&tokens[..verb])
}

fn role_of(subject: &[Token<'_>]) -> Option<Vec<String>> {
    let article = subject.first()?.is_any(&["a", "an", "the", "each", "every", "its", "your"]);
    let (thing, end) = thing(subject, 0)?;
    (article && end == subject.len()).then_some(thing.words)
}

/// A thing as a sentence names it.
struct Thing {
    words: Vec<String>,
    text: String,
    literals: Vec<String>,
}

/// Reads the name of a thing: at most three words, without what stands before a noun.
fn thing(tokens: &[Token<'_>], mut at: usize) -> Option<(Thing, usize)> {
    let begin = at;
    while tokens.get(at).is_some_and(|token| token.is_in(BEFORE_NOUN)) {
        at += 1;
    }
    let first = at;
    let is_of_it = |token: &&Token<'_>| token.kind == Kind::Word && !token.is_in(AFTER_NOUN);
    let count = tokens[first.min(tokens.len())..].iter().take_while(is_of_it).count();
    if count == 0 || count > MOST_WORDS {
        return None;
    }
    let named = &tokens[first..first + count];
    let mut words: Vec<String> = named.iter().flat_map(|token| words(token.text)).collect();
    if let Some(last) = words.last_mut()
        && last.len() > 3
        && last.ends_with('s')
        && !last.ends_with("ss")
    {
        last.pop();
    }
    let text: Vec<&str> = tokens[begin..first + count].iter().map(|token| token.text).collect();
    let text = text.join(" ").to_lowercase();
    Some((Thing { words, text, literals: Vec::new() }, first + count))
}

/// Adds the examples that follow a thing: ``such as `anonymous` ``.
fn examples(tokens: &[Token<'_>], mut thing: Thing, end: usize) -> (Thing, usize) {
    let such = tokens.get(end).is_some_and(|token| token.is("such"))
        && tokens.get(end + 1).is_some_and(|token| token.is("as"));
    let mut at = if such { end + 2 } else { end };
    while tokens.get(at).is_some_and(|token| token.kind == Kind::Code || (such && token.joins())) {
        if tokens[at].kind == Kind::Code {
            thing.literals.push(tokens[at].text.trim_matches(['"', '\'']).to_owned());
        }
        at += 1;
    }
    (thing, at)
}

/// Whether nothing follows that would limit what is said.
fn ends(tokens: &[Token<'_>], end: usize) -> bool {
    let next = tokens.get(end);
    let goes_on = next.filter(|next| next.is_mark(",")).and_then(|_| tokens.get(end + 1));
    next.is_none_or(|next| next.kind == Kind::Mark || next.is_any(&["and", "or", "nor"]))
        && !goes_on.is_some_and(|next| next.is_in(CONDITIONS))
}

fn of(value: &Thing, role: Vec<String>, is_verb: bool, span: Span) -> Pair {
    Pair {
        values: vec![value.words.clone()],
        value_words: value.text.clone(),
        literals: value.literals.clone(),
        role,
        is_verb,
        span,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<String> {
        let sentences: Vec<Spanned<String>> = text
            .split_inclusive(". ")
            .map(|sentence| Spanned::new(sentence.trim().to_owned(), Span::default()))
            .collect();
        let shown = pairs(&sentences).into_iter().map(|pair| {
            let literals = pair.literals.iter().map(|literal| format!(" `{literal}`"));
            let verb = if pair.is_verb { "by" } else { "as" };
            let values: Vec<String> = pair.values.iter().map(|value| value.join(" ")).collect();
            format!(
                "{}{} {verb} {}",
                values.join("|"),
                literals.collect::<String>(),
                pair.role.join(" ")
            )
        });
        shown.collect()
    }

    #[test]
    fn a_value_that_is_forbidden_in_a_role_is_found() {
        let rows: [(&str, &[&str]); 12] = [
            ("Never an email as the distinct id.", &["email as distinct id"]),
            ("Never use an email as the distinct id.", &["email as distinct id"]),
            ("Do not pass the user's email as distinct id: it changes.", &["email as distinct id"]),
            ("The distinct id is never an email.", &["email as distinct id"]),
            (
                "The distinct id is the user's id in the database. It is never an email, and never a made-up word such as `anonymous`.",
                &["email as distinct id", "made up word `anonymous` as distinct id"],
            ),
            (
                "The distinct id is the app's own stable identifier. Not an email and not a username: those change.",
                &["email as distinct id", "username as distinct id"],
            ),
            ("Never identify people by email.", &["email by identify"]),
            ("Don't identify users by their email.", &["email by identify"]),
            ("Never identify by email.", &["email by identify"]),
            ("Never send emails as event names.", &["email as event name"]),
            ("Never an index as the key.", &["index as key"]),
            ("A key is not an index.", &["index as key"]),
        ];
        for (text, wanted) in rows {
            assert_eq!(found(text), wanted, "{text}");
        }
    }

    #[test]
    fn what_forbids_nothing_of_the_kind_is_left() {
        for text in [
            "Do not do more than asked, as it is a small job.",
            "Never use an email as the distinct id unless there is no other.",
            "It is not an error.",
            "A view of one thing is an event, a view of a page is not.",
            "Not as soon as possible.",
            "Do not leave it as is.",
            "The list is not empty.",
            "If there is no id, do not pass an email as the distinct id.",
            "Never edit a test, and never remove an event to get a test to pass.",
            "A failed login is not identified.",
            "No email, name or address.",
            "What fails is not yours.",
            "Do not go by memory alone.",
        ] {
            assert_eq!(found(text), Vec::<String>::new(), "{text}");
        }
    }
}
