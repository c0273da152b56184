//! The pages: a request becomes a body, an answer becomes a reply or an error.

use std::path::PathBuf;

use serde_json::Value;
use wizard::model::settings::Efforts;
use wizard::model::{Endpoint, ModelError, Reply, Request, connect};

use super::server::{self, Server};

/// A fenced block of a page.
struct Fence {
    /// What stands behind the opening fence: language, role and `key=value` pairs.
    words: Vec<String>,
    /// Where its text begins and ends, in bytes.
    span: std::ops::Range<usize>,
}

#[tokio::test]
async fn pages_say_what_goes_over_the_wire() {
    for wire in ["anthropic", "openai"] {
        let (path, page) = read(wire);
        let played = play(wire, &page).await;
        if played == page {
            continue;
        }
        if std::env::var_os("BLESS").is_some() {
            std::fs::write(path, played).unwrap();
            continue;
        }
        let diff = similar::TextDiff::from_lines(&page, &played);
        panic!("{}:\n{}", path.display(), diff.unified_diff());
    }
}

/// Returns the first answer of a wire's page: a recorded stream with a tool call.
pub(crate) fn recorded(wire: &str) -> String {
    let (_, page) = read(wire);
    let fences = fences(&page);
    let answer = fences.iter().find(|fence| fence.words[1] == "answer").unwrap();
    page[answer.span.clone()].to_owned()
}

/// Returns the first request of a wire's page.
pub(crate) fn asked(wire: &str) -> Request {
    let (_, page) = read(wire);
    serde_json::from_str(&page[fences(&page)[0].span.clone()]).unwrap()
}

fn read(wire: &str) -> (PathBuf, String) {
    let name = format!("tests/wire/{wire}.md");
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(name);
    let page = std::fs::read_to_string(&path).unwrap();
    (path, page)
}

/// Returns the page as it should be.
async fn play(wire: &str, page: &str) -> String {
    let mut played = String::new();
    let mut copied = 0;
    let mut endpoint = Endpoint::new(wire, "");
    let mut request = None;
    let mut outcome = None;
    for fence in fences(page) {
        let text = &page[fence.span.clone()];
        let result = match fence.words[1].as_str() {
            "request" => {
                let asked: Request = serde_json::from_str(text).unwrap();
                endpoint = dialect(wire, &asked, &fence.words[2..]);
                request = Some(asked);
                continue;
            }
            "body" => pretty(&body(&endpoint, request.as_ref().unwrap())),
            "answer" => {
                let answer = if text.starts_with("HTTP/") {
                    let (head, rest) = text.split_once("\n\n").unwrap_or((text.trim_end(), ""));
                    let head = head.replace('\n', "\r\n");
                    format!("{head}\r\nconnection: close\r\n\r\n{rest}").into_bytes()
                } else {
                    server::stream(text.as_bytes())
                };
                outcome = Some(ask(&endpoint, request.as_ref().unwrap(), answer).await);
                continue;
            }
            "reply" => match outcome.take().unwrap() {
                Ok(reply) => pretty(&serde_json::to_value(reply).unwrap()),
                Err(error) => format!("an error: {error}\n"),
            },
            "error" => match outcome.take().unwrap() {
                Ok(reply) => format!("a reply: {reply:?}\n"),
                Err(error) => told(&error),
            },
            role => panic!("{wire}: no fence is `{role}`"),
        };
        played.push_str(&page[copied..fence.span.start]);
        played.push_str(&result);
        copied = fence.span.end;
    }
    played.push_str(&page[copied..]);
    played
}

fn dialect(wire: &str, request: &Request, words: &[String]) -> Endpoint {
    let mut endpoint = Endpoint::new(wire, "http://127.0.0.1:9");
    for word in words {
        match word.split_once('=').unwrap() {
            ("max_tokens_key", key) => key.clone_into(&mut endpoint.dialect.max_tokens_key),
            ("effort", efforts) => {
                let efforts: Efforts = serde_json::from_value(efforts.into()).unwrap();
                endpoint.dialect.efforts.insert(request.model.clone(), efforts);
            }
            (key, _) => panic!("no request has `{key}`"),
        }
    }
    endpoint
}

fn body(endpoint: &Endpoint, request: &Request) -> Value {
    connect(endpoint.clone()).unwrap().body(request)
}

async fn ask(endpoint: &Endpoint, request: &Request, answer: Vec<u8>) -> Result<Reply, ModelError> {
    let server = Server::answering(vec![answer]);
    let endpoint = Endpoint { base_url: server.url.clone(), ..endpoint.clone() };
    let outcome =
        connect(endpoint.clone()).unwrap().ask(&crate::support::clean(request.clone())).await;
    let seen = server.seen();
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].body, body(&endpoint, request).to_string(), "`body` is what `ask` sends");
    // Ports differ from run to run.
    outcome.map_err(|error| match error {
        ModelError::Refused { status, message } => {
            ModelError::Refused { status, message: message.replace(&server.url, "http://host") }
        }
        error => error,
    })
}

fn told(error: &ModelError) -> String {
    let wait = match error {
        ModelError::Busy { retry_after: Some(wait), .. } => format!("retry after {wait:?}\n"),
        _ => String::new(),
    };
    format!("{error}\n{wait}")
}

fn pretty(value: &Value) -> String {
    format!("{value:#}\n")
}

fn fences(page: &str) -> Vec<Fence> {
    let mut fences = Vec::new();
    let mut open: Option<(Vec<String>, usize)> = None;
    let mut at = 0;
    for line in page.split_inclusive('\n') {
        let end = at + line.len();
        if let Some(words) = line.strip_prefix("```") {
            open = match open.take() {
                None => Some((words.split_whitespace().map(str::to_owned).collect(), end)),
                Some((words, start)) => {
                    fences.push(Fence { words, span: start..at });
                    None
                }
            };
        }
        at = end;
    }
    fences
}
