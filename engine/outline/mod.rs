//! A plan as a person sees it before anything is played: order, powers, and what it will cost to
//! begin. Asks no model and changes nothing.

mod drawing;
mod powers;
mod scope;
mod text;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::context::{self, Briefing, Tail};
use crate::expression::EvaluateError;
use crate::gate::command::preview;
use crate::gate::marks::Marks;
use crate::model::Request;
use crate::plan::{Plan, Powers};
use crate::playbook::{Approve, Budget, ForEach, Items, Output, Stage};
use crate::project::Verdict;
use crate::reference::Index;
use crate::tools;

pub use powers::{PowerChange, PowerTable};

/// A plan, ready to be shown.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Outline {
    /// The playbook's name.
    pub playbook: String,
    /// What it does.
    pub description: String,
    /// SHA-256 of its bundle, in hex.
    pub hash: String,
    /// The project, as templates see it.
    pub project: Value,
    /// What must hold before anything is played.
    pub requirements: Vec<RequirementLine>,
    /// Stage ids in waves: those of one wave need only stages of earlier waves.
    pub waves: Vec<Vec<String>>,
    /// The stages, in the order of the playbook.
    pub stages: Vec<StageOutline>,
    /// What the model may look up.
    pub references: Vec<ReferenceLine>,
    /// The run's limits.
    pub budget: BudgetLine,
}

/// A requirement and what became of it.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct RequirementLine {
    /// The requirement in words.
    pub text: String,
    /// `met`, `unmet` or `unknown`.
    pub verdict: &'static str,
    /// What was found.
    pub found: String,
}

/// A reference, by name.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct ReferenceLine {
    /// Its name.
    pub name: String,
    /// Its tokens, bytes / 4; absent for a doc that is fetched when the playbook is played.
    pub tokens: Option<u64>,
}

/// Limits, each absent when nothing limits it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, JsonSchema)]
pub struct BudgetLine {
    /// US dollars.
    pub usd: Option<f64>,
    /// Tokens, sent and received.
    pub tokens: Option<u64>,
    /// Requests to the model.
    pub turns: Option<u32>,
    /// Minutes on the clock.
    pub minutes: Option<f64>,
}

/// One stage.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct StageOutline {
    /// Its id.
    pub id: String,
    /// Its title, items still unnamed.
    pub title: String,
    /// The stages it needs directly.
    pub needs: Vec<String>,
    /// For a `run:` stage, the command's name and argv.
    pub runs: Option<CommandLine>,
    /// For a model stage, the alias of its model.
    pub model: Option<String>,
    /// The tools that the model has, `done` left out.
    pub tools: Vec<String>,
    /// The commands that the model may run.
    pub commands: Vec<CommandLine>,
    /// Globs of the files it may change.
    pub writes: Vec<String>,
    /// Keys of the env file that it may set.
    pub env_keys: Vec<String>,
    /// The references it may look up.
    pub references: Vec<String>,
    /// What decides that it is done.
    pub checks: Vec<String>,
    /// How often a failed check goes back to the model.
    pub retry: u32,
    /// Whether it is played at all.
    pub when: Option<String>,
    /// What it is played for, once each.
    pub for_each: Option<String>,
    /// `output` or `before`, where a person has to say yes.
    pub approve: Option<&'static str>,
    /// Whether its failure leaves the run standing.
    pub optional: bool,
    /// What it leaves: `data`, `document` or `summary`.
    pub output: &'static str,
    /// Tokens of its first request by part, estimated as bytes / 4. Outputs of earlier stages
    /// are counted by the names that stand in for them.
    pub tokens: Vec<(String, u64)>,
    /// Its own limits.
    pub budget: BudgetLine,
}

/// A command and what it runs.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct CommandLine {
    /// Its name in the playbook.
    pub name: String,
    /// Its argv as far as it is known, joined by spaces.
    pub argv: String,
}

/// Makes a plan's outline. References that are fetched only at play time are left out of `index`.
pub fn outline(plan: &Plan, index: &Index) -> Outline {
    let playbook = &plan.playbook;
    let id = |stage: &usize| playbook.stages[*stage].id.value.clone();
    Outline {
        playbook: playbook.name.value.clone(),
        description: playbook.description.clone(),
        hash: plan.hash.clone(),
        project: plan.project.scope(),
        requirements: plan
            .requirements
            .iter()
            .map(|(text, verdict)| requirement(text, verdict))
            .collect(),
        waves: plan.graph.waves.iter().map(|wave| wave.iter().map(id).collect()).collect(),
        stages: (0..playbook.stages.len()).map(|stage| stage_outline(plan, index, stage)).collect(),
        references: references(plan, index),
        budget: budget(&playbook.budget),
    }
}

/// Assembles the first request of a stage, with names standing in for what earlier stages leave.
/// The model's id and limits are the caller's to set.
pub fn request(plan: &Plan, index: &Index, stage: usize) -> Result<(Request, Tail), EvaluateError> {
    let scope = scope::scope(plan, stage);
    let outputs: Vec<(String, Value)> = plan
        .graph
        .needs
        .get(stage)
        .into_iter()
        .flatten()
        .map(|need| {
            let id = plan.playbook.stages[*need].id.value.clone();
            let output = scope["stages"][&id]["output"].clone();
            (id, output)
        })
        .collect();
    let powers = &plan.powers[stage];
    let specs = tools::specs(powers, &plan.playbook, &plan.playbook.stages[stage].output, []);
    let listed = if powers.tools.iter().any(|tool| tool == "reference") {
        index.list()
    } else {
        String::new()
    };
    let briefing = Briefing {
        plan,
        stage,
        scope: &scope,
        outputs: &outputs,
        references: &listed,
        digest: None,
        tools: &specs,
        writes: &powers.writes,
        marks: &Marks::default(),
    };
    Ok((context::assemble(&briefing)?, context::tail(&briefing)?))
}

impl Outline {
    /// Draws it as a tree for a terminal.
    pub fn tree(&self) -> String {
        text::tree(self)
    }

    /// Draws it as a Mermaid flowchart.
    pub fn mermaid(&self) -> String {
        drawing::mermaid(self)
    }

    /// Draws it as a Graphviz digraph.
    pub fn dot(&self) -> String {
        drawing::dot(self)
    }
}

impl StageOutline {
    /// Returns the tokens of its first request.
    pub fn first_request(&self) -> u64 {
        self.tokens.iter().map(|(_, tokens)| tokens).sum()
    }
}

fn requirement(text: &str, verdict: &Verdict) -> RequirementLine {
    let (verdict, found) = match verdict {
        Verdict::Met(found) => ("met", found),
        Verdict::Unmet(found) => ("unmet", found),
        Verdict::Unknown(found) => ("unknown", found),
    };
    RequirementLine { text: text.to_owned(), verdict, found: found.clone() }
}

fn stage_outline(plan: &Plan, index: &Index, number: usize) -> StageOutline {
    let stage = &plan.playbook.stages[number];
    let powers = &plan.powers[number];
    let scope = scope::scope(plan, number);
    let looks_up = powers.tools.iter().any(|tool| tool == "reference");
    let is_model = stage.run.is_none();
    let tokens = if is_model {
        request(plan, index, number)
            .map(|(request, tail)| context::count(&request, &tail))
            .unwrap_or_default()
    } else {
        Vec::new()
    };
    let all = references(plan, index).into_iter().map(|reference| reference.name);
    let own = stage.docs.iter().map(|doc| doc.name.value.clone());
    StageOutline {
        id: stage.id.value.clone(),
        title: stage.title.as_ref().map(|title| scope::shown(title, &scope)).unwrap_or_default(),
        needs: stage.needs.iter().map(|need| need.value.clone()).collect(),
        runs: stage.run.as_ref().map(|name| command(plan, &name.value)),
        model: is_model.then(|| stage.model.value.clone()),
        tools: if is_model { tool_names(powers) } else { Vec::new() },
        commands: powers.commands.iter().map(|name| command(plan, name)).collect(),
        writes: powers.writes.clone(),
        env_keys: powers.env_keys.clone(),
        references: if is_model && looks_up { all.chain(own).collect() } else { Vec::new() },
        checks: stage.checks.iter().map(|check| context::describe(check, &scope)).collect(),
        retry: stage.retry,
        when: stage.when.as_ref().map(|when| when.text.clone()),
        for_each: stage.for_each.as_ref().map(|for_each| items(for_each, plan)),
        approve: stage.approve.map(|approve| match approve {
            Approve::Before => "before",
            Approve::Output => "output",
        }),
        optional: stage.optional,
        output: output(stage),
        tokens,
        budget: budget(&stage.budget),
    }
}

/// The tools of a stage as the playbook grants them.
fn tool_names(powers: &Powers) -> Vec<String> {
    let servers = powers.server_tools.iter().map(|(server, tool)| format!("mcp({server}/{tool})"));
    powers.tools.iter().cloned().chain(servers).collect()
}

fn output(stage: &Stage) -> &'static str {
    match (&stage.run, &stage.output) {
        (Some(_), _) => "exit code and text",
        (None, Output::Schema { .. }) => "data",
        (None, Output::Markdown) => "document",
        (None, Output::Default) => "summary",
    }
}

fn items(for_each: &ForEach, plan: &Plan) -> String {
    let from = match &for_each.items {
        Items::List(expression) => expression.text.clone(),
        Items::Files { glob, containing: None } => format!("files {}", glob.text),
        Items::Files { glob, containing: Some(text) } => {
            format!("files {} that contain `{}`", glob.text, text.text)
        }
    };
    let max = for_each.max.as_ref().map(|max| scope::value(&max.value, &plan.scope()));
    max.map_or(from.clone(), |max| format!("{from}, at most {max}"))
}

fn command(plan: &Plan, name: &str) -> CommandLine {
    let argv = plan.playbook.command(name);
    let argv = argv.map(|command| preview(command, plan.project.manager.as_ref()));
    CommandLine { name: name.to_owned(), argv: argv.unwrap_or_default() }
}

fn budget(budget: &Budget) -> BudgetLine {
    BudgetLine {
        usd: budget.usd,
        tokens: budget.tokens,
        turns: budget.turns,
        minutes: budget.minutes,
    }
}

/// The docs and airplanes that every stage may look up; those that are at hand with their size.
fn references(plan: &Plan, index: &Index) -> Vec<ReferenceLine> {
    let docs = plan.playbook.docs.iter().map(|doc| &doc.name.value);
    let names = docs.chain(plan.playbook.airplanes.iter().map(|airplane| &airplane.value));
    names
        .map(|name| {
            let found = index.references.iter().find(|reference| reference.name == *name);
            ReferenceLine { name: name.clone(), tokens: found.map(|reference| reference.tokens) }
        })
        .collect()
}
