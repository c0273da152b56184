//! The front matter as a tree in which every key and value knows its place, and typed values read
//! from it.

mod scalar;
mod yaml;

use serde::de::{self, Deserialize, Deserializer, IntoDeserializer, MapAccess, Visitor};

use serde_json::Value;

use crate::source::{FileId, Span, Spanned};

pub(super) use yaml::read;

/// A value of the front matter.
#[derive(Debug, Clone, PartialEq)]
pub enum Node {
    /// Nothing.
    Null,
    /// Yes or no.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// Any number.
    Float(f64),
    /// Text.
    Text(String),
    /// A list.
    List(Vec<Tree>),
    /// A map, in the order in which it is written.
    Map(Vec<(Spanned<String>, Tree)>),
}

/// A value and its place.
pub type Tree = Spanned<Node>;

impl Node {
    /// Returns the entries of a map; anything else has none.
    pub fn entries(&self) -> &[(Spanned<String>, Tree)] {
        if let Node::Map(entries) = self { entries } else { &[] }
    }

    /// Returns the items of a list; anything else has none.
    pub fn items(&self) -> &[Tree] {
        if let Node::List(items) = self { items } else { &[] }
    }

    /// Returns what a map has at a key.
    pub fn get(&self, key: &str) -> Option<&Tree> {
        self.entries().iter().find(|(found, _)| found.value == key).map(|(_, value)| value)
    }

    /// Returns a text.
    pub fn text(&self) -> Option<&str> {
        if let Node::Text(text) = self { Some(text) } else { None }
    }

    /// Returns the value without its places.
    pub fn json(&self) -> Value {
        match self {
            Node::Null => Value::Null,
            Node::Bool(value) => Value::from(*value),
            Node::Integer(value) => Value::from(*value),
            Node::Float(value) => Value::from(*value),
            Node::Text(text) => Value::from(text.as_str()),
            Node::List(items) => items.iter().map(|item| item.json()).collect(),
            Node::Map(entries) => {
                entries.iter().map(|(key, value)| (key.value.clone(), value.json())).collect()
            }
        }
    }

    /// Says what kind of value it is.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Node::Null => "nothing",
            Node::Bool(_) => "true or false",
            Node::Integer(_) => "a whole number",
            Node::Float(_) => "a number",
            Node::Text(_) => "text",
            Node::List(_) => "a list",
            Node::Map(_) => "a map",
        }
    }
}

/// The name by which a [`Spanned`] asks a tree for its place.
const SPANNED: &str = "$wizard::Spanned";

/// Why a tree has no typed value. Trees are held against the schema first, so that a person
/// meets this only where schema and types disagree.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct TypeFault(String);

impl de::Error for TypeFault {
    fn custom<T: std::fmt::Display>(message: T) -> Self {
        TypeFault(message.to_string())
    }
}

/// A tree, or a key, being read into a type.
#[derive(Clone, Copy)]
pub(super) enum Reader<'a> {
    Tree(&'a Tree),
    Key(&'a Spanned<String>),
    /// The value alone, its place having been told.
    Bare(&'a Tree),
}

impl<'de> Deserializer<'de> for Reader<'de> {
    type Error = TypeFault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, TypeFault> {
        let tree = match self {
            Reader::Key(key) => return visitor.visit_str(&key.value),
            Reader::Tree(tree) | Reader::Bare(tree) => tree,
        };
        match &tree.value {
            Node::Null => visitor.visit_unit(),
            Node::Bool(value) => visitor.visit_bool(*value),
            Node::Integer(value) => match u64::try_from(*value) {
                Ok(value) => visitor.visit_u64(value),
                Err(_) => visitor.visit_i64(*value),
            },
            Node::Float(value) => visitor.visit_f64(*value),
            Node::Text(value) => visitor.visit_str(value),
            Node::List(items) => {
                visitor.visit_seq(de::value::SeqDeserializer::new(items.iter().map(Reader::Tree)))
            }
            Node::Map(entries) => {
                let entries =
                    entries.iter().map(|(key, value)| (Reader::Key(key), Reader::Tree(value)));
                visitor.visit_map(de::value::MapDeserializer::new(entries))
            }
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, TypeFault> {
        match self {
            Reader::Tree(Tree { value: Node::Null, .. }) => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, TypeFault> {
        if name != SPANNED {
            return visitor.visit_newtype_struct(self);
        }
        let (span, bare) = match self {
            Reader::Tree(tree) | Reader::Bare(tree) => (tree.span, Reader::Bare(tree)),
            Reader::Key(key) => (key.span, self),
        };
        visitor.visit_map(PlaceAccess { span, value: Some(bare) })
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, TypeFault> {
        match self {
            Reader::Key(key) => visitor.visit_enum(key.value.as_str().into_deserializer()),
            Reader::Tree(tree) | Reader::Bare(tree) => match &tree.value {
                Node::Text(text) => visitor.visit_enum(text.as_str().into_deserializer()),
                other => Err(de::Error::custom(format!("expected a word, found {}", other.kind()))),
            },
        }
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

impl<'de> IntoDeserializer<'de, TypeFault> for Reader<'de> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

/// Hands a visitor the place as the key and the value as the value.
struct PlaceAccess<'a> {
    span: Span,
    value: Option<Reader<'a>>,
}

impl<'de> MapAccess<'de> for PlaceAccess<'de> {
    type Error = TypeFault;

    fn next_key_seed<K: de::DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, TypeFault> {
        let place =
            [u64::from(self.span.file.0), u64::from(self.span.start), u64::from(self.span.end)];
        seed.deserialize(de::value::SeqDeserializer::new(place.into_iter())).map(Some)
    }

    fn next_value_seed<V: de::DeserializeSeed<'de>>(
        &mut self,
        seed: V,
    ) -> Result<V::Value, TypeFault> {
        let value = self.value.take().ok_or_else(|| de::Error::custom("the value is gone"))?;
        seed.deserialize(value)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Spanned<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(SPANNED, SpannedVisitor(std::marker::PhantomData))
    }
}

struct SpannedVisitor<T>(std::marker::PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for SpannedVisitor<T> {
    type Value = Spanned<T>;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("a value with its place")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Spanned<T>, A::Error> {
        let Some([file, start, end]) = entries.next_key::<[u32; 3]>()? else {
            return Err(de::Error::custom("a place is missing"));
        };
        let file = FileId(u16::try_from(file).unwrap_or_default());
        let value = entries.next_value()?;
        Ok(Spanned::new(value, Span { file, start, end }))
    }
}

impl<T: schemars::JsonSchema> schemars::JsonSchema for Spanned<T> {
    fn inline_schema() -> bool {
        T::inline_schema()
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        T::schema_name()
    }

    fn schema_id() -> std::borrow::Cow<'static, str> {
        T::schema_id()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        T::json_schema(generator)
    }
}
