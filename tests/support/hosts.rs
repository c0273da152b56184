//! A server of this machine that stands in for every host: pages of docs, servers of tools, and a
//! model.

use std::collections::{BTreeMap, VecDeque};
use std::io::Write as _;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::http::{Asked, receive, whole};
use crate::support::tools::ToolServer;

/// A server that lives as long as the tests do.
#[derive(Clone)]
pub(crate) struct Hosts {
    /// Where it is.
    pub(crate) address: SocketAddr,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    pages: BTreeMap<String, String>,
    servers: BTreeMap<String, ToolServer>,
    replies: VecDeque<Value>,
    asked: Vec<String>,
    at_once: usize,
    most_at_once: usize,
}

impl Hosts {
    /// Starts a server that knows no address yet.
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let hosts = Hosts { address, state: Arc::default() };
        let served = hosts.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let served = served.clone();
                std::thread::spawn(move || served.serve(stream));
            }
        });
        hosts
    }

    /// Answers an address with an HTTP answer as it is written: status, headers, an empty line and
    /// a body. `silence` answers nothing, for long.
    pub(crate) fn page(&self, url: &str, answer: &str) {
        self.state().pages.insert(bare(url), answer.to_owned());
    }

    /// Lets a server of tools answer an address.
    pub(crate) fn tools(&self, url: &str, server: ToolServer) {
        self.state().servers.insert(bare(url), server);
    }

    /// Adds a reply of the model: what it calls `done` with, what it says where that is a text, or
    /// `{call, input}` of another tool.
    pub(crate) fn reply(&self, reply: Value) {
        self.state().replies.push_back(reply);
    }

    /// Returns the addresses that were asked, in order.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.state().asked.clone()
    }

    /// Returns how many requests were under way at once, at most.
    pub(crate) fn most_at_once(&self) -> usize {
        self.state().most_at_once
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    fn serve(&self, mut stream: TcpStream) {
        let Some(asked) = receive(&mut stream) else { return };
        {
            let mut state = self.state();
            state.asked.push(asked.address.clone());
            state.at_once += 1;
            state.most_at_once = state.most_at_once.max(state.at_once);
        }
        let answer = self.answer(&asked);
        self.state().at_once -= 1;
        // Whoever asked may be gone already.
        drop(stream.write_all(&answer));
    }

    fn answer(&self, asked: &Asked) -> Vec<u8> {
        let page = self.state().pages.get(&asked.address).cloned();
        if page.as_deref() == Some("silence") {
            std::thread::sleep(Duration::from_secs(5));
            return Vec::new();
        }
        if let Some(page) = page {
            // Long enough for others to arrive.
            std::thread::sleep(Duration::from_millis(20));
            let (head, body) = page.split_once("\n\n").unwrap_or((page.trim_end(), ""));
            let tag = head.lines().find_map(|line| line.strip_prefix("ETag: "));
            let known = asked.headers.get("if-none-match");
            if tag.is_some() && tag == known.map(String::as_str) {
                return whole("HTTP/1.1 304 Not Modified", "");
            }
            return whole(head, body);
        }
        if let Some(server) = self.state().servers.get_mut(&asked.address) {
            return server.answer(asked);
        }
        if asked.address.ends_with("/v1/messages") {
            return match self.state().replies.pop_front() {
                Some(reply) => {
                    whole("HTTP/1.1 200 OK\nContent-Type: text/event-stream", &stream_of(&reply))
                }
                None => whole("HTTP/1.1 400 Bad Request", "there is no reply left"),
            };
        }
        whole("HTTP/1.1 404 Not Found\nContent-Type: text/plain", "there is nothing here")
    }
}

fn bare(url: &str) -> String {
    url.trim_start_matches("https://").trim_start_matches("http://").to_owned()
}

/// Writes a reply of the model as its service streams it.
fn stream_of(reply: &Value) -> String {
    let (start, delta) = match reply {
        Value::String(text) => {
            (json!({ "type": "text", "text": "" }), json!({ "type": "text_delta", "text": text }))
        }
        Value::Object(fields) if fields.contains_key("call") => (
            json!({ "type": "tool_use", "id": format!("toolu_{}", fields["call"].as_str().unwrap()),
                "name": fields["call"], "input": {} }),
            json!({ "type": "input_json_delta", "partial_json": fields["input"].to_string() }),
        ),
        input => (
            json!({ "type": "tool_use", "id": "toolu_1", "name": "done", "input": {} }),
            json!({ "type": "input_json_delta", "partial_json": input.to_string() }),
        ),
    };
    let events = [
        json!({ "type": "message_start", "message": { "usage": { "input_tokens": 2_000 } } }),
        json!({ "type": "content_block_start", "index": 0, "content_block": start }),
        json!({ "type": "content_block_delta", "index": 0, "delta": delta }),
        json!({ "type": "content_block_stop", "index": 0 }),
        json!({
            "type": "message_delta",
            "delta": { "stop_reason": "end_turn" },
            "usage": { "output_tokens": 200 },
        }),
        json!({ "type": "message_stop" }),
    ];
    events.iter().map(|event| format!("data: {event}\n\n")).collect()
}
