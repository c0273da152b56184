//! `cyclic-needs`: stages that need each other in a circle.

use crate::diagnostic::Level;
use crate::lint::Subject;
use crate::lint::rule::{Profile, Report, Rule, page};

pub(super) const RULE: Rule = Rule {
    name: "cyclic-needs",
    level: Level::Error,
    profile: Profile::Min,
    page: page!("cyclic-needs"),
    diagnose: Some(diagnose),
};

fn diagnose(subject: &Subject<'_>, report: Report<'_>) {
    let stages = &subject.playbook.stages;
    for cycle in &subject.cycles {
        let names: Vec<&str> =
            cycle.0.iter().map(|index| stages[*index].id.value.as_str()).collect();
        let Some((&first, rest)) = cycle.0.split_first() else { continue };
        let circle = names.iter().chain(names.first()).map(|name| format!("`{name}`"));
        let circle = circle.collect::<Vec<_>>().join(" needs ");
        let mut finding =
            RULE.at(stages[first].id.span, format!("the stages go in a circle: {circle}"));
        for index in rest {
            finding = finding.related(stages[*index].id.span, "and this one is in it");
        }
        report(finding.help("a stage needs only stages that can end before it begins"));
    }
}
