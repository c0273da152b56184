//! Journals in `reports/`, and what a person is shown of them: `BLESS=1` writes the pages anew.

use std::fs;
use std::path::{Path, PathBuf};

use wizard::journal::{self, Record, shown};
use wizard::report::{self, Report};

/// A journal a way in which runs end.
pub(crate) const CASES: [&str; 9] = [
    "succeeded",
    "failed",
    "stopped",
    "partly",
    "crashed",
    "replayed",
    "hostile",
    "resumed",
    "undone",
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reports")
}

pub(crate) fn records(case: &str) -> Vec<Record> {
    journal::read(&folder().join(format!("{case}.jsonl"))).unwrap()
}

fn fold(case: &str) -> Report {
    report::fold(&records(case)).kept_at(Path::new("/home/ada/.wizard/runs/0198c0de/journal.jsonl"))
}

/// Holds a page against what is rendered, or writes it anew.
pub(crate) fn assert_page(name: &str, rendered: &str) {
    let path = folder().join(name);
    if std::env::var_os("BLESS").is_some() {
        fs::write(&path, rendered).unwrap();
    }
    let page = fs::read_to_string(&path).unwrap_or_default();
    let diff = similar::TextDiff::from_lines(page.as_str(), rendered);
    let diff = diff.unified_diff().header("the page", "what is rendered").to_string();
    assert!(page == rendered, "{}\n{diff}", path.display());
}

#[test]
fn every_journal_is_told_on_a_terminal() {
    for case in CASES {
        assert_page(&format!("{case}.txt"), &report::text::render(&fold(case), false));
    }
}

#[test]
fn every_journal_is_told_in_markdown() {
    for case in CASES {
        assert_page(&format!("{case}.md"), &report::markdown::render(&fold(case)));
    }
}

#[test]
fn every_report_fits_its_schema() {
    let schema = serde_json::json!(report::schema());
    for case in CASES {
        let text = report::json::render(&fold(case));
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value, serde_json::json!(fold(case)), "{case}");
        jsonschema::validate(&schema, &value).unwrap();
    }
    assert_page("failed.json", &report::json::render(&fold("failed")));
}

#[test]
fn the_journals_have_every_event_and_fit_the_schema() {
    let schema = serde_json::json!(journal::schema());
    let validator = jsonschema::validator_for(&schema).unwrap();
    let mut unseen: Vec<String> = schema["oneOf"]
        .as_array()
        .unwrap()
        .iter()
        .map(|variant| variant["properties"]["event"]["const"].as_str().unwrap().to_owned())
        .collect();
    for case in CASES {
        for record in records(case) {
            let value = serde_json::json!(record);
            validator.validate(&value).unwrap();
            unseen.retain(|event| *event != value["event"]);
        }
    }
    assert_eq!(unseen, Vec::<String>::new());
}

#[test]
fn no_line_is_wider_than_a_terminal() {
    for case in CASES {
        for line in report::text::render(&fold(case), false).lines() {
            let copied = line.trim_start().starts_with("journal: ");
            assert!(copied || shown::width(line) <= 80, "{case}: {line}");
        }
    }
}

#[test]
fn nothing_of_a_journal_acts_on_a_terminal_or_hides() {
    let report = fold("hostile");
    let json = report::json::render(&report);
    for text in [report::text::render(&report, false), report::markdown::render(&report), json] {
        let acting = |character: &char| {
            let is_hidden = matches!(character, '\u{ad}' | '\u{200b}'..='\u{200f}'
                | '\u{202a}'..='\u{202e}' | '\u{e0000}'..='\u{e007f}');
            (character.is_control() && *character != '\n') || is_hidden
        };
        assert_eq!(text.chars().find(acting), None, "{text}");
    }
}

#[test]
fn color_adds_nothing_but_color() {
    for case in CASES {
        let report = fold(case);
        let colored = report::text::render(&report, true);
        let mut plain = String::new();
        let mut rest = colored.as_str();
        while let Some((before, after)) = rest.split_once("\u{1b}[") {
            plain.push_str(before);
            rest = after.split_once('m').unwrap().1;
        }
        plain.push_str(rest);
        assert_eq!(plain, report::text::render(&report, false), "{case}");
        assert_ne!(plain, colored, "{case}");
    }
}

#[test]
fn folding_and_rendering_never_fail_whatever_a_journal_lacks() {
    let tell = |records: &[Record]| {
        let report = report::fold(records);
        let _ = report::text::render(&report, true);
        let _ = report::markdown::render(&report);
        let _ = report::json::render(&report);
        let _ = journal::digest_of(records);
    };
    for case in CASES {
        let whole = records(case);
        for index in 0..whole.len() {
            tell(&whole[..index]);
            tell(&whole[index..]);
            tell(&[&whole[..index], &whole[index + 1..]].concat());
        }
        let mut backwards = whole.clone();
        backwards.reverse();
        tell(&backwards);
        tell(&[whole.clone(), whole].concat());
    }
}

#[test]
fn the_time_between_a_stop_and_a_resume_does_not_count() {
    let report = fold("resumed");
    assert_eq!(report.totals.wall, 9_423);
    assert_eq!(report.stages[1].took, Some(5_206));
    assert_eq!(report.ending, report::Ending::Succeeded);
}
