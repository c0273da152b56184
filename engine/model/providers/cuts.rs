//! Recorded replies, cut at each of their bytes: none of what is left is a reply.

use std::path::PathBuf;

use crate::model::Reply;
use crate::model::failure::Failure;
use crate::model::providers::{Listen, wire};
use crate::model::sse::{Event, Parser};

/// Returns the recorded streams: the name, the wire and the bytes.
#[expect(clippy::disallowed_methods, reason = "a test reads its own files")]
fn recorded() -> Vec<(String, String, Vec<u8>)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/wire/replies");
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let named = files.into_iter().map(|file| {
        let name = file.file_name().unwrap().to_str().unwrap().to_owned();
        let wire = name.split('.').nth(1).unwrap().to_owned();
        (name, wire, std::fs::read(&file).unwrap())
    });
    named.collect()
}

/// Hears a stream that ends where its bytes do.
fn heard(name: &str, pieces: &[&[u8]]) -> Result<Reply, Failure> {
    let mut parser = Parser::default();
    let mut events = Vec::new();
    for piece in pieces {
        parser.push(piece).map_err(|damage| Failure::cut(damage.to_string()))?;
        events.extend(std::iter::from_fn(|| parser.next()));
    }
    listened(name, &events)
}

fn listened(name: &str, events: &[Event]) -> Result<Reply, Failure> {
    let mut listener: Box<dyn Listen> = (wire(name).unwrap().listen)();
    for event in events {
        if listener.take(event)? {
            break;
        }
    }
    listener.reply()
}

#[test]
fn no_call_of_a_stream_that_was_cut_is_ever_performed() {
    let recorded = recorded();
    assert!(recorded.len() >= 20, "{} recorded replies", recorded.len());
    let mut cuts = 0;
    for (name, wire, bytes) in &recorded {
        let whole = heard(wire, &[bytes]).unwrap();
        // Byte by byte: what was heard changes only where an event ends.
        let mut parser = Parser::default();
        let mut events = Vec::new();
        let mut outcome = listened(wire, &events);
        for (byte, next) in bytes.iter().enumerate() {
            cuts += 1;
            match &outcome {
                Err(failure) => {
                    let error = failure.clone().into_error("m", "u");
                    assert!(error.is_passing(), "{name} at {byte}: {error}");
                }
                // Of a whole message only what is said behind its end may be missing.
                Ok(reply) => {
                    assert_eq!(reply.blocks, whole.blocks, "{name} at {byte}");
                    assert_eq!(reply.stop, whole.stop, "{name} at {byte}");
                    let rest = String::from_utf8_lossy(&bytes[byte..]);
                    let ended = wire == "openai" && !rest.contains("finish_reason");
                    assert!(ended || rest.trim().is_empty(), "{name} at {byte}: {rest}");
                }
            }
            parser.push(&[*next]).unwrap();
            let ended: Vec<Event> = std::iter::from_fn(|| parser.next()).collect();
            if !ended.is_empty() {
                events.extend(ended);
                outcome = listened(wire, &events);
            }
        }
        assert_eq!(outcome.unwrap(), whole, "{name}");
    }
    assert!(cuts > 60_000, "{cuts} cuts");
}

#[test]
fn where_a_stream_is_parted_does_not_show() {
    for (name, wire, bytes) in recorded() {
        let whole = heard(&wire, &[&bytes]).unwrap();
        for cut in (0..bytes.len()).step_by(97) {
            let parts = bytes.split_at(cut);
            assert_eq!(heard(&wire, &[parts.0, parts.1]).unwrap(), whole, "{name} at {cut}");
        }
    }
}
