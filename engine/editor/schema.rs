//! Walking JSON Schemas: that of the front matter, and those of what stages leave.

use serde_json::{Map, Value};

use crate::editor::front::{Step, Trail};

/// How often a reference or a choice is followed, so that a circle ends.
const DEEPEST: usize = 12;

/// A schema, and the document in which its references are looked up.
#[derive(Debug, Clone, Copy)]
pub(super) struct Node<'a> {
    root: &'a Value,
    schema: &'a Value,
}

impl<'a> Node<'a> {
    pub(super) fn new(root: &'a Value) -> Self {
        Node { root, schema: root }
    }

    /// Returns the schema of the front matter at a trail, in each form that a value may have.
    pub(super) fn at(root: &'a Value, trail: &Trail) -> Vec<Node<'a>> {
        let mut nodes = vec![Node::new(root)];
        for step in &trail.0 {
            let next = nodes.iter().flat_map(|node| node.forms());
            nodes = next
                .filter_map(|node| match step {
                    Step::Key(key) => node.property(key),
                    Step::Item(_) => node.items(),
                })
                .collect();
        }
        nodes.into_iter().flat_map(Node::forms).collect()
    }

    /// Returns what stands at a path of names below this schema; `[]` or a number is any item.
    pub(super) fn path(self, path: &[String]) -> Vec<Node<'a>> {
        let mut nodes = vec![self];
        for part in path {
            let next = nodes.iter().flat_map(|node| node.forms());
            nodes = next
                .filter_map(|node| match node.items() {
                    Some(items) if part == "[]" || part.parse::<i64>().is_ok() => Some(items),
                    Some(_) => None,
                    None => node.property(part),
                })
                .collect();
        }
        nodes
    }

    /// Returns its properties, those of each form it may have.
    pub(super) fn properties(self) -> Vec<(&'a str, Node<'a>)> {
        let mut found: Vec<(&str, Node<'_>)> = Vec::new();
        for form in self.forms() {
            for (name, schema) in form.schema["properties"].as_object().into_iter().flatten() {
                if found.iter().all(|(known, _)| known != name) {
                    found.push((name, Node { schema, ..form }));
                }
            }
        }
        found
    }

    /// Returns what it says of itself, or what it refers to says.
    pub(super) fn description(self) -> Option<&'a str> {
        let own = self.schema["description"].as_str();
        own.or_else(|| self.forms().first()?.schema["description"].as_str())
    }

    /// Returns the only values that it allows.
    pub(super) fn options(self) -> Vec<&'a Value> {
        let fields = self.schema;
        let listed = fields["enum"].as_array().into_iter().flatten();
        listed.chain(fields.get("const")).collect()
    }

    /// Whether it allows this kind of value, such as `array`.
    pub(super) fn takes(self, kind: &str) -> bool {
        match &self.schema["type"] {
            Value::Array(kinds) => kinds.iter().any(|known| known == kind),
            known => known == kind,
        }
    }

    /// Says in words what kinds of value it allows; nothing where it allows any.
    pub(super) fn kinds(self) -> String {
        let mut words: Vec<&str> = Vec::new();
        for form in self.forms() {
            let kinds = &form.schema["type"];
            let kinds = kinds.as_array().map_or(std::slice::from_ref(kinds), Vec::as_slice);
            for kind in kinds.iter().filter_map(Value::as_str) {
                let word = match kind {
                    "string" => "text",
                    "integer" => "a whole number",
                    "number" => "a number",
                    "boolean" => "`true` or `false`",
                    "array" => "a list",
                    "object" => "a map",
                    other => other,
                };
                if !words.contains(&word) {
                    words.push(word);
                }
            }
        }
        words.join(" or ")
    }

    /// Returns the fields of the schema itself.
    pub(super) fn fields(self) -> Option<&'a Map<String, Value>> {
        self.schema.as_object()
    }

    /// Returns the schemas that this one stands for: what it refers to, and each of its choices.
    pub(super) fn forms(self) -> Vec<Node<'a>> {
        let mut found = Vec::new();
        self.collect(0, &mut found);
        found
    }

    fn collect(self, depth: usize, found: &mut Vec<Node<'a>>) {
        if depth > DEEPEST {
            return;
        }
        if let Some(reference) = self.schema["$ref"].as_str() {
            let target = reference.strip_prefix('#').and_then(|path| self.root.pointer(path));
            if let Some(schema) = target {
                Node { schema, ..self }.collect(depth + 1, found);
            }
        }
        let choices = ["anyOf", "oneOf", "allOf"].map(|keyword| self.schema[keyword].as_array());
        for schema in choices.into_iter().flatten().flatten() {
            Node { schema, ..self }.collect(depth + 1, found);
        }
        let stands_for_others = ["$ref", "anyOf", "oneOf"];
        if !stands_for_others.iter().any(|keyword| self.schema.get(keyword).is_some()) {
            found.push(self);
        }
    }

    fn property(self, name: &str) -> Option<Node<'a>> {
        let schema = self.schema["properties"].get(name);
        let schema = schema.or_else(|| {
            self.schema.get("additionalProperties").filter(|others| others.is_object())
        })?;
        Some(Node { schema, ..self })
    }

    fn items(self) -> Option<Node<'a>> {
        let items = self.schema.get("items");
        let schema = items.filter(|items| items.is_object());
        match schema {
            Some(schema) => Some(Node { schema, ..self }),
            None => self.takes("array").then_some(Node { schema: &Value::Null, ..self }),
        }
    }
}

/// Returns the schema of a key of the front matter, as the map that has it describes it.
pub(super) fn of_key<'a>(root: &'a Value, trail: &Trail) -> Option<Node<'a>> {
    let key = trail.last_key()?;
    let maps = Node::at(root, &trail.above());
    maps.into_iter().find_map(|map| {
        let schema = map.fields()?.get("properties")?.get(key)?;
        Some(Node { schema, ..map })
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn names(nodes: &[Node<'_>]) -> Vec<String> {
        let properties = nodes.iter().flat_map(|node| node.properties());
        properties.map(|(name, _)| name.to_owned()).collect()
    }

    #[test]
    fn a_trail_leads_through_references_and_choices() {
        let root = crate::playbook::schema();
        let stage = Trail::default().key("stages").key("any");
        assert!(names(&Node::at(root, &stage)).contains(&"needs".to_owned()));
        let output = Node::at(root, &stage.key("output"));
        assert_eq!(names(&output), ["schema"]);
        assert_eq!(output[0].options(), [&json!("markdown")]);
        let requirement = Trail::default().key("requires").item(0).key("any").item(0);
        assert!(names(&Node::at(root, &requirement)).contains(&"package".to_owned()));
        let key = of_key(root, &stage.key("env")).map(Node::kinds);
        assert_eq!(key, None);
    }

    #[test]
    fn a_path_leads_through_lists_of_an_output() {
        let root = json!({
            "properties": { "events": { "type": "array", "items": { "$ref": "#/$defs/event" } } },
            "$defs": { "event": { "allOf": [
                { "properties": { "name": {} } }, { "properties": { "file": {} } },
            ] } },
        });
        let path = ["events", "0"].map(str::to_owned);
        assert_eq!(names(&Node::new(&root).path(&path)), ["name", "file"]);
        assert_eq!(names(&Node::new(&root).path(&path[..1])), Vec::<String>::new());
    }

    #[test]
    fn a_circle_ends() {
        let root = json!({ "$ref": "#" });
        assert_eq!(names(&Node::new(&root).path(&["a".to_owned()])), Vec::<String>::new());
    }
}
