//! The pieces of a reference: the files of an airplane, the sections of a doc.

use std::collections::HashMap;
use std::fmt::Write as _;

use crate::reference::{Reference, ReferenceKind, tokens};

/// A file, or a heading with what stands below it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Piece<'a> {
    /// The path of a file, or the words of a heading.
    pub(super) title: String,
    /// The level of a heading, from 1.
    pub(super) level: usize,
    /// All of it: with the headings below, for a heading.
    pub(super) text: &'a str,
    /// Bytes of the text before the first heading below.
    pub(super) own: usize,
}

/// The title of what stands before a doc's first heading.
const BEGINNING: &str = "beginning";

/// Takes a reference apart, in the order of its text.
pub(super) fn pieces(reference: &Reference) -> Vec<Piece<'_>> {
    match reference.kind {
        ReferenceKind::Airplane => {
            let files = contents_of(&reference.text, &reference.files).into_iter();
            let piece = |(title, text): (&str, _)| Piece {
                title: title.to_owned(),
                level: 1,
                text,
                own: str::len(text),
            };
            files.map(piece).collect()
        }
        ReferenceKind::Doc | ReferenceKind::File => sections(&reference.text),
    }
}

/// Finds the fenced files of a flattened airplane. Its first piece is what stands before them.
///
/// **Invariant:** a fence is longer than any run of backticks in its file, so that the next one
/// as long closes it, whatever the file says.
pub(super) fn contents_of<'a>(
    text: &'a str,
    files: &'a [(String, u64)],
) -> Vec<(&'a str, &'a str)> {
    let mut files = files.iter().map(|(path, _)| path.as_str());
    let mut rest = text;
    let mut pieces = Vec::new();
    let mut push = |title, text| pieces.push((title, text));
    if let Some(first) = files.next() {
        let next = files.clone().next().and_then(|next| rest.find(&opening(next)));
        let (before, after) = rest.split_at(next.unwrap_or(rest.len()));
        push(first, before);
        rest = after;
    }
    for path in files {
        let opening = opening(path);
        let Some(fenced) = rest.find(&opening).map(|at| &rest[at + opening.len()..]) else { break };
        let ticks = &fenced[..fenced.len() - fenced.trim_start_matches('`').len()];
        let start = fenced.find('\n').map_or(fenced.len(), |end| end + 1);
        let length = fenced[start..].find(ticks).unwrap_or(fenced.len() - start);
        push(path, &fenced[start..start + length]);
        rest = &fenced[start + length..];
    }
    pieces
}

fn opening(path: &str) -> String {
    format!("\n\n## `{path}`\n\n")
}

/// Finds the headings of a markdown text: those that begin with `#` and stand in no fence.
pub(super) fn sections(text: &str) -> Vec<Piece<'_>> {
    let headings = headings(text);
    let first = headings.first().map_or(text.len(), |heading| heading.at);
    let mut pieces = Vec::new();
    if !text[..first].trim().is_empty() {
        let text = &text[..first];
        pieces.push(Piece { title: BEGINNING.to_owned(), level: 1, text, own: text.len() });
    }
    for (index, heading) in headings.iter().enumerate() {
        let after = &headings[index + 1..];
        let end = after.iter().find(|next| next.level <= heading.level);
        let own = after.first().map_or(text.len(), |next| next.at) - heading.at;
        pieces.push(Piece {
            title: heading.words.clone(),
            level: heading.level,
            text: &text[heading.at..end.map_or(text.len(), |next| next.at)],
            own,
        });
    }
    pieces
}

/// Returns the section that stands behind `#` in an address: by the words of its heading, or by
/// the name that it has in `{#name}`.
pub(super) fn section_at<'a>(text: &'a str, anchor: &str) -> Option<&'a str> {
    let anchor = fold(anchor);
    let found = sections(text).into_iter().find(|piece| {
        let line = piece.text.lines().next().unwrap_or_default();
        let named = line.rsplit_once("{#").map(|(_, name)| name.trim_end_matches(['}', ' ', '#']));
        line.starts_with('#')
            && (fold(&piece.title) == anchor || named.map(fold).as_ref() == Some(&anchor))
    });
    found.map(|piece| piece.text).filter(|_| !anchor.is_empty())
}

/// A heading of a markdown text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heading {
    /// The byte at which its line begins.
    pub at: usize,
    /// Its level, from 1.
    pub level: usize,
    /// Its words, without marks.
    pub words: String,
}

/// Finds the headings of a markdown text, in order.
pub fn headings(text: &str) -> Vec<Heading> {
    let mut headings = Vec::new();
    let mut fence = Fence::default();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if !fence.holds(line)
            && let Some((level, words)) = heading(line)
        {
            headings.push(Heading { at, level, words });
        }
        at += line.len();
    }
    headings
}

/// Where in fenced blocks a reader of lines is.
#[derive(Debug, Default)]
pub(super) struct Fence<'a> {
    open: Option<&'a str>,
}

impl<'a> Fence<'a> {
    /// Takes the next line, and says whether it belongs to a fenced block.
    pub(super) fn holds(&mut self, line: &'a str) -> bool {
        let line = line.trim();
        let marks = |mark: char| &line[..line.len() - line.trim_start_matches(mark).len()];
        let run = if line.starts_with('~') { marks('~') } else { marks('`') };
        match self.open {
            Some(open) => {
                if run.starts_with(open) && run.len() == line.len() {
                    self.open = None;
                }
                true
            }
            // An info string holds no backtick: what does is code in a sentence.
            None if run.len() >= 3 && !line[run.len()..].contains('`') => {
                self.open = Some(run);
                true
            }
            None => false,
        }
    }

    /// Returns the marks that would close the block.
    pub(super) fn open(&self) -> Option<&'a str> {
        self.open
    }
}

fn heading(line: &str) -> Option<(usize, String)> {
    let inner = line.trim_start();
    let level = inner.len() - inner.trim_start_matches('#').len();
    let words = &inner[level..];
    if line.len() - inner.len() > 3 || !(1..=6).contains(&level) || !words.starts_with([' ', '\t'])
    {
        return None;
    }
    let words = words.trim().trim_end_matches('#').trim_end();
    let words = words.rfind("{#").filter(|_| words.ends_with('}')).map_or(words, |id| &words[..id]);
    Some((level, without_marks(words.trim_end())))
}

/// Removes backticks, asterisks and the targets of links.
fn without_marks(words: &str) -> String {
    let mut plain = String::with_capacity(words.len());
    let mut rest = words;
    while let Some(index) = rest.find(['`', '*', '[', ']']) {
        plain.push_str(&rest[..index]);
        let after = &rest[index + 1..];
        let target = rest[index..].starts_with("](").then(|| after.find(')')).flatten();
        rest = target.map_or(after, |end| &after[end + 1..]);
    }
    plain.push_str(rest);
    plain.trim().to_owned()
}

/// Folds what people write differently: case, marks and spaces.
pub(super) fn fold(words: &str) -> String {
    let words = words.split(|letter: char| !letter.is_alphanumeric());
    words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ").to_lowercase()
}

/// Returns the heading that a heading stands below.
pub(super) fn parent<'a, 'b>(pieces: &'b [Piece<'a>], index: usize) -> Option<&'b Piece<'a>> {
    pieces[..index].iter().rev().find(|piece| piece.level < pieces[index].level)
}

/// Returns the titles of pieces; one that others have as well with that of the heading above it.
pub(super) fn unique_titles(pieces: &[Piece]) -> Vec<String> {
    let mut alike: HashMap<String, usize> = HashMap::new();
    for piece in pieces {
        *alike.entry(fold(&piece.title)).or_default() += 1;
    }
    let unique = |(index, piece): (usize, &Piece)| match parent(pieces, index) {
        Some(parent) if alike[&fold(&piece.title)] > 1 => {
            format!("{} > {}", parent.title, piece.title)
        }
        _ => piece.title.clone(),
    };
    pieces.iter().enumerate().map(unique).collect()
}

/// Cuts a text to its limit: before a heading where that keeps most of it, else after a line.
pub(super) fn shortened(text: String, most: u64) -> String {
    let limit = usize::try_from(most.saturating_mul(4)).unwrap_or(usize::MAX);
    if text.len() <= limit {
        return text;
    }
    let before = headings(&text).into_iter().map(|heading| heading.at);
    let heading = before.take_while(|at| *at <= limit).last().filter(|at| *at > limit / 2);
    let within = (0..=limit).rev().find(|end| text.is_char_boundary(*end)).unwrap_or_default();
    let line = text[..within].rfind('\n').map_or(within, |end| end + 1);
    let kept = &text[..heading.unwrap_or(line)];
    let mut fence = Fence::default();
    for line in kept.lines() {
        fence.holds(line);
    }
    let mut short = kept.trim_end().to_owned();
    if let Some(open) = fence.open() {
        short.push('\n');
        short.push_str(open);
    }
    let (part, whole) = (tokens(&short), tokens(&text));
    let _ = write!(short, "\n\n[cut: the first {part} of {whole} tokens are kept]\n");
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_in_fences_are_text() {
        let text = "Hello.\n\n# One\na\n```bash\n# not one\n```\n## Two `code` [link](x#y)\nb\n~~~~\n```\n## no\n~~~~\n# Three {#id}\nc\n";
        let pieces = sections(text);
        let seen: Vec<_> = pieces
            .iter()
            .map(|piece| (piece.title.as_str(), piece.level, piece.text.lines().count(), piece.own))
            .collect();
        assert_eq!(
            seen,
            [
                ("beginning", 1, 2, 8),
                ("One", 1, 11, 30),
                ("Two code link", 2, 6, 48),
                ("Three", 1, 2, 16)
            ]
        );
    }

    #[test]
    fn a_section_is_found_by_its_anchor() {
        let text = "# Kit\n\n## Set-up, quickly\n\na\n\n### `init()`\n\nb\n\n## Own {#mine}\n\nc\n";
        assert_eq!(
            section_at(text, "set-up-quickly"),
            Some("## Set-up, quickly\n\na\n\n### `init()`\n\nb\n\n")
        );
        assert_eq!(section_at(text, "init"), Some("### `init()`\n\nb\n\n"));
        assert_eq!(section_at(text, "mine"), Some("## Own {#mine}\n\nc\n"));
        assert_eq!(section_at(text, "none"), None);
        assert_eq!(section_at(text, "-"), None);
    }

    #[test]
    fn a_text_without_headings_is_one_piece() {
        let pieces = sections("a\nb\n");
        assert_eq!(pieces.len(), 1);
        assert_eq!(pieces[0].text, "a\nb\n");
        assert_eq!(sections("\n"), []);
    }
}
