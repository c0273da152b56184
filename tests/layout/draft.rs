//! A front matter as an author wants it: everything but the spaces and the order of keys.

use serde_json::{Map, Value};

use crate::support::numbers::Numbers;

/// A value and how it is written.
pub(crate) enum Draft {
    Nothing,
    /// A text on its lines, which are joined by spaces.
    Text(Vec<String>),
    /// A header such as `|-`, and lines.
    Literal(String, Vec<String>),
    Flow(Flow),
    Block(Block),
}

pub(crate) struct Flow {
    pub(crate) is_map: bool,
    pub(crate) is_record: bool,
    pub(crate) shape: Shape,
    pub(crate) members: Vec<Member>,
}

/// Where the lines of what stands in brackets end.
#[derive(PartialEq)]
pub(crate) enum Shape {
    Line,
    /// Each member has its own, and a comma follows the last.
    Each(bool),
    /// From this member on, each has its own.
    Hanging(usize),
}

pub(crate) struct Block {
    pub(crate) is_map: bool,
    pub(crate) is_record: bool,
    pub(crate) parts: Vec<Part>,
}

pub(crate) enum Part {
    Member(Member),
    Remark { apart: bool, lines: Vec<String> },
}

pub(crate) struct Member {
    pub(crate) apart: bool,
    pub(crate) comments: Vec<String>,
    /// The format declares its key.
    pub(crate) is_known: bool,
    pub(crate) key: String,
    pub(crate) value: Draft,
    /// The value begins on its own line.
    pub(crate) below: bool,
    pub(crate) beside: Option<String>,
}

/// Decides on everything that is the author's to decide.
pub(crate) struct Taste<'a> {
    pub(crate) schema: &'a Value,
    pub(crate) numbers: Numbers,
    /// Comments so far: each is told from every other.
    pub(crate) comments: usize,
}

impl<'a> Taste<'a> {
    /// Drafts a front matter.
    pub(crate) fn draft(&mut self, data: &Map<String, Value>) -> Block {
        self.block_of_map(data, self.schema, 0)
    }

    fn resolve(&self, schema: &'a Value) -> &'a Value {
        match schema["$ref"].as_str() {
            Some(reference) => self.schema.pointer(&reference[1..]).unwrap(),
            None => schema,
        }
    }

    /// Returns what the schema says of a map: whether the format declares its keys.
    fn of_map(&self, schema: &'a Value) -> (&'a Value, bool) {
        let schema = self.resolve(schema);
        let choices = schema["anyOf"].as_array().into_iter().flatten().chain([schema]);
        let found = choices.map(|one| self.resolve(one)).find(|one| one["type"] == "object");
        let schema = found.unwrap_or(&Value::Null);
        (schema, schema["properties"].is_object())
    }

    fn members(
        &self,
        data: &Map<String, Value>,
        schema: &'a Value,
    ) -> Vec<(String, Value, &'a Value)> {
        let (schema, is_record) = self.of_map(schema);
        let mut members: Vec<_> = data
            .iter()
            .map(|(key, value)| {
                let other = &schema["additionalProperties"];
                (key.clone(), value.clone(), schema["properties"].get(key).unwrap_or(other))
            })
            .collect();
        if is_record {
            let declared: Vec<&String> = schema["properties"].as_object().unwrap().keys().collect();
            members.sort_by_key(|(key, ..)| {
                declared.iter().position(|known| *known == key).unwrap_or(declared.len())
            });
        }
        members
    }

    fn block_of_map(
        &mut self,
        data: &Map<String, Value>,
        schema: &'a Value,
        depth: usize,
    ) -> Block {
        let is_record = self.of_map(schema).1;
        let members = self.members(data, schema);
        let members = members.into_iter().map(|(key, value, schema)| {
            let value = self.value(&value, schema, depth + 1);
            let key = self.key(&key);
            Member { is_known: *schema != Value::Bool(false), ..self.member(key, value) }
        });
        let members = members.collect();
        Block { is_map: true, is_record, parts: self.parts(members) }
    }

    fn member(&mut self, key: String, value: Draft) -> Member {
        let below = matches!(&value, Draft::Text(_) | Draft::Flow(_) | Draft::Literal(..));
        let below = below && self.numbers.once_in(8);
        let many = matches!(value, Draft::Literal(..)) && below;
        Member {
            apart: self.numbers.once_in(6),
            comments: self.some_comments(),
            is_known: true,
            key,
            value,
            below,
            beside: (!many && self.numbers.once_in(5)).then(|| self.comment()),
        }
    }

    fn parts(&mut self, members: Vec<Member>) -> Vec<Part> {
        let mut parts = Vec::new();
        let mut parted = true;
        for mut member in members {
            if self.numbers.once_in(15) {
                let apart = !parts.is_empty() && (parted || self.numbers.once_in(2));
                parts.push(Part::Remark { apart, lines: vec![self.comment()] });
                parted = true;
            }
            member.apart &= !parted;
            parted = false;
            parts.push(Part::Member(member));
        }
        if self.numbers.once_in(8) && !parts.is_empty() {
            let apart = self.numbers.once_in(2);
            parts.push(Part::Remark { apart, lines: vec![self.comment(), self.comment()] });
        }
        parts
    }

    fn value(&mut self, value: &Value, schema: &'a Value, depth: usize) -> Draft {
        match value {
            Value::Object(data) if !data.is_empty() && !self.flows(depth) => {
                Draft::Block(self.block_of_map(data, schema, depth))
            }
            Value::Array(items) if !items.is_empty() && !self.flows(depth) => {
                let of = &self.resolve(schema)["items"];
                let members = items.iter().map(|item| {
                    let value = self.value(item, of, depth + 1);
                    self.member(String::new(), value)
                });
                let mut members: Vec<Member> = members.collect();
                members.iter_mut().for_each(settle_item);
                Draft::Block(Block { is_map: false, is_record: false, parts: self.parts(members) })
            }
            Value::Object(_) | Value::Array(_) => Draft::Flow(self.flow(value, schema)),
            Value::Null if self.numbers.once_in(2) => Draft::Nothing,
            Value::String(text) => match self.literal(text) {
                Some(literal) if self.numbers.once_in(3) => literal,
                _ => self.text(text),
            },
            other => Draft::Text(vec![other.to_string()]),
        }
    }

    fn flows(&mut self, depth: usize) -> bool {
        self.numbers.below(depth + 1) > 1
    }

    fn flow(&mut self, value: &Value, schema: &'a Value) -> Flow {
        let (is_map, is_record) = (value.is_object(), self.of_map(schema).1);
        let of = &self.resolve(schema)["items"];
        let members = match value {
            Value::Object(data) => self.members(data, schema),
            other => {
                let items = other.as_array().unwrap().iter();
                items.map(|item| (String::new(), item.clone(), of)).collect()
            }
        };
        let shape = match self.numbers.below(6) {
            0 => Shape::Each(self.numbers.once_in(2)),
            1 => Shape::Hanging(1 + self.numbers.below(members.len())),
            _ => Shape::Line,
        };
        let has_lines = matches!(shape, Shape::Each(_));
        let members = members.into_iter().map(|(key, value, schema)| {
            let is_known = *schema != Value::Bool(false);
            let value = match &value {
                Value::Object(_) | Value::Array(_) => Draft::Flow(self.flow(&value, schema)),
                Value::Null if is_map => Draft::Nothing,
                Value::String(text) => self.text(text),
                other => Draft::Text(vec![other.to_string()]),
            };
            let comments = if has_lines { self.some_comments() } else { Vec::new() };
            let beside = (has_lines && self.numbers.once_in(5)).then(|| self.comment());
            let key = if is_map { self.key(&key) } else { key };
            Member { apart: false, comments, is_known, key, value, below: false, beside }
        });
        let members: Vec<Member> = members.collect();
        let shape = if members.is_empty() { Shape::Line } else { shape };
        Flow { is_map, is_record: is_record && is_map, shape, members }
    }

    fn comment(&mut self) -> String {
        self.comments += 1;
        let marks = ["# comment", "#comment", "# - a: b", "#  {é, \"", "# key: 'x'"];
        format!("{} {} of many", self.numbers.one_of(&marks), self.comments)
    }

    fn some_comments(&mut self) -> Vec<String> {
        let many = if self.numbers.once_in(6) { 1 + self.numbers.below(2) } else { 0 };
        (0..many).map(|_| self.comment()).collect()
    }

    fn key(&mut self, key: &str) -> String {
        if !is_plain(key) || self.numbers.once_in(20) { quoted(key) } else { key.to_owned() }
    }

    fn text(&mut self, text: &str) -> Draft {
        let choice = self.numbers.below(3);
        let (written, quote) = if is_plain(text) && choice > 0 {
            (text.to_owned(), "")
        } else if choice > 1 && !text.contains(char::is_control) {
            (format!("'{}'", text.replace('\'', "''")), "'")
        } else {
            (quoted(text), "\"")
        };
        let mut lines = vec![written];
        while self.numbers.once_in(4) {
            let last = lines.pop().unwrap();
            let gaps = last.match_indices(' ').map(|(at, _)| at).filter(|at| {
                let (before, after) = (&last[..*at], &last[at + 1..]);
                let inside = before.len() > 1 && !before.ends_with([' ', '\\']) && after.len() > 1;
                inside && !after.starts_with([' ', '#', '-', '?', ':']) && after != quote
            });
            let gaps: Vec<usize> = gaps.collect();
            if gaps.is_empty() {
                lines.push(last);
                break;
            }
            let at = *self.numbers.one_of(&gaps);
            lines.extend([last[..at].to_owned(), last[at + 1..].to_owned()]);
        }
        Draft::Text(lines)
    }

    fn literal(&mut self, text: &str) -> Option<Draft> {
        let unusual = |character: char| character.is_control() && character != '\n';
        if text.trim_matches('\n').is_empty() || text.contains(unusual) || text.starts_with('\n') {
            return None;
        }
        let body = text.trim_end_matches('\n');
        let ends = text.len() - body.len();
        let digit = if body.starts_with(' ') || self.numbers.once_in(6) { "2" } else { "" };
        let chomping = ["-", "", "+"][ends.min(2)];
        let mut lines: Vec<String> = body.split('\n').map(str::to_owned).collect();
        lines.extend((1..ends).map(|_| String::new()));
        Some(Draft::Literal(format!("|{digit}{chomping}"), lines))
    }
}

/// Takes from an item what cannot stand on the line of its dash.
fn settle_item(item: &mut Member) {
    let Draft::Block(block) = &mut item.value else { return };
    item.beside = None;
    if matches!(block.parts[0], Part::Remark { .. }) {
        block.parts.remove(0);
    }
    if let Part::Member(first) = &mut block.parts[0] {
        first.comments.clear();
    }
}

/// Whether a text can stand without quotes anywhere.
fn is_plain(text: &str) -> bool {
    let inside = |next: char| next.is_ascii_alphanumeric() || "_./é語 ".contains(next);
    text.starts_with(|first: char| first.is_ascii_alphabetic() || first == 'é')
        && text.chars().all(inside)
        && !text.ends_with(' ')
        && !["true", "false", "null"].contains(&text.to_lowercase().as_str())
}

fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

impl Draft {
    /// Whether empty lines below would belong to it.
    pub(crate) fn is_sealed(&self) -> bool {
        match self {
            Draft::Literal(header, _) => header.contains('+'),
            Draft::Block(block) => match block.parts.last() {
                Some(Part::Member(member)) => member.value.is_sealed(),
                _ => false,
            },
            _ => false,
        }
    }
}
