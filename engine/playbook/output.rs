//! What a stage leaves, as a JSON Schema, before it is played.

use serde_json::{Value, json};

use crate::playbook::{Output, Stage};

impl Stage {
    /// Returns the schema of `stages.ID.output`: for a `for_each`, a list of its items' outputs.
    pub fn output_schema(&self) -> Value {
        let one = match (&self.run, &self.output) {
            (Some(_), _) => json!({
                "type": "object",
                "properties": { "exit": { "type": "integer" }, "text": { "type": "string" } },
                "required": ["exit", "text"],
            }),
            (None, Output::Markdown) => json!({ "type": "string" }),
            (None, Output::Schema { schema, .. }) => schema.clone(),
            (None, Output::Default) => json!({
                "type": "object",
                "properties": {
                    "summary": { "type": "string" },
                    "files": { "type": "array", "items": { "type": "string" } },
                    "notes": { "type": "array", "items": { "type": "string" } },
                },
                "required": ["summary", "files", "notes"],
            }),
        };
        if self.for_each.is_none() {
            return one;
        }
        json!({
            "type": "array",
            "items": {
                "type": "object",
                "properties": { "item": true, "status": { "type": "string" }, "output": one },
                "required": ["item", "status", "output"],
            },
        })
    }
}
