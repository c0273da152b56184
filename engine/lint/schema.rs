//! A JSON Schema, read for what it says of one value and of the values inside it.

use serde_json::{Value, json};

/// Keywords by which a schema says what it has somewhere else.
const COMPOSED: [&str; 5] = ["allOf", "anyOf", "oneOf", "if", "not"];

/// How deep a schema is followed.
const DEEPEST: usize = 12;

/// A schema, and the whole to which its references are relative.
#[derive(Debug, Clone, Copy)]
pub struct Schema<'s> {
    root: &'s Value,
    at: &'s Value,
}

/// A walk along a path.
#[derive(Debug, Clone)]
pub struct Walk<'s> {
    /// Where it ends.
    pub end: End<'s>,
    /// The first part of the path that may be left out: others beside it are required.
    pub optional: Option<usize>,
}

/// Where a walk along a path ends.
#[derive(Debug, Clone)]
pub enum End<'s> {
    /// At a value that the schema describes.
    Value(Schema<'s>),
    /// Where the schema says nothing more.
    Open,
    /// At a part that cannot be there: the part's index, and what there is instead.
    Missing(usize, Owner<'s>),
}

/// What does not have a part.
#[derive(Debug, Clone)]
pub enum Owner<'s> {
    /// A list, and the part is no index.
    List,
    /// A value that has no parts, by its kind.
    Scalar(Kind),
    /// A record, and what it has.
    Record(Vec<&'s str>),
}

/// The kinds of values that an expression tells apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Text.
    Text,
    /// A number.
    Number,
    /// True or false.
    Boolean,
    /// A list.
    List,
    /// A record.
    Record,
}

impl Kind {
    /// Says what kind of value it is.
    pub fn word(self) -> &'static str {
        match self {
            Kind::Text => "text",
            Kind::Number => "a number",
            Kind::Boolean => "true or false",
            Kind::List => "a list",
            Kind::Record => "a record",
        }
    }

    /// Returns the kind of a value; none has none.
    pub fn of(value: &Value) -> Option<Kind> {
        match value {
            Value::Null => None,
            Value::Bool(_) => Some(Kind::Boolean),
            Value::Number(_) => Some(Kind::Number),
            Value::String(_) => Some(Kind::Text),
            Value::Array(_) => Some(Kind::List),
            Value::Object(_) => Some(Kind::Record),
        }
    }
}

impl<'s> Schema<'s> {
    /// Takes a whole schema.
    pub fn new(whole: &'s Value) -> Self {
        Schema { root: whole, at: whole }
    }

    /// Returns the schema as it is written.
    pub fn value(self) -> &'s Value {
        self.at
    }

    /// Walks along a path as far as the schema says what there is.
    pub fn walk(self, path: &[&str]) -> Walk<'s> {
        let mut schema = self;
        let mut optional = None;
        for (index, part) in path.iter().enumerate() {
            let Some(known) = schema.settled() else { return Walk { end: End::Open, optional } };
            let (next, required) = match known.part(part) {
                Ok(next) => next,
                Err(None) => return Walk { end: End::Open, optional },
                Err(Some(owner)) => return Walk { end: End::Missing(index, owner), optional },
            };
            if !required && optional.is_none() {
                optional = Some(index);
            }
            schema = next;
        }
        let end = schema.settled().map_or(End::Open, End::Value);
        Walk { end, optional }
    }

    /// Follows references; a schema that is composed of others is not looked into.
    fn settled(self) -> Option<Schema<'s>> {
        let mut at = self.at;
        for _ in 0..DEEPEST {
            let Some(reference) = at["$ref"].as_str() else {
                let composed = COMPOSED.iter().any(|keyword| at.get(keyword).is_some());
                return (at.is_object() && !composed).then_some(Schema { at, ..self });
            };
            at = self.root.pointer(reference.strip_prefix('#')?)?;
        }
        None
    }

    /// Returns what a part is, and whether it is required; or what has no such part, where that
    /// is certain.
    fn part(self, part: &str) -> Result<(Schema<'s>, bool), Option<Owner<'s>>> {
        let inner = |at| Schema { at, ..self };
        if self.at["type"] == "array" {
            if part.parse::<i64>().is_err() {
                return Err(Some(Owner::List));
            }
            let items = self.at.get("items").filter(|_| self.at.get("prefixItems").is_none());
            return items.map(|items| (inner(items), true)).ok_or(None);
        }
        if let Some(kind) = self.kind().filter(|kind| *kind != Kind::Record) {
            return Err(Some(Owner::Scalar(kind)));
        }
        let properties = self.at["properties"].as_object().ok_or(None)?;
        if let Some(property) = properties.get(part) {
            let listed = self.at["required"].as_array();
            let required = listed.is_none_or(|listed| listed.iter().any(|name| name == part));
            return Ok((inner(property), required));
        }
        let open = self.at.get("additionalProperties").is_some_and(|more| *more != false)
            || self.at.get("patternProperties").is_some();
        let names = || properties.keys().map(String::as_str).collect();
        Err((!open).then(|| Owner::Record(names())))
    }

    /// Returns the kind of its values, where all have one.
    pub fn kind(self) -> Option<Kind> {
        let schema = self.settled()?.at;
        match schema["type"].as_str() {
            Some("string") => Some(Kind::Text),
            Some("integer" | "number") => Some(Kind::Number),
            Some("boolean") => Some(Kind::Boolean),
            Some("array") => Some(Kind::List),
            Some("object") => Some(Kind::Record),
            Some(_) => None,
            None if schema.get("type").is_some() => None,
            None => {
                let options = self.options()?;
                let first = Kind::of(options.first()?)?;
                options.iter().all(|value| Kind::of(value) == Some(first)).then_some(first)
            }
        }
    }

    /// Returns all its values, where they are few enough to be listed.
    pub fn options(self) -> Option<Vec<Value>> {
        let schema = self.settled()?.at;
        if let Some(constant) = schema.get("const") {
            return Some(vec![constant.clone()]);
        }
        if let Some(options) = schema["enum"].as_array() {
            return Some(options.clone());
        }
        (schema["type"] == "boolean").then(|| vec![json!(false), json!(true)])
    }

    /// Returns values that hold as a condition, and one that does not.
    pub fn both_ways(self) -> Option<Vec<Value>> {
        Some(match self.kind()? {
            Kind::Text => vec![json!(""), json!("1")],
            Kind::Number => vec![json!(0), json!(1), json!(1_000_000)],
            Kind::Boolean => vec![json!(false), json!(true)],
            Kind::List => vec![json!([]), json!([self.items()?.sample()?])],
            Kind::Record => return None,
        })
    }

    /// Returns the schema of its items, for a list.
    pub fn items(self) -> Option<Schema<'s>> {
        let schema = self.settled()?.at;
        let items = schema.get("items").filter(|_| schema["type"] == "array")?;
        Schema { at: items, ..self }.settled()
    }

    /// Returns a value that it describes, everything being there. Nothing where it does not say
    /// what that is.
    pub fn sample(self) -> Option<Value> {
        self.sample_within(0)
    }

    fn sample_within(self, depth: usize) -> Option<Value> {
        let known = self.settled().filter(|_| depth < DEEPEST)?;
        if let Some(options) = known.options().filter(|_| known.at["type"] != "boolean") {
            return options.into_iter().next();
        }
        Some(match known.kind()? {
            // A text that is a number, so that what reads one from it has one.
            Kind::Text => json!("1"),
            Kind::Number => known.at.get("minimum").cloned().unwrap_or(json!(1)),
            Kind::Boolean => json!(true),
            Kind::List => json!([known.items()?.sample_within(depth + 1)?]),
            Kind::Record => {
                let properties = known.at["properties"].as_object()?.iter();
                let fields = properties.map(|(name, at)| {
                    let value = Schema { at, ..self }.sample_within(depth + 1)?;
                    Some((name.clone(), value))
                });
                Value::Object(fields.collect::<Option<_>>()?)
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole() -> Value {
        json!({
            "type": "object",
            "required": ["router", "pages"],
            "properties": {
                "router": { "enum": ["app", "pages"] },
                "guard": { "type": "string" },
                "pages": { "type": "array", "items": { "$ref": "#/$defs/page" } },
                "either": { "anyOf": [{ "type": "string" }, { "type": "null" }] },
                "anything": { "type": "object" },
            },
            "$defs": { "page": {
                "type": "object",
                "properties": { "file": { "type": "string" }, "count": { "type": "integer" } },
            } },
        })
    }

    #[test]
    fn a_walk_ends_where_the_schema_does() {
        let whole = whole();
        let walk = |path: &str| Schema::new(&whole).walk(&path.split('.').collect::<Vec<_>>());
        let kind = |path: &str| match walk(path).end {
            End::Value(schema) => schema.kind(),
            other => panic!("{path}: {other:?}"),
        };
        assert_eq!(kind("router"), Some(Kind::Text));
        assert_eq!(kind("pages.0.count"), Some(Kind::Number));
        assert!(matches!(walk("either.x").end, End::Open));
        assert!(matches!(walk("anything.x").end, End::Open));
        assert!(matches!(walk("pages.file").end, End::Missing(1, Owner::List)));
        assert!(matches!(walk("guard.x").end, End::Missing(1, Owner::Scalar(Kind::Text))));
        assert!(matches!(walk("pages.0.fill").end, End::Missing(2, Owner::Record(_))));
    }

    #[test]
    fn a_part_is_optional_only_beside_required_ones() {
        let whole = whole();
        let optional = |path: &[&str]| Schema::new(&whole).walk(path).optional;
        assert_eq!(optional(&["router"]), None);
        assert_eq!(optional(&["guard"]), Some(0));
        assert_eq!(optional(&["pages", "0", "file"]), None);
    }

    #[test]
    fn a_sample_has_everything_or_is_none() {
        let whole = whole();
        let sample = |path: &[&str]| match Schema::new(&whole).walk(path).end {
            End::Value(schema) => schema.sample(),
            _ => None,
        };
        assert_eq!(sample(&["pages"]), Some(json!([{ "file": "1", "count": 1 }])));
        assert_eq!(sample(&["router"]), Some(json!("app")));
        assert_eq!(sample(&[]), None);
        let circle = json!({ "$ref": "#" });
        assert_eq!(Schema::new(&circle).sample(), None);
    }
}
