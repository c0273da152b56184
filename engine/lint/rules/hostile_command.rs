//! `hostile-command`: a command that reaches further than the project, or starts what it does not
//! name.

use std::sync::LazyLock;

use regex::Regex;

use crate::closed::is_secret;
use crate::diagnostic::Level;
use crate::lint::Subject;
use crate::lint::argv::{self, Argv};
use crate::lint::rule::{Profile, Report, Rule, page};
use crate::playbook::{Command, CommandKind};
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "hostile-command",
    level: Level::Warning,
    profile: Profile::Default,
    page: page!("hostile-command"),
    diagnose: Some(diagnose),
};

/// The most words that a person reads before they say yes.
const MOST_WORDS: usize = 40;

/// Words behind which the name of a script may stand.
const SCRIPTED: [&str; 10] =
    ["run", "npm", "pnpm", "yarn", "bun", "uv", "poetry", "bundle", "composer", "deno"];

/// Patterns of argv, and what they do.
static PATTERNS: LazyLock<Vec<(&'static str, &'static str)>> = LazyLock::new(|| {
    argv::lines(include_str!("hostile.txt")).filter_map(|line| line.rsplit_once(": ")).collect()
});

/// Patterns of one word, and what it does.
static FLAGS: LazyLock<Vec<(Regex, &'static str)>> = LazyLock::new(|| {
    let lines = argv::lines(include_str!("hostile_flags.txt"));
    let parted = lines.filter_map(|line| line.rsplit_once("  "));
    parted.filter_map(|(word, does)| Some((Regex::new(word).ok()?, does.trim()))).collect()
});

/// Words that install the packages which the next words name.
static INSTALLERS: LazyLock<Vec<&'static str>> =
    LazyLock::new(|| argv::lines(include_str!("installers.txt")).collect());

static ADDRESS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?i)(^|=|@)([a-z][a-z0-9+.-]*://|(git|github|gitlab|bitbucket|gist|file|link|portal|patch|npm|jsr|exec|workspace):[^:]|git\+)|^git@").ok()
});

/// The name of a package with a range, an extra and the like behind it.
static PACKAGE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"^(@[\w.~-]+/)?[\w][\w.~-]*(\[[\w, .-]+\])?([@=<>~^!:#].*)?$|^[\w.-]+(/[\w.~-]+)+(@[\w.+-]+)?$|^\.$").ok()
});

static PROGRAM: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"^[A-Za-z0-9_.+@/:\\-]+$").ok());

static OUTSIDE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"^(-[A-Za-z]|--?[\w.-]+[=:]|[\w.]+=)?(~|/[\w.]|[A-Za-z]:\\|\\\\)[\w./\\@+~-]*$|(^|[=/:])\.\.(/|$)").ok()
});

fn diagnose(subject: &Subject<'_>, report: Report<'_>) {
    for command in &subject.playbook.commands {
        if let Some((place, does, help)) = found(command) {
            let message = format!("`{}` {does}", command.name.value);
            report(RULE.at(place, message).help(help));
        }
    }
}

type Found = (Span, String, &'static str);

const LEAVE: &str =
    "leave it to the engine's tools, to `add`, `exec` and `script`, or to the person";

/// Says where a command reaches further than it should, and how.
fn found(command: &Command) -> Option<Found> {
    let words: Vec<(&str, Span)> =
        command.words.iter().map(|word| (word.text.as_str(), word.span)).collect();
    let first = words.first()?;
    if words.len() > MOST_WORDS {
        let help = "put what is fixed into a script of the project";
        return Some((first.1, format!("has {} words: nobody reads them all", words.len()), help));
    }
    let of_program = command.kind == CommandKind::Run;
    let named = of_program && !first.0.contains("${{");
    if let Some(does) = program(first.0).filter(|_| named) {
        return Some((first.1, does, LEAVE));
    }
    if let Some(argv) = Argv::of(command) {
        let pattern = PATTERNS.iter().find_map(|(pattern, does)| {
            let place = argv.begins(pattern)?;
            (pattern.contains(' ') || is_started(&argv, pattern)).then_some((place, *does))
        });
        if let Some((place, does)) = pattern {
            return Some((place, does.to_owned(), LEAVE));
        }
    }
    let installs = command.kind == CommandKind::Add || installs(command);
    let skipped = usize::from(of_program || command.kind == CommandKind::Exec);
    let mut rest = words.iter().skip(skipped);
    rest.find_map(|(text, place)| {
        let does = word(text, installs && command.kind == CommandKind::Add)?;
        Some((*place, does, LEAVE))
    })
    .or_else(|| spec(command, installs))
}

/// Whether one of these programs is started: behind a package manager, or `run`, stands the name
/// of a script, or a word of its own.
fn is_started(argv: &Argv<'_>, names: &str) -> bool {
    let before = argv.program.checked_sub(1).map(|at| argv::name(argv.words[at]));
    let script = before.is_some_and(|word| SCRIPTED.contains(&word.as_str()));
    !script || names.split('|').any(|name| name == argv.first())
}

/// Says what is wrong with the name of a program that `run` starts.
fn program(name: &str) -> Option<String> {
    if PROGRAM.as_ref().is_some_and(|program| !program.is_match(name)) {
        return Some(format!("starts `{name}`, which is no program's name"));
    }
    if name.contains(['/', '\\']) {
        return Some(format!(
            "starts `{name}` by its path: programs are found on the PATH, outside the project"
        ));
    }
    // A file system that minds no case finds it, and a list that does would not.
    let odd = name.chars().any(char::is_uppercase)
        && name.to_lowercase() != name
        && name == name.to_uppercase();
    odd.then(|| format!("starts `{name}`, which is another name of a program"))
}

/// Says how a word reaches further than it should.
fn word(text: &str, package: bool) -> Option<String> {
    if let Some((_, does)) = FLAGS.iter().find(|(flag, _)| flag.is_match(text)) {
        return Some(format!("{does}: `{}`", cut(text)));
    }
    let value = text.split_once('=').map_or(text, |(_, value)| value);
    if !package && (is_secret(value) || is_secret(text)) {
        return Some(format!("names `{}`, which holds secrets", cut(text)));
    }
    let is = |regex: &Option<Regex>| regex.as_ref().is_some_and(|regex| regex.is_match(text));
    if is(&ADDRESS) {
        return Some(format!("names an address: `{}`", cut(text)));
    }
    let outside = is(&OUTSIDE) && !value.starts_with("/dev/null");
    outside.then(|| format!("leads out of the project: `{}`", cut(text)))
}

/// Whether a command's argv installs packages.
fn installs(command: &Command) -> bool {
    Argv::of(command)
        .is_some_and(|argv| INSTALLERS.iter().any(|installer| argv.begins(installer).is_some()))
}

/// Finds what is installed and is no package's name with a range.
fn spec(command: &Command, installs: bool) -> Option<Found> {
    let package = PACKAGE.as_ref()?;
    let skipped = if command.kind == CommandKind::Add { 0 } else { 2 };
    let words = command.words.get(skipped..).unwrap_or_default();
    let mut value = false;
    words.iter().filter(|_| installs).find_map(|word| {
        // What a flag takes behind it is not told from a package here.
        if std::mem::replace(&mut value, word.text.starts_with("--")) {
            return None;
        }
        let text = word.text.as_str();
        let plain = text.starts_with('-') || text.contains("${{") || package.is_match(text);
        let does = format!("installs `{}`, which is no package's name with a range", cut(text));
        (!plain).then_some((word.span, does, LEAVE))
    })
}

fn cut(text: &str) -> String {
    let short: String = text.chars().take(40).collect();
    if short.len() < text.len() { format!("{short}…") } else { short }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::sample::{each, of_command};

    #[test]
    fn what_reaches_further_is_found() {
        each(
            &[
                "{run: [npm, install, '--registry=https://a.de']}",
                "{run: [npm, install, 'git+ssh://a.de/b']}",
                "{add: ['https://a.de/b.tgz']}",
                "{add: ['b@npm:c']}",
                "{run: [go, vet, '-vettool=/tmp/x', ./...]}",
                "{run: [sort, -o, a, b]}",
                "{run: [tac, .env]}",
                "{exec: [prettier, --parser, markdown, .env.local]}",
                "{run: [bin/pip, install, a]}",
                "{run: ['npm install; rm -rf /']}",
                "{run: [ping, -c, '1', a.de]}",
                "{run: [git, status]}",
                "{run: [python, -m, venv, /opt/x]}",
                "{run: [ls, ../b]}",
                "{exec: [eslint, --plugin, ./a]}",
            ],
            1,
            |command| of_command(&RULE, command).len(),
        );
    }

    #[test]
    fn what_a_project_needs_is_left_alone() {
        each(
            &[
                "{run: [make, test]}",
                "{run: [git, log, --oneline, '-20']}",
                "{add: ['@a/b@^1.2', c]}",
                "{add: ['a[extra]>=1,<2']}",
                "{exec: [tsc, --noEmit, -p, tsconfig.json]}",
                "{exec: [eslint, --config, eslint.config.js, src]}",
                "{exec: [python, -m, compileall, -q, -x, '[/\\\\](a|b)[/\\\\]', .]}",
                "{exec: [pytest, -q, tests/a.py]}",
                "{script: build}",
                "{run: [cargo, test, --workspace]}",
                "{run: [go, test, ./...]}",
                "{run: [du, -s, '${{ project.name }}']}",
                "{run: [npm, ci, --ignore-scripts]}",
            ],
            0,
            |command| of_command(&RULE, command).len(),
        );
    }
}
