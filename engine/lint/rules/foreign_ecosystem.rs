//! `foreign-ecosystem`: a program, file or idiom of another language than the playbook's.

use std::collections::HashSet;

use crate::diagnostic::{Diagnostic, Level};
use crate::lint::ecosystem::{Ecosystem, Own};
use crate::lint::rule::{Profile, Report, Rule, page};
use crate::lint::speech::{Kind, Speech, Word};
use crate::lint::{Subject, language};
use crate::playbook::{CheckKind, CommandKind};
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "foreign-ecosystem",
    level: Level::Warning,
    profile: Profile::Default,
    page: page!("foreign-ecosystem"),
    diagnose: Some(diagnose),
};

/// Prose that speaks of so many other languages is for no one of them.
const MANY: usize = 3;

fn diagnose(subject: &Subject<'_>, report: Report<'_>) {
    let own = Own::of(subject);
    if !own.is_known() {
        return;
    }
    of_keys(subject, &own, report);
    for speech in subject.speeches() {
        let mut found: Vec<Found> = Vec::new();
        for sentence in &speech.sentences {
            let words = speech.said(sentence);
            // What is denied or compared is no advice.
            let denied = |word: &Word<'_>| {
                word.denies() || word.any(&["unlike", "instead", "like", "rather"])
            };
            let named: Vec<Found> = words.iter().filter_map(|word| of_word(&own, word)).collect();
            let Some(first) = named.first() else { continue };
            // A sentence that lists what several languages have is for all of them.
            let list = named.iter().any(|other| other.0.languages != first.0.languages);
            if !(list || words.iter().any(denied) || speech.is_reproved(sentence)) {
                found.extend(named.into_iter().next());
            }
        }
        in_blocks(subject, &own, speech, &mut found);
        tell(subject, &own, found, report);
    }
}

/// What is of another ecosystem: which, the word for it, and where it stands.
type Found = (&'static Ecosystem, String, Span);

/// Reports each word once. Prose that names many languages is for all, and is reported once.
fn tell(subject: &Subject<'_>, own: &Own, found: Vec<Found>, report: Report<'_>) {
    let mut languages: Vec<&str> =
        found.iter().filter_map(|found| found.0.languages.first().copied()).collect();
    languages.sort_unstable();
    languages.dedup();
    if languages.len() >= MANY {
        let (_, word, place) = &found[0];
        let message = format!(
            "this speaks of {}, and the playbook is for {}",
            languages.join(", "),
            own.name()
        );
        report(
            RULE.at(subject.word(*place, word), message).help(
                "keep what is for the playbook's language, or name all of them in `languages:`",
            ),
        );
        return;
    }
    let mut told: HashSet<String> = HashSet::new();
    for (foreign, word, place) in found {
        if told.insert(word.clone()) {
            report(finding(own, foreign, &word, subject.word(place, &word)));
        }
    }
}

/// Returns the ecosystem of a word of prose, if it is another, and what in it is of that.
fn of_word(own: &Own, word: &Word<'_>) -> Option<Found> {
    let (found, name) = match word.kind {
        Kind::Code => own.foreign_code(word.text)?,
        Kind::Plain => (own.foreign_word(word.text)?, word.text.to_owned()),
        _ => return None,
    };
    Some((found, name, word.span))
}

/// Looks into blocks whose language says nothing, and into those of the playbook's own.
fn in_blocks(subject: &Subject<'_>, own: &Own, speech: &Speech<'_>, found: &mut Vec<Found>) {
    for fence in &speech.prose.fences {
        let foreign = language::of_block(&fence.value).is_some_and(|language| {
            subject.playbook.languages.iter().all(|own| own.value != language)
        });
        // The language of the block itself is another rule's.
        if foreign {
            continue;
        }
        let text = subject.text(fence.span);
        let mut at = 0;
        for line in text.split_inclusive('\n') {
            let place = fence.span.part(at, at + line.len());
            at += line.len();
            if line.trim_start().starts_with(['`', '~', '#']) {
                continue;
            }
            if let Some((foreign, word)) = own.foreign_code(line.trim()) {
                found.push((foreign, word, place));
            }
        }
    }
}

/// Looks at the keys of the front matter that name programs and files.
fn of_keys(subject: &Subject<'_>, own: &Own, report: Report<'_>) {
    for command in &subject.playbook.commands {
        let first = command
            .words
            .first()
            .filter(|_| matches!(command.kind, CommandKind::Run | CommandKind::Exec));
        let Some(program) = first else { continue };
        if let Some(foreign) = own.foreign_program(&program.text) {
            report(finding(own, foreign, &program.text, subject.word(program.span, &program.text)));
        }
    }
    for stage in &subject.playbook.stages {
        for glob in &stage.writes {
            if let Some(foreign) = own.foreign_file(&glob.value) {
                report(finding(own, foreign, &glob.value, subject.word(glob.span, &glob.value)));
            }
        }
        for check in &stage.checks {
            let file = match &check.kind {
                CheckKind::File(file) | CheckKind::Changed(file) => file,
                CheckKind::Contains { within, .. } => within,
                CheckKind::Json { file, .. } => file,
                _ => continue,
            };
            let foreign = own.foreign_file(&file.text).filter(|_| !check.not);
            if let Some(foreign) = foreign {
                report(finding(own, foreign, &file.text, subject.word(file.span, &file.text)));
            }
        }
    }
}

fn finding(own: &Own, foreign: &Ecosystem, word: &str, place: Span) -> Diagnostic {
    let language = foreign.languages.first().copied().unwrap_or_default();
    let message = format!("`{word}` is of {language}, and the playbook is for {}", own.name());
    RULE.at(place, message)
        .help("leave it out, say what it means here, or name the language in `languages:`")
}

#[cfg(test)]
mod tests {
    use crate::lint::sample::{found, of_stages};

    fn of_python(section: &str) -> Vec<String> {
        found(
            "foreign-ecosystem",
            &of_stages("languages: [python]\n", "", &[("build", "", section)]),
        )
    }

    #[test]
    fn what_is_of_another_language_is_found() {
        for (section, at) in [
            ("Read the package.json for scripts.", "package.json"),
            ("Look into the node_modules folder.", "node_modules"),
            ("Install it with `npm install zod`.", "npm"),
            ("Change `src/basket.ts`.", "src/basket.ts"),
            ("Add the gem to the `Gemfile`.", "Gemfile"),
            ("Log it with `console.log(basket)`.", "console.log("),
            ("Do so:\n\n```sh\nnpm ci\n```", "npm"),
        ] {
            assert_eq!(of_python(section), [at], "{section}");
        }
        let writes = of_stages(
            "languages: [ruby]\n",
            "",
            &[(
                "build",
                "tools: [edit], writes: ['**/*.py'], checks: [{file: go.mod}]",
                "Build it.",
            )],
        );
        assert_eq!(found("foreign-ecosystem", &writes), ["**/*.py", "go.mod"]);
        let required = of_stages(
            "requires: [{file: Gemfile}]\n",
            "",
            &[("build", "", "Run it with `pytest -q`.")],
        );
        assert_eq!(found("foreign-ecosystem", &required), ["pytest"]);
    }

    #[test]
    fn what_every_language_has_or_prose_denies_is_left() {
        for section in [
            "Run `make test` in `docker`.",
            "Read `pyproject.toml` and requirements.txt.",
            "Do not look for a package.json.",
            "Unlike npm, pip has no scripts.",
            "Read the manifest (package.json, Gemfile, Cargo.toml or pyproject.toml).",
            "Edit `static/basket.js` and `basket.css`.",
            "Go to the cargo page and spin a yarn.",
            "Find the node of the tree.",
            "The import stands at the top.",
            "Use `basket.get(`.",
        ] {
            assert_eq!(of_python(section), Vec::<String>::new(), "{section}");
        }
        let none = of_stages("", "", &[("build", "", "Run `npm test`.")]);
        assert!(found("foreign-ecosystem", &none).is_empty());
    }

    #[test]
    fn prose_for_many_languages_is_reported_once() {
        let section = "- Read package.json.\n- Read `Gemfile`.\n- Read `go.mod`.";
        assert_eq!(of_python(section), ["package.json"]);
    }
}
