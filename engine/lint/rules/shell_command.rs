//! `shell-command`: a command that is any program, because it hands a text to an interpreter.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::diagnostic::{Diagnostic, Level};
use crate::expression::Template;
use crate::lint::Subject;
use crate::lint::argv::{self, Argv};
use crate::lint::rule::{Profile, Report, Rule, page};
use crate::playbook::Command;

pub(super) const RULE: Rule = Rule {
    name: "shell-command",
    level: Level::Warning,
    profile: Profile::Default,
    page: page!("shell-command"),
    diagnose: Some(diagnose),
};

/// Interpreters, with the words after which the text of a program comes.
static INTERPRETERS: LazyLock<BTreeMap<&'static str, Vec<&'static str>>> =
    LazyLock::new(|| argv::table(include_str!("interpreters.txt")));

fn diagnose(subject: &Subject<'_>, report: Report<'_>) {
    for command in &subject.playbook.commands {
        let Some(argv) = Argv::of(command) else { continue };
        let found = named_by_model(command, &argv).or_else(|| interpreted(command, &argv));
        found.into_iter().for_each(&mut *report);
    }
}

/// Finds a command whose program the model names.
fn named_by_model(command: &Command, argv: &Argv<'_>) -> Option<Diagnostic> {
    let argument = argv::filled(command, argv.program).into_iter().find(|it| argv::is_open(it))?;
    let message = format!("the model names the program that `{}` runs", command.name.value);
    Some(
        RULE.at(argv.place(), message)
            .related(argument.name.span, "any word that its pattern matches")
            .help(
                "write the programs down: a command for each, or `enum` for the few that there are",
            ),
    )
}

/// Finds a program that runs the text, or the file, that its words give it.
fn interpreted(command: &Command, argv: &Argv<'_>) -> Option<Diagnostic> {
    let name = argv.name();
    let flags = INTERPRETERS.get(name)?;
    let lax = matches!(name, "cmd" | "powershell" | "pwsh");
    let shell = !lax && (name.ends_with("sh") || name == "busybox");
    let first = argv.program + 1;
    let mut value = false;
    for (at, word) in argv.words.iter().enumerate().skip(first) {
        if std::mem::take(&mut value) {
            continue;
        }
        let letters = word.strip_prefix('-').filter(|_| shell && !word.starts_with("--"));
        let cluster = letters.is_some_and(|letters| letters.ends_with('c'));
        // `-o` is followed by the name of an option.
        value = letters.is_some_and(|letters| letters.ends_with('o'));
        let lower = word.to_lowercase();
        let flag = flags.contains(word) || lax && flags.contains(&lower.as_str());
        let joined = word.split_once('=').is_some_and(|(flag, _)| flags.contains(&flag));
        if flag || cluster || joined {
            return Some(of_text(command, argv, name, at, joined));
        }
        if !word.starts_with('-') {
            return of_file(command, argv, name, at);
        }
    }
    None
}

fn of_text(command: &Command, argv: &Argv<'_>, name: &str, at: usize, joined: bool) -> Diagnostic {
    let text = if joined { at } else { at + 1 };
    let said = argv.words[at].split('=').next().unwrap_or_default();
    let message = format!("`{name} {said}` runs a text, which can be any program");
    let finding = RULE.at(argv.place(), message);
    let references = command.words.get(text).map(Template::references).unwrap_or_default();
    match references.first() {
        Some(reference) => finding
            .related(reference.span, "and what is put in here becomes part of it")
            .help("put the program into a file, and give it the value as a word of its own"),
        None => finding.help(
            "name the programs one by one, each a command of its own; what must be one is a script of the project",
        ),
    }
}

/// Finds a file of a program that the model names.
fn of_file(command: &Command, argv: &Argv<'_>, name: &str, at: usize) -> Option<Diagnostic> {
    let argument = argv::filled(command, at).into_iter().find(|it| argv::is_open(it))?;
    let message = format!("`{name}` runs whatever file the model names");
    Some(
        RULE.at(argv.place(), message)
            .related(argument.name.span, "any word that its pattern matches")
            .help("write the files down: a command for each, or `enum` for the few that there are"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::sample::{each, of_command};

    #[test]
    fn a_text_that_is_run_is_found() {
        each(
            &[
                "{run: [sh, -c, 'npm test']}",
                "{run: [bash, -lc, make]}",
                "{run: [/bin/bash, -euo, pipefail, -c, a]}",
                "{exec: [python, -c, 'import a']}",
                "{run: [node, -e, '1']}",
                "{run: [node, '--eval=1']}",
                "{run: [deno, eval, '1']}",
                "{run: [perl, -E, say]}",
                "{run: [uv, run, python, -c, a]}",
                "{run: [env, A=1, sh, -c, a]}",
                "{run: [cmd, /C, dir]}",
                "{run: [powershell, -Command, ls]}",
                "{run: [npx, node, -p, '1']}",
                "{run: \"sh -c 'a && b'\"}",
                "{run: [ruby, -e, 'p 1']}",
            ],
            1,
            |command| of_command(&RULE, command).len(),
        );
        each(
            &[
                "{run: [sh, scripts/build.sh]}",
                "{run: [bash, scripts/build.sh, -c]}",
                "{run: [make, -c]}",
                "{exec: [python, -m, compileall, -q, .]}",
                "{run: [node, build.js, -e]}",
                "{script: 'sh -c a'}",
                "{run: [grep, python, -c]}",
                "{run: [npm, run, node]}",
                "{add: [node]}",
                "{run: [pytest, -c, a.ini]}",
                "{run: [python3, manage.py, migrate]}",
                "{run: [deno, test]}",
                "{run: [bash]}",
            ],
            0,
            |command| of_command(&RULE, command).len(),
        );
    }

    #[test]
    fn a_program_or_a_file_that_the_model_names_is_found() {
        let args = "args: {it: {pattern: '[a-z/.]+'}}";
        let listed = "args: {it: {enum: [a, b]}}";
        for (words, open) in [
            ("'${{ args.it }}', --all", true),
            ("npx, '${{ args.it }}'", true),
            ("python, '${{ args.it }}'", true),
            ("python, -q, 'tools/${{ args.it }}.py'", true),
            ("pytest, '${{ args.it }}'", false),
            ("node, build.js, '${{ args.it }}'", false),
        ] {
            let found =
                |args: &str| of_command(&RULE, &format!("{{run: [{words}], {args}}}")).len();
            assert_eq!(found(args), usize::from(open), "{words}");
            assert_eq!(found(listed), 0, "{words}");
        }
    }

    #[test]
    fn what_becomes_part_of_a_text_is_shown() {
        let found = of_command(&RULE, "{run: [sh, -c, 'echo ${{ project.name }}']}");
        assert_eq!(found[0].related.len(), 1);
        let found = of_command(&RULE, "{run: [sh, -c, 'echo a', '${{ project.name }}']}");
        assert_eq!(found[0].related.len(), 0);
    }
}
