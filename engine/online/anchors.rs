//! What may stand behind `#` in the address of a page.

use std::sync::LazyLock;

use regex::Regex;

use crate::reference::{Page, headings};

/// The most anchors that are kept of one page.
const MAX_ANCHORS: usize = 5_000;

/// Names in elements, in markdown too.
static NAMED: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r#"(?i)<[a-z][^<>]*?\s(?:id|name)\s*=\s*(?:"([^"<>]+)"|'([^'<>]+)'|([^\s"'<>]+))"#)
        .ok()
});

/// Names behind headings of markdown: `{#name}`.
static ATTRIBUTE: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?m)^#{1,6}\s.*\{#([^}\s]+)").ok());

/// Returns the anchors of a page, which is `text` as markdown.
pub(super) fn of(page: &Page, text: &str) -> Vec<String> {
    let mut anchors: Vec<String> =
        headings(text).iter().map(|heading| slug(&heading.words)).collect();
    for pattern in [&NAMED, &ATTRIBUTE] {
        let Some(pattern) = pattern.as_ref() else { continue };
        let found = pattern.captures_iter(&page.body);
        let names = found.filter_map(|found| found.iter().skip(1).flatten().next());
        anchors.extend(names.map(|name| name.as_str().to_owned()));
    }
    anchors.retain(|anchor| !anchor.is_empty());
    anchors.sort_unstable();
    anchors.dedup();
    anchors.truncate(MAX_ANCHORS);
    anchors
}

/// Makes of a heading what most hosts make of it: lower case, hyphens for spaces, no other marks.
fn slug(words: &str) -> String {
    let kept = |letter: char| letter.is_alphanumeric() || matches!(letter, ' ' | '-' | '_');
    let words = words.to_lowercase();
    words
        .chars()
        .filter(|letter| kept(*letter))
        .map(|letter| if letter == ' ' { '-' } else { letter })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(media_type: &str, body: &str) -> Page {
        Page {
            url: "https://a.example/b".to_owned(),
            media_type: media_type.to_owned(),
            etag: None,
            last_modified: None,
            body: body.to_owned(),
            twin_of: None,
            confirmed_at: 0,
        }
    }

    #[test]
    fn headings_and_names_are_anchors() {
        let text = "# Set up\n\n## `init()` & _options_\n\n### Own {#mine}\n\n<a name=\"old\"></a>\n\n```html\n# no heading\n```\n";
        let found = of(&page("text/markdown", text), text);
        assert_eq!(found, ["init--_options_", "mine", "old", "own", "set-up"]);
    }

    #[test]
    fn a_web_page_has_the_names_of_its_elements() {
        let html = "<h1 class='a' id='set-up'>Set up</h1><section id=more><a name=\"x\">";
        let found = of(&page("text/html", html), "# Set up");
        assert_eq!(found, ["more", "set-up", "x"]);
    }
}
