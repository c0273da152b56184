//! `undeclared-doc`: prose that tells the model to read an address it cannot fetch.

use std::sync::LazyLock;

use regex::Regex;

use crate::diagnostic::Level;
use crate::lint::Subject;
use crate::lint::rule::{Profile, Report, Rule, page};
use crate::lint::tokens::lists;
use crate::playbook::{CommandKind, DocPlace, Grant, Playbook, Prose};
use crate::source::Spanned;

pub(super) const RULE: Rule = Rule {
    name: "undeclared-doc",
    level: Level::Warning,
    profile: Profile::Default,
    page: page!("undeclared-doc"),
    diagnose: Some(diagnose),
};

/// An address outside of backticks, with what asks to read it right before.
static ASKED: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let verb = "(?:read|fetch|see|check|consult|follow|browse|download|study|review|refer to|\
                look at|look up|according to|described (?:at|in|on)|documented (?:at|in|on)|\
                details (?:at|in|on)|docs (?:at|on)|documentation (?:at|on))";
    let between = r"(?:[^.!?`\n]|\n){0,60}?";
    Regex::new(&format!(r"(?i)(?:^|[\s(*_]){verb}\b{between}(https?://[^\s)>\]\x22'`]+)")).ok()
});

/// Words of sentences in which somebody else opens the address, or nobody does.
const NOT_THE_MODEL: &str = "user users person people they owner customer tell show print \
                     ask inform never not don't cannot browser localhost report say reviewer \
                     them";

/// Programs that fetch addresses.
const FETCHING: [&str; 5] = ["curl", "wget", "http", "lynx", "gh"];

fn diagnose(subject: &Subject<'_>, report: Report<'_>) {
    if may_fetch(subject.playbook) {
        return;
    }
    for prose in subject.proses().filter(|prose| prose.text.text.contains("://")) {
        for sentence in prose.sentences.iter().filter(|it| it.value.contains("://")) {
            of_sentence(subject, prose, sentence, report);
        }
    }
}

fn of_sentence(
    subject: &Subject<'_>,
    prose: &Prose,
    sentence: &Spanned<String>,
    report: Report<'_>,
) {
    let mut words =
        sentence.value.split(|letter: char| !(letter.is_alphanumeric() || letter == '\''));
    if words.any(|word| lists(NOT_THE_MODEL, &word.to_lowercase())) {
        return;
    }
    for captures in ASKED.iter().flat_map(|asked| asked.captures_iter(&sentence.value)) {
        let Some(address) = captures.get(1) else { continue };
        let shown = address.as_str().trim_end_matches(['.', ',', ';', ':', '!', '?', '*', '_']);
        let in_code = prose.code_words.iter().any(|word| word.value.contains(shown));
        if in_code || shown.contains("${{") || declared(subject, shown) || is_made_up(shown) {
            continue;
        }
        let place = sentence.span.part(address.start(), address.start() + shown.len());
        report(RULE.at(place, format!("the model cannot fetch `{shown}`")).help(
            "name it in `docs:`, and say what to look for in the doc; or say here what it says",
        ));
    }
}

/// Whether a doc is at an address, or somewhere below it.
fn declared(subject: &Subject<'_>, address: &str) -> bool {
    let bare = |text: &str| -> String {
        let text = text.split(['#', '?']).next().unwrap_or_default();
        let text = text.split_once("://").map_or(text, |(_, rest)| rest);
        let text = text.trim_start_matches("www.").trim_end_matches('/');
        text.trim_end_matches(".md").trim_end_matches(".html").to_lowercase()
    };
    let address = bare(address);
    subject.docs().any(|(_, doc)| match &doc.place {
        DocPlace::Url(url) => bare(&url.text) == address,
        DocPlace::File(_) => false,
    })
}

/// Whether an address stands for others.
fn is_made_up(address: &str) -> bool {
    let host = address.split_once("://").map_or("", |(_, rest)| rest);
    let host = host.split('/').next().unwrap_or_default();
    host.contains("example.") || !host.contains('.') || address.contains(['{', '<', '*', '…'])
}

/// Whether a stage may reach addresses by a command or a server.
fn may_fetch(playbook: &Playbook) -> bool {
    let stages = playbook.stages.iter().flat_map(|stage| &stage.tools);
    let mut grants = playbook.tools.iter().chain(stages);
    let fetches = playbook.commands.iter().any(|command| {
        let program = command.words.first().map(|word| word.text.as_str());
        command.kind == CommandKind::Run && program.is_some_and(|it| FETCHING.contains(&it))
    });
    fetches || grants.any(|grant| matches!(grant.value, Grant::Mcp { .. }))
}
