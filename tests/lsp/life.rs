//! The life of a connection, and what goes wrong on its wire.

use std::io::Write as _;
use std::process::{Child, Command, Stdio};

use async_lsp::lsp_types::{OneOf, TextDocumentSyncCapability};
use serde_json::{Value, json};

use super::editor::{Editor, Options};

/// Starts a server that is spoken to letter by letter.
fn start() -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wizard"));
    command.args(["lsp", "--stdio"]).stdin(Stdio::piped()).stdout(Stdio::piped());
    command.stderr(Stdio::piped()).spawn().unwrap()
}

fn framed(message: &Value) -> String {
    let text = message.to_string();
    format!("Content-Length: {}\r\n\r\n{text}", text.len())
}

/// Says things to a server, goes away, and returns what it answered and its exit code.
fn told(wire: &str) -> (Vec<Value>, Option<i32>, String) {
    let mut child = start();
    child.stdin.take().unwrap().write_all(wire.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let bodies = text.split("Content-Length: ").skip(1);
    let bodies = bodies.map(|it| serde_json::from_str(it.split_once("\r\n\r\n").unwrap().1));
    let complaints = String::from_utf8(output.stderr).unwrap();
    (bodies.map(Result::unwrap).collect(), output.status.code(), complaints)
}

fn request(id: i32, method: &str, params: &Value) -> String {
    framed(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }))
}

fn notice(method: &str, params: &Value) -> String {
    framed(&json!({ "jsonrpc": "2.0", "method": method, "params": params }))
}

fn greeting() -> String {
    request(1, "initialize", &json!({ "processId": null, "rootUri": null, "capabilities": {} }))
        + &notice("initialized", &json!({}))
}

#[tokio::test]
async fn the_server_says_what_it_can_and_leaves_when_told() {
    let editor = Editor::start(&[], Options::default()).await;
    let can = &editor.said.capabilities;
    assert!(can.completion_provider.is_some() && can.hover_provider.is_some());
    assert_eq!(can.definition_provider, Some(OneOf::Left(true)));
    assert!(matches!(can.text_document_sync, Some(TextDocumentSyncCapability::Options(_))));
    assert_eq!(editor.said.server_info.as_ref().unwrap().name, "wizard");
    assert_eq!(editor.leave().await, Some(0));
}

#[test]
fn leaving_without_a_goodbye_is_a_failure() {
    assert_eq!(told(&(greeting() + &notice("exit", &Value::Null))).1, Some(1));
    assert_eq!(told(&greeting()).1, Some(1));
    assert_eq!(told("").1, Some(1));
    let goodbye = request(2, "shutdown", &Value::Null);
    assert_eq!(told(&(greeting() + &goodbye + &notice("exit", &Value::Null))).1, Some(0));
    assert_eq!(told(&(greeting() + &goodbye)).1, Some(0));
}

#[test]
fn requests_out_of_order_are_refused() {
    let early = request(7, "textDocument/hover", &json!({}));
    let late = request(8, "textDocument/hover", &json!({}));
    let again = request(9, "initialize", &json!({ "capabilities": {} }));
    let goodbye = request(2, "shutdown", &Value::Null);
    let (answers, code, _) = told(&(early + &greeting() + &again + &goodbye + &late));
    let codes: Vec<(&Value, &Value)> =
        answers.iter().map(|it| (&it["id"], &it["error"]["code"])).collect();
    let wanted = [
        (json!(7), json!(-32002)),
        (json!(1), Value::Null),
        (json!(9), json!(-32600)),
        (json!(2), Value::Null),
        (json!(8), json!(-32600)),
    ];
    assert_eq!(codes, wanted.iter().map(|(id, code)| (id, code)).collect::<Vec<_>>());
    assert_eq!(code, Some(0));
}

#[test]
fn what_is_no_message_is_refused_and_the_next_is_answered() {
    let uri = "file:///nowhere/a.md";
    let wire = [
        greeting(),
        "Content-Length: 4\r\n\r\n{\"a\"".to_owned(),
        framed(&json!([1, 2])),
        framed(&json!({ "jsonrpc": "2.0" })),
        framed(&json!({ "jsonrpc": "2.0", "id": 2, "result": null })),
        request(3, "textDocument/hover", &json!({ "textDocument": 4 })),
        request(4, "workspace/nothing", &Value::Null),
        notice("textDocument/didOpen", &json!([])),
        notice(
            "textDocument/didChange",
            &json!({ "textDocument": { "uri": uri, "version": 1 }, "contentChanges": [] }),
        ),
        notice("$/cancelRequest", &json!({ "id": 99 })),
        request(
            5,
            "textDocument/hover",
            &json!({ "textDocument": { "uri": uri }, "position": { "line": 0, "character": 0 } }),
        ),
        request(
            6,
            "textDocument/documentSymbol",
            &json!({ "textDocument": { "uri": "not an address" } }),
        ),
        "garbage\r\n".to_owned(),
        framed(&json!({ "jsonrpc": "2.0", "id": "a text", "method": "shutdown" })),
        notice("exit", &Value::Null),
    ];
    let (answers, code, complaints) = told(&wire.concat());
    let seen: Vec<(Value, Value)> =
        answers.iter().skip(1).map(|it| (it["id"].clone(), it["error"]["code"].clone())).collect();
    let wanted = [
        (Value::Null, json!(-32700)),
        (Value::Null, json!(-32600)),
        (Value::Null, json!(-32600)),
        (json!(3), json!(-32602)),
        (json!(4), json!(-32601)),
        (json!(5), Value::Null),
        (json!(6), json!(-32602)),
        (Value::Null, json!(-32700)),
        (json!("a text"), Value::Null),
    ];
    assert_eq!(seen, wanted);
    assert_eq!(code, Some(0));
    assert!(complaints.contains("`textDocument/didOpen`"), "{complaints}");
}

#[test]
fn a_client_that_can_nothing_and_one_of_tomorrow_are_greeted() {
    for capabilities in [
        json!({}),
        json!({ "workspace": { "workspaceEdit": { "failureHandling": "of tomorrow" } }, "general": { "positionEncodings": ["utf-7"] }, "textDocument": 3 }),
    ] {
        let (answers, ..) =
            told(&request(1, "initialize", &json!({ "capabilities": capabilities })));
        assert_eq!(answers[0]["result"]["capabilities"]["positionEncoding"], "utf-16");
    }
}
