//! What must not leave: exact values of secrets, in the forms in which they turn up.

use std::collections::{BTreeMap, BTreeSet};

use aho_corasick::{AhoCorasick, MatchKind};

use crate::gate::env_file;
use crate::gate::workspace::Workspace;
use crate::plan::Inputs;

pub use crate::source::visible;

/// Text that may leave: to the model, a journal, a report. Only the redactor makes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clean(String);

/// Masks exact values.
#[derive(Debug, Clone, Default)]
pub struct Redactor {
    machine: Option<AhoCorasick>,
    masks: Vec<String>,
}

/// The shortest value that is masked, in bytes: shorter ones turn up by chance.
const SHORTEST: usize = 8;

/// Values that many env files have and that are no secret.
const COMMON: [&str; 8] = [
    "development",
    "production",
    "localhost",
    "127.0.0.1",
    "undefined",
    "disabled",
    "postgres",
    "password",
];

impl Redactor {
    /// Collects the values of secret inputs, of the project's env files, and of variables whose
    /// names say that they are secret.
    pub fn of(workspace: &Workspace, inputs: &Inputs, own: &BTreeMap<String, String>) -> Self {
        let assignments = |path: &String| {
            let bytes = workspace.read_any(path).ok().flatten().unwrap_or_default();
            env_file::values(&String::from_utf8_lossy(&bytes))
        };
        let examples = workspace.files().into_iter().filter(|path| is_example(path));
        let shown: BTreeSet<String> =
            examples.flat_map(|path| assignments(&path)).map(|(_, value)| value).collect();
        let mut values = BTreeMap::new();
        for (name, secret) in &inputs.secrets {
            values.insert(secret.reveal().to_owned(), format!("input:{name}"));
        }
        for path in workspace.secret_files() {
            for (key, value) in assignments(&path) {
                if !shown.contains(&value) && !is_bare_address(&value) {
                    values.entry(value).or_insert(format!("env:{key}"));
                }
            }
        }
        for (name, value) in own {
            let upper = name.to_uppercase();
            let says = ["KEY", "TOKEN", "SECRET", "PASSWORD", "CREDENTIAL"];
            if says.iter().any(|word| upper.contains(word)) {
                values.entry(value.clone()).or_insert(format!("environment:{name}"));
            }
        }
        Self::new(&values)
    }

    /// Makes a redactor of values and their names.
    pub fn new(values: &BTreeMap<String, String>) -> Self {
        let mut patterns: Vec<String> = Vec::new();
        let mut masks = Vec::new();
        for (value, name) in values {
            if value.len() < SHORTEST || COMMON.contains(&value.as_str()) {
                continue;
            }
            for form in forms(value) {
                if !patterns.contains(&form) {
                    patterns.push(form);
                    masks.push(format!("[REDACTED:{name}]"));
                }
            }
        }
        let machine =
            AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(&patterns).ok();
        Redactor { machine: machine.filter(|_| !patterns.is_empty()), masks }
    }

    /// Masks every value it knows.
    pub fn clean(&self, text: &str) -> Clean {
        match &self.machine {
            Some(machine) if machine.is_match(text) => {
                Clean(machine.replace_all(text, &self.masks))
            }
            _ => Clean(text.to_owned()),
        }
    }
}

/// Whether an env file is one that shows what to fill in: what stands there is no secret.
fn is_example(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    name.starts_with(".env.")
        && [".example", ".sample", ".template", ".dist"].iter().any(|end| name.ends_with(end))
}

/// Whether a value is an address and nothing more: a host without a user, a path or a query.
fn is_bare_address(value: &str) -> bool {
    let host = value.strip_prefix("https://").or_else(|| value.strip_prefix("http://"));
    host.is_some_and(|host| !host.trim_end_matches('/').contains(['/', '@', '?', '#']))
}

impl From<Clean> for String {
    fn from(clean: Clean) -> String {
        clean.0
    }
}

/// The forms in which a value turns up: itself, in JSON, in a URL, in hex and in base64.
fn forms(value: &str) -> Vec<String> {
    let json = serde_json::Value::from(value).to_string();
    let hex = crate::playbook::hex(value.as_bytes());
    let mut forms = vec![
        value.to_owned(),
        json[1..json.len() - 1].to_owned(),
        percent(value),
        hex.to_uppercase(),
        hex,
    ];
    for skipped in 0..3_usize {
        let padded: Vec<u8> = std::iter::repeat_n(0, skipped).chain(value.bytes()).collect();
        let encoded = base64(&padded);
        // The characters at both ends mix with what stands beside the value.
        let start = [0, 2, 3][skipped];
        let end = padded.len() * 8 / 6;
        forms.extend(encoded.get(start..end).map(str::to_owned));
    }
    forms.retain(|form| form.len() >= SHORTEST);
    forms
}

fn percent(value: &str) -> String {
    use std::fmt::Write as _;
    value.bytes().fold(String::new(), |mut text, byte| {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            text.push(char::from(byte));
        } else {
            let _ = write!(text, "%{byte:02X}");
        }
        text
    })
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let group = chunk.iter().fold(0_u32, |group, byte| (group << 8) | u32::from(*byte));
        let group = group << (8 * (3 - chunk.len()));
        for index in 0..=chunk.len() {
            let letter = (group >> (18 - 6 * index)) & 63;
            text.push(char::from(LETTERS[letter as usize]));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redactor() -> Redactor {
        let value = "canary/42 value+x".to_owned();
        Redactor::new(&BTreeMap::from([(value, "env:KEY".to_owned())]))
    }

    #[test]
    fn a_value_is_masked_in_every_form() {
        let redactor = redactor();
        let value = "canary/42 value+x";
        let forms = [
            value.to_owned(),
            percent(value),
            crate::playbook::hex(value.as_bytes()),
            base64(value.as_bytes()),
            base64(format!("a{value}b").as_bytes()),
            base64(format!("ab{value}").as_bytes()),
        ];
        for form in forms {
            let clean: String = redactor.clean(&format!("x={form};")).into();
            assert!(clean.contains("[REDACTED:env:KEY]"), "{form} {clean}");
        }
    }

    #[test]
    fn what_an_example_shows_and_where_a_host_is_are_no_secrets() {
        let folder = tempfile::tempdir().unwrap();
        let write =
            |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        write(".env.example", "DATABASE_URL=sqlite:///instance/shop.db\nKEY=\n");
        write(
            ".env",
            "DATABASE_URL=sqlite:///instance/shop.db\nBASE_URL=http://localhost:3000\n\
             HOOK=https://hooks.example.com/T0/canary\nKEY=canary-42\n",
        );
        let workspace = Workspace::open(folder.path()).unwrap();
        let redactor = Redactor::of(&workspace, &Inputs::default(), &BTreeMap::new());
        let text = "sqlite:///instance/shop.db http://localhost:3000";
        assert_eq!(String::from(redactor.clean(text)), text);
        let secret = "https://hooks.example.com/T0/canary canary-42";
        let clean = String::from(redactor.clean(secret));
        assert_eq!(clean, "[REDACTED:env:HOOK] [REDACTED:env:KEY]");
    }

    #[test]
    fn other_text_is_left_as_it_is() {
        let text = "canary/42 value";
        assert_eq!(String::from(redactor().clean(text)), text);
        assert_eq!(base64(b"hello"), "aGVsbG8");
    }
}
