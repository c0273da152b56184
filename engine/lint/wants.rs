//! What a stage's prose and checks ask of its model: whether they could make it use a power.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::{Regex, RegexBuilder};

use crate::lint::{Subject, argv};
use crate::playbook::{CheckKind, EDITING, Grant, Output, Prose, Stage};

/// The words that ask for a tool, by tool.
static WORDS: LazyLock<BTreeMap<&'static str, Regex>> = LazyLock::new(|| {
    let table = argv::table(include_str!("wants.txt"));
    let words = table.into_iter().filter_map(|(tool, words)| {
        let whole = format!(r"\b(?:{})\b", words.join("|"));
        Some((tool, RegexBuilder::new(&whole).case_insensitive(true).build().ok()?))
    });
    words.collect()
});

/// A sentence that forbids every change, and not only one of some kind.
static FORBIDS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let never = "(?:do\\s+not|don['’]t|never|without)";
    let verb = "(?:edit|chang|modify|writ|touch|alter|creat)(?:e|ing)?(?:\\s+to)?";
    let all =
        "(?:anything|any\\s+(?:source\\s+)?(?:code|files?)|the\\s+code|files|code|the\\s+project)";
    let end = "(?:\\s+(?:yet|here|(?:in|at)\\s+this\\s+(?:stage|step|point)))?\\s*(?:[.;:!,]|$)";
    let reads = "this\\s+(?:stage|step)\\s+(?:is\\s+read-only|only\\s+reads)";
    let whole = format!(r"\b(?:{never}\s+{verb}\s+{all}|change\s+nothing|{reads}){end}");
    RegexBuilder::new(&whole).case_insensitive(true).build().ok()
});

/// Whether the stage's own prose or checks could make its model use a power. Unsure is yes.
pub(super) fn of_stage(subject: &Subject<'_>, stage: &Stage, grant: &Grant) -> bool {
    let checks = || stage.checks.iter().map(|check| &check.kind);
    let by_check = match grant {
        Grant::Tool(tool) if tool == "env" => checks().any(|it| matches!(it, CheckKind::Env(_))),
        Grant::Tool(tool) if EDITING.contains(&tool.as_str()) && tool != "remove" => {
            // A section without a sentence says nothing either way.
            let says = stage.section.as_ref().is_some_and(|prose| !prose.sentences.is_empty());
            !says || checks().next().is_some()
        }
        Grant::Tool(tool) if tool == "reference" => has_references(subject, stage),
        Grant::Run(name) => {
            checks().any(|it| matches!(it, CheckKind::Run(run) if run.value == *name))
        }
        _ => false,
    };
    let mut proses = stage.section.iter().chain(&stage.includes);
    by_check || proses.any(|prose| speaks(subject, prose, grant))
}

/// Whether the stage's own prose asks for a power in so many words. Unsure is no.
pub(super) fn outright(subject: &Subject<'_>, stage: &Stage, grant: &Grant) -> bool {
    let mut proses = stage.section.iter().chain(&stage.includes);
    proses.any(|prose| {
        let text = prose.text.text.as_str();
        let says = |tool: &str| WORDS.get(tool).is_some_and(|words| words.is_match(text));
        let quotes = |name: &str| prose.code_words.iter().any(|word| word.value == name);
        match grant {
            Grant::Tool(tool) => match tool.as_str() {
                "ask" => says("outright-ask") || quotes(tool),
                "remove" => says("outright-remove") || quotes(tool),
                "env" => says("outright-env") || quotes(tool) || names_key(subject, text),
                _ => says("outright-edit") || quotes(tool),
            },
            Grant::Run(name) => quotes(name) || quotes(&grant.to_string()),
            Grant::Mcp { tool, .. } => quotes(tool) || quotes(&grant.to_string()),
        }
    })
}

/// Whether the prose that every stage gets could.
pub(super) fn of_all(subject: &Subject<'_>, grant: &Grant) -> bool {
    let playbook = subject.playbook;
    let mut proses = std::iter::once(&playbook.preamble).chain(&playbook.includes);
    proses.any(|prose| speaks(subject, prose, grant))
}

/// Whether all that a stage leaves is data.
pub(super) fn leaves_data(stage: &Stage) -> bool {
    matches!(stage.output, Output::Schema { .. })
}

/// Returns whether a stage's own prose says that nothing is to be changed.
pub(super) fn forbids_changes(stage: &Stage) -> bool {
    let mut sentences = stage.section.iter().flat_map(|prose| &prose.sentences);
    sentences.any(|sentence| forbids(sentence))
}

fn forbids(sentence: &str) -> bool {
    FORBIDS.as_ref().is_some_and(|forbids| forbids.is_match(sentence))
}

fn has_references(subject: &Subject<'_>, stage: &Stage) -> bool {
    let playbook = subject.playbook;
    let unread = subject.is_unread("docs", "docs") || subject.is_unread("airplanes", "airplanes");
    unread
        || !playbook.unread.is_empty()
        || !(playbook.docs.is_empty() && playbook.airplanes.is_empty() && stage.docs.is_empty())
}

fn speaks(subject: &Subject<'_>, prose: &Prose, grant: &Grant) -> bool {
    let text = prose.text.text.as_str();
    let has = |tool: &str| WORDS.get(tool).is_none_or(|words| words.is_match(text));
    match grant {
        Grant::Tool(tool) => match tool.as_str() {
            // What it is good for is not told by words.
            "reference" => false,
            "edit" | "write" => changes(prose),
            "env" => has("env") || names_key(subject, text),
            tool => has(tool),
        },
        Grant::Run(name) => {
            has("run") || says_part(text, name) || says_program(subject, text, name)
        }
        Grant::Mcp { server, tool } => {
            has("mcp") || says_part(text, server) || says_part(text, tool)
        }
    }
}

/// Whether prose says in any sentence that something is to be done, or shows how it is written.
fn changes(prose: &Prose) -> bool {
    let Some(words) = WORDS.get("change") else { return true };
    let mut sentences = prose.sentences.iter().filter(|sentence| !forbids(sentence));
    !prose.fences.is_empty() || sentences.any(|sentence| words.is_match(sentence))
}

fn names_key(subject: &Subject<'_>, text: &str) -> bool {
    let keys = subject.playbook.env.iter().flat_map(|env| &env.keys);
    keys.into_iter().any(|(key, _)| text.contains(key.value.as_str()))
}

fn says_program(subject: &Subject<'_>, text: &str, command: &str) -> bool {
    let Some(command) = subject.playbook.command(command) else { return true };
    command.words.iter().any(|word| says_part(text, &word.text))
}

/// Whether a text has a part of a name, which `_`, `-` and the like part.
fn says_part(text: &str, name: &str) -> bool {
    let text = text.to_lowercase();
    let parts = name.split(|character: char| !character.is_alphanumeric());
    let parts = parts.map(str::to_lowercase).filter(|part| part.chars().count() >= 3);
    parts.into_iter().any(|part| text.contains(part.trim_end_matches('s')))
}
