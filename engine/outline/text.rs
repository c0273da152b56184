//! A plan as a tree, for a terminal of 80 columns.

use std::fmt::Write as _;

use crate::outline::{BudgetLine, Outline, StageOutline};

/// The widest line, in characters.
const WIDTH: usize = 80;

/// Draws an outline.
pub(super) fn tree(outline: &Outline) -> String {
    let mut text = String::new();
    let _ = writeln!(text, "{}", outline.playbook);
    push(&mut text, "  ", "  ", &outline.description);
    let project = &outline.project;
    let known = ["name", "package_manager"].map(|key| project[key].as_str().unwrap_or_default());
    let facts: Vec<&str> = known.into_iter().filter(|fact| !fact.is_empty()).collect();
    push(&mut text, "  ", "  ", &format!("project {}", facts.join(", ")));
    if !outline.requirements.is_empty() {
        text.push_str("\nrequires\n");
        for requirement in &outline.requirements {
            let mark = match requirement.verdict {
                "met" => "✓",
                "unmet" => "✗",
                _ => "?",
            };
            let line = format!("{} ({})", requirement.text, requirement.found);
            push(&mut text, &format!("  {mark} "), "    ", &line);
        }
    }
    for (number, wave) in outline.waves.iter().enumerate() {
        let _ = writeln!(text, "\nwave {}", number + 1);
        for (index, id) in wave.iter().enumerate() {
            let last = index + 1 == wave.len();
            if let Some(stage) = outline.stages.iter().find(|stage| stage.id == *id) {
                stage_tree(&mut text, stage, last);
            }
        }
    }
    let references: Vec<String> = outline
        .references
        .iter()
        .map(|reference| match reference.tokens {
            Some(tokens) => format!("{} ({} tokens)", reference.name, grouped(tokens)),
            None => format!("{} (fetched when played)", reference.name),
        })
        .collect();
    if !references.is_empty() {
        text.push('\n');
        push(&mut text, "references ", "  ", &references.join(", "));
    }
    if let Some(budget) = budget(&outline.budget) {
        let _ = write!(text, "\nbudget {budget}\n");
    }
    text
}

fn stage_tree(text: &mut String, stage: &StageOutline, last: bool) {
    let (branch, stem) = if last { ("└─ ", "     ") } else { ("├─ ", "│    ") };
    let title = if stage.title.is_empty() { String::new() } else { format!("  {}", stage.title) };
    push(text, branch, stem, &format!("{}{title}", stage.id));
    let mut line = |words: &str| push(text, stem, &format!("{stem}  "), words);
    if let Some(command) = &stage.runs {
        line(&format!("runs {}", command.argv));
    } else {
        let tokens = grouped(stage.first_request());
        let model = stage.model.as_deref().unwrap_or_default();
        line(&format!(
            "model {model}, {tokens} tokens to begin with, leaves {}",
            article(stage.output)
        ));
        line(&format!("tools {}", list(&stage.tools, " ")));
    }
    for command in &stage.commands {
        line(&format!("may run {}: {}", command.name, command.argv));
    }
    if !stage.writes.is_empty() {
        line(&format!("may change {}", list(&stage.writes, ", ")));
    }
    if !stage.env_keys.is_empty() {
        line(&format!("may set {}", list(&stage.env_keys, ", ")));
    }
    if !stage.references.is_empty() {
        line(&format!("references {}", list(&stage.references, ", ")));
    }
    if let Some(when) = &stage.when {
        line(&format!("when {when}"));
    }
    if let Some(items) = &stage.for_each {
        line(&format!("for each of {items}"));
    }
    for check in &stage.checks {
        line(&format!("check {check}"));
    }
    if let Some(what) = stage.approve {
        line(match what {
            "before" => "a person says yes before it begins",
            _ => "a person approves its output",
        });
    }
    if stage.optional {
        line("optional");
    }
    if let Some(budget) = budget(&stage.budget) {
        line(&format!("budget {budget}"));
    }
}

fn article(output: &str) -> String {
    match output {
        "data" => "data".to_owned(),
        other => format!("a {other}"),
    }
}

fn list(words: &[String], between: &str) -> String {
    if words.is_empty() { "none".to_owned() } else { words.join(between) }
}

fn budget(budget: &BudgetLine) -> Option<String> {
    let mut parts = Vec::new();
    parts.extend(budget.usd.map(|usd| format!("${usd:.2}")));
    parts.extend(budget.tokens.map(|tokens| format!("{} tokens", grouped(tokens))));
    parts.extend(budget.turns.map(|turns| format!("{turns} turns")));
    parts.extend(budget.minutes.map(|minutes| format!("{minutes} minutes")));
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// Writes a number with its thousands apart.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Adds words as lines that fit, the first behind `first`, the others behind `rest`.
fn push(text: &mut String, first: &str, rest: &str, words: &str) {
    let words = crate::gate::redact::visible(words).0;
    let mut line = first.to_owned();
    let mut empty = true;
    for word in words.split_whitespace() {
        if !empty && line.chars().count() + 1 + word.chars().count() > WIDTH {
            text.push_str(line.trim_end());
            text.push('\n');
            rest.clone_into(&mut line);
            empty = true;
        }
        if !empty {
            line.push(' ');
        }
        line.push_str(word);
        empty = false;
    }
    text.push_str(line.trim_end());
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_words_wrap_behind_the_stem() {
        let mut text = String::new();
        push(&mut text, "├─ ", "│    ", &"word ".repeat(30));
        assert!(text.lines().all(|line| line.chars().count() <= WIDTH));
        assert!(text.lines().skip(1).all(|line| line.starts_with("│    word")));
    }

    #[test]
    fn thousands_stand_apart() {
        assert_eq!([7, 1_234, 1_234_567].map(grouped), ["7", "1,234", "1,234,567"]);
    }
}
