//! YAML as a tree in which every key and value knows its place.

use serde::de::{self, Deserialize, Deserializer, IntoDeserializer, MapAccess, SeqAccess, Visitor};

use crate::source::{FileId, Span, Spanned};

/// A value of the front matter.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node {
    Null,
    Bool(bool),
    Integer(i64),
    Float(f64),
    Text(String),
    List(Vec<Tree>),
    Map(Vec<(Spanned<String>, Tree)>),
}

/// A value and its place.
pub(super) type Tree = Spanned<Node>;

/// A fault of the YAML itself.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) message: String,
    pub(super) span: Span,
}

/// The most nodes of a front matter, by the format's definition.
const MAX_NODES: usize = 20_000;

/// The deepest nesting, by the format's definition.
const MAX_DEPTH: usize = 32;

/// Reads the YAML that stands in `file` from byte `at` on.
pub(super) fn read(yaml: &str, file: FileId, at: usize) -> Result<Tree, Fault> {
    let options = serde_saphyr::options! {
        strict_booleans: true,
        leading_zero_numbers_as_strings: true,
        underscored_numbers_as_strings: true,
        reject_unsupported_tags: true,
        with_snippet: false,
        budget: serde_saphyr::budget! {
            max_nodes: MAX_NODES,
            max_aliases: 0,
            max_anchors: 0,
            max_merge_keys: 0,
            max_depth: MAX_DEPTH,
            max_documents: 1,
        },
    };
    if yaml.trim().is_empty() {
        let span = Span::new(file, at, at + yaml.len());
        return Ok(Tree::new(Node::Map(Vec::new()), span));
    }
    serde_saphyr::from_str_with_options::<serde_saphyr::Spanned<Raw>>(yaml, options)
        .map(|raw| settle(raw, yaml, file, at))
        .map_err(|error| {
            let place = error.location().and_then(|location| bytes(&location, yaml));
            let (start, length) = place.unwrap_or((0, 0));
            let message = error.without_snippet().to_string();
            Fault {
                message: tidy(&message),
                span: Span::new(file, at + start, at + start + length.max(1)),
            }
        })
}

/// Drops the place that the message repeats.
fn tidy(message: &str) -> String {
    let line = message.lines().next().unwrap_or_default();
    let line = line.find(" at line ").map_or(line, |end| &line[..end]);
    let line = line.strip_prefix("error: ").unwrap_or(line);
    let line = line.trim_start_matches(|character: char| {
        character.is_ascii_digit() || matches!(character, ':' | ' ')
    });
    line.trim_start_matches("line ").trim().to_owned()
}

fn bytes(location: &serde_saphyr::Location, yaml: &str) -> Option<(usize, usize)> {
    let span = location.span();
    if let (Some(offset), Some(length)) = (span.byte_offset(), span.byte_len()) {
        let offset = usize::try_from(offset).ok()?.min(yaml.len());
        let length = usize::try_from(length).ok()?.min(yaml.len() - offset);
        return Some((offset, length));
    }
    let line = usize::try_from(location.line()).ok()?.checked_sub(1)?;
    let start = yaml.split_inclusive('\n').take(line).map(str::len).sum::<usize>();
    let column = usize::try_from(location.column()).ok()?.saturating_sub(1);
    Some(((start + column).min(yaml.len()), 1))
}

/// A value as the parser hands it over.
enum Raw {
    Null,
    Bool(bool),
    Integer(i64),
    Float(f64),
    Text(String),
    List(Vec<serde_saphyr::Spanned<Raw>>),
    Map(Vec<(serde_saphyr::Spanned<String>, serde_saphyr::Spanned<Raw>)>),
}

/// Gives every value the bytes it stands at. A value without any takes those of its parent.
fn settle(raw: serde_saphyr::Spanned<Raw>, yaml: &str, file: FileId, at: usize) -> Tree {
    let span = place(&raw.referenced, yaml, file, at);
    let node = match raw.value {
        Raw::Null => Node::Null,
        Raw::Bool(value) => Node::Bool(value),
        Raw::Integer(value) => Node::Integer(value),
        Raw::Float(value) => Node::Float(value),
        Raw::Text(value) => Node::Text(value),
        Raw::List(items) => {
            Node::List(items.into_iter().map(|item| settle(item, yaml, file, at)).collect())
        }
        Raw::Map(entries) => {
            let entries = entries.into_iter().map(|(key, value)| {
                let key_span = place(&key.referenced, yaml, file, at);
                let mut value = settle(value, yaml, file, at);
                if matches!(value.value, Node::Null) {
                    value.span = key_span;
                }
                (Spanned::new(key.value, key_span), value)
            });
            Node::Map(entries.collect())
        }
    };
    Tree::new(node, span)
}

fn place(location: &serde_saphyr::Location, yaml: &str, file: FileId, at: usize) -> Span {
    let (start, length) = bytes(location, yaml).unwrap_or((0, 0));
    let text = yaml.get(start..start + length).unwrap_or_default();
    let length = text.trim_end().len();
    Span::new(file, at + start, at + start + length)
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("a YAML value")
    }

    fn visit_unit<E>(self) -> Result<Raw, E> {
        Ok(Raw::Null)
    }

    fn visit_none<E>(self) -> Result<Raw, E> {
        Ok(Raw::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Raw, D::Error> {
        Raw::deserialize(deserializer)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Raw, E> {
        Ok(Raw::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Raw, E> {
        Ok(Raw::Integer(value))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Raw, E> {
        i64::try_from(value).map(Raw::Integer).map_err(|_| E::custom("the number is too large"))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Raw, E> {
        Ok(Raw::Float(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Raw, E> {
        Ok(Raw::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Raw, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Raw::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Raw, A::Error> {
        let mut map = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            map.push(entry);
        }
        Ok(Raw::Map(map))
    }
}

impl Node {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(yaml: &str) -> Tree {
        read(yaml, FileId(0), 0).unwrap()
    }

    #[test]
    fn keys_and_values_know_their_bytes() {
        let yaml = "name: shop\nlist: [a, \"b c\"]\n";
        let Node::Map(entries) = tree(yaml).value else { panic!("not a map") };
        let (key, value) = &entries[1];
        assert_eq!(&yaml[key.span.start as usize..key.span.end as usize], "list");
        let Node::List(items) = &value.value else { panic!("not a list") };
        assert_eq!(&yaml[items[1].span.start as usize..items[1].span.end as usize], "\"b c\"");
    }

    #[test]
    fn words_that_yaml_once_took_for_booleans_are_text() {
        let Node::Map(entries) = tree("a: no\nb: 014\nc: 1_000\nd: true\n").value else {
            panic!("not a map")
        };
        let values: Vec<&Node> = entries.iter().map(|(_, value)| &value.value).collect();
        let text = |text: &str| Node::Text(text.to_owned());
        assert_eq!(values, [&text("no"), &text("014"), &text("1_000"), &Node::Bool(true)]);
    }

    #[test]
    fn anchors_tags_duplicates_and_depth_are_refused() {
        let deep = format!("a: {}{}\n", "[".repeat(40), "]".repeat(40));
        for yaml in ["a: &x 1\nb: *x\n", "a: 1\na: 2\n", "a: !thing 1\n", deep.as_str()] {
            assert!(read(yaml, FileId(0), 0).is_err(), "{yaml}");
        }
    }
}
