//! Why a stage was played, skipped, blocked or used again.

use std::fmt::Write as _;

use crate::journal::shown;
use crate::report::compare::differing;
use crate::report::{Report, StageReport, Standing};

/// Says why a stage of a run came out as it did, and, of one that was played, what differs from the
/// run of the same playbook before. Nothing where the run has no such stage.
pub fn render(report: &Report, before: Option<&Report>, id: &str) -> Option<String> {
    let stage = report.stages.iter().find(|stage| stage.id == id)?;
    let name = shown::line(id);
    let reason = stage.reason.as_deref().map(shown::first).unwrap_or_default();
    let mut text = match stage.status {
        Standing::Skipped => format!("{name} was skipped: {reason}\n"),
        Standing::Blocked => format!("{name} is blocked: {reason}\n"),
        Standing::NotBegun => format!("{name} did not begin: {}\n", waited(report)),
        Standing::Failed => format!("{name} was played and failed: {reason}\n"),
        Standing::Unfinished => format!("{name} was played, and did not end\n"),
        Standing::Succeeded => match &stage.reused {
            Some(from) => format!(
                "{name} was not played: it was used again as {} left it, since all that it was \
                 made of and the files that it rests on were as they were\n",
                shown::line(from)
            ),
            None => format!("{name} was played and succeeded\n"),
        },
    };
    if stage.status == Standing::Blocked {
        blocked(&mut text, report);
    }
    if stage.reused.is_none() && !stage.recipe.is_empty() {
        played(&mut text, stage, before);
    }
    Some(text)
}

/// Names the stages that went wrong, of which a blocked one may need any.
fn blocked(text: &mut String, report: &Report) {
    for stage in report.stages.iter().filter(|stage| stage.status == Standing::Failed) {
        let reason = stage.reason.as_deref().map(shown::first).unwrap_or_default();
        let _ = writeln!(text, "  {} failed: {reason}", shown::line(&stage.id));
    }
}

fn played(text: &mut String, stage: &StageReport, before: Option<&Report>) {
    if let Some(because) = &stage.because {
        let _ = writeln!(text, "  not used again: {}", shown::line(because));
        return;
    }
    let Some(before) = before else {
        text.push_str("  it is the first run of this playbook here\n");
        return;
    };
    let then = before.stages.iter().find(|then| then.id == stage.id);
    let run = shown::line(&before.run);
    let parts = then.map(|then| differing(then, stage));
    let _ = match parts {
        None => writeln!(text, "  {run} had no such stage"),
        Some(parts) if parts.is_empty() => writeln!(
            text,
            "  it is made of the same as in {run}; `wizard play --reuse` would not play it again \
             where the files that it rests on are as they were"
        ),
        Some(parts) => writeln!(text, "  since {run} other: {}", parts.join(", ")),
    };
}

/// Says what a stage waited for whose turn did not come.
fn waited(report: &Report) -> String {
    let reason = report.reason.as_deref().map(shown::first);
    reason.unwrap_or_else(|| "the run ended before".to_owned())
}
