//! Tables of words: what another program's key or tool is here, or why it is nothing.

/// Returns what stands behind a word in a table: lines of `word: text`, `#` beginning a comment.
pub(super) fn of(table: &'static str, word: &str) -> Option<&'static str> {
    let lines = table.lines().filter(|line| !line.starts_with('#'));
    let mut entries = lines.filter_map(|line| line.split_once(": "));
    entries.find(|(known, _)| *known == word).map(|(_, text)| text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_has_what_stands_behind_it() {
        let table = "# a: b\na: -\nb: c: d\n";
        assert_eq!(["a", "b", "c"].map(|word| of(table, word)), [Some("-"), Some("c: d"), None]);
    }
}
