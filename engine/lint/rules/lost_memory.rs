//! `lost-memory`: prose that counts on what the model saw in an earlier stage.

use crate::diagnostic::Level;
use crate::lint::Subject;
use crate::lint::rule::{Profile, Report, Rule, page};
use crate::lint::speech::{Audience, Kind, Sentence, Speech, Word};
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "lost-memory",
    level: Level::Warning,
    profile: Profile::Default,
    page: page!("lost-memory"),
    diagnose: Some(diagnose),
};

/// What a model did with its eyes: no output holds it.
const SAW: [&str; 15] = [
    "read", "saw", "seen", "opened", "learned", "learnt", "examined", "explored", "studied",
    "noticed", "viewed", "scanned", "skimmed", "looked", "loaded",
];

/// Words that put it before now.
const EARLIER: [&str; 4] = ["earlier", "previously", "already", "before"];

fn diagnose(subject: &Subject<'_>, report: Report<'_>) {
    for speech in subject.speeches() {
        let Audience::Stage(index) = speech.audience else { continue };
        let stage = &subject.playbook.stages[index];
        if stage.fork {
            continue;
        }
        let mut looked = false;
        for sentence in &speech.sentences {
            if let Some(place) = recalls(speech, sentence).filter(|_| !looked) {
                let message =
                    format!("`{}` begins without the memory of any other stage", stage.id.value);
                report(RULE.at(place, message).help(
                    "have the earlier stage leave it in its output, say to look again, or go on from it with \
                     `context: fork`",
                ));
            }
            // What this section says to read, it may speak of afterwards.
            let looks =
                ["read", "open", "search", "find", "inspect", "review", "explore", "scan", "go"];
            looked |= speech.clauses(sentence).iter().any(|clause| clause.orders(&looks));
        }
    }
}

/// Returns the words by which a sentence counts on what was seen before.
fn recalls(speech: &Speech<'_>, sentence: &Sentence) -> Option<Span> {
    let words = speech.said(sentence);
    if !words
        .iter()
        .any(|word| word.any(&EARLIER) || word.any(&["conversation", "beginning", "stage"]))
    {
        return None;
    }
    let clauses = speech.clauses(sentence);
    let remembered =
        clauses.iter().find(|clause| clause.orders(&["remember", "recall"])).and_then(|clause| {
            let words = speech.words(clause.words.clone());
            let past = words
                .iter()
                .any(|word| word.any(&SAW) || word.any(&["found", "were", "was", "did"]));
            past.then(|| Speech::place(words)).flatten()
        });
    remembered.or_else(|| seen(words))
}

/// Returns the place of "you read earlier", "as seen before", "the files you already read".
fn seen(words: &[Word<'_>]) -> Option<Span> {
    let found = words.iter().enumerate().filter(|(_, word)| word.any(&SAW));
    found.into_iter().find_map(|(saw, _)| {
        let start = (saw.saturating_sub(3)..saw)
            .find(|at| words[*at].any(&["you", "as", "you've", "you’ve"]))?;
        let between = &words[start + 1..saw];
        let helps =
            |word: &Word<'_>| word.any(&["have", "had", "already", "you", "previously", "just"]);
        if !between.iter().all(helps) {
            return None;
        }
        let already = between.iter().any(|word| word.any(&["already", "previously"]));
        let end = if already {
            saw + 1
        } else {
            let after = words.iter().enumerate().skip(saw + 1).take(8);
            let end = after.into_iter().find_map(|(at, word)| {
                let closes = words
                    .get(at + 1)
                    .is_none_or(|next| next.kind == Kind::Mark || next.any(&["and", "to", "in"]));
                (word.any(&["earlier", "previously"])
                    || (word.is("before") && closes)
                    || earlier_stage(words, at))
                .then_some(at)
            })?;
            end + 1
        };
        Speech::place(&words[start..end])
    })
}

/// Whether the words up to here are "in the previous stage".
fn earlier_stage(words: &[Word<'_>], at: usize) -> bool {
    let before = at.checked_sub(1).and_then(|before| words.get(before));
    words[at].is("stage")
        && before
            .is_some_and(|word| word.any(&["previous", "earlier", "last", "first", "preceding"]))
}

#[cfg(test)]
mod tests {
    use crate::lint::sample::{found, of_stages};

    fn of_second(keys: &str, section: &str) -> Vec<String> {
        let stages = [("survey", "", "Look around."), ("build", keys, section)];
        found("lost-memory", &of_stages("", "", &stages))
    }

    #[test]
    fn what_another_stage_saw_is_found() {
        for (section, at) in [
            ("Change the files you read earlier.", "you read earlier"),
            ("As you saw before, it is slow.", "As you saw before"),
            ("You have already read the routes.", "You have already read"),
            (
                "Use the templates you looked at in the previous stage.",
                "you looked at in the previous stage",
            ),
            (
                "Remember the documents you were given at the beginning.",
                "Remember the documents you were given at the beginning",
            ),
        ] {
            assert_eq!(of_second("", section), [at], "{section}");
        }
    }

    #[test]
    fn what_is_in_an_output_or_in_the_section_is_left() {
        for section in [
            "Read `a.md`. Then change the files you read earlier.",
            "Change the files that the survey found.",
            "Read the file before you edit it.",
            "The page that users read earlier is cached.",
            "Remember to run the tests before the end.",
            "If you have read it, go on.",
            "What the previous stage left is below.",
            "As described above, keep it short.",
            "You will have read all of it before the end.",
            "Look at a page that was already loaded.",
        ] {
            assert_eq!(of_second("", section), Vec::<String>::new(), "{section}");
        }
        assert!(of_second("context: fork", "Change the files you read earlier.").is_empty());
    }
}
