//! `missing-server-tool`: a grant of a tool that its server does not list.

use crate::diagnostic::{Level, near};
use crate::lint::Subject;
use crate::lint::rule::{Profile, Report, Rule, page};
use crate::playbook::Grant;

/// How many tools of a server a finding lists.
const LISTED: usize = 12;

pub(super) const RULE: Rule = Rule {
    name: "missing-server-tool",
    level: Level::Error,
    profile: Profile::Min,
    page: page!("missing-server-tool"),
    diagnose: Some(diagnose),
};

fn diagnose(subject: &Subject<'_>, report: Report<'_>) {
    let Some(answers) = subject.known.answers.as_deref() else { return };
    let playbook = subject.playbook;
    for grant in playbook.tools.iter().chain(playbook.stages.iter().flat_map(|stage| &stage.tools))
    {
        let Grant::Mcp { server, tool } = &grant.value else { continue };
        let declared = playbook.mcp.iter().find(|declared| *declared.name == **server);
        let answer = declared.and_then(|declared| answers.servers.get(&declared.url.value));
        let Some(Ok(tools)) = answer else { continue };
        if tools.contains(tool) {
            continue;
        }
        let slash = subject.word(grant.span, &format!("/{tool}"));
        let place = if slash == grant.span { grant.span } else { slash.part(1, tool.len() + 1) };
        let finding = RULE.at(place, format!("the server `{server}` has no tool `{tool}`"));
        report(match near(tool, tools.iter().map(String::as_str)) {
            Some(near) if slash != grant.span => {
                finding.label(format!("did you mean `{near}`?")).guess(place, near)
            }
            _ => finding.help(listed(tools)),
        });
    }
}

fn listed(tools: &[String]) -> String {
    if tools.is_empty() {
        return "it lists none".to_owned();
    }
    let names: Vec<String> = tools.iter().take(LISTED).map(|tool| format!("`{tool}`")).collect();
    match tools.len().saturating_sub(LISTED) {
        0 => format!("it has {}", names.join(", ")),
        more => format!("it has {} and {more} more", names.join(", ")),
    }
}
