//! `missing-baseline`: a check that a project which was red before can never pass.

use crate::diagnostic::Level;
use crate::lint::Subject;
use crate::lint::rule::{Profile, Report, Rule, page};
use crate::playbook::{CheckKind, CommandKind, Grant};

pub(super) const RULE: Rule = Rule {
    name: "missing-baseline",
    level: Level::Info,
    profile: Profile::Strict,
    page: page!("missing-baseline"),
    diagnose: Some(diagnose),
};

fn diagnose(subject: &Subject<'_>, report: Report<'_>) {
    let playbook = subject.playbook;
    let edits: Vec<bool> = playbook
        .stages
        .iter()
        .map(|stage| stage.run.is_none() && playbook.grants(stage).any(Grant::edits))
        .collect();
    for (index, stage) in playbook.stages.iter().enumerate() {
        // A baseline is taken before the first edit: without one there is none.
        let after_edit =
            (0..edits.len()).any(|at| edits[at] && (at == index || subject.is_upstream(at, index)));
        for check in stage.checks.iter().filter(|it| after_edit && !it.not && !it.baseline) {
            let CheckKind::Run(name) = &check.kind else { continue };
            let own = playbook.command(name).is_some_and(|command| {
                let kind = matches!(command.kind, CommandKind::Script | CommandKind::Exec);
                kind && command.args.is_empty()
            });
            if own {
                let message =
                    format!("a project in which `{}` fails already can never pass", name.value);
                report(RULE.at(check.span, message).help(
                    "`baseline: true` runs it once before the first edit, and what was red then does not block",
                ));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::sample::of_stage;

    #[test]
    fn a_check_of_the_projects_own_wants_a_baseline() {
        let edits = "tools: [edit]\nwrites: [a.md]";
        let found = |keys: &str| of_stage(&RULE, keys, "Build it.").len();
        assert_eq!(found(&format!("{edits}\nchecks: [{{run: tests}}]")), 1);
        for keys in [
            "checks: [{run: tests}]".to_owned(),
            format!("{edits}\nchecks: [{{run: tests, baseline: true}}]"),
            format!("{edits}\nchecks: [{{run: tests, not: true}}]"),
            format!("{edits}\nchecks: [{{run: log}}]"),
        ] {
            assert_eq!(found(&keys), 0, "{keys}");
        }
    }
}
