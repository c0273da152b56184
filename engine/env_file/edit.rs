//! Setting a key: one value changes, or one line is added, and every other byte stays.

use super::{assignments, is_key, last};

/// Why a key is not set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unwritable {
    /// No program would read it as a key.
    #[error("is no name of a key: letters, digits and `_`, at most 128, and no digit first")]
    Key,
    /// A line end would begin another assignment.
    #[error("has a value with a line end or a NUL")]
    LineEnd,
    /// Programs that read env files do not agree on how it could be written.
    #[error("has a value that no way of writing makes every program read alike")]
    Unquotable,
    /// Programs do not agree on where a value of the file ends, and so on what follows it.
    #[error("cannot be set: a quote in the file is never closed; a person has to mend it")]
    Torn,
}

/// Sets a key to a value: in the place of its last assignment, or on a line of its own at the end.
///
/// **Invariant:** whoever reads the result finds the value, and of every other key what was there.
pub fn set(text: &str, key: &str, value: &str) -> Result<String, Unwritable> {
    if !is_key(key) {
        return Err(Unwritable::Key);
    }
    let quoted = quote(value)?;
    if assignments(text).iter().any(|it| it.is_torn) {
        return Err(Unwritable::Torn);
    }
    let found = last(text, key).filter(|found| !is_unset(&text[found.place.end..], key));
    let changed = match found {
        Some(found) => {
            format!("{}{quoted}{}", &text[..found.place.start], &text[found.place.end..])
        }
        None => added(text, key, &quoted),
    };
    let others = |text: &str| {
        let all = assignments(text).into_iter().map(|it| (it.key, it.value));
        all.filter(|(name, _)| name != key).collect::<Vec<_>>()
    };
    let holds = last(&changed, key).is_some_and(|found| found.value == value);
    if holds && others(&changed) == others(text) {
        Ok(changed)
    } else {
        Err(Unwritable::Unquotable)
    }
}

/// Whether a key stands alone on a line, as some programs unset one.
fn is_unset(text: &str, key: &str) -> bool {
    text.split(['\n', '\r']).any(|line| {
        let line = line.split('#').next().unwrap_or_default().trim();
        line.strip_prefix("export ").unwrap_or(line).trim() == key
    })
}

/// Adds a line in the way of the others: their line end, and `export` where all have it.
fn added(text: &str, key: &str, quoted: &str) -> String {
    let end = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let gap = if text.is_empty() || text.ends_with('\n') || text == "\u{feff}" { "" } else { end };
    let all = assignments(text);
    let export = if !all.is_empty() && all.iter().all(|it| it.exported) { "export " } else { "" };
    format!("{text}{gap}{export}{key}={quoted}{end}")
}

/// Writes a value so that programs which read env files agree on it.
///
/// They do not agree on escapes, so none is used: bare where every character is plain, else in
/// the first kind of quotes that the value does not have, else bare again.
pub fn quote(value: &str) -> Result<String, Unwritable> {
    if value.contains(['\0', '\r', '\n']) {
        return Err(Unwritable::LineEnd);
    }
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_./:@%+,=?&~".contains(letter);
    if value.chars().all(plain) {
        return Ok(value.to_owned());
    }
    // In single quotes some programs take `\\` and `\'` for escapes, and all leave the rest.
    if !value.contains('\'') && !value.contains("\\\\") && !value.ends_with('\\') {
        return Ok(format!("'{value}'"));
    }
    if !value.contains(['"', '\\', '$', '`']) {
        return Ok(format!("\"{value}\""));
    }
    let bare = !value.contains('#')
        && !value.starts_with(['"', '\'', '`'])
        && value.trim_matches(|letter: char| letter.is_whitespace()) == value;
    if bare { Ok(value.to_owned()) } else { Err(Unwritable::Unquotable) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_added_and_nothing_else_changes() {
        let set = |text, key, value| set(text, key, value).unwrap();
        assert_eq!(set("A=1\r\nB='x'", "C", "v w"), "A=1\r\nB='x'\r\nC='v w'\r\n");
        assert_eq!(set("", "C", "$x'"), "C=$x'\n");
        assert_eq!(set("export A=1\n", "C", "1"), "export A=1\nexport C=1\n");
        assert_eq!(set("\u{feff}", "C", "1"), "\u{feff}C=1\n");
        assert_eq!(set("K=\"a\nC=inside\n\"\n", "C", "1"), "K=\"a\nC=inside\n\"\nC=1\n");
    }

    #[test]
    fn a_value_is_replaced_where_it_stands() {
        let set = |text, key, value| set(text, key, value).unwrap();
        assert_eq!(set("A=1\nC= # later\nB=2\n", "C", "v"), "A=1\nC=v # later\nB=2\n");
        assert_eq!(
            set("export C = 'old' # x\r\n", "C", "pa$&ss$1"),
            "export C = 'pa$&ss$1' # x\r\n"
        );
        assert_eq!(set("C=1\nC=2\n", "C", "3"), "C=1\nC=3\n");
        assert_eq!(set("C=1\nexport C\n", "C", "3"), "C=1\nexport C\nC=3\n");
    }

    #[test]
    fn what_would_be_read_as_something_else_is_refused() {
        assert_eq!(set("", "A", "x\nB=1"), Err(Unwritable::LineEnd));
        assert_eq!(set("", "A", "x\rB=1"), Err(Unwritable::LineEnd));
        assert_eq!(set("", ".*", "x"), Err(Unwritable::Key));
        assert_eq!(set("", "A", "'\"#"), Err(Unwritable::Unquotable));
        // A quote that is open would close in what is added.
        assert_eq!(set("K='open\n", "A", "y"), Err(Unwritable::Torn));
    }
}
