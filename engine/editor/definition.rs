//! From a name to the place that it stands for.

use crate::editor::front::Trail;
use crate::editor::symbol::{Found, Part, Symbol};
use crate::editor::{Draft, span};
use crate::source::{FileId, Span};

impl Draft {
    /// Returns the place that the name at a byte stands for: a declaration, a section, a file.
    pub fn definition(&self, file: FileId, at: usize) -> Option<Span> {
        self.defined(self.found_at(file, at)?)
    }

    fn defined(&self, found: &Found) -> Option<Span> {
        match &found.symbol {
            Symbol::Stage(_) => {
                let order = match found.part {
                    Part::Heading => [Part::Declaration, Part::Heading],
                    _ => [Part::Heading, Part::Declaration],
                };
                order.iter().find_map(|part| self.place(&found.symbol, *part))
            }
            Symbol::Item(stage) => self.place(&found.symbol, Part::Declaration).or_else(|| {
                let mut keys = self.keys("stages/*");
                let key =
                    keys.find(|key| key.word == "for_each" && key.trail.stage() == Some(stage));
                Some(span(FileId(0), &key?.inner))
            }),
            Symbol::Field(stage, path) => self.field(stage, path),
            Symbol::File(path) => self.start_of(path),
            Symbol::Airplane(name) => airplane_page(self, name).map(|file| Span::new(file, 0, 0)),
            Symbol::Key(_) | Symbol::Tool(_) | Symbol::Project(_) | Symbol::Rule(_) => None,
            Symbol::Input(_)
            | Symbol::Command(_)
            | Symbol::Argument(..)
            | Symbol::Doc(_)
            | Symbol::Server(_)
            | Symbol::EnvKey(_) => self.place(&found.symbol, Part::Declaration),
        }
    }

    fn place(&self, symbol: &Symbol, part: Part) -> Option<Span> {
        let mut found = self.found.iter();
        found.find(|found| found.part == part && found.symbol == *symbol).map(|found| found.span)
    }

    fn start_of(&self, path: &str) -> Option<Span> {
        let file = self.bundle.named.get(path)?.as_ref().ok()?;
        Some(Span::new(*file, 0, 0))
    }

    /// Finds a field of an output in the file of its schema, each name after the one above it;
    /// without such a file, the stage's section.
    fn field(&self, stage: &str, path: &[String]) -> Option<Span> {
        let symbol = Symbol::Stage(stage.to_owned());
        let trail = Trail::default().key("stages").key(stage).key("output").key("schema");
        let Some(start) = self.value(&trail).and_then(|path| self.start_of(&path.word)) else {
            let section = self.place(&symbol, Part::Heading);
            return section.or_else(|| self.place(&symbol, Part::Declaration));
        };
        let text = &self.source(start.file)?.text;
        let mut place = start;
        for name in path.iter().filter(|part| *part != "[]" && part.parse::<i64>().is_err()) {
            let at = place.end as usize;
            let quoted = format!("\"{name}\"");
            let Some(found) = text.get(at..).and_then(|rest| rest.find(&quoted)) else { break };
            place = Span::new(start.file, at + found + 1, at + found + 1 + name.len());
        }
        Some(place)
    }
}

/// Returns the page of an airplane, if the playbook names it and the library has it.
pub(super) fn airplane_page(draft: &Draft, name: &str) -> Option<FileId> {
    let files = draft.bundle.airplane_files.get(name)?;
    let is_page = |file: &FileId| {
        let source = draft.source(*file);
        let path = source.map(|source| source.name.replace('\\', "/")).unwrap_or_default();
        path.ends_with(&format!("airplanes/{name}/airplane.md"))
    };
    files.iter().copied().find(is_page)
}
