//! `overlapping-writes`: two stages that may change the same file in any order.

use crate::diagnostic::Level;
use crate::lint::places::Place;
use crate::lint::rule::{Profile, Report, Rule, page};
use crate::lint::{Subject, types};
use crate::playbook::{Glob, Stage};
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "overlapping-writes",
    level: Level::Warning,
    profile: Profile::Default,
    page: page!("overlapping-writes"),
    diagnose: Some(diagnose),
};

/// A stage that changes files.
struct Editor<'a> {
    index: usize,
    stage: &'a Stage,
    globs: Vec<(Glob, Span)>,
}

fn diagnose(subject: &Subject<'_>, report: Report<'_>) {
    if subject.graph.ancestors.is_empty() {
        return;
    }
    let mut editors: Vec<Editor<'_>> = Vec::new();
    for (index, stage, _) in subject.models() {
        if !subject.playbook.grants(stage).any(crate::playbook::Grant::edits) {
            continue;
        }
        let globs = stage.writes.iter().map(|glob| (Glob::new(glob), glob.span)).collect();
        let later = Editor { index, stage, globs };
        // One finding a stage is enough: the way out is often the same for all.
        if let Some((earlier, mine, theirs)) =
            editors.iter().rev().find_map(|earlier| clash(subject, earlier, &later))
        {
            let message = format!(
                "`{}` and `{}` may change the same file, and neither comes before the other",
                earlier.stage.id.value, stage.id.value
            );
            report(RULE.at(mine, message).related(theirs, "the other").help(format!(
                "let `{}` need `{}`, or give each files of its own",
                stage.id.value, earlier.stage.id.value
            )));
        }
        editors.push(later);
    }
}

/// Returns the globs by which two stages clash.
fn clash<'e, 's>(
    subject: &Subject<'_>,
    earlier: &'e Editor<'s>,
    later: &Editor<'_>,
) -> Option<(&'e Editor<'s>, Span, Span)> {
    if subject.is_upstream(earlier.index, later.index)
        || subject.is_upstream(later.index, earlier.index)
    {
        return None;
    }
    let (mine, theirs) = later.globs.iter().find_map(|(mine, at)| {
        let theirs = earlier.globs.iter().find(|(theirs, _)| theirs.overlaps(mine));
        theirs.map(|(_, theirs)| (*at, *theirs))
    })?;
    (!exclude(subject, earlier, later)).then_some((earlier, mine, theirs))
}

/// Whether only one of two stages is ever played.
fn exclude(subject: &Subject<'_>, one: &Editor<'_>, other: &Editor<'_>) -> bool {
    let (Some(first), Some(second)) = (&one.stage.when, &other.stage.when) else { return false };
    types::exclude(subject, (first, Place::Stage(one.index)), (second, Place::Stage(other.index)))
}
