//! A report as JSON, with the schema that [`crate::report::schema`] returns.

use crate::journal::shown;
use crate::report::Report;

/// Renders a report as one indented object. What a terminal would act on is spelled out.
pub fn render(report: &Report) -> String {
    let text = serde_json::to_string_pretty(report).unwrap_or_default();
    format!("{}\n", shown::json(&text))
}
