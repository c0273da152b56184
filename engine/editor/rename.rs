//! A stage, called by another name in every place.

use regex::Regex;

use crate::diagnostic::Edit;
use crate::editor::Draft;
use crate::editor::symbol::{Found, Part, Symbol};
use crate::source::{FileId, Span};

/// Why a name is not changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// What stands there is no stage.
    #[error("only a stage can be renamed, and there is none here")]
    NoStage,
    /// The front matter has a stage by no such id.
    #[error("there is no stage `{0}` to rename")]
    Unknown(String),
    /// The YAML is broken, so that a place could be missed.
    #[error("the front matter cannot be read; mend it first")]
    Unreadable,
    /// The new name is none.
    #[error("`{0}` is not a name: it has small letters, digits and `_`, and begins with a letter")]
    NotAName(String),
    /// The new name is that of another stage.
    #[error("there is a stage `{0}` already")]
    Taken(String),
}

impl Draft {
    /// Returns the place and the name of the stage at a byte, if it can be renamed.
    pub fn renamed(&self, file: FileId, at: usize) -> Result<(Span, String), Refusal> {
        let (found, id) = self.stage_at(file, at)?;
        if self.findings.iter().any(|finding| finding.rule == "bad-yaml") {
            return Err(Refusal::Unreadable);
        }
        if !self.order.has(id) {
            return Err(Refusal::Unknown(id.to_owned()));
        }
        Ok((found.span, id.to_owned()))
    }

    /// Gives the stage at a byte another name: in `stages:`, its heading, needs, templates, and
    /// prose that speaks of it as a stage.
    pub fn rename(&self, file: FileId, at: usize, name: &str) -> Result<Vec<Edit>, Refusal> {
        let (_, id) = self.renamed(file, at)?;
        let pattern =
            &crate::playbook::schema()["properties"]["stages"]["propertyNames"]["pattern"];
        let pattern = pattern.as_str().and_then(|pattern| Regex::new(pattern).ok());
        if !pattern.is_some_and(|pattern| pattern.is_match(name)) {
            return Err(Refusal::NotAName(name.to_owned()));
        }
        if name != id && self.order.has(name) {
            return Err(Refusal::Taken(name.to_owned()));
        }
        let symbol = Symbol::Stage(id);
        let same = self.found.iter().filter(|found| found.symbol == symbol);
        let mut spans: Vec<Span> =
            same.filter(|found| found.part != Part::Namesake).map(|found| found.span).collect();
        spans.sort();
        spans.dedup();
        Ok(spans.into_iter().map(|span| Edit { span, text: name.to_owned() }).collect())
    }

    fn stage_at(&self, file: FileId, at: usize) -> Result<(&Found, &str), Refusal> {
        match self.found_at(file, at) {
            Some(found) if found.part != Part::Namesake => match &found.symbol {
                Symbol::Stage(id) => Ok((found, id)),
                _ => Err(Refusal::NoStage),
            },
            _ => Err(Refusal::NoStage),
        }
    }
}
