//! `type-mismatch`: a template that comes to another kind of value than stands there.

use serde_json::Value;

use crate::diagnostic::{Diagnostic, Level};
use crate::expression::{Expression, Template};
use crate::lint::Subject;
use crate::lint::places::{self, Place};
use crate::lint::rule::{Profile, Report, Rule, page};
use crate::lint::schema::Kind;
use crate::playbook::{ForEach, Items};

pub(super) const RULE: Rule = Rule {
    name: "type-mismatch",
    level: Level::Error,
    profile: Profile::Min,
    page: page!("type-mismatch"),
    diagnose: Some(diagnose),
};

/// How the engine says that it cannot work with values of these kinds, whatever they are.
const REFUSALS: [&str; 2] = ["unsupported types", "of type"];

fn diagnose(subject: &Subject<'_>, report: Report<'_>) {
    places::expressions(subject, &mut |expression, place| {
        if let Err(reason) = tried(subject, expression, place)
            && REFUSALS.iter().any(|refusal| reason.contains(refusal))
        {
            let help = "a text becomes a number with `| int`, anything else a text inside of one";
            report(RULE.at(expression.span, reason).help(help));
        }
    });
    for (index, stage) in subject.playbook.stages.iter().enumerate() {
        let Some(for_each) = &stage.for_each else { continue };
        items(subject, index, for_each).into_iter().for_each(&mut *report);
    }
}

/// Evaluates an expression with values of the kinds that its names have.
fn tried(
    subject: &Subject<'_>,
    expression: &Expression,
    place: Place<'_>,
) -> Result<Option<Value>, String> {
    let references = expression.references();
    let Some(scope) = subject.types().scope(subject, &references, place) else { return Ok(None) };
    expression.evaluate(&scope).map(Some).map_err(|error| error.message)
}

fn items(subject: &Subject<'_>, index: usize, for_each: &ForEach) -> Vec<Diagnostic> {
    let outside = Place::Stage(index);
    let mut found = Vec::new();
    if let Items::List(list) = &for_each.items {
        let kind = kind(subject, list, outside).filter(|kind| *kind != Kind::List);
        found.extend(kind.map(|kind| {
            let message = format!("`in` wants a list, and this is {}", kind.word());
            RULE.at(list.span, message)
        }));
    }
    let max = for_each.max.as_ref().and_then(|max| Some((max.value.as_str()?, max.span)));
    if let Some((text, span)) = max {
        let (template, _) = Template::parse(text, subject.word(span, text));
        found.extend(template.expressions().filter_map(|expression| {
            let kind = kind(subject, expression, outside).filter(|kind| *kind != Kind::Number)?;
            let message = format!("`max` wants a whole number, and this is {}", kind.word());
            Some(RULE.at(expression.span, message).help("an input is one by `type: integer`"))
        }));
    }
    if let Some(files) = for_each.files.as_ref().filter(|files| files.parts.len() == 1) {
        let inside = Place::Item(index, &for_each.name.value);
        found.extend(files.expressions().filter_map(|expression| {
            let kind = kind(subject, expression, inside)?;
            let fits = matches!(kind, Kind::Text | Kind::List);
            let message =
                format!("`files` wants a path or a list of paths, and this is {}", kind.word());
            (!fits).then(|| RULE.at(expression.span, message))
        }));
    }
    found
}

/// Returns the kind of value that an expression comes to, where that is known.
fn kind(subject: &Subject<'_>, expression: &Expression, place: Place<'_>) -> Option<Kind> {
    if let Some(name) = expression.name() {
        return subject.types().schema(subject, &name, place)?.kind();
    }
    Kind::of(&tried(subject, expression, place).ok()??)
}
