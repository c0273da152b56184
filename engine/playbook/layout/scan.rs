//! From the text of a front matter to what is written there: blocks, and the comments around
//! their entries. It reads what the YAML parser has taken already.

use unicode_width::UnicodeWidthStr as _;

use super::scalar::{quoted_length, without_comment};
use super::written::{Below, Block, Comment, Content, Entry, Inline, Part, Remark};

/// What parts words on a line. Other spaces are text.
pub(super) const BLANK: [char; 2] = [' ', '\t'];

/// Why the scanner went no further, and at which byte.
#[derive(Debug)]
pub(super) struct Stop {
    pub(super) at: usize,
    pub(super) cause: Cause,
}

/// What stopped the scanner.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// A key is marked with `?`.
    Marked,
    /// It does not see what the parser saw.
    Lost,
}

pub(super) type Scanned<T> = Result<T, Stop>;

/// A line between two entries: a comment and its column, or an empty line.
type Gap = Option<(usize, String)>;

/// Reads a front matter whose lines end in `\n`.
pub(super) fn scan(yaml: &str) -> Scanned<Block> {
    let mut scanner = Scanner { text: yaml, at: 0, gap: Vec::new() };
    scanner.gap();
    let column = scanner.indent().unwrap_or_default();
    scanner.at += column;
    let mut block = scanner.block(column, true)?;
    scanner.tail(0, &mut block.parts);
    if scanner.at < yaml.len() { Err(scanner.lost()) } else { Ok(block) }
}

/// Where the scanner is.
pub(super) struct Scanner<'a> {
    pub(super) text: &'a str,
    pub(super) at: usize,
    /// The lines since the last value, until an entry or a block takes them.
    gap: Vec<Gap>,
}

impl Scanner<'_> {
    /// Reads a block whose entries stand in `column`. What `closes` has a column of its own, so
    /// that a comment below its last entry is seen to belong to it.
    fn block(&mut self, column: usize, closes: bool) -> Scanned<Block> {
        let is_list = self.at_item();
        let mut parts = Vec::new();
        loop {
            let above = self.above(&mut parts);
            let entry = self.entry(column, is_list, above)?;
            parts.push(Part::Entry(entry));
            match self.indent() {
                Some(next) if next > column => return Err(self.lost()),
                Some(next) if next == column && self.item_follows(column) == is_list => {
                    self.at += column;
                }
                _ => break,
            }
        }
        if closes {
            self.tail(column, &mut parts);
        }
        Ok(Block { parts })
    }

    fn entry(&mut self, column: usize, is_list: bool, above: Above) -> Scanned<Entry> {
        let begin = self.column();
        let key = if is_list {
            self.at += 1;
            None
        } else {
            Some(self.key()?)
        };
        self.skip_blanks();
        let offset = self.column() - begin;
        let mut entry = Entry {
            apart: above.apart,
            comments: above.comments,
            key,
            offset,
            content: Content::Nothing,
            beside: Vec::new(),
        };
        if self.at_line_end() || self.at_comment() {
            entry.beside = self.line_end()?;
            self.gap();
            entry.content = self.content_below(column, entry.key.is_some())?;
        } else if is_list && (self.at_item() || self.at_key()) {
            entry.content = Content::Block(self.block(self.column(), true)?);
        } else {
            let (value, beside) = self.value(column)?;
            entry.content = Content::Beside(value);
            entry.beside = beside;
        }
        Ok(entry)
    }

    /// Reads what stands on the lines below a key or a dash that has nothing beside it.
    fn content_below(&mut self, column: usize, has_key: bool) -> Scanned<Content> {
        let next = self.indent();
        let as_deep = has_key && next == Some(column) && self.item_follows(column);
        let Some(next) = next.filter(|next| *next > column || as_deep) else {
            let mut parts = Vec::new();
            self.tail(column + 1, &mut parts);
            let nothing = parts.is_empty();
            return Ok(if nothing { Content::Nothing } else { Content::Block(Block { parts }) });
        };
        self.at += next;
        if self.at_item() || self.at_key() {
            return Ok(Content::Block(self.block(next, next > column)?));
        }
        let comments = self.gap.drain(..).flatten().map(|(_, text)| text).collect();
        let (value, beside) = self.value(column)?;
        Ok(Content::Below(Below { comments, value, beside }))
    }

    /// Reads a value that is no block, to the end of its line and the gap below it. It belongs to
    /// what stands in `column`.
    fn value(&mut self, column: usize) -> Scanned<(Inline, Vec<Comment>)> {
        let read = match self.next() {
            Some('|' | '>') => {
                let header = self.literal_header();
                let beside = self.comment()?;
                let literal = self.literal(header, column);
                (Inline::Literal(literal), beside)
            }
            Some('{' | '[') => (Inline::Flow(self.flow()?), self.line_end()?),
            Some('"' | '\'') => (Inline::Scalar(self.quoted()?), self.line_end()?),
            _ => (Inline::Scalar(self.plain(column)), self.line_end()?),
        };
        self.gap();
        Ok(read)
    }

    fn key(&mut self) -> Scanned<String> {
        if self.next() == Some('?') && self.blank_at(self.at + 1) {
            return Err(self.stop(Cause::Marked));
        }
        let Some((end, colon)) = self.find_key() else { return Err(self.lost()) };
        let key = self.text[self.at..end].to_owned();
        self.at = colon + 1;
        Ok(key)
    }

    /// Finds the end of a key that stands here, and its colon.
    fn find_key(&self) -> Option<(usize, usize)> {
        let line = &self.text[self.at..self.end_of_line()];
        if line.starts_with(['"', '\'']) {
            let end = quoted_length(line)?;
            let colon = line.len() - line[end..].trim_start_matches(BLANK).len();
            let is_key = line[colon..].starts_with(':');
            return is_key.then_some((self.at + end, self.at + colon));
        }
        if line.starts_with(['{', '[', '|', '>', '#']) {
            return None;
        }
        let mut colons = without_comment(line).match_indices(':').map(|(at, _)| at);
        let colon = colons.find(|at| self.blank_at(self.at + at + 1))?;
        let key = line[..colon].trim_end_matches(BLANK);
        (!key.is_empty()).then_some((self.at + key.len(), self.at + colon))
    }

    /// Takes the gap for the entry that follows. Comments that an empty line parts from it become
    /// remarks.
    fn above(&mut self, parts: &mut Vec<Part>) -> Above {
        let gap = std::mem::take(&mut self.gap);
        let ends_apart = matches!(gap.last(), Some(None));
        let mut remarks = remarks(gap);
        let own = if ends_apart { None } else { remarks.pop() };
        // The empty line below a remark is the remark's, and one below the key above says nothing.
        let apart = !parts.is_empty() && remarks.is_empty();
        let apart = apart && own.as_ref().map_or(ends_apart, |own| own.apart);
        parts.extend(remarks.into_iter().map(Part::Remark));
        Above { apart, comments: own.map(|own| own.lines).unwrap_or_default() }
    }

    /// Takes the comments of the gap that belong to a block that ends here: those that stand as
    /// deep as its entries, up to the first that does not.
    fn tail(&mut self, column: usize, parts: &mut Vec<Part>) {
        let mut end = 0;
        for (index, line) in self.gap.iter().enumerate() {
            match line {
                Some((at, _)) if *at >= column => end = index + 1,
                Some(_) => break,
                None => {}
            }
        }
        let taken = self.gap.drain(..end).collect();
        parts.extend(remarks(taken).into_iter().map(Part::Remark));
    }

    /// Reads empty lines and comment lines, from the beginning of a line on.
    fn gap(&mut self) {
        while self.at < self.text.len() {
            let line = &self.text[self.at..self.end_of_line()];
            let words = line.trim_start_matches(BLANK);
            if words.is_empty() {
                self.gap.push(None);
            } else if words.starts_with('#') {
                let column = line.len() - words.len();
                self.gap.push(Some((column, words.trim_end_matches(BLANK).to_owned())));
            } else {
                break;
            }
            self.next_line();
        }
    }

    /// Reads the rest of a line: nothing, or a comment with the lines that go on below it.
    fn line_end(&mut self) -> Scanned<Vec<Comment>> {
        let mut comments = self.comment()?;
        self.go_on(&mut comments);
        Ok(comments)
    }

    /// Reads the rest of one line: nothing, or a comment.
    fn comment(&mut self) -> Scanned<Vec<Comment>> {
        self.skip_blanks();
        let mut comments = Vec::new();
        if self.at_comment() {
            comments.push(self.comment_here());
        }
        if !self.at_line_end() {
            return Err(self.lost());
        }
        self.next_line();
        Ok(comments)
    }

    /// Reads the comment that stands here, to the end of its line.
    pub(super) fn comment_here(&mut self) -> Comment {
        let (column, end) = (self.column(), self.end_of_line());
        let text = self.text[self.at..end].trim_end_matches(BLANK).to_owned();
        self.at = end;
        Comment { text, column }
    }

    /// Reads the comment lines that begin in the column of a comment right above them. Expects to
    /// be at the beginning of a line.
    pub(super) fn go_on(&mut self, comments: &mut Vec<Comment>) {
        let Some(column) = comments.last().map(|comment| comment.column) else { return };
        loop {
            let line = &self.text[self.at..self.end_of_line()];
            let words = line.trim_start_matches(BLANK);
            if !words.starts_with('#') || line.len() - words.len() != column {
                return;
            }
            comments.push(Comment { text: words.trim_end_matches(BLANK).to_owned(), column });
            self.next_line();
        }
    }

    /// Returns the indentation of the line that begins here, unless the text ends here.
    fn indent(&self) -> Option<usize> {
        let line = &self.text[self.at..];
        (!line.is_empty()).then(|| line.len() - line.trim_start_matches(' ').len())
    }

    fn item_follows(&self, column: usize) -> bool {
        self.item_at(self.at + column)
    }

    fn at_item(&self) -> bool {
        self.item_at(self.at)
    }

    fn item_at(&self, at: usize) -> bool {
        self.text[at..].starts_with('-') && self.blank_at(at + 1)
    }

    fn at_key(&self) -> bool {
        let marked = self.next() == Some('?') && self.blank_at(self.at + 1);
        marked || self.find_key().is_some()
    }

    /// Whether a space, a line end or the end stands at a byte.
    pub(super) fn blank_at(&self, at: usize) -> bool {
        matches!(self.text.as_bytes().get(at), None | Some(b' ' | b'\t' | b'\n'))
    }

    /// Whether a comment stands here: `#` after a space, or at the beginning of a line.
    pub(super) fn at_comment(&self) -> bool {
        let alone = self.at == 0 || self.blank_at(self.at - 1);
        alone && self.next() == Some('#')
    }

    pub(super) fn next(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    pub(super) fn skip_blanks(&mut self) {
        let rest = &self.text[self.at..];
        self.at += rest.len() - rest.trim_start_matches(BLANK).len();
    }

    pub(super) fn at_line_end(&self) -> bool {
        matches!(self.next(), None | Some('\n'))
    }

    pub(super) fn end_of_line(&self) -> usize {
        self.text[self.at..].find('\n').map_or(self.text.len(), |length| self.at + length)
    }

    pub(super) fn next_line(&mut self) {
        self.at = (self.end_of_line() + 1).min(self.text.len());
    }

    /// Returns the column of what stands here, as people see it.
    pub(super) fn column(&self) -> usize {
        let begin = self.text[..self.at].rfind('\n').map_or(0, |end| end + 1);
        self.text[begin..self.at].width()
    }

    pub(super) fn stop(&self, cause: Cause) -> Stop {
        Stop { at: self.at, cause }
    }

    pub(super) fn lost(&self) -> Stop {
        self.stop(Cause::Lost)
    }
}

/// What was found above an entry.
struct Above {
    apart: bool,
    comments: Vec<String>,
}

/// Groups comment lines by the empty lines between them.
fn remarks(gap: Vec<Gap>) -> Vec<Remark> {
    let mut remarks: Vec<Remark> = Vec::new();
    let (mut apart, mut open) = (false, false);
    for line in gap {
        match (line, remarks.last_mut()) {
            (None, _) => (apart, open) = (true, false),
            (Some((_, text)), Some(remark)) if open => remark.lines.push(text),
            (Some((_, text)), _) => {
                remarks.push(Remark { apart, lines: vec![text] });
                (apart, open) = (false, true);
            }
        }
    }
    remarks
}
