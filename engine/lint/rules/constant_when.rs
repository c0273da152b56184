//! `constant-when`: a `when` that says the same whatever happens.

use serde_json::{Value, json};

use crate::diagnostic::Level;
use crate::expression::Expression;
use crate::lint::places::Place;
use crate::lint::rule::{Profile, Report, Rule, page};
use crate::lint::rules::impossible_comparison;
use crate::lint::{Subject, types};

pub(super) const RULE: Rule = Rule {
    name: "constant-when",
    level: Level::Warning,
    profile: Profile::Default,
    page: page!("constant-when"),
    diagnose: Some(diagnose),
};

fn diagnose(subject: &Subject<'_>, report: Report<'_>) {
    for (index, stage) in subject.playbook.stages.iter().enumerate() {
        let Some(when) = &stage.when else { continue };
        let place = Place::Stage(index);
        let Some(answers) = types::every_answer(subject, when, place) else { continue };
        let Some(answer) = answers.first().filter(|first| answers.iter().all(|it| it == *first))
        else {
            continue;
        };
        let told = |comparison| impossible_comparison::fault(subject, comparison, place).is_some();
        // `always()` changes how failures count, and so says something.
        if (*answer && when.is_always()) || when.comparisons().iter().any(told) {
            continue;
        }
        let id = &stage.id.value;
        let (message, help) = match (answer, written_out(when)) {
            (true, Some(Value::String(_))) => (
                format!("the `when` of `{id}` is a text, and a text holds"),
                "leave out one of the two pairs of quotes",
            ),
            (true, _) => (format!("the `when` of `{id}` always holds"), "leave it out"),
            (false, _) => (
                format!("`{id}` is never played: its `when` cannot hold"),
                "say when it is played, or remove the stage",
            ),
        };
        report(RULE.at(when.span, message).help(help));
    }
}

/// Returns the value of an expression that reads nothing.
fn written_out(when: &Expression) -> Option<Value> {
    if when.references().is_empty() { when.evaluate(&json!({})).ok() } else { None }
}
