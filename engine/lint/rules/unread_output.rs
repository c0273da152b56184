//! `unread-output`: an output with a schema that nobody reads.

use std::collections::HashSet;

use crate::diagnostic::Level;
use crate::lint::Subject;
use crate::lint::places;
use crate::lint::rule::{Profile, Report, Rule, page};
use crate::playbook::{Approve, Output};

pub(super) const RULE: Rule = Rule {
    name: "unread-output",
    level: Level::Warning,
    profile: Profile::Default,
    page: page!("unread-output"),
    diagnose: Some(diagnose),
};

fn diagnose(subject: &Subject<'_>, report: Report<'_>) {
    let stages = &subject.playbook.stages;
    let made = stages.iter().filter(|stage| matches!(stage.output, Output::Schema { .. }));
    // What the last stage leaves is what the playbook is for.
    let last = stages.last().map(|stage| stage.id.value.as_str());
    let mut unread: HashSet<&str> =
        made.map(|stage| stage.id.value.as_str()).filter(|id| Some(*id) != last).collect();
    for stage in stages.iter().filter(|stage| stage.run.is_none()) {
        stage.needs.iter().for_each(|need| {
            unread.remove(need.as_str());
        });
    }
    if unread.is_empty() {
        return;
    }
    places::expressions(subject, &mut |expression, _| {
        for reference in expression.references() {
            match &reference.value[..] {
                [stages] if stages == "stages" => unread.clear(),
                [stages, _, status] if stages == "stages" && status == "status" => {}
                [stages, id, ..] if stages == "stages" => {
                    unread.remove(id.as_str());
                }
                _ => {}
            }
        }
    });
    for stage in stages.iter().filter(|stage| unread.contains(stage.id.value.as_str())) {
        let Output::Schema { span, .. } = &stage.output else { continue };
        let id = &stage.id.value;
        let message = match stage.approve {
            Some(Approve::Output) => {
                format!("a person approves what `{id}` leaves, and no stage reads it")
            }
            _ => format!("nothing reads what `{id}` leaves"),
        };
        report(RULE.at(*span, message).related(stage.id.span, "the stage").help(format!(
            "name `{id}` in the `needs:` of the stage that wants it, or leave `output:` out"
        )));
    }
}
