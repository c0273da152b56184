//! Scalars: templates, expressions, durations, patterns.

use std::time::Duration;

use crate::diagnostic::Diagnostic;
use crate::expression::{Expression, Part, Template};
use crate::playbook::format::Word;
use crate::playbook::lower::Lower;
use crate::playbook::misread;
use crate::source::{Span, Spanned};

impl Lower<'_> {
    pub(super) fn word(&mut self, word: Spanned<Word>) -> Template {
        self.template(&Spanned::new(word.value.0, word.span))
    }

    /// Parses a template. A YAML scalar with escapes does not stand verbatim in the file: what
    /// cannot be found again in it has all of it as its place.
    pub(super) fn template(&mut self, text: &Spanned<String>) -> Template {
        let place = self.verbatim(text);
        let (mut template, mut faults) = Template::parse(&text.value, place.unwrap_or(text.span));
        if place.is_none() {
            let mut at = 0;
            for part in &mut template.parts {
                if let Part::Expression(expression) = part {
                    expression.span = self.within(text.span, &expression.text, &mut at);
                }
            }
            faults.iter_mut().for_each(|fault| fault.span = text.span);
        }
        self.report(faults, text.span);
        template
    }

    pub(super) fn expression(&mut self, text: &Spanned<String>) -> Expression {
        let place = self.verbatim(text);
        let (mut expression, mut faults) =
            Expression::parse(&text.value, place.unwrap_or(text.span));
        if place.is_none() {
            expression.span = self.within(text.span, &expression.text, &mut 0);
            faults.iter_mut().for_each(|fault| fault.span = text.span);
        }
        self.report(faults, text.span);
        expression
    }

    /// Reports what is wrong with a text, and whether a comment cuts it short.
    fn report(&mut self, faults: Vec<Diagnostic>, text: Span) {
        let source = self.source;
        self.faults.extend(faults.into_iter().map(|fault| misread::cut_short(fault, text, source)));
    }

    /// Finds an expression in a scalar from `at` on, and moves `at` behind it.
    fn within(&self, scalar: Span, expression: &str, at: &mut usize) -> Span {
        let written = self.source.slice(scalar);
        let Some(found) = written.get(*at..).and_then(|rest| rest.find(expression)) else {
            return scalar;
        };
        let start = *at + found;
        *at = start + expression.len();
        scalar.part(start, *at)
    }

    /// Returns where a scalar's text stands letter by letter, its quotes left out.
    fn verbatim(&self, text: &Spanned<String>) -> Option<Span> {
        let written = self.source.slice(text.span);
        if written == text.value {
            return Some(text.span);
        }
        let inner = written.get(1..written.len().checked_sub(1)?)?;
        (inner == text.value).then(|| text.span.part(1, written.len() - 1))
    }

    pub(super) fn duration(&mut self, text: Option<&Spanned<Word>>) -> Option<Duration> {
        let text = text?;
        let duration = duration(&text.value.0);
        if duration.is_none() {
            let message = format!("`{}` is not a duration", text.value.0);
            self.faults.push(
                Diagnostic::error("wrong-value", text.span, message)
                    .help("write a number and a unit, such as `90s`, `8m`, `24h` or `7d`"),
            );
        }
        duration
    }

    /// Whether a regular expression is one.
    pub(super) fn regex(&mut self, pattern: &Spanned<String>) -> bool {
        let compiled = regex::Regex::new(&pattern.value);
        if let Err(error) = &compiled {
            let reason = error.to_string();
            let reason = reason.lines().last().unwrap_or_default().trim_start_matches("error: ");
            self.fault(
                "bad-pattern",
                pattern.span,
                &format!("the regular expression is wrong: {reason}"),
            );
        }
        compiled.is_ok()
    }

    pub(super) fn glob(&mut self, glob: &Spanned<String>) {
        if let Err(error) = globset::Glob::new(&glob.value) {
            self.fault("bad-pattern", glob.span, &format!("the glob is wrong: {}", error.kind()));
        }
    }

    /// Holds an address to https; plain http is for this machine only. Its host is no template.
    pub(super) fn url(&mut self, url: &Spanned<String>) {
        let fixed = url.value.split("${{").next().unwrap_or_default();
        let local = ["http://localhost", "http://127.0.0.1", "http://[::1]"];
        let rest = fixed.strip_prefix("https://").or_else(|| {
            let host = local.iter().find(|host| fixed.starts_with(**host))?;
            fixed[host.len()..].starts_with(['/', ':']).then(|| &fixed["http://".len()..])
        });
        match rest {
            None => self.faults.push(
                Diagnostic::error(
                    "wrong-value",
                    url.span,
                    format!("`{}` is no https address", url.value),
                )
                .help("write the whole address, such as `https://example.com/guide.md`"),
            ),
            Some(rest) if fixed.len() < url.value.len() && !rest.contains('/') => self.faults.push(
                Diagnostic::error(
                    "misplaced-template",
                    url.span,
                    "the host of an address cannot have a template",
                )
                .help("what a play may reach is fixed before anything is read; write the host out"),
            ),
            Some(rest) if rest.is_empty() || rest.starts_with('/') => {
                self.fault("wrong-value", url.span, "the address has no host");
            }
            Some(rest) if rest.split('/').next().is_some_and(|host| host.contains('@')) => {
                self.fault(
                    "wrong-value",
                    url.span,
                    "an address names no user; only its host counts",
                );
            }
            Some(_) => {}
        }
    }
}

/// Reads `90s`, `8m`, `24h`, `7d`, and sums of them such as `1h30m`.
fn duration(text: &str) -> Option<Duration> {
    let mut rest = text.trim();
    let mut total = Duration::ZERO;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let end = rest.find(|character: char| !character.is_ascii_digit())?;
        let number: u64 = rest[..end].parse().ok()?;
        let unit = &rest[end..];
        let (seconds, length) = match unit.chars().next()? {
            _ if unit.starts_with("ms") => {
                total += Duration::from_millis(number);
                (0, 2)
            }
            's' => (1, 1),
            'm' => (60, 1),
            'h' => (3_600, 1),
            'd' => (86_400, 1),
            _ => return None,
        };
        total += Duration::from_secs(number.checked_mul(seconds)?);
        rest = &unit[length..];
    }
    Some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_units() {
        assert_eq!(duration("90s"), Some(Duration::from_secs(90)));
        assert_eq!(duration("1h30m"), Some(Duration::from_mins(90)));
        assert_eq!(duration("250ms"), Some(Duration::from_millis(250)));
        assert_eq!(duration("10"), None);
        assert_eq!(duration(""), None);
    }
}
