//! Where a quoted passage stands.

use crate::playbook::Bundle;
use crate::source::{FileId, Source, Span};

/// The fewest characters of a quote: shorter ones stand everywhere.
const FEWEST: usize = 6;

/// Finds a quote, as it stands but for its white space: in the file that is named, else in the
/// others; where it stands several times, nearest to the line that is named.
///
/// The place ends with the quote's first line, since that is what a person looks for.
pub(super) fn find(
    bundle: &Bundle,
    files: &[FileId],
    name: &str,
    line: u32,
    quote: &str,
) -> Option<Span> {
    let source = |file: FileId| bundle.files.get(usize::from(file.0));
    let is_named = |file: &&FileId| source(**file).is_some_and(|source| is_called(source, name));
    let (named, others): (Vec<&FileId>, Vec<&FileId>) = files.iter().partition(is_named);
    let quotes = readings(quote);
    named.into_iter().chain(others).find_map(|file| {
        let source = source(*file)?;
        let folded = Folded::of(&source.text);
        quotes.iter().find_map(|quote| folded.find(source, *file, line, quote))
    })
}

fn is_called(source: &Source, name: &str) -> bool {
    let name = name.trim();
    source.name == name || (!name.is_empty() && source.name.ends_with(&format!("/{name}")))
}

/// Returns a quote as it was given, then without what models add: line numbers, quotation marks,
/// dots for what they leave out at the ends.
fn readings(quote: &str) -> Vec<String> {
    let lines: Vec<&str> = quote.lines().map(without_number).collect();
    let unnumbered = lines.join("\n");
    let marks = ['"', '“', '”', '…', ' ', '\n'];
    let bare = unnumbered.trim().trim_matches(marks).trim_start_matches("...");
    let bare = bare.strip_suffix("...").unwrap_or(bare);
    let mut readings: Vec<String> = Vec::new();
    for reading in [quote, &unnumbered, bare] {
        let reading = reading.split_whitespace().collect::<Vec<_>>().join(" ");
        if reading.chars().count() >= FEWEST && !readings.contains(&reading) {
            readings.push(reading);
        }
    }
    readings
}

fn without_number(line: &str) -> &str {
    let digits = line.trim_start().trim_start_matches(|letter: char| letter.is_ascii_digit());
    if digits.len() == line.trim_start().len() {
        return line;
    }
    digits.strip_prefix(": ").unwrap_or(line)
}

/// A text with its white space folded to single spaces.
struct Folded {
    text: String,
    /// For each byte of the folded text, the byte of the text it comes from.
    from: Vec<usize>,
}

impl Folded {
    fn of(text: &str) -> Self {
        let mut folded = Folded { text: String::with_capacity(text.len()), from: Vec::new() };
        for (index, letter) in text.char_indices() {
            if !letter.is_whitespace() {
                folded.text.push(letter);
            } else if !folded.text.ends_with(' ') {
                folded.text.push(' ');
            }
            folded.from.resize(folded.text.len(), index);
        }
        folded
    }

    fn find(&self, source: &Source, file: FileId, line: u32, quote: &str) -> Option<Span> {
        let starts = self.text.match_indices(quote).map(|(start, _)| start);
        let spans = starts.filter_map(|start| {
            let (first, last) = (*self.from.get(start)?, *self.from.get(start + quote.len() - 1)?);
            let end = source.text[last..].chars().next().map_or(last, |it| last + it.len_utf8());
            let whole = source.text.get(first..end)?;
            let length = whole.find('\n').map_or(whole.len(), |end| whole[..end].trim_end().len());
            Some(Span::new(file, first, first + length))
        });
        spans.min_by_key(|span| source.place(span.start).line.abs_diff(line))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::playbook::load_text;

    const TEXT: &str = "One  line\nand another.\n\nRun the tests.\nédité ici\n\nRun the tests.\n";

    fn at(line: u32, quote: &str) -> Option<(u32, String)> {
        let mut bundle = load_text("playbooks/a.md", TEXT);
        bundle.files.push(Source::new("playbooks/b.md", "Only here.\n"));
        let files = [FileId(0), FileId(1)];
        let span = find(&bundle, &files, "a.md", line, quote)?;
        let source = &bundle.files[usize::from(span.file.0)];
        Some((source.place(span.start).line, source.slice(span).to_owned()))
    }

    #[test]
    fn a_quote_is_found_however_its_white_space_is() {
        let found = |line, text: &str| Some((line, text.to_owned()));
        assert_eq!(at(1, "One line and another."), found(1, "One  line"));
        assert_eq!(at(1, "line\r\n  and another"), found(1, "line"));
        assert_eq!(at(9, "édité  ici"), found(5, "édité ici"));
        assert_eq!(at(1, "Only here."), found(1, "Only here."));
    }

    #[test]
    fn of_several_places_the_nearest_is_meant() {
        assert_eq!(at(4, "Run the tests.").unwrap().0, 4);
        assert_eq!(at(8, "Run the tests.").unwrap().0, 7);
    }

    #[test]
    fn what_models_add_to_a_quote_is_passed_over() {
        for quote in ["4: Run the tests.", "\"Run the tests.\"", "…Run the tests.…", "Run the..."]
        {
            assert_eq!(at(4, quote).unwrap().0, 4, "{quote}");
        }
    }

    #[test]
    fn what_does_not_stand_there_is_not_found() {
        for quote in ["Run all the tests.", "line", "the", "", "  ", "Run the tests. Twice"] {
            assert_eq!(at(1, quote), None, "{quote}");
        }
    }
}
