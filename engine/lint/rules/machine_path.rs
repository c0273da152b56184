//! `machine-path`: the path of a folder on somebody's own machine.

use std::sync::LazyLock;

use regex::Regex;

use crate::diagnostic::Level;
use crate::lint::Subject;
use crate::lint::rule::{Profile, Report, Rule, page};
use crate::lint::speech::list;
use crate::source::{FileId, Span};

pub(super) const RULE: Rule = Rule {
    name: "machine-path",
    level: Level::Warning,
    profile: Profile::Default,
    page: page!("machine-path"),
    diagnose: Some(diagnose),
};

/// A home folder with its owner's name.
static HOME: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r#"(?:/Users/|/home/|\b[A-Za-z]:\\{1,2}Users\\{1,2})([A-Za-z][\w.-]*)[^\s`"')>\]]*"#)
        .ok()
});

/// Names that stand for whoever it is, and users of containers and build machines.
static NOBODY: LazyLock<Vec<&str>> = LazyLock::new(|| list(include_str!("nobody.txt")));

fn diagnose(subject: &Subject<'_>, report: Report<'_>) {
    let Some(home) = &*HOME else { return };
    let front = Span { file: FileId(0), start: 0, end: subject.playbook.preamble.span.start };
    let references = subject.references().iter().map(|speech| speech.prose.span);
    for span in
        std::iter::once(front).chain(subject.proses().map(|prose| prose.span)).chain(references)
    {
        let text = subject.text(span);
        if !text.contains("/home/") && !text.contains("Users") {
            continue;
        }
        for found in home.captures_iter(text) {
            let (Some(whole), Some(owner)) = (found.get(0), found.get(1)) else { continue };
            // In an address or below another folder it is no home.
            let before = text[..whole.start()].chars().next_back();
            let inside = before.is_some_and(|before| {
                before.is_alphanumeric() || matches!(before, '/' | '.' | '_' | '-' | '}' | '~')
            });
            if inside || NOBODY.iter().any(|nobody| owner.as_str().eq_ignore_ascii_case(nobody)) {
                continue;
            }
            let shown = whole.as_str().trim_end_matches(['.', ',', ':', ';', '*']);
            let place = span.part(whole.start(), whole.start() + shown.len());
            report(
                RULE.at(
                    place,
                    format!("`{shown}` is a place on one machine, and this is played on others"),
                )
                .help("name it relative to the project, or make it an input"),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::lint::sample::{finds, silent};

    #[test]
    fn a_path_of_one_machine_is_found() {
        finds(
            "machine-path",
            &[
                ("Read `/Users/akhil/shop/a.md`.", "/Users/akhil/shop/a.md"),
                ("Look in /home/maria/shop, then go on.", "/home/maria/shop"),
                ("Read `C:\\Users\\Maria\\shop`.", "C:\\Users\\Maria\\shop"),
                ("```sh\ncd /home/maria/shop\n```", "/home/maria/shop"),
                ("Open (/Users/x.y/a).", "/Users/x.y/a"),
            ],
        );
    }

    #[test]
    fn a_path_of_anybody_is_left() {
        silent(
            "machine-path",
            &[
                "Read `/home/user/a.md`.",
                "Read `/Users/<name>/a.md`.",
                "Read `/home/$USER/a.md`.",
                "See https://a.de/home/maria/page.",
                "Read `src/home/maria.ts`.",
                "Users of the page go home.",
                "Read `/home/runner/work`.",
                "The route `/users/all` is old.",
                "Go to `/home/`.",
                "Read `~/home/notes`.",
            ],
        );
    }
}
