//! A report as markdown: the whole of it, to keep.

use std::fmt::Write as _;

use serde_json::Value;

use crate::journal::event::CheckVerdict;
use crate::journal::shown;
use crate::report::{CommandReport, FileReport, ReferenceReport, Report, StageReport, text};

/// Renders the whole report. What models and projects wrote stands in code or is escaped, so that
/// it makes no link, picture or heading of the report's.
pub fn render(report: &Report) -> String {
    let mut page = String::new();
    summary(&mut page, report);
    for (stage, document) in report.documents() {
        let _ = write!(page, "\n## In the model's words, from {}\n\n", code(stage));
        page.push_str(&fenced("markdown", document.trim_end()));
    }
    undone(&mut page, report);
    changes(&mut page, report);
    checks(&mut page, report);
    stages(&mut page, report);
    commands(&mut page, report);
    refusals(&mut page, report);
    server_calls(&mut page, report);
    cleaned(&mut page, report);
    answers(&mut page, report);
    requirements(&mut page, report);
    references(&mut page, report);
    retro(&mut page, report);
    costs(&mut page, report);
    page
}

fn summary(page: &mut String, report: &Report) {
    let name = if report.playbook.is_empty() { "the run" } else { &report.playbook };
    let _ = writeln!(page, "# {} {}\n", prose(name), report.ending.words());
    if let Some(reason) = &report.reason {
        let _ = writeln!(page, "{}", fenced("text", reason));
    }
    let exit = report.exit.map_or("none".to_owned(), |exit| exit.to_string());
    item(page, "exit code", &exit);
    item(page, "took", &shown::time(report.totals.wall));
    for (name, value) in [
        ("project", Some(&report.project)),
        ("model", report.model.as_ref()),
        ("replayed from", report.replay.as_ref()),
        ("run", Some(&report.run)),
        ("playbook's hash", Some(&report.hash)),
        ("wizard", Some(&report.wizard)),
        ("journal", report.journal.as_ref()),
    ] {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            item(page, name, &code(value));
        }
    }
}

fn undone(page: &mut String, report: &Report) {
    part(page, "Left undone", report.undone.is_empty());
    for undone in &report.undone {
        let kind = serde_json::to_value(undone.kind).unwrap_or_default();
        let kind = kind.as_str().unwrap_or_default().replace('_', " ");
        let why = match undone.why.as_str() {
            "" => String::new(),
            why => format!(": {}", prose(&shown::first(why))),
        };
        let _ = writeln!(page, "- {kind}: {}{why}", code(&undone.what));
    }
}

fn changes(page: &mut String, report: &Report) {
    part(page, "What changed", report.files.is_empty() && report.env.is_empty());
    if !report.files.is_empty() {
        table(page, &["file", "how", "lines", "by"]);
        for file in &report.files {
            row(page, &[code(&file.path), prose(&file.how), lines(file), by(file)]);
        }
    }
    if !report.env.is_empty() {
        page.push('\n');
        for env in &report.env {
            let created = if env.created { ", which was created for it" } else { "" };
            let (key, file, at) = (code(&env.key), code(&env.file), code(&env.at.to_string()));
            let _ = writeln!(page, "- {key} was set in {file}{created}, by {at}");
        }
    }
}

fn lines(file: &FileReport) -> String {
    match (file.added, file.removed) {
        (Some(added), Some(removed)) => format!("+{added} -{removed}"),
        _ => "not counted".to_owned(),
    }
}

fn by(file: &FileReport) -> String {
    let hands: Vec<String> = file
        .by
        .iter()
        .map(|hand| match &hand.command {
            Some(command) => format!("command {} in {}", code(command), code(&hand.at.to_string())),
            None => code(&hand.at.to_string()),
        })
        .collect();
    if hands.is_empty() { "not by this run".to_owned() } else { hands.join(", ") }
}

fn checks(page: &mut String, report: &Report) {
    part(page, "Checks", report.checks.is_empty());
    for check in &report.checks {
        let verdict = match check.verdict {
            CheckVerdict::Passed => "passed",
            CheckVerdict::Failed => "failed",
            CheckVerdict::RedBefore => "red before the first change, and red after it",
        };
        let history = match check.failures {
            0 => String::new(),
            failures => {
                format!(", failed {} of {}", failures, shown::plural(check.runs as usize, "time"))
            }
        };
        let at = code(&check.at.to_string());
        let _ = writeln!(page, "- {at}: {}: **{verdict}**{history}", prose(&check.check));
        if !check.evidence.trim().is_empty() {
            page.push_str(&indented(&fenced("text", check.evidence.trim_end())));
        }
    }
}

fn stages(page: &mut String, report: &Report) {
    part(page, "Stages", report.stages.is_empty());
    for stage in &report.stages {
        let title = match stage.title.as_str() {
            "" => String::new(),
            title => format!(": {}", prose(title)),
        };
        let optional = if stage.optional { ", optional" } else { "" };
        let _ = writeln!(page, "### {}{title}\n", code(&stage.id));
        let _ = writeln!(page, "- **{}**{optional}", stage.status.words());
        if let Some(took) = stage.took {
            item(page, "took", &shown::time(took));
        }
        if stage.spent.turns > 0 {
            item(page, "spent", &text::spent(&stage.spent, report.replay.is_some()));
        }
        if stage.attempts > 1 {
            item(page, "attempts", &stage.attempts.to_string());
        }
        if let Some(reason) = &stage.reason {
            let _ = writeln!(page, "- why:");
            page.push_str(&indented(&fenced("text", reason.trim_end())));
        }
        for failed in &stage.failed_attempts {
            let _ = writeln!(page, "- an attempt failed:");
            page.push_str(&indented(&fenced("text", failed.trim_end())));
        }
        items(page, stage);
        output(page, stage);
        page.push('\n');
    }
    while page.ends_with("\n\n") {
        page.pop();
    }
}

fn items(page: &mut String, stage: &StageReport) {
    if stage.items.is_empty() {
        return;
    }
    page.push('\n');
    table(page, &["item", "title", "status", "took", "attempts", "why"]);
    for item in &stage.items {
        row(
            page,
            &[
                (item.item + 1).to_string(),
                prose(&item.title),
                item.status.words().to_owned(),
                item.took.map(shown::time).unwrap_or_default(),
                item.attempts.to_string(),
                prose(&shown::first(item.reason.as_deref().unwrap_or_default())),
            ],
        );
    }
}

fn output(page: &mut String, stage: &StageReport) {
    match &stage.output {
        None | Some(Value::Null) => {}
        Some(_) if stage.document => page.push_str("\nIts output is the document above.\n"),
        Some(output) => {
            let text = serde_json::to_string_pretty(output).unwrap_or_default();
            let _ = write!(page, "\nIts output:\n\n{}", fenced("json", &shown::json(&text)));
        }
    }
}

fn commands(page: &mut String, report: &Report) {
    part(page, "Commands", report.commands.is_empty());
    if report.commands.is_empty() {
        return;
    }
    if let Some(level) = report.confined {
        let _ = write!(page, "\nConfined: {}.\n", level.words());
    }
    for command in report.commands.iter().filter(|command| !command.reverted.is_empty()) {
        let files: Vec<String> = command.reverted.iter().map(|path| code(path)).collect();
        let name = code(&command.name);
        let _ =
            write!(page, "\n{name} changed what it must not; put back: {}.\n", files.join(", "));
    }
    table(page, &["command", "by", "why", "exit", "took", "changed"]);
    for command in &report.commands {
        let argv = match code(&shown::argv(&command.argv)).as_str() {
            "" => code(&command.name),
            argv => format!("{}: {argv}", code(&command.name)),
        };
        let changed: Vec<String> = command.changed.iter().map(|path| code(path)).collect();
        row(
            page,
            &[
                argv,
                code(&command.at.to_string()),
                prose(&command.why),
                exit(command),
                shown::time(command.took),
                changed.join(", "),
            ],
        );
    }
}

fn exit(command: &CommandReport) -> String {
    let exit = match (command.ended, command.exit) {
        (false, _) => "did not end".to_owned(),
        (true, None) => "a signal or a limit".to_owned(),
        (true, Some(exit)) => exit.to_string(),
    };
    if command.replayed { format!("{exit}, replayed") } else { exit }
}

fn refusals(page: &mut String, report: &Report) {
    part(page, "Refused", report.refusals.is_empty());
    for refusal in &report.refusals {
        let times = match refusal.count {
            1 => String::new(),
            count => format!(", {count} times"),
        };
        let at = code(&refusal.at.to_string());
        let call = code(&format!("{} {}", refusal.tool, refusal.about));
        let _ = writeln!(page, "- {at}: {call}{times}: {}", prose(&refusal.text));
    }
}

fn server_calls(page: &mut String, report: &Report) {
    part(page, "Servers asked", report.server_calls.is_empty());
    for call in &report.server_calls {
        let _ = writeln!(page, "- {}", code(&text::server_call(call)));
    }
}

fn cleaned(page: &mut String, report: &Report) {
    part(page, "Kept from the model", report.cleaned.is_empty());
    for cleaned in &report.cleaned {
        let call = code(&format!("{} {}", cleaned.tool, cleaned.about));
        let what = shown::cleaned(cleaned.invisible, cleaned.masked);
        let _ = writeln!(page, "- {call}: {what}");
    }
}

fn answers(page: &mut String, report: &Report) {
    part(page, "Questions and approvals", report.answers.is_empty());
    for answer in &report.answers {
        let said = match (&answer.answer, &answer.by) {
            (Some(said), Some(by)) => {
                let waited = shown::time(answer.waited);
                format!("**{}**, by {} after {waited}", prose(said), prose(by))
            }
            _ => "nobody answered".to_owned(),
        };
        let at = code(&answer.at.to_string());
        let _ = writeln!(page, "- {at}: {}: {said}", code(&answer.what));
        if !answer.text.trim().is_empty() {
            page.push_str(&indented(&fenced("text", answer.text.trim_end())));
        }
    }
}

fn requirements(page: &mut String, report: &Report) {
    part(page, "Requirements", report.requirements.is_empty());
    for requirement in &report.requirements {
        let text = prose(&requirement.text);
        let found = match requirement.found.as_str() {
            "" => String::new(),
            found => format!(": {}", prose(found)),
        };
        let _ = writeln!(page, "- {text}: **{}**{found}", prose(&requirement.verdict));
    }
}

fn references(page: &mut String, report: &Report) {
    part(page, "References", report.references.is_empty());
    for reference in &report.references {
        let name = code(&reference.name);
        if let Some(missing) = &reference.missing {
            let _ = writeln!(page, "- {name}: **missing**: {}", prose(missing));
            continue;
        }
        let used = match reference.uses {
            0 => "never used".to_owned(),
            uses => format!("used {}", shown::plural(uses as usize, "time")),
        };
        let kind = prose(reference.kind.as_deref().unwrap_or_default());
        let tokens = shown::count(reference.tokens);
        let from = match &reference.fetched {
            Some((url, how, age)) => {
                let age = match age {
                    0 => String::new(),
                    seconds => format!(", {} old", shown::time(seconds.saturating_mul(1_000))),
                };
                format!(", {} from {}{age}", prose(how), code(url))
            }
            None => String::new(),
        };
        let _ = writeln!(page, "- {name}: {kind}, {tokens} tokens, {used}{from}");
        for (stage, parts) in readings(reference) {
            let _ = writeln!(page, "  - {} read {parts}", code(stage));
        }
    }
}

/// Says for each stage which parts of a reference it read; passages of a search are not named.
fn readings(reference: &ReferenceReport) -> Vec<(&str, String)> {
    let mut stages: Vec<&str> = Vec::new();
    for reading in &reference.readings {
        if !stages.contains(&reading.stage.as_str()) {
            stages.push(&reading.stage);
        }
    }
    let parts = |stage: &str| {
        let own = reference.readings.iter().filter(|reading| reading.stage == stage);
        let parts: Vec<String> =
            own.map(|it| it.part.as_deref().map_or("passages of it".to_owned(), code)).collect();
        parts.join(", ")
    };
    stages.into_iter().map(|stage| (stage, parts(stage))).collect()
}

fn retro(page: &mut String, report: &Report) {
    part(page, "What the playbook could say better, in the model's words", report.retro.is_empty());
    for retro in &report.retro {
        let stage = code(&retro.stage);
        for note in &retro.notes {
            let line = note.line.map(|line| format!(", line {line}")).unwrap_or_default();
            let _ = writeln!(page, "- {stage}{line}: {}: {}", prose(&note.kind), prose(&note.text));
        }
        if let Some(tool) = &retro.wanted_tool {
            let _ = writeln!(page, "- {stage}: it wanted the tool {}", code(tool));
        }
    }
}

fn costs(page: &mut String, report: &Report) {
    let totals = &report.totals;
    part(page, "Costs", false);
    item(page, "spent", &text::spent(&totals.spent, report.replay.is_some()));
    if totals.retro.turns > 0 {
        let retro = text::spent(&totals.retro, report.replay.is_some());
        item(page, "of that, on the questions after the end", &retro);
    }
    item(page, "requests sent again", &totals.retries.to_string());
    item(page, "time", &shown::time(totals.wall));
    item(page, "of that, waiting for people", &shown::time(totals.waiting));
}

fn part(page: &mut String, title: &str, empty: bool) {
    if !empty {
        let _ = write!(page, "\n## {title}\n\n");
    }
}

fn item(page: &mut String, name: &str, value: &str) {
    let _ = writeln!(page, "- {name}: {value}");
}

fn table(page: &mut String, head: &[&str]) {
    let _ = writeln!(page, "| {} |\n|{}", head.join(" | "), "---|".repeat(head.len()));
}

fn row(page: &mut String, cells: &[String]) {
    // A bar ends a cell even inside code, unless a backslash stands before it.
    let cells: Vec<String> = cells.iter().map(|cell| bars(cell)).collect();
    let _ = writeln!(page, "| {} |", cells.join(" | "));
}

fn bars(cell: &str) -> String {
    let mut escaped = String::with_capacity(cell.len());
    let mut backslashes = 0;
    for character in cell.chars() {
        if character == '|' && backslashes % 2 == 0 {
            escaped.push('\\');
        }
        escaped.push(character);
        backslashes = if character == '\\' { backslashes + 1 } else { 0 };
    }
    escaped
}

/// Text as prose that is nothing but prose.
fn prose(text: &str) -> String {
    let text = shown::line(text.trim_end());
    let mut escaped = String::with_capacity(text.len());
    let numbered = text.trim_start_matches(|character: char| character.is_ascii_digit());
    let listed = text.starts_with(['-', '+', '='])
        || (numbered.len() < text.len() && numbered.starts_with(['.', ')']));
    let marker = if listed { text.len() - numbered.len() } else { usize::MAX };
    for (index, character) in text.char_indices() {
        if index == marker || "\\`*_[]<>|~&#$".contains(character) {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}

/// Text as code on one line, in more backticks than it has in a row.
fn code(text: &str) -> String {
    let text = shown::line(text);
    if text.is_empty() {
        return String::new();
    }
    let fence = "`".repeat(longest_run(&text) + 1);
    let spaced = text.starts_with('`') || text.ends_with('`') || text.starts_with(' ');
    let space = if spaced { " " } else { "" };
    format!("{fence}{space}{text}{space}{fence}")
}

/// Text as a block of code, in a fence that is longer than any it has.
fn fenced(language: &str, text: &str) -> String {
    let text = shown::block(text);
    let fence = "`".repeat((longest_run(&text) + 1).max(3));
    format!("{fence}{language}\n{text}\n{fence}\n")
}

fn longest_run(text: &str) -> usize {
    text.split(|character| character != '`').map(str::len).max().unwrap_or_default()
}

fn indented(block: &str) -> String {
    let lines = block
        .lines()
        .map(|line| if line.is_empty() { "\n".to_owned() } else { format!("  {line}\n") });
    lines.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_is_fenced_by_more_than_it_holds() {
        assert_eq!(code("a`b"), "``a`b``");
        assert_eq!(code("`a`"), "`` `a` ``");
        assert_eq!(fenced("text", "```\nx\n```"), "````text\n```\nx\n```\n````\n");
    }

    #[test]
    fn prose_makes_no_link_picture_list_or_table() {
        assert_eq!(prose("![x](http://e.test) <b>"), "!\\[x\\](http://e.test) \\<b\\>");
        assert_eq!(prose("- a"), "\\- a");
        assert_eq!(prose("12. a"), "12\\. a");
        assert_eq!(bars("`a|b` c\\|d"), "`a\\|b` c\\|d");
        assert_eq!(bars("a\\\\|b"), "a\\\\\\|b");
    }
}
