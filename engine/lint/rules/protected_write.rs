//! `protected-write`: a stage that may change what runs on a person's machine, or what a tool keeps.

use crate::closed;
use crate::diagnostic::Level;
use crate::lint::rule::{Profile, Report, Rule, page};
use crate::lint::{Subject, paths};
use crate::playbook::{Approve, Grant, glob};
use crate::source::Spanned;

pub(super) const RULE: Rule = Rule {
    name: "protected-write",
    level: Level::Warning,
    profile: Profile::Default,
    page: page!("protected-write"),
    diagnose: Some(diagnose),
};

fn diagnose(subject: &Subject<'_>, report: Report<'_>) {
    for stage in &subject.playbook.stages {
        if !subject.playbook.grants(stage).any(Grant::edits) {
            continue;
        }
        let asked = stage.approve == Some(Approve::Before);
        for writes in &stage.writes {
            let glob = writes.value.as_str();
            if paths::is_secret(glob) {
                continue;
            }
            let id = &stage.id.value;
            if glob::is_literal(glob) && paths::is_protected(glob) && !asked {
                let message = format!("`{id}` may change `{glob}`, which configures tools");
                report(RULE.at(writes.span, message).help(
                    "have a person say yes to it first: `approve: before` shows what the stage may change",
                ));
            } else if is_lock(subject, glob) {
                let message = format!("`{id}` may edit the lock file `{glob}`");
                report(RULE.at(writes.span, message).help(
                    "leave it to the package manager: a command with `add` changes it rightly",
                ));
            } else if is_env(writes) {
                let message =
                    format!("most of what `{glob}` matches holds secrets and stays closed");
                report(
                    RULE.at(writes.span, message)
                        .help("name the example that is meant, such as `.env.example`"),
                );
            }
        }
    }
}

fn is_lock(subject: &Subject<'_>, glob: &str) -> bool {
    subject.known.is_lock.is_some_and(|is_lock| paths::all(glob, is_lock))
}

/// Whether a glob of env files matches secret ones and others.
fn is_env(glob: &Spanned<String>) -> bool {
    let mut patterns = glob::patterns(glob).into_iter().filter(|it| it.contains('*'));
    patterns.any(|pattern| {
        let name = pattern.rsplit('/').next().unwrap_or_default();
        let begins = name.split('*').next().unwrap_or_default();
        begins.starts_with(".env")
            && (closed::is_secret(begins)
                || glob::examples(&pattern).any(|it| closed::is_secret(&it)))
            && !paths::is_secret(&pattern)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::sample::{each, of_stage};

    #[test]
    fn what_should_not_be_changed_unasked_is_found() {
        let found = |glob: &str, more: &str| {
            let keys = format!("tools: [edit]\nwrites: ['{glob}']\n{more}");
            of_stage(&RULE, &keys, "Build it.").len()
        };
        each(
            &[
                ".github/workflows/ci.yml",
                "AGENTS.md",
                ".vscode/settings.json",
                ".gitlab-ci.yml",
                "package-lock.json",
                "**/package-lock.json",
                ".env*",
                "**/.env.*",
                "{a.md,.env*}",
            ],
            1,
            |glob| found(glob, ""),
        );
        each(
            &[
                ".env.example",
                "**/.env.example",
                "package.json",
                "docs/**",
                ".gitignore",
                "**",
                ".env",
                "**/.*",
                ".github/workflows/*",
                "*.lock",
                ".envoy/*",
            ],
            0,
            |glob| found(glob, ""),
        );
        assert_eq!(found("AGENTS.md", "approve: before"), 0);
        assert_eq!(found("package-lock.json", "approve: before"), 1);
    }
}
