//! A server of tools that holds its clients to the Model Context Protocol, in either of its eras.

use serde_json::{Value, json};

use crate::support::http::{Asked, whole};

/// How a server speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Era {
    /// With a handshake and a session, as until 2025-11-25.
    Session,
    /// With requests that say everything about themselves, as since 2026-07-28.
    Modern,
    /// As some revision after those.
    Later,
    /// Not at all without credentials.
    Locked,
}

/// A server of tools.
pub(crate) struct ToolServer {
    tools: Vec<Value>,
    era: Era,
    /// Whether it answers in streams of events.
    streams: bool,
    opened: bool,
    ready: bool,
}

/// Tools on one page of a list.
const ON_A_PAGE: usize = 2;

const SESSION: &str = "session-1";

impl ToolServer {
    /// Makes a server that has these tools.
    pub(crate) fn new(era: Era, streams: bool, tools: &[&str]) -> Self {
        let tools = tools.iter().map(|tool| json!(tool)).collect();
        ToolServer::of(era, streams, tools)
    }

    /// Makes a server that has these tools: a name each, or what the server says of one; `says`
    /// is what it answers when it is called.
    pub(crate) fn of(era: Era, streams: bool, tools: Vec<Value>) -> Self {
        let tools = tools.into_iter().map(|tool| match tool {
            Value::String(name) => json!({ "name": name, "inputSchema": { "type": "object" } }),
            tool => tool,
        });
        ToolServer { tools: tools.collect(), era, streams, opened: false, ready: false }
    }

    /// Answers one request.
    pub(crate) fn answer(&mut self, asked: &Asked) -> Vec<u8> {
        if self.era == Era::Locked {
            return whole("HTTP/1.1 401 Unauthorized\nWWW-Authenticate: Bearer", "");
        }
        if asked.method == "DELETE" && self.era == Era::Session {
            self.opened = false;
            return whole("HTTP/1.1 200 OK", "");
        }
        if asked.method != "POST" {
            return whole("HTTP/1.1 405 Method Not Allowed", "");
        }
        let message: Value = serde_json::from_str(&asked.body).unwrap_or_default();
        match self.refusal(asked, &message) {
            Some(refusal) => refusal,
            None => self.perform(&message),
        }
    }

    /// Says what is wrong with a request.
    fn refusal(&self, asked: &Asked, message: &Value) -> Option<Vec<u8>> {
        let bad = |code: i64, text: &str, data: &Value| {
            let id = &message["id"];
            let error = json!({ "code": code, "message": text, "data": data });
            let body = json!({ "jsonrpc": "2.0", "id": id, "error": error }).to_string();
            Some(whole("HTTP/1.1 400 Bad Request\nContent-Type: application/json", &body))
        };
        let header = |name: &str| asked.headers.get(name).map_or("", String::as_str);
        let accepts = header("accept");
        if !accepts.contains("application/json") || !accepts.contains("text/event-stream") {
            return Some(whole("HTTP/1.1 406 Not Acceptable", ""));
        }
        if header("content-type") != "application/json" || message["jsonrpc"] != "2.0" {
            return Some(whole("HTTP/1.1 415 Unsupported Media Type", ""));
        }
        let method = message["method"].as_str().unwrap_or_default();
        let version = header("mcp-protocol-version");
        match self.era {
            Era::Session if method == "initialize" => None,
            Era::Session if header("mcp-session-id") != SESSION || !self.opened => {
                bad(-32000, "Bad Request: Server not initialized", &Value::Null)
            }
            Era::Session if version != "2025-06-18" => {
                bad(-32000, "Bad Request: Unsupported protocol version", &Value::Null)
            }
            Era::Session if method == "tools/list" && !self.ready => {
                bad(-32600, "the client never said that it is ready", &Value::Null)
            }
            Era::Session | Era::Locked => None,
            Era::Modern | Era::Later => {
                let meta = &message["params"]["_meta"];
                let own = &meta["io.modelcontextprotocol/protocolVersion"];
                let known = if self.era == Era::Modern { "2026-07-28" } else { "2028-01-01" };
                if version != known {
                    return bad(
                        -32022,
                        "Unsupported protocol version",
                        &json!({ "supported": [known] }),
                    );
                }
                if *own != version || header("mcp-method") != method {
                    return bad(-32020, "the headers say something else", &Value::Null);
                }
                let complete = meta["io.modelcontextprotocol/clientCapabilities"].is_object();
                if complete { None } else { bad(-32602, "no capabilities", &Value::Null) }
            }
        }
    }

    fn perform(&mut self, message: &Value) -> Vec<u8> {
        let result = match message["method"].as_str().unwrap_or_default() {
            "initialize" => {
                self.opened = true;
                let server = json!({ "name": "shop", "version": "1" });
                json!({ "protocolVersion": "2025-06-18", "capabilities": {}, "serverInfo": server })
            }
            "notifications/initialized" => {
                self.ready = true;
                return whole("HTTP/1.1 202 Accepted", "");
            }
            "tools/list" => self.list(&message["params"]["cursor"]),
            "tools/call" => {
                let params = &message["params"];
                let tool = self.tools.iter().find(|tool| tool["name"] == params["name"]).unwrap();
                let text = match &tool["says"] {
                    Value::String(text) => text.clone(),
                    _ => format!("{} with {}", params["name"], params["arguments"]),
                };
                json!({ "content": [{ "type": "text", "text": text }], "isError": tool["fails"] == true })
            }
            other => panic!("nobody asks for `{other}`"),
        };
        let answer = json!({ "jsonrpc": "2.0", "id": message["id"], "result": result });
        let session = format!("Mcp-Session-Id: {SESSION}");
        if !self.streams {
            let head = format!("HTTP/1.1 200 OK\nContent-Type: application/json\n{session}");
            return whole(&head, &answer.to_string());
        }
        let note = json!({ "jsonrpc": "2.0", "method": "notifications/message", "params": {} });
        let ping = json!({ "jsonrpc": "2.0", "id": message["id"], "method": "ping" });
        let body = format!(
            ": keep-alive\n\nevent: message\ndata: {note}\n\ndata: {ping}\n\nevent: message\nid: 1\ndata: {answer}\n\n"
        );
        whole(&format!("HTTP/1.1 200 OK\nContent-Type: text/event-stream\n{session}"), &body)
    }

    fn list(&self, cursor: &Value) -> Value {
        let start: usize = cursor.as_str().map_or(0, |cursor| cursor.parse().unwrap());
        let end = (start + ON_A_PAGE).min(self.tools.len());
        let mut tools = self.tools[start..end].to_vec();
        for tool in &mut tools {
            tool.as_object_mut().unwrap().retain(|key, _| key != "says" && key != "fails");
        }
        let mut page = json!({ "tools": tools, "resultType": "complete" });
        if end < self.tools.len() {
            page["nextCursor"] = json!(end.to_string());
        }
        page
    }
}
