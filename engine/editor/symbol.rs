//! The names in a playbook: where each is declared, used and spoken of.

use std::ops::Range;

use crate::editor::chain::{self, Chain};
use crate::editor::front::{Piece, Role, Step, Trail};
use crate::editor::{Draft, Scope, span};
use crate::playbook::Prose;
use crate::source::{FileId, Span, Spanned};

/// What a word of a playbook stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Symbol {
    /// A key of the format.
    Key(Trail),
    Stage(String),
    Input(String),
    Command(String),
    /// An argument of a command.
    Argument(String, String),
    Doc(String),
    Airplane(String),
    Server(String),
    EnvKey(String),
    Tool(String),
    /// The item of a stage.
    Item(String),
    /// A fact about the project.
    Project(String),
    /// A part of what a stage leaves, by its path from `output` on; `[]` is any item of a list.
    Field(String, Vec<String>),
    /// A file of the library.
    File(String),
    /// A rule of lint.
    Rule(String),
}

/// A symbol and where it stands.
#[derive(Debug, Clone)]
pub(super) struct Found {
    pub(super) symbol: Symbol,
    pub(super) span: Span,
    pub(super) part: Part,
}

/// What a place is to a symbol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// Its key in the front matter.
    Declaration,
    /// The heading of a stage's section.
    Heading,
    Use,
    /// Prose that speaks of it.
    Mention,
    /// A word of prose that may be something else of the same name.
    Namesake,
}

/// Finds every symbol of a draft.
pub(super) fn found(draft: &Draft) -> Vec<Found> {
    let mut found = Vec::new();
    let file = FileId(0);
    for piece in &draft.pieces {
        found.extend(of_piece(draft, piece));
        let bare = piece.trail.is("stages/*/when") || piece.trail.is("stages/*/for_each/in");
        if bare && piece.role == Role::Value && !piece.word.contains("${{") {
            of_expression(draft, file, piece.inner.clone(), &mut found);
        }
    }
    for inner in chain::templates(draft.text(), 0..draft.text().len()) {
        of_expression(draft, file, inner, &mut found);
    }
    for section in &draft.document().sections {
        let symbol = Symbol::Stage(section.id.value.clone());
        found.push(Found { symbol, span: section.id.span, part: Part::Heading });
    }
    let named = draft.bundle.named.values().filter_map(|read| read.as_ref().ok());
    let mut files: Vec<FileId> = named.copied().chain([file]).collect();
    files.sort();
    for file in files {
        for prose in draft.proses(file) {
            of_prose(draft, prose, &mut found);
            if file != FileId(0) {
                let span = prose.span.start as usize..prose.span.end as usize;
                let text = draft.source(file).map(|source| source.text.as_str());
                for inner in chain::templates(text.unwrap_or_default(), span) {
                    of_expression(draft, file, inner, &mut found);
                }
            }
        }
    }
    found
}

/// Returns what a key or value of the front matter stands for.
fn of_piece(draft: &Draft, piece: &Piece) -> Option<Found> {
    let word = || piece.word.clone();
    let trail = &piece.trail;
    if piece.word.is_empty() {
        return None;
    }
    let mut place = piece.inner.clone();
    let (symbol, part) = if piece.role == Role::Key {
        declared(trail, word()).map_or_else(
            || (Symbol::Key(trail.key(&piece.word)), Part::Use),
            |symbol| (symbol, Part::Declaration),
        )
    } else if trail.is("stages/*/for_each/as") {
        (Symbol::Item(trail.stage()?.to_owned()), Part::Declaration)
    } else if trail.is("tools/[]") || trail.is("stages/*/tools/[]") {
        let (symbol, inside) = granted(&piece.word);
        place = place.start + inside.start..place.start + inside.end;
        (symbol, Part::Use)
    } else {
        (used(draft, trail, word())?, Part::Use)
    };
    Some(Found { symbol, span: span(FileId(0), &place), part })
}

/// Returns what a key declares.
fn declared(map: &Trail, name: String) -> Option<Symbol> {
    Some(match map {
        _ if map.is("stages") => Symbol::Stage(name),
        _ if map.is("inputs") => Symbol::Input(name),
        _ if map.is("commands") => Symbol::Command(name),
        _ if map.is("docs") || map.is("stages/*/docs") => Symbol::Doc(name),
        _ if map.is("mcp") => Symbol::Server(name),
        _ if map.is("env/keys") => Symbol::EnvKey(name),
        _ if map.is("commands/*/args") => Symbol::Argument(map.below("commands")?.to_owned(), name),
        _ => return None,
    })
}

/// Returns what a value names.
fn used(draft: &Draft, trail: &Trail, word: String) -> Option<Symbol> {
    let any = |patterns: &[&str]| patterns.iter().any(|pattern| trail.is(pattern));
    Some(if any(&["stages/*/needs/[]"]) {
        Symbol::Stage(word)
    } else if any(&["stages/*/run", "stages/*/checks/[]/run"]) {
        Symbol::Command(word)
    } else if any(&["airplanes/[]"]) {
        Symbol::Airplane(word)
    } else if any(&["stages/*/checks/[]/env"]) {
        Symbol::EnvKey(word)
    } else if any(&[
        "include/[]",
        "stages/*/include/[]",
        "docs/*/file",
        "stages/*/docs/*/file",
        "stages/*/output/schema",
    ]) {
        Symbol::File(word)
    } else if any(&["lint/allow/[]/rule"]) {
        Symbol::Rule(word)
    } else if any(&["lint/allow/[]/in"]) {
        within(draft, word)?
    } else {
        return None;
    })
}

/// Returns the place to which an allowed finding is limited.
fn within(draft: &Draft, word: String) -> Option<Symbol> {
    if draft.order.has(&word) {
        Some(Symbol::Stage(word))
    } else if draft.bundle.named.contains_key(&word) {
        Some(Symbol::File(word))
    } else {
        draft.bundle.airplanes.contains(&word).then_some(Symbol::Airplane(word))
    }
}

/// Returns what a grant names, and the bytes of it that do.
fn granted(word: &str) -> (Symbol, Range<usize>) {
    let inside = |kind: &str| {
        let rest = word.strip_prefix(kind)?.strip_prefix('(')?;
        let inner = rest.strip_suffix(')').unwrap_or(rest);
        Some((inner.to_owned(), kind.len() + 1))
    };
    if let Some((command, start)) = inside("run") {
        let end = start + command.len();
        return (Symbol::Command(command), start..end);
    }
    if let Some((inner, start)) = inside("mcp") {
        let server = inner.split('/').next().unwrap_or_default().to_owned();
        let end = start + server.len();
        return (Symbol::Server(server), start..end);
    }
    (Symbol::Tool(word.to_owned()), 0..word.len())
}

/// Finds the names that an expression reads.
fn of_expression(draft: &Draft, file: FileId, inner: Range<usize>, found: &mut Vec<Found>) {
    let Some(source) = draft.source(file) else { return };
    let scope = draft.scope(file, inner.start);
    for chain in chain::chains(&source.text, inner) {
        for (index, (name, place)) in chain.parts.iter().enumerate() {
            let symbol = part(draft, &chain, index, scope).filter(|_| !name.is_empty());
            found.extend(symbol.map(|symbol| Found {
                symbol,
                span: span(file, place),
                part: Part::Use,
            }));
        }
    }
}

/// Returns what one name of a chain stands for.
fn part(draft: &Draft, chain: &Chain, index: usize, scope: Scope<'_>) -> Option<Symbol> {
    let names: Vec<&str> = chain.parts[..=index].iter().map(|(name, _)| name.as_str()).collect();
    Some(match names[..] {
        ["inputs", name] => Symbol::Input(name.to_owned()),
        ["project", fact] => Symbol::Project(fact.to_owned()),
        ["stages", id] => Symbol::Stage(id.to_owned()),
        ["stages", id, "output", ref path @ ..] => {
            Symbol::Field(id.to_owned(), path.iter().map(|part| (*part).to_owned()).collect())
        }
        ["args", name] => Symbol::Argument(scope.command?.to_owned(), name.to_owned()),
        [name, ref path @ ..] => {
            let stage = scope.stage.filter(|_| scope.item)?;
            if name != item_name(draft, stage)? {
                return None;
            }
            if path.is_empty() {
                return Some(Symbol::Item(stage.to_owned()));
            }
            let (producer, mut whole) = items(draft, stage)?;
            whole.extend(path.iter().map(|part| (*part).to_owned()));
            Symbol::Field(producer, whole)
        }
        [] => return None,
    })
}

/// Returns the name of a stage's item, if it is played for items.
pub(super) fn item_name<'a>(draft: &'a Draft, stage: &str) -> Option<&'a str> {
    let trail = Trail::default().key("stages").key(stage);
    let loops = draft.keys("stages/*").any(|key| key.word == "for_each" && key.trail == trail);
    let name = draft.value(&trail.key("for_each").key("as"));
    loops.then(|| name.map_or("item", |piece| piece.word.as_str()))
}

/// Returns where a stage's items come from: the stage that leaves them, and the path of one.
pub(super) fn items(draft: &Draft, stage: &str) -> Option<(String, Vec<String>)> {
    let trail = Trail::default().key("stages").key(stage).key("for_each").key("in");
    let list = draft.value(&trail)?;
    let inner = chain::templates(draft.text(), list.inner.clone()).pop();
    let chains = chain::chains(draft.text(), inner.unwrap_or_else(|| list.inner.clone()));
    let [chain] = &chains[..] else { return None };
    let names: Vec<&str> = chain.parts.iter().map(|(name, _)| name.as_str()).collect();
    let ["stages", id, "output", path @ ..] = &names[..] else { return None };
    let mut path: Vec<String> = path.iter().map(|part| (*part).to_owned()).collect();
    path.push("[]".to_owned());
    Some(((*id).to_owned(), path))
}

/// Finds the names among the words in backticks.
fn of_prose(draft: &Draft, prose: &Prose, found: &mut Vec<Found>) {
    let text = draft.source(prose.span.file).map(|source| source.text.as_str());
    for word in &prose.code_words {
        let written =
            text.and_then(|text| text.get(word.span.start as usize..word.span.end as usize));
        let Some(start) = written.and_then(|written| written.find(word.value.as_str())) else {
            continue;
        };
        let Some((symbol, part)) = mentioned(draft, prose, word) else { continue };
        let (symbol, inside) = match symbol {
            Symbol::Tool(name) => granted(&name),
            other => (other, 0..word.value.len()),
        };
        let span = word.span.part(start + inside.start, start + inside.end);
        found.push(Found { symbol, span, part });
    }
}

/// Says what a word in backticks speaks of. The sentence decides where it could be several things.
fn mentioned(draft: &Draft, prose: &Prose, word: &Spanned<String>) -> Option<(Symbol, Part)> {
    let name = word.value.as_str();
    let sentence = prose.sentences.iter().find(|sentence| {
        sentence.span.start <= word.span.start && word.span.end <= sentence.span.end
    });
    let sentence = sentence.map(|sentence| sentence.value.to_lowercase()).unwrap_or_default();
    let is_stage = prose.span.file == FileId(0) && draft.order.has(name);
    let is_command = draft.keys("commands").any(|piece| piece.word == name);
    let is = |symbol: fn(String) -> Symbol, part| Some((symbol(name.to_owned()), part));
    if is_stage && sentence.contains("stage") {
        is(Symbol::Stage, Part::Mention)
    } else if crate::tools::WORDS.contains(&name) || name.starts_with("run(") {
        is(Symbol::Tool, Part::Mention)
    } else if is_command {
        is(Symbol::Command, Part::Mention)
    } else if draft.values("airplanes/[]").any(|piece| piece.word == name) {
        is(Symbol::Airplane, Part::Mention)
    } else if draft.keys("env/keys").any(|piece| piece.word == name) {
        is(Symbol::EnvKey, Part::Mention)
    } else if draft.keys("inputs").any(|piece| piece.word == name) {
        is(Symbol::Input, Part::Namesake)
    } else if is_stage {
        is(Symbol::Stage, Part::Namesake)
    } else {
        None
    }
}

impl Trail {
    /// Returns the key by which a value is known, if it is the value of one.
    pub(super) fn last_key(&self) -> Option<&str> {
        match self.0.last()? {
            Step::Key(key) => Some(key),
            Step::Item(_) => None,
        }
    }
}
