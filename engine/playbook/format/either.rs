//! The values that are written in more than one way, and maps whose keys are the author's.

use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::{self, Deserializer, MapAccess, Visitor};
use serde_json::Value;

use crate::playbook::format::NAME;
use crate::source::Spanned;

/// Every name of an author's: `snake_case`
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(transparent)]
pub(in crate::playbook) struct Id(pub(in crate::playbook) String);

/// Any value.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(transparent)]
pub(in crate::playbook) struct Anything(pub(in crate::playbook) Value);

/// A scalar that is used as text.
#[derive(Debug, Default, Clone)]
pub(in crate::playbook) struct Word(pub(in crate::playbook) String);

/// Words of a command.
#[derive(Debug, Clone)]
pub(in crate::playbook) enum Words {
    Line(String),
    List(Vec<Spanned<Word>>),
}

/// What a stage leaves.
#[derive(Debug, Clone)]
pub(in crate::playbook) enum OutputFormat {
    Markdown,
    Schema(Spanned<Anything>),
}

/// What a check looks for.
#[derive(Debug, Clone)]
pub(in crate::playbook) enum ContainsFormat {
    Text(String),
    Regex(Spanned<String>),
}

/// A number or a template.
#[derive(Debug, Clone, Deserialize)]
#[serde(transparent)]
pub(in crate::playbook) struct MaxFormat(pub(in crate::playbook) Value);

/// A map whose keys are the author's names, in the order in which they stand.
#[derive(Debug, Clone)]
pub(in crate::playbook) struct Entries<T>(pub(in crate::playbook) Vec<(Spanned<String>, T)>);

impl<T> Default for Entries<T> {
    fn default() -> Self {
        Entries(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Entries<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(EntriesVisitor(PhantomData))
    }
}

struct EntriesVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for EntriesVisitor<T> {
    type Value = Entries<T>;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("a map")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entries<T>, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Entries(entries))
    }
}

impl<'de> Deserialize<'de> for Word {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::String(text) => Ok(Word(text)),
            Value::Bool(value) => Ok(Word(value.to_string())),
            Value::Number(value) => Ok(Word(value.to_string())),
            other => Err(de::Error::custom(format!("expected text, found {other}"))),
        }
    }
}

impl<'de> Deserialize<'de> for Words {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(EitherVisitor {
            text: |text| Some(Words::Line(text.to_owned())),
            list: Some(Words::List),
            map: None::<fn(Entries<Spanned<Anything>>) -> Option<Words>>,
        })
    }
}

impl<'de> Deserialize<'de> for OutputFormat {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(EitherVisitor {
            text: |_| Some(OutputFormat::Markdown),
            list: None,
            map: Some(|entries: Entries<Spanned<Anything>>| {
                Some(OutputFormat::Schema(entries.0.into_iter().next()?.1))
            }),
        })
    }
}

impl<'de> Deserialize<'de> for ContainsFormat {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(EitherVisitor {
            text: |text| Some(ContainsFormat::Text(text.to_owned())),
            list: None,
            map: Some(|entries: Entries<Spanned<String>>| {
                Some(ContainsFormat::Regex(entries.0.into_iter().next()?.1))
            }),
        })
    }
}

/// Reads text, a list or a map, whichever stands there.
struct EitherVisitor<T, V> {
    text: fn(&str) -> Option<T>,
    list: Option<OfList<T>>,
    map: Option<OfMap<T, V>>,
}

type OfList<T> = fn(Vec<Spanned<Word>>) -> T;
type OfMap<T, V> = fn(Entries<V>) -> Option<T>;

impl<'de, T, V: Deserialize<'de>> Visitor<'de> for EitherVisitor<T, V> {
    type Value = T;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("what the schema says")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
        (self.text)(text).ok_or_else(|| E::custom("not a word that is known"))
    }

    fn visit_seq<A: de::SeqAccess<'de>>(self, mut items: A) -> Result<T, A::Error> {
        let Some(list) = self.list else { return Err(de::Error::custom("no list is taken")) };
        let mut words = Vec::new();
        while let Some(word) = items.next_element()? {
            words.push(word);
        }
        Ok(list(words))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        let Some(make) = self.map else { return Err(de::Error::custom("no map is taken")) };
        make(EntriesVisitor(PhantomData).visit_map(map)?)
            .ok_or_else(|| de::Error::custom("the map is empty"))
    }
}

/// Implements a schema that says what a hand-written reader takes.
macro_rules! schema {
    ($type:ty, $name:literal, $schema:tt) => {
        impl JsonSchema for $type {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> std::borrow::Cow<'static, str> {
                $name.into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!($schema)
            }
        }
    };
}

schema!(Id, "Id", { "type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9_.-]*$" });
schema!(Anything, "Anything", true);
schema!(Word, "Word", { "type": ["string", "number", "boolean"] });
schema!(MaxFormat, "Max", { "type": ["integer", "string"], "minimum": 1 });
schema!(Words, "Words", {
    "anyOf": [
        { "type": "string" },
        { "type": "array", "items": { "type": ["string", "number", "boolean"] } },
    ],
});
schema!(OutputFormat, "Output", {
    "anyOf": [
        { "type": "string", "enum": ["markdown"] },
        {
            "type": "object",
            "properties": {
                "schema": {
                    "description": "A path in the library, or the JSON Schema itself",
                    "type": ["string", "object"],
                },
            },
            "required": ["schema"],
            "additionalProperties": false,
        },
    ],
});
schema!(ContainsFormat, "Contains", {
    "anyOf": [
        { "type": "string" },
        {
            "type": "object",
            "properties": {
                "regex": { "description": "A regular expression", "type": "string" },
            },
            "required": ["regex"],
            "additionalProperties": false,
        },
    ],
});

impl<T: JsonSchema> JsonSchema for Entries<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        format!("Entries of {}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let values = generator.subschema_for::<T>();
        json_schema!({
            "type": "object",
            "propertyNames": { "pattern": NAME },
            "additionalProperties": values,
        })
    }
}
