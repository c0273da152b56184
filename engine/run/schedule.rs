//! Which stage is next: the walk along the graph.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::LocalBoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use serde_json::{Value, json};

use crate::journal::{At, Event, Status};
use crate::playbook::Stage;
use crate::run::past::Finished;
use crate::run::recipe::{self, Recipe};
use crate::run::{Failure, Halt, Played, Run, RunError, reuse, stage};

/// How long a run that is interrupted waits for what is under way.
const WIND_DOWN: Duration = Duration::from_millis(1_900);

/// What to do with a stage whose needs have ended.
enum Verdict {
    Recall(Finished),
    Play,
    Skip(String),
    Block(String),
    Fail(String),
}

/// Plays every stage, each as soon as its needs have ended.
pub(super) async fn play(run: &Run<'_>) -> Result<Vec<Played>, Halt> {
    let count = run.plan.playbook.stages.len();
    let mut ended: BTreeMap<usize, Played> = BTreeMap::new();
    let mut missing: Vec<usize> = run.plan.graph.needs.iter().map(Vec::len).collect();
    let mut dependents = vec![Vec::new(); count];
    for (index, needs) in run.plan.graph.needs.iter().enumerate() {
        for &need in needs {
            dependents[need].push(index);
        }
    }
    let mut ready: Vec<usize> = (0..count).filter(|index| missing[*index] == 0).collect();
    let mut playing: FuturesUnordered<LocalBoxFuture<'_, _>> = FuturesUnordered::new();
    loop {
        ready.sort_unstable();
        ready.retain(|&index| run.is_wanted(index));
        for index in std::mem::take(&mut ready) {
            playing.push(Box::pin(one(
                run,
                index,
                decide(run, index, &ended),
                scene(run, index, &ended),
            )));
        }
        let Some((index, played)) = next(run, &mut playing).await? else { break };
        let stage = &run.plan.playbook.stages[index];
        if run.seams.past.stage(&stage.id).is_none() {
            run.note(Event::StageFinished {
                stage: stage.id.value.clone(),
                status: played.status,
                reason: played.reason.clone(),
                optional: stage.optional,
            })?;
        }
        ended.insert(index, played);
        for &dependent in &dependents[index] {
            missing[dependent] -= 1;
            if missing[dependent] == 0 {
                ready.push(dependent);
            }
        }
    }
    match &run.seams.only {
        Some(only) if ended.len() < count => {
            Err(Halt::Stopped(format!("only `{only}` was to be played")))
        }
        _ => Ok(ended.into_values().collect()),
    }
}

type Playing<'a> = FuturesUnordered<LocalBoxFuture<'a, Result<(usize, Played), Halt>>>;

/// Waits for the next stage to end, or for the run to be stopped.
async fn next(run: &Run<'_>, playing: &mut Playing<'_>) -> Result<Option<(usize, Played)>, Halt> {
    tokio::select! {
        biased;
        () = run.seams.cancel.cancelled() => {
            wind_down(playing).await;
            Err(Halt::Stopped("interrupted".to_owned()))
        }
        ended = playing.next() => ended.transpose(),
    }
}

/// Lets what is under way come to its end: each sees the same token, and commands end their whole
/// process group. What waits for a person is not waited for.
async fn wind_down(playing: &mut Playing<'_>) {
    let ended = async { while playing.next().await.is_some() {} };
    let _ = tokio::time::timeout(WIND_DOWN, ended).await;
}

async fn one(
    run: &Run<'_>,
    index: usize,
    verdict: Verdict,
    scene: stage::Scene,
) -> Result<(usize, Played), Halt> {
    let plain = |status, reason| Played { status, output: Value::Null, reason, talk: None };
    let played = match verdict {
        Verdict::Recall(Finished { status, reason, output }) => {
            let talk = stage::recall(run, index, &scene).await;
            Played { status, output, reason, talk }
        }
        Verdict::Skip(when) => plain(Status::Skipped, Some(format!("its `when` said no: {when}"))),
        Verdict::Block(reason) => plain(Status::Blocked, Some(reason)),
        Verdict::Fail(reason) => plain(Status::Failed, Some(reason)),
        Verdict::Play => {
            let id = run.plan.playbook.stages[index].id.value.clone();
            if !run.seams.past.began(&At::stage(id.clone())) {
                let recipe = run.recipe(index, &scene.outputs);
                let because = match &run.seams.reuse {
                    None => None,
                    Some(earlier) => match reuse::find(run, index, &recipe, earlier).await {
                        Ok(Ok(reused)) => return run.reused(index, reused),
                        Ok(Err(reason)) => Some(reason),
                        Err(Failure::Failed(reason)) => Some(reason),
                        Err(Failure::Halt(halt)) => return Err(halt),
                    },
                };
                run.note(Event::StageStarted { stage: id, recipe, because })?;
            }
            match stage::play(run, index, scene).await {
                Ok(played) => played,
                Err(Failure::Failed(reason)) => plain(Status::Failed, Some(reason)),
                Err(Failure::Halt(halt)) => return Err(halt),
            }
        }
    };
    Ok((index, played))
}

/// Decides by the needs, then by `when`. A `when` that reads a need's status, or `always()`,
/// decides about that need, or about all, itself.
fn decide(run: &Run<'_>, index: usize, ended: &BTreeMap<usize, Played>) -> Verdict {
    let playbook = &run.plan.playbook;
    let stage = &playbook.stages[index];
    if let Some(finished) = run.seams.past.stage(&stage.id) {
        return Verdict::Recall(finished.clone());
    }
    let always = stage.when.as_ref().is_some_and(crate::expression::Expression::is_always);
    for &need in &run.plan.graph.needs[index] {
        let needed = &playbook.stages[need];
        let Some(played) = ended.get(&need) else { continue };
        let met = match played.status {
            Status::Succeeded | Status::Skipped => true,
            Status::Failed => needed.optional,
            Status::Blocked => false,
        };
        if !met && !always && !decides_about(stage, &needed.id) {
            return Verdict::Block(format!("`{}` {}", needed.id.value, played.status));
        }
    }
    match &stage.when {
        None => Verdict::Play,
        Some(when) => match when.holds(&scope(run, ended)) {
            Ok(true) => Verdict::Play,
            Ok(false) => Verdict::Skip(when.text.clone()),
            Err(error) => Verdict::Fail(format!("its `when` has no answer: {error}")),
        },
    }
}

fn decides_about(stage: &Stage, need: &str) -> bool {
    let references = stage.when.iter().flat_map(crate::expression::Expression::references);
    references.into_iter().any(|reference| match &reference.value[..] {
        [stages, id, status, ..] => stages == "stages" && id == need && status == "status",
        _ => false,
    })
}

/// What templates see when a stage begins.
fn scope(run: &Run<'_>, ended: &BTreeMap<usize, Played>) -> Value {
    let mut scope = run.plan.scope();
    let stages = ended.iter().map(|(index, played)| {
        let id = run.plan.playbook.stages[*index].id.value.clone();
        (id, json!({ "output": played.output, "status": played.status }))
    });
    scope["stages"] = Value::Object(stages.collect());
    scope
}

fn scene(run: &Run<'_>, index: usize, ended: &BTreeMap<usize, Played>) -> stage::Scene {
    let needs = &run.plan.graph.needs[index];
    let stage = &run.plan.playbook.stages[index];
    let outputs = needs.iter().filter_map(|need| {
        let id = run.plan.playbook.stages[*need].id.value.clone();
        Some((id, ended.get(need)?.output.clone()))
    });
    let fork = stage.fork.then(|| needs.iter().find_map(|need| ended.get(need)?.talk.clone()));
    stage::Scene {
        scope: scope(run, ended).into(),
        outputs: outputs.collect(),
        fork: fork.flatten(),
    }
}

impl Run<'_> {
    fn recipe(&self, index: usize, outputs: &[(String, Value)]) -> Recipe {
        let seams = self.seams;
        let recipe = recipe::recipe(self.plan, index, &seams.hall.references, &seams.models);
        recipe::with_outputs(recipe, &self.plan.playbook, outputs)
    }

    /// Takes what an earlier run left of a stage.
    fn reused(&self, index: usize, reused: Event) -> Result<(usize, Played), Halt> {
        let output = match &reused {
            Event::StageReused { output, .. } => output.clone(),
            _ => Value::Null,
        };
        self.note(reused)?;
        Ok((index, Played { status: Status::Succeeded, output, reason: None, talk: None }))
    }

    /// Whether a stage is played or recalled now.
    fn is_wanted(&self, index: usize) -> bool {
        let id = &self.plan.playbook.stages[index].id.value;
        let only = self.seams.only.as_ref();
        only.is_none_or(|only| only == id) || self.seams.past.stage(id).is_some()
    }
}

impl From<std::io::Error> for Halt {
    fn from(error: std::io::Error) -> Self {
        Halt::Broken(RunError::Journal(error))
    }
}
