//! A playbook that is being typed is broken most of the time, and is answered about all the same.

use wizard::diagnostic::text;
use wizard::editor::Draft;
use wizard::lint::Profile;
use wizard::playbook::load_text;
use wizard::source::{FileId, Span};

use super::BASKET;
use super::editor::{Editor, Options};
use crate::support::files;
use crate::support::numbers::Numbers;

/// At how many places each playbook is cut.
const CUTS: usize = 60;

/// Returns the byte at a part of a text, at the beginning of a character.
fn cut(text: &str, part: usize, of: usize) -> usize {
    let at = text.len() * part / of;
    (0..=at).rev().find(|at| text.is_char_boundary(*at)).unwrap()
}

#[tokio::test]
async fn a_playbook_that_ends_anywhere_is_answered_about() {
    let mut editor = Editor::start(&[("a.md", BASKET)], Options::default()).await;
    editor.open("a.md").await;
    let mut texts: Vec<String> = files("playbooks", "md")
        .into_iter()
        .map(|path| std::fs::read_to_string(path).unwrap())
        .filter(|text| text.starts_with("---"))
        .collect();
    texts.push(BASKET.to_owned());
    assert!(texts.len() > 2);
    let (mut offered, mut shown) = (0, 0);
    for text in &texts {
        let front = text[4..].find("\n---\n").unwrap() + 4;
        // Most cuts fall into the front matter, where there is more to break.
        let cuts = (1..=CUTS).map(|part| match part % 3 {
            0 => cut(text, part, CUTS),
            _ => cut(&text[..front], part, CUTS),
        });
        for at in cuts {
            let text = &text[..at];
            editor.change("a.md", None, text);
            let end = editor.position(text, at);
            offered += usize::from(!editor.complete_at("a.md", end).await.is_empty());
            let middle = editor.position(text, cut(text, 2, 3));
            shown += usize::from(editor.hover("a.md", middle).await.is_some());
        }
    }
    assert!(offered > texts.len() * CUTS / 8, "{offered} places had something to type");
    assert!(shown > texts.len() * CUTS / 8, "{shown} places were explained");
    assert_eq!(editor.leave().await, Some(0));
}

#[tokio::test]
async fn a_playbook_with_a_piece_missing_is_answered_about() {
    let mut editor = Editor::start(&[("a.md", BASKET)], Options::default()).await;
    editor.open("a.md").await;
    for part in 0..CUTS {
        let start = cut(BASKET, part, CUTS);
        let end = cut(BASKET, part * 7 % CUTS, CUTS).max(start);
        for piece in ["", "\"", "{", "[", "${{", "}}", "\t", "\r", "é: [", "- ", "`", "## "] {
            let text = format!("{}{piece}{}", &BASKET[..start], &BASKET[end..]);
            editor.change("a.md", None, &text);
            let position = editor.position(&text, start);
            editor.complete_at("a.md", position).await;
            editor.hover("a.md", position).await;
        }
    }
    assert_eq!(editor.leave().await, Some(0));
}

#[tokio::test]
async fn what_was_read_last_helps_while_the_yaml_is_broken() {
    let mut editor = super::basket().await;
    let file = "playbooks/basket.md";
    // The line above the stages is being typed, so nothing of the YAML can be read.
    let broken = BASKET.replace("tools: [read,", "bud\ntools: [read,");
    editor.change(file, None, &broken);
    assert_eq!(editor.findings(file).await[0].source.as_deref(), Some("wizard"));
    let marked = broken.replacen(
        "found ${{ stages.survey.output.pages",
        "found ${{ stages.survey.output.‸",
        1,
    );
    let labels = editor.complete(file, &marked).await;
    let labels: Vec<String> = labels.into_iter().map(|item| item.label).collect();
    assert_eq!(labels, ["found", "pages"]);
}

/// Asks everything about a place.
fn ask(draft: &Draft, at: usize) {
    let file = FileId(0);
    let source = &draft.bundle.files[0];
    for completion in draft.completions(file, at) {
        let span = completion.edit.span;
        let range = span.start as usize..span.end as usize;
        assert!(range.start <= at && at <= range.end, "{completion:?} is not at {at}");
        assert!(!source.text[range].contains('\n'), "{completion:?} is not in one line");
    }
    if let Some(hover) = draft.hover(file, at) {
        assert!(!hover.text.is_empty());
    }
    let inside = |span: &Span| {
        let text = &draft.bundle.files[usize::from(span.file.0)].text;
        assert!(text.get(span.start as usize..span.end as usize).is_some(), "{span:?}");
    };
    draft.definition(file, at).iter().for_each(inside);
    draft.references(file, at, true).iter().for_each(inside);
    if let Ok(edits) = draft.rename(file, at, "another") {
        assert!(edits.iter().all(|edit| source.slice(edit.span) == source.slice(edits[0].span)));
    }
}

#[test]
fn a_draft_damaged_at_random_answers_at_every_place() {
    let pieces = [
        "${{", "}}", "---\n", "\n", "\r", "{", "}", "[", "]", ": ", "'", "\"", "\t", "`", "|",
        "## ", "\u{feff}", "é", "😀", "\0", "run(", "- ", "#", "\n    ", ", ", "stages.", "\u{85}",
    ];
    let mut numbers = Numbers(7);
    let mut earlier = None;
    for _ in 0..300 {
        let mut damaged = BASKET.to_owned();
        for _ in 0..=numbers.below(3) {
            let start = damaged.floor_char_boundary(numbers.below(damaged.len()));
            let end = damaged.floor_char_boundary(start + numbers.below(40)).max(start);
            damaged.replace_range(start..end, pieces[numbers.below(pieces.len())]);
        }
        let bundle = load_text("playbook.md", &damaged);
        let draft = Draft::new(bundle, Profile::Strict, earlier.take());
        for finding in &draft.findings {
            text::render(finding, &draft.bundle.files, false);
        }
        for _ in 0..20 {
            ask(&draft, damaged.floor_char_boundary(numbers.below(damaged.len() + 1)));
        }
        draft.contents();
        draft.repairs(Span::new(FileId(0), 0, damaged.len()));
        let _ = draft.formatted();
        earlier = Some(draft);
    }
}
