//! The rows of the corpus, with their templates filled in.

use std::path::{Path, PathBuf};

use regex::Regex;
use serde_json::Value;

use super::fakes::fake;
use super::fixture::canary;
use crate::support::root;

/// An input, and what is expected of it.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    /// Its name: class and number.
    pub(crate) id: String,
    /// The tool it is an input of, in the corpus' own words.
    pub(crate) tool: String,
    /// The input; keys that begin with `_` prepare the project and are not shown to the tool.
    pub(crate) input: Value,
    /// `deny`, `redact` or `allow`.
    pub(crate) expected: String,
    /// Why, with the code of the refusal first.
    pub(crate) note: String,
}

/// Returns the rows of a class, with templates as they stand.
pub(crate) fn rows(class: &str) -> Vec<Row> {
    let other = std::env::var_os("CORPUS").map(PathBuf::from);
    let file = other.unwrap_or_else(|| root().join("tests/corpus/attacks.tsv"));
    let text = std::fs::read_to_string(file).unwrap();
    let rows = text.lines().skip(1).map(|line| line.splitn(6, '\t').collect::<Vec<_>>());
    rows.filter(|cells| cells.len() == 6 && cells[1] == class)
        .map(|cells| Row {
            id: cells[0].to_owned(),
            tool: cells[2].to_owned(),
            input: serde_json::from_str(cells[3]).unwrap(),
            expected: cells[4].to_owned(),
            note: cells[5].to_owned(),
        })
        .collect()
}

impl Row {
    /// Returns the input with every template filled in for a project.
    pub(crate) fn filled(&self, project: &Path) -> Value {
        fill(&self.input, project)
    }

    /// Returns what prepares the project: the value of a key that begins with `_`.
    pub(crate) fn setup(&self, key: &str) -> Option<&Value> {
        self.input.get(format!("_{key}"))
    }
}

/// Fills templates in every text of a value; a list's `${SPREAD:text:count}` becomes its items.
pub(crate) fn fill(value: &Value, project: &Path) -> Value {
    match value {
        Value::String(text) => Value::String(filled(text, project)),
        Value::Array(items) => Value::Array(
            items
                .iter()
                .flat_map(|item| match item.as_str().and_then(spread) {
                    Some((text, count)) => vec![Value::String(text); count],
                    None => vec![fill(item, project)],
                })
                .collect(),
        ),
        Value::Object(fields) => Value::Object(
            fields.iter().map(|(key, value)| (key.clone(), fill(value, project))).collect(),
        ),
        other => other.clone(),
    }
}

fn spread(text: &str) -> Option<(String, usize)> {
    let inner = text.strip_prefix("${SPREAD:")?.strip_suffix('}')?;
    let (text, count) = inner.rsplit_once(':')?;
    Some((text.to_owned(), count.parse().ok()?))
}

/// Fills the templates of a text: `${ROOT}`, `${ROOTBASE}`, `${FAKE:name}`, `${CANARY:name}`,
/// `${REP:text:count}` and `${LINES:text:count}`.
pub(crate) fn filled(text: &str, project: &Path) -> String {
    let shown = project.display().to_string();
    let base = project.file_name().unwrap().to_string_lossy();
    let text = text.replace("${ROOT}", &shown).replace("${ROOTBASE}", &base);
    let template =
        Regex::new(r"(?s)\$\{(?:(FAKE|CANARY):([^}]*)|(REP|LINES):(.*?):(\d+))\}").unwrap();
    let filled = template.replace_all(&text, |found: &regex::Captures<'_>| {
        let group = |number: usize| found.get(number).map_or("", |found| found.as_str());
        let count = || group(5).parse::<usize>().unwrap();
        match (group(1), group(3)) {
            ("FAKE", _) => fake(group(2)).0,
            ("CANARY", _) => canary(group(2).split('|').next().unwrap()),
            (_, "REP") => group(4).repeat(count()),
            _ => {
                (0..count()).map(|line| group(4).replace("%d", &line.to_string()) + "\n").collect()
            }
        }
    });
    filled.into_owned()
}
