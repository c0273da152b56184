//! `weak-check`: a check that cannot fail, whatever the model did.

use std::collections::BTreeSet;

use regex::Regex;

use crate::diagnostic::{Diagnostic, Level};
use crate::lint::argv::Argv;
use crate::lint::rule::{Profile, Report, Rule, page};
use crate::lint::rules::impossible_check::{unseen, written_out};
use crate::lint::rules::wide_writes::is_unnamed;
use crate::lint::{Subject, argv};
use crate::playbook::{Check, CheckKind, Command, Grant, Pattern, RequirementKind, Stage, glob};

pub(super) const RULE: Rule = Rule {
    name: "weak-check",
    level: Level::Warning,
    profile: Profile::Default,
    page: page!("weak-check"),
    diagnose: Some(diagnose),
};

/// Programs that end well whatever the project is like.
const IDLE: &str = include_str!("idle_programs.txt");

/// Files of which one that matches them all matches in any project.
const ANY: [&str; 3] = ["readme.md", "package.json", "index.js"];

fn diagnose(subject: &Subject<'_>, report: Report<'_>) {
    let mut commands = BTreeSet::new();
    for (index, stage) in subject.playbook.stages.iter().enumerate() {
        for check in &stage.checks {
            // A command is weak once, however often it is run.
            if let CheckKind::Run(name) = &check.kind
                && !commands.insert(name.value.as_str())
            {
                continue;
            }
            let found = look(subject, check)
                .or_else(|| held_before(subject, index, stage, check))
                .or_else(|| never_there(check));
            found.into_iter().for_each(&mut *report);
        }
    }
}

fn look(subject: &Subject<'_>, check: &Check) -> Option<Diagnostic> {
    if check.not {
        return None;
    }
    match &check.kind {
        CheckKind::File(files) => {
            let text = written_out(files)?;
            let any = is_unnamed(text) && ANY.iter().all(|path| glob::matches(text, path));
            any.then(|| {
                RULE.at(files.span, format!("every project has a file that `{text}` matches"))
                    .help("name the file that the stage has to leave")
            })
        }
        CheckKind::Contains { text, .. } => {
            let (template, everywhere) = match text {
                Pattern::Text(text) => (text, written_out(text)?.is_empty()),
                Pattern::Regex(text) => (text, matches_nothing(written_out(text)?)),
            };
            everywhere.then(|| {
                let message =
                    format!("every file contains `{}`: it matches nothing, too", template.text);
                RULE.at(template.span, message).help("look for a text that the work brings in")
            })
        }
        CheckKind::Run(name) => {
            let command = subject.playbook.command(name)?;
            let what = idle(command)?;
            Some(
                RULE.at(
                    name.span,
                    format!("`{}` ends well whatever the model did: {what}", name.value),
                )
                .related(command.name.span, "the command")
                .help("run what fails when the work is not done"),
            )
        }
        _ => None,
    }
}

/// Whether a regular expression matches a text with nothing in it, and so every text.
fn matches_nothing(pattern: &str) -> bool {
    let mut characters = pattern.chars();
    let begins = characters.next().is_some_and(char::is_alphanumeric);
    let needed = characters.next().is_none_or(|next| !matches!(next, '?' | '*' | '{'));
    // One that begins with a letter, and has no choice, needs that letter.
    !(begins && needed && !pattern.contains('|'))
        && Regex::new(pattern).is_ok_and(|regex| regex.is_match(""))
}

/// Says why a command always ends well, if it does.
fn idle(command: &Command) -> Option<String> {
    let argv = Argv::of(command)?;
    let name = argv.name();
    let alone = argv.program == 0;
    if alone && argv::lines(IDLE).any(|idle| idle == name) {
        return Some(format!("so does every `{name}`"));
    }
    let asks = |word: &&&str| matches!(**word, "--version" | "--help");
    if let Some(word) = argv.rest().iter().find(asks) {
        return Some(format!("`{word}` only tells of the program"));
    }
    let never_fails = |at: &usize| {
        let text = argv.words[*at].trim_end();
        let ends = ["|| true", "|| :", "|| exit 0", "; true", "; exit 0"];
        let program = argv.words[at - 1].starts_with('-') && argv.words[at - 1].ends_with('c');
        ends.iter().any(|end| text.ends_with(end))
            || program && matches!(text, "exit 0" | "true" | ":")
    };
    let text = argv.words[(1..argv.words.len()).find(never_fails)?];
    Some(format!("`{text}` never fails"))
}

/// Finds a file of which `requires` says that it is there, and that no stage up to here removes.
fn held_before(
    subject: &Subject<'_>,
    index: usize,
    stage: &Stage,
    check: &Check,
) -> Option<Diagnostic> {
    let CheckKind::File(files) = &check.kind else { return None };
    let text = written_out(files)?;
    let required = subject.playbook.requires.iter().find(|requirement| {
        let same = matches!(&requirement.kind, RequirementKind::File(file) if file == text);
        same && requirement.not == check.not
    })?;
    // A file that must not be there is made by a stage, and one that must be is removed by one.
    let changes = |stage: &Stage| {
        let tools = if check.not { ["edit", "write"] } else { ["remove", "remove"] };
        stage.run.is_some()
            || subject.playbook.grants(stage).any(|grant| match grant {
                Grant::Tool(word) => tools.contains(&word.as_str()),
                Grant::Run(_) | Grant::Mcp { .. } => true,
            })
    };
    let mut others = subject.playbook.stages.iter().enumerate();
    let changed = changes(stage)
        || others
            .any(|(other, it)| other != index && !subject.is_upstream(index, other) && changes(it));
    (!changed).then(|| {
        RULE.at(
            check.span,
            format!("`requires` asks the same of `{text}`, and no stage changes it"),
        )
        .related(required.span, "it holds before the run begins")
        .help("check what the stage has to bring about")
    })
}

/// Finds a check that something is not there which no check would see.
fn never_there(check: &Check) -> Option<Diagnostic> {
    let absent = match check.kind {
        CheckKind::Unchanged(_) => !check.not,
        CheckKind::Run(_) | CheckKind::Env(_) => false,
        _ => check.not,
    };
    let unseen = unseen(check).filter(|_| absent)?;
    let finding =
        RULE.at(unseen.span, format!("it holds whatever the model did: {}", unseen.message));
    Some(finding.help("leave it out, or check what can be seen"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::sample::{each, find, of_stage, playbook};

    #[test]
    fn a_check_that_cannot_fail_is_found() {
        for check in [
            "{file: '**'}",
            "{file: '*'}",
            "{file: '**/*'}",
            "{contains: '', in: a.md}",
            "{contains: {regex: '.*'}, in: a.md}",
            "{contains: {regex: 'a?'}, in: a.md}",
            "{contains: {regex: '(a|)'}, in: a.md}",
            "{file: .env, not: true}",
            "{unchanged: 'node_modules/**'}",
            "{contains: KEY, in: .env, not: true}",
        ] {
            assert_eq!(
                of_stage(&RULE, &format!("checks: [{check}]"), "Build it.").len(),
                1,
                "{check}"
            );
        }
        each(
            &[
                "{file: '*.md'}",
                "{file: '**/*.ts'}",
                "{file: '*/**'}",
                "{contains: a, in: '**'}",
                "{contains: {regex: 'a+'}, in: a.md}",
                "{contains: {regex: '^a?b'}, in: a.md}",
                "{contains: '', in: a.md, not: true}",
                "{contains: '${{ project.name }}', in: a.md}",
                "{unchanged: 'tests/**'}",
                "{env: SHOP_KEY}",
                "{run: tests}",
            ],
            0,
            |check| of_stage(&RULE, &format!("checks: [{check}]"), "Build it.").len(),
        );
    }

    #[test]
    fn a_command_that_never_fails_is_found() {
        let found = |command: &str| {
            let keys = format!("commands: {{it: {command}}}");
            find(&RULE, &playbook(&keys, "checks: [{run: it}]", "Build it.")).len()
        };
        each(
            &[
                "{run: 'true'}",
                "{run: 'echo done'}",
                "{run: [node, --version]}",
                "{exec: [tsc, --help]}",
                "{run: [sh, -c, 'npm test || true']}",
                "{run: [bash, -c, 'exit 0']}",
                "{run: [/bin/echo, a]}",
                "{run: pwd}",
            ],
            1,
            found,
        );
        each(
            &[
                "{run: 'false'}",
                "{script: test}",
                "{exec: [tsc, --noEmit]}",
                "{run: [npm, run, echo]}",
                "{run: [test, -f, a.md]}",
                "{run: [sh, -c, 'true && npm test']}",
                "{run: [grep, 'true', a]}",
                "{add: [echo]}",
                "{run: [ls, docs]}",
            ],
            0,
            found,
        );
    }

    #[test]
    fn what_is_required_is_no_news() {
        let found = |stage: &str| {
            find(&RULE, &playbook("requires: [{file: a.md}]", stage, "Build it.")).len()
        };
        assert_eq!(found("tools: [edit]\nwrites: [b.md]\nchecks: [{file: a.md}]"), 1);
        assert_eq!(found("tools: [remove]\nwrites: [a.md]\nchecks: [{file: a.md}]"), 0);
        assert_eq!(found("checks: [{file: a.md, not: true}]"), 0);
        assert_eq!(found("checks: [{file: b.md}]"), 0);
    }
}
