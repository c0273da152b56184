//! Maps in `{}` and lists in `[]` as they are written.

use super::scan::{Cause, Scanned, Scanner};
use super::written::{Break, Comment, Flow, Inline, Item, Scalar};

/// What stands between two things inside brackets.
struct Space {
    /// The comment behind the first, and the lines that go on below it.
    beside: Vec<Comment>,
    before: Break,
    /// The comment lines above the second.
    comments: Vec<String>,
}

impl Scanner<'_> {
    /// Reads a map in `{}` or a list in `[]`.
    pub(super) fn flow(&mut self) -> Scanned<Flow> {
        let open = self.next().unwrap_or('{');
        let close = if open == '{' { '}' } else { ']' };
        self.at += 1;
        let mut flow = Flow {
            open,
            beside: Vec::new(),
            items: Vec::new(),
            comma: false,
            comments: Vec::new(),
            closing: Break::None,
        };
        loop {
            let space = self.space();
            let before = flow.items.last_mut().map_or(&mut flow.beside, |item| &mut item.beside);
            before.extend(space.beside);
            if self.next() == Some(close) {
                flow.comments = space.comments;
                flow.closing = space.before;
                break;
            }
            let mut item = self.item(open)?;
            item.before = space.before;
            item.comments = space.comments;
            let behind = self.at;
            let space = self.space();
            flow.comma = self.next() == Some(',');
            if flow.comma {
                item.beside.extend(comments(space));
                self.at += 1;
            } else if self.next() == Some(close) {
                self.at = behind;
            } else {
                return Err(self.lost());
            }
            flow.items.push(item);
        }
        self.at += 1;
        Ok(flow)
    }

    fn item(&mut self, open: char) -> Scanned<Item> {
        let mut item = Item {
            before: Break::None,
            comments: Vec::new(),
            key: None,
            value: None,
            beside: Vec::new(),
        };
        if self.next() == Some('?') && self.blank_at(self.at + 1) {
            return Err(self.stop(Cause::Marked));
        }
        let first = self.part()?;
        let behind = self.at;
        let space = self.space();
        if self.next() != Some(':') {
            self.at = behind;
            item.value = Some(first);
            return Ok(item);
        }
        let Inline::Scalar(key) = first else { return Err(self.lost()) };
        item.key = Some(key);
        item.beside.extend(comments(space));
        self.at += 1;
        let behind = self.at;
        let space = self.space();
        let close = if open == '{' { '}' } else { ']' };
        if self.next().is_some_and(|next| next == ',' || next == close) {
            self.at = behind;
            return Ok(item);
        }
        item.beside.extend(comments(space));
        item.value = Some(self.part()?);
        Ok(item)
    }

    fn part(&mut self) -> Scanned<Inline> {
        match self.next() {
            Some('{' | '[') => self.flow().map(Inline::Flow),
            Some('"' | '\'') => self.quoted().map(Inline::Scalar),
            _ => self.plain_in_flow().map(Inline::Scalar),
        }
    }

    fn space(&mut self) -> Space {
        let mut space = Space { beside: Vec::new(), before: Break::None, comments: Vec::new() };
        loop {
            self.skip_blanks();
            if self.at_comment() && space.before == Break::None {
                space.beside.push(self.comment_here());
                if self.next().is_some() {
                    self.at += 1;
                    space.before = Break::Line;
                    self.go_on(&mut space.beside);
                }
            } else if self.at_comment() {
                space.comments.push(self.comment_here().text);
                if self.next().is_some() {
                    self.at += 1;
                }
            } else if self.next() == Some('\n') {
                self.at += 1;
                if space.comments.is_empty() {
                    let first = space.before == Break::None;
                    space.before = if first { Break::Line } else { Break::EmptyLine };
                }
            } else {
                return space;
            }
        }
    }
}

/// Takes every comment: those that stand within an item go behind it.
fn comments(space: Space) -> impl Iterator<Item = Comment> {
    let column = space.beside.first().map_or(0, |comment| comment.column);
    let lines = space.comments.into_iter().map(move |text| Comment { text, column });
    space.beside.into_iter().chain(lines)
}

impl Item {
    /// Returns what its key says; a key without a colon stands as a value.
    pub(super) fn name(&self) -> &str {
        let alone = match &self.value {
            Some(Inline::Scalar(scalar)) => Some(scalar),
            _ => None,
        };
        self.key.as_ref().or(alone).map_or("", Scalar::name)
    }
}
