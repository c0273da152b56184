//! Messages as they go over the wire: a header with a length, then JSON. What is no message is
//! told apart from the end of the connection, so that one slip of a client ends nothing.

use std::io::{self, BufRead, Read as _, Write};

use serde_json::Value;

/// The largest message that is read, in bytes.
const MAX_MESSAGE: u64 = 64 * 1024 * 1024;

/// The longest line of a header, in bytes.
const MAX_LINE: u64 = 4096;

/// What came over the wire.
#[derive(Debug, PartialEq)]
pub(super) enum Incoming {
    Message(Value),
    /// Something that is no message, and why.
    Malformed(String),
}

/// Reads one message. Nothing is left when the other side has gone away.
pub(super) fn read(input: &mut impl BufRead) -> io::Result<Option<Incoming>> {
    let Some(length) = header(input)? else { return Ok(None) };
    let length = match length {
        Ok(length) => length,
        Err(reason) => return Ok(Some(Incoming::Malformed(reason))),
    };
    let mut body = input.take(length);
    if length > MAX_MESSAGE {
        io::copy(&mut body, &mut io::sink())?;
        let reason = format!("a message has {length} bytes, and at most {MAX_MESSAGE} are read");
        return Ok(Some(Incoming::Malformed(reason)));
    }
    let mut bytes = Vec::new();
    body.read_to_end(&mut bytes)?;
    if (bytes.len() as u64) < length {
        return Ok(None);
    }
    Ok(Some(match serde_json::from_slice(&bytes) {
        Ok(message) => Incoming::Message(message),
        Err(error) => Incoming::Malformed(format!("a message is not JSON: {error}")),
    }))
}

/// Reads a header up to its empty line: the length that it tells, or what is wrong with it.
fn header(input: &mut impl BufRead) -> io::Result<Option<Result<u64, String>>> {
    let mut length = None;
    let mut lines = 0;
    loop {
        let mut line = Vec::new();
        input.take(MAX_LINE).read_until(b'\n', &mut line)?;
        if line.is_empty() {
            return Ok(None);
        }
        let line = String::from_utf8_lossy(&line);
        let line = line.trim_end();
        // Empty lines between two messages are nobody's fault.
        if line.is_empty() && lines == 0 {
            continue;
        }
        if line.is_empty() {
            return Ok(Some(length.ok_or_else(|| "a header has no `Content-Length`".to_owned())));
        }
        lines += 1;
        let Some((name, value)) = line.split_once(':') else {
            return Ok(Some(Err("a line of a header has no colon".to_owned())));
        };
        if name.trim().eq_ignore_ascii_case("Content-Length") {
            let Ok(value) = value.trim().parse() else {
                return Ok(Some(Err("a `Content-Length` is no number".to_owned())));
            };
            length = Some(value);
        }
    }
}

/// Writes one message.
pub(super) fn write(output: &mut impl Write, message: &Value) -> io::Result<()> {
    let text = message.to_string();
    write!(output, "Content-Length: {}\r\n\r\n{text}", text.len())?;
    output.flush()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn all(mut bytes: &[u8]) -> Vec<Incoming> {
        std::iter::from_fn(|| read(&mut bytes).unwrap()).collect()
    }

    #[test]
    fn what_is_written_is_read() {
        let mut bytes = Vec::new();
        write(&mut bytes, &json!({ "é": 1 })).unwrap();
        write(&mut bytes, &json!([])).unwrap();
        assert_eq!(all(&bytes), [json!({ "é": 1 }), json!([])].map(Incoming::Message));
    }

    #[test]
    fn what_is_no_message_is_told_and_the_next_one_is_read() {
        let text = "Content-Length: 3\r\n\r\n{a}\r\nContent-Type: x\r\ncontent-length: 2\r\n\r\n{}";
        let found = all(text.as_bytes());
        assert!(matches!(&found[0], Incoming::Malformed(reason) if reason.contains("not JSON")));
        assert_eq!(found[1], Incoming::Message(json!({})));
    }

    #[test]
    fn a_header_that_lies_does_no_harm() {
        for text in [
            "Content-Length: 18446744073709551615\r\n\r\n{}",
            "Content-Length: -1\r\n\r\n",
            "Content-Length: 99999999999999999999\r\n\r\n",
            "nonsense\r\n\r\n",
            "X: y\r\n\r\n",
        ] {
            let found = all(text.as_bytes());
            assert!(matches!(&found[0], Incoming::Malformed(_)), "{text}: {found:?}");
        }
        assert_eq!(all(b"Content-Length: 10\r\n\r\n{}"), []);
        assert_eq!(all(b"Content-Length: 10"), []);
    }
}
