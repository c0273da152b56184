//! `optional-field`: a template that reads a field which its stage may leave out.

use crate::diagnostic::Level;
use crate::lint::Subject;
use crate::lint::gap::{self, Gap, Wanted};
use crate::lint::places::{self, Place};
use crate::lint::rule::{Profile, Report, Rule, page};
use crate::playbook::Output;

pub(super) const RULE: Rule = Rule {
    name: "optional-field",
    level: Level::Warning,
    profile: Profile::Default,
    page: page!("optional-field"),
    diagnose: Some(diagnose),
};

fn diagnose(subject: &Subject<'_>, report: Report<'_>) {
    places::expressions(subject, &mut |expression, place| {
        let (Place::Stage(index) | Place::Item(index, _)) = place else { return };
        for reference in expression.references() {
            let path: Vec<&str> = reference.iter().map(String::as_str).collect();
            let Some((declared, walk)) = subject.types().walk(subject, &path, place) else {
                continue;
            };
            let Some(optional) = walk.optional.map(|optional| declared.parts + optional) else {
                continue;
            };
            let gap = Gap::Part(&reference.value[..=optional]);
            let when = subject.playbook.stages[index].when.as_ref();
            let is_when = when.is_some_and(|when| when.span == expression.span);
            if !is_when && gap::is_guarded(subject, index, gap)
                || !gap::fails(subject, expression, place, gap, Wanted::Value)
            {
                continue;
            }
            let part = path[optional];
            let message = format!("`{part}` may be left out: its schema does not require it");
            let whole = path[..=optional].join(".");
            let mut finding = RULE.at(subject.part(&reference, optional), message).help(format!(
                "add it to `required`, or say what stands here without it, as in \
                 `{whole} | default(\"\")`"
            ));
            if let ["stages", id, ..] = path[..]
                && let Some(stage) = subject.playbook.stage(id)
                && let Output::Schema { span, .. } = &stage.output
            {
                finding = finding.related(*span, "the schema");
            }
            report(finding);
        }
    });
}
