//! Holding a tree against the format's schema: every fault is reported and cut out, so that what
//! is left has the right shape and is looked at further.

use serde_json::Value;

use crate::diagnostic::{Diagnostic, near};
use crate::playbook::node::{Node, Tree};
use crate::source::Span;

/// Reports what does not fit and removes it. `name` says what the tree is, for messages.
pub(super) fn hold(tree: &mut Tree, schema: &Value, faults: &mut Vec<Diagnostic>) {
    let mut holder = Holder { root: schema, faults };
    holder.fits(tree, schema, "the front matter");
}

struct Holder<'a> {
    root: &'a Value,
    faults: &'a mut Vec<Diagnostic>,
}

impl Holder<'_> {
    /// Whether a value can stay.
    fn fits(&mut self, tree: &mut Tree, schema: &Value, name: &str) -> bool {
        let root = self.root;
        let mut schema = schema;
        while let Some(reference) = schema["$ref"].as_str() {
            schema = root.pointer(reference.trim_start_matches('#')).unwrap_or(&Value::Null);
        }
        if let Some(choices) = schema["anyOf"].as_array() {
            let Some(choice) = choices.iter().find(|choice| takes(choice, &tree.value)) else {
                let kinds = choices.iter().map(kinds).collect::<Vec<_>>().join(" or ");
                return self.wrong(tree, name, &kinds);
            };
            return self.fits(tree, choice, name);
        }
        if !takes(schema, &tree.value) {
            let kinds = kinds(schema);
            return self.wrong(tree, name, &kinds);
        }
        let span = tree.span;
        match &mut tree.value {
            Node::Map(entries) => self.map(entries, schema, name, span),
            Node::List(items) => {
                let of = &schema["items"];
                items.retain_mut(|item| self.fits(item, of, &format!("an item of {name}")));
                true
            }
            Node::Text(text) => {
                let text = text.clone();
                self.text(&text, schema, name, span)
            }
            Node::Integer(value) => {
                let wanted = schema["const"].as_i64();
                if let Some(wanted) = wanted.filter(|wanted| wanted != value) {
                    let message = format!("{name} is {value}, and this wizard reads {wanted}");
                    self.faults.push(Diagnostic::error("wrong-value", span, message));
                    return false;
                }
                if *value < 0 && schema["minimum"].as_f64() == Some(0.0) {
                    let message = format!("{name} is less than 0");
                    self.faults.push(Diagnostic::error("wrong-value", span, message));
                    return false;
                }
                true
            }
            _ => true,
        }
    }

    fn map(
        &mut self,
        entries: &mut Vec<(crate::source::Spanned<String>, Tree)>,
        schema: &Value,
        name: &str,
        span: Span,
    ) -> bool {
        let known = schema["properties"].as_object();
        let others = &schema["additionalProperties"];
        let names = schema["propertyNames"]["pattern"].as_str().is_some();
        entries.retain_mut(|(key, value)| {
            if known.is_some() && key.value.starts_with("x_") {
                return false;
            }
            if let Some(property) = known.and_then(|known| known.get(&key.value)) {
                return self.fits(value, property, &format!("`{}`", key.value));
            }
            if known.is_some() && *others == Value::Bool(false) {
                let keys = known.into_iter().flat_map(serde_json::Map::keys).map(String::as_str);
                self.unknown_key(key, keys.collect(), name);
                return false;
            }
            if names && !is_name(&key.value) {
                let message = format!("`{}` is not a name", key.value);
                self.faults.push(
                    Diagnostic::error("wrong-value", key.span, message)
                        .help("a name has letters, digits, `_` and `-`, and begins with a letter"),
                );
                return false;
            }
            if matches!(value.value, Node::Null) && takes(&self.resolve(others), &Node::Map(vec![]))
            {
                value.value = Node::Map(Vec::new());
            }
            others.is_null() || self.fits(value, others, &format!("`{}`", key.value))
        });
        let mut whole = true;
        for required in
            schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str)
        {
            if !entries.iter().any(|(key, _)| key.value == required) {
                let start = Span { end: span.start + 1, ..span };
                let message = format!("{name} has no `{required}`");
                self.faults.push(Diagnostic::error("missing-key", start, message));
                whole = false;
            }
        }
        whole
    }

    fn resolve(&self, schema: &Value) -> Value {
        match schema["$ref"].as_str() {
            Some(reference) => {
                self.root.pointer(reference.trim_start_matches('#')).cloned().unwrap_or_default()
            }
            None => schema.clone(),
        }
    }

    fn unknown_key(&mut self, key: &crate::source::Spanned<String>, known: Vec<&str>, name: &str) {
        let message = format!("{name} has no key `{}`", key.value);
        let mut fault = Diagnostic::error("unknown-key", key.span, message);
        match near(&key.value, known.iter().copied()) {
            Some(nearest) => {
                fault = fault.label(format!("did you mean `{nearest}`?")).fix(key.span, nearest);
            }
            None => {
                let known: Vec<String> = known.iter().map(|key| format!("`{key}`")).collect();
                let text =
                    format!("it may have {}; keys of your own begin with `x_`", known.join(", "));
                fault = fault.help(text);
            }
        }
        self.faults.push(fault);
    }

    fn text(&mut self, text: &str, schema: &Value, name: &str, span: Span) -> bool {
        if let Some(options) = schema["enum"].as_array() {
            let options: Vec<&str> = options.iter().filter_map(Value::as_str).collect();
            if !options.contains(&text) {
                let listed: Vec<String> = options.iter().map(|word| format!("`{word}`")).collect();
                let message = format!("{name} is `{text}`, not {}", listed.join(" or "));
                let mut fault = Diagnostic::error("wrong-value", span, message);
                if let Some(nearest) = near(text, options) {
                    fault = fault.fix(span, nearest).label(format!("did you mean `{nearest}`?"));
                }
                self.faults.push(fault);
                return false;
            }
        }
        if schema["pattern"].is_string() && !is_id(text) {
            let message = format!("{name} is `{text}`, which is not a name");
            self.faults.push(
                Diagnostic::error("wrong-value", span, message)
                    .help("a name has letters, digits, `_`, `-` and `.`, and no template"),
            );
            return false;
        }
        true
    }

    fn wrong(&mut self, tree: &Tree, name: &str, wanted: &str) -> bool {
        let found = tree.value.kind();
        let mut fault = Diagnostic::error(
            "wrong-type",
            tree.span,
            format!("{name} wants {wanted}, and this is {found}"),
        );
        if matches!(tree.value, Node::Map(_)) && wanted.contains("text") {
            fault = fault.help("a text that begins with `{` wants quotes around it");
        }
        self.faults.push(fault);
        false
    }
}

/// Whether a schema takes a value of this kind.
fn takes(schema: &Value, node: &Node) -> bool {
    let kind = match node {
        Node::Null => "null",
        Node::Bool(_) => "boolean",
        Node::Integer(_) => "integer",
        Node::Float(_) => "number",
        Node::Text(_) => "string",
        Node::List(_) => "array",
        Node::Map(_) => "object",
    };
    let is = |wanted: &Value| wanted == kind || (kind == "integer" && wanted == "number");
    match &schema["type"] {
        Value::Array(wanted) => wanted.iter().any(is),
        Value::Null => true,
        wanted => is(wanted),
    }
}

fn kinds(schema: &Value) -> String {
    let word = |kind: &Value| match kind.as_str().unwrap_or_default() {
        "string" => "text",
        "integer" => "a whole number",
        "number" => "a number",
        "boolean" => "`true` or `false`",
        "array" => "a list",
        "object" => "a map",
        _ => "something else",
    };
    match &schema["type"] {
        Value::Array(kinds) => kinds.iter().map(word).collect::<Vec<_>>().join(" or "),
        kind => word(kind).to_owned(),
    }
}

fn is_name(text: &str) -> bool {
    let mut characters = text.chars();
    characters.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
        && characters.all(|next| next.is_ascii_alphanumeric() || matches!(next, '_' | '-'))
}

fn is_id(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphanumeric())
        && text.chars().all(|next| next.is_ascii_alphanumeric() || matches!(next, '_' | '-' | '.'))
}
