//! Env files: what they assign, and setting a key without touching any other byte.

mod edit;

use std::ops::Range;

pub use edit::{Unwritable, quote, set};

/// One assignment of an env file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// The name before `=`.
    pub key: String,
    /// The value as a program reads it.
    pub value: String,
    /// The bytes of the value as it is written, quotes included.
    pub place: Range<usize>,
    /// Whether `export` stands before the key.
    pub exported: bool,
    /// Whether the value begins with a quote that nothing closes: programs do not agree on where
    /// it ends.
    pub is_torn: bool,
}

/// Reads every assignment, in order. What is none is skipped, as programs do: an env file is
/// never wrong.
pub fn assignments(text: &str) -> Vec<Assignment> {
    let mut found = Vec::new();
    let mut at = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    while at < text.len() {
        let end = line_end(text, at);
        match assignment(text, at, end) {
            Some(assignment) => {
                at = line_end(text, assignment.place.end);
                found.push(assignment);
            }
            None => at = end,
        }
        at += text[at..].chars().next().map_or(0, char::len_utf8);
    }
    found
}

/// Returns the last assignment of a key, which is the one that counts.
pub fn last(text: &str, key: &str) -> Option<Assignment> {
    assignments(text).into_iter().rfind(|assignment| assignment.key == key)
}

/// Whether a text may be a key: a letter or `_`, then letters, digits and `_`, at most 128.
pub fn is_key(text: &str) -> bool {
    let begins = text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
    begins && text.len() <= 128 && text.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'_')
}

/// Returns where the line ends that a place is in: before `\n` or `\r`.
fn line_end(text: &str, at: usize) -> usize {
    text[at..].find(['\n', '\r']).map_or(text.len(), |length| at + length)
}

/// Reads the assignment that begins in a line, if one does. Its value may go on below.
fn assignment(text: &str, start: usize, end: usize) -> Option<Assignment> {
    let line = &text[start..end];
    let body = line.trim_start();
    let exported = body.strip_prefix("export").filter(|rest| rest.starts_with([' ', '\t']));
    let body = exported.map_or(body, str::trim_start);
    let equals = body.find('=')?;
    let key = body[..equals].trim();
    let key = key.strip_prefix('\'').and_then(|key| key.strip_suffix('\'')).unwrap_or(key);
    if key.is_empty() || key.contains(['#', ' ', '\t', '\'', '"']) {
        return None;
    }
    let after = end - body.len() + equals + 1;
    let (value, place, is_torn) = value(text, after, end);
    let exported = exported.is_some();
    Some(Assignment { key: key.to_owned(), value, place, exported, is_torn })
}

/// Reads the value that begins at a place: in quotes, where what follows them is no more than a
/// comment, else up to a comment. Says whether it begins with a quote that nothing closes.
fn value(text: &str, after: usize, end: usize) -> (String, Range<usize>, bool) {
    let written = text[after..end].trim_start_matches([' ', '\t']);
    let start = end - written.len();
    if written.is_empty() || (written.starts_with('#') && start > after) {
        return (String::new(), after..after, false);
    }
    let quote = written.chars().next().filter(|first| matches!(first, '"' | '\'' | '`'));
    if let Some(quote) = quote
        && let Some(close) = closing(&text[start + 1..], quote)
    {
        let close = start + 1 + close;
        let rest = text[close + 1..line_end(text, close + 1)].trim_start();
        if rest.is_empty() || rest.starts_with('#') {
            return (unescaped(&text[start + 1..close], quote), start..close + 1, false);
        }
    }
    let comment = written.find(" #").or_else(|| written.find("\t#"));
    let value = written[..comment.unwrap_or(written.len())].trim_end();
    (value.to_owned(), start..start + value.len(), quote.is_some())
}

/// Finds the quote that closes. One after a backslash does where no other is left.
fn closing(text: &str, quote: char) -> Option<usize> {
    let mut escaped = None;
    for (index, _) in text.match_indices(quote) {
        if !text[..index].ends_with('\\') {
            return Some(index);
        }
        escaped = Some(index);
    }
    escaped
}

/// Takes escapes out of a quoted value.
fn unescaped(inner: &str, quote: char) -> String {
    if !inner.contains('\\') || quote == '`' {
        return inner.to_owned();
    }
    let mut value = String::with_capacity(inner.len());
    let mut letters = inner.chars();
    while let Some(letter) = letters.next() {
        if letter != '\\' {
            value.push(letter);
            continue;
        }
        match (letters.next(), quote) {
            (Some('n'), '"') => value.push('\n'),
            (Some('r'), '"') => value.push('\r'),
            (Some('t'), '"') => value.push('\t'),
            (Some(next @ ('"' | '$' | '\\' | '\'')), '"') => value.push(next),
            (Some(next @ ('\'' | '\\')), '\'') => value.push(next),
            (Some(next), _) => {
                value.push('\\');
                value.push(next);
            }
            (None, _) => value.push('\\'),
        }
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<(String, String)> {
        assignments(text).into_iter().map(|it| (it.key, it.value)).collect()
    }

    #[test]
    fn every_way_of_writing_a_value_is_read() {
        let text = "\u{feff}# A=1\nexport B=2\r\nC=\"x\ny\"\nD='a # b'\nE=plain # note\nF=\nB=3\n\
                    G = 'it\\'s' # x\nH=a#b\nI= # none\nJ='a' b\nK=\"open\nL=`x'y\"`\nM='\\'\rN=1";
        let expected = [
            ("B", "2"),
            ("C", "x\ny"),
            ("D", "a # b"),
            ("E", "plain"),
            ("F", ""),
            ("B", "3"),
            ("G", "it's"),
            ("H", "a#b"),
            ("I", ""),
            ("J", "'a' b"),
            ("K", "\"open"),
            ("L", "x'y\""),
            ("M", "\\"),
            ("N", "1"),
        ];
        let expected = expected.map(|(key, value)| (key.to_owned(), value.to_owned()));
        assert_eq!(read(text), expected);
    }

    #[test]
    fn a_key_is_not_a_pattern() {
        assert_eq!(last("AB=1\n", "A."), None);
        assert_eq!(last("AB=1\n", "A"), None);
        for key in [".*", "(a+)+b", "A B", "1A", "", "Ä", "A\nB", "A=B", "A-B"] {
            assert!(!is_key(key), "{key:?}");
        }
        assert!(is_key("_A1") && !is_key(&"A".repeat(129)));
    }

    #[test]
    fn a_place_is_that_of_the_value_as_written() {
        let text = "A=1\nB = \"x\ny\" # z\n";
        let places: Vec<&str> = assignments(text).into_iter().map(|it| &text[it.place]).collect();
        assert_eq!(places, ["1", "\"x\ny\""]);
    }
}
