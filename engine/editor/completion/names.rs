//! Names that a template can read where it stands.

use std::ops::Range;

use crate::editor::chain::{self, Chain};
use crate::editor::completion::{Completion, Kind, Offer};
use crate::editor::front::Piece;
use crate::editor::symbol::{self, Symbol};
use crate::editor::{Draft, Scope, describe, span};
use crate::playbook::InputKind;
use crate::source::FileId;

/// Offers names in a template that is open or closed.
pub(super) fn offer(
    draft: &Draft,
    file: FileId,
    range: Range<usize>,
    at: usize,
) -> Vec<Completion> {
    let scope = draft.scope(file, range.start);
    in_scope(draft, file, range, at, scope)
}

/// Offers names in a value that is an expression by itself.
pub(super) fn in_piece(
    draft: &Draft,
    piece: &Piece,
    range: Range<usize>,
    at: usize,
) -> Vec<Completion> {
    let scope = Scope { stage: piece.trail.stage(), ..Scope::default() };
    let mut completions = in_scope(draft, FileId(0), range, at, scope);
    let whole = span(FileId(0), &piece.inner);
    if piece.trail.is("stages/*/when") && "always()".starts_with(piece.word.as_str()) {
        let always = Offer::new("always()", Kind::Word)
            .detail(Some("also after a stage that failed".to_owned()));
        completions.push(always.at(whole, str::to_owned));
    }
    if draft.text()[..at].ends_with(':') {
        for completion in &mut completions {
            completion.edit.text.insert(0, ' ');
        }
    }
    completions
}

fn in_scope(
    draft: &Draft,
    file: FileId,
    range: Range<usize>,
    at: usize,
    scope: Scope<'_>,
) -> Vec<Completion> {
    let Some(source) = draft.source(file) else { return Vec::new() };
    let Some(chain) = chain::at(&source.text, range, at) else { return Vec::new() };
    let (before, typed) = cut(&chain, at);
    let before: Vec<&str> = before.iter().map(String::as_str).collect();
    let place = span(file, &typed);
    let offers = offers(draft, &before, scope);
    offers.into_iter().map(|offer| offer.at(place, str::to_owned)).collect()
}

/// Splits a chain at a cursor: the names before it, and the bytes of the one that it is in.
fn cut(chain: &Chain, at: usize) -> (Vec<String>, Range<usize>) {
    let index = chain.parts.iter().rposition(|(_, part)| part.start <= at).unwrap_or_default();
    let before = chain.parts[..index].iter().map(|(name, _)| name.clone()).collect();
    let typed = chain.parts.get(index).map_or(at..at, |(_, part)| part.clone());
    (before, typed)
}

fn offers(draft: &Draft, before: &[&str], scope: Scope<'_>) -> Vec<Offer> {
    match before {
        [] => roots(draft, scope),
        ["inputs"] => inputs(draft, scope),
        ["project"] => {
            let facts = describe::facts();
            facts.map(|(name, meaning)| fact(name, meaning)).collect()
        }
        ["args"] => scope.command.map(|command| arguments(draft, command)).unwrap_or_default(),
        ["stages"] => {
            let stages = scope.stage.map(|stage| draft.order.before(stage)).unwrap_or_default();
            let stages = stages.into_iter().map(|id| {
                let title = describe::title(draft, id).map(str::to_owned);
                Offer::new(id, Kind::Stage).detail(title).about(describe::stage(draft, id))
            });
            stages.collect()
        }
        ["stages", id] if draft.order.has(id) => {
            let status = fact("status", "`succeeded`, `failed` or `skipped`");
            vec![fact("output", "What the stage leaves"), status]
        }
        ["stages", id, "output", path @ ..] => fields(draft, id, &owned(path)),
        [name, path @ ..] => {
            let stage = scope.stage.filter(|_| scope.item);
            let item = stage.filter(|stage| symbol::item_name(draft, stage) == Some(*name));
            let Some((producer, mut whole)) = item.and_then(|stage| symbol::items(draft, stage))
            else {
                return Vec::new();
            };
            whole.extend(owned(path));
            fields(draft, &producer, &whole)
        }
    }
}

/// Returns the names with which a chain can begin.
fn roots(draft: &Draft, scope: Scope<'_>) -> Vec<Offer> {
    let mut offers = vec![
        fact("inputs", "Values that the caller supplies"),
        fact("project", "Facts about the project"),
    ];
    if let Some(stage) = scope.stage {
        offers.push(fact("stages", "The stages before this one"));
        let item = symbol::item_name(draft, stage).filter(|_| scope.item);
        offers.extend(item.map(|name| {
            let documentation = describe::symbol(draft, &Symbol::Item(stage.to_owned()));
            Offer::new(name, Kind::Name).about(documentation)
        }));
    }
    if scope.command.is_some() {
        offers.push(fact("args", "Words that the model fills in"));
    }
    offers
}

/// Returns the inputs; a secret only where it can be read.
fn inputs(draft: &Draft, scope: Scope<'_>) -> Vec<Offer> {
    let secret = |name: &str| {
        let mut inputs = draft.playbook.inputs.iter();
        inputs.any(|input| input.name.value == name && input.kind == InputKind::Secret)
    };
    let inputs = draft.keys("inputs").filter(|piece| scope.secret || !secret(&piece.word));
    inputs
        .map(|piece| {
            let documentation = describe::symbol(draft, &Symbol::Input(piece.word.clone()));
            Offer::new(&piece.word, Kind::Input).about(documentation)
        })
        .collect()
}

fn arguments(draft: &Draft, command: &str) -> Vec<Offer> {
    let arguments = draft.keys("commands/*/args");
    let own = arguments.filter(|piece| piece.trail.below("commands") == Some(command));
    own.map(|piece| Offer::new(&piece.word, Kind::Name)).collect()
}

/// Returns the fields that a stage's output has at a path.
fn fields(draft: &Draft, stage: &str, path: &[String]) -> Vec<Offer> {
    let listed = describe::output(&draft.playbook, stage, path, |nodes| {
        let mut offers: Vec<Offer> = Vec::new();
        for node in nodes {
            for (name, node) in node.properties() {
                let kinds = Some(node.kinds()).filter(|kinds| !kinds.is_empty());
                let about = node.description().map(str::to_owned);
                offers.push(Offer::new(name, Kind::Field).detail(kinds).about(about));
            }
        }
        offers.retain(|offer| is_name(&offer.text));
        offers
    });
    listed.unwrap_or_default()
}

/// Whether a dot can stand before it.
fn is_name(text: &str) -> bool {
    !text.starts_with(|first: char| first.is_ascii_digit())
        && text.chars().all(|letter| letter.is_alphanumeric() || letter == '_')
}

fn fact(name: &str, meaning: &str) -> Offer {
    Offer::new(name, Kind::Field).detail(Some(meaning.to_owned()))
}

fn owned(path: &[&str]) -> Vec<String> {
    path.iter().map(|part| (*part).to_owned()).collect()
}
