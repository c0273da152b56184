//! Rows that give an argv: a playbook that declares it is flagged, and the model comes to it by no
//! other way.

use wizard::diagnostic::Level;
use wizard::journal::event::Outcome;
use wizard::lint::{self, Profile};
use wizard::playbook::load_text;

use super::{Fixture, Row, Tally, rows};
use crate::execute::call;

/// Says why a playbook that declares a row's command would pass, if it would.
fn unflagged(row: &Row, argv: &serde_json::Value) -> Option<String> {
    let words = serde_json::to_string(argv).unwrap();
    let text = format!(
        "---\nplaybook: 1\nname: attack\ndescription: Runs a command. Use it to see what lint says.\n\
         license: MIT\nbudget: {{turns: 5}}\ncommands:\n  attack: {{run: {words}}}\nstages:\n  run_it:\n    \
         run: attack\n---\n"
    );
    let bundle = load_text("playbook.md", &text);
    let (playbook, findings) = lint::check(&bundle, &wizard::tools::known(), Profile::Default);
    let place = text.find("attack: {").unwrap()..text.find("\nstages").unwrap();
    let flagged = findings.iter().any(|finding| {
        let severe = matches!(finding.level, Level::Error | Level::Warning);
        severe && place.contains(&(finding.span.start as usize))
    });
    let found: Vec<&str> = findings.iter().map(|finding| finding.rule).collect();
    match row.expected.as_str() {
        // An argv that is none is refused as it is read.
        _ if playbook.commands.is_empty() => None,
        "deny" => (!flagged).then(|| format!("no finding is about {words}: {found:?}")),
        _ => flagged.then(|| format!("{words} is flagged: {found:?}")),
    }
}

/// Drives the rows of a class that give an argv.
fn drive(class: &str) {
    let mut tally = Tally::default();
    let fixture = Fixture::small();
    for row in rows(class).into_iter().filter(|row| row.tool == "run_command") {
        let input = row.filled(&fixture.root());
        let wrong = match input.get("argv") {
            Some(argv) => unflagged(&row, argv),
            // A command as one string is not in the model's words: it names a command.
            None => by_text(&fixture, &input),
        };
        tally.count(&row, wrong);
    }
    tally.end(class);
}

/// Lets a model call the tool with the input as it stands: no command has that name.
fn by_text(fixture: &Fixture, input: &serde_json::Value) -> Option<String> {
    let keys = "commands:\n  tests: {run: [make]}\nstages:\n  work:\n    tools: [run(tests)]\n";
    let called = super::files::called(fixture, keys, vec![call("run", input)]);
    (called.outcome == Some(Outcome::Done)).then(|| format!("{input} was run"))
}

#[test]
fn commands_that_no_playbook_should_have_are_flagged() {
    drive("cmd");
}

#[test]
fn flags_that_reach_too_far_are_flagged() {
    drive("flag");
}

#[test]
fn commands_that_print_secrets_are_flagged() {
    drive("env");
}
