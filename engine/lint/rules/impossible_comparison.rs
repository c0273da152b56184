//! `impossible-comparison`: a comparison that has the same answer whatever happens.

use serde_json::Value;

use crate::diagnostic::{Diagnostic, Level, near};
use crate::expression::{Comparison, Operand, Operator, Reference};
use crate::lint::Subject;
use crate::lint::places::{self, Place};
use crate::lint::rule::{Profile, Report, Rule, page};
use crate::lint::schema::{Kind, Schema};
use crate::source::Spanned;

pub(super) const RULE: Rule = Rule {
    name: "impossible-comparison",
    level: Level::Warning,
    profile: Profile::Default,
    page: page!("impossible-comparison"),
    diagnose: Some(diagnose),
};

/// What other programs call the ends of a stage.
const STATUSES: [(&str, &str); 6] = [
    ("success", "succeeded"),
    ("completed", "succeeded"),
    ("passed", "succeeded"),
    ("failure", "failed"),
    ("error", "failed"),
    ("errored", "failed"),
];

fn diagnose(subject: &Subject<'_>, report: Report<'_>) {
    places::expressions(subject, &mut |expression, place| {
        for comparison in expression.comparisons() {
            fault(subject, &comparison, place).into_iter().for_each(&mut *report);
        }
    });
}

/// Says why a comparison has the same answer whatever happens, if it has.
pub(super) fn fault(
    subject: &Subject<'_>,
    comparison: &Comparison,
    place: Place<'_>,
) -> Option<Diagnostic> {
    let look = Look { subject, place };
    let Comparison { left, operator, right } = comparison;
    match (left, operator, right) {
        (Operand::Name(name), Operator::In | Operator::NotIn, Operand::Literal(list)) => {
            let schema = look.schema(name)?;
            let values = list.as_array()?;
            let wrong = values.iter().find_map(|value| unlike(name, schema, value));
            let wrong = wrong?;
            Some(look.finding(list, wrong, false))
        }
        (Operand::Literal(value), Operator::In | Operator::NotIn, Operand::Name(name)) => {
            let schema = look.schema(name)?.items()?;
            let wrong = unlike(name, schema, value)?;
            Some(look.finding(value, wrong, true))
        }
        (Operand::Name(name), _, Operand::Literal(value))
        | (Operand::Literal(value), _, Operand::Name(name)) => {
            let schema = look.schema(name)?;
            let mut wrong = unlike(name, schema, value)?;
            if *operator == Operator::Order && wrong.options.is_some() {
                return None;
            }
            if *operator == Operator::Order {
                wrong.says = format!("{}: they have no order", wrong.says);
            }
            Some(look.finding(value, wrong, true))
        }
        (Operand::Name(one), operator, Operand::Name(other)) => look.names(one, *operator, other),
        _ => None,
    }
}

struct Look<'a, 'b> {
    subject: &'a Subject<'b>,
    place: Place<'a>,
}

/// Why a name never has a value.
struct Wrong {
    says: String,
    value: Value,
    options: Option<Vec<Value>>,
}

impl Look<'_, '_> {
    fn schema(&self, name: &Reference) -> Option<Schema<'_>> {
        self.subject.types().schema(self.subject, name, self.place)
    }

    fn names(&self, one: &Reference, operator: Operator, other: &Reference) -> Option<Diagnostic> {
        let (schema, with) = (self.schema(one)?, self.schema(other)?);
        if matches!(operator, Operator::In | Operator::NotIn) {
            let items = with.items()?;
            let says = kinds(&one.join("."), schema.kind()?, items.kind()?)?;
            return Some(RULE.at(one.span, format!("{says}, the items of `{}`", other.join("."))));
        }
        if let Some(says) = kinds(&one.join("."), schema.kind()?, with.kind()?) {
            return Some(RULE.at(one.span, format!("{says}, `{}`", other.join("."))));
        }
        let (some, others) = (schema.options()?, with.options()?);
        let apart = operator != Operator::Order && !some.iter().any(|it| others.contains(it));
        apart.then(|| {
            let message =
                format!("`{}` and `{}` are never the same", one.join("."), other.join("."));
            RULE.at(one.span, message).help(format!(
                "one is {}; the other is {}",
                listed(&some),
                listed(&others)
            ))
        })
    }

    /// Makes a finding at a literal, or at the item of one that is wrong.
    fn finding(&self, literal: &Spanned<Value>, wrong: Wrong, whole: bool) -> Diagnostic {
        let text = wrong.value.as_str();
        let place = match text {
            Some(text) if !whole => self.subject.word(literal.span, text),
            _ => literal.span,
        };
        let finding = RULE.at(place, wrong.says);
        let Some(options) = wrong.options else {
            let number = text.is_some_and(|text| text.parse::<f64>().is_ok());
            return match text {
                Some(text) if number && whole => {
                    finding.help("a number stands without quotes").guess(place, text)
                }
                _ => finding.help("what is compared with it has the same answer whatever happens"),
            };
        };
        let words = || options.iter().filter_map(Value::as_str);
        let meant = text.and_then(|text| {
            let status = STATUSES.iter().find(|(word, _)| *word == text.to_lowercase());
            let status = status.map(|(_, ours)| *ours).filter(|ours| words().any(|it| it == *ours));
            status.or_else(|| near(text, words()))
        });
        let finding = finding.help(format!("it is {}", listed(&options)));
        match (meant, text) {
            (Some(meant), Some(text)) => {
                let exact = self.subject.word(place, text);
                finding.label(format!("did you mean `{meant}`?")).guess(exact, meant)
            }
            _ => finding,
        }
    }
}

/// Says why what a name stands for is never this value.
fn unlike(name: &Reference, schema: Schema<'_>, value: &Value) -> Option<Wrong> {
    let shown = name.join(".");
    let kind = Kind::of(value)?;
    if let Some(options) = schema.options() {
        // An empty text, or the like, asks whether there is anything.
        let same_kind = options.iter().any(|option| Kind::of(option) == Some(kind));
        let says = match value {
            _ if options.contains(value) => return None,
            _ if !same_kind => kinds(&shown, schema.kind()?, kind)?,
            Value::String(text) => format!("`{shown}` is never `{text}`"),
            other => format!("`{shown}` is never `{other}`"),
        };
        return Some(Wrong { says, value: value.clone(), options: Some(options) });
    }
    let says = kinds(&shown, schema.kind()?, kind)?;
    Some(Wrong { says, value: value.clone(), options: None })
}

/// Says that two values are of different kinds, if they are.
fn kinds(shown: &str, one: Kind, other: Kind) -> Option<String> {
    let differ = one != other;
    differ.then(|| format!("`{shown}` is {}, and this is {}", one.word(), other.word()))
}

fn listed(options: &[Value]) -> String {
    let words = options.iter().map(|option| match option {
        Value::String(text) => format!("`{text}`"),
        other => format!("`{other}`"),
    });
    let words: Vec<String> = words.collect();
    match &words[..] {
        [before @ .., last] if !before.is_empty() => format!("{} or {last}", before.join(", ")),
        _ => words.concat(),
    }
}
