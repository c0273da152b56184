//! What a model may do, what it is told, and when it is stopped.

use serde_json::{Value, json};
use wizard::journal::Event;
use wizard::journal::event::CheckVerdict;
use wizard::model::{Block, Reply, Stop, Usage};
use wizard::run::Ended;

use crate::execute::{EDITS, call, done, play};

#[test]
fn a_failed_check_goes_back_with_its_evidence_until_it_passes() {
    let keys =
        format!("stages:\n  build:\n    {EDITS}\n    checks: [{{contains: right, in: a.txt}}]\n");
    let played = play(&keys, "\n## build\n\nWrite.\n")
        .says("build", vec![call("write", &json!({ "path": "a.txt", "content": "wrong" })), done()])
        .says("build", vec![call("write", &json!({ "path": "a.txt", "content": "right" })), done()])
        .run();
    assert_eq!(played.ended, Ended::Succeeded);
    let told = played.told(1);
    assert!(told.contains("The check failed: `a.txt` contains `right`"), "{told}");
    assert!(told.contains("not in any of 1 files: a.txt"), "{told}");
    let verdicts: Vec<CheckVerdict> = played
        .events
        .iter()
        .filter_map(|event| match event {
            Event::CheckRan { verdict, .. } => Some(*verdict),
            _ => None,
        })
        .collect();
    assert_eq!(verdicts, [CheckVerdict::Failed, CheckVerdict::Passed]);
}

#[test]
fn a_stage_that_never_gets_its_check_green_fails() {
    let keys = "stages:\n  build:\n    retry: 1\n    checks: [{file: never.txt}]\n";
    let played = play(keys, "\n## build\n\nWrite.\n")
        .says("build", vec![done()])
        .says("build", vec![done()])
        .run();
    assert_eq!(played.ended, Ended::Failed);
    assert!(played.reason("build").contains("a file `never.txt` exists"));
}

#[test]
fn what_was_red_before_does_not_block_and_is_told() {
    let keys = format!(
        "commands: {{test: {{run: ['false']}}}}\nstages:\n  build:\n    {EDITS}\n    checks: [{{run: test, baseline: true}}]\n"
    );
    let played = play(&keys, "\n## build\n\nWrite.\n").says("build", vec![done()]).run();
    assert_eq!(played.ended, Ended::Succeeded);
    assert!(
        played
            .events
            .iter()
            .any(|event| matches!(event, Event::CheckRan { verdict: CheckVerdict::RedBefore, .. }))
    );
}

#[test]
fn secrets_reach_neither_the_model_nor_the_journal() {
    let keys = "inputs: {key: {type: secret}}
env: {file: .env, keys: {EXAMPLE_KEY: '${{ inputs.key }}'}}
commands: {leak: {run: [cat, .env, notes.txt]}}
stages:
  build:
    tools: [read, grep, glob, env, run(leak)]
";
    let played = play(keys, "\n## build\n\nLook.\n")
        .file(".env", "PASSWORD=canary-file-42\n")
        .file("notes.txt", "the password is canary-file-42\n")
        .file(".gitignore", ".env\n")
        .says(
            "build",
            vec![
                call("read", &json!({ "path": ".env" })),
                call("read", &json!({ "path": "notes.txt" })),
                call("grep", &json!({ "pattern": "canary" })),
                call("glob", &json!({ "pattern": "**" })),
                call("run", &json!({ "command": "leak" })),
                call("env", &json!({ "key": "EXAMPLE_KEY", "set": true })),
                call("env", &json!({ "key": "EXAMPLE_KEY" })),
            ],
        )
        .says("build", vec![done()])
        .run();
    assert_eq!(played.ended, Ended::Succeeded);
    assert_eq!(played.refusals(), 1);
    let told = played.told(1);
    assert!(told.contains("[REDACTED:env:PASSWORD#1]") && told.contains("present"), "{told}");
    assert!(!json!(played.asked).to_string().contains("canary-"));
    assert!(!json!(played.events).to_string().contains("canary-"));
    assert_eq!(
        played.text(".env").unwrap(),
        "PASSWORD=canary-file-42\nEXAMPLE_KEY=canary-input-42\n"
    );
}

#[test]
fn grep_leaves_lock_files_out_until_they_are_named() {
    let keys = "tools: [grep]\nstages:\n  look:\n";
    let grep = |more: &Value| {
        let mut input = json!({ "pattern": "left-pad" });
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        call("grep", &input)
    };
    let played = play(keys, "\n## look\n\nLook.\n")
        .file("src/a.js", "require('left-pad')\n")
        .file("package-lock.json", "{\"left-pad\": {}}\n")
        .file("web/yarn.lock", "left-pad@1:\n")
        .file("my.lock", "left-pad is no manager's\n")
        .says("look", vec![grep(&json!({}))])
        .says("look", vec![grep(&json!({ "path": "package-lock.json" }))])
        .says("look", vec![grep(&json!({ "glob": "yarn.lock" }))])
        .says("look", vec![done()])
        .run();
    let told = [1, 2, 3].map(|turn| played.told(turn));
    assert!(told[0].contains("src/a.js:1:") && told[0].contains("my.lock:1:"), "{}", told[0]);
    assert!(!told[0].contains("package-lock") && !told[0].contains("yarn"), "{}", told[0]);
    assert!(told[1].contains("package-lock.json:1:"), "{}", told[1]);
    assert!(told[2].contains("web/yarn.lock:1:"), "{}", told[2]);
}

#[test]
fn a_stage_has_its_powers_and_no_others() {
    let keys = format!("stages:\n  build:\n    {EDITS}\n");
    let write = |path: &str| call("write", &json!({ "path": path, "content": "x" }));
    let played = play(&keys, "\n## build\n\nWrite.\n")
        .file("a.md", "kept")
        .says(
            "build",
            vec![
                write("a.md"),
                write("../out.txt"),
                write(".git/hooks/pre-commit"),
                call("grep", &json!({ "pattern": "x" })),
                call("run", &json!({ "command": "x" })),
                call("edit", &json!({ "path": "b.txt", "old": "a", "new": "b" })),
            ],
        )
        .says("build", vec![done()])
        .run();
    assert_eq!(played.refusals(), 5);
    assert_eq!(played.text("a.md").unwrap(), "kept");
    assert!(!played.folder.path().join("out.txt").exists());
    assert!(played.told(1).contains("this stage may not change `a.md`; it may change `*.txt`"));
    assert!(played.told(1).contains("there is no tool `grep` in this stage"));
}

#[test]
fn the_third_same_refusal_ends_the_stage() {
    let keys = format!("stages:\n  build:\n    {EDITS}\n");
    let mut prepared = play(&keys, "\n## build\n\nWrite.\n");
    for _ in 0..3 {
        let write = call("write", &json!({ "path": "a.md", "content": "x" }));
        prepared = prepared.says("build", vec![write]);
    }
    let played = prepared.run();
    assert!(played.reason("build").contains("met the same refusal 3 times"));
}

#[test]
fn nothing_of_a_reply_that_was_cut_is_performed() {
    let keys = format!("stages:\n  build:\n    {EDITS}\n");
    let write = call("write", &json!({ "path": "a.txt", "content": "half" }));
    let cut = Reply { blocks: vec![write], stop: Stop::Length, usage: None };
    let played = play(&keys, "\n## build\n\nWrite.\n")
        .replies("build", None, cut)
        .says("build", vec![done()])
        .run();
    assert_eq!(played.ended, Ended::Succeeded);
    assert_eq!(played.text("a.txt"), None);
    assert!(played.told(1).contains("no call of it was performed"));
}

#[test]
fn an_edit_wants_the_bytes_as_they_were_read() {
    let keys = format!(
        "commands: {{touch: {{run: [cp, b.txt, a.txt]}}}}\nstages:\n  build:\n    {}\n",
        EDITS.replace("write]", "write, run(touch)]")
    );
    let edit = || call("edit", &json!({ "path": "a.txt", "old": "one", "new": "two" }));
    let played = play(&keys, "\n## build\n\nWrite.\n")
        .file("a.txt", "one\r\n")
        .file("b.txt", "one more\r\n")
        .says("build", vec![edit()])
        .says("build", vec![call("read", &json!({ "path": "a.txt" }))])
        .says("build", vec![call("run", &json!({ "command": "touch" })), edit()])
        .says("build", vec![call("read", &json!({ "path": "a.txt" })), edit(), done()])
        .run();
    assert!(played.told(1).contains("read `a.txt` before you change it"));
    assert!(played.told(3).contains("`a.txt` changed since you read it"));
    assert_eq!(played.text("a.txt").unwrap(), "two more\r\n");
}

#[test]
fn an_output_is_held_against_its_schema() {
    let keys = "stages:
  look:
    output: {schema: {type: object, properties: {count: {type: integer}}, required: [count]}}
  after:
    when: stages.look.output.count > 1
";
    let played = play(keys, "\n## look\n\nCount.\n\n## after\n\nGo.\n")
        .says("look", vec![call("done", &json!({ "count": "many" }))])
        .says("look", vec![call("done", &json!({ "count": 2 }))])
        .says("after", vec![done()])
        .run();
    assert_eq!(played.ended, Ended::Succeeded);
    assert!(played.told(1).contains("does not fit its schema"), "{}", played.told(1));
}

#[test]
fn a_model_that_never_ends_a_stage_is_given_up() {
    let keys = "stages:\n  look: {output: {schema: {type: object}}}\n";
    let talk = || vec![Block::Text("Thinking.".to_owned())];
    let played = play(keys, "\n## look\n\nLook.\n")
        .says("look", talk())
        .says("look", talk())
        .says("look", talk())
        .run();
    assert!(played.reason("look").contains("did not end the stage"));
}

#[test]
fn no_request_is_sent_that_could_pass_a_budget() {
    let keys = "budget: {turns: 2}\ntools: [glob]\nstages:\n  look: {}\n";
    let look = || vec![call("glob", &json!({ "pattern": "*" }))];
    let played = play(keys, "\n## look\n\nLook.\n").says("look", look()).says("look", look()).run();
    assert_eq!((played.ended, played.asked.len()), (Ended::Stopped, 2));
    let keys = "budget: {usd: 0.01}\nstages:\n  look: {}\n";
    let mut dear = play(keys, "\n## look\n\nLook.\n");
    let price = json!({ "input": 1, "output": 1000, "cache_read": 0, "cache_write": 0 });
    dear.price = Some(serde_json::from_value(price).unwrap());
    let played = dear.run();
    assert_eq!((played.ended, played.asked.len()), (Ended::Stopped, 0));
}

#[test]
fn usage_that_a_service_does_not_tell_is_estimated_and_said_so() {
    let keys = "stages:\n  one: {}\n  two: {}\n";
    let told = Usage { input: 700, cache_read: 300, cache_write: 0, output: 2 };
    let played = play(keys, "\n## one\n\nA.\n\n## two\n\nB.\n")
        .replies("one", None, Reply { blocks: vec![done()], stop: Stop::Done, usage: Some(told) })
        .says("two", vec![done()])
        .run();
    let usages: Vec<(Usage, bool)> = played
        .events
        .iter()
        .filter_map(|event| match event {
            Event::Reply { usage, estimated, .. } => Some((*usage, *estimated)),
            _ => None,
        })
        .collect();
    assert_eq!(usages[0], (told, false));
    assert!(usages[1].1 && usages[1].0.input > 0);
}
