//! Prose of other people's, taken apart into the sections of stages.

use crate::import::names::{Names, snake};
use crate::playbook::{Heading, headings};

/// A section that is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Section {
    /// The stage's id.
    pub(super) id: String,
    /// What people see of it.
    pub(super) title: String,
    /// Its prose.
    pub(super) text: String,
}

/// Prose, taken apart.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Body {
    /// What every stage is told.
    pub(super) preamble: String,
    /// One, or one for each step that the headings name.
    pub(super) sections: Vec<Section>,
    /// The byte of what follows the last step and stands in the preamble now.
    pub(super) moved: Option<usize>,
    /// The byte of the first step.
    pub(super) first: Option<usize>,
}

/// Takes prose apart: into one section, or into one for each step where its level-two headings
/// are numbered as such. Every other heading goes one level down.
pub(super) fn split(text: &str, name: &str, title: &str) -> Body {
    let found = headings(text, 0);
    let steps = steps(text, &found);
    if let Some(body) = steps.map(|steps| in_steps(text, &found, &steps))
        && is_whole(&body)
    {
        return body;
    }
    let (title, start) = match found.first() {
        Some(first) if first.level == 1 && text[..first.whole.start].trim().is_empty() => {
            (words(text, first), first.whole.end)
        }
        _ => (title.to_owned(), 0),
    };
    let section = Section {
        id: snake(name).unwrap_or_else(|| "work".to_owned()),
        title,
        text: lowered(text, &found, start, text.len()),
    };
    Body { sections: vec![section], ..Body::default() }
}

/// A heading that says which step it is.
struct Step {
    /// Its index among the headings.
    index: usize,
    title: String,
}

/// Returns the level-two headings that are steps, where there are several and they count up.
fn steps(text: &str, headings: &[Heading]) -> Option<Vec<Step>> {
    let mut steps = Vec::new();
    let mut last = None;
    for (index, heading) in headings.iter().enumerate().filter(|(_, it)| it.level == 2) {
        let Some((number, title)) = numbered(&words(text, heading)) else { continue };
        if last.map_or(number > 1, |last| number <= last) {
            return None;
        }
        last = Some(number);
        steps.push(Step { index, title });
    }
    (steps.len() > 1).then_some(steps)
}

/// Reads `Step 2: Fix it`, `Phase 1 – Look` or `3. Report`: the number, and the words behind it.
fn numbered(words: &str) -> Option<(u32, String)> {
    let words = words.trim_start_matches(|letter: char| !letter.is_alphanumeric());
    let letters = words.find(|letter: char| !letter.is_alphabetic()).unwrap_or(words.len());
    let named = ["step", "phase", "stage"].contains(&words[..letters].to_lowercase().as_str());
    if letters > 0 && !named {
        return None;
    }
    let rest = words[letters..].trim_start_matches([' ', '#', '-', '\u{a0}']);
    let digits = rest.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(rest.len());
    let number = rest[..digits].parse().ok()?;
    let rest = &rest[digits..];
    let marks = |letter: char| matches!(letter, ':' | '.' | ')' | '-' | '–' | '—' | '|' | '*');
    let behind = rest.trim_start_matches(|letter| letter == ' ' || marks(letter));
    let ends =
        rest.is_empty() || rest.trim_start().starts_with(marks) || (named && rest.starts_with(' '));
    // `1.2` counts a part of something else.
    let inner =
        rest.strip_prefix('.').is_some_and(|it| it.starts_with(|it: char| it.is_ascii_digit()));
    let title = behind.trim_end_matches(['*', ' ', ':']).to_owned();
    (ends && !inner && (named || !title.is_empty())).then_some((number, title))
}

fn in_steps(text: &str, headings: &[Heading], steps: &[Step]) -> Body {
    let start = |step: &Step| headings[step.index].whole.start;
    let mut body = Body { first: steps.first().map(start), ..Body::default() };
    let first = body.first.unwrap_or(text.len());
    body.preamble = lowered(text, headings, 0, first);
    let mut names = Names::default();
    for (at, step) in steps.iter().enumerate() {
        let begin = headings[step.index].whole.end;
        let next = steps.get(at + 1);
        // What follows the last step under a heading of its own is for all of them.
        let end = next.map(start).or_else(|| {
            let after = headings[step.index + 1..].iter().find(|it| it.level <= 2)?;
            Some(after.whole.start)
        });
        let end = end.unwrap_or(text.len());
        let title = if step.title.is_empty() {
            words(text, &headings[step.index])
        } else {
            step.title.clone()
        };
        let otherwise = format!("step_{}", at + 1);
        let id = names.give(if step.title.is_empty() { &otherwise } else { &title }, &otherwise);
        body.sections.push(Section { id, title, text: lowered(text, headings, begin, end) });
        if next.is_none() && end < text.len() {
            body.tell(&lowered(text, headings, end, text.len()));
            body.moved = Some(end);
        }
    }
    body
}

/// Whether the sections are found again in the prose that is made of them: a block that is never
/// closed would swallow those behind it.
pub(super) fn is_whole(body: &Body) -> bool {
    let text = body.render();
    let found = headings(&text, 0).into_iter().filter(|heading| heading.level == 2);
    let found: Vec<String> = found.map(|heading| words(&text, &heading)).collect();
    let wanted = body.sections.iter().map(|section| one_line(&section.heading()));
    found == wanted.collect::<Vec<_>>()
}

impl Body {
    /// Adds to what every stage is told.
    pub(super) fn tell(&mut self, text: &str) {
        let parts = [self.preamble.trim(), text.trim()];
        let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        self.preamble = parts.join("\n\n");
    }

    /// Writes the prose of a playbook.
    pub(super) fn render(&self) -> String {
        let mut text = String::new();
        let sections = self.sections.iter();
        let sections =
            sections.map(|it| format!("## {}\n\n{}", it.heading(), it.text.trim_matches('\n')));
        for part in std::iter::once(self.preamble.trim_matches('\n').to_owned()).chain(sections) {
            let part = part.trim_end();
            if !part.is_empty() {
                text.push_str(&format!("\n{part}\n"));
            }
        }
        text
    }
}

impl Section {
    fn heading(&self) -> String {
        format!("{}: {}", self.id, self.title)
    }
}

/// Returns a part of a text in which every heading but those of level one is a level lower.
pub(super) fn lower(text: &str) -> String {
    lowered(text, &headings(text, 0), 0, text.len())
}

fn lowered(text: &str, headings: &[Heading], start: usize, end: usize) -> String {
    let mut lower = String::with_capacity(end - start);
    let mut at = start;
    let inside = headings.iter().filter(|it| it.whole.start >= start && it.whole.end <= end);
    for heading in inside.filter(|heading| (2..6).contains(&heading.level)) {
        lower.push_str(&text[at..heading.whole.start]);
        let whole = &text[heading.whole.clone()];
        if whole.trim_start().starts_with('#') {
            lower.push('#');
            lower.push_str(whole.trim_start());
        } else {
            let line_end = if whole.ends_with('\n') { "\n" } else { "" };
            lower.push_str(&format!("### {}{line_end}", words(text, heading)));
        }
        at = heading.whole.end;
    }
    lower.push_str(&text[at..end]);
    lower
}

fn words(text: &str, heading: &Heading) -> String {
    one_line(&text[heading.words.clone()])
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prose_without_steps_is_one_section_under_its_title() {
        let text = "\n# PDF guide\n\nRead.\n\n## Overview\n\n- ## not\n\n### Deep\n\nUnder\n---\n\n```\n## code\n```\n";
        let body = split(text, "pdf-forms", "x");
        let [section] = &body.sections[..] else { panic!("{body:?}") };
        assert_eq!((section.id.as_str(), section.title.as_str()), ("pdf_forms", "PDF guide"));
        let wanted =
            "\nRead.\n\n### Overview\n\n- ## not\n\n#### Deep\n\n### Under\n\n```\n## code\n```\n";
        assert_eq!(section.text, wanted);
        assert!(is_whole(&body));
    }

    #[test]
    fn numbered_headings_are_steps() {
        let text = "# T\n\nHello.\n\n## When\n\nNow.\n\n## Step 1: Look\n\nA.\n\n## Aside\n\nB.\n\n## Step 2 – Fix *it*\n\nC.\n\n### More\n\n## Rules\n\nD.\n";
        let body = split(text, "x", "x");
        let ids: Vec<&str> = body.sections.iter().map(|section| section.id.as_str()).collect();
        assert_eq!(ids, ["look", "fix_it"]);
        assert_eq!(body.preamble, "# T\n\nHello.\n\n### When\n\nNow.\n\n### Rules\n\nD.");
        assert_eq!(body.sections[0].text, "\nA.\n\n### Aside\n\nB.\n\n");
        assert_eq!(body.sections[1].text, "\nC.\n\n#### More\n\n");
        assert_eq!(&text[body.moved.unwrap()..][..8], "## Rules");
    }

    #[test]
    fn what_counts_up_is_a_step_and_nothing_else_is() {
        for (words, wanted) in [
            ("Step 1: Look", Some((1, "Look"))),
            ("Phase 0", Some((0, ""))),
            ("🔍 Stage #3 (later)", Some((3, "(later)"))),
            ("**Step 2**", Some((2, ""))),
            ("2) Fix", Some((2, "Fix"))),
            ("2 - Fix", Some((2, "Fix"))),
            ("3 ways to fail", None),
            ("1.2 Details", None),
            ("2024 roadmap", None),
            ("Steps", None),
            ("Step by step", None),
            ("Stepping 1", None),
            ("", None),
        ] {
            let found = numbered(words);
            let found = found.as_ref().map(|(number, title)| (*number, title.as_str()));
            assert_eq!(found, wanted, "{words}");
        }
        for text in ["## Step 1\n\n## Step 1\n", "## Step 2\n\n## Step 3\n", "## Step 1\n"] {
            assert_eq!(split(text, "x", "x").sections.len(), 1, "{text}");
        }
    }

    #[test]
    fn a_block_that_swallows_a_step_leaves_one_section() {
        let text = "## Step 1\n\na\n\n## Step 2\n\nb\n\n## Rules\n\n```\nnever closed\n";
        let body = split(text, "x", "x");
        assert_eq!(body.sections.len(), 1);
        assert!(is_whole(&body));
    }
}
