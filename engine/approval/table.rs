//! From an output to text that a person can judge: lists of records as tables, within a width.

use serde_json::{Map, Value};
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr};

use crate::approval::escape::escape;

/// The narrowest column that is worth having. Where not all fit, records are shown one below
/// the other.
const NARROWEST: usize = 8;

/// The most lines of a cell.
const MOST_LINES: usize = 4;

/// Between two columns.
const GAP: &str = "  ";

/// Shows a value within a width. Everything in it is escaped, and nothing is left out but what
/// ends in `…`.
pub fn render(value: &Value, width: usize) -> String {
    let mut lines = Vec::new();
    push_value(&mut lines, value, width.max(20));
    let lines: Vec<&str> = lines.iter().map(|line| line.trim_end()).collect();
    lines.join("\n")
}

/// Says one row of a list in one line of at most this width.
pub fn row(value: &Value, width: usize) -> String {
    let text = match value {
        Value::Object(fields) => {
            let cells: Vec<String> = fields.values().map(cell).collect();
            cells.join(" · ")
        }
        other => cell(other),
    };
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    cut(&line, width)
}

fn push_value(lines: &mut Vec<String>, value: &Value, width: usize) {
    match value {
        Value::Array(items) if items.is_empty() => lines.push("(an empty list)".to_owned()),
        Value::Array(items) => match records(items) {
            Some(records) => push_table(lines, &records, width),
            None => {
                for (index, item) in items.iter().enumerate() {
                    push_labelled(lines, &format!("{}.", index + 1), &cell(item), width);
                }
            }
        },
        Value::Object(fields) if fields.is_empty() => lines.push("(nothing)".to_owned()),
        Value::Object(fields) => push_record(lines, fields, width),
        Value::String(text) => lines.extend(wrap(&escape(text), width)),
        other => lines.push(other.to_string()),
    }
}

/// Shows a record: short fields beside their names, lists of records below theirs.
fn push_record(lines: &mut Vec<String>, fields: &Map<String, Value>, width: usize) {
    for (name, value) in fields {
        let name = escape(name).replace('\n', " ");
        let is_list =
            matches!(value, Value::Array(items) if !items.is_empty() && records(items).is_some());
        if is_list {
            lines.push(String::new());
            lines.extend(wrap(&format!("{name}:"), width));
            push_value(lines, value, width);
            lines.push(String::new());
        } else {
            push_labelled(lines, &format!("{name}:"), &cell(value), width);
        }
    }
    if lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    if lines.first().is_some_and(String::is_empty) {
        lines.remove(0);
    }
}

/// Shows a text beside a label, its further lines below the first.
fn push_labelled(lines: &mut Vec<String>, label: &str, text: &str, width: usize) {
    let label = cut(label, width / 2);
    let indent = label.width() + 1;
    for (index, line) in wrap(text, width - indent).iter().enumerate() {
        if index == 0 {
            lines.push(format!("{label} {line}"));
        } else {
            lines.push(format!("{}{line}", " ".repeat(indent)));
        }
    }
}

fn push_table(lines: &mut Vec<String>, records: &[&Map<String, Value>], width: usize) {
    let mut names: Vec<&String> = Vec::new();
    for name in records.iter().flat_map(|record| record.keys()) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let number = records.len().to_string().len().max(1);
    let head = names.iter().map(|name| escape(name).replace('\n', " "));
    let rows = records.iter().map(|record| {
        names.iter().map(|name| record.get(*name).map(cell).unwrap_or_default()).collect()
    });
    let rows: Vec<Vec<String>> = std::iter::once(head.collect()).chain(rows).collect();
    let room = width.saturating_sub(number + GAP.len() * names.len());
    let Some(widths) = widths(&rows, room) else {
        for (index, record) in records.iter().enumerate() {
            lines.push(format!("{}.", index + 1));
            let mut inner = Vec::new();
            push_record(&mut inner, record, width - 2);
            lines.extend(inner.into_iter().map(|line| format!("  {line}")));
        }
        return;
    };
    for (index, row) in rows.iter().enumerate() {
        let label = if index == 0 { "#".to_owned() } else { index.to_string() };
        push_row(lines, &format!("{label:>number$}"), row, &widths);
        if index == 0 {
            let rules = widths.iter().map(|width| "─".repeat(*width));
            let rules: Vec<String> = std::iter::once("─".repeat(number)).chain(rules).collect();
            lines.push(rules.join(GAP));
        }
    }
}

fn push_row(lines: &mut Vec<String>, label: &str, row: &[String], widths: &[usize]) {
    let cells: Vec<Vec<String>> =
        row.iter().zip(widths).map(|(text, width)| limited(wrap(text, *width), *width)).collect();
    let height = cells.iter().map(Vec::len).max().unwrap_or(1).max(1);
    for line in 0..height {
        let mut text = if line == 0 { label.to_owned() } else { " ".repeat(label.width()) };
        for (cell, width) in cells.iter().zip(widths) {
            let part = cell.get(line).map(String::as_str).unwrap_or_default();
            text.push_str(GAP);
            text.push_str(part);
            text.push_str(&" ".repeat(width.saturating_sub(part.width())));
        }
        lines.push(text.trim_end().to_owned());
    }
}

/// Gives each column its share of the room: what it needs, or an equal part of what the others
/// leave. Nothing, where they cannot all be wide enough.
fn widths(rows: &[Vec<String>], room: usize) -> Option<Vec<usize>> {
    let columns = rows.first()?.len();
    let needs: Vec<usize> = (0..columns)
        .map(|column| {
            let lines = rows.iter().flat_map(|row| row[column].lines());
            lines.map(UnicodeWidthStr::width).max().unwrap_or(0).max(1)
        })
        .collect();
    if needs.iter().map(|need| need.min(&NARROWEST)).sum::<usize>() > room {
        return None;
    }
    let mut widths = vec![0; columns];
    let mut open: Vec<usize> = (0..columns).collect();
    open.sort_by_key(|column| needs[*column]);
    let mut left = room;
    for (index, column) in open.iter().enumerate() {
        let share = left / (columns - index);
        widths[*column] = needs[*column].min(share);
        left -= widths[*column];
    }
    widths.iter().zip(&needs).all(|(width, need)| width >= need.min(&NARROWEST)).then_some(widths)
}

/// The items as records, where they all are.
fn records(items: &[Value]) -> Option<Vec<&Map<String, Value>>> {
    let records: Option<Vec<_>> = items.iter().map(Value::as_object).collect();
    records.filter(|records| records.iter().any(|record| !record.is_empty()))
}

/// A value as the text of a cell, escaped.
fn cell(value: &Value) -> String {
    match value {
        Value::Null => "–".to_owned(),
        Value::String(text) => escape(text.trim_end()),
        Value::Array(items) if items.iter().all(|item| !item.is_object() && !item.is_array()) => {
            items.iter().map(cell).collect::<Vec<_>>().join(", ")
        }
        Value::Object(_) | Value::Array(_) => escape(&value.to_string()),
        other => other.to_string(),
    }
}

/// Breaks text into lines of at most a width: between words, or inside those that are longer.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for paragraph in text.split('\n') {
        let mut line = String::new();
        for word in paragraph.split_inclusive(' ') {
            if line.width() + word.trim_end().width() > width && !line.is_empty() {
                lines.push(std::mem::take(&mut line));
            }
            for character in word.chars() {
                let full = line.width() + character.width().unwrap_or(0) > width;
                if full && character != ' ' {
                    lines.push(std::mem::take(&mut line));
                }
                if !full || character != ' ' {
                    line.push(character);
                }
            }
        }
        lines.push(line);
    }
    lines
}

fn limited(mut lines: Vec<String>, width: usize) -> Vec<String> {
    if lines.len() > MOST_LINES {
        lines.truncate(MOST_LINES);
        if let Some(last) = lines.last_mut() {
            *last = cut(&format!("{}……", last.trim_end()), width);
        }
    }
    lines
}

/// Cuts a line to a width; what is cut ends in `…`.
fn cut(line: &str, width: usize) -> String {
    let line = line.replace('\n', " ");
    if line.width() <= width {
        return line;
    }
    let mut kept = String::new();
    for character in line.chars() {
        if kept.width() + character.width().unwrap_or(0) + 1 > width {
            break;
        }
        kept.push(character);
    }
    kept.truncate(kept.trim_end_matches('…').len());
    kept.push('…');
    kept
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn widest(text: &str) -> usize {
        text.lines().map(UnicodeWidthStr::width).max().unwrap_or(0)
    }

    #[test]
    fn records_are_a_table() {
        let value = json!([
            { "name": "signed_up", "file": "app/signup/page.tsx", "count": 3 },
            { "name": "paid", "file": "app/pay.ts", "why": "money" },
        ]);
        let expected = "\
#  name       file                 count  why
─  ─────────  ───────────────────  ─────  ─────
1  signed_up  app/signup/page.tsx  3
2  paid       app/pay.ts                  money";
        assert_eq!(render(&value, 80), expected);
    }

    #[test]
    fn long_cells_wrap_and_the_table_keeps_its_width() {
        let value = json!([{
            "name": "subscription_upgraded",
            "why": "It is the moment at which a team starts to pay, and the one that the business watches. ".repeat(5),
            "file": "apps/web/src/features/billing/components/upgrade/UpgradeDialog.tsx",
        }]);
        let text = render(&value, 80);
        assert!(widest(&text) <= 80, "{text}");
        assert!(text.contains("subscription_upgraded"), "{text}");
        assert!(text.contains('…'), "{text}");
        assert_eq!(text.lines().count(), 2 + MOST_LINES, "{text}");
    }

    #[test]
    fn many_columns_are_shown_one_below_the_other() {
        let record: Map<String, Value> = (0..20)
            .map(|column| (format!("column_{column}"), json!("a value that is long")))
            .collect();
        let text = render(&json!([record, record]), 80);
        assert!(widest(&text) <= 80, "{text}");
        assert!(text.starts_with("1.\n  column_0: a value that is long\n"), "{text}");
        assert_eq!(text.lines().count(), 42);
    }

    #[test]
    fn a_record_shows_its_lists_below_their_names() {
        let value = json!({
            "summary": "Two events",
            "tags": ["a", "b"],
            "events": [{ "name": "paid" }],
            "done": true,
        });
        let expected = "\
summary: Two events
tags: a, b

events:
#  name
─  ────
1  paid

done: true";
        assert_eq!(render(&value, 80), expected);
    }

    #[test]
    fn nothing_in_a_table_is_obeyed_or_hidden() {
        let value =
            json!([{ "na\u{1b}[2Jme": "a\u{202e}b\u{1b}]0;x\u{7}", "n": { "x": "\u{200b}" } }]);
        let text = render(&value, 80);
        let hidden = |character: char| character != '\n' && character.is_control();
        assert!(!text.contains(hidden), "{text:?}");
        for part in ["\\u{1b}[2J", "a\\u{202e}b", "\\u{200b}"] {
            assert!(text.contains(part), "{text}");
        }
        assert_eq!(row(&json!({ "a": "x\ny", "b": 1 }), 80), "x y · 1");
    }

    #[test]
    fn every_width_is_kept() {
        let value = json!([
            { "名前": "日本語のとても長いテキストです", "url": "https://a.test/".repeat(9), "n": null },
            { "名前": "x", "url": "y\nz", "n": [1, 2] },
        ]);
        for width in 20..100 {
            let text = render(&value, width);
            assert!(widest(&text) <= width, "{width}\n{text}");
            let line = row(&value[0], width);
            assert!(line.width() <= width, "{width} {line}");
        }
    }

    #[test]
    fn other_values_are_shown_too() {
        assert_eq!(render(&json!([]), 80), "(an empty list)");
        assert_eq!(render(&json!(["a", 1]), 80), "1. a\n2. 1");
        assert_eq!(render(&json!("# Title\n\ntext"), 80), "# Title\n\ntext");
        assert_eq!(render(&json!({}), 80), "(nothing)");
        assert_eq!(wrap("aaaa bb ccccccc", 5), ["aaaa ", "bb ", "ccccc", "cc"]);
    }
}
