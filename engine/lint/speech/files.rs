//! Names of files in prose.

use std::collections::HashSet;
use std::sync::LazyLock;

use crate::lint::speech::list;

/// Endings of files.
static ENDINGS: LazyLock<HashSet<&'static str>> =
    LazyLock::new(|| list(include_str!("extensions.txt")).into_iter().collect());

/// Files that have no ending, by their names.
const BARE: [&str; 10] = [
    "Dockerfile",
    "Gemfile",
    "Justfile",
    "LICENSE",
    "Makefile",
    "Pipfile",
    "Procfile",
    "Rakefile",
    "justfile",
    "CODEOWNERS",
];

/// Whether a word names a file: its last part has an ending, or is a name that needs none.
pub(in crate::lint) fn is_file(word: &str) -> bool {
    let fits = |letter: char| letter.is_alphanumeric() || "./_-@[]+".contains(letter);
    if word.contains("//") || word.ends_with('/') || !word.chars().all(fits) {
        return false;
    }
    let name = name(word);
    match name.rsplit_once('.') {
        Some(("", hidden)) => !hidden.is_empty(),
        Some((stem, ending)) => {
            ENDINGS.contains(ending)
                || (stem.starts_with('.') && !stem[1..].is_empty() && !ending.is_empty())
        }
        None => BARE.contains(&name),
    }
}

/// Returns the last part of a path.
pub(in crate::lint) fn name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// Returns the ending of a file's name, without its dot.
pub(in crate::lint) fn ending(path: &str) -> Option<&str> {
    let (stem, ending) = name(path).rsplit_once('.')?;
    (!stem.is_empty() && !ending.is_empty()).then_some(ending)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_told_from_a_method_a_version_and_an_address() {
        for file in [
            "a.md",
            "src/app.tsx",
            ".env",
            ".env.local",
            "app/[id]/page.tsx",
            "Makefile",
            "a-b.test.ts",
        ] {
            assert!(is_file(file), "{file}");
        }
        for other in [
            "basket.add",
            "1.2.3",
            "https://a.de/b.md",
            "src/",
            "a b.md",
            "/ingest",
            "and/or",
            "*.md",
        ] {
            assert!(!is_file(other), "{other}");
        }
    }
}
