//! Rows about texts that speak to the model: each is marked as material, and ends where it ends.

use serde_json::{Value, json};

use super::files::{WIDE, called};
use super::{Fixture, Row, Tally, row, rows};
use crate::execute::call;

/// Says what is wrong with how a text is shown to the model.
fn wrong(fixture: &Fixture, row: &Row) -> Option<String> {
    let path = row.input["path"].as_str()?;
    let body = row.setup("body").and_then(Value::as_str).unwrap_or_default();
    fixture.write(path, row::filled(body, &fixture.root()));
    let called = called(fixture, WIDE, vec![call("read", &json!({ "path": path }))]);
    let told = called.told;
    if let Some(leak) = called.leak {
        return Some(format!("a canary left: {leak}"));
    }
    let Some(number) = told.strip_prefix("<data ").and_then(|rest| rest.get(..6)) else {
        return Some(format!("it is not marked: {}", told.chars().take(80).collect::<String>()));
    };
    if told.matches(&format!("data {number}>")).count() != 2 {
        return Some("the mark stands inside the text too".to_owned());
    }
    let end = told.find(&format!("</data {number}>"))? + format!("</data {number}>").len();
    let behind = &told[end..];
    if !behind.is_empty() && !behind.contains("invisible characters removed") {
        return Some(format!("something stands behind the mark: {behind}"));
    }
    told.chars()
        .find(|letter| wizard::source::is_invisible(*letter))
        .map(|hidden| format!("U+{:04X} is shown", u32::from(hidden)))
}

#[test]
fn what_a_file_says_is_marked() {
    let fixture = Fixture::new();
    let mut tally = Tally::default();
    for row in rows("inject").iter().filter(|row| row.tool == "read_file") {
        tally.count(row, wrong(&fixture, row));
    }
    tally.end("inject");
}
