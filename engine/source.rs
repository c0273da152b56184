//! Text and places in it.

use serde::Serialize;

/// A text file as it was read: the playbook, an include, a schema.
#[derive(Debug, Clone)]
pub struct Source {
    /// The name shown to people: a path as typed, or relative to its library.
    pub name: String,
    /// The whole text, exactly as read (a byte order mark included).
    pub text: String,
    line_starts: Vec<u32>,
}

/// Which file of a bundle a span is in. The playbook itself is file 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize)]
pub struct FileId(pub u16);

/// A range of bytes in one file of a bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize)]
pub struct Span {
    /// The file.
    pub file: FileId,
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

/// A value and where it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// Where it stands.
    pub span: Span,
}

/// A line and a column, both counted from 1; columns count characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The line, from 1.
    pub line: u32,
    /// The column in characters, from 1.
    pub column: u32,
}

impl Source {
    /// Makes a source, finding its lines.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        let text = text.into();
        let starts = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let line_starts =
            std::iter::once(0).chain(starts.map(|(index, _)| offset(index + 1))).collect();
        Source { name: name.into(), text, line_starts }
    }

    /// Returns the line and column of a byte offset; an offset past the end is the end.
    pub fn place(&self, offset: u32) -> Place {
        let line = self.line_starts.partition_point(|start| *start <= offset).max(1) - 1;
        let start = self.line_starts[line] as usize;
        let end = (offset as usize).min(self.text.len());
        let before = self.text.as_bytes().get(start..end).unwrap_or_default();
        let column = String::from_utf8_lossy(before).chars().count();
        Place { line: self::offset(line + 1), column: self::offset(column + 1) }
    }

    /// Returns the text of a span, or nothing where the span does not fit.
    pub fn slice(&self, span: Span) -> &str {
        self.text.get(span.start as usize..span.end as usize).unwrap_or_default()
    }

    /// Returns how many lines the text has; a final newline does not begin one.
    pub fn lines(&self) -> usize {
        self.line_starts.len() - usize::from(self.text.ends_with('\n'))
    }
}

impl Span {
    /// Makes a span from byte offsets.
    pub fn new(file: FileId, start: usize, end: usize) -> Self {
        Span { file, start: offset(start), end: offset(end) }
    }

    /// Returns the part of this span from `start` to `end`, both relative to its beginning.
    #[must_use]
    pub fn part(self, start: usize, end: usize) -> Self {
        Span { start: self.start + offset(start), end: self.start + offset(end), ..self }
    }
}

impl<T> Spanned<T> {
    /// Joins a value with its place.
    pub fn new(value: T, span: Span) -> Self {
        Spanned { value, span }
    }
}

impl<T> std::ops::Deref for Spanned<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

/// Whether a person would not see a character, or it does something to the terminal. A line feed
/// and a tab are seen, a carriage return is not.
pub fn is_invisible(character: char) -> bool {
    matches!(
        character,
        '\u{0}'..='\u{8}'
            | '\u{b}'..='\u{1f}'
            | '\u{7f}'..='\u{9f}'
            | '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{3164}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

/// The most characters of a text for the terminal itself.
const MAX_CODE: usize = 2_000;

/// Removes what a person would not see: terminal codes, control and invisible characters. Returns
/// how many there were.
pub fn visible(text: &str) -> (String, usize) {
    let mut shown = String::with_capacity(text.len());
    let mut removed = 0;
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\u{1b}' | '\u{90}' | '\u{9b}' | '\u{9d}'..='\u{9f}' => {
                removed += 1;
                skip_code(character, &mut characters);
            }
            '\u{fe00}'..='\u{fe0f}' if !is_varied(shown.chars().next_back()) => removed += 1,
            '\r' if characters.peek() == Some(&'\n') => shown.push(character),
            _ if is_invisible(character) => removed += 1,
            _ => shown.push(character),
        }
    }
    (shown, removed)
}

/// Whether a selector of variants may follow: a sign, as in an emoji, and no letter or other
/// selector, behind which texts are hidden.
fn is_varied(before: Option<char>) -> bool {
    before.is_some_and(|before| match before {
        '\u{fe00}'..='\u{fe0f}' => false,
        '#' | '*' | '0'..='9' => true,
        other => other > '\u{a0}' && !other.is_alphanumeric(),
    })
}

/// Passes over the rest of a code for the terminal.
fn skip_code(first: char, rest: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    let kind = match first {
        '\u{9b}' => Some('['),
        '\u{1b}' => rest.next_if(|next| ('@'..='_').contains(next)),
        _ => Some(']'),
    };
    match kind {
        Some('[') => {
            while rest.next_if(|next| (' '..='?').contains(next)).is_some() {}
            rest.next_if(|next| ('@'..='~').contains(next));
        }
        // A text for the terminal itself, such as its title, which ends with a bell or a code.
        Some(']' | 'P' | 'X' | '^' | '_') => {
            let ahead = rest.clone().take(MAX_CODE);
            let end = ahead.clone().position(|next| matches!(next, '\u{7}' | '\u{1b}' | '\u{9c}'));
            let line = ahead.clone().position(|next| next == '\n');
            let Some(end) = end.filter(|end| line.is_none_or(|line| *end < line)) else { return };
            let escape = rest.nth(end) == Some('\u{1b}');
            rest.next_if(|next| escape && *next == '\\');
        }
        _ => {}
    }
}

/// A file of 4 GiB does not load, so offsets fit.
fn offset(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_counts_characters_not_bytes() {
        let source = Source::new("a.md", "één\ntwee\n");
        assert_eq!(source.place(5), Place { line: 1, column: 4 });
        assert_eq!(source.place(6), Place { line: 2, column: 1 });
        assert_eq!(source.lines(), 2);
    }

    #[test]
    fn an_offset_past_the_end_is_the_end() {
        assert_eq!(Source::new("a.md", "ab").place(99), Place { line: 1, column: 3 });
    }

    #[test]
    fn invisible_characters_are_removed_and_counted() {
        let (text, removed) = visible("a\u{1b}[31mb\u{200b}c\u{202e}\n");
        assert_eq!((text.as_str(), removed), ("abc\n", 3));
    }

    #[test]
    fn codes_for_the_terminal_go_whole_and_take_nothing_with_them() {
        let cases = [
            ("a\u{1b}[2J\u{1b}[1;1Hb", "ab", 2),
            ("a\u{9b}31mb", "ab", 1),
            ("a\u{1b}]0;title\u{7}b", "ab", 1),
            ("a\u{1b}]8;;https://a.de\u{1b}\\b", "ab", 1),
            ("a\u{1b}]0;no end\nb", "a0;no end\nb", 1),
            ("a\u{1b}", "a", 1),
            ("a\u{1b}[", "a", 1),
            ("a\u{1b}Pq\u{9c}b", "ab", 1),
        ];
        for (text, wanted, count) in cases {
            assert_eq!(visible(text), (wanted.to_owned(), count), "{text:?}");
        }
    }

    #[test]
    fn selectors_hide_nothing_and_emoji_keep_theirs() {
        assert_eq!(
            visible("\u{2764}\u{fe0f} 1\u{fe0f}"),
            ("\u{2764}\u{fe0f} 1\u{fe0f}".to_owned(), 0)
        );
        let hidden: String = ('\u{e0100}'..='\u{e01ef}').collect();
        assert_eq!(visible(&format!("a{hidden}b")), ("ab".to_owned(), 240));
        assert_eq!(visible("a\u{fe00}\u{fe01}b"), ("ab".to_owned(), 2));
        assert_eq!(visible("\u{2764}\u{fe0f}\u{fe01}"), ("\u{2764}\u{fe0f}".to_owned(), 1));
        for hidden in
            ['\u{ad}', '\u{61c}', '\u{180e}', '\u{3164}', '\u{2066}', '\u{85}', '\u{e0041}']
        {
            assert_eq!(visible(&format!("a{hidden}b")).1, 1, "{hidden:?}");
        }
    }
}
