//! The order of stages: who comes before whom, in waves, and where it goes in a circle.

use std::collections::BTreeSet;

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

/// Builds the graph from each stage's direct needs.
pub fn build(needs: Vec<Vec<usize>>) -> Result<Graph, Vec<Cycle>> {
    let _ = needs;
    Ok(Graph::default())
}
