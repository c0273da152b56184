//! Programs on the PATH.

use std::path::{Path, PathBuf};

/// What the names of programs may end in.
const ENDS: &[&str] = if cfg!(windows) { &["", ".exe", ".cmd", ".bat"] } else { &[""] };

/// Returns where a program is, on the PATH without the folders that lie in the project: those are
/// not what commands see.
pub(super) fn find(path: &str, root: &Path, name: &str) -> Option<PathBuf> {
    std::env::split_paths(path)
        .filter(|folder| folder.is_absolute() && !folder.starts_with(root))
        .flat_map(|folder| ENDS.iter().map(move |end| folder.join(format!("{name}{end}"))))
        .find(|file| is_program(file))
}

#[cfg(unix)]
fn is_program(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    let metadata = file.metadata();
    metadata.is_ok_and(|it| it.is_file() && it.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_program(file: &Path) -> bool {
    file.is_file()
}
