//! From a goose recipe: a prompt with parameters, extensions and checks, in YAML or JSON.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::expression::Expression;
use crate::import::body::is_whole;
use crate::import::draft::Parts;
use crate::import::reasons::of;
use crate::import::{body, template};
use crate::playbook::{Node, Tree};
use crate::source::{FileId, Span};

/// Why a key is left out.
const LEFT: &str = include_str!("recipe.txt");

/// Why an extension is left out.
const EXTENSIONS: &str = include_str!("extensions.txt");

/// The extension whose tools have the names of tools.
const DEVELOPER: &str = "developer";

/// Takes everything of a recipe that a playbook can say.
pub(super) fn convert(parts: &mut Parts, tree: &Tree) {
    let mut title = parts.name.clone();
    let mut inputs = BTreeMap::new();
    for (key, value) in tree.entries() {
        let line = parts.line(key.span);
        let text = value.text().unwrap_or_default();
        match key.value.as_str() {
            "version" | "instructions" | "prompt" => {}
            "title" => text.clone_into(&mut title),
            "description" => text.clone_into(&mut parts.description),
            "parameters" => inputs = parameters(parts, value),
            "extensions" => value.items().iter().for_each(|it| extension(parts, it)),
            "response" => {
                if let Some(schema) = value.get("json_schema") {
                    parts.schema(schema);
                }
            }
            "retry" => retry(parts, value),
            "settings" => settings(parts, value),
            name => match of(LEFT, name) {
                Some(why) => parts.leave(line, format!("`{name}`"), why),
                None => parts.keep(name, value),
            },
        }
    }
    prose(parts, tree, &inputs, &template::literal(&title));
}

/// Makes the prompt the section, or the sections, and the instructions the preamble.
fn prose(parts: &mut Parts, tree: &Tree, inputs: &BTreeMap<String, String>, title: &str) {
    let mut filled = |key: &str| {
        let value = tree.get(key)?;
        Some((fill(parts, value.text()?, value.span, inputs), value.span))
    };
    let instructions = filled("instructions");
    let prompt = filled("prompt");
    let (main, told) = match (prompt, instructions) {
        (Some(prompt), told) => (prompt, told.map(|(told, _)| told)),
        (None, Some(instructions)) => (instructions, None),
        (None, None) => return,
    };
    let (text, span) = main;
    parts.sections(&text, title, |parts, at| {
        let lines = text.as_bytes()[..at.min(text.len())].iter().filter(|it| **it == b'\n').count();
        parts.line(span) + u32::try_from(lines).unwrap_or_default()
    });
    let Some(told) = told else { return };
    let before = parts.body.clone();
    let preamble = std::mem::replace(&mut parts.body.preamble, body::lower(&told));
    parts.body.tell(&preamble);
    if !is_whole(&parts.body) {
        // A block of the instructions is never closed: they can only stand behind the headings.
        parts.body = before;
        if let Some(section) = parts.body.sections.last_mut() {
            section.text = format!("{}\n\n{}", section.text, body::lower(&told));
        }
    }
}

/// Fills the inputs into a text.
fn fill(parts: &mut Parts, text: &str, span: Span, inputs: &BTreeMap<String, String>) -> String {
    let source = parts.text().to_owned();
    let from = span.start as usize;
    let line = |parts: &Parts, written: &str| {
        let found = source.get(from..).and_then(|rest| rest.find(written)).unwrap_or_default();
        parts.line_at(from + found)
    };
    for (start, _) in text.match_indices("{%") {
        let end = text[start..].find("%}").map_or(text.len(), |end| start + end + 2);
        let block = &text[start..end];
        let word = block.trim_start_matches(['{', '%', '-', ' ']);
        if ["end", "else"].iter().any(|ends| word.starts_with(ends)) {
            continue;
        }
        let why =
            "it stays as text; make a stage with `when:` of what it guards, or say it in words";
        parts.leave(line(parts, block), format!("`{block}`"), why);
    }
    template::variables(text, &mut |expression, _| {
        let filled = renamed(expression, inputs);
        if filled.is_none() {
            let written = format!("{{{{ {expression} }}}}");
            let at = if source.contains(&written) {
                line(parts, &written)
            } else {
                line(parts, expression)
            };
            parts.leave(at, format!("`{written}`"), "it stays as text; no parameter has that name");
        }
        Some(format!("${{{{ {} }}}}", filled?))
    })
}

/// Returns an expression with inputs in the place of parameters, where it reads nothing else.
fn renamed(expression: &str, inputs: &BTreeMap<String, String>) -> Option<String> {
    let span = Span::new(FileId::default(), 0, expression.len());
    let (parsed, faults) = Expression::parse(expression, span);
    let mut references = parsed.references();
    if !faults.is_empty() || references.is_empty() {
        return None;
    }
    references.sort_by_key(|reference| std::cmp::Reverse(reference.span.start));
    let mut renamed = expression.to_owned();
    for reference in references {
        let parameter = reference.value.first()?;
        let input = inputs.get(parameter)?;
        let start = reference.span.start as usize;
        let end = start + parameter.len();
        if renamed.get(start..end)? != parameter {
            return None;
        }
        renamed.replace_range(start..end, &format!("inputs.{input}"));
    }
    Some(renamed)
}

/// Declares the parameters, and returns the input of each.
fn parameters(parts: &mut Parts, parameters: &Tree) -> BTreeMap<String, String> {
    let mut inputs = BTreeMap::new();
    for parameter in parameters.items() {
        let text = |key: &str| parameter.get(key).and_then(|value| value.text());
        let Some(key) = text("key") else { continue };
        let line = parts.line(parameter.span);
        let mut declared = json!({});
        let default = parameter.get("default").map(|default| default.json());
        let optional = text("requirement") == Some("optional");
        let options = parameter.get("options").map(|options| options.json());
        let kind = text("input_type").unwrap_or("string");
        let default = match kind {
            "number" => {
                declared["type"] = json!("number");
                default.as_ref().and_then(number)
            }
            "boolean" => {
                declared["type"] = json!("boolean");
                default.as_ref().and_then(truth)
            }
            _ => {
                let default = default.as_ref().map(|value| json!(as_text(value)));
                default.or_else(|| (optional && options.is_none()).then(|| json!("")))
            }
        };
        if let Some(Value::Array(options)) = options {
            let options: Vec<String> = options.iter().map(as_text).collect();
            declared["enum"] = json!(options);
        }
        let listed = declared["enum"]
            .as_array()
            .is_none_or(|it| default.as_ref().is_none_or(|default| it.contains(default)));
        if let Some(default) = default.filter(|_| listed) {
            declared["default"] = default;
        }
        if let Value::Object(declared) = &mut declared {
            declared.retain(|_, value| !value.is_null());
        }
        if let Some(about) = text("description") {
            declared["description"] = json!(about);
        }
        let name = parts.input(key, declared);
        if kind == "file" {
            let why = format!(
                "its text is pasted there; here `inputs.{name}` is the path, which the stage has to read"
            );
            parts.leave(line, format!("the file `{key}`"), &why);
        }
        inputs.insert(key.to_owned(), name);
    }
    inputs
}

fn number(value: &Value) -> Option<Value> {
    match value {
        Value::String(text) => match text.parse::<i64>() {
            Ok(whole) => Some(json!(whole)),
            Err(_) => text.parse::<f64>().ok().filter(|it| it.is_finite()).map(|it| json!(it)),
        },
        Value::Number(_) => Some(value.clone()),
        _ => None,
    }
}

fn truth(value: &Value) -> Option<Value> {
    match value {
        Value::String(text) => text.to_lowercase().parse::<bool>().ok().map(|it| json!(it)),
        Value::Bool(_) => Some(value.clone()),
        _ => None,
    }
}

fn as_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Declares a server where it has an address; what is built in is told apart by its name.
fn extension(parts: &mut Parts, extension: &Tree) {
    let text = |key: &str| extension.get(key).and_then(|value| value.text()).unwrap_or_default();
    let line = parts.line(extension.span);
    let name = text("name");
    let allowed = extension.get("available_tools").map(|tools| tools.items()).unwrap_or_default();
    let allowed = allowed.iter().filter_map(|tool| tool.text().map(str::to_owned));
    let allowed: Vec<String> = allowed.collect();
    let url = if text("uri").is_empty() { text("url") } else { text("uri") };
    let what = format!("the extension `{name}`");
    if matches!(text("type"), "builtin" | "platform") {
        if allowed.is_empty() || name != DEVELOPER {
            let why = of(EXTENSIONS, name).unwrap_or("there is no such tool");
            return parts.leave(line, what, why);
        }
        return allowed.iter().for_each(|tool| parts.grant(tool, line));
    }
    parts.server(&what, name, url, &allowed, line);
}

fn retry(parts: &mut Parts, retry: &Tree) {
    let timeout = match retry.get("timeout_seconds").map(|timeout| &timeout.value) {
        Some(Node::Integer(seconds)) if *seconds > 0 => Some(format!("{seconds}s")),
        _ => None,
    };
    let mut checked = false;
    for check in retry.get("checks").iter().flat_map(|checks| checks.items()) {
        let line = parts.line(check.span);
        let command = check.get("command").and_then(|command| command.text()).unwrap_or_default();
        checked |= parts.check(command, timeout.as_deref(), line);
    }
    match retry.get("max_retries").map(|most| &most.value) {
        Some(Node::Integer(most)) if *most > 0 && checked => parts.retry = Some(*most),
        _ => {}
    }
    if let Some(failed) = retry.get("on_failure") {
        let why = of(LEFT, "on_failure").unwrap_or_default();
        parts.leave(parts.line(failed.span), "`retry: on_failure`".to_owned(), why);
    }
}

fn settings(parts: &mut Parts, settings: &Tree) {
    for (key, value) in settings.entries() {
        let line = parts.line(key.span);
        match (key.value.as_str(), &value.value) {
            ("max_turns", Node::Integer(turns)) if *turns > 0 => {
                parts.budget.insert("turns".to_owned(), json!(turns));
            }
            (name, _) => {
                let why = of(LEFT, name).unwrap_or("no playbook has such a setting");
                parts.leave(line, format!("`settings: {name}`"), why);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expression_of_parameters_reads_inputs() {
        let inputs = [("name", "name"), ("max", "max_lines"), ("a", "a")];
        let inputs = inputs.map(|(key, input)| (key.to_owned(), input.to_owned())).into();
        for (expression, wanted) in [
            ("name", Some("inputs.name")),
            ("name | upper", Some("inputs.name | upper")),
            ("a if name == 'a' else name", Some("inputs.a if inputs.name == 'a' else inputs.name")),
            ("recipe_dir", None),
            ("name + other", None),
            ("'text'", None),
            ("name |", None),
            ("", None),
        ] {
            assert_eq!(renamed(expression, &inputs).as_deref(), wanted, "{expression}");
        }
    }
}
