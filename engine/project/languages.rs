//! The languages of a project, by its files' names.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::LazyLock;

use serde::Deserialize;

/// How many files and folders are looked at. More would not change which language leads.
const MOST_ENTRIES: usize = 20_000;

#[derive(Debug, Default, Deserialize)]
struct Table {
    left_out: Vec<String>,
    extensions: BTreeMap<String, Vec<String>>,
}

static TABLE: LazyLock<Table> =
    LazyLock::new(|| toml::from_str(include_str!("languages.toml")).unwrap_or_default());

/// Returns the languages of the files that git does not ignore, most files first.
pub(super) fn of(root: &Path) -> Vec<String> {
    let table = &*TABLE;
    let languages: BTreeMap<&str, &str> = table
        .extensions
        .iter()
        .flat_map(|(language, ends)| ends.iter().map(|end| (end.as_str(), language.as_str())))
        .collect();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for entry in walk(root).filter_map(Result::ok).take(MOST_ENTRIES) {
        if !entry.file_type().is_some_and(|kind| kind.is_file()) {
            continue;
        }
        let end = entry.path().extension().and_then(|end| end.to_str());
        let end = end.map(str::to_ascii_lowercase).unwrap_or_default();
        if let Some(language) = languages.get(end.as_str()) {
            *counts.entry(language).or_default() += 1;
        }
    }
    let mut counts: Vec<(&str, usize)> = counts.into_iter().collect();
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    counts.into_iter().map(|(language, _)| language.to_owned()).collect()
}

/// Walks what the people of the project wrote, hidden folders left out.
fn walk(root: &Path) -> ignore::Walk {
    ignore::WalkBuilder::new(root)
        .git_global(false)
        .git_exclude(false)
        .parents(false)
        .require_git(false)
        .filter_entry(|entry| !entry.file_type().is_some_and(|kind| kind.is_dir()) || is_own(entry))
        .build()
}

fn is_own(folder: &ignore::DirEntry) -> bool {
    let name = folder.file_name().to_string_lossy();
    let left_out = TABLE.left_out.iter().any(|left_out| *left_out == name);
    folder.depth() == 0 || !(left_out || folder.path().join("pyvenv.cfg").is_file())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::tests::folder;

    #[test]
    fn the_language_with_most_files_comes_first() {
        let folder = folder(&[
            (".gitignore", "made/\n"),
            ("a.ts", ""),
            ("b.TSX", ""),
            ("c.js", ""),
            ("d.py", ""),
            ("e.json", ""),
            ("made/f.go", ""),
            ("node_modules/g/h.php", ""),
            (".hidden/i.rb", ""),
            ("my-env/pyvenv.cfg", ""),
            ("my-env/lib/j.py", ""),
            ("my-env/lib/k.py", ""),
        ]);
        assert_eq!(of(folder.path()), ["typescript", "javascript", "python"]);
    }

    #[test]
    fn a_root_whose_own_name_is_left_out_is_still_read() {
        let folder = folder(&[("build/a.rs", "")]);
        assert_eq!(of(&folder.path().join("build")), ["rust"]);
        assert!(of(folder.path()).is_empty());
    }

    #[test]
    fn every_extension_belongs_to_one_language() {
        let ends: Vec<&String> = TABLE.extensions.values().flatten().collect();
        let once: std::collections::BTreeSet<&&String> = ends.iter().collect();
        assert!(ends.len() > 40);
        assert_eq!(ends.len(), once.len());
    }
}
