//! Masking a text that comes in pieces.

use crate::redact::{Clean, Redactor};

/// How much of the text is looked at at once, in bytes.
const WINDOW: usize = 64 * 1024;

/// How much of it waits for what comes next: the longest secret that is found wherever it stands.
const KEPT: usize = 16 * 1024;

/// Masks a text as it comes.
///
/// **Invariant:** what comes out depends on the text alone, never on where it was cut: a window is
/// looked at when it is full, and what may go on in the next one waits for it.
#[derive(Debug)]
pub struct Stream {
    redactor: Redactor,
    /// Bytes of a character that is not whole yet.
    bytes: Vec<u8>,
    text: String,
}

impl Stream {
    pub(super) fn new(redactor: Redactor) -> Self {
        Stream { redactor, bytes: Vec::new(), text: String::new() }
    }

    /// Takes the next piece, and returns what is certain. What is not UTF-8 is replaced.
    pub fn push(&mut self, piece: &[u8]) -> Clean {
        self.bytes.extend_from_slice(piece);
        self.decode(false);
        let mut clean = String::new();
        while self.text.len() >= WINDOW {
            self.advance(&mut clean);
        }
        Clean(clean)
    }

    /// Takes the last piece, and returns the rest.
    pub fn finish(mut self, piece: &[u8]) -> Clean {
        let mut clean = self.push(piece).into_inner();
        self.decode(true);
        clean.push_str(&self.redactor.clean(&self.text));
        Clean(clean)
    }

    /// Masks the beginning of a full window.
    fn advance(&mut self, clean: &mut String) {
        let mut end = WINDOW;
        while !self.text.is_char_boundary(end) {
            end -= 1;
        }
        let masked = self.redactor.masked(&self.text[..end]);
        let mut cut = end - KEPT;
        // A line begins a window where one does: many secrets are told by their line.
        if let Some(line) = self.text[..cut].rfind('\n').filter(|line| line + KEPT > cut) {
            cut = line + 1;
        }
        while !self.text.is_char_boundary(cut) {
            cut -= 1;
        }
        if let Some(secret) = masked.around(cut) {
            cut = if secret.start > 0 { secret.start } else { secret.end };
        }
        clean.push_str(masked.before(cut));
        self.text.drain(..cut);
    }

    /// Turns bytes into text, as far as characters are whole.
    fn decode(&mut self, last: bool) {
        let mut rest = std::mem::take(&mut self.bytes);
        let mut at = 0;
        for chunk in rest.utf8_chunks() {
            self.text.push_str(chunk.valid());
            at += chunk.valid().len();
            let invalid = chunk.invalid();
            let is_cut = !last && at + invalid.len() == rest.len() && may_go_on(invalid);
            if is_cut {
                break;
            }
            at += invalid.len();
            if !invalid.is_empty() {
                self.text.push('\u{fffd}');
            }
        }
        self.bytes = rest.split_off(at);
    }
}

/// Whether bytes that are no character could be the beginning of one.
fn may_go_on(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_err_and(|error| error.error_len().is_none())
}
