//! Tools of servers: only those that were accepted, with arguments that hold no secret.

use std::time::Instant;

use futures_util::future::{BoxFuture, FutureExt as _};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::gate::{Gate, Refusal};
use crate::journal::{At, Event};
use crate::online::{Connections, ServerTool};
use crate::redact::Clean;

/// A seam: calls tools of servers.
pub trait Servers: Send + Sync {
    /// Calls a tool once, and never again by itself: nobody knows what a lost call did.
    fn call<'a>(&'a self, call: &'a ServerCall) -> BoxFuture<'a, Result<ServerAnswer, String>>;
}

/// A call of a tool.
#[derive(Debug, Clone, PartialEq)]
pub struct ServerCall {
    /// Whose it is.
    pub at: At,
    /// The server's name in the playbook.
    pub server: String,
    /// Its address.
    pub url: String,
    /// The tool.
    pub tool: String,
    /// What it is given.
    pub arguments: Clean<Value>,
}

/// What a tool answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerAnswer {
    /// Its text.
    pub text: String,
    /// Whether the tool says that it failed.
    pub failed: bool,
    /// Whether it comes from a cassette.
    #[serde(default)]
    pub replayed: bool,
}

impl Servers for Connections {
    fn call<'a>(&'a self, call: &'a ServerCall) -> BoxFuture<'a, Result<ServerAnswer, String>> {
        async move {
            let (text, failed) =
                Connections::call(self, &call.url, &call.tool, &call.arguments).await?;
            Ok(ServerAnswer { text, failed, replayed: false })
        }
        .boxed()
    }
}

/// Calls nothing: for a play without servers.
#[derive(Debug)]
pub struct NoServers;

impl Servers for NoServers {
    fn call<'a>(&'a self, call: &'a ServerCall) -> BoxFuture<'a, Result<ServerAnswer, String>> {
        async move { Err(format!("nobody asked the server `{}`", call.server)) }.boxed()
    }
}

impl Gate {
    /// Returns the tools of servers that this stage has and a person accepted.
    pub fn server_tools(&self) -> impl Iterator<Item = &ServerTool> {
        let granted = |tool: &&ServerTool| {
            let mut granted = self.powers.server_tools.iter();
            granted.any(|(server, name)| *server == tool.server && *name == tool.tool)
        };
        self.hall().server_tools.iter().filter(granted)
    }

    /// Calls a tool of a server: held against its schema, looked through for secrets, journaled
    /// before and after.
    pub async fn call_server(&self, tool: &ServerTool, input: &Value) -> Result<String, Refusal> {
        let hall = self.hall();
        let faults = crate::playbook::schema_errors(&tool.schema, input);
        if !input.is_object() || !faults.is_empty() {
            let first = faults.first().cloned().unwrap_or("the input is no object".to_owned());
            return Err(Refusal::Reply(format!("the input does not fit: {first}")));
        }
        if self.is_secret(input) {
            return Err(Refusal::Power(format!(
                "the input of `{}` holds a secret, and no server is told one",
                tool.name()
            )));
        }
        let call = ServerCall {
            at: self.at.clone(),
            server: tool.server.clone(),
            url: tool.url.clone(),
            tool: tool.tool.clone(),
            arguments: hall.redactor.clean_all(input.clone()),
        };
        hall.note(Event::ServerAsked {
            at: call.at.clone(),
            server: call.server.clone(),
            tool: call.tool.clone(),
            arguments: input.clone(),
        })?;
        let began = Instant::now();
        let answered = hall.servers.call(&call).await;
        let took = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        let (bytes, failed, replayed) = match &answered {
            Ok(answer) => (answer.text.len(), answer.failed, answer.replayed),
            Err(_) => (0, true, false),
        };
        hall.note(Event::ServerAnswered {
            at: call.at,
            server: call.server,
            tool: call.tool,
            failed,
            bytes,
            took,
            replayed,
        })?;
        let answer = answered.map_err(|reason| {
            Refusal::Reply(format!("the server `{}` did not answer: {reason}", tool.server))
        })?;
        Ok(if answer.failed { format!("it failed:\n{}", answer.text) } else { answer.text })
    }

    /// Whether any text of a value, or all of it as it is sent, holds what is masked.
    fn is_secret(&self, value: &Value) -> bool {
        let masks = |text: &str| String::from(self.hall().redactor.clean(text)) != text;
        masks(&value.to_string()) || any(value, &masks)
    }
}

/// Whether a text of a value, a key among them, is such.
fn any(value: &Value, is: &dyn Fn(&str) -> bool) -> bool {
    match value {
        Value::String(text) => is(text),
        Value::Array(items) => items.iter().any(|item| any(item, is)),
        Value::Object(fields) => fields.iter().any(|(key, value)| is(key) || any(value, is)),
        _ => false,
    }
}
