//! What will be done, in order: a playbook made ready for one project.

pub mod inputs;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;

use crate::graph::Graph;
use crate::playbook::{Bundle, EDITING, Grant, Playbook, Stage};
use crate::project::{Project, Verdict};

pub use inputs::{Given, InputFault};

/// A playbook, its inputs and a project, ready to be played.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The playbook.
    pub playbook: Arc<Playbook>,
    /// SHA-256 of its bundle.
    pub hash: String,
    /// The project.
    pub project: Arc<Project>,
    /// The inputs.
    pub inputs: Inputs,
    /// Each requirement in words, and what became of it.
    pub requirements: Vec<(String, Verdict)>,
    /// The stages' order; indices are those of [`Playbook::stages`].
    pub graph: Graph,
    /// What each stage may do, by stage index.
    pub powers: Vec<Powers>,
}

/// Makes a playbook ready for a project.
///
/// A playbook with errors has no plan: callers diagnose first. A circle among the stages, which
/// they would have been told of, yields a plan without stages in waves.
pub fn build(bundle: &Bundle, playbook: Playbook, inputs: Inputs, project: Project) -> Plan {
    let index = |id: &str| playbook.stages.iter().position(|stage| *stage.id == *id);
    let needs = playbook.stages.iter();
    let needs = needs.map(|stage| stage.needs.iter().filter_map(|need| index(need)).collect());
    let graph = crate::graph::build(needs.collect()).unwrap_or_default();
    let project = project.for_languages(playbook.languages.iter().map(|it| it.value.as_str()));
    let requirements = playbook.requires.iter();
    let requirements = requirements
        .map(|requirement| (Project::describe(requirement), project.verdict(requirement)))
        .collect();
    let powers = playbook.stages.iter().map(|stage| Powers::of(&playbook, stage)).collect();
    Plan {
        playbook: Arc::new(playbook),
        hash: bundle.hash.clone(),
        project: Arc::new(project),
        inputs,
        requirements,
        graph,
        powers,
    }
}

/// The values of a playbook's inputs.
#[derive(Debug, Clone, Default)]
pub struct Inputs {
    /// What templates see: secrets as their handles.
    pub values: BTreeMap<String, Value>,
    /// The secrets themselves, by input name.
    pub secrets: BTreeMap<String, Secret>,
}

/// A text that is never shown: not by `Debug`, not in a journal, not to a model. Its memory is
/// overwritten when it is dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

/// What a stage may do. Fixed from the playbook before anything untrusted is read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Powers {
    /// The engine's tools it has, by word, in the order of the engine's list; `run` is among
    /// them when `commands` is not empty.
    pub tools: Vec<String>,
    /// Commands that the model may run, by name.
    pub commands: Vec<String>,
    /// Globs of files that it may change.
    pub writes: Vec<String>,
    /// Keys of the env file that it may set.
    pub env_keys: Vec<String>,
    /// Tools of servers that it may call: server and tool.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub server_tools: Vec<(String, String)>,
}

/// Whether any stage is played by a model.
pub fn needs_model(playbook: &Playbook) -> bool {
    playbook.stages.iter().any(|stage| stage.run.is_none())
}

impl Secret {
    /// Wraps a text.
    pub fn new(text: impl Into<String>) -> Self {
        Secret(text.into())
    }

    /// Returns the text, for the one place that needs it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.0);
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Secret(…)")
    }
}

impl Plan {
    /// Returns the requirements that do not hold.
    pub fn unmet(&self) -> impl Iterator<Item = (&str, &str)> {
        self.requirements.iter().filter_map(|(text, verdict)| match verdict {
            Verdict::Unmet(found) => Some((text.as_str(), found.as_str())),
            Verdict::Met(_) | Verdict::Unknown(_) => None,
        })
    }

    /// Returns what templates see before any stage has ended: `inputs` and `project`.
    pub fn scope(&self) -> Value {
        serde_json::json!({ "inputs": self.inputs.values, "project": self.project.scope() })
    }
}

impl Powers {
    /// Whether the stage may change files of the project.
    pub fn edits(&self) -> bool {
        self.tools.iter().any(|tool| EDITING.contains(&tool.as_str()))
    }

    /// Returns the powers of a stage.
    pub fn of(playbook: &Playbook, stage: &Stage) -> Self {
        let mut powers = Powers::default();
        for grant in playbook.grants(stage) {
            match grant {
                Grant::Tool(name) if !powers.tools.contains(name) => {
                    powers.tools.push(name.clone());
                }
                Grant::Run(name) if !powers.commands.contains(name) => {
                    powers.commands.push(name.clone());
                }
                Grant::Mcp { server, tool } => {
                    let one = (server.clone(), tool.clone());
                    if !powers.server_tools.contains(&one) {
                        powers.server_tools.push(one);
                    }
                }
                _ => {}
            }
        }
        if !powers.commands.is_empty() {
            powers.tools.push("run".to_owned());
        }
        powers.writes = stage.writes.iter().map(|glob| glob.value.clone()).collect();
        if powers.tools.iter().any(|tool| tool == "env") {
            let keys = playbook.env.iter().flat_map(|env| &env.keys);
            powers.env_keys = keys.map(|(key, _)| key.value.clone()).collect();
        }
        powers
    }
}
