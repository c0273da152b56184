//! `bad-fork`: a fork of anything but the conversation of one model stage.

use crate::diagnostic::Level;
use crate::lint::Subject;
use crate::lint::rule::{Profile, Report, Rule, page};

pub(super) const RULE: Rule = Rule {
    name: "bad-fork",
    level: Level::Error,
    profile: Profile::Min,
    page: page!("bad-fork"),
    diagnose: Some(diagnose),
};

fn diagnose(subject: &Subject<'_>, report: Report<'_>) {
    for stage in subject.playbook.stages.iter().filter(|stage| stage.fork) {
        let needed = match &stage.needs[..] {
            [need] => match subject.playbook.stage(need) {
                Some(needed) => Some(needed),
                None => continue,
            },
            _ => None,
        };
        let reason = match needed {
            None => "it does not need exactly one stage",
            Some(needed) if needed.run.is_some() => "the stage it needs has no conversation",
            Some(needed) if needed.for_each.is_some() => "the stage it needs has one for each item",
            Some(needed) if *needed.model != *stage.model => "the stage it needs has another model",
            Some(_) => continue,
        };
        let message = format!("the stage `{}` cannot fork: {reason}", stage.id.value);
        report(
            RULE.at(stage.id.span, message)
                .help("`context: fork` goes on from the one model stage that `needs:` names"),
        );
    }
}
