//! Whether a git work tree is clean, read from git's own files: nothing is run.
//!
//! What is compared is what `git status` compares: the index with the last commit, the files with
//! the index, and what is there with what is tracked. Where a repository uses something that is not
//! read here, the answer is that it cannot be told.

mod ignored;
mod index;
mod object;

use std::collections::HashSet;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use sha1::{Digest as _, Sha1};

use crate::project::Verdict;
use crate::project::files::{MOST_BYTES, text};
use crate::project::git::index::{Entry, Index};
use crate::project::git::object::{Id, Objects};

pub use ignored::{Tracking, tracking};

/// How many files and folders are looked at for ones that are not tracked.
const MOST_ENTRIES: usize = 200_000;

/// How far names lead from one to another before it is a circle.
const DEEPEST: usize = 8;

/// Says whether the work tree that a folder lies in has nothing uncommitted.
pub(super) fn is_clean(root: &Path) -> Verdict {
    let Some(repository) = Repository::of(root) else {
        return Verdict::Unmet("the project is not in a git repository".to_owned());
    };
    match repository.change() {
        Ok(None) => Verdict::Met("nothing is uncommitted".to_owned()),
        Ok(Some(change)) => Verdict::Unmet(change),
        Err(why) => Verdict::Unknown(format!("{why}; see what `git status` says")),
    }
}

struct Repository {
    /// The folder that holds `.git`.
    top: PathBuf,
    /// What belongs to this work tree: `HEAD`, the index.
    own: PathBuf,
    /// What its work trees share: objects, branches.
    common: PathBuf,
}

impl Repository {
    fn of(root: &Path) -> Option<Self> {
        let top = root.ancestors().find(|folder| folder.join(".git").exists())?.to_owned();
        let mut own = top.join(".git");
        if own.is_file() {
            let text = text(&own)?;
            own = top.join(text.strip_prefix("gitdir:")?.trim());
        }
        let common = text(&own.join("commondir")).map(|path| own.join(path.trim()));
        let common = common.unwrap_or_else(|| own.clone());
        Some(Repository { top, own, common })
    }

    /// Returns the first uncommitted change in words, or nothing, or why it cannot be told.
    fn change(&self) -> Result<Option<String>, String> {
        let config = text(&self.common.join("config")).unwrap_or_default().to_lowercase();
        let says = |key: &str, value: &str| {
            config
                .lines()
                .filter_map(|line| line.split_once('='))
                .any(|(found, is)| found.trim() == key && is.trim() == value)
        };
        if says("objectformat", "sha256") || says("refstorage", "reftable") {
            return Err("the repository is of a kind that is not read here".to_owned());
        }
        let index = Index::read(&self.own.join("index"))?;
        if let Some(change) = self.changed_file(&index, !says("filemode", "false"))? {
            return Ok(Some(change));
        }
        let staged = "something is staged and not committed";
        match self.head()? {
            None if index.entries.is_empty() => {}
            None => return Ok(Some(staged.to_owned())),
            Some(head) => {
                let tree = Objects::of(&self.common).tree_of(&head)?;
                if tree != index.tree() {
                    return Ok(Some(staged.to_owned()));
                }
            }
        }
        self.untracked(&index)
    }

    /// Compares files with the index: by size and time, and where those differ by content.
    fn changed_file(&self, index: &Index, modes: bool) -> Result<Option<String>, String> {
        let mut filtered = None;
        for entry in &index.entries {
            let name = entry.name();
            if entry.conflict {
                return Ok(Some(format!("`{name}` is in conflict")));
            }
            if entry.promised {
                return Ok(Some(format!("`{name}` is to be added")));
            }
            let path = self.top.join(&name);
            if entry.is_module() {
                if path.join(".git").exists() {
                    return Err(format!("`{name}` is a repository of its own"));
                }
                continue;
            }
            if entry.skipped {
                continue;
            }
            let Ok(metadata) = path.symlink_metadata() else {
                return Ok(Some(format!("`{name}` is deleted")));
            };
            if !entry.is_kind_of(&metadata, modes) {
                return Ok(Some(format!("`{name}` is changed")));
            }
            if index.trusts(entry, &metadata) || is_same(entry, &path)? {
                continue;
            }
            let filtered = *filtered.get_or_insert_with(|| self.has_filters(index));
            if filtered {
                return Err(format!(
                    "`{name}` differs, unless a filter of git's makes it the same"
                ));
            }
            return Ok(Some(format!("`{name}` is changed")));
        }
        Ok(None)
    }

    /// Whether attributes may make what git keeps differ from what the file has.
    fn has_filters(&self, index: &Index) -> bool {
        let tracked = index.entries.iter().map(Entry::name);
        let files = tracked.filter(|name| name.ends_with(".gitattributes"));
        let texts =
            files.map(|name| self.top.join(name)).chain([self.common.join("info/attributes")]);
        texts.filter_map(|path| text(&path)).any(|text| {
            ["filter=", "ident", "working-tree-encoding"].iter().any(|word| text.contains(word))
        })
    }

    /// Returns the id of the commit that is checked out, or nothing before the first.
    fn head(&self) -> Result<Option<Id>, String> {
        let unreadable = || "`HEAD` cannot be read".to_owned();
        let mut name = text(&self.own.join("HEAD")).ok_or_else(unreadable)?;
        for _ in 0..DEEPEST {
            let Some(branch) = name.trim().strip_prefix("ref:").map(|it| it.trim().to_owned())
            else {
                return Id::parse(name.trim()).map(Some).ok_or_else(unreadable);
            };
            let loose = [&self.own, &self.common].iter().find_map(|it| text(&it.join(&branch)));
            match loose.or_else(|| self.packed(&branch)) {
                Some(next) => name = next,
                None => return Ok(None),
            }
        }
        Err(unreadable())
    }

    fn packed(&self, branch: &str) -> Option<String> {
        let packed = text(&self.common.join("packed-refs"))?;
        let mut lines = packed.lines().filter_map(|line| line.split_once(' '));
        lines.find(|(_, name)| *name == branch).map(|(id, _)| id.to_owned())
    }

    /// Returns a file that git neither tracks nor ignores.
    fn untracked(&self, index: &Index) -> Result<Option<String>, String> {
        let tracked: HashSet<String> = index.entries.iter().map(Entry::name).collect();
        let modules: HashSet<PathBuf> = index
            .entries
            .iter()
            .filter(|entry| entry.is_module())
            .map(|entry| self.top.join(entry.name()))
            .collect();
        let walk = ignore::WalkBuilder::new(&self.top)
            .hidden(false)
            .ignore(false)
            .parents(false)
            .filter_entry(move |entry| {
                entry.file_name() != ".git" && !modules.contains(entry.path())
            })
            .build();
        for (seen, entry) in walk.filter_map(Result::ok).enumerate() {
            if seen > MOST_ENTRIES {
                return Err("the work tree has too many files to look at".to_owned());
            }
            if entry.file_type().is_some_and(|kind| kind.is_dir()) {
                continue;
            }
            let below = entry.path().strip_prefix(&self.top).unwrap_or(entry.path());
            let name = below.to_string_lossy().replace('\\', "/");
            if !tracked.contains(&name) {
                return Ok(Some(format!("`{name}` is not tracked")));
            }
        }
        Ok(None)
    }
}

/// Whether a file has the content that the index says, in git's line ends or its own.
fn is_same(entry: &Entry, path: &Path) -> Result<bool, String> {
    let failed = |error: std::io::Error| format!("`{}` cannot be read: {error}", entry.name());
    let bytes = if entry.is_link() {
        let target = std::fs::read_link(path).map_err(failed)?;
        target.to_string_lossy().into_owned().into_bytes()
    } else {
        let length = path.metadata().map_err(failed)?.len();
        if length > MOST_BYTES {
            let why = format!("`{}` is too long to be compared", entry.name());
            return if entry.has_length(length) { Err(why) } else { Ok(false) };
        }
        let mut bytes = Vec::new();
        std::fs::File::open(path).and_then(|mut it| it.read_to_end(&mut bytes)).map_err(failed)?;
        bytes
    };
    if blob(&bytes) == entry.id {
        return Ok(true);
    }
    let mut plain = Vec::with_capacity(bytes.len());
    for (at, byte) in bytes.iter().enumerate() {
        if !(*byte == b'\r' && bytes.get(at + 1) == Some(&b'\n')) {
            plain.push(*byte);
        }
    }
    Ok(plain.len() < bytes.len() && blob(&plain) == entry.id)
}

fn blob(bytes: &[u8]) -> Id {
    object_id("blob", bytes)
}

fn object_id(kind: &str, bytes: &[u8]) -> Id {
    let mut hasher = Sha1::new();
    hasher.update(format!("{kind} {}\0", bytes.len()));
    hasher.update(bytes);
    Id(hasher.finalize().into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::tests::folder;

    /// A repository that the real git makes.
    struct Tree(tempfile::TempDir);

    impl Tree {
        async fn new(files: &[(&str, &str)]) -> Self {
            let tree = Tree(folder(files));
            tree.git(&["init", "-q", "-b", "main"]).await;
            tree.git(&["add", "-A"]).await;
            tree.git(&["commit", "-q", "--allow-empty", "-m", "one"]).await;
            tree
        }

        #[expect(clippy::disallowed_methods, reason = "the test makes what it looks at")]
        async fn run(&self, words: &[&str]) -> std::process::Output {
            tokio::process::Command::new("git")
                .args(["-c", "user.name=a", "-c", "user.email=a@example.com"])
                .args(["-c", "commit.gpgsign=false"])
                .args(words)
                .env("GIT_CONFIG_GLOBAL", "/dev/null")
                .env("GIT_CONFIG_NOSYSTEM", "1")
                .current_dir(self.0.path())
                .output()
                .await
                .unwrap()
        }

        async fn git(&self, words: &[&str]) {
            let ran = self.run(words).await;
            assert!(ran.status.success(), "{words:?}: {}", String::from_utf8_lossy(&ran.stderr));
        }

        fn write(&self, path: &str, text: &str) {
            std::fs::write(self.0.path().join(path), text).unwrap();
        }

        fn verdict(&self) -> String {
            self.verdict_in("")
        }

        fn verdict_in(&self, below: &str) -> String {
            match is_clean(&self.0.path().canonicalize().unwrap().join(below)) {
                Verdict::Met(_) => "clean".to_owned(),
                Verdict::Unmet(change) => change,
                Verdict::Unknown(why) => format!("unknown: {why}"),
            }
        }
    }

    const FILES: [(&str, &str); 5] = [
        ("a.txt", "one\n"),
        ("b/c.txt", "two\n"),
        ("b/d/e.txt", "three\n"),
        ("b.txt", ""),
        (".gitignore", "made/\n"),
    ];

    #[tokio::test]
    async fn each_kind_of_change_is_seen() {
        let tree = Tree::new(&FILES).await;
        assert_eq!(tree.verdict(), "clean");
        assert_eq!(tree.verdict_in("b/d"), "clean");
        std::fs::create_dir(tree.0.path().join("made")).unwrap();
        tree.write("made/x", "");
        assert_eq!(tree.verdict(), "clean");
        tree.write("new.txt", "");
        assert_eq!(tree.verdict(), "`new.txt` is not tracked");
        tree.git(&["add", "-N", "new.txt"]).await;
        assert_eq!(tree.verdict(), "`new.txt` is to be added");
        tree.git(&["add", "new.txt"]).await;
        assert_eq!(tree.verdict(), "something is staged and not committed");
        tree.git(&["commit", "-q", "-m", "two"]).await;
        assert_eq!(tree.verdict(), "clean");
        tree.write("a.txt", "One\n");
        assert_eq!(tree.verdict_in("b"), "`a.txt` is changed");
        tree.write("a.txt", "one\n");
        assert_eq!(tree.verdict(), "clean");
        std::fs::remove_file(tree.0.path().join("b/c.txt")).unwrap();
        assert_eq!(tree.verdict(), "`b/c.txt` is deleted");
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn modes_and_links_count() {
        use std::os::unix::fs::{PermissionsExt as _, symlink};
        let tree = Tree::new(&FILES).await;
        let path = tree.0.path().join("a.txt");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        assert_eq!(tree.verdict(), "`a.txt` is changed");
        tree.git(&["config", "core.fileMode", "false"]).await;
        assert_eq!(tree.verdict(), "clean");
        symlink("a.txt", tree.0.path().join("link")).unwrap();
        tree.git(&["add", "-A"]).await;
        tree.git(&["commit", "-q", "-m", "two"]).await;
        assert_eq!(tree.verdict(), "clean");
        std::fs::remove_file(tree.0.path().join("link")).unwrap();
        symlink("b.txt", tree.0.path().join("link")).unwrap();
        assert_eq!(tree.verdict(), "`link` is changed");
    }

    #[tokio::test]
    async fn packs_deltas_and_newer_indexes_are_read() {
        let tree = Tree::new(&FILES).await;
        let long = "the same words again and again in every message of a commit\n".repeat(40);
        for number in 0..12 {
            let message = format!("{number}\n\n{long}");
            tree.git(&["commit", "-q", "--allow-empty", "-m", &message]).await;
        }
        tree.git(&["gc", "-q", "--aggressive", "--prune=now"]).await;
        assert!(!tree.0.path().join(".git/refs/heads/main").exists());
        assert_eq!(tree.verdict(), "clean");
        // Older commits are the ones that are kept as deltas.
        for back in ["main~3", "main~7", "main~12"] {
            tree.git(&["checkout", "-q", "--detach", back]).await;
            assert_eq!(tree.verdict(), "clean", "{back}");
        }
        for version in ["2", "3", "4"] {
            tree.git(&["update-index", "--index-version", version]).await;
            assert_eq!(tree.verdict(), "clean", "index {version}");
        }
        tree.git(&["update-index", "--skip-worktree", "a.txt"]).await;
        tree.write("a.txt", "mine\n");
        assert_eq!(tree.verdict(), "clean");
    }

    #[tokio::test]
    async fn further_work_trees_and_conflicts_are_read() {
        let tree = Tree::new(&FILES).await;
        tree.git(&["worktree", "add", "-q", "-b", "side", "made/side"]).await;
        assert_eq!(tree.verdict_in("made/side"), "clean");
        std::fs::write(tree.0.path().join("made/side/a.txt"), "side\n").unwrap();
        assert_eq!(tree.verdict_in("made/side"), "`a.txt` is changed");
        assert_eq!(tree.verdict(), "clean");
        tree.git(&["-C", "made/side", "commit", "-qam", "side"]).await;
        tree.write("a.txt", "main\n");
        tree.git(&["commit", "-qam", "main"]).await;
        let merged = tree.run(&["merge", "-q", "side"]).await;
        assert!(!merged.status.success());
        assert_eq!(tree.verdict(), "`a.txt` is in conflict");
    }

    #[tokio::test]
    async fn what_a_filter_changes_cannot_be_told_and_line_ends_can() {
        let tree = Tree::new(&FILES).await;
        tree.write("a.txt", "one\r\n");
        assert_eq!(tree.verdict(), "clean");
        tree.write("a.txt", "other\n");
        tree.write(".gitattributes", "*.txt filter=lfs\n");
        tree.git(&["add", ".gitattributes"]).await;
        tree.git(&["commit", "-q", "-m", "two"]).await;
        let said = tree.verdict();
        assert!(said.starts_with("unknown") && said.contains("`git status`"), "{said}");
    }

    #[tokio::test]
    async fn without_a_repository_or_a_commit_nothing_is_clean_by_accident() {
        let folder = folder(&[("a.txt", "")]);
        let verdict = is_clean(&folder.path().canonicalize().unwrap());
        assert_eq!(verdict, Verdict::Unmet("the project is not in a git repository".to_owned()));
        let tree = Tree(folder);
        tree.git(&["init", "-q"]).await;
        assert_eq!(tree.verdict(), "`a.txt` is not tracked");
        tree.git(&["add", "-A"]).await;
        assert_eq!(tree.verdict(), "something is staged and not committed");
        tree.write(".git/index", "DIRC and more that is no index");
        assert!(tree.verdict().starts_with("unknown"));
    }
}
