//! The loop: a stage's conversation with the model.

use std::sync::PoisonError;
use std::time::Instant;

use serde_json::{Value, json};

use crate::approval::{Decision, Question};
use crate::context::{self, Briefing};
use crate::gate::Refusal;
use crate::journal::{At, Event, event::Outcome};
use crate::model::{
    Block, Message, ModelError, Reply, Request, Role, Stop, Usage, message::TurnId,
};
use crate::playbook::{Approve, Output, Stage};
use crate::reference::tokens;
use crate::run::budget::{Cost, Spent, Tries};
use crate::run::past::{Answered, OpenChange, PastUnit};
use crate::run::stage::{Scene, Unit, ask};
use crate::run::{Failure, Halt, Model, Run, RunError, check};
use crate::tools;

/// Replies in a row that neither call a tool nor end the stage rightly, before it fails.
const IDLE_REPLIES: u32 = 3;

/// Replies in a row whose every call is of no tool, or in no shape that it takes, before it fails.
const WRONG_REPLIES: u32 = 3;

/// Plays a stage or an item against the model, until its checks pass and a person, where one is
/// asked, says yes.
pub(super) async fn play(unit: &Unit<'_>, scene: &Scene) -> Result<(Value, Request), Failure> {
    let stage = unit.stage();
    let mut talk = Talk::begin(unit, scene)?;
    for attempt in 1..=stage.retry + 1 {
        talk.request.turn.attempt = attempt;
        let output = talk.until_done().await?;
        let failed = unit.past().and_then(|past| past.failed.get(&attempt).cloned());
        let known = failed.is_some();
        let (output, reason) = match failed {
            Some(reason) => (output, Some(reason)),
            None if unit.recalled => (output, None),
            None => judge(unit, output).await?,
        };
        let Some(reason) = reason else {
            talk.answer("accepted", false);
            return Ok((output, talk.request));
        };
        if !known {
            let (at, reason) = (unit.at.clone(), reason.clone());
            unit.run.note(Event::AttemptFailed { at, attempt, reason })?;
        }
        if attempt > stage.retry {
            return Err(Failure::Failed(reason));
        }
        talk.answer(&format!("Not done yet. {reason}\nMend it, then call `done` again."), true);
    }
    Err(Failure::Failed("it has no attempt left".to_owned()))
}

/// Decides about a valid output: checks, then approval. Returns why it is not done, if it is not.
async fn judge(unit: &Unit<'_>, output: Value) -> Result<(Value, Option<String>), Failure> {
    let failures = check::all(unit, true).await?;
    if !failures.is_empty() {
        return Ok((output, Some(failures.join("\n"))));
    }
    if unit.stage().approve != Some(Approve::Output) || unit.at.item.is_some() {
        return Ok((output, None));
    }
    loop {
        let question = Question::Output { at: unit.at.clone(), output: output.clone() };
        match ask(unit.run, &unit.account, &question).await?.decision {
            Decision::Accept | Decision::Say(_) => return Ok((output, None)),
            Decision::Edit(edited) => {
                if tools::done::check(&unit.stage().output, &edited).is_ok() {
                    return Ok((edited, None));
                }
            }
            Decision::Revise(words) => {
                return Ok((output, Some(format!("The person sends it back: {words}"))));
            }
            Decision::Reject => {
                return Err(Failure::Failed("a person rejected the output".to_owned()));
            }
        }
    }
}

/// Calls of tools in one stage or item, before it fails. A stage that needs more does the work of
/// several.
const MOST_CALLS: u32 = 300;

/// One conversation.
struct Talk<'a> {
    /// Calls of tools so far.
    calls: u32,
    unit: &'a Unit<'a>,
    model: &'a Model,
    request: Request,
    /// Results that wait to be sent with the answer to `done`.
    results: Vec<Block>,
    /// The call of `done` that waits for its answer.
    done: Option<String>,
    /// Whether what was under way before the run went on is seen to.
    settled: bool,
    /// Whether the conversation was shortened.
    shortened: bool,
}

impl<'a> Talk<'a> {
    fn begin(unit: &'a Unit<'a>, scene: &Scene) -> Result<Self, Failure> {
        let stage = unit.stage();
        let model = unit.run.model(stage)?;
        let playbook = &unit.run.plan.playbook;
        let tools =
            tools::specs(&unit.gate.powers, playbook, &stage.output, unit.gate.server_tools());
        let digest =
            stage.when.as_ref().is_some_and(super::super::expression::Expression::is_always);
        let digest = digest.then(|| unit.run.seams.hall.digest());
        let references = if unit.gate.powers.tools.iter().any(|tool| tool == "reference") {
            unit.run.seams.hall.references.of_stage(&unit.at.stage).list()
        } else {
            String::new()
        };
        let briefing = Briefing {
            plan: unit.run.plan,
            stage: unit.stage,
            scope: &unit.scope,
            outputs: &scene.outputs,
            references: &references,
            digest: digest.as_deref(),
            tools: &tools,
            writes: &unit.writes,
            marks: &unit.run.seams.hall.marks,
        };
        let request = context::assemble(&briefing);
        let mut request = request.map_err(|error| Failure::Failed(error.to_string()))?;
        match unit.past().and_then(|past| past.briefing.clone()) {
            Some((system, text)) => {
                request.system = vec![system];
                request.messages = vec![Message::user(text)];
            }
            None => unit.run.brief(&unit.at, &request)?,
        }
        if let Some(fork) = &scene.fork {
            let said = std::mem::take(&mut request.messages);
            request.messages.clone_from(&fork.messages);
            // Its thinking is signed for the tools and the prose of the other stage.
            for message in &mut request.messages {
                message.blocks.retain(|block| !matches!(block, Block::Thinking(_)));
            }
            request.messages.extend(said);
        }
        request.model.clone_from(&model.id);
        request.max_tokens = model.max_tokens;
        request.effort = stage.effort.or(model.effort);
        request.turn =
            TurnId { stage: unit.at.stage.clone(), item: unit.at.item, ..TurnId::default() };
        Ok(Talk {
            unit,
            model,
            request,
            results: Vec::new(),
            done: None,
            settled: false,
            shortened: false,
            calls: 0,
        })
    }

    /// Goes on until the model calls `done` with a valid output.
    async fn until_done(&mut self) -> Result<Value, Failure> {
        let (mut idle, mut wrong) = (0, 0);
        loop {
            let reply = self.turn().await?;
            let mut output = None;
            let (mut taken, mut calls) = (false, false);
            for (id, name, input) in reply.calls() {
                if name != "done" {
                    taken |= tools::takes(&self.unit.gate, name, input);
                    calls = true;
                    self.perform(id, name, input).await?;
                    continue;
                }
                match tools::done::output(&self.unit.stage().output, input) {
                    Ok(value) if output.is_none() => {
                        self.done = Some(id.to_owned());
                        output = Some(value);
                    }
                    Ok(_) => self.result(id, "already called", true),
                    Err(fault) => {
                        idle += 1;
                        self.result(id, &fault, true);
                    }
                }
            }
            if let Some(output) = output {
                return Ok(output);
            }
            wrong = if calls && !taken { wrong + 1 } else { 0 };
            if wrong >= WRONG_REPLIES {
                return Err(Failure::Failed(format!(
                    "the model called no tool rightly in {WRONG_REPLIES} replies in a row"
                )));
            }
            if self.results.is_empty() {
                if let Some(output) = closing(self.unit.stage(), &reply) {
                    return Ok(output);
                }
                idle += 1;
            } else if reply.calls().any(|(_, name, _)| name != "done") {
                idle = 0;
            }
            if idle >= IDLE_REPLIES {
                return Err(Failure::Failed(format!(
                    "the model did not end the stage with a valid `done` in {IDLE_REPLIES} tries"
                )));
            }
            let nudge = if reply.stop == Stop::Length {
                "Your reply was cut at the limit of its length, and no call of it was performed. Write less at once."
            } else if self.results.is_empty() {
                "The stage ends only with a call of `done`."
            } else {
                ""
            };
            self.say(nudge);
        }
    }

    /// Sends the request and takes the reply into the conversation.
    async fn turn(&mut self) -> Result<Reply, Failure> {
        self.request.turn.turn += 1;
        let mut reply = self.sent().await?;
        if reply.stop == Stop::Length {
            reply.blocks.retain(|block| !matches!(block, Block::Call { .. }));
        }
        let mut blocks = reply.blocks.clone();
        if blocks.is_empty() {
            blocks.push(Block::Text("(nothing)".to_owned()));
        }
        self.request.messages.push(Message { role: Role::Assistant, blocks });
        Ok(reply)
    }

    /// Sends the request. A conversation that the model cannot read is shortened once, and sent
    /// again where it is shorter.
    async fn sent(&mut self) -> Result<Reply, Failure> {
        let turn = self.request.turn.turn;
        let past = self.unit.past();
        let was = past.is_some_and(|past| past.shortened.contains(&turn));
        let known = past.is_some_and(|past| past.reply(turn, false).is_some());
        let window = self.model.context.unwrap_or(u64::MAX);
        if was || (!known && length(&self.request).div_ceil(4) > window) {
            self.shorten()?;
        }
        match self.unit.run.send(self.unit, self.model, &self.request).await {
            Err(Unsent::Model(ModelError::TooLong { .. })) if self.shorten()? => {
                Ok(self.unit.run.send(self.unit, self.model, &self.request).await?)
            }
            sent => Ok(sent?),
        }
    }

    /// Leaves out of the conversation what the model can look up again, once in a stage or item.
    /// Returns whether it is shorter now.
    fn shorten(&mut self) -> Result<bool, Failure> {
        if std::mem::replace(&mut self.shortened, true) {
            return Ok(false);
        }
        let before = length(&self.request);
        let messages = context::shorten(&self.request.messages);
        let request = Request { messages, ..self.request.clone() };
        let after = length(&request);
        if after >= before {
            return Ok(false);
        }
        self.request = request;
        let (at, turn) = (self.unit.at.clone(), self.request.turn.turn);
        if self.unit.past().is_none_or(|past| !past.shortened.contains(&turn)) {
            self.unit.run.note(Event::Shortened { at, turn, before, after })?;
        }
        Ok(true)
    }

    /// Performs a call through the gate.
    async fn perform(&mut self, id: &str, name: &str, input: &Value) -> Result<(), Failure> {
        self.calls += 1;
        if self.calls > MOST_CALLS {
            return Err(Failure::Failed(format!(
                "the model called tools more than {MOST_CALLS} times in this stage"
            )));
        }
        if let Some(answered) = self.unit.past().and_then(|past| past.next_answer(id)) {
            self.remember(id, answered);
            return Ok(());
        }
        self.unit.is_played()?;
        if let Some(unknown) = self.settle().await? {
            return self.told(id, name, unknown);
        }
        let answer = tools::call(&self.unit.gate, name, input).await.map_err(Failure::from)?;
        self.told(id, name, answer)
    }

    /// Takes an answer from before the run went on into the conversation.
    fn remember(&mut self, id: &str, answered: Answered) {
        let gate = &self.unit.gate;
        for (path, hash) in answered.seen {
            gate.saw(&path, hash);
        }
        gate.news();
        if answered.outcome == Outcome::Refused {
            // The third of the same ends the attempt, as it would have.
            gate.refused(Refusal::Power(answered.text.clone()));
        }
        self.result(id, &answered.text, answered.outcome != Outcome::Done);
    }

    /// Sees to what was under way when the run stopped, before its call is performed again: a
    /// change of a file is taken back. What a server was asked is never asked again unless the
    /// person says so; the answer then is that nobody knows.
    async fn settle(&mut self) -> Result<Option<tools::Answer>, Failure> {
        let Some(open) = self.unit.past().map(|past| &past.open) else { return Ok(None) };
        if std::mem::replace(&mut self.settled, true) {
            return Ok(None);
        }
        let gate = &self.unit.gate;
        for change in open.changes.iter().rev() {
            let OpenChange { path, before, after } = change;
            let mode = self.unit.run.seams.past.mode(path);
            gate.take_back(path, before.as_deref(), after.as_deref(), mode)?;
        }
        let Some((server, tool)) = &open.server else { return Ok(None) };
        let text = format!(
            "The tool `{tool}` of `{server}` was asked when the run stopped, and nobody knows \
             whether it did its work. Ask it again?"
        );
        if gate.consents(&format!("again.{server}.{tool}"), text).await? {
            return Ok(None);
        }
        Ok(Some(tools::Answer {
            text: "it was asked, and its answer was lost: nobody knows whether it did its work"
                .to_owned(),
            outcome: Outcome::Failed,
            about: format!("{server}/{tool}"),
            invisible: 0,
            masked: 0,
        }))
    }

    /// Journals what a call was answered, and tells the model with the next turn.
    fn told(&mut self, id: &str, name: &str, answer: tools::Answer) -> Result<(), Failure> {
        let about = answer.about.clone();
        self.unit.run.note(Event::ToolAnswered {
            at: self.unit.at.clone(),
            call: id.to_owned(),
            tool: name.to_owned(),
            about: answer.about,
            outcome: answer.outcome,
            text: answer.text.clone(),
            seen: self.unit.gate.news(),
        })?;
        if answer.invisible + answer.masked > 0 {
            self.unit.run.note(Event::Cleaned {
                at: self.unit.at.clone(),
                tool: name.to_owned(),
                about,
                invisible: answer.invisible,
                masked: answer.masked,
            })?;
        }
        self.result(id, &answer.text, answer.outcome != Outcome::Done);
        Ok(())
    }

    fn result(&mut self, id: &str, text: &str, error: bool) {
        self.results.push(Block::Result { id: id.to_owned(), text: text.to_owned(), error });
    }

    /// Answers the call of `done`, or speaks where the stage was closed in prose.
    fn answer(&mut self, text: &str, error: bool) {
        match self.done.take() {
            Some(id) => {
                self.result(&id, text, error);
                self.say("");
            }
            None => self.say(text),
        }
    }

    /// Sends the results so far, and a text where there is one.
    fn say(&mut self, text: &str) {
        let mut blocks = std::mem::take(&mut self.results);
        if !text.is_empty() {
            blocks.push(Block::Text(text.to_owned()));
        }
        self.request.messages.push(Message { role: Role::User, blocks });
    }
}

/// Takes closing prose for the output of a stage that leaves no more than prose.
fn closing(stage: &Stage, reply: &Reply) -> Option<Value> {
    let text = reply.text();
    if text.trim().is_empty() || reply.stop != Stop::Done {
        return None;
    }
    match stage.output {
        Output::Default => Some(json!({ "summary": text, "files": [], "notes": [] })),
        Output::Markdown => Some(Value::String(text)),
        Output::Schema { .. } => None,
    }
}

/// Why there is no reply to a request.
pub(super) enum Unsent {
    /// The model's service gave none.
    Model(ModelError),
    /// It was not sent, or not waited for.
    Other(Failure),
}

impl From<Failure> for Unsent {
    fn from(failure: Failure) -> Self {
        Unsent::Other(failure)
    }
}

impl From<Halt> for Unsent {
    fn from(halt: Halt) -> Self {
        Failure::Halt(halt).into()
    }
}

impl From<RunError> for Unsent {
    fn from(error: RunError) -> Self {
        Halt::Broken(error).into()
    }
}

impl From<Spent> for Unsent {
    fn from(spent: Spent) -> Self {
        Failure::from(spent).into()
    }
}

impl From<Unsent> for Failure {
    fn from(unsent: Unsent) -> Self {
        match unsent {
            Unsent::Model(error) => Failure::from(error),
            Unsent::Other(failure) => failure,
        }
    }
}

impl Unit<'_> {
    pub(super) fn stage(&self) -> &Stage {
        &self.run.plan.playbook.stages[self.stage]
    }

    /// Returns it as far as it came before the run went on.
    pub(super) fn past(&self) -> Option<&PastUnit> {
        self.run.seams.past.unit(&self.at)
    }

    /// Fails where only what is past is wanted, and the journal holds no more of it.
    fn is_played(&self) -> Result<(), Failure> {
        if self.recalled {
            return Err(Failure::Failed("the journal holds no more of it".to_owned()));
        }
        Ok(())
    }
}

impl Run<'_> {
    /// Returns the model that a stage asks for.
    pub(super) fn model(&self, stage: &Stage) -> Result<&Model, RunError> {
        self.seams.models.get(&stage.model.value).ok_or_else(|| {
            let alias = &stage.model.value;
            RunError::World(format!("no model is set for the alias `{alias}`"))
        })
    }

    /// Journals what a stage or an item is told first.
    fn brief(&self, at: &At, request: &Request) -> Result<(), RunError> {
        let mut last = self.system.lock().unwrap_or_else(PoisonError::into_inner);
        let system = request.system.join("\n");
        let system = (last.as_ref() != Some(&system)).then_some(system);
        let text = match request.messages.first().map(|message| &message.blocks[..]) {
            Some([Block::Text(text)]) => text.clone(),
            _ => String::new(),
        };
        self.note(Event::Briefed { at: at.clone(), system: system.clone(), text })?;
        *last = system.or(last.take());
        Ok(())
    }

    /// Sends one request within the budget, and journals both its going and its coming.
    pub(super) async fn send(
        &self,
        unit: &Unit<'_>,
        model: &Model,
        request: &Request,
    ) -> Result<Reply, Unsent> {
        let turn = &request.turn;
        let known = unit.past().and_then(|past| past.reply(turn.turn, turn.retro));
        if let Some(reply) = known {
            return Ok(reply.clone());
        }
        unit.is_played()?;
        let _job = self.jobs.acquire().await;
        let provider =
            self.seams.provider.as_ref().ok_or_else(|| {
                RunError::World("no model is set up to answer a stage".to_owned())
            })?;
        let request = &self.seams.hall.redactor.clean_all(request.clone());
        let turn = &request.turn;
        let bytes = length(request);
        let size = unit.account.size(turn, bytes, request.max_tokens);
        let tries = Tries::begin(&unit.account, size.cost(model)).await?;
        self.note(Event::RequestSent {
            at: unit.at.clone(),
            turn: turn.turn,
            attempt: turn.attempt,
            model: model.id.clone(),
            tokens: size.sent,
            reserved: model.price.map(|_| size.cost(model).usd),
        })?;
        let began = Instant::now();
        let asked = tokio::select! {
            biased;
            () = self.seams.cancel.cancelled() => {
                return Err(Halt::Stopped("interrupted".to_owned()).into());
            }
            () = unit.account.expired() => {
                return Err(Halt::Stopped("the budget's time is up".to_owned()).into());
            }
            asked = provider.ask_metered(request, &tries) => asked,
        };
        let reply = match asked {
            Ok(reply) => reply,
            Err(error) => {
                if let Some(spent) = tries.spent() {
                    return Err(spent.into());
                }
                if !error.may_be_counted() {
                    tries.settle(Cost::default());
                }
                return Err(Unsent::Model(error));
            }
        };
        let received = tokens(&json!(reply.blocks).to_string());
        let (usage, estimated) = unit.account.believe(turn, (bytes, size), reply.usage, received);
        self.note(Event::Reply {
            at: unit.at.clone(),
            turn: turn.turn,
            blocks: json!(reply.blocks),
            stop: reply.stop,
            usage,
            estimated,
            usd: model.price.map(|price| price.cost(usage)),
            took: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
            retro: turn.retro,
        })?;
        tries.settle(cost(model, usage));
        Ok(reply)
    }
}

/// Returns the bytes of a request, as its length is reckoned by.
fn length(request: &Request) -> u64 {
    json!(request).to_string().len() as u64
}

fn cost(model: &Model, usage: Usage) -> Cost {
    Cost {
        usd: model.price.map(|price| price.cost(usage)).unwrap_or_default(),
        tokens: usage.sent().saturating_add(usage.output),
    }
}
