//! Using a stage of an earlier run again, instead of playing it.
//!
//! **Invariant:** a stage is used again only where all that it was made of is as it was, and the
//! files that it rests on stand as the earlier run left them.

use crate::gate::Gate;
use crate::journal::{At, Event, Status};
use crate::playbook::{CheckKind, Items, Stage};
use crate::run::recipe::{Recipe, differences};
use crate::run::{Failure, Past, Run, RunError};

/// An earlier run of the same playbook in the same project.
pub struct Earlier {
    /// Its id.
    pub run: String,
    /// What it did.
    pub past: Past,
}

/// Files that are named of those which changed.
const NAMED: usize = 3;

/// Returns the event with which a stage is used again, or says why it is not.
pub(super) async fn find(
    run: &Run<'_>,
    index: usize,
    recipe: &Recipe,
    earlier: &Earlier,
) -> Result<Result<Event, String>, Failure> {
    let stage = &run.plan.playbook.stages[index];
    let id = &stage.id.value;
    let since = &earlier.run;
    let past = &earlier.past;
    let Some(output) = past.output(id).filter(|_| past.status(id) == Some(Status::Succeeded))
    else {
        return Ok(Err(format!("it did not succeed in {since}")));
    };
    if let Some(reason) = never(run, index) {
        return Ok(Err(reason));
    }
    let then = past.recipes().get(id).cloned().unwrap_or_default();
    let parts = differences(&then, recipe);
    if !parts.is_empty() {
        return Ok(Err(format!("since {since} other: {}", parts.join(", "))));
    }
    let rests = past.rests_on(id);
    let whole = rests.whole || runs_checks(stage);
    let globs = crate::gate::workspace::globs_of(&looked_at(run, index));
    let globs = globs.map_err(|refusal| Failure::Failed(refusal.to_string()))?;
    let now = run.seams.hall.workspace.snapshot().map_err(RunError::World)?;
    let changed: Vec<String> = past
        .strayed(&now)
        .files
        .into_iter()
        .filter(|path| whole || rests.files.contains(path) || globs.is_match(path))
        .map(|path| format!("`{path}`"))
        .collect();
    if !changed.is_empty() {
        let more = match changed.len().saturating_sub(NAMED) {
            0 => String::new(),
            more => format!(" and {more} more files"),
        };
        let files = changed[..changed.len().min(NAMED)].join(", ");
        return Ok(Err(format!("changed since {since}: {files}{more}")));
    }
    if let Some(key) = lost_key(run, index, &rests.keys).await {
        return Ok(Err(format!("the env key `{key}` is not set any more")));
    }
    Ok(Ok(Event::StageReused {
        stage: id.clone(),
        from: since.clone(),
        recipe: recipe.clone(),
        output: output.clone(),
        document: matches!(stage.output, crate::playbook::Output::Markdown),
        rests_on: rests.files,
        whole,
        keys: rests.keys,
    }))
}

/// What a stage of an earlier run rests on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct RestsOn {
    /// Files that it read or changed.
    pub(super) files: Vec<String>,
    /// Whether it looked for files, or ran something that may have read any.
    pub(super) whole: bool,
    /// Env keys that it set.
    pub(super) keys: Vec<String>,
}

/// Says why a stage can never be used again.
fn never(run: &Run<'_>, index: usize) -> Option<String> {
    let stages = &run.plan.playbook.stages;
    let stage = &stages[index];
    let forked = |other: usize| stages[other].fork && run.plan.graph.needs[other].contains(&index);
    if stage.run.is_some() {
        return Some("a command is run each time: what it does is not in the journal".to_owned());
    }
    if !run.plan.powers[index].server_tools.is_empty() {
        return Some("it may ask a server, which may answer something else".to_owned());
    }
    let fork = (0..stages.len()).find(|other| forked(*other))?;
    Some(format!("`{}` goes on from its conversation", stages[fork].id.value))
}

/// Whether a program decides that the stage is done: it may read any file.
fn runs_checks(stage: &Stage) -> bool {
    stage.checks.iter().any(|check| matches!(check.kind, CheckKind::Run(_)))
}

/// Returns globs of the files that the stage's items and checks look at; of those that are known
/// only when an item is, what the stage may change.
fn looked_at(run: &Run<'_>, index: usize) -> Vec<String> {
    let stage = &run.plan.playbook.stages[index];
    let listed = stage.for_each.iter().filter_map(|each| match &each.items {
        Items::Files { glob, .. } => Some(glob),
        Items::List(_) => None,
    });
    let checked = stage.checks.iter().filter_map(|check| match &check.kind {
        CheckKind::File(glob) | CheckKind::Changed(glob) | CheckKind::Unchanged(glob) => Some(glob),
        CheckKind::Contains { within, .. } => Some(within),
        CheckKind::Json { file, .. } => Some(file),
        CheckKind::Run(_) | CheckKind::Env(_) => None,
    });
    let scope = run.plan.scope();
    let globs = listed.chain(checked).flat_map(|glob| match glob.render_text(&scope) {
        Ok(glob) => vec![glob],
        Err(_) => run.plan.powers[index].writes.clone(),
    });
    globs.collect()
}

/// Returns the first env key that was set and is not any more.
async fn lost_key(run: &Run<'_>, index: usize, keys: &[String]) -> Option<String> {
    let at = At::stage(run.plan.playbook.stages[index].id.value.clone());
    let gate = Gate::enter(&run.seams.hall, at, run.plan.powers[index].clone(), false).await;
    let set = |key: &str| gate.env_status(key).is_ok_and(|status| status == "present");
    keys.iter().find(|key| !set(key)).cloned()
}
