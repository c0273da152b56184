//! `unknown-server`: a grant of a tool of an MCP server that the playbook does not declare.

use crate::diagnostic::{Diagnostic, Level};
use crate::lint::Subject;
use crate::lint::rule::{Report, Rule, page};
use crate::playbook::Grant;

pub(super) const RULE: Rule = Rule {
    name: "unknown-server",
    level: Level::Error,
    page: page!("unknown-server"),
    diagnose: Some(diagnose),
};

fn diagnose(subject: &Subject<'_>, report: Report<'_>) {
    let playbook = subject.playbook;
    for grant in playbook.tools.iter().chain(playbook.stages.iter().flat_map(|stage| &stage.tools))
    {
        let Grant::Mcp { server, .. } = &grant.value else { continue };
        if !playbook.mcp.iter().any(|known| *known.name == **server) {
            let message = format!("the playbook has no MCP server `{server}`");
            report(Diagnostic::error(RULE.name, grant.span, message).help("declare it in `mcp:`"));
        }
    }
}
