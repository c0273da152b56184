//! Breaks of every kind: nothing of a cut, stalled or damaged stream becomes a reply.

use std::io::Write;
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::thread::sleep;
use std::time::Duration;

use serde_json::{Value, json};
use wizard::model::retry::{Retrying, Wait};
use wizard::model::{
    Block, Endpoint, Key, Message, ModelError, Provider, Reply, Request, Role, Timeouts, ToolSpec,
    TurnId, connect,
};

use crate::support::clean;

use super::pages::{asked, recorded};
use super::server::{Server, chunked, stream};

const WIRES: [&str; 2] = ["anthropic", "openai"];

fn provider(wire: &str, server: &Server) -> Arc<dyn Provider> {
    connect(Endpoint::new(wire, &server.url)).unwrap()
}

async fn ask(wire: &str, server: &Server) -> Result<Reply, ModelError> {
    provider(wire, server).ask(&clean(asked(wire))).await
}

/// Returns what a failure of the connection says.
fn broken(outcome: Result<Reply, ModelError>) -> String {
    match outcome {
        Err(ModelError::Busy { status: 0, message, retry_after: None, .. }) => message,
        other => panic!("not a broken connection: {other:?}"),
    }
}

#[tokio::test]
async fn a_stream_cut_at_any_byte_is_never_a_reply() {
    for wire in WIRES {
        let whole = recorded(wire);
        let bytes = whole.as_bytes().to_vec();
        let length = bytes.len();
        let server = Server::start(move |number, stream| {
            let cut = number.min(bytes.len());
            drop(stream.write_all(&chunked(&bytes[..cut], false)));
        });
        let (provider, request) = (provider(wire, &server), asked(wire));
        // The blank line that ends the last event is two bytes.
        for cut in 0..length - 1 {
            let message = broken(provider.ask(&clean(request.clone())).await);
            assert!(message.starts_with("the stream was cut: "), "{wire} at {cut}: {message}");
        }
        assert_eq!(server.seen().len(), length - 1);
    }
}

#[tokio::test]
async fn a_stream_that_ends_early_is_a_whole_reply_or_none() {
    const STEP: usize = 5;
    for wire in WIRES {
        let bytes = recorded(wire).into_bytes();
        let length = bytes.len();
        let expected = ask(wire, &Server::answering(vec![stream(&bytes)])).await.unwrap();
        let server = Server::start(move |number, connection| {
            drop(connection.write_all(&stream(&bytes[..(number * STEP).min(bytes.len())])));
        });
        let (provider, request) = (provider(wire, &server), asked(wire));
        let mut replies = 0;
        for cut in (0..length + STEP).step_by(STEP) {
            match provider.ask(&clean(request.clone())).await {
                Ok(reply) => {
                    // Of a whole message only the usage, which comes last, may be missing.
                    assert_eq!(reply.blocks, expected.blocks, "{wire} at {cut}");
                    replies += 1;
                }
                outcome => {
                    let message = broken(outcome);
                    assert!(message.starts_with("the stream ended before"), "{message}");
                }
            }
        }
        assert!(replies < length / STEP / 4, "{wire}: {replies} of {length}");
        assert!(replies >= 1, "{wire}");
    }
}

#[tokio::test]
async fn slow_bytes_make_the_same_reply() {
    for wire in WIRES {
        let bytes = recorded(wire).into_bytes();
        let expected = ask(wire, &Server::answering(vec![chunked(&bytes, true)])).await.unwrap();
        let server = Server::start(move |_, connection| {
            connection.set_nodelay(true).unwrap();
            for byte in stream(&bytes) {
                connection.write_all(&[byte]).unwrap();
            }
        });
        assert_eq!(ask(wire, &server).await.unwrap(), expected, "{wire}");
    }
}

#[tokio::test]
async fn a_busy_service_is_asked_again() {
    let busy = b"HTTP/1.1 429 Too Many Requests\r\nretry-after-ms: 20\r\ncontent-length: 0\r\n\r\n";
    for wire in WIRES {
        let answers = vec![busy.to_vec(), stream(recorded(wire).as_bytes())];
        let server = Server::answering(answers);
        let told: Arc<Mutex<Vec<Wait>>> = Arc::default();
        let notes = Arc::clone(&told);
        let notify = move |_: &TurnId, wait: &Wait| notes.lock().unwrap().push(wait.clone());
        let retrying = Retrying::new(provider(wire, &server), Arc::new(notify));
        let reply = retrying.ask(&clean(asked(wire))).await.unwrap();
        assert_eq!(reply.calls().count(), 2, "{wire}");
        let reason = "the model's service is not answering (429): it said nothing".to_owned();
        let wait = Wait { reason, time: Duration::from_millis(20), counted: false };
        assert_eq!(*told.lock().unwrap(), [wait], "{wire}");
        let bodies: Vec<String> = server.seen().into_iter().map(|seen| seen.body).collect();
        assert_eq!(bodies[0], bodies[1], "{wire}");
    }
}

#[tokio::test]
async fn a_stream_that_stalls_is_given_up() {
    for wire in WIRES {
        let bytes = recorded(wire).into_bytes();
        let server = Server::start(move |_, connection| {
            connection.write_all(&stream(&bytes[..bytes.len() / 2])).unwrap();
            sleep(Duration::from_secs(5));
        });
        let mut endpoint = Endpoint::new(wire, &server.url);
        endpoint.timeouts.idle = Duration::from_millis(100);
        let outcome = connect(endpoint).unwrap().ask(&clean(asked(wire))).await;
        assert_eq!(broken(outcome), "the stream stalled for 0.1 s");
    }
}

#[tokio::test]
async fn a_service_that_stays_silent_is_given_up() {
    let server = Server::start(|_, _| sleep(Duration::from_secs(5)));
    let mut endpoint = Endpoint::new("openai", &server.url);
    let brief = Duration::from_millis(50);
    endpoint.timeouts = Timeouts { connect: brief, first_byte: brief, ..Timeouts::default() };
    let outcome = connect(endpoint).unwrap().ask(&clean(asked("openai"))).await;
    let url = &server.url;
    assert_eq!(broken(outcome), format!("`{url}/v1/chat/completions` was silent for 0.05 s"));
}

#[tokio::test]
async fn a_ping_is_a_sign_of_life() {
    for (wire, ping) in WIRES.into_iter().zip(["event: ping\ndata: {}\n\n", ": still here\n\n"]) {
        let bytes = recorded(wire).into_bytes();
        let server = Server::start(move |_, connection| {
            connection.write_all(&stream(b"")).unwrap();
            for _ in 0..10 {
                connection.write_all(ping.as_bytes()).unwrap();
                sleep(Duration::from_millis(60));
            }
            connection.write_all(&bytes).unwrap();
        });
        let mut endpoint = Endpoint::new(wire, &server.url);
        endpoint.timeouts.idle = Duration::from_millis(300);
        assert!(connect(endpoint).unwrap().ask(&clean(asked(wire))).await.is_ok(), "{wire}");
    }
}

#[tokio::test]
async fn an_event_that_is_garbage_damages_the_stream() {
    for wire in WIRES {
        let whole = recorded(wire);
        let (first, rest) = whole.split_once("\n\n").unwrap();
        for garbage in ["data: {\"type\":", "data: \u{fffd}", "data: <html>"] {
            let text = format!("{first}\n\n{garbage}\n\n{rest}");
            let server = Server::answering(vec![stream(text.as_bytes())]);
            let message = broken(ask(wire, &server).await);
            assert!(message.starts_with("the stream is damaged: "), "{wire}: {message}");
        }
        let mut bytes = whole.clone().into_bytes();
        let middle = bytes.len() / 2;
        bytes[middle] = 0xff;
        let server = Server::answering(vec![stream(&bytes)]);
        assert_eq!(broken(ask(wire, &server).await), "a line of the stream is not UTF-8");
    }
}

#[tokio::test]
async fn an_error_after_half_a_reply_is_an_error() {
    let errors = [
        r#"event: error
data: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#,
        r#"data: {"error":{"message":"Overloaded","type":"overloaded_error"}}"#,
    ];
    for (wire, error) in WIRES.into_iter().zip(errors) {
        let whole = recorded(wire);
        let half = whole.split_inclusive("\n\n").take(8).collect::<String>();
        let server = Server::answering(vec![stream(format!("{half}{error}\n\n").as_bytes())]);
        assert_eq!(
            ask(wire, &server).await.unwrap_err().to_string(),
            "the model's service is not answering (529): Overloaded"
        );
    }
}

#[tokio::test]
async fn a_refused_connection_says_where() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let endpoint = Endpoint::new("anthropic", format!("http://{free}"));
    let message = broken(connect(endpoint).unwrap().ask(&clean(asked("anthropic"))).await);
    assert!(
        message.starts_with(&format!("cannot reach `http://{free}/v1/messages`: ")),
        "{message}"
    );
    assert!(message.to_lowercase().contains("refused"), "{message}");
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let target = Server::answering(vec![stream(recorded("openai").as_bytes())]);
    let moved = format!(
        "HTTP/1.1 307 Temporary Redirect\r\nlocation: {}/v1\r\ncontent-length: 0\r\n\r\n",
        target.url
    );
    let server = Server::answering(vec![moved.into_bytes()]);
    let error = ask("openai", &server).await.unwrap_err();
    assert!(matches!(error, ModelError::Refused { status: 307, .. }), "{error}");
    assert_eq!(target.seen().len(), 0);
}

#[tokio::test]
async fn the_key_goes_into_the_wires_header_and_nowhere_else() {
    let heads = ["x-api-key: sk-one", "authorization: bearer sk-one"];
    for (wire, expected) in WIRES.into_iter().zip(heads) {
        let server = Server::answering(vec![b"HTTP/1.1 401 Unauthorized\r\n\r\nno".to_vec()]);
        let mut endpoint = Endpoint::new(wire, &server.url);
        endpoint.key = Some(Key::new("sk-one\n"));
        endpoint.headers.insert("x-team".to_owned(), Key::new("two"));
        let error = connect(endpoint).unwrap().ask(&clean(asked(wire))).await.unwrap_err();
        assert!(!format!("{error} {error:?}").contains("sk-one"));
        let seen = server.seen().remove(0);
        assert!(seen.head.contains(expected), "{}", seen.head);
        assert!(seen.head.contains("x-team: two"), "{}", seen.head);
        assert_eq!(seen.head.matches("sk-one").count(), 1);
        assert!(!seen.body.contains("sk-one"));
    }
}

#[tokio::test]
async fn thinking_that_a_service_no_longer_takes_is_left_out() {
    let refusal = br#"{"type":"error","error":{"type":"invalid_request_error","message":"messages.1.content.0: Invalid `signature` in `thinking` block. The block is bound to a different conversation."}}"#;
    let mut answer = b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n".to_vec();
    answer.extend_from_slice(refusal);
    let server = Server::answering(vec![answer, stream(recorded("anthropic").as_bytes())]);
    let mut request = asked("anthropic");
    let thinking = json!({"type": "thinking", "thinking": "hm", "signature": "x"});
    let blocks = vec![Block::Thinking(thinking), Block::Text("Well.".to_owned())];
    request.messages.push(Message { role: Role::Assistant, blocks });
    request.messages.push(Message::user("Go on."));
    assert!(provider("anthropic", &server).ask(&clean(request.clone())).await.is_ok());
    let bodies: Vec<String> = server.seen().into_iter().map(|seen| seen.body).collect();
    assert!(bodies[0].contains("\"thinking\""));
    assert!(!bodies[1].contains("\"thinking\""));

    // Without thinking there is nothing to leave out, and nothing is sent twice.
    let mut answer = b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n".to_vec();
    answer.extend_from_slice(refusal);
    let server = Server::answering(vec![answer]);
    assert!(ask("anthropic", &server).await.is_err());
    assert_eq!(server.seen().len(), 1);
}

/// A conversation of so many turns, each with as many calls.
fn conversation(turns: usize, calls: usize) -> Request {
    let mut request = asked("anthropic");
    request.tools.push(ToolSpec {
        name: "grep".to_owned(),
        description: "Searches.".to_owned(),
        input: json!({"type": "object"}),
    });
    for turn in 0..turns {
        let id = |call: usize| format!("call_{turn}_{call}");
        let input = json!({"path": "a"});
        let ask = |call| Block::Call { id: id(call), name: "read".into(), input: input.clone() };
        let tell = |call| Block::Result { id: id(call), text: "1: x".into(), error: false };
        let blocks = (0..calls).map(ask).collect();
        request.messages.push(Message { role: Role::Assistant, blocks });
        request.messages.push(Message { role: Role::User, blocks: (0..calls).map(tell).collect() });
    }
    request
}

fn breakpoints(value: &Value) -> usize {
    value.to_string().matches("cache_control").count()
}

fn without_breakpoints(value: &Value) -> Value {
    let text = value.to_string();
    serde_json::from_str(&text.replace(r#","cache_control":{"type":"ephemeral"}"#, "")).unwrap()
}

#[tokio::test]
async fn what_was_sent_once_is_sent_the_same_again() {
    for wire in WIRES {
        let server = Server::answering(vec![stream(b"")]);
        let provider = provider(wire, &server);
        let bodies: Vec<Value> =
            (0..4).map(|turns| provider.body(&conversation(turns, 30))).collect();
        for pair in bodies.windows(2) {
            let prefix = |body: &Value| {
                let text = body.to_string();
                let end = text.find("\"messages\"").unwrap();
                text[..end].to_owned()
            };
            assert_eq!(prefix(&pair[0]), prefix(&pair[1]), "{wire}");
            let messages = |body: &Value| {
                let body = without_breakpoints(body);
                body["messages"].as_array().unwrap().clone()
            };
            let (before, after) = (messages(&pair[0]), messages(&pair[1]));
            assert_eq!(before, after[..before.len()], "{wire}");
        }
    }
}

#[tokio::test]
async fn a_breakpoint_stays_where_the_request_before_ended() {
    let server = Server::answering(vec![stream(b"")]);
    let provider = provider("anthropic", &server);
    for turns in 1..4 {
        let before = provider.body(&conversation(turns - 1, 30));
        let after = provider.body(&conversation(turns, 30));
        assert_eq!(breakpoints(&after), 4);
        let last = before["messages"].as_array().unwrap().len() - 1;
        assert_eq!(before["messages"][last], after["messages"][last], "turn {turns}");
        assert_eq!(breakpoints(&after["messages"][last]), 1);
    }
    assert_eq!(breakpoints(&provider.body(&conversation(0, 0))), 3);
}
