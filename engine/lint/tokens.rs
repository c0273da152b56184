//! A sentence as its words, its pieces of code and its marks.

/// One piece of a sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token<'a> {
    /// What it is.
    pub(super) kind: Kind,
    /// Its text; for code, without the backticks.
    pub(super) text: &'a str,
    /// Where its text begins in the sentence.
    pub(super) at: usize,
}

/// The kinds of pieces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A word, with its hyphens and apostrophes.
    Word,
    /// What stands in backticks.
    Code,
    /// A mark such as a comma; emphasis is none.
    Mark,
}

impl Token<'_> {
    /// Whether it is this word, in any case.
    pub(super) fn is(&self, word: &str) -> bool {
        self.kind == Kind::Word && self.text.eq_ignore_ascii_case(word)
    }

    /// Whether it is one of these words, in any case.
    pub(super) fn is_any(&self, words: &[&str]) -> bool {
        words.iter().any(|word| self.is(word))
    }

    /// Whether it is one of the words of a list, in any case.
    pub(super) fn is_in(&self, list: &str) -> bool {
        self.kind == Kind::Word && list.split(' ').any(|word| self.is(word))
    }

    /// Whether it is this mark.
    pub(super) fn is_mark(&self, mark: &str) -> bool {
        self.kind == Kind::Mark && self.text == mark
    }

    /// Whether it joins the items of a list.
    pub(super) fn joins(&self) -> bool {
        self.is_mark(",") || self.is_any(&["and", "or", "nor"])
    }
}

/// Whether a list of words has this one.
pub(super) fn lists(list: &str, word: &str) -> bool {
    list.split(' ').any(|listed| listed == word)
}

/// Takes a sentence apart. The targets of links are left out.
pub(super) fn tokens(sentence: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(letter) = sentence[at..].chars().next() {
        let rest = &sentence[at..];
        let (skipped, length, kind) = if letter == '`' {
            let ticks = rest.len() - rest.trim_start_matches('`').len();
            match rest[ticks..].find(&rest[..ticks]) {
                Some(length) => (ticks, length, Some(Kind::Code)),
                None => (ticks, 0, None),
            }
        } else if rest.starts_with("](") {
            (rest.find(')').map_or(2, |end| end + 1), 0, None)
        } else if letter.is_alphanumeric() {
            (0, word(rest), Some(Kind::Word))
        } else if letter.is_whitespace() || matches!(letter, '*' | '_' | '[' | ']') {
            (letter.len_utf8(), 0, None)
        } else {
            (0, letter.len_utf8(), Some(Kind::Mark))
        };
        let start = at + skipped;
        if let Some(kind) = kind {
            tokens.push(Token { kind, text: &sentence[start..start + length], at: start });
        }
        at = start + length + if kind == Some(Kind::Code) { skipped } else { 0 };
    }
    tokens
}

/// Returns how long a word is: a hyphen, an apostrophe, a slash or a point goes on inside of it.
fn word(rest: &str) -> usize {
    let mut letters = rest.char_indices().peekable();
    while let Some((at, letter)) = letters.next() {
        let next = letters.peek().is_some_and(|(_, next)| next.is_alphanumeric());
        let inside = matches!(letter, '-' | '\'' | '’' | '.' | '@' | '_' | '/') && next;
        if !letter.is_alphanumeric() && !inside {
            return at;
        }
    }
    rest.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(sentence: &str) -> Vec<String> {
        let shown = tokens(sentence).into_iter().map(|token| {
            assert_eq!(&sentence[token.at..token.at + token.text.len()], token.text);
            match token.kind {
                Kind::Word => token.text.to_owned(),
                Kind::Code => format!("`{}`", token.text),
                Kind::Mark => format!("<{}>", token.text),
            }
        });
        shown.collect()
    }

    #[test]
    fn words_code_and_marks_are_told_apart() {
        assert_eq!(
            shown("**Never** an e-mail, no `a, b` and ``c`d``: the airplane's [x](y z), v1.2."),
            [
                "Never",
                "an",
                "e-mail",
                "<,>",
                "no",
                "`a, b`",
                "and",
                "`c`d`",
                "<:>",
                "the",
                "airplane's",
                "x",
                "<,>",
                "v1.2",
                "<.>"
            ]
        );
        assert_eq!(shown("a `b"), ["a", "b"]);
        assert_eq!(shown("é—`ü`…"), ["é", "<—>", "`ü`", "<…>"]);
        assert!(shown(" ** \n").is_empty());
    }
}
