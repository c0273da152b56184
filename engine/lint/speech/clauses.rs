//! The clauses of a sentence: what each tells the reader to do or not to do.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::LazyLock;

use crate::lint::speech::list;
use crate::lint::speech::words::Word;

/// A part of a sentence that says one thing.
#[derive(Debug, Clone)]
pub(in crate::lint) struct Clause {
    /// Its words, those of its speech.
    pub(in crate::lint) words: Range<usize>,
    /// Where the verb is, if it tells the reader to do something.
    pub(in crate::lint) verb: Option<usize>,
    /// The word by which verbs that mean the same are known; empty without a verb.
    pub(in crate::lint) lemma: &'static str,
    /// It says not to.
    pub(in crate::lint) negated: bool,
    /// It says so with a word such as `always`, `never` or `must`.
    pub(in crate::lint) strong: bool,
    /// It only allows, as `may` does.
    pub(in crate::lint) weak: bool,
}

impl Clause {
    /// Whether it tells the reader to do this.
    pub(in crate::lint) fn orders(&self, lemmas: &[&str]) -> bool {
        !self.negated && lemmas.contains(&self.lemma)
    }
}

/// Verbs in their base form, each with the word by which it is known.
static VERBS: LazyLock<HashMap<&'static str, &'static str>> = LazyLock::new(|| {
    let lines = include_str!("verbs.txt").lines().filter(|line| !line.starts_with('#'));
    let groups = lines.map(|line| line.split(' '));
    groups
        .flat_map(|group| {
            let first = group.clone().next().unwrap_or_default();
            group.map(move |verb| (verb, first))
        })
        .collect()
});

/// Words that stand before the verb of an instruction and change nothing in it.
static BEFORE: LazyLock<Vec<&str>> = LazyLock::new(|| list(include_str!("before.txt")));

/// Returns the word by which a verb in its base form is known.
pub(in crate::lint) fn lemma(word: &str) -> Option<&'static str> {
    let mut buffer = [0_u8; 16];
    let letters = buffer.get_mut(..word.len())?;
    letters.copy_from_slice(word.as_bytes());
    letters.make_ascii_lowercase();
    VERBS.get(std::str::from_utf8(letters).ok()?).copied()
}

/// Returns the word by which the verb of a form in `-ing` is known.
pub(in crate::lint) fn lemma_of_gerund(word: &str) -> Option<&'static str> {
    let stem = word.strip_suffix("ing").filter(|stem| stem.len() > 1 && stem.is_ascii())?;
    let doubled = stem.as_bytes()[stem.len() - 1] == stem.as_bytes()[stem.len() - 2];
    let single = doubled.then(|| lemma(&stem[..stem.len() - 1])).flatten();
    lemma(stem).or(single).or_else(|| lemma(&format!("{stem}e")))
}

/// Adds the clauses of the sentence that these words are; `all` are those of its speech.
pub(super) fn split(all: &[Word<'_>], sentence: Range<usize>, clauses: &mut Vec<Clause>) {
    let first = clauses.len();
    let mut start = sentence.start;
    for at in sentence.clone() {
        let word = &all[at];
        let splits = word
            .mark(&[',', ';', ':', '(', ')', '—', '–', '-', '.', '!', '?', '"', '“', '”', '→'])
            || (at > start && joins(&all[at..sentence.end]));
        if splits {
            push(all, start..at, clauses);
            start = at;
        }
    }
    push(all, start..sentence.end, clauses);
    carry_over(all, &mut clauses[first..]);
}

/// Carries a "do not" over the list that follows it: "do not create, change or delete files".
fn carry_over(all: &[Word<'_>], clauses: &mut [Clause]) {
    let mut at = 0;
    while at < clauses.len() {
        let rest = &clauses[at + 1..];
        let begins = |clause: &Clause, word: &str| {
            all.get(clause.words.start).is_some_and(|first| first.is(word))
        };
        let listed = |clause: &&Clause| {
            let bare = clause.verb == Some(clause.words.start) || begins(clause, "or");
            bare && clause.verb.is_some() && !clause.negated
        };
        let length = rest.iter().take_while(listed).count();
        let last = rest[..length].iter().rposition(|clause| begins(clause, "or"));
        let denied = clauses[at].negated && clauses[at].strong && clauses[at].verb.is_some();
        let carried = last.filter(|_| denied).map_or(0, |last| last + 1);
        let told = tells_of(&all[clauses[at].words.clone()]);
        for clause in &mut clauses[at + 1..=at + carried] {
            clause.negated = true;
        }
        // What was not done is told, and so is the rest of its list.
        let listed = if told { length } else { 0 };
        for clause in &mut clauses[at + 1..=at + listed] {
            (clause.verb, clause.lemma) = (None, "");
        }
        at += 1 + carried.max(listed);
    }
}

/// Whether words tell that something was or is not done: "you did not install anything".
fn tells_of(words: &[Word<'_>]) -> bool {
    let subordinate = words
        .first()
        .is_some_and(|first| first.any(&["if", "when", "where", "since", "because", "as"]));
    let helps = ["did", "does", "has", "have", "had", "didn't", "doesn't", "hasn't", "haven't"];
    let at = words.iter().position(|word| word.any(&helps)).filter(|_| !subordinate);
    at.is_some_and(|at| words[at..].iter().take(2).any(Word::denies))
}

/// Whether a new instruction begins here, after `and`, `then`, `but` or `or`.
fn joins(words: &[Word<'_>]) -> bool {
    let [first, rest @ ..] = words else { return false };
    if !first.any(&["and", "then", "but", "or"]) {
        return false;
    }
    let next = rest
        .iter()
        .find(|word| !word.any(&["then", "also", "never", "always", "not", "do", "don't"]));
    next.is_some_and(|word| {
        !word.mark(&[',']) && word.kind == super::Kind::Plain && lemma(word.text).is_some()
    })
}

fn push(all: &[Word<'_>], mut range: Range<usize>, clauses: &mut Vec<Clause>) {
    // The mark that ended the clause before.
    if all.get(range.start).is_some_and(|word| word.kind == super::Kind::Mark) {
        range.start += 1;
    }
    if range.is_empty() {
        return;
    }
    let mut clause = Clause {
        words: range.clone(),
        verb: None,
        lemma: "",
        negated: false,
        strong: false,
        weak: false,
    };
    find_verb(all, range, &mut clause);
    clauses.push(clause);
}

/// Whether a sentence begins here, or goes on after a colon.
fn begins(all: &[Word<'_>], start: usize) -> bool {
    start
        .checked_sub(1)
        .and_then(|before| all.get(before))
        .is_none_or(|before| before.mark(&[':', '.', '!', '?', ';']))
}

/// Finds the verb of an instruction, and what the words before it make of it.
fn find_verb(all: &[Word<'_>], range: Range<usize>, clause: &mut Clause) {
    let mut told = false;
    let mut at = range.start;
    while at < range.end {
        let word = &all[at];
        let next = all.get(at + 1).filter(|_| at + 1 < range.end);
        if word.any(&["avoid", "refrain"]) {
            clause.negated = true;
            clause.strong = true;
            let gerund = all[at + 1..range.end].iter().take(2);
            let found = gerund.enumerate().find_map(|(off, word)| {
                Some((
                    at + 1 + off,
                    lemma_of_gerund(word.text).filter(|_| word.kind == super::Kind::Plain)?,
                ))
            });
            if let Some((verb, lemma)) = found {
                (clause.verb, clause.lemma) = (Some(verb), lemma);
            }
            return;
        }
        if word.is("never")
            || word.any(&["don't", "don’t"])
            || (told && word.any(&["mustn't", "shouldn't"]))
        {
            (clause.negated, clause.strong) = (true, true);
        } else if !told
            && word.any(&["must", "should", "may", "can", "might", "could", "mustn't", "shouldn't"])
            && !begins(all, range.start)
        {
            // What should do it stands before.
            return;
        } else if word.any(&["do", "must", "should"])
            && next.is_some_and(|next| next.any(&["not", "never"]))
        {
            (clause.negated, clause.strong) = (true, true);
            at += 1;
        } else if word.any(&["always", "must"]) {
            clause.strong = true;
        } else if word.any(&["may", "can", "might", "could"]) {
            clause.weak = true;
            if next.is_some_and(|next| next.is("not")) {
                clause.negated = true;
                at += 1;
            }
        } else if word.any(&["make", "be"]) && next.is_some_and(|next| next.is("sure")) {
            clause.strong = true;
            at += 1;
        } else if word.any(&["need", "have", "remember"]) && next.is_some_and(|next| next.is("to"))
        {
            at += 1;
        } else if word.is("to") && !told {
            // A purpose: what follows says why, not what.
            return;
        } else if !word.any(&BEFORE) {
            break;
        }
        told = true;
        at += 1;
    }
    let Some(verb) = all.get(at).filter(|word| at < range.end && word.kind == super::Kind::Plain)
    else {
        return;
    };
    if let Some(lemma) = lemma(verb.text) {
        (clause.verb, clause.lemma) = (Some(at), lemma);
    }
}
