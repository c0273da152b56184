//! Code as lint reads it: comments and strings told from the rest, names split into words.

use crate::lint::family::Family;

/// What stands in code besides its instructions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Comment,
    String,
}

/// Returns code with its comments blanked, byte for byte.
pub(super) fn without_comments(text: &str, family: &Family) -> String {
    blanked(text, family, false)
}

/// Returns code with its comments and what its strings hold blanked, byte for byte.
pub(super) fn instructions(text: &str, family: &Family) -> String {
    blanked(text, family, true)
}

fn blanked(text: &str, family: &Family, strings: bool) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        let (length, part) = match begin(rest, family) {
            Some((length, part)) => (length, Some(part)),
            None => (rest.chars().next().map_or(1, char::len_utf8), None),
        };
        let piece = &rest[..length];
        match part {
            Some(Part::Comment) => blank(piece, &mut shown),
            Some(Part::String) if strings => blank(piece, &mut shown),
            _ => shown.push_str(piece),
        }
        at += length;
    }
    shown
}

fn blank(piece: &str, shown: &mut String) {
    for letter in piece.chars() {
        match letter {
            '\n' => shown.push('\n'),
            _ => shown.extend(std::iter::repeat_n(' ', letter.len_utf8())),
        }
    }
}

/// Returns how long the comment or string is that begins here.
fn begin(rest: &str, family: &Family) -> Option<(usize, Part)> {
    let line = rest.find('\n').unwrap_or(rest.len());
    if family.comments.iter().any(|mark| rest.starts_with(mark)) {
        return Some((line, Part::Comment));
    }
    let of_c = family.comments.contains(&"//");
    for (open, close, spoken) in [
        ("/*", "*/", of_c),
        ("<!--", "-->", of_c),
        ("\"\"\"", "\"\"\"", true),
        ("'''", "'''", !of_c),
    ] {
        if spoken && let Some(inside) = rest.strip_prefix(open) {
            let length = inside.find(close).map(|end| open.len() + end + close.len());
            let part = if open.starts_with(['/', '<']) { Part::Comment } else { Part::String };
            return Some((length.unwrap_or(rest.len()), part));
        }
    }
    let quote = rest.chars().next().filter(|letter| matches!(letter, '"' | '\'' | '`'))?;
    // A quote that is never closed on its line is an apostrophe, or the mark of a lifetime.
    let within = if quote == '`' { rest.len() } else { line };
    let mut escaped = false;
    for (at, letter) in rest[..within].char_indices().skip(1) {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if letter == quote => return Some((at + 1, Part::String)),
            _ => {}
        }
    }
    None
}

/// Splits a name into its words in small letters: `distinctId`, `distinct_id` and `DISTINCT-ID`
/// are all `distinct id`.
pub(super) fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut before = None;
    let mut letters = name.chars().peekable();
    while let Some(letter) = letters.next() {
        if !letter.is_alphanumeric() {
            before = None;
            continue;
        }
        let begins = match before {
            None => true,
            Some(last) => {
                let last: char = last;
                let small_after = letters.peek().is_some_and(|next| next.is_lowercase());
                letter.is_uppercase()
                    && (last.is_lowercase() || (last.is_uppercase() && small_after))
            }
        };
        if begins {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut() {
            word.extend(letter.to_lowercase());
        }
        before = Some(letter);
    }
    words
}

/// Whether a letter can stand in a name.
pub(super) fn of_name(letter: char) -> bool {
    letter.is_alphanumeric() || matches!(letter, '_' | '$')
}

/// Finds a name in code where it stands alone: neither end is inside of a longer one.
pub fn find_name(code: &str, name: &str) -> Vec<usize> {
    let alone = |start: usize| {
        let before = code[..start].chars().next_back();
        let after = code[start + name.len()..].chars().next();
        let glued = |letter: Option<char>, end: Option<char>| {
            letter.is_some_and(of_name) && end.is_some_and(of_name)
        };
        !glued(before, name.chars().next()) && !glued(after, name.chars().next_back())
    };
    code.match_indices(name).map(|(start, _)| start).filter(|start| alone(*start)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::family;

    #[test]
    fn comments_and_strings_are_blanked_and_nothing_moves() {
        let script = family::of_file("a.ts").unwrap();
        let text = "a // b\nc /* d\ne */ f('g // h', `i\nj`) // it's\nk";
        assert_eq!(
            without_comments(text, script),
            "a     \nc     \n     f('g // h', `i\nj`)        \nk"
        );
        assert_eq!(
            instructions(text, script),
            "a     \nc     \n     f(        ,   \n  )        \nk"
        );
        let python = family::of_file("a.py").unwrap();
        assert_eq!(
            instructions("x = 'é' # y\n\"\"\"z\nz\"\"\"\nit's", python),
            "x =         \n    \n    \nit's"
        );
        for text in ["'", "\"", "`", "/*", "'''", "a\\", "<!--", "é'"] {
            assert_eq!(instructions(text, python).len(), text.len());
            assert_eq!(without_comments(text, script).len(), text.len());
        }
    }

    #[test]
    fn a_name_has_the_same_words_in_every_style() {
        for name in
            ["distinctId", "distinct_id", "DISTINCT_ID", "DistinctID", "$distinctId", "distinct-id"]
        {
            assert_eq!(words(name), ["distinct", "id"], "{name}");
        }
        assert_eq!(words("HTTPServer2"), ["http", "server2"]);
        assert_eq!(words("a"), ["a"]);
        assert!(words("").is_empty() && words("--").is_empty());
    }

    #[test]
    fn a_name_is_found_where_it_stands_alone() {
        assert_eq!(find_name("any many any_ x.any anyway", "any"), [0, 16]);
        assert_eq!(find_name("@ts-ignore x@ts-ignores", "@ts-ignore"), [0]);
    }
}
