//! From bytes to server-sent events, however the bytes are cut.

use std::collections::VecDeque;

/// One event.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Event {
    /// Its name; empty where the stream gave none.
    pub(crate) name: String,
    /// Its data: the `data` lines, joined by line feeds.
    pub(crate) data: String,
}

/// Why a stream cannot be read on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Damage {
    /// An event has no end in sight.
    #[error("an event in the stream is longer than {MOST_BYTES} bytes")]
    TooLong,
    /// A line is not text.
    #[error("a line of the stream is not UTF-8")]
    NotText,
}

/// The most bytes of one event: far above what a service sends, far below what hurts.
const MOST_BYTES: usize = 8 * 1024 * 1024;

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// Reads a stream piece by piece.
///
/// **Invariant:** an event is handed out only after the blank line that ends it, so that the
/// pieces into which the bytes were cut never show.
#[derive(Debug, Default)]
pub(crate) struct Parser {
    line: Vec<u8>,
    event: Event,
    has_data: bool,
    begun: bool,
    after_return: bool,
    ready: VecDeque<Event>,
}

impl Parser {
    /// Takes the next bytes.
    pub(crate) fn push(&mut self, mut bytes: &[u8]) -> Result<(), Damage> {
        while let Some(at) = bytes.iter().position(|byte| matches!(byte, b'\n' | b'\r')) {
            let (head, tail) = bytes.split_at(at);
            let end = tail[0];
            bytes = &tail[1..];
            let pair = self.after_return && end == b'\n' && head.is_empty();
            self.after_return = end == b'\r';
            if !pair {
                self.grow(head)?;
                self.end_line()?;
            }
        }
        self.after_return &= bytes.is_empty();
        self.grow(bytes)
    }

    /// Returns the next whole event.
    pub(crate) fn next(&mut self) -> Option<Event> {
        self.ready.pop_front()
    }

    fn grow(&mut self, bytes: &[u8]) -> Result<(), Damage> {
        if self.line.len() + self.event.data.len() + bytes.len() > MOST_BYTES {
            return Err(Damage::TooLong);
        }
        self.line.extend_from_slice(bytes);
        Ok(())
    }

    fn end_line(&mut self) -> Result<(), Damage> {
        let bytes = std::mem::take(&mut self.line);
        let mark = !std::mem::replace(&mut self.begun, true);
        let bytes = bytes.strip_prefix(BYTE_ORDER_MARK).filter(|_| mark).unwrap_or(&bytes);
        let line = std::str::from_utf8(bytes).map_err(|_| Damage::NotText)?;
        if line.is_empty() {
            let event = std::mem::take(&mut self.event);
            if std::mem::take(&mut self.has_data) {
                self.ready.push_back(event);
            }
            return Ok(());
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => value.clone_into(&mut self.event.name),
            "data" => {
                if std::mem::replace(&mut self.has_data, true) {
                    self.event.data.push('\n');
                }
                self.event.data.push_str(value);
            }
            // A comment (no field before its colon), `id`, `retry` and what is not known yet.
            _ => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events(pieces: &[&[u8]]) -> Vec<(String, String)> {
        let mut parser = Parser::default();
        let mut events = Vec::new();
        for piece in pieces {
            parser.push(piece).unwrap();
            while let Some(event) = parser.next() {
                events.push((event.name, event.data));
            }
        }
        events
    }

    fn pair(name: &str, data: &str) -> (String, String) {
        (name.to_owned(), data.to_owned())
    }

    #[test]
    fn an_event_has_a_name_and_data() {
        let text = b"event: greeting\ndata: hello\n\ndata: again\n\n";
        assert_eq!(events(&[text]), [pair("greeting", "hello"), pair("", "again")]);
    }

    #[test]
    fn where_the_bytes_are_cut_does_not_show() {
        let text =
            "\u{feff}: note\r\nevent: größe\r\ndata: 1€\r\ndata: 2\r\n\r\ndata:x\n\ndata: y\r\r";
        let whole = events(&[text.as_bytes()]);
        assert_eq!(whole, [pair("größe", "1€\n2"), pair("", "x"), pair("", "y")]);
        let single: Vec<&[u8]> = text.as_bytes().chunks(1).collect();
        assert_eq!(events(&single), whole);
        for cut in 0..text.len() {
            let (head, tail) = text.as_bytes().split_at(cut);
            assert_eq!(events(&[head, tail]), whole, "cut at {cut}");
        }
    }

    #[test]
    fn comments_unknown_fields_and_events_without_data_are_passed_over() {
        let text = b": ping\n\nid: 7\nretry: 10\nnonsense\nevent: empty\n\ndata\n\n";
        assert_eq!(events(&[text]), [pair("", "")]);
    }

    #[test]
    fn only_one_leading_space_is_dropped() {
        assert_eq!(events(&[b"data:  two\n\n"]), [pair("", " two")]);
    }

    #[test]
    fn an_event_without_its_blank_line_is_not_handed_out() {
        assert_eq!(events(&[b"data: half\n"]), []);
        assert_eq!(events(&[b"data: half"]), []);
    }

    #[test]
    fn a_byte_order_mark_counts_only_at_the_start() {
        assert_eq!(events(&["data: a\n\n\u{feff}data: b\n\n".as_bytes()]), [pair("", "a")]);
    }

    #[test]
    fn what_is_not_text_is_damage() {
        assert_eq!(Parser::default().push(b"data: \xff\n"), Err(Damage::NotText));
    }

    #[test]
    fn an_endless_event_is_damage() {
        let mut parser = Parser::default();
        let piece = vec![b'a'; 1024 * 1024];
        for _ in 0..8 {
            assert_eq!(parser.push(&piece), Ok(()));
        }
        assert_eq!(parser.push(&piece), Err(Damage::TooLong));
        let mut parser = Parser::default();
        let mut line = b"data: ".to_vec();
        line.extend_from_slice(&piece);
        line.push(b'\n');
        let outcomes: Vec<_> = (0..9).map(|_| parser.push(&line)).collect();
        assert_eq!(outcomes.last(), Some(&Err(Damage::TooLong)));
    }
}
