//! Lists of words in text files.

/// Returns the words of a list; lines that begin with `#` say what it is.
pub(in crate::lint) fn list(text: &'static str) -> Vec<&'static str> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.flat_map(str::split_whitespace).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_its_words() {
        assert_eq!(list("# A remark.\na b\nc\n"), ["a", "b", "c"]);
    }
}
