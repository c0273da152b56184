//! `unbounded-items`: a model stage that is played for as many items as there happen to be.

use crate::diagnostic::Level;
use crate::lint::Subject;
use crate::lint::rule::{Profile, Report, Rule, page};
use crate::playbook::Items;

pub(super) const RULE: Rule = Rule {
    name: "unbounded-items",
    level: Level::Warning,
    profile: Profile::Default,
    page: page!("unbounded-items"),
    diagnose: Some(diagnose),
};

fn diagnose(subject: &Subject<'_>, report: Report<'_>) {
    for stage in subject.playbook.stages.iter().filter(|stage| stage.run.is_none()) {
        let Some(for_each) = stage.for_each.as_ref().filter(|it| it.max.is_none()) else {
            continue;
        };
        // A list that is written out has the length that it has.
        if let Items::List(list) = &for_each.items
            && list.references().is_empty()
        {
            continue;
        }
        let message = format!("nothing limits for how many items `{}` is played", stage.id.value);
        report(
            RULE.at(for_each.span, message)
                .help("give it a `max:`; more items than that fail the stage before its first"),
        );
    }
}
