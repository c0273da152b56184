//! Streams that are odd, damaged, slow or endless: a reply comes out whole, or not at all.

use std::io::Write as _;
use std::net::TcpStream;
use std::thread::sleep;
use std::time::Duration;

use serde_json::json;
use wizard::model::{Block, Endpoint, ModelError, Reply, Stop, Timeouts, connect};

use crate::faults::WIRES;
use crate::support::clean;
use crate::support::speech::Speech;
use crate::wire::pages::asked;
use crate::wire::server::{Server, stream};

/// A brief moment, that stands for the minutes a service may take.
const MOMENT: Duration = Duration::from_millis(150);

/// What comes of a stream.
#[derive(Debug, Clone, Copy)]
enum Then {
    /// The whole reply.
    Whole,
    /// Nothing, for a reason in which these words stand; worth asking again.
    Nothing(&'static str),
}

use Then::{Nothing, Whole};

fn blocks() -> Vec<Block> {
    let call = |id: &str, name: &str, path: &str| Block::Call {
        id: id.to_owned(),
        name: name.to_owned(),
        input: json!({ "path": path }),
    };
    let text = Block::Text("Größe 日本語 😀: I read.".to_owned());
    vec![text, call("a", "read", "größe.txt"), call("b", "remove", "b.txt")]
}

fn said(wire: &str) -> String {
    Speech::default().say(wire, &blocks())
}

/// Asks a service that is given little time.
async fn ask(
    wire: &str,
    answer: impl Fn(usize, &mut TcpStream) + Send + Sync + 'static,
) -> Result<Reply, ModelError> {
    let server = Server::start(answer);
    let mut endpoint = Endpoint::new(wire, &server.url);
    endpoint.timeouts = Timeouts {
        connect: MOMENT * 4,
        first_byte: MOMENT * 4,
        idle: MOMENT * 4,
        event: MOMENT * 8,
    };
    connect(endpoint).unwrap().ask(&clean(asked(wire))).await
}

fn assert_comes(name: &str, wire: &str, outcome: Result<Reply, ModelError>, then: Then) {
    match (outcome, then) {
        (Ok(reply), Whole) => assert_eq!(reply.blocks, blocks(), "{wire}: {name}"),
        (Err(error), Nothing(words)) => {
            assert!(error.is_passing(), "{wire}: {name}: {error}");
            assert!(error.to_string().contains(words), "{wire}: {name}: {error}");
        }
        (outcome, _) => panic!("{wire}: {name}: {outcome:?}"),
    }
}

/// Puts something behind the event of this number.
fn behind(text: &str, number: usize, more: &str) -> String {
    let mut parts: Vec<&str> = text.split_inclusive("\n\n").collect();
    parts.insert(number, more);
    parts.concat()
}

/// Returns the streams that are the same for both wires.
fn odd(wire: &str) -> Vec<(&'static str, Vec<u8>, Then)> {
    let said = said(wire);
    let events = said.matches("\n\n").count();
    let huge = format!("data: \"{}\"\n\n", "x".repeat(10 * 1024 * 1024));
    let two_lines = said.replace(",\"", ",\ndata: \"");
    let mut binary = said.clone().into_bytes();
    let middle = binary.len() / 2;
    binary[middle] = 0;
    let text = |text: String| text.into_bytes();
    vec![
        ("as usual", text(said.clone()), Whole),
        ("Windows line ends", text(said.replace('\n', "\r\n")), Whole),
        ("old line ends", text(said.replace('\n', "\r")), Whole),
        ("a byte order mark", text(format!("\u{feff}{said}")), Whole),
        ("no space behind the colon", text(said.replace("data: ", "data:")), Whole),
        ("data on several lines", text(two_lines), Whole),
        ("ids and times to wait", text(said.replace("data: ", "id: 7\nretry: 1\ndata: ")), Whole),
        ("comments", text(said.replace("\n\n", "\n\n: hm\n\n")), Whole),
        (
            "an event nobody knows",
            text(behind(&said, 3, "event: new\ndata: {\"type\":\"new\"}\n\n")),
            Whole,
        ),
        ("an event without data", text(behind(&said, 3, "event: new\n\n")), Whole),
        ("more behind the end", text(format!("{said}data: garbage\n\n")), Whole),
        (
            "the end twice",
            text(format!("{said}{}", said.split_inclusive("\n\n").last().unwrap())),
            Whole,
        ),
        ("nothing", Vec::new(), Nothing("ended before")),
        ("comments and no message", text(": hm\n\n".repeat(9)), Nothing("ended before")),
        (
            "no end",
            text(said.split_inclusive("\n\n").take(events - 4).collect()),
            Nothing("ended before"),
        ),
        (
            "an event that is not JSON",
            text(behind(&said, 2, "data: {\"type\":\n\n")),
            Nothing("damaged"),
        ),
        (
            "an error in words",
            text(behind(&said, 2, "event: error\ndata: it broke\n\n")),
            Nothing("damaged"),
        ),
        ("a zero byte", binary, Nothing("")),
        ("an event of 10 MiB", text(behind(&said, 2, &huge)), Nothing("longer than")),
        (
            "Latin-1",
            said.chars().map(|it| u8::try_from(it).unwrap_or(b'?')).collect(),
            Nothing("not UTF-8"),
        ),
    ]
}

#[tokio::test]
async fn an_odd_stream_is_a_whole_reply_or_none() {
    for wire in WIRES {
        for (name, bytes, then) in odd(wire) {
            let answer = stream(&bytes);
            let outcome = ask(wire, move |_, connection| drop(connection.write_all(&answer)));
            assert_comes(name, wire, outcome.await, then);
        }
    }
}

#[tokio::test]
async fn a_stream_in_the_wrong_order_is_damaged() {
    let said = said("anthropic");
    let events: Vec<&str> = said.split_inclusive("\n\n").collect();
    let find = |word: &str| events.iter().position(|event| event.contains(word)).unwrap();
    let without = |word: &str| {
        let kept: Vec<&str> =
            events.iter().copied().filter(|event| !event.contains(word)).collect();
        kept.concat()
    };
    let begin = events[find("content_block_start")];
    let mut swapped = events.clone();
    swapped.swap(find("content_block_start"), find("content_block_delta"));
    let cases = [
        ("a piece before its block", swapped.concat(), "not open"),
        ("a block that begins twice", said.replacen(begin, &format!("{begin}{begin}"), 1), "twice"),
        ("a second message", behind(&said, 4, events[0]), "second message"),
        ("no reason", without("message_delta"), "a stop reason"),
        ("blocks that do not end", without("content_block_stop"), "a block did"),
        ("no end", without("message_stop"), "the message did"),
        ("a block without an index", said.replace("\"index\":1,", ""), "no index"),
    ];
    for (name, text, words) in cases {
        let answer = stream(text.as_bytes());
        let outcome = ask("anthropic", move |_, connection| drop(connection.write_all(&answer)));
        assert_comes(name, "anthropic", outcome.await, Nothing(words));
    }
}

#[tokio::test]
async fn a_reason_that_says_nothing_or_comes_too_early_is_no_end() {
    let said = said("openai");
    let events: Vec<&str> = said.split_inclusive("\n\n").collect();
    let last = events.iter().position(|event| event.contains("tool_calls\"}]")).unwrap();
    // Cut in the second call, by a service that says why it stops before it does.
    let early = |reason: &str| {
        let cut: String = events[..last - 1].concat();
        cut.replacen("\"finish_reason\":null", &format!("\"finish_reason\":\"{reason}\""), 1)
    };
    for (name, text, then) in [
        ("an empty reason", early(""), Nothing("finish reason")),
        ("an early reason", early("stop"), Nothing("finish reason")),
        (
            "an early reason and the end",
            format!("{}data: [DONE]\n\n", early("stop")),
            Nothing("finish reason"),
        ),
        (
            "empty reasons to the end",
            said.replace("\"finish_reason\":null", "\"finish_reason\":\"\""),
            Whole,
        ),
        (
            "an early reason and another",
            said.replacen("\"finish_reason\":null", "\"finish_reason\":\"stop\"", 1),
            Whole,
        ),
    ] {
        let answer = stream(text.as_bytes());
        let outcome = ask("openai", move |_, connection| drop(connection.write_all(&answer)));
        assert_comes(name, "openai", outcome.await, then);
    }
}

#[tokio::test]
async fn who_takes_too_long_is_given_up_and_who_is_only_slow_is_heard() {
    for wire in WIRES {
        let bytes = stream(said(wire).as_bytes());
        let head = bytes.windows(4).position(|it| it == b"\r\n\r\n").unwrap() + 4;
        let half = head + (bytes.len() - head) / 2;
        let until = |length: usize| {
            let part = bytes[..length].to_vec();
            move |_: usize, connection: &mut TcpStream| {
                drop(connection.write_all(&part));
                sleep(MOMENT * 30);
            }
        };
        assert_comes("silence", wire, ask(wire, until(0)).await, Nothing("was silent for 0.6 s"));
        assert_comes("half a head", wire, ask(wire, until(20)).await, Nothing("was silent for"));
        assert_comes("a head", wire, ask(wire, until(head)).await, Nothing("stalled for 0.6 s"));
        assert_comes("half", wire, ask(wire, until(half)).await, Nothing("stalled for 0.6 s"));
        let slow = bytes.clone();
        let slowly = move |_: usize, connection: &mut TcpStream| {
            drop(connection.set_nodelay(true));
            for byte in &slow {
                drop(connection.write_all(&[*byte]));
                if *byte == b'\n' {
                    sleep(Duration::from_millis(10));
                }
            }
        };
        assert_comes("byte by byte", wire, ask(wire, slowly).await, Whole);
    }
    // Somebody is there, and says nothing.
    let pinging = |_: usize, connection: &mut TcpStream| {
        drop(connection.write_all(&stream(b"")));
        for _ in 0..60 {
            drop(connection.write_all(b"event: ping\ndata: {\"type\": \"ping\"}\n\n: hm\n\n"));
            sleep(MOMENT / 2);
        }
    };
    let outcome = ask("anthropic", pinging).await;
    assert_comes("pings for ever", "anthropic", outcome, Nothing("said nothing for 1.2 s"));
    let commenting = |_: usize, connection: &mut TcpStream| {
        drop(connection.write_all(&stream(b"")));
        for _ in 0..60 {
            drop(connection.write_all(b": hm\n\n"));
            sleep(MOMENT / 2);
        }
    };
    let outcome = ask("openai", commenting).await;
    assert_comes("comments for ever", "openai", outcome, Nothing("said nothing for 1.2 s"));
}

#[tokio::test]
async fn a_reply_that_was_stopped_says_so() {
    for wire in WIRES {
        for stop in [Stop::Length, Stop::Refusal] {
            let speech = Speech { stop, ..Speech::default() };
            let answer = stream(speech.say(wire, &blocks()).as_bytes());
            let reply = ask(wire, move |_, connection| drop(connection.write_all(&answer))).await;
            assert_eq!(reply.unwrap().stop, stop, "{wire}");
        }
    }
}
