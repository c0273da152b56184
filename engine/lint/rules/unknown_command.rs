//! `unknown-command`: a command that the playbook does not declare.

use crate::diagnostic::Level;
use crate::diagnostic::near;
use crate::lint::Subject;
use crate::lint::rule::{Profile, Report, Rule, page};
use crate::lint::rules::unused_command::renamed;
use crate::playbook::{CheckKind, Grant};
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "unknown-command",
    level: Level::Error,
    profile: Profile::Min,
    page: page!("unknown-command"),
    diagnose: Some(diagnose),
};

fn diagnose(subject: &Subject<'_>, report: Report<'_>) {
    let playbook = subject.playbook;
    let mut look = |name: &str, span: Span| {
        if playbook.command(name).is_some() || subject.is_unread("commands", name) {
            return;
        }
        let span = subject.word(span, name);
        let message = format!("the playbook has no command `{name}`");
        let mut finding = RULE.at(span, message);
        let commands = || playbook.commands.iter().map(|command| command.name.value.as_str());
        let renamed = || renamed(playbook).map(|(_, unused)| unused);
        finding = match (near(name, commands()), renamed()) {
            (Some(near), _) => finding.label(format!("did you mean `{near}`?")).guess(span, near),
            (None, Some(unused)) => finding
                .label(format!("did you mean `{unused}`, which nothing runs?"))
                .guess(span, unused),
            (None, None) => finding.help("declare it in `commands:`"),
        };
        report(finding);
    };
    let grants = playbook.tools.iter().chain(playbook.stages.iter().flat_map(|stage| &stage.tools));
    for grant in grants {
        if let Grant::Run(name) = &grant.value {
            look(name, grant.span);
        }
    }
    for stage in &playbook.stages {
        if let Some(run) = &stage.run {
            look(run, run.span);
        }
        for check in &stage.checks {
            if let CheckKind::Run(name) = &check.kind {
                look(name, name.span);
            }
        }
    }
}
