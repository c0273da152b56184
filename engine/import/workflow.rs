//! From a GitHub Agentic Workflow: markdown with triggers, permissions and tools in front.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::import::draft::Parts;
use crate::import::reasons::of;
use crate::import::{Original, body, template};
use crate::playbook::{Node, Tree, beside, foreign, headings};
use crate::source::visible;

/// Keys by which a front matter is told to be a workflow's.
pub(super) const KEYS: [&str; 7] = [
    "on",
    "safe-outputs",
    "engine",
    "permissions",
    "timeout-minutes",
    "mcp-servers",
    "import-schema",
];

/// Why a key is left out.
const LEFT: &str = include_str!("workflow.txt");

/// Why a tool is left out.
const TOOLS: &str = include_str!("workflow_tools.txt");

/// What a workflow leaves about itself, and not for anybody.
const ABOUT_ITSELF: [&str; 5] =
    ["messages", "noop", "missing-tool", "missing-data", "threat-detection"];

/// Parts of the name of a value that say nothing of what it is.
const SILENT: [&str; 8] =
    ["github", "event", "steps", "needs", "activation", "outputs", "aw", "client_payload"];

/// Takes everything of a workflow that a playbook can say.
pub(super) fn convert(parts: &mut Parts, tree: &Tree, at: usize, original: &Original<'_>) {
    let mut title = parts.name.clone();
    for (key, value) in tree.entries() {
        let line = parts.line(key.span);
        let text = value.text().unwrap_or_default();
        match key.value.as_str() {
            "name" => text.clone_into(&mut title),
            "description" => text.clone_into(&mut parts.description),
            "on" => triggers(parts, value, line),
            "tools" => tools(parts, value),
            "mcp-servers" => {
                value.entries().iter().for_each(|(name, server)| mcp(parts, &name.value, server));
            }
            "safe-outputs" => outputs(parts, value),
            "timeout-minutes" | "timeout_minutes" => minutes(parts, value, line),
            "imports" => {}
            name => match of(LEFT, name) {
                Some(why) => parts.leave(line, format!("`{name}`"), why),
                None => parts.keep(name, value),
            },
        }
    }
    let mut values = Values::default();
    if let Some(imports) = tree.get("imports") {
        include(parts, imports, original, &mut values);
    }
    let text = parts.text()[at..].to_owned();
    let text = runtime_imports(parts, &text, at, original, &mut values);
    let prose = values.fill(parts, &text, Some(at));
    in_prose(parts, &text, at);
    let title = template::literal(&title);
    parts.sections(&prose, &title, |parts, offset| line_in(parts, at, &prose, offset));
}

/// Returns the line in the original of a byte of its prose, which begins at `at`. What is taken out
/// and filled in has no line end, so that the prose has its lines still.
fn line_in(parts: &Parts, at: usize, prose: &str, byte: usize) -> u32 {
    let before = prose.as_bytes().iter().take(byte);
    let lines = before.filter(|byte| **byte == b'\n').count();
    parts.line_at(at) + u32::try_from(lines).unwrap_or_default()
}

/// Notes what would start it, and declares what a person would fill in.
fn triggers(parts: &mut Parts, on: &Tree, line: u32) {
    let why = of(LEFT, "on").unwrap_or_default();
    let names: Vec<(String, u32)> = match &on.value {
        Node::Text(name) => vec![(name.clone(), line)],
        Node::List(items) => items
            .iter()
            .filter_map(|item| Some((item.text()?.to_owned(), parts.line(item.span))))
            .collect(),
        _ => {
            on.entries().iter().map(|(key, _)| (key.value.clone(), parts.line(key.span))).collect()
        }
    };
    for (name, line) in names {
        if !matches!(name.as_str(), "workflow_dispatch" | "workflow_call") {
            parts.leave(line, format!("`on: {name}`"), why);
        }
    }
    for trigger in ["workflow_dispatch", "workflow_call"] {
        let inputs = on.get(trigger).and_then(|trigger| trigger.get("inputs"));
        for (name, input) in inputs.iter().flat_map(|inputs| inputs.entries()) {
            declare(parts, &name.value, input);
        }
    }
}

/// Declares an input of a trigger, unless another trigger has it too.
fn declare(parts: &mut Parts, name: &str, input: &Tree) {
    let known = crate::import::names::snake(name).unwrap_or_default();
    if parts.inputs.contains_key(&known) {
        return;
    }
    let mut declared = json!({});
    let kind = input.get("type").and_then(|kind| kind.text()).unwrap_or("string");
    let default = input.get("default").map(|default| default.json());
    match kind {
        "boolean" => {
            declared["type"] = json!("boolean");
            let truth = |value: Value| value.as_bool().or_else(|| value.as_str()?.parse().ok());
            declared["default"] = json!(default.and_then(truth).unwrap_or_default());
        }
        "number" => {
            declared["type"] = json!("number");
            let number = |value: Value| value.as_f64().or_else(|| value.as_str()?.parse().ok());
            if let Some(default) = default.and_then(number) {
                declared["default"] = json!(default);
            }
        }
        _ => {
            let options = input.get("options").map(|options| options.json());
            let options = options.as_ref().and_then(Value::as_array).cloned().unwrap_or_default();
            let mut options: Vec<Value> = options.into_iter().filter(Value::is_string).collect();
            options.dedup();
            let text = default.map(|default| match default {
                Value::String(text) => text,
                other => other.to_string(),
            });
            let required = input.get("required").is_some_and(|it| it.value == Node::Bool(true));
            let text = text.or_else(|| (!required && options.is_empty()).then(String::new));
            if let Some(text) =
                text.filter(|text| options.is_empty() || options.contains(&json!(text)))
            {
                declared["default"] = json!(text);
            }
            if !options.is_empty() {
                declared["enum"] = json!(options);
            }
        }
    }
    let about = input.get("description").and_then(|about| about.text()).unwrap_or(name);
    declared["description"] = json!(about);
    parts.input(name, declared);
}

fn minutes(parts: &mut Parts, value: &Tree, line: u32) {
    match value.value {
        Node::Integer(minutes) if minutes > 0 => {
            parts.budget.insert("minutes".to_owned(), json!(minutes));
        }
        _ => parts.leave(line, "`timeout-minutes`".to_owned(), "it is no number; set `budget:`"),
    }
}

fn tools(parts: &mut Parts, tools: &Tree) {
    for (key, value) in tools.entries() {
        let line = parts.line(key.span);
        let what = format!("`tools: {}`", key.value);
        match key.value.as_str() {
            "edit" => ["edit", "write"].iter().for_each(|tool| parts.power(tool, line)),
            "bash" => {
                for item in value.items() {
                    // A program without a word behind it may be given any.
                    let program = item.text().unwrap_or_default().trim();
                    let any = if program.contains(' ') { "" } else { ":*" };
                    parts.allow(&format!("{program}{any}"), parts.line(item.span));
                }
                if matches!(value.value, Node::Null | Node::Bool(true)) {
                    parts.allow("*", line);
                }
            }
            name if value.get("url").or_else(|| value.get("command")).is_some() => {
                mcp(parts, name, value);
            }
            name => {
                parts.leave(line, what, of(TOOLS, name).unwrap_or("there is no such tool"));
            }
        }
    }
}

/// Declares a server where it has an address, and grants the tools that are named.
fn mcp(parts: &mut Parts, name: &str, server: &Tree) {
    let line = parts.line(server.span);
    let what = format!("the MCP server `{name}`");
    let url = server.get("url").and_then(|url| url.text()).unwrap_or_default();
    let allowed = server.get("allowed").or_else(|| server.get("available_tools"));
    let allowed = allowed.map(|allowed| allowed.items()).unwrap_or_default();
    let allowed = allowed.iter().filter_map(|tool| tool.text().map(str::to_owned));
    let allowed: Vec<String> = allowed.collect();
    parts.server(&what, name, url, &allowed, line);
}

/// Notes what the workflow would leave on the service. Where it leaves text, the last stage
/// leaves a document.
fn outputs(parts: &mut Parts, outputs: &Tree) {
    let changes = |name: &str| {
        name.contains("pull-request") && !name.contains("comment") && !name.contains("review")
    };
    let entries = outputs.entries().iter().map(|(key, _)| (key.value.as_str(), key.span));
    let (code, text): (Vec<_>, Vec<_>) = entries
        .filter(|(name, _)| !ABOUT_ITSELF.contains(name))
        .partition(|(name, _)| changes(name));
    let of_text = "nothing speaks to the service; what it would say there is what the stage leaves";
    for (names, why) in
        [(&code, "the changes stay in the project; commit them yourself"), (&text, of_text)]
    {
        for (name, span) in names {
            parts.leave(parts.line(*span), format!("`safe-outputs: {name}`"), why);
        }
    }
    if code.is_empty() && !text.is_empty() {
        parts.output = Some(json!("markdown"));
    }
}

/// Copies imported prose into the library as includes.
fn include(parts: &mut Parts, imports: &Tree, original: &Original<'_>, values: &mut Values) {
    let listed = imports.get("aw").unwrap_or(imports);
    for item in listed.items() {
        let line = parts.line(item.span);
        let path = item.text().or_else(|| item.get("uses").or_else(|| item.get("path"))?.text());
        let Some(path) = path else { continue };
        let what = format!("`imports: {path}`");
        match read(original, path) {
            Ok((inside, text)) => take_in(parts, &inside, &text, what, line, values),
            Err(why) => parts.leave(line, what, &why),
        }
    }
}

/// Reads a file that a workflow names, by a path that may be written in several ways.
fn read(original: &Original<'_>, path: &str) -> Result<(String, String), String> {
    let path = path.split('#').next().unwrap_or_default().trim_end_matches('?');
    let from_root = path.strip_prefix('/').or(path.starts_with(".github/").then_some(path));
    let inside = match from_root {
        Some(path) => Some(path.to_owned()),
        None => beside(original.path, path),
    };
    let inside = inside.filter(|_| !path.contains('@') && !path.contains("://"));
    let inside =
        inside.ok_or_else(|| "it stands elsewhere; copy its prose into an include".to_owned())?;
    let text = original.beside.read(&inside)?;
    Ok((inside, visible(&text).0.replace("\r\n", "\n")))
}

/// Copies the prose of one file, and notes the keys that it has in front.
fn take_in(
    parts: &mut Parts,
    inside: &str,
    text: &str,
    what: String,
    line: u32,
    values: &mut Values,
) {
    let (tree, at) = match foreign(text) {
        Ok(read) => read,
        Err(why) => return parts.leave(line, what, &why),
    };
    let keys = tree.iter().flat_map(|tree| tree.entries()).map(|(key, _)| key.value.as_str());
    let keys: Vec<String> =
        keys.filter(|key| *key != "description").map(|key| format!("`{key}`")).collect();
    let prose = text[at..].trim();
    if !keys.is_empty() {
        let taken =
            if prose.is_empty() { "it has no prose to take" } else { "only its prose is taken" };
        parts.leave(line, what, &format!("its {} would act too; {taken}", keys.join(", ")));
    }
    let file = inside.rsplit('/').next().unwrap_or(inside);
    let path = format!("shared/{}/{file}", parts.name);
    if prose.is_empty() || parts.include.contains(&path) {
        return;
    }
    let prose = values.fill(parts, prose, None);
    parts.files.push((format!("playbooks/{path}"), format!("{}\n", body::lower(&prose))));
    parts.include.push(path);
}

/// Takes out the lines that paste another file, and includes the file.
fn runtime_imports(
    parts: &mut Parts,
    text: &str,
    at: usize,
    original: &Original<'_>,
    values: &mut Values,
) -> String {
    let mut taken = Vec::new();
    let text = template::macros(text, &mut |inside, start| {
        let rest = ["#runtime-import", "#import"].iter().find_map(|name| inside.strip_prefix(name));
        let Some(rest) = rest else { return false };
        taken.push((rest.trim_start_matches([':', '?']).trim().to_owned(), start));
        true
    });
    for (path, start) in taken {
        let line = parts.line_at(at + start);
        let what = format!("`{{{{#runtime-import {path}}}}}`");
        let in_github = format!(".github/{path}");
        let found =
            read(original, &path).or_else(|why| read(original, &in_github).map_err(|_| why));
        match found {
            Ok((inside, text)) => take_in(parts, &inside, &text, what, line, values),
            Err(why) => parts.leave(line, what, &why),
        }
    }
    text
}

/// Notes agents and conditions in the prose.
fn in_prose(parts: &mut Parts, text: &str, at: usize) {
    for heading in headings(text, 0).iter().filter(|heading| heading.level == 2) {
        let words = &text[heading.words.clone()];
        if words.starts_with("agent: ") {
            let line = line_in(parts, at, text, heading.whole.start);
            let why = of(LEFT, "inline-sub-agents").unwrap_or_default();
            parts.leave(line, format!("`## {words}`"), why);
        }
    }
    for (found, _) in text.match_indices("{{#if") {
        let end = text[found..].find("}}").map_or(text.len(), |end| found + end + 2);
        let what = format!("`{}`", &text[found..end]);
        parts.leave(
            line_in(parts, at, text, found),
            what,
            "it stays as text; make a stage with `when:` of what it guards",
        );
    }
}

/// The values that the service would fill in, and the inputs that stand for them.
#[derive(Default)]
struct Values {
    inputs: BTreeMap<String, Option<String>>,
}

impl Values {
    /// Fills the inputs into a text; what no input can stand for stays as text.
    fn fill(&mut self, parts: &mut Parts, text: &str, at: Option<usize>) -> String {
        template::expressions(text, &mut |expression, start| {
            let line = at.map_or(1, |at| line_in(parts, at, text, start));
            if !self.inputs.contains_key(expression) {
                let input = input_for(parts, expression, line);
                self.inputs.insert(expression.to_owned(), input);
            }
            let input = self.inputs.get(expression)?.as_ref()?;
            Some(format!("${{{{ inputs.{input} }}}}"))
        })
    }
}

/// Finds or declares the input for a value of the service.
fn input_for(parts: &mut Parts, expression: &str, line: u32) -> Option<String> {
    let path: Vec<&str> = expression.split('.').collect();
    let what = format!("`${{{{ {expression} }}}}`");
    let is_name = |part: &&str| {
        !part.is_empty()
            && part.chars().all(|it| it.is_ascii_alphanumeric() || it == '_' || it == '-')
    };
    let known = ["github", "inputs", "steps", "needs", "experiments"].contains(&path[0]);
    if !path.iter().all(is_name) || path.len() < 2 || !known {
        parts.leave(line, what, "it stays as text; nothing fills it in");
        return None;
    }
    let own = match path[..] {
        ["inputs", name] | ["github", "event", "inputs", name] => crate::import::names::snake(name),
        _ => None,
    };
    if let Some(own) = own.filter(|own| parts.inputs.contains_key(own)) {
        return Some(own);
    }
    let telling: Vec<&str> = path.iter().copied().filter(|part| !SILENT.contains(part)).collect();
    let words = if telling.is_empty() { path.join(" ") } else { telling.join(" ") };
    let about = format!("The value of `{expression}`");
    let name = parts.input(&words, json!({ "description": about }));
    parts.leave(line, what, &format!("the service fills it in; it is the input `{name}`"));
    Some(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::Beside;

    /// Every file is there, and says its path.
    struct All;

    impl Beside for All {
        fn list(&self) -> Vec<String> {
            Vec::new()
        }

        fn read(&self, path: &str) -> Result<String, String> {
            Ok(path.to_owned())
        }
    }

    #[test]
    fn a_path_leads_from_the_workflow_or_from_its_repository() {
        let original = Original { path: ".github/workflows/a.md", text: "", beside: &All };
        for (path, wanted) in [
            ("shared/b.md", Some(".github/workflows/shared/b.md")),
            ("../agents/b.md?", Some(".github/agents/b.md")),
            (".github/b.md", Some(".github/b.md")),
            ("/.github/b.md#part", Some(".github/b.md")),
            ("../../../b.md", None),
            ("owner/repository/b.md@v1", None),
            ("https://example.org/b.md", None),
        ] {
            let found = read(&original, path).ok().map(|(inside, _)| inside);
            assert_eq!(found.as_deref(), wanted, "{path}");
        }
    }

    #[test]
    fn a_value_of_the_service_is_an_input_and_a_secret_is_not() {
        let mut parts = Parts::new("x", "a.md", "");
        for (expression, wanted) in [
            ("github.event.issue.number", Some("issue_number")),
            ("github.repository", Some("repository")),
            ("steps.sanitized.outputs.text", Some("sanitized_text")),
            ("secrets.TOKEN", None),
            ("env.HOME", None),
            ("github.a || github.b", None),
            ("toJSON(github.event)", None),
        ] {
            assert_eq!(input_for(&mut parts, expression, 1).as_deref(), wanted, "{expression}");
        }
        assert_eq!(parts.notes.len(), 7);
    }
}
