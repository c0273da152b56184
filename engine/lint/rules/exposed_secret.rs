//! `exposed-secret`: a secret input anywhere but as the value of an env key.

use crate::diagnostic::Level;
use crate::expression::{Expression, Part};
use crate::lint::Subject;
use crate::lint::places::{self, Place};
use crate::lint::rule::{Profile, Report, Rule, page};
use crate::playbook::InputKind;

pub(super) const RULE: Rule = Rule {
    name: "exposed-secret",
    level: Level::Error,
    profile: Profile::Min,
    page: page!("exposed-secret"),
    diagnose: Some(diagnose),
};

fn diagnose(subject: &Subject<'_>, report: Report<'_>) {
    let playbook = subject.playbook;
    let secrets: Vec<&str> = playbook
        .inputs
        .iter()
        .filter(|input| input.kind == InputKind::Secret)
        .map(|input| input.name.value.as_str())
        .collect();
    let mut look = |expression: &Expression, message: &str| {
        for reference in expression.references() {
            let [root, name, ..] = &reference.value[..] else { continue };
            if root != "inputs" || !secrets.contains(&name.as_str()) {
                continue;
            }
            let message = format!("`inputs.{name}` is a secret, and {message}");
            report(RULE.at(reference.span, message).help(
                "a secret is legal only as the whole value of a key in `env.keys`; \
                 the model sets it with `env`",
            ));
        }
    };
    places::expressions(subject, &mut |expression, place| {
        if !matches!(place, Place::Env) {
            look(expression, "what stands here is shown");
        }
    });
    for (_, value) in playbook.env.iter().flat_map(|env| &env.keys) {
        let alone = value.expressions().next().is_some_and(|expression| {
            let path = expression.text.split('.').map(str::trim).collect::<Vec<_>>();
            matches!(&value.parts[..], [Part::Expression(_)])
                && matches!(&path[..], ["inputs", name] if secrets.contains(name))
        });
        if !alone {
            let message = "its value is put in whole or not at all";
            value.expressions().for_each(|expression| look(expression, message));
        }
    }
}
