//! The env file: whether a key is set, and setting one, without ever showing a value.

use crate::gate::{Gate, Refusal};
use crate::journal::Event;

/// An assignment of an env file.
#[derive(Debug, PartialEq, Eq)]
struct Assignment {
    key: String,
    value: String,
    /// The bytes from the beginning of the value to its end, quotes included.
    place: std::ops::Range<usize>,
}

impl Gate {
    /// Says of a key of the playbook's: `present`, `empty` or `missing`.
    pub fn env_status(&self, key: &str) -> Result<&'static str, Refusal> {
        let (file, _) = self.env_key(key)?;
        let text = self.env_text(&file)?;
        Ok(match last(&text, key) {
            None => "missing",
            Some(assignment) if assignment.value.is_empty() => "empty",
            Some(_) => "present",
        })
    }

    /// Sets a key to the playbook's value. A key that has another value is left: overwriting it
    /// is the person's to do.
    pub fn env_set(&self, key: &str) -> Result<String, Refusal> {
        if !self.powers.env_keys.iter().any(|granted| granted == key) {
            let keys = self.powers.env_keys.join("`, `");
            return Err(Refusal::Power(format!("this stage may set `{keys}`, and not `{key}`")));
        }
        let (file, template) = self.env_key(key)?;
        let rendered = template.render_text(&self.hall.scope());
        let rendered = rendered.map_err(|error| Refusal::Reply(error.to_string()))?;
        let secret =
            rendered.strip_prefix("secret:").and_then(|name| self.hall.inputs.secrets.get(name));
        let value = secret.map_or(rendered.as_str(), |secret| secret.reveal());
        if value.contains(['\0', '\r', '\n']) {
            return Err(Refusal::Reply(format!("the value of `{key}` has a line end")));
        }
        let text = self.env_text(&file)?;
        if let Some(found) = last(&text, key).filter(|found| !found.value.is_empty()) {
            return if found.value == value {
                Ok(format!("`{key}` was already set in {file}"))
            } else {
                Err(Refusal::Power(format!(
                    "`{key}` already has another value in {file}; only the person may change it"
                )))
            };
        }
        let mut said = format!("`{key}` is set in {file}");
        if !self.hall.workspace.is_ignored(&file) {
            self.ignore(&file)?;
            said = format!("{said}; {file} was added to .gitignore");
        }
        let created = text.is_empty();
        let event = Event::EnvSetting {
            at: self.at.clone(),
            file: file.clone(),
            key: key.to_owned(),
            created,
        };
        self.hall.note(event)?;
        let text = set(&text, key, value);
        self.hall.workspace.replace(&file, text.as_bytes())?;
        Ok(said)
    }

    fn env_key(&self, key: &str) -> Result<(String, &crate::expression::Template), Refusal> {
        let env = self.hall.playbook.env.as_ref();
        let env = env.ok_or_else(|| Refusal::Reply("the playbook names no env file".to_owned()))?;
        let found = env.keys.iter().find(|(known, _)| known.value == key);
        let (_, value) = found.ok_or_else(|| {
            let keys: Vec<&str> = env.keys.iter().map(|(key, _)| key.value.as_str()).collect();
            Refusal::Power(format!(
                "`{key}` is not a key of the playbook; its keys are {}",
                keys.join(", ")
            ))
        })?;
        Ok((self.hall.workspace.path(&env.file)?, value))
    }

    fn env_text(&self, file: &str) -> Result<String, Refusal> {
        let bytes = self.hall.workspace.read_any(file);
        let bytes =
            bytes.map_err(|error| Refusal::Reply(format!("cannot read {file}: {error}")))?;
        String::from_utf8(bytes.unwrap_or_default())
            .map_err(|_| Refusal::Reply(format!("{file} is not UTF-8, and is left as it is")))
    }

    /// Adds a line to the root's `.gitignore`.
    fn ignore(&self, file: &str) -> Result<(), Refusal> {
        let path = ".gitignore";
        let old = self.hall.workspace.read_any(path);
        let old = old.map_err(|error| Refusal::Reply(format!("cannot read {path}: {error}")))?;
        let mut text = String::from_utf8_lossy(&old.unwrap_or_default()).into_owned();
        let end = line_end(&text);
        if !text.is_empty() && !text.ends_with('\n') {
            text.push_str(end);
        }
        text.push_str(file);
        text.push_str(end);
        self.change(path, Some(text.as_bytes()), &|_| Ok(()))
    }
}

/// Returns every key and value of an env file, the last of a key winning.
pub(super) fn values(text: &str) -> Vec<(String, String)> {
    let all = assignments(text).into_iter();
    all.map(|assignment| (assignment.key, assignment.value)).collect()
}

fn last(text: &str, key: &str) -> Option<Assignment> {
    assignments(text).into_iter().rfind(|assignment| assignment.key == key)
}

/// Sets a key: fills its last, empty assignment, or adds a line. Nothing else changes.
fn set(text: &str, key: &str, value: &str) -> String {
    let quoted = quote(value);
    if let Some(found) = last(text, key) {
        return format!("{}{quoted}{}", &text[..found.place.start], &text[found.place.end..]);
    }
    let end = line_end(text);
    let gap = if text.is_empty() || text.ends_with('\n') { "" } else { end };
    format!("{text}{gap}{key}={quoted}{end}")
}

fn line_end(text: &str) -> &'static str {
    if text.contains("\r\n") { "\r\n" } else { "\n" }
}

/// Quotes a value where a reader of env files would take it for something else.
fn quote(value: &str) -> String {
    let plain =
        |character: char| character.is_ascii_alphanumeric() || "-_./:@%+,=?&~".contains(character);
    if value.chars().all(plain) {
        return value.to_owned();
    }
    if !value.contains('\'') {
        return format!("'{value}'");
    }
    let escaped = value.replace('\\', "\\\\").replace('"', "\\\"").replace('$', "\\$");
    format!("\"{escaped}\"")
}

/// Reads assignments: `export`, quotes, values over several lines, and comments are known.
fn assignments(text: &str) -> Vec<Assignment> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let line_end = text[at..].find('\n').map_or(text.len(), |length| at + length);
        let line = &text[at..line_end];
        let next = (line_end + 1).min(text.len());
        let body = line.trim_start();
        let body = body.strip_prefix("export ").map_or(body, str::trim_start);
        let Some(equals) = body.find('=').filter(|_| !body.starts_with('#')) else {
            at = if next > at { next } else { text.len() };
            continue;
        };
        let key = body[..equals].trim().to_owned();
        let after = at + (line.len() - body.len()) + equals + 1;
        let written = text[after..line_end].trim_start_matches([' ', '\t']);
        let begins = line_end - written.len();
        let comment_only = written.starts_with('#') && begins > after;
        let start = if comment_only { after } else { begins };
        let (value, end) =
            if comment_only { (String::new(), start) } else { value(text, start, line_end) };
        found.push(Assignment { key, value, place: start..end });
        at = text[end..].find('\n').map_or(text.len(), |length| end + length + 1);
    }
    found
}

fn value(text: &str, start: usize, line_end: usize) -> (String, usize) {
    let quote =
        text[start..line_end].chars().next().filter(|first| matches!(first, '"' | '\'' | '`'));
    if let Some(quote) = quote
        && let Some(close) = closing(&text[start + 1..], quote)
    {
        let end = start + 1 + close + 1;
        let inner = &text[start + 1..end - 1];
        let value = if quote == '"' {
            inner
                .replace("\\n", "\n")
                .replace("\\\"", "\"")
                .replace("\\$", "$")
                .replace("\\\\", "\\")
        } else {
            inner.to_owned()
        };
        return (value, end);
    }
    let rest = &text[start..line_end];
    let rest = rest.find(" #").map_or(rest, |comment| &rest[..comment]);
    let value = rest.trim_end();
    (value.to_owned(), start + value.len())
}

fn closing(text: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    text.char_indices().find_map(|(index, character)| {
        if escaped {
            escaped = false;
            return None;
        }
        escaped = character == '\\' && quote == '"';
        (character == quote).then_some(index)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_of_writing_a_value_is_read() {
        let text = "# A=1\nexport B=2\nC=\"x\ny\"\nD='a # b'\nE=plain # note\nF=\nB=3\n";
        let expected =
            [("B", "2"), ("C", "x\ny"), ("D", "a # b"), ("E", "plain"), ("F", ""), ("B", "3")];
        let expected = expected.map(|(key, value)| (key.to_owned(), value.to_owned()));
        assert_eq!(values(text), expected);
    }

    #[test]
    fn a_key_is_added_and_nothing_else_changes() {
        assert_eq!(set("A=1\r\nB='x'", "C", "v w"), "A=1\r\nB='x'\r\nC='v w'\r\n");
        assert_eq!(set("", "C", "$x'"), "C=\"\\$x'\"\n");
    }

    #[test]
    fn an_empty_key_is_filled_where_it_stands() {
        assert_eq!(set("A=1\nC= # later\nB=2\n", "C", "v"), "A=1\nC=v # later\nB=2\n");
    }

    #[test]
    fn a_key_is_not_a_pattern() {
        assert_eq!(last("AB=1\n", "A."), None);
        assert_eq!(last("AB=1\n", "A"), None);
    }
}
