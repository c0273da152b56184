//! What an expression of code comes to, as far as its form tells.

use crate::lint::code::{of_name, words};
use crate::lint::tokens::lists;

/// Functions that give back what they are given, as another type.
const CASTS: &str = "String str string to_string toString strval text unicode await";

/// Methods that read by the name they are given.
const READERS: &str = "get fetch input query getItem getString pick";

/// Words of names whose value is not the thing itself any more.
const CHANGED: &str = "hash hashed masked encrypted anonymized digest has is";

/// Returns the first expression of a list: what stands before the next comma, semicolon, closing
/// bracket or end of line that is not inside of brackets or quotes.
pub(super) fn first_of(code: &str) -> &str {
    let mut depth = 0_usize;
    let mut quote = None;
    let mut begun = false;
    for (at, letter) in code.char_indices() {
        if let Some(open) = quote {
            if letter == open {
                quote = None;
            }
            continue;
        }
        match letter {
            '"' | '\'' | '`' => quote = Some(letter),
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' if depth == 0 => return &code[..at],
            ')' | ']' | '}' => depth -= 1,
            ',' | ';' if depth == 0 => return &code[..at],
            '\n' if depth == 0 && begun => return &code[..at],
            _ => {}
        }
        begun |= !letter.is_whitespace();
    }
    code
}

/// Whether an expression, or one of its alternatives, comes to something of this name.
pub(super) fn ends_with(expression: &str, name: &[String]) -> bool {
    alternatives(expression).into_iter().any(|one| comes_to(one, name))
}

/// Whether an expression, or one of its alternatives, is this text.
pub(super) fn is_literal(expression: &str, text: &str) -> bool {
    alternatives(expression).into_iter().any(|one| {
        let inside = one.strip_prefix(['"', '\'']).and_then(|one| one.strip_suffix(['"', '\'']));
        inside == Some(text)
    })
}

/// Splits an expression at the operators of which either side may be its value.
fn alternatives(expression: &str) -> Vec<&str> {
    let expression = bare(expression);
    let chosen = outside(expression).find(" ? ").map_or(0, |at| at + " ? ".len());
    let mut pieces = vec![&expression[chosen..]];
    for operator in ["??", "||", "?:", " or ", " : ", " if ", " else "] {
        pieces = pieces.into_iter().flat_map(|piece| split(piece, operator)).collect();
    }
    pieces.into_iter().map(bare).collect()
}

fn split<'a>(expression: &'a str, operator: &str) -> Vec<&'a str> {
    let shown = outside(expression);
    let mut pieces = Vec::new();
    let mut start = 0;
    for (at, _) in shown.match_indices(operator) {
        pieces.push(&expression[start..at]);
        start = at + operator.len();
    }
    pieces.push(&expression[start..]);
    pieces
}

/// Returns an expression with what stands in brackets and quotes blanked, byte for byte.
fn outside(expression: &str) -> String {
    let mut depth = 0_usize;
    let mut quote = None;
    let blanked = expression.chars().map(|letter| {
        let shown = depth == 0 && quote.is_none();
        match letter {
            _ if quote == Some(letter) => quote = None,
            _ if quote.is_some() => {}
            '"' | '\'' | '`' => quote = Some(letter),
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if shown { letter.to_string() } else { "_".repeat(letter.len_utf8()) }
    });
    blanked.collect()
}

/// Takes off what does not change a value: brackets around it, casts, marks.
fn bare(expression: &str) -> &str {
    let mut one = expression.trim();
    loop {
        let before = one;
        for word in ["await ", "return ", "new "] {
            one = one.strip_prefix(word).unwrap_or(one).trim();
        }
        one = one.split(" as ").next().unwrap_or(one).trim_end_matches(['!', ' ']);
        let inner = one.strip_prefix(['(', '{']).and_then(|one| one.strip_suffix([')', '}']));
        one = inner.filter(|inner| first_of(inner).len() == inner.len()).unwrap_or(one).trim();
        if one == before {
            return one;
        }
    }
}

fn comes_to(expression: &str, name: &[String]) -> bool {
    // What is put together of several is none of them.
    if outside(expression).contains([' ', '+', '%', '\n']) {
        return false;
    }
    if let Some(before) = expression.strip_suffix(')') {
        let Some(open) = opening(before, '(', ')') else { return false };
        let (callee, argument) = (&before[..open], before[open + 1..].trim());
        let start = callee.rfind(|letter: char| !of_name(letter)).map_or(0, |at| at + 1);
        let function = callee[start..].trim_start_matches(|letter: char| !of_name(letter));
        if lists(CASTS, function) {
            let whole = if argument.is_empty() { &callee[..start] } else { argument };
            let whole = whole.trim_end_matches(['.', '?', '-', '>', ':']);
            return alternatives(whole).into_iter().any(|one| comes_to(one, name));
        }
        if lists(READERS, function) {
            return quoted(argument).is_some_and(|key| is(&words(key), name));
        }
        let called = words(function);
        let reads = called.first().is_some_and(|first| first == "get");
        return argument.is_empty() && (called == name || (reads && called[1..] == *name));
    }
    if let Some(before) = expression.strip_suffix(']') {
        let key = opening(before, '[', ']').and_then(|open| quoted(before[open + 1..].trim()));
        return key.is_some_and(|key| is(&words(key), name));
    }
    let start = expression.rfind(|letter: char| !of_name(letter));
    let start =
        start.map_or(0, |at| at + expression[at..].chars().next().map_or(1, char::len_utf8));
    let chained = |letter: char| of_name(letter) || ".?!->:&[]'\"()".contains(letter);
    expression.chars().all(chained) && is(&words(&expression[start..]), name)
}

/// Whether the words of a name say that it holds the thing itself.
fn is(words: &[String], name: &[String]) -> bool {
    words.ends_with(name) && !words.iter().any(|word| lists(CHANGED, word))
}

/// Returns where the bracket opens that is closed at the end of the text.
fn opening(text: &str, open: char, close: char) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, letter) in text.char_indices().rev() {
        if letter == close {
            depth += 1;
        } else if letter == open {
            if depth == 0 {
                return Some(at);
            }
            depth -= 1;
        }
    }
    None
}

fn quoted(text: &str) -> Option<&str> {
    let quote = text.chars().next().filter(|letter| matches!(letter, '"' | '\''))?;
    let inside = text.strip_prefix(quote)?.strip_suffix(quote)?;
    (!inside.contains(quote)).then_some(inside)
}
