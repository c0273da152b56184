//! What is said of a name, as markdown.

use serde_json::Value;

use crate::editor::Draft;
use crate::editor::front::{Role, Trail};
use crate::editor::schema::{self, Node};
use crate::editor::symbol::{Part, Symbol};
use crate::lint::rules;
use crate::playbook::{Output, Playbook, Stage};
use crate::source::FileId;

/// The most lines of a declaration that are shown.
const MOST_LINES: usize = 20;

/// What a template reads of the project.
const FACTS: [(&str, &str); 3] = [
    ("name", "The project's name, as its manifest says it"),
    ("languages", "The languages that were found in the project, a list"),
    ("package_manager", "The package manager of the project"),
];

/// Returns the facts about the project that a template can read, with what they are.
pub(super) fn facts() -> impl Iterator<Item = (&'static str, &'static str)> {
    FACTS.into_iter()
}

/// Says what a symbol is.
pub(super) fn symbol(draft: &Draft, symbol: &Symbol) -> Option<String> {
    match symbol {
        Symbol::Key(trail) => key(trail),
        Symbol::Stage(id) => stage(draft, id),
        Symbol::Input(_)
        | Symbol::Command(_)
        | Symbol::Argument(..)
        | Symbol::Doc(_)
        | Symbol::Server(_)
        | Symbol::EnvKey(_) => declaration(draft, symbol),
        Symbol::Airplane(name) => airplane(draft, name),
        Symbol::Tool(word) => crate::tools::description(word),
        Symbol::Item(stage) => item(draft, stage),
        Symbol::Project(fact) => {
            let (_, meaning) = facts().find(|(name, _)| name == fact)?;
            Some(format!("**project.{fact}**\n\n{meaning}"))
        }
        Symbol::Field(stage, path) => field(draft, stage, path),
        Symbol::File(path) => file(draft, path),
        Symbol::Rule(name) => rule(name),
    }
}

/// Says what a key of the format is for, and what its value may be.
pub(super) fn key(trail: &Trail) -> Option<String> {
    let node = schema::of_key(crate::playbook::schema(), trail)?;
    let mut text = format!("**{}**", trail.last_key()?);
    let options = options(node);
    let kinds = node.kinds();
    if !options.is_empty() {
        text.push_str(&format!(": {options}"));
    } else if !kinds.is_empty() {
        text.push_str(&format!(": {kinds}"));
    }
    if let Some(description) = node.description() {
        text.push_str(&format!("\n\n{description}"));
    }
    Some(text)
}

/// Lists the only values of a schema.
fn options(node: Node<'_>) -> String {
    let forms = node.forms();
    let options = forms.iter().flat_map(|form| form.options());
    let options: Vec<String> = options.map(|option| format!("`{}`", plain(option))).collect();
    options.join(" or ")
}

/// Says what a stage needs, may do and leaves.
pub(super) fn stage(draft: &Draft, id: &str) -> Option<String> {
    if !draft.order.has(id) {
        return None;
    }
    let list = |words: &[String]| words.join(", ");
    let quoted = |words: &[&str]| words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>();
    let title = title(draft, id).map(|title| format!(" {title}")).unwrap_or_default();
    let mut lines = vec![format!("**stage {id}**{title}")];
    let needs = draft.order.needs(id);
    lines.push(if needs.is_empty() {
        "needs no stage".to_owned()
    } else {
        format!("needs {}", list(&quoted(&needs)))
    });
    let own = draft.values("stages/*/tools/[]");
    let own = own.filter(|piece| piece.trail.stage() == Some(id));
    let tools = draft.values("tools/[]").chain(own);
    let tools: Vec<&str> = tools.map(|piece| piece.word.as_str()).collect();
    if let Some(command) = draft.of_stage(id, "run") {
        lines.push(format!("runs `{}`", command.word));
    } else if !tools.is_empty() {
        lines.push(format!("tools {}", list(&quoted(&tools))));
    }
    if let Some(stage) = draft.playbook.stage(id) {
        if let Some(writes) = writes(stage) {
            lines.push(writes);
        }
        lines.push(leaves(stage));
    }
    Some(lines.join("\n\n"))
}

/// Returns the title of a stage: what its entry says, or its heading.
pub(super) fn title<'a>(draft: &'a Draft, id: &str) -> Option<&'a str> {
    if let Some(title) = draft.of_stage(id, "title") {
        return Some(&title.word);
    }
    let section = draft.document().sections.iter().find(|section| section.id.value == id)?;
    section.title.as_ref().map(|title| title.value.as_str())
}

fn writes(stage: &Stage) -> Option<String> {
    let globs: Vec<String> = stage.writes.iter().map(|glob| format!("`{}`", glob.value)).collect();
    (!globs.is_empty()).then(|| format!("may change {}", globs.join(", ")))
}

/// Says what a stage leaves, field by field.
fn leaves(stage: &Stage) -> String {
    if matches!(stage.output, Output::Markdown) && stage.for_each.is_none() {
        return "leaves a document for the person".to_owned();
    }
    let whole = stage.output_schema();
    let mut text = match stage.for_each {
        Some(_) => "leaves a list, for each item".to_owned(),
        None => "leaves".to_owned(),
    };
    let fields = if stage.for_each.is_some() {
        let path = ["[]", "output"].map(str::to_owned);
        Node::new(&whole).path(&path).into_iter().flat_map(Node::properties).collect()
    } else {
        Node::new(&whole).properties()
    };
    for (name, node) in fields {
        text.push_str(&format!("\n- `{name}`{}", about(node)));
    }
    text
}

/// Returns what a field is: its kind and what the schema says of it.
pub(super) fn about(node: Node<'_>) -> String {
    let options = options(node);
    let kinds = if options.is_empty() { node.kinds() } else { options };
    let kinds = if kinds.is_empty() { String::new() } else { format!(", {kinds}") };
    match node.description() {
        Some(description) => format!("{kinds}: {description}"),
        None => kinds,
    }
}

/// Returns what a stage's output has at a path, by the schema of what it leaves.
pub(super) fn output<R>(
    playbook: &Playbook,
    stage: &str,
    path: &[String],
    with: impl FnOnce(Vec<Node<'_>>) -> R,
) -> Option<R> {
    let whole = playbook.stage(stage)?.output_schema();
    Some(with(Node::new(&whole).path(path)))
}

fn field(draft: &Draft, stage: &str, path: &[String]) -> Option<String> {
    let name = path.last().map_or("output", String::as_str);
    output(&draft.playbook, stage, path, |nodes| {
        let node = *nodes.first()?;
        let mut text = format!("**{name}** of what `{stage}` leaves{}", about(node));
        for (name, node) in nodes.into_iter().flat_map(Node::properties) {
            text.push_str(&format!("\n- `{name}`{}", about(node)));
        }
        Some(text)
    })?
}

fn item(draft: &Draft, stage: &str) -> Option<String> {
    let name = crate::editor::symbol::item_name(draft, stage)?;
    let mut text = format!("**{name}**, the item of the stage `{stage}`");
    if let Some((producer, path)) = crate::editor::symbol::items(draft, stage) {
        let listed = output(&draft.playbook, &producer, &path, |nodes| {
            let fields = nodes.into_iter().flat_map(Node::properties);
            fields.map(|(name, node)| format!("\n- `{name}`{}", about(node))).collect::<String>()
        });
        text.push_str(&format!(", from `{producer}`{}", listed.unwrap_or_default()));
    }
    Some(text)
}

/// Shows a declaration as it stands in the front matter.
fn declaration(draft: &Draft, symbol: &Symbol) -> Option<String> {
    let found = draft.found.iter().find(|found| {
        found.part == Part::Declaration && found.symbol == *symbol && found.span.file == FileId(0)
    })?;
    let at = found.span.start as usize;
    let piece = draft
        .pieces
        .iter()
        .find(|piece| piece.role == Role::Key && piece.span.start <= at && at < piece.span.end)?;
    let text = draft.text().get(piece.entry.clone())?;
    let shown: Vec<&str> = text.lines().take(MOST_LINES).collect();
    let description = draft.value(&piece.trail.key(&piece.word).key("description"));
    let description = description.map(|it| format!("{}\n\n", it.word)).unwrap_or_default();
    Some(format!("{description}```yaml\n{}\n```", shown.join("\n")))
}

fn airplane(draft: &Draft, name: &str) -> Option<String> {
    if !draft.bundle.airplanes.iter().any(|known| known == name) {
        return None;
    }
    let mut text = format!("**airplane {name}**");
    let page = crate::editor::definition::airplane_page(draft, name);
    let page = page.and_then(|file| draft.source(file));
    let read = page.and_then(|page| crate::playbook::front_matter(&page.text).ok());
    if let Some((Some(front), _)) = read {
        if let Some(description) = front["description"].as_str() {
            text.push_str(&format!("\n\n{description}"));
        }
        for key in ["framework", "version", "languages"] {
            if !front[key].is_null() {
                text.push_str(&format!("\n- {key}: {}", plain(&front[key])));
            }
        }
    }
    Some(text)
}

fn file(draft: &Draft, path: &str) -> Option<String> {
    let shown = match draft.bundle.named.get(path)? {
        Err(reason) => format!("`{path}`: {reason}"),
        Ok(file) => {
            let source = draft.source(*file)?;
            let lines = source.text.lines().take(MOST_LINES).collect::<Vec<_>>().join("\n");
            let data = serde_json::from_str::<Value>(&source.text).is_ok();
            let language = if data { "json" } else { "markdown" };
            format!("`{path}`\n\n````{language}\n{lines}\n````")
        }
    };
    Some(shown)
}

/// Returns the beginning of a rule's page: what is wrong, and why it matters.
pub(super) fn rule(name: &str) -> Option<String> {
    let page = rules::find(name)?.page;
    let beginning = page.split("\n```").next().unwrap_or_default();
    let beginning = beginning.trim_end().trim_start_matches("# ");
    let (title, rest) = beginning.split_once('\n').unwrap_or((beginning, ""));
    Some(format!("**{title}**\n{rest}\n\n`wizard explain {name}` shows the whole page"))
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}
