//! The files beside a skill: what a model may look up is taken along, the rest is named.

use std::collections::BTreeMap;

use serde_json::json;

use crate::import::draft::Parts;
use crate::import::reasons::of;
use crate::import::{Original, skill};

/// The ends of files that are read as prose.
const PROSE: [&str; 5] = [".md", ".mdx", ".markdown", ".txt", ".rst"];

/// The ends of files that are run.
const SCRIPTS: [&str; 10] =
    [".py", ".sh", ".js", ".mjs", ".cjs", ".ts", ".rb", ".pl", ".ps1", ".bat"];

/// Folders in which a file that could be run is shown.
const SHOWN: [&str; 2] = ["assets", "templates"];

/// The most files that are taken along.
const MOST: usize = 60;

/// Why a kind of file is left out.
const LEFT: &str = include_str!("files.txt");

/// What the model is told of the names of references.
const REFERENCES: &str = include_str!("references.md");

/// Copies prose into the library as docs, and says what stays. Returns what the preamble has to
/// say, so that the paths which the prose names are found.
pub(super) fn take(parts: &mut Parts, original: &Original<'_>) -> String {
    let mut taken = Vec::new();
    let mut left: BTreeMap<(&str, String), Vec<String>> = BTreeMap::new();
    let folder = original.path.rsplit_once('/').map_or("", |(folder, _)| folder);
    for path in original.beside.list() {
        let inside = path.strip_prefix(folder).unwrap_or(&path).trim_start_matches('/').to_owned();
        if inside == skill::FILE || inside.split('/').any(|part| part.starts_with('.')) {
            continue;
        }
        let kind = match kind(&inside) {
            None if taken.len() < MOST => match original.beside.read(&path) {
                Ok(text) => {
                    taken.push((doc(parts, &inside, &text), inside));
                    continue;
                }
                Err(why) => {
                    parts.leave_file(&inside, "a page", &why);
                    continue;
                }
            },
            None => "page",
            Some(kind) => kind,
        };
        let top = inside.split_once('/').map_or(inside.as_str(), |(top, _)| top).to_owned();
        left.entry((kind, top)).or_default().push(inside);
    }
    for ((kind, top), paths) in left {
        let why = of(LEFT, kind).unwrap_or_default();
        match &paths[..] {
            [path] => parts.leave_file(path, &format!("a {kind}"), why),
            _ => parts.leave_file(&format!("{top}/"), &format!("{} {kind}s", paths.len()), why),
        }
    }
    index(parts, &taken)
}

/// Returns the kind of a file that stays, or nothing for prose.
fn kind(path: &str) -> Option<&'static str> {
    let lower = path.to_lowercase();
    let top = lower.split_once('/').map_or("", |(top, _)| top);
    let ends = |ends: &[&str]| ends.iter().any(|end| lower.ends_with(end));
    if top == "scripts" || (!SHOWN.contains(&top) && ends(&SCRIPTS)) {
        return Some("script");
    }
    if lower.starts_with("license") || lower.starts_with("notice") {
        return Some("licence");
    }
    (!ends(&PROSE)).then_some("file")
}

/// Copies one file into the library, and returns the doc's name.
fn doc(parts: &mut Parts, inside: &str, text: &str) -> String {
    let stem = inside.rsplit('/').next().unwrap_or(inside);
    let stem = stem.rsplit_once('.').map_or(stem, |(stem, _)| stem);
    let name = parts.doc_names.give(stem, "doc");
    let path = format!("docs/{}/{inside}", parts.name);
    parts.docs.insert(name.clone(), json!({ "file": path }));
    parts.files.push((format!("playbooks/{path}"), text.to_owned()));
    name
}

/// Says which reference is which file, for those that the prose speaks of.
fn index(parts: &Parts, taken: &[(String, String)]) -> String {
    let spoken = |path: &str| parts.text().contains(path.rsplit('/').next().unwrap_or(path));
    let lines = taken.iter().filter(|(_, path)| spoken(path));
    let lines: String = lines.map(|(name, path)| format!("- `{path}` is `{name}`\n")).collect();
    if lines.is_empty() { String::new() } else { format!("{REFERENCES}{lines}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_run_or_shown_is_no_prose() {
        for (path, wanted) in [
            ("references/a.md", None),
            ("NOTES.TXT", None),
            ("scripts/README.md", Some("script")),
            ("lib/a.py", Some("script")),
            ("assets/a.js", Some("file")),
            ("LICENSE.txt", Some("licence")),
            ("data/a.json", Some("file")),
        ] {
            assert_eq!(kind(path), wanted, "{path}");
        }
    }
}
