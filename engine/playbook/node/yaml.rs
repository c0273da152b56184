//! YAML, read into a tree. The only place that knows the YAML crate.

use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::budget::BudgetBreach;
use serde_saphyr::options::DuplicateKeyPolicy;
use serde_saphyr::{Error, Location};

use crate::diagnostic::Diagnostic;
use crate::playbook::node::{Node, Tree};
use crate::source::{FileId, Span, Spanned};

/// The most nodes of a front matter, by the format's definition.
const MAX_NODES: usize = 20_000;

/// The deepest nesting, by the format's definition.
const MAX_DEPTH: usize = 32;

/// Reads the YAML that stands in `file` from byte `at` on. What breaks its grammar leaves no tree.
pub(in crate::playbook) fn read(
    yaml: &str,
    file: FileId,
    at: usize,
    faults: &mut Vec<Diagnostic>,
) -> Option<Tree> {
    let options = serde_saphyr::options! {
        duplicate_keys: DuplicateKeyPolicy::PassThrough,
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
        return Some(Tree::new(Node::Map(Vec::new()), span));
    }
    match serde_saphyr::from_str_with_options::<serde_saphyr::Spanned<Raw>>(yaml, options) {
        Ok(raw) => Some(settle(raw, yaml, file, at, faults)),
        Err(error) => {
            let fault = fault(error.without_snippet(), yaml);
            let span = Span::new(file, at + fault.place.start, at + fault.place.end);
            let finding = Diagnostic::error("bad-yaml", span, fault.message);
            faults.push(match fault.help {
                Some(help) => finding.help(help),
                None => finding,
            });
            None
        }
    }
}

/// What is wrong with the YAML, in the words of somebody who writes playbooks.
struct Fault {
    message: String,
    help: Option<String>,
    place: std::ops::Range<usize>,
}

fn fault(error: &Error, yaml: &str) -> Fault {
    let location = error.location();
    let (start, length) =
        location.as_ref().and_then(|location| bytes(location, yaml)).unwrap_or((0, 0));
    let line_start = yaml[..start].rfind('\n').map_or(0, |end| end + 1);
    let line_end = yaml[start..].find('\n').map_or(yaml.len(), |end| start + end);
    let before = &yaml[line_start..start];
    let rest = yaml[start..line_end].trim_end();
    let word = |from: usize| {
        let word = &yaml[from..line_end];
        let end = word.find([' ', ',', ']', '}', '\r']).unwrap_or(word.len());
        from..from + end.max(1).min(word.len())
    };
    // The crate tells the place behind an anchor or a tag.
    let back_to = |mark: char| before.rfind(mark).map_or(start, |found| line_start + found);
    let here = start..yaml.ceil_char_boundary(start + length.max(1)).min(line_end);
    let say = |message: &str, help: &str, place: std::ops::Range<usize>| Fault {
        message: message.to_owned(),
        help: (!help.is_empty()).then(|| help.to_owned()),
        place,
    };
    match error {
        Error::UnknownAnchor { .. } => say(
            &format!("`{}` is an alias, and aliases are not allowed", &yaml[word(start)]),
            "a text that begins with `*`, such as a glob, wants quotes around it",
            word(start),
        ),
        Error::Budget { breach, .. } => match breach {
            BudgetBreach::Anchors { .. } => say(
                &format!(
                    "`{}` is an anchor, and anchors are not allowed",
                    &yaml[word(back_to('&'))]
                ),
                "write the value out in each place; a text that begins with `&` wants quotes around it",
                word(back_to('&')),
            ),
            BudgetBreach::Aliases { .. } => {
                say("aliases are not allowed", "write the value out in each place", here)
            }
            BudgetBreach::MergeKeys { .. } => {
                say("merge keys are not allowed", "write the keys out in each place", here)
            }
            BudgetBreach::Depth { .. } => {
                say(&format!("the front matter is nested deeper than {MAX_DEPTH} levels"), "", here)
            }
            BudgetBreach::Nodes { .. } => say(
                &format!("the front matter has more than {MAX_NODES} values"),
                "split the playbook into several",
                here,
            ),
            _ => say("the front matter is too large", "split the playbook into several", here),
        },
        Error::NullIntoString { .. } | Error::Unexpected { .. } => say("a key is text", "", here),
        other => {
            let message = tidy(&other.to_string());
            let help = help(&message, before, rest);
            let place = if message.contains(" tag") { word(back_to('!')) } else { here };
            let message = match &message {
                tag if tag.starts_with("unsupported tag") => {
                    format!("`{}` is a tag, and tags are not allowed", &yaml[place.clone()])
                }
                trailing if trailing.contains("trailing content after") => {
                    "the value goes on after its closing quote".to_owned()
                }
                _ if message.ends_with("``'") => "unexpected character: a backtick".to_owned(),
                _ => message.replace(": `", " `").replace('\'', "`"),
            };
            Fault { message, help, place }
        }
    }
}

/// Says what an author probably meant, by what the parser stumbled over.
fn help(message: &str, before: &str, rest: &str) -> Option<String> {
    let in_flow = before.contains(['{', '[']);
    let text = if message.contains("trailing content after") {
        let quote = before.find(['"', '\'']).unwrap_or_default();
        let value = format!("{}{rest}", &before[quote..]);
        let end = if in_flow { value.find([',', '}', ']']) } else { None };
        let value = value[..end.unwrap_or(value.len())].trim();
        let outer = if value.starts_with('"') { '\'' } else { '"' };
        if value.contains(outer) {
            return Some("put the whole value in one pair of quotes".to_owned());
        }
        return Some(format!("put the whole value in other quotes: `{outer}{value}{outer}`"));
    } else if message.contains("tag") {
        "a text that begins with `!` wants quotes around it; in an expression, write `not`"
    } else if message.contains("tabs") {
        "indent with spaces"
    } else if in_flow && format!("{before}{rest}").contains("${{") {
        "a `${{ }}` between `{` and `}`, or `[` and `]`, wants quotes around it"
    } else if message.contains("mapping values") && before.contains(": ") {
        "a text with `: ` in it wants quotes around it"
    } else if message.contains("mapping values") {
        "the line above has a value already, so nothing can stand below it"
    } else if message.contains("unexpected character") {
        "a text that begins with this character wants quotes around it"
    } else if message.contains("placement of") {
        "is a `[` or `{` above never closed?"
    } else {
        return None;
    };
    Some(text.to_owned())
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

/// Returns where the error is: its first byte and its length, which are those of whole characters.
/// The crate counts a byte order mark inside the text as nothing, so its own offsets may lie within
/// a character.
fn bytes(location: &Location, yaml: &str) -> Option<(usize, usize)> {
    let span = location.span();
    let (start, length) =
        if let (Some(offset), Some(length)) = (span.byte_offset(), span.byte_len()) {
            (usize::try_from(offset).ok()?, usize::try_from(length).ok()?)
        } else {
            let line = usize::try_from(location.line()).ok()?.checked_sub(1)?;
            let start = yaml.split_inclusive('\n').take(line).map(str::len).sum::<usize>();
            (start + usize::try_from(location.column()).ok()?.saturating_sub(1), 1)
        };
    let end = yaml.ceil_char_boundary(start.saturating_add(length).min(yaml.len()));
    let start = yaml.floor_char_boundary(start.min(yaml.len()));
    Some((start, end - start))
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
fn settle(
    raw: serde_saphyr::Spanned<Raw>,
    yaml: &str,
    file: FileId,
    at: usize,
    faults: &mut Vec<Diagnostic>,
) -> Tree {
    let span = place(&raw.referenced, yaml, file, at);
    let node = match raw.value {
        Raw::Null => Node::Null,
        Raw::Bool(value) => Node::Bool(value),
        Raw::Integer(value) => Node::Integer(value),
        Raw::Float(value) => Node::Float(value),
        Raw::Text(value) => Node::Text(value),
        Raw::List(items) => {
            Node::List(items.into_iter().map(|item| settle(item, yaml, file, at, faults)).collect())
        }
        Raw::Map(entries) => {
            let mut map: Vec<(Spanned<String>, Tree)> = Vec::with_capacity(entries.len());
            let mut places = std::collections::BTreeMap::new();
            for (key, value) in entries {
                let key_span = place(&key.referenced, yaml, file, at);
                let mut value = settle(value, yaml, file, at, faults);
                if matches!(value.value, Node::Null) {
                    value.span = key_span;
                }
                if let Some(first) = places.get(&key.value) {
                    let message = format!("the key `{}` stands twice", key.value);
                    let fault = Diagnostic::error("bad-yaml", key_span, message);
                    faults.push(fault.related(*first, "the first is here"));
                    continue;
                }
                places.insert(key.value.clone(), key_span);
                map.push((Spanned::new(key.value, key_span), value));
            }
            Node::Map(map)
        }
    };
    let inside = span.start + 1;
    let end = match &node {
        Node::List(items) => Some(items.last().map_or(inside, |last| last.span.end)),
        Node::Map(entries) => {
            let last = entries.last();
            Some(last.map_or(inside, |(key, value)| key.span.end.max(value.span.end)))
        }
        _ => None,
    };
    Tree::new(node, end.map_or(span, |end| whole(span, end as usize - at, yaml, at)))
}

/// The parser tells where a list or a map begins. Returns it whole, as far as its first line goes.
fn whole(span: Span, end: usize, yaml: &str, at: usize) -> Span {
    let start = span.start as usize - at;
    let open = yaml[start..].chars().next();
    let rest = yaml.get(end..).unwrap_or_default();
    let inside = rest.len() - rest.trim_start_matches([' ', ',']).len();
    let end = match (open, rest[inside..].chars().next()) {
        (Some('{'), Some('}')) | (Some('['), Some(']')) => end + inside + 1,
        _ => end,
    };
    let line = yaml[start..].find(['\n', '\r']).map_or(yaml.len(), |length| start + length);
    span.part(0, end.min(line).max(start) - start)
}

fn place(location: &Location, yaml: &str, file: FileId, at: usize) -> Span {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(yaml: &str) -> Tree {
        read(yaml, FileId(0), 0, &mut Vec::new()).unwrap()
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
    fn a_list_or_map_is_whole_as_far_as_its_first_line_goes() {
        let yaml = "a: [ 1, {b: 2 }, ]\nc:\n  d: 1\n  e: 2\nf: { }\n";
        let Node::Map(entries) = tree(yaml).value else { panic!("not a map") };
        let text = |span: Span| &yaml[span.start as usize..span.end as usize];
        assert_eq!(text(entries[0].1.span), "[ 1, {b: 2 }, ]");
        let Node::List(items) = &entries[0].1.value else { panic!("not a list") };
        assert_eq!(text(items[1].span), "{b: 2 }");
        assert_eq!(text(entries[1].1.span), "d: 1");
        assert_eq!(text(entries[2].1.span), "{ }");
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
    fn anchors_tags_merge_keys_and_depth_are_refused() {
        let deep = format!("a: {}{}\n", "[".repeat(40), "]".repeat(40));
        let wide = format!("a: [{}]\n", "1,".repeat(MAX_NODES));
        for (yaml, said, at) in [
            ("a: &x 1\nb: *x\n", "`&x` is an anchor", "&x"),
            ("a: [**/*.py]\n", "`**/*.py` is an alias", "**/*.py"),
            ("a: !thing 1\n", "`!thing` is a tag", "!thing"),
            ("a: !b.c\n", "`!b.c` is a tag", "!b.c"),
            ("a: {b: 1}\n<<: {c: 2}\n", "merge keys", "<<"),
            (&deep, "nested deeper than 32", "["),
            (&wide, "more than 20000 values", "1"),
        ] {
            let mut faults = Vec::new();
            assert_eq!(read(yaml, FileId(0), 0, &mut faults), None);
            assert!(faults[0].message.contains(said), "{}", faults[0].message);
            let span = faults[0].span.start as usize..faults[0].span.end as usize;
            assert_eq!(&yaml[span], at);
        }
    }

    #[test]
    fn every_key_that_stands_twice_is_reported_and_the_first_kept() {
        let mut faults = Vec::new();
        let tree = read("a: 1\nb: {c: 1, c: 2}\na: 3\n", FileId(0), 0, &mut faults).unwrap();
        let Node::Map(entries) = tree.value else { panic!("not a map") };
        assert_eq!(entries[0].1.value, Node::Integer(1));
        let messages: Vec<&str> = faults.iter().map(|fault| fault.message.as_str()).collect();
        assert_eq!(messages, ["the key `c` stands twice", "the key `a` stands twice"]);
    }

    #[test]
    fn what_authors_stumble_over_has_a_way_out() {
        for (yaml, way_out) in [
            ("when: \"x\" in y\n", "`'\"x\" in y'`"),
            ("a: {when: \"x\" in y, b: 1}\n", "`'\"x\" in y'`"),
            ("a: {b: ${{ c }}}\n", "a `${{ }}` between"),
            ("a: Adds: one\n", "`: ` in it wants quotes"),
            ("a: 1\n  b: 2\n", "the line above has a value already"),
            ("a:\n\tb: 1\n", "indent with spaces"),
            ("a: @b\n", "wants quotes"),
            ("a: [b\nc: 1\n", "never closed?"),
        ] {
            let mut faults = Vec::new();
            assert_eq!(read(yaml, FileId(0), 0, &mut faults), None);
            let help = faults[0].help.clone().unwrap_or_default();
            assert!(help.contains(way_out), "{yaml}{help}");
        }
    }
}
