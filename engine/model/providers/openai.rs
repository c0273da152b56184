//! `openai`: Chat Completions, as the service of that name and many compatible ones speak it.

use serde_json::{Map, Value, json};

use crate::model::failure::Failure;
use crate::model::providers::{Listen, Wire, input_of, json, object_of, tell_apart};
use crate::model::settings::{Dialect, Efforts};
use crate::model::sse::Event;
use crate::model::{Block, Message, Reply, Request, Role, Stop, Usage};

pub(super) const WIRE: Wire = Wire {
    name: "openai",
    path: "chat/completions",
    key_header: "authorization",
    headers: &[],
    body,
    listen: || Box::<Listener>::default(),
    amend: |_, _| None,
};

/// What stands before the text of a result that is a refusal or a failure: this wire has no mark.
const FAILED: &str = "[error] ";

fn body(request: &Request, dialect: &Dialect) -> Value {
    let mut body = Map::new();
    body.insert("model".to_owned(), json!(request.model));
    body.insert(dialect.max_tokens_key.clone(), json!(request.max_tokens));
    body.insert("stream".to_owned(), json!(true));
    body.insert("stream_options".to_owned(), json!({ "include_usage": true }));
    let effort = match dialect.efforts(&request.model) {
        Efforts::Levels => request.effort.map(|effort| json!(effort)),
        Efforts::NoneWithTools if !request.tools.is_empty() => Some(json!("none")),
        Efforts::NoneWithTools => request.effort.map(|effort| json!(effort)),
        Efforts::Never => None,
    };
    if let Some(effort) = effort {
        body.insert("reasoning_effort".to_owned(), effort);
    }
    if !request.tools.is_empty() {
        let tools = request.tools.iter().map(|tool| {
            let function = json!({
                "name": tool.name,
                "description": tool.description,
                "parameters": tool.input,
            });
            json!({ "type": "function", "function": function })
        });
        body.insert("tools".to_owned(), tools.collect());
    }
    let mut messages = Vec::new();
    let system = joined(request.system.iter());
    if !system.is_empty() {
        messages.push(json!({ "role": "system", "content": system }));
    }
    for message in &request.messages {
        match message.role {
            Role::User => user(message, &mut messages),
            Role::Assistant => messages.extend(assistant(message)),
        }
    }
    body.insert("messages".to_owned(), json!(messages));
    Value::Object(body)
}

/// Writes results, each as a message, and then what is said beside them.
fn user(message: &Message, messages: &mut Vec<Value>) {
    for block in &message.blocks {
        if let Block::Result { id, text, error } = block {
            let content = if *error { format!("{FAILED}{text}") } else { text.clone() };
            messages.push(json!({ "role": "tool", "tool_call_id": id, "content": content }));
        }
    }
    let text = joined(texts(message));
    if !text.is_empty() {
        messages.push(json!({ "role": "user", "content": text }));
    }
}

fn assistant(message: &Message) -> Option<Value> {
    let calls: Vec<Value> = message
        .blocks
        .iter()
        .filter_map(|block| match block {
            Block::Call { id, name, input } => {
                let arguments = object_of(input).to_string();
                let function = json!({ "name": name, "arguments": arguments });
                Some(json!({ "id": id, "type": "function", "function": function }))
            }
            _ => None,
        })
        .collect();
    let text = joined(texts(message));
    if calls.is_empty() {
        return (!text.is_empty()).then(|| json!({ "role": "assistant", "content": text }));
    }
    let content = if text.is_empty() { Value::Null } else { json!(text) };
    Some(json!({ "role": "assistant", "content": content, "tool_calls": calls }))
}

fn texts(message: &Message) -> impl Iterator<Item = &String> {
    message.blocks.iter().filter_map(|block| match block {
        Block::Text(text) => Some(text),
        _ => None,
    })
}

fn joined<'a>(texts: impl Iterator<Item = &'a String>) -> String {
    let texts: Vec<&str> =
        texts.map(String::as_str).filter(|text| !text.trim().is_empty()).collect();
    texts.join("\n\n")
}

#[derive(Default)]
struct Listener {
    text: String,
    calls: Vec<Call>,
    stop: Option<Stop>,
    refused: bool,
    usage: Option<Usage>,
}

/// A call that is being sent.
struct Call {
    index: Option<u64>,
    id: String,
    name: String,
    arguments: String,
}

impl Listen for Listener {
    fn take(&mut self, event: &Event) -> Result<bool, Failure> {
        if event.data.trim() == "[DONE]" {
            return Ok(true);
        }
        let value = json(event)?;
        if let Some(failure) = Failure::of_event(&value) {
            return Err(failure);
        }
        if let Some(usage) = usage(&value["usage"]) {
            self.usage = Some(usage);
        }
        let choices = value["choices"].as_array().map(Vec::as_slice).unwrap_or_default();
        for choice in choices.iter().filter(|choice| choice["index"].as_u64().unwrap_or(0) == 0) {
            let delta = &choice["delta"];
            if says(delta) {
                // What goes on has not ended, whatever was said before.
                self.stop = None;
            }
            self.text.push_str(delta["content"].as_str().unwrap_or_default());
            if let Some(refusal) = delta["refusal"].as_str().filter(|text| !text.is_empty()) {
                self.text.push_str(refusal);
                self.refused = true;
            }
            for call in delta["tool_calls"].as_array().into_iter().flatten() {
                self.call(call);
            }
            if let Some(reason) = choice["finish_reason"].as_str().filter(|it| !it.is_empty()) {
                self.stop = Some(stop(reason));
            }
        }
        Ok(false)
    }

    fn reply(self: Box<Self>) -> Result<Reply, Failure> {
        // `[DONE]` alone does not count: gateways send it after a stream that broke behind them.
        let stop = self.stop.ok_or_else(|| {
            Failure::broken("the stream ended before the message did: no finish reason came")
        })?;
        let stop = if self.refused { Stop::Refusal } else { stop };
        let mut blocks = Vec::new();
        if !self.text.is_empty() {
            blocks.push(Block::Text(self.text));
        }
        blocks.extend(self.calls.into_iter().map(|call| Block::Call {
            id: call.id,
            name: call.name,
            input: input_of(&call.arguments),
        }));
        tell_apart(&mut blocks);
        Ok(Reply { blocks, stop, usage: self.usage })
    }
}

impl Listener {
    /// Takes a piece of a call. Pieces belong together by index; a new id under an index that
    /// was there already is a further call of a server that does not count.
    fn call(&mut self, delta: &Value) {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let (index, id) = (delta["index"].as_u64(), text(&delta["id"]));
        let fits = |call: &&mut Call| {
            (index.is_none() || call.index == index)
                && (id.is_empty() || call.id.is_empty() || call.id == id)
        };
        let function = &delta["function"];
        let name = text(&function["name"]);
        let arguments = match &function["arguments"] {
            whole @ Value::Object(_) => whole.to_string(),
            piece => text(piece),
        };
        let open = self.calls.iter_mut().rev().find(fits);
        // Without index and id only a name tells where a call begins.
        let open = open.filter(|_| index.is_some() || !id.is_empty() || name.is_empty());
        match open {
            Some(call) => {
                if call.id.is_empty() {
                    call.id = id;
                }
                if call.name != name {
                    call.name.push_str(&name);
                }
                call.arguments.push_str(&arguments);
            }
            None => self.calls.push(Call { index, id, name, arguments }),
        }
    }
}

/// Whether a piece of a message adds to it.
fn says(delta: &Value) -> bool {
    let said = |value: &Value| match value {
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        _ => false,
    };
    ["content", "refusal", "tool_calls"].iter().any(|key| said(&delta[*key]))
}

fn usage(value: &Value) -> Option<Usage> {
    let number = |value: &Value| value.as_u64().unwrap_or_default();
    let sent = value["prompt_tokens"].as_u64()?;
    let details = &value["prompt_tokens_details"];
    let cache_read = number(&details["cached_tokens"]).min(sent);
    let cache_write = number(&details["cache_write_tokens"]).min(sent - cache_read);
    Some(Usage {
        input: sent - cache_read - cache_write,
        cache_read,
        cache_write,
        output: number(&value["completion_tokens"]),
    })
}

fn stop(reason: &str) -> Stop {
    match reason {
        "length" => Stop::Length,
        "content_filter" => Stop::Refusal,
        // `stop`, `tool_calls`, and the words that compatible servers have for them.
        _ => Stop::Done,
    }
}
