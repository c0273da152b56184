//! `closed-write`: a glob of `writes` by which no file can be changed.

use crate::diagnostic::Level;
use crate::lint::rule::{Profile, Report, Rule, page};
use crate::lint::{Subject, paths};
use crate::playbook::{Grant, glob};

pub(super) const RULE: Rule = Rule {
    name: "closed-write",
    level: Level::Error,
    profile: Profile::Min,
    page: page!("closed-write"),
    diagnose: Some(diagnose),
};

fn diagnose(subject: &Subject<'_>, report: Report<'_>) {
    for stage in &subject.playbook.stages {
        if !subject.playbook.grants(stage).any(Grant::edits) {
            continue;
        }
        for writes in &stage.writes {
            let glob = writes.value.as_str();
            if let Some(folder) = glob.strip_suffix('/') {
                let message = format!("`{glob}` is a folder, and `writes` names files");
                report(
                    RULE.at(writes.span, message)
                        .help(format!("`{folder}/**` is every file in it"))
                        .guess(subject.word(writes.span, glob), format!("{folder}/**")),
                );
            } else if paths::is_secret(glob) {
                let message = format!("no stage may change `{glob}`: it may hold secrets");
                report(RULE.at(writes.span, message).help(
                    "keys of the env file are set by the tool `env`; whatever else is secret is for a person",
                ));
            } else if !glob::is_literal(glob) && paths::is_protected(glob) {
                let message =
                    format!("what `{glob}` matches is protected, and a glob does not open it");
                report(RULE.at(writes.span, message).help(
                    "name each file letter by letter, so that whoever plays this sees which",
                ));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::sample::{each, of_stage};

    #[test]
    fn a_glob_that_opens_nothing_is_found() {
        let found = |glob: &str| {
            of_stage(&RULE, &format!("tools: [edit]\nwrites: ['{glob}']"), "Build it.").len()
        };
        each(
            &[
                ".env",
                ".env.local",
                "**/.env",
                "certs/*.pem",
                "src/",
                ".github/workflows/*",
                ".git/**",
                "**/CLAUDE.md",
                ".npmrc",
                "{.husky,.vscode}/**",
            ],
            1,
            found,
        );
        each(
            &[
                ".env.example",
                ".env*",
                "**",
                "src/**",
                ".github/workflows/ci.yml",
                "AGENTS.md",
                "*.md",
                ".github/**",
                "docs/.*",
                "keys.md",
                "**/*.{md,pem}",
            ],
            0,
            found,
        );
        assert_eq!(of_stage(&RULE, "writes: [.env]", "Build it."), []);
    }
}
