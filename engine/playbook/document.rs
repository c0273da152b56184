//! Markdown as a playbook sees it: front matter, preamble, sections, and the words in them.

use std::ops::Range;

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use crate::diagnostic::Diagnostic;
use crate::expression::Template;
use crate::playbook::beginning;
use crate::playbook::{Bundle, Prose, sentence};
use crate::source::{FileId, Span, Spanned};

/// A playbook's file, taken apart.
#[derive(Debug, Default, Clone)]
pub struct Document {
    /// Bytes of the YAML, without its fences.
    pub front_matter: Option<Range<usize>>,
    /// The prose before the first level-two heading.
    pub preamble: Prose,
    /// Each level-two heading with what follows it.
    pub sections: Vec<Section>,
}

/// A level-two heading and the prose below it.
#[derive(Debug, Clone)]
pub struct Section {
    /// The id before the colon.
    pub id: Spanned<String>,
    /// The title after it.
    pub title: Option<Spanned<String>>,
    /// It is a heading by the line below it, not by `##`.
    pub underlined: bool,
    /// What stands below it.
    pub prose: Prose,
}

impl Bundle {
    /// Returns the playbook's file taken apart, whether its front matter can be read or not.
    pub fn document(&self) -> &Document {
        &self.head.document
    }
}

/// Takes a playbook apart. Never fails: what is wrong is reported beside what was found.
pub(super) fn read(text: &str, file: FileId, faults: &mut Vec<Diagnostic>) -> Document {
    let (front_matter, body) = front_matter(text, file, faults);
    let headings: Vec<Heading> =
        headings(text, body).into_iter().filter(|heading| heading.level == 2).collect();
    let mut document = Document { front_matter, ..Document::default() };
    let first = headings.first().map_or(text.len(), |heading| heading.whole.start);
    document.preamble = prose(text, body..first, file, faults);
    for (index, heading) in headings.iter().enumerate() {
        let end = headings.get(index + 1).map_or(text.len(), |next| next.whole.start);
        let words = &text[heading.words.clone()];
        let colon = words.find(':');
        let id = &words[..colon.unwrap_or(words.len())];
        let spanned = |part: &str, offset: usize| {
            let start = heading.words.start + offset + part.len() - part.trim_start().len();
            let part = part.trim();
            Spanned::new(part.to_owned(), Span::new(file, start, start + part.len()))
        };
        document.sections.push(Section {
            id: spanned(id, 0),
            title: colon.map(|colon| spanned(&words[colon + 1..], colon + 1)),
            underlined: !text[heading.whole.clone()].trim_start().starts_with('#'),
            prose: prose(text, heading.whole.end..end, file, faults),
        });
    }
    document
}

/// Reads a whole file as prose, as an include is.
pub(super) fn include(text: &str, path: &str, file: FileId, faults: &mut Vec<Diagnostic>) -> Prose {
    let start = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    Prose { path: path.to_owned(), ..prose(text, start..text.len(), file, faults) }
}

/// Reads the body of a file as prose in which nothing is a template.
pub(super) fn page(text: &str, body: usize, file: FileId) -> Prose {
    prose(text, body..text.len(), file, &mut Vec::new())
}

/// A heading that stands in no list and no quote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heading {
    /// Its level, from 1 to 6.
    pub level: u8,
    /// The heading's bytes, its line end included.
    pub whole: Range<usize>,
    /// The bytes of its text.
    pub words: Range<usize>,
}

/// Finds the front matter: only what stands at the very beginning is one.
pub(super) fn front_matter(
    text: &str,
    file: FileId,
    faults: &mut Vec<Diagnostic>,
) -> (Option<Range<usize>>, usize) {
    let start = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let mut lines = text[start..].split_inclusive('\n');
    let first = lines.next().unwrap_or_default();
    if first.trim_end() != "---" {
        faults.push(beginning::no_front_matter(text, start, file));
        return (None, start);
    }
    let yaml = start + first.len();
    let mut at = yaml;
    for line in lines {
        if matches!(line.trim_end(), "---" | "...") {
            return (Some(yaml..at), at + line.len());
        }
        at += line.len();
    }
    let span = Span::new(file, start, start + 3);
    faults.push(
        Diagnostic::error("no-front-matter", span, "the front matter is never closed")
            .help("close it with a line `---`"),
    );
    (None, text.len())
}

/// Finds the headings of a text from a byte on.
pub fn headings(text: &str, body: usize) -> Vec<Heading> {
    let mut headings = Vec::new();
    let mut open: Option<(Range<usize>, Option<Range<usize>>)> = None;
    let mut depth = 0_u32;
    for (event, range) in Parser::new_ext(&text[body..], options()).into_offset_iter() {
        let range = body + range.start..body + range.end;
        match event {
            Event::Start(Tag::Heading { .. }) if depth == 0 => open = Some((range, None)),
            Event::End(TagEnd::Heading(level)) => {
                if let Some((whole, words)) = open.take() {
                    let words = words.unwrap_or(whole.end..whole.end);
                    headings.push(Heading { level: level as u8, whole, words });
                }
            }
            Event::Start(Tag::List(_) | Tag::BlockQuote(_) | Tag::Item) => depth += 1,
            Event::End(TagEnd::List(_) | TagEnd::BlockQuote(_) | TagEnd::Item) => {
                depth = depth.saturating_sub(1);
            }
            _ => {
                if let Some((_, words)) = &mut open {
                    let start = words.as_ref().map_or(range.start, |words| words.start);
                    let end = words.as_ref().map_or(range.end, |words| words.end.max(range.end));
                    *words = Some(start..end);
                }
            }
        }
    }
    headings
}

/// Whether an event stands within a line of prose, and does not begin or end one.
fn is_inline(event: &Event<'_>) -> bool {
    let inline = |tag: &TagEnd| {
        matches!(
            tag,
            TagEnd::Emphasis
                | TagEnd::Strong
                | TagEnd::Strikethrough
                | TagEnd::Link
                | TagEnd::Image
        )
    };
    match event {
        Event::Start(tag) => inline(&tag.to_end()),
        Event::End(tag) => inline(tag),
        Event::Rule | Event::Html(_) => false,
        _ => true,
    }
}

fn prose(text: &str, range: Range<usize>, file: FileId, faults: &mut Vec<Diagnostic>) -> Prose {
    let span = Span::new(file, range.start, range.end);
    let slice = text.get(range.clone()).unwrap_or_default();
    let (template, found) = Template::parse(slice, span);
    faults.extend(found);
    let mut prose = Prose { text: template, span, ..Prose::default() };
    let at =
        |inner: &Range<usize>| Span::new(file, range.start + inner.start, range.start + inner.end);
    let mut heading: Option<(u8, Range<usize>)> = None;
    let mut run: Option<Range<usize>> = None;
    let mut in_code = false;
    for (event, inner) in Parser::new_ext(slice, options()).into_offset_iter() {
        if !is_inline(&event) {
            let sentences = run.take().map(|run| sentence::split(slice, run)).unwrap_or_default();
            let sentences = sentences.iter();
            prose.sentences.extend(
                sentences.map(|found| Spanned::new(slice[found.clone()].to_owned(), at(found))),
            );
        } else if heading.is_none() && !in_code {
            run = Some(run.map_or(inner.clone(), |run| run.start..run.end.max(inner.end)));
        }
        match event {
            Event::Code(word) => {
                prose.code_words.push(Spanned::new(word.into_string(), at(&inner)));
            }
            Event::Start(Tag::Heading { level, .. }) => heading = Some((level as u8, inner)),
            Event::End(TagEnd::Heading(_)) => {
                if let Some((level, inner)) = heading.take() {
                    let words =
                        slice[inner.clone()].trim_matches(['#', ' ', '\n', '\r']).to_owned();
                    prose.headings.push((level, Spanned::new(words, at(&inner))));
                }
            }
            Event::End(TagEnd::CodeBlock) => in_code = false,
            Event::Start(Tag::CodeBlock(kind)) => {
                in_code = true;
                let language = match kind {
                    pulldown_cmark::CodeBlockKind::Fenced(info) => {
                        info.split_whitespace().next().unwrap_or_default().to_owned()
                    }
                    pulldown_cmark::CodeBlockKind::Indented => String::new(),
                };
                prose.fences.push(Spanned::new(language, at(&inner)));
            }
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                prose.links.push(Spanned::new(dest_url.into_string(), at(&inner)));
            }
            _ => {}
        }
    }
    prose
}

fn options() -> Options {
    Options::ENABLE_TABLES | Options::ENABLE_TASKLISTS | Options::ENABLE_STRIKETHROUGH
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(text: &str) -> (Document, Vec<Diagnostic>) {
        let mut faults = Vec::new();
        let document = read(text, FileId(0), &mut faults);
        (document, faults)
    }

    #[test]
    fn level_two_headings_are_sections() {
        let text = "---\na: 1\n---\nHello\n\n## one: The first\ntext\n```md\n## not\n```\n## two\n";
        let (document, faults) = document(text);
        assert_eq!(faults, []);
        assert_eq!(&text[document.front_matter.unwrap()], "a: 1\n");
        assert_eq!(document.preamble.text.text.trim(), "Hello");
        let ids: Vec<&str> =
            document.sections.iter().map(|section| section.id.value.as_str()).collect();
        assert_eq!(ids, ["one", "two"]);
        let title = document.sections[0].title.clone().unwrap();
        assert_eq!(&text[title.span.start as usize..title.span.end as usize], "The first");
        assert!(document.sections[0].prose.text.text.contains("## not"));
    }

    #[test]
    fn a_front_matter_that_is_not_one_is_said() {
        for text in ["", "# a\n", "\n---\na: 1\n---\n", "---\na: 1\n"] {
            let (document, faults) = document(text);
            assert!(document.front_matter.is_none(), "{text:?}");
            assert_eq!(faults.len(), 1, "{text:?}");
        }
    }

    #[test]
    fn windows_line_ends_and_a_byte_order_mark_are_accepted() {
        let text = "\u{feff}---\r\na: 1\r\n---\r\n## one\r\n";
        let (document, faults) = document(text);
        assert_eq!(faults, []);
        assert_eq!(document.sections[0].id.value, "one");
    }
}
