//! A tool: its name, and an input type whose doc comments are what the model reads.

use futures_util::future::{BoxFuture, FutureExt as _};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use crate::gate::{Gate, Refusal};
use crate::model::ToolSpec;
use crate::plan::Powers;
use crate::playbook::Playbook;

/// An action the model may ask for.
pub(super) trait Tool: Send + Sync {
    /// Its word.
    const NAME: &'static str;

    /// What it is given. Its doc comment is the tool's description.
    type Input: DeserializeOwned + JsonSchema + Send;

    /// Whether what it answers comes from files, programs or hosts, and is marked as such; else it
    /// is the engine's own words.
    const MATERIAL: bool = true;

    /// Says in a few words what a call is about, for the person.
    fn about(input: &Self::Input) -> String;

    /// Performs a call through the gate.
    fn call(
        gate: &Gate,
        input: Self::Input,
    ) -> impl Future<Output = Result<String, Refusal>> + Send;

    /// Adds to the schema what only the playbook knows.
    fn narrow(_schema: &mut Value, _powers: &Powers, _playbook: &Playbook) {}
}

/// A tool whose input type is forgotten, so that tools stand in one list.
pub(super) trait AnyTool: Send + Sync {
    fn name(&self) -> &'static str;
    fn is_material(&self) -> bool;
    fn spec(&self, powers: &Powers, playbook: &Playbook) -> ToolSpec;
    /// Whether an input has the right shape.
    fn takes(&self, input: &Value) -> bool;
    /// Returns what the call is about, and its outcome.
    fn call<'a>(&'a self, gate: &'a Gate, input: &'a Value) -> BoxFuture<'a, Called>;
}

/// What a call is about, and what came of it.
pub(super) type Called = (String, Result<String, Refusal>);

impl<T: Tool> AnyTool for T {
    fn name(&self) -> &'static str {
        T::NAME
    }

    fn is_material(&self) -> bool {
        T::MATERIAL
    }

    fn spec(&self, powers: &Powers, playbook: &Playbook) -> ToolSpec {
        let mut spec = spec::<T::Input>(T::NAME);
        T::narrow(&mut spec.input, powers, playbook);
        spec
    }

    fn takes(&self, input: &Value) -> bool {
        decode::<T::Input>(input).is_ok()
    }

    fn call<'a>(&'a self, gate: &'a Gate, input: &'a Value) -> BoxFuture<'a, Called> {
        async move {
            match decode::<T::Input>(input) {
                Ok(input) => {
                    let about = T::about(&input);
                    (about, T::call(gate, input).await)
                }
                Err(reason) => (String::new(), Err(Refusal::Reply(reason))),
            }
        }
        .boxed()
    }
}

/// Makes what the model sees of an input type.
pub(super) fn spec<T: JsonSchema>(name: &str) -> ToolSpec {
    let mut schema = json!(schemars::schema_for!(T));
    let description = schema.as_object_mut().and_then(|schema| schema.remove("description"));
    lean(&mut schema);
    ToolSpec {
        name: name.to_owned(),
        description: description.as_ref().and_then(Value::as_str).unwrap_or_default().to_owned(),
        input: schema,
    }
}

/// Drops what costs tokens and tells a model nothing.
fn lean(schema: &mut Value) {
    match schema {
        Value::Array(items) => items.iter_mut().for_each(lean),
        Value::Object(fields) => {
            for noise in ["$schema", "title", "format", "default", "minimum"] {
                if fields.get(noise).is_some_and(|value| !value.is_object()) {
                    fields.remove(noise);
                }
            }
            if let Some(Value::Array(types)) = fields.get_mut("type") {
                types.retain(|kind| kind != "null");
                if let [only] = &types[..] {
                    let only = only.clone();
                    fields.insert("type".to_owned(), only);
                }
            }
            fields.values_mut().for_each(lean);
        }
        _ => {}
    }
}

/// Reads an input strictly, or tells the model the right shape.
pub(super) fn decode<T: DeserializeOwned + JsonSchema>(input: &Value) -> Result<T, String> {
    if let Value::String(text) = input {
        return Err(format!(
            "the input is not JSON: {}",
            text.chars().take(80).collect::<String>()
        ));
    }
    serde_json::from_value(input.clone()).map_err(|error| {
        let schema = spec::<T>("").input;
        let empty = Map::new();
        let fields = schema["properties"].as_object().unwrap_or(&empty);
        let required = schema["required"].as_array().cloned().unwrap_or_default();
        let fields: Vec<String> =
            fields
                .keys()
                .map(|name| {
                    if required.contains(&json!(name)) { name.clone() } else { format!("{name}?") }
                })
                .collect();
        format!("{error}; the input is {{{}}}", fields.join(", "))
    })
}
