//! What templates see before anything is played: names in the place of what stages will leave.

use serde_json::{Map, Value, json};

use crate::expression::Template;
use crate::plan::Plan;
use crate::playbook::Items;

/// How deep a schema is followed.
const DEEPEST: usize = 12;

/// Returns the scope of a stage: inputs and project as they are, and for every stage before it
/// an output of the right shape whose texts are their own paths.
pub(super) fn scope(plan: &Plan, stage: usize) -> Value {
    let mut scope = plan.scope();
    let before = plan.graph.ancestors.get(stage).into_iter().flatten();
    let stages: Map<String, Value> = before
        .map(|index| {
            let stage = &plan.playbook.stages[*index];
            let id = &stage.id.value;
            let schema = stage.output_schema();
            let output = stand_in(&schema, &schema, &format!("stages.{id}.output"), 0);
            (id.clone(), json!({ "output": output, "status": "succeeded" }))
        })
        .collect();
    scope["stages"] = Value::Object(stages);
    if let Some(for_each) = &plan.playbook.stages[stage].for_each {
        let name = for_each.name.value.as_str();
        let item = match &for_each.items {
            Items::Files { .. } => None,
            Items::List(expression) => match expression.evaluate(&scope) {
                Ok(Value::Array(items)) => items.into_iter().next(),
                _ => None,
            },
        };
        scope[name] = item.unwrap_or_else(|| Value::String(format!("<{name}>")));
    }
    scope
}

/// Renders a text as far as it can be; what cannot be stays as it is written.
pub(super) fn shown(template: &Template, scope: &Value) -> String {
    template.render_text(scope).unwrap_or_else(|_| template.text.clone())
}

/// Renders a value that may be a template.
pub(super) fn value(value: &Value, scope: &Value) -> String {
    match value {
        Value::String(text) => {
            shown(&Template::parse(text, crate::source::Span::default()).0, scope)
        }
        other => other.to_string(),
    }
}

/// Makes a value that a schema describes, texts being their own paths.
fn stand_in(schema: &Value, root: &Value, path: &str, depth: usize) -> Value {
    if depth > DEEPEST {
        return Value::Null;
    }
    if let Some(reference) = schema["$ref"].as_str() {
        let target = root.pointer(reference.trim_start_matches('#')).unwrap_or(&Value::Null);
        return stand_in(target, root, path, depth + 1);
    }
    for choice in ["anyOf", "oneOf", "allOf"] {
        if let Some(first) = schema[choice].as_array().and_then(|choices| choices.first()) {
            return stand_in(first, root, path, depth + 1);
        }
    }
    if let Some(constant) = schema.get("const") {
        return constant.clone();
    }
    let kind = match &schema["type"] {
        Value::Array(kinds) => kinds.first().and_then(Value::as_str).unwrap_or_default(),
        kind => kind.as_str().unwrap_or_default(),
    };
    match kind {
        "integer" | "number" => json!(0),
        "boolean" => json!(true),
        "null" => Value::Null,
        "array" => json!([stand_in(&schema["items"], root, &format!("{path}[0]"), depth + 1)]),
        "object" => {
            let properties = schema["properties"].as_object().into_iter().flatten();
            let fields = properties.map(|(name, property)| {
                (name.clone(), stand_in(property, root, &format!("{path}.{name}"), depth + 1))
            });
            Value::Object(fields.collect())
        }
        _ => Value::String(format!("<{path}>")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stand_in_has_the_shape_of_its_schema() {
        let schema = json!({
            "type": "object",
            "properties": {
                "events": { "type": "array", "items": { "$ref": "#/$defs/event" } },
                "count": { "type": ["integer", "null"] },
            },
            "$defs": { "event": { "type": "object", "properties": { "name": { "type": "string" } } } },
        });
        assert_eq!(
            stand_in(&schema, &schema, "stages.a.output", 0),
            json!({ "events": [{ "name": "<stages.a.output.events[0].name>" }], "count": 0 })
        );
    }

    #[test]
    fn a_schema_in_a_circle_ends() {
        let schema = json!({ "$ref": "#" });
        assert_eq!(stand_in(&schema, &schema, "x", 0), Value::Null);
    }
}
