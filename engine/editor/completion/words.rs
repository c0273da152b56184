//! Words of the prose: ids in headings, and in backticks what the stage may speak of.

use std::ops::Range;

use crate::editor::completion::{Completion, Kind, Offer};
use crate::editor::symbol::Symbol;
use crate::editor::{Draft, describe, span};
use crate::source::FileId;

/// Offers the words that can be typed in prose.
pub(super) fn offer(draft: &Draft, file: FileId, text: &str, at: usize) -> Vec<Completion> {
    let start = text[..at].rfind('\n').map_or(0, |end| end + 1);
    let end = text[at..].find('\n').map_or(text.len(), |length| at + length);
    let line = &text[start..end];
    if in_block(draft, file, at) {
        return Vec::new();
    }
    if file == FileId(0)
        && let Some(rest) = line.strip_prefix("## ")
    {
        let id = start + 3..start + 3 + rest.find([':', '\r']).unwrap_or(rest.len());
        if id.start <= at && at <= id.end {
            return headings(draft, file, &id);
        }
    }
    let ticks: Vec<usize> = line[..at - start].match_indices('`').map(|(tick, _)| tick).collect();
    let Some(open) = ticks.last().filter(|_| ticks.len() % 2 == 1) else { return Vec::new() };
    let open = start + open + 1;
    let word = &text[open..end];
    let length = word.find(|letter: char| !letter.is_alphanumeric() && !"_-()/".contains(letter));
    let typed = open..open + length.unwrap_or(word.len());
    if at > typed.end {
        return Vec::new();
    }
    let place = span(file, &typed);
    spoken(draft, file, at).into_iter().map(|offer| offer.at(place, str::to_owned)).collect()
}

/// Whether a byte stands in a block of code.
fn in_block(draft: &Draft, file: FileId, at: usize) -> bool {
    let mut blocks = draft.proses(file).flat_map(|prose| &prose.fences);
    blocks.any(|block| (block.span.start as usize) < at && at < block.span.end as usize)
}

/// Returns the stages that want a section and have none.
fn headings(draft: &Draft, file: FileId, id: &Range<usize>) -> Vec<Completion> {
    let sections = || draft.document().sections.iter();
    let place = span(file, id);
    let without = draft.order.ids().filter(|stage| {
        let elsewhere = |span: crate::source::Span| span.start as usize != id.start;
        let has = sections().any(|it| it.id.value == *stage && elsewhere(it.id.span));
        !has && draft.of_stage(stage, "run").is_none()
    });
    let offers = without.map(|stage| {
        let about = describe::stage(draft, stage);
        Offer::new(stage, Kind::Stage).about(about)
    });
    offers.map(|offer| offer.at(place, str::to_owned)).collect()
}

/// Returns what prose may speak of where it stands: its tools, commands, stages, airplanes and
/// keys of the env file.
fn spoken(draft: &Draft, file: FileId, at: usize) -> Vec<Offer> {
    let scope = draft.scope(file, at);
    let own = draft.values("stages/*/tools/[]");
    let own = own.filter(|piece| scope.stage.is_some() && piece.trail.stage() == scope.stage);
    let granted = draft.values("tools/[]").chain(own).map(|piece| piece.word.as_str());
    let mut offers: Vec<Offer> = Vec::new();
    let mut push = |offer: Offer| {
        if offers.iter().all(|known| known.text != offer.text) {
            offers.push(offer);
        }
    };
    for word in granted {
        let command = word.strip_prefix("run(").and_then(|rest| rest.strip_suffix(')'));
        match command {
            Some(command) => push(named(draft, command, Kind::Command, Symbol::Command)),
            None => push(named(draft, word, Kind::Tool, Symbol::Tool)),
        }
    }
    for piece in draft.keys("commands") {
        push(named(draft, &piece.word, Kind::Command, Symbol::Command));
    }
    if file == FileId(0) {
        for id in draft.order.ids() {
            push(named(draft, id, Kind::Stage, Symbol::Stage));
        }
    }
    for piece in draft.values("airplanes/[]") {
        push(named(draft, &piece.word, Kind::Name, Symbol::Airplane));
    }
    for piece in draft.keys("env/keys") {
        push(named(draft, &piece.word, Kind::Name, Symbol::EnvKey));
    }
    offers
}

fn named(draft: &Draft, name: &str, kind: Kind, symbol: fn(String) -> Symbol) -> Offer {
    let about = describe::symbol(draft, &symbol(name.to_owned()));
    Offer::new(name, kind).about(about)
}
