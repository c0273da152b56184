//! `unnarrowed-items`: items that each may change every file of their stage.

use crate::diagnostic::Level;
use crate::expression::Template;
use crate::lint::Subject;
use crate::lint::rule::{Profile, Report, Rule, page};
use crate::playbook::{Grant, Items};

pub(super) const RULE: Rule = Rule {
    name: "unnarrowed-items",
    level: Level::Info,
    profile: Profile::Strict,
    page: page!("unnarrowed-items"),
    diagnose: Some(diagnose),
};

fn diagnose(subject: &Subject<'_>, report: Report<'_>) {
    for (_, stage, _) in subject.models() {
        let Some(for_each) = &stage.for_each else { continue };
        let edits = subject.playbook.grants(stage).any(Grant::edits) && !stage.writes.is_empty();
        if !edits || matches!(for_each.items, Items::Files { .. }) {
            continue;
        }
        let item = &for_each.name.value;
        let own = |path: &[String]| path.first() == Some(item);
        let mut files = for_each.files.iter().flat_map(Template::references);
        if !files.any(|reference| own(&reference)) {
            let message = format!("each item of `{}` may change the same files", stage.id.value);
            report(RULE.at(for_each.span, message).help(format!(
                "where an item has a file of its own, say so with `files: \"${{{{ {item}.file }}}}\"`: \
                 others go on beside it"
            )));
        }
    }
}
