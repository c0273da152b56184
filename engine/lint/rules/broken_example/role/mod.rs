//! A value that the prose forbids in a role, as in `never an email as the distinct id`.

mod expression;
mod pair;

use std::collections::BTreeMap;

use regex::Regex;
use std::sync::LazyLock;

use super::{HELP, RULE};
use crate::lint::code::{of_name, without_comments, words};
use crate::lint::rule::Report;
use crate::lint::{Airplane, AirplaneFile, Subject};
use crate::playbook::Prose;
use expression::{ends_with, first_of};
use pair::{Pair, pairs};

pub(super) fn diagnose(subject: &Subject<'_>, report: Report<'_>) {
    for prose in subject.proses() {
        let pairs = pairs(&prose.sentences);
        if pairs.is_empty() {
            continue;
        }
        let called = called(subject, prose);
        for pair in &pairs {
            for airplane in subject.airplanes() {
                look(airplane, pair, &called, report);
            }
        }
    }
}

/// Returns the name of the stage that a section is of: what its prose forbids as a value, it
/// forbids to the call of that name.
fn called(subject: &Subject<'_>, prose: &Prose) -> Vec<String> {
    let owner = subject.owner(prose.span);
    owner.map(|stage| words(&stage.id.value)).unwrap_or_default()
}

fn look(airplane: &Airplane<'_>, pair: &Pair, called: &[String], report: Report<'_>) {
    let code =
        |file: &AirplaneFile<'_>| file.family().map(|family| without_comments(file.text, family));
    let files: Vec<(&AirplaneFile<'_>, String)> =
        airplane.shown().filter_map(|file| Some((file, code(file)?))).collect();
    let mut calls: BTreeMap<Vec<String>, usize> = BTreeMap::new();
    for (_, code) in &files {
        takers(code, &pair.role, &mut calls);
    }
    calls.entry(pair.role.clone()).or_insert(0);
    if !called.is_empty() {
        calls.entry(called.to_vec()).or_insert(0);
    }
    let mut found = files.iter().filter_map(|(file, code)| {
        let (start, end) = broken(code, pair, &calls)?;
        Some((file, start, end))
    });
    let Some((file, start, end)) = found.next() else { return };
    let (name, value, role) = (&airplane.name.value, &pair.value_words, pair.role.join(" "));
    let verb = if pair.is_verb { "does" } else { "has" };
    let message = if pair.is_verb {
        format!("the airplane `{name}` {verb} {role} by {value}, which the prose forbids")
    } else {
        format!("the airplane `{name}` {verb} {value} as the {role}, which the prose forbids")
    };
    report(RULE.at(file.span(start, end), message).related(pair.span, "forbidden here").help(HELP));
}

/// A function, and what stands between its brackets.
static FUNCTION: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let name = r"(?:\b(?:function|def|fn|func|fun)\s+|\b(?:async|public|private|protected|static|static\s+async)\s+|^\s*)([A-Za-z_]\w*)";
    Regex::new(&format!(r"(?m){name}\s*\(([^()]*)\)\s*(?:->[^{{:\n]+|:[^{{\n]+)?\s*[{{:]")).ok()
});

/// Finds functions that take the role as an argument, each with its position.
fn takers(code: &str, role: &[String], calls: &mut BTreeMap<Vec<String>, usize>) {
    for captures in FUNCTION.iter().flat_map(|function| function.captures_iter(code)) {
        let (Some(name), Some(taken)) = (captures.get(1), captures.get(2)) else { continue };
        let taken = taken.as_str().split(',').map(str::trim);
        let taken = taken.filter(|argument| {
            !matches!(*argument, "self" | "&self" | "&mut self" | "cls" | "this")
        });
        let position = taken.into_iter().position(|argument| {
            let bare = argument.split('=').next().unwrap_or_default();
            let mut names = bare.split(|letter: char| !of_name(letter));
            names.any(|name| words(name) == role)
        });
        if let Some(position) = position {
            calls.insert(words(name.as_str()), position);
        }
    }
}

/// Finds the first place at which the value has the role.
fn broken(code: &str, pair: &Pair, calls: &BTreeMap<Vec<String>, usize>) -> Option<(usize, usize)> {
    let mut at = 0;
    while at < code.len() {
        let rest = &code[at..];
        let Some(start) =
            rest.find(|letter: char| letter.is_alphabetic() || matches!(letter, '_' | '$'))
        else {
            break;
        };
        let start = at + start;
        let end =
            code[start..].find(|letter: char| !of_name(letter)).map_or(code.len(), |it| start + it);
        at = end;
        let name = words(&code[start..end]);
        let glued = code[..start].chars().next_back().is_some_and(of_name);
        if glued || name.is_empty() {
            continue;
        }
        let after = &code[end..];
        let is_role = !pair.is_verb && name == pair.role;
        if is_role && let Some(value) = assigned(after) {
            let value = first_of(value);
            if holds(value, pair) {
                return Some((start, end + (after.len() - after.trim_start().len()).max(1)));
            }
        }
        let position = calls.get(&name).or_else(|| {
            let begins = pair.is_verb && name.starts_with(&pair.role);
            begins.then_some(&0)
        });
        if let Some(position) = position
            && let Some(arguments) = after.trim_start().strip_prefix('(')
        {
            let mut left = arguments;
            for _ in 0..*position {
                let argument = first_of(left);
                left = left[argument.len()..].strip_prefix(',').unwrap_or_default();
            }
            let argument = first_of(left);
            // A declaration names its argument as the role; a call gives it a value.
            if !is_declared(&code[..start]) && holds(argument, pair) {
                return Some((start, end));
            }
        }
    }
    None
}

fn is_declared(before: &str) -> bool {
    let last = before.trim_end().rsplit(|letter: char| !letter.is_alphabetic()).next();
    matches!(last, Some("def" | "function" | "fn" | "func" | "fun"))
}

/// Returns what a name is given, if it is given something here.
fn assigned(after: &str) -> Option<&str> {
    let after = after.trim_start_matches(['"', '\'', ']', '?', '!', ' ']);
    let operator = ["=>", ":=", "=", ":"].iter().find(|operator| after.starts_with(**operator))?;
    let value = &after[operator.len()..];
    let compares = value.starts_with(['=', ':']) || (*operator == "=" && value.starts_with('>'));
    (!compares).then_some(value)
}

fn holds(expression: &str, pair: &Pair) -> bool {
    pair.values.iter().any(|value| ends_with(expression, value))
        || pair.literals.iter().any(|literal| expression::is_literal(expression, literal))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Span;

    fn pair(value: &str, role: &str) -> Pair {
        Pair {
            values: vec![words(value)],
            value_words: format!("an {value}"),
            literals: vec!["anonymous".to_owned()],
            role: words(role),
            is_verb: false,
            span: Span::default(),
        }
    }

    fn found(code: &str) -> bool {
        let pair = pair("email", "distinct id");
        let mut calls = BTreeMap::from([(vec!["identify".to_owned()], 0), (pair.role.clone(), 0)]);
        takers(code, &pair.role, &mut calls);
        broken(code, &pair, &calls).is_some()
    }

    #[test]
    fn a_value_in_the_role_is_found() {
        for code in [
            "capture(distinct_id=user.email)",
            "capture({ distinctId: user.email, event: 'a' })",
            "$distinctId = $distinctId ?? Auth::user()?->email ?? 'anonymous';",
            "$shop->identify($user->email, $user->properties());",
            "shop.identify(email)",
            "shop.identify(\n  user.email,\n  {})",
            "identify(request.form[\"email\"], is_new=True)",
            "identify(str(form.get('email')))",
            "distinct_id = user.get_email()",
            "['distinctId' => $user->email]",
            "distinct_id: user&.email || \"none\"",
            "distinctId = session.userId ?? 'anonymous'",
            "DistinctId: user.Email,",
            "def track(event, distinct_id):\n    pass\n\ntrack('a', user.email)\n",
            "shop.identify(user!.email as string)",
        ] {
            assert!(found(code), "{code}");
        }
    }

    #[test]
    fn a_value_in_another_role_is_left() {
        for code in [
            "identify(users[email], is_new=True)",
            "identify(user.id, { email: user.email })",
            "identify(user_id, properties={'email': user.email})",
            "capture(distinct_id=user.id, properties={\"email\": email})",
            "distinctId: string",
            "distinct_id=None, email=None",
            "const user = findUser(email); identify(user.id)",
            "if (distinctId === user.email) {}",
            "distinct_id=hash_email(user)",
            "distinctId: sha256(user.email)",
            "def identify(email):\n    pass",
            "email: user.distinctId",
            "identify(await idOf(user.email))",
            "identify(emailHash)",
            "distinctId: 'user'",
            "reidentify(email)",
            "$distinct_id = $data['id'] ?? 'anon_' . md5($data['email'] ?? (string) $id);",
            "distinct_id = prefix + user.email",
        ] {
            assert!(!found(code), "{code}");
        }
    }
}
