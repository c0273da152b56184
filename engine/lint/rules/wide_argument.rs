//! `wide-argument`: a word that the model fills in with more than the author can have meant.

use regex::Regex;

use crate::diagnostic::{Diagnostic, Level};
use crate::lint::Subject;
use crate::lint::argv::{self, Argv};
use crate::lint::rule::{Profile, Report, Rule, page};
use crate::playbook::{Argument, ArgumentRule, Command, CommandKind};
use crate::source::Spanned;

pub(super) const RULE: Rule = Rule {
    name: "wide-argument",
    level: Level::Warning,
    profile: Profile::Default,
    page: page!("wide-argument"),
    diagnose: Some(diagnose),
};

const INSTALLERS: &str = include_str!("installers.txt");

/// Words that have nothing in common: a pattern that matches all of them matches any.
const ANY: [&str; 5] = ["a", "any thing; at all", "../../x", "/etc/x", "$(x) & \"'`é"];

/// Names of packages that nobody means.
const PACKAGES: [&str; 3] = ["zzxq", "zz-xq", "@zz/xq"];

/// Words of names of arguments that are no paths.
const NO_PATHS: [&str; 12] = [
    "ref", "rev", "revision", "branch", "tag", "commit", "range", "url", "host", "image",
    "package", "version",
];

/// Paths that lead out of the project.
const OUTSIDE: [&str; 4] = ["../x", "../../x.py", "/etc/x", "a/../../x"];

fn diagnose(subject: &Subject<'_>, report: Report<'_>) {
    for command in &subject.playbook.commands {
        for argument in &command.args {
            let ArgumentRule::Pattern(pattern) = &argument.rule else { continue };
            // The engine matches the whole word.
            let Ok(regex) = Regex::new(&format!("^(?:{})$", pattern.value)) else { continue };
            look(command, argument, pattern, &regex).into_iter().for_each(&mut *report);
        }
    }
}

fn look(
    command: &Command,
    argument: &Argument,
    pattern: &Spanned<String>,
    regex: &Regex,
) -> Option<Diagnostic> {
    let name = &argument.name.value;
    if ANY.iter().all(|word| regex.is_match(word)) {
        let message = format!("`{name}` may be any word at all");
        return Some(RULE.at(pattern.span, message).help(
            "list the words in `enum:`, or write the pattern of those that are meant; it has to match the whole word",
        ));
    }
    if installs(command, argument) && PACKAGES.iter().any(|word| regex.is_match(word)) {
        let message =
            format!("`{name}` may be any package, and installing one runs what it brings");
        return Some(RULE.at(pattern.span, message).help("list the packages in `enum:`"));
    }
    let out = OUTSIDE
        .iter()
        .find(|word| regex.is_match(word))
        .filter(|_| stands_alone(command, argument) && !is_no_path(argument))?;
    let message = format!("`{name}` may be `{out}`, which leads out of the project");
    Some(RULE.at(pattern.span, message).help(
        "begin the pattern with a folder of the project, and let no `.` follow a `/`: `src/(\\w+/)*\\w+\\.ts`",
    ))
}

/// Whether an argument's name says that it is no path, though it may have a `/`.
fn is_no_path(argument: &Argument) -> bool {
    let mut parts = argument.name.value.split('_');
    parts.any(|part| NO_PATHS.contains(&part))
}

/// Whether an argument is a whole word: after other letters in the same word, a path is another.
fn stands_alone(command: &Command, argument: &Argument) -> bool {
    command.words.iter().enumerate().any(|(at, word)| {
        let filled =
            argv::filled(command, at).iter().any(|it| it.name.value == argument.name.value);
        let before = word.text.split("${{").next().unwrap_or_default();
        filled && (before.is_empty() || before.ends_with('='))
    })
}

fn installs(command: &Command, argument: &Argument) -> bool {
    let filled =
        |at: usize| argv::filled(command, at).iter().any(|it| it.name.value == argument.name.value);
    if command.kind == CommandKind::Add {
        return (0..command.words.len()).any(filled);
    }
    let Some(argv) = Argv::of(command) else { return false };
    argv::lines(INSTALLERS).any(|installer| argv.begins(installer).is_some())
        && (argv.program + 1..command.words.len()).any(filled)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::sample::of_command;

    fn found(words: &str, pattern: &str) -> Option<String> {
        let command = format!("{{run: [{words}], args: {{it: {{pattern: '{pattern}'}}}}}}");
        of_command(&RULE, &command).into_iter().map(|finding| finding.message).next()
    }

    #[test]
    fn a_pattern_that_lets_anything_in_is_found() {
        for pattern in [".*", ".+", "(?s).*", "[^-].*", r"[\s\S]+", "^.*$", r".{1,200}"] {
            let found = found("grep, '${{ args.it }}'", pattern);
            assert!(found.is_some_and(|it| it.contains("any word")), "{pattern}");
        }
    }

    #[test]
    fn a_path_that_leads_out_is_found() {
        for pattern in [r"[\w./-]+", r"\S+", "[^ ]+", r"[a-z./]+\.py", r"[\w/.]*"] {
            let found = found("pytest, '${{ args.it }}'", pattern);
            assert!(found.is_some_and(|it| it.contains("out of the project")), "{pattern}");
        }
        for pattern in [
            "[a-z]+",
            r"\d+",
            r"tests/[a-z_/]+\.py",
            r"[\w-]+",
            "(a|b)",
            r"src/(\w+/)*\w+\.ts",
            r"\w+(\.\w+)*",
            r"[a-z][\w/-]*\.py",
            r"v?\d+\.\d+\.\d+",
            "[A-Z_]+",
        ] {
            assert_eq!(found("pytest, '${{ args.it }}'", pattern), None, "{pattern}");
        }
        let rev = "{run: [git, show, '${{ args.rev }}'], args: {rev: {pattern: '[a-z./]+'}}}";
        assert_eq!(of_command(&RULE, rev), []);
        assert!(found("render, '--page=${{ args.it }}'", r"[\w./]+").is_some());
        assert_eq!(found("render, 'src/a-${{ args.it }}'", r"[\w./]+"), None);
    }

    #[test]
    fn a_package_wants_a_list() {
        for words in [
            "npm, install, '${{ args.it }}'",
            "uv, add, '${{ args.it }}'",
            "pip, install, -U, '${{ args.it }}'",
        ] {
            assert!(
                found(words, "[a-z-]+").is_some_and(|it| it.contains("any package")),
                "{words}"
            );
            assert_eq!(found(words, "shop(-kit)?"), None);
        }
        let added =
            of_command(&RULE, "{add: ['${{ args.it }}'], args: {it: {pattern: '[@a-z/-]+'}}}");
        assert_eq!(added.len(), 1);
        assert_eq!(found("npm, run, '${{ args.it }}'", "[a-z-]+"), None);
    }
}
