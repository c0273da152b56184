//! The JSON Schema of the front matter, and values held against a schema.

use std::sync::LazyLock;

use serde_json::Value;

use crate::playbook::format;

/// Returns the JSON Schema of a front matter: what editors offer, and what parsing holds a front
/// matter to.
pub fn schema() -> &'static Value {
    static SCHEMA: LazyLock<Value> = LazyLock::new(format::schema);
    &SCHEMA
}

/// Says how a value departs from a JSON Schema: a place and a reason each.
pub fn schema_errors(schema: &Value, value: &Value) -> Vec<String> {
    let validator = match jsonschema::validator_for(schema) {
        Ok(validator) => validator,
        Err(error) => return vec![format!("the schema is not valid: {error}")],
    };
    validator
        .iter_errors(value)
        .map(|error| {
            let place = error.instance_path().to_string();
            if place.is_empty() { error.to_string() } else { format!("{place}: {error}") }
        })
        .collect()
}

/// Whether a value is a JSON Schema at all; if not, where as a JSON pointer, and why.
pub(super) fn valid_schema(schema: &Value) -> Result<(), (String, String)> {
    let invalid = |error: jsonschema::ValidationError<'_>| {
        (error.instance_path().to_string(), error.to_string())
    };
    jsonschema::validator_for(schema).map(|_| ()).map_err(invalid)
}
