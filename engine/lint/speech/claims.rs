//! What a piece of prose says is to be done, in a form in which two of them can be held against each other.

use std::sync::LazyLock;

use crate::lint::speech::list;
use crate::lint::speech::phrase::{Phrase, normal, phrase, phrases, singular};
use crate::lint::speech::{Block, Clause, Kind, Sentence, Speech, Word, lemma, lemma_of_gerund};
use crate::source::Span;

/// An instruction without a condition.
#[derive(Debug, Clone)]
pub(in crate::lint) struct Claim {
    /// The word by which its verb is known.
    pub(in crate::lint) lemma: &'static str,
    /// What it is about.
    pub(in crate::lint) about: Phrase,
    /// It says not to.
    pub(in crate::lint) negated: bool,
    /// It says so with a word such as `always` or `never`.
    pub(in crate::lint) strong: bool,
    /// Before or after what it is to be done.
    pub(in crate::lint) order: Option<Order>,
    /// Where it stands.
    pub(in crate::lint) span: Span,
    /// The sentence in which it stands.
    pub(in crate::lint) sentence: Span,
}

/// Before or after something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::lint) struct Order {
    /// Before it, and not after.
    pub(in crate::lint) before: bool,
    /// What it is: verbs by their groups, nouns in the singular.
    pub(in crate::lint) what: Vec<String>,
}

/// The verb of claims about where a decision is taken from.
const DECIDES_BY: &str = "decide by";

/// Words that make an instruction hold only sometimes.
static CONDITIONS: LazyLock<Vec<&str>> = LazyLock::new(|| list(include_str!("conditions.txt")));

/// Verbs by which one thing is told from another.
const DECIDES: [&str; 8] =
    ["choose", "detect", "determine", "guess", "identify", "tell", "match", "find"];

/// Returns the claims of a sentence.
pub(in crate::lint) fn claims(speech: &Speech<'_>, sentence: &Sentence) -> Vec<Claim> {
    let mut found = Vec::new();
    if matches!(sentence.block, Block::Cell | Block::Quotation) || is_conditional(speech, sentence)
    {
        return found;
    }
    let clauses = speech.clauses(sentence);
    for (index, clause) in clauses.iter().enumerate() {
        let all = speech.words(clause.words.clone());
        let Some(span) = Speech::place(all) else { continue };
        let claim = |lemma, about, negated, order| Claim {
            lemma,
            about,
            negated,
            strong: clause.strong,
            order,
            span,
            sentence: sentence.span,
        };
        if clause.verb.is_none() {
            found.extend(
                of_nouns(clause, all)
                    .map(|(lemma, about, negated)| claim(lemma, about, negated, None)),
            );
            continue;
        }
        if clause.weak {
            continue;
        }
        let words = speech.words(
            clause.verb.map_or(clause.words.end, |verb| verb + 1)..list_end(speech, clauses, index),
        );
        if leads_on(speech, clause) {
            continue;
        }
        let mut order = order(words);
        let (lemma, words) = in_source(clause.lemma, words);
        if let Some(source) = decides_by(lemma, words) {
            found.push(claim(DECIDES_BY, source, clause.negated, None));
        }
        let mut negated = clause.negated;
        // Not before is after.
        if let Some(order) = order.as_mut().filter(|_| negated) {
            order.before = !order.before;
            negated = false;
        }
        for about in phrases(words) {
            found.push(claim(lemma, about, negated, order.clone()));
        }
    }
    found
}

/// Returns where the list ends that begins in a clause: the parts after a comma that have no verb
/// of their own belong to it.
fn list_end(speech: &Speech<'_>, clauses: &[Clause], index: usize) -> usize {
    let mut end = clauses[index].words.end;
    for next in &clauses[index + 1..] {
        let comma = speech.words(end..next.words.start).iter().all(|mark| mark.mark(&[',']));
        if next.verb.is_some() || !comma {
            break;
        }
        end = next.words.end;
    }
    end
}

/// Whether a clause ends in a colon: what it says goes on below.
fn leads_on(speech: &Speech<'_>, clause: &Clause) -> bool {
    speech.words(clause.words.end..clause.words.end + 1).iter().any(|word| word.mark(&[':']))
}

/// Labels that narrow nothing.
const NEUTRAL: [&str; 14] = [
    "important",
    "note",
    "critical",
    "warning",
    "rule",
    "rules",
    "always",
    "remember",
    "caution",
    "tip",
    "reminder",
    "also",
    "never",
    "security",
];

/// Whether a sentence says when it holds, is a question or speaks of what others say.
fn is_conditional(speech: &Speech<'_>, sentence: &Sentence) -> bool {
    let words = speech.said(sentence);
    let clauses = speech.clauses(sentence);
    let labelled = clauses
        .iter()
        .take(clauses.len().saturating_sub(1))
        .find(|clause| leads_on(speech, clause));
    let narrowed = labelled.is_some_and(|label| {
        label.verb.is_some()
            || !speech.words(label.words.clone()).iter().any(|word| word.any(&NEUTRAL))
    });
    let lead = sentence.lead.and_then(|lead| speech.sentences.get(lead));
    let led = lead.is_some_and(|lead| {
        speech.has(lead, &CONDITIONS) || speech.has(lead, &["for", "case", "in"])
    });
    let heading = sentence.heading.and_then(|heading| speech.prose.headings.get(heading));
    let below = heading.is_some_and(|(_, heading)| {
        heading.split([' ', ':', '(']).any(|word| {
            CONDITIONS
                .iter()
                .chain(&["for", "case", "category", "option"])
                .any(|other| word.eq_ignore_ascii_case(other))
        })
    });
    words.iter().any(|word| word.any(&CONDITIONS) || word.mark(&['?', '"', '“', '→', '✅', '✓']))
        || clauses.iter().any(|clause| {
            speech
                .words(clause.words.start..clause.words.start + 1)
                .iter()
                .any(|word| word.is("once"))
        })
        || narrowed
        || led
        || below
        || speech.is_reproved(sentence)
}

/// Takes "put the token in the source" for "hardcode the token".
fn in_source<'s, 'a>(lemma: &'static str, words: &'s [Word<'a>]) -> (&'static str, &'s [Word<'a>]) {
    if !matches!(lemma, "put" | "place" | "keep" | "store" | "save" | "write" | "embed" | "leave") {
        return (lemma, words);
    }
    let at = words.iter().position(|word| word.any(&["in", "into"]));
    let source = at.filter(|at| {
        let rest = words[at + 1..].iter().filter(|word| !word.any(&["the", "your", "its", "any"]));
        let rest: Vec<&Word<'_>> = rest.collect();
        matches!(rest[..], [first] if first.any(&["source", "code"]))
            || matches!(rest[..], [first, second, ..] if first.is("source") && second.any(&["code", "file", "files"]))
    });
    source.map_or((lemma, words), |at| ("hardcode", &words[..at]))
}

/// Returns by what a clause says to decide: "pick it from the lock file", "read the lock file to
/// pick it".
fn decides_by(lemma_: &'static str, words: &[Word<'_>]) -> Option<Phrase> {
    let bare = |words: &[Word<'_>]| Some(Phrase { circumstances: Vec::new(), ..phrase(words)? });
    if DECIDES.contains(&lemma_) {
        let by = words.iter().position(|word| word.any(&["from", "by"]))?;
        let rest = &words[by + 1..];
        let rest = if rest.first().is_some_and(|word| lemma_of_gerund(word.text) == Some("read")) {
            &rest[1..]
        } else {
            rest
        };
        return bare(rest);
    }
    if !matches!(lemma_, "read" | "use" | "verify" | "inspect" | "find" | "open" | "search") {
        return None;
    }
    let to = words.windows(2).position(|pair| {
        pair[0].any(&["to", "and"])
            && pair[1].kind == Kind::Plain
            && lemma(pair[1].text).is_some_and(|verb| DECIDES.contains(&verb))
    })?;
    bare(&words[..to])
}

/// Returns the order that a clause gives: "before reading the skill".
fn order(words: &[Word<'_>]) -> Option<Order> {
    let at = words.iter().position(|word| word.any(&["before", "after"]))?;
    let mut what: Vec<String> = normal(&words[at + 1..])
        .into_iter()
        .map(|word| {
            let verb = lemma_of_gerund(&word).or_else(|| lemma(&word));
            verb.map_or(word.clone(), str::to_owned)
        })
        .collect();
    what.sort_unstable();
    what.dedup();
    (!what.is_empty()).then(|| Order { before: words[at].is("before"), what })
}

/// Returns what a clause without a verb says of a noun that is made from one: "never manual captures"
/// forbids what "capturing there too is worth an edit" asks for.
fn of_nouns(clause: &Clause, words: &[Word<'_>]) -> Option<(&'static str, Phrase, bool)> {
    let about = |head: String| Phrase { head, narrowed: Vec::new(), circumstances: Vec::new() };
    let first = words.first()?;
    if let Some(verb) = lemma_of_gerund(&first.text.to_lowercase()) {
        let is = words.iter().position(|word| word.any(&["is", "are"]))?;
        let good = words.get(is + 1)?;
        let praised = good.any(&[
            "worth",
            "fine",
            "ok",
            "okay",
            "recommended",
            "encouraged",
            "allowed",
            "welcome",
            "good",
            "required",
        ]);
        return praised.then(|| (verb, about("…".to_owned()), false));
    }
    let noun = words.iter().skip_while(|word| !(word.is("never") || word.is("no"))).skip(1);
    let last = noun.take(3).filter(|word| word.kind == Kind::Plain).last()?;
    let denied = clause.negated || first.is("no");
    let verb = lemma(&singular(last.text)).filter(|_| denied && last.text.ends_with('s'))?;
    Some((verb, about("…".to_owned()), true))
}
