//! `unused-command`: a command that nothing runs.

use std::collections::BTreeSet;

use crate::diagnostic::{Level, near};
use crate::lint::Subject;
use crate::lint::rule::{Profile, Report, Rule, page};
use crate::playbook::{CheckKind, Grant, Playbook};

pub(super) const RULE: Rule = Rule {
    name: "unused-command",
    level: Level::Warning,
    profile: Profile::Default,
    page: page!("unused-command"),
    diagnose: Some(diagnose),
};

fn diagnose(subject: &Subject<'_>, report: Report<'_>) {
    let playbook = subject.playbook;
    let named: Vec<&str> = named(playbook).collect();
    for command in &playbook.commands {
        let name = command.name.value.as_str();
        // A slip of the pen, and a command that prose asks for, are told by other rules.
        let meant = |word: &&str| playbook.command(word).is_none() && near(word, [name]).is_some();
        let spoken_of =
            subject.proses().any(|prose| prose.code_words.iter().any(|word| word.value == name));
        let renamed = || renamed(playbook).is_some_and(|(_, unused)| unused == name);
        if !named.contains(&name) && !named.iter().any(meant) && !spoken_of && !renamed() {
            let message = format!("nothing runs the command `{name}`");
            report(RULE.at(command.name.span, message).help(format!(
                "run it in a stage or a check, grant it as `run({name})`, or remove it"
            )));
        }
    }
}

/// Returns the one name of a command that is none, and the one command that nothing names, if there
/// is one of each: one of them was renamed, and the other was not.
pub(super) fn renamed(playbook: &Playbook) -> Option<(&str, &str)> {
    let named: BTreeSet<&str> = named(playbook).collect();
    let mut unknown = named.iter().filter(|name| playbook.command(name).is_none());
    let commands = playbook.commands.iter().map(|command| command.name.value.as_str());
    let mut unused = commands.filter(|name| !named.contains(name));
    match ((unknown.next(), unknown.next()), (unused.next(), unused.next())) {
        ((Some(unknown), None), (Some(unused), None)) => Some((unknown, unused)),
        _ => None,
    }
}

/// Returns every command that a stage, a check or a grant names.
fn named(playbook: &Playbook) -> impl Iterator<Item = &str> {
    let runs = playbook.stages.iter().filter_map(|stage| stage.run.as_ref());
    let checks = playbook.stages.iter().flat_map(|stage| &stage.checks);
    let checks = checks.filter_map(|check| match &check.kind {
        CheckKind::Run(name) => Some(name),
        _ => None,
    });
    let grants = playbook.tools.iter().chain(playbook.stages.iter().flat_map(|it| &it.tools));
    let grants = grants.filter_map(|grant| match &grant.value {
        Grant::Run(name) => Some(name.as_str()),
        _ => None,
    });
    runs.chain(checks).map(|name| name.value.as_str()).chain(grants)
}
