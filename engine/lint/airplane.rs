//! The airplanes of a playbook as lint sees them: their files, and what the model gets of them.

use crate::lint::Known;
use crate::lint::family::{self, Family};
use crate::playbook::{Bundle, Playbook, shown_lines};
use crate::source::{FileId, Span, Spanned};

/// The page of an airplane that says what it is.
const SHEET: &str = "airplane.md";

/// What the model gets of an airplane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flattened {
    /// All its tokens.
    pub tokens: u64,
    /// The files that are shown, each with its tokens.
    pub files: Vec<(String, u64)>,
    /// Why it has more tokens than are good, where it says so.
    pub large: Option<String>,
}

/// The most tokens of an airplane that does not say why it has more.
pub const MOST_TOKENS: u64 = 8_000;

/// An airplane that the playbook names and the library has.
pub struct Airplane<'a> {
    /// Its name, where the playbook names it.
    pub name: &'a Spanned<String>,
    /// What the model gets of it, or what is wrong with it; nothing where that is not known.
    pub flattened: Option<Result<Flattened, String>>,
    /// Its text files.
    pub files: Vec<AirplaneFile<'a>>,
}

/// A text file of an airplane.
#[derive(Clone, Copy)]
pub struct AirplaneFile<'a> {
    /// The file.
    pub id: FileId,
    /// Its path inside the airplane.
    pub path: &'a str,
    /// What it holds.
    pub text: &'a str,
    /// Whether the model gets it.
    pub shown: bool,
}

/// Returns the airplanes that a playbook names and its library has, each once.
pub(super) fn of<'a>(
    bundle: &'a Bundle,
    playbook: &'a Playbook,
    known: &Known,
) -> Vec<Airplane<'a>> {
    let mut airplanes: Vec<Airplane<'a>> = Vec::new();
    for name in &playbook.airplanes {
        let Some(ids) = bundle.airplane_files.get(&name.value) else { continue };
        if airplanes.iter().any(|airplane| airplane.name.value == name.value) {
            continue;
        }
        let flattened = known.airplane.map(|flatten| flatten(bundle, name));
        let is_shown = |path: &str| match &flattened {
            Some(Ok(flattened)) => flattened.files.iter().any(|(shown, _)| shown == path),
            _ => true,
        };
        let inside = format!("airplanes/{}/", name.value);
        let files = ids.iter().filter_map(|id| {
            let source = bundle.files.get(usize::from(id.0))?;
            let path = &source.name[source.name.rfind(&inside)? + inside.len()..];
            Some(AirplaneFile { id: *id, path, text: &source.text, shown: is_shown(path) })
        });
        let files = files.collect();
        airplanes.push(Airplane { name, flattened, files });
    }
    airplanes
}

impl<'a> Airplane<'a> {
    /// Returns the place that stands for the whole airplane: its name in its own page.
    pub(super) fn place(&self) -> Span {
        let sheet = self.files.iter().find(|file| file.path == SHEET);
        let name = sheet.and_then(|sheet| {
            let line = sheet.text.find("\nname:")? + "\nname:".len();
            let start = line + sheet.text[line..].find(&self.name.value)?;
            Some(Span::new(sheet.id, start, start + self.name.value.len()))
        });
        name.unwrap_or(self.name.span)
    }

    /// Returns the files that the model gets, the airplane's own page left out.
    pub(super) fn shown(&self) -> impl Iterator<Item = &AirplaneFile<'a>> {
        self.files.iter().filter(|file| file.shown && file.path != SHEET)
    }
}

impl<'a> AirplaneFile<'a> {
    /// Returns the family of a code file.
    pub(super) fn family(&self) -> Option<&'static Family> {
        family::of_file(self.path)
    }

    /// Returns a part of the file as a place.
    pub(super) fn span(&self, start: usize, end: usize) -> Span {
        Span::new(self.id, start, end)
    }

    /// Returns the lines that the model gets, each with where it begins.
    pub(super) fn lines(&self) -> Vec<(usize, &'a str)> {
        let text = self.text;
        let shown = shown_lines(text).ok().flatten().unwrap_or_default();
        shown.into_iter().map(|line| (line.start, &text[line])).collect()
    }
}
