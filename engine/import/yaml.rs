//! A front matter, written as YAML.

use serde_json::{Map, Value};

/// The widest line on which a list or map is written whole.
const WIDEST: usize = 120;

/// Words that YAML reads as something else than text, in one version of it or another.
const WORDS: [&str; 8] = ["true", "false", "null", "yes", "no", "on", "off", "y"];

/// Keys of a front matter whose entries have a line each.
const OPEN: [&str; 5] = ["inputs", "docs", "mcp", "commands", "stages"];

/// Writes a front matter: what stands below a key goes on its line where it has room.
pub(super) fn write(map: &Map<String, Value>) -> String {
    let mut text = String::new();
    for (key, value) in map {
        entry(&mut text, key, value, 0, OPEN.contains(&key.as_str()));
    }
    text
}

fn entry(text: &mut String, key: &str, value: &Value, depth: usize, open: bool) {
    let indent = "  ".repeat(depth);
    let key = scalar(key);
    let line = format!("{indent}{key}: {}", flow(value));
    let fits = line.chars().count() <= WIDEST;
    match value {
        Value::Null => text.push_str(&format!("{indent}{key}:\n")),
        Value::Object(map) if !map.is_empty() && (open || !fits) => {
            text.push_str(&format!("{indent}{key}:\n"));
            for (key, value) in map {
                // A stage is shown with a key a line.
                let is_stage = open && depth == 0 && value.get("writes").is_some();
                entry(text, key, value, depth + 1, is_stage);
            }
        }
        Value::Array(items) if !items.is_empty() && !fits => {
            text.push_str(&format!("{indent}{key}:\n"));
            for item in items {
                text.push_str(&format!("{indent}  - {}\n", flow(item)));
            }
        }
        Value::String(words) if plain_line(words) => {
            text.push_str(&format!("{indent}{key}: {words}\n"));
        }
        _ => text.push_str(&format!("{line}\n")),
    }
}

fn flow(value: &Value) -> String {
    match value {
        Value::String(text) => scalar(text),
        Value::Array(items) => {
            format!("[{}]", items.iter().map(flow).collect::<Vec<_>>().join(", "))
        }
        Value::Object(map) => {
            let entries =
                map.iter().map(|(key, value)| format!("{}: {}", scalar(key), flow(value)));
            format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}

/// Writes a text as it is where YAML reads it back as that text anywhere, else in quotes.
fn scalar(text: &str) -> String {
    let safe = |letter: char| letter.is_ascii_alphanumeric() || "_-./ ()".contains(letter);
    let plain = plain_line(text) && text.chars().all(safe);
    if plain { text.to_owned() } else { quoted(text) }
}

/// Whether a text can stand behind its key without quotes.
fn plain_line(text: &str) -> bool {
    // A word of a command may be a flag.
    let word = text.strip_prefix("--").or_else(|| text.strip_prefix('-')).unwrap_or(text);
    let begins = word.starts_with(|letter: char| letter.is_ascii_alphabetic());
    let odd = text.chars().any(|letter| letter.is_control() || letter == '\u{2028}');
    let lower = text.to_ascii_lowercase();
    begins
        && !odd
        && !text.contains(": ")
        && !text.contains(" #")
        && !text.contains("${{")
        && !text.ends_with(':')
        && text.trim() == text
        && !WORDS.contains(&lower.as_str())
}

/// Writes a text in double quotes, as JSON does, which YAML reads the same.
fn quoted(text: &str) -> String {
    let mut quoted = Value::from(text).to_string();
    for line_end in ['\u{85}', '\u{2028}', '\u{2029}', '\u{7f}'] {
        quoted = quoted.replace(line_end, &format!("\\u{:04x}", u32::from(line_end)));
    }
    quoted
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::playbook::foreign_data;

    #[test]
    fn what_is_written_is_read_back_the_same() {
        let long = "word ".repeat(60);
        let value = json!({
            "name": "a",
            "description": "Reads: the code, it's #1. \"Yes\"",
            "plain": "Reads, the {code} [x]; it's fine.",
            "words": ["no", "null", "1.5", "~", "", " a", "a: b", "a #b", "{x}", "*", "&a", "- b", "yes", "--x", "-y", "-1", "---", "-.inf", "--a b"],
            "lines": "one\ntwo\n\ttab \u{85} \u{7f} é 🙂\n",
            "stages": { "one": null, "two": { "tools": ["edit", "run(a b)"], "writes": ["**"], "f": 2.5 } },
            "deep": { "a": { "text": long, "list": [long, { "b": null, "c": true }] }, "empty": {} },
            "list": [long, [1, 2]],
        });
        let text = write(value.as_object().unwrap());
        assert_eq!(foreign_data(&text).unwrap().unwrap().json(), value, "{text}");
        assert!(text.contains("plain: Reads, the {code} [x]; it's fine.\n"), "{text}");
        assert!(text.contains("  one:\n  two:\n    tools: [edit, run(a b)]\n"), "{text}");
    }
}
