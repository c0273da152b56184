//! Lists and maps between brackets, which may go on over lines and be closed or not.

use std::ops::Range;

use super::{Role, Scanner, Trail};

/// How deep brackets are followed. What is deeper is no front matter.
const DEEPEST: usize = 32;

impl Scanner<'_> {
    /// Reads from a bracket to the one that closes it. Returns what follows.
    pub(super) fn flow(
        &mut self,
        trail: &Trail,
        open: usize,
        column: usize,
        depth: usize,
    ) -> usize {
        let is_map = self.byte(open) == Some(b'{');
        let mut at = open + 1;
        let mut index = 0;
        if depth > DEEPEST {
            return self.line_end(open);
        }
        loop {
            let room = at;
            let (found, closed) = self.flow_skip(at, column);
            at = found;
            let stop = if closed { None } else { self.byte(at).filter(|_| at < self.end) };
            match stop {
                Some(b',') => {
                    self.flow_gap(trail, is_map, index, room..at);
                    index += 1;
                    at += 1;
                }
                Some(b']' | b'}') => {
                    self.flow_gap(trail, is_map, index, room..at);
                    return at + 1;
                }
                None => {
                    self.flow_gap(trail, is_map, index, room..at);
                    return at;
                }
                Some(_) => {
                    at = if is_map {
                        self.flow_entry(trail, room, at, column, depth)
                    } else {
                        self.flow_value(trail.item(index), room, at, column, depth)
                    };
                    let (next, closed) = self.flow_skip(at, column);
                    match self.byte(next).filter(|_| !closed && next < self.end) {
                        Some(b',') => {
                            index += 1;
                            at = next + 1;
                        }
                        Some(b']' | b'}') => return next + 1,
                        None => return at,
                        // Two values without a comma between them: the second is one of its own.
                        Some(_) => at = next.max(at),
                    }
                }
            }
        }
    }

    /// Reads `key: value` between braces, or what of it is there.
    fn flow_entry(
        &mut self,
        trail: &Trail,
        room: usize,
        at: usize,
        column: usize,
        depth: usize,
    ) -> usize {
        let key_end = match self.byte(at) {
            Some(quote @ (b'"' | b'\'')) => self.quoted(at, quote, column),
            _ => self.flow_plain(at, true),
        };
        let key_end = key_end.max(self.character_end(at));
        let line = self.line_end(key_end);
        let colon = self.skip(key_end, line);
        let has_value = self.byte(colon) == Some(b':') && colon < line;
        self.flow_push(trail.clone(), Role::Key, at..key_end, room..colon);
        if !has_value {
            return key_end;
        }
        let piece = self.pieces.len() - 1;
        let inner = trail.key(&self.pieces[piece].word);
        let (start, closed) = self.flow_skip(colon + 1, column);
        let missing =
            closed || start >= self.end || matches!(self.byte(start), Some(b',' | b']' | b'}'));
        let done = if missing {
            let room_end = start.min(line.max(colon + 1));
            let end = if start > line { room_end } else { start };
            self.flow_push(inner, Role::Value, end..end, colon + 1..end);
            end
        } else {
            self.flow_value(inner, colon + 1, start, column, depth)
        };
        self.pieces[piece].entry.end = done;
        done
    }

    fn flow_value(
        &mut self,
        trail: Trail,
        room: usize,
        at: usize,
        column: usize,
        depth: usize,
    ) -> usize {
        let end = match self.byte(at) {
            Some(b'[' | b'{') => return self.flow(&trail, at, column, depth + 1),
            Some(quote @ (b'"' | b'\'')) => self.quoted(at, quote, column),
            _ => self.flow_plain(at, false),
        };
        let end = end.max(self.character_end(at));
        let line = self.line_end(end);
        let room_end = self.skip(end, line);
        let written = at + self.text[at..end].trim_end().len();
        self.flow_push(trail, Role::Value, at..written, room..room_end.max(end));
        end
    }

    /// Nothing stands where a key or a value could.
    fn flow_gap(&mut self, trail: &Trail, is_map: bool, index: usize, room: Range<usize>) {
        if is_map {
            self.flow_push(trail.clone(), Role::Key, room.end..room.end, room);
        } else {
            self.flow_push(trail.item(index), Role::Value, room.end..room.end, room);
        }
    }

    fn flow_push(&mut self, trail: Trail, role: Role, span: Range<usize>, room: Range<usize>) {
        self.push(trail, role, span, room);
        if let Some(piece) = self.pieces.last_mut() {
            piece.in_flow = true;
        }
    }

    /// Skips what is empty, comments and line ends included. Says whether the value has to end
    /// here, because the next line belongs to something else.
    fn flow_skip(&self, at: usize, column: usize) -> (usize, bool) {
        let mut at = at;
        loop {
            let line = self.line_end(at);
            let content = self.skip(at, line);
            let comment = self.byte(content) == Some(b'#') && content < line;
            if content < line && !comment {
                return (content, false);
            }
            let next = self.next_line(content);
            if next >= self.end || !self.goes_on(next, column) {
                return (content, true);
            }
            at = next;
        }
    }

    /// Returns where a plain text between brackets ends; a `${{ }}` in it is never split.
    fn flow_plain(&self, start: usize, is_key: bool) -> usize {
        let line = self.line_end(start);
        let bytes = self.text.as_bytes();
        let mut at = start;
        while at < line {
            if self.text[at..line].starts_with("${{") {
                at += self.text[at..line].find("}}").map_or(line - at, |length| length + 2);
                continue;
            }
            match bytes[at] {
                b',' | b']' | b'}' | b'[' | b'{' => break,
                b'#' if at > start && bytes[at - 1] == b' ' => break,
                b':' if is_key && self.ends_flow_key(at, line) => break,
                _ => at = self.character_end(at),
            }
        }
        start + self.text[start..at].trim_end().len()
    }

    fn ends_flow_key(&self, colon: usize, line: usize) -> bool {
        self.ends_key(colon, line)
            || matches!(self.byte(colon + 1), Some(b',' | b']' | b'}' | b'[' | b'{'))
    }

    /// Returns the byte behind the character at `at`, so that reading always goes on.
    fn character_end(&self, at: usize) -> usize {
        let length = self.text[at..].chars().next().map_or(0, char::len_utf8);
        (at + length).min(self.end)
    }
}
