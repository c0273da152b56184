//! Keys and tokens in texts: every format is found, and what looks like one is not.

use std::collections::BTreeSet;

use wizard::closed::{covering, written};

use crate::support::root;

/// Letters of which fields are made, by name.
const ALPHABETS: [(&str, &str); 9] = [
    ("alnum", "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"),
    ("alpha", "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"),
    ("base32", "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"),
    ("base64", "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"),
    ("bech32", "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L"),
    ("digit", "0123456789"),
    ("hex", "0123456789abcdef"),
    ("lower", "abcdefghijklmnopqrstuvwxyz0123456789"),
    ("upper", "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"),
];

/// Draws numbers that are the same in every run.
struct Lot(u64);

impl Lot {
    fn draw(&mut self, below: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % below
    }
}

/// Makes a text of a template, and the part of it in `[[ ]]`. Templates are split by `|`, so that
/// no file has what looks like a key.
fn text(template: &str, lot: &mut Lot) -> (String, String) {
    let mut filled = String::new();
    let mut rest = template;
    while let Some(open) = rest.find('{') {
        let field = rest[open..].split_once('}').and_then(|(field, after)| {
            let (name, number) = field[1..].split_once(':')?;
            let letters = if name == "url" {
                format!("{}_-", ALPHABETS[0].1)
            } else {
                ALPHABETS.iter().find(|(known, _)| *known == name)?.1.to_owned()
            };
            Some((letters, number.parse::<usize>().ok()?, after))
        });
        filled.push_str(&rest[..open]);
        let Some((letters, number, after)) = field else {
            filled.push('{');
            rest = &rest[open + 1..];
            continue;
        };
        let letters: Vec<char> = letters.chars().collect();
        filled.extend((0..number).map(|_| letters[lot.draw(letters.len())]));
        rest = after;
    }
    filled.push_str(rest);
    let filled = filled.replace(r"\\", "\u{0}").replace(r"\n", "\n").replace('\u{0}', r"\");
    let filled = filled.replace('|', "");
    let marked = filled.split_once("[[").and_then(|(_, rest)| rest.rsplit_once("]]"));
    let marked = marked.map(|(marked, _)| marked.to_owned()).unwrap_or_default();
    (if marked.is_empty() { filled } else { filled.replace("[[", "").replace("]]", "") }, marked)
}

fn templates(file: &str) -> Vec<String> {
    let text = std::fs::read_to_string(root().join("tests/secrets").join(file)).unwrap();
    text.lines().map(str::to_owned).collect()
}

/// How many keys are drawn of each template.
const TIMES: u64 = 20;

#[test]
fn a_secret_of_every_format_is_found_and_covered() {
    let mut seen = BTreeSet::new();
    let mut missed = Vec::new();
    for template in templates("secret.txt") {
        let mut found = 0;
        for time in 0..TIMES {
            let (text, secret) = text(&template, &mut Lot(time));
            let text = format!("Some prose.\n{text}\nMore prose.\n");
            let keys = written(&text);
            let hit = keys.iter().any(|key| !key.public && text[key.range.clone()] == *secret);
            found += u64::from(hit);
            seen.extend(keys.iter().filter(|key| !key.public).map(|key| key.what));
            let cover = covering(&secret);
            assert_eq!(
                (cover.len(), cover.lines().count()),
                (secret.len(), secret.lines().count())
            );
            assert!(cover.chars().all(|letter| matches!(letter, '*' | '\n')), "{cover}");
        }
        // What is told by being drawn by lot alone may look like a word once in a while.
        if found + 2 < TIMES {
            missed.push(format!("{found} of {TIMES}: {template}"));
        }
    }
    assert!(missed.is_empty(), "\n{}", missed.join("\n"));
    let list = std::fs::read_to_string(root().join("engine/closed/secret_formats.txt")).unwrap();
    for line in list.lines().filter(|line| {
        ["token", "block", "value", "word"].contains(&line.split("  ").next().unwrap())
    }) {
        let what = line.split("  ").nth(3).unwrap();
        assert!(seen.contains(what), "no sample in tests/secrets is {what}");
    }
}

#[test]
fn what_looks_like_a_secret_is_none() {
    let mut wrong = Vec::new();
    for template in templates("harmless.txt") {
        for time in 0..TIMES {
            let text = text(&template, &mut Lot(time)).0;
            wrong.extend(written(&text).into_iter().map(|key| format!("{}: {text}", key.what)));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn a_key_that_everybody_may_read_is_no_secret() {
    for template in templates("public.txt") {
        for time in 0..TIMES {
            let (text, key) = text(&template, &mut Lot(time));
            let found = written(&text);
            assert_eq!(found.len(), 1, "{text}: {found:?}");
            assert!(found[0].public && text[found[0].range.clone()] == *key, "{text}: {found:?}");
        }
    }
}

#[test]
fn every_pattern_of_the_list_is_one_and_takes_a_key() {
    let list = std::fs::read_to_string(root().join("engine/closed/secret_formats.txt")).unwrap();
    let formats =
        list.lines().filter(|line| !line.starts_with('#') && !line.starts_with("harmless"));
    for line in formats {
        let columns: Vec<&str> = line.split("  ").collect();
        let [_, _, pattern, what, source] = columns[..] else { panic!("five columns: {line}") };
        let pattern = regex::Regex::new(pattern).unwrap_or_else(|error| panic!("{what}: {error}"));
        assert!(pattern.captures_len() == 2, "{what} takes one group");
        assert!(source.starts_with("https://"), "{what} has no source");
    }
}
