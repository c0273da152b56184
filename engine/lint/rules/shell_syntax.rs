//! `shell-syntax`: what a shell would read, in a command that no shell reads.

use crate::diagnostic::{Diagnostic, Level};
use crate::lint::Subject;
use crate::lint::argv::{self, Argv};
use crate::lint::rule::{Profile, Report, Rule, page};
use crate::playbook::Command;

pub(super) const RULE: Rule = Rule {
    name: "shell-syntax",
    level: Level::Warning,
    profile: Profile::Default,
    page: page!("shell-syntax"),
    diagnose: Some(diagnose),
};

/// Words of a shell that are no programs.
const BUILTINS: &str = include_str!("shell_builtins.txt");

/// Programs for which such signs are words like others.
const LITERAL: [&str; 9] = ["echo", "printf", "expr", "test", "[", "tr", "grep", "jq", "awk"];

/// Programs that take the names of files as they are, and match no globs themselves.
const UNMATCHED: [&str; 14] = [
    "ls", "cat", "rm", "cp", "mv", "wc", "head", "tail", "touch", "chmod", "chown", "tar", "zip",
    "sed",
];

/// The way out where several commands are meant.
const SEVERAL: &str = "make each a command of its own, and a stage or a check for each";

fn diagnose(subject: &Subject<'_>, report: Report<'_>) {
    for command in &subject.playbook.commands {
        let Some(argv) = Argv::of(command) else { continue };
        look(subject, command, &argv).into_iter().for_each(&mut *report);
    }
}

fn look(subject: &Subject<'_>, command: &Command, argv: &Argv<'_>) -> Option<Diagnostic> {
    let first = argv.words[0];
    if argv::is_variable(first) {
        let name = first.split('=').next().unwrap_or_default();
        let message = format!("no shell sets `{name}`: `{first}` would be the program");
        return Some(RULE.at(argv.places[0], message).help(
            "a command gets no variables of a playbook: put it into a script or a config file of the project",
        ));
    }
    if argv::lines(BUILTINS).flat_map(str::split_whitespace).any(|word| word == first) {
        let message =
            format!("`{first}` is a word of a shell, and there is no program of that name");
        let finding = RULE.at(argv.places[0], message);
        return Some(if first == "cd" {
            finding.help("name the folder in `cwd:`")
        } else {
            finding.help("name the program itself, or a script of the project")
        });
    }
    if LITERAL.contains(&first) {
        return None;
    }
    argv.words.iter().enumerate().find_map(|(at, word)| {
        let (sign, help) = sign(argv, at, word)?;
        let message = format!(
            "no shell reads the words of `{}`: {sign} is a word for the program",
            command.name.value
        );
        // A line has one place for all its words.
        Some(RULE.at(subject.word(argv.places[at], word), message).help(help))
    })
}

/// Returns what a shell would read in a word, and the way out.
fn sign(argv: &Argv<'_>, at: usize, word: &str) -> Option<(String, &'static str)> {
    let shown = format!("`{word}`");
    let of_flag = at > 0 && argv.words[at - 1].starts_with('-');
    let stops = argv.is_line() && word.ends_with(';') && !word.contains(char::is_whitespace);
    let of_find = argv.words.iter().any(|word| matches!(*word, "-exec" | "-execdir" | "-ok"));
    match word {
        _ if stops && at + 1 < argv.words.len() && !of_find => {
            return Some((shown, SEVERAL));
        }
        "&&" | "||" | ";" | "&" if !of_find => {
            return Some((shown, SEVERAL));
        }
        "|" | "|&" if !of_flag => {
            return Some((
                shown,
                "the program's output goes to the model or into the stage's output whole; what must be piped is a script of the project",
            ));
        }
        _ => {}
    }
    if redirects(word) && !of_flag {
        return Some((
            shown,
            "what it prints is the stage's output, `stages.NAME.output.text`; a file is written by a stage",
        ));
    }
    let plain = !word.contains("${{");
    if plain && (word.contains("$(") || word.contains('`') && argv.is_line()) {
        return Some((
            shown,
            "run that program in a stage before, and read its output: `${{ stages.NAME.output.text }}`",
        ));
    }
    if plain && (word.starts_with("~/") || is_dollar(word)) {
        return Some((
            shown,
            "write the value: only `${{ }}` is filled in, from `inputs` and `project`",
        ));
    }
    let program = argv.words[0];
    let globbed = word.contains('*') && !word.starts_with('-') && UNMATCHED.contains(&program);
    // What `sed` takes first is its program.
    let pattern = program == "sed" && word.contains(['/', '|']) && word.contains('s');
    (globbed && !pattern)
        .then_some((shown, "write the files out, or use a program that matches globs itself"))
}

/// Whether a word redirects: `>`, `2>&1`, `>file`, and not a range of versions.
fn redirects(word: &str) -> bool {
    let rest = word.trim_start_matches(|it: char| it.is_ascii_digit() || it == '&');
    let digits = word.len() - rest.len();
    if digits > 1 || matches!(rest, "<" | "<<" | "<<<") {
        return digits <= 1;
    }
    let Some(rest) = rest.strip_prefix('>') else { return false };
    let rest = rest.strip_prefix('>').unwrap_or(rest);
    !rest.starts_with('=') && !rest.starts_with(|it: char| it.is_ascii_digit())
}

/// Whether a word is a variable of a shell, as `$HOME` or `${HOME}/a`.
fn is_dollar(word: &str) -> bool {
    let Some(rest) = word.strip_prefix('$') else { return false };
    let name = rest.trim_start_matches('{');
    let name: String =
        name.chars().take_while(|it| it.is_ascii_alphanumeric() || *it == '_').collect();
    name.len() > 1
        && name.chars().all(|it| it.is_ascii_uppercase() || it == '_' || it.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::sample::{each, of_command};

    #[test]
    fn what_only_a_shell_reads_is_found() {
        each(
            &[
                "{run: npm test && npm run build}",
                "{run: [npm, test, '||', npm, run, build]}",
                "{run: cat a.md | wc -l}",
                "{run: make > log.txt}",
                "{run: make 2>&1}",
                "{run: make >>log}",
                "{run: NODE_ENV=test npm test}",
                "{run: cd web}",
                "{run: 'cd web && npm test'}",
                "{run: source .venv/bin/activate}",
                "{run: export A=1}",
                "{run: git log $(date)}",
                "{run: 'git log `date`'}",
                "{run: ls ~/a}",
                "{run: [make, $HOME]}",
                "{run: rm *.log}",
                "{run: make; make install}",
                "{run: [wc, -l, 'src/*.rs']}",
                "{run: 'make ; b'}",
                "{exec: tsc --noEmit && eslint .}",
                "{run: sort < a.txt}",
            ],
            1,
            |command| of_command(&RULE, command).len(),
        );
    }

    #[test]
    fn what_a_program_reads_itself_is_not() {
        each(
            &[
                "{run: [sh, -c, 'a && b | c > d']}",
                "{run: [cut, -d, '|', -f1, a]}",
                "{run: [echo, '>']}",
                "{run: [find, ., -name, '*.ts', -exec, cat, '{}', ;]}",
                "{exec: [prettier, --check, '**/*.ts']}",
                "{add: ['shop-kit@>=2']}",
                "{run: [pip, install, '>=3']}",
                "{run: [git, log, '--format=%h | %s']}",
                "{run: [jq, '.a | .b', a.json]}",
                "{run: [expr, '1', '|', '2']}",
                "{run: [make, -j4]}",
                "{run: [env, A=1, make]}",
                "{run: ['./cd', a]}",
                "{run: [sed, -n, 's/a*/b/p', a]}",
                "{run: [awk, '{print $1}', a]}",
                "{run: [grep, -c, 'a|b', c]}",
                "{script: 'a && b'}",
                "{run: [make, '${{ inputs.a }}']}",
                "{run: [node, a.js, '$1']}",
                "{run: [git, show, 'HEAD~1']}",
                "{run: [ls, a.md]}",
                "{run: [psql, -c, 'select 1;']}",
                "{run: [sort, -t, '>', a]}",
            ],
            0,
            |command| of_command(&RULE, command).len(),
        );
    }
}
