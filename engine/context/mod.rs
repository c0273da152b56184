//! What the model is shown: from a stage to a request.
//!
//! **Invariant:** the prefix (system text, tools) depends only on the playbook and the stage,
//! never on the project, the clock or an item, so that a provider's cache can hold it.

mod shorten;

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use crate::expression::EvaluateError;
use crate::gate::marks::Marks;
use crate::model::{Message, Request, ToolSpec};
use crate::plan::Plan;
use crate::playbook::{Check, CheckKind, Output, Pattern, Playbook, Prose, Stage};
use crate::reference::tokens;

pub use shorten::shorten;

const SYSTEM: &str = include_str!("system.md");
const RETRO: &str = include_str!("retro.md");

/// What a stage's request is made from.
pub struct Briefing<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// The stage, by index.
    pub stage: usize,
    /// What templates see, the item included.
    pub scope: &'a Value,
    /// What its needs left, by stage id, in the order of its needs.
    pub outputs: &'a [(String, Value)],
    /// One line a reference.
    pub references: &'a str,
    /// What happened so far, for a stage that plays after failures.
    pub digest: Option<&'a str>,
    /// The tools it has.
    pub tools: &'a [ToolSpec],
    /// Globs of the files it may change, narrowed to the item.
    pub writes: &'a [String],
    /// Marks what is shown and nobody vouches for.
    pub marks: &'a Marks,
}

/// The text of a first message, in named parts.
#[derive(Debug, Clone, Default)]
pub struct Tail {
    /// Each part's name and text, in order.
    pub parts: Vec<(&'static str, String)>,
}

/// Assembles a stage's first request. The model's id and limits are the caller's to set.
pub fn assemble(briefing: &Briefing<'_>) -> Result<Request, EvaluateError> {
    Ok(Request {
        model: String::new(),
        system: vec![system(briefing.plan)?],
        tools: briefing.tools.to_vec(),
        messages: vec![Message::user(tail(briefing)?.text())],
        max_tokens: 0,
        effort: None,
        turn: crate::model::message::TurnId::default(),
    })
}

/// Returns the text that every stage of a playbook begins with.
pub fn system(plan: &Plan) -> Result<String, EvaluateError> {
    let scope = plan.scope();
    let mut text = SYSTEM.to_owned();
    let playbook = &plan.playbook;
    for prose in std::iter::once(&playbook.preamble).chain(&playbook.includes) {
        push_prose(&mut text, prose, &scope)?;
    }
    Ok(text)
}

/// Returns what the first message of a stage says.
pub fn tail(briefing: &Briefing<'_>) -> Result<Tail, EvaluateError> {
    let stage = &briefing.plan.playbook.stages[briefing.stage];
    let mut tail = Tail::default();
    let mut section = format!("# Stage {}\n", title(stage, briefing.scope)?);
    for prose in stage.section.iter().chain(&stage.includes) {
        push_prose(&mut section, prose, briefing.scope)?;
    }
    tail.parts.push(("section", section));
    tail.parts.push(("facts", facts(briefing, stage)));
    let outputs = outputs(briefing, stage);
    if !outputs.is_empty() {
        tail.parts.push(("outputs", outputs));
    }
    if let Some(digest) = briefing.digest {
        tail.parts.push(("digest", data(briefing.marks, "run", digest)));
    }
    if !briefing.references.is_empty() {
        let text = format!("References, to look up with `reference`:\n{}", briefing.references);
        tail.parts.push(("references", text));
    }
    Ok(tail)
}

/// Returns a stage's title as people see it, the id where it has none.
pub fn title(stage: &Stage, scope: &Value) -> Result<String, EvaluateError> {
    match &stage.title {
        Some(title) => Ok(format!("`{}`: {}", stage.id.value, title.render_text(scope)?)),
        None => Ok(format!("`{}`", stage.id.value)),
    }
}

/// Returns the question after the end, with the stage's section in numbered lines.
pub fn retro(playbook: &str, stage: &Stage) -> String {
    let mut text = RETRO.to_owned();
    if let Some(section) = &stage.section {
        let before = playbook.get(..section.span.start as usize).unwrap_or_default();
        let first = before.matches('\n').count() + 1;
        let section = playbook.get(section.span.start as usize..section.span.end as usize);
        for (index, line) in section.unwrap_or_default().lines().enumerate() {
            if !line.trim().is_empty() {
                let _ = write!(text, "\n{}: {line}", first + index);
            }
        }
    }
    text
}

/// Says a check in words, for the model and the person.
pub fn describe(check: &Check, scope: &Value) -> String {
    let shown = |template: &crate::expression::Template| {
        template.render_text(scope).unwrap_or_else(|_| template.text.clone())
    };
    let text = match &check.kind {
        CheckKind::Run(command) => format!("command `{}` succeeds", command.value),
        CheckKind::File(glob) => format!("a file `{}` exists", shown(glob)),
        CheckKind::Contains { text: Pattern::Text(text), within } => {
            format!("`{}` contains `{}`", shown(within), shown(text))
        }
        CheckKind::Contains { text: Pattern::Regex(regex), within } => {
            format!("`{}` matches /{}/", shown(within), shown(regex))
        }
        CheckKind::Changed(glob) => format!("`{}` has changed", shown(glob)),
        CheckKind::Unchanged(glob) => format!("`{}` is unchanged", shown(glob)),
        CheckKind::Env(key) => format!("env key `{}` is set", shown(key)),
        CheckKind::Json { file, pointer, equals: Some(equals) } => {
            format!("`{}` has {} at `{}`", shown(file), equals.value, shown(pointer))
        }
        CheckKind::Json { file, pointer, equals: None } => {
            format!("`{}` has something at `{}`", shown(file), shown(pointer))
        }
    };
    if check.not { format!("not: {text}") } else { text }
}

impl Tail {
    /// Returns the message.
    pub fn text(&self) -> String {
        let texts: Vec<&str> = self.parts.iter().map(|(_, text)| text.trim_end()).collect();
        texts.join("\n\n")
    }
}

/// Counts the tokens of a request by part: system, tools, then the parts of the tail.
pub fn count(request: &Request, tail: &Tail) -> Vec<(String, u64)> {
    let system = request.system.iter().map(|text| tokens(text)).sum();
    let tools = request.tools.iter().map(|tool| tokens(&json!(tool).to_string())).sum();
    let mut parts = vec![("system".to_owned(), system), ("tools".to_owned(), tools)];
    parts.extend(tail.parts.iter().map(|(name, text)| ((*name).to_owned(), tokens(text))));
    parts
}

fn push_prose(text: &mut String, prose: &Prose, scope: &Value) -> Result<(), EvaluateError> {
    let rendered = prose.text.render_text(scope)?;
    let rendered = rendered.trim();
    if !rendered.is_empty() {
        text.push('\n');
        text.push_str(rendered);
        text.push('\n');
    }
    Ok(())
}

/// The inputs that the section does not name itself, the project, and what the engine will hold
/// the stage to.
fn facts(briefing: &Briefing<'_>, stage: &Stage) -> String {
    let plan = briefing.plan;
    let mut text = format!("Project: {}", plan.project.scope());
    let inputs = unnamed_inputs(&plan.playbook, stage, briefing.scope);
    if !inputs.is_empty() {
        let _ = write!(text, "\nInputs: {}", Value::Object(inputs));
    }
    if !briefing.writes.is_empty() {
        let writes: Vec<String> = briefing.writes.iter().map(|glob| format!("`{glob}`")).collect();
        let _ = write!(text, "\nYou may change only: {}", writes.join(", "));
    }
    if !stage.checks.is_empty() {
        text.push_str("\nDone when:");
        for check in &stage.checks {
            let _ = write!(text, "\n- {}", describe(check, briefing.scope));
        }
    }
    if matches!(stage.output, Output::Markdown) {
        text.push_str("\nThe output is a markdown document for the person.");
    }
    text
}

fn unnamed_inputs(playbook: &Playbook, stage: &Stage, scope: &Value) -> Map<String, Value> {
    let named = |name: &str| {
        let sections = stage.section.iter().chain(&stage.includes);
        sections.flat_map(|prose| prose.text.references()).any(|reference| {
            matches!(&reference.value[..], [first, second, ..] if first == "inputs" && second == name)
        })
    };
    let inputs = playbook.inputs.iter();
    inputs
        .filter(|input| input.kind != crate::playbook::InputKind::Secret && !named(&input.name))
        .filter_map(|input| {
            let value = scope.get("inputs")?.get(&input.name.value)?;
            Some((input.name.value.clone(), value.clone()))
        })
        .collect()
}

/// The outputs of direct needs that the section does not interpolate whole, as marked data.
fn outputs(briefing: &Briefing<'_>, stage: &Stage) -> String {
    let references: Vec<_> =
        stage.section.iter().flat_map(|section| section.text.references()).collect();
    let interpolated = |id: &str| {
        references.iter().any(|reference| {
            reference.value.len() == 3
                && reference.value[0] == "stages"
                && reference.value[1] == id
                && reference.value[2] == "output"
        })
    };
    let outputs = briefing.outputs.iter();
    let texts: Vec<String> = outputs
        .filter(|(id, output)| !output.is_null() && !interpolated(id))
        .map(|(id, output)| data(briefing.marks, &format!("output of {id}"), &output.to_string()))
        .collect();
    texts.join("\n")
}

/// Marks text as material, without what a person would not see.
fn data(marks: &Marks, source: &str, text: &str) -> String {
    marks.from(source, &crate::source::visible(text).0)
}
