//! `anthropic`: the Messages API.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::model::failure::Failure;
use crate::model::providers::{Listen, Wire, input_of, json, object_of, tell_apart};
use crate::model::settings::{Dialect, Efforts};
use crate::model::sse::Event;
use crate::model::{Block, Message, Reply, Request, Role, Stop, Usage};

pub(super) const WIRE: Wire = Wire {
    name: "anthropic",
    path: "messages",
    key_header: "x-api-key",
    headers: &[("anthropic-version", "2023-06-01")],
    body,
    listen: || Box::<Listener>::default(),
    amend,
};

fn body(request: &Request, dialect: &Dialect) -> Value {
    let mut body = Map::new();
    body.insert("model".to_owned(), json!(request.model));
    body.insert("max_tokens".to_owned(), json!(request.max_tokens));
    body.insert("stream".to_owned(), json!(true));
    let levels = dialect.efforts(&request.model) == Efforts::Levels;
    if let Some(effort) = request.effort.filter(|_| levels) {
        body.insert("output_config".to_owned(), json!({ "effort": effort }));
    }
    let mut tools: Vec<Value> = request
        .tools
        .iter()
        .map(|tool| {
            json!({
                "name": tool.name,
                "description": tool.description,
                "input_schema": tool.input,
            })
        })
        .collect();
    if mark(&mut tools) {
        body.insert("tools".to_owned(), json!(tools));
    }
    let mut system: Vec<Value> =
        request.system.iter().filter(|text| !text.trim().is_empty()).map(text_block).collect();
    if mark(&mut system) {
        body.insert("system".to_owned(), json!(system));
    }
    body.insert("messages".to_owned(), json!(messages(&request.messages)));
    Value::Object(body)
}

/// Writes the conversation with its two moving breakpoints: at its end, and where the request
/// before this one ended. A service looks back only 20 blocks from a breakpoint for what it has
/// cached, and one turn with many calls is longer than that.
fn messages(messages: &[Message]) -> Vec<Value> {
    let last = messages.len().checked_sub(1);
    let reply = messages.iter().rposition(|message| message.role == Role::Assistant);
    let before = reply.and_then(|at| at.checked_sub(1));
    messages
        .iter()
        .enumerate()
        .filter_map(|(index, message)| {
            let mut content = content(message);
            if content.is_empty() {
                return None;
            }
            if Some(index) == last || Some(index) == before {
                mark(&mut content);
            }
            Some(json!({ "role": message.role, "content": content }))
        })
        .collect()
}

fn content(message: &Message) -> Vec<Value> {
    // Results come first: the service wants them right behind their calls.
    let (results, others): (Vec<&Block>, Vec<&Block>) =
        message.blocks.iter().partition(|block| matches!(block, Block::Result { .. }));
    results
        .into_iter()
        .chain(others)
        .filter_map(|block| match block {
            Block::Text(text) if text.trim().is_empty() => None,
            Block::Text(text) => Some(text_block(text)),
            Block::Thinking(value) => Some(value.clone()),
            Block::Call { id, name, input } => Some(json!({
                "type": "tool_use",
                "id": id,
                "name": name,
                "input": object_of(input),
            })),
            Block::Result { id, text, error } => {
                let mut block =
                    json!({ "type": "tool_result", "tool_use_id": id, "content": text });
                if *error {
                    block["is_error"] = json!(true);
                }
                Some(block)
            }
        })
        .collect()
}

fn text_block(text: &String) -> Value {
    json!({ "type": "text", "text": text })
}

/// Sets a breakpoint on the last block that can carry one. Returns whether there is any block.
fn mark(blocks: &mut [Value]) -> bool {
    let carries = |block: &&mut Value| !matches!(kind(block), "thinking" | "redacted_thinking");
    if let Some(block) = blocks.iter_mut().rev().find(carries) {
        block["cache_control"] = json!({ "type": "ephemeral" });
    }
    !blocks.is_empty()
}

fn kind(value: &Value) -> &str {
    value["type"].as_str().unwrap_or_default()
}

/// Leaves thinking out where the service no longer accepts it: it is bound to the system text and
/// tools it was thought under, and a stage that forks a conversation brings its own tools.
fn amend(request: &Request, failure: &Failure) -> Option<Request> {
    let message = failure.message.to_lowercase();
    if failure.status != 400 || !message.contains("thinking") || !message.contains("block") {
        return None;
    }
    let mut amended = request.clone();
    for message in &mut amended.messages {
        message.blocks.retain(|block| !matches!(block, Block::Thinking(_)));
    }
    (amended != *request).then_some(amended)
}

#[derive(Default)]
struct Listener {
    blocks: BTreeMap<u64, Open>,
    stop: Option<Stop>,
    usage: Option<Usage>,
    whole: bool,
}

/// A block that is being sent.
struct Open {
    start: Value,
    json: String,
    ended: bool,
}

impl Listen for Listener {
    fn take(&mut self, event: &Event) -> Result<bool, Failure> {
        let value = json(event)?;
        let name = if kind(&value).is_empty() { event.name.as_str() } else { kind(&value) };
        match name {
            "message_start" if self.blocks.is_empty() => self.count(&value["message"]["usage"]),
            "message_start" => return Err(damaged("a second message begins in the first")),
            "content_block_start" => {
                let (start, json) = (value["content_block"].clone(), String::new());
                let open = Open { start, json, ended: false };
                if self.blocks.insert(index(&value)?, open).is_some() {
                    return Err(damaged("a block begins twice"));
                }
            }
            "content_block_delta" => self.open(&value)?.grow(&value["delta"]),
            "content_block_stop" => self.open(&value)?.ended = true,
            "message_delta" => {
                self.count(&value["usage"]);
                if let Some(reason) = value["delta"]["stop_reason"].as_str() {
                    self.stop = Some(stop(reason));
                }
            }
            "message_stop" => self.whole = true,
            "error" => {
                return Err(Failure::of_event(&value).unwrap_or_else(|| Failure {
                    status: 500,
                    ..Failure::broken(event.data.clone())
                }));
            }
            // `ping`, and what is not known yet.
            _ => {}
        }
        Ok(self.whole)
    }

    fn reply(self: Box<Self>) -> Result<Reply, Failure> {
        let missing = |what: &str| Failure::broken(format!("the stream ended before {what}"));
        if !self.whole {
            return Err(missing("the message did"));
        }
        if self.blocks.values().any(|block| !block.ended) {
            return Err(missing("a block did"));
        }
        let stop = self.stop.ok_or_else(|| missing("a stop reason came"))?;
        let mut blocks: Vec<Block> = self.blocks.into_values().filter_map(Open::close).collect();
        tell_apart(&mut blocks);
        Ok(Reply { blocks, stop, usage: self.usage })
    }
}

impl Listener {
    fn open(&mut self, value: &Value) -> Result<&mut Open, Failure> {
        let open = self.blocks.get_mut(&index(value)?).filter(|block| !block.ended);
        open.ok_or_else(|| damaged("it goes on with a block that is not open"))
    }

    /// Takes counts, which only ever grow: some gateways send real ones first and zeros last,
    /// others the other way round.
    fn count(&mut self, usage: &Value) {
        let number = |key: &str| usage[key].as_u64();
        let mut told = self.usage.unwrap_or_default();
        let counts = [
            (&mut told.input, "input_tokens"),
            (&mut told.cache_read, "cache_read_input_tokens"),
            (&mut told.cache_write, "cache_creation_input_tokens"),
            (&mut told.output, "output_tokens"),
        ];
        let mut any = false;
        for (count, key) in counts {
            if let Some(number) = number(key) {
                *count = (*count).max(number);
                any = true;
            }
        }
        if any {
            self.usage = Some(told);
        }
    }
}

impl Open {
    fn grow(&mut self, delta: &Value) {
        let text = |key: &str| delta[key].as_str().unwrap_or_default();
        match kind(delta) {
            "text_delta" => self.append("text", text("text")),
            "thinking_delta" => self.append("thinking", text("thinking")),
            "signature_delta" => self.start["signature"] = json!(text("signature")),
            "input_json_delta" => self.json.push_str(text("partial_json")),
            // Citations, and what is not known yet.
            _ => {}
        }
    }

    fn append(&mut self, key: &str, text: &str) {
        if let Value::String(whole) = &mut self.start[key] {
            whole.push_str(text);
        } else {
            self.start[key] = json!(text);
        }
    }

    fn close(self) -> Option<Block> {
        let text = |key: &str| self.start[key].as_str().unwrap_or_default().to_owned();
        match kind(&self.start) {
            "text" => Some(text("text")).filter(|text| !text.is_empty()).map(Block::Text),
            "tool_use" => {
                let whole = self.json.is_empty() && self.start["input"].is_object();
                let input = if whole { self.start["input"].clone() } else { input_of(&self.json) };
                Some(Block::Call { id: text("id"), name: text("name"), input })
            }
            "thinking" | "redacted_thinking" => Some(Block::Thinking(self.start)),
            _ => None,
        }
    }
}

fn index(value: &Value) -> Result<u64, Failure> {
    let index = value["index"].as_u64();
    index.ok_or_else(|| damaged("a block has no index"))
}

fn damaged(what: &str) -> Failure {
    Failure::broken(format!("the stream is damaged: {what}"))
}

fn stop(reason: &str) -> Stop {
    match reason {
        "max_tokens" | "model_context_window_exceeded" => Stop::Length,
        "refusal" => Stop::Refusal,
        // `end_turn`, `tool_use`, `stop_sequence`; `pause_turn` just goes on in the next turn.
        _ => Stop::Done,
    }
}
