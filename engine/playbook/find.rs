//! Playbooks among the files of a folder.

#![expect(clippy::disallowed_methods, reason = "this finds the playbooks that lint is asked about")]

use std::io;
use std::path::{Path, PathBuf};

use globset::{GlobBuilder, GlobMatcher};

/// The lines among which the key `playbook` is looked for.
const HEAD: usize = 40;

/// Returns the playbooks below a folder, sorted; what `.gitignore` ignores is left out.
pub fn below(folder: &Path) -> io::Result<Vec<PathBuf>> {
    std::fs::read_dir(folder)?;
    Ok(walk(folder, None))
}

/// Returns the playbooks that a glob matches, sorted; nothing where it is no glob.
pub fn matching(glob: &str) -> Option<Vec<PathBuf>> {
    let wild = glob.find(['*', '?', '[', '{'])?;
    let matcher = GlobBuilder::new(glob).literal_separator(true).build().ok()?.compile_matcher();
    let folder = glob[..wild].rfind('/').map_or(".", |end| &glob[..end.max(1)]);
    Some(walk(Path::new(folder), Some(&matcher)))
}

fn walk(folder: &Path, glob: Option<&GlobMatcher>) -> Vec<PathBuf> {
    let entries = ignore::WalkBuilder::new(folder).require_git(false).build();
    let files = entries.filter_map(Result::ok).filter(|entry| {
        let file = entry.file_type().is_some_and(|kind| kind.is_file());
        file && entry.path().extension().is_some_and(|extension| extension == "md")
    });
    let files = files.map(|entry| {
        let path = entry.into_path();
        path.strip_prefix("./").map(Path::to_owned).unwrap_or(path)
    });
    let meant = |path: &Path| {
        glob.is_none_or(|glob| glob.is_match(path) || glob.is_match(Path::new(".").join(path)))
    };
    let mut files: Vec<PathBuf> =
        files.filter(|path| meant(path)).filter(|path| is_playbook(path)).collect();
    files.sort();
    files
}

/// Whether a markdown file means to be a playbook: it has a front matter with the key `playbook`,
/// or any front matter in a folder of that name.
pub(super) fn is_playbook(path: &Path) -> bool {
    let Ok(bytes) = std::fs::read(path) else { return true };
    let text = String::from_utf8_lossy(&bytes);
    let text = text.trim_start_matches('\u{feff}').trim_start();
    let Some(rest) = text.strip_prefix("---") else { return false };
    let named = |line: &str| line.starts_with("playbook:");
    let mut head = rest.lines().skip(1).take(HEAD).take_while(|line| line.trim_end() != "---");
    let in_folder = path.parent().and_then(Path::file_name).is_some_and(|name| name == "playbooks");
    in_folder || head.any(named)
}
