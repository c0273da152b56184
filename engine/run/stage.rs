//! One stage: its items, its output, its approval.

use std::sync::Arc;

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::approval::{Answer, Decision, Nobody, Question};
use crate::expression::Template;
use crate::gate::Gate;
use crate::journal::{At, Event, Status};
use crate::model::Request;
use crate::playbook::{Approve, CheckKind, CommandKind, ForEach, Items, Output, glob};
use crate::run::budget::Account;
use crate::run::past::{Finished, PastUnit};
use crate::run::{Failure, Halt, Played, Run, RunError, agent, check};

/// What a stage finds when it begins.
pub(super) struct Scene {
    /// What templates see.
    pub(super) scope: Arc<Value>,
    /// What its needs left, by stage id.
    pub(super) outputs: Vec<(String, Value)>,
    /// The conversation it goes on from.
    pub(super) fork: Option<Request>,
}

/// A stage, or one item of it, being played.
pub(super) struct Unit<'a> {
    pub(super) run: &'a Run<'a>,
    pub(super) stage: usize,
    pub(super) at: At,
    pub(super) gate: Gate,
    pub(super) account: Account,
    pub(super) scope: Arc<Value>,
    /// Globs of what it may change, narrowed to the item.
    pub(super) writes: Vec<String>,
    /// The project's files by hash when it began, where a check asks what has changed.
    pub(super) before: crate::gate::workspace::Snapshot,
    /// Whether it ended before the run went on, and only its conversation is wanted again.
    pub(super) recalled: bool,
}

/// Plays a stage whose turn it is.
pub(super) async fn play(run: &Run<'_>, index: usize, scene: Scene) -> Result<Played, Failure> {
    let stage = &run.plan.playbook.stages[index];
    let at = At::stage(stage.id.value.clone());
    if stage.approve == Some(Approve::Before) {
        before(run, index, &at, &scene).await?;
    }
    let work = async {
        match &stage.for_each {
            None => single(run, index, &scene).await,
            Some(for_each) => many(run, index, &scene, for_each).await,
        }
    };
    let (output, talk) = match stage.timeout {
        None => work.await?,
        Some(limit) => tokio::time::timeout(limit, work).await.map_err(|_| {
            Failure::Failed(format!("it took longer than its timeout of {} s", limit.as_secs()))
        })??,
    };
    let document = matches!(stage.output, Output::Markdown);
    run.note(Event::Output { at, output: output.clone(), document })?;
    Ok(Played { status: Status::Succeeded, output, reason: None, talk })
}

/// Asks a person; the time it takes does not count against the account.
pub(super) async fn ask(
    run: &Run<'_>,
    account: &Account,
    question: &Question,
) -> Result<Answer, Failure> {
    let (at, what, text) = in_words(question);
    if let Some(answer) = run.seams.past.decision(&at, &what) {
        return Ok(answer);
    }
    run.note(Event::Asked { at: at.clone(), what: what.clone(), text })?;
    let began = std::time::Instant::now();
    let paused = account.pause();
    let answer = run.seams.hall.person.ask(question).await;
    drop(paused);
    let answer = answer.map_err(|nobody| match nobody {
        Nobody::Absent(_) => Halt::Stopped(format!(
            "{nobody}: go on at a terminal, or with `--yes` or an answers file"
        )),
        Nobody::Unfit(_) | Nobody::Interrupted => Halt::Stopped(nobody.to_string()),
    })?;
    let words = match &answer.decision {
        Decision::Accept => "accepted".to_owned(),
        Decision::Edit(_) => "accepted, edited".to_owned(),
        Decision::Revise(words) => format!("sent back: {words}"),
        Decision::Reject => "rejected".to_owned(),
        Decision::Say(words) => words.clone(),
    };
    let waited = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    let (decision, by) = (Some(answer.decision.clone()), answer.by.clone());
    run.note(Event::Answered { at, what, answer: words, decision, by, waited })?;
    Ok(answer)
}

fn in_words(question: &Question) -> (At, String, String) {
    match question {
        Question::Before { at, text } => (at.clone(), "approve before".to_owned(), text.clone()),
        Question::Output { at, output } => {
            (at.clone(), "approve output".to_owned(), output.to_string())
        }
        Question::Ask { at, id, text, .. } => (at.clone(), id.clone(), text.clone()),
    }
}

async fn before(run: &Run<'_>, index: usize, at: &At, scene: &Scene) -> Result<(), Failure> {
    let stage = &run.plan.playbook.stages[index];
    let title = crate::context::title(stage, &scene.scope).unwrap_or_default();
    let powers = &run.plan.powers[index];
    let mut text = format!("Play {title}?");
    if let Some(command) = &stage.run {
        text = format!("{text} It runs the command `{}`.", command.value);
    }
    if !powers.writes.is_empty() {
        text = format!("{text} It may change {}.", powers.writes.join(", "));
    }
    match ask(run, &run.account, &Question::Before { at: at.clone(), text }).await?.decision {
        Decision::Accept | Decision::Edit(_) | Decision::Say(_) => Ok(()),
        Decision::Reject => Err(Failure::Failed("a person said no".to_owned())),
        Decision::Revise(words) => Err(Failure::Failed(format!("a person said no: {words}"))),
    }
}

async fn single(
    run: &Run<'_>,
    index: usize,
    scene: &Scene,
) -> Result<(Value, Option<Request>), Failure> {
    let stage = &run.plan.playbook.stages[index];
    let at = At::stage(stage.id.value.clone());
    unit(run, index, at, scene, Arc::clone(&scene.scope), account(run, index), None).await
}

/// Opens the account of a stage, with what it spent before the run went on.
fn account(run: &Run<'_>, index: usize) -> Account {
    let stage = &run.plan.playbook.stages[index];
    let account = run.account.within(format!("`{}`", stage.id.value), stage.budget);
    account.charge(run.seams.past.earlier(Some(&stage.id)));
    account
}

/// Returns the conversation of a stage that ended before the run went on, as far as the journal
/// holds it.
pub(super) async fn recall(run: &Run<'_>, index: usize, scene: &Scene) -> Option<Request> {
    let stage = &run.plan.playbook.stages[index];
    let past = &run.seams.past;
    let Some(for_each) = &stage.for_each else {
        let at = At::stage(stage.id.value.clone());
        return recalled(run, index, at, scene, Arc::clone(&scene.scope)).await;
    };
    let items = past.items(&stage.id)?.iter().enumerate();
    let mut items = items
        .map(|(number, item)| (At { stage: stage.id.value.clone(), item: Some(number) }, item));
    let (at, item) = items.find(|(at, _)| ended_well(past.unit(at)))?;
    let mut scope = Value::clone(&scene.scope);
    scope[for_each.name.as_str()] = item.clone();
    recalled(run, index, at, scene, scope.into()).await
}

async fn recalled(
    run: &Run<'_>,
    index: usize,
    at: At,
    scene: &Scene,
    scope: Arc<Value>,
) -> Option<Request> {
    run.seams.past.unit(&at)?.briefing.as_ref()?;
    let powers = run.plan.powers[index].clone();
    let gate = Gate::enter(&run.seams.hall, at.clone(), powers, false).await;
    let unit = Unit {
        run,
        stage: index,
        at,
        gate,
        account: run.account.clone(),
        scope,
        writes: Vec::new(),
        before: crate::gate::workspace::Snapshot::default(),
        recalled: true,
    };
    agent::play(&unit, scene).await.ok().map(|(_, talk)| talk)
}

fn ended_well(unit: Option<&PastUnit>) -> bool {
    let finished = unit.and_then(|unit| unit.finished.as_ref());
    finished.is_some_and(|finished| finished.status == Status::Succeeded)
}

/// Plays the items of a stage, side by side as far as their files allow.
async fn many(
    run: &Run<'_>,
    index: usize,
    scene: &Scene,
    for_each: &ForEach,
) -> Result<(Value, Option<Request>), Failure> {
    let stage = &run.plan.playbook.stages[index];
    let past = &run.seams.past;
    let items = match past.items(&stage.id) {
        Some(items) => items.clone(),
        None => {
            let items = items(run, scene, for_each)?;
            let (stage, listed) = (stage.id.value.clone(), items.clone());
            run.note(Event::ItemsListed { stage, items: listed })?;
            items
        }
    };
    let account = account(run, index);
    let playing = items.iter().enumerate().map(|(number, item)| {
        let account = account.clone();
        async move {
            let at = At { stage: stage.id.value.clone(), item: Some(number) };
            let mut scope = Value::clone(&scene.scope);
            scope[for_each.name.as_str()] = item.clone();
            let title = match &stage.title {
                Some(title) => title.render_text(&scope).unwrap_or_default(),
                None => short(item),
            };
            if let Some(finished) = past.unit(&at).and_then(|unit| unit.finished.clone()) {
                let Finished { status, reason, output } = finished;
                let talk = recalled(run, index, at, scene, scope.into()).await;
                let left = json!({ "item": item, "status": status, "output": output });
                return Ok((left, reason, talk));
            }
            if !past.began(&at) {
                run.note(Event::ItemStarted { at: at.clone(), title })?;
            }
            let narrowed = for_each.files.as_ref();
            let played = unit(run, index, at.clone(), scene, scope.into(), account, narrowed).await;
            let (status, output, reason, talk) = match played {
                Ok((output, talk)) => (Status::Succeeded, output, None, talk),
                Err(Failure::Failed(reason)) => (Status::Failed, Value::Null, Some(reason), None),
                Err(Failure::Halt(halt)) => return Err(halt),
            };
            run.note(Event::ItemFinished {
                at,
                status,
                reason: reason.clone(),
                output: output.clone(),
            })?;
            Ok((json!({ "item": item, "status": status, "output": output }), reason, talk))
        }
    });
    let mut outputs = Vec::new();
    let mut failed = Vec::new();
    let mut talk = None;
    for (number, played) in join_all(playing).await.into_iter().enumerate() {
        let (output, reason, item_talk) = played?;
        if let Some(reason) = reason {
            failed.push(format!("item {}: {reason}", number + 1));
        }
        outputs.push(output);
        talk = talk.or(item_talk);
    }
    if !failed.is_empty() {
        let of = outputs.len();
        return Err(Failure::Failed(format!(
            "{} of {of} items: {}",
            failed.len(),
            failed.join("; ")
        )));
    }
    let output = Value::Array(outputs);
    if stage.approve != Some(Approve::Output) {
        return Ok((output, talk));
    }
    let question =
        Question::Output { at: At::stage(stage.id.value.clone()), output: output.clone() };
    match ask(run, &account, &question).await?.decision {
        Decision::Edit(edited) => Ok((edited, talk)),
        Decision::Accept | Decision::Say(_) => Ok((output, talk)),
        Decision::Reject => Err(Failure::Failed("a person rejected the output".to_owned())),
        Decision::Revise(words) => {
            Err(Failure::Failed(format!("a person rejected the output: {words}")))
        }
    }
}

/// Returns the items, refusing more than `max` before the first.
fn items(run: &Run<'_>, scene: &Scene, for_each: &ForEach) -> Result<Vec<Value>, Failure> {
    let failed = |text: String| Failure::Failed(text);
    let list = match &for_each.items {
        Items::List(expression) => {
            let value =
                expression.evaluate(&scene.scope).map_err(|error| failed(error.to_string()))?;
            match value {
                Value::Array(list) => list,
                Value::Null => Vec::new(),
                other => {
                    let text =
                        format!("`for_each` wants a list, and `{}` is {other}", expression.text);
                    return Err(failed(text));
                }
            }
        }
        Items::Files { glob, containing } => {
            let glob = rendered(glob, &scene.scope)?;
            let containing =
                containing.as_ref().map(|text| rendered(text, &scene.scope)).transpose()?;
            let workspace = &run.seams.hall.workspace;
            let mut files =
                workspace.matching(&[glob]).map_err(|error| failed(error.to_string()))?;
            if let Some(text) = containing {
                files.retain(|file| {
                    workspace.text(file).is_ok_and(|content| content.contains(&text))
                });
            }
            files.into_iter().map(Value::String).collect()
        }
    };
    if let Some(max) = &for_each.max {
        let max = match &max.value {
            Value::String(text) => {
                let (template, _) = Template::parse(text, max.span);
                template.render(&scene.scope).map_err(|error| failed(error.to_string()))?
            }
            other => other.clone(),
        };
        let max = max
            .as_u64()
            .ok_or_else(|| failed(format!("`max` of `for_each` is {max}, not a whole number")))?;
        if list.len() as u64 > max {
            let count = list.len();
            return Err(failed(format!(
                "`for_each` has {count} items, and at most {max} are allowed"
            )));
        }
    }
    Ok(list)
}

/// Plays one item, or a stage without any.
async fn unit(
    run: &Run<'_>,
    index: usize,
    at: At,
    scene: &Scene,
    scope: Arc<Value>,
    account: Account,
    narrowed: Option<&Template>,
) -> Result<(Value, Option<Request>), Failure> {
    let stage = &run.plan.playbook.stages[index];
    let mut powers = run.plan.powers[index].clone();
    if let Some(files) = narrowed {
        powers.writes = narrow(&powers.writes, files, &scope)?;
    }
    let edits = powers.edits();
    let writes = if edits { powers.writes.clone() } else { Vec::new() };
    let hall = &run.seams.hall;
    let _claim = if edits { Some(run.claims.take(&writes).await) } else { None };
    if edits {
        check::baselines(run).await?;
    }
    let asks_what_changed = stage.checks.iter().any(|check| check.kind.asks_what_changed());
    let before = if asks_what_changed {
        let now = hall.workspace.snapshot().map_err(RunError::World)?;
        run.seams.past.before(&at, now)
    } else {
        crate::gate::workspace::Snapshot::default()
    };
    let paused = account.clone();
    let gate = Gate::enter(hall, at.clone(), powers, edits).await;
    let gate = gate.pausing(Arc::new(move || Box::new(paused.pause())));
    let recalled = false;
    let unit = Unit { run, stage: index, at, gate, account, scope, writes, before, recalled };
    match &stage.run {
        Some(command) => command_stage(&unit, command).await.map(|output| (output, None)),
        None => agent::play(&unit, scene).await.map(|(output, request)| (output, Some(request))),
    }
}

/// Plays a `run:` stage: exit code and text are its output.
async fn command_stage(unit: &Unit<'_>, command: &str) -> Result<Value, Failure> {
    let ran = match unit.past().and_then(|past| past.command.clone()) {
        Some(ran) => ran,
        None => {
            again(unit, command).await?;
            check::command(unit, command, "stage").await?
        }
    };
    if ran.exit != Some(0) {
        let exit = ran.exit.map_or("a signal or a limit".to_owned(), |code| format!("exit {code}"));
        let tail = last_lines(&ran.text, 12);
        return Err(Failure::Failed(format!("command `{command}` ended with {exit}\n{tail}")));
    }
    let output = json!({ "exit": ran.exit, "text": last_lines(&ran.text, 40) });
    let failures = check::all(unit, false).await?;
    if failures.is_empty() { Ok(output) } else { Err(Failure::Failed(failures.join("\n"))) }
}

/// Asks the person before a command runs again that was cut off, where nothing says that running it
/// twice does no harm: packages are added twice without harm, and what a check runs, it runs often.
async fn again(unit: &Unit<'_>, name: &str) -> Result<(), Failure> {
    let cut = unit.past().is_some_and(|past| {
        past.open.commands.iter().any(|(cut, why)| cut == name && why == "stage")
    });
    let playbook = &unit.run.plan.playbook;
    let repeatable =
        playbook.command(name).is_some_and(|command| command.kind == CommandKind::Add)
            || playbook.stages.iter().flat_map(|stage| &stage.checks).any(
                |check| matches!(&check.kind, CheckKind::Run(checked) if checked.value == name),
            );
    if !cut || repeatable {
        return Ok(());
    }
    let text = format!(
        "The command `{name}` was cut off, and nobody knows how far it came. Run it again?"
    );
    if unit.gate.consents(&format!("again.{name}"), text).await? {
        return Ok(());
    }
    Err(Failure::Failed(format!(
        "the command `{name}` was cut off, nobody knows how far it came, and nobody said that it \
         may run again"
    )))
}

/// Keeps the files that the stage's own globs allow.
fn narrow(writes: &[String], files: &Template, scope: &Value) -> Result<Vec<String>, Failure> {
    let rendered = files.render(scope).map_err(|error| Failure::Failed(error.to_string()))?;
    let files: Vec<String> = match rendered {
        Value::Array(list) => {
            list.iter().filter_map(|file| file.as_str().map(str::to_owned)).collect()
        }
        Value::String(file) => vec![file],
        other => {
            return Err(Failure::Failed(format!("`files` of `for_each` is {other}, not a path")));
        }
    };
    for file in &files {
        let allowed = writes.iter().any(|glob| glob::matches(glob, file));
        if !allowed {
            let writes = writes.join("`, `");
            return Err(Failure::Failed(format!(
                "the item wants to change `{file}`, and the stage may change only `{writes}`"
            )));
        }
    }
    Ok(files)
}

fn rendered(template: &Template, scope: &Value) -> Result<String, Failure> {
    template.render_text(scope).map_err(|error| Failure::Failed(error.to_string()))
}

/// Says an item in a few words: its name, its first text, or itself.
fn short(item: &Value) -> String {
    let text = match item {
        Value::String(text) => text.clone(),
        Value::Object(fields) => {
            let name =
                fields.get("name").or_else(|| fields.values().find(|value| value.is_string()));
            name.and_then(Value::as_str).unwrap_or_default().to_owned()
        }
        other => other.to_string(),
    };
    text.chars().take(60).collect()
}

pub(super) fn last_lines(text: &str, count: usize) -> String {
    let lines: Vec<&str> = text.trim_end().lines().collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}
