//! What is generated is committed and current.

use serde_json::Value;
use wizard::outline::Outline;
use wizard::{diagnostic, journal, playbook, report};

use crate::support::generated;

fn schema(name: &str, schema: &Value) {
    let text = serde_json::to_string_pretty(schema).unwrap() + "\n";
    generated(&format!("schemas/{name}.schema.json"), &text);
}

#[test]
fn the_schema_of_a_playbook() {
    schema("playbook", playbook::schema());
}

#[test]
fn the_schema_of_a_diagnostic() {
    schema("diagnostic", &serde_json::to_value(diagnostic::json::schema()).unwrap());
}

#[test]
fn the_schema_of_a_journal() {
    schema("journal", &serde_json::to_value(journal::schema()).unwrap());
}

#[test]
fn the_schema_of_a_plan() {
    schema("plan", &serde_json::to_value(schemars::schema_for!(Outline)).unwrap());
}

#[test]
fn the_schema_of_a_report() {
    schema("report", &serde_json::to_value(report::schema()).unwrap());
}
