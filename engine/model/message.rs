//! What is sent to a model and what comes back.

use std::ops::AddAssign;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::playbook::Effort;
use crate::redact::Texts;

/// Everything one turn sends. Built so that the prefix (system, tools) is byte-stable.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// The model's id at its service.
    pub model: String,
    /// The system text, in blocks; a cache breakpoint follows the last.
    pub system: Vec<String>,
    /// What the model may call, in a stable order.
    pub tools: Vec<ToolSpec>,
    /// The conversation. A cache breakpoint follows the last block, and moves with it.
    pub messages: Vec<Message>,
    /// The most tokens of the reply.
    pub max_tokens: u32,
    /// How hard the model should think, when the playbook says.
    pub effort: Option<Effort>,
    /// Where in the run this request stands: what a cassette is ordered by. Never sent.
    #[serde(skip)]
    pub turn: TurnId,
}

/// Where a request stands in a run.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TurnId {
    /// The stage's id; `retro` questions carry the stage's id and `retro: true`.
    pub stage: String,
    /// The item's index in a `for_each`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item: Option<usize>,
    /// The attempt, from 1: a failed check begins the next.
    pub attempt: u32,
    /// The turn, from 1, counted over the whole stage or item.
    pub turn: u32,
    /// It is the question after the end.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub retro: bool,
}

/// What the model sees of a tool.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ToolSpec {
    /// The word the model calls it by.
    pub name: String,
    /// What it does.
    pub description: String,
    /// The JSON Schema of its input.
    pub input: Value,
}

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// The engine.
    User,
    /// The model.
    Assistant,
}

/// One side's blocks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// Who speaks.
    pub role: Role,
    /// What is said, in order.
    pub blocks: Vec<Block>,
}

/// A piece of a message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Block {
    /// Prose.
    Text(String),
    /// The model's thinking, opaque, sent back as it came to the service it came from.
    Thinking(Value),
    /// The model calls a tool.
    Call {
        /// The call's id, which its result repeats.
        id: String,
        /// The tool's word.
        name: String,
        /// What it was given: an object, or a string where it was not JSON.
        input: Value,
    },
    /// What the tool answered.
    Result {
        /// The id of the call.
        id: String,
        /// The text the model reads.
        text: String,
        /// Whether it is a refusal or a failure.
        error: bool,
    },
}

/// A whole reply.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reply {
    /// What the model said and called, in order.
    pub blocks: Vec<Block>,
    /// Why it stopped.
    pub stop: Stop,
    /// What it cost in tokens. Absent where the service did not say.
    pub usage: Option<Usage>,
}

/// Why a reply ended.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Stop {
    /// The model is finished, or waits for the results of its calls.
    #[default]
    Done,
    /// It hit `max_tokens`: a call in it may be incomplete and is never performed.
    Length,
    /// The service refused to go on.
    Refusal,
}

/// Tokens of a turn, or of many.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
pub struct Usage {
    /// Sent, neither read from nor written to the cache.
    pub input: u64,
    /// Sent and read from the cache.
    pub cache_read: u64,
    /// Sent and written to the cache.
    pub cache_write: u64,
    /// Received.
    pub output: u64,
}

/// All that is said but a model's own thinking, which its service has signed.
impl Texts for Request {
    fn each_text(&mut self, mask: &mut dyn FnMut(&mut String)) {
        self.system.each_text(mask);
        for tool in &mut self.tools {
            mask(&mut tool.description);
            tool.input.each_text(mask);
        }
        for block in self.messages.iter_mut().flat_map(|message| &mut message.blocks) {
            match block {
                Block::Text(text) | Block::Result { text, .. } => mask(text),
                Block::Call { input, .. } => input.each_text(mask),
                Block::Thinking(_) => {}
            }
        }
    }
}

impl Usage {
    /// Returns all tokens sent.
    pub fn sent(self) -> u64 {
        self.input.saturating_add(self.cache_read).saturating_add(self.cache_write)
    }
}

impl AddAssign for Usage {
    fn add_assign(&mut self, other: Usage) {
        self.input = self.input.saturating_add(other.input);
        self.cache_read = self.cache_read.saturating_add(other.cache_read);
        self.cache_write = self.cache_write.saturating_add(other.cache_write);
        self.output = self.output.saturating_add(other.output);
    }
}

impl Message {
    /// Makes a message of the engine's.
    pub fn user(text: impl Into<String>) -> Self {
        Message { role: Role::User, blocks: vec![Block::Text(text.into())] }
    }
}

impl Reply {
    /// Returns the calls: id, name and input.
    pub fn calls(&self) -> impl Iterator<Item = (&str, &str, &Value)> {
        self.blocks.iter().filter_map(|block| match block {
            Block::Call { id, name, input } => Some((id.as_str(), name.as_str(), input)),
            _ => None,
        })
    }

    /// Returns the prose, joined by blank lines.
    pub fn text(&self) -> String {
        let texts: Vec<&str> = self
            .blocks
            .iter()
            .filter_map(|block| match block {
                Block::Text(text) if !text.trim().is_empty() => Some(text.as_str()),
                _ => None,
            })
            .collect();
        texts.join("\n\n")
    }
}
