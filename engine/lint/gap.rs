//! Expressions, tried with something missing: whether they can do without it.

use serde_json::{Value, json};

use crate::expression::Expression;
use crate::lint::Subject;
use crate::lint::places::Place;
use crate::lint::types;

/// What is missing.
#[derive(Debug, Clone, Copy)]
pub enum Gap<'a> {
    /// The output of a stage, by its id, and how that stage ended.
    Output(&'a str, &'static str),
    /// One part of a value, by its path.
    Part(&'a [String]),
}

/// What an expression has to come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// Anything.
    Value,
    /// A list.
    List,
}

/// Whether an expression comes to what it has to while everything is there, and does not when
/// this is missing. What cannot be tried is judged only where it is one name.
pub fn fails(
    subject: &Subject<'_>,
    expression: &Expression,
    place: Place<'_>,
    gap: Gap<'_>,
    wanted: Wanted,
) -> bool {
    let comes = |scope: &Value| {
        let value = expression.evaluate(scope);
        value.is_ok_and(|value| wanted == Wanted::Value || value.is_array())
    };
    if let Some(whole) = subject.types().scope(subject, &expression.references(), place) {
        return comes(&whole) && !comes(&gap.open(whole));
    }
    expression.name().is_some_and(|path| match gap {
        Gap::Output(..) => path.len() > 3 || wanted == Wanted::List,
        Gap::Part(_) => true,
    })
}

/// Whether a stage is not played when this is missing. A `when` that reads it and cannot be tried
/// is trusted.
pub fn is_guarded(subject: &Subject<'_>, stage: usize, gap: Gap<'_>) -> bool {
    let stage_of = subject.playbook.stages.get(stage);
    let Some(when) = stage_of.and_then(|stage| stage.when.as_ref()) else { return false };
    let references = when.references();
    if !references.iter().any(|reference| gap.concerns(reference)) {
        return false;
    }
    match subject.types().scope(subject, &references, Place::Stage(stage)) {
        Some(whole) => when.holds(&gap.open(whole)) != Ok(true),
        None => true,
    }
}

impl Gap<'_> {
    fn open(self, mut scope: Value) -> Value {
        match self {
            Gap::Output(id, status) => {
                scope["stages"][id] = json!({ "output": null, "status": status });
            }
            Gap::Part(path) => {
                types::take(&mut scope, path);
            }
        }
        scope
    }

    fn concerns(self, path: &[String]) -> bool {
        match self {
            Gap::Output(id, _) => path.len() > 1 && path[0] == "stages" && path[1] == id,
            Gap::Part(part) => path.starts_with(part),
        }
    }
}
