//! Texts that look like secrets, drawn from their own names: anyone can draw them again, so none
//! can be real. Templates are split by `|`, so that no file holds what looks like a key.

use regex::Regex;
use sha2::{Digest as _, Sha256};

use crate::support::root;

const LETTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Returns every format: its name, whether it is secret, its text, and the part that must be gone
/// (or, of a public one, must stay).
pub(crate) fn all() -> Vec<(String, bool, String, String)> {
    let text = std::fs::read_to_string(root().join("tests/corpus/fakes.tsv")).unwrap();
    let cells = text.lines().skip(1).map(|line| line.splitn(3, '\t').collect::<Vec<_>>());
    cells
        .map(|cells| {
            let (text, part) = fake(cells[0]);
            (cells[0].to_owned(), cells[1] == "secret", text, part)
        })
        .collect()
}

/// Returns the text of a format, and the part of it that matters.
pub(crate) fn fake(name: &str) -> (String, String) {
    let file = std::fs::read_to_string(root().join("tests/corpus/fakes.tsv")).unwrap();
    let line = file.lines().find(|line| line.split('\t').next() == Some(name));
    let template =
        line.unwrap_or_else(|| panic!("no format {name}")).splitn(3, '\t').nth(2).unwrap();
    let template = template.replace("\\\\", "\u{0}").replace("\\n", "\n").replace('\u{0}', "\\");
    let text = drawn(name, &template);
    let part = text.split_once("[[").and_then(|(_, rest)| rest.split_once("]]"));
    let part = part.map(|(part, _)| part.to_owned()).unwrap_or_default();
    (text.replace("[[", "").replace("]]", ""), part)
}

fn drawn(name: &str, template: &str) -> String {
    let field = Regex::new(r"\{(\w+):(\d+)\}").unwrap();
    let template = template.replace('|', "");
    let (mut number, mut first) = (0, true);
    let text = field.replace_all(&template, |found: &regex::Captures<'_>| {
        let letters = letters(&found[1]);
        let length: usize = found[2].parse().unwrap();
        let mut text = String::new();
        while text.len() < length {
            let digest = Sha256::digest(format!("wizard-fake:{name}:{number}"));
            number += 1;
            text.extend(digest.iter().map(|byte| letters[usize::from(*byte) % letters.len()]));
        }
        text.truncate(length);
        if first && length >= 8 {
            let word = ["FAKE", "fake"];
            let word =
                word.iter().find(|word| word.chars().all(|letter| letters.contains(&letter)));
            if let Some(word) = word {
                text = format!("{word}{text}");
                text.truncate(length);
            }
            first = false;
        }
        text
    });
    text.into_owned()
}

fn letters(class: &str) -> Vec<char> {
    let (upper, lower) = LETTERS.split_at(26);
    let digits = "0123456789";
    let text = match class {
        "alnum" => format!("{LETTERS}{digits}"),
        "lower" => format!("{lower}{digits}"),
        "upper" => format!("{upper}{digits}"),
        "b32" => format!("{upper}234567"),
        "hex" => format!("{digits}abcdef"),
        "digit" => digits.to_owned(),
        "alpha" => LETTERS.to_owned(),
        "bech32" => "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L".to_owned(),
        "b64" => format!("{LETTERS}{digits}+/"),
        "url" => format!("{LETTERS}{digits}_-"),
        other => panic!("no letters {other}"),
    };
    text.chars().collect()
}

#[test]
fn formats_are_drawn_alike_everywhere() {
    let (text, part) = fake("stripe-live");
    assert!(text.ends_with(&part) && part.len() > 20, "{text}");
    assert_eq!(fake("stripe-live"), fake("stripe-live"));
    assert_eq!(all().len(), 69);
}
