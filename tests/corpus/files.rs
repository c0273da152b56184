//! Rows about files: paths, links, protected names, edits, and what is too large or too often.

use serde_json::{Value, json};
use wizard::journal::Event;
use wizard::journal::event::Outcome;
use wizard::model::Block;

use super::fixture::CANARY;
use super::{Fixture, Row, Tally, rows};
use crate::execute::{Played, call, done, play};

/// A stage that has every tool for files and may change every file.
pub(crate) const WIDE: &str = "tools: [read, glob, grep]\nstages:\n  work:\n    tools: [edit, write, remove]\n    writes: [\"**\"]\n    budget: {turns: 400}\n";

/// What a call of a tool came to.
pub(crate) struct Called {
    /// How the last call of the row ended; nothing when it ended the attempt.
    pub(crate) outcome: Option<Outcome>,
    /// What the model was told.
    pub(crate) told: String,
    /// Where a canary left the engine, if one did.
    pub(crate) leak: Option<String>,
}

/// Lets a model call tools one after the other in a project, and tells how the last call ended.
pub(crate) fn called(fixture: &Fixture, keys: &str, calls: Vec<Block>) -> Called {
    let last = calls.len();
    let mut script = play(keys, "\n## work\n\nDo as you are told.\n").at(fixture.root());
    for block in calls {
        script = script.says("work", vec![block]);
    }
    let played = script.says("work", vec![done()]).says("work", vec![done()]).run();
    let answers = played.events.iter().filter_map(|event| match event {
        Event::ToolAnswered { outcome, .. } => Some(*outcome),
        _ => None,
    });
    let outcome = answers.clone().nth(last - 1);
    Called { outcome, told: last_result(&played, last), leak: leak(&played) }
}

/// The answer to the call of this number, from 1.
fn last_result(played: &Played, number: usize) -> String {
    let results = played.asked.iter().skip(number).take(1).flat_map(|request| &request.messages);
    let blocks = results.flat_map(|message| &message.blocks);
    let texts = blocks.filter_map(|block| match block {
        Block::Result { text, .. } => Some(text.clone()),
        _ => None,
    });
    texts.collect::<Vec<_>>().pop().unwrap_or_default()
}

/// Returns where a canary stands in what left: requests, and the journal.
pub(crate) fn leak(played: &Played) -> Option<String> {
    let requests = played.asked.iter().map(|request| format!("{request:?}"));
    let events = played.events.iter().map(|event| serde_json::to_string(event).unwrap());
    requests.chain(events).find_map(|text| {
        let at = text.find(CANARY)?;
        Some(text[at.saturating_sub(80)..].chars().take(160).collect())
    })
}

/// Says what of a row is not as expected.
pub(crate) fn wrong(row: &Row, called: &Called, changed: Option<String>) -> Option<String> {
    if let Some(leak) = &called.leak {
        return Some(format!("a canary left: {leak}"));
    }
    let denied = called.outcome != Some(Outcome::Done);
    match row.expected.as_str() {
        // A search is bounded by what it answers.
        "deny"
            if row.note.contains("E_LIMIT") && row.tool == "grep" && called.told.len() < 48_000 =>
        {
            let cut = called.told.lines().count() < 100 || called.told.contains("[more than");
            (!cut).then(|| "the answer does not say that it is cut".to_owned())
        }
        "deny" if !denied => Some(format!("it was done: {}", first_line(&called.told))),
        "deny" => changed.map(|path| format!("it was refused, and `{path}` changed")),
        _ if denied => Some(format!("it was refused: {}", first_line(&called.told))),
        _ => None,
    }
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().chars().take(200).collect()
}

/// Returns the calls that a row asks for: a file that is changed is read first.
pub(crate) fn calls(row: &Row, fixture: &Fixture) -> Vec<Block> {
    let mut input = row.filled(&fixture.root());
    let times = row.setup("repeat").and_then(Value::as_u64).unwrap_or(1);
    let fields = input.as_object_mut().unwrap();
    fields.retain(|key, _| !key.starts_with('_'));
    let name = match row.tool.as_str() {
        "read_file" => "read",
        "edit_file" | "multi_edit" => "edit",
        "write_file" => "write",
        "delete_file" => "remove",
        "list_dir" => "glob",
        other => other,
    };
    if name == "glob"
        && let Some(path) = fields.remove("path")
    {
        fields.insert("pattern".to_owned(), json!(format!("{}/**", path.as_str().unwrap())));
    }
    let mut calls = Vec::new();
    if let (true, Some(path)) = (["edit", "write", "remove"].contains(&name), input.get("path")) {
        calls.push(call("read", &json!({ "path": path })));
    }
    for _ in 0..times {
        calls.push(call(name, &input));
    }
    calls
}

/// Drives the rows of a class whose tool is one for files.
fn drive(class: &str, skip: impl Fn(&Row) -> bool) -> Tally {
    let mut fixture = Fixture::new();
    let mut before = fixture.tree();
    let mut tally = Tally::default();
    for row in rows(class).into_iter().filter(|row| !skip(row)) {
        if let (Some(body), Some(path)) = (row.setup("body"), row.input["path"].as_str()) {
            let body = super::row::filled(body.as_str().unwrap(), &fixture.root());
            fixture.write(path, body);
            before = fixture.tree();
        }
        let called = called(&fixture, WIDE, calls(&row, &fixture));
        let changed = fixture.changed(&before);
        if changed.is_some() {
            // A write that is repeated was done until the limit.
            let repeated = row.setup("repeat").is_some() && called.outcome.is_none();
            let wrong = wrong(&row, &called, changed.filter(|_| !repeated));
            tally.count(&row, wrong);
            fixture = Fixture::new();
            before = fixture.tree();
            continue;
        }
        tally.count(&row, wrong(&row, &called, None));
    }
    tally
}

#[test]
fn paths_stay_inside() {
    drive("path", |row| row.tool == "run_command").end("path");
}

#[test]
fn links_are_judged_by_what_they_lead_to() {
    drive("link", |row| row.tool == "undo").end("link");
}

#[test]
fn protected_files_stay_as_they_are() {
    drive("protected", |row| row.tool == "run_command").end("protected");
}

#[test]
fn edits_touch_what_they_name() {
    drive("edit", |_| false).end("edit");
}

#[test]
fn what_is_too_much_ends() {
    drive("res", |row| row.tool == "run_command" || row.id == "RES-003").end("res");
}

#[test]
fn what_is_harmless_is_done() {
    let files = |row: &Row| {
        ["read_file", "grep", "list_dir", "edit_file", "write_file"].contains(&row.tool.as_str())
    };
    drive("ok", |row| !files(row)).end("ok");
}
