//! Playing a cassette: each seam answered from it, in order.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt::Write as _;
use std::sync::{Mutex, MutexGuard, PoisonError};

use futures_util::future::{BoxFuture, FutureExt as _};
use serde_json::{Value, json};

use crate::approval::{Answer, Nobody, Person, Question};
use crate::cassette::{
    Answered, Asked, Called, Cassette, Command, Ended, Got, Line, Sees, Turn, tool_of,
};
use crate::gate::servers::{ServerAnswer, ServerCall, Servers};
use crate::gate::{Invocation, Ran, Rights, Runner};
use crate::journal::{At, Event};
use crate::model::{Block, ModelError, Provider, Reply, Request};
use crate::online::ServerTool;
use crate::redact::Clean;
use crate::reference::{Fetch, FetchAnswer, FetchError, Page};

/// The way out of every mismatch.
const AGAIN: &str = "record it again with `--record FILE`";

/// Characters of a text that a message repeats.
const SHOWN: usize = 200;

/// Answers a run from a cassette: it is a provider, a runner, a fetcher and a person.
///
/// **Invariant:** a turn of a stage or item is the one of that number in the recording, and
/// commands and answers come in the order of the recording. What does not fit is an error that
/// says what differs; nothing is ever answered with something else.
pub struct Player {
    /// By place: stage, item, and whether it is the question after the end.
    turns: BTreeMap<Place, Vec<Turn>>,
    docs: BTreeMap<String, Got>,
    tools: Vec<ServerTool>,
    state: Mutex<State>,
}

type Place = (String, Option<usize>, bool);
type CommandKey = (At, String, String);
type AnswerKey = (At, Asked);
type CallKey = (At, String, String);

#[derive(Default)]
struct State {
    commands: BTreeMap<CommandKey, VecDeque<Command>>,
    answers: BTreeMap<AnswerKey, VecDeque<Answered>>,
    calls: BTreeMap<CallKey, VecDeque<Called>>,
    played: BTreeSet<(Place, usize)>,
    fault: Option<String>,
}

impl Player {
    /// Makes a cassette ready to be played.
    pub fn new(cassette: Cassette) -> Self {
        let mut turns: BTreeMap<Place, BTreeMap<u32, Turn>> = BTreeMap::new();
        let mut docs = BTreeMap::new();
        let mut tools = Vec::new();
        let mut state = State::default();
        for line in cassette.lines {
            match line {
                Line::Turn(turn) => {
                    let place = (turn.turn.stage.clone(), turn.turn.item, turn.turn.retro);
                    turns.entry(place).or_default().insert(turn.turn.turn, turn);
                }
                Line::Doc(doc) => {
                    docs.insert(doc.url, doc.got);
                }
                Line::Tools(listed) => tools.extend(listed.tools),
                Line::Call(call) => {
                    let key = (call.at.clone(), call.server.clone(), call.tool.clone());
                    state.calls.entry(key).or_default().push_back(call);
                }
                Line::Command(command) => {
                    let key = (command.at.clone(), command.name.clone(), command.why.clone());
                    state.commands.entry(key).or_default().push_back(command);
                }
                Line::Answer(answer) => {
                    let key = (answer.at.clone(), answer.asked.clone());
                    state.answers.entry(key).or_default().push_back(answer);
                }
            }
        }
        let turns = turns.into_iter();
        let turns = turns.map(|(place, turns)| (place, turns.into_values().collect())).collect();
        Player { turns, docs, tools, state: Mutex::new(state) }
    }

    /// Passes over what a run that is resumed has already used, by the events of its journal.
    pub fn go_on<'a>(&self, events: impl IntoIterator<Item = &'a Event>) {
        let mut state = self.state();
        let mut started = Vec::new();
        for event in events {
            match event {
                Event::CommandStarted { at, name, why, .. } => {
                    started.push((at.clone(), name.clone(), why.clone()));
                }
                Event::CommandEnded { at, name, .. } => {
                    let ended =
                        started.iter().position(|(of, started, _)| (of, started) == (at, name));
                    if let Some(key) = ended.map(|ended| started.remove(ended)) {
                        state.commands.get_mut(&key).and_then(VecDeque::pop_front);
                    }
                }
                Event::ServerAsked { at, server, tool, .. } => {
                    let key = (at.clone(), server.clone(), tool.clone());
                    state.calls.get_mut(&key).and_then(VecDeque::pop_front);
                }
                Event::Answered { at, what, .. } => {
                    let asked = match what.as_str() {
                        "approve before" => Asked::Before,
                        "approve output" => Asked::Output,
                        id => Asked::Ask(id.to_owned()),
                    };
                    state.answers.get_mut(&(at.clone(), asked)).and_then(VecDeque::pop_front);
                }
                _ => {}
            }
        }
    }

    /// Returns the tools of servers that were offered when it was recorded.
    pub fn tools(&self) -> &[ServerTool] {
        &self.tools
    }

    /// Returns why the cassette stopped fitting, if it did. A command has no other way to say so
    /// than to fail; the next turn says it as well.
    pub fn fault(&self) -> Option<String> {
        self.state().fault.clone()
    }

    /// Lists the stages whose turns were not all played, in words.
    pub fn left(&self) -> Vec<String> {
        let state = self.state();
        let left = self.turns.iter().filter_map(|(place, turns)| {
            let played = state.played.iter().filter(|(of, _)| of == place).count();
            let (left, of) = (turns.len() - played, turns.len());
            (left > 0).then(|| format!("{left} of {of} turns of {}", in_words(place)))
        });
        left.collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn reply(&self, request: &Request) -> Result<Reply, String> {
        if let Some(fault) = self.fault() {
            return Err(fault);
        }
        let id = &request.turn;
        let place = (id.stage.clone(), id.item, id.retro);
        let turns = self.turns.get(&place).ok_or_else(|| {
            let stages: BTreeSet<&str> =
                self.turns.keys().map(|(stage, ..)| stage.as_str()).collect();
            let stages: Vec<&str> = stages.into_iter().collect();
            let stage = in_words(&place);
            format!(
                "the cassette holds no turn of {stage}, only of `{}`: {AGAIN}",
                stages.join("`, `")
            )
        })?;
        // The question after the end is asked once, whatever turns came before it.
        let index = if id.retro { 0 } else { id.turn.saturating_sub(1) as usize };
        let turn = turns.get(index).ok_or_else(|| {
            let held = turns.len();
            let now = sight(request);
            format!(
                "the cassette holds {held} turns of {}, and turn {} is asked for, where the model \
                 sees {now}: {AGAIN}",
                in_words(&place),
                id.turn
            )
        })?;
        fits(turn, request).map_err(|how| {
            format!(
                "turn {} of {} differs from the cassette: {how}: {AGAIN}",
                turn.turn.turn,
                in_words(&place)
            )
        })?;
        self.state().played.insert((place, index));
        Ok(turn.replies.clone())
    }

    /// Takes the next recorded run of a command, and makes its changes again.
    fn command(&self, invocation: &Invocation) -> Result<(Ended, Vec<String>), String> {
        let key = (invocation.at.clone(), invocation.name.clone(), invocation.why.clone());
        let next = self.state().commands.get_mut(&key).and_then(VecDeque::pop_front);
        let (at, name, why) = &key;
        let which = format!("command `{name}` ({why}) of `{at}`");
        let command =
            next.ok_or_else(|| format!("the cassette holds no further run of {which}: {AGAIN}"))?;
        let left_out = super::tree::apply(&invocation.root, &command.files)
            .map_err(|reason| format!("{which} differs from the cassette: {reason}: {AGAIN}"))?;
        Ok((command.ended, left_out))
    }
}

impl Provider for Player {
    fn ask<'a>(&'a self, request: &'a Clean<Request>) -> BoxFuture<'a, Result<Reply, ModelError>> {
        async move { self.reply(request).map_err(ModelError::Cassette) }.boxed()
    }

    fn body(&self, request: &Request) -> Value {
        json!(request)
    }
}

impl Runner for Player {
    fn rights(&self) -> BoxFuture<'_, Rights> {
        async move { Rights::Replayed }.boxed()
    }

    fn run<'a>(&'a self, invocation: &'a Invocation) -> BoxFuture<'a, Result<Ran, String>> {
        async move {
            let (ended, left_out) = self.command(invocation).inspect_err(|fault| {
                self.state().fault.get_or_insert_with(|| fault.clone());
            })?;
            match ended {
                Ended::NotRun(reason) => Err(reason),
                Ended::Ran { exit, mut text, took } => {
                    for file in left_out {
                        let _ = write!(text, "\n[the cassette does not hold {file}]");
                    }
                    Ok(Ran { exit, text, took, replayed: true })
                }
            }
        }
        .boxed()
    }
}

impl Servers for Player {
    fn call<'a>(&'a self, call: &'a ServerCall) -> BoxFuture<'a, Result<ServerAnswer, String>> {
        async move {
            let key = (call.at.clone(), call.server.clone(), call.tool.clone());
            let next = self.state().calls.get_mut(&key).and_then(VecDeque::pop_front);
            let Some(called) = next else {
                let (at, server, tool) = key;
                let fault = format!(
                    "the cassette holds no further call of `{tool}` of `{server}` by `{at}`: {AGAIN}"
                );
                self.state().fault.get_or_insert_with(|| fault.clone());
                return Err(fault);
            };
            called.answer.map(|answer| ServerAnswer { replayed: true, ..answer })
        }
        .boxed()
    }
}

impl Fetch for Player {
    fn fetch<'a>(
        &'a self,
        url: &'a Clean,
        _stored: Option<&'a Page>,
    ) -> BoxFuture<'a, Result<FetchAnswer, FetchError>> {
        async move {
            let reason = match self.docs.get(url.as_str()) {
                Some(Got::Page(page)) => return Ok(FetchAnswer::Page(page.clone())),
                Some(Got::Unreachable(reason)) => reason.clone(),
                None => format!("the cassette does not hold it: {AGAIN}"),
            };
            Err(FetchError::new(url, reason))
        }
        .boxed()
    }
}

impl Person for Player {
    fn ask<'a>(&'a self, question: &'a Question) -> BoxFuture<'a, Result<Answer, Nobody>> {
        async move {
            let (at, asked) = Asked::of(question);
            let key = (at.clone(), asked);
            let next = self.state().answers.get_mut(&key).and_then(VecDeque::pop_front);
            match next {
                Some(answer) => Ok(Answer { decision: answer.decision, by: "cassette".to_owned() }),
                None => Err(Nobody::Absent(question.name())),
            }
        }
        .boxed()
    }
}

/// Whether a recorded turn answers a request: the model sees results that went as they did, and
/// every tool that the reply calls is offered.
fn fits(turn: &Turn, request: &Request) -> Result<(), String> {
    let now = results(request);
    let then = &turn.sees.results;
    for seen in then {
        let Some((_, error, text)) = now.iter().find(|(call, ..)| *call == seen.call) else {
            let (tool, call) = (&seen.tool, &seen.call);
            return Err(format!(
                "the recorded model saw the result of `{tool}` (call {call}), and now it sees {}",
                sight(request)
            ));
        };
        if *error != seen.error {
            let went = |error: bool| if error { "failed" } else { "succeeded" };
            return Err(format!(
                "`{}` (call {}) {} when it was recorded ({}), and has {} now ({})",
                seen.tool,
                seen.call,
                went(seen.error),
                short(&seen.text),
                went(*error),
                short(text)
            ));
        }
    }
    if let Some((call, ..)) =
        now.iter().find(|(call, ..)| !then.iter().any(|seen| seen.call == *call))
    {
        let tool = tool_of(request, call);
        return Err(format!(
            "the model sees the result of `{tool}` (call {call}), and the recorded one saw {}",
            recorded(&turn.sees)
        ));
    }
    let offered: Vec<&str> = request.tools.iter().map(|tool| tool.name.as_str()).collect();
    if let Some((_, name, _)) = turn.replies.calls().find(|(_, name, _)| !offered.contains(name)) {
        return Err(format!(
            "the recorded reply calls `{name}`, and the stage offers `{}`",
            offered.join("`, `")
        ));
    }
    Ok(())
}

/// The results in the last message: call id, error, text.
fn results(request: &Request) -> Vec<(&str, bool, &str)> {
    let blocks = request.messages.last().into_iter().flat_map(|message| &message.blocks);
    blocks
        .filter_map(|block| match block {
            Block::Result { id, text, error } => Some((id.as_str(), *error, text.as_str())),
            _ => None,
        })
        .collect()
}

/// Says what a model sees now.
fn sight(request: &Request) -> String {
    let results = results(request);
    if results.is_empty() {
        let blocks = request.messages.last().into_iter().flat_map(|message| &message.blocks);
        let text = blocks.filter_map(|block| match block {
            Block::Text(text) => Some(text.as_str()),
            _ => None,
        });
        return format!("no result but the text {}", short(&text.collect::<Vec<_>>().join(" ")));
    }
    let results = results.iter().map(|(call, error, text)| {
        let tool = tool_of(request, call);
        let how = if *error { "failed" } else { "succeeded" };
        format!("that `{tool}` {how} ({})", short(text))
    });
    results.collect::<Vec<_>>().join(" and ")
}

fn recorded(sees: &Sees) -> String {
    if sees.results.is_empty() {
        return format!("no result but the text {}", short(&sees.text));
    }
    let tools: Vec<&str> = sees.results.iter().map(|seen| seen.tool.as_str()).collect();
    format!("only that of `{}`", tools.join("`, `"))
}

/// Cuts a text to one line of a message.
fn short(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("\"{}…\"", &line[..end]),
        None => format!("\"{line}\""),
    }
}

fn in_words((stage, item, retro): &Place) -> String {
    let at = At { stage: stage.clone(), item: *item };
    if *retro { format!("the retro of `{at}`") } else { format!("`{at}`") }
}
