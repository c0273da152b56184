//! Prose as a reader takes it: sentences, the clauses in them, and the words in those.

mod claims;
mod clauses;
mod files;
mod list;
mod needs;
mod phrase;
mod shell;
mod stages;
mod words;

use std::ops::Range;
use std::sync::LazyLock;

use crate::lint::Subject;
use crate::playbook::{DocPlace, Prose};
use crate::source::Span;

pub(super) use claims::{Claim, claims};
pub(super) use clauses::{Clause, lemma, lemma_of_gerund};
pub(super) use files::{ending, is_file, name};
pub(super) use list::list;
pub(super) use needs::need;
pub(super) use phrase::normal;
pub(super) use shell::program;
pub(super) use stages::{Mention, mentions};
pub(super) use words::{Kind, Word};

/// What one piece of prose says.
pub(super) struct Speech<'a> {
    /// The prose.
    pub(super) prose: &'a Prose,
    /// Who reads it.
    pub(super) audience: Audience,
    /// Its sentences, in order.
    pub(super) sentences: Vec<Sentence>,
    words: Vec<Word<'a>>,
    clauses: Vec<Clause>,
}

/// Who reads a piece of prose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Audience {
    /// Every stage.
    All,
    /// One stage, by index.
    Stage(usize),
}

/// A sentence of a speech.
#[derive(Debug, Clone)]
pub(super) struct Sentence {
    /// Where it stands.
    pub(super) span: Span,
    /// In what it stands.
    pub(super) block: Block,
    /// The sentence that leads to the list it stands in.
    pub(super) lead: Option<usize>,
    /// The heading above it, by its number in the prose.
    pub(super) heading: Option<usize>,
    words: Range<usize>,
    clauses: Range<usize>,
}

/// In what a sentence stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Block {
    /// A paragraph.
    Paragraph,
    /// An item of a list, indented by so much.
    Item(usize),
    /// A cell of a table.
    Cell,
    /// A quotation.
    Quotation,
}

impl Audience {
    /// Whether some model reads both.
    pub(super) fn meets(self, other: Audience) -> bool {
        self == Audience::All || other == Audience::All || self == other
    }
}

impl<'a> Speech<'a> {
    /// Takes a piece of prose apart. The text is that of the file in which it stands.
    pub(super) fn new(text: &'a str, prose: &'a Prose, audience: Audience) -> Self {
        let mut speech = Speech {
            prose,
            audience,
            sentences: Vec::with_capacity(prose.sentences.len()),
            words: Vec::with_capacity(text.len() / 5),
            clauses: Vec::new(),
        };
        let mut next_heading = 0;
        let mut leads: Vec<(Option<usize>, usize)> = Vec::new();
        for sentence in &prose.sentences {
            let span = sentence.span;
            let passed = prose.headings[next_heading..].iter();
            let passed = passed.take_while(|(_, heading)| heading.span.start < span.start).count();
            next_heading += passed;
            let before = speech.sentences.last();
            let block = block(text, span, before.filter(|_| passed == 0));
            match block {
                Block::Item(indent) => {
                    let before = before.filter(|_| passed == 0 && speech.leads_on());
                    let outer = before.map(|before| match before.block {
                        Block::Item(outer) => Some(outer),
                        _ => None,
                    });
                    leads.extend(outer.map(|outer| (outer, speech.sentences.len() - 1)));
                    while leads.last().is_some_and(|(outer, _)| *outer >= Some(indent)) {
                        leads.pop();
                    }
                }
                _ => leads.clear(),
            }
            let (first_word, first_clause) = (speech.words.len(), speech.clauses.len());
            let slice = text.get(span.start as usize..span.end as usize).unwrap_or_default();
            words::split(slice, span, &mut speech.words);
            let words = first_word..speech.words.len();
            clauses::split(&speech.words, words.clone(), &mut speech.clauses);
            speech.sentences.push(Sentence {
                span,
                block,
                lead: leads.last().map(|(_, lead)| *lead),
                heading: next_heading.checked_sub(1),
                words,
                clauses: first_clause..speech.clauses.len(),
            });
        }
        speech
    }

    /// Whether the last sentence ends in a colon.
    fn leads_on(&self) -> bool {
        self.words.last().is_some_and(|word| word.mark(&[':']))
    }

    /// Returns words by their range.
    pub(super) fn words(&self, range: Range<usize>) -> &[Word<'a>] {
        self.words.get(range).unwrap_or_default()
    }

    /// Returns the words of a sentence.
    pub(super) fn said(&self, sentence: &Sentence) -> &[Word<'a>] {
        self.words(sentence.words.clone())
    }

    /// Returns the clauses of a sentence.
    pub(super) fn clauses(&self, sentence: &Sentence) -> &[Clause] {
        self.clauses.get(sentence.clauses.clone()).unwrap_or_default()
    }

    /// Returns the words of a clause after its verb.
    pub(super) fn after_verb(&self, clause: &Clause) -> &[Word<'a>] {
        let start = clause.verb.map_or(clause.words.end, |verb| verb + 1);
        self.words(start..clause.words.end)
    }

    /// Whether a sentence has one of these plain words.
    pub(super) fn has(&self, sentence: &Sentence, words: &[&str]) -> bool {
        self.said(sentence).iter().any(|word| word.any(words))
    }

    /// Whether what a sentence says is said to be wrong: it stands below a heading or a line such
    /// as "Never:", begins with such a word, or is marked.
    pub(super) fn is_reproved(&self, sentence: &Sentence) -> bool {
        let heading = sentence.heading.and_then(|heading| self.prose.headings.get(heading));
        let lead = sentence.lead.and_then(|lead| self.sentences.get(lead));
        let label = self.clauses(sentence).first().filter(|label| {
            let end = self.words.get(label.words.end);
            end.is_some_and(|end| end.mark(&[':'])) || label.words.start > sentence.words.start
        });
        let label = label.filter(|label| label.verb.is_none() && label.words.len() < 4);
        heading.is_some_and(|(_, heading)| {
            reproves(heading.split([' ', ',', ':', '"', '*', '`', '/']))
        }) || lead.is_some_and(|lead| reproves(self.said(lead).iter().map(|word| word.text)))
            || label.is_some_and(|label| {
                reproves(self.words(label.words.clone()).iter().map(|word| word.text))
            })
            || self.said(sentence).iter().any(|word| word.mark(&['❌', '✗', '✘', '🚫', '⛔']))
    }

    /// Returns the place of some words, from the first to the last.
    pub(super) fn place(words: &[Word<'_>]) -> Option<Span> {
        let (first, last) = (words.first()?, words.last()?);
        // The backticks belong to it.
        let ticks = |word: &Word<'_>| u32::from(word.kind == Kind::Code);
        let start = first.span.start.saturating_sub(ticks(first));
        Some(Span { start, end: last.span.end + ticks(last), ..first.span })
    }
}

/// Words of a heading or of a line above a list whose items are not to be done.
static REPROVING: LazyLock<Vec<&str>> = LazyLock::new(|| list(include_str!("reproving.txt")));

/// Whether one of these words says that what follows is wrong.
fn reproves<'w>(mut words: impl Iterator<Item = &'w str>) -> bool {
    words.any(|word| REPROVING.iter().any(|reproving| word.eq_ignore_ascii_case(reproving)))
}

/// Finds in what a sentence stands, by the line on which it begins.
fn block(text: &str, span: Span, before: Option<&Sentence>) -> Block {
    let above = text.get(..span.start as usize).unwrap_or_default();
    let line = &above[above.rfind('\n').map_or(0, |end| end + 1)..];
    let words = line.trim_start();
    let indent = line.len() - words.len();
    match words.chars().next() {
        Some('|') => return Block::Cell,
        Some('>') => return Block::Quotation,
        Some('-' | '*' | '+') if words[1..].starts_with([' ', '\t']) => return Block::Item(indent),
        Some(digit) if digit.is_ascii_digit() => {
            let mark = words.trim_start_matches(|digit: char| digit.is_ascii_digit());
            if mark.starts_with(['.', ')']) {
                return Block::Item(indent);
            }
        }
        _ => {}
    }
    let Some(before) = before else { return Block::Paragraph };
    let gap = text.get(before.span.end as usize..span.start as usize).unwrap_or_default();
    let parted = gap.matches('\n').count() > 1;
    match before.block {
        Block::Item(_) if !parted || indent > 1 => before.block,
        Block::Quotation if !parted => Block::Quotation,
        _ => Block::Paragraph,
    }
}

/// Takes a text apart that is no sentence, such as a heading.
pub(super) fn of_text(text: &str, span: Span) -> Vec<Word<'_>> {
    let mut found = Vec::new();
    words::split(text, span, &mut found);
    found
}

/// Takes every piece of prose of a playbook apart.
pub(super) fn speeches<'a>(subject: &Subject<'a>) -> Vec<Speech<'a>> {
    let playbook = subject.playbook;
    let all = std::iter::once(&playbook.preamble).chain(&playbook.includes);
    let all = all.map(|prose| (prose, Audience::All));
    let own = playbook.stages.iter().enumerate().flat_map(|(index, stage)| {
        let proses = stage.section.iter().chain(&stage.includes);
        proses.map(move |prose| (prose, Audience::Stage(index)))
    });
    let heard = all.chain(own).filter_map(|(prose, audience)| {
        let source = subject.bundle.files.get(usize::from(prose.span.file.0))?;
        Some(Speech::new(&source.text, prose, audience))
    });
    heard.collect()
}

/// Reads the documents of the library that a model can look up, each with who can.
pub(super) fn pages(subject: &Subject<'_>) -> Vec<(Prose, Audience)> {
    let playbook = subject.playbook;
    let of_stages = playbook.stages.iter().enumerate();
    let of_stages = of_stages
        .flat_map(|(index, stage)| stage.docs.iter().map(move |doc| (doc, Audience::Stage(index))));
    let docs = playbook.docs.iter().map(|doc| (doc, Audience::All)).chain(of_stages);
    let docs = docs.filter_map(|(doc, audience)| match &doc.place {
        DocPlace::File(path) => {
            Some((*subject.bundle.named.get(&path.value)?.as_ref().ok()?, audience))
        }
        DocPlace::Url(_) => None,
    });
    let airplanes = subject.bundle.airplane_files.values().flatten();
    let airplanes = airplanes.map(|file| (*file, Audience::All));
    let read = docs.chain(airplanes).filter_map(|(file, audience)| {
        let source = subject.bundle.files.get(usize::from(file.0))?;
        (ending(&source.name) == Some("md"))
            .then(|| (crate::playbook::prose(&source.text, file), audience))
    });
    read.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::Known;

    /// Calls back with what a section says.
    fn of_section(section: &str, then: impl Fn(&Speech<'_>)) {
        let text = format!(
            "---\nplaybook: 1\nname: a\ndescription: b\nstages:\n  c:\n---\n\n## c\n\n{section}\n"
        );
        let bundle = crate::playbook::load_text("p.md", &text);
        let (playbook, _) = crate::playbook::parse(&bundle);
        let known = Known::default();
        let pages = crate::lint::Pages::new();
        let subject = Subject::new(&bundle, &playbook, &known, &pages);
        then(&speeches(&subject)[1]);
    }

    /// Returns each instruction: its sign, its verb's group, and the words after its verb.
    fn instructions(section: &str) -> Vec<String> {
        let found = std::cell::RefCell::new(Vec::new());
        of_section(section, |speech| {
            for clause in speech.sentences.iter().flat_map(|sentence| speech.clauses(sentence)) {
                if clause.verb.is_none() {
                    continue;
                }
                let after: Vec<&str> =
                    speech.after_verb(clause).iter().map(|word| word.text).collect();
                let sign = if clause.negated { "not " } else { "" };
                found
                    .borrow_mut()
                    .push(format!("{sign}{} {}", clause.lemma, after.join(" ")).trim().to_owned());
            }
        });
        found.into_inner()
    }

    #[test]
    fn an_instruction_is_a_verb_and_its_object() {
        assert_eq!(instructions("Read `a.md`, then delete it."), ["read a.md", "delete it"]);
        assert_eq!(instructions("You must never edit tests."), ["not edit tests"]);
        assert_eq!(
            instructions("Avoid adding files and don't run `x`."),
            ["not add files", "not execute x"]
        );
        assert_eq!(
            instructions("Make sure to add a test and run it"),
            ["add a test", "execute it"]
        );
        let list = ["not create", "not change", "not delete files", "add one"];
        assert_eq!(instructions("Do not create, change, or delete files, add one."), list);
        assert_eq!(
            instructions("If it fails, do not retry. Always ask first"),
            ["not retry", "ask first"]
        );
    }

    #[test]
    fn what_tells_nobody_to_do_something_is_no_instruction() {
        assert!(instructions("You did not install it, run a build, lint, or tests.").is_empty());
        assert!(
            instructions("The engine adds the file. To add it costs time. Files are read.")
                .is_empty()
        );
    }

    #[test]
    fn an_item_knows_the_sentence_that_leads_to_it() {
        of_section(
            "Never:\n\n- Add a file\n  - Deep:\n    - Deeper\n- Run it.\n\nGo on.\n",
            |speech| {
                let leads: Vec<Option<usize>> = speech.sentences.iter().map(|it| it.lead).collect();
                assert_eq!(leads, [None, Some(0), Some(0), Some(2), Some(0), None]);
            },
        );
    }

    #[test]
    fn a_sentence_knows_its_block_and_its_heading() {
        of_section(
            "A.\n\n### B\n\n| C | D |\n|---|---|\n| E | F |\n\n> G.\n\n1. H. I.\n",
            |speech| {
                let blocks: Vec<Block> = speech.sentences.iter().map(|it| it.block).collect();
                let cells = [Block::Cell; 4];
                assert_eq!(blocks[0], Block::Paragraph);
                assert_eq!(blocks[1..5], cells);
                assert_eq!(blocks[5..], [Block::Quotation, Block::Item(0), Block::Item(0)]);
                let headings: Vec<Option<usize>> =
                    speech.sentences.iter().map(|it| it.heading).collect();
                assert_eq!(headings[..2], [None, Some(0)]);
            },
        );
    }
}
