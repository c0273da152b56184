//! Checks: what decides that a stage is done.

use std::collections::BTreeMap;

use regex::Regex;
use serde_json::Value;

use crate::context;
use crate::expression::Template;
use crate::gate::{Gate, Ran};
use crate::journal::{At, Event, event::CheckVerdict};
use crate::playbook::{Check, CheckKind, Pattern};
use crate::run::stage::{Unit, last_lines};
use crate::run::{Failure, Run, RunError};

/// Lines of a failing command's output that go back to the model and into the report.
const EVIDENCE_LINES: usize = 40;

/// What a check saw.
struct Sight {
    holds: bool,
    evidence: String,
}

/// Runs every check of a stage, journals what each saw, and returns what failed, in words for
/// the model. `narrowed` says whether "a file" means one that the item may change.
pub(super) async fn all(unit: &Unit<'_>, for_model: bool) -> Result<Vec<String>, Failure> {
    let mut failures = Vec::new();
    for check in &unit.stage().checks {
        let sight = look(unit, check).await?;
        let described = context::describe(check, &unit.scope);
        let holds = sight.holds != check.not;
        let verdict = match (&check.kind, holds) {
            (_, true) => CheckVerdict::Passed,
            (CheckKind::Run(command), false) if check.baseline && was_red(unit.run, command) => {
                CheckVerdict::RedBefore
            }
            (_, false) => CheckVerdict::Failed,
        };
        unit.run.note(Event::CheckRan {
            at: unit.at.clone(),
            check: described.clone(),
            verdict,
            evidence: sight.evidence.clone(),
        })?;
        if verdict == CheckVerdict::Failed {
            let marks = &unit.run.seams.hall.marks;
            let evidence = crate::source::visible(&sight.evidence).0;
            let evidence =
                if for_model { format!("\n{}", marks.around(&evidence)) } else { String::new() };
            failures.push(format!("The check failed: {described}.{evidence}"));
        }
    }
    Ok(failures)
}

/// Runs a command through the stage's gate.
pub(super) async fn command(unit: &Unit<'_>, name: &str, why: &str) -> Result<Ran, Failure> {
    let ran = unit.gate.run(name, &BTreeMap::new(), why).await;
    ran.map_err(Failure::from)
}

/// Runs, once a run and before the first write of any stage, each command that a check with a
/// baseline names.
pub(super) async fn baselines(run: &Run<'_>) -> Result<(), Failure> {
    let first = run.baselines.get_or_try_init(|| async {
        let mut ran = run.seams.past.baselines();
        let checks = run.plan.playbook.stages.iter().flat_map(|stage| &stage.checks);
        for check in checks {
            let CheckKind::Run(name) = &check.kind else { continue };
            if !check.baseline || ran.contains_key(&name.value) {
                continue;
            }
            let powers = crate::plan::Powers::default();
            let at = At::stage("baseline");
            let gate = Gate::enter(&run.seams.hall, at, powers, false).await;
            let result = gate.run(name, &BTreeMap::new(), "baseline").await;
            let result = result.map_err(Failure::from)?;
            ran.insert(name.value.clone(), result);
        }
        Ok::<_, Failure>(ran)
    });
    first.await.map(|_| ())
}

fn was_red(run: &Run<'_>, command: &str) -> bool {
    let baselines = run.baselines.get();
    baselines.and_then(|ran| ran.get(command)).is_some_and(|ran| ran.exit != Some(0))
}

async fn look(unit: &Unit<'_>, check: &Check) -> Result<Sight, Failure> {
    let text = |template: &Template| {
        template.render_text(&unit.scope).map_err(|error| Failure::Failed(error.to_string()))
    };
    let workspace = &unit.run.seams.hall.workspace;
    let world = |error: String| Failure::from(RunError::World(error));
    let matching = |glob: &str| {
        workspace.matching(&[glob.to_owned()]).map_err(|error| world(error.to_string()))
    };
    Ok(match &check.kind {
        CheckKind::Run(name) => {
            let ran = command(unit, name, "check").await?;
            let exit = ran
                .exit
                .map_or("ended by a signal or a limit".to_owned(), |code| format!("exit {code}"));
            let evidence = format!("{exit}\n{}", last_lines(&ran.text, EVIDENCE_LINES));
            Sight { holds: ran.exit == Some(0), evidence }
        }
        CheckKind::File(glob) => {
            let found = matching(&text(glob)?)?;
            Sight { holds: !found.is_empty(), evidence: list(&found) }
        }
        CheckKind::Contains { text: wanted, within } => {
            let finder = match wanted {
                Pattern::Text(wanted) => Finder::Text(text(wanted)?),
                Pattern::Regex(wanted) => Finder::Regex(regex(&text(wanted)?)?),
            };
            let files = matching(&text(within)?)?;
            let found: Vec<String> = files
                .iter()
                .filter(|file| workspace.text(file).is_ok_and(|content| finder.is_in(&content)))
                .cloned()
                .collect();
            let evidence = if found.is_empty() {
                format!("not in any of {} files: {}", files.len(), list(&files))
            } else {
                format!("in {}", list(&found))
            };
            Sight { holds: !found.is_empty(), evidence }
        }
        CheckKind::Changed(glob) | CheckKind::Unchanged(glob) => {
            let after = workspace.snapshot().map_err(world)?;
            let changed = unit.before.changed_since(&after, &text(glob)?).map_err(world)?;
            let wants_change = matches!(check.kind, CheckKind::Changed(_));
            Sight { holds: changed.is_empty() != wants_change, evidence: list(&changed) }
        }
        CheckKind::Env(key) => {
            let status = unit.gate.env_status(&text(key)?);
            let status = status.map_err(|refusal| Failure::Failed(refusal.to_string()))?;
            Sight { holds: status == "present", evidence: status.to_owned() }
        }
        CheckKind::Json { file, pointer, equals } => {
            let file = text(file)?;
            let pointer = text(pointer)?;
            let equals = equals.as_ref().map(|equals| rendered(&equals.value, unit)).transpose()?;
            json_sight(workspace.text(&file).ok().as_deref(), &pointer, equals.as_ref())
        }
    })
}

enum Finder {
    Text(String),
    Regex(Regex),
}

impl Finder {
    fn is_in(&self, content: &str) -> bool {
        match self {
            Finder::Text(text) => content.contains(text.as_str()),
            Finder::Regex(regex) => regex.is_match(content),
        }
    }
}

fn regex(pattern: &str) -> Result<Regex, Failure> {
    Regex::new(pattern).map_err(|error| Failure::Failed(format!("a check's regex: {error}")))
}

fn rendered(value: &Value, unit: &Unit<'_>) -> Result<Value, Failure> {
    let Value::String(text) = value else { return Ok(value.clone()) };
    let (template, _) = Template::parse(text, crate::source::Span::default());
    template.render(&unit.scope).map_err(|error| Failure::Failed(error.to_string()))
}

fn json_sight(text: Option<&str>, pointer: &str, equals: Option<&Value>) -> Sight {
    let Some(text) = text else {
        return Sight { holds: false, evidence: "the file does not exist".to_owned() };
    };
    let value: Value = match serde_json::from_str(text) {
        Ok(value) => value,
        Err(error) => return Sight { holds: false, evidence: format!("it is not JSON: {error}") },
    };
    match (value.pointer(pointer), equals) {
        (None, _) => Sight { holds: false, evidence: "nothing is there".to_owned() },
        (Some(found), Some(equals)) => {
            Sight { holds: found == equals, evidence: found.to_string() }
        }
        (Some(found), None) => Sight { holds: true, evidence: found.to_string() },
    }
}

fn list(files: &[String]) -> String {
    if files.is_empty() {
        return "no file".to_owned();
    }
    let shown = files.iter().take(8).map(String::as_str).collect::<Vec<_>>().join(", ");
    match files.len().saturating_sub(8) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

impl CheckKind {
    /// Whether it compares the project with what it was when the stage began.
    pub(super) fn asks_what_changed(&self) -> bool {
        matches!(self, CheckKind::Changed(_) | CheckKind::Unchanged(_))
    }
}
