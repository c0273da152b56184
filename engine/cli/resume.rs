//! `wizard resume`: goes on with a run that stopped.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use serde_json::Value;

use crate::cli::folder::{find, last_play, records};
use crate::cli::play::{self, How};
use crate::cli::surroundings::Surroundings;
use crate::cli::target::Target;
use crate::diagnostic::near;
use crate::gate::kept::Start;
use crate::gate::workspace::{Snapshot, Workspace};
use crate::journal::{At, Event, Record, Status};
use crate::plan::{Given, Plan};
use crate::playbook::{InputKind, Playbook};
use crate::reference::Index;
use crate::run::{Model, Past, Strayed, differences, recipe};

/// Go on with a run that stopped, from its last whole turn
///
/// Nothing that was done is done again, and nothing is paid for twice. Where the playbook, its
/// docs, the model or the project's files changed since, it says what differs, and stops.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The run's id; the last run when left out
    run: Option<String>,

    /// The project's folder
    #[arg(long, value_name = "DIR", default_value = ".")]
    project: PathBuf,

    /// Go on with the playbook, docs, model and files as they are now: what changed is played again
    #[arg(long)]
    update: bool,

    /// Play this stage again, and all that need it
    #[arg(long, value_name = "STAGE", conflicts_with = "only")]
    from: Option<String>,

    /// Play this stage, and no other
    #[arg(long, value_name = "STAGE")]
    only: Option<String>,

    /// A secret again, as `NAME=@FILE`; any input with `--update`
    #[arg(long = "input", short, value_name = "NAME=VALUE")]
    inputs: Vec<String>,

    #[command(flatten)]
    how: How,
}

/// Files that changed and are named; of others it is said how many they are.
const MOST_FILES: usize = 12;

/// A run that goes on.
pub(super) struct Resumed {
    /// The folder of the run.
    pub(super) folder: PathBuf,
    /// What its journal said before.
    pub(super) records: Vec<Record>,
    /// The inputs that it was played with; secrets as their handles.
    pub(super) inputs: BTreeMap<String, Value>,
    pub(super) update: bool,
    pub(super) from: Option<String>,
    pub(super) only: Option<String>,
}

/// What a run that goes on is played with.
pub(super) struct Now<'a> {
    pub(super) plan: &'a Plan,
    pub(super) models: &'a BTreeMap<String, Model>,
    pub(super) references: &'a Index,
    pub(super) workspace: &'a Workspace,
}

/// A run, read out of its journal and made ready to go on.
#[derive(Default)]
pub(super) struct Continued {
    pub(super) past: Past,
    /// Stages that are played again.
    pub(super) again: Vec<String>,
    /// What a command that was cut off left, to be written down as its work.
    pub(super) left: Option<Event>,
    /// How the project stood at the beginning, with what the person changed since and took along.
    pub(super) start: Option<Start>,
}

pub(super) fn run(arguments: &Arguments, surroundings: &Surroundings) -> anyhow::Result<u8> {
    let state = surroundings.state()?;
    let journal = match &arguments.run {
        Some(id) => find(state, &arguments.project, Some(id))?,
        None => last_play(state, &arguments.project)?,
    };
    let records = records(state, &journal)?;
    let folder = journal.parent().unwrap_or(Path::new(".")).to_owned();
    let Some(began) = Began::of(&records) else {
        let id = folder.file_name().unwrap_or_default().to_string_lossy();
        bail!("`{id}` is no run of a playbook; `wizard runs` lists them");
    };
    let target = Target {
        playbook: began.source.clone(),
        project: arguments.project.clone(),
        library: began.library.map(PathBuf::from),
        inputs: arguments.inputs.clone(),
    };
    let resumed = Resumed {
        folder,
        records,
        inputs: began.inputs,
        update: arguments.update,
        from: arguments.from.clone(),
        only: arguments.only.clone(),
    };
    let arguments = play::Arguments {
        target,
        how: arguments.how.clone(),
        demo: false,
        replay: began.replay.map(PathBuf::from),
        record: None,
        reuse: false,
    };
    play::go_on(&arguments, resumed, surroundings)
}

/// How a run last began.
struct Began {
    source: String,
    library: Option<String>,
    replay: Option<String>,
    inputs: BTreeMap<String, Value>,
}

impl Began {
    fn of(records: &[Record]) -> Option<Self> {
        records.iter().rev().find_map(|record| match &record.event {
            Event::RunStarted { source, library, replay, inputs, .. } => Some(Began {
                source: source.clone(),
                library: library.clone(),
                replay: replay.clone(),
                inputs: inputs.clone(),
            }),
            _ => None,
        })
    }
}

impl Resumed {
    /// Takes the inputs that the run was played with, but for secrets, which no journal holds.
    pub(super) fn inputs(
        &self,
        playbook: &Playbook,
        flags: &BTreeMap<String, Given>,
        given: &mut BTreeMap<String, Given>,
    ) -> anyhow::Result<()> {
        for input in &playbook.inputs {
            let name = &input.name.value;
            let Some(then) = self.inputs.get(name) else { continue };
            if input.kind == InputKind::Secret || is_masked(then) {
                continue;
            }
            match flags.get(name) {
                Some(_) if self.update => {}
                Some(now) if !is_same(now, then) => bail!(
                    "the input `{name}` was {then} when the run began; `--update` goes on with \
                     another"
                ),
                _ => {
                    given.insert(name.clone(), Given::Data(then.clone()));
                }
            }
        }
        Ok(())
    }

    /// Returns the hash of each reference as the run had it.
    pub(super) fn references(&self) -> BTreeMap<String, String> {
        references(&self.records)
    }

    /// Decides from a journal what is done again, and refuses where something changed since that
    /// the person did not take.
    pub(super) fn continued(
        &self,
        records: &[Record],
        journal: &Path,
        now: &Now<'_>,
    ) -> anyhow::Result<Continued> {
        if !records.iter().any(|record| matches!(record.event, Event::StartKept { .. })) {
            // It stopped before it had looked at the project.
            return Ok(Continued::default());
        }
        let start = Start::read(journal, records).map_err(anyhow::Error::msg)?;
        let mut past = Past::of(records, start.clone());
        let standing = now.workspace.snapshot().map_err(anyhow::Error::msg)?;
        let strayed = past.strayed(&standing);
        let differs = differences_of(records, &past, &strayed, now);
        if !differs.is_empty() && !self.update {
            bail!(
                "the run stopped, and since then something changed:\n  {}\n`wizard resume --update` \
                 goes on with it as it is now, and plays again what it concerns",
                differs.join("\n  ")
            );
        }
        let again = self.again(&past, now)?;
        is_left(records, &past, &again, now)?;
        let left = cut_off(&strayed, &start, &standing);
        // What the person changed is what the run will be taken back to.
        let mut start = Some(start).filter(|_| left.is_none() && !strayed.files.is_empty());
        if let Some(start) = &mut start {
            for path in &strayed.files {
                match standing.files.get(path) {
                    Some(mark) => start.files.insert(path.clone(), mark.clone()),
                    None => start.files.remove(path),
                };
            }
            past = Past::of(records, start.clone());
        }
        past.forget(&again);
        Ok(Continued { past, again, left, start })
    }

    /// Lists the stages that are played again, in the order of the playbook.
    fn again(&self, past: &Past, now: &Now<'_>) -> anyhow::Result<Vec<String>> {
        let stages = &now.plan.playbook.stages;
        let index = |id: &str| {
            let known = stages.iter().position(|stage| stage.id.value == id);
            known.with_context(|| {
                let ids = stages.iter().map(|stage| stage.id.value.as_str());
                match near(id, ids) {
                    Some(near) => format!("there is no stage `{id}`; did you mean `{near}`?"),
                    None => format!("there is no stage `{id}`"),
                }
            })
        };
        let mut again: BTreeSet<usize> = BTreeSet::new();
        if self.update {
            for (stage, _) in changed_stages(past, now) {
                again.extend(index(&stage).ok());
            }
            let undone = |id: &str| past.status(id).is_some_and(|it| it != Status::Succeeded);
            again.extend((0..stages.len()).filter(|&stage| undone(&stages[stage].id.value)));
        }
        again.extend(self.from.as_deref().map(index).transpose()?);
        for stage in 0..stages.len() {
            if now.plan.graph.needs[stage].iter().any(|need| again.contains(need)) {
                again.insert(stage);
            }
        }
        if let Some(only) = &self.only {
            let only = index(only)?;
            for &need in &now.plan.graph.needs[only] {
                let need = &stages[need].id.value;
                if past.status(need).is_none() {
                    bail!("`{}` needs `{need}`, which was not played", stages[only].id.value);
                }
            }
            again.insert(only);
        }
        Ok(again.into_iter().map(|stage| stages[stage].id.value.clone()).collect())
    }
}

/// Says what differs from what the run was played with.
fn differences_of(
    records: &[Record],
    past: &Past,
    strayed: &Strayed,
    now: &Now<'_>,
) -> Vec<String> {
    let mut differs = Vec::new();
    let then = records.iter().rev().find_map(|record| match &record.event {
        Event::RunStarted { hash, wizard, model, .. } => Some((hash, wizard, model)),
        _ => None,
    });
    let Some((hash, wizard, model)) = then else { return differs };
    let own = env!("CARGO_PKG_VERSION");
    if !is_compatible(wizard, own) {
        differs.push(format!("it was played by wizard {wizard}, and this is {own}"));
    }
    let playing = now.models.get("default").map(|model| &model.id);
    if let (Some(then), Some(playing)) = (model, playing)
        && then != playing
    {
        differs.push(format!("the model was `{then}`, and is `{playing}`"));
    }
    let stages = changed_stages(past, now);
    for (stage, parts) in &stages {
        differs.push(format!("the stage `{stage}` changed: {}", parts.join(", ")));
    }
    if *hash != now.plan.hash && stages.is_empty() {
        differs.push("the playbook changed, in nothing that was played yet".to_owned());
    }
    for doc in changed_docs(records, now.references) {
        differs.push(format!("the reference `{doc}` changed"));
    }
    if strayed.cut.is_empty() {
        let files = strayed.files.iter().take(MOST_FILES);
        differs.extend(files.map(|file| format!("`{file}` changed")));
        let more = strayed.files.len().saturating_sub(MOST_FILES);
        differs.extend((more > 0).then(|| format!("{more} more files changed")));
    }
    differs
}

/// Refuses to go on with a run that has come to its end.
fn is_left(records: &[Record], past: &Past, again: &[String], now: &Now<'_>) -> anyhow::Result<()> {
    let ended = match records.last().map(|record| &record.event) {
        Some(Event::RunFinished { exit, .. }) => matches!(exit, 0 | 1 | 4),
        _ => false,
    };
    if !ended || !again.is_empty() {
        return Ok(());
    }
    let failed: Vec<String> = now
        .plan
        .playbook
        .stages
        .iter()
        .map(|stage| stage.id.value.clone())
        .filter(|id| past.status(id) == Some(Status::Failed))
        .collect();
    match failed.first() {
        None => bail!("the run came to its end; `--from STAGE` plays a stage again"),
        Some(first) => bail!(
            "the run came to its end, and `{}` failed; `wizard resume --from {first}` plays it \
             again, and what needs it",
            failed.join("`, `")
        ),
    }
}

/// Lists the stages that began and are made of something else now, with what.
fn changed_stages(past: &Past, now: &Now<'_>) -> Vec<(String, Vec<String>)> {
    let stages = now.plan.playbook.stages.iter().enumerate();
    let changed = stages.filter_map(|(index, stage)| {
        let then = past.recipes().get(&stage.id.value)?;
        let is = recipe(now.plan, index, now.references, now.models);
        let parts = differences(then, &is);
        (!parts.is_empty()).then(|| (stage.id.value.clone(), parts))
    });
    changed.collect()
}

/// Lists the references that are not what they were.
fn changed_docs(records: &[Record], references: &Index) -> Vec<String> {
    let then = self::references(records);
    let changed = references.references.iter();
    let changed = changed.filter(|it| then.get(&it.name).is_some_and(|then| *then != it.hash));
    changed.map(|reference| reference.name.clone()).collect()
}

fn references(records: &[Record]) -> BTreeMap<String, String> {
    let ready = records.iter().filter_map(|record| match &record.event {
        Event::ReferenceReady { name, hash, .. } => Some((name.clone(), hash.clone())),
        _ => None,
    });
    ready.collect()
}

/// Whether an input is given as it was.
fn is_same(now: &Given, then: &Value) -> bool {
    match (now, then) {
        (Given::Data(now), then) => now == then,
        (Given::Text(now), Value::String(then)) => now == then,
        (Given::Text(now), then) => {
            let then = then.to_string();
            *now == then
        }
    }
}

/// Whether a recorded input lost a part of its text, which looked like a secret.
fn is_masked(value: &Value) -> bool {
    value.to_string().contains("[REDACTED:")
}

/// Takes what differs for the work of a command that was cut off, so that it can be taken back.
/// Said with nothing in it too: from there on, what changes is not the command's.
fn cut_off(strayed: &Strayed, start: &Start, standing: &Snapshot) -> Option<Event> {
    let (at, _) = strayed.cut.first()?;
    let mark = |path: &String| (path.clone(), standing.files.get(path).cloned());
    let before = Snapshot { files: start.files.clone(), folders: start.folders.clone() };
    Some(Event::FilesLeft {
        at: At::clone(at),
        files: strayed.files.iter().map(mark).collect(),
        folders: before.folder_changes(standing),
    })
}

/// Whether a version can go on with what another began: their first number that is not 0 is one.
fn is_compatible(then: &str, now: &str) -> bool {
    let first = |version: &str| {
        let numbers: Vec<String> = version.split('.').map(str::to_owned).collect();
        let end = numbers.iter().position(|number| number != "0").unwrap_or(numbers.len());
        numbers.into_iter().take(end + 1).collect::<Vec<_>>()
    };
    first(then) == first(now)
}
