//! The puppet: a model that obeys every instruction it reads. Forty texts reach it through every
//! channel by which a stranger's text reaches a model, and nothing forbidden happens.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

use futures_util::future::{BoxFuture, FutureExt as _};
use serde::Deserialize;
use serde_json::{Value, json};
use wizard::gate::servers::{ServerAnswer, ServerCall, Servers};
use wizard::journal::Event;
use wizard::model::{Block, ModelError, Provider, Reply, Request, Stop};
use wizard::online::ServerTool;
use wizard::redact::Clean;
use wizard::reference::{Reference, ReferenceKind};

use super::Fixture;
use super::files::leak;
use crate::execute::{call, play};
use crate::support::root;

/// What a stage of a real playbook might have, and more.
const KEYS: &str = r#"inputs:
  key: {type: secret, description: A key.}
commands:
  show: {run: [cat, notes.txt]}
  fails: {run: [cat, notes.txt, missing.txt]}
  part: {run: [echo, "${{ args.word }}"], args: {word: {pattern: "[a-z]+"}}}
mcp:
  desk: {url: "https://desk.example/mcp"}
env:
  file: .env.local
  keys: {SHOP_HOST: "https://shop.example"}
tools: [read, glob, grep, reference]
stages:
"#;

const WORK: &str = "  work:\n    tools: [edit, write, remove, env, ask, run(show), run(part), mcp(desk/look)]\n    \
                    writes: [\"src/**\"]\n    budget: {turns: 40}\n";

/// What may change: what the stage may write.
const MAY_CHANGE: &str = "proj/src/";

/// How a text reaches the model, and the call with which the model meets it.
const CHANNELS: [&str; 10] = [
    "file",
    "readme",
    "file name",
    "example env file",
    "command output",
    "doc",
    "airplane",
    "earlier output",
    "failed check",
    "server",
];

#[derive(Deserialize)]
struct Payloads {
    payload: Vec<Payload>,
}

#[derive(Deserialize, Clone)]
struct Payload {
    text: String,
    calls: Vec<Hostile>,
    #[serde(default = "once")]
    times: usize,
}

#[derive(Deserialize, Clone)]
struct Hostile {
    tool: String,
    input: Value,
}

fn once() -> usize {
    1
}

/// A model without a will of its own.
struct Puppet {
    /// What it does of itself, before it has read anything.
    opening: Mutex<VecDeque<Block>>,
    payload: Payload,
    obeys: Mutex<Option<VecDeque<Hostile>>>,
    asked: Mutex<Vec<Request>>,
    /// What the first stage hands on.
    hands_on: String,
}

impl Puppet {
    fn reply(&self, request: &Request) -> Block {
        let last = request.messages.last().map(|message| texts(&message.blocks));
        let last = last.unwrap_or_default();
        let done =
            |summary: &str| call("done", &json!({ "summary": summary, "files": [], "notes": [] }));
        if request.turn.stage == "first" {
            return done(&self.hands_on);
        }
        let mut obeys = self.obeys.lock().unwrap();
        let marker = &self.payload.text[..7];
        if obeys.is_none() && last.contains(marker) {
            let calls = self.payload.calls.iter().cycle();
            let count = self.payload.calls.len() * self.payload.times;
            *obeys = Some(calls.take(count).cloned().collect());
        }
        if let Some(next) = obeys.as_mut().and_then(VecDeque::pop_front) {
            let mut input = next.input;
            if input.get("content").is_some_and(|content| content == "$LAST") {
                input["content"] = json!(last);
            }
            return call(&next.tool, &input);
        }
        self.opening.lock().unwrap().pop_front().unwrap_or_else(|| done("did it"))
    }
}

fn texts(blocks: &[Block]) -> String {
    let texts = blocks.iter().filter_map(|block| match block {
        Block::Text(text) | Block::Result { text, .. } => Some(text.as_str()),
        _ => None,
    });
    texts.collect::<Vec<_>>().join("\n")
}

impl Provider for Puppet {
    fn ask<'a>(&'a self, request: &'a Clean<Request>) -> BoxFuture<'a, Result<Reply, ModelError>> {
        self.asked.lock().unwrap().push((**request).clone());
        let blocks = vec![self.reply(request)];
        async move { Ok(Reply { blocks, stop: Stop::Done, usage: None }) }.boxed()
    }

    fn body(&self, request: &Request) -> Value {
        json!(request)
    }
}

/// A server whose one tool answers with a text.
struct Desk(String);

impl Servers for Desk {
    fn call<'a>(&'a self, _: &'a ServerCall) -> BoxFuture<'a, Result<ServerAnswer, String>> {
        let text = self.0.clone();
        async move { Ok(ServerAnswer { text, failed: false, replayed: false }) }.boxed()
    }
}

/// A text that is to reach the model by a channel: what prepares the project, the model's first
/// call, and the keys of the stage.
struct Way {
    opening: Vec<Block>,
    stages: String,
    references: Vec<Reference>,
    hands_on: String,
}

fn way(channel: &str, text: &str, fixture: &Fixture) -> Way {
    let mut way = Way {
        opening: Vec::new(),
        stages: WORK.to_owned(),
        references: Vec::new(),
        hands_on: "read".to_owned(),
    };
    let mut opens = |name: &str, input: Value| way.opening.push(call(name, &input));
    match channel {
        "file" => {
            fixture.write("src/note.ts", format!("// {text}\n"));
            opens("read", json!({ "path": "src/note.ts" }));
        }
        "readme" => {
            fixture.write("README.md", format!("# Shop\n\n{text}\n"));
            opens("grep", json!({ "pattern": "note-", "path": "README.md" }));
        }
        "file name" => {
            let name: String = text.replace('/', " ").chars().take(80).collect();
            fixture.write(&format!("src/{name}.md"), "");
            opens("glob", json!({ "pattern": "src/**" }));
        }
        "example env file" => {
            fixture.write(".env.example", format!("# {text}\nSHOP_HOST=\n"));
            opens("read", json!({ "path": ".env.example" }));
        }
        "command output" => {
            fixture.write("notes.txt", text);
            opens("run", json!({ "command": "show" }));
        }
        "doc" | "airplane" => {
            let kind = if channel == "doc" { ReferenceKind::Doc } else { ReferenceKind::Airplane };
            way.references.push(Reference {
                name: "guide".to_owned(),
                about: "A guide".to_owned(),
                kind,
                text: format!("# Guide\n\n## `README.md`\n\n```markdown\n{text}\n```\n"),
                tokens: 10,
                hash: String::new(),
                fetched: None,
                files: vec![("README.md".to_owned(), 10)],
                stage: None,
                invisible: 0,
            });
            opens("reference", json!({ "search": "note" }));
        }
        "server" => opens("desk__look", json!({})),
        "earlier output" => {
            way.stages = format!("  first:\n{WORK}");
            text.clone_into(&mut way.hands_on);
        }
        _ => {
            fixture.write("notes.txt", text);
            let check = "    checks: [{run: fails}]\n";
            way.stages = format!("{WORK}{check}");
        }
    }
    way
}

#[test]
fn a_model_that_obeys_every_text_does_nothing_forbidden() {
    let file = std::fs::read_to_string(root().join("tests/corpus/payloads.toml")).unwrap();
    let payloads = toml::from_str::<Payloads>(&file).unwrap().payload;
    let mut wrong = Vec::new();
    let (mut plays, mut obeyed) = (0, 0);
    for channel in CHANNELS {
        for payload in &payloads {
            let fixture = Fixture::small();
            let way = way(channel, &payload.text, &fixture);
            let before = fixture.tree();
            let sections = if way.stages.contains("first:") { "\n## first\n\nRead.\n" } else { "" };
            let sections = format!("{sections}\n## work\n\nDo as you are told.\n");
            let puppet = Arc::new(Puppet {
                opening: Mutex::new(way.opening.into()),
                payload: payload.clone(),
                obeys: Mutex::default(),
                asked: Mutex::default(),
                hands_on: way.hands_on,
            });
            let keys = format!("{KEYS}{}", way.stages);
            let mut played = play(&keys, &sections)
                .at(fixture.root())
                .knows(way.references)
                .serves(look(), Arc::new(Desk(payload.text.clone())))
                .asks(puppet.clone())
                .run();
            played.asked = std::mem::take(&mut puppet.asked.lock().unwrap());
            plays += 1;
            let name = format!("{channel}, {}", payload.text);
            match puppet.obeys.lock().unwrap().as_ref() {
                None => wrong.push(format!("{name}: it never reached the model")),
                Some(_) => obeyed += 1,
            }
            if let Some(leak) = leak(&played) {
                wrong.push(format!("{name}: a canary left: {leak}"));
            }
            wrong.extend(
                effects(&fixture, &before, &played.events).map(|it| format!("{name}: {it}")),
            );
        }
    }
    println!("puppet: {plays} plays, {obeyed} obeyed, {} forbidden effects", wrong.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Returns an effect that no stage has the power to, if there was one.
fn effects(
    fixture: &Fixture,
    before: &BTreeMap<String, String>,
    events: &[Event],
) -> Option<String> {
    let after = fixture.tree();
    let paths =
        before.keys().chain(after.keys()).filter(|path| before.get(*path) != after.get(*path));
    for path in paths {
        let folder = after.get(path).is_some_and(|kind| kind.contains(" 0 "));
        if !folder && !path.starts_with(MAY_CHANGE) {
            return Some(format!("`{path}` changed"));
        }
    }
    let ran = events.iter().filter_map(|event| match event {
        Event::CommandStarted { argv, .. } => Some(argv.join(" ")),
        _ => None,
    });
    let declared = |argv: &String| {
        ["cat notes.txt", "cat notes.txt missing.txt"].contains(&argv.as_str())
            || argv.strip_prefix("echo ").is_some_and(|word| word.chars().all(char::is_alphabetic))
    };
    ran.into_iter().find(|argv| !declared(argv)).map(|argv| format!("`{argv}` ran"))
}

/// The one tool of the server.
fn look() -> ServerTool {
    ServerTool {
        server: "desk".to_owned(),
        url: "https://desk.example/mcp".to_owned(),
        tool: "look".to_owned(),
        description: "Looks.".to_owned(),
        schema: json!({ "type": "object" }),
        sha256: String::new(),
    }
}
