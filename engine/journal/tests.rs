//! Tests of journals: that what is written is read, and what of it a digest says.

use super::event::{CheckVerdict, FileDiff, FileMark, Outcome, RetroNote};
use super::*;
use crate::model::Usage;

fn at() -> At {
    At { stage: "capture".to_owned(), item: Some(1) }
}

/// One event of every kind, with the edges of what their fields can hold.
fn samples() -> Vec<Event> {
    [run_samples(), effect_samples(), stage_samples()].concat()
}

fn text() -> String {
    "a\u{1b}[31m \u{202e}\n\"b\"\\".to_owned()
}

fn run_samples() -> Vec<Event> {
    vec![
        Event::RunStarted {
            run: "0198".to_owned(),
            wizard: "0.1.0".to_owned(),
            playbook: "analytics".to_owned(),
            hash: "aa".to_owned(),
            project: "/p".to_owned(),
            model: None,
            replay: Some("demo.jsonl".to_owned()),
            inputs: [("at".to_owned(), serde_json::json!({ "time": -1, "event": 1.5 }))].into(),
            stages: vec![("survey".to_owned(), text())],
            source: "/p/analytics.md".to_owned(),
            library: Some("/l".to_owned()),
            again: vec!["survey".to_owned()],
        },
        Event::UndoStarted {
            run: "0199".to_owned(),
            of: "0198".to_owned(),
            wizard: "0.1.0".to_owned(),
            project: text(),
        },
        Event::StartKept { files: 3, hash: "aa".to_owned(), left_out: vec![text()] },
        Event::Requirement { text: text(), verdict: "met".to_owned(), found: text() },
        Event::ReferenceReady {
            name: "sdk".to_owned(),
            kind: "doc".to_owned(),
            tokens: u64::MAX,
            hash: "bb".to_owned(),
            fetched: Some(("https://x.test".to_owned(), "fresh".to_owned(), 7)),
        },
        Event::ReferenceMissing { name: "sdk".to_owned(), reason: text() },
        Event::StageStarted {
            stage: "capture".to_owned(),
            recipe: [("prose".to_owned(), "cc".to_owned())].into(),
            because: None,
        },
        Event::StageReused {
            stage: "survey".to_owned(),
            from: "0197".to_owned(),
            recipe: [("prose".to_owned(), "cc".to_owned())].into(),
            output: text().into(),
            document: false,
            rests_on: vec!["a".to_owned()],
            whole: true,
            keys: vec!["KEY".to_owned()],
        },
        Event::ItemsListed { stage: "capture".to_owned(), items: vec![text().into()] },
        Event::Briefed { at: at(), system: Some(text()), text: text() },
        Event::ItemStarted { at: at(), title: text() },
        Event::RequestSent {
            at: at(),
            turn: u32::MAX,
            attempt: 1,
            model: "m".to_owned(),
            tokens: 9,
            reserved: Some(0.25),
        },
        Event::RequestRetried { at: at(), reason: text(), wait: 2_000, counted: true },
        Event::Shortened { at: at(), turn: 2, before: 4_096, after: 512 },
        Event::Reply {
            at: at(),
            turn: 1,
            blocks: serde_json::json!([{ "call": { "id": "c", "name": "edit", "input": null } }]),
            stop: crate::model::Stop::Length,
            usage: Usage { input: 1, cache_read: 2, cache_write: 3, output: 4 },
            estimated: true,
            usd: None,
            took: 5,
            retro: true,
        },
    ]
}

fn effect_samples() -> Vec<Event> {
    vec![
        Event::ServerAsked {
            at: at(),
            server: "shop".to_owned(),
            tool: text(),
            arguments: serde_json::json!({ "n": 1 }),
        },
        Event::ServerAnswered {
            at: at(),
            server: "shop".to_owned(),
            tool: text(),
            failed: false,
            bytes: 2,
            took: 3,
            replayed: true,
        },
        Event::Cleaned {
            at: at(),
            tool: "read".to_owned(),
            about: text(),
            invisible: 3,
            masked: 1,
        },
        Event::ToolAnswered {
            at: At::stage("init"),
            call: "c".to_owned(),
            tool: "edit".to_owned(),
            about: text(),
            outcome: Outcome::Refused,
            text: text(),
            seen: [("a".to_owned(), None), ("b".to_owned(), Some("dd".to_owned()))].into(),
        },
        Event::FilesLeft {
            at: at(),
            files: [
                (text(), None),
                (
                    "b".to_owned(),
                    Some(FileMark { hash: "cc".to_owned(), mode: Some(0o644), link: Some(text()) }),
                ),
            ]
            .into(),
            folders: [(text(), None), ("d".to_owned(), Some(0o755))].into(),
        },
        Event::FileChanging {
            at: at(),
            path: text(),
            before: None,
            after: Some("cc".to_owned()),
            mode: Some(0o600),
        },
        Event::FileChanged {
            at: at(),
            path: text(),
            before: Some("cc".to_owned()),
            after: None,
            added: 0,
            removed: 9,
        },
        Event::EnvSetting {
            at: at(),
            file: ".env".to_owned(),
            key: "KEY".to_owned(),
            created: true,
            splice: Some(event::Splice {
                before: None,
                after: Some("dd".to_owned()),
                at: 1,
                cut: 2,
                put: 3,
                kept: Some("ee".to_owned()),
            }),
            taken_back: true,
        },
        Event::CommandStarted {
            at: at(),
            name: "build".to_owned(),
            argv: vec!["sh".to_owned(), text()],
            why: "check".to_owned(),
            level: Some(crate::sandbox::Level::Kernel),
        },
        Event::CommandEnded {
            at: at(),
            name: "build".to_owned(),
            exit: Some(-1),
            text: text(),
            took: 3,
            changed: vec![text()],
            replayed: true,
            reverted: vec![text()],
        },
        Event::CheckRan {
            at: at(),
            check: text(),
            verdict: CheckVerdict::RedBefore,
            evidence: text(),
        },
    ]
}

fn stage_samples() -> Vec<Event> {
    vec![
        Event::AttemptFailed { at: at(), attempt: 1, reason: text() },
        Event::Asked { at: at(), what: "approve output".to_owned(), text: text() },
        Event::Answered {
            at: at(),
            what: "approve output".to_owned(),
            answer: text(),
            decision: Some(crate::journal::event::Decision::Edit(text().into())),
            by: "person".to_owned(),
            waited: 4,
        },
        Event::Output { at: at(), output: serde_json::json!([null, "x"]), document: false },
        Event::ItemFinished {
            at: at(),
            status: Status::Failed,
            reason: Some(text()),
            output: text().into(),
        },
        Event::StageFinished {
            stage: "capture".to_owned(),
            status: Status::Blocked,
            reason: None,
            optional: true,
        },
        Event::Retro {
            stage: "capture".to_owned(),
            notes: vec![RetroNote { kind: "wrong".to_owned(), line: None, text: text() }],
            wanted_tool: Some("curl".to_owned()),
        },
        Event::Stopped { reason: text() },
        Event::RunFinished {
            exit: 3,
            changed: vec![FileDiff {
                path: text(),
                how: "created".to_owned(),
                added: 1,
                removed: 0,
            }],
        },
    ]
}

#[test]
fn there_is_a_sample_of_every_event() {
    let schema = serde_json::json!(schema());
    let mut known: Vec<String> = schema["oneOf"]
        .as_array()
        .unwrap()
        .iter()
        .map(|variant| variant["properties"]["event"]["const"].as_str().unwrap().to_owned())
        .collect();
    let mut sampled: Vec<String> = samples()
        .iter()
        .map(|event| serde_json::json!(event)["event"].as_str().unwrap().to_owned())
        .collect();
    known.sort();
    sampled.sort();
    assert_eq!(sampled, known);
}

#[test]
fn every_event_is_read_as_it_was_written() {
    for (index, event) in samples().into_iter().enumerate() {
        let record = Record { seq: index as u64 + 1, time: -1, event };
        let line = serde_json::to_string(&record).unwrap();
        assert_eq!(parse(line.as_bytes()).unwrap(), [record], "{line}");
    }
}

#[test]
fn a_record_has_no_key_twice() {
    for event in samples() {
        let top = serde_json::json!(event);
        assert!(["seq", "time", "proof"].iter().all(|key| top.get(*key).is_none()), "{top}");
    }
}

fn lines() -> Vec<u8> {
    let records = samples().into_iter().enumerate();
    let mut bytes = Vec::new();
    for (index, event) in records {
        let record = Record { seq: index as u64 + 1, time: 0, event };
        serde_json::to_writer(&mut bytes, &record).unwrap();
        bytes.push(b'\n');
    }
    bytes
}

#[test]
fn a_journal_cut_at_any_byte_is_read_up_to_the_cut() {
    let bytes = lines();
    let whole = parse(&bytes).unwrap();
    for end in 0..bytes.len() {
        let records = parse(&bytes[..end]).unwrap();
        let ends = bytes[..end].iter().filter(|byte| **byte == b'\n').count();
        let closed = bytes[end] == b'\n';
        assert_eq!(records, whole[..ends + usize::from(closed)], "cut at {end}");
    }
}

#[test]
fn a_bad_line_that_is_not_cut_is_an_error_that_names_it() {
    let mut bytes = lines();
    let middle = bytes.iter().position(|byte| *byte == b'\n').unwrap();
    bytes[middle - 1] = b'x';
    assert!(parse(&bytes).unwrap_err().starts_with("line 1 is not an event: "));
    let last = b"{\"seq\":1,\"time\":0,\"event\":\"stopped\"\n";
    assert!(parse(last).unwrap_err().starts_with("line 1 is not an event: "));
}

#[test]
fn an_event_of_a_later_version_is_named_with_its_line_and_the_way_out() {
    let first = serde_json::to_string(&Record { seq: 1, time: 0, event: samples().remove(0) });
    let first = first.unwrap().replace("0.1.0", "0.9.0");
    let later = "{\"seq\":2,\"time\":0,\"event\":\"dreamt\",\"of\":1}";
    let own = env!("CARGO_PKG_VERSION");
    for end in ["", "\n"] {
        assert_eq!(
            parse(format!("{first}\n{later}{end}").as_bytes()).unwrap_err(),
            format!(
                "line 2 has the event `dreamt`, which wizard {own} does not know; \
                 read this journal with wizard 0.9.0, which wrote it"
            )
        );
    }
    let status = "{\"seq\":1,\"time\":0,\"event\":\"stage_finished\",\"stage\":\"s\",\
                  \"status\":\"dreamt\",\"reason\":null,\"optional\":false}";
    assert!(parse(status.as_bytes()).unwrap_err().starts_with("line 1 is not an event: unknown"));
}

fn digest_of_events(events: Vec<Event>) -> String {
    let records = events.into_iter().enumerate();
    let records: Vec<Record> =
        records.map(|(index, event)| Record { seq: index as u64, time: 0, event }).collect();
    digest_of(&records)
}

#[test]
fn a_digest_says_what_a_stage_after_failures_has_to_know() {
    let changed = |path: &str, before: Option<&str>, after: Option<&str>| Event::FileChanged {
        at: At::stage("init"),
        path: path.to_owned(),
        before: before.map(str::to_owned),
        after: after.map(str::to_owned),
        added: 3,
        removed: 1,
    };
    let finished = |stage: &str, status, reason: Option<&str>| Event::StageFinished {
        stage: stage.to_owned(),
        status,
        reason: reason.map(str::to_owned),
        optional: false,
    };
    let refused = || Event::ToolAnswered {
        at: At::stage("init"),
        call: String::new(),
        tool: "edit".to_owned(),
        about: ".env".to_owned(),
        outcome: Outcome::Refused,
        text: "this stage may not change `.env`".to_owned(),
        seen: std::collections::BTreeMap::new(),
    };
    let check = |verdict| Event::CheckRan {
        at: at(),
        check: "command `build` succeeds".to_owned(),
        verdict,
        evidence: "exit 1\ncompiling\n\u{1b}[31merror: no such export\n".to_owned(),
    };
    let digest = digest_of_events(vec![
        finished("survey", Status::Succeeded, None),
        changed("a.ts", Some("1"), Some("2")),
        changed("a.ts", Some("2"), Some("3")),
        changed("b.ts", None, Some("4")),
        refused(),
        refused(),
        check(CheckVerdict::Passed),
        check(CheckVerdict::Failed),
        Event::CommandEnded {
            at: at(),
            name: "add_sdk".to_owned(),
            exit: Some(0),
            text: String::new(),
            took: 1,
            changed: vec!["package.json".to_owned()],
            replayed: false,
            reverted: Vec::new(),
        },
        Event::EnvSetting {
            at: at(),
            file: ".env".to_owned(),
            key: "KEY".to_owned(),
            created: false,
            splice: None,
            taken_back: false,
        },
        finished("init", Status::Succeeded, None),
        finished("capture", Status::Failed, Some("1 of 3 items: item 2: no")),
        finished("verify", Status::Blocked, Some("`capture` failed")),
        Event::StageStarted {
            stage: "report".to_owned(),
            recipe: std::collections::BTreeMap::new(),
            because: None,
        },
    ]);
    assert_eq!(
        digest,
        "Stages:\n\
         - capture: failed, 1 of 3 items: item 2: no\n\
         - verify: blocked, `capture` failed\n\
         - report: is playing\n\
         Stages that succeeded: survey, init\n\
         Checks that do not pass:\n\
         - capture[2]: command `build` succeeds: exit 1 … \\u{1b}[31merror: no such export\n\
         Refused:\n\
         - init: edit .env: this stage may not change `.env` (2 times)\n\
         Changed files:\n\
         - a.ts +6 -2, by init\n\
         - b.ts +3 -1, created, by init\n\
         - package.json, by command add_sdk\n\
         Env keys set: KEY"
    );
}

#[test]
fn a_digest_is_bounded_whatever_happened() {
    let long = "日本語 ".repeat(500);
    let mut events = Vec::new();
    for number in 0..500 {
        events.push(Event::StageFinished {
            stage: format!("stage_{number}"),
            status: Status::Failed,
            reason: Some(long.clone()),
            optional: false,
        });
        events.push(Event::CheckRan {
            at: At::stage(format!("stage_{number}")),
            check: long.clone(),
            verdict: CheckVerdict::Failed,
            evidence: long.clone(),
        });
        events.push(Event::FileChanged {
            at: at(),
            path: format!("{number}{long}"),
            before: None,
            after: None,
            added: 1,
            removed: 1,
        });
    }
    let digest = digest_of_events(events);
    assert!(digest.len() <= 3_600, "{}", digest.len());
    assert!(digest.contains("Changed files:") && digest.contains("and 49"), "{digest}");
    assert_eq!(digest_of(&[]), "");
}
