//! `unwritable-items`: items that are narrowed to files which the stage may not change.

use crate::diagnostic::Level;
use crate::lint::Subject;
use crate::lint::rule::{Profile, Report, Rule, page};
use crate::playbook::{Grant, glob};

pub(super) const RULE: Rule = Rule {
    name: "unwritable-items",
    level: Level::Error,
    profile: Profile::Min,
    page: page!("unwritable-items"),
    diagnose: Some(diagnose),
};

fn diagnose(subject: &Subject<'_>, report: Report<'_>) {
    for stage in &subject.playbook.stages {
        let files = stage.for_each.as_ref().and_then(|for_each| for_each.files.as_ref());
        let Some(files) = files else { continue };
        let id = &stage.id.value;
        if stage.writes.is_empty() {
            // A stage that edits is told of its missing `writes` already.
            let edits = subject.playbook.grants(stage).any(Grant::edits);
            if edits && stage.run.is_none() || subject.is_unread("writes", "writes") {
                continue;
            }
            let message =
                format!("every item of `{id}` fails: `files` narrows `writes`, which it has not");
            report(RULE.at(files.span, message).help(
                "leave `files` out: an item that changes nothing needs none; a path in its prose is enough",
            ));
            continue;
        }
        let written_out = files.expressions().next().is_none();
        if written_out && !stage.writes.iter().any(|writes| glob::matches(writes, &files.text)) {
            let message = format!("every item of `{id}` fails: `writes` has no `{}`", files.text);
            report(
                RULE.at(files.span, message)
                    .related(stage.writes[0].span, "what the stage may change")
                    .help("`files` names paths among those that `writes` allows"),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::sample::of_stage;

    #[test]
    fn items_are_narrowed_to_what_the_stage_may_change() {
        let found = |keys: &str| of_stage(&RULE, keys, "Build it.").len();
        let each = "for_each: {in: '[1]', files: '${{ item }}'}";
        let fixed = "for_each: {in: '[1]', files: docs/a.md}";
        assert_eq!(found(each), 1);
        assert_eq!(found(&format!("{fixed}\ntools: [edit]\nwrites: ['src/**']")), 1);
        assert_eq!(found(&format!("{fixed}\ntools: [edit]\nwrites: ['docs/*']")), 0);
        assert_eq!(found(&format!("{each}\ntools: [edit]\nwrites: ['src/**']")), 0);
        // `missing-writes` finds it.
        assert_eq!(found(&format!("{each}\ntools: [edit]")), 0);
        assert_eq!(found("for_each: {files: 'docs/*', max: 3}"), 0);
    }
}
