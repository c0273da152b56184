//! `fetched-program`: a command that fetches a program and runs whatever the registry serves.

use std::sync::LazyLock;

use regex::Regex;

use crate::diagnostic::Level;
use crate::lint::Subject;
use crate::lint::argv::{self, Argv};
use crate::lint::rule::{Profile, Report, Rule, page};
use crate::playbook::CommandKind;

pub(super) const RULE: Rule = Rule {
    name: "fetched-program",
    level: Level::Warning,
    profile: Profile::Default,
    page: page!("fetched-program"),
    diagnose: Some(diagnose),
};

const FETCHERS: &str = include_str!("fetchers.txt");

/// Words by which they fetch nothing.
const STAY: [&str; 4] = ["--no-install", "--no", "--offline", "--no-sync"];

/// Flags whose next word names the package.
const NAMING: [&str; 4] = ["-p", "--package", "--from", "--spec"];

static PINNED: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?:@v?|==|@npm:[^@]+@)\d+\.\d+\.\d+").ok());

fn diagnose(subject: &Subject<'_>, report: Report<'_>) {
    for command in &subject.playbook.commands {
        let Some(argv) = Argv::of(command) else { continue };
        let Some((fetcher, at)) = fetcher(&argv) else { continue };
        let rest = &argv.words[at..];
        if rest.iter().any(|word| STAY.contains(word)) {
            continue;
        }
        let Some(package) = package(rest) else { continue };
        let local = package.starts_with(['.', '/']);
        let remote = match fetcher {
            "go run" => package.contains('@'),
            "deno run" => ["://", "npm:", "jsr:"].iter().any(|it| package.contains(it)),
            _ => !local,
        };
        let pinned = PINNED.as_ref().is_some_and(|pinned| pinned.is_match(package));
        if !remote || pinned {
            continue;
        }
        let message =
            format!("`{fetcher}` may fetch `{package}`, in whatever version there is by then");
        let finding = RULE.at(argv.places[0], message);
        report(if command.kind == CommandKind::Run {
            finding.help(
                "a program of the project is run by `exec:`, which fetches nothing; of a strange one, name the version: `NAME@1.2.3`",
            )
        } else {
            finding.help(format!(
                "`exec:` goes through the package manager already: leave `{fetcher}` out"
            ))
        });
    }
}

/// Returns the program that fetches, and the index of the word behind what names it.
fn fetcher(argv: &Argv<'_>) -> Option<(&'static str, usize)> {
    argv::lines(FETCHERS).find_map(|fetcher| {
        let (first, more) = fetcher.split_once(' ').unwrap_or((fetcher, ""));
        let mut rest = argv.words.iter().skip(1);
        let mut more = more.split_whitespace();
        let same = first == argv.first()
            && more.all(|choice| {
                rest.next().is_some_and(|word| choice.split('|').any(|it| it == *word))
            });
        same.then(|| (fetcher, argv.words.len() - rest.len()))
    })
}

/// Returns the word that names the package: the first that is no flag, or what a flag names.
fn package<'a>(words: &[&'a str]) -> Option<&'a str> {
    let mut words = words.iter();
    while let Some(word) = words.next() {
        if NAMING.contains(word) {
            return words.next().copied();
        }
        match word.split_once('=') {
            Some((flag, package)) if NAMING.contains(&flag) => return Some(package),
            _ if word.starts_with('-') => {}
            _ => return Some(word),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::sample::{each, of_command};

    #[test]
    fn a_program_of_any_version_is_found() {
        each(
            &[
                "{run: [npx, prettier, --check, .]}",
                "{run: npx -y shop-cli@latest init}",
                "{run: [uvx, ruff]}",
                "{run: [pnpm, dlx, shop]}",
                "{run: [npm, exec, --, shop]}",
                "{run: [npm, create, shop]}",
                "{run: [pipx, run, black]}",
                "{exec: [npx, eslint]}",
                "{run: [go, run, 'a.de/b@latest']}",
                "{run: [npx, -p, shop, cart]}",
                "{run: [npx, shop-server, -p, '8080']}",
                "{run: [npx, --package=shop@2, cart]}",
                "{run: [deno, run, 'https://a.de/b.ts']}",
            ],
            1,
            |command| of_command(&RULE, command).len(),
        );
        each(
            &[
                "{exec: [prettier, --check, .]}",
                "{run: [npx, --no-install, prettier]}",
                "{run: [npx, -y, 'shop-cli@1.2.3']}",
                "{run: [uvx, 'ruff==0.4.1', check]}",
                "{run: [go, run, ./cmd/shop]}",
                "{run: [go, run, main.go]}",
                "{run: [deno, run, a.ts]}",
                "{run: [npm, run, build]}",
                "{run: [npx]}",
                "{run: [npx, ./tool.js]}",
                "{add: [npx]}",
                "{run: [npx, -p, 'shop@1.2.3', cart]}",
                "{run: [npx, 'shop@1.2.3', -p, '8080']}",
                "{run: [pnpm, test]}",
                "{run: [bun, test]}",
            ],
            0,
            |command| of_command(&RULE, command).len(),
        );
    }
}
