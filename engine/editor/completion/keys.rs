//! Keys of the front matter, by the place in which they would stand.

use crate::editor::completion::{Completion, Kind, Offer};
use crate::editor::front::{Piece, Role, Trail};
use crate::editor::schema::Node;
use crate::editor::{Draft, describe, span};
use crate::source::FileId;

/// Offers the keys that a map may have and does not have yet.
pub(super) fn offer(draft: &Draft, piece: &Piece) -> Vec<Completion> {
    let root = crate::playbook::schema();
    let place = span(FileId(0), &piece.span);
    let has_colon = piece.role == Role::Key && colon_follows(draft.text(), piece.span.end);
    let present: Vec<&str> = draft
        .pieces
        .iter()
        .filter(|other| other.role == Role::Key && other.trail == piece.trail)
        .filter(|other| other.span.start != piece.span.start)
        .map(|other| other.word.as_str())
        .collect();
    let mut completions = Vec::new();
    for form in Node::at(root, &piece.trail) {
        let missing = form.properties().into_iter().filter(|(key, _)| !present.contains(key));
        completions.extend(missing.map(|(key, node)| {
            let is_map = node.forms().iter().any(|form| form.takes("object"));
            let offer = Offer::new(key, Kind::Key)
                .detail(Some(node.kinds()).filter(|kinds| !kinds.is_empty()))
                .about(documentation(&piece.trail, key));
            offer.at(place, |key| match (has_colon, is_map && !piece.in_flow) {
                (true, _) => key.to_owned(),
                (false, true) => format!("{key}:"),
                (false, false) => format!("{key}: "),
            })
        }));
    }
    if piece.trail.is("stages") {
        completions.extend(sections(draft, &present).map(|offer| {
            offer.at(place, |id| if has_colon { id.to_owned() } else { format!("{id}:") })
        }));
    }
    completions
}

/// Returns the ids of sections for which there is no stage.
fn sections<'a>(draft: &'a Draft, present: &[&str]) -> impl Iterator<Item = Offer> + use<'a> {
    let known: Vec<String> = present.iter().map(|id| (*id).to_owned()).collect();
    let ids = draft.document().sections.iter().map(|section| section.id.value.clone());
    let missing = ids.filter(move |id| !known.contains(id));
    missing.map(|id| Offer::new(id, Kind::Stage).detail(Some("a section without a stage".into())))
}

/// Returns what a key is for.
pub(super) fn documentation(map: &Trail, key: &str) -> Option<String> {
    describe::key(&map.key(key))
}

fn colon_follows(text: &str, at: usize) -> bool {
    text.get(at..).is_some_and(|rest| rest.trim_start_matches(' ').starts_with(':'))
}
