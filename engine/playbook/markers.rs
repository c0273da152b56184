//! Marks by which an author hides lines of an airplane from the model.

use std::ops::Range;

/// What every mark begins with.
const MARK: &str = "wizard:ignore";

/// Removes the lines that are marked: `wizard:ignore` hides the line it stands on,
/// `wizard:ignore-start` and `wizard:ignore-end` what is between them, `wizard:ignore-file` the
/// file, of which nothing is returned then.
pub fn without_ignored(text: &str) -> Result<Option<String>, String> {
    let lines = shown_lines(text)?;
    Ok(lines.map(|lines| lines.into_iter().map(|line| &text[line]).collect()))
}

/// Returns the bytes of each line that is not marked; nothing where the file is.
pub fn shown_lines(text: &str) -> Result<Option<Vec<Range<usize>>>, String> {
    let mut shown = Vec::new();
    let mut open = None;
    let mut end = 0;
    for (index, line) in text.split_inclusive('\n').enumerate() {
        let number = index + 1;
        let range = end..end + line.len();
        end = range.end;
        match (mark(line), open) {
            (None, None) => shown.push(range),
            (None | Some(""), Some(_)) | (Some(""), None) => {}
            (Some("-file"), _) => return Ok(None),
            (Some("-start"), None) => open = Some(number),
            (Some("-start"), Some(first)) => {
                return Err(format!(
                    "line {number}: `{MARK}-start` stands inside the one of line {first}; end that \
                     with `{MARK}-end`"
                ));
            }
            (Some("-end"), Some(_)) => open = None,
            (Some("-end"), None) => {
                return Err(format!("line {number}: `{MARK}-end` ends nothing"));
            }
            (Some(other), _) => {
                return Err(format!(
                    "line {number}: `{MARK}{other}` is not known; write `{MARK}`, `{MARK}-start`, \
                     `{MARK}-end` or `{MARK}-file`"
                ));
            }
        }
    }
    match open {
        None => Ok(Some(shown)),
        Some(first) => {
            Err(format!("line {first}: `{MARK}-start` is never ended; add `{MARK}-end`"))
        }
    }
}

/// Returns what follows the mark of a line, up to the end of the word.
fn mark(line: &str) -> Option<&str> {
    let rest = &line[line.find(MARK)? + MARK.len()..];
    let end = rest.find(|letter: char| !(letter == '-' || letter.is_ascii_alphanumeric()));
    let word = &rest[..end.unwrap_or(rest.len())];
    // The end of a comment, as in `<!-- wizard:ignore-->`.
    Some(word.trim_end_matches('-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_a_block_and_a_file_are_hidden() {
        let text = "a\nb // wizard:ignore\nc\n# wizard:ignore-start\nd\n# wizard:ignore-end\ne\n<i/><!-- wizard:ignore-->\n";
        assert_eq!(without_ignored(text).unwrap().unwrap(), "a\nc\ne\n");
        assert_eq!(without_ignored("// wizard:ignore-file\nx\n").unwrap(), None);
    }

    #[test]
    fn a_mark_that_pairs_with_nothing_is_named() {
        let cases = [
            ("a\n# wizard:ignore-start\nb\n", "line 2: `wizard:ignore-start` is never ended"),
            ("# wizard:ignore-end\n", "line 1: `wizard:ignore-end` ends nothing"),
            ("# wizard:ignore-block\n", "line 1: `wizard:ignore-block` is not known"),
            ("# wizard:ignore-start\n# wizard:ignore-start\n", "inside the one of line 1"),
        ];
        for (text, wanted) in cases {
            let error = without_ignored(text).unwrap_err();
            assert!(error.contains(wanted), "{error}");
        }
    }
}
