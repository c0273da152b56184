//! `wide-writes`: a glob that lets a stage change every file.

use crate::diagnostic::Level;
use crate::lint::Subject;
use crate::lint::rule::{Profile, Report, Rule, page};
use crate::playbook::glob;

pub(super) const RULE: Rule = Rule {
    name: "wide-writes",
    level: Level::Warning,
    profile: Profile::Default,
    page: page!("wide-writes"),
    diagnose: Some(diagnose),
};

/// Files of which a glob that matches all stands open for any, and how much that is.
const REACHES: [(&[&str], &str); 3] = [
    (&["readme.md", "package.json", "src/main.rs", "a/b/c.d"], "every file of the project"),
    (&["src/main.rs", "docs/a.md", "a/b/c.d"], "every file in a folder"),
    (&["readme.md", "package.json", "index.js"], "every file of the project's root"),
];

fn diagnose(subject: &Subject<'_>, report: Report<'_>) {
    for stage in &subject.playbook.stages {
        let edits = subject.playbook.grants(stage).any(crate::playbook::Grant::edits);
        for writes in stage.writes.iter().filter(|it| edits && is_unnamed(it)) {
            let reaches = |files: &[&str]| files.iter().all(|file| glob::matches(writes, file));
            let reach = REACHES.iter().find(|(files, _)| reaches(files));
            if let Some((_, reach)) = reach {
                let message = format!("`{}` may change {reach}", stage.id.value);
                report(RULE.at(writes.span, message).help(
                    "name the folders or the kinds of files that it is about, such as `src/**/*.ts`",
                ));
            }
        }
    }
}

/// Whether a glob may match a file without naming any part of its path.
pub(super) fn is_unnamed(glob: &str) -> bool {
    let unnamed = |part: &str| !part.contains(char::is_alphanumeric);
    glob.contains('*') && (unnamed(glob) || glob::patterns(glob).iter().any(|it| unnamed(it)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::sample::of_stage;

    #[test]
    fn a_glob_that_leaves_nothing_out_is_wide() {
        let found = |glob: &str| {
            let keys = format!("tools: [edit]\nwrites: ['{glob}']");
            of_stage(&RULE, &keys, "Build it.").into_iter().map(|it| it.message).next()
        };
        for glob in ["**", "**/*", "./**", "**/**", "{*,**/*}", "**/*.*", "**/{*,.*}"] {
            assert!(found(glob).is_some_and(|it| it.contains("of the project")), "{glob}");
        }
        for glob in ["*", "*.*", "./*", "{*,x}"] {
            assert!(found(glob).is_some_and(|it| it.contains("root")), "{glob}");
        }
        assert!(found("*/**").is_some_and(|it| it.contains("in a folder")));
        for glob in
            ["src/**", "**/*.ts", "*.md", "**/src/**", "a.md", "**/*.{ts,md}", "*/*.md", "docs/*"]
        {
            assert_eq!(found(glob), None, "{glob}");
        }
    }
}
