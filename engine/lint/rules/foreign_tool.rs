//! `foreign-tool`: prose that speaks of a tool which no stage can have.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use crate::diagnostic::{Diagnostic, Level, near};
use crate::lint::Subject;
use crate::lint::rule::{Profile, Report, Rule, page};
use crate::lint::speech::{Kind, Sentence, Speech, Word};
use crate::playbook::Grant;

pub(super) const RULE: Rule = Rule {
    name: "foreign-tool",
    level: Level::Warning,
    profile: Profile::Default,
    page: page!("foreign-tool"),
    diagnose: Some(diagnose),
};

/// Tools of other agents: what does the same here, and whether the name is a word of its own too.
static OTHERS: LazyLock<HashMap<&'static str, (&'static str, bool)>> = LazyLock::new(|| {
    let lines = include_str!("foreign_tools.txt").lines().filter(|line| !line.starts_with('#'));
    let lines = lines.filter_map(|line| line.split_once(' '));
    lines.map(|(name, ours)| (name.trim_end_matches('?'), (ours, name.ends_with('?')))).collect()
});

fn diagnose(subject: &Subject<'_>, report: Report<'_>) {
    for speech in subject.speeches() {
        let mut told = HashSet::new();
        for sentence in &speech.sentences {
            let words = speech.said(sentence);
            for at in 0..words.len() {
                let Some(name) = foreign(subject, words, at) else { continue };
                if denied(speech, sentence, words, at) || !told.insert(name) {
                    continue;
                }
                report(finding(subject, &words[at], name));
            }
        }
    }
}

/// Returns the name of the tool that a word speaks of, if no stage can have it.
fn foreign<'a>(subject: &Subject<'_>, words: &[Word<'a>], at: usize) -> Option<&'a str> {
    let word = &words[at];
    if word.text.len() < 2 || !matches!(word.kind, Kind::Plain | Kind::Code) {
        return None;
    }
    // `name(...)` is a call of it.
    let name = word.text.split_once('(').map_or(word.text, |(name, _)| name);
    if name.starts_with("mcp__") {
        return Some(name);
    }
    let code = word.kind == Kind::Code;
    let called = calls(words, at);
    if let Some((_, own)) = OTHERS.get(name) {
        let single = name.bytes().filter(u8::is_ascii_uppercase).count() < 2 && !name.contains('_');
        let sure = !own && (code || !single);
        return (sure || called || (code && *own && used(words, at))).then_some(name);
    }
    if !code || !called || !is_identifier(name) || has(subject, name) {
        return None;
    }
    Some(name)
}

/// Whether a word stands beside one that says it is a tool.
fn calls(words: &[Word<'_>], at: usize) -> bool {
    let before = at.checked_sub(1).and_then(|before| words.get(before));
    let tool = |word: Option<&Word<'_>>| word.is_some_and(|word| word.any(&["tool", "tools"]));
    // In "the tool `a`" and "the A tool", not in "tools such as" and "Tool A".
    (tool(before) && words[at].kind == Kind::Code) || tool(words.get(at + 1))
}

/// Whether the word before says to use it.
fn used(words: &[Word<'_>], at: usize) -> bool {
    let before = at.checked_sub(1).and_then(|before| words.get(before));
    before.is_some_and(|word| {
        word.any(&["use", "using", "call", "calling", "via", "invoke", "invoking"])
    })
}

/// Whether the playbook or the engine has something of this name.
fn has(subject: &Subject<'_>, name: &str) -> bool {
    let playbook = subject.playbook;
    let stages = playbook.stages.iter().flat_map(|stage| &stage.tools);
    let mut grants = playbook.tools.iter().chain(stages).map(|grant| &grant.value);
    subject.known.tools.contains(&name)
        || matches!(name, "done" | "run" | "mcp")
        || playbook.command(name).is_some()
        || grants.any(
            |grant| matches!(grant, Grant::Mcp { server, tool } if tool == name || server == name),
        )
        || playbook.mcp.iter().any(|server| server.name.value == name)
}

/// Whether it can be the name of a tool: one word, not a path or an option.
fn is_identifier(name: &str) -> bool {
    name.starts_with(char::is_alphabetic)
        && name.chars().all(|letter| letter.is_alphanumeric() || "_-".contains(letter))
}

/// Whether the clause says not to use it, or what it says is said to be wrong.
fn denied(speech: &Speech<'_>, sentence: &Sentence, words: &[Word<'_>], at: usize) -> bool {
    let place = words[at].span;
    let clause = speech.clauses(sentence).iter().map(|clause| speech.words(clause.words.clone()));
    let mut clause = clause.filter(|words| words.iter().any(|word| word.span == place));
    clause.next().is_some_and(|words| words.iter().any(Word::denies))
        || speech.is_reproved(sentence)
}

fn finding(subject: &Subject<'_>, word: &Word<'_>, name: &str) -> Diagnostic {
    let place = subject.word(word.span, name);
    let finding = RULE.at(place, format!("there is no tool `{name}`"));
    if let Some((server, tool)) = name.strip_prefix("mcp__").and_then(|rest| rest.split_once("__"))
    {
        return finding
            .help(format!("grant `mcp({server}/{tool})` and speak of `{tool}`, or leave it out"));
    }
    match OTHERS.get(name).map(|(ours, _)| *ours) {
        Some("run") => finding
            .help("no stage has a shell: name the commands in `commands:` and grant `run(NAME)`"),
        Some("-") => finding.help("nothing here does what it does: leave it out"),
        Some(ours) => {
            let finding = finding.help(format!("`{ours}` does the same here"));
            if word.kind == Kind::Code && word.text == name {
                finding.guess(place, ours)
            } else {
                finding
            }
        }
        None => match near(name, subject.known.tools.iter().copied()) {
            Some(near) => finding.label(format!("did you mean `{near}`?")).guess(place, near),
            None => finding
                .help("grant one as `mcp(server/tool)`, name a command, or say what is to be done"),
        },
    }
}

#[cfg(test)]
mod tests {
    use crate::lint::sample::{finds, found, of_stages, silent};

    #[test]
    fn a_tool_that_no_stage_can_have_is_found() {
        finds(
            "foreign-tool",
            &[
                ("Call the `detect_package_manager` tool.", "detect_package_manager"),
                ("Keep a list with TodoWrite.", "TodoWrite"),
                ("Use `Bash` for it.", "Bash"),
                ("Read it with the Read tool.", "Read"),
                ("Call `mcp__shop__enqueue_task` once.", "mcp__shop__enqueue_task"),
                ("Look it up with `web_search`.", "web_search"),
                ("Use the tool `create_task(title)` for each.", "create_task"),
                ("Use the `raed` tool.", "raed"),
            ],
        );
    }

    #[test]
    fn a_word_that_is_no_tool_is_left() {
        silent(
            "foreign-tool",
            &[
                "Read the file with the `read` tool.",
                "Call `done` at once.",
                "Do not use the `Bash` tool.",
                "There is no `create_task` tool.",
                "Write a `Task` class.",
                "The `Edit` button opens the form.",
                "Use tools such as `grep`.",
                "Read the tools' page. `render` makes it.",
                "Edit the page.",
                "An Agent is a person who sells houses.",
                "The `src/tool` folder has it.",
            ],
        );
        let keys = "commands: {tests: {script: test}}\nmcp: {shop: {url: https://a.de/mcp}}\n";
        let stage = [(
            "build",
            "tools: [run(tests), mcp(shop/list)]",
            "Use the `list` tool, then the `tests` tool.",
        )];
        assert!(found("foreign-tool", &of_stages(keys, "", &stage)).is_empty());
    }
}
