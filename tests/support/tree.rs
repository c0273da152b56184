//! A folder as a map from path to bytes, and how two of them differ.

use std::collections::BTreeMap;
use std::path::Path;

/// The files of a folder, by their path in it with forward slashes.
pub(crate) type Tree = BTreeMap<String, Vec<u8>>;

/// Folders that are nobody's work.
const SKIPPED: [&str; 5] = [".git", "node_modules", ".venv", "__pycache__", ".pytest_cache"];

/// Reads a folder. One that does not exist is empty.
pub(crate) fn read(folder: &Path) -> Tree {
    let mut tree = Tree::new();
    collect(folder, "", &mut tree);
    tree
}

fn collect(folder: &Path, inside: &str, tree: &mut Tree) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.map(Result::unwrap) {
        let name = entry.file_name().into_string().unwrap();
        let path = format!("{inside}{name}");
        if entry.file_type().unwrap().is_dir() {
            if !SKIPPED.contains(&name.as_str()) {
                collect(&entry.path(), &format!("{path}/"), tree);
            }
        } else {
            tree.insert(path, std::fs::read(entry.path()).unwrap());
        }
    }
}

/// Writes a tree's files into a folder.
pub(crate) fn write(tree: &Tree, folder: &Path) {
    for (path, bytes) in tree {
        let file = folder.join(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, bytes).unwrap();
    }
}

/// Says how a tree became another, as a unified diff of each file that differs.
pub(crate) fn difference(before: &Tree, after: &Tree) -> String {
    let mut text = String::new();
    let paths: std::collections::BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    for path in paths {
        let (old, new) = (before.get(path), after.get(path));
        if old == new {
            continue;
        }
        let name = |side: &str, bytes: Option<&Vec<u8>>| match bytes {
            Some(_) => format!("{side}/{path}"),
            None => "/dev/null".to_owned(),
        };
        let (from, to) = (name("a", old), name("b", new));
        let words = |bytes: Option<&Vec<u8>>| match bytes {
            Some(bytes) => String::from_utf8(bytes.clone()).ok(),
            None => Some(String::new()),
        };
        match (words(old), words(new)) {
            (Some(old), Some(new)) if old == new => {
                text.push_str(&format!("{from} -> {to}, empty\n"));
            }
            (Some(old), Some(new)) => {
                let lines = similar::TextDiff::from_lines(&old, &new);
                text.push_str(&lines.unified_diff().header(&from, &to).to_string());
            }
            _ => text.push_str(&format!("{from} and {to} are not text, and differ\n")),
        }
    }
    text
}
