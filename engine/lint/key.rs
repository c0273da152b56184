//! Where a key stands in the front matter: for findings about what the playbook keeps no place of.

use std::ops::Range;

use crate::lint::Subject;
use crate::source::{FileId, Span};

impl Subject<'_> {
    /// Returns the place of a key in the entry of this name: of the last of `keys`, each standing
    /// in the one before it. Nothing where it is not found.
    pub fn key(&self, name: Span, keys: &[&str]) -> Option<Span> {
        let text = self.front_matter();
        let name = (name.start as usize)..(name.end as usize);
        let found = keys.iter().try_fold(name, |name, key| find(text, value(text, name)?, key));
        found.map(|found| Span::new(FileId(0), found.start, found.end))
    }

    /// The same for a key that stands at the top.
    pub fn top_key(&self, keys: &[&str]) -> Option<Span> {
        let (first, keys) = keys.split_first()?;
        let text = self.front_matter();
        let at = text.match_indices(first).map(|(at, _)| at).find(|at| {
            text[..*at].ends_with('\n') && text[at + first.len()..].trim_start().starts_with(':')
        })?;
        self.key(Span::new(FileId(0), at, at + first.len()), keys)
    }

    fn front_matter(&self) -> &str {
        let text = self.bundle.files.first().map(|source| source.text.as_str());
        let end = self.playbook.preamble.span.start as usize;
        text.and_then(|text| text.get(..end)).unwrap_or_default()
    }
}

/// Returns what belongs to a key: up to the brace that closes it, or the lines set in below it.
fn value(text: &str, name: Range<usize>) -> Option<Range<usize>> {
    let rest = text.get(name.end..)?;
    let colon = name.end + rest.find(':')? + 1;
    let rest = &text[colon..];
    let start = colon + rest.len() - rest.trim_start_matches(' ').len();
    if text[start..].starts_with(['{', '[']) {
        return Some(start..start + closing(&text[start..])?);
    }
    let line = text[..name.start].rfind('\n').map_or(0, |at| at + 1);
    let set_in = name.start - line;
    let block = text[line..name.start].trim_matches([' ', '-', '"', '\'']).is_empty();
    let end = if block {
        let mut lines = text[start..].split_inclusive('\n');
        let first = lines.next().map_or(0, str::len);
        let belongs = |line: &&str| {
            let words = line.trim_start_matches(' ');
            words.trim().is_empty() || line.len() - words.len() > set_in
        };
        first + lines.take_while(belongs).map(str::len).sum::<usize>()
    } else {
        text[start..].find([',', '}', '\n']).unwrap_or(0)
    };
    Some(start..start + end)
}

/// Returns how many bytes there are up to the end of what the text opens with a brace or bracket.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    let mut quote = None;
    for (at, character) in text.char_indices() {
        match (quote, character) {
            (Some(open), _) if open == character => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(character),
            (None, '{' | '[') => depth += 1,
            (None, '}' | ']') => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(at + 1);
        }
    }
    None
}

/// Finds a key, in quotes or without, where no comment stands.
fn find(text: &str, within: Range<usize>, key: &str) -> Option<Range<usize>> {
    let found = text.get(within.clone())?.match_indices(key).map(|(at, _)| within.start + at);
    let mut found = found.filter(|at| {
        let line = text[..*at].rfind('\n').map_or(0, |at| at + 1);
        let before = &text[line..*at];
        let after = text[at + key.len()..].trim_start_matches(['"', '\'']);
        let begins = before.is_empty() || before.ends_with([' ', '{', ',', '"', '\'']);
        let comment = before.trim_start().starts_with('#') || before.contains(" #");
        begins && after.starts_with(':') && !comment
    });
    found.next().map(|at| at..at + key.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str, name: &str, keys: &[&str]) -> Option<usize> {
        let at = text.find(name).unwrap();
        let name = at..at + name.len();
        let found = keys.iter().try_fold(name, |name, key| find(text, value(text, name)?, key));
        found.map(|found| found.start)
    }

    #[test]
    fn a_key_is_found_in_its_own_entry() {
        let text = "stages:\n  one:\n    tools: [a] # retry: 3\n\n    budget:\n      turns: 2\n  two: {retry: 3, budget: {turns: 4}}\n  three:\n    \"retry\": 5\n";
        let at = |word: &str| text.find(word);
        assert_eq!(key(text, "one", &["retry"]), None);
        assert_eq!(key(text, "one", &["budget", "turns"]), at("turns: 2"));
        assert_eq!(key(text, "two", &["retry"]), at("retry: 3, "));
        assert_eq!(key(text, "two", &["budget", "turns"]), at("turns: 4"));
        assert_eq!(key(text, "three", &["retry"]), at("retry\": 5"));
        assert_eq!(key("a: {b: 1", "a", &["b"]), None);
    }
}
