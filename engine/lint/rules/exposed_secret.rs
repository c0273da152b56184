//! `exposed-secret`: a secret input anywhere but as the value of an env key.

use crate::diagnostic::{Diagnostic, Level};
use crate::expression::Template;
use crate::lint::Subject;
use crate::lint::rule::{Report, Rule, page};
use crate::playbook::InputKind;

pub(super) const RULE: Rule = Rule {
    name: "exposed-secret",
    level: Level::Error,
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
    let is_secret = |path: &[String]| matches!(path, [inputs, name, ..] if inputs == "inputs" && secrets.contains(&name.as_str()));
    let mut look = |template: &Template| {
        for reference in template.references() {
            if is_secret(&reference.value) {
                let message =
                    format!("`{}` is a secret, and this is shown", reference.value.join("."));
                report(Diagnostic::error(RULE.name, reference.span, message).help(
                    "a secret is legal only as a value in `env.keys`; the model sets it with `env`",
                ));
            }
        }
    };
    for prose in std::iter::once(&playbook.preamble).chain(&playbook.includes) {
        look(&prose.text);
    }
    for command in &playbook.commands {
        command.words.iter().for_each(&mut look);
    }
    for stage in &playbook.stages {
        for text in stage.title.iter().chain(stage.section.iter().map(|section| &section.text)) {
            look(text);
        }
        stage.includes.iter().for_each(|include| look(&include.text));
    }
    for (_, value) in playbook.env.iter().flat_map(|env| &env.keys) {
        let whole = matches!(&value.parts[..], [crate::expression::Part::Expression(_)]);
        if !whole {
            look(value);
        }
    }
}
