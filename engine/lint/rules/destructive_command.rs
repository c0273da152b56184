//! `destructive-command`: a command that takes away what cannot be got back.

use std::sync::LazyLock;

use regex::{RegexSet, RegexSetBuilder};

use crate::diagnostic::Level;
use crate::lint::Subject;
use crate::lint::argv::{self, Argv};
use crate::lint::rule::{Profile, Report, Rule, page};
use crate::playbook::{Approve, CheckKind, Command, Grant};
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "destructive-command",
    level: Level::Warning,
    profile: Profile::Default,
    page: page!("destructive-command"),
    diagnose: Some(diagnose),
};

/// Patterns of argv, by the first word's choices, and what they do.
static PATTERNS: LazyLock<Vec<(&'static str, &'static str)>> = LazyLock::new(|| {
    argv::lines(include_str!("destructive.txt")).filter_map(|line| line.rsplit_once(": ")).collect()
});

static WORDS: LazyLock<Option<RegexSet>> = LazyLock::new(|| {
    let words = argv::lines(include_str!("destructive_words.txt"));
    RegexSetBuilder::new(words).case_insensitive(true).build().ok()
});

fn diagnose(subject: &Subject<'_>, report: Report<'_>) {
    for command in &subject.playbook.commands {
        let Some((place, does)) = destroys(command) else { continue };
        if is_asked(subject, &command.name) {
            continue;
        }
        let message = format!("`{}` {does}", command.name.value);
        report(RULE.at(place, message).help(
            "leave it to the person, or run it in a stage of its own with `approve: before`",
        ));
    }
}

/// Returns where a command says that it destroys something, and what.
fn destroys(command: &Command) -> Option<(Span, &'static str)> {
    if let Some(argv) = Argv::of(command) {
        let dry = ["--dry-run", "-n", "--check", "--help"];
        let does = PATTERNS.iter().find_map(|(pattern, does)| Some((argv.begins(pattern)?, *does)));
        if does.is_some() && !argv.rest().iter().any(|word| dry.contains(word)) {
            return does;
        }
    }
    let words = WORDS.as_ref()?;
    let whole: Vec<&str> = command.words.iter().map(|word| word.text.as_str()).collect();
    let found = words.is_match(&whole.join(" ")).then(|| {
        let word = command.words.iter().find(|word| words.is_match(&word.text));
        word.or(command.words.first()).map(|word| (word.span, "empties or drops a database"))
    });
    found.flatten()
}

/// Whether a person is asked each time before the command runs.
fn is_asked(subject: &Subject<'_>, name: &str) -> bool {
    let playbook = subject.playbook;
    let granted = |grant: &Grant| matches!(grant, Grant::Run(granted) if granted == name);
    let mut grants = playbook.tools.iter().chain(playbook.stages.iter().flat_map(|it| &it.tools));
    let mut checks = playbook.stages.iter().flat_map(|stage| &stage.checks);
    let mut stages = playbook
        .stages
        .iter()
        .filter(|stage| stage.run.as_ref().is_some_and(|run| run.value == *name))
        .peekable();
    let checked =
        checks.any(|check| matches!(&check.kind, CheckKind::Run(run) if run.value == *name));
    !checked
        && !grants.any(|grant| granted(&grant.value))
        && stages.peek().is_some()
        && stages.all(|stage| stage.approve == Some(Approve::Before))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::sample::{each, find, of_command};

    #[test]
    fn what_destroys_is_found() {
        each(
            &[
                "{run: rm -rf dist}",
                "{run: [rm, -r, a]}",
                "{run: git push --force}",
                "{run: [git, -C, a, push]}",
                "{run: git reset --hard HEAD}",
                "{run: git clean -fd}",
                "{run: git checkout -- .}",
                "{run: git checkout .}",
                "{run: npm publish}",
                "{run: docker system prune -f}",
                "{run: npm install -g shop}",
                "{run: sudo make install}",
                "{run: [dropdb, shop]}",
                "{run: [psql, -c, 'DROP TABLE carts']}",
                "{exec: [rake, 'db:drop']}",
                "{script: 'db:reset'}",
                "{run: [env, A=1, rm, -rf, a]}",
                "{run: pip install --user a}",
                "{run: apt-get install -y a}",
                "{run: terraform apply -auto-approve}",
                "{run: git commit --amend}",
                "{run: chmod -R 777 a}",
                "{run: docker compose down -v}",
                "{run: [git, rebase, main]}",
                "{exec: [prisma, migrate, reset]}",
            ],
            1,
            |command| of_command(&RULE, command).len(),
        );
        each(
            &[
                "{run: rm a.md}",
                "{run: git log}",
                "{run: git status}",
                "{run: git checkout main}",
                "{run: npm install}",
                "{run: git push --dry-run}",
                "{run: npm publish --dry-run}",
                "{run: docker build .}",
                "{run: npm run push}",
                "{run: [psql, -c, 'SELECT 1']}",
                "{exec: [rake, 'db:migrate']}",
                "{script: test}",
                "{run: pip install a}",
                "{run: terraform plan}",
                "{run: git commit -m push}",
                "{run: chmod +x a}",
                "{run: git clean -n}",
                "{run: [grep, -r, rm, -rf]}",
                "{run: git branch -d a}",
                "{add: [rimraf]}",
                "{run: find . -name a}",
                "{run: git stash}",
                "{run: [docker, compose, down]}",
                "{run: cargo test}",
            ],
            0,
            |command| of_command(&RULE, command).len(),
        );
    }

    #[test]
    fn what_a_person_is_asked_about_is_allowed() {
        let found = |stages: &str| {
            let text = format!(
                "---\nplaybook: 1\nname: a\ndescription: A.\ncommands: {{push: {{run: [git, push]}}}}\nstages:\n{stages}---\n\n## b\n\nB.\n"
            );
            find(&RULE, &text).len()
        };
        assert_eq!(found("  a: {run: push, approve: before}\n  b:\n"), 0);
        assert_eq!(found("  a: {run: push}\n  b:\n"), 1);
        assert_eq!(found("  a: {run: push, approve: before}\n  b: {tools: [run(push)]}\n"), 1);
        assert_eq!(found("  a: {run: push, approve: before}\n  b: {checks: [{run: push}]}\n"), 1);
    }
}
