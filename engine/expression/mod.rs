//! `${{ }}`: templates in prose and values, and the expressions inside them.

mod machine;

use serde_json::Value;

use crate::diagnostic::Diagnostic;
use crate::source::{Span, Spanned};

/// A text with `${{ }}` in it.
#[derive(Debug, Clone, Default)]
pub struct Template {
    /// The text as written.
    pub text: String,
    /// Where it stands.
    pub span: Span,
    /// Its pieces, in order; joined they are the text.
    pub parts: Vec<Part>,
}

/// A piece of a template.
#[derive(Debug, Clone)]
pub enum Part {
    /// Text that stays as it is.
    Text(String),
    /// What stands between `${{` and `}}`.
    Expression(Expression),
}

/// One expression, without its markers.
#[derive(Debug, Clone)]
pub struct Expression {
    /// The expression as written, trimmed.
    pub text: String,
    /// Where it stands, without the markers.
    pub span: Span,
}

/// A name that an expression reads, such as `stages.survey.output.router`.
///
/// Subscripts with a literal are path parts; whatever comes after a computed one is left out.
pub type Reference = Spanned<Vec<String>>;

/// Two values that an expression holds against each other.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// What stands before the operator.
    pub left: Operand,
    /// How they are held against each other.
    pub operator: Operator,
    /// What stands behind it.
    pub right: Operand,
}

/// One side of a comparison.
#[derive(Debug, Clone, PartialEq)]
pub enum Operand {
    /// A name that is read.
    Name(Reference),
    /// A value that is written out.
    Literal(Spanned<Value>),
    /// Something that is worked out.
    Computed,
}

/// How two values are held against each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// `==`
    Equal,
    /// `!=`
    Unequal,
    /// `<`, `<=`, `>` or `>=`
    Order,
    /// `in`
    In,
    /// `not in`
    NotIn,
}

/// Why an expression has no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct EvaluateError {
    /// What is wrong, as a lowercase fragment.
    pub message: String,
    /// The expression's place.
    pub span: Span,
}

const OPEN: &str = "${{";
const CLOSE: &str = "}}";

impl Template {
    /// Finds the `${{ }}` of a text that stands verbatim at `span`. Faults are returned beside
    /// it; a faulty `${{` is kept as text.
    pub fn parse(text: &str, span: Span) -> (Template, Vec<Diagnostic>) {
        let mut template = Template { text: text.to_owned(), span, parts: Vec::new() };
        let mut faults = Vec::new();
        let mut rest = 0;
        let mut plain = 0;
        while let Some(found) = text[rest..].find(OPEN) {
            let open = rest + found;
            let inner = open + OPEN.len();
            let Some(length) = length_to_close(&text[inner..]) else {
                let place = span.part(open, inner);
                faults.push(
                    Diagnostic::error("bad-expression", place, "`${{` is never closed")
                        .help("close it with `}}`; a literal one is written `${{ '${{' }}`"),
                );
                rest = inner;
                continue;
            };
            let (expression, found) =
                Expression::trimmed(&text[inner..inner + length], span, inner);
            let end = inner + length + CLOSE.len();
            rest = end;
            if !found.is_empty() {
                faults.extend(found);
                continue;
            }
            if plain < open {
                template.parts.push(Part::Text(text[plain..open].to_owned()));
            }
            template.parts.push(Part::Expression(expression));
            plain = end;
        }
        if plain < text.len() {
            template.parts.push(Part::Text(text[plain..].to_owned()));
        }
        (template, faults)
    }

    /// Makes a template of a text without any `${{ }}`.
    pub fn plain(text: impl Into<String>, span: Span) -> Template {
        let text = text.into();
        Template { parts: vec![Part::Text(text.clone())], text, span }
    }

    /// Returns the expressions in it.
    pub fn expressions(&self) -> impl Iterator<Item = &Expression> {
        self.parts.iter().filter_map(|part| match part {
            Part::Expression(expression) => Some(expression),
            Part::Text(_) => None,
        })
    }

    /// Returns every name that it reads.
    pub fn references(&self) -> Vec<Reference> {
        self.expressions().flat_map(Expression::references).collect()
    }

    /// Renders it in a scope (an object of names). Exactly one `${{ }}` keeps its value's type;
    /// otherwise the result is a string, with lists and objects as compact JSON.
    pub fn render(&self, scope: &Value) -> Result<Value, EvaluateError> {
        if let [Part::Expression(expression)] = &self.parts[..] {
            return expression.evaluate(scope);
        }
        let mut text = String::with_capacity(self.text.len());
        for part in &self.parts {
            match part {
                Part::Text(part) => text.push_str(part),
                Part::Expression(expression) => match expression.evaluate(scope)? {
                    Value::String(value) => text.push_str(&value),
                    Value::Null => text.push_str("none"),
                    other => text.push_str(&other.to_string()),
                },
            }
        }
        Ok(Value::String(text))
    }

    /// Renders it to text.
    pub fn render_text(&self, scope: &Value) -> Result<String, EvaluateError> {
        Ok(match self.render(scope)? {
            Value::String(text) => text,
            Value::Null => "none".to_owned(),
            other => other.to_string(),
        })
    }
}

impl Expression {
    /// Parses an expression; one enclosing `${{ }}` is accepted.
    pub fn parse(text: &str, span: Span) -> (Expression, Vec<Diagnostic>) {
        let trimmed = text.trim();
        let start = text.len() - text.trim_start().len();
        if let Some(inner) = trimmed.strip_prefix(OPEN)
            && let Some(length) = length_to_close(inner)
            && length + CLOSE.len() == inner.len()
        {
            return Expression::trimmed(&inner[..length], span, start + OPEN.len());
        }
        Expression::trimmed(text, span, 0)
    }

    fn trimmed(text: &str, span: Span, at: usize) -> (Expression, Vec<Diagnostic>) {
        let trimmed = text.trim();
        let start = at + text.len() - text.trim_start().len();
        let place = span.part(start, start + trimmed.len());
        let expression = Expression { text: trimmed.to_owned(), span: place };
        let faults = machine::fault(trimmed).map(|fault| {
            let place = place.part(fault.place.start, fault.place.end);
            let fault = Diagnostic::error("bad-expression", place, fault.message);
            if trimmed.contains(['“', '”', '‘', '’', '„']) {
                return fault.help("quotes are straight in an expression: `\"` or `'`");
            }
            fault
        });
        (expression, faults.into_iter().collect())
    }

    /// Returns every name that it reads, a name that a loop or macro would bind not being one. Where
    /// the expression does not stand verbatim in its file, each has the whole as its place.
    pub fn references(&self) -> Vec<Reference> {
        let mut references = machine::references(&self.text, self.span);
        if (self.span.end - self.span.start) as usize != self.text.len() {
            references.iter_mut().for_each(|reference| reference.span = self.span);
        }
        references
    }

    /// Returns the name that it reads, where it does nothing else.
    pub fn name(&self) -> Option<Vec<String>> {
        machine::name(&self.text)
    }

    /// Returns every comparison in it. Where the expression does not stand verbatim in its file,
    /// each operand has the whole as its place.
    pub fn comparisons(&self) -> Vec<Comparison> {
        let mut comparisons = machine::comparisons(&self.text, self.span);
        if (self.span.end - self.span.start) as usize != self.text.len() {
            let operands = comparisons.iter_mut().flat_map(|it| [&mut it.left, &mut it.right]);
            operands.for_each(|operand| match operand {
                Operand::Name(name) => name.span = self.span,
                Operand::Literal(value) => value.span = self.span,
                Operand::Computed => {}
            });
        }
        comparisons
    }

    /// Evaluates it in a scope (an object of names). Undefined is an error.
    pub fn evaluate(&self, scope: &Value) -> Result<Value, EvaluateError> {
        machine::evaluate(&self.text, scope)
            .map_err(|message| EvaluateError { message, span: self.span })
    }

    /// Evaluates it to yes or no, as `when` does: false, none, 0, "" and empty lists are no.
    pub fn holds(&self, scope: &Value) -> Result<bool, EvaluateError> {
        Ok(match self.evaluate(scope)? {
            Value::Null => false,
            Value::Bool(answer) => answer,
            Value::Number(number) => number.as_f64() != Some(0.0),
            Value::String(text) => !text.is_empty(),
            Value::Array(list) => !list.is_empty(),
            Value::Object(fields) => !fields.is_empty(),
        })
    }

    /// Whether it calls `always()`.
    pub fn is_always(&self) -> bool {
        machine::calls(&self.text, "always")
    }
}

/// Returns where `}}` stands, quoted text and brackets of its own left out.
fn length_to_close(text: &str) -> Option<usize> {
    let mut quote = None;
    let mut braces = 0_u32;
    let mut escaped = false;
    for (index, character) in text.char_indices() {
        match (quote, character) {
            (Some(_), _) if escaped => escaped = false,
            (Some(_), '\\') => escaped = true,
            (Some(open), _) if open == character => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(character),
            (None, '{') => braces += 1,
            (None, '}') if braces > 0 => braces -= 1,
            (None, '}') if text[index..].starts_with(CLOSE) => return Some(index),
            (None, _) => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn template(text: &str) -> Template {
        let (template, faults) = Template::parse(text, Span::default());
        assert_eq!(faults, []);
        template
    }

    #[test]
    fn exactly_one_expression_keeps_its_type() {
        let scope = json!({ "inputs": { "max": 12, "list": [1, 2] } });
        assert_eq!(template("${{ inputs.max }}").render(&scope), Ok(json!(12)));
        assert_eq!(template("at ${{ inputs.max }}").render(&scope), Ok(json!("at 12")));
        assert_eq!(template("${{inputs.list}}!").render(&scope), Ok(json!("[1,2]!")));
    }

    #[test]
    fn a_literal_is_written_as_a_quoted_text() {
        assert_eq!(template("${{ '${{ x }}' }}").render(&json!({})), Ok(json!("${{ x }}")));
    }

    #[test]
    fn other_templates_are_left_alone() {
        let text = "{% if a %} {{ b }} {# c #} <div style={{ d: 1 }} />\n";
        assert_eq!(template(text).render(&json!({})), Ok(json!(text)));
    }

    #[test]
    fn what_is_undefined_is_an_error_that_names_it() {
        let scope = json!({ "inputs": { "a": {} } });
        for text in ["${{ nope }}", "${{ inputs.nope }}", "${{ inputs.a.b.c }}"] {
            let error = template(text).render(&scope).unwrap_err();
            assert!(error.message.contains("undefined"), "{text}: {}", error.message);
        }
    }

    #[test]
    fn an_open_marker_is_a_fault_with_its_place() {
        let (_, faults) = Template::parse("a ${{ b", Span::default());
        assert_eq!(faults.len(), 1);
        assert_eq!((faults[0].span.start, faults[0].span.end), (2, 5));
    }

    #[test]
    fn references_are_whole_paths_with_places() {
        let text = "x ${{ stages.survey.output['a b'].c if always() else inputs.k | upper }}";
        let found: Vec<(String, String)> = template(text)
            .references()
            .into_iter()
            .map(|name| {
                let span = name.span.start as usize..name.span.end as usize;
                (name.value.join("/"), text[span].to_owned())
            })
            .collect();
        assert_eq!(
            found,
            [
                ("inputs/k".to_owned(), "inputs.k".to_owned()),
                (
                    "stages/survey/output/a b/c".to_owned(),
                    "stages.survey.output['a b'].c".to_owned()
                ),
            ]
        );
    }

    #[test]
    fn comparisons_tell_names_from_what_is_written_out_and_worked_out() {
        let text = "not (a.b == 'x') and 1 < c[0] < d | length or e not in ['y', 2]";
        let expression = Expression::parse(text, Span { end: 61, ..Span::default() }).0;
        let shown = |operand: &Operand| match operand {
            Operand::Name(name) => name.join("."),
            Operand::Literal(value) => {
                let written = &text[value.span.start as usize..value.span.end as usize];
                format!("{}{}", value.value, if written.is_empty() { "" } else { "!" })
            }
            Operand::Computed => "?".to_owned(),
        };
        let found: Vec<String> = expression
            .comparisons()
            .iter()
            .map(|it| format!("{} {:?} {}", shown(&it.left), it.operator, shown(&it.right)))
            .collect();
        assert_eq!(
            found,
            ["a.b Equal \"x\"!", "1! Order c.0", "c.0 Order ?", "e NotIn [\"y\",2]!",]
        );
        assert_eq!(
            Expression::parse("a['b'][0]", Span::default()).0.name().unwrap().join("."),
            "a.b.0"
        );
        assert_eq!(Expression::parse("a[b]", Span::default()).0.name(), None);
    }

    #[test]
    fn what_is_no_filter_test_or_function_is_a_fault_at_its_name() {
        for (text, said, at) in [
            ("inputs.a | uper", "there is no filter `uper`", "uper"),
            ("inputs.a is defned", "there is no test `defned`", "defned"),
            ("alway()", "there is no function `alway`", "alway"),
            ("1 +", "unexpected end of input", "+"),
            ("a b", "unexpected input after expression", "b"),
        ] {
            let (_, faults) = Expression::parse(text, Span::default());
            let span = faults[0].span.start as usize..faults[0].span.end as usize;
            assert!(faults[0].message.contains(said), "{}", faults[0].message);
            assert_eq!(&text[span], at, "{text}");
        }
        let fine = "inputs.a | default('x') | upper is startingwith('X') and always()";
        assert_eq!(Expression::parse(fine, Span::default()).1, []);
    }

    #[test]
    fn one_enclosing_marker_is_accepted() {
        let (expression, faults) = Expression::parse(" ${{ 1 < 2 }} ", Span::default());
        assert_eq!(faults, []);
        assert_eq!(expression.holds(&json!({})), Ok(true));
        assert_eq!((expression.span.start, expression.span.end), (5, 10));
    }

    #[test]
    fn a_circle_without_end_runs_out_of_fuel() {
        let (expression, _) = Expression::parse("range(100000) | list | length", Span::default());
        assert!(expression.evaluate(&json!({})).is_err());
    }
}
