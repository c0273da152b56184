//! Output as it comes, masked: the beginning, the end, and how much was cut between them.

use std::collections::VecDeque;

use crate::redact::{Redactor, Stream};

/// Bytes of output that are kept, half from the beginning and half from the end.
pub(super) const KEPT: usize = 256 * 1024;

/// Bytes of output after which a command is ended.
const MOST: usize = 64 * 1024 * 1024;

#[derive(Debug)]
pub(super) struct Output {
    stream: Stream,
    head: Vec<u8>,
    tail: VecDeque<u8>,
    cut: usize,
    seen: usize,
}

impl Output {
    pub(super) fn new(redactor: &Redactor) -> Self {
        let stream = redactor.stream();
        Output { stream, head: Vec::new(), tail: VecDeque::new(), cut: 0, seen: 0 }
    }

    pub(super) fn take(&mut self, chunk: &[u8]) {
        self.seen += chunk.len();
        let clean = self.stream.push(chunk);
        self.keep(clean.as_bytes());
    }

    fn keep(&mut self, chunk: &[u8]) {
        let room = (KEPT / 2).saturating_sub(self.head.len()).min(chunk.len());
        self.head.extend_from_slice(&chunk[..room]);
        self.tail.extend(&chunk[room..]);
        let over = self.tail.len().saturating_sub(KEPT / 2);
        self.cut += over;
        self.tail.drain(..over);
    }

    pub(super) fn note(&mut self, text: &str) {
        self.take(format!("\n{text}\n").as_bytes());
    }

    /// Whether it is more than any command has to say.
    pub(super) fn is_flood(&self) -> bool {
        self.seen > MOST
    }

    pub(super) fn text(mut self) -> String {
        let stream = std::mem::replace(&mut self.stream, Redactor::default().stream());
        let rest = stream.finish(b"");
        self.keep(rest.as_bytes());
        let mut bytes = self.head;
        if self.cut > 0 {
            bytes.extend_from_slice(format!("\n[{} bytes cut]\n", self.cut).as_bytes());
        }
        bytes.extend(&self.tail);
        crate::gate::redact::visible(&String::from_utf8_lossy(&bytes)).0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_output_loses_its_middle() {
        let mut output = Output::new(&Redactor::default());
        output.take(&vec![b'a'; KEPT]);
        output.take(&[b'b'; 10]);
        assert!(!output.is_flood());
        let text = output.text();
        assert!(text.contains("[10 bytes cut]") && text.ends_with("bbbbbbbbbb"));
        let mut output = Output::new(&Redactor::default());
        output.take(&vec![b'a'; MOST + 1]);
        assert!(output.is_flood());
    }
}
