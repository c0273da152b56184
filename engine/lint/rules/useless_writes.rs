//! `useless-writes`: files that a stage may change, without a tool that changes files.

use crate::diagnostic::Level;
use crate::lint::Subject;
use crate::lint::rule::{Profile, Report, Rule, page};
use crate::playbook::{EDITING, Grant};

pub(super) const RULE: Rule = Rule {
    name: "useless-writes",
    level: Level::Warning,
    profile: Profile::Default,
    page: page!("useless-writes"),
    diagnose: Some(diagnose),
};

fn diagnose(subject: &Subject<'_>, report: Report<'_>) {
    let known = &subject.known.tools;
    // A grant that could not be read, or is a slip of the pen, may be the one that is missing.
    let unknown = |grant: &Grant| match grant {
        Grant::Tool(word) => !known.contains(&word.as_str()),
        Grant::Run(_) => false,
        Grant::Mcp { .. } => true,
    };
    for stage in &subject.playbook.stages {
        let mut grants = subject.playbook.grants(stage);
        let Some(first) = stage.writes.first() else { continue };
        if grants.any(|grant| grant.edits() || unknown(grant))
            || subject.is_unread("tools", "tools")
        {
            continue;
        }
        let place = subject.key(stage.id.span, &["writes"]).unwrap_or(first.span);
        let id = &stage.id.value;
        report(if stage.run.is_some() {
            RULE.at(place, format!("`{id}` runs a command, which `writes` does not bind"))
                .help("leave it out: a command changes what its program changes")
        } else {
            let words = EDITING.map(|word| format!("`{word}`"));
            RULE.at(place, format!("`{id}` has `writes`, and no tool that changes files"))
                .help(format!("grant one of {}, or leave `writes` out", words.join(", ")))
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::sample::{each, find, of_stage, playbook};

    #[test]
    fn writes_want_a_tool_that_changes_files() {
        let count = |keys: &str| of_stage(&RULE, keys, "Build it.").len();
        assert_eq!(count("writes: [a.md]"), 1);
        assert_eq!(count("tools: [read, env, run(tests)]\nwrites: [a.md]"), 1);
        each(
            &[
                "tools: [edit]\nwrites: [a.md]",
                "tools: [remove]\nwrites: [a.md]",
                "tools: [edti]\nwrites: [a.md]",
                "tools: [mcp(a/b)]\nwrites: [a.md]",
                "tools: [read]",
                "writes: []",
            ],
            0,
            |keys| count(keys),
        );
        let shared = playbook("tools: [write]", "writes: [a.md]", "Build it.");
        assert_eq!(find(&RULE, &shared), []);
    }
}
