//! The table of what is tried again: every status, and every way in which a connection breaks, at
//! the first request, the second and a later one.

use std::io::Write;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use wizard::model::{Endpoint, ModelError, Provider as _};

use crate::faults::{Told, WIRES, patient, told};
use crate::support::clean;
use crate::wire::pages::{asked, recorded};
use crate::wire::server::stream;

/// Six waits, each twice as long.
const PATIENCE: [f64; 6] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0];

/// What an answer leads to.
#[derive(Debug, Clone, Copy)]
enum Then {
    /// It is tried again, as often and as long as this, and given up with these words.
    Waits(&'static [f64], &'static str),
    /// It is tried once, and the run is told of this kind of error.
    Never(&'static str),
}

use Then::{Never, Waits};

const GIVEN_UP: &str = "gave up after 6 retries";

/// Status, headers, body, and what follows.
const TABLE: &[(u16, &str, &str, Then)] = &[
    (400, "", r#"{"error":{"message":"no"}}"#, Never("refused")),
    (
        400,
        "",
        r#"{"error":{"type":"invalid_request_error","message":"prompt is too long: 9 > 8"}}"#,
        Never("too long"),
    ),
    (400, "x-should-retry: true", r#"{"error":{"message":"no"}}"#, Never("refused")),
    (401, "", "", Never("key")),
    (401, "x-should-retry: true", "", Never("key")),
    (402, "", "", Never("spent")),
    (403, "", "", Never("key")),
    (404, "", "", Never("refused")),
    (408, "", "", Waits(&PATIENCE, GIVEN_UP)),
    (409, "", "", Waits(&PATIENCE, GIVEN_UP)),
    (410, "", "", Never("refused")),
    (410, "x-should-retry: true", "", Waits(&PATIENCE, GIVEN_UP)),
    (413, "", "", Never("too long")),
    (422, "", "", Never("refused")),
    (429, "", "", Waits(&PATIENCE, GIVEN_UP)),
    (429, "retry-after: 7", "", Waits(&[7.0; 6], GIVEN_UP)),
    (429, "retry-after-ms: 250", "", Waits(&[0.25; 6], GIVEN_UP)),
    (
        429,
        "date: Tue, 24 Nov 2026 08:00:00 GMT\r\nretry-after: Tue, 24 Nov 2026 08:01:30 GMT",
        "",
        Waits(&[90.0; 6], GIVEN_UP),
    ),
    (429, "retry-after: 120", "", Waits(&[120.0; 5], "gave up after 600 s")),
    (429, "retry-after: 121", "", Waits(&[], "it asks to come back in 121 s: resume then")),
    (429, "retry-after: 300", "", Waits(&[], "it asks to come back in 300 s: resume then")),
    (429, "retry-after: soon", "", Waits(&PATIENCE, GIVEN_UP)),
    (429, "x-should-retry: false", "", Waits(&[], "asking again does not help now")),
    (
        429,
        "retry-after: 1",
        r#"{"error":{"type":"rate_limit_error","code":"enforced_spend_limit_reached"}}"#,
        Never("spent"),
    ),
    (429, "", r#"{"error":{"type":"insufficient_quota","message":"x"}}"#, Never("spent")),
    (500, "", "", Waits(&PATIENCE, GIVEN_UP)),
    (500, "x-should-retry: false", "", Waits(&[], "asking again does not help now")),
    (502, "", "<html>bad gateway</html>", Waits(&PATIENCE, GIVEN_UP)),
    (503, "retry-after: 2", "", Waits(&[2.0; 6], GIVEN_UP)),
    (504, "", "", Waits(&PATIENCE, GIVEN_UP)),
    (
        529,
        "",
        r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#,
        Waits(&PATIENCE, GIVEN_UP),
    ),
    // An error in what pretends to be a success.
    (
        200,
        "content-type: application/json",
        r#"{"error":{"type":"overloaded_error","message":"x"}}"#,
        Waits(&PATIENCE, GIVEN_UP),
    ),
    (
        200,
        "content-type: application/json\r\nretry-after: 3",
        r#"{"error":{"type":"rate_limit_error","message":"x"}}"#,
        Waits(&[3.0; 6], GIVEN_UP),
    ),
    (200, "content-type: text/html", "<html>Sign in</html>", Never("refused")),
    (307, "location: /elsewhere", "", Never("refused")),
];

fn answer(status: u16, headers: &str, body: &str) -> Vec<u8> {
    let headers = if headers.is_empty() { String::new() } else { format!("{headers}\r\n") };
    let length = body.len();
    format!(
        "HTTP/1.1 {status} x\r\n{headers}content-length: {length}\r\nconnection: close\r\n\r\n{body}"
    )
    .into_bytes()
}

fn kind(error: &ModelError) -> &'static str {
    match error {
        ModelError::Refused { .. } => "refused",
        ModelError::Key { .. } => "key",
        ModelError::Spent { .. } => "spent",
        ModelError::TooLong { .. } => "too long",
        ModelError::Busy { .. } => "busy",
        ModelError::Settings(_) => "settings",
        ModelError::Cassette(_) => "cassette",
    }
}

fn assert_follows(told: &Told, then: Then, name: &str) {
    let error = told.outcome.as_ref().unwrap_err();
    match then {
        Never(wanted) => {
            assert_eq!((kind(error), told.tries), (wanted, 1), "{name}: {error}");
            assert_eq!(told.waits, [0.0; 0], "{name}");
        }
        Waits(waits, words) => {
            assert_eq!(kind(error), "busy", "{name}: {error}");
            assert_eq!(told.waits, waits, "{name}: {error}");
            assert_eq!(told.tries, waits.len() + 1, "{name}");
            assert!(error.to_string().contains(words), "{name}: {error}");
        }
    }
}

#[tokio::test]
async fn every_status_is_tried_as_often_as_the_table_says_and_waited_for_as_long() {
    for wire in WIRES {
        for &(status, headers, body, then) in TABLE {
            for request in [1, 2, 5] {
                let good = stream(recorded(wire).as_bytes());
                let bad = answer(status, headers, body);
                let told = told(wire, request, move |number, connection| {
                    let answer = if number + 1 < request { &good } else { &bad };
                    drop(connection.write_all(answer));
                });
                let name = format!("{wire}: {status} {headers} {body} at request {request}");
                assert_follows(&told.await, then, &name);
            }
        }
    }
}

#[tokio::test]
async fn what_passes_after_some_tries_is_answered_and_the_next_begins_anew() {
    for wire in WIRES {
        for tries in 1..=6 {
            let good = stream(recorded(wire).as_bytes());
            // Every request fails so often.
            let told = told(wire, 2, move |number, connection| {
                let bad = answer(503, "", "");
                let answer = if number % (tries + 1) == tries { &good } else { &bad };
                drop(connection.write_all(answer));
            });
            let told = told.await;
            assert!(told.outcome.is_ok(), "{wire} after {tries}");
            assert_eq!(told.tries, tries + 1);
            assert_eq!(told.waits, [&PATIENCE[..tries], &PATIENCE[..tries]].concat());
        }
    }
}

#[tokio::test]
async fn an_error_in_a_stream_is_as_an_error_instead_of_one() {
    let cases = [
        ("overloaded_error", 7, "busy"),
        ("api_error", 7, "busy"),
        ("rate_limit_error", 7, "busy"),
        ("something_new", 7, "busy"),
        ("authentication_error", 1, "key"),
        ("billing_error", 1, "spent"),
        ("invalid_request_error", 1, "refused"),
        ("request_too_large", 1, "too long"),
    ];
    for wire in WIRES {
        for (word, tries, wanted) in cases {
            for events in [0, 1, 6] {
                let half: String = recorded(wire).split_inclusive("\n\n").take(events).collect();
                let event = format!(
                    "event: error\ndata: {{\"type\":\"error\",\"error\":{{\"type\":\"{word}\",\"message\":\"x\"}}}}\n\n"
                );
                let answer = stream(format!("{half}{event}").as_bytes());
                let told = told(wire, 1, move |_, connection| {
                    drop(connection.write_all(&answer));
                });
                let told = told.await;
                let error = told.outcome.unwrap_err();
                let name = format!("{wire}: {word} after {events}");
                assert_eq!((kind(&error), told.tries), (wanted, tries), "{name}: {error}");
                assert_eq!(error.may_be_counted(), wanted == "busy", "{name}");
            }
        }
    }
}

#[tokio::test]
async fn a_connection_that_breaks_is_tried_again_wherever_it_breaks() {
    for wire in WIRES {
        let whole = stream(recorded(wire).as_bytes());
        let head = whole.windows(4).position(|it| it == b"\r\n\r\n").unwrap() + 4;
        for (name, bytes) in [
            ("before the head", 0),
            ("in the status", 6),
            ("in the head", head - 5),
            ("behind the head", head),
            ("in the stream", head + (whole.len() - head) / 2),
        ] {
            let part = whole[..bytes].to_vec();
            let told = told(wire, 1, move |_, connection| drop(connection.write_all(&part)));
            let told = told.await;
            assert_follows(&told, Waits(&PATIENCE, GIVEN_UP), &format!("{wire} {name}"));
            // It was sent, and so may be counted.
            assert!(told.outcome.unwrap_err().may_be_counted(), "{wire} {name}");
        }
    }
}

#[tokio::test]
async fn a_connection_that_is_reset_is_tried_again() {
    for wire in WIRES {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let tries = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&tries);
        std::thread::spawn(move || {
            for connection in listener.incoming() {
                counted.fetch_add(1, Ordering::SeqCst);
                // Closed with bytes unread, which resets it.
                let connection = connection.unwrap();
                drop(connection.peek(&mut [0]));
                drop(connection);
            }
        });
        let (provider, clock) = patient(Endpoint::new(wire, url));
        let error = provider.ask(&clean(asked(wire))).await.unwrap_err();
        assert_eq!(clock.waits(), PATIENCE, "{error}");
        assert_eq!(tries.load(Ordering::SeqCst), 7);
        assert!(error.to_string().contains("cannot reach"), "{error}");
    }
}

#[tokio::test]
async fn a_service_that_cannot_be_reached_is_tried_again_and_nothing_is_counted() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let plain = crate::wire::server::Server::start(|_, connection| {
        drop(connection.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n"));
    });
    let urls = [
        format!("http://{free}"),
        // A label that is too long for a name, so that nobody is asked.
        format!("http://{}.example", "a".repeat(64)),
        plain.url.replace("http://", "https://"),
    ];
    for wire in WIRES {
        for url in &urls {
            let mut endpoint = Endpoint::new(wire, url);
            // A machine without a network takes its time to find no name.
            endpoint.timeouts.connect = Duration::from_millis(200);
            let (provider, clock) = patient(endpoint);
            let error = provider.ask(&clean(asked(wire))).await.unwrap_err();
            assert_eq!(clock.waits(), PATIENCE, "{error}");
            assert!(error.to_string().contains("cannot reach"), "{error}");
            assert!(error.is_passing() && !error.may_be_counted(), "{error}");
        }
    }
}
