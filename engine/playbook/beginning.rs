//! What stands where a front matter should, and what it probably is.

use crate::diagnostic::Diagnostic;
use crate::source::{FileId, Span};

/// The way out of a file that says nothing of what it should be.
const BEGIN: &str =
    "begin the file with `---`, YAML, and `---`; `wizard new` writes such a beginning";

/// Says what stands where a front matter should, by what it probably is.
pub(super) fn no_front_matter(text: &str, start: usize, file: FileId) -> Diagnostic {
    let fault = |at: usize, message: &str| {
        let end = text[at..].find(['\n', '\r']).map_or(text.len(), |length| at + length);
        Diagnostic::error("no-front-matter", Span::new(file, at, end), message)
    };
    let trimmed = text[start..].trim_start();
    let at = text.len() - trimmed.len();
    let first = trimmed.lines().next().unwrap_or_default().trim_end();
    if first == "---" {
        return fault(at, "the front matter does not stand at the beginning")
            .help("remove what stands above `---`")
            .fix(Span::new(file, start, at), "");
    }
    if first.len() > 1 && first.chars().all(|letter| matches!(letter, '-' | '–' | '—')) {
        let found = fault(at, "a front matter begins with a line of exactly `---`");
        return found.guess(Span::new(file, start, at + first.len()), "---");
    }
    let fence = trimmed.match_indices("\n---").map(|(end, _)| end + 1).find(|fence| {
        let mut lines = trimmed[*fence..].lines();
        lines.next().is_some_and(|line| line.trim_end() == "---")
            && lines
                .take_while(|line| line.trim_end() != "---")
                .any(|line| line.starts_with("playbook:"))
    });
    if let Some(fence) = fence {
        return fault(at + fence, "the front matter does not stand at the beginning")
            .related(Span::new(file, at, at + first.len()), "this stands above it")
            .help("move what stands above `---` below the front matter, or remove it");
    }
    if let Some((message, help)) = something_else(text, trimmed, first) {
        return fault(at, message).help(help);
    }
    let found = fault(at, "the playbook has no front matter");
    if first.starts_with("```") && trimmed.contains("\nplaybook:") {
        return found
            .help("it stands in no code block: begin the file with `---`, YAML, and `---`");
    }
    found.help(BEGIN)
}

/// Returns what a text is, and the way out, where its beginning tells that.
fn something_else(text: &str, trimmed: &str, first: &str) -> Option<(&'static str, &'static str)> {
    if trimmed.is_empty() {
        return Some(("the file is empty", BEGIN));
    }
    if trimmed.get(..4).is_some_and(|begin| begin.contains('\0')) {
        return Some(("the file is UTF-16, or no text at all", "save it as UTF-8"));
    }
    if first.starts_with("---") && text.contains('\r') && !text.contains('\n') {
        let message = "the lines of this file end in a carriage return alone";
        return Some((message, "save it with the line ends of Unix or of Windows"));
    }
    if first == "+++" {
        let message = "this front matter is TOML, and that of a playbook is YAML";
        return Some((message, "write it as YAML between two lines `---`"));
    }
    let key = first.split_once(':').map(|(key, _)| key)?;
    let is_key = !key.is_empty() && key.chars().all(|it| it.is_ascii_lowercase() || it == '_');
    let message = "keys begin the file, and no line `---` stands above them";
    is_key.then_some((message, "put a line `---` above the first key and below the last"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_there_instead_is_said() {
        for (text, says, way_out) in [
            ("", "empty", "`wizard new`"),
            (" \n\n", "empty", "`wizard new`"),
            ("-\0-\0-\0\n\0", "UTF-16", "UTF-8"),
            ("---\rplaybook: 1\r---\r", "carriage return", "line ends"),
            ("+++\na = 1\n+++\n", "TOML", "YAML"),
            ("playbook: 1\nname: basket\n", "keys begin", "above the first key"),
            ("# Basket\n\nA shop: in a box.\n", "no front matter", "`wizard new`"),
            ("Note: read this.\n", "no front matter", "`wizard new`"),
        ] {
            let fault = no_front_matter(text, 0, FileId(0));
            assert!(fault.message.contains(says), "{text:?}: {}", fault.message);
            let help = fault.help.unwrap_or_default();
            assert!(help.contains(way_out), "{text:?}: {help}");
        }
    }
}
