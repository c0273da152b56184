//! What the tests share.

pub(crate) mod hosts;
pub(crate) mod http;
pub(crate) mod numbers;
pub(crate) mod page;
pub(crate) mod speech;
pub(crate) mod tools;
pub(crate) mod tree;

use std::path::{Path, PathBuf};

/// Returns the root of the repository.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Whether expectations are written instead of compared.
pub(crate) fn bless() -> bool {
    std::env::var_os("BLESS").is_some_and(|value| value != "0")
}

/// Whether tests that are long are played in full, and not the share that the suite plays.
pub(crate) fn full() -> bool {
    std::env::var_os("FULL").is_some_and(|value| value != "0")
}

/// Returns every file below a folder of the repository with this extension, sorted, but for those
/// that git ignores. A folder that does not exist has none.
pub(crate) fn files(folder: &str, extension: &str) -> Vec<PathBuf> {
    let walk =
        ignore::WalkBuilder::new(root().join(folder)).hidden(false).require_git(false).build();
    let mut files: Vec<PathBuf> = walk
        .filter_map(Result::ok)
        .filter(|entry| entry.file_type().is_some_and(|kind| kind.is_file()))
        .map(ignore::DirEntry::into_path)
        .filter(|file| file.extension().is_some_and(|found| found == extension))
        .filter(|file| !file.components().any(|part| part.as_os_str() == ".git"))
        .collect();
    files.sort();
    files
}

/// Returns a path as it stands in the repository, with forward slashes.
pub(crate) fn shown(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).to_str().unwrap().replace('\\', "/")
}

/// Returns how one text differs from another, as a unified diff, or nothing.
pub(crate) fn difference(name: &str, expected: &str, actual: &str) -> Option<String> {
    if expected == actual {
        return None;
    }
    let difference = similar::TextDiff::from_lines(expected, actual);
    let header = (format!("{name} (as it stands)"), format!("{name} (as it comes out)"));
    Some(difference.unified_diff().header(&header.0, &header.1).to_string())
}

/// Holds a generated file against what generates it, or writes it with `BLESS=1`.
pub(crate) fn generated(path: &str, text: &str) {
    let file = root().join(path);
    if bless() {
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, text).unwrap();
        return;
    }
    let stands = std::fs::read_to_string(&file).unwrap_or_default();
    if let Some(difference) = difference(path, &stands, text) {
        panic!("`{path}` is stale; `BLESS=1 cargo test` writes it\n{difference}");
    }
}

/// Makes what may be sent of what holds no secret.
pub(crate) fn clean<T: wizard::redact::Texts>(value: T) -> wizard::redact::Clean<T> {
    wizard::redact::Redactor::default().clean_all(value)
}
