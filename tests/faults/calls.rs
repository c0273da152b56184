//! What a model calls, however odd, and conversations that are too long: the model is told, or the
//! stage ends, or the run stops; and never is the same request sent twice.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt as _};
use serde_json::{Value, json};
use wizard::approval::{Answer, Decision, Nobody, Person, Question};
use wizard::journal::Event;
use wizard::journal::event::Outcome;
use wizard::model::{Block, ModelError, Provider, Reply, Request, Stop, Usage};
use wizard::redact::Clean;
use wizard::run::Ended;

use crate::execute::{Played, call, done, play};

/// A stage that may look and write.
const KEYS: &str = "stages:
  build:
    tools: [read, glob, grep, edit, write]
    writes: ['*.txt']
";

const SECTIONS: &str = "\n## build\n\nBuild.\n";

/// What a model said that it should not have: the name of the tool and what it was given.
fn odd() -> Vec<(String, Value)> {
    let long = "x".repeat(1 << 20);
    let wrong = [
        ("read", json!("{\"path\": ")),
        ("read", json!("")),
        ("read", json!("null")),
        ("read", json!("[1, 2]")),
        ("read", json!("{\"path\": \"a.txt\"} and more")),
        ("read", json!({})),
        ("read", json!({ "path": null })),
        ("read", json!({ "path": 7 })),
        ("read", json!({ "path": ["a.txt"] })),
        ("read", json!({ "path": { "path": "a.txt" } })),
        ("read", json!({ "path": "a.txt", "recursive": true })),
        ("read", json!({ "file": "a.txt" })),
        ("read", json!({ "not_an_object": "{" })),
        ("read", json!({ "path": long })),
        ("read", json!({ "path": "a\u{0}b" })),
        ("read", json!({ "path": "" })),
        ("read", json!({ "path": "missing.txt" })),
        ("read", json!({ "path": "a.txt", "from": -1 })),
        ("read", json!({ "path": "a.txt", "lines": 1e300 })),
        ("glob", json!({ "pattern": 7 })),
        ("glob", json!({ "pattern": "{a,".repeat(5_000) })),
        ("grep", json!({ "pattern": "(" })),
        ("grep", json!({ "pattern": format!("({long})") })),
        ("edit", json!({ "path": "a.txt", "old": "", "new": "" })),
        ("edit", json!({ "path": "a.txt", "old": "a" })),
        ("edit", json!({ "path": "a.txt", "old": "a", "new": "b", "all": "yes" })),
        ("write", json!({ "path": "b.txt" })),
        ("write", json!({ "path": "b.txt", "content": { "text": "x" } })),
        ("write", json!({ "path": "b.md", "content": "x" })),
        ("", json!({})),
        ("READ", json!({ "path": "a.txt" })),
        ("read ", json!({ "path": "a.txt" })),
        ("functions.read", json!({ "path": "a.txt" })),
        ("bash", json!({ "command": "rm -rf /" })),
        ("run", json!({ "command": "build" })),
        ("env", json!({ "key": "A" })),
        ("ask", json!({ "id": "a", "question": "?" })),
        ("reference", json!({ "name": "a" })),
        ("server__tool", json!({})),
        ("done\n", json!({ "summary": "x" })),
    ];
    wrong.map(|(name, input)| (name.to_owned(), input)).to_vec()
}

fn answers(played: &Played) -> Vec<(Outcome, String)> {
    let answers = played.events.iter().filter_map(|event| match event {
        Event::ToolAnswered { outcome, text, .. } => Some((*outcome, text.clone())),
        _ => None,
    });
    answers.collect()
}

#[test]
fn the_model_is_told_what_was_wrong_with_each_call_and_goes_on() {
    let odd = odd();
    assert!(odd.len() >= 40, "{}", odd.len());
    for (name, input) in odd {
        let played = play(KEYS, SECTIONS)
            .file("a.txt", "a\n")
            .says("build", vec![call(&name, &input)])
            .says("build", vec![done()])
            .run();
        let shown: String = input.to_string().chars().take(80).collect();
        assert_eq!(played.ended, Ended::Succeeded, "{name} {shown}");
        let answers = answers(&played);
        assert_eq!(answers.len(), 1, "{name} {shown}");
        let (outcome, text) = &answers[0];
        assert_ne!(*outcome, Outcome::Done, "{name} {shown}: {text}");
        assert!(!text.is_empty() && text.len() < 4_000, "{name} {shown}: {} bytes", text.len());
    }
}

#[test]
fn calls_that_are_wrong_in_a_row_end_the_stage() {
    let wrong = || vec![call("read", &json!("{\"path\": "))];
    let mut prepared = play(KEYS, SECTIONS);
    for _ in 0..3 {
        prepared = prepared.says("build", wrong());
    }
    let played = prepared.run();
    assert_eq!((played.ended, played.asked.len()), (Ended::Failed, 3));
    assert!(played.reason("build").contains("3 replies in a row"), "{}", played.reason("build"));
    // One that is right between them begins the count anew.
    let played = play(KEYS, SECTIONS)
        .says("build", wrong())
        .says("build", wrong())
        .says("build", vec![call("glob", &json!({ "pattern": "*" }))])
        .says("build", wrong())
        .says("build", wrong())
        .says("build", vec![done()])
        .run();
    assert_eq!(played.ended, Ended::Succeeded);
}

#[test]
fn two_hundred_calls_in_one_turn_are_performed_and_more_than_a_stage_may_end_it() {
    let calls = |count| (0..count).map(|_| call("glob", &json!({ "pattern": "*" }))).collect();
    let played = play(KEYS, SECTIONS).says("build", calls(200)).says("build", vec![done()]).run();
    assert_eq!((played.ended, answers(&played).len()), (Ended::Succeeded, 200));
    let played = play(KEYS, SECTIONS).says("build", calls(301)).run();
    assert_eq!((played.ended, answers(&played).len()), (Ended::Failed, 300));
    assert!(played.reason("build").contains("more than 300"), "{}", played.reason("build"));
}

/// A model that reads no more than so many bytes, or that never reads anything.
struct Short {
    says: Mutex<Vec<Vec<Block>>>,
    most: usize,
    asked: Mutex<Vec<String>>,
}

impl Provider for Short {
    fn ask<'a>(&'a self, request: &'a Clean<Request>) -> BoxFuture<'a, Result<Reply, ModelError>> {
        let body = json!(**request).to_string();
        let length = body.len();
        self.asked.lock().unwrap().push(body);
        async move {
            if length > self.most {
                let message = format!("prompt is too long: {length} > {}", self.most);
                return Err(ModelError::TooLong { message });
            }
            let blocks = self.says.lock().unwrap().remove(0);
            Ok(Reply { blocks, stop: Stop::Done, usage: None })
        }
        .boxed()
    }

    fn body(&self, request: &Request) -> Value {
        json!(request)
    }
}

/// Plays with a model that reads so much. Returns what it was asked.
fn short(most: usize, window: Option<u64>, says: Vec<Vec<Block>>) -> (Played, Vec<String>) {
    let model = Arc::new(Short { says: Mutex::new(says), most, asked: Mutex::default() });
    let long: &'static str = Box::leak("a line of text\n".repeat(2_000).into_boxed_str());
    let mut play = play(KEYS, SECTIONS).file("a.txt", long).file("b.txt", long).asks(model.clone());
    if let Some(window) = window {
        play = play.reads(window);
    }
    let played = play.run();
    let asked = model.asked.lock().unwrap().clone();
    let mut unique = asked.clone();
    unique.sort();
    unique.dedup();
    assert_eq!(unique.len(), asked.len(), "the same request was sent twice");
    (played, asked)
}

fn stopped(played: &Played) -> String {
    let mut reasons = played.events.iter().rev().filter_map(|event| match event {
        Event::Stopped { reason } => Some(reason.clone()),
        _ => None,
    });
    reasons.next().unwrap_or_default()
}

fn shortened(played: &Played) -> Vec<(u32, bool)> {
    let events = played.events.iter().filter_map(|event| match event {
        Event::Shortened { turn, before, after, .. } => Some((*turn, after < before)),
        _ => None,
    });
    events.collect()
}

fn read(path: &str) -> Vec<Block> {
    vec![call("read", &json!({ "path": path }))]
}

#[test]
fn a_conversation_that_is_too_long_is_shortened_once_and_goes_on() {
    let says = vec![read("a.txt"), read("b.txt"), vec![done()]];
    let (played, asked) = short(35_000, None, says);
    assert_eq!(played.ended, Ended::Succeeded, "{}", stopped(&played));
    assert_eq!((asked.len(), shortened(&played)), (4, vec![(3, true)]));
    assert!(asked[3].contains("left out to make room"), "{}", asked[3]);
}

#[test]
fn one_result_that_is_too_long_keeps_its_ends() {
    let (played, asked) = short(20_000, None, vec![read("a.txt"), vec![done()]]);
    assert_eq!(played.ended, Ended::Succeeded, "{}", stopped(&played));
    assert_eq!((asked.len(), shortened(&played)), (3, vec![(2, true)]));
}

#[test]
fn what_is_still_too_long_stops_the_run_and_says_so() {
    // The first message alone: there is nothing to leave out.
    let (played, asked) = short(10, None, Vec::new());
    assert_eq!((played.ended, asked.len()), (Ended::Stopped, 1));
    let reason = stopped(&played);
    assert!(reason.contains("longer than the model can read"), "{reason}");
    assert!(reason.contains("a stage that reads less"), "{reason}");
    // Shortened, and too long again: a second time is not tried.
    let says = vec![read("a.txt"), read("b.txt"), read("a.txt"), read("b.txt"), vec![done()]];
    let (played, asked) = short(35_000, None, says);
    assert_eq!((played.ended, shortened(&played).len()), (Ended::Stopped, 1));
    assert_eq!(asked.len(), 6, "{}", stopped(&played));
}

#[test]
fn what_a_model_cannot_read_is_shortened_before_it_is_sent() {
    let says = vec![read("a.txt"), read("b.txt"), vec![done()]];
    let (played, asked) = short(60_000, Some(8_500), says);
    assert_eq!(played.ended, Ended::Succeeded, "{}", stopped(&played));
    assert_eq!((asked.len(), shortened(&played)), (3, vec![(3, true)]));
}

#[test]
fn whatever_is_counted_no_run_spends_more_than_it_has() {
    let price = json!({ "input": 3, "output": 15, "cache_read": 0.3, "cache_write": 3.75 });
    let mut ended = 0;
    let lies = [0, 1, 60, 3_000, 9_000_000, u64::MAX];
    for (number, told) in lies.into_iter().enumerate() {
        for shape in 0..4 {
            let usage = match shape {
                0 => Some(Usage { input: told, output: told, ..Usage::default() }),
                1 => Some(Usage { cache_write: told, output: 7, ..Usage::default() }),
                2 => Some(Usage { input: told, cache_read: told, cache_write: told, output: told }),
                _ => None,
            };
            let keys = format!("budget: {{usd: 0.2}}\n{KEYS}");
            let mut prepared = play(&keys, SECTIONS).priced(&price);
            for turn in 0..60 {
                let glob = call("glob", &json!({ "pattern": format!("{turn}*") }));
                let reply = Reply { blocks: vec![glob], stop: Stop::Done, usage };
                prepared = prepared.replies("build", None, reply);
            }
            let played = prepared.says("build", vec![done()]).run();
            let spent: f64 = played
                .events
                .iter()
                .map(|event| match event {
                    Event::Reply { usd, .. } => usd.unwrap(),
                    _ => 0.0,
                })
                .sum();
            let name = format!("lie {number}, shape {shape}: {spent}, {}", stopped(&played));
            assert!(spent <= 0.2 && spent > 0.0, "{name}");
            if played.ended != Ended::Succeeded {
                assert!(stopped(&played).contains("the budget of the run is spent"), "{name}");
                ended += 1;
            }
        }
    }
    assert!(ended > 10, "{ended} runs met their budget");
}

/// A person who thinks for an hour, and says yes.
struct Slow;

impl Person for Slow {
    fn ask<'a>(&'a self, question: &'a Question) -> BoxFuture<'a, Result<Answer, Nobody>> {
        async move {
            tokio::time::sleep(Duration::from_hours(1)).await;
            let decision = match question {
                Question::Ask { .. } => Decision::Say("yes".to_owned()),
                _ => Decision::Accept,
            };
            Ok(Answer { decision, by: "person".to_owned() })
        }
        .boxed()
    }
}

#[test]
fn a_question_of_the_engines_takes_no_time_of_the_budget() {
    let keys = "budget: {minutes: 30}
inputs: {key: {type: secret}}
env: {file: .env, keys: {EXAMPLE_KEY: '${{ inputs.key }}'}}
stages:
  build:
    tools: [env, ask]
    approve: output
";
    let played = play(keys, SECTIONS)
        .file(".env", "EXAMPLE_KEY=another value\n")
        .file(".gitignore", ".env\n")
        .answered_by(Arc::new(Slow))
        .says("build", vec![call("env", &json!({ "key": "EXAMPLE_KEY", "set": true }))])
        .says("build", vec![call("ask", &json!({ "id": "a", "question": "Well?" }))])
        .says("build", vec![done()])
        .run();
    assert_eq!(played.ended, Ended::Succeeded, "{}", stopped(&played));
    let waited: Vec<bool> = played
        .events
        .iter()
        .filter_map(|event| match event {
            Event::Answered { waited, .. } => Some(*waited >= 3_600_000),
            _ => None,
        })
        .collect();
    assert_eq!(waited.len(), 3);
}
