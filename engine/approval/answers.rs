//! An answers file: what a person decides before a run, so that nobody has to be there.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use futures_util::future::{BoxFuture, FutureExt as _};
use serde_json::{Map, Value};

use crate::approval::{Answer, Decision, Nobody, Person, Question};
use crate::diagnostic::near;
use crate::plan::Given;
use crate::playbook::{Approve, Output, Playbook, Stage, schema_errors};

/// The tables of an answers file.
const KEYS: [&str; 4] = ["approve", "ask", "inputs", "outputs"];

/// What an answers file says. What it does not answer is for others to answer.
#[derive(Default)]
pub struct Answers {
    path: PathBuf,
    /// Yes or no, by stage.
    approve: BTreeMap<String, bool>,
    /// Outputs in the place of the model's, by stage.
    outputs: BTreeMap<String, Value>,
    /// Answers to a model's questions, by their id.
    ask: BTreeMap<String, String>,
    inputs: BTreeMap<String, Given>,
    /// Stages whose output was given: one that is asked for again did not fit.
    given: Mutex<BTreeSet<String>>,
}

/// What is wrong with an answers file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the answers file `{}` {reason}", path.display())]
pub struct AnswersError {
    /// The file.
    pub path: PathBuf,
    /// Why, as the end of a sentence.
    pub reason: String,
}

impl Answers {
    /// Reads the text of an answers file: TOML or JSON, as its name says.
    pub fn read(path: &Path, text: &str) -> Result<Self, AnswersError> {
        let wrong = |reason| AnswersError { path: path.to_owned(), reason };
        let value = match path.extension().and_then(|extension| extension.to_str()) {
            Some("toml") => from_toml(text),
            Some("json") => from_json(text),
            _ => Err("is neither TOML nor JSON: end its name in `.toml` or `.json`".to_owned()),
        };
        let value = value.map_err(wrong)?;
        let mut answers = Answers { path: path.to_owned(), ..Answers::default() };
        let Value::Object(tables) = value else {
            return Err(wrong("is not a table".to_owned()));
        };
        for (name, table) in tables {
            let Value::Object(fields) = table else {
                return Err(wrong(no_table(&name)));
            };
            answers.take(&name, fields).map_err(wrong)?;
        }
        Ok(answers)
    }

    fn take(&mut self, table: &str, fields: Map<String, Value>) -> Result<(), String> {
        for (name, value) in fields {
            match (table, value) {
                ("approve", Value::Bool(yes)) => {
                    self.approve.insert(name, yes);
                }
                ("approve", _) => {
                    return Err(format!("has `approve.{name}`, which is neither true nor false"));
                }
                ("ask", Value::String(text)) => {
                    self.ask.insert(name, text);
                }
                ("ask", value @ (Value::Number(_) | Value::Bool(_))) => {
                    self.ask.insert(name, value.to_string());
                }
                ("ask", _) => return Err(format!("has `ask.{name}`, which is not text")),
                ("outputs", value) => {
                    self.outputs.insert(name, value);
                }
                ("inputs", value) => {
                    self.inputs.insert(name, Given::Data(value));
                }
                (other, _) => return Err(no_table(other)),
            }
        }
        if !KEYS.contains(&table) {
            return Err(no_table(table));
        }
        let both = self.outputs.keys().find(|stage| self.approve.get(*stage) == Some(&false));
        match both {
            Some(stage) => Err(format!(
                "rejects `{stage}` in `approve` and gives its output in `outputs`: remove one"
            )),
            None => Ok(()),
        }
    }

    /// Returns the inputs that it gives.
    pub fn inputs(&self) -> &BTreeMap<String, Given> {
        &self.inputs
    }

    /// Holds it against a playbook: the stages must be there and wait for a yes, and outputs must
    /// fit. Inputs are held against it with all others; questions are the model's, and unknown.
    pub fn hold(&self, playbook: &Playbook) -> Result<(), AnswersError> {
        let names = self.approve.keys().map(|name| ("approve", name));
        let names = names.chain(self.outputs.keys().map(|name| ("outputs", name)));
        for (table, name) in names {
            let stage = playbook.stages.iter().find(|stage| stage.id.value == *name);
            self.hold_stage(table, name, stage, playbook)
                .map_err(|reason| AnswersError { path: self.path.clone(), reason })?;
        }
        Ok(())
    }

    fn hold_stage(
        &self,
        table: &str,
        name: &str,
        stage: Option<&Stage>,
        playbook: &Playbook,
    ) -> Result<(), String> {
        let Some(stage) = stage else {
            let stages: Vec<&str> =
                playbook.stages.iter().map(|stage| stage.id.value.as_str()).collect();
            let hint = match near(name, stages.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("its stages are `{}`", stages.join("`, `")),
            };
            return Err(format!(
                "has `{table}.{name}`, and the playbook has no stage `{name}`; {hint}"
            ));
        };
        match (table, stage.approve) {
            (_, None) => Err(format!(
                "has `{table}.{name}`, and the stage `{name}` asks for no approval: remove it"
            )),
            ("outputs", Some(Approve::Before)) => Err(format!(
                "has `outputs.{name}`, and the stage `{name}` is approved before it begins: write \
                 `approve.{name}` instead"
            )),
            ("outputs", Some(Approve::Output)) => self.hold_output(name, stage),
            _ => Ok(()),
        }
    }

    fn hold_output(&self, name: &str, stage: &Stage) -> Result<(), String> {
        let (Output::Schema { schema, .. }, None) = (&stage.output, &stage.for_each) else {
            return Ok(());
        };
        let errors = self.outputs.get(name).map(|output| schema_errors(schema, output));
        match errors {
            Some(errors) if !errors.is_empty() => Err(format!(
                "has `outputs.{name}`, which does not fit the stage's schema: {}",
                errors.join("; ")
            )),
            _ => Ok(()),
        }
    }

    fn answer(&self, question: &Question) -> Result<Answer, Nobody> {
        let absent = || Nobody::Absent(question.name());
        let path = self.path.display();
        let decision = match question {
            Question::Before { at, .. } => {
                let yes = *self.approve.get(&at.stage).ok_or_else(absent)?;
                if yes { Decision::Accept } else { Decision::Reject }
            }
            Question::Output { at, .. } => {
                match (self.outputs.get(&at.stage), self.approve.get(&at.stage)) {
                    (Some(output), _) => {
                        let mut given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
                        if !given.insert(at.stage.clone()) {
                            return Err(Nobody::Unfit(format!(
                                "`outputs.{}` in the answers file `{path}` does not fit the stage",
                                at.stage
                            )));
                        }
                        Decision::Edit(output.clone())
                    }
                    (None, Some(true)) => Decision::Accept,
                    (None, Some(false)) => Decision::Reject,
                    (None, None) => return Err(absent()),
                }
            }
            Question::Ask { id, options, .. } => {
                let text = self.ask.get(id).ok_or_else(absent)?;
                if !options.is_empty() && !options.contains(text) {
                    return Err(Nobody::Unfit(format!(
                        "`ask.{id}` in the answers file `{path}` is none of the answers that are \
                         offered: `{}`",
                        options.join("`, `")
                    )));
                }
                Decision::Say(text.clone())
            }
        };
        Ok(Answer { decision, by: "answers file".to_owned() })
    }
}

impl Person for Answers {
    fn ask<'a>(&'a self, question: &'a Question) -> BoxFuture<'a, Result<Answer, Nobody>> {
        async move { self.answer(question) }.boxed()
    }
}

impl std::fmt::Debug for Answers {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The inputs may be secret.
        formatter.debug_struct("Answers").field("path", &self.path).finish_non_exhaustive()
    }
}

fn no_table(name: &str) -> String {
    if KEYS.contains(&name) {
        return format!("has `{name}`, which is not a table");
    }
    let hint = match near(name, KEYS) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("its tables are `{}`", KEYS.join("`, `")),
    };
    format!("has `{name}`, which says nothing; {hint}")
}

/// Reads TOML. What stands around a fault is not repeated: it may be a secret.
fn from_toml(text: &str) -> Result<Value, String> {
    let table: toml::Table = toml::from_str(text).map_err(|error: toml::de::Error| {
        let place = error.span().map_or(0, |span| span.start).min(text.len());
        let line = text.as_bytes()[..place].iter().filter(|byte| **byte == b'\n').count() + 1;
        format!("is not TOML, at line {line}: {}", error.message())
    })?;
    Ok(plain(toml::Value::Table(table)))
}

fn from_json(text: &str) -> Result<Value, String> {
    serde_json::from_str(text)
        .map_err(|error| format!("is not JSON, at line {} column {}", error.line(), error.column()))
}

fn plain(value: toml::Value) -> Value {
    match value {
        toml::Value::String(text) => Value::String(text),
        toml::Value::Integer(number) => number.into(),
        toml::Value::Float(number) => number.into(),
        toml::Value::Boolean(flag) => flag.into(),
        toml::Value::Datetime(time) => Value::String(time.to_string()),
        toml::Value::Array(items) => items.into_iter().map(plain).collect(),
        toml::Value::Table(fields) => {
            fields.into_iter().map(|(name, value)| (name, plain(value))).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::journal::At;

    const FILE: &str = r#"
[inputs]
project_key = "phc_canary"

[approve]
install = true
init = false

[outputs]
events = {events = [{name = "paid"}]}

[ask]
region = "eu"
count = 3
"#;

    const PLAYBOOK: &str = "\
---
playbook: 1
name: p
description: Does a thing. Use when asked.
commands: {add: {run: [true]}}
stages:
  events: {output: {schema: {type: object, properties: {events: {type: array}}, additionalProperties: false}}, approve: output}
  install: {run: add, approve: before}
  init: {}
---

## events

Text.

## init

Text.
";

    fn answers(text: &str) -> Result<Answers, String> {
        Answers::read(Path::new("a.toml"), text).map_err(|error| error.to_string())
    }

    fn output(stage: &str) -> Question {
        Question::Output { at: At::stage(stage), output: json!(1) }
    }

    fn ask(id: &str, options: &[&str]) -> Question {
        Question::Ask {
            at: At::stage("s"),
            id: id.to_owned(),
            text: String::new(),
            options: options.iter().map(|option| (*option).to_owned()).collect(),
            default: None,
        }
    }

    #[tokio::test]
    async fn what_is_prepared_is_answered() {
        let answers = answers(FILE).unwrap();
        let decision = async |question| answers.ask(&question).await.map(|answer| answer.decision);
        let before = |stage: &str| Question::Before { at: At::stage(stage), text: String::new() };
        assert_eq!(decision(before("install")).await, Ok(Decision::Accept));
        assert_eq!(decision(before("init")).await, Ok(Decision::Reject));
        assert_eq!(decision(output("init")).await, Ok(Decision::Reject));
        let edited = json!({ "events": [{ "name": "paid" }] });
        assert_eq!(decision(output("events")).await, Ok(Decision::Edit(edited)));
        assert!(matches!(decision(output("events")).await, Err(Nobody::Unfit(_))));
        assert_eq!(
            decision(ask("region", &["eu", "us"])).await,
            Ok(Decision::Say("eu".to_owned()))
        );
        assert_eq!(decision(ask("count", &[])).await, Ok(Decision::Say("3".to_owned())));
        assert!(matches!(decision(ask("region", &["us"])).await, Err(Nobody::Unfit(_))));
        assert_eq!(decision(ask("other", &[])).await, Err(Nobody::Absent("other".to_owned())));
        assert_eq!(
            decision(output("other")).await,
            Err(Nobody::Absent("approve other".to_owned()))
        );
        assert!(
            matches!(&answers.inputs()["project_key"], Given::Data(key) if key == "phc_canary")
        );
        assert!(!format!("{answers:?}").contains("canary"));
    }

    #[test]
    fn json_says_the_same() {
        let text = json!({ "approve": { "a": true }, "ask": { "b": "c" } }).to_string();
        let answers = Answers::read(Path::new("a.json"), &text).unwrap();
        assert_eq!((answers.approve["a"], answers.ask["b"].as_str()), (true, "c"));
    }

    #[test]
    fn what_is_wrong_is_named_with_the_way_out() {
        let cases = [
            ("[aprove]\nx = true\n", "has `aprove`, which says nothing; did you mean `approve`?"),
            (
                "[stages]\n",
                "has `stages`, which says nothing; its tables are `approve`, `ask`, `inputs`, \
                 `outputs`",
            ),
            ("approve = true\n", "has `approve`, which is not a table"),
            ("[approve]\nx = \"yes\"\n", "has `approve.x`, which is neither true nor false"),
            ("[ask]\nx = [1]\n", "has `ask.x`, which is not text"),
            (
                "[approve]\nx = false\n[outputs]\nx = 1\n",
                "rejects `x` in `approve` and gives its output in `outputs`: remove one",
            ),
        ];
        for (text, reason) in cases {
            let expected = format!("the answers file `a.toml` {reason}");
            assert_eq!(answers(text).map(|_| ()), Err(expected));
        }
        let reason = answers("[inputs]\nkey = \"canary\nx = 1\n").map(|_| ()).unwrap_err();
        assert!(
            reason.contains("is not TOML, at line 2") && !reason.contains("canary"),
            "{reason}"
        );
        let json = Answers::read(Path::new("a.json"), "{\"a\": canary}").unwrap_err().to_string();
        assert!(json.ends_with("is not JSON, at line 1 column 7"), "{json}");
        let yaml = Answers::read(Path::new("a.yaml"), "").unwrap_err().to_string();
        assert!(yaml.ends_with("end its name in `.toml` or `.json`"), "{yaml}");
    }

    #[test]
    fn a_file_is_held_against_the_playbook() {
        let (playbook, diagnostics) =
            crate::playbook::parse(&crate::playbook::load_text("p.md", PLAYBOOK));
        assert!(playbook.stages.len() == 3, "{diagnostics:?}");
        let hold = |text: &str| {
            let held = answers(text).unwrap().hold(&playbook);
            held.map_err(|error| error.reason)
        };
        assert_eq!(hold("[approve]\nevents = true\ninstall = false\n"), Ok(()));
        assert_eq!(hold("[outputs]\nevents = {events = []}\n"), Ok(()));
        let cases = [
            (
                "[approve]\nevnts = true\n",
                "has `approve.evnts`, and the playbook has no stage `evnts`; did you mean `events`?",
            ),
            (
                "[approve]\ninit = true\n",
                "has `approve.init`, and the stage `init` asks for no approval: remove it",
            ),
            (
                "[outputs]\ninstall = 1\n",
                "has `outputs.install`, and the stage `install` is approved before it begins: \
                 write `approve.install` instead",
            ),
        ];
        for (text, reason) in cases {
            assert_eq!(hold(text), Err(reason.to_owned()));
        }
        let unfit = hold("[outputs]\nevents = {event = []}\n").unwrap_err();
        assert!(unfit.contains("which does not fit the stage's schema: "), "{unfit}");
    }
}
