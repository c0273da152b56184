//! What can be typed at a place.

mod keys;
mod names;
mod values;
mod words;

use std::ops::Range;

use crate::diagnostic::Edit;
use crate::editor::front::{self, Piece, Role};
use crate::editor::{Draft, chain, span};
use crate::source::{FileId, Span};

/// Something that can be typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completion {
    /// What is shown in the list.
    pub label: String,
    /// What it is.
    pub kind: Kind,
    /// A word about it, shown beside it.
    pub detail: Option<String>,
    /// Markdown about it.
    pub documentation: Option<String>,
    /// What typing it changes.
    pub edit: Edit,
}

/// What a completion is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A key of the format.
    Key,
    /// A word that the format knows.
    Word,
    /// A stage.
    Stage,
    /// An input.
    Input,
    /// A command.
    Command,
    /// A tool.
    Tool,
    /// A part of a value.
    Field,
    /// A file of the library.
    File,
    /// Any other name.
    Name,
}

/// Something to offer, before it is known what is replaced.
struct Offer {
    text: String,
    kind: Kind,
    detail: Option<String>,
    documentation: Option<String>,
}

impl Offer {
    fn new(text: impl Into<String>, kind: Kind) -> Self {
        Offer { text: text.into(), kind, detail: None, documentation: None }
    }

    fn detail(self, detail: Option<String>) -> Self {
        Offer { detail, ..self }
    }

    fn about(self, documentation: Option<String>) -> Self {
        Offer { documentation, ..self }
    }

    /// Makes a completion that puts its text, as `written` says it, in place of a span.
    fn at(self, span: Span, written: impl FnOnce(&str) -> String) -> Completion {
        Completion {
            edit: Edit { span, text: written(&self.text) },
            label: self.text,
            kind: self.kind,
            detail: self.detail,
            documentation: self.documentation,
        }
    }
}

impl Draft {
    /// Returns what can be typed at a byte of a file.
    pub fn completions(&self, file: FileId, at: usize) -> Vec<Completion> {
        let Some(text) = self.source(file).map(|source| source.text.as_str()) else {
            return Vec::new();
        };
        if !text.is_char_boundary(at) {
            return Vec::new();
        }
        let in_front = file == FileId(0) && self.front.contains(&at) || self.ends_open(file, at);
        if in_front && !self.is_playbook() {
            return self.first_key(at);
        }
        let templates = chain::templates(text, 0..text.len());
        let inside = |range: &Range<usize>| range.start <= at && at <= range.end;
        if let Some(range) = templates.into_iter().find(inside) {
            return names::offer(self, file, range, at);
        }
        if in_front { self.in_front(at) } else { words::offer(self, file, text, at) }
    }

    /// Whether a byte is the end of a front matter that is still open.
    fn ends_open(&self, file: FileId, at: usize) -> bool {
        let open = self.document().front_matter.is_none() && self.front.start > 0;
        file == FileId(0) && open && at == self.front.end
    }

    /// In a front matter that is no playbook's, offers the key that makes it one.
    fn first_key(&self, at: usize) -> Vec<Completion> {
        let typed = self.cursor(at).filter(|piece| {
            piece.trail.is("") && (piece.opens || piece.role == Role::Key) && !piece.in_flow
        });
        let Some(piece) = typed else { return Vec::new() };
        let documentation = keys::documentation(&piece.trail, "playbook");
        let offer = Offer::new("playbook", Kind::Key).about(documentation);
        vec![offer.at(span(FileId(0), &piece.span), |key| format!("{key}: 1"))]
    }

    fn in_front(&self, at: usize) -> Vec<Completion> {
        let Some(piece) = self.cursor(at) else { return Vec::new() };
        let bare = piece.trail.is("stages/*/when") || piece.trail.is("stages/*/for_each/in");
        if piece.role == Role::Value && bare {
            let range = if piece.word.is_empty() { at..at } else { piece.inner.clone() };
            return names::in_piece(self, &piece, range, at);
        }
        let mut completions = Vec::new();
        if piece.role == Role::Key || piece.opens {
            completions.extend(keys::offer(self, &piece));
        }
        if piece.role == Role::Value {
            completions.extend(values::offer(self, &piece, at));
        }
        completions
    }

    /// Returns the key or value that a cursor means; a missing one stands at the cursor.
    fn cursor(&self, at: usize) -> Option<Piece> {
        let pieces = front::scan(self.text(), self.front.clone(), Some(at));
        let meant = pieces.into_iter().filter(|piece| {
            piece.room.start <= at && at <= piece.room.end && !in_comment(self.text(), at)
        });
        let mut piece = meant.min_by_key(|piece| piece.room.len())?;
        if piece.span.is_empty() {
            piece.span = at..at;
            piece.inner = at..at;
        }
        // An editor replaces only what the cursor is in, and only within its line.
        let inside = piece.inner.start <= at && at <= piece.inner.end;
        (inside && !piece.word.contains('\n')).then_some(piece)
    }
}

/// Whether a comment has begun in the line before a byte.
fn in_comment(text: &str, at: usize) -> bool {
    let line = text[..at].rsplit('\n').next().unwrap_or_default();
    line.trim_start().starts_with('#')
}
