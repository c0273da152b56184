//! Parsing never fails and never panics, whatever the bytes.

use wizard::lint::{self, Profile};
use wizard::playbook::load_text;

use crate::support::files;
use crate::support::numbers::Numbers;

/// Cuts and changes of each playbook.
const ROUNDS: u64 = 100;

fn parse(text: &str) {
    let bundle = load_text("playbook.md", text);
    let known = wizard::tools::known();
    let (_, findings) = lint::check(&bundle, &known, Profile::Strict);
    for finding in &findings {
        wizard::diagnostic::text::render(finding, &bundle.files, false);
    }
}

fn playbooks() -> Vec<String> {
    let shipped = files("playbooks", "md").into_iter().chain(files("tests/library", "md"));
    let texts: Vec<String> = shipped.map(|path| std::fs::read_to_string(path).unwrap()).collect();
    assert!(texts.len() > 3);
    texts
}

#[test]
fn a_playbook_cut_at_every_line_is_parsed() {
    for text in playbooks() {
        let ends = text.char_indices().filter(|(_, character)| *character == '\n');
        for (end, _) in ends {
            parse(&text[..end]);
        }
    }
}

#[test]
fn a_playbook_damaged_at_random_is_parsed() {
    let pieces = [
        "${{", "}}", "---\n", "\n", "{", "}", "[", "]", ": ", "'", "\"", "\t", "&a ", "*a", "!!x ",
        "|", "## ", "```", "\u{feff}", "é", "\0", "run(", "<<: ", "- ", "0x", "~",
    ];
    let mut numbers = Numbers(42);
    for text in playbooks() {
        for _ in 0..ROUNDS {
            let mut damaged = text.clone();
            for _ in 0..=numbers.below(3) {
                let boundary = |at: usize, text: &str| {
                    (0..=at).rev().find(|at| text.is_char_boundary(*at)).unwrap()
                };
                let start = boundary(numbers.below(damaged.len()), &damaged);
                let end =
                    boundary((start + numbers.below(12)).min(damaged.len()), &damaged).max(start);
                let piece = pieces[numbers.below(pieces.len())];
                damaged.replace_range(start..end, piece);
            }
            parse(&damaged);
        }
    }
}
