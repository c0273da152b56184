//! `unknown-server`: a grant of a tool of an MCP server that the playbook does not declare.

use crate::diagnostic::{Level, near};
use crate::lint::Subject;
use crate::lint::rule::{Profile, Report, Rule, page};
use crate::playbook::Grant;

pub(super) const RULE: Rule = Rule {
    name: "unknown-server",
    level: Level::Error,
    profile: Profile::Min,
    page: page!("unknown-server"),
    diagnose: Some(diagnose),
};

fn diagnose(subject: &Subject<'_>, report: Report<'_>) {
    let playbook = subject.playbook;
    for grant in playbook.tools.iter().chain(playbook.stages.iter().flat_map(|stage| &stage.tools))
    {
        let Grant::Mcp { server, .. } = &grant.value else { continue };
        let known = playbook.mcp.iter().any(|known| *known.name == **server);
        if !known && !subject.is_unread("mcp", server) {
            let span = subject.word(grant.span, server);
            let servers = playbook.mcp.iter().map(|known| known.name.value.as_str());
            let message = format!("the playbook has no MCP server `{server}`");
            let finding = RULE.at(span, message);
            report(match near(server, servers) {
                Some(near) => finding.label(format!("did you mean `{near}`?")).guess(span, near),
                None => finding.help("declare it in `mcp:`"),
            });
        }
    }
}
