//! `unknown-env-key`: prose that has a key set which the playbook does not declare.

use std::sync::LazyLock;

use regex::Regex;

use crate::diagnostic::{Level, near};
use crate::lint::Subject;
use crate::lint::rule::{Profile, Report, Rule, page};
use crate::playbook::{CheckKind, Grant, Prose, Stage};
use crate::source::Spanned;

pub(super) const RULE: Rule = Rule {
    name: "unknown-env-key",
    level: Level::Warning,
    profile: Profile::Default,
    page: page!("unknown-env-key"),
    diagnose: Some(diagnose),
};

static KEY: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"^[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+$").ok());

/// What has something set.
static SETS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?i)\b(?:set|add|put|fill|store|save|define|write|configure)\b").ok()
});

/// What says that it is set in the env file, which an example of one is not.
static IN_ENV: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?i)`env`|\benv(?:ironment)?\s+(?:file|keys?)\b|`(?:[\w/]*/)?\.env(?:\.(?:local|development|production))?`").ok()
});

/// What keeps a key from being set, or speaks of a place of another kind.
static ELSEWHERE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?i)\b(?:not|never|already|without|if|where|when|unless|deploy\w*|hosting|dashboard|ci|docker\w*)\b|n't\b|\.env\.(?:example|sample|template|dist)").ok()
});

fn diagnose(subject: &Subject<'_>, report: Report<'_>) {
    let playbook = subject.playbook;
    let Some(env) = &playbook.env else { return };
    let keys: Vec<&str> = env.keys.iter().map(|(key, _)| key.value.as_str()).collect();
    for (_, stage, section) in subject.models().filter(|(_, stage, _)| sets(subject, stage)) {
        for prose in std::iter::once(section).chain(&stage.includes) {
            for word in unknown(subject, prose, &keys) {
                let place = subject.word(word.span, word);
                let message = format!(
                    "`env.keys` has no `{}`, so `{}` cannot set it",
                    word.value, stage.id.value
                );
                let finding = RULE.at(place, message).related(env.file.span, "the env file");
                report(match near(word, keys.iter().copied()) {
                    Some(near) => {
                        finding.label(format!("did you mean `{near}`?")).guess(place, near)
                    }
                    None => finding.help(
                        "declare it in `env.keys:` with its value, which the model never sees",
                    ),
                });
            }
        }
    }
}

/// Whether a stage sets keys of the env file.
fn sets(subject: &Subject<'_>, stage: &Stage) -> bool {
    let tool = |grant: &Grant| matches!(grant, Grant::Tool(word) if word == "env");
    subject.playbook.grants(stage).any(tool)
        || stage.checks.iter().any(|check| matches!(check.kind, CheckKind::Env(_)))
}

/// Returns the keys that prose has set and that are not declared.
fn unknown<'a>(subject: &Subject<'a>, prose: &'a Prose, keys: &[&str]) -> Vec<&'a Spanned<String>> {
    let is = |regex: &Option<Regex>, text: &str| regex.as_ref().is_some_and(|it| it.is_match(text));
    let words = prose.code_words.iter().filter(|word| {
        if keys.contains(&word.value.as_str()) || !is(&KEY, word) {
            return false;
        }
        let Some(sentence) = subject.sentence(prose, word.span) else { return false };
        let start = (word.span.start - sentence.span.start) as usize;
        let before = sentence.value.get(..start).unwrap_or_default();
        is(&SETS, before) && is(&IN_ENV, sentence) && !is(&ELSEWHERE, sentence)
    });
    words.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::sample::{each, of_stage};

    #[test]
    fn a_key_that_is_to_be_set_is_declared() {
        let found =
            |prose: &str| of_stage(&RULE, "tools: [env, edit]\nwrites: [a.md]", prose).len();
        each(
            &[
                "Set `SHOP_TOKEN` in the env file with the tool `env`.",
                "Add `SHOP_KEY` and `SHOP_REGION` to `.env.local`.",
                "Use the tool `env` to set `SHOP_HOTS`.",
                "Store `SHOP_ID` in `web/.env`.",
            ],
            1,
            found,
        );
        each(
            &[
                "Set `SHOP_KEY` in the env file.",
                "Set `MAX_RETRIES` in the settings to 3.",
                "Add `SHOP_REGION` to `.env.example`.",
                "If `DATABASE_URL` is in the env file, leave it.",
                "Never set `DATABASE_URL` in the env file.",
                "Read `DATABASE_URL` from the environment variable, as the app does.",
                "Set the constant `CART_LIMIT`.",
                "The env file has `SHOP_REGION` already; add nothing.",
                "Tell the person to set `SHOP_REGION` where the app is deployed, as an environment variable.",
                "Set `CI_MODE` as an environment variable of the workflow.",
                "Set the `SANITIZER_OPTIONS` environment variable to configure it.",
                "Set both with `env`.",
                "Set `region` in the env file.",
            ],
            0,
            found,
        );
        assert_eq!(of_stage(&RULE, "", "Set `SHOP_TOKEN` in the env file."), []);
    }
}
