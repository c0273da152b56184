//! From an Agent Skill: a folder with a `SKILL.md`.

use serde_json::json;

use crate::import::draft::Parts;
use crate::import::reasons::of;
use crate::import::{Original, files, template};
use crate::playbook::Tree;

/// The file that makes a folder a skill.
pub(super) const FILE: &str = "SKILL.md";

/// Why a key is left out.
const KEYS: &str = include_str!("skill.txt");

/// What stands in prose for what the caller typed.
const ARGUMENTS: &str = "$ARGUMENTS";

/// Takes everything of a skill that a playbook can say.
pub(super) fn convert(parts: &mut Parts, tree: &Tree, body: usize, original: &Original<'_>) {
    for (key, value) in tree.entries() {
        let line = parts.line(key.span);
        let text = value.text().unwrap_or_default();
        match key.value.as_str() {
            "name" => {}
            "description" => text.clone_into(&mut parts.description),
            "license" if is_spdx(text) => parts.license = Some(text.to_owned()),
            "license" => {
                let why = "`license:` is an SPDX expression, such as `Apache-2.0`";
                parts.leave(line, format!("`license: {text}`"), why);
            }
            "allowed-tools" => tools(value).iter().for_each(|word| parts.grant(word, line)),
            "effort" if ["low", "medium", "high"].contains(&text) => {
                parts.effort = Some(text.to_owned());
            }
            name => match of(KEYS, name) {
                Some(why) => parts.leave(line, format!("`{name}`"), why),
                None => parts.keep(name, value),
            },
        }
    }
    if tree.get("allowed-tools").is_none() {
        let why = "it names none, so the draft may only read; grant what its stages have to do";
        parts.leave(1, "tools".to_owned(), why);
    }
    let references = files::take(parts, original);
    let text = parts.text()[body..].to_owned();
    let prose = arguments(parts, tree, &text, body);
    commands_in_prose(parts, &text, body);
    let title = parts.name.clone();
    parts.sections(&prose, &title, |parts, at| parts.line_at(body + at));
    parts.body.tell(&references);
}

/// Declares an input for what the caller types, where the prose has a place for it.
fn arguments(parts: &mut Parts, tree: &Tree, text: &str, body: usize) -> String {
    let prose = template::literal(text);
    let Some(found) = text.find(ARGUMENTS) else { return prose };
    let hint = tree.get("argument-hint").and_then(|hint| hint.text());
    let about = hint.unwrap_or("What the caller types");
    let name = parts.input("arguments", json!({ "description": about }));
    let line = parts.line_at(body + found);
    parts.leave(line, format!("`{ARGUMENTS}`"), &format!("it is the input `{name}`"));
    prose.replace(ARGUMENTS, &format!("${{{{ inputs.{name} }}}}"))
}

/// Notes the commands whose output stands in the prose before a model reads it.
fn commands_in_prose(parts: &mut Parts, text: &str, body: usize) {
    for (at, _) in text.match_indices("!`") {
        let begins = text[..at].chars().next_back().is_none_or(char::is_whitespace);
        let command = text[at + 2..].split('`').next().unwrap_or_default();
        if begins && !command.is_empty() && !command.contains('\n') {
            let why = "make it a `run:` stage, and read `stages.ID.output.text`";
            parts.leave(parts.line_at(body + at), format!("`!` and `{command}`"), why);
        }
    }
}

/// Returns the words of `allowed-tools`: a list, or a text with blanks or commas between them.
fn tools(value: &Tree) -> Vec<String> {
    let texts: Vec<&str> = match value.text() {
        Some(text) => vec![text],
        None => value.items().iter().filter_map(|item| item.text()).collect(),
    };
    let mut words = Vec::new();
    for text in texts {
        let mut depth = 0_i32;
        let parts = text.split(|letter: char| {
            depth += i32::from(letter == '(') - i32::from(letter == ')');
            depth <= 0 && (letter.is_whitespace() || letter == ',')
        });
        words.extend(parts.filter(|word| !word.is_empty()).map(str::to_owned));
    }
    words
}

/// Whether a text can be an SPDX expression: names, and `AND`, `OR` and `WITH` between them.
fn is_spdx(text: &str) -> bool {
    let name = |word: &str| {
        let mut letters = word.trim_matches(['(', ')']).chars();
        letters.next().is_some_and(|letter| letter.is_ascii_alphanumeric())
            && letters.all(|letter| letter.is_ascii_alphanumeric() || ".-+".contains(letter))
    };
    let words: Vec<&str> = text.split_whitespace().collect();
    let joined = |word: &&str| ["AND", "OR", "WITH"].contains(word);
    words.len() % 2 == 1
        && words.iter().step_by(2).all(|word| name(word) && !word.ends_with('.'))
        && words.iter().skip(1).step_by(2).all(joined)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::playbook::foreign_data;

    #[test]
    fn allowed_tools_are_told_apart_outside_parentheses() {
        for yaml in [
            "Read, Bash(git log --oneline:*), Edit",
            "Read Bash(git log --oneline:*)  Edit",
            "[Read, 'Bash(git log --oneline:*)', Edit]",
        ] {
            let tree = foreign_data(&format!("a: {yaml}\n")).unwrap().unwrap();
            let words = tools(tree.get("a").unwrap());
            assert_eq!(words, ["Read", "Bash(git log --oneline:*)", "Edit"], "{yaml}");
        }
    }

    #[test]
    fn a_licence_is_an_expression() {
        for text in ["MIT", "Apache-2.0 OR MIT", "GPL-2.0+ WITH Classpath-exception-2.0", "(MIT)"] {
            assert!(is_spdx(text), "{text}");
        }
        for text in [
            "",
            "Complete terms in LICENSE.txt",
            "Proprietary. LICENSE.txt",
            "MIT OR",
            "Proprietary.",
        ] {
            assert!(!is_spdx(text), "{text}");
        }
    }
}
