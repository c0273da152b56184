//! `ungranted-tool`: prose that tells a stage to use what it may not.

use crate::diagnostic::Level;
use crate::lint::Subject;
use crate::lint::rule::{Profile, Report, Rule, page};
use crate::playbook::{CheckKind, Grant, Playbook, Prose, Stage};
use crate::source::Spanned;

pub(super) const RULE: Rule = Rule {
    name: "ungranted-tool",
    level: Level::Warning,
    profile: Profile::Default,
    page: page!("ungranted-tool"),
    diagnose: Some(diagnose),
};

fn diagnose(subject: &Subject<'_>, report: Report<'_>) {
    let playbook = subject.playbook;
    let models: Vec<&Stage> =
        playbook.stages.iter().filter(|stage| stage.section.is_some()).collect();
    let mut look =
        |prose: &Prose, stages: &[&Stage], whose: &str| {
            for word in &prose.code_words {
                let Some(grant) = asked(subject, word) else { continue };
                if stages.iter().any(|stage| may(playbook, stage, &grant)) {
                    continue;
                }
                let message = format!("{whose} speaks of `{}`, which is not granted", word.value);
                report(RULE.at(subject.word(word.span, word), message).help(format!(
                    "grant `{grant}` in the stage's `tools:`, or do not speak of it"
                )));
            }
        };
    for prose in std::iter::once(&playbook.preamble).chain(&playbook.includes) {
        look(prose, &models, "prose for every stage");
    }
    for stage in &models {
        let whose = format!("the prose of `{}`", stage.id.value);
        for prose in stage.section.iter().chain(&stage.includes) {
            look(prose, &[*stage], &whose);
        }
    }
}

/// Returns what a word in backticks asks for: a tool by its word, or a command that is to be run.
fn asked(subject: &Subject<'_>, word: &Spanned<String>) -> Option<Grant> {
    let name = word.value.as_str();
    if subject.known.tools.contains(&name) {
        return Some(Grant::Tool(name.to_owned()));
    }
    if let Some(command) = name.strip_prefix("run(").and_then(|rest| rest.strip_suffix(')')) {
        return Some(Grant::Run(command.to_owned()));
    }
    let command = subject.playbook.command(name)?;
    let source = subject.bundle.files.get(usize::from(word.span.file.0))?;
    let before = source.text.get(..word.span.start as usize)?;
    let sentence = before.rsplit(['\n', '.', ';', ':']).next()?;
    let mut words = sentence.split(|character: char| !character.is_alphanumeric());
    let runs = words.any(|word| matches!(word, "run" | "Run" | "command" | "commands"));
    runs.then(|| Grant::Run(command.name.value.clone()))
}

/// Whether a stage may do it, or the engine does it for the stage.
fn may(playbook: &Playbook, stage: &Stage, grant: &Grant) -> bool {
    if playbook.grants(stage).any(|granted| granted == grant) {
        return true;
    }
    let Grant::Run(command) = grant else { return false };
    let checked = stage
        .checks
        .iter()
        .any(|check| matches!(&check.kind, CheckKind::Run(name) if name.value == *command));
    let ran = playbook.stages.iter().filter_map(|stage| stage.run.as_ref());
    checked || ran.into_iter().any(|run| run.value == *command)
}
