//! Replies that were recorded, or look as if they were, as both wires speak them. They stand in
//! `wire/replies/`, where the streams of the engine are cut at each of their bytes.

use serde_json::{Value, json};
use wizard::model::{Block, Reply, Stop};

use crate::support::speech::Speech;
use crate::support::{generated, root};

/// Replies of the demos, by cassette, stage and turn.
const RECORDED: [(&str, &str, u64); 5] = [
    ("flask", "survey", 1),
    ("flask", "events", 1),
    ("flask", "init", 2),
    ("nextjs", "survey", 1),
    ("nextjs", "events", 1),
];

fn call(id: &str, name: &str, input: &Value) -> Block {
    Block::Call { id: id.to_owned(), name: name.to_owned(), input: input.clone() }
}

/// Returns each reply's name, blocks and how it is spoken.
pub(crate) fn all() -> Vec<(String, Vec<Block>, Speech)> {
    let mut replies: Vec<(String, Vec<Block>, Speech)> = RECORDED
        .iter()
        .map(|(demo, stage, turn)| {
            let speech = Speech { piece: 90, ..Speech::default() };
            (format!("{demo}-{stage}"), recorded(demo, stage, *turn), speech)
        })
        .collect();
    let thinking =
        Block::Thinking(json!({ "thinking": "Größe — naïve 日本語 😀, then the calls." }));
    let edit = json!({ "path": "a.ts", "old": "\"x\"\n", "new": "\\u00e9\t😀 }{ ] \"y\"\r\n" });
    let parallel: Vec<Block> = (0..6)
        .map(|number| call(&format!("p{number}"), "read", &json!({ "path": number.to_string() })))
        .collect();
    let text = Block::Text("Ἀρχή. I read two files — then I write.\n\ndata: no event\n".to_owned());
    replies.extend([
        (
            "thinking".to_owned(),
            vec![thinking.clone(), text.clone(), call("t1", "edit", &edit)],
            Speech { piece: 3, ..Speech::default() },
        ),
        ("parallel".to_owned(), parallel, Speech { pings: true, piece: 7, ..Speech::default() }),
        (
            "windows".to_owned(),
            vec![text.clone(), call("w1", "write", &edit), call("w2", "done", &json!({}))],
            Speech { line: "\r\n", pings: true, ..Speech::default() },
        ),
        (
            "returns".to_owned(),
            vec![text, call("r1", "remove", &json!({ "path": "日本語.txt" }))],
            Speech { line: "\r", usage: None, ..Speech::default() },
        ),
        (
            "length".to_owned(),
            vec![thinking, call("l1", "write", &json!("{\"path\": \"a.txt\", \"content\": \"ha"))],
            Speech { stop: Stop::Length, piece: 5, ..Speech::default() },
        ),
    ]);
    replies
}

fn recorded(demo: &str, stage: &str, turn: u64) -> Vec<Block> {
    let path = root().join("demos").join(demo).join("cassette.jsonl");
    let text = std::fs::read_to_string(path).unwrap();
    let lines = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let mut turns = lines.filter(|line| line["kind"] == "turn");
    let found = turns.find(|line| line["turn"]["stage"] == stage && line["turn"]["turn"] == turn);
    let reply: Reply = serde_json::from_value(found.unwrap()["replies"].clone()).unwrap();
    reply.blocks
}

#[test]
fn the_replies_that_are_cut_are_current() {
    for (name, blocks, speech) in all() {
        for wire in crate::faults::WIRES {
            let path = format!("tests/wire/replies/{name}.{wire}.sse");
            generated(&path, &speech.say(wire, &blocks));
        }
    }
}
