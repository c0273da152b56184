//! Small playbooks on which the tests of rules try them.

use crate::diagnostic::Diagnostic;
use crate::lint::{Known, Profile, Rule, check};
use crate::playbook::{Bundle, load_text};

/// Returns a playbook's files, and all that is found in it.
fn check_text(text: &str) -> (Bundle, Vec<Diagnostic>) {
    let bundle = load_text("playbook.md", text);
    let tools = ["read", "glob", "grep", "edit", "write", "remove", "env", "reference", "ask"];
    let is_lock: fn(&str) -> bool = |path| path.ends_with("package-lock.json");
    let known = Known { tools: tools.to_vec(), is_lock: Some(is_lock), ..Known::default() };
    let (_, findings) = check(&bundle, &known, Profile::Strict);
    (bundle, findings)
}

/// Returns what one rule finds in a playbook whose front matter can be read.
pub(super) fn find(rule: &Rule, text: &str) -> Vec<Diagnostic> {
    let (_, findings) = check_text(text);
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

/// Returns the words at which a rule points in a whole playbook.
pub(super) fn found(rule: &str, text: &str) -> Vec<String> {
    let (bundle, findings) = check_text(text);
    let findings = findings.into_iter().filter(|finding| finding.rule == rule);
    findings
        .map(|finding| {
            bundle.files[usize::from(finding.span.file.0)].slice(finding.span).to_owned()
        })
        .collect()
}

/// Makes a playbook of keys, prose for every stage, and stages with their keys and sections.
pub(super) fn of_stages(keys: &str, preamble: &str, stages: &[(&str, &str, &str)]) -> String {
    let mut text =
        format!("---\nplaybook: 1\nname: basket\ndescription: Adds a basket.\n{keys}stages:\n");
    for (id, keys, _) in stages {
        text.push_str(&format!("  {id}: {{{keys}}}\n"));
    }
    text.push_str(&format!("---\n\n{preamble}\n"));
    for (id, _, section) in stages {
        text.push_str(&format!("\n## {id}\n\n{section}\n"));
    }
    text
}

/// Returns the words at which a rule points in the section of a stage that may read.
pub(super) fn in_section(rule: &str, section: &str) -> Vec<String> {
    found(rule, &of_stages("tools: [read, glob, grep]\n", "", &[("build", "", section)]))
}

/// Asserts that a rule finds nothing in any of these sections.
#[track_caller]
pub(super) fn silent(rule: &str, sections: &[&str]) {
    for section in sections {
        assert_eq!(in_section(rule, section), Vec::<String>::new(), "{section}");
    }
}

/// Asserts where a rule points in each of these sections.
#[track_caller]
pub(super) fn finds(rule: &str, sections: &[(&str, &str)]) {
    for (section, at) in sections {
        assert_eq!(in_section(rule, section), [*at], "{section}");
    }
}
