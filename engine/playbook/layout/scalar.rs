//! Texts as they are written: plain, quoted, and after `|` or `>`.

use super::scan::{BLANK, Scanned, Scanner};
use super::written::{Literal, Scalar};

/// Returns the bytes of the quoted text at the beginning, its quotes included.
pub(super) fn quoted_length(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let quote = *bytes.first()?;
    let mut at = 1;
    loop {
        match *bytes.get(at)? {
            b'\\' if quote == b'"' => at += 2,
            b'\'' if quote == b'\'' && bytes.get(at + 1) == Some(&b'\'') => at += 2,
            byte if byte == quote => return Some(at + 1),
            _ => at += 1,
        }
    }
}

/// Returns what stands before a comment that ends the line, or the whole line.
pub(super) fn without_comment(line: &str) -> &str {
    let mut marks = line.match_indices('#').map(|(at, _)| at);
    let comment = marks.find(|at| line[..*at].ends_with(BLANK));
    &line[..comment.unwrap_or(line.len())]
}

impl Scanner<'_> {
    /// Reads a quoted text.
    pub(super) fn quoted(&mut self) -> Scanned<Scalar> {
        let text = &self.text[self.at..];
        let Some(length) = quoted_length(text) else { return Err(self.lost()) };
        let last = text[..length].matches('\n').count();
        let lines = text[..length].split('\n').enumerate().map(|(index, line)| {
            let line = if index == 0 { line } else { line.trim_start_matches(BLANK) };
            if index == last { line } else { without_end(line, text.starts_with('"')) }.to_owned()
        });
        let lines = lines.collect();
        self.at += length;
        Ok(Scalar { lines })
    }

    /// Reads a plain text of a block, on as many lines as are indented deeper than `column`.
    pub(super) fn plain(&mut self, column: usize) -> Scalar {
        let mut lines = Vec::new();
        let mut empty = 0;
        let mut from = self.at;
        loop {
            let end = self.text[from..].find('\n').map_or(self.text.len(), |end| from + end);
            let line = &self.text[from..end];
            let words = line.trim_start_matches(BLANK);
            let indent = line.len() - line.trim_start_matches(' ').len();
            if !lines.is_empty() && words.is_empty() {
                empty += 1;
            } else if !lines.is_empty() && (indent <= column || words.starts_with('#')) {
                break;
            } else {
                let text = without_comment(words);
                let is_last = text.len() < words.len();
                let text = text.trim_end_matches(BLANK);
                lines.extend(std::iter::repeat_n(String::new(), empty));
                lines.push(text.to_owned());
                empty = 0;
                self.at = end - words.len() + text.len();
                if is_last {
                    break;
                }
            }
            if end == self.text.len() {
                break;
            }
            from = end + 1;
        }
        Scalar { lines }
    }

    /// Reads a plain text inside brackets.
    pub(super) fn plain_in_flow(&mut self) -> Scanned<Scalar> {
        let mut lines = Vec::new();
        let mut empty = 0;
        let mut from = self.at;
        loop {
            let end = self.text[from..].find('\n').map_or(self.text.len(), |end| from + end);
            let line = &self.text[from..end];
            let words = line.trim_start_matches(BLANK);
            let begin = end - words.len();
            let length = self.plain_length(begin, end);
            let text = self.text[begin..begin + length].trim_end_matches(BLANK);
            if text.is_empty() && (lines.is_empty() || !words.is_empty()) {
                break;
            }
            if text.is_empty() {
                empty += 1;
            } else {
                lines.extend(std::iter::repeat_n(String::new(), empty));
                lines.push(text.to_owned());
                empty = 0;
                self.at = begin + text.len();
            }
            if length < words.len() || end == self.text.len() {
                break;
            }
            from = end + 1;
        }
        if lines.is_empty() { Err(self.lost()) } else { Ok(Scalar { lines }) }
    }

    /// Returns how many bytes of a line inside brackets are plain text.
    fn plain_length(&self, begin: usize, end: usize) -> usize {
        let indicator = |at: usize| {
            let next = self.text.as_bytes().get(at);
            self.blank_at(at) || matches!(next, Some(b',' | b'[' | b']' | b'{' | b'}'))
        };
        let found = self.text[begin..end].char_indices().find(|(at, character)| match character {
            ',' | '[' | ']' | '{' | '}' => true,
            ':' => indicator(begin + at + 1),
            '#' => begin + at == 0 || self.blank_at(begin + at - 1),
            _ => false,
        });
        found.map_or(end - begin, |(at, _)| at)
    }

    /// Reads what stands behind `|` or `>`, and these themselves.
    pub(super) fn literal_header(&mut self) -> String {
        let rest = &self.text[self.at..self.end_of_line()];
        let header = &rest[..rest.find(BLANK).unwrap_or(rest.len())];
        self.at += header.len();
        header.to_owned()
    }

    /// Reads the lines of a text after its header. It belongs to what stands in `column`.
    pub(super) fn literal(&mut self, header: String, column: usize) -> Literal {
        let mut literal = Literal { header, lines: Vec::new() };
        let spaces = |line: &str| line.len() - line.trim_start_matches(' ').len();
        let mut indent = literal.indent().map(|indent| column + indent);
        let mut end = self.at;
        let mut kept = 0;
        while self.at < self.text.len() {
            let line = &self.text[self.at..self.end_of_line()];
            let deep = spaces(line);
            if deep < line.len() && indent.is_none() && deep > column {
                indent = Some(deep);
            }
            let from = indent.unwrap_or(usize::MAX);
            if deep == line.len() && deep <= from {
                literal.lines.push(String::new());
            } else if deep >= from {
                literal.lines.push(line[from..].to_owned());
                kept = literal.lines.len();
            } else {
                break;
            }
            self.next_line();
            if kept == literal.lines.len() || literal.keeps() {
                end = self.at;
            }
        }
        if !literal.keeps() {
            literal.lines.truncate(kept);
        }
        self.at = end;
        literal
    }
}

/// Returns a line of a quoted text without the blanks at its end, which are no text unless a
/// backslash stands before the first of them.
fn without_end(line: &str, escapes: bool) -> &str {
    let text = line.trim_end_matches(BLANK);
    let backslashes = text.len() - text.trim_end_matches('\\').len();
    if escapes && backslashes % 2 == 1 && text.len() < line.len() {
        return &line[..=text.len()];
    }
    text
}
