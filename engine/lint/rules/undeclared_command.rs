//! `undeclared-command`: prose that tells the model to run what no command of the playbook is.

use std::collections::BTreeMap;

use crate::diagnostic::Level;
use crate::lint::Subject;
use crate::lint::rule::{Profile, Report, Rule, page};
use crate::lint::speech::{Block, Clause, Sentence, Speech, Word, program};
use crate::playbook::{CheckKind, Command, CommandKind, Grant, Stage};
use crate::source::{Span, Spanned};

pub(super) const RULE: Rule = Rule {
    name: "undeclared-command",
    level: Level::Warning,
    profile: Profile::Default,
    page: page!("undeclared-command"),
    diagnose: Some(diagnose),
};

/// Words of languages by which a block is one of command lines.
const SHELLS: [&str; 9] =
    ["sh", "bash", "shell", "console", "zsh", "shell-session", "powershell", "cmd", "fish"];

/// Programs that only prepare for others.
const PREPARES: [&str; 7] = ["cd", "echo", "export", "mkdir", "source", "cat", "ls"];

/// Verbs after which a command line is to be run.
const RUNS: [&str; 14] = [
    "execute", "use", "install", "invoke", "call", "launch", "enter", "type", "perform", "begin",
    "try", "verify", "test", "build",
];

fn diagnose(subject: &Subject<'_>, report: Report<'_>) {
    for speech in subject.speeches() {
        let readers = subject.readers(speech.audience);
        if readers.is_empty() {
            continue;
        }
        let mut lines = inline(speech);
        lines.extend(in_blocks(subject, speech));
        let mut told: BTreeMap<&str, (Span, &str, usize)> = BTreeMap::new();
        for (line, place) in lines {
            let Some((program, _)) = program(line) else { continue };
            if readers.iter().any(|stage| has(subject, stage, line))
                || subject.is_foreign_program(program)
            {
                continue;
            }
            told.entry(program).or_insert((place, line, 0)).2 += 1;
        }
        for (place, line, times) in told.into_values() {
            let mut message = format!(
                "{} tells the model to run `{line}`, and no command does",
                subject.whose(speech.audience)
            );
            if times > 1 {
                message.push_str(&format!(" ({} more of its kind)", times - 1));
            }
            report(RULE.at(place, message).help(
                "no stage has a shell: declare it in `commands:` and grant `run(NAME)`, or leave it to a check or a \
                 `run:` stage",
            ));
        }
    }
}

/// Returns the command lines in backticks that the prose says to run.
fn inline<'a>(speech: &Speech<'a>) -> Vec<(&'a str, Span)> {
    let mut lines = Vec::new();
    for sentence in speech.sentences.iter().filter(|sentence| sentence.block != Block::Quotation) {
        for clause in speech.clauses(sentence) {
            let words = speech.words(clause.words.clone());
            for (at, word) in words.iter().enumerate() {
                let Some(line) = word.code() else { continue };
                let Some((_, more)) = program(line) else { continue };
                if is_ordered(clause, words, at, more) && !denied(speech, sentence, words) {
                    lines.push((line, word.span));
                }
            }
        }
    }
    lines
}

/// Whether a clause says to run the command line in it.
fn is_ordered(clause: &Clause, words: &[Word<'_>], at: usize, more: bool) -> bool {
    let before = at.checked_sub(1).and_then(|before| words.get(before));
    let introduced = before.is_some_and(|word| {
        word.any(&["run", "running", "execute", "executing"])
            || (more && word.any(&["via", "using", "with", "by"]))
    });
    let told =
        words.iter().any(|word| word.any(&["was", "were", "been", "is", "are", "returns", "has"]));
    (introduced && !told) || (more && clause.orders(&RUNS)) || clause.orders(&["execute"])
}

fn denied(speech: &Speech<'_>, sentence: &Sentence, words: &[Word<'_>]) -> bool {
    words.iter().any(Word::denies) || speech.is_reproved(sentence)
}

/// Returns the command lines of the blocks that the prose says to run.
fn in_blocks<'a>(subject: &Subject<'a>, speech: &Speech<'a>) -> Vec<(&'a str, Span)> {
    let mut lines = Vec::new();
    for fence in &speech.prose.fences {
        if !(SHELLS.contains(&fence.value.as_str()) && is_led_to(subject, speech, fence)) {
            continue;
        }
        let mut own = command_lines(subject.text(fence.span), fence.span);
        // One line speaks for the block: the first that is more than preparation.
        let telling = own
            .iter()
            .position(|(line, _)| program(line).is_some_and(|(name, _)| !PREPARES.contains(&name)));
        if !own.is_empty() {
            lines.push(own.swap_remove(telling.unwrap_or_default()));
        }
    }
    lines
}

/// Returns the lines of a block that begin with a program.
fn command_lines(text: &str, span: Span) -> Vec<(&str, Span)> {
    let mut lines = Vec::new();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let start = at + line.len() - line.trim_start().len();
        let words = line.trim();
        if !words.starts_with(['`', '~', '#']) && program(words).is_some() {
            lines.push((words, span.part(start, start + words.len())));
        }
        at += line.len();
    }
    lines
}

/// Whether the sentence above a block says to run it.
fn is_led_to(subject: &Subject<'_>, speech: &Speech<'_>, fence: &Spanned<String>) -> bool {
    let above = speech.sentences.partition_point(|sentence| sentence.span.end <= fence.span.start);
    let Some(lead) = above.checked_sub(1).and_then(|above| speech.sentences.get(above)) else {
        return false;
    };
    let gap = subject.text(Span { start: lead.span.end, end: fence.span.start, ..lead.span });
    let near = gap.matches('\n').count() <= 2 && !gap.contains(['#', '`']);
    let words = speech.said(lead);
    let ordered = speech.clauses(lead).iter().any(|clause| clause.orders(&RUNS));
    let runs =
        words.iter().any(|word| word.any(&["run", "running", "execute", "command", "commands"]));
    near && (ordered || runs) && !denied(speech, lead, words)
}

/// Whether a stage may run a command line, or the engine runs it for the stage.
fn has(subject: &Subject<'_>, stage: &Stage, line: &str) -> bool {
    let playbook = subject.playbook;
    let granted = playbook.grants(stage).filter_map(|grant| match grant {
        Grant::Run(name) => Some(name.as_str()),
        _ => None,
    });
    let checked = playbook.stages.iter().flat_map(|stage| &stage.checks).filter_map(|check| {
        match &check.kind {
            CheckKind::Run(name) => Some(name.value.as_str()),
            _ => None,
        }
    });
    let ran = playbook.stages.iter().filter_map(|stage| Some(stage.run.as_ref()?.value.as_str()));
    let mut names = granted.chain(checked).chain(ran);
    names.any(|name| playbook.command(name).is_none_or(|command| is(command, line)))
}

/// Whether a command line is what a command runs.
fn is(command: &Command, line: &str) -> bool {
    let words: Vec<&str> = line.split_whitespace().collect();
    let own = command.words.iter().map(|word| word.text.as_str());
    let mut literal = own.filter(|word| !word.contains("${{"));
    match command.kind {
        CommandKind::Run | CommandKind::Exec if command.args.is_empty() => {
            literal.all(|word| words.contains(&word))
        }
        CommandKind::Run | CommandKind::Exec | CommandKind::Script => {
            literal.next().is_none_or(|word| words.contains(&word))
        }
        CommandKind::Add => literal.any(|package| {
            let name = package
                .split(['>', '=', '<', '~', '^'])
                .next()
                .unwrap_or(package)
                .trim_end_matches('@');
            words.iter().any(|word| word.starts_with(name))
        }),
    }
}

#[cfg(test)]
mod tests {
    use crate::lint::sample::{finds, found, in_section, of_stages, silent};

    #[test]
    fn a_command_line_that_is_to_be_run_is_found() {
        finds(
            "undeclared-command",
            &[
                ("Run `npm install zod`.", "npm install zod"),
                ("Install it with `pip install rich`.", "pip install rich"),
                ("Then execute `make`.", "make"),
                ("Use `git log --oneline` to see what changed.", "git log --oneline"),
                ("Run the tests:\n\n```sh\ncd app\npytest -q\n```", "pytest -q"),
                ("Check it by running `npx tsc`.", "npx tsc"),
            ],
        );
        let twice = in_section("undeclared-command", "Run `git add .`. Then run `git commit`.");
        assert_eq!(twice, ["git add ."]);
    }

    #[test]
    fn a_command_line_that_is_spoken_of_is_left() {
        silent(
            "undeclared-command",
            &[
                "`npm install` was run by the engine.",
                "Never run `git push`.",
                "The page says `pip install rich`.",
                "Use `grep` to find it.",
                "Add the line `npm test` to the README.",
                "Run `validate()` on the form.",
                "Show this:\n\n```js\nnpm install\n```",
                "Its output looks so:\n\n```console\nmake: done\n```",
                "Do not:\n\n- Run `make clean`.",
                "Run it once.",
                "The skills were installed via `gh skill list`.",
                "Using `npm run preview` returns an error.",
                "> - [ ] Run `make compile`",
            ],
        );
    }

    #[test]
    fn what_the_engine_runs_for_a_stage_is_left() {
        let keys = "commands: {tests: {run: [npm, test]}, add: {add: [\"zod@^3\"]}}\n";
        let with = |stage: &str, section: &str| {
            let stages = [("install", "run: add", ""), ("build", stage, section)];
            let text = of_stages(keys, "", &stages).replace("\n## install\n\n\n", "");
            found("undeclared-command", &text)
        };
        assert!(with("tools: [run(tests)]", "Run `npm test`.").is_empty());
        assert!(with("checks: [{run: tests}]", "The engine will run `npm test`.").is_empty());
        assert!(with("", "Do as if you had run `npm install zod`.").is_empty());
        assert_eq!(with("", "Run `npm audit`."), ["npm audit"]);
    }
}
