//! `path-mismatch`: a file that is written at one path and read at another.

use crate::diagnostic::Level;
use crate::lint::Subject;
use crate::lint::rule::{Profile, Report, Rule, page};
use crate::lint::slip::is_slip_of;
use crate::lint::speech::{Audience, ending, is_file, name};
use crate::playbook::CheckKind;
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "path-mismatch",
    level: Level::Warning,
    profile: Profile::Default,
    page: page!("path-mismatch"),
    diagnose: Some(diagnose),
};

/// Verbs after which a path is where something is put, and where something is taken from.
const WRITES: [&str; 8] = ["write", "create", "save", "record", "put", "emit", "export", "produce"];
const READS: [&str; 11] = [
    "read", "open", "search", "find", "parse", "inspect", "take", "use", "review", "import",
    "follow",
];

/// Shorter names are too much like others.
const SHORTEST: usize = 10;

/// A file that the playbook speaks of.
struct Named<'a> {
    path: &'a str,
    place: Span,
    audience: Audience,
}

fn diagnose(subject: &Subject<'_>, report: Report<'_>) {
    let (written, read) = named(subject);
    if written.is_empty() || read.is_empty() {
        return;
    }
    for file in &read {
        // What is written where it is read is right, whatever else is written.
        if written.iter().any(|other| same(other.path, file.path)) || is_common(file.path) {
            continue;
        }
        let meant = |other: &&Named<'_>| {
            name(other.path) == name(file.path) || is_like(other.path, file.path)
        };
        // Within one section, a name alone is short for the path.
        let mut others = written.iter().filter(|other| other.audience != file.audience);
        let Some(other) = others.find(meant) else { continue };
        // What is read where it was written too is known to its readers.
        let mut known = read.iter().filter(|reader| reader.audience == file.audience);
        if known.any(|reader| same(reader.path, other.path)) {
            continue;
        }
        let message = format!("`{}` is read here, and written as `{}`", file.path, other.path);
        report(
            RULE.at(file.place, message)
                .related(other.place, "written here")
                .help("name one path in both places")
                .guess(file.place, other.path),
        );
    }
}

/// Whether two paths lie in one folder and their names are a slip of the pen apart; a number that
/// differs makes another file.
fn is_like(one: &str, other: &str) -> bool {
    let folder = |path: &str| path.len() - name(path).len();
    let (short, long) = (name(one), name(other));
    let counts = |path: &str| path.bytes().filter(u8::is_ascii_digit).count();
    one[..folder(one)] == other[..folder(other)]
        && ending(one) == ending(other)
        && short.len().min(long.len()) >= SHORTEST
        && counts(one) == 0
        && counts(other) == 0
        && is_slip_of(short, long)
}

/// Returns the files that are said to be written, and those that are said to be read.
fn named<'a>(subject: &Subject<'a>) -> (Vec<Named<'a>>, Vec<Named<'a>>) {
    let (mut written, mut read) = (Vec::new(), Vec::new());
    for speech in subject.speeches() {
        for clause in speech.sentences.iter().flat_map(|sentence| speech.clauses(sentence)) {
            let list = if clause.orders(&WRITES) {
                &mut written
            } else if clause.orders(&READS) {
                &mut read
            } else {
                continue;
            };
            let files = speech.after_verb(clause).iter().filter(|word| is_file(word.text));
            let files = files.map(|word| Named {
                path: word.text,
                place: word.span,
                audience: speech.audience,
            });
            list.extend(files);
        }
    }
    for (index, stage) in subject.playbook.stages.iter().enumerate() {
        for check in stage.checks.iter().filter(|check| !check.not) {
            let (CheckKind::File(file) | CheckKind::Json { file, .. } | CheckKind::Changed(file)) =
                &check.kind
            else {
                continue;
            };
            if is_file(&file.text) {
                let place = subject.word(file.span, &file.text);
                written.push(Named {
                    path: subject.text(place),
                    place,
                    audience: Audience::Stage(index),
                });
            }
        }
    }
    (written, read)
}

fn same(one: &str, other: &str) -> bool {
    one.trim_start_matches("./") == other.trim_start_matches("./")
}

/// Whether many folders have a file of this name.
fn is_common(path: &str) -> bool {
    let name = name(path);
    let stem = name.split('.').find(|part| !part.is_empty()).unwrap_or(name);
    let stem = stem.to_ascii_lowercase();
    let common = [
        "readme",
        "index",
        "main",
        "mod",
        "lib",
        "__init__",
        "package",
        "page",
        "layout",
        "route",
        "config",
        "settings",
        "env",
        "gitignore",
        "app",
        "skill",
        "claude",
        "agents",
        "changelog",
        "license",
        "setup",
        "utils",
        "types",
        "test",
        "makefile",
        "dockerfile",
        "conftest",
        "tsconfig",
    ];
    common.contains(&stem.as_str())
}

#[cfg(test)]
mod tests {
    use crate::lint::sample::{found, of_stages};

    fn between(keys: &str, first: &str, second: &str) -> Vec<String> {
        found("path-mismatch", &of_stages("", "", &[("plan", keys, first), ("build", "", second)]))
    }

    #[test]
    fn a_file_read_where_it_was_not_written_is_found() {
        let at = ["events.json"];
        assert_eq!(
            between(
                "",
                "Write the events to `.cache/events.json`.",
                "Read `events.json` for them."
            ),
            at
        );
        assert_eq!(
            between("", "Save them as `out/plan.md`.", "Open `docs/plan.md`."),
            ["docs/plan.md"]
        );
        assert_eq!(
            between("checks: [{file: out/plan.md}]", "Plan.", "Read `plan.md`."),
            ["plan.md"]
        );
    }

    #[test]
    fn a_file_that_is_there_or_short_for_its_path_is_left() {
        for (first, second) in [
            ("Write `out/plan.md`.", "Read `out/plan.md`."),
            ("Write `./plan.md`.", "Read `plan.md`."),
            ("Write to `out/plan.md`. Read `plan.md` again.", "Build it."),
            ("Create `out/index.ts`.", "Read `src/index.ts`."),
            ("Write to `out/plan.md`.", "Read `docs/style.md`."),
            ("Write `a/plan.md` and create `b/plan.md`.", "Read `b/plan.md`."),
            ("Never write to `a/plan.md`.", "Read `b/plan.md`."),
            ("Create `app/README.md`.", "Read `README.md`."),
            ("Create `out/plan.md`.", "Read `out/plan.md`. Then read `plan.md` again."),
            ("Create `out/chapter-1.md`.", "Read `out/chapter-2.md`."),
            ("Create `out/a.md`.", "Read `out/b.md`."),
            ("Read `b/plan.md`.", "Write to `a/style.md`."),
        ] {
            assert_eq!(between("", first, second), Vec::<String>::new(), "{first} {second}");
        }
    }
}
