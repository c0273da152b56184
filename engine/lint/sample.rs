//! Small playbooks on which the tests of rules try them.

use crate::diagnostic::Diagnostic;
use crate::lint::{Known, Profile, Rule, check};
use crate::playbook::load_text;

/// Returns what one rule finds in a playbook.
pub(super) fn find(rule: &Rule, text: &str) -> Vec<Diagnostic> {
    let bundle = load_text("playbook.md", text);
    let tools = ["read", "glob", "grep", "edit", "write", "remove", "env", "reference", "ask"];
    let is_lock: fn(&str) -> bool = |path| path.ends_with("package-lock.json");
    let known = Known { tools: tools.to_vec(), is_lock: Some(is_lock), ..Known::default() };
    let (_, findings) = check(&bundle, &known, Profile::Strict);
    let wrong =
        findings.iter().filter(|it| ["bad-yaml", "unknown-key", "wrong-type"].contains(&it.rule));
    assert_eq!(wrong.count(), 0, "{findings:#?}\n{text}");
    findings.into_iter().filter(|finding| finding.rule == rule.name).collect()
}

/// The same for a front matter with these keys, and one stage with a section.
pub(super) fn of_keys(rule: &Rule, keys: &str) -> Vec<Diagnostic> {
    find(rule, &playbook(keys, "", "Build the basket page."))
}

/// The same for a stage with these keys, in a playbook with a command, an env file and two keys.
pub(super) fn of_stage(rule: &Rule, keys: &str, prose: &str) -> Vec<Diagnostic> {
    let top = "commands: {tests: {script: test}, log: {run: [git, log]}}\nenv: {file: .env, keys: {SHOP_KEY: a, SHOP_HOST: b}}\n";
    find(rule, &playbook(top, keys, prose))
}

/// The same for one command.
pub(super) fn of_command(rule: &Rule, command: &str) -> Vec<Diagnostic> {
    of_keys(rule, &format!("commands: {{it: {command}}}"))
}

/// Writes a playbook with more keys at its top, and one stage with more keys and this prose.
pub(super) fn playbook(keys: &str, stage: &str, prose: &str) -> String {
    let stage: String = stage.lines().map(|line| format!("    {line}\n")).collect();
    format!(
        "---\nplaybook: 1\nname: basket\ndescription: Adds a basket.\n{}\nstages:\n  build:\n{stage}---\n\n## build\n\n{prose}\n",
        keys.trim_end()
    )
}

/// Asserts that something is found as often in each of the rows, and names those where it is not.
#[track_caller]
pub(super) fn each(rows: &[&str], count: usize, found: impl Fn(&str) -> usize) {
    let wrong = rows.iter().filter(|row| found(row) != count);
    assert_eq!(wrong.collect::<Vec<_>>(), Vec::<&&str>::new(), "not found {count} times");
}
