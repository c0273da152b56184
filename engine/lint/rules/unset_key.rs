//! `unset-key`: a key of the env file that no stage sets, or that nothing looks at.

use crate::diagnostic::Level;
use crate::lint::Subject;
use crate::lint::rule::{Profile, Report, Rule, page};
use crate::playbook::{CheckKind, Grant};

pub(super) const RULE: Rule = Rule {
    name: "unset-key",
    level: Level::Warning,
    profile: Profile::Strict,
    page: page!("unset-key"),
    diagnose: Some(diagnose),
};

fn diagnose(subject: &Subject<'_>, report: Report<'_>) {
    let playbook = subject.playbook;
    let Some(env) = &playbook.env else { return };
    let sets = |grant: &Grant| matches!(grant, Grant::Tool(word) if word == "env");
    let may = subject.models().any(|(_, stage, _)| playbook.grants(stage).any(sets));
    if !may {
        if let Some((key, _)) = env.keys.first() {
            let message = format!("no stage has the tool `env`, so nothing sets `{}`", key.value);
            report(
                RULE.at(key.span, message)
                    .help("grant `env` to the stage that sets it, or leave `env:` out"),
            );
        }
        return;
    }
    let checks = || playbook.stages.iter().flat_map(|stage| &stage.checks);
    let any = checks()
        .any(|it| matches!(&it.kind, CheckKind::Env(key) if key.expressions().next().is_some()));
    for (key, _) in env.keys.iter().filter(|_| !any) {
        let checked =
            checks().any(|it| matches!(&it.kind, CheckKind::Env(text) if text.text == key.value));
        if !checked {
            let message = format!("no check looks whether `{}` is set", key.value);
            report(RULE.at(key.span, message).help(format!(
                "add `{{env: {}}}` to the checks of the stage that sets it",
                key.value
            )));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::sample::of_stage;

    #[test]
    fn a_key_is_set_and_looked_at() {
        let found = |keys: &str| of_stage(&RULE, keys, "Set both keys.").len();
        assert_eq!(found(""), 1);
        assert_eq!(found("tools: [env]"), 2);
        assert_eq!(found("tools: [env]\nchecks: [{env: SHOP_KEY}]"), 1);
        assert_eq!(found("tools: [env]\nchecks: [{env: SHOP_KEY}, {env: SHOP_HOST}]"), 0);
        assert_eq!(found("tools: [env]\nfor_each: {in: '[1]'}\nchecks: [{env: '${{ item }}'}]"), 0);
    }
}
