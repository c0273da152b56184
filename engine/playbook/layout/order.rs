//! Keys put into the order in which the format declares them.

use serde_json::Value;

use super::written::{Block, Content, Entry, Flow, Inline, Item, Part, name};
use crate::playbook::shape;

/// Orders the keys of every record of the format. Maps whose keys are the author's stay as they
/// are, and keys that the format does not know come last. No key passes a remark.
pub(super) fn arrange(block: &mut Block, schema: &Value) {
    Arranger { root: schema }.block(block, schema);
}

/// Returns the keys that the format declares for a map, if it declares any.
pub(super) fn declared<'a>(root: &'a Value, schema: &'a Value) -> Option<Vec<&'a str>> {
    let schema = shape::choice(root, schema, "object");
    let keys = schema["properties"].as_object()?;
    Some(keys.keys().map(String::as_str).collect())
}

/// Returns what the format says of a map's value.
pub(super) fn of_key<'a>(root: &'a Value, schema: &'a Value, key: &str) -> &'a Value {
    let schema = shape::choice(root, schema, "object");
    schema["properties"].get(key).unwrap_or(&schema["additionalProperties"])
}

/// Returns what the format says of a list's items.
pub(super) fn of_item<'a>(root: &'a Value, schema: &'a Value) -> &'a Value {
    &shape::choice(root, schema, "array")["items"]
}

struct Arranger<'a> {
    root: &'a Value,
}

impl<'a> Arranger<'a> {
    fn block(&self, block: &mut Block, schema: &'a Value) {
        for part in &mut block.parts {
            let Part::Entry(Entry { key, content, .. }) = part else { continue };
            let schema = match key {
                Some(key) => of_key(self.root, schema, name(key)),
                None => of_item(self.root, schema),
            };
            match content {
                Content::Nothing => {}
                Content::Beside(value) => self.value(value, schema),
                Content::Below(below) => self.value(&mut below.value, schema),
                Content::Block(block) => self.block(block, schema),
            }
        }
        if let Some(declared) = declared(self.root, schema).filter(|_| !block.is_list()) {
            let groups = block.parts.split_mut(|part| matches!(part, Part::Remark(_)));
            groups.for_each(|group| {
                group.sort_by_key(|part| match part {
                    Part::Entry(Entry { key: Some(key), .. }) => rank(name(key), &declared),
                    _ => usize::MAX,
                });
            });
        }
    }

    fn value(&self, value: &mut Inline, schema: &'a Value) {
        if let Inline::Flow(flow) = value {
            self.flow(flow, schema);
        }
    }

    fn flow(&self, flow: &mut Flow, schema: &'a Value) {
        let is_map = flow.open == '{';
        let schema = if is_map { schema } else { of_item(self.root, schema) };
        for item in &mut flow.items {
            let schema = match &item.key {
                Some(key) => of_key(self.root, schema, key.name()),
                None => schema,
            };
            if let Some(value) = &mut item.value {
                self.value(value, schema);
            }
        }
        if let Some(declared) = declared(self.root, schema).filter(|_| is_map) {
            // Where lines end is a matter of the place, not of what stands there.
            let breaks: Vec<_> = flow.items.iter().map(|item| item.before).collect();
            flow.items.sort_by_key(|item: &Item| rank(item.name(), &declared));
            for (item, before) in flow.items.iter_mut().zip(breaks) {
                item.before = before;
            }
        }
    }
}

fn rank(key: &str, declared: &[&str]) -> usize {
    declared.iter().position(|known| *known == key).unwrap_or(usize::MAX)
}
