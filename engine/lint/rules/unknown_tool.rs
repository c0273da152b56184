//! `unknown-tool`: a grant of a tool that does not exist.

use crate::diagnostic::Level;
use crate::diagnostic::near;
use crate::lint::Subject;
use crate::lint::rule::{Profile, Report, Rule, page};
use crate::playbook::Grant;

pub(super) const RULE: Rule = Rule {
    name: "unknown-tool",
    level: Level::Error,
    profile: Profile::Min,
    page: page!("unknown-tool"),
    diagnose: Some(diagnose),
};

fn diagnose(subject: &Subject<'_>, report: Report<'_>) {
    let playbook = subject.playbook;
    for grant in playbook.tools.iter().chain(playbook.stages.iter().flat_map(|stage| &stage.tools))
    {
        let Grant::Tool(word) = &grant.value else { continue };
        if word == "run" {
            report(
                RULE.at(grant.span, "`run` alone names no command")
                    .help("grant one command at a time: `run(NAME)`"),
            );
            continue;
        }
        if word == "done" {
            report(RULE.at(grant.span, "`done` is always there").help("leave it out"));
            continue;
        }
        if subject.known.tools.contains(&word.as_str()) {
            continue;
        }
        let mut finding = RULE.at(grant.span, format!("there is no tool `{word}`"));
        finding = match near(word, subject.known.tools.iter().copied()) {
            Some(near) => finding.label(format!("did you mean `{near}`?")).guess(grant.span, near),
            None => {
                let tools = subject.known.tools.iter().map(|tool| format!("`{tool}`"));
                let tools = tools.collect::<Vec<_>>().join(", ");
                finding
                    .help(format!("the tools are {tools}, `run(COMMAND)` and `mcp(SERVER/TOOL)`"))
            }
        };
        report(finding);
    }
}
