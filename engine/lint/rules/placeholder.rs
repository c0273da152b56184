//! `placeholder`: prose that was left to be written.

use std::sync::LazyLock;

use regex::{Regex, RegexSet};

use crate::diagnostic::Level;
use crate::lint::Subject;
use crate::lint::rule::{Profile, Report, Rule, page};
use crate::lint::speech::Block;
use crate::source::{Span, Spanned};

pub(super) const RULE: Rule = Rule {
    name: "placeholder",
    level: Level::Warning,
    profile: Profile::Default,
    page: page!("placeholder"),
    diagnose: Some(diagnose),
};

/// What holds a place open: all at once, and each by itself.
static HELD: LazyLock<(RegexSet, Vec<Regex>)> = LazyLock::new(|| {
    let lines = include_str!("placeholders.txt").lines().filter(|line| !line.starts_with('#'));
    let patterns: Vec<Regex> = lines.filter_map(|line| Regex::new(line).ok()).collect();
    let all = RegexSet::new(patterns.iter().map(Regex::as_str)).unwrap_or_default();
    (all, patterns)
});

fn diagnose(subject: &Subject<'_>, report: Report<'_>) {
    let (all, patterns) = &*HELD;
    for speech in subject.speeches() {
        // A table shows what is to be filled in by the model.
        for sentence in speech.sentences.iter().filter(|sentence| sentence.block != Block::Cell) {
            let text = subject.text(sentence.span);
            for index in all.matches(text) {
                let Some(found) = patterns.get(index).and_then(|pattern| pattern.find(text)) else {
                    continue;
                };
                let place = sentence.span.part(found.start(), found.end());
                if in_code(&speech.prose.code_words, place)
                    || speech.is_reproved(sentence)
                    || quoted(text, found.start())
                {
                    continue;
                }
                report(
                    RULE.at(place, "this holds a place open, and the model reads it as it stands")
                        .help("write what is meant, or make it an input and refer to it as `${{ inputs.NAME }}`"),
                );
                break;
            }
        }
    }
}

/// Whether a place lies within code in backticks.
fn in_code(words: &[Spanned<String>], place: Span) -> bool {
    words.iter().any(|word| word.span.start <= place.start && place.end <= word.span.end)
}

/// Whether an odd number of quotation marks stands before a place: what is quoted is spoken of.
fn quoted(text: &str, at: usize) -> bool {
    let before = text.get(..at).unwrap_or_default();
    before.matches('"').count() % 2 == 1
        || before.matches('“').count() > before.matches('”').count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::sample::{finds, silent};

    #[test]
    fn every_pattern_is_one() {
        let lines = include_str!("placeholders.txt").lines().filter(|line| !line.starts_with('#'));
        assert_eq!(HELD.1.len(), lines.count());
        assert_eq!(HELD.0.len(), HELD.1.len());
    }

    #[test]
    fn what_was_left_to_be_written_is_found() {
        let open = ["TO", "DO"].concat();
        finds("placeholder", &[(&format!("{open}: say what to look for."), &format!("{open}:"))]);
        finds(
            "placeholder",
            &[
                ("The host is TBD.", "TBD"),
                ("Send it to <your-host>.", "<your-host>"),
                ("[Insert the rules here]", "[Insert the rules here]"),
                ("Lorem ipsum dolor sit amet.", "Lorem ipsum"),
            ],
        );
    }

    #[test]
    fn what_only_looks_so_is_left() {
        let open = ["TO", "DO"].concat();
        silent(
            "placeholder",
            &[
                &format!("Leave no {open} comment behind."),
                &format!("Search for `{open}:` in the code."),
            ],
        );
        silent(
            "placeholder",
            &[
                "Keep a todo list.",
                "Write `<your-key>` into `.env.example`.",
                "```sh\nexport KEY=<your-key>\n```",
                "Use `Array<T>` and <b>bold</b>.",
                "See [your account](https://a.de).",
                "| Name | [your name] |\n|---|---|\n| a | [your name] |",
                "Never write \"TBD\" into it.",
                "The user fills in the form.",
            ],
        );
    }
}
