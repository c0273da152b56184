//! What stands between `${{` and `}}`, read while somebody types it: chains of names such as
//! `stages.survey.output`.

use std::ops::Range;

/// Words of the grammar, which are no names.
const GRAMMAR: [&str; 10] = ["and", "or", "not", "in", "is", "if", "else", "true", "false", "none"];

/// Names joined by dots or by subscripts with a literal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Chain {
    /// The names with their bytes. The last is empty behind a dot.
    pub(super) parts: Vec<(String, Range<usize>)>,
}

/// Returns the bytes between each `${{` and its `}}` in a part of a text. One that is never
/// closed ends with its line.
pub(super) fn templates(text: &str, range: Range<usize>) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut at = range.start;
    while let Some(open) = text.get(at..range.end).and_then(|rest| rest.find("${{")) {
        let start = at + open + 3;
        let rest = &text[start..range.end];
        let limit = [rest.find("${{"), rest.find("\n\n")].into_iter().flatten().min();
        let rest = &rest[..limit.unwrap_or(rest.len())];
        let end = start + close(rest).or_else(|| rest.find('\n')).unwrap_or(rest.len());
        found.push(start..end);
        at = end;
    }
    found
}

/// Returns where `}}` stands, quoted text left out.
fn close(text: &str) -> Option<usize> {
    let mut quote = None;
    for (index, character) in text.char_indices() {
        match (quote, character) {
            (Some(open), _) if open == character => quote = None,
            (None, '\'' | '"') => quote = Some(character),
            (None, '}') if text[index..].starts_with("}}") => return Some(index),
            _ => {}
        }
    }
    text.find("}}")
}

/// Returns the chains of an expression that stands in `range`; what is quoted, filters and the
/// names of tests are none.
pub(super) fn chains(text: &str, range: Range<usize>) -> Vec<Chain> {
    let mut chains = Vec::new();
    let mut at = range.start;
    let mut before = ' ';
    while let Some(character) = text.get(at..range.end).and_then(|rest| rest.chars().next()) {
        if matches!(character, '"' | '\'') {
            at = literal(text, at, range.end).map_or(range.end, |literal| literal.end + 1);
            before = character;
        } else if begins(character) {
            let chain = chain(text, at, range.end);
            at = chain.parts.last().map_or(range.end, |(_, part)| part.end.max(at + 1));
            while text[at..range.end].starts_with(['"', '\'', ']']) {
                at += 1;
            }
            let is_word = chain.parts.len() == 1 && GRAMMAR.contains(&chain.parts[0].0.as_str());
            if before != '|' && !is_word {
                chains.push(chain);
            }
            before = 'a';
        } else {
            at += character.len_utf8();
            if !character.is_whitespace() {
                before = character;
            }
        }
    }
    chains
}

/// Returns the chain that a cursor is in, or an empty one where a name could begin. Inside of
/// quoted text, behind a filter's `|` and behind a name there is none.
pub(super) fn at(text: &str, range: Range<usize>, cursor: usize) -> Option<Chain> {
    if in_literal(text, range.start, cursor) {
        return None;
    }
    let chains = chains(text, range.clone());
    let touched = |chain: &&Chain| {
        let (first, last) = (chain.parts.first(), chain.parts.last());
        first
            .zip(last)
            .is_some_and(|((_, first), (_, last))| first.start <= cursor && cursor <= last.end)
    };
    if let Some(chain) = chains.iter().find(touched) {
        return Some(chain.clone());
    }
    let before = text.get(range.start..cursor)?;
    let last = before.trim_end().chars().last();
    let goes_on = last.is_some_and(|last| {
        matches!(last, '|' | '.' | '"' | '\'' | ')' | ']') || (begins(last) && !operator(before))
    });
    (!goes_on).then(|| Chain { parts: vec![(String::new(), cursor..cursor)] })
}

/// Whether the last word before a cursor wants an operand, and there is space behind it.
fn operator(before: &str) -> bool {
    let word = before.trim_end().rsplit(|letter: char| !letter.is_alphanumeric()).next();
    before.ends_with(char::is_whitespace)
        && word.is_some_and(|word| matches!(word, "and" | "or" | "not" | "in" | "if" | "else"))
}

fn in_literal(text: &str, start: usize, cursor: usize) -> bool {
    let mut quote = None;
    for character in text.get(start..cursor).unwrap_or_default().chars() {
        match quote {
            Some(open) if open == character => quote = None,
            None if matches!(character, '"' | '\'') => quote = Some(character),
            _ => {}
        }
    }
    quote.is_some()
}

fn begins(character: char) -> bool {
    character.is_alphabetic() || character == '_'
}

fn chain(text: &str, start: usize, end: usize) -> Chain {
    let mut parts = Vec::new();
    let mut at = start;
    loop {
        let length = text[at..end]
            .find(|letter: char| !letter.is_alphanumeric() && letter != '_')
            .unwrap_or(end - at);
        parts.push((text[at..at + length].to_owned(), at..at + length));
        at += length;
        while let Some(part) = subscript(text, at, end) {
            at = text[part.end..end].find(']').map_or(end, |close| part.end + close + 1);
            parts.push((text[part.clone()].to_owned(), part));
        }
        if !text[at..end].starts_with('.') {
            return Chain { parts };
        }
        at += 1;
    }
}

/// Returns the bytes of a literal subscript: `['a']`, `[0]`.
fn subscript(text: &str, at: usize, end: usize) -> Option<Range<usize>> {
    let inner = text[at..end].strip_prefix('[')?;
    if inner.starts_with(['"', '\'']) {
        let literal = literal(text, at + 1, end)?;
        return text[literal.end + 1..end].starts_with(']').then_some(literal);
    }
    let close = inner.find(']')?;
    let number = &inner[..close];
    (!number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| at + 1..at + 1 + close)
}

/// Returns the bytes between two quotes, the first of which stands at `at`.
fn literal(text: &str, at: usize, end: usize) -> Option<Range<usize>> {
    let quote = text[at..].chars().next()?;
    let close = text[at + 1..end].find(quote)?;
    Some(at + 1..at + 1 + close)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<String> {
        let parts = |chain: &Chain| {
            let parts: Vec<&str> = chain.parts.iter().map(|(part, _)| part.as_str()).collect();
            parts.join("/")
        };
        chains(text, 0..text.len()).iter().map(parts).collect()
    }

    /// The names before a cursor at `^`, and the one that is being typed.
    fn typed(text: &str) -> Option<String> {
        let cursor = text.find('^').unwrap();
        let text = text.replacen('^', "", 1);
        let chain = at(&text, 0..text.len(), cursor)?;
        let parts = chain.parts.iter().filter(|(_, part)| part.start <= cursor);
        let parts: Vec<&str> =
            parts.map(|(_, part)| &text[part.start..part.end.min(cursor)]).collect();
        Some(parts.join("/"))
    }

    #[test]
    fn a_template_that_is_open_ends_with_its_line() {
        let text = "a ${{ b }} ${{ '}}' }} ${{ c\nd }} ${{ e ${{ f }}\n";
        let found = templates(text, 0..text.len());
        let found: Vec<&str> = found.into_iter().map(|range| text[range].trim()).collect();
        assert_eq!(found, ["b", "'}}'", "c\nd", "e", "f"]);
        assert_eq!(templates("${{ a\n\n}}", 0..9), vec![3..5]);
    }

    #[test]
    fn chains_are_names_with_dots_and_literal_subscripts() {
        let text = "stages.a.output['b c'].d[0] | upper in inputs.e and \"inputs.f\" == x";
        assert_eq!(found(text), ["stages/a/output/b c/d/0", "inputs/e", "x"]);
        assert_eq!(found("inputs."), ["inputs/"]);
        assert_eq!(found("é.ü['"), ["é/ü"]);
        assert_eq!(found("a[b].c"), ["a", "b", "c"]);
    }

    #[test]
    fn a_cursor_is_in_a_chain_or_where_one_can_begin() {
        for (text, expected) in [
            (" ^", Some("")),
            ("inp^", Some("inp")),
            ("inputs.^", Some("inputs/")),
            ("stages.su^rvey.output", Some("stages/su")),
            ("a and ^", Some("")),
            ("a ^", None),
            ("a | up^", None),
            ("'a^'", None),
            ("x == ^", Some("")),
            ("not inputs.a^", Some("inputs/a")),
        ] {
            assert_eq!(typed(text).as_deref(), expected, "{text}");
        }
    }
}
