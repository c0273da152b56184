//! What a run has done so far, as its journal tells it: what is in it is not done again.
//!
//! **Invariant:** a run that goes on meets every stage, item, reply, result and decision of its
//! journal in the order in which they came, and performs nothing of it. So it stands, at the end
//! of its journal, where it stood when it stopped, and pays for nothing twice.

mod files;
mod spending;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Mutex, PoisonError};

use serde_json::Value;

use crate::approval::Answer;
use crate::gate::Ran;
use crate::gate::kept::Start;
use crate::gate::workspace::Snapshot;
use crate::journal::event::Outcome;
use crate::journal::{At, Event, Record, Status};
use crate::model::Reply;
use crate::run::recipe::Recipe;
use crate::run::reuse::RestsOn;
use files::Files;
pub use files::Strayed;
pub(super) use spending::Earlier;
use spending::Spending;

/// Tools that touch the files which their answers name, and no others.
const NARROW: [&str; 8] = ["read", "edit", "write", "remove", "env", "reference", "ask", "done"];

/// What a run has done so far. That of a run that begins is empty.
#[derive(Debug, Default)]
pub struct Past {
    stages: BTreeMap<String, Finished>,
    /// What each stage left.
    outputs: BTreeMap<String, Value>,
    units: BTreeMap<At, PastUnit>,
    /// What each stage rests on.
    rests: BTreeMap<String, RestsOn>,
    /// What each stage that began was made of.
    recipes: BTreeMap<String, Recipe>,
    /// The items of each `for_each`.
    items: BTreeMap<String, Vec<Value>>,
    /// Stages whose question after the end was answered.
    retros: BTreeSet<String>,
    baselines: BTreeMap<String, Ran>,
    files: Files,
    spending: Spending,
    /// The text that stages began with, as the last briefing had it.
    system: Option<String>,
    start: Option<Start>,
}

/// How a stage or an item ended.
#[derive(Debug, Clone)]
pub(super) struct Finished {
    pub(super) status: Status,
    pub(super) reason: Option<String>,
    pub(super) output: Value,
}

/// A stage, or an item of it, as far as it came.
#[derive(Debug, Default)]
pub(super) struct PastUnit {
    /// The number of the record with which it began.
    started: Option<u64>,
    /// What it was told first: the text of every stage, and its own.
    pub(super) briefing: Option<(String, String)>,
    replies: BTreeMap<(u32, bool), Reply>,
    answers: Mutex<VecDeque<Answered>>,
    /// Why an attempt was not enough, by its number.
    pub(super) failed: BTreeMap<u32, String>,
    decisions: Mutex<BTreeMap<String, VecDeque<Answer>>>,
    pub(super) finished: Option<Finished>,
    /// Turns whose request was shortened before it was sent.
    pub(super) shortened: BTreeSet<u32>,
    /// How the command of a `run:` stage ended.
    pub(super) command: Option<Ran>,
    /// What began, and of whose end nothing is known.
    pub(super) open: Open,
}

/// What a tool answered.
#[derive(Debug, Clone)]
pub(super) struct Answered {
    call: String,
    pub(super) text: String,
    pub(super) outcome: Outcome,
    pub(super) seen: BTreeMap<String, Option<String>>,
}

/// Effects of which the journal tells no end: whether they were performed is not known.
#[derive(Debug, Clone, Default)]
pub(super) struct Open {
    /// Files that were about to change, or did, for a call that was not answered.
    pub(super) changes: Vec<OpenChange>,
    /// A tool of a server that was asked: server and tool.
    pub(super) server: Option<(String, String)>,
    /// Commands that began: name, and why.
    pub(super) commands: Vec<(String, String)>,
}

/// A file that was about to change.
#[derive(Debug, Clone)]
pub(super) struct OpenChange {
    pub(super) path: String,
    pub(super) before: Option<String>,
    pub(super) after: Option<String>,
}

impl Past {
    /// Reads what a run has done out of its journal.
    pub fn of(records: &[Record], start: Start) -> Self {
        let mut past = Past { files: Files::of(&start), ..Past::default() };
        for record in records {
            past.take(record);
        }
        past.spending.rise();
        past.start = Some(start);
        past
    }

    /// Returns how the project stood before the run changed anything.
    pub(super) fn start(&self) -> Option<Snapshot> {
        self.start.as_ref().map(|start| {
            let (files, folders) = (start.files.clone(), start.folders.clone());
            Snapshot { files, folders }
        })
    }

    /// Returns the permissions that a file had at the beginning.
    pub(super) fn mode(&self, path: &str) -> Option<u32> {
        self.start.as_ref()?.files.get(path)?.mode
    }

    /// Says what differs from what the run left.
    pub fn strayed(&self, now: &Snapshot) -> Strayed {
        let mut strayed = self.files.strayed(now);
        strayed.cut = self.cut();
        strayed
    }

    /// Returns a stage or item as far as it came.
    pub(super) fn unit(&self, at: &At) -> Option<&PastUnit> {
        self.units.get(at)
    }

    /// Returns how a stage ended.
    pub(super) fn stage(&self, id: &str) -> Option<&Finished> {
        self.stages.get(id)
    }

    /// Returns what each stage that began was made of.
    pub fn recipes(&self) -> &BTreeMap<String, Recipe> {
        &self.recipes
    }

    /// Returns what a stage left.
    pub(super) fn output(&self, stage: &str) -> Option<&Value> {
        self.stages.get(stage).map(|finished| &finished.output)
    }

    /// Returns what a stage rests on, each file once.
    pub(super) fn rests_on(&self, stage: &str) -> RestsOn {
        let mut rests = self.rests.get(stage).cloned().unwrap_or_default();
        for list in [&mut rests.files, &mut rests.keys] {
            list.sort();
            list.dedup();
        }
        rests
    }

    /// Returns how a stage ended, if it did.
    pub fn status(&self, stage: &str) -> Option<Status> {
        self.stages.get(stage).map(|finished| finished.status)
    }

    /// Lists the stages that ended.
    pub fn finished(&self) -> impl Iterator<Item = &str> {
        self.stages.keys().map(String::as_str)
    }

    /// Whether a stage or item began.
    pub(super) fn began(&self, at: &At) -> bool {
        self.unit(at).is_some_and(|unit| unit.started.is_some())
    }

    /// Returns the items of a stage, as they were when it began.
    pub(super) fn items(&self, stage: &str) -> Option<&Vec<Value>> {
        self.items.get(stage)
    }

    /// Whether a stage was asked what it had missed.
    pub(super) fn was_asked(&self, stage: &str) -> bool {
        self.retros.contains(stage)
    }

    /// Returns what the commands with a baseline said before the first write.
    pub(super) fn baselines(&self) -> BTreeMap<String, Ran> {
        self.baselines.clone()
    }

    /// Returns what the run has spent, or one stage of it.
    pub(super) fn earlier(&self, stage: Option<&str>) -> Earlier {
        self.spending.of(stage)
    }

    /// Returns the text that the last stage began with.
    pub(super) fn system(&self) -> Option<String> {
        self.system.clone()
    }

    /// Returns the next decision about a question, if it was made.
    pub(super) fn decision(&self, at: &At, what: &str) -> Option<Answer> {
        let mut decisions = lock(&self.unit(at)?.decisions);
        decisions.get_mut(what)?.pop_front()
    }

    /// Returns how the project stood when a stage or item began, from how it stands now.
    pub(super) fn before(&self, at: &At, now: Snapshot) -> Snapshot {
        match self.unit(at).and_then(|unit| unit.started) {
            Some(began) => self.files.rewound(began, now),
            None => now,
        }
    }

    /// Lists the commands that were cut off, by name.
    fn cut(&self) -> Vec<(At, String)> {
        let units = self.units.iter();
        let cut = units.flat_map(|(at, unit)| {
            unit.open.commands.iter().map(move |(name, _)| (at.clone(), name.clone()))
        });
        cut.collect()
    }

    fn take(&mut self, record: &Record) {
        self.spending.take(record);
        self.files.take(record);
        match &record.event {
            Event::RunStarted { again, .. } => self.forget(again),
            Event::StageReused { stage, recipe, output, rests_on, whole, keys, .. } => {
                self.outputs.insert(stage.clone(), output.clone());
                self.recipes.insert(stage.clone(), recipe.clone());
                let (files, keys) = (rests_on.clone(), keys.clone());
                self.rests.insert(stage.clone(), RestsOn { files, whole: *whole, keys });
            }
            Event::EnvSetting { at, key, .. } => {
                self.rests.entry(at.stage.clone()).or_default().keys.push(key.clone());
            }
            Event::StageStarted { stage, recipe, .. } => {
                self.recipes.insert(stage.clone(), recipe.clone());
                self.begin(&At::stage(stage.clone()), record.seq);
            }
            Event::ItemStarted { at, .. } => self.begin(at, record.seq),
            Event::ItemsListed { stage, items } => {
                self.items.insert(stage.clone(), items.clone());
            }
            Event::Output { at, output, .. } => {
                self.outputs.insert(at.stage.clone(), output.clone());
            }
            Event::StageFinished { stage, status, reason, .. } => {
                let output = self.outputs.get(stage).filter(|_| *status == Status::Succeeded);
                let output = output.cloned().unwrap_or_default();
                let finished = Finished { status: *status, reason: reason.clone(), output };
                self.at(&At::stage(stage.clone())).open = Open::default();
                self.stages.insert(stage.clone(), finished);
            }
            Event::ItemFinished { at, status, reason, output } => {
                let (reason, output) = (reason.clone(), output.clone());
                let unit = self.at(at);
                unit.open = Open::default();
                unit.finished = Some(Finished { status: *status, reason, output });
            }
            Event::Retro { stage, .. } => {
                self.retros.insert(stage.clone());
            }
            event => self.take_work(event),
        }
    }

    fn take_work(&mut self, event: &Event) {
        match event {
            Event::Briefed { at, system, text } => {
                self.system = system.clone().or(self.system.take());
                let system = self.system.clone().unwrap_or_default();
                self.at(at).briefing = Some((system, text.clone()));
            }
            Event::Reply { at, turn, blocks, stop, usage, retro, .. } => {
                let Ok(blocks) = serde_json::from_value(blocks.clone()) else { return };
                let reply = Reply { blocks, stop: *stop, usage: Some(*usage) };
                self.at(at).replies.insert((*turn, *retro), reply);
            }
            Event::Shortened { at, turn, .. } => {
                self.at(at).shortened.insert(*turn);
            }
            Event::ToolAnswered { at, call, tool, text, outcome, seen, .. } => {
                let rests = self.rests.entry(at.stage.clone()).or_default();
                rests.files.extend(seen.keys().cloned());
                rests.whole |= !NARROW.contains(&tool.as_str());
                let (call, text, seen) = (call.clone(), text.clone(), seen.clone());
                let answered = Answered { call, text, outcome: *outcome, seen };
                let unit = self.at(at);
                unit.open = Open::default();
                lock(&unit.answers).push_back(answered);
            }
            Event::AttemptFailed { at, attempt, reason } => {
                let unit = self.at(at);
                unit.open = Open::default();
                unit.failed.insert(*attempt, reason.clone());
            }
            Event::Answered { at, what, decision: Some(decision), by, .. } => {
                let answer = Answer { decision: decision.clone(), by: by.clone() };
                lock(&self.at(at).decisions).entry(what.clone()).or_default().push_back(answer);
            }
            event => self.take_effect(event),
        }
    }

    fn take_effect(&mut self, event: &Event) {
        match event {
            Event::FileChanging { at, path, before, after, .. } => {
                let (path, before, after) = (path.clone(), before.clone(), after.clone());
                self.at(at).open.changes.push(OpenChange { path, before, after });
            }
            Event::ServerAsked { at, server, tool, .. } => {
                self.at(at).open.server = Some((server.clone(), tool.clone()));
            }
            Event::CommandStarted { at, name, why, .. } => {
                let open = &mut self.at(at).open.commands;
                // It begins again, after it was cut off.
                open.retain(|(began, _)| began != name);
                open.push((name.clone(), why.clone()));
            }
            Event::CommandEnded { at, name, exit, text, took, .. } => {
                let ran = Ran { exit: *exit, text: text.clone(), took: *took, replayed: true };
                let open = &mut self.at(at).open.commands;
                let Some(began) = open.iter().position(|(began, _)| began == name) else { return };
                match open.remove(began).1.as_str() {
                    "stage" => self.at(at).command = Some(ran),
                    "baseline" => {
                        self.baselines.insert(name.clone(), ran);
                    }
                    _ => {}
                }
            }
            _ => {}
        }
    }

    fn at(&mut self, at: &At) -> &mut PastUnit {
        self.units.entry(at.clone()).or_default()
    }

    fn begin(&mut self, at: &At, seq: u64) {
        self.at(at).started.get_or_insert(seq);
    }

    /// Forgets stages that are played again. What they did to files, and what they cost, stays.
    pub fn forget(&mut self, stages: &[String]) {
        self.stages.retain(|stage, _| !stages.contains(stage));
        self.outputs.retain(|stage, _| !stages.contains(stage));
        self.items.retain(|stage, _| !stages.contains(stage));
        self.rests.retain(|stage, _| !stages.contains(stage));
        self.recipes.retain(|stage, _| !stages.contains(stage));
        self.retros.retain(|stage| !stages.contains(stage));
        self.units.retain(|at, _| !stages.contains(&at.stage));
    }
}

impl PastUnit {
    /// Returns the reply of a turn, if it came whole.
    pub(super) fn reply(&self, turn: u32, retro: bool) -> Option<&Reply> {
        self.replies.get(&(turn, retro))
    }

    /// Returns what the next call was answered, if it was.
    pub(super) fn next_answer(&self, call: &str) -> Option<Answered> {
        let mut answers = lock(&self.answers);
        let next = answers.front()?;
        if next.call == call { answers.pop_front() } else { None }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
