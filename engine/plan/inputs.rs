//! From what a caller gave to the values of a playbook's inputs.

use std::collections::BTreeMap;

use regex::Regex;
use serde_json::Value;

use crate::plan::{Inputs, Secret};
use crate::playbook::{Input, InputKind, Playbook};

/// A value as it was given: text from a flag, a variable or a prompt, or data from a file.
#[derive(Debug, Clone)]
pub enum Given {
    /// Text, read as the input's type says.
    Text(String),
    /// Data, which must already have the type.
    Data(Value),
}

/// What is wrong with an input.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InputFault {
    /// It has no default and was not given.
    #[error("the input `{name}` is missing{}", about(.description.as_ref(), .env.as_ref()))]
    Missing {
        /// Its name.
        name: String,
        /// What the playbook says it is.
        description: Option<String>,
        /// The environment variable that may hold it.
        env: Option<String>,
    },
    /// The playbook has no such input.
    #[error("the playbook has no input `{name}`; it has {known}")]
    Unknown {
        /// What was given.
        name: String,
        /// What there is.
        known: String,
    },
    /// The value does not fit.
    #[error("the input `{name}` {reason}")]
    Unfit {
        /// Its name.
        name: String,
        /// Why, as the end of a sentence.
        reason: String,
    },
}

impl Inputs {
    /// Takes what was given, fills in defaults, and reports every fault at once.
    pub fn resolve(
        playbook: &Playbook,
        given: &BTreeMap<String, Given>,
    ) -> Result<Inputs, Vec<InputFault>> {
        Self::gather(playbook, given, false)
    }

    /// The same for a run that a cassette answers: a secret that is not given has a stand-in,
    /// because no cassette holds one.
    pub fn replayed(
        playbook: &Playbook,
        given: &BTreeMap<String, Given>,
    ) -> Result<Inputs, Vec<InputFault>> {
        Self::gather(playbook, given, true)
    }

    fn gather(
        playbook: &Playbook,
        given: &BTreeMap<String, Given>,
        replayed: bool,
    ) -> Result<Inputs, Vec<InputFault>> {
        let mut inputs = Inputs::default();
        let mut faults = Vec::new();
        for name in given.keys() {
            if !playbook.inputs.iter().any(|input| *input.name == *name) {
                faults.push(InputFault::Unknown { name: name.clone(), known: names(playbook) });
            }
        }
        for input in &playbook.inputs {
            let name = &input.name.value;
            let value = given.get(name);
            if replayed && value.is_none() && input.kind == InputKind::Secret {
                inputs.keep(name, format!("replayed-{name}"));
            } else if let Err(fault) = inputs.take(input, value) {
                faults.push(fault);
            }
        }
        if faults.is_empty() { Ok(inputs) } else { Err(faults) }
    }

    /// Keeps a secret, and shows its handle.
    fn keep(&mut self, name: &str, secret: String) {
        self.secrets.insert(name.to_owned(), Secret::new(secret));
        self.values.insert(name.to_owned(), Value::String(handle(name)));
    }

    /// Fills every input that was not given: what a plan shows when nothing is played.
    pub fn sketch(playbook: &Playbook, given: &BTreeMap<String, Given>) -> Inputs {
        let mut inputs = Inputs::default();
        for input in &playbook.inputs {
            let name = input.name.value.clone();
            if inputs.take(input, given.get(&name)).is_err() {
                let stand_in = match input.kind {
                    InputKind::Integer | InputKind::Number => Value::from(1),
                    InputKind::Boolean => Value::Bool(false),
                    InputKind::List => Value::Array(Vec::new()),
                    InputKind::Secret => Value::String(handle(&name)),
                    InputKind::String => Value::String(format!("<{name}>")),
                };
                inputs.values.insert(name, stand_in);
            }
        }
        inputs
    }

    fn take(&mut self, input: &Input, given: Option<&Given>) -> Result<(), InputFault> {
        let name = &input.name.value;
        let unfit = |reason: String| InputFault::Unfit { name: name.clone(), reason };
        let value = match (given, &input.default) {
            (Some(Given::Text(text)), _) => read(input.kind, text).map_err(unfit)?,
            (Some(Given::Data(value)), _) => value.clone(),
            (None, Some(default)) => default.clone(),
            (None, None) => {
                return Err(InputFault::Missing {
                    name: name.clone(),
                    description: input.description.clone(),
                    env: input.env.clone(),
                });
            }
        };
        hold(input, &value).map_err(unfit)?;
        if input.kind == InputKind::Secret {
            self.keep(name, value.as_str().unwrap_or_default().to_owned());
        } else {
            self.values.insert(name.clone(), value);
        }
        Ok(())
    }
}

/// Returns what stands for a secret wherever it could be seen.
pub fn handle(name: &str) -> String {
    format!("secret:{name}")
}

fn read(kind: InputKind, text: &str) -> Result<Value, String> {
    let trimmed = text.trim();
    let value = match kind {
        InputKind::String | InputKind::Secret => Some(Value::from(text)),
        InputKind::Integer => trimmed.parse::<i64>().ok().map(Value::from),
        InputKind::Number => {
            trimmed.parse::<f64>().ok().filter(|number| number.is_finite()).map(Value::from)
        }
        InputKind::Boolean => trimmed.parse::<bool>().ok().map(Value::from),
        InputKind::List => {
            Some(text.split(',').map(str::trim).filter(|item| !item.is_empty()).collect())
        }
    };
    value.ok_or_else(|| format!("is not {}", kind_in_words(kind)))
}

fn hold(input: &Input, value: &Value) -> Result<(), String> {
    let fits = match input.kind {
        InputKind::String | InputKind::Secret => value.is_string(),
        InputKind::Integer => value.is_i64() || value.is_u64(),
        InputKind::Number => value.is_number(),
        InputKind::Boolean => value.is_boolean(),
        InputKind::List => value.is_array(),
    };
    if !fits {
        return Err(format!("is not {}", kind_in_words(input.kind)));
    }
    if !input.options.is_empty() && !input.options.contains(value) {
        let options: Vec<String> = input.options.iter().map(Value::to_string).collect();
        return Err(format!("is none of {}", options.join(", ")));
    }
    if let (Some(pattern), Some(text)) = (&input.pattern, value.as_str()) {
        let matches = Regex::new(pattern).is_ok_and(|regex| regex.is_match(text));
        if !matches {
            return Err(format!("does not match `{}`", pattern.value));
        }
    }
    Ok(())
}

fn kind_in_words(kind: InputKind) -> &'static str {
    match kind {
        InputKind::String | InputKind::Secret => "text",
        InputKind::Integer => "a whole number",
        InputKind::Number => "a number",
        InputKind::Boolean => "`true` or `false`",
        InputKind::List => "a list",
    }
}

fn names(playbook: &Playbook) -> String {
    let names = playbook.inputs.iter().map(|input| format!("`{}`", input.name.value));
    let names: Vec<String> = names.collect();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

fn about(description: Option<&String>, env: Option<&String>) -> String {
    let mut text = description.map(|about| format!(" ({about})")).unwrap_or_default();
    if let Some(env) = env {
        text.push_str("; set ");
        text.push_str(env);
    }
    text
}
