//! What an editor shows of a playbook while somebody writes it: from a draft and a place in it to
//! an answer. It reads no file that the draft does not have, and knows no protocol.

mod chain;
pub mod completion;
mod contents;
mod definition;
mod describe;
mod format;
mod front;
mod hover;
mod order;
mod references;
mod rename;
mod repairs;
mod schema;
mod symbol;

use std::ops::Range;

use crate::diagnostic::Diagnostic;
use crate::lint::Profile;
use crate::playbook::{Bundle, Document, Playbook, Prose};
use crate::source::{FileId, Source, Span};

use front::{Piece, Role, Trail};
use order::Order;
use symbol::Found;

pub use contents::{Entry, EntryKind};
pub use format::Unproven;
pub use hover::Hover;
pub use rename::Refusal;
pub use repairs::Repair;

/// A playbook as an editor has it, however broken.
///
/// **Invariant:** making one and asking it never fails. What stands in the text is read from the
/// text as it is; what has to be typed is taken from the last text whose YAML could be read.
#[derive(Debug)]
pub struct Draft {
    /// Its files.
    pub bundle: Bundle,
    /// What lint finds in it; nothing in a file that is no playbook.
    pub findings: Vec<Diagnostic>,
    playbook: Playbook,
    /// The bytes of its YAML.
    front: Range<usize>,
    pieces: Vec<Piece>,
    order: Order,
    found: Vec<Found>,
}

/// What a template can see where it stands.
#[derive(Debug, Clone, Copy, Default)]
struct Scope<'a> {
    /// The stage whose templates see the stages before it.
    stage: Option<&'a str>,
    /// Whether it sees the stage's item.
    item: bool,
    /// The command whose arguments it sees.
    command: Option<&'a str>,
    /// Whether it may see a secret.
    secret: bool,
}

impl Draft {
    /// Makes a draft of a bundle. `earlier` is the draft of the same file before the last change.
    pub fn new(bundle: Bundle, profile: Profile, earlier: Option<Draft>) -> Draft {
        let text = bundle.files.first().map(|source| source.text.as_str()).unwrap_or_default();
        let front = front_matter(text, bundle.document());
        let pieces = front::scan(text, front.clone(), None);
        let mut draft = Draft {
            bundle,
            findings: Vec::new(),
            playbook: Playbook::default(),
            front,
            order: Order::new(&pieces),
            pieces,
            found: Vec::new(),
        };
        if draft.is_playbook() {
            let known = crate::tools::known();
            (draft.playbook, draft.findings) = crate::lint::check(&draft.bundle, &known, profile);
            if !is_read(&draft.playbook)
                && let Some(earlier) = earlier
            {
                draft.playbook = earlier.playbook;
            }
            draft.found = symbol::found(&draft);
        }
        draft
    }

    /// Whether the file means to be a playbook: its front matter has the key `playbook`.
    pub fn is_playbook(&self) -> bool {
        self.keys("").any(|piece| piece.word == "playbook")
    }

    fn document(&self) -> &Document {
        self.bundle.document()
    }

    fn source(&self, file: FileId) -> Option<&Source> {
        self.bundle.files.get(usize::from(file.0))
    }

    fn text(&self) -> &str {
        self.source(FileId(0)).map(|source| source.text.as_str()).unwrap_or_default()
    }

    /// Returns the keys of the map at a trail, such as `stages/*`.
    fn keys(&self, map: &str) -> impl Iterator<Item = &Piece> {
        let keys = self.pieces.iter().filter(|piece| piece.role == Role::Key);
        keys.filter(move |piece| !piece.word.is_empty() && piece.trail.is(map))
    }

    /// Returns the values that stand at a trail.
    fn values(&self, trail: &str) -> impl Iterator<Item = &Piece> {
        let values = self.pieces.iter().filter(|piece| piece.role == Role::Value);
        values.filter(move |piece| !piece.word.is_empty() && piece.trail.is(trail))
    }

    /// Returns the one value at a trail.
    fn value(&self, trail: &Trail) -> Option<&Piece> {
        self.pieces.iter().find(|piece| {
            piece.role == Role::Value && !piece.word.is_empty() && piece.trail == *trail
        })
    }

    /// Returns the value of a stage's key.
    fn of_stage(&self, id: &str, key: &str) -> Option<&Piece> {
        self.value(&Trail::default().key("stages").key(id).key(key))
    }

    /// Returns the prose of a file.
    fn proses(&self, file: FileId) -> impl Iterator<Item = &Prose> {
        let document = self.document();
        let sections = document.sections.iter().map(|section| &section.prose);
        let own = std::iter::once(&document.preamble).chain(sections);
        let stages = self.playbook.stages.iter().flat_map(|stage| &stage.includes);
        let includes = self.playbook.includes.iter().chain(stages);
        let includes = includes.filter(|prose| prose.span.file != FileId(0));
        own.chain(includes).filter(move |prose| prose.span.file == file)
    }

    /// Says what a template sees that stands at a byte of a file.
    fn scope(&self, file: FileId, at: usize) -> Scope<'_> {
        if file != FileId(0) {
            return Scope::default();
        }
        if at > self.front.end {
            let section = self.document().sections.iter().rev();
            let section = section.into_iter().find(|section| section.id.span.start as usize <= at);
            let stage = section.map(|section| section.id.value.as_str());
            return Scope { stage, item: true, ..Scope::default() };
        }
        let Some(piece) = self.piece(at) else { return Scope::default() };
        let trail = &piece.trail;
        let has_list = || self.value(&trail.above().key("in")).is_some();
        // What says which items there are cannot see one.
        let outside = trail.is("stages/*/when")
            || trail.is("stages/*/for_each/*")
                && !(trail.is("stages/*/for_each/files") && has_list());
        Scope {
            stage: trail.stage(),
            item: !outside,
            command: trail.below("commands"),
            secret: trail.is("env/keys/*"),
        }
    }

    /// Returns the key or value in which a byte of the front matter stands.
    fn piece(&self, at: usize) -> Option<&Piece> {
        let pieces = self.pieces.iter();
        let around = pieces.filter(|piece| piece.span.start <= at && at <= piece.span.end);
        around.min_by_key(|piece| piece.span.len())
    }

    /// Returns what stands at a byte, the smallest first.
    fn found_at(&self, file: FileId, at: usize) -> Option<&Found> {
        let touched = |found: &&Found| {
            let span = found.span;
            span.file == file && span.start as usize <= at && at <= span.end as usize
        };
        let found = self.found.iter().filter(touched);
        found.min_by_key(|found| found.span.end - found.span.start)
    }
}

/// Whether a front matter could be read: without one, nothing of a playbook is known.
fn is_read(playbook: &Playbook) -> bool {
    playbook.preamble.span != Span::default()
}

/// Returns the bytes of the front matter. One that is never closed goes up to the first section.
fn front_matter(text: &str, document: &Document) -> Range<usize> {
    if let Some(range) = &document.front_matter {
        return range.clone();
    }
    let start = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let first = text[start..].split_inclusive('\n').next().unwrap_or_default();
    if first.trim_end() != "---" {
        return 0..0;
    }
    let start = start + first.len();
    start..text[start..].find("\n## ").map_or(text.len(), |length| start + length + 1)
}

/// Makes a span of bytes.
fn span(file: FileId, range: &Range<usize>) -> Span {
    Span::new(file, range.start, range.end)
}
