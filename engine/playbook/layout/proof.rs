//! That a text says what it said before: the same values, the same lists in the same order, and
//! nothing gone.

use serde_json::Value;

use super::order;
use crate::playbook::node::{Node, Tree};
use crate::source::Span;

/// Finds a value that another text has no more. Only the keys of the format's records may have
/// changed their places.
pub(super) fn changed(before: &Tree, after: &Tree, root: &Value) -> Option<Span> {
    Proof { root }.changed(before, after, root)
}

/// Whether two texts have the same characters, but for spaces and for the commas that end lists.
pub(super) fn same_characters(before: &str, after: &str) -> bool {
    let characters = |text: &str| {
        let mut characters: Vec<char> = text.chars().filter(|it| !is_spacing(*it)).collect();
        characters.sort_unstable();
        characters
    };
    characters(before) == characters(after)
}

fn is_spacing(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\r' | '\n' | ',')
}

struct Proof<'a> {
    root: &'a Value,
}

impl<'a> Proof<'a> {
    fn changed(&self, before: &Tree, after: &Tree, schema: &'a Value) -> Option<Span> {
        let same = match (&before.value, &after.value) {
            (Node::List(old), Node::List(new)) if old.len() == new.len() => {
                let schema = order::of_item(self.root, schema);
                return old.iter().zip(new).find_map(|(old, new)| self.changed(old, new, schema));
            }
            (Node::Map(old), Node::Map(new)) if old.len() == new.len() => {
                let moves = order::declared(self.root, schema).is_some();
                return old.iter().enumerate().find_map(|(index, (key, value))| {
                    let found = if moves {
                        new.iter().find(|(other, _)| other.value == key.value)
                    } else {
                        new.get(index).filter(|(other, _)| other.value == key.value)
                    };
                    let Some((_, other)) = found else { return Some(key.span) };
                    let schema = order::of_key(self.root, schema, &key.value);
                    self.changed(value, other, schema)
                });
            }
            (Node::List(_) | Node::Map(_), _) => false,
            (old, new) => old == new,
        };
        (!same).then_some(before.span)
    }
}
