//! What is certain of the stages before one when it is played.

use crate::expression::Expression;
use crate::lint::Subject;
use crate::playbook::Stage;
use crate::source::Span;

/// Why a stage before another may have left nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Absence {
    /// Its own `when` may have said no.
    Skipped(Span),
    /// It may have failed, being optional.
    Optional,
    /// The later stage is played whatever became of it.
    Unmet(Span),
}

/// Says why `earlier` may have left nothing when `later` is played: every reason that there is.
pub fn absences(subject: &Subject<'_>, earlier: usize, later: usize) -> Vec<Absence> {
    let stages = &subject.playbook.stages;
    let mut found = Vec::new();
    let (Some(stage), Some(reader)) = (stages.get(earlier), stages.get(later)) else {
        return found;
    };
    if let Some(when) = stage.when.as_ref().filter(|when| !always_holds(when))
        && !implies(reader.when.as_ref(), when)
    {
        found.push(Absence::Skipped(when.span));
    }
    if stage.optional {
        found.push(Absence::Optional);
    }
    if !is_met(subject, earlier, later) {
        let when = reader.when.as_ref();
        found.push(Absence::Unmet(when.map_or(reader.id.span, |when| when.span)));
    }
    found
}

impl Absence {
    /// Returns the status of a stage that left nothing for this reason.
    pub fn status(self) -> &'static str {
        match self {
            Absence::Skipped(_) => "skipped",
            Absence::Optional | Absence::Unmet(_) => "failed",
        }
    }
}

/// Whether one `when` can hold only where another does: it says the same, or more.
fn implies(one: Option<&Expression>, other: &Expression) -> bool {
    let parts = |when: &Expression| -> Vec<String> {
        let words = when.text.split_whitespace().collect::<Vec<_>>().join(" ");
        words.split(" and ").map(str::to_owned).collect()
    };
    let Some(one) = one else { return false };
    let (some, others) = (parts(one), parts(other));
    let alone = |part: &String| !part.contains(" or ") && !part.contains(" if ");
    let whole = some == others;
    whole
        || (some.iter().all(alone) && others.iter().all(|part| alone(part) && some.contains(part)))
}

/// Whether a need that is not met blocks: whether every stage between, and `later` itself, leaves
/// that to its needs.
pub fn is_met(subject: &Subject<'_>, earlier: usize, later: usize) -> bool {
    let stages = &subject.playbook.stages;
    let mut seen = vec![false; stages.len()];
    let mut open = vec![later];
    while let Some(index) = open.pop() {
        for &need in subject.graph.needs.get(index).into_iter().flatten() {
            if decides(&stages[index], &stages[need]) {
                continue;
            }
            if need == earlier {
                return true;
            }
            if !std::mem::replace(&mut seen[need], true) {
                open.push(need);
            }
        }
    }
    false
}

/// Whether the `when` of a stage decides about a need itself.
pub fn decides(stage: &Stage, need: &Stage) -> bool {
    let Some(when) = &stage.when else { return false };
    let reads = |path: &[String]| match path {
        [stages, id, field, ..] => stages == "stages" && *id == need.id.value && field == "status",
        _ => false,
    };
    when.is_always() || when.references().iter().any(|reference| reads(reference))
}

/// Whether a `when` that reads nothing holds.
fn always_holds(when: &Expression) -> bool {
    when.references().is_empty() && when.holds(&serde_json::json!({})) == Ok(true)
}
