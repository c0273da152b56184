//! `vague-prose`: an instruction that leaves open whether, how much, or what.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::diagnostic::Level;
use crate::lint::Subject;
use crate::lint::rule::{Profile, Report, Rule, page};
use crate::lint::speech::{Sentence, Speech, Word, lemma};

pub(super) const RULE: Rule = Rule {
    name: "vague-prose",
    level: Level::Info,
    profile: Profile::Strict,
    page: page!("vague-prose"),
    diagnose: Some(diagnose),
};

/// Phrases by their first word.
static PHRASES: LazyLock<HashMap<&'static str, Vec<Vec<&'static str>>>> = LazyLock::new(|| {
    let mut phrases: HashMap<&str, Vec<Vec<&str>>> = HashMap::new();
    for line in include_str!("vague.txt").lines().filter(|line| !line.starts_with('#')) {
        let words: Vec<&str> = line.split(' ').collect();
        phrases.entry(words[0]).or_default().push(words);
    }
    phrases
});

fn diagnose(subject: &Subject<'_>, report: Report<'_>) {
    for speech in subject.speeches() {
        for sentence in &speech.sentences {
            // Only an instruction can be too vague to follow.
            if !speech
                .clauses(sentence)
                .iter()
                .any(|clause| clause.verb.is_some() && !clause.negated)
            {
                continue;
            }
            for words in vague(speech, sentence) {
                let Some(place) = Speech::place(words) else { continue };
                let shown: Vec<&str> = words.iter().map(|word| word.text).collect();
                let message = format!(
                    "`{}` leaves it to the model, and two runs differ",
                    shown.join(" ").to_lowercase()
                );
                report(RULE.at(place, message).help("say when, how many, or which"));
            }
        }
    }
}

/// Returns the phrases of a sentence that leave something open.
fn vague<'s>(speech: &'s Speech<'_>, sentence: &Sentence) -> Vec<&'s [Word<'s>]> {
    let words = speech.said(sentence);
    let mut found = Vec::new();
    for at in 0..words.len() {
        let lower = words[at].text.to_ascii_lowercase();
        let Some(phrases) = PHRASES.get(lower.as_str()) else { continue };
        let fits = |phrase: &&Vec<&str>| {
            let there = words.get(at..at + phrase.len());
            there.is_some_and(|there| {
                there.iter().zip(phrase.iter()).all(|(word, wanted)| word.is(wanted))
            })
        };
        let Some(phrase) = phrases.iter().find(fits) else { continue };
        // A phrase with a verb is one only where that tells the model what to do.
        let verb = lemma(&lower).is_some();
        let told = speech.clauses(sentence).iter().any(|clause| {
            !clause.negated
                && clause
                    .verb
                    .is_some_and(|verb| speech.words(verb..verb + 1)[0].span == words[at].span)
        });
        // "As needed for the report" says for what.
        let clear = words.get(at + phrase.len()).is_some_and(|next| next.any(&["for", "to", "by"]));
        if (told || !verb) && !clear {
            found.push(&words[at..at + phrase.len()]);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use crate::lint::sample::{finds, silent};

    #[test]
    fn what_leaves_it_to_the_model_is_found() {
        finds(
            "vague-prose",
            &[
                ("Add tests where appropriate.", "where appropriate"),
                ("Try to keep it short.", "Try to keep"),
                ("Write clean code.", "Write clean code"),
                ("Rename it if possible.", "if possible"),
                ("Follow best practices.", "Follow best practices"),
            ],
        );
    }

    #[test]
    fn what_is_no_instruction_or_says_how_is_left() {
        silent(
            "vague-prose",
            &[
                "The team writes clean code.",
                "Do not try to edit it.",
                "Remove headers that try to use a key.",
                "Try to open the page; note the error.",
                "List as many as needed for the report.",
                "Add at most three tests.",
                "People try to sign up here.",
                "Read `if possible` in the log.",
                "Call `try_to`.",
                "Keep it under 200 words.",
                "Best practices are in the docs.",
                "Add a test for each branch.",
                "Never be careful twice.",
            ],
        );
    }
}
