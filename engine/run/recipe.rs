//! What a stage is made of: all that would let it come out otherwise, but the project's files.
//!
//! A recipe is in the journal where a stage begins. By it a run that goes on sees what changed
//! under it, a stage is used again by a later run, and `wizard why` says why it was not.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::context;
use crate::gate::workspace::hash;
use crate::plan::Plan;
use crate::playbook::{Check, CheckKind, Command, Items, Output, Playbook, Prose, Stage};
use crate::reference::Index;
use crate::run::Model;

/// The parts of a stage by name, each as the beginning of the SHA-256 of what it is.
pub type Recipe = BTreeMap<String, String>;

/// Digits of a hash that a recipe has of a part: enough to tell two of one stage apart.
const DIGITS: usize = 16;

/// The part of a recipe that is an output of another stage begins so.
const OUTPUT: &str = "output of ";

/// Returns the recipe of a stage, without the outputs of others.
pub fn recipe(
    plan: &Plan,
    index: usize,
    references: &Index,
    models: &BTreeMap<String, Model>,
) -> Recipe {
    let playbook = &plan.playbook;
    let stage = &playbook.stages[index];
    let prose = stage.section.iter().chain(&stage.includes);
    let preamble = std::iter::once(&playbook.preamble).chain(&playbook.includes);
    let scope = plan.scope();
    let powers = &plan.powers[index];
    let commands = playbook.commands.iter().filter(|command| {
        let name = &command.name.value;
        powers.commands.contains(name)
            || stage.run.as_ref().is_some_and(|run| run.value == *name)
            || stage.checks.iter().any(|check| runs(check, name))
    });
    let commands: Vec<Value> = commands.map(command).collect();
    let checks: Vec<String> =
        stage.checks.iter().map(|check| context::describe(check, &Value::Null)).collect();
    let mut parts = Recipe::new();
    let mut part = |name: &str, value: Value| {
        parts.insert(name.to_owned(), mark(&value));
    };
    part("prose", json!(words(prose)));
    part("shared prose", json!(words(preamble)));
    part("inputs", scope["inputs"].clone());
    part("tools", json!({ "powers": powers, "commands": commands }));
    part("checks", json!(checks));
    part("settings", settings(stage));
    if stage.run.is_none() {
        let of_stage = references.of_stage(&stage.id.value);
        let references: Vec<(&str, &str)> = of_stage
            .references
            .iter()
            .map(|reference| (reference.name.as_str(), reference.hash.as_str()))
            .collect();
        part("references", json!(references));
        let model = models.get(&stage.model.value).map(|model| model.id.as_str());
        part("model", json!(model));
    }
    parts
}

/// Adds the outputs that a stage is given.
pub(super) fn with_outputs(
    mut recipe: Recipe,
    playbook: &Playbook,
    outputs: &[(String, Value)],
) -> Recipe {
    for (id, output) in outputs {
        let stage = playbook.stages.iter().find(|stage| stage.id.value == *id);
        // What a program prints of its work differs from time to time.
        let exit = stage.is_some_and(|stage| stage.run.is_some());
        let given = if exit { &output["exit"] } else { output };
        recipe.insert(format!("{OUTPUT}{id}"), mark(given));
    }
    recipe
}

/// Names the parts in which two recipes differ; of outputs only those that both have.
pub fn differences(then: &Recipe, now: &Recipe) -> Vec<String> {
    let names: std::collections::BTreeSet<&String> = then.keys().chain(now.keys()).collect();
    let both = |name: &str| then.contains_key(name) && now.contains_key(name);
    let differs = |name: &&String| then.get(*name) != now.get(*name);
    names
        .into_iter()
        .filter(differs)
        .filter(|name| !name.starts_with(OUTPUT) || both(name))
        .cloned()
        .collect()
}

fn mark(part: &Value) -> String {
    hash(part.to_string().as_bytes())[..DIGITS].to_owned()
}

/// Returns the words of prose, however it is broken into lines.
fn words<'a>(prose: impl Iterator<Item = &'a Prose>) -> Vec<String> {
    let text = prose.map(|prose| prose.text.text.split_whitespace().collect::<Vec<_>>().join(" "));
    text.collect()
}

/// What else of a stage decides how it is played.
fn settings(stage: &Stage) -> Value {
    let for_each = stage.for_each.as_ref().map(|for_each| {
        let items = match &for_each.items {
            Items::List(list) => json!(list.text),
            Items::Files { glob, containing } => {
                json!([glob.text, containing.as_ref().map(|text| &text.text)])
            }
        };
        let max = for_each.max.as_ref().map(|max| &max.value);
        json!([items, for_each.name.value, max, for_each.files.as_ref().map(|it| &it.text)])
    });
    let output = match &stage.output {
        Output::Default => Value::Null,
        Output::Markdown => json!("markdown"),
        Output::Schema { schema, .. } => schema.clone(),
    };
    json!({
        "when": stage.when.as_ref().map(|when| &when.text),
        "for_each": for_each,
        "output": output,
        "approve": format!("{:?}", stage.approve),
        "retry": stage.retry,
        "fork": stage.fork,
        "effort": format!("{:?}", stage.effort),
    })
}

/// What a command is, but for its place.
fn command(command: &Command) -> Value {
    let words: Vec<&str> = command.words.iter().map(|word| word.text.as_str()).collect();
    let network: Vec<&str> = command.network.iter().map(|host| host.value.as_str()).collect();
    let arguments: Vec<String> = command.args.iter().map(|it| it.name.value.clone()).collect();
    json!([
        command.name.value,
        format!("{:?}", command.kind),
        words,
        command.cwd.as_ref().map(|cwd| &cwd.value),
        format!("{:?}", command.env_file),
        network,
        arguments,
    ])
}

fn runs(check: &Check, name: &str) -> bool {
    matches!(&check.kind, CheckKind::Run(run) if run.value == name)
}
