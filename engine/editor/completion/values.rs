//! Values of the front matter, by the key whose values they would be.

use crate::editor::completion::{Completion, Kind, Offer};
use crate::editor::front::{Piece, Role, Step, Trail};
use crate::editor::schema::Node;
use crate::editor::symbol::Symbol;
use crate::editor::{Draft, describe, span};
use crate::lint::rules;
use crate::source::FileId;

/// The most files that are offered.
const MOST_FILES: usize = 200;

/// Offers what a value may be.
pub(super) fn offer(draft: &Draft, piece: &Piece, at: usize) -> Vec<Completion> {
    let root = crate::playbook::schema();
    let forms = Node::at(root, &piece.trail);
    let is_list = forms.iter().any(|form| form.takes("array"));
    // A list that is begun here takes its first item along.
    let (trail, is_new) =
        if is_list { (piece.trail.item(0), true) } else { (piece.trail.clone(), false) };
    let mut offers = named(draft, &trail);
    if !is_new {
        offers.extend(fixed(&piece.trail, &forms));
    }
    let written = already(draft, piece, &trail, is_new);
    offers.retain(|offer| !written.contains(&offer.text.as_str()));
    let place = span(FileId(0), &piece.inner);
    let glued = draft.text()[..at].ends_with(':') && piece.word.is_empty();
    let quote = piece.span != piece.inner;
    offers
        .into_iter()
        .map(|offer| {
            offer.at(place, |value| {
                let value = if quote { value.to_owned() } else { quoted(value) };
                let value = match (is_new, piece.opens) {
                    (false, _) => value,
                    (true, true) => format!("- {value}"),
                    (true, false) => format!("[{value}]"),
                };
                if glued { format!(" {value}") } else { value }
            })
        })
        .collect()
}

/// Returns the items that a list has already, the one at the cursor left out.
fn already<'a>(draft: &'a Draft, piece: &Piece, trail: &Trail, is_new: bool) -> Vec<&'a str> {
    let Some(Step::Item(_)) = trail.0.last() else { return Vec::new() };
    let list = trail.above();
    let own = |other: &&Piece| is_new || other.span.start != piece.span.start;
    let items = draft.pieces.iter().filter(|other| {
        other.role == Role::Value
            && matches!(other.trail.0.last(), Some(Step::Item(_)))
            && other.trail.above() == list
    });
    items.filter(own).map(|other| other.word.as_str()).collect()
}

/// Returns the values that the schema lists.
fn fixed(trail: &Trail, forms: &[Node<'_>]) -> Vec<Offer> {
    let documentation = describe::key(trail);
    let mut offers = Vec::new();
    for form in forms {
        let listed = form.options().into_iter().map(|option| match option.as_str() {
            Some(text) => text.to_owned(),
            None => option.to_string(),
        });
        let mut words: Vec<String> = listed.collect();
        if words.is_empty() && form.takes("boolean") && !form.takes("string") {
            words = vec!["true".to_owned(), "false".to_owned()];
        }
        let words = words.into_iter().map(|word| Offer::new(word, Kind::Word));
        offers.extend(words.map(|offer| offer.about(documentation.clone())));
    }
    offers
}

/// Returns the names that can stand at a trail.
fn named(draft: &Draft, trail: &Trail) -> Vec<Offer> {
    let is = |patterns: &[&str]| patterns.iter().any(|pattern| trail.is(pattern));
    if is(&["tools/[]", "stages/*/tools/[]"]) {
        tools(draft)
    } else if is(&["stages/*/needs/[]"]) {
        needs(draft, trail.stage().unwrap_or_default())
    } else if is(&["stages/*/run", "stages/*/checks/[]/run"]) {
        commands(draft, str::to_owned)
    } else if is(&["airplanes/[]"]) {
        let names = draft.bundle.airplanes.iter();
        names.map(|name| about(draft, name, Kind::Name, Symbol::Airplane)).collect()
    } else if is(&["languages/[]"]) {
        crate::lint::languages().into_iter().map(|name| Offer::new(name, Kind::Word)).collect()
    } else if is(&["include/[]", "stages/*/include/[]"]) {
        files(draft, &["md"])
    } else if is(&["docs/*/file", "stages/*/docs/*/file"]) {
        files(draft, &["md", "txt"])
    } else if is(&["stages/*/output/schema"]) {
        files(draft, &["json"])
    } else if is(&["stages/*/checks/[]/env"]) {
        let keys = draft.keys("env/keys");
        keys.map(|piece| about(draft, &piece.word, Kind::Name, Symbol::EnvKey)).collect()
    } else if is(&["lint/allow/[]/rule"]) {
        let rules = rules::RULES.iter().map(|rule| {
            let documentation = describe::rule(rule.name);
            Offer::new(rule.name, Kind::Word).about(documentation)
        });
        rules.collect()
    } else if is(&["lint/allow/[]/in"]) {
        let stages = draft.order.ids().map(|id| Offer::new(id, Kind::Stage));
        let files = draft.bundle.named.keys().map(|path| Offer::new(path, Kind::File));
        let airplanes = draft.bundle.airplane_files.keys();
        let airplanes = airplanes.map(|name| Offer::new(name, Kind::Name));
        [Offer::new("preamble", Kind::Word)]
            .into_iter()
            .chain(stages)
            .chain(files)
            .chain(airplanes)
            .collect()
    } else {
        Vec::new()
    }
}

/// Returns the tools of the engine, each command, and the tools of servers.
fn tools(draft: &Draft) -> Vec<Offer> {
    let words = crate::tools::WORDS.iter();
    let mut offers: Vec<Offer> = words
        .map(|word| Offer::new(*word, Kind::Tool).about(crate::tools::description(word)))
        .collect();
    offers.extend(commands(draft, |name| format!("run({name})")));
    let granted = draft.pieces.iter().filter(|piece| piece.word.starts_with("mcp("));
    let mut known: Vec<&str> = granted.map(|piece| piece.word.as_str()).collect();
    known.sort_unstable();
    known.dedup();
    offers.extend(known.into_iter().map(|word| Offer::new(word, Kind::Tool)));
    for server in draft.keys("mcp") {
        let text = format!("mcp({}/", server.word);
        let detail = "a tool of this server".to_owned();
        offers.push(Offer::new(text, Kind::Tool).detail(Some(detail)));
    }
    offers
}

fn commands(draft: &Draft, written: impl Fn(&str) -> String) -> Vec<Offer> {
    let commands = draft.keys("commands").map(|piece| {
        let symbol = Symbol::Command(piece.word.clone());
        let documentation = describe::symbol(draft, &symbol);
        Offer::new(written(&piece.word), Kind::Command).about(documentation)
    });
    commands.collect()
}

/// Returns the stages that a stage can need.
fn needs(draft: &Draft, stage: &str) -> Vec<Offer> {
    let free = draft.order.free(stage).into_iter();
    free.map(|id| {
        let title = describe::title(draft, id).map(str::to_owned);
        Offer::new(id, Kind::Stage).detail(title).about(describe::stage(draft, id))
    })
    .collect()
}

/// Returns the files that the playbook can name, as it would name them.
fn files(draft: &Draft, extensions: &[&str]) -> Vec<Offer> {
    let files = draft.bundle.beside(extensions, MOST_FILES);
    files.into_iter().map(|path| Offer::new(path, Kind::File)).collect()
}

fn about(draft: &Draft, name: &str, kind: Kind, symbol: fn(String) -> Symbol) -> Offer {
    let documentation = describe::symbol(draft, &symbol(name.to_owned()));
    Offer::new(name, kind).about(documentation)
}

/// Puts quotes around what YAML would not read as text.
fn quoted(value: &str) -> String {
    let plain = !value.contains([':', '#', '{', '[', ',', '"'])
        && !value.starts_with(['*', '&', '!', '%', '@', '`', '-', ' ']);
    if plain { value.to_owned() } else { format!("\"{value}\"") }
}
