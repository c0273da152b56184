//! Speaks with a server of tools, by the Model Context Protocol over HTTP.
//!
//! The protocol has two eras: since 2026-07-28 a request says everything about itself, before that
//! a handshake opens a session. A server is asked in the new way first, and in the old way where it
//! does not know that.

use std::collections::BTreeMap;
use std::time::Duration;

use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, LOCATION};
use reqwest::{Client, Response, StatusCode, Url};
use serde_json::{Map, Value, json};

use crate::lint::answers::Silent;
use crate::model::sse::Parser;
use crate::reference::Dial;
use crate::reference::dial::cause;
use crate::source::visible;

/// The revision in which a request says everything about itself.
const MODERN: &str = "2026-07-28";

/// The last revision with a handshake.
const LEGACY: &str = "2025-11-25";

/// The error by which a server says that it does not speak a revision.
const UNSUPPORTED: i64 = -32022;

/// The errors that only servers of the new era give.
const MODERN_ERRORS: std::ops::RangeInclusive<i64> = -32099..=-32020;

/// The most bytes of one answer.
const MAX_BYTES: usize = 4 * 1024 * 1024;

/// The most bytes of the answer to a call.
const MAX_CALLED: usize = 1024 * 1024;

/// The most pages of a list of tools.
const MAX_PAGES: usize = 50;

/// The most characters of a tool's name, and of a server's words.
const MAX_WORDS: usize = 200;

/// How long the farewell to a server may take.
const FAREWELL: Duration = Duration::from_secs(1);

const SESSION: &str = "mcp-session-id";
const VERSION: &str = "mcp-protocol-version";
const METHOD: &str = "mcp-method";

/// Returns the names of a server's tools.
pub(super) async fn tools(url: &Url, dial: &Dial, limit: Duration) -> Result<Vec<String>, Silent> {
    let mut talk = Talk::open(url, dial, &BTreeMap::new()).map_err(Silent::Unreached)?;
    let listed = tokio::time::timeout(limit, async {
        let listed = talk.definitions().await;
        talk.close().await;
        listed
    });
    match listed.await {
        Ok(Ok(tools)) => {
            Ok(tools.iter().filter_map(|tool| tool["name"].as_str()).map(plain).collect())
        }
        Ok(Err(Refusal::Locked(reason))) => Err(Silent::Locked(reason)),
        Ok(Err(Refusal::Down(reason) | Refusal::Strange(reason))) => Err(Silent::Unreached(reason)),
        Ok(Err(Refusal::Said { message, .. })) => {
            Err(Silent::Unreached(format!("it says `{message}`")))
        }
        Err(_) => Err(Silent::Unreached(format!("it has not answered within {limit:?}"))),
    }
}

/// A conversation with one server.
pub(super) struct Talk {
    client: Client,
    url: Url,
    /// What opens it.
    credentials: HeaderMap,
    /// The most bytes of one answer.
    most: usize,
    /// The revision that is spoken.
    version: String,
    /// Whether a request says everything about itself.
    modern: bool,
    /// The session that a server of the old era opened.
    session: Option<HeaderValue>,
    /// Requests that were sent.
    sent: u64,
}

/// Why a server did not do what it was asked.
pub(super) enum Refusal {
    /// It wants credentials.
    Locked(String),
    /// It cannot be reached.
    Down(String),
    /// It answers with an error of the protocol.
    Said { code: i64, message: String, supported: Vec<String> },
    /// It answers otherwise than the protocol has it.
    Strange(String),
}

impl Talk {
    /// Begins one; nothing is sent yet.
    pub(super) fn open(
        url: &Url,
        dial: &Dial,
        headers: &BTreeMap<String, String>,
    ) -> Result<Self, String> {
        let mut credentials = HeaderMap::new();
        for (name, value) in headers {
            let read = HeaderName::from_bytes(name.as_bytes());
            let read = read.map_err(|_| format!("`{name}` is no name of a header"))?;
            let value = HeaderValue::from_str(value);
            let mut value = value.map_err(|_| format!("the header `{name}` cannot be sent"))?;
            value.set_sensitive(true);
            credentials.insert(read, value);
        }
        Ok(Talk {
            client: dial.client()?.clone(),
            url: dial.target(url),
            credentials,
            most: MAX_BYTES,
            version: MODERN.to_owned(),
            modern: true,
            session: None,
            sent: 0,
        })
    }

    /// Calls a tool, once.
    pub(super) async fn call(&mut self, name: &str, arguments: &Value) -> Result<Value, Refusal> {
        self.most = MAX_CALLED;
        self.request("tools/call", json!({ "name": name, "arguments": arguments })).await
    }

    /// Lists the tools, each as the server describes it.
    pub(super) async fn definitions(&mut self) -> Result<Vec<Value>, Refusal> {
        match self.list().await {
            Err(Refusal::Said { code: UNSUPPORTED, supported, .. })
                if !supported.iter().any(|version| version.as_str() <= LEGACY) =>
            {
                let versions = supported.join(", ");
                Err(Refusal::Strange(format!("it speaks revisions unknown here: {versions}")))
            }
            Err(Refusal::Said { code, .. })
                if code == UNSUPPORTED || !MODERN_ERRORS.contains(&code) =>
            {
                self.tools_of_a_session().await
            }
            Err(Refusal::Strange(_)) => self.tools_of_a_session().await,
            other => other,
        }
    }

    /// Lists the tools as servers with a handshake have it.
    async fn tools_of_a_session(&mut self) -> Result<Vec<Value>, Refusal> {
        self.modern = false;
        let opened = self
            .request(
                "initialize",
                json!({
                    "protocolVersion": LEGACY,
                    "capabilities": {},
                    "clientInfo": client_info(),
                }),
            )
            .await?;
        if let Some(version) = opened["protocolVersion"].as_str() {
            version.clone_into(&mut self.version);
        }
        let ready = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
        self.post("notifications/initialized", &ready).await?;
        self.list().await
    }

    /// Asks for one page of tools after the other.
    async fn list(&mut self) -> Result<Vec<Value>, Refusal> {
        let mut all = Vec::new();
        let mut cursor: Option<String> = None;
        for _ in 0..MAX_PAGES {
            let params = match &cursor {
                Some(cursor) => json!({ "cursor": cursor }),
                None => json!({}),
            };
            let page = self.request("tools/list", params).await?;
            let tools = page["tools"].as_array();
            let tools = tools.ok_or_else(|| Refusal::Strange("it lists no tools".to_owned()))?;
            all.extend(tools.iter().cloned());
            let next = page["nextCursor"].as_str().map(str::to_owned);
            if next.is_none() || next == cursor {
                return Ok(all);
            }
            cursor = next;
        }
        Err(Refusal::Strange(format!("its list of tools has more than {MAX_PAGES} pages")))
    }

    /// Sends a request and returns its result.
    async fn request(&mut self, method: &str, mut params: Value) -> Result<Value, Refusal> {
        self.sent += 1;
        if self.modern {
            params["_meta"] = json!({
                "io.modelcontextprotocol/protocolVersion": MODERN,
                "io.modelcontextprotocol/clientInfo": client_info(),
                "io.modelcontextprotocol/clientCapabilities": {},
            });
        }
        let message =
            json!({ "jsonrpc": "2.0", "id": self.sent, "method": method, "params": params });
        let response = self.post(method, &message).await?;
        let status = response.status();
        let answer = self.answer(response).await?;
        if let Some(result) = answer.get("result") {
            return Ok(result.clone());
        }
        if !answer["error"].is_object() {
            return Err(Refusal::Strange(format!("it answers {status}")));
        }
        let error = &answer["error"];
        let supported = error["data"]["supported"].as_array().into_iter().flatten();
        Err(Refusal::Said {
            code: error["code"].as_i64().unwrap_or_default(),
            message: plain(error["message"].as_str().unwrap_or("an error without words")),
            supported: supported.filter_map(Value::as_str).map(plain).collect(),
        })
    }

    /// Sends a message, and returns what the server answers when it lets us in.
    async fn post(&mut self, method: &str, message: &Value) -> Result<Response, Refusal> {
        let request = self
            .client
            .post(self.url.clone())
            .headers(self.headers(method))
            .body(message.to_string())
            .send();
        let response = request.await.map_err(|error| Refusal::Down(cause(&error)))?;
        let status = response.status();
        if matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
            return Err(Refusal::Locked(format!("it answers {status}")));
        }
        if status.is_redirection() {
            let to = response.headers().get(LOCATION).and_then(|to| to.to_str().ok());
            let to = plain(to.unwrap_or("somewhere else"));
            return Err(Refusal::Strange(format!("it redirects to `{to}`")));
        }
        if method == "initialize" {
            self.session = response.headers().get(SESSION).cloned();
        }
        Ok(response)
    }

    fn headers(&self, method: &str) -> HeaderMap {
        let mut headers = self.credentials.clone();
        let types = HeaderValue::from_static("application/json, text/event-stream");
        headers.insert(ACCEPT, types);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Ok(version) = HeaderValue::from_str(&self.version)
            && method != "initialize"
        {
            headers.insert(VERSION, version);
        }
        if let Ok(method) = HeaderValue::from_str(method)
            && self.modern
        {
            headers.insert(METHOD, method);
        }
        if let Some(session) = &self.session {
            headers.insert(SESSION, session.clone());
        }
        headers
    }

    /// Reads the answer to the last request: one JSON object, or the one of a stream of events
    /// that belongs to it.
    async fn answer(&self, mut response: Response) -> Result<Value, Refusal> {
        let kind = response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let streams = kind.is_some_and(|kind| kind.trim_start().starts_with("text/event-stream"));
        let status = response.status();
        let mut parser = Parser::default();
        let mut bytes = Vec::new();
        let mut read = 0;
        loop {
            let chunk = response.chunk().await.map_err(|error| Refusal::Down(cause(&error)))?;
            let Some(chunk) = chunk else { break };
            read += chunk.len();
            if read > self.most {
                let most = self.most / 1024 / 1024;
                return Err(Refusal::Strange(format!("its answer is larger than {most} MiB")));
            }
            if !streams {
                bytes.extend_from_slice(&chunk);
                continue;
            }
            parser.push(&chunk).map_err(|damage| Refusal::Strange(damage.to_string()))?;
            while let Some(event) = parser.next() {
                if let Some(answer) = self.own(&event.data) {
                    return Ok(answer);
                }
            }
        }
        let answer = self.own(&String::from_utf8_lossy(&bytes));
        answer.ok_or_else(|| {
            Refusal::Strange(if status.is_success() {
                "it does not answer as a server of tools does".to_owned()
            } else {
                format!("it answers {status}")
            })
        })
    }

    /// Returns the message of a text that answers the last request. An error may name no request.
    fn own(&self, text: &str) -> Option<Value> {
        let message: Value = serde_json::from_str(text).ok()?;
        let messages = match message {
            Value::Array(messages) => messages,
            message => vec![message],
        };
        let sent = json!(self.sent);
        messages.into_iter().find(|message| {
            let answers = message.get("result").is_some() && message["id"] == sent;
            let fails = message["error"].is_object()
                && (message["id"] == sent || message.get("id").is_none_or(Value::is_null));
            answers || fails
        })
    }

    /// Lets the server forget the session. That it does not is no concern of ours.
    async fn close(&mut self) {
        if self.session.is_some() {
            let farewell = self.client.delete(self.url.clone()).headers(self.headers("")).send();
            let _ = tokio::time::timeout(FAREWELL, farewell).await;
        }
    }
}

fn client_info() -> Map<String, Value> {
    let info = [("name", "wizard"), ("version", env!("CARGO_PKG_VERSION"))];
    info.into_iter().map(|(key, value)| (key.to_owned(), json!(value))).collect()
}

/// Returns a server's words on one short line.
fn plain(words: &str) -> String {
    let words = visible(words).0;
    let line = words.split_whitespace().collect::<Vec<_>>().join(" ");
    line.chars().take(MAX_WORDS).collect()
}
