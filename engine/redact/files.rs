//! The values in a file that holds secrets, whatever its kind.

use serde_json::Value;

use crate::env_file;

/// The most values of one file.
const MOST: usize = 5_000;

/// The shortest line of a key that is a value of its own, in bytes.
const KEY_LINE: usize = 32;

/// Returns what stands in a file: names and values, those first that say most.
///
/// Every program has a way of its own to keep secrets, so several readings are tried: assignments,
/// JSON, words after `password`, addresses with a user, the lines of a key, and a whole file that
/// is one word.
pub fn values(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    if let Ok(json) = serde_json::from_str::<Value>(text) {
        of_json("value", &json, &mut found);
    } else {
        for assignment in env_file::assignments(text) {
            let key = assignment.key.rsplit(['/', ':']).next().unwrap_or_default().to_owned();
            let cut = assignment.value.split('#').next().unwrap_or_default().trim().to_owned();
            if cut != assignment.value && !cut.is_empty() {
                found.push((key.clone(), cut));
            }
            found.push((key, assignment.value));
        }
        of_lines(text, &mut found);
        of_words(text, &mut found);
    }
    of_keys(text, &mut found);
    let whole = text.trim();
    if !whole.contains(char::is_whitespace) {
        found.push(("key".to_owned(), whole.to_owned()));
    }
    found.retain(|(_, value)| !value.is_empty());
    found.truncate(MOST);
    found
}

fn of_json(name: &str, value: &Value, found: &mut Vec<(String, String)>) {
    match value {
        Value::String(text) => found.push((name.to_owned(), text.clone())),
        Value::Array(items) => items.iter().for_each(|item| of_json(name, item, found)),
        Value::Object(fields) => {
            for (name, value) in fields {
                of_json(name, value, found);
            }
        }
        Value::Number(number) => found.push((name.to_owned(), number.to_string())),
        Value::Bool(_) | Value::Null => {}
    }
}

/// `name: value`, `name = "value"` and lists of passwords with colons.
fn of_lines(text: &str, found: &mut Vec<(String, String)>) {
    for line in text.lines().map(str::trim).filter(|line| !line.starts_with('#')) {
        let Some(at) = line.find([':', '=']) else { continue };
        let name = line[..at].trim().trim_start_matches("- ").trim_matches(['"', '\'']);
        let value = line[at + 1..].trim().trim_end_matches([',', ';']).trim_matches(['"', '\'']);
        let name = name.rsplit('/').next().unwrap_or(name);
        if name.len() <= 80 && !name.contains(' ') {
            found.push((name.to_owned(), value.to_owned()));
        }
        // host:port:database:user:password, and user:hash.
        if !line.contains(' ') && !line.contains("://") && line.matches(':').count() >= 1 {
            let last = line.rsplit(':').next().unwrap_or_default();
            found.push(("password".to_owned(), last.to_owned()));
        }
    }
}

/// Words after `password`, and addresses with a user.
fn of_words(text: &str, found: &mut Vec<(String, String)>) {
    let words: Vec<&str> = text.split_whitespace().collect();
    for pair in words.windows(2) {
        if ["password", "passwd", "account", "token", "key"].contains(&pair[0]) {
            found.push((pair[0].to_owned(), pair[1].trim_matches(['"', '\'']).to_owned()));
        }
    }
    let addresses = words.iter().filter(|word| word.contains("://") && word.contains('@'));
    found.extend(addresses.map(|it| ("address".to_owned(), (*it).to_owned())));
}

/// The lines of private keys.
fn of_keys(text: &str, found: &mut Vec<(String, String)>) {
    let mut private = false;
    for line in text.replace("\\n", "\n").lines().map(str::trim) {
        if line.contains("-----BEGIN ") {
            private = line.contains("PRIVATE KEY");
        } else if line.contains("-----END ") {
            private = false;
        } else if private && line.len() >= KEY_LINE {
            found.push(("private_key".to_owned(), line.to_owned()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn has(text: &str, value: &str) -> bool {
        values(text).iter().any(|(_, found)| found == value)
    }

    #[test]
    fn every_program_keeps_secrets_in_a_way_of_its_own() {
        for text in [
            "//registry.example.com/:_authToken=canary-42",
            "machine x.example.com login me password canary-42",
            "database:\n  password: canary-42\n",
            "password = \"canary-42\"\n",
            "canary-42\n",
            "{\"a\": [{\"b\": \"canary-42\"}]}",
            "db.example.com:5432:app:me:canary-42",
            "me:canary-42",
            "KEY=canary-42#note",
        ] {
            assert!(has(text, "canary-42"), "{text}");
        }
        assert!(has("https://me:canary-42@x.example.com", "https://me:canary-42@x.example.com"));
    }
}
