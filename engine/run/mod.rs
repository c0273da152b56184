//! Doing it: from a plan to a journal. The only phase that touches the world.

mod agent;
mod budget;
mod check;
mod claims;
mod opening;
mod past;
mod recipe;
mod retro;
mod reuse;
mod schedule;
mod stage;

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio::sync::{OnceCell, Semaphore};
use tokio_util::sync::CancellationToken;

use crate::gate::workspace::Snapshot;
use crate::gate::{Hall, Ran, Refusal};
use crate::journal::{Event, Status};
use crate::model::catalogue::Price;
use crate::model::{ModelError, Provider};
use crate::plan::Plan;
use crate::playbook::{Budget, Effort};
use crate::run::budget::{Account, Spent};
use crate::run::claims::Claims;

pub use opening::{Opening, open};
pub use past::{Past, Strayed};
pub use recipe::{Recipe, differences, recipe};
pub use reuse::Earlier;

/// Requests to models and items that are under way at once, when the caller does not say.
pub const DEFAULT_JOBS: usize = 8;

/// What a run reaches the world through, besides the gate.
pub struct Seams {
    /// What the gates share: files, commands, the person, the journal.
    pub hall: Arc<Hall>,
    /// Answers requests. Absent where no stage needs a model.
    pub provider: Option<Arc<dyn Provider>>,
    /// What each alias stands for.
    pub models: BTreeMap<String, Model>,
    /// The playbook's text as read, whose lines retro notes are about.
    pub text: String,
    /// The playbook's budget, with what the caller changed.
    pub budget: Budget,
    /// Requests and items under way at once.
    pub jobs: usize,
    /// Whether models are asked what was missing, after the end.
    pub retro: bool,
    /// What was done before, where the run goes on.
    pub past: Past,
    /// The run whose stages are used again where they can be.
    pub reuse: Option<Earlier>,
    /// The only stage that is played now, by its id; all that are ready where it is absent.
    pub only: Option<String>,
    /// Ends the run when cancelled.
    pub cancel: CancellationToken,
}

/// A model as an alias names it.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    /// Its id at its service.
    pub id: String,
    /// What it costs, where that is known.
    pub price: Option<Price>,
    /// The most tokens of one reply.
    pub max_tokens: u32,
    /// The most tokens that it reads, where that is known.
    pub context: Option<u64>,
    /// How hard it thinks when the playbook does not say.
    pub effort: Option<Effort>,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// Every stage succeeded or was skipped.
    Succeeded,
    /// A stage failed.
    Failed,
    /// Only optional stages failed.
    Partly,
    /// It stopped, and can go on.
    Stopped,
}

/// Why a run could not go on: something that is wrong with the machine, not with the playbook.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The journal cannot be written: nothing more is done.
    #[error("cannot write the journal: {0}")]
    Journal(io::Error),
    /// The model's service refused, and asking again does not change it.
    #[error("{0}")]
    Model(#[from] crate::model::ModelError),
    /// Something of the machine's failed.
    #[error("{0}")]
    World(String),
}

/// Plays a plan to its end.
///
/// What went wrong in a stage is in the journal; an error is returned only when the run itself
/// could not go on.
pub async fn execute(plan: &Plan, seams: &Seams) -> Result<Ended, RunError> {
    let account = Account::open(seams.budget);
    account.charge(seams.past.earlier(None));
    let run = Run {
        plan,
        seams,
        account,
        claims: Arc::default(),
        jobs: Semaphore::new(seams.jobs.max(1)),
        baselines: OnceCell::new(),
        system: Mutex::new(seams.past.system()),
    };
    let before = match seams.past.start() {
        Some(start) => start,
        None => begin(plan, seams)?,
    };
    let played = schedule::play(&run).await;
    let ended = match &played {
        Ok(stages) => {
            if seams.retro {
                retro::ask_all(&run, stages).await?;
            }
            ended(plan, stages)
        }
        Err(Halt::Stopped(reason)) => {
            run.note(Event::Stopped { reason: reason.clone() })?;
            Ended::Stopped
        }
        Err(Halt::Broken(error)) => {
            run.note(Event::Stopped { reason: error.to_string() })?;
            Ended::Failed
        }
    };
    let changed = seams.hall.changes_since(&before).map_err(RunError::World)?;
    let exit = match &played {
        Err(Halt::Broken(_)) => 2,
        _ => ended.exit_code(),
    };
    run.note(Event::RunFinished { exit, changed })?;
    match played {
        Err(Halt::Broken(error)) => Err(error),
        _ => Ok(ended),
    }
}

/// Looks at the project, and keeps what a run may change.
fn begin(plan: &Plan, seams: &Seams) -> Result<Snapshot, RunError> {
    let before = seams.hall.workspace.snapshot().map_err(RunError::World)?;
    let begun = seams.hall.begin(&before, !plan.playbook.commands.is_empty());
    begun.map_err(|error| RunError::World(format!("cannot keep the project's files: {error}")))?;
    Ok(before)
}

/// One run under way.
struct Run<'a> {
    plan: &'a Plan,
    seams: &'a Seams,
    account: Account,
    claims: Arc<Claims>,
    jobs: Semaphore,
    /// What each command with a baseline said before the first write, by its name.
    baselines: OnceCell<BTreeMap<String, Ran>>,
    /// The text that stages begin with, as the journal was last told.
    system: Mutex<Option<String>>,
}

/// Why a whole run ends early.
#[derive(Debug)]
enum Halt {
    /// It stops, and can go on.
    Stopped(String),
    /// It cannot go on.
    Broken(RunError),
}

/// Why a stage or an item did not succeed.
#[derive(Debug)]
enum Failure {
    /// It failed; the others go on.
    Failed(String),
    /// The whole run ends.
    Halt(Halt),
}

/// What a stage came to.
#[derive(Debug, Clone)]
struct Played {
    status: Status,
    /// What it left; null where it left nothing.
    output: Value,
    reason: Option<String>,
    /// The request as it stood at the end, for what forks it or asks about it.
    talk: Option<crate::model::Request>,
}

impl Run<'_> {
    fn note(&self, event: Event) -> Result<(), RunError> {
        let hall = &self.seams.hall;
        Ok(hall.journal.append(hall.redactor.clean_all(event))?)
    }
}

impl Ended {
    /// Returns the exit code of the command line.
    pub fn exit_code(self) -> u8 {
        match self {
            Ended::Succeeded => 0,
            Ended::Failed => 1,
            Ended::Stopped => 3,
            Ended::Partly => 4,
        }
    }
}

impl From<io::Error> for RunError {
    fn from(error: io::Error) -> Self {
        RunError::Journal(error)
    }
}

impl From<RunError> for Halt {
    fn from(error: RunError) -> Self {
        Halt::Broken(error)
    }
}

impl From<RunError> for Failure {
    fn from(error: RunError) -> Self {
        Failure::Halt(Halt::Broken(error))
    }
}

/// What may pass, or is a person's to mend, stops the run: it can go on. What is wrong with the
/// settings, or a request that the service will never take, does not.
impl From<ModelError> for Failure {
    fn from(error: ModelError) -> Self {
        let advice = error.advice().map(|advice| format!("; {advice}")).unwrap_or_default();
        match &error {
            ModelError::Busy { .. }
            | ModelError::Key { .. }
            | ModelError::Spent { .. }
            | ModelError::TooLong { .. } => {
                Failure::Halt(Halt::Stopped(format!("{error}{advice}")))
            }
            ModelError::Refused { .. } => {
                Failure::from(RunError::World(format!("{error}{advice}")))
            }
            ModelError::Settings(_) | ModelError::Cassette(_) => {
                Failure::from(RunError::Model(error))
            }
        }
    }
}

impl From<Spent> for Failure {
    fn from(spent: Spent) -> Self {
        if spent.whole_run {
            Failure::Halt(Halt::Stopped(spent.text))
        } else {
            Failure::Failed(spent.text)
        }
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Power(text) | Refusal::Reply(text) | Refusal::Ended(text) => {
                Failure::Failed(text)
            }
            Refusal::Absent(text) => Failure::Halt(Halt::Stopped(text)),
            Refusal::Fatal(text) => Failure::from(RunError::World(text)),
        }
    }
}

impl From<Halt> for Failure {
    fn from(halt: Halt) -> Self {
        Failure::Halt(halt)
    }
}

fn ended(plan: &Plan, stages: &[Played]) -> Ended {
    let went_wrong = |played: &Played| matches!(played.status, Status::Failed | Status::Blocked);
    let mut ended = Ended::Succeeded;
    for (stage, played) in plan.playbook.stages.iter().zip(stages) {
        if went_wrong(played) && !stage.optional {
            return Ended::Failed;
        }
        if went_wrong(played) {
            ended = Ended::Partly;
        }
    }
    ended
}
