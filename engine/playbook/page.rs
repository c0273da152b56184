//! Markdown that is no playbook and has a front matter of its own, as the page of an airplane has.

use serde_json::Value;

use crate::playbook::{document, node};
use crate::source::{FileId, Source};

/// Takes the front matter of a markdown file that is no playbook, if it has one, from its prose.
/// It is read by the same rules as a playbook's; a fault names its line.
pub fn front_matter(text: &str) -> Result<(Option<Value>, &str), String> {
    let file = FileId::default();
    let (range, body) = document::front_matter(text, file, &mut Vec::new());
    let Some(range) = range else {
        return if body == text.len() && text.contains("---") {
            Err("the front matter is never closed; close it with a line `---`".to_owned())
        } else {
            Ok((None, &text[body..]))
        };
    };
    let fault = |message: &str, at: u32| {
        let line = Source::new("", text).place(at).line;
        format!("line {line}: {message}")
    };
    let mut faults = Vec::new();
    let tree = node::read(&text[range.clone()], file, range.start, &mut faults);
    if let Some(wrong) = faults.first() {
        return Err(fault(&wrong.message, wrong.span.start));
    }
    let Some(tree) = tree else { return Ok((None, &text[body..])) };
    let value = serde::Deserialize::deserialize(node::Reader::Tree(&tree))
        .map_err(|wrong| fault(&wrong.to_string(), tree.span.start))?;
    Ok((Some(value), &text[body..]))
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
}
