//! Values that YAML reads as something else than their author meant, and the way out.

use serde_json::Value;

use crate::diagnostic::Diagnostic;
use crate::playbook::node::{Node, Tree};
use crate::source::{Source, Span};

/// What other readers of YAML take for true and false, and this one for text.
const BOOLEANS: [(&str, &str); 4] =
    [("yes", "true"), ("on", "true"), ("no", "false"), ("off", "false")];

/// Says the way out of a value of the wrong kind, by what stands there.
pub(super) fn explain(fault: Diagnostic, tree: &Tree, wanted: &str, source: &Source) -> Diagnostic {
    match (&tree.value, wanted) {
        (Node::Null, _) => nothing(fault, tree.span, source),
        (Node::Map(_), wanted) if wanted.contains("text") => {
            fault.help("a text that begins with `{` wants quotes around it")
        }
        (Node::List(_), wanted) if wanted.contains("text") => {
            fault.help("a text that begins with `[` wants quotes around it")
        }
        (Node::List(_), "a map") => {
            fault.help("what is in a map is written `name: value`, without `- `")
        }
        (Node::Text(text), "a list") => list(fault, text, tree.span, source),
        (Node::Text(text), "a map") => key(fault, text, tree.span),
        (Node::Text(text), "`true` or `false`") => boolean(fault, text, tree.span),
        (Node::Text(text), "a number" | "a whole number") if text.parse::<i64>().is_ok() => {
            fault.help("a number stands without quotes").fix(tree.span, text)
        }
        (Node::Integer(_) | Node::Float(_) | Node::Bool(_), "text") => {
            let written = source.slice(tree.span);
            fault
                .help("a text that looks like something else wants quotes around it")
                .fix(tree.span, format!("\"{written}\""))
        }
        _ => fault,
    }
}

/// Returns the comment that stands behind a value on its last line, from its `#` on.
pub fn comment_behind(source: &Source, value: Span) -> Option<Span> {
    let end = value.end as usize;
    let rest = source.text.get(end..)?.split(['\n', '\r']).next()?;
    let comment = rest.trim_start_matches([' ', '\t']);
    let found = comment.len() < rest.len() && comment.starts_with('#');
    found.then(|| {
        let start = end + rest.len() - comment.len();
        Span::new(value.file, start, start + comment.trim_end().len())
    })
}

/// Says of what is wrong with a plain text that a comment cuts it short, if one does.
pub(super) fn cut_short(fault: Diagnostic, value: Span, source: &Source) -> Diagnostic {
    let plain = !source.slice(value).starts_with(['"', '\'', '|', '>']);
    match comment_behind(source, value).filter(|_| plain) {
        Some(comment) => fault
            .related(comment, "a comment, so the text ends before it")
            .help("put quotes around the whole text: ` #` begins a comment"),
        None => fault,
    }
}

/// Says the way out of a value that an input of this kind does not take.
pub(super) fn unfit(
    fault: Diagnostic,
    value: &Value,
    kind: &str,
    span: Span,
    source: &Source,
) -> Diagnostic {
    let written = source.slice(span);
    match value {
        Value::Number(_) | Value::Bool(_) if kind.ends_with("text") && !written.is_empty() => fault
            .help("a text that looks like something else wants quotes around it")
            .fix(span, format!("\"{written}\"")),
        Value::String(text) if kind.contains("true") => boolean(fault, text, span),
        Value::String(text) if kind.contains("number") && text.parse::<f64>().is_ok() => {
            fault.help("a number stands without quotes").fix(span, text.clone())
        }
        _ => fault,
    }
}

fn nothing(fault: Diagnostic, key: Span, source: &Source) -> Diagnostic {
    let behind = source.text.get(key.end as usize..).unwrap_or_default();
    let behind = behind.split(['\n', '\r']).next().unwrap_or_default();
    let behind = behind.trim_start_matches(['"', '\'']).trim_start_matches(':').trim_start();
    let comment = behind.strip_prefix('#').filter(|rest| !rest.starts_with([' ', '#']));
    match (comment, source.slice(key)) {
        (Some(_), _) => fault.help("what stands behind `#` is a comment; a text wants quotes"),
        (None, "needs") => {
            fault.help("`needs: []` waits for nothing; left out, a stage needs the one above it")
        }
        _ => fault.help("write what it has, or leave the key out"),
    }
}

fn list(fault: Diagnostic, text: &str, span: Span, source: &Source) -> Diagnostic {
    let of = if text.contains(", ") { "" } else { " of one" };
    let fault = fault.help(format!("a list{of} is written `[{text}]`"));
    let plain = |letter: char| letter.is_alphanumeric() || " ,_-./()".contains(letter);
    if source.slice(span) == text && text.chars().all(plain) {
        return fault.guess(span, format!("[{text}]"));
    }
    fault
}

/// A text where a map is wanted may be an entry whose key and value stand too close.
fn key(fault: Diagnostic, text: &str, span: Span) -> Diagnostic {
    let Some((name, value)) = text.split_once(':') else {
        return fault.help("what is in a map is written `name: value`");
    };
    let named = !name.is_empty() && name.chars().all(|it| it.is_alphanumeric() || it == '_');
    let value = value.trim_start();
    if !named || value.is_empty() || value.starts_with('/') || value.contains(['\n', '\r']) {
        return fault;
    }
    let better = format!("{name}: {value}");
    fault.help(format!("a key and its value want a space between: `{better}`")).guess(span, better)
}

fn boolean(fault: Diagnostic, text: &str, span: Span) -> Diagnostic {
    let lower = text.to_lowercase();
    let meant = match lower.as_str() {
        "true" => Some("true"),
        "false" => Some("false"),
        _ => BOOLEANS.iter().find(|(word, _)| *word == lower).map(|(_, meant)| *meant),
    };
    match meant {
        Some(meant) => fault.label(format!("write `{meant}`")).fix(span, meant),
        None => fault,
    }
}
