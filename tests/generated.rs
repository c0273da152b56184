//! What is generated is committed and current.

use std::fmt::Write as _;
use std::process::Command;

use serde_json::Value;
use wizard::outline::Outline;
use wizard::{diagnostic, journal, playbook, report};

use crate::support::{files, generated, root};

fn schema(name: &str, schema: &Value) {
    let text = serde_json::to_string_pretty(schema).unwrap() + "\n";
    generated(&format!("schemas/{name}.schema.json"), &text);
}

#[test]
fn the_schema_of_a_playbook() {
    schema("playbook", playbook::schema());
}

#[test]
fn the_schema_of_an_airplane() {
    schema("airplane", &wizard::reference::sheet_schema());
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

/// Returns what a command says of itself.
fn help(words: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wizard"));
    let output = command.args(words).arg("--help").env("NO_COLOR", "1").output().unwrap();
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    let lines = text.lines().map(|line| line.trim_end().to_owned() + "\n");
    lines.collect::<String>().trim_end().to_owned()
}

/// Returns the commands that a help text lists.
fn subcommands(told: &str) -> Vec<String> {
    let listed = told.split("Commands:\n").nth(1).unwrap_or_default();
    let lines = listed.split("\n\n").next().unwrap_or_default().lines();
    let commands = lines.filter_map(|line| line.split_whitespace().next().map(str::to_owned));
    commands.filter(|command| command != "help").collect()
}

#[test]
fn the_page_of_the_command_line() {
    let whole = help(&[]);
    let commands = subcommands(&whole);
    assert!(commands.iter().any(|command| command == "play"));
    let mut page = format!("# Command line\n\n```text\n{whole}\n```\n");
    for command in &commands {
        let told = help(&[command]);
        write!(page, "\n## wizard {command}\n\n```text\n{told}\n```\n").unwrap();
        for below in subcommands(&told) {
            let told = help(&[command, &below]);
            write!(page, "\n### wizard {command} {below}\n\n```text\n{told}\n```\n").unwrap();
        }
    }
    generated("book/src/cli.md", &page);
}

#[test]
fn the_summary_of_the_book_has_every_page() {
    let summary = std::fs::read_to_string(root().join("book/src/SUMMARY.md")).unwrap();
    let mut rules = Vec::new();
    for path in files("book/src", "md") {
        let page = path.strip_prefix(root().join("book/src")).unwrap().to_str().unwrap().to_owned();
        if page != "SUMMARY.md" {
            assert_eq!(summary.matches(&format!("({page})")).count(), 1, "{page}");
        }
        rules.extend(summary.find(&format!("(rules/{})", page.trim_start_matches("rules/"))));
    }
    assert!(rules.is_sorted(), "rules stand in the order of their names");
}
