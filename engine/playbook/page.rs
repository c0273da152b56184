//! Files that are no playbooks, and have a front matter or are data of their own.

use serde_json::Value;

use crate::diagnostic::Diagnostic;
use crate::playbook::node::{self, Tree};
use crate::playbook::{Prose, document};
use crate::source::{FileId, Source};

/// Takes the front matter of a markdown file that is no playbook, if it has one, from its prose.
/// It is read by the same rules as a playbook's; a fault names its line.
pub fn front_matter(text: &str) -> Result<(Option<Value>, &str), String> {
    let (tree, body) = foreign(text)?;
    Ok((tree.map(|tree| tree.json()), &text[body..]))
}

/// Reads the same, each value with its place, and tells the byte at which the prose begins.
pub fn foreign(text: &str) -> Result<(Option<Tree>, usize), String> {
    let file = FileId::default();
    let (range, body) = document::front_matter(text, file, &mut Vec::new());
    let Some(range) = range else {
        return if body == text.len() && text.contains("---") {
            Err("the front matter is never closed; close it with a line `---`".to_owned())
        } else {
            Ok((None, body))
        };
    };
    Ok((read(text, range)?, body))
}

/// Reads a file that is YAML from its first byte to its last, as JSON is too.
pub fn foreign_data(text: &str) -> Result<Option<Tree>, String> {
    let start = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    read(text, start..text.len())
}

fn read(text: &str, range: std::ops::Range<usize>) -> Result<Option<Tree>, String> {
    let mut faults: Vec<Diagnostic> = Vec::new();
    let start = range.start;
    let tree = node::read(&text[range], FileId::default(), start, &mut faults);
    if let Some(wrong) = faults.first() {
        let line = Source::new("", text).place(wrong.span.start).line;
        let help = wrong.help.as_ref().map(|help| format!("; {help}")).unwrap_or_default();
        return Err(format!("line {line}: {}{help}", wrong.message));
    }
    Ok(tree)
}

/// Reads a markdown file that is no playbook as prose, its front matter left out.
pub fn prose(text: &str, file: FileId) -> Prose {
    let (_, body) = document::front_matter(text, file, &mut Vec::new());
    document::page(text, body, file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_front_matter_of_another_page_is_read_by_the_same_rules() {
        let (data, prose) = front_matter("---\na: no\n---\nprose\n").unwrap();
        assert_eq!((data, prose), (Some(serde_json::json!({"a": "no"})), "prose\n"));
        assert_eq!(front_matter("prose\n").unwrap(), (None, "prose\n"));
        assert_eq!(front_matter("").unwrap(), (None, ""));
        assert!(front_matter("---\na: 1\n").unwrap_err().contains("never closed"));
        assert!(front_matter("---\nb: 1\na: 1\na: 2\n---\n").unwrap_err().starts_with("line 4: "));
    }

    #[test]
    fn a_whole_file_is_data_whether_yaml_or_json() {
        let json = "\u{feff}{\n\t\"a\": [1, 2.5, null],\n\t\"b\": {\"on\": true}\n}\n";
        let tree = foreign_data(json).unwrap().unwrap();
        assert_eq!(tree.json(), serde_json::json!({"a": [1, 2.5, null], "b": {"on": true}}));
        let tree = foreign_data("on: push\nb: |\n  x\n").unwrap().unwrap();
        assert_eq!(tree.get("on").and_then(|on| on.text()), Some("push"));
        assert!(foreign_data("a: &b 1\n").unwrap_err().starts_with("line 1: `&b` is an anchor"));
    }
}
