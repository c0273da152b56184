//! The order of the stages of a draft: which come before which, by what the text says.

use std::collections::{BTreeSet, HashMap};

use crate::editor::front::{Piece, Role};

/// The stages in the order in which they stand, and what each needs.
#[derive(Debug, Default)]
pub(super) struct Order {
    ids: Vec<String>,
    places: HashMap<String, usize>,
    needs: Vec<Vec<usize>>,
    /// For each stage, those that come before it; nothing where they go in a circle.
    before: Option<Vec<BTreeSet<usize>>>,
}

impl Order {
    pub(super) fn new(pieces: &[Piece]) -> Order {
        let mut order = Order::default();
        let keys = || pieces.iter().filter(|piece| piece.role == Role::Key);
        for key in keys().filter(|key| key.trail.is("stages") && !key.word.is_empty()) {
            order.places.entry(key.word.clone()).or_insert(order.ids.len());
            order.ids.push(key.word.clone());
        }
        // A stage that says nothing needs the one above it.
        let above = |index: usize| index.checked_sub(1).into_iter().collect();
        order.needs = (0..order.ids.len()).map(above).collect();
        for key in keys().filter(|key| key.word == "needs" && key.trail.is("stages/*")) {
            if let Some(stage) = key.trail.stage().and_then(|id| order.place(id)) {
                order.needs[stage].clear();
            }
        }
        for need in pieces.iter().filter(|piece| piece.trail.is("stages/*/needs/[]")) {
            let stage = need.trail.stage().and_then(|id| order.place(id));
            if let (Some(stage), Some(need)) = (stage, order.place(&need.word)) {
                order.needs[stage].push(need);
            }
        }
        let graph = crate::graph::build(order.needs.clone());
        order.before = graph.ok().map(|graph| graph.ancestors);
        order
    }

    /// Returns the ids of the stages.
    pub(super) fn ids(&self) -> impl Iterator<Item = &str> {
        self.ids.iter().map(String::as_str)
    }

    /// Whether there is such a stage.
    pub(super) fn has(&self, id: &str) -> bool {
        self.places.contains_key(id)
    }

    /// Returns what a stage needs.
    pub(super) fn needs(&self, id: &str) -> Vec<&str> {
        let needs = self.place(id).map(|stage| &self.needs[stage]);
        needs.into_iter().flatten().map(|need| self.ids[*need].as_str()).collect()
    }

    /// Returns the stages that come before a stage; every other where they go in a circle.
    pub(super) fn before(&self, id: &str) -> Vec<&str> {
        let Some(own) = self.place(id) else { return Vec::new() };
        let comes = |index: &usize| match &self.before {
            Some(before) => before[own].contains(index),
            None => *index != own,
        };
        (0..self.ids.len()).filter(comes).map(|index| self.ids[index].as_str()).collect()
    }

    /// Returns the stages that a stage can need: not itself, nor any that comes after it.
    pub(super) fn free(&self, id: &str) -> Vec<&str> {
        let own = self.place(id);
        let comes_after = |index: usize| {
            let before = self.before.as_ref().and_then(|before| before.get(index));
            before.zip(own).is_some_and(|(before, own)| before.contains(&own))
        };
        let free = (0..self.ids.len()).filter(|index| Some(*index) != own && !comes_after(*index));
        free.map(|index| self.ids[index].as_str()).collect()
    }

    fn place(&self, id: &str) -> Option<usize> {
        self.places.get(id).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::editor::front::scan;

    fn order(yaml: &str) -> Order {
        Order::new(&scan(yaml, 0..yaml.len(), None))
    }

    #[test]
    fn a_stage_needs_what_it_names_or_the_one_above() {
        let order = order("stages:\n  a:\n  b: {needs: []}\n  c:\n  d: {needs: [a, c, x]}\n");
        assert_eq!(order.needs("b"), Vec::<&str>::new());
        assert_eq!(order.needs("c"), ["b"]);
        assert_eq!(order.before("d"), ["a", "b", "c"]);
        assert_eq!(order.before("c"), ["b"]);
        assert_eq!(order.free("b"), ["a"]);
        assert_eq!(order.free("new"), ["a", "b", "c", "d"]);
    }

    #[test]
    fn in_a_circle_every_other_stage_may_come_before() {
        let order = order("stages:\n  a: {needs: [b]}\n  b:\n");
        assert_eq!(order.before("a"), ["b"]);
        assert_eq!(order.free("a"), ["b"]);
    }
}
