//! `unreachable-server`: a server whose tools are granted does not list them.

use crate::diagnostic::Level;
use crate::lint::Subject;
use crate::lint::answers::Silent;
use crate::lint::rule::{Profile, Report, Rule, page};

/// An info where the server wants credentials: that is no fault of the playbook.
pub(super) const RULE: Rule = Rule {
    name: "unreachable-server",
    level: Level::Warning,
    profile: Profile::Default,
    page: page!("unreachable-server"),
    diagnose: Some(diagnose),
};

fn diagnose(subject: &Subject<'_>, report: Report<'_>) {
    let Some(answers) = subject.known.answers.as_deref() else { return };
    for server in &subject.playbook.mcp {
        let name = &server.name.value;
        let finding = match answers.servers.get(&server.url.value) {
            Some(Err(Silent::Unreached(reason))) => {
                let message = format!("the server `{name}` does not list its tools: {reason}");
                RULE.at(server.url.span, message)
                    .help("write the address at which it answers, or the grants cannot work")
            }
            Some(Err(Silent::Locked(reason))) => {
                let message = format!("the server `{name}` could not be asked: {reason}");
                let mut finding = RULE.at(server.url.span, message);
                finding.level = Level::Info;
                finding.help("lint asks without credentials; the grants of its tools are unchecked")
            }
            _ => continue,
        };
        report(finding);
    }
}
