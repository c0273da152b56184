//! `maybe-none`: a template that reads into an output that there may not be.

use std::collections::BTreeSet;

use crate::diagnostic::{Diagnostic, Level};
use crate::expression::{Expression, Reference};
use crate::lint::Subject;
use crate::lint::flow::{self, Absence};
use crate::lint::gap::{self, Gap, Wanted};
use crate::lint::places::{self, Place};
use crate::lint::rule::{Profile, Report, Rule, page};
use crate::playbook::{Items, Stage};

pub(super) const RULE: Rule = Rule {
    name: "maybe-none",
    level: Level::Warning,
    profile: Profile::Default,
    page: page!("maybe-none"),
    diagnose: Some(diagnose),
};

fn diagnose(subject: &Subject<'_>, report: Report<'_>) {
    places::expressions(subject, &mut |expression, place| {
        let (Place::Stage(later) | Place::Item(later, _)) = place else { return };
        let mut seen = BTreeSet::new();
        for reference in expression.references() {
            let [stages, id, output, ..] = &reference.value[..] else { continue };
            if stages != "stages" || output != "output" || !seen.insert(id.clone()) {
                continue;
            }
            let Some(earlier) = subject.stage(id).filter(|it| subject.is_upstream(*it, later))
            else {
                continue;
            };
            let absences = flow::absences(subject, earlier, later);
            let fault = absences.into_iter().find(|absence| {
                let gap = Gap::Output(id, absence.status());
                fails(subject, expression, place, later, gap)
            });
            if let Some(absence) = fault {
                report(finding(subject, &reference, earlier, later, absence));
            }
        }
    });
}

fn fails(
    subject: &Subject<'_>,
    expression: &Expression,
    place: Place<'_>,
    later: usize,
    gap: Gap<'_>,
) -> bool {
    let Some(stage) = subject.playbook.stages.get(later) else { return false };
    let is_when = stage.when.as_ref().is_some_and(|when| when.span == expression.span);
    let wanted = if is_items(stage, expression) { Wanted::List } else { Wanted::Value };
    (is_when || !gap::is_guarded(subject, later, gap))
        && gap::fails(subject, expression, place, gap, wanted)
}

fn is_items(stage: &Stage, expression: &Expression) -> bool {
    match stage.for_each.as_ref().map(|for_each| &for_each.items) {
        Some(Items::List(list)) => list.span == expression.span,
        _ => false,
    }
}

fn finding(
    subject: &Subject<'_>,
    reference: &Reference,
    earlier: usize,
    later: usize,
    absence: Absence,
) -> Diagnostic {
    let stages = &subject.playbook.stages;
    let (id, reader) = (&stages[earlier].id, &stages[later].id.value);
    let (why, place) = match absence {
        Absence::Skipped(when) => ("may be skipped", when),
        Absence::Optional => ("may fail, being optional", id.span),
        Absence::Unmet(when) => ("may have failed", when),
    };
    let message = format!("`{}` {why}, and its output is none when `{reader}` reads it", id.value);
    let related = match absence {
        Absence::Skipped(_) => "it is played only if this holds".to_owned(),
        Absence::Optional => "optional".to_owned(),
        Absence::Unmet(_) => format!("`{reader}` is played even so"),
    };
    let output = format!("stages.{}.output", id.value);
    RULE.at(reference.span, message).related(place, related).help(format!(
        "say what stands here without it, as in `{output}.x if {output} else \"\"`, or let `when:` \
         hold only with it"
    ))
}
