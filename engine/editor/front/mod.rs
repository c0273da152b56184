//! A front matter taken apart by its lines and their indentation, so that it can be read while
//! somebody types it. It never fails; what YAML makes of it is the business of `playbook`.

mod flow;
mod trail;

use std::ops::Range;

pub(super) use trail::{Step, Trail};

/// A key or a value, as it stands in the front matter.
#[derive(Debug, Clone)]
pub(super) struct Piece {
    /// For a key, the map in which it stands; for a value, what it is the value of.
    pub(super) trail: Trail,
    pub(super) role: Role,
    /// The text without its quotes.
    pub(super) word: String,
    /// The bytes of it, quotes included. Nothing where the value is missing.
    pub(super) span: Range<usize>,
    /// The bytes of it, quotes left out.
    pub(super) inner: Range<usize>,
    /// Where a cursor means it: its bytes and the empty ones around them.
    pub(super) room: Range<usize>,
    /// From a key to the end of its value; of a value, its bytes.
    pub(super) entry: Range<usize>,
    /// It begins a line, or follows a dash, so that a map can begin with it.
    pub(super) opens: bool,
    /// It stands between brackets.
    pub(super) in_flow: bool,
}

/// What a piece is to its owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Key,
    Value,
}

/// Takes a front matter apart. A cursor in an empty line is a value that is missing.
pub(super) fn scan(text: &str, range: Range<usize>, cursor: Option<usize>) -> Vec<Piece> {
    let end = range.end.min(text.len());
    let mut scanner =
        Scanner { text, end, cursor, pieces: Vec::new(), owners: Vec::new(), last: range.start };
    let mut at = range.start;
    while at < end {
        at = scanner.line(at);
    }
    // A front matter that is still open may end in a line without anything.
    if cursor == Some(end) && text[..end].ends_with('\n') {
        scanner.blank(end, end);
    }
    scanner.leave(0, false);
    scanner.pieces
}

/// What lines below belong to, if they are indented deeper.
struct Owner {
    column: usize,
    trail: Trail,
    /// It is a dash, not a key.
    dash: bool,
    /// How many items it has.
    items: usize,
    /// The piece of its key.
    key: Option<usize>,
}

struct Scanner<'a> {
    text: &'a str,
    end: usize,
    cursor: Option<usize>,
    pieces: Vec<Piece>,
    owners: Vec<Owner>,
    /// Where the last line with anything in it ends.
    last: usize,
}

impl Scanner<'_> {
    /// Reads a line and whatever goes on below it. Returns where the next one begins.
    fn line(&mut self, at: usize) -> usize {
        let end = self.line_end(at);
        let content = self.skip(at, end);
        let mut done = end;
        if content == end {
            if let Some(cursor) = self.cursor.filter(|cursor| (at..=end).contains(cursor)) {
                self.blank(at, cursor);
            }
        } else if self.byte(content) != Some(b'#') {
            done = self.content(content, content - at, end).max(content);
            self.last = done;
        }
        self.text[done..self.end].find('\n').map_or(self.end, |length| done + length + 1)
    }

    /// A cursor in a line without anything: something is about to be typed there.
    fn blank(&mut self, start: usize, cursor: usize) {
        self.leave(cursor - start, false);
        let trail = self.trail();
        self.push(trail, Role::Value, cursor..cursor, cursor..cursor);
        self.opens();
    }

    fn content(&mut self, content: usize, column: usize, end: usize) -> usize {
        let (mut at, mut column) = (content, column);
        while let Some(after) = self.dash(at, end) {
            self.leave(column, true);
            let trail = self.next_item();
            self.owners.push(Owner {
                column,
                trail: trail.clone(),
                dash: true,
                items: 0,
                key: None,
            });
            if after == end || self.byte(after) == Some(b'#') {
                self.push(trail, Role::Value, after..after, at + 1..after);
                self.opens();
                return end;
            }
            column += after - at;
            at = after;
        }
        self.leave(column, false);
        let trail = self.trail();
        let Some((key, colon)) = self.key(at, end) else {
            let owner = self.owners.last().map_or(0, |owner| owner.column);
            let done = self.value(trail, at, at, end, owner);
            self.opens();
            return done;
        };
        self.push(trail.clone(), Role::Key, key, at..colon);
        self.opens();
        let piece = self.pieces.len() - 1;
        let trail = trail.key(&self.pieces[piece].word);
        self.owners.push(Owner {
            column,
            trail: trail.clone(),
            dash: false,
            items: 0,
            key: Some(piece),
        });
        self.value(trail, colon + 1, colon + 1, end, column)
    }

    /// Reads a value that stands between `at` and the end of its line, or goes on below it.
    fn value(&mut self, trail: Trail, room: usize, at: usize, end: usize, column: usize) -> usize {
        let start = self.skip(at, end);
        match self.byte(start).filter(|_| start < end) {
            None | Some(b'#') => {
                self.push(trail, Role::Value, start..start, room..start);
                end
            }
            Some(b'|' | b'>') => {
                let done = self.block(end, column);
                self.push(trail, Role::Value, start..done, room..done);
                done
            }
            Some(b'[' | b'{') => self.flow(&trail, start, column, 0),
            Some(quote @ (b'"' | b'\'')) => {
                let done = self.quoted(start, quote, column);
                self.push(trail, Role::Value, start..done, room..done);
                done
            }
            Some(_) => {
                let done = self.plain(start, end);
                let room_end = self.comment(start, end);
                self.push(trail, Role::Value, start..done, room..room_end);
                end
            }
        }
    }

    /// Returns what follows a dash, if one stands here.
    fn dash(&self, at: usize, end: usize) -> Option<usize> {
        if self.byte(at) != Some(b'-') || at >= end {
            return None;
        }
        let after = self.skip(at + 1, end);
        (after > at + 1 || after == end).then_some(after)
    }

    /// Returns the bytes of a key and the place of its colon, if a key stands here.
    fn key(&self, at: usize, end: usize) -> Option<(Range<usize>, usize)> {
        let line = &self.text[at..end];
        let (key, colon) = match self.byte(at)? {
            b'[' | b'{' | b'#' | b'|' | b'>' => return None,
            quote @ (b'"' | b'\'') => {
                let close = line[1..].find(char::from(quote))? + 2;
                (at..at + close, self.skip(at + close, end))
            }
            _ => {
                let colon = line.match_indices(':').map(|(colon, _)| at + colon);
                let colon = colon.into_iter().find(|colon| self.ends_key(*colon, end))?;
                let key = self.text[at..colon].trim_end();
                if key.contains([' ', '\t']) {
                    return None;
                }
                (at..at + key.len(), colon)
            }
        };
        (self.byte(colon) == Some(b':') && self.ends_key(colon, end)).then_some((key, colon))
    }

    /// Whether a colon ends a key: something empty follows it.
    fn ends_key(&self, colon: usize, end: usize) -> bool {
        colon + 1 >= end || matches!(self.byte(colon + 1), Some(b' ' | b'\t'))
    }

    /// Returns where a plain text ends.
    fn plain(&self, start: usize, end: usize) -> usize {
        start + self.text[start..self.comment(start, end)].trim_end().len()
    }

    /// Returns where a comment begins, or the end of the line.
    fn comment(&self, start: usize, end: usize) -> usize {
        self.text[start..end].find(" #").map_or(end, |length| start + length)
    }

    /// Returns where a quoted text ends. Without a closing quote in lines that can belong to it,
    /// it ends with its line.
    fn quoted(&self, start: usize, quote: u8, column: usize) -> usize {
        let bytes = self.text.as_bytes();
        let mut at = start + 1;
        while at < self.end {
            match bytes[at] {
                b'\\' if quote == b'"' => at += 1,
                b'\'' if quote == b'\'' && bytes.get(at + 1) == Some(&b'\'') => at += 1,
                b'\n' if !self.goes_on(at + 1, column) => break,
                byte if byte == quote => return at + 1,
                _ => {}
            }
            at += 1;
        }
        self.line_end(start)
    }

    /// Returns where a block of text ends whose header stands in the line that ends at `end`.
    fn block(&self, end: usize, column: usize) -> usize {
        let mut done = end;
        let mut at = self.next_line(end);
        while at < self.end {
            let line = self.line_end(at);
            let content = self.skip(at, line);
            if content < line && content - at <= column {
                break;
            }
            if content < line {
                done = line;
            }
            at = self.next_line(line);
        }
        done
    }

    /// Whether the line at `at`, or the first below it that is not empty, can belong to a value
    /// whose key stands in `column`.
    fn goes_on(&self, at: usize, column: usize) -> bool {
        let mut at = at;
        while at < self.end {
            let end = self.line_end(at);
            let content = self.skip(at, end);
            if content < end {
                let closes = matches!(self.byte(content), Some(b']' | b'}'));
                return content - at > column || closes;
            }
            at = self.next_line(end);
        }
        false
    }

    /// Leaves the owners to which nothing in this column belongs. A dash may stand in the column
    /// of its key.
    fn leave(&mut self, column: usize, dash: bool) {
        while let Some(owner) = self.owners.last() {
            let stays = owner.column < column || (dash && owner.column == column && !owner.dash);
            if stays {
                return;
            }
            if let Some(key) = owner.key {
                self.pieces[key].entry.end = self.last.max(self.pieces[key].entry.end);
            }
            self.owners.pop();
        }
    }

    fn trail(&self) -> Trail {
        self.owners.last().map(|owner| owner.trail.clone()).unwrap_or_default()
    }

    fn next_item(&mut self) -> Trail {
        let Some(owner) = self.owners.last_mut() else { return Trail::default().item(0) };
        owner.items += 1;
        owner.trail.item(owner.items - 1)
    }

    fn push(&mut self, trail: Trail, role: Role, span: Range<usize>, room: Range<usize>) {
        let written = &self.text[span.clone()];
        let quote = written.chars().next().filter(|first| matches!(first, '"' | '\''));
        let mut inner = span.clone();
        if let Some(quote) = quote {
            inner.start += 1;
            if written.len() > 1 && written.ends_with(quote) {
                inner.end -= 1;
            }
        }
        self.pieces.push(Piece {
            trail,
            role,
            word: self.text[inner.clone()].to_owned(),
            entry: span.clone(),
            span,
            inner,
            room,
            opens: false,
            in_flow: false,
        });
    }

    /// Says of the last piece that a map can begin with it.
    fn opens(&mut self) {
        if let Some(piece) = self.pieces.last_mut().filter(|piece| !piece.in_flow) {
            piece.opens = true;
        }
    }

    fn byte(&self, at: usize) -> Option<u8> {
        self.text.as_bytes().get(at).copied()
    }

    /// Returns the first byte from `at` on that is not empty, or `end`.
    fn skip(&self, at: usize, end: usize) -> usize {
        let rest = self.text.get(at..end).unwrap_or_default();
        end.min(at + rest.len() - rest.trim_start_matches([' ', '\t']).len())
    }

    /// Returns the end of the line in which a byte stands, its line end left out.
    fn line_end(&self, at: usize) -> usize {
        let line = self.text[at..self.end].split('\n').next().unwrap_or_default();
        at + line.strip_suffix('\r').unwrap_or(line).len()
    }

    fn next_line(&self, at: usize) -> usize {
        self.text[at..self.end].find('\n').map_or(self.end, |length| at + length + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(yaml: &str) -> Vec<String> {
        let pieces = scan(yaml, 0..yaml.len(), None);
        pieces.iter().map(shown).collect()
    }

    fn shown(piece: &Piece) -> String {
        match piece.role {
            Role::Key => format!("{}/{}:", piece.trail, piece.word),
            Role::Value => format!("{} = {}", piece.trail, piece.word),
        }
    }

    /// What a cursor at `|` means.
    fn at(yaml: &str) -> String {
        let cursor = yaml.find('|').unwrap();
        let yaml = yaml.replacen('|', "", 1);
        let pieces = scan(&yaml, 0..yaml.len(), Some(cursor));
        let found = pieces
            .iter()
            .filter(|piece| piece.room.start <= cursor && cursor <= piece.room.end)
            .min_by_key(|piece| piece.room.len());
        found.map(shown).unwrap_or_default()
    }

    #[test]
    fn keys_and_values_know_what_they_belong_to() {
        let yaml = "a: 1 # one\nb:\n  c: [x, 'y z', {d: e}]\n  f:\n  - g: h\n    i: |\n      j: k\n\n  - l\nm: \"n\"\n";
        assert_eq!(
            pieces(yaml),
            [
                "/a:",
                "a = 1",
                "/b:",
                "b = ",
                "b/c:",
                "b/c/0 = x",
                "b/c/1 = y z",
                "b/c/2/d:",
                "b/c/2/d = e",
                "b/f:",
                "b/f = ",
                "b/f/0/g:",
                "b/f/0/g = h",
                "b/f/0/i:",
                "b/f/0/i = |\n      j: k",
                "b/f/1 = l",
                "/m:",
                "m = n"
            ]
        );
    }

    #[test]
    fn an_entry_goes_from_its_key_to_the_end_of_its_value() {
        let yaml = "a:\n  b: {c: 1}\n\n  # d\nd: [\n  1,\n  ]\n";
        let pieces = scan(yaml, 0..yaml.len(), None);
        let entry = |word: &str| {
            let piece = pieces.iter().find(|it| it.role == Role::Key && it.word == word).unwrap();
            &yaml[piece.entry.clone()]
        };
        assert_eq!(entry("a"), "a:\n  b: {c: 1}");
        assert_eq!(entry("b"), "b: {c: 1}");
        assert_eq!(entry("c"), "c: 1");
        assert_eq!(entry("d"), "d: [\n  1,\n  ]");
    }

    #[test]
    fn what_is_never_closed_ends_where_it_must() {
        let yaml = "a:\n  b: [c, d\n  e: \"f\n  g: {h: \"i}\nj: 1\n";
        let shown = pieces(yaml);
        for piece in ["a/b/1 = d", "a/e = f", "a/g/h = i}", "j = 1"] {
            assert!(shown.contains(&piece.to_owned()), "{piece}: {shown:?}");
        }
    }

    #[test]
    fn a_cursor_means_what_could_be_typed_there() {
        for (yaml, meant) in [
            ("a:\n  b: 1\n  |\n", "a = "),
            ("a:\n  b: 1\n|\n", " = "),
            ("a:\n  b:|\n", "a/b = "),
            ("a:\n  b: |  # c\n", "a/b = "),
            ("a:\n  b: x|y\n", "a/b = xy"),
            ("a:\n  b|\n  c: 1\n", "a = b"),
            ("a:\n  b|b: 1\n", "a/bb:"),
            ("a:\n  - |\n", "a/0 = "),
            ("a:\n  - b\n  - c|\n", "a/1 = c"),
            ("a: [|]\n", "a/0 = "),
            ("a: [b, |]\n", "a/1 = "),
            ("a: [b,|\nc: 1\n", "a/1 = "),
            ("a: {|}\n", "a/:"),
            ("a: {b: |}\n", "a/b = "),
            ("a: {b: 1, |}\n", "a/:"),
            ("a: {b: 1, c|}\n", "a/c:"),
            ("a: {b: 1, c|\nd: 1\n", "a/c:"),
            ("a: [{b: 'x|'}]\n", "a/0/b = x"),
            ("a: [{b: [1, |", "a/0/b/1 = "),
            ("a:\n|", " = "),
        ] {
            assert_eq!(at(yaml), meant, "{yaml}");
        }
    }

    #[test]
    fn windows_line_ends_belong_to_nothing() {
        assert_eq!(pieces("a: b\r\nc:\r\n  - d\r\n"), ["/a:", "a = b", "/c:", "c = ", "c/0 = d"]);
    }
}
