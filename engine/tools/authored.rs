//! What a model writes into a file: text that a person sees whole, and that leaves nothing out.

use std::sync::LazyLock;

use regex::Regex;

use crate::gate::Refusal;

/// A line that stands for lines which are not written out: `// ... existing code ...`.
static LEFT_OUT: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let mark = r"(?:\.\.\.|…)";
    let what = r"(?:existing|rest|remaining|remainder|unchanged|previous|original|other|same|keep)";
    let comment = r"(?://|#|/\*+|<!--|\{/\*|--|;|%|\*)";
    let line = format!(
        r"(?im)^[ \t]*(?:{comment}[ \t]*{mark}[ \t]*{what}\b.*|{mark}[ \t]*{what}[ \t]+\w+.*|{comment}[ \t]*\(?{what}\b[^\n.]*{mark}.*)$"
    );
    Regex::new(&line).ok()
});

/// Takes the bytes of a file that is to change for text, or says why it is left as it is: what is
/// read in one way and written in another would be other bytes.
pub(super) fn text_of(path: &str, bytes: Vec<u8>) -> Result<String, Refusal> {
    let kept = |what: &str| Refusal::Reply(format!("`{path}` {what}, and is left as it is"));
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return Err(kept("is UTF-16"));
    }
    if bytes.contains(&0) {
        return Err(kept("has bytes of zero, as no text has"));
    }
    String::from_utf8(bytes).map_err(|_| kept("is not UTF-8"))
}

/// Says what is wrong with text that goes into a file, if anything is. What stood there before may
/// stand there again.
pub(super) fn fault(text: &str, before: &str) -> Option<String> {
    if let Some(letter) =
        text.chars().find(|letter| is_unseen(*letter) && !before.contains(*letter))
    {
        return Some(format!(
            "the text has the character U+{:04X}, which nobody sees; write it as an escape of the \
             language",
            u32::from(letter)
        ));
    }
    let left_out = LEFT_OUT.as_ref()?;
    let line = left_out.find_iter(text).map(|line| line.as_str().trim());
    let line = line.into_iter().find(|line| !before.contains(line))?;
    Some(format!(
        "`{}` stands for lines that are left out; write them, or change less with `edit`",
        line.chars().take(60).collect::<String>()
    ))
}

/// Whether a character has no place in a source text: controls, overrides of the direction of
/// writing (CVE-2021-42574), and tags.
fn is_unseen(letter: char) -> bool {
    let kept = matches!(letter, '\t' | '\n' | '\r' | '\u{c}');
    letter.is_control() && !kept
        || matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_not_left_out() {
        for text in [
            "...existing code...\n",
            "a\n  // ... rest of the file\n",
            "# … unchanged",
            "{/* ... existing markup ... */}",
            "<!-- ... other sections -->",
            "// rest of the code remains the same...",
        ] {
            assert!(fault(text, "").is_some(), "{text}");
            assert_eq!(fault(text, text), None, "{text}");
        }
        for text in [
            "const all = [...rest, ...other];",
            "  ...rest,\n",
            "  ...restProps\n",
            "f(...args)",
            "Wait for the rest of the code.",
            "console.log('loading...')",
        ] {
            assert_eq!(fault(text, ""), None, "{text}");
        }
    }

    #[test]
    fn characters_that_nobody_sees_are_told() {
        for text in ["a\u{0}", "\u{1b}[31m", "a\u{7f}", "x\u{202e}y", "\u{e0041}"] {
            assert!(fault(text, "").is_some(), "{text:?}");
        }
        assert_eq!(fault("a\tb\r\n\u{c}é👩\u{200d}💻", ""), None);
        assert_eq!(fault("\u{1b}[0m", "\u{1b}[31m"), None);
    }
}
