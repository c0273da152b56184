//! Formatting loses nothing and comes to an end: whatever stands in a front matter, its canonical
//! form says the same, and is the same however hurriedly it was written.

mod draft;
mod hand;

use std::collections::BTreeMap;

use serde_json::{Value, json};
use wizard::playbook::{Layout, front_matter, lay_out, schema};
use wizard::source::Source;

use crate::support::numbers::Numbers;
use crate::support::{difference, files, page, shown};
use draft::Taste;
use hand::Hand;

/// Damaged versions of each playbook.
const DAMAGED: u64 = 8;

/// Hurried versions of each playbook.
const HURRIED: u64 = 1;

/// Returns every text of the repository that is a playbook, by the place where it stands.
fn playbooks() -> BTreeMap<String, String> {
    let mut playbooks = BTreeMap::new();
    for folder in ["playbooks", "tests", "book/src"] {
        for path in files(folder, "md") {
            let text = std::fs::read_to_string(&path).unwrap();
            for (index, fence) in page::fences(&text).iter().enumerate() {
                playbooks.insert(format!("{} {index}", shown(&path)), fence.contents());
            }
            playbooks.insert(shown(&path), text);
        }
    }
    playbooks.retain(|_, text| canonical(text).is_some());
    assert!(playbooks.len() > 60, "{} playbooks", playbooks.len());
    playbooks
}

/// Returns the canonical form of a text, unless something is wrong with it.
fn canonical(text: &str) -> Option<String> {
    match lay_out(&Source::new("a.md", text)) {
        Layout::Canonical(canonical) => Some(canonical),
        Layout::Faulty(faults) => {
            assert!(!faults.is_empty());
            None
        }
        Layout::Unproven(span) => panic!("unproven at {span:?}\n{text}"),
    }
}

/// Reads a playbook: its values, and its prose.
fn read(text: &str) -> (Value, &str) {
    let (data, prose) = front_matter(text).unwrap();
    (data.unwrap(), prose)
}

/// Returns the keys of every map whose keys are the author's, in their order.
fn orders(data: &Value) -> Vec<String> {
    let maps = ["/inputs", "/docs", "/mcp", "/commands", "/env/keys", "/stages", "/x_own"];
    let keys = maps.into_iter().filter_map(|map| data.pointer(map)?.as_object());
    keys.map(|map| format!("{:?}", map.keys())).collect()
}

/// Holds a canonical form against the text that it is of.
fn hold(text: &str, canonical: &str) {
    let ((before, prose), (after, same_prose)) = (read(text), read(canonical));
    assert_eq!(before, after, "{text}");
    assert_eq!(orders(&before), orders(&after), "{text}");
    assert_eq!(prose, same_prose, "{text}");
    if let Some(again) = difference("again", canonical, &self::canonical(canonical).unwrap()) {
        panic!("formatting does not come to an end\n{text}\n{again}");
    }
}

#[test]
fn a_playbook_keeps_its_values_its_comments_and_its_prose() {
    for text in playbooks().into_values() {
        let canonical = canonical(&text).unwrap();
        hold(&text, &canonical);
        for line in text.lines() {
            let behind = line.split_once(" #").map(|(_, comment)| comment);
            let comment = line.trim_start().strip_prefix('#').or(behind);
            let Some(comment) = comment.map(str::trim).filter(|it| !it.is_empty()) else {
                continue;
            };
            let times = |text: &str| text.matches(comment).count();
            assert_eq!(times(&text), times(&canonical), "{line}");
        }
    }
}

#[test]
fn a_damaged_playbook_is_refused_or_says_what_it_said() {
    let pieces = [
        "${{",
        "---\n",
        "\n",
        "{",
        "}",
        "[",
        "]",
        ": ",
        "'",
        "\"",
        "\t",
        "&a ",
        "!!str ",
        "|",
        "é",
        "\u{feff}",
        "- ",
        "~",
        "# c\n",
        " # c\n",
        "    # c\n",
        "  ",
        "\n  ",
        ",",
        ", ",
        "a: ",
        "#",
        "\n\n",
        "    ",
        "|+\n",
        ">-\n      ",
        "\r\n",
        "\r",
        " ",
        "-",
        ":",
        "? ",
        "\\",
        "b",
        "|2\n",
    ];
    let mut numbers = Numbers(42);
    let mut held = 0;
    for text in playbooks().into_values() {
        let front_matter = text.find("\n---").unwrap() + "\n---\n".len();
        for _ in 0..DAMAGED {
            let mut damaged = text.clone();
            for _ in 0..=numbers.below(4) {
                let length = if numbers.once_in(2) { 0 } else { numbers.below(8) };
                let start = damaged.floor_char_boundary(numbers.below(front_matter));
                let end = damaged.floor_char_boundary(start + length).max(start);
                damaged.replace_range(start..end, numbers.one_of::<&str>(&pieces));
            }
            if let Some(canonical) = canonical(&damaged) {
                hold(&damaged, &canonical);
                held += 1;
            }
        }
    }
    assert!(held > 100, "{held} of them could be read");
}

/// What an author may write of his own, where the format says nothing.
fn own() -> Value {
    json!({
        "b": [
            "one two three", "  a\n b\n", "é: #", "a b c # d", "語 語: x", "'", "\"\\", "- x", "", "x\n\ny\n\n",
            null, 1.5, {}, [], {"run": [[1, [2]], {"z": null, "a": "x y z"}]},
        ],
        "a": {"url": "x", "type": null},
    })
}

#[test]
fn an_author_in_a_hurry_writes_what_a_tidy_one_does() {
    let mut comments = 0;
    for (seed, (name, text)) in playbooks().into_iter().enumerate() {
        let (mut data, prose) = read(&text);
        data["x_own"] = own();
        for (_, stage) in data["stages"].as_object_mut().into_iter().flatten() {
            if let Some(stage) = stage.as_object_mut() {
                stage.insert("x_note".to_owned(), json!("some words\nand more\n\n"));
            }
        }
        let mut taste = Taste { schema: schema(), numbers: Numbers(seed as u64), comments: 0 };
        let draft = taste.draft(data.as_object().unwrap());
        let tidy = Hand::new(None).write(&draft) + prose;
        assert_eq!(read(&tidy), (data, prose), "the author forgets something\n{tidy}");
        let hurried = (0..HURRIED).map(|round| {
            let hurry = Numbers(seed as u64 * HURRIED + round);
            Hand::new(Some(hurry)).write(&draft) + prose
        });
        for text in std::iter::once(tidy.clone()).chain(hurried) {
            if let Some(difference) = difference(&name, &tidy, &canonical(&text).unwrap()) {
                panic!("{text}\n{difference}");
            }
        }
        comments += taste.comments;
    }
    assert!(comments > 500, "{comments} comments");
}

#[test]
fn line_ends_are_those_of_the_first_line() {
    for text in playbooks().into_values() {
        let (front_matter, prose) = text.split_at(text.len() - read(&text).1.len());
        let canonical = canonical(&text).unwrap().strip_suffix(prose).unwrap().to_owned();
        let windows = front_matter.replace('\n', "\r\n") + prose;
        assert_eq!(self::canonical(&windows).unwrap(), canonical.replace('\n', "\r\n") + prose);
        let mixed = front_matter.replace('\n', "\r\n").replacen("\r\n", "\n", 1) + prose;
        assert_eq!(self::canonical(&mixed).unwrap(), canonical + prose);
    }
}
