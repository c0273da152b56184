//! What is of one language's world: its programs, files, words and idioms.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::lint::Subject;
use crate::lint::speech::{ending, is_file, name};
use crate::playbook::RequirementKind;

/// The world of one language, or of several that share it.
#[derive(Debug, Default)]
pub(super) struct Ecosystem {
    /// The languages, the best known first.
    pub(super) languages: Vec<&'static str>,
    idioms: Vec<&'static str>,
}

/// What a word is in its ecosystem.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Part {
    Program,
    File,
    Ending,
    Word,
}

struct Table {
    ecosystems: Vec<Ecosystem>,
    parts: HashMap<&'static str, Vec<(Part, usize)>>,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let mut table = Table { ecosystems: Vec::new(), parts: HashMap::new() };
    for line in include_str!("ecosystems.txt").lines().filter(|line| !line.starts_with('#')) {
        if let Some(languages) = line.strip_prefix('[') {
            let languages = languages.trim_end_matches(']').split(' ').collect();
            table.ecosystems.push(Ecosystem { languages, idioms: Vec::new() });
            continue;
        }
        let Some((kind, words)) = line.split_once(' ') else { continue };
        let part = match kind {
            "programs" => Part::Program,
            "files" => Part::File,
            "endings" => Part::Ending,
            "words" => Part::Word,
            _ => {
                if let Some(last) = table.ecosystems.last_mut() {
                    last.idioms.push(words);
                }
                continue;
            }
        };
        let index = table.ecosystems.len().saturating_sub(1);
        for word in words.split(' ') {
            table.parts.entry(word).or_default().push((part, index));
        }
    }
    table
});

/// The ecosystems that a playbook is for. Empty where it does not say.
pub(super) struct Own(Vec<usize>);

impl Own {
    /// Returns those of its languages; where it names none, those whose files it requires.
    pub(super) fn of(subject: &Subject<'_>) -> Own {
        let playbook = subject.playbook;
        let index = |language: &str| {
            TABLE.ecosystems.iter().position(|ecosystem| ecosystem.languages.contains(&language))
        };
        let languages = playbook.languages.iter();
        let mut own: Vec<usize> = languages.filter_map(|language| index(&language.value)).collect();
        if playbook.languages.is_empty() {
            let required = playbook.requires.iter().filter(|required| !required.not);
            own.extend(required.filter_map(|required| match &required.kind {
                RequirementKind::File(file) => part(Part::File, name(file)),
                RequirementKind::Data(data) => part(Part::File, name(&data.file)),
                _ => None,
            }));
        }
        Own(own)
    }

    /// Whether the playbook says for what it is.
    pub(super) fn is_known(&self) -> bool {
        !self.0.is_empty()
    }

    /// Returns the first of its ecosystems.
    pub(super) fn name(&self) -> String {
        let names = self.0.iter().map(|index| TABLE.ecosystems[*index].languages[0]);
        let mut names: Vec<&str> = names.collect();
        names.dedup();
        names.join(", ")
    }

    /// Returns the ecosystem of a word of prose, if it is another than the playbook's.
    pub(super) fn foreign_word(&self, word: &str) -> Option<&'static Ecosystem> {
        let lower = word.to_ascii_lowercase();
        self.foreign(part(Part::File, name(word)).or_else(|| part(Part::Word, &lower)))
    }

    /// Returns the ecosystem of a program, if it is another than the playbook's.
    pub(super) fn foreign_program(&self, program: &str) -> Option<&'static Ecosystem> {
        self.foreign(part(Part::Program, program))
    }

    /// Returns the ecosystem of a file or of a glob, if it is another than the playbook's.
    pub(super) fn foreign_file(&self, file: &str) -> Option<&'static Ecosystem> {
        let by_name = part(Part::File, name(file));
        let by_ending = || ending(file).and_then(|ending| part(Part::Ending, ending));
        self.foreign(by_name.or_else(by_ending))
    }

    /// Returns the idiom that a piece of code has and its ecosystem, if that is another.
    pub(super) fn foreign_idiom(&self, code: &str) -> Option<(&'static Ecosystem, &'static str)> {
        let others = TABLE.ecosystems.iter().enumerate();
        let mut others = others.filter(|(index, _)| !self.0.contains(index));
        others.find_map(|(_, ecosystem)| {
            let idiom = ecosystem.idioms.iter().find(|idiom| code.contains(**idiom));
            idiom.map(|idiom| (ecosystem, *idiom))
        })
    }

    /// Returns the ecosystem of a piece of code in backticks, if it is another: of the program that
    /// it begins with, of a file that it names, or of an idiom.
    pub(super) fn foreign_code(&self, code: &str) -> Option<(&'static Ecosystem, String)> {
        let mut words = code.split_whitespace();
        let first = words.next()?;
        if let Some(found) = self.foreign_program(first).filter(|_| words.next().is_some()) {
            return Some((found, first.to_owned()));
        }
        for word in code.split_whitespace() {
            let found =
                if is_file(word) { self.foreign_file(word) } else { self.foreign_word(word) };
            if let Some(found) = found {
                return Some((found, word.to_owned()));
            }
        }
        self.foreign_idiom(code).map(|(found, idiom)| (found, idiom.to_owned()))
    }

    fn foreign(&self, index: Option<usize>) -> Option<&'static Ecosystem> {
        let index = index.filter(|index| self.is_known() && !self.0.contains(index))?;
        TABLE.ecosystems.get(index)
    }
}

/// Returns the ecosystem of which a word is such a part.
fn part(part: Part, word: &str) -> Option<usize> {
    TABLE.parts.get(word)?.iter().find(|(kind, _)| *kind == part).map(|(_, index)| *index)
}
