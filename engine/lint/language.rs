//! The languages that playbooks speak of, and the words by which code blocks name them.

use std::collections::BTreeMap;
use std::sync::LazyLock;

/// Languages by the words that a code block may begin with.
static WORDS: LazyLock<BTreeMap<&'static str, &'static str>> = LazyLock::new(|| {
    let lines = include_str!("languages.txt").lines();
    let lines = lines.filter_map(|line| line.split_once(": "));
    lines.flat_map(|(name, words)| words.split(' ').map(move |word| (word, name))).collect()
});

/// Returns the language of a code block, by its first word; data and shells have none.
pub(super) fn of_block(word: &str) -> Option<&'static str> {
    let word = word.to_lowercase();
    WORDS.get(word.as_str()).copied().filter(|language| *language != "shell")
}

/// Returns the names of all languages, sorted.
pub(super) fn names() -> Vec<&'static str> {
    let mut names: Vec<&str> = WORDS.values().copied().collect();
    names.sort_unstable();
    names.dedup();
    names
}
