//! What the names in expressions stand for: the schema of everything that a template sees, and
//! scopes made of it in which an expression can be tried.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use crate::expression::{Expression, Reference};
use crate::lint::Subject;
use crate::lint::places::Place;
use crate::lint::schema::{End, Schema, Walk};
use crate::playbook::{ArgumentRule, Input, InputKind, Items, Playbook, Stage};

/// What is known of the values that templates see.
#[derive(Debug)]
pub struct Types {
    inputs: HashMap<String, Value>,
    project: Value,
    outputs: Vec<Value>,
    statuses: Vec<Value>,
    text: Value,
}

/// What a name is declared to be, and how many parts of its path that takes.
#[derive(Debug, Clone, Copy)]
pub struct Declared<'s> {
    /// What it is.
    pub schema: Schema<'s>,
    /// The parts of the path up to it.
    pub parts: usize,
}

impl Types {
    /// Gathers what a playbook says.
    pub(super) fn of(playbook: &Playbook) -> Self {
        let inputs = playbook.inputs.iter().map(|it| (it.name.value.clone(), of_input(it)));
        Types {
            inputs: inputs.collect(),
            project: json!({
                "type": "object",
                "properties": {
                    "name": { "type": "string" },
                    "languages": { "type": "array", "items": { "type": "string" } },
                    "package_manager": { "type": ["string", "null"] },
                },
            }),
            outputs: playbook.stages.iter().map(Stage::output_schema).collect(),
            statuses: playbook.stages.iter().map(of_status).collect(),
            text: json!({ "type": "string" }),
        }
    }

    /// Returns the schema of a stage's output.
    pub fn output(&self, stage: usize) -> Option<Schema<'_>> {
        self.outputs.get(stage).map(Schema::new)
    }

    /// Returns what the name at the beginning of a path is, where the playbook declares it.
    pub fn declared<'s>(
        &'s self,
        subject: &Subject<'_>,
        path: &[&str],
        place: Place<'_>,
    ) -> Option<Declared<'s>> {
        let declared = |whole: &'s Value, parts| Declared { schema: Schema::new(whole), parts };
        match path {
            ["inputs", name, ..] => Some(declared(self.inputs.get(*name)?, 2)),
            ["project", ..] => Some(declared(&self.project, 1)),
            ["stages", id, field @ ("output" | "status"), ..] => {
                let of = if *field == "output" { &self.outputs } else { &self.statuses };
                Some(declared(of.get(subject.stage(id)?)?, 3))
            }
            ["args", name, ..] => {
                let Place::Command(args) = place else { return None };
                let argument = args.iter().find(|argument| *argument.name == **name)?;
                matches!(argument.rule, ArgumentRule::Options(_) | ArgumentRule::Pattern(_))
                    .then(|| declared(&self.text, 2))
            }
            [name, ..] => {
                let Place::Item(stage, item) = place else { return None };
                let schema = self.item(subject, stage).filter(|_| *name == item)?;
                Some(Declared { schema, parts: 1 })
            }
            [] => None,
        }
    }

    /// Returns what an item of a stage is.
    fn item<'s>(&'s self, subject: &Subject<'_>, stage: usize) -> Option<Schema<'s>> {
        let stage_of = subject.playbook.stages.get(stage)?;
        let list = match &stage_of.for_each.as_ref()?.items {
            Items::Files { .. } => return Some(Schema::new(&self.text)),
            Items::List(list) => list.name()?,
        };
        let path: Vec<&str> = list.iter().map(String::as_str).collect();
        match self.walk(subject, &path, Place::Stage(stage))?.1.end {
            End::Value(schema) => schema.items(),
            _ => None,
        }
    }

    /// Walks along a whole path: what its beginning is declared to be, and where it ends. Parts
    /// are counted from the end of the beginning.
    pub fn walk<'s>(
        &'s self,
        subject: &Subject<'_>,
        path: &[&str],
        place: Place<'_>,
    ) -> Option<(Declared<'s>, Walk<'s>)> {
        let declared = self.declared(subject, path, place)?;
        Some((declared, declared.schema.walk(path.get(declared.parts..).unwrap_or_default())))
    }

    /// Returns what a path leads to, where that is known.
    pub fn schema<'s>(
        &'s self,
        subject: &Subject<'_>,
        path: &[String],
        place: Place<'_>,
    ) -> Option<Schema<'s>> {
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        match self.walk(subject, &path, place)?.1.end {
            End::Value(schema) => Some(schema),
            _ => None,
        }
    }

    /// Makes a scope in which everything is there that these references read. Nothing where it
    /// is not known what that is.
    pub fn scope(
        &self,
        subject: &Subject<'_>,
        references: &[Reference],
        place: Place<'_>,
    ) -> Option<Value> {
        let mut scope = Value::Object(Map::new());
        for reference in references {
            let sample = self.schema(subject, reference, place)?.sample()?;
            put(&mut scope, reference, sample)?;
        }
        Some(scope)
    }

    /// Returns every value that a path may have, where they are few enough to be listed.
    pub fn options(
        &self,
        subject: &Subject<'_>,
        path: &[String],
        place: Place<'_>,
    ) -> Option<Vec<Value>> {
        self.schema(subject, path, place)?.options()
    }
}

/// Puts a value at a path of a scope; a path through a list has room for one item.
pub fn put(scope: &mut Value, path: &[String], value: Value) -> Option<()> {
    let Some((first, rest)) = path.split_first() else {
        *scope = value;
        return Some(());
    };
    if first.parse::<i64>().is_ok() {
        let list = scope.as_array().cloned().unwrap_or_default();
        *scope = Value::Array(list);
        let list = scope.as_array_mut().filter(|_| first == "0")?;
        if list.is_empty() {
            list.push(Value::Null);
        }
        return put(list.first_mut()?, rest, value);
    }
    if !scope.is_object() {
        *scope = Value::Object(Map::new());
    }
    let fields = scope.as_object_mut()?;
    put(fields.entry(first.as_str()).or_insert(Value::Null), rest, value)
}

/// Takes away what stands at a path of a scope.
pub fn take(scope: &mut Value, path: &[String]) -> Option<()> {
    let (last, before) = path.split_last()?;
    let mut at = scope;
    for part in before {
        at = match part.parse::<usize>() {
            Ok(index) => at.get_mut(index)?,
            Err(_) => at.get_mut(part)?,
        };
    }
    at.as_object_mut()?.remove(last).map(|_| ())
}

/// Evaluates an expression for every combination of the values that its references may have;
/// nothing where there is no end of them.
pub fn every_answer(
    subject: &Subject<'_>,
    expression: &Expression,
    place: Place<'_>,
) -> Option<Vec<bool>> {
    /// The most combinations that are tried.
    const MOST: usize = 256;
    let types = subject.types();
    let mut scopes = vec![Value::Object(Map::new())];
    for reference in &expression.references() {
        let options = types.options(subject, reference, place)?;
        if options.is_empty() || scopes.len() * options.len() > MOST {
            return None;
        }
        let more = scopes.iter().flat_map(|scope| {
            options.iter().map(|option| {
                let mut scope = scope.clone();
                put(&mut scope, reference, option.clone())?;
                Some(scope)
            })
        });
        scopes = more.collect::<Option<_>>()?;
    }
    scopes.iter().map(|scope| expression.holds(scope).ok()).collect()
}

/// Whether two conditions never hold together, by the values that their names may have. Where
/// there is no end of these, one that holds and one that does not stand for all.
pub fn exclude(
    subject: &Subject<'_>,
    one: (&Expression, Place<'_>),
    other: (&Expression, Place<'_>),
) -> bool {
    /// The most combinations that are tried.
    const MOST: usize = 256;
    let mut scopes = vec![Value::Object(Map::new())];
    for (expression, place) in [one, other] {
        for reference in &expression.references() {
            let Some(schema) = subject.types().schema(subject, reference, place) else {
                return false;
            };
            let values = schema.options().or_else(|| schema.both_ways());
            let Some(values) = values.filter(|values| scopes.len() * values.len() <= MOST) else {
                return false;
            };
            let with = |scope: &Value, value: &Value| {
                let mut scope = scope.clone();
                put(&mut scope, reference, value.clone())?;
                Some(scope)
            };
            let more = scopes.iter().flat_map(|scope| values.iter().map(|it| with(scope, it)));
            let Some(more) = more.collect() else { return false };
            scopes = more;
        }
    }
    let holds = |expression: &Expression, scope: &Value| expression.holds(scope) != Ok(false);
    !scopes.iter().any(|scope| holds(one.0, scope) && holds(other.0, scope))
}

fn of_input(input: &Input) -> Value {
    let mut schema = match input.kind {
        InputKind::String | InputKind::Secret => json!({ "type": "string" }),
        InputKind::Integer => json!({ "type": "integer" }),
        InputKind::Number => json!({ "type": "number" }),
        InputKind::Boolean => json!({ "type": "boolean" }),
        InputKind::List => json!({ "type": "array", "items": { "type": "string" } }),
    };
    if !input.options.is_empty() {
        schema["enum"] = Value::Array(input.options.clone());
    }
    schema
}

/// The words for how a stage can end.
fn of_status(stage: &Stage) -> Value {
    let mut words = vec!["succeeded", "failed"];
    let never = stage.when.as_ref().filter(|when| when.references().is_empty());
    let never = never.is_some_and(|when| when.holds(&json!({})) == Ok(false));
    if never {
        words.clear();
    }
    if stage.when.is_some() {
        words.push("skipped");
    }
    if !stage.needs.is_empty() {
        words.push("blocked");
    }
    json!({ "type": "string", "enum": words })
}
