//! `done`: the stage ends with its output.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::model::ToolSpec;
use crate::playbook::{Output, schema_errors};
use crate::tools::tool;

/// End the stage.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Default {
    /// What was done, in a sentence or two
    summary: String,
    /// Files changed
    #[serde(default)]
    files: Vec<String>,
    /// What the person should know
    #[serde(default)]
    notes: Vec<String>,
}

/// End the stage with its document.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Document {
    /// Markdown, whole
    document: String,
}

/// Returns what the model sees of `done` in a stage with this output.
pub fn spec(output: &Output) -> ToolSpec {
    match output {
        Output::Default => tool::spec::<Default>("done"),
        Output::Markdown => tool::spec::<Document>("done"),
        Output::Schema { schema, .. } => {
            let mut input = if is_record(schema) {
                schema.clone()
            } else {
                json!({ "type": "object", "properties": { "output": schema }, "required": ["output"] })
            };
            if let Some(fields) = input.as_object_mut() {
                for noise in ["$schema", "$id", "title"] {
                    fields.remove(noise);
                }
            }
            let description = "End the stage with its output.".to_owned();
            ToolSpec { name: "done".to_owned(), description, input }
        }
    }
}

/// Takes the output out of a call, or says how it departs from what it should be.
pub fn output(output: &Output, input: &Value) -> Result<Value, String> {
    match output {
        Output::Default => tool::decode::<Default>(input).map(|value| json!(value)),
        Output::Markdown => {
            tool::decode::<Document>(input).map(|value| Value::String(value.document))
        }
        Output::Schema { schema, .. } => {
            let value = if is_record(schema) { Some(input) } else { input.get("output") };
            let value = value.ok_or("the input is {output}")?;
            check(output, value).map(|()| value.clone())
        }
    }
}

/// Holds an output against its schema.
pub fn check(output: &Output, value: &Value) -> Result<(), String> {
    let Output::Schema { schema, .. } = output else { return Ok(()) };
    let errors = schema_errors(schema, value);
    if errors.is_empty() {
        return Ok(());
    }
    Err(format!("the output does not fit its schema:\n- {}", errors.join("\n- ")))
}

fn is_record(schema: &Value) -> bool {
    schema["type"] == "object"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_wrapped_for_the_model_and_unwrapped_again() {
        let schema = json!({ "type": "array", "items": { "type": "string" } });
        let list = Output::Schema { schema, span: crate::source::Span::default() };
        assert_eq!(spec(&list).input["required"], json!(["output"]));
        assert_eq!(output(&list, &json!({ "output": ["a"] })), Ok(json!(["a"])));
        assert!(output(&list, &json!({ "output": [1] })).is_err());
    }

    #[test]
    fn what_is_left_out_of_a_plain_output_is_empty() {
        assert_eq!(
            output(&Output::Default, &json!({ "summary": "x" })),
            Ok(json!({ "summary": "x", "files": [], "notes": [] }))
        );
        assert!(output(&Output::Default, &json!({ "summary": "x", "more": 1 })).is_err());
    }
}
