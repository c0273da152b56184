//! Keys of neighbouring formats, which authors bring along, and what they are here.

use std::collections::HashMap;
use std::sync::LazyLock;

/// What is known of a key that is none here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Foreign {
    /// The key that does the same here, if one does.
    pub(super) ours: Option<&'static str>,
    /// Whether its value can stay as it is.
    pub(super) keeps_value: bool,
    /// What is different here.
    pub(super) note: &'static str,
}

/// What is known of each key, by the record in which it stands and its letters.
type Keys = HashMap<(String, String), Foreign>;

static KEYS: LazyLock<Keys> = LazyLock::new(|| keys(include_str!("foreign_keys.txt")));

/// Looks up a key by the record in which it stands: `playbook`, `stage`, `command` and so on.
pub(super) fn find(record: &str, key: &str) -> Option<Foreign> {
    KEYS.get(&(letters(record), letters(key))).copied()
}

fn keys(text: &'static str) -> Keys {
    let mut keys = Keys::new();
    let mut record = String::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        if let Some(name) = line.strip_prefix('[') {
            record = letters(name);
        } else if let Some((names, foreign)) = entry(line) {
            keys.extend(names.into_iter().map(|name| ((record.clone(), letters(name)), foreign)));
        }
    }
    keys
}

/// Reads `KEY, KEY = OURS: note`, `KEY -> OURS: note` or `KEY - note`.
fn entry(line: &'static str) -> Option<(Vec<&'static str>, Foreign)> {
    let last = line.split(' ').position(|word| !word.ends_with(','))?;
    let mut words = line.splitn(last + 3, ' ');
    let names = words.by_ref().take(last + 1).map(|name| name.trim_end_matches(',')).collect();
    let (mark, rest) = (words.next()?, words.next()?);
    if mark == "-" {
        return Some((names, Foreign { ours: None, keeps_value: false, note: rest }));
    }
    let (ours, note) = rest.split_once(": ")?;
    Some((names, Foreign { ours: Some(ours), keeps_value: mark == "=", note }))
}

/// Drops what only spelling decides.
fn letters(key: &str) -> String {
    key.chars().filter(char::is_ascii_alphanumeric).map(|it| it.to_ascii_lowercase()).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    /// The record of the format that a heading of the data file names.
    fn record<'a>(schema: &'a Value, name: &str) -> &'a Value {
        let defined = schema["$defs"].as_object().unwrap();
        let found =
            defined.iter().find(|(it, _)| letters(it) == format!("{}format", letters(name)));
        let inline = |property: &str| {
            let choices =
                schema["$defs"][property].as_object().unwrap()["properties"][name].clone();
            choices["anyOf"].is_array()
        };
        match name {
            "playbook" => schema,
            "output" if inline("StageFormat") => {
                &schema["$defs"]["StageFormat"]["properties"]["output"]["anyOf"][1]
            }
            "contains" if inline("CheckFormat") => {
                &schema["$defs"]["CheckFormat"]["properties"]["contains"]["anyOf"][1]
            }
            _ => found.unwrap_or_else(|| panic!("there is no record `{name}`")).1,
        }
    }

    #[test]
    fn every_line_is_an_entry_whose_own_key_is_known_and_whose_others_are_not() {
        let schema = crate::playbook::schema();
        let mut name = "";
        let mut seen = std::collections::BTreeSet::new();
        for line in include_str!("foreign_keys.txt").lines() {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            if let Some(record) = line.strip_prefix('[') {
                name = record.trim_end_matches(']');
                continue;
            }
            let (keys, foreign) = entry(line).unwrap_or_else(|| panic!("{line}"));
            let known = record(schema, name)["properties"].as_object().unwrap();
            if let Some(ours) = foreign.ours {
                assert!(known.contains_key(ours) || ours.starts_with("x_"), "{name}: {line}");
            }
            for key in keys {
                assert!(seen.insert((name, letters(key))), "`{key}` stands twice in {name}");
                let own = known.keys().find(|own| letters(own) == letters(key));
                assert_eq!(own, None, "`{key}` is a key of {name}");
                assert_eq!(find(name, key), Some(foreign), "{name}: {key}");
            }
        }
        assert!(seen.len() > 400, "{} keys", seen.len());
    }

    #[test]
    fn spelling_makes_no_difference() {
        for key in ["depends_on", "depends-on", "dependsOn"] {
            assert_eq!(find("stage", key).and_then(|foreign| foreign.ours), Some("needs"));
        }
        assert_eq!(find("stage", "x_owner"), None);
        assert_eq!(find("nothing", "depends_on"), None);
    }
}
