//! A reply as a service speaks it: the stream of either wire, in pieces of any length.

use serde_json::{Value, json};
use wizard::model::{Block, Stop};

/// How a reply is spoken.
#[derive(Debug, Clone)]
pub(crate) struct Speech {
    /// Characters of a piece.
    pub(crate) piece: usize,
    /// What ends a line.
    pub(crate) line: &'static str,
    /// Whether the service shows now and then that it is there.
    pub(crate) pings: bool,
    /// Tokens sent and received, as the service says; nothing where it does not.
    pub(crate) usage: Option<(Value, Value)>,
    /// Why it stops.
    pub(crate) stop: Stop,
}

impl Default for Speech {
    fn default() -> Self {
        Speech {
            piece: 24,
            line: "\n",
            pings: false,
            usage: Some((json!(2_000), json!(60))),
            stop: Stop::Done,
        }
    }
}

impl Speech {
    /// Returns the stream in which a wire says these blocks.
    pub(crate) fn say(&self, wire: &str, blocks: &[Block]) -> String {
        let events = match wire {
            "anthropic" => self.messages(blocks),
            _ => self.completions(blocks),
        };
        let mut text = String::new();
        for (number, event) in events.iter().enumerate() {
            if self.pings && number % 3 == 2 {
                text.push_str(match wire {
                    "anthropic" => "event: ping\ndata: {\"type\":\"ping\"}\n\n",
                    _ => ": still here\n\n",
                });
            }
            if let Some(kind) = event["type"].as_str().filter(|_| wire == "anthropic") {
                text.push_str(&format!("event: {kind}\n"));
            }
            let data = event.as_str().map_or(event.to_string(), str::to_owned);
            text.push_str(&format!("data: {data}\n\n"));
        }
        text.replace('\n', self.line)
    }

    fn pieces(&self, text: &str) -> Vec<String> {
        let characters: Vec<char> = text.chars().collect();
        characters.chunks(self.piece.max(1)).map(|piece| piece.iter().collect()).collect()
    }

    fn messages(&self, blocks: &[Block]) -> Vec<Value> {
        let mut start = json!({ "id": "msg_1", "role": "assistant", "content": [] });
        let mut end = json!({});
        if let Some((sent, received)) = &self.usage {
            start["usage"] = json!({ "input_tokens": sent, "output_tokens": 1 });
            end = json!({ "output_tokens": received });
        }
        let mut events = vec![json!({ "type": "message_start", "message": start })];
        for (index, block) in blocks.iter().enumerate() {
            let (empty, kind, key, text) = match block {
                Block::Text(text) => {
                    (json!({ "type": "text", "text": "" }), "text_delta", "text", text.clone())
                }
                Block::Thinking(value) => {
                    let text = value["thinking"].as_str().unwrap_or_default().to_owned();
                    let empty = json!({ "type": "thinking", "thinking": "", "signature": "" });
                    (empty, "thinking_delta", "thinking", text)
                }
                Block::Call { id, name, input } => {
                    let empty = json!({ "type": "tool_use", "id": id, "name": name, "input": {} });
                    (empty, "input_json_delta", "partial_json", arguments(input))
                }
                Block::Result { .. } => panic!("no model says a result"),
            };
            events.push(
                json!({ "type": "content_block_start", "index": index, "content_block": empty }),
            );
            let mut delta = |delta: Value| {
                events
                    .push(json!({ "type": "content_block_delta", "index": index, "delta": delta }));
            };
            for piece in self.pieces(&text) {
                delta(json!({ "type": kind, key: piece }));
            }
            if matches!(block, Block::Thinking(_)) {
                delta(json!({ "type": "signature_delta", "signature": "EqQBCgIYAhIM" }));
            }
            events.push(json!({ "type": "content_block_stop", "index": index }));
        }
        let called = blocks.iter().any(|block| matches!(block, Block::Call { .. }));
        let reason = match self.stop {
            Stop::Done if called => "tool_use",
            Stop::Done => "end_turn",
            Stop::Length => "max_tokens",
            Stop::Refusal => "refusal",
        };
        events.push(json!({
            "type": "message_delta", "delta": { "stop_reason": reason }, "usage": end,
        }));
        events.push(json!({ "type": "message_stop" }));
        events
    }

    fn completions(&self, blocks: &[Block]) -> Vec<Value> {
        let choice = |delta: Value, reason: Value| {
            let choice = json!({ "index": 0, "delta": delta, "finish_reason": reason });
            json!({ "id": "chatcmpl-1", "choices": [choice] })
        };
        let mut events = vec![choice(json!({ "role": "assistant", "content": "" }), Value::Null)];
        let mut index = 0;
        for block in blocks {
            match block {
                Block::Text(text) => events.extend(
                    self.pieces(text)
                        .into_iter()
                        .map(|piece| choice(json!({ "content": piece }), Value::Null)),
                ),
                Block::Call { id, name, input } => {
                    let function = json!({ "name": name, "arguments": "" });
                    let call = json!({ "index": index, "id": id, "type": "function", "function": function });
                    events.push(choice(json!({ "tool_calls": [call] }), Value::Null));
                    for piece in self.pieces(&arguments(input)) {
                        let call = json!({ "index": index, "function": { "arguments": piece } });
                        events.push(choice(json!({ "tool_calls": [call] }), Value::Null));
                    }
                    index += 1;
                }
                // What this wire has no word for.
                Block::Thinking(_) | Block::Result { .. } => {}
            }
        }
        let reason = match self.stop {
            Stop::Done if index > 0 => "tool_calls",
            Stop::Done => "stop",
            Stop::Length => "length",
            Stop::Refusal => "content_filter",
        };
        events.push(choice(json!({}), json!(reason)));
        if let Some((sent, received)) = &self.usage {
            let usage = json!({ "prompt_tokens": sent, "completion_tokens": received });
            events.push(json!({ "choices": [], "usage": usage }));
        }
        events.push(json!("[DONE]"));
        events
    }
}

/// What a call is given, as it goes over the wire: JSON, or the text where it is none.
fn arguments(input: &Value) -> String {
    input.as_str().map_or_else(|| input.to_string(), str::to_owned)
}
