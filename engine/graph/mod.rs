//! The order of stages: who comes before whom, in waves, and where it goes in a circle.

use std::collections::BTreeSet;

use petgraph::algo::{tarjan_scc, toposort};
use petgraph::graph::{DiGraph, NodeIndex};

/// A directed graph of stages, by index.
#[derive(Debug, Clone, Default)]
pub struct Graph {
    /// For each stage, the stages it needs directly.
    pub needs: Vec<Vec<usize>>,
    /// For each stage, every stage that comes before it.
    pub ancestors: Vec<BTreeSet<usize>>,
    /// The stages in waves: those of one wave need only stages of earlier waves.
    pub waves: Vec<Vec<usize>>,
}

/// Stages that need each other in a circle, in the order of the circle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cycle(pub Vec<usize>);

/// Builds the graph from each stage's direct needs. A need that is no stage is left out.
pub fn build(needs: Vec<Vec<usize>>) -> Result<Graph, Vec<Cycle>> {
    let count = needs.len();
    let mut graph = DiGraph::<(), ()>::with_capacity(count, count);
    for _ in 0..count {
        graph.add_node(());
    }
    for (stage, direct) in needs.iter().enumerate() {
        for &need in direct.iter().filter(|need| **need < count) {
            graph.add_edge(NodeIndex::new(need), NodeIndex::new(stage), ());
        }
    }
    let Ok(order) = toposort(&graph, None) else { return Err(cycles(&graph, &needs)) };
    let mut ancestors: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); count];
    let mut depths = vec![0_usize; count];
    for stage in order.into_iter().map(NodeIndex::index) {
        let direct = || needs[stage].iter().copied().filter(|need| *need < count);
        // A clone is far cheaper than as many insertions, and most stages need one other.
        let largest = direct().max_by_key(|need| ancestors[*need].len());
        let mut before = largest.map(|need| ancestors[need].clone()).unwrap_or_default();
        for need in direct() {
            before.insert(need);
            if Some(need) != largest {
                before.extend(ancestors[need].iter().copied());
            }
            depths[stage] = depths[stage].max(depths[need] + 1);
        }
        ancestors[stage] = before;
    }
    let mut waves = vec![Vec::new(); depths.iter().max().map_or(0, |deepest| deepest + 1)];
    for (stage, depth) in depths.into_iter().enumerate() {
        waves[depth].push(stage);
    }
    Ok(Graph { needs, ancestors, waves })
}

/// Walks each strongly connected part along its needs, from its first stage back to itself.
fn cycles(graph: &DiGraph<(), ()>, needs: &[Vec<usize>]) -> Vec<Cycle> {
    let mut cycles: Vec<Cycle> = tarjan_scc(graph)
        .into_iter()
        .map(|part| part.into_iter().map(NodeIndex::index).collect::<BTreeSet<_>>())
        .filter_map(|part| {
            let first = *part.first()?;
            if part.len() == 1 && !needs[first].contains(&first) {
                return None;
            }
            let mut circle = vec![first];
            let mut seen = BTreeSet::from([first]);
            loop {
                let last = *circle.last()?;
                let next = *needs[last].iter().filter(|need| part.contains(need)).min()?;
                if !seen.insert(next) {
                    let start = circle.iter().position(|stage| *stage == next)?;
                    return Some(Cycle(circle.split_off(start)));
                }
                circle.push(next);
            }
        })
        .collect();
    cycles.sort_by(|one, other| one.0.cmp(&other.0));
    cycles
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waves_hold_stages_whose_needs_are_in_earlier_ones() {
        let graph = build(vec![vec![], vec![0], vec![], vec![1, 2]]).unwrap();
        assert_eq!(graph.waves, [vec![0, 2], vec![1], vec![3]]);
        assert_eq!(graph.ancestors[3], BTreeSet::from([0, 1, 2]));
    }

    #[test]
    fn a_circle_is_reported_whole() {
        let circles = build(vec![vec![2], vec![0], vec![1], vec![3]]).unwrap_err();
        assert_eq!(circles, [Cycle(vec![0, 2, 1]), Cycle(vec![3])]);
    }
}
