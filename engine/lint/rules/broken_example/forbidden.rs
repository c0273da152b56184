//! Code that the prose forbids by its name, as in ``never use `eval` ``.

use std::sync::LazyLock;

use regex::Regex;

use super::{CONDITIONS, EXCEPTIONS, HELP, RULE};
use crate::lint::code::{find_name, instructions};
use crate::lint::rule::Report;
use crate::lint::tokens::{Kind, Token, tokens};
use crate::lint::{Airplane, AirplaneFile, Subject};
use crate::source::Span;

/// Verbs that say what to do with code.
const VERBS: &str = "use using call calling import importing write writing add adding insert \
                     emit rely reach leave put";

/// Words that a list of forbidden code may be followed by without a condition.
const WHOLLY: [&str; 5] = ["instead", "anywhere", "ever", "directly", "comments"];

/// Verbs with which a sentence tells what to do.
const IMPERATIVES: &str = "use call import prefer write choose pick add take";

pub(super) fn diagnose(subject: &Subject<'_>, report: Report<'_>) {
    for prose in subject.proses() {
        for (index, sentence) in prose.sentences.iter().enumerate() {
            if !sentence.value.contains('`') || !is_negative(&sentence.value) {
                continue;
            }
            let next = prose.sentences.get(index + 1).map(|next| next.value.as_str());
            if next.is_some_and(takes_back) {
                continue;
            }
            for code in forbidden(&tokens(sentence)) {
                let place = sentence.span.part(code.at, code.at + code.text.len());
                if is_code(subject, code.text) {
                    look(subject, code.text, place, report);
                }
            }
        }
    }
}

fn is_negative(sentence: &str) -> bool {
    let lower = sentence.to_lowercase();
    ["no ", "never", "not", "n't", "n’t", "avoid"].iter().any(|word| lower.contains(word))
}

/// Whether a sentence is about an exception of the one before it.
fn takes_back(sentence: &str) -> bool {
    let tokens = tokens(sentence);
    let begin = tokens.iter().take(3);
    begin.into_iter().any(|token| token.is_in(EXCEPTIONS) || token.is("exceptions"))
}

/// Returns the code that a sentence forbids without a condition.
fn forbidden<'a>(tokens: &[Token<'a>]) -> Vec<Token<'a>> {
    let mut found = Vec::new();
    for index in 0..tokens.len() {
        let Some(start) = begins(tokens, index) else { continue };
        let mut end = start;
        let mut codes = Vec::new();
        while let Some(token) = tokens.get(end) {
            match token.kind {
                Kind::Code => codes.push(*token),
                _ if token.joins() || token.is_any(&["no", "never", "a", "an", "the"]) => {}
                _ => break,
            }
            end += 1;
        }
        // A comma or a word of the list may belong to what comes after it.
        while end > start && tokens[end - 1].kind != Kind::Code {
            end -= 1;
        }
        if !codes.is_empty() && is_whole(tokens, index, end) {
            found.extend(codes);
        }
    }
    found.sort_by_key(|token: &Token<'_>| token.at);
    found.dedup_by_key(|token| token.at);
    found
}

/// Returns where the forbidden code begins, if a prohibition does here.
fn begins(tokens: &[Token<'_>], index: usize) -> Option<usize> {
    let token = tokens[index];
    let before = index.checked_sub(1).map(|before| tokens[before]);
    let mut at = index + 1;
    if token.is("no") {
        let opens = before.is_none_or(|before| {
            before.kind == Kind::Mark || before.is_any(&["and", "or", "use", "put", "add", "write"])
        });
        let code = tokens.get(at).is_some_and(|next| next.kind == Kind::Code);
        return (opens && code).then_some(at);
    }
    let orders = token.is_any(&["never", "avoid", "don't", "don’t"])
        || (token.is("not")
            && before.is_some_and(|before| before.is_any(&["do", "must", "should", "may"])))
        || (token.is("not") && before.is_some_and(|before| before.is_mark(",")) && {
            tokens.first().is_some_and(|first| first.is_in(IMPERATIVES))
        });
    if !orders {
        return None;
    }
    if tokens.get(at).is_some_and(|next| next.is_in(VERBS)) {
        at += 1;
        while tokens
            .get(at)
            .is_some_and(|next| next.is_any(&["a", "an", "the", "on", "for", "any"]))
        {
            at += 1;
        }
    }
    tokens.get(at).is_some_and(|next| next.kind == Kind::Code).then_some(at)
}

/// Whether the prohibition from `index` to `end` has no condition before or behind it.
fn is_whole(tokens: &[Token<'_>], index: usize, end: usize) -> bool {
    let clause = tokens[..index].iter().rposition(|token| {
        token.kind == Kind::Mark && matches!(token.text, "." | ";" | ":" | "—" | "–" | "(")
    });
    let clause = clause.map_or(0, |mark| mark + 1);
    let before = &tokens[clause..index];
    if before.first().is_some_and(|first| first.is_in(CONDITIONS)) {
        return false;
    }
    let after = &tokens[end..];
    if after.iter().any(|token| token.is_in(EXCEPTIONS)) {
        return false;
    }
    match after.first() {
        None => true,
        Some(next) if next.is_mark(",") => !after.get(1).is_some_and(|then| then.is_in(CONDITIONS)),
        Some(next) => next.kind == Kind::Mark || next.is_any(&WHOLLY),
    }
}

/// Whether a piece of code is a name, a call, a directive or an option, and no file, no command
/// and nothing of the playbook's own.
fn is_code(subject: &Subject<'_>, code: &str) -> bool {
    let playbook = subject.playbook;
    let own = subject.known.tools.contains(&code)
        || playbook.command(code).is_some()
        || subject.stage(code).is_some()
        || playbook.inputs.iter().any(|input| input.name.value == code)
        || playbook.airplanes.iter().any(|airplane| airplane.value == code);
    let letters = code.chars().filter(|letter| letter.is_alphabetic()).count();
    let odd = code.contains("${{") || code.contains(['/', '*', '…', '<', '>', '"', '|', '\\']);
    let is_file = code.starts_with('.') || crate::lint::family::of_file(code).is_some();
    let is_name = |word: &str| {
        word.chars().all(|letter| letter.is_alphanumeric() || "_$.@-#:()!?".contains(letter))
    };
    let mut words = code.split_whitespace();
    let is_option = code.contains([':', '=']) && words.clone().count() <= 3;
    let plain = words.clone().count() == 1 || is_option;
    !own && !odd
        && !is_file
        && plain
        && letters >= 3
        && words.all(|word| is_name(word) || is_option)
}

fn look(subject: &Subject<'_>, code: &str, place: Span, report: Report<'_>) {
    for airplane in subject.airplanes() {
        let Some((file, start, end, count)) = first(airplane, code) else { continue };
        let name = &airplane.name.value;
        let more = match count {
            1 => String::new(),
            count => format!(", {count} times"),
        };
        let message = format!("the airplane `{name}` has `{code}`{more}, which the prose forbids");
        report(RULE.at(file.span(start, end), message).related(place, "forbidden here").help(HELP));
    }
}

/// Finds the first place of an airplane's code at which a piece of code stands, and how many
/// there are.
fn first<'a, 'b>(
    airplane: &'b Airplane<'a>,
    code: &str,
) -> Option<(&'b AirplaneFile<'a>, usize, usize, usize)> {
    let mut first = None;
    let mut count = 0;
    for file in airplane.shown() {
        let Some(family) = file.family() else { continue };
        let bare = code.split('(').next().unwrap_or(code);
        if !file.text.contains(bare) {
            continue;
        }
        // A directive to a tool stands in a comment.
        let is_directive = code.starts_with('@') || code.starts_with('#') || code.contains('-');
        let text = if is_directive || code.contains(['\'', ' ']) {
            file.text.to_owned()
        } else {
            instructions(file.text, family)
        };
        let lines = file.lines();
        let places = find_name(&text, bare).into_iter().filter(|at| {
            let line = lines.partition_point(|(start, _)| start <= at).checked_sub(1);
            let shown = line.is_some_and(|line| *at < lines[line].0 + lines[line].1.len());
            let rest = &text[at + bare.len()..];
            let called = !code.contains('(') || rest.trim_start().starts_with('(');
            shown && called && (code != "any" || is_type(&text, *at))
        });
        for at in places {
            count += 1;
            first.get_or_insert((file, at, at + bare.len()));
        }
    }
    first.map(|(file, start, end)| (file, start, end, count))
}

/// Whether a name stands where a type does.
fn is_type(text: &str, at: usize) -> bool {
    static BEFORE: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"(?::|<|\bas|,|\||=)\s*$").ok());
    static AFTER: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"^\s*(?:[,;)>=\]\[}|&]|\n|$)").ok());
    let before = text[..at].trim_end_matches(' ');
    let line = before.rfind('\n').map_or(0, |end| end + 1);
    let fits = |pattern: &Option<Regex>, text: &str| {
        pattern.as_ref().is_some_and(|pattern| pattern.is_match(text))
    };
    fits(&BEFORE, &text[line..at]) && fits(&AFTER, &text[at + "any".len()..])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(sentence: &str) -> Vec<&str> {
        forbidden(&tokens(sentence)).into_iter().map(|token| token.text).collect()
    }

    #[test]
    fn what_is_forbidden_without_a_condition_is_found() {
        let rows: [(&str, &[&str]); 14] = [
            (
                "Types are fixed, not silenced: no `any`, no `@ts-ignore`, no `eslint-disable`.",
                &["any", "@ts-ignore", "eslint-disable"],
            ),
            ("Never use `eval`.", &["eval"]),
            ("Do not use `var` or `eval()`; use `const`.", &["var", "eval()"]),
            ("**Never** call `process.exit`.", &["process.exit"]),
            ("Avoid `innerHTML`: it is unsafe.", &["innerHTML"]),
            ("Use `capture`, never `track`.", &["track"]),
            ("Use `capture`, not `track`.", &["track"]),
            ("You must not import `lodash`.", &["lodash"]),
            ("No `console.log`.", &["console.log"]),
            ("Don't use the `any` type.", &[]),
            ("Call it once, and do not add `debug: true`.", &["debug: true"]),
            ("Use no `any`.", &["any"]),
            ("Never `print()`, ever.", &["print()"]),
            ("Do not use `a1b`, `b2c`, and `c3d` instead.", &["a1b", "b2c", "c3d"]),
        ];
        for (sentence, wanted) in rows {
            assert_eq!(found(sentence), wanted, "{sentence}");
        }
    }

    #[test]
    fn what_is_forbidden_at_times_or_is_no_order_is_left() {
        let rows = [
            "Put no `try` around its calls.",
            "No `os.environ` in a view.",
            "Do not use `useEffect` for data transformation.",
            "Never call `init` twice.",
            "In a view, never use `os.environ`.",
            "If the app is small, do not use `redux`.",
            "There is no `src` folder.",
            "The app has no `pages`.",
            "If there is no `.env.example`, write one.",
            "Never use `any`, except in tests.",
            "Never use `any` unless the type is unknown.",
            "The package is `shop-js`, not `shop`.",
            "Do not import `shop-js` in the server.",
            "It does not use `eval`.",
            "Never edit a test.",
            "`capture` never throws.",
            "Do not, for `init`, change a thing.",
            "Never use `eval`, if it can be helped.",
        ];
        for sentence in rows {
            assert_eq!(found(sentence), Vec::<&str>::new(), "{sentence}");
        }
    }

    #[test]
    fn a_name_of_a_type_is_told_from_a_function() {
        for (text, wanted) in [
            ("x: any;", true),
            ("f(a: any, b)", true),
            ("y as any", true),
            ("Map<string, any>", true),
            ("any[]", false),
            ("z: any[]", true),
            ("if any(x)", false),
            ("Promise.any(x)", false),
            ("x = any(y)", false),
        ] {
            assert_eq!(is_type(text, text.find("any").unwrap()), wanted, "{text}");
        }
    }
}
