//! Places as editors count them: lines, and within a line units of an encoding.

use std::ops::Range;

use lsp_types::{Position, PositionEncodingKind};

/// What a column counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Encoding {
    Utf8,
    #[default]
    Utf16,
}

/// A text, and where its lines begin.
pub(super) struct Lines<'a> {
    text: &'a str,
    starts: Vec<usize>,
    encoding: Encoding,
}

impl Encoding {
    /// Returns the word by which client and server agree on it.
    pub(super) fn word(self) -> PositionEncodingKind {
        match self {
            Encoding::Utf8 => PositionEncodingKind::UTF8,
            Encoding::Utf16 => PositionEncodingKind::UTF16,
        }
    }

    fn width(self, character: char) -> usize {
        match self {
            Encoding::Utf8 => character.len_utf8(),
            Encoding::Utf16 => character.len_utf16(),
        }
    }
}

impl<'a> Lines<'a> {
    pub(super) fn new(text: &'a str, encoding: Encoding) -> Self {
        let bytes = text.as_bytes();
        let mut starts = vec![0];
        for (index, byte) in bytes.iter().enumerate() {
            let lone = *byte == b'\r' && bytes.get(index + 1) != Some(&b'\n');
            if *byte == b'\n' || lone {
                starts.push(index + 1);
            }
        }
        Lines { text, starts, encoding }
    }

    /// Returns the place of a byte; one past the end is the end.
    pub(super) fn position(&self, at: usize) -> Position {
        let at = at.min(self.text.len());
        let line = self.starts.partition_point(|start| *start <= at).max(1) - 1;
        let mut column = 0;
        for (index, character) in self.text[self.starts[line]..].char_indices() {
            if self.starts[line] + index + character.len_utf8() > at {
                break;
            }
            column += self.encoding.width(character);
        }
        Position::new(number(line), number(column))
    }

    /// Returns the byte of a place. One past the end of its line is that end, and one inside of a
    /// character its beginning.
    pub(super) fn offset(&self, position: Position) -> usize {
        let line = position.line as usize;
        let Some(start) = self.starts.get(line).copied() else { return self.text.len() };
        let end = self.starts.get(line + 1).copied().unwrap_or(self.text.len());
        let content = self.text[start..end].trim_end_matches(['\n', '\r']);
        let mut column = 0;
        for (index, character) in content.char_indices() {
            column += self.encoding.width(character);
            if column > position.character as usize {
                return start + index;
            }
        }
        start + content.len()
    }

    pub(super) fn range(&self, bytes: Range<usize>) -> lsp_types::Range {
        lsp_types::Range::new(self.position(bytes.start), self.position(bytes.end))
    }

    pub(super) fn bytes(&self, range: lsp_types::Range) -> Range<usize> {
        let start = self.offset(range.start);
        start..self.offset(range.end).max(start)
    }
}

fn number(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "aé😀b\r\nc\rd\n";

    #[test]
    fn columns_count_units_of_the_encoding() {
        let utf16 = Lines::new(TEXT, Encoding::Utf16);
        let utf8 = Lines::new(TEXT, Encoding::Utf8);
        for (at, sixteen, eight) in [
            (0, (0, 0), (0, 0)),
            (1, (0, 1), (0, 1)),
            (3, (0, 2), (0, 3)),
            (7, (0, 4), (0, 7)),
            (8, (0, 5), (0, 8)),
            (10, (1, 0), (1, 0)),
            (12, (2, 0), (2, 0)),
            (14, (3, 0), (3, 0)),
        ] {
            let place = |(line, column)| Position::new(line, column);
            assert_eq!(utf16.position(at), place(sixteen), "{at}");
            assert_eq!(utf8.position(at), place(eight), "{at}");
            assert_eq!(utf16.offset(place(sixteen)), at);
            assert_eq!(utf8.offset(place(eight)), at);
        }
    }

    #[test]
    fn a_place_that_is_none_is_the_nearest_one() {
        let lines = Lines::new(TEXT, Encoding::Utf16);
        assert_eq!(lines.offset(Position::new(0, 3)), 3);
        assert_eq!(lines.offset(Position::new(0, 99)), 8);
        assert_eq!(lines.offset(Position::new(99, 0)), TEXT.len());
        assert_eq!(lines.position(5), Position::new(0, 2));
        assert_eq!(lines.position(99), Position::new(3, 0));
        assert_eq!(Lines::new("", Encoding::Utf8).offset(Position::new(0, 4)), 0);
    }
}
