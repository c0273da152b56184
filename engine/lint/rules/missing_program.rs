//! `missing-program`: a program that the playbook runs and does not require.

use std::collections::BTreeSet;

use crate::diagnostic::Level;
use crate::lint::Subject;
use crate::lint::argv;
use crate::lint::rule::{Profile, Report, Rule, page};
use crate::playbook::{CommandKind, Requirement, RequirementKind};

pub(super) const RULE: Rule = Rule {
    name: "missing-program",
    level: Level::Warning,
    profile: Profile::Strict,
    page: page!("missing-program"),
    diagnose: Some(diagnose),
};

fn diagnose(subject: &Subject<'_>, report: Report<'_>) {
    let playbook = subject.playbook;
    let mut known: BTreeSet<&str> =
        argv::lines(include_str!("common_programs.txt")).flat_map(str::split_whitespace).collect();
    required(&playbook.requires, &mut known);
    for command in playbook.commands.iter().filter(|it| it.kind == CommandKind::Run) {
        let Some(word) = command.words.first() else { continue };
        let program = word.text.as_str();
        // A path is that of a file of the project.
        if program.is_empty() || program.contains(['/', '\\', '$']) || !known.insert(program) {
            continue;
        }
        let message = format!(
            "`{}` runs `{program}`, which the playbook does not require",
            command.name.value
        );
        report(RULE.at(word.span, message).help(format!(
            "add `{{program: {program}}}` to `requires:`, so that a run without it ends before it costs anything",
        )));
    }
}

fn required<'a>(requirements: &'a [Requirement], known: &mut BTreeSet<&'a str>) {
    for requirement in requirements.iter().filter(|requirement| !requirement.not) {
        match &requirement.kind {
            RequirementKind::Program(name) => {
                known.insert(name);
            }
            RequirementKind::Any(any) => required(any, known),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::sample::{each, of_keys};

    #[test]
    fn a_program_is_required() {
        let found = |commands: &str, requires: &str| {
            of_keys(&RULE, &format!("commands: {{{commands}}}\nrequires: [{requires}]")).len()
        };
        assert_eq!(found("a: {run: [git, log]}", ""), 1);
        assert_eq!(found("a: {run: [git, log]}, b: {run: git status}", ""), 1);
        assert_eq!(found("a: {run: [git, log]}", "{program: git}"), 0);
        assert_eq!(found("a: {run: [git, log]}", "{any: [{program: git}, {program: hg}]}"), 0);
        assert_eq!(found("a: {run: [git, log]}", "{program: git, not: true}"), 1);
        each(
            &[
                "a: {run: [./tool]}",
                "a: {run: [ls]}",
                "a: {exec: [tsc]}",
                "a: {script: b}",
                "a: {add: [b]}",
                "a: {run: ['${{ project.name }}']}",
                "a: {run: [scripts/a.sh]}",
            ],
            0,
            |command| found(command, ""),
        );
    }
}
