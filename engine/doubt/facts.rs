//! What each stage may do, as the engine reads it: the part of a playbook that prose is held to.

use std::fmt::Write as _;

use serde_json::Value;

use crate::context::describe;
use crate::playbook::{Approve, CommandKind, Grant, Items, Output, Playbook, Stage};

/// Says what a playbook's commands are and what each stage may do.
pub(super) fn of(playbook: &Playbook) -> String {
    let mut text = "# What each stage may do\n".to_owned();
    for stage in &playbook.stages {
        text.push('\n');
        match &stage.run {
            Some(command) => {
                let _ =
                    writeln!(text, "Stage `{}`: the engine runs {}", stage.id.value, command.value);
            }
            None => {
                let _ = writeln!(text, "Stage `{}`, played by a model", stage.id.value);
            }
        }
        for (name, value) in lines(playbook, stage) {
            if !value.is_empty() {
                let _ = writeln!(text, "- {name}: {value}");
            }
        }
    }
    if !playbook.commands.is_empty() {
        text.push_str("\n# Commands\n\n");
    }
    for command in &playbook.commands {
        let kind = match command.kind {
            CommandKind::Run => "run",
            CommandKind::Exec => "exec",
            CommandKind::Add => "add",
            CommandKind::Script => "script",
        };
        let words: Vec<&str> = command.words.iter().map(|word| word.text.as_str()).collect();
        let _ = writeln!(text, "- {}: {kind} {}", command.name.value, words.join(" "));
    }
    text
}

fn lines(playbook: &Playbook, stage: &Stage) -> Vec<(&'static str, String)> {
    let needs = stage.needs.iter().map(|need| need.value.clone()).collect::<Vec<_>>().join(", ");
    let checks = stage.checks.iter().map(|check| {
        let baseline = if check.baseline { " (baseline)" } else { "" };
        format!("{}{baseline}", describe(check, &Value::Null))
    });
    let checks: Vec<String> = checks.collect();
    let mut lines = vec![
        ("needs", if needs.is_empty() { "nothing".to_owned() } else { needs }),
        ("only when", stage.when.as_ref().map_or_else(String::new, |when| when.text.clone())),
        ("once for each", each(stage)),
    ];
    if stage.run.is_none() {
        lines.extend([
            ("tools", tools(playbook, stage)),
            ("may look up", references(playbook, stage)),
            ("may change", writes(stage)),
            ("leaves", leaves(stage)),
        ]);
    }
    lines.push(("done when", checks.join("; ")));
    lines.push(match stage.approve {
        Some(Approve::Before) => ("a person says yes to", "the stage, before it begins".to_owned()),
        Some(Approve::Output) => ("a person says yes to", "its output".to_owned()),
        None => ("a person says yes to", String::new()),
    });
    lines
}

fn tools(playbook: &Playbook, stage: &Stage) -> String {
    let mut words: Vec<String> = playbook.grants(stage).map(Grant::to_string).collect();
    words.push("done".to_owned());
    if words.iter().any(|word| word == "env") {
        let keys = playbook.env.iter().flat_map(|env| &env.keys).map(|(key, _)| key.value.as_str());
        let keys = keys.collect::<Vec<_>>().join(", ");
        return format!("{} (env keys: {keys})", words.join(", "));
    }
    words.join(", ")
}

fn references(playbook: &Playbook, stage: &Stage) -> String {
    let looks_up = |grant: &Grant| matches!(grant, Grant::Tool(word) if word == "reference");
    if !playbook.grants(stage).any(looks_up) {
        return String::new();
    }
    let docs = playbook.docs.iter().chain(&stage.docs).map(|doc| doc.name.value.as_str());
    let airplanes = playbook.airplanes.iter().map(|airplane| airplane.value.as_str());
    docs.chain(airplanes).collect::<Vec<_>>().join(", ")
}

fn writes(stage: &Stage) -> String {
    let globs: Vec<&str> = stage.writes.iter().map(|glob| glob.value.as_str()).collect();
    let narrowed = stage.for_each.as_ref().and_then(|for_each| for_each.files.as_ref());
    match (globs.is_empty(), narrowed) {
        (true, _) => "no file".to_owned(),
        (false, None) => globs.join(", "),
        (false, Some(files)) => format!("{}, and of these only {}", globs.join(", "), files.text),
    }
}

fn each(stage: &Stage) -> String {
    let Some(for_each) = &stage.for_each else { return String::new() };
    let name = &for_each.name.value;
    match &for_each.items {
        Items::List(list) => format!("{name} in {}", list.text),
        Items::Files { glob, containing: None } => format!("{name} among the files {}", glob.text),
        Items::Files { glob, containing: Some(text) } => {
            format!("{name} among the files {} that contain {}", glob.text, text.text)
        }
    }
}

fn leaves(stage: &Stage) -> String {
    match &stage.output {
        Output::Default => "a summary, a list of files and notes".to_owned(),
        Output::Markdown => "a markdown document for the person".to_owned(),
        Output::Schema { .. } => "data that its schema describes".to_owned(),
    }
}
