//! `missing-env`: the env tool, or a check of a key, without the file and keys it is about.

use crate::diagnostic::Level;
use crate::diagnostic::near;
use crate::lint::Subject;
use crate::lint::rule::{Profile, Report, Rule, page};
use crate::playbook::{CheckKind, Grant};

pub(super) const RULE: Rule = Rule {
    name: "missing-env",
    level: Level::Error,
    profile: Profile::Min,
    page: page!("missing-env"),
    diagnose: Some(diagnose),
};

fn diagnose(subject: &Subject<'_>, report: Report<'_>) {
    let playbook = subject.playbook;
    let granted =
        playbook.tools.iter().chain(playbook.stages.iter().flat_map(|stage| &stage.tools));
    let granted =
        granted.filter(|grant| matches!(&grant.value, Grant::Tool(word) if word == "env"));
    for grant in granted {
        if playbook.env.is_none() && !subject.is_unread("env", "env") {
            report(
                RULE.at(grant.span, "`env` is granted, and the playbook has no `env:`")
                    .help("name the file and its keys in `env:`"),
            );
        }
    }
    let keys: Vec<&str> =
        playbook.env.iter().flat_map(|env| &env.keys).map(|(key, _)| key.value.as_str()).collect();
    for check in playbook.stages.iter().flat_map(|stage| &stage.checks) {
        let CheckKind::Env(key) = &check.kind else { continue };
        if key.expressions().next().is_none()
            && !keys.contains(&key.text.as_str())
            && !subject.is_unread("env", &key.text)
            && !subject.is_unread("keys", "keys")
        {
            let message = format!("`env.keys` has no key `{}`", key.text);
            let mut finding = RULE.at(key.span, message);
            if let Some(near) = near(&key.text, keys.iter().copied()) {
                finding = finding.label(format!("did you mean `{near}`?")).guess(key.span, near);
            }
            report(finding);
        }
    }
}
