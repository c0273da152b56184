//! `open-loop`: prose that tells the model to go on, and not when to stop.

use std::sync::LazyLock;

use crate::diagnostic::Level;
use crate::lint::Subject;
use crate::lint::rule::{Profile, Report, Rule, page};
use crate::lint::speech::{Block, Clause, Kind, Sentence, Speech, Word, lemma_of_gerund, list};

pub(super) const RULE: Rule = Rule {
    name: "open-loop",
    level: Level::Warning,
    profile: Profile::Default,
    page: page!("open-loop"),
    diagnose: Some(diagnose),
};

/// Words that bound a loop, or say over what it goes.
static BOUNDS: LazyLock<Vec<&str>> = LazyLock::new(|| list(include_str!("bounds.txt")));

/// Ends that may never come.
const GREEN: [&str; 14] = [
    "pass", "passes", "passing", "works", "work", "succeeds", "succeed", "green", "clean", "fixed",
    "builds", "compiles", "right", "correct",
];

fn diagnose(subject: &Subject<'_>, report: Report<'_>) {
    for speech in subject.speeches() {
        for (index, sentence) in speech.sentences.iter().enumerate() {
            let asks = speech.said(sentence).iter().any(|word| word.mark(&['?', '"', '“']));
            if sentence.block == Block::Cell || asks || speech.is_reproved(sentence) {
                continue;
            }
            for clause in speech.clauses(sentence) {
                let Some(verb) = clause.verb.filter(|_| loops(speech, clause)) else { continue };
                let next = &speech.sentences[index + 1..];
                let said = speech.said(sentence);
                if is_label(said, speech.words(verb..verb + 1)) {
                    continue;
                }
                let until = said.iter().position(|word| word.is("until"));
                let place = Speech::place(speech.words(verb..clause.words.end));
                let Some(place) = place else { continue };
                if let Some(until) = until {
                    let end = &said[until + 1..];
                    if end.iter().any(|word| word.any(&GREEN))
                        && !is_bounded(&said[..until])
                        && !bounded_after(speech, next)
                        && !has_number(end)
                    {
                        report(RULE.at(place, "this goes on until something works, and it may never").help(
                            "say how often at most, or leave it to a check: the engine tells the model what failed and \
                             tries again as often as `retry:` says",
                        ));
                    }
                } else if !is_bounded(said) && !bounded_after(speech, next) && !has_number(said) {
                    report(
                        RULE.at(place, "this goes on, and nothing says when to stop")
                            .help("say how often at most, and what ends it"),
                    );
                }
            }
        }
    }
}

/// Whether a clause says to do something again and again.
fn loops(speech: &Speech<'_>, clause: &Clause) -> bool {
    if clause.negated {
        return false;
    }
    let after = speech.after_verb(clause);
    let gerund = after.first().and_then(|word| lemma_of_gerund(&word.text.to_ascii_lowercase()));
    let tries = gerund.is_some_and(|verb| {
        ["try", "poll", "verify", "improve", "fix", "execute", "request", "search", "wait"]
            .contains(&verb)
    });
    let more = ["iterating", "retrying", "looping", "refining", "debugging"];
    let again = tries || after.first().is_some_and(|word| word.any(&more));
    match clause.lemma {
        "keep" | "continue" => again || after.first().is_some_and(|word| word.is("until")),
        "retry" => after.first().is_some_and(|word| word.is("until")),
        "repeat" | "loop" | "iterate" => match after {
            [] => true,
            [the, what, ..] if the.is("the") => {
                what.any(&["process", "loop", "cycle", "steps", "above", "same"])
            }
            [first, ..] => first.any(&["this", "these", "process", "again", "until"]),
        },
        "poll" => after.first().is_some_and(|word| {
            word.kind == Kind::Code || word.any(&["the", "for", "it", "its", "until", "this"])
        }),
        _ => false,
    }
}

/// Whether a verb is the name of what its sentence goes on to say: "Repeat: read the next page".
fn is_label(said: &[Word<'_>], verb: &[Word<'_>]) -> bool {
    matches!((said, verb), ([first, mark, _, ..], [verb])
        if first.span == verb.span && mark.mark(&['-', '–', '—', ':']))
}

fn is_bounded(words: &[Word<'_>]) -> bool {
    words.iter().any(|word| word.any(&BOUNDS))
}

/// Whether the sentences after say when to stop.
fn bounded_after(speech: &Speech<'_>, next: &[Sentence]) -> bool {
    let stops = [
        "stop",
        "times",
        "attempts",
        "after",
        "most",
        "until",
        "maximum",
        "iterations",
        "rounds",
        "limit",
    ];
    let near = next.iter().take(3);
    near.into_iter().any(|next| speech.has(next, &stops) || speech.has(next, &["max"]))
}

fn has_number(words: &[Word<'_>]) -> bool {
    let numbers = ["one", "two", "three", "four", "five", "six", "ten"];
    words.iter().any(|word| {
        word.any(&numbers)
            || (word.kind != Kind::Code
                && word.text.starts_with(|digit: char| digit.is_ascii_digit()))
            || word.kind == Kind::Template
    })
}

#[cfg(test)]
mod tests {
    use crate::lint::sample::{finds, silent};

    #[test]
    fn a_loop_without_an_end_is_found() {
        finds(
            "open-loop",
            &[
                ("Keep trying.", "Keep trying"),
                ("Repeat the process.", "Repeat the process"),
                ("Then poll the job.", "poll the job"),
                ("Fix it and repeat until the tests pass.", "repeat until the tests pass"),
                (
                    "Fix what broke, and keep trying until everything is green.",
                    "keep trying until everything is green",
                ),
                ("Continue fixing until it works.", "Continue fixing until it works"),
            ],
        );
    }

    #[test]
    fn a_loop_with_an_end_is_left() {
        silent(
            "open-loop",
            &[
                "Keep trying, at most three times.",
                "Repeat until the list is empty.",
                "Repeat for each page.",
                "Poll the job every minute. Stop after ten attempts.",
                "Repeat this until the tests pass, five times at most.",
                "Continue with the next file.",
                "Keep the file short.",
                "Keep testing in mind.",
                "Never repeat the call.",
                "Should we keep trying?",
                "Repeat the title in the first line.",
                "6. **Iterate** - Test it on real pages, and refine.",
            ],
        );
    }
}
