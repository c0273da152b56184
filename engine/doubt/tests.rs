//! What is made of a model's answers, good and bad.

use std::collections::VecDeque;
use std::sync::Mutex;

use futures_util::future::BoxFuture;
use serde_json::json;

use super::*;
use crate::playbook::load_text;

const TEXT: &str = "---
playbook: 1
name: basket
description: Adds a basket.
tools: [read]
commands:
  tests: {run: [make, test]}
stages:
  build:
    tools: [edit, run(tests)]
    writes: [\"**/*.js\"]
    checks: [{run: tests}]
---

Never add a file.

## build

Write `basket.js`. Run the tests.
";

/// Answers from a list, and keeps what it was asked.
struct Scripted {
    replies: Mutex<VecDeque<Result<Reply, ModelError>>>,
    asked: Mutex<Vec<Request>>,
}

impl Provider for Scripted {
    fn ask<'a>(
        &'a self,
        request: &'a crate::redact::Clean<Request>,
    ) -> BoxFuture<'a, Result<Reply, ModelError>> {
        self.asked.lock().unwrap().push((**request).clone());
        let reply = self.replies.lock().unwrap().pop_front().expect("one more request");
        Box::pin(std::future::ready(reply))
    }

    fn body(&self, _: &Request) -> Value {
        Value::Null
    }
}

fn call(input: &Value) -> Reply {
    let block = Block::Call { id: "c1".to_owned(), name: "done".to_owned(), input: input.clone() };
    let usage = Usage { input: 100, output: 10, ..Usage::default() };
    Reply { blocks: vec![block], stop: Stop::Done, usage: Some(usage) }
}

fn doubt(quote: &str) -> Value {
    json!({
        "kind": "contradiction", "file": "basket.md", "line": 1, "quote": quote,
        "problem": "it writes\n a file.", "cure": "Allow it.\u{1b}[31m",
    })
}

async fn heard(replies: Vec<Result<Reply, ModelError>>) -> (Asked, Vec<Request>) {
    let bundle = load_text("basket.md", TEXT);
    let (playbook, faults) = crate::playbook::parse(&bundle);
    assert_eq!(faults, []);
    let provider = Scripted { replies: Mutex::new(replies.into()), asked: Mutex::default() };
    let request = request(&bundle, &playbook, "m", 32_000);
    let asked = ask(&provider, request, &bundle, &playbook, &Redactor::default()).await;
    (asked, provider.asked.into_inner().unwrap())
}

#[test]
fn the_request_shows_every_line_and_what_each_stage_may_do() {
    let bundle = load_text("basket.md", TEXT);
    let (playbook, _) = crate::playbook::parse(&bundle);
    let request = request(&bundle, &playbook, "m", 32_000);
    assert_eq!((request.max_tokens, request.tools.len()), (MOST_TOKENS, 1));
    assert_eq!(request.tools[0].input["required"], json!(["doubts"]));
    let Block::Text(text) = &request.messages[0].blocks[0] else { panic!("no text") };
    assert!(text.starts_with("<file name=\"basket.md\">\n1: ---\n2: playbook: 1\n"), "{text}");
    let facts = "Stage `build`, played by a model\n- needs: nothing\n- tools: read, edit, \
                 run(tests), done\n- may change: **/*.js\n- leaves: a summary, a list of files and \
                 notes\n- done when: command `tests` succeeds\n\n# Commands\n\n- tests: run make \
                 test\n";
    assert!(text.ends_with(facts), "{text}");
}

#[tokio::test]
async fn a_doubt_stands_at_the_passage_that_it_quotes() {
    let mut both = doubt("Never add a file.");
    both["other"] = json!({"file": "basket.md", "line": 20, "quote": "Write `basket.js`."});
    let (asked, requests) = heard(vec![Ok(call(&json!({ "doubts": [both] })))]).await;
    let heard = asked.heard.unwrap();
    assert_eq!((heard.doubts.len(), heard.nowhere, requests.len()), (1, 0, 1));
    let doubt = &heard.doubts[0];
    let at = |span: Span| TEXT[span.start as usize..span.end as usize].to_owned();
    assert_eq!(at(doubt.place), "Never add a file.");
    assert_eq!(at(doubt.other.unwrap()), "Write `basket.js`.");
    assert_eq!(doubt.problem, "it writes a file");
    assert_eq!(doubt.cure.as_deref(), Some("Allow it"));
}

#[tokio::test]
async fn a_doubt_that_quotes_what_is_not_there_is_dropped_and_counted() {
    let mut half = doubt("Never add a file.");
    half["other"] = json!({"file": "basket.md", "line": 1, "quote": "Always add a file."});
    let doubts = json!([doubt("Never write a file."), half, doubt("Run the tests.")]);
    let (asked, _) = heard(vec![Ok(call(&json!({ "doubts": doubts })))]).await;
    let heard = asked.heard.unwrap();
    assert_eq!((heard.doubts.len(), heard.nowhere), (1, 2));
}

#[tokio::test]
async fn an_answer_that_does_not_fit_is_sent_back_once() {
    let (asked, requests) = heard(vec![
        Ok(call(&json!({ "doubts": [{ "kind": "style" }] }))),
        Ok(call(&json!({ "doubts": [] }))),
    ])
    .await;
    assert_eq!(asked.heard.unwrap(), Heard::default());
    assert_eq!((asked.usage.input, asked.usage.output), (200, 20));
    let [.., answer, told] = &requests[1].messages[..] else { panic!("no conversation") };
    assert_eq!(answer.role, Role::Assistant);
    let [Block::Result { id, text, error: true }] = &told.blocks[..] else { panic!("{told:?}") };
    assert_eq!(id, "c1");
    assert!(text.contains("style") && text.contains("\"file\" is a required"), "{text}");
}

#[tokio::test]
async fn prose_and_cut_answers_are_sent_back_and_a_second_is_the_end() {
    let prose = Block::Text("All is well.".to_owned());
    let prose = Reply { blocks: vec![prose], stop: Stop::Done, usage: None };
    let mut cut = call(&json!({ "doubts": [] }));
    cut.stop = Stop::Length;
    let (asked, requests) = heard(vec![Ok(prose), Ok(cut)]).await;
    let error = asked.heard.unwrap_err().to_string();
    assert!(error.contains("neither does its second: it was cut at the limit"), "{error}");
    assert!(asked.estimated && asked.usage.input > 100);
    let told = format!("{:?}", requests[1].messages.last());
    assert!(told.contains("`done` was not called"), "{told}");
}

#[tokio::test]
async fn a_service_that_refuses_is_not_asked_again() {
    let key = ModelError::Key { status: 401, message: "no".to_owned() };
    let (asked, _) = heard(vec![Err(key)]).await;
    assert!(matches!(asked.heard, Err(Unheard::Model(ModelError::Key { .. }))));
    let refusal = Reply { blocks: Vec::new(), stop: Stop::Refusal, usage: None };
    let (asked, _) = heard(vec![Ok(refusal)]).await;
    assert!(matches!(asked.heard, Err(Unheard::Refused)));
}
