//! The wire formats: how a request looks on its way out, and its reply on the way in.

mod anthropic;
#[cfg(test)]
mod cuts;
mod openai;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::{Map, Value};

use crate::model::failure::Failure;
use crate::model::http::{Events, Post};
use crate::model::settings::Dialect;
use crate::model::sse::Event;
use crate::model::{Block, ModelError, Provider, Reply, Request};
use crate::redact::Clean;

/// All wire formats, in alphabetical order.
pub(super) const WIRES: [&Wire; 2] = [&anthropic::WIRE, &openai::WIRE];

/// A wire format.
pub(super) struct Wire {
    /// The word it is chosen by.
    pub(super) name: &'static str,
    /// Where requests go, below the version in the base URL.
    pub(super) path: &'static str,
    /// The header that carries the key; in `authorization` it stands after `Bearer`.
    pub(super) key_header: &'static str,
    /// Headers of every request.
    pub(super) headers: &'static [(&'static str, &'static str)],
    /// Writes a request's body. What stays the same from turn to turn stands first.
    body: fn(&Request, &Dialect) -> Value,
    /// Begins to read a reply.
    listen: fn() -> Box<dyn Listen>,
    /// Returns the request to send instead, where a refusal is of a kind that has a cure.
    amend: fn(&Request, &Failure) -> Option<Request>,
}

/// A reply on its way in.
///
/// **Invariant:** `reply` returns one only when the service has said that it is whole.
trait Listen: Send {
    /// Takes the next event. Returns whether it was the last.
    fn take(&mut self, event: &Event) -> Result<bool, Failure>;

    /// Returns the whole reply, or what is missing.
    fn reply(self: Box<Self>) -> Result<Reply, Failure>;
}

/// A service behind a wire.
pub(super) struct Service {
    pub(super) wire: &'static Wire,
    pub(super) post: Post,
    pub(super) dialect: Dialect,
}

/// Returns the wire of that name.
pub(super) fn wire(name: &str) -> Option<&'static Wire> {
    WIRES.into_iter().find(|wire| wire.name == name)
}

impl Provider for Service {
    fn ask<'a>(&'a self, request: &'a Clean<Request>) -> BoxFuture<'a, Result<Reply, ModelError>> {
        async move {
            let mut outcome = self.exchange(request).await;
            if let Err(failure) = &outcome
                && let Some(amended) = (self.wire.amend)(request, failure)
            {
                outcome = self.exchange(&amended).await;
            }
            outcome.map_err(|failure| failure.into_error(&request.model, &self.post.address()))
        }
        .boxed()
    }

    fn body(&self, request: &Request) -> Value {
        (self.wire.body)(request, &self.dialect)
    }
}

impl Service {
    async fn exchange(&self, request: &Request) -> Result<Reply, Failure> {
        let mut events = self.post.send(&self.body(request)).await?;
        self.listen(&mut events).await.map_err(|failure| Failure { begun: true, ..failure })
    }

    async fn listen(&self, events: &mut Events) -> Result<Reply, Failure> {
        let mut listener = (self.wire.listen)();
        while let Some(event) = events.next().await? {
            if listener.take(&event)? {
                break;
            }
        }
        listener.reply()
    }
}

/// Reads an event's JSON.
fn json(event: &Event) -> Result<Value, Failure> {
    serde_json::from_str(&event.data).map_err(|error| {
        Failure::broken(format!("the stream is damaged: an event is not JSON: {error}"))
    })
}

/// Returns what a call was given: an object, or the text itself where it is not one.
fn input_of(text: &str) -> Value {
    if matches!(text.trim(), "" | "null") {
        return Value::Object(Map::new());
    }
    match serde_json::from_str(text) {
        Ok(input @ Value::Object(_)) => input,
        _ => Value::String(text.to_owned()),
    }
}

/// Gives every call an id of its own: some servers give calls none, or one to all.
fn tell_apart(blocks: &mut [Block]) {
    let mut ids: Vec<String> = Vec::new();
    for block in blocks {
        if let Block::Call { id, .. } = block {
            let mut number = ids.len();
            while id.is_empty() || ids.contains(id) {
                *id = format!("call_{number}");
                number += 1;
            }
            ids.push(id.clone());
        }
    }
}

/// Returns a call's input as it is sent back: services take nothing but an object.
fn object_of(input: &Value) -> Value {
    match input {
        Value::Object(_) => input.clone(),
        other => serde_json::json!({ "not_an_object": other }),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn wires_stand_in_order() {
        assert!(WIRES.is_sorted_by_key(|wire| wire.name));
        assert_eq!(wire("openai").map(|wire| wire.name), Some("openai"));
        assert!(wire("telegraph").is_none());
    }

    #[test]
    fn every_call_has_an_id_of_its_own() {
        let ids = ["", "a", "a", "", "call_2", "call_2"];
        let call = |id: &&str| {
            let name = "read".to_owned();
            Block::Call { id: (*id).to_owned(), name, input: json!({}) }
        };
        let mut blocks: Vec<Block> = ids.iter().map(call).collect();
        tell_apart(&mut blocks);
        let told = ["call_0", "a", "call_2", "call_3", "call_4", "call_5"];
        assert_eq!(blocks, told.iter().map(call).collect::<Vec<Block>>());
    }

    #[test]
    fn an_input_is_an_object_or_the_text_as_it_came() {
        assert_eq!(input_of(""), json!({}));
        assert_eq!(input_of("null"), json!({}));
        assert_eq!(input_of(r#"{"a":1}"#), json!({"a": 1}));
        assert_eq!(input_of(r#"{"a":"#), json!(r#"{"a":"#));
        assert_eq!(input_of("[1]"), json!("[1]"));
        assert_eq!(object_of(&json!("{")), json!({"not_an_object": "{"}));
    }
}
