//! What is wrong with a playbook.

use crate::{
    diagnostic::Diagnostic,
    playbook::{Bundle, Playbook},
};

/// Facts from modules above, passed down as plain names.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// The words of the engine's tools.
    pub tools: Vec<&'static str>,
}

/// Returns every finding about a parsed playbook, those of parsing not included, sorted by place.
pub fn diagnose(bundle: &Bundle, playbook: &Playbook, known: &Known) -> Vec<Diagnostic> {
    let _ = (bundle, playbook, known);
    Vec::new()
}
