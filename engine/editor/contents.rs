//! What a playbook has, as a table of contents.

use crate::editor::{Draft, describe, span};
use crate::source::{FileId, Span};

/// A line of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What it is called.
    pub name: String,
    /// What is said beside it.
    pub detail: Option<String>,
    /// What it is.
    pub kind: EntryKind,
    /// All of it.
    pub span: Span,
    /// Its name.
    pub selection: Span,
    /// What stands in it.
    pub children: Vec<Entry>,
}

/// What a line of the table is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryKind {
    /// The list of stages.
    Stages,
    /// A stage's entry in it.
    Stage,
    /// A section of prose.
    Section,
}

impl Draft {
    /// Returns the stages and the sections.
    pub fn contents(&self) -> Vec<Entry> {
        let file = FileId(0);
        let stages = self.keys("stages").map(|piece| Entry {
            name: piece.word.clone(),
            detail: self
                .of_stage(&piece.word, "run")
                .map(|command| format!("runs {}", command.word)),
            kind: EntryKind::Stage,
            span: span(file, &piece.entry),
            selection: span(file, &piece.inner),
            children: Vec::new(),
        });
        let stages = stages.collect();
        let mut entries = Vec::new();
        if let Some(key) = self.keys("").find(|piece| piece.word == "stages") {
            entries.push(Entry {
                name: key.word.clone(),
                detail: None,
                kind: EntryKind::Stages,
                span: span(file, &key.entry),
                selection: span(file, &key.inner),
                children: stages,
            });
        }
        entries.extend(self.document().sections.iter().map(|section| {
            let start = self.text()[..section.id.span.start as usize].rfind('\n');
            let start = start.map_or(0, |end| end + 1);
            Entry {
                name: section.id.value.clone(),
                detail: describe::title(self, &section.id.value).map(str::to_owned),
                kind: EntryKind::Section,
                span: Span::new(file, start, section.prose.span.end as usize),
                selection: section.id.span,
                children: Vec::new(),
            }
        }));
        entries
    }
}
