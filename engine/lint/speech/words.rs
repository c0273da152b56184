//! The words of a sentence: plain ones, code in backticks, templates, and the marks between them.

use crate::source::Span;

/// A word of prose, or a mark that stands between words.
#[derive(Debug, Clone, Copy)]
pub(in crate::lint) struct Word<'a> {
    /// As written; what stands in backticks is without them.
    pub(in crate::lint) text: &'a str,
    /// What it is.
    pub(in crate::lint) kind: Kind,
    /// Where it stands.
    pub(in crate::lint) span: Span,
}

/// What a word is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::lint) enum Kind {
    /// A word of the language.
    Plain,
    /// Code in backticks, as one word.
    Code,
    /// A `${{ }}`.
    Template,
    /// A mark, such as a comma.
    Mark,
}

impl<'a> Word<'a> {
    /// Whether it is this plain word, in whatever case.
    pub(in crate::lint) fn is(&self, word: &str) -> bool {
        self.kind == Kind::Plain && self.text.eq_ignore_ascii_case(word)
    }

    /// Whether it is one of these plain words, in whatever case.
    pub(in crate::lint) fn any(&self, words: &[&str]) -> bool {
        self.kind == Kind::Plain && words.iter().any(|word| self.text.eq_ignore_ascii_case(word))
    }

    /// Returns the code, if it is some.
    pub(in crate::lint) fn code(&self) -> Option<&'a str> {
        (self.kind == Kind::Code).then_some(self.text)
    }

    /// Whether it is one of these marks.
    pub(in crate::lint) fn mark(&self, marks: &[char]) -> bool {
        self.kind == Kind::Mark && self.text.starts_with(marks)
    }

    /// Whether it denies what follows.
    pub(in crate::lint) fn denies(&self) -> bool {
        self.any(&["not", "never", "no", "cannot", "neither", "nor", "without"])
            || self.is_short_not()
    }

    /// Whether it ends in a short `not`, as `don't` does.
    fn is_short_not(&self) -> bool {
        let end = |end: &str| {
            let start = self.text.len().checked_sub(end.len());
            start
                .and_then(|start| self.text.get(start..))
                .is_some_and(|it| it.eq_ignore_ascii_case(end))
        };
        self.kind == Kind::Plain && (end("n't") || end("n’t"))
    }
}

/// Adds the words of a text that stands at `span`.
pub(super) fn split<'a>(text: &'a str, span: Span, words: &mut Vec<Word<'a>>) {
    let mut at = 0;
    while let Some(letter) = text[at..].chars().next() {
        let rest = &text[at..];
        let begin = at == 0 || text[..at].ends_with(char::is_whitespace);
        let mut push = |kind: Kind, start: usize, end: usize| {
            words.push(Word { text: &text[start..end], kind, span: span.part(start, end) });
        };
        let length = match letter {
            '`' => {
                let ticks = rest.len() - rest.trim_start_matches('`').len();
                match rest[ticks..].find(&rest[..ticks]) {
                    Some(close) => {
                        let inner = &rest[ticks..ticks + close];
                        let start = at + ticks + inner.len() - inner.trim_start().len();
                        push(Kind::Code, start, start + inner.trim().len());
                        ticks + close + ticks
                    }
                    None => ticks,
                }
            }
            '$' if rest.starts_with("${{") => {
                let length = rest.find("}}").map_or(rest.len(), |end| end + 2);
                push(Kind::Template, at, at + length);
                length
            }
            '<' => tag(rest).unwrap_or(1),
            ']' if rest.starts_with("](") => rest.find(')').map_or(2, |end| end + 1),
            '*' | '_' | '[' | ']' | '~' | '|' | '#' | '\\' => 1,
            _ if starts_word(letter, rest, begin) => {
                let length = word(rest);
                push(Kind::Plain, at, at + length);
                length
            }
            _ => {
                if !letter.is_whitespace() {
                    push(Kind::Mark, at, at + letter.len_utf8());
                }
                letter.len_utf8()
            }
        };
        at += length;
    }
}

/// Whether a word begins here: a dot or an at sign begins one where a letter follows.
fn starts_word(letter: char, rest: &str, begin: bool) -> bool {
    let next = || rest[letter.len_utf8()..].chars().next().is_some_and(char::is_alphanumeric);
    letter.is_alphanumeric() || (matches!(letter, '.' | '@' | '/' | '-') && begin && next())
}

/// Returns how long the word is that a text begins with: what joins letters belongs to it.
fn word(text: &str) -> usize {
    if text.starts_with("https://") || text.starts_with("http://") {
        let end = text.find(|next: char| next.is_whitespace() || "()<>[],\"`".contains(next));
        return text[..end.unwrap_or(text.len())].trim_end_matches(['.', ':', ';', '*', '_']).len();
    }
    let mut letters = text.char_indices().peekable();
    let mut end = 0;
    while let Some((at, letter)) = letters.next() {
        let next = letters.peek().map(|(_, next)| *next);
        let joins = matches!(letter, '\'' | '’' | '-' | '.' | '/' | '@')
            && next.is_some_and(|next| next.is_alphanumeric() || next == '_');
        if !(at == 0 || letter.is_alphanumeric() || letter == '_' || joins) {
            break;
        }
        end = at + letter.len_utf8();
    }
    // What ends in an underscore is emphasis, not a name.
    text[..end].trim_end_matches('_').len().max(1)
}

/// Returns how long the tag is that a text begins with, if it begins with one.
fn tag(text: &str) -> Option<usize> {
    let inner = text.strip_prefix('<')?;
    let begins =
        inner.starts_with(|next: char| next.is_ascii_alphabetic() || matches!(next, '/' | '!'));
    let end = inner.find(['>', '<', '\n'])?;
    (begins && inner[end..].starts_with('>')).then_some(end + 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<(Kind, &str)> {
        let mut words = Vec::new();
        split(text, Span::new(crate::source::FileId(0), 0, text.len()), &mut words);
        words.iter().map(|word| (word.kind, word.text)).collect()
    }

    fn plain(text: &str) -> Vec<&str> {
        words(text).into_iter().map(|(_, word)| word).collect()
    }

    #[test]
    fn a_word_keeps_what_joins_its_letters() {
        assert_eq!(plain("don't touch package.json"), ["don't", "touch", "package.json"]);
        assert_eq!(plain("snake_case, kebab-case"), ["snake_case", ",", "kebab-case"]);
        assert_eq!(plain("Edit .env in src/app."), ["Edit", ".env", "in", "src/app", "."]);
        assert_eq!(plain("see https://a.de/b: now"), ["see", "https://a.de/b", ":", "now"]);
    }

    #[test]
    fn code_templates_and_marks_are_told_apart() {
        let found = words("Run `` a `b` `` for ${{ inputs.a }} (now)");
        let kinds: Vec<Kind> = found.iter().map(|(kind, _)| *kind).collect();
        assert_eq!(found[1], (Kind::Code, "a `b`"));
        assert_eq!(found[3], (Kind::Template, "${{ inputs.a }}"));
        assert_eq!(kinds[4..], [Kind::Mark, Kind::Plain, Kind::Mark]);
    }

    #[test]
    fn what_only_dresses_a_word_is_left_out() {
        assert_eq!(
            plain("**Never** _ever_ [do](http://a.de/b) <b>it</b>"),
            ["Never", "ever", "do", "it"]
        );
        assert_eq!(plain("a `b"), ["a", "b"]);
        assert_eq!(plain("x < y"), ["x", "y"]);
    }

    #[test]
    fn what_denies_is_told() {
        let mut found = Vec::new();
        split("don't Never not do", Span::default(), &mut found);
        let denies: Vec<bool> = found.iter().map(Word::denies).collect();
        assert_eq!(denies, [true, true, true, false]);
    }
}
