//! Plays against a scripted model: what a run does, stage by stage.

mod model;
mod order;

use std::collections::{BTreeMap, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use futures_util::future::{BoxFuture, FutureExt as _};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use wizard::approval::{Answer, Decision, Nobody, Person, Question};
use wizard::gate::Hall;
use wizard::gate::command::{SystemRunner, Unconfined};
use wizard::gate::kept::{Blobs, Start};
use wizard::gate::redact::Redactor;
use wizard::gate::servers::{NoServers, Servers};
use wizard::gate::workspace::Workspace;

use wizard::journal::event::Outcome;
use wizard::journal::{Event, Journal, Key, Status};
use wizard::lint::{self, Profile};
use wizard::model::catalogue::Price;
use wizard::model::{Block, ModelError, Provider, Reply, Request, Stop};
use wizard::online::ServerTool;
use wizard::plan::{Given, Inputs, Plan};
use wizard::playbook::load_text;
use wizard::redact::Clean;
use wizard::reference::Reference;
use wizard::run::{self, Ended, Model, Past, Seams};
use wizard::sandbox::Level;

/// A stage, or an item of it.
type Place = (String, Option<usize>);

/// A model that says what the test wrote, by stage and item, and keeps every request.
#[derive(Default)]
struct Script {
    says: Mutex<BTreeMap<Place, VecDeque<Reply>>>,
    asked: Mutex<Vec<Request>>,
}

/// What the person decides, by the name of the question.
#[derive(Default)]
struct Decisions(Mutex<VecDeque<Decision>>);

/// A play under preparation.
pub(crate) struct Play {
    playbook: String,
    at: Option<PathBuf>,
    asks: Option<Arc<dyn Provider>>,
    knows: Vec<Reference>,
    serves: Option<(ServerTool, Arc<dyn Servers>)>,
    files: Vec<(&'static str, &'static str)>,
    script: Script,
    decisions: Vec<Decision>,
    price: Option<Price>,
    retro: bool,
    cancel: CancellationToken,
    linted: bool,
    level: Level,
    environment: BTreeMap<String, String>,
    /// The folder of the run, where it is to outlive the play, or goes on.
    state: Option<PathBuf>,
    again: Vec<String>,
    only: Option<String>,
    /// The tokens that the model reads.
    window: Option<u64>,
    /// Who answers instead of the decisions, by a clock that does not wait.
    person: Option<Arc<dyn Person>>,
}

/// What a play came to.
pub(crate) struct Played {
    pub(crate) ended: Ended,
    /// Why it could not go on.
    pub(crate) fault: Option<String>,
    pub(crate) events: Vec<Event>,
    pub(crate) asked: Vec<Request>,
    folder: tempfile::TempDir,
}

pub(crate) fn play(keys: &str, sections: &str) -> Play {
    Play {
        at: None,
        asks: None,
        knows: Vec::new(),
        serves: None,
        playbook: format!(
            "---\nplaybook: 1\nname: test\ndescription: Tests.\n{keys}---\n{sections}"
        ),
        files: Vec::new(),
        script: Script::default(),
        decisions: Vec::new(),
        price: None,
        retro: false,
        cancel: CancellationToken::new(),
        linted: true,
        level: Level::Full,
        environment: BTreeMap::from([("PATH".to_owned(), "/usr/bin:/bin".to_owned())]),
        state: None,
        again: Vec::new(),
        only: None,
        window: None,
        person: None,
    }
}

pub(crate) fn call(name: &str, input: &Value) -> Block {
    static NUMBER: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
    let number = NUMBER.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    Block::Call { id: format!("call_{number}"), name: name.to_owned(), input: input.clone() }
}

pub(crate) fn done() -> Block {
    call("done", &json!({ "summary": "did it" }))
}

impl Play {
    pub(crate) fn file(mut self, path: &'static str, text: &'static str) -> Self {
        self.files.push((path, text));
        self
    }

    /// Asks another model than the scripted one.
    pub(crate) fn asks(mut self, model: Arc<dyn Provider>) -> Self {
        self.asks = Some(model);
        self
    }

    /// Asks a model at this price.
    pub(crate) fn priced(mut self, price: &Value) -> Self {
        self.price = Some(serde_json::from_value(price.clone()).unwrap());
        self
    }

    /// Asks a model that reads so many tokens.
    pub(crate) fn reads(mut self, window: u64) -> Self {
        self.window = Some(window);
        self
    }

    /// Has somebody answer, who may take any time: no clock waits.
    pub(crate) fn answered_by(mut self, person: Arc<dyn Person>) -> Self {
        self.person = Some(person);
        self
    }

    /// Has references to look up.
    pub(crate) fn knows(mut self, references: Vec<Reference>) -> Self {
        self.knows = references;
        self
    }

    /// Plays although lint finds errors.
    pub(crate) fn unlinted(mut self) -> Self {
        self.linted = false;
        self
    }

    /// Confines commands no further than so.
    pub(crate) fn no_further_than(mut self, level: Level) -> Self {
        self.level = level;
        self
    }

    /// Sets a variable of the person's.
    pub(crate) fn variable(mut self, name: &str, value: &str) -> Self {
        self.environment.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Has a tool of a server.
    pub(crate) fn serves(mut self, tool: ServerTool, servers: Arc<dyn Servers>) -> Self {
        self.serves = Some((tool, servers));
        self
    }

    /// Keeps the run in a folder, or goes on with the one that is there.
    pub(crate) fn kept_in(mut self, state: PathBuf) -> Self {
        self.state = Some(state);
        self
    }

    /// Plays these stages again.
    pub(crate) fn again(mut self, stages: &[&str]) -> Self {
        self.again = stages.iter().map(|stage| (*stage).to_owned()).collect();
        self
    }

    /// Plays only this stage.
    pub(crate) fn only(mut self, stage: &str) -> Self {
        self.only = Some(stage.to_owned());
        self
    }

    /// Asks what was missing after the end.
    pub(crate) fn asks_after(mut self) -> Self {
        self.retro = true;
        self
    }

    /// Plays in a project that is there.
    pub(crate) fn at(mut self, root: PathBuf) -> Self {
        self.at = Some(root);
        self
    }

    pub(crate) fn says(self, stage: &str, blocks: Vec<Block>) -> Self {
        self.replies(stage, None, Reply { blocks, stop: Stop::Done, usage: None })
    }

    pub(crate) fn item_says(self, stage: &str, item: usize, blocks: Vec<Block>) -> Self {
        self.replies(stage, Some(item), Reply { blocks, stop: Stop::Done, usage: None })
    }

    pub(crate) fn replies(self, stage: &str, item: Option<usize>, reply: Reply) -> Self {
        let key = (stage.to_owned(), item);
        self.script.says.lock().unwrap().entry(key).or_default().push_back(reply);
        self
    }

    pub(crate) fn decides(mut self, decision: Decision) -> Self {
        self.decisions.push(decision);
        self
    }

    /// Makes the plan and the hall of a play whose state is kept in a folder.
    pub(crate) fn prepare(&self, root: &Path, state: &Path) -> (Plan, Hall) {
        let bundle = load_text("playbook.md", &self.playbook);
        let known = wizard::tools::known();
        let (playbook, findings) = lint::check(&bundle, &known, Profile::Default);
        let errors: Vec<&str> = findings
            .iter()
            .filter(|finding| finding.level == wizard::diagnostic::Level::Error)
            .map(|finding| finding.message.as_str())
            .collect();
        assert!(!self.linted || errors.is_empty(), "{errors:?}");
        let given = BTreeMap::from([("key".to_owned(), Given::Text("canary-input-42".to_owned()))]);
        let given = given.into_iter().filter(|_| !playbook.inputs.is_empty()).collect();
        let inputs = Inputs::resolve(&playbook, &given).unwrap();
        let project = wizard::project::load(root).unwrap();
        let plan = wizard::plan::build(&bundle, playbook, inputs, project);
        std::fs::create_dir_all(state.join("blobs")).unwrap();
        let key = Key::open(state).unwrap();
        let journal = if state.join("journal.jsonl").exists() {
            Journal::open(state, &key, Vec::new()).unwrap().0
        } else {
            Journal::create(state, &key, Vec::new()).unwrap()
        };
        let journal = Arc::new(journal);
        let open = || Workspace::open(root).unwrap();
        let redactor = Redactor::of(&open(), &plan.inputs, &BTreeMap::new());
        let hall = Hall {
            playbook: Arc::clone(&plan.playbook),
            project: Arc::clone(&plan.project),
            workspace: open(),
            inputs: plan.inputs.clone(),
            journal: Arc::clone(&journal),
            blobs: Blobs::at(&state.join("blobs")),
            runner: Arc::new(
                SystemRunner::new(
                    self.cancel.clone(),
                    redactor.clone(),
                    PathBuf::from(env!("CARGO_BIN_EXE_wizard")),
                    Unconfined::Refused,
                )
                .no_further_than(self.level),
            ),
            person: self
                .person
                .clone()
                .unwrap_or_else(|| Arc::new(Decisions(Mutex::new(self.decisions.clone().into())))),
            references: wizard::reference::Index {
                references: self.knows.iter().cloned().map(Arc::new).collect(),
            },
            redactor,
            servers: self
                .serves
                .as_ref()
                .map_or_else(|| Arc::new(NoServers) as Arc<dyn Servers>, |it| Arc::clone(&it.1)),
            server_tools: self.serves.iter().map(|(tool, _)| tool.clone()).collect(),
            marks: wizard::gate::marks::Marks::of("run"),
            environment: self.environment.clone(),
            floor: Arc::default(),
        };
        (plan, hall)
    }

    pub(crate) fn run(self) -> Played {
        let folder = tempfile::tempdir().unwrap();
        let root = self.at.clone().unwrap_or_else(|| folder.path().join("project"));
        for (path, text) in &self.files {
            let path = root.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        std::fs::create_dir_all(&root).unwrap();
        let state = self.state.clone().unwrap_or_else(|| folder.path().join("run"));
        let records = wizard::journal::read(&state.join("journal.jsonl")).ok();
        let mut past = records.map_or_else(Past::default, |records| {
            Past::of(&records, Start::read(&state.join("journal.jsonl"), &records).unwrap())
        });
        past.forget(&self.again);
        let (plan, hall) = self.prepare(&root, &state);
        let journal = Arc::clone(&hall.journal);
        let model = Model {
            id: "m".to_owned(),
            price: self.price,
            max_tokens: 100,
            context: self.window,
            effort: None,
        };
        let script = Arc::new(self.script);
        let seams = Seams {
            hall: Arc::new(hall),
            provider: Some(self.asks.unwrap_or_else(|| script.clone())),
            models: BTreeMap::from([("default".to_owned(), model)]),
            text: self.playbook,
            budget: plan.playbook.budget,
            jobs: 4,
            retro: self.retro,
            past,
            reuse: None,
            only: self.only,
            cancel: self.cancel,
        };
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let hurried = self.person.is_some();
        let runtime = runtime.enable_all().start_paused(hurried).build().unwrap();
        let (ended, fault) = match runtime.block_on(run::execute(&plan, &seams)) {
            Ok(ended) => (ended, None),
            Err(error) => (Ended::Failed, Some(error.to_string())),
        };
        let records = wizard::journal::read(journal.path()).unwrap();
        let asked = script.asked.lock().unwrap().clone();
        Played {
            ended,
            fault,
            events: records.into_iter().map(|record| record.event).collect(),
            asked,
            folder,
        }
    }
}

impl Provider for Script {
    fn ask<'a>(&'a self, request: &'a Clean<Request>) -> BoxFuture<'a, Result<Reply, ModelError>> {
        every_call_has_one_result(request);
        self.asked.lock().unwrap().push((**request).clone());
        let key = (request.turn.stage.clone(), request.turn.item);
        let next = self.says.lock().unwrap().get_mut(&key).and_then(VecDeque::pop_front);
        async move { Ok(next.unwrap_or_else(|| panic!("nothing is scripted for {key:?}"))) }.boxed()
    }

    fn body(&self, request: &Request) -> Value {
        json!(request)
    }
}

/// Every call of the model's gets exactly one result, in the next message.
fn every_call_has_one_result(request: &Request) {
    let messages = &request.messages;
    for (index, message) in messages.iter().enumerate() {
        let calls: Vec<&str> = message
            .blocks
            .iter()
            .filter_map(|block| match block {
                Block::Call { id, .. } => Some(id.as_str()),
                _ => None,
            })
            .collect();
        let results: Vec<&str> = messages
            .get(index + 1)
            .into_iter()
            .flat_map(|next| &next.blocks)
            .filter_map(|block| match block {
                Block::Result { id, .. } => Some(id.as_str()),
                _ => None,
            })
            .collect();
        let mut sorted = (calls.clone(), results.clone());
        sorted.0.sort_unstable();
        sorted.1.sort_unstable();
        assert_eq!(sorted.0, sorted.1);
    }
}

impl Person for Decisions {
    fn ask<'a>(&'a self, question: &'a Question) -> BoxFuture<'a, Result<Answer, Nobody>> {
        let next = self.0.lock().unwrap().pop_front();
        async move {
            let decision = next.ok_or_else(|| Nobody::Absent(question.name()))?;
            Ok(Answer { decision, by: "person".to_owned() })
        }
        .boxed()
    }
}

impl Played {
    /// The folder of the run's journal.
    pub(crate) fn state(&self) -> PathBuf {
        self.folder.path().join("run")
    }

    /// How the last command ended: its exit code, what it printed, and what was put back after it.
    pub(crate) fn command(&self) -> Option<(Option<i32>, String, Vec<String>)> {
        self.events.iter().rev().find_map(|event| match event {
            Event::CommandEnded { exit, text, reverted, .. } => {
                Some((*exit, text.clone(), reverted.clone()))
            }
            _ => None,
        })
    }

    fn status(&self, stage: &str) -> Option<(Status, Option<String>)> {
        self.events.iter().find_map(|event| match event {
            Event::StageFinished { stage: id, status, reason, .. } if id == stage => {
                Some((*status, reason.clone()))
            }
            _ => None,
        })
    }

    pub(crate) fn reason(&self, stage: &str) -> String {
        self.status(stage).and_then(|(_, reason)| reason).unwrap_or_default()
    }

    fn is(&self, stage: &str, status: Status) {
        assert_eq!(self.status(stage).map(|(status, _)| status), Some(status), "{stage}");
    }

    fn text(&self, path: &str) -> Option<String> {
        std::fs::read_to_string(self.folder.path().join("project").join(path)).ok()
    }

    /// The last message of the request of this number, as text.
    fn told(&self, request: usize) -> String {
        let blocks = &self.asked[request].messages.last().unwrap().blocks;
        let texts: Vec<&str> = blocks
            .iter()
            .filter_map(|block| match block {
                Block::Text(text) | Block::Result { text, .. } => Some(text.as_str()),
                _ => None,
            })
            .collect();
        texts.join("\n")
    }

    fn refusals(&self) -> usize {
        let refused =
            |event: &&Event| matches!(event, Event::ToolAnswered { outcome: Outcome::Refused, .. });
        self.events.iter().filter(refused).count()
    }
}

/// A stage that may edit text files.
const EDITS: &str = "tools: [read, edit, write]\n    writes: ['*.txt']";
