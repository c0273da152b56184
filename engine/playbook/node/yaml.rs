//! YAML, read into a tree. The only place that knows the YAML crate.

use std::collections::BTreeMap;
use std::ops::Range;

use granit_parser::{ErrorKind, Event, Parser, ScalarStyle, ScanError};

use crate::diagnostic::Diagnostic;
use crate::playbook::node::{Node, Tree, scalar};
use crate::source::{FileId, Span, Spanned};

/// The most nodes of a front matter, by the format's definition.
const MAX_NODES: usize = 20_000;

/// The deepest nesting, by the format's definition.
const MAX_DEPTH: usize = 32;

/// Reads the YAML that stands in `file` from byte `at` on. What breaks its grammar, or goes beyond
/// what the format takes of it, leaves no tree.
pub(in crate::playbook) fn read(
    yaml: &str,
    file: FileId,
    at: usize,
    faults: &mut Vec<Diagnostic>,
) -> Option<Tree> {
    let options = granit_parser::options! {
        emit_unresolved_aliases: true,
        emit_anchor_events: true,
        emit_comments: false,
    };
    let parser = Parser::new_from_str_with_options(yaml, options);
    let mut reader = Reader { parser, yaml, file, at, faults, nodes: 0, whole: true };
    match reader.document() {
        // Nothing, or nothing but comments.
        Ok(None) => {
            let span = Span::new(file, at, at + yaml.len());
            reader.whole.then(|| Tree::new(Node::Map(Vec::new()), span))
        }
        Ok(tree) => tree.filter(|_| reader.whole),
        Err(Stop::Told) => None,
        Err(Stop::Grammar(error)) => {
            let fault = fault(&error, yaml);
            reader.report(fault);
            None
        }
    }
}

/// Why reading cannot go on.
enum Stop {
    /// What is wrong has been reported.
    Told,
    /// The text breaks YAML's grammar.
    Grammar(ScanError),
}

impl From<ScanError> for Stop {
    fn from(error: ScanError) -> Self {
        Stop::Grammar(error)
    }
}

/// What is wrong with the YAML, in the words of somebody who writes playbooks.
struct Fault {
    message: String,
    help: Option<String>,
    place: Range<usize>,
}

struct Reader<'a> {
    parser: Parser<'a, granit_parser::StrInput<'a>>,
    yaml: &'a str,
    file: FileId,
    at: usize,
    faults: &'a mut Vec<Diagnostic>,
    nodes: usize,
    /// Nothing was left out that a playbook might mean.
    whole: bool,
}

impl<'a> Reader<'a> {
    fn document(&mut self) -> Result<Option<Tree>, Stop> {
        let mut root = None;
        while let Some((event, place)) = self.next()? {
            match event {
                Event::StreamStart | Event::DocumentEnd | Event::StreamEnd => {}
                Event::DocumentStart(..) if root.is_some() => {
                    return Err(self.stop("a front matter is one document", "", place));
                }
                Event::DocumentStart(..) => {}
                event => root = Some(self.node(event, place, 0)?),
            }
        }
        Ok(root)
    }

    fn next(&mut self) -> Result<Option<(Event<'a>, Range<usize>)>, Stop> {
        let Some(next) = self.parser.next_event() else { return Ok(None) };
        let (event, span) = next?;
        let place = bytes(span.byte_range(), self.yaml);
        if let Some(tag) = span.tag_span() {
            let place = bytes(tag.byte_range(), self.yaml);
            let word = &self.yaml[place.clone()];
            self.refuse(
                &format!("`{word}` is a tag, and tags are not allowed"),
                "a text that begins with `!` wants quotes around it; in an expression, write `not`",
                place,
            );
        }
        if let Event::Anchor(_, name) = &event {
            self.refuse(
                &format!("`&{name}` is an anchor, and anchors are not allowed"),
                "write the value out in each place; a text that begins with `&` wants quotes around it",
                place,
            );
            return self.next();
        }
        Ok(Some((event, place)))
    }

    /// Reads the node that begins with an event.
    fn node(&mut self, event: Event<'a>, place: Range<usize>, depth: usize) -> Result<Tree, Stop> {
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            let message = format!("the front matter has more than {MAX_NODES} values");
            return Err(self.stop(&message, "split the playbook into several", place));
        }
        let node = match event {
            Event::Scalar(text, style, ..) => {
                let node = match style {
                    ScalarStyle::Plain => scalar::plain(&text),
                    _ => Node::Text(text.into_owned()),
                };
                return Ok(Tree::new(node, self.span(&place)));
            }
            Event::SequenceStart(..) | Event::MappingStart(..) if depth >= MAX_DEPTH => {
                let message = format!("the front matter is nested deeper than {MAX_DEPTH} levels");
                let first = place.start..(place.start + 1).min(self.yaml.len());
                return Err(self.stop(&message, DEEP, first));
            }
            Event::SequenceStart(..) => Node::List(self.list(depth + 1)?),
            Event::MappingStart(..) => Node::Map(self.map(depth + 1)?),
            _ => {
                let word = word(self.yaml, place.start);
                let message = &self.yaml[word.clone()];
                self.refuse(
                    &format!("`{message}` is an alias, and aliases are not allowed"),
                    "a text that begins with `*`, such as a glob, wants quotes around it",
                    word,
                );
                Node::Null
            }
        };
        let begins = place.start;
        let inside = self.span(&(begins..begins + 1)).end;
        let end = match &node {
            Node::List(items) => items.last().map_or(inside, |last| last.span.end),
            Node::Map(entries) => {
                let last = entries.last();
                last.map_or(inside, |(key, value)| key.span.end.max(value.span.end))
            }
            _ => inside,
        };
        let span = self.span(&(begins..begins));
        Ok(Tree::new(node, whole(span, end as usize - self.at, self.yaml, self.at)))
    }

    fn list(&mut self, depth: usize) -> Result<Vec<Tree>, Stop> {
        let mut items = Vec::new();
        while let Some((event, place)) = self.next()? {
            if matches!(event, Event::SequenceEnd) {
                break;
            }
            items.push(self.node(event, place, depth)?);
        }
        Ok(items)
    }

    /// Reads the entries of a map. Of a key that stands twice, the first counts.
    fn map(&mut self, depth: usize) -> Result<Vec<(Spanned<String>, Tree)>, Stop> {
        let mut entries: Vec<(Spanned<String>, Tree)> = Vec::new();
        let mut places: BTreeMap<String, Span> = BTreeMap::new();
        while let Some((event, place)) = self.next()? {
            if matches!(event, Event::MappingEnd) {
                break;
            }
            let key = match &event {
                Event::Scalar(text, style, ..) => {
                    let plain = *style == ScalarStyle::Plain;
                    if plain && scalar::plain(text) == Node::Null {
                        self.refuse("a key is text", "", place.clone());
                    } else if plain && text == "<<" {
                        let help = "write the keys out in each place";
                        self.refuse("merge keys are not allowed", help, place.clone());
                    }
                    Spanned::new(text.to_string(), self.span(&place))
                }
                _ => {
                    let first = place.start..(place.start + 1).min(self.yaml.len());
                    self.refuse("a key is text", "", first);
                    Spanned::new(String::new(), self.span(&place))
                }
            };
            if !matches!(event, Event::Scalar(..)) {
                self.node(event, place, depth)?;
            }
            let Some((event, place)) = self.next()? else { break };
            let mut value = self.node(event, place, depth)?;
            if value.value == Node::Null {
                value.span = key.span;
            }
            if let Some(first) = places.get(&key.value) {
                let message = format!("the key `{}` stands twice", key.value);
                let fault = Diagnostic::error("bad-yaml", key.span, message);
                self.faults.push(fault.related(*first, "the first is here"));
                continue;
            }
            places.insert(key.value.clone(), key.span);
            entries.push((key, value));
        }
        Ok(entries)
    }

    /// Reports what the format does not take, and reads on.
    fn refuse(&mut self, message: &str, help: &str, place: Range<usize>) {
        self.whole = false;
        let help = (!help.is_empty()).then(|| help.to_owned());
        self.report(Fault { message: message.to_owned(), help, place });
    }

    /// Reports what ends the reading.
    fn stop(&mut self, message: &str, help: &str, place: Range<usize>) -> Stop {
        self.refuse(message, help, place);
        Stop::Told
    }

    fn report(&mut self, fault: Fault) {
        let finding = Diagnostic::error("bad-yaml", self.span(&fault.place), fault.message);
        self.faults.push(match fault.help {
            Some(help) => finding.help(help),
            None => finding,
        });
    }

    /// Returns a range of the YAML as a place of its file, without the space at its end.
    fn span(&self, place: &Range<usize>) -> Span {
        let text = self.yaml.get(place.clone()).unwrap_or_default();
        let end = place.start + text.trim_end().len();
        Span::new(self.file, self.at + place.start, self.at + end)
    }
}

/// Returns a range as whole characters of the text.
fn bytes(range: Option<Range<usize>>, yaml: &str) -> Range<usize> {
    let range = range.unwrap_or_default();
    let start = yaml.floor_char_boundary(range.start.min(yaml.len()));
    start..yaml.ceil_char_boundary(range.end.min(yaml.len())).max(start)
}

/// Returns the word that begins at a byte, as far as its line goes.
fn word(yaml: &str, start: usize) -> Range<usize> {
    let line = yaml[start..].lines().next().unwrap_or_default();
    let end = line.find([' ', ',', ']', '}', '\r']).unwrap_or(line.len());
    start..start + end.max(1).min(line.len())
}

/// Says what breaks the grammar.
fn fault(error: &ScanError, yaml: &str) -> Fault {
    let start = error.marker().byte_offset().unwrap_or_default();
    let start = yaml.floor_char_boundary(start.min(yaml.len()));
    let line_start = yaml[..start].rfind('\n').map_or(0, |end| end + 1);
    let line_end = yaml[start..].find('\n').map_or(yaml.len(), |end| start + end);
    let (before, rest) = (&yaml[line_start..start], yaml[start..line_end].trim_end());
    let message = match error.kind() {
        ErrorKind::InvalidTrailingSingleQuotedScalar
        | ErrorKind::InvalidTrailingDoubleQuotedScalar => {
            "the value goes on after its closing quote".to_owned()
        }
        ErrorKind::UnexpectedCharacter { character: '`' } => {
            "unexpected character: a backtick".to_owned()
        }
        ErrorKind::RecursionLimitExceeded => {
            format!("the front matter is nested deeper than {MAX_DEPTH} levels")
        }
        ErrorKind::BomInsideDocument => {
            "a byte order mark stands here, which nobody sees".to_owned()
        }
        ErrorKind::SimpleKeyExpected => {
            "this line has no key: a name, a colon and a space".to_owned()
        }
        _ => error.info().replace(": `", " `").replace('\'', "`"),
    };
    let place = start..yaml.ceil_char_boundary(start + 1).min(line_end).max(start);
    let above = &yaml[..line_start];
    let help = of_prose_or_comment(before, rest, above)
        .or_else(|| of_something_unseen(rest))
        .map(str::to_owned)
        .or_else(|| help(error.kind(), before, rest));
    Fault { message, help, place }
}

/// Says what an author overlooked above the line that the parser stumbled over.
fn of_prose_or_comment(before: &str, rest: &str, above: &str) -> Option<&'static str> {
    if cuts_a_list(above) {
        return Some(
            "` #` begins a comment, which cuts the list above: a text with ` #` in it wants quotes",
        );
    }
    let prose = above.lines().any(|line| line.starts_with("## "));
    (prose && !before.contains(':') && !rest.contains(':'))
        .then_some("is the front matter closed? a line `---` belongs between it and the prose")
}

/// Says what a character that nobody sees, and what another program left in the file, want.
fn of_something_unseen(rest: &str) -> Option<&'static str> {
    let next = rest.chars().next()?;
    if next.is_control() || next == '\u{feff}' {
        return Some("remove it: YAML does not take it, and nobody sees it");
    }
    let conflict = ["<<<<<<< ", "=======", ">>>>>>> "].iter().any(|mark| rest.starts_with(mark));
    conflict.then_some("a merge left this: keep one of the two and remove the marks")
}

/// Whether a comment begins inside of a `[` or `{` that the last line opens.
fn cuts_a_list(above: &str) -> bool {
    let line = above.lines().next_back().unwrap_or_default();
    let Some((kept, _)) = line.split_once(" #") else { return false };
    let count = |marks: [char; 2]| kept.matches(marks).count();
    count(['[', '{']) > count([']', '}'])
}

/// The way out of a front matter that is nested too deep.
const DEEP: &str = "a schema so deep is a file of its own: `{schema: schemas/a.json}`";

/// Says what an author probably meant, by what the parser stumbled over.
fn help(kind: &ErrorKind, before: &str, rest: &str) -> Option<String> {
    let in_flow = before.contains(['{', '[']);
    let text = match kind {
        ErrorKind::InvalidTrailingSingleQuotedScalar
        | ErrorKind::InvalidTrailingDoubleQuotedScalar => {
            let quote = before.find(['"', '\'']).unwrap_or_default();
            let value = format!("{}{rest}", &before[quote..]);
            let end = if in_flow { value.find([',', '}', ']']) } else { None };
            let value = value[..end.unwrap_or(value.len())].trim();
            let outer = if value.starts_with('"') { '\'' } else { '"' };
            if value.contains(outer) {
                return Some("put the whole value in one pair of quotes".to_owned());
            }
            return Some(format!("put the whole value in other quotes: `{outer}{value}{outer}`"));
        }
        ErrorKind::TabNotAllowed
        | ErrorKind::TabInBlockIndentation
        | ErrorKind::TabInIndentation => "indent with spaces",
        _ if in_flow && format!("{before}{rest}").contains("${{") => {
            "a `${{ }}` between `{` and `}`, or `[` and `]`, wants quotes around it"
        }
        ErrorKind::MappingValueNotAllowed if before.contains(": ") => {
            "a text with `: ` in it wants quotes around it"
        }
        ErrorKind::MappingValueNotAllowed => {
            "the line above has a value already, so nothing can stand below it"
        }
        ErrorKind::RecursionLimitExceeded => DEEP,
        ErrorKind::SimpleKeyExpected if rest.contains(':') => {
            "a key and its value want a space between: `name: value`"
        }
        ErrorKind::SimpleKeyExpected => "a text over several lines wants quotes around it",
        ErrorKind::UnexpectedCharacter { .. } => {
            "a text that begins with this character wants quotes around it"
        }
        ErrorKind::InvalidTagTerminator
        | ErrorKind::ExpectedTagBang
        | ErrorKind::MissingTagUri
        | ErrorKind::UndeclaredTagHandle => {
            "a text that begins with `!` wants quotes around it; in an expression, write `not`"
        }
        _ if in_flow && before.ends_with(['}', ']']) && !rest.starts_with([',', '}', ']']) => {
            "a text that begins with `{` or `[`, such as a glob, wants quotes around it"
        }
        ErrorKind::BlockEntryInFlowCollection => {
            "a text that begins with `-` and a space wants quotes around it"
        }
        ErrorKind::ExpectedBlockMappingKey => {
            "what belongs to one map begins in one column, and what belongs to a key further right"
        }
        ErrorKind::UnclosedQuotedScalar => {
            "close the quote; one that is part of the text wants other quotes around the whole"
        }
        ErrorKind::InvalidColonPlacement
        | ErrorKind::UnclosedFlowCollection { .. }
        | ErrorKind::ExpectedFlowMappingSeparator
        | ErrorKind::ExpectedFlowSequenceSeparator => "is a `[` or `{` above never closed?",
        _ => return None,
    };
    Some(text.to_owned())
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
            ("a: 1\nb:c\nd: 1\n", "want a space between"),
            ("a: 1\n<<<<<<< HEAD\nb: 1\n=======\nb: 2\n>>>>>>> main\n", "a merge left this"),
            ("a: b\u{0}c\n", "nobody sees it"),
            ("a: 1\n\u{feff}b: 1\n", "nobody sees it"),
            ("a: [{b,c}.py]\n", "such as a glob"),
            ("a: {b: [c #d]}\ne: 1\n", "` #` begins a comment"),
            ("a: {b: - c}\n", "`-` and a space"),
            ("a: \"b\n", "close the quote"),
            ("a:\n    b:\n  c:\n", "in one column"),
            ("a: 1\n\n## b\n\nDo it.\n", "is the front matter closed?"),
        ] {
            let mut faults = Vec::new();
            assert_eq!(read(yaml, FileId(0), 0, &mut faults), None);
            let help = faults[0].help.clone().unwrap_or_default();
            assert!(help.contains(way_out), "{yaml}{help}");
        }
    }
}
