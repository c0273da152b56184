//! `${{ }}`: templates in prose and values, and the expressions inside them.

use serde_json::Value;

use crate::{
    diagnostic::Diagnostic,
    source::{Span, Spanned},
};

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

/// Why an expression has no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct EvaluateError {
    /// What is wrong, as a lowercase fragment.
    pub message: String,
    /// The expression's place.
    pub span: Span,
}

impl Template {
    /// Finds the `${{ }}` of a text that stands verbatim at `span`. Faults are returned beside
    /// it; a faulty `${{` is kept as text.
    pub fn parse(text: &str, span: Span) -> (Template, Vec<Diagnostic>) {
        let _ = (text, span);
        (Template::default(), Vec::new())
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
        let _ = scope;
        Ok(Value::String(self.text.clone()))
    }

    /// Renders it to text.
    pub fn render_text(&self, scope: &Value) -> Result<String, EvaluateError> {
        Ok(match self.render(scope)? {
            Value::String(text) => text,
            other => other.to_string(),
        })
    }
}

impl Expression {
    /// Parses an expression; one enclosing `${{ }}` is accepted.
    pub fn parse(text: &str, span: Span) -> (Expression, Vec<Diagnostic>) {
        (Expression { text: text.to_owned(), span }, Vec::new())
    }

    /// Returns every name that it reads.
    pub fn references(&self) -> Vec<Reference> {
        Vec::new()
    }

    /// Evaluates it in a scope (an object of names). Undefined is an error.
    pub fn evaluate(&self, scope: &Value) -> Result<Value, EvaluateError> {
        let _ = scope;
        Ok(Value::Null)
    }

    /// Evaluates it to yes or no, as `when` does: false, none, 0, "" and empty lists are no.
    pub fn holds(&self, scope: &Value) -> Result<bool, EvaluateError> {
        let _ = scope;
        Ok(true)
    }

    /// Whether it calls `always()`.
    pub fn is_always(&self) -> bool {
        false
    }
}
