//! What a command must not change: compared after it, and put back.
//!
//! The kernel keeps a command from these files where it can. Where it cannot, as with files that
//! were not there before, they are put back as they were.

#![expect(
    clippy::disallowed_methods,
    reason = "what configures tools is closed to every stage, and is put back by the engine alone"
)]

use std::collections::BTreeMap;
use std::fs::Metadata;
use std::io;
use std::path::{Component, Path, PathBuf};

use crate::closed::{is_protected, is_secret};
use crate::gate::kept::Blobs;
use crate::gate::workspace::{MAX_KEPT, hash};

/// What is not looked at: within `.git`, what a person's own commit changes while a command runs,
/// and what alone runs nothing; and what builds keep for themselves.
const LEFT_OUT: [&str; 14] = [
    ".git/objects",
    ".git/logs",
    ".git/refs",
    ".git/lfs",
    ".git/index",
    ".git/index.lock",
    ".git/HEAD",
    ".git/ORIG_HEAD",
    ".git/FETCH_HEAD",
    ".git/MERGE_HEAD",
    ".git/COMMIT_EDITMSG",
    ".git/packed-refs",
    ".git/rebase-merge",
    ".next/cache",
];

/// Folders of installed packages and compiled files: too many to look at, and made anew at will.
const PACKAGES: [&str; 5] = ["node_modules", "target", ".venv", "venv", "__pycache__"];

/// The files of a project that a command must not change, as they were before it.
#[derive(Debug, Default)]
pub(super) struct Shield {
    root: PathBuf,
    /// Paths that the stage may change after all.
    open: Vec<String>,
    /// Whether env files are compared.
    env_files: bool,
    entries: BTreeMap<String, Entry>,
    /// Files that hold secrets, by any of their names.
    secrets: Vec<PathBuf>,
}

/// What stands at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Entry {
    Folder,
    Link(PathBuf),
    /// Its bytes, and its mode.
    File(Vec<u8>, u32),
    /// A file that is too long to keep: its hash would cost more than its stamp tells.
    Long(String),
    Other,
}

impl Shield {
    /// Looks at a project. `open` are paths that may change, `env_files` says whether those are
    /// compared too.
    pub(super) fn raise(root: &Path, open: Vec<String>, env_files: bool) -> io::Result<Shield> {
        let mut shield = Shield { root: root.to_owned(), open, env_files, ..Shield::default() };
        let mut secrets = Vec::new();
        let mut numbers = Vec::new();
        let mut twins = Vec::new();
        let entries = shield.look(&mut |path, found| {
            let (number, names) = identity(found);
            // What configures a tool is closed to the model, and not to the tool.
            let is_secret =
                |path: &str| is_env_file(path) || is_secret(path) && !is_protected(path);
            if found.is_file() && is_secret(path) {
                secrets.push(root.join(path));
                if names > 1 {
                    numbers.push(number);
                }
            } else if found.is_symlink() && is_secret(path) {
                secrets.extend(root.join(path).canonicalize().ok());
            } else if found.is_file() && names > 1 {
                twins.push((number, root.join(path)));
            }
        })?;
        let twins = twins.into_iter().filter(|(number, _)| numbers.contains(number));
        secrets.extend(twins.map(|(_, path)| path));
        (shield.entries, shield.secrets) = (entries, secrets);
        Ok(shield)
    }

    /// Returns the files that hold secrets.
    pub(super) fn secrets(&self) -> Vec<PathBuf> {
        self.secrets.clone()
    }

    /// Returns the files and folders that a command cannot be let change.
    pub(super) fn frozen(&self) -> Vec<PathBuf> {
        let mut frozen: Vec<PathBuf> = Vec::new();
        for (path, entry) in &self.entries {
            let path = self.root.join(path);
            let known = frozen.iter().any(|above| path.starts_with(above));
            let fixed = matches!(entry, Entry::Folder | Entry::File(..) | Entry::Long(_));
            if fixed && !known && !is_env_file(&path.to_string_lossy()) {
                frozen.push(path);
            }
        }
        frozen
    }

    /// Compares, puts back what differs, and says what did. What stood there instead is kept first.
    /// A command that was `held` by the kernel could not change what was frozen: somebody else did,
    /// and it stays.
    pub(super) fn restore(&self, held: bool, blobs: &Blobs) -> io::Result<Vec<String>> {
        let now = self.look(&mut |_, _| ())?;
        let frozen = if held { self.frozen() } else { Vec::new() };
        let theirs = |path: &str| {
            let path = self.root.join(path);
            frozen.iter().any(|above| path.starts_with(above))
        };
        let mut harmed = Vec::new();
        // Backwards, so that what a new folder holds goes before the folder.
        let new = now.iter().rev().filter(|(path, _)| !self.entries.contains_key(*path));
        for (path, found) in new.filter(|(path, _)| !theirs(path)) {
            found.keep(blobs)?;
            self.take_away(path)?;
            harmed.push(path.clone());
        }
        for (path, entry) in self.entries.iter().filter(|(path, _)| !theirs(path)) {
            let found = now.get(path);
            if found != Some(entry) {
                found.map_or(Ok(()), |found| found.keep(blobs))?;
                self.put_back(path, entry)?;
                harmed.push(path.clone());
            }
        }
        harmed.sort();
        Ok(harmed)
    }

    /// Walks the project for what is compared, and shows `see` every entry.
    fn look(&self, see: &mut dyn FnMut(&str, &Metadata)) -> io::Result<BTreeMap<String, Entry>> {
        let walk = ignore::WalkBuilder::new(&self.root)
            .standard_filters(false)
            .filter_entry(|entry| {
                let name = entry.file_name().to_string_lossy();
                let made = PACKAGES.contains(&name.as_ref());
                let left_out = LEFT_OUT.iter().any(|end| entry.path().ends_with(end));
                !left_out && (!made || entry.file_type().is_none_or(|kind| !kind.is_dir()))
            })
            .build();
        let mut entries = BTreeMap::new();
        for entry in walk.filter_map(Result::ok).filter(|entry| entry.depth() > 0) {
            let inside = entry.path().strip_prefix(&self.root).ok().and_then(Path::to_str);
            let (Some(path), Ok(found)) = (inside, entry.path().symlink_metadata()) else {
                continue;
            };
            see(path, &found);
            if self.covers(path, &found) {
                entries.insert(path.to_owned(), Entry::at(entry.path(), &found)?);
            }
        }
        Ok(entries)
    }

    fn covers(&self, path: &str, found: &Metadata) -> bool {
        let folder = !found.is_file() && is_protected(&format!("{path}/x"));
        let inside = format!("{path}/");
        let open = self.open.iter().any(|open| open == path || open.starts_with(&inside));
        let env = self.env_files && !found.is_dir() && is_env_file(path);
        (folder || is_protected(path) || env) && !open
    }

    fn take_away(&self, path: &str) -> io::Result<()> {
        let Some(target) = self.reach(path) else { return Ok(()) };
        match target.symlink_metadata() {
            Err(_) => Ok(()),
            // One that is not empty holds what is not compared, and stays.
            Ok(found) if found.is_dir() => {
                let _ = std::fs::remove_dir(target);
                Ok(())
            }
            Ok(_) => std::fs::remove_file(target),
        }
    }

    fn put_back(&self, path: &str, entry: &Entry) -> io::Result<()> {
        self.make_way(path)?;
        let target = self.root.join(path);
        match target.symlink_metadata() {
            Ok(found) if found.is_dir() && *entry == Entry::Folder => return Ok(()),
            Ok(found) if found.is_dir() => std::fs::remove_dir_all(&target)?,
            Ok(_) => std::fs::remove_file(&target)?,
            Err(_) => {}
        }
        match entry {
            Entry::Folder => std::fs::create_dir(target),
            Entry::Link(to) => link(to, &target),
            Entry::File(bytes, mode) => {
                std::fs::write(&target, bytes)?;
                set_mode(&target, *mode)
            }
            Entry::Long(_) | Entry::Other => {
                Err(io::Error::other(format!("`{path}` was changed and could not be kept")))
            }
        }
    }

    /// Returns where a path is, if every folder on the way is one and not a link elsewhere.
    fn reach(&self, path: &str) -> Option<PathBuf> {
        let mut here = self.root.clone();
        let parts: Vec<Component<'_>> = Path::new(path).components().collect();
        for part in &parts[..parts.len().saturating_sub(1)] {
            here.push(part);
            match here.symlink_metadata() {
                Ok(found) if found.is_dir() => {}
                _ => return None,
            }
        }
        parts.last().map(|last| here.join(last))
    }

    /// Makes the folders on the way to a path: what stands there instead goes.
    fn make_way(&self, path: &str) -> io::Result<()> {
        let mut here = self.root.clone();
        let parts: Vec<Component<'_>> = Path::new(path).components().collect();
        for part in &parts[..parts.len().saturating_sub(1)] {
            here.push(part);
            match here.symlink_metadata() {
                Ok(found) if found.is_dir() => continue,
                Ok(_) => std::fs::remove_file(&here)?,
                Err(_) => {}
            }
            std::fs::create_dir(&here)?;
        }
        Ok(())
    }
}

impl Entry {
    /// Keeps the bytes of a file.
    fn keep(&self, blobs: &Blobs) -> io::Result<()> {
        match self {
            Entry::File(bytes, _) => blobs.keep(bytes),
            _ => Ok(()),
        }
    }

    fn at(path: &Path, found: &Metadata) -> io::Result<Entry> {
        Ok(if found.is_dir() {
            Entry::Folder
        } else if found.is_symlink() {
            Entry::Link(std::fs::read_link(path)?)
        } else if !found.is_file() {
            Entry::Other
        } else if found.len() > MAX_KEPT {
            Entry::Long(format!("{} {:?}", found.len(), found.modified().ok()))
        } else {
            match std::fs::read(path) {
                Ok(bytes) => Entry::File(bytes, mode(found)),
                // What the person cannot read, a command of theirs cannot either.
                Err(error) => Entry::Long(hash(error.to_string().as_bytes())),
            }
        })
    }
}

/// Whether a path is that of an env file.
fn is_env_file(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path).to_lowercase();
    is_secret(path) && (name.starts_with(".env") || name.rsplit('.').next() == Some("env"))
}

#[cfg(unix)]
fn identity(found: &Metadata) -> ((u64, u64), u64) {
    use std::os::unix::fs::MetadataExt as _;
    ((found.dev(), found.ino()), found.nlink())
}

#[cfg(not(unix))]
fn identity(_found: &Metadata) -> ((u64, u64), u64) {
    ((0, 0), 1)
}

#[cfg(unix)]
fn mode(found: &Metadata) -> u32 {
    std::os::unix::fs::PermissionsExt::mode(&found.permissions()) & 0o7777
}

#[cfg(not(unix))]
fn mode(_found: &Metadata) -> u32 {
    0
}

#[cfg(unix)]
fn set_mode(path: &Path, mode: u32) -> io::Result<()> {
    std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(mode))
}

#[cfg(not(unix))]
fn set_mode(_path: &Path, _mode: u32) -> io::Result<()> {
    Ok(())
}

#[cfg(unix)]
fn link(to: &Path, at: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(to, at)
}

#[cfg(not(unix))]
fn link(_to: &Path, at: &Path) -> io::Result<()> {
    Err(io::Error::other(format!("`{}` was a link and is not made again", at.display())))
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use crate::project::tests::folder as folder_of;

    /// Puts back, as for a command that the kernel did not hold.
    fn restore(shield: &Shield) -> Vec<String> {
        let kept = tempfile::tempdir().unwrap();
        shield.restore(false, &Blobs::at(kept.path())).unwrap()
    }

    const FILES: [(&str, &str); 6] = [
        (".git/config", "[core]"),
        (".git/objects/ab/cd", "object"),
        (".vscode/settings.json", "{}"),
        (".env", "KEY=canary"),
        ("src/a.ts", "a"),
        ("node_modules/x/.npmrc", "x"),
    ];

    fn shield(folder: &tempfile::TempDir, open: &[&str]) -> Shield {
        let open = open.iter().map(|path| (*path).to_owned()).collect();
        Shield::raise(folder.path(), open, true).unwrap()
    }

    #[test]
    fn what_may_change_is_left_alone() {
        let folder = folder_of(&FILES);
        let shield = shield(&folder, &["AGENTS.md", ".github/workflows/a.yml"]);
        for path in
            ["src/a.ts", ".git/objects/ab/cd", ".git/index", "AGENTS.md", "node_modules/x/.npmrc"]
        {
            std::fs::write(folder.path().join(path), "new").unwrap();
        }
        std::fs::create_dir_all(folder.path().join(".github/workflows")).unwrap();
        std::fs::write(folder.path().join(".github/workflows/a.yml"), "on: push").unwrap();
        assert_eq!(restore(&shield), Vec::<String>::new());
    }

    #[test]
    fn what_was_made_goes_and_what_was_changed_comes_back() {
        let folder = folder_of(&FILES);
        let at = |path: &str| folder.path().join(path);
        let shield = shield(&folder, &[]);
        std::fs::create_dir_all(at(".git/hooks")).unwrap();
        std::fs::write(at(".git/hooks/pre-commit"), "#!/bin/sh").unwrap();
        std::fs::write(at(".vscode/settings.json"), "{\"a\": 1}").unwrap();
        std::fs::remove_file(at(".env")).unwrap();
        std::fs::create_dir_all(at("apps/web/.cursor")).unwrap();
        std::fs::write(at("apps/web/.cursor/mcp.json"), "{}").unwrap();
        std::fs::write(at("CLAUDE.md"), "obey").unwrap();
        let harmed = restore(&shield);
        let expected = [
            ".env",
            ".git/hooks",
            ".git/hooks/pre-commit",
            ".vscode/settings.json",
            "CLAUDE.md",
            "apps/web/.cursor",
            "apps/web/.cursor/mcp.json",
        ];
        assert_eq!(harmed, expected);
        assert_eq!(std::fs::read_to_string(at(".env")).unwrap(), "KEY=canary");
        assert_eq!(std::fs::read_to_string(at(".vscode/settings.json")).unwrap(), "{}");
        for path in [".git/hooks", "apps/web/.cursor", "CLAUDE.md"] {
            assert!(!at(path).exists(), "{path}");
        }
        assert_eq!(restore(&shield), Vec::<String>::new());
    }

    #[test]
    fn what_somebody_else_changed_stays_and_what_is_put_back_is_kept() {
        let folder = folder_of(&FILES);
        let at = |path: &str| folder.path().join(path);
        let shield = shield(&folder, &[]);
        std::fs::create_dir_all(at(".git/refs/heads")).unwrap();
        std::fs::write(at(".git/refs/heads/main"), "a commit of the person's").unwrap();
        std::fs::write(at(".git/HEAD"), "ref: refs/heads/main").unwrap();
        assert_eq!(restore(&shield), Vec::<String>::new());
        std::fs::write(at(".git/config"), "[core]\n[user]").unwrap();
        std::fs::write(at(".env"), "KEY=new").unwrap();
        let kept = tempfile::tempdir().unwrap();
        let blobs = Blobs::at(kept.path());
        assert_eq!(shield.restore(true, &blobs).unwrap(), [".env"]);
        assert_eq!(std::fs::read_to_string(at(".git/config")).unwrap(), "[core]\n[user]");
        assert_eq!(blobs.get(&hash(b"KEY=new")).as_deref(), Some(b"KEY=new".as_slice()));
        assert_eq!(restore(&shield), [".git/config"]);
    }

    #[test]
    fn a_link_in_place_of_a_folder_leads_nobody_out() {
        let folder = folder_of(&FILES);
        let outside = folder_of(&[("settings.json", "outside"), ("other", "outside")]);
        let shield = shield(&folder, &[]);
        std::fs::remove_dir_all(folder.path().join(".vscode")).unwrap();
        std::os::unix::fs::symlink(outside.path(), folder.path().join(".vscode")).unwrap();
        std::os::unix::fs::symlink(outside.path(), folder.path().join(".husky")).unwrap();
        let harmed = restore(&shield);
        assert_eq!(harmed, [".husky", ".vscode", ".vscode/settings.json"]);
        let text = |path: &Path| std::fs::read_to_string(path).unwrap();
        assert_eq!(text(&folder.path().join(".vscode/settings.json")), "{}");
        assert_eq!(text(&outside.path().join("settings.json")), "outside");
        assert!(!folder.path().join(".vscode").is_symlink());
    }

    #[test]
    fn secrets_are_found_by_all_their_names() {
        let folder = folder_of(&FILES);
        std::fs::hard_link(folder.path().join(".env"), folder.path().join("twin.txt")).unwrap();
        let shield = shield(&folder, &[]);
        let mut names: Vec<String> = shield
            .secrets()
            .iter()
            .map(|path| path.file_name().unwrap().to_string_lossy().into_owned())
            .collect();
        names.sort();
        assert_eq!(names, [".env", "twin.txt"]);
        let frozen: Vec<PathBuf> = shield.frozen();
        let expected = [".git", ".vscode"].map(|path| folder.path().join(path));
        assert_eq!(frozen, expected);
    }
}
