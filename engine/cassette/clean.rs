//! What a cassette may hold: text without secrets, and without the place of the project.

use serde_json::Value;

use crate::gate::redact::Redactor;

/// Cleans what is about to be written.
#[derive(Debug, Clone)]
pub(super) struct Cleaner {
    redactor: Redactor,
    root: String,
}

impl Cleaner {
    pub(super) fn new(redactor: Redactor, root: &str) -> Self {
        Cleaner { redactor, root: root.trim_end_matches('/').to_owned() }
    }

    /// Masks the secrets in a text.
    pub(super) fn text(&self, text: &str) -> String {
        self.redactor.clean(text).into()
    }

    /// Masks the secrets in every text of a value, in the names of its fields, and in numbers.
    pub(super) fn value(&self, value: Value) -> Value {
        self.redactor.clean_all(value).into_inner()
    }

    /// Writes `.` for the path of the project's root, wherever a path may begin.
    pub(super) fn relative(&self, text: &str) -> String {
        if self.root.is_empty() {
            return text.to_owned();
        }
        let mut clean = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(place) = rest.find(&self.root) {
            let (before, found) = rest.split_at(place);
            let after = &found[self.root.len()..];
            clean.push_str(before);
            let begins =
                clean.ends_with("://") || !clean.chars().next_back().is_some_and(is_of_path);
            let next = after.trim_start_matches('.').chars().next();
            let ends = after.starts_with('/') || !next.is_some_and(is_of_path);
            clean.push_str(if begins && ends { "." } else { &self.root });
            rest = after;
        }
        clean.push_str(rest);
        clean
    }

    /// Writes `.` for the root in every text of a value.
    pub(super) fn relative_value(&self, value: &mut Value) {
        each_text(value, &|text| *text = self.relative(text));
    }

    /// Writes `.` for the root in texts that are paths: in others, such as the content of a file,
    /// the same letters may mean something else.
    pub(super) fn relative_paths(&self, value: &mut Value) {
        each_text(value, &|text| {
            if text.starts_with(&self.root) && !text.contains('\n') {
                *text = self.relative(text);
            }
        });
    }
}

fn each_text(value: &mut Value, change: &impl Fn(&mut String)) {
    match value {
        Value::String(text) => change(text),
        Value::Array(items) => items.iter_mut().for_each(|item| each_text(item, change)),
        Value::Object(fields) => fields.values_mut().for_each(|field| each_text(field, change)),
        _ => {}
    }
}

/// Whether a character beside a path would make it another path.
fn is_of_path(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '/' | '.' | '-' | '_')
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn cleaner() -> Cleaner {
        let secrets = [("input:key", "canary-canary"), ("env:PIN_CODE", "12345678")];
        Cleaner::new(Redactor::new(&secrets.into_iter().collect()), "/home/ada/shop")
    }

    #[test]
    fn secrets_are_masked_wherever_they_stand() {
        let value = json!({ "canary-canary": ["x canary-canary"], "pin": 12_345_678, "n": 1 });
        let expected = json!({
            "[REDACTED:input:key#1]": ["x [REDACTED:input:key#1]"],
            "pin": "[REDACTED:env:PIN_CODE#1]",
            "n": 1,
        });
        assert_eq!(cleaner().value(value), expected);
    }

    #[test]
    fn the_root_is_a_dot_where_it_is_a_path() {
        let cases = [
            ("in /home/ada/shop/a.ts:3", "in ./a.ts:3"),
            ("(/home/ada/shop)", "(.)"),
            ("file:///home/ada/shop/a", "file://./a"),
            ("in /home/ada/shop.", "in .."),
            ("/home/ada/shop.old", "/home/ada/shop.old"),
            ("/home/ada/shopping", "/home/ada/shopping"),
            ("/home/ada/shop/home/ada/shop", "./home/ada/shop"),
            ("/home/ada/shop /home/ada/shop", ". ."),
            ("/mnt/home/ada/shop", "/mnt/home/ada/shop"),
        ];
        for (text, expected) in cases {
            assert_eq!(cleaner().relative(text), expected);
        }
    }

    #[test]
    fn content_of_files_keeps_its_letters() {
        let mut input = json!({ "path": "/home/ada/shop/a.ts", "text": "x = '/home/ada/shop/b'" });
        cleaner().relative_paths(&mut input);
        assert_eq!(input, json!({ "path": "./a.ts", "text": "x = '/home/ada/shop/b'" }));
        cleaner().relative_value(&mut input);
        assert_eq!(input, json!({ "path": "./a.ts", "text": "x = './b'" }));
    }
}
