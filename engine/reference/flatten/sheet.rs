//! The front matter of an `airplane.md`: what a model app is, and what it is good for.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::playbook::{front_matter, schema_errors};

/// The page of an airplane that says what it is.
pub const SHEET: &str = "airplane.md";

/// What an airplane says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sheet {
    /// The version of this format: 1.
    #[schemars(range(min = 1, max = 1))]
    pub airplane: u32,
    /// The folder's name.
    pub name: String,
    /// One line for the index.
    pub description: String,
    /// The package of the framework that it is built with.
    pub framework: Option<String>,
    /// The range of the framework's versions for which it is right, such as `>=15.3`.
    pub version: Option<String>,
    /// Other packages, each with the range of its versions for which it is right.
    #[serde(default)]
    pub packages: BTreeMap<String, String>,
    /// Its languages.
    #[serde(default)]
    pub languages: Vec<String>,
    /// The names of the API that it shows, each as it stands in its code.
    #[serde(default)]
    pub shows: Vec<String>,
    /// The files to read first.
    #[serde(default)]
    pub entry: Vec<String>,
    /// Addresses of the docs that it follows: they still name what it shows.
    #[serde(default)]
    pub docs: Vec<String>,
    /// Commands, as argv, that prove that it is whole.
    #[serde(default)]
    pub build: Vec<Vec<String>>,
    /// How it is started, and which of its pages answer then.
    pub run: Option<Run>,
    /// What is not real in it, so that nobody copies it.
    #[serde(default)]
    pub fake: Vec<String>,
    /// Why it has more tokens than are good.
    pub large: Option<String>,
}

/// How an airplane is started, and which of its pages answer then.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// The command that starts it, as argv.
    #[schemars(length(min = 1))]
    pub start: Vec<String>,
    /// The port at which it listens on its own machine.
    #[schemars(range(min = 1024, max = 65535))]
    pub port: u16,
    /// Paths that answer with a status below 400.
    #[schemars(length(min = 1))]
    pub ask: Vec<String>,
}

/// Returns the JSON Schema of the front matter.
pub fn sheet_schema() -> Value {
    let mut schema = json!(schemars::schema_for!(Sheet));
    schema["title"] = json!("airplane of wizard, version 1");
    schema["patternProperties"] = json!({"^x_": {}});
    if let Some(Value::Object(keys)) = schema.get_mut("properties") {
        keys.values_mut().for_each(settle);
    }
    schema
}

/// Takes out of a key that it may be null: it is left out then.
fn settle(key: &mut Value) {
    let Value::Object(fields) = key else { return };
    fields.remove("default");
    let is_null = |it: &Value| *it == "null" || it["type"] == "null";
    if let Some(Value::Array(kinds)) = fields.get_mut("type") {
        kinds.retain(|kind| !is_null(kind));
        if let [only] = &kinds[..] {
            let only = only.clone();
            fields.insert("type".to_owned(), only);
        }
    }
    if let Some(Value::Array(mut kinds)) = fields.remove("anyOf") {
        kinds.retain(|kind| !is_null(kind));
        if let Some(Value::Object(only)) = kinds.pop() {
            fields.extend(only);
        }
    }
}

impl Sheet {
    /// Reads what an airplane says of itself, and the prose below. Its name is the folder's.
    pub(super) fn read<'a>(text: &'a str, name: &str) -> Result<(Self, &'a str), String> {
        let (data, prose) = front_matter(text)?;
        let mut data = data.ok_or_else(|| {
            "it has no front matter; begin it with `---`, YAML, and `---`".to_owned()
        })?;
        if let Value::Object(keys) = &mut data {
            keys.retain(|key, _| !key.starts_with("x_"));
        }
        let sheet: Sheet = serde_json::from_value(data.clone()).map_err(|error| {
            // They name every fault and its place.
            let faults = schema_errors(&sheet_schema(), &data);
            if faults.is_empty() { error.to_string() } else { faults.join("; ") }
        })?;
        if sheet.airplane != 1 {
            return Err(format!("`airplane: {}` is not known; write 1", sheet.airplane));
        }
        if sheet.name != name {
            return Err(format!("`name: {}` differs from the folder's name", sheet.name));
        }
        if sheet.build.iter().any(Vec::is_empty) {
            return Err("`build` has a command without words; each is a list of them".to_owned());
        }
        if let Some(run) = &sheet.run {
            run.hold()?;
        }
        Ok((sheet, prose))
    }

    /// Says in few words what the model can trust the airplane for.
    pub(super) fn head(&self, left_out: &[String]) -> String {
        let mut text = format!("# Airplane `{}`\n\n{}\n\n", self.name, self.description.trim());
        let framework = self.framework.iter().chain(&self.version).cloned().collect::<Vec<_>>();
        let packages = self.packages.iter().map(|(name, range)| format!("{name} {range}"));
        let lines = [
            ("for", framework.join(" ")),
            ("with", packages.collect::<Vec<_>>().join(", ")),
            ("languages", self.languages.join(", ")),
            ("shows", self.shows.join(", ")),
            ("entry points", self.entry.join(", ")),
            ("fake", self.fake.join("; ")),
            ("left out", left_out.join(", ")),
        ];
        for (label, words) in lines.iter().filter(|(_, words)| !words.is_empty()) {
            let _ = writeln!(text, "- {label}: {words}");
        }
        text.push('\n');
        text
    }
}

impl Run {
    fn hold(&self) -> Result<(), String> {
        if self.start.is_empty() || self.ask.is_empty() {
            return Err("`run` wants a command in `start` and paths in `ask`".to_owned());
        }
        if self.port < 1024 {
            return Err(format!("`port: {}` wants rights; take one from 1024 on", self.port));
        }
        let odd = |path: &&String| {
            !path.starts_with('/')
                || path.contains(|letter: char| letter <= ' ' || letter == '\x7f')
        };
        match self.ask.iter().find(odd) {
            Some(path) => {
                Err(format!("`ask` has `{}`; a path begins with `/`", path.escape_debug()))
            }
            None => Ok(()),
        }
    }
}
