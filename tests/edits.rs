//! Edits at random, in files of every encoding and with every line end: what stands outside the
//! passage keeps each of its bytes, or the whole file does.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;

use serde_json::json;
use wizard::journal::Event;
use wizard::journal::event::Outcome;
use wizard::run::Ended;

use crate::execute::{Played, call, done, play};
use crate::support::full;
use crate::support::numbers::Numbers;

const KEYS: &str = "stages:
  work:
    tools: [read, edit, write]
    writes: ['**']
";

const SECTIONS: &str = "\n## work\n\nWork.\n";

/// Files of each kind in one play, and plays: in full, and in the suite's share.
const SIZES: ((usize, u64), (usize, u64)) = ((85, 2), (17, 1));

/// How a text becomes bytes, and whether an edit of it must succeed.
struct Encoding {
    name: &'static str,
    bytes: fn(&str, &mut Numbers) -> Vec<u8>,
    edits: bool,
}

const ENCODINGS: [Encoding; 13] = [
    Encoding { name: "UTF-8", bytes: |text, _| text.as_bytes().to_vec(), edits: true },
    Encoding {
        name: "a byte order mark",
        bytes: |text, _| format!("\u{feff}{text}").into_bytes(),
        edits: true,
    },
    Encoding { name: "UTF-16LE", bytes: |text, _| wide(text, u16::to_le_bytes), edits: false },
    Encoding { name: "UTF-16BE", bytes: |text, _| wide(text, u16::to_be_bytes), edits: false },
    Encoding {
        name: "Latin-1",
        bytes: |text, _| {
            let bytes = text.chars().map(|it| u8::try_from(it).unwrap_or(b'?'));
            bytes.chain([b' ', 0xe9, b'\n']).collect()
        },
        edits: false,
    },
    Encoding {
        name: "Shift-JIS",
        bytes: |text, _| {
            let ascii = text.bytes().filter(u8::is_ascii);
            ascii.chain([0x93, 0xfa, 0x96, 0x7b, b'\n']).collect()
        },
        edits: false,
    },
    Encoding {
        name: "Windows line ends",
        bytes: |text, _| text.replace('\n', "\r\n").into_bytes(),
        edits: true,
    },
    Encoding {
        name: "old line ends",
        bytes: |text, _| text.replace('\n', "\r").into_bytes(),
        edits: true,
    },
    Encoding {
        name: "mixed line ends",
        bytes: |text, numbers| {
            let ends = ["\n", "\r\n"];
            let lines = text.split_inclusive('\n');
            let lines = lines.map(|line| {
                let end: &str = numbers.one_of::<&str>(&ends);
                line.replace('\n', end)
            });
            lines.collect::<String>().into_bytes()
        },
        edits: true,
    },
    Encoding {
        name: "no line end at the end",
        bytes: |text, _| text.trim_end().as_bytes().to_vec(),
        edits: false,
    },
    Encoding {
        name: "letters in parts",
        bytes: |text, _| text.replace('é', "e\u{301}").replace('ü', "u\u{308}").into_bytes(),
        edits: false,
    },
    Encoding {
        name: "spaces at the end",
        bytes: |text, _| text.replace('\n', "  \t\n").into_bytes(),
        edits: false,
    },
    Encoding {
        name: "bytes of zero",
        bytes: |text, _| text.replacen(' ', "\u{0}", 2).into_bytes(),
        edits: false,
    },
];

fn wide(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    let mark = u16::from_be_bytes([0xfe, 0xff]);
    [mark].into_iter().chain(text.encode_utf16()).flat_map(bytes).collect()
}

/// Makes a text of lines, no two of which are alike.
fn text(numbers: &mut Numbers) -> String {
    let words = ["größe", "café", "const", "=>", "日本語", "{", "}", "😀", "\"x\"", "\\n", "ü"];
    let lines = 2 + numbers.below(9);
    let mut text = String::new();
    for line in 0..lines {
        let indent = "  ".repeat(numbers.below(3));
        let words: Vec<&str> = (0..=numbers.below(6)).map(|_| *numbers.one_of(&words)).collect();
        text.push_str(&format!("{indent}{line}: {}\n", words.join(" ")));
    }
    text
}

/// What a model changes: whole lines of the text, or a part of one, for others.
struct Change {
    old: String,
    new: String,
}

fn change(text: &str, numbers: &mut Numbers) -> Change {
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let first = numbers.below(lines.len());
    let count = 1 + numbers.below(lines.len() - first).min(2);
    let mut old = lines[first..first + count].concat();
    if numbers.once_in(2) {
        old.pop();
    }
    let new = ["", "x", "x\ny", "ein größer Text\n\n  z\n", "日本\n", "  a b\n\tc"];
    Change { old, new: (*numbers.one_of(&new)).to_owned() }
}

/// Returns the bytes with the old passage replaced by the new, as the encoding has them; nothing
/// where the old does not stand there once. Each line end of the passage may be any.
fn expected(bytes: &[u8], change: &Change) -> Option<(usize, usize)> {
    let text = std::str::from_utf8(bytes).ok()?;
    let pattern = regex::escape(&change.old).replace('\n', "(?:\r\n|\n|\r)");
    let pattern = regex::Regex::new(&pattern).unwrap();
    let mut found = pattern.find_iter(text);
    let first = found.next()?;
    found.next().is_none().then(|| (first.start(), first.end()))
}

/// Whether every line of an inserted text ends as the file's lines do, where those are alike.
fn in_kind(bytes: &[u8], inserted: &str) -> bool {
    let text = String::from_utf8_lossy(bytes);
    let (feeds, pairs) = (text.matches('\n').count(), text.matches("\r\n").count());
    let returns = text.matches('\r').count();
    let (new_feeds, new_pairs) = (inserted.matches('\n').count(), inserted.matches("\r\n").count());
    if feeds == 0 && returns > 0 {
        return new_feeds == 0;
    }
    (feeds != pairs || new_feeds == new_pairs) && (pairs > 0 || new_pairs == 0)
}

fn outcomes(played: &Played) -> Vec<(Outcome, String)> {
    let answers = played.events.iter().filter_map(|event| match event {
        Event::ToolAnswered { tool, outcome, text, .. } if tool == "edit" => {
            Some((*outcome, text.clone()))
        }
        _ => None,
    });
    answers.collect()
}

#[test]
fn what_stands_outside_a_passage_keeps_every_byte() {
    let (files, plays) = if full() { SIZES.0 } else { SIZES.1 };
    let (mut pairs, mut edited) = (0, 0);
    for encoding in ENCODINGS {
        for seed in 0..plays {
            let mut numbers = Numbers(seed * 31 + encoding.name.len() as u64);
            let folder = tempfile::tempdir().unwrap();
            let root = folder.path().join("project");
            std::fs::create_dir_all(&root).unwrap();
            let mut cases = Vec::new();
            let mut prepared = play(KEYS, SECTIONS).at(root.clone());
            for number in 0..files {
                let text = text(&mut numbers);
                let bytes = (encoding.bytes)(&text, &mut numbers);
                let change = change(&text, &mut numbers);
                let path = format!("{number}.txt");
                std::fs::write(root.join(&path), &bytes).unwrap();
                let edit = json!({ "path": path, "old": change.old, "new": change.new });
                prepared = prepared.says(
                    "work",
                    vec![call("read", &json!({ "path": path })), call("edit", &edit)],
                );
                cases.push((path, bytes, change));
            }
            let played = prepared.says("work", vec![done()]).run();
            assert_eq!(played.ended, Ended::Succeeded, "{}", encoding.name);
            for ((path, before, change), (outcome, told)) in cases.iter().zip(outcomes(&played)) {
                pairs += 1;
                let after = std::fs::read(root.join(path)).unwrap();
                let name = format!("{}, seed {seed}, {path}: {told}", encoding.name);
                if outcome != Outcome::Done {
                    assert_eq!(&after, before, "{name}");
                    assert!(told.len() > 20, "{name}");
                    assert!(!encoding.edits, "{name}: {:?} in {before:?}", change.old);
                    continue;
                }
                edited += 1;
                let (start, end) = expected(before, change).unwrap_or_else(|| panic!("{name}"));
                assert_eq!(after[..start], before[..start], "{name}");
                let tail = before.len() - end;
                assert_eq!(after[after.len() - tail..], before[end..], "{name}");
                let inserted = std::str::from_utf8(&after[start..after.len() - tail]).unwrap();
                let plain = inserted.replace("\r\n", "\n").replace('\r', "\n");
                assert_eq!(plain, change.new, "{name}");
                assert!(in_kind(before, inserted), "{name}: {inserted:?}");
            }
            assert!(leftovers(&root).is_empty(), "{:?}", leftovers(&root));
        }
    }
    assert!(pairs >= 200 && edited * 5 > pairs * 2, "{edited} of {pairs} edited");
}

fn leftovers(root: &Path) -> Vec<String> {
    let names = std::fs::read_dir(root).unwrap();
    let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.starts_with('.')).collect()
}

/// Reads a file and edits it, with what the test does between the two turns.
fn edit_of(root: &Path, path: &str) -> Played {
    let edit = json!({ "path": path, "old": "one", "new": "two" });
    play(KEYS, SECTIONS)
        .at(root.to_owned())
        .says("work", vec![call("read", &json!({ "path": path })), call("edit", &edit)])
        .says("work", vec![done()])
        .run()
}

#[test]
fn modes_and_links_are_kept_and_a_hard_link_that_parts_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("project");
    std::fs::create_dir_all(root.join("deep")).unwrap();
    for (mode, path) in [(0o600, "a.sh"), (0o755, "b.sh"), (0o444, "c.sh"), (0o640, "d.sh")] {
        let file = root.join(path);
        std::fs::write(&file, "one\n").unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
        assert_eq!(edit_of(&root, path).ended, Ended::Succeeded);
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "two\n");
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o7777, mode, "{path}");
    }
    std::fs::write(root.join("deep/real.txt"), "one\n").unwrap();
    std::os::unix::fs::symlink("deep/real.txt", root.join("link.txt")).unwrap();
    edit_of(&root, "link.txt");
    assert_eq!(std::fs::read_link(root.join("link.txt")).unwrap(), Path::new("deep/real.txt"));
    assert_eq!(std::fs::read_to_string(root.join("deep/real.txt")).unwrap(), "two\n");
    std::fs::write(root.join("first.txt"), "one\n").unwrap();
    std::fs::hard_link(root.join("first.txt"), root.join("second.txt")).unwrap();
    let played = edit_of(&root, "first.txt");
    let (_, told) = &outcomes(&played)[0];
    assert_eq!(told, "edited; it had 2 names, and the others keep the old text");
    assert_eq!(std::fs::read_to_string(root.join("first.txt")).unwrap(), "two\n");
    assert_eq!(std::fs::read_to_string(root.join("second.txt")).unwrap(), "one\n");
    assert_eq!(root.join("second.txt").metadata().unwrap().nlink(), 1);
}

#[test]
fn a_file_that_is_no_text_is_written_over_by_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("project");
    std::fs::create_dir_all(&root).unwrap();
    let cases: [(&str, &[u8], &str); 4] = [
        ("latin.txt", b"caf\xe9\n", "is not UTF-8"),
        ("wide.txt", b"\xff\xfea\0", "is UTF-16"),
        ("bare.txt", b"a\0b\0", "bytes of zero"),
        ("image.png", b"\x89PNG\r\n\x1a\n\0\0", "bytes of zero"),
    ];
    for (path, bytes, words) in cases {
        std::fs::write(root.join(path), bytes).unwrap();
        let write = json!({ "path": path, "content": "a text of ours\n" });
        let played = play(KEYS, SECTIONS)
            .at(root.clone())
            .says("work", vec![call("read", &json!({ "path": path })), call("write", &write)])
            .says("work", vec![done()])
            .run();
        assert_eq!(std::fs::read(root.join(path)).unwrap(), bytes, "{path}");
        let told = json!(played.asked[1].messages).to_string();
        assert!(told.contains(words) && told.contains("left as it is"), "{path}: {told}");
    }
}
