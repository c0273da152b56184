//! Whether git ignores a file, by all the rules that git has for it.

use std::path::{Path, PathBuf};

use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder, gitconfig_excludes_path};

use crate::project::files::text;
use crate::project::git::Repository;
use crate::project::git::index::Index;

/// What git makes of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tracking {
    /// It ignores it: no commit takes it by accident.
    Ignored,
    /// The next commit would have it if somebody added it.
    Open,
    /// Commits have it already, whatever the rules say.
    Tracked,
}

/// Says what git makes of a file, which need not exist: by the `.gitignore` files from the top of
/// the work tree down, `info/exclude`, and the person's own list. `path` is relative to `root`.
/// Where there is no repository, the `.gitignore` files below the root decide.
pub fn tracking(root: &Path, path: &str) -> Tracking {
    let repository = Repository::of(root);
    let top = repository.as_ref().map_or(root, |repository| &repository.top);
    let Ok(below) = root.strip_prefix(top) else { return Tracking::Open };
    let path = below.join(path);
    if let Some(repository) = &repository {
        let index = Index::read(&repository.own.join("index"));
        let name = path.to_string_lossy().replace('\\', "/");
        if index.is_ok_and(|index| index.entries.iter().any(|entry| entry.name() == name)) {
            return Tracking::Tracked;
        }
    }
    if is_ignored(top, repository.as_ref(), &path) { Tracking::Ignored } else { Tracking::Open }
}

/// A folder that is ignored hides what is in it, and nothing in it is taken out again.
fn is_ignored(top: &Path, repository: Option<&Repository>, path: &Path) -> bool {
    let mut rules = repository.map(|repository| general(top, repository)).unwrap_or_default();
    let mut folder = top.to_owned();
    let mut parts = path.components().peekable();
    while let Some(part) = parts.next() {
        let file = folder.join(".gitignore");
        if file.is_file() {
            rules.push(Gitignore::new(file).0);
        }
        folder.push(part);
        let is_folder = parts.peek().is_some();
        // The last list that says anything decides.
        let verdict =
            rules.iter().rev().find_map(|rules| match rules.matched(&folder, is_folder) {
                Match::None => None,
                Match::Ignore(_) => Some(true),
                Match::Whitelist(_) => Some(false),
            });
        if verdict == Some(true) {
            return true;
        }
    }
    false
}

/// The rules that are not in the tree, the weakest first.
fn general(top: &Path, repository: &Repository) -> Vec<Gitignore> {
    let own = excludes_file(repository).or_else(gitconfig_excludes_path);
    let lists = [own, Some(repository.common.join("info/exclude"))];
    let lists = lists.into_iter().flatten().filter(|list| list.is_file());
    let rules = lists.filter_map(|list| {
        let mut builder = GitignoreBuilder::new(top);
        builder.add(list);
        builder.build().ok()
    });
    rules.collect()
}

/// The list that the repository's own configuration names.
fn excludes_file(repository: &Repository) -> Option<PathBuf> {
    let config = text(&repository.common.join("config"))?;
    let mut lines = config.lines().filter_map(|line| line.split_once('='));
    let named = lines.find(|(key, _)| key.trim().eq_ignore_ascii_case("excludesfile"));
    let path = named.map(|(_, path)| path.trim().trim_matches('"'))?;
    path.starts_with('/').then(|| PathBuf::from(path))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::tests::folder;

    /// Files of a work tree whose rules are not simple.
    const FILES: [(&str, &str); 8] = [
        (".gitignore", "*.local\n!keep.local\nbuilt/\n/only-here\n# x\n\\#odd\nd*/**/z\n.env*\n"),
        ("a/.gitignore", "!x.local\n.env\n!.env.shared\n"),
        ("a/b/.gitignore", "*\n!.gitignore\n"),
        ("built/.gitignore", "!.env\n"),
        ("c/.gitignore", ".env\r\n"),
        (".git/HEAD", "ref: refs/heads/main\n"),
        (".git/info/exclude", "excluded\n"),
        ("tracked.local", "x"),
    ];

    const PATHS: [&str; 20] = [
        ".env.local",
        "keep.local",
        "a/keep.local",
        "a/x.local",
        "x.local",
        "a/b/x.local",
        "a/b/.gitignore",
        "built/.env",
        "only-here",
        "a/only-here",
        "c/.env",
        "excluded",
        "a/excluded",
        "#odd",
        "dd/e/f/z",
        "dd/z",
        "a/.env",
        "a/.env.shared",
        ".env",
        "e/.env",
    ];

    #[expect(clippy::disallowed_methods, reason = "git itself says what git ignores")]
    #[tokio::test]
    async fn git_says_the_same() {
        let folder = folder(&FILES);
        let root = folder.path().canonicalize().unwrap();
        let git = |words: Vec<String>| {
            let mut command = tokio::process::Command::new("git");
            command.current_dir(&root).args(words).env("GIT_CONFIG_GLOBAL", "/dev/null");
            async move { command.output().await }
        };
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        if git(words(&["init", "-q"])).await.is_err() {
            return;
        }
        git(words(&["add", "-f", "tracked.local"])).await.unwrap();
        for path in PATHS {
            let said = git(words(&["check-ignore", "-q", "--no-index", path])).await.unwrap();
            let expected = if said.status.success() { Tracking::Ignored } else { Tracking::Open };
            assert_eq!(tracking(&root, path), expected, "{path}");
        }
        assert_eq!(tracking(&root, "tracked.local"), Tracking::Tracked);
        assert_eq!(tracking(&root.join("a"), "x.local"), Tracking::Open);
        assert_eq!(tracking(&root.join("c"), "y.local"), Tracking::Ignored);
    }

    #[test]
    fn without_a_repository_the_lists_in_the_tree_decide() {
        let folder = folder(&[(".gitignore", ".env\n")]);
        assert_eq!(tracking(folder.path(), ".env"), Tracking::Ignored);
        assert_eq!(tracking(folder.path(), "a/.env"), Tracking::Ignored);
        assert_eq!(tracking(folder.path(), ".env.local"), Tracking::Open);
    }
}
