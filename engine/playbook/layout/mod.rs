//! The canonical form of a playbook: its front matter with the format's order of keys and even
//! spacing, and everything else as it was.

mod flow;
mod order;
mod print;
mod proof;
mod scalar;
mod scan;
#[cfg(test)]
mod tests;
mod written;

use serde_json::{Value, json};

use crate::diagnostic::Diagnostic;
use crate::playbook::node::{self, Node, Tree};
use crate::playbook::{document, shape};
use crate::source::{FileId, Source, Span};
use scan::{Cause, Stop};

/// What became of a playbook that was to be laid out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Layout {
    /// Its text in canonical form, which may be the text that it has.
    Canonical(String),
    /// What is wrong with it, so that it has no canonical form.
    Faulty(Vec<Diagnostic>),
    /// Its canonical form would say something else than the playbook does at this place. That is
    /// a fault of the engine's, and no text is given.
    Unproven(Span),
}

const BYTE_ORDER_MARK: char = '\u{feff}';

/// Puts a playbook into canonical form.
///
/// **Invariant:** the text that it gives has the same values and comments, and the same bytes
/// below the front matter. Whether that is so is looked at each time.
pub fn lay_out(source: &Source) -> Layout {
    let text = &source.text;
    let mut faults = Vec::new();
    let Some((tree, yaml, body)) = read(text, &mut faults) else { return Layout::Faulty(faults) };
    let fence = Span::new(FileId::default(), 0, yaml.start);
    let closing = text[yaml.end..body].trim_end();
    let end = if text[..yaml.start].ends_with("\r\n") { "\r\n" } else { "\n" };
    // The parser takes a byte order mark here for nothing.
    let lines = &text[yaml.clone()];
    let lines = lines.strip_prefix(BYTE_ORDER_MARK).unwrap_or(lines);
    let start = yaml.end - lines.len();
    let lines = lines.replace("\r\n", "\n").replace('\r', "\n");
    let schema = crate::playbook::schema();
    let mut written = match scan::scan(&lines) {
        Ok(written) => written,
        Err(stop) => return stopped(&stop, &lines, text, start),
    };
    order::arrange(&mut written, schema);
    let front_matter = print::print(&written).replace('\n', end);
    let canonical = format!("---{end}{front_matter}{closing}{end}{}", &text[body..]);

    let Some((new, inside, after)) = read(&canonical, &mut faults) else {
        return Layout::Unproven(fence);
    };
    if let Some(place) = proof::changed(&tree, &new, schema) {
        return Layout::Unproven(place);
    }
    let same = proof::same_characters(&lines, &canonical[inside]);
    if same && text[body..] == canonical[after..] {
        Layout::Canonical(canonical)
    } else {
        Layout::Unproven(fence)
    }
}

/// Reads the front matter of a playbook, with the bytes of its YAML and the first of its prose.
fn read(text: &str, faults: &mut Vec<Diagnostic>) -> Option<(Tree, std::ops::Range<usize>, usize)> {
    let file = FileId::default();
    let (range, body) = document::front_matter(text, file, faults);
    let range = range?;
    let tree = node::read(&text[range.clone()], file, range.start, faults)?;
    let fence = text[..range.start].rfind("---").unwrap_or_default();
    let mut version = Tree::new(tree.value.clone(), Span::new(file, fence, fence + "---".len()));
    if let Node::Map(entries) = &mut version.value {
        entries.retain(|(key, _)| key.value == "playbook");
    }
    let source = Source::new("", text);
    shape::hold(&mut version, &source, &version_alone(), faults, &mut Vec::new());
    faults.is_empty().then_some((tree, range, body))
}

/// What makes a file a playbook of this format, whatever else is wrong with it.
fn version_alone() -> Value {
    let version = &crate::playbook::schema()["properties"]["playbook"];
    json!({ "type": "object", "required": ["playbook"], "properties": { "playbook": version } })
}

/// Says why a front matter that can be read cannot be laid out. `lines` is its YAML from byte
/// `start` on, with line ends of one kind.
fn stopped(stop: &Stop, lines: &str, text: &str, start: usize) -> Layout {
    let bytes = text.as_bytes();
    let at = lines[..stop.at].bytes().fold(start, |at, _| {
        let is_pair = bytes.get(at..).is_some_and(|rest| rest.starts_with(b"\r\n"));
        at + 1 + usize::from(is_pair)
    });
    let place = Span::new(FileId::default(), at, (at + 1).min(text.len()));
    match stop.cause {
        Cause::Lost => Layout::Unproven(place),
        Cause::Marked => {
            let message = "a key marked with `?` cannot be formatted";
            let fault = Diagnostic::error("bad-yaml", place, message);
            Layout::Faulty(vec![fault.help("write it as `key: value`")])
        }
    }
}
