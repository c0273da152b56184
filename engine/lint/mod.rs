//! What is wrong with a playbook.

mod language;
pub mod places;
pub mod rule;
pub mod rules;

use std::collections::HashMap;

use crate::diagnostic::Diagnostic;
use crate::graph::{Cycle, Graph};
use crate::playbook::{Bundle, Playbook, Prose};
use crate::source::Span;

pub use rule::Rule;

/// Facts from modules above, passed down as plain names.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// The words of the engine's tools.
    pub tools: Vec<&'static str>,
}

/// What a rule looks at.
pub struct Subject<'a> {
    /// The files.
    pub bundle: &'a Bundle,
    /// The playbook.
    pub playbook: &'a Playbook,
    /// The order of its stages; empty where they go in a circle.
    pub graph: Graph,
    /// The circles in which they go.
    pub cycles: Vec<Cycle>,
    /// What the engine has.
    pub known: &'a Known,
    places: HashMap<&'a str, usize>,
}

/// Parses a bundle and holds it against every rule. Findings are sorted by place.
pub fn check(bundle: &Bundle, known: &Known) -> (Playbook, Vec<Diagnostic>) {
    let (playbook, mut findings) = crate::playbook::parse(bundle);
    findings.extend(diagnose(bundle, &playbook, known));
    findings.sort_by(|one, other| {
        (one.span, one.level, one.rule, &one.message).cmp(&(
            other.span,
            other.level,
            other.rule,
            &other.message,
        ))
    });
    findings.dedup();
    (playbook, findings)
}

/// Returns every finding about a parsed playbook, those of parsing not included.
pub fn diagnose(bundle: &Bundle, playbook: &Playbook, known: &Known) -> Vec<Diagnostic> {
    let mut places = HashMap::new();
    for (index, stage) in playbook.stages.iter().enumerate() {
        places.entry(stage.id.value.as_str()).or_insert(index);
    }
    let needs = playbook.stages.iter().map(|stage| {
        let needs = stage.needs.iter();
        needs.filter_map(|need| places.get(need.value.as_str()).copied()).collect()
    });
    let (graph, cycles) = match crate::graph::build(needs.collect()) {
        Ok(graph) => (graph, Vec::new()),
        Err(cycles) => (Graph::default(), cycles),
    };
    let subject = Subject { bundle, playbook, graph, cycles, known, places };
    let mut findings = Vec::new();
    for rule in rules::RULES {
        if let Some(diagnose) = rule.diagnose {
            diagnose(&subject, &mut |finding| findings.push(finding));
        }
    }
    findings
}

impl Subject<'_> {
    /// Returns the index of a stage.
    pub fn stage(&self, id: &str) -> Option<usize> {
        self.places.get(id).copied()
    }

    /// Whether a name is declared under a key of the front matter but could not be read, which is
    /// reported already.
    pub fn is_unread(&self, key: &str, name: &str) -> bool {
        self.playbook.unread.iter().any(|unread| unread == key || unread == name)
    }

    /// Returns every piece of prose: the preamble, includes, and sections.
    pub fn proses(&self) -> impl Iterator<Item = &Prose> {
        let playbook = self.playbook;
        let stages = playbook.stages.iter();
        let of_stages = stages.flat_map(|stage| stage.section.iter().chain(&stage.includes));
        std::iter::once(&playbook.preamble).chain(&playbook.includes).chain(of_stages)
    }

    /// Returns the place of a word inside a span, or the span where the word is not found.
    pub fn word(&self, span: Span, word: &str) -> Span {
        let source = self.bundle.files.get(usize::from(span.file.0));
        let found = source.and_then(|source| source.slice(span).find(word));
        found.map_or(span, |start| span.part(start, start + word.len()))
    }

    /// Whether `earlier` comes before `later` on every way through the graph.
    pub fn is_upstream(&self, earlier: usize, later: usize) -> bool {
        self.graph.ancestors.get(later).is_some_and(|before| before.contains(&earlier))
    }
}
