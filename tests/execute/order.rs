//! The order of stages and items, and who waits for whom.

use std::path::Path;

use serde_json::json;
use wizard::approval::Decision;
use wizard::journal::{Event, Status};
use wizard::model::{Block, Request};
use wizard::run::Ended;

use crate::execute::{call, done, play};

#[test]
fn what_is_skipped_is_met_and_what_failed_blocks() {
    let keys = "commands: {no: {run: ['false']}, yes: {run: ['true']}}
stages:
  skipped: {run: yes, when: 1 > 2, needs: []}
  after_skipped: {run: yes}
  failed: {run: no, needs: []}
  blocked: {run: yes}
  blocked_too: {run: yes}
  decides: {run: yes, needs: [failed], when: \"stages.failed.status == 'failed'\"}
  last: {run: yes, needs: [blocked_too], when: always()}
";
    let played = play(keys, "").run();
    assert_eq!(played.ended, Ended::Failed);
    played.is("skipped", Status::Skipped);
    played.is("after_skipped", Status::Succeeded);
    played.is("failed", Status::Failed);
    played.is("blocked", Status::Blocked);
    assert_eq!(played.reason("blocked_too"), "`blocked` blocked");
    played.is("decides", Status::Succeeded);
    played.is("last", Status::Succeeded);
}

#[test]
fn an_optional_failure_leaves_nothing_and_the_run_partly() {
    let keys = "commands: {no: {run: ['false']}}
stages:
  tried: {run: no, optional: true}
  after:
    when: stages.tried.output is none
";
    let played = play(keys, "\n## after\n\nGo on.\n").says("after", vec![done()]).run();
    assert_eq!(played.ended, Ended::Partly);
    played.is("after", Status::Succeeded);
}

#[test]
fn items_are_narrowed_to_their_files_and_come_back_in_order() {
    let keys = "tools: [read]
stages:
  each:
    tools: [write]
    writes: ['*.txt']
    for_each: {in: \"['a.txt', 'b.txt']\", as: file, files: '${{ file }}'}
  after: {}
";
    let write = |path: &str| call("write", &json!({ "path": path, "content": path }));
    let sections =
        "\n## each: Write ${{ file }}\n\nWrite.\n\n## after\n\n${{ stages.each.output }}\n";
    let played = play(keys, sections)
        .item_says("each", 0, vec![write("b.txt"), write("a.txt"), done()])
        .item_says("each", 1, vec![write("b.txt"), done()])
        .says("after", vec![done()])
        .run();
    assert_eq!(played.ended, Ended::Succeeded);
    assert_eq!(played.refusals(), 1);
    assert_eq!(played.text("a.txt").unwrap(), "a.txt");
    let after = played.asked.iter().position(|request| request.turn.stage == "after").unwrap();
    let told = played.told(after);
    let (first, second) = (told.find("\"a.txt\""), told.find("\"b.txt\""));
    assert!(first.is_some() && first < second, "{told}");
}

#[test]
fn more_items_than_max_fail_before_the_first() {
    let keys = "stages:\n  each: {for_each: {in: '[1, 2, 3]', max: 2}}\n";
    let played = play(keys, "\n## each\n\nGo.\n").run();
    assert_eq!(played.asked.len(), 0);
    assert_eq!(played.reason("each"), "`for_each` has 3 items, and at most 2 are allowed");
}

#[test]
fn a_person_sends_back_edits_and_rejects() {
    let keys = "stages:
  plan:
    approve: output
    output: {schema: {type: object, properties: {name: {type: string}}, required: [name]}}
  after: {approve: before}
";
    let name = |name: &str| vec![call("done", &json!({ "name": name }))];
    let sections = "\n## plan\n\nPlan.\n\n## after\n\nIt is ${{ stages.plan.output.name }}.\n";
    let played = play(keys, sections)
        .says("plan", name("first"))
        .says("plan", name("second"))
        .decides(Decision::Revise("shorter, please".to_owned()))
        .decides(Decision::Edit(json!({ "name": "mine" })))
        .decides(Decision::Accept)
        .says("after", vec![done()])
        .run();
    assert_eq!(played.ended, Ended::Succeeded);
    assert!(played.told(1).contains("shorter, please"));
    assert!(played.told(2).contains("It is mine."));

    let rejected = play(keys, sections).says("plan", name("x")).decides(Decision::Reject).run();
    assert_eq!(rejected.ended, Ended::Failed);
    let absent = play(keys, sections).says("plan", name("x")).run();
    assert_eq!(absent.ended, Ended::Stopped);
}

#[test]
fn a_fork_goes_on_from_the_conversation_before_it() {
    let keys = "stages:\n  first: {}\n  second: {context: fork}\n";
    let played = play(keys, "\n## first\n\nLook.\n\n## second\n\nGo on.\n")
        .says("first", vec![Block::Text("I saw a door.".to_owned()), done()])
        .says("second", vec![done()])
        .run();
    let whole = json!(played.asked[1].messages).to_string();
    assert!(whole.contains("I saw a door.") && whole.contains("Go on."));
}

#[test]
fn the_prefix_is_the_same_in_every_turn_and_every_item() {
    let keys = "tools: [glob]\nstages:\n  each: {for_each: {in: '[1, 2]'}}\n";
    let look = || vec![call("glob", &json!({ "pattern": "*" }))];
    let played = play(keys, "\nYou look.\n\n## each\n\nLook at ${{ item }}.\n")
        .item_says("each", 0, look())
        .item_says("each", 0, vec![done()])
        .item_says("each", 1, vec![done()])
        .run();
    let prefix = |request: &Request| json!([request.system, request.tools]).to_string();
    let first = prefix(&played.asked[0]);
    assert_eq!(played.asked.len(), 3);
    assert!(played.asked.iter().all(|request| prefix(request) == first));
}

#[test]
fn a_stage_sees_its_own_section_and_no_other() {
    let keys = "stages:\n  one: {}\n  two: {}\n";
    let played = play(keys, "\n## one\n\nThe first crumb.\n\n## two\n\nThe second crumb.\n")
        .says("one", vec![done()])
        .says("two", vec![done()])
        .run();
    let whole = |request: usize| json!(played.asked[request]).to_string();
    assert!(whole(0).contains("first crumb") && !whole(0).contains("second crumb"));
    assert!(whole(1).contains("second crumb") && !whole(1).contains("first crumb"));
}

#[test]
fn the_question_after_the_end_changes_nothing() {
    let keys = "stages:\n  one: {}\n  two: {retro: false}\n";
    let mut asked = play(keys, "\n## one\n\nLook.\n\n## two\n\nLook.\n");
    asked.retro = true;
    let note = json!({ "notes": [{ "kind": "missing", "line": 9, "text": "a path" }], "wanted_tool": "grep" });
    let played = asked
        .says("one", vec![done()])
        .says("two", vec![done()])
        .says("one", vec![Block::Text(note.to_string())])
        .run();
    assert_eq!((played.ended, played.asked.len()), (Ended::Succeeded, 3));
    assert!(played.events.iter().any(|event| matches!(
        event,
        Event::Retro { stage, notes, wanted_tool } if stage == "one"
            && notes[0].line == Some(9) && wanted_tool.as_deref() == Some("grep")
    )));
}

#[test]
fn a_cancelled_run_stops_and_leaves_no_draft() {
    let keys = "commands: {wait: {run: [sleep, '60']}}\nstages:\n  wait: {run: wait}\n";
    let prepared = play(keys, "");
    let cancel = prepared.cancel.clone();
    std::thread::spawn(move || {
        std::thread::sleep(std::time::Duration::from_millis(300));
        cancel.cancel();
    });
    let played = prepared.run();
    assert_eq!(played.ended, Ended::Stopped);
    let left = |folder: &Path| std::fs::read_dir(folder).unwrap().count();
    assert_eq!(left(&played.folder.path().join("project")), 0);
}

#[test]
fn two_that_wait_side_by_side_take_no_longer_than_one() {
    let keys = "commands: {wait: {run: [sleep, '1'], parallel: true}}
stages:
  one: {run: wait, needs: []}
  two: {run: wait, needs: []}
";
    let played = play(keys, "").run();
    let order: Vec<bool> = played
        .events
        .iter()
        .filter_map(|event| match event {
            Event::CommandStarted { .. } => Some(true),
            Event::CommandEnded { .. } => Some(false),
            _ => None,
        })
        .collect();
    assert_eq!(order, [true, true, false, false]);
}

#[test]
fn a_command_never_runs_beside_a_half_done_edit() {
    let keys = "tools: [read]
commands: {check: {run: [cat, a.txt]}}
stages:
  edits:
    needs: []
    tools: [write]
    writes: [a.txt]
  runs: {run: check, needs: []}
";
    let write = |text: &str| call("write", &json!({ "path": "a.txt", "content": text }));
    let played = play(keys, "\n## edits\n\nWrite.\n")
        .file("a.txt", "before")
        .says("edits", vec![call("read", &json!({ "path": "a.txt" })), write("half")])
        .says("edits", vec![write("whole")])
        .says("edits", vec![done()])
        .run();
    let seen = played.events.iter().find_map(|event| match event {
        Event::CommandEnded { text, .. } => Some(text.clone()),
        _ => None,
    });
    assert!(matches!(seen.as_deref(), Some("before" | "whole")), "{seen:?}");
}
