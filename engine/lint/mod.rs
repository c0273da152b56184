//! What is wrong with a playbook.

pub mod rule;
pub mod rules;

use crate::diagnostic::Diagnostic;
use crate::graph::Graph;
use crate::playbook::{Bundle, Playbook};

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
    /// What the engine has.
    pub known: &'a Known,
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
    let needs = playbook.stages.iter().map(|stage| {
        let needs = stage.needs.iter();
        needs.filter_map(|need| playbook.stages.iter().position(|it| *it.id == **need)).collect()
    });
    let graph = crate::graph::build(needs.collect()).unwrap_or_default();
    let subject = Subject { bundle, playbook, graph, known };
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
        self.playbook.stages.iter().position(|stage| *stage.id == *id)
    }

    /// Whether `earlier` comes before `later` on every way through the graph.
    pub fn is_upstream(&self, earlier: usize, later: usize) -> bool {
        self.graph.ancestors.get(later).is_some_and(|before| before.contains(&earlier))
    }
}
