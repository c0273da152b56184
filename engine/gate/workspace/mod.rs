//! The tree a run may change, and the only place where its files are touched.
//!
//! **Invariant:** every path is opened below the root's directory handle, and is judged by the
//! file that was opened, not by the name that was asked for.

#![expect(
    clippy::disallowed_methods,
    reason = "this is the one place where a stage's files are touched"
)]

mod change;
mod opened;
mod snapshot;
mod spelling;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use cap_std::ambient_authority;
use cap_std::fs::Dir;
use globset::{Glob, GlobBuilder, GlobSet, GlobSetBuilder};
use sha2::{Digest as _, Sha256};

use crate::closed::{Closed, MADE};
use crate::gate::Refusal;
use crate::playbook::hex;

pub(crate) use change::{Before, Judge};
pub(in crate::gate) use snapshot::MAX_HASHED;
pub use snapshot::Snapshot;
use snapshot::Stamp;

/// The largest protected file that is kept before a command runs, and the largest of which a
/// report counts lines, in bytes.
pub(super) const MAX_KEPT: u64 = 8 * 1024 * 1024;

/// The project's files.
#[derive(Debug)]
pub struct Workspace {
    root: PathBuf,
    dir: Dir,
    secret: Closed,
    protected: Closed,
    stamps: Mutex<BTreeMap<String, Stamp>>,
}

impl Workspace {
    /// Opens the project at `root`.
    pub fn open(root: &Path) -> io::Result<Self> {
        let root = root.canonicalize()?;
        Ok(Workspace {
            dir: Dir::open_ambient_dir(&root, ambient_authority())?,
            root,
            secret: Closed::secret()?,
            protected: Closed::protected()?,
            stamps: Mutex::default(),
        })
    }

    /// Fails where files cannot be made in the root, and leaves nothing there.
    ///
    /// A stage would learn it with its first edit, which is after what it cost to come so far.
    pub fn writable(&self) -> io::Result<()> {
        #[cfg(unix)]
        rustix::fs::access(&self.root, rustix::fs::Access::WRITE_OK)?;
        Ok(())
    }

    /// Returns the canonical root.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Lists the files that a stage may see, sorted: those git does not ignore.
    pub fn files(&self) -> Vec<String> {
        self.walk().0
    }

    /// Lists the files that a stage may see, and the folders, sorted: those git does not ignore.
    fn walk(&self) -> (Vec<String>, Vec<String>) {
        let walk = ignore::WalkBuilder::new(&self.root)
            .hidden(false)
            .git_global(false)
            .git_exclude(false)
            .parents(false)
            .require_git(false)
            .filter_entry(|entry| {
                let made = MADE.contains(&entry.file_name().to_string_lossy().as_ref());
                !(made && entry.file_type().is_some_and(|kind| kind.is_dir()))
            })
            .build();
        let (mut files, mut folders) = (Vec::new(), Vec::new());
        for entry in walk.filter_map(Result::ok).filter(|entry| entry.depth() > 0) {
            let Some(path) = self.inside(entry.path()) else { continue };
            match entry.file_type() {
                Some(kind) if kind.is_dir() => folders.push(path),
                Some(kind) if !kind.is_file() && !kind.is_symlink() => {}
                Some(_) if self.secret.holds(&path) || change::is_draft(&path) => {}
                Some(_) => files.push(path),
                None => {}
            }
        }
        files.sort();
        folders.sort();
        (files, folders)
    }

    /// Lists the files that a stage may see and a glob matches, sorted.
    pub fn matching(&self, globs: &[String]) -> Result<Vec<String>, Refusal> {
        let set = globs_of(globs)?;
        let mut files = self.files();
        files.retain(|file| set.is_match(file) && !self.is_secret(file));
        Ok(files)
    }

    fn inside(&self, path: &Path) -> Option<String> {
        Some(path.strip_prefix(&self.root).ok()?.to_str()?.replace('\\', "/"))
    }
}

/// Compiles globs in which `*` does not cross a folder. Each also matches the path that it spells,
/// because a file can be named `[id].tsx`.
pub(crate) fn globs_of(globs: &[String]) -> Result<GlobSet, Refusal> {
    let wrong = |error: globset::Error| Refusal::Reply(format!("the glob is wrong: {error}"));
    let mut set = GlobSetBuilder::new();
    for glob in globs {
        let glob = glob.strip_prefix("./").unwrap_or(glob);
        match GlobBuilder::new(glob).literal_separator(true).build() {
            Ok(glob) => set.add(glob),
            Err(error) if glob.contains(['*', '?', '{']) => return Err(wrong(error)),
            Err(_) => &mut set,
        };
        set.add(Glob::new(&globset::escape(glob)).map_err(wrong)?);
    }
    set.build().map_err(wrong)
}

/// Returns the SHA-256 of bytes, in hex.
pub fn hash(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

#[cfg(test)]
pub(in crate::gate) mod tests {
    use super::*;

    pub(in crate::gate) fn project(files: &[(&str, &str)]) -> (tempfile::TempDir, Workspace) {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let workspace = Workspace::open(folder.path()).unwrap();
        (folder, workspace)
    }

    #[test]
    fn a_path_with_brackets_is_matched_by_itself() {
        for path in ["app/[id]/page.tsx", "app/[[...slug]]/page.tsx", "app/[user-id]/(a)/x.ts"] {
            assert!(globs_of(&[path.to_owned()]).unwrap().is_match(path), "{path}");
        }
        let set = globs_of(&["a/[bc].ts".to_owned()]).unwrap();
        assert!(set.is_match("a/b.ts") && set.is_match("a/[bc].ts") && !set.is_match("a/d.ts"));
        assert!(globs_of(&["a/[z-a]/*.ts".to_owned()]).is_err());
    }

    #[test]
    fn paths_outside_the_project_are_refused() {
        let (folder, workspace) = project(&[("a.txt", "a")]);
        for path in ["../x", "a/../../x", "/etc/hosts", "", "a\0b"] {
            assert!(workspace.read(path).is_err(), "{path:?}");
        }
        let absolute = folder.path().canonicalize().unwrap().join("a.txt");
        assert_eq!(workspace.read(absolute.to_str().unwrap()).unwrap().1, b"a");
        assert_eq!(workspace.path("b/../a.txt").unwrap(), "a.txt");
    }

    #[cfg(unix)]
    #[test]
    fn links_are_judged_by_where_they_lead() {
        use std::os::unix::fs::symlink;
        let (folder, workspace) = project(&[(".env", "KEY=canary"), ("a.txt", "a")]);
        symlink("/etc/hosts", folder.path().join("out")).unwrap();
        symlink(".env", folder.path().join("innocent.txt")).unwrap();
        std::fs::hard_link(folder.path().join(".env"), folder.path().join("hard.txt")).unwrap();
        for path in ["out", "innocent.txt", "hard.txt", ".env", ".ENV"] {
            assert!(workspace.read(path).is_err(), "{path}");
        }
        assert_eq!(workspace.matching(&["**".to_owned()]).unwrap(), ["a.txt", "out"]);
    }

    #[test]
    fn example_env_files_are_open() {
        let (_folder, workspace) = project(&[(".env.example", "KEY=")]);
        assert!(workspace.read(".env.example").is_ok());
    }

    #[test]
    fn what_git_ignores_is_not_listed() {
        let files = [(".gitignore", "made/\n*.log\n"), ("made/x", ""), ("a.log", ""), ("b", "")];
        let (_folder, workspace) = project(&files);
        assert_eq!(workspace.files(), [".gitignore", "b"]);
    }

    #[cfg(unix)]
    #[test]
    fn a_replaced_file_keeps_its_mode_and_its_link() {
        use std::os::unix::fs::PermissionsExt as _;
        let (folder, workspace) = project(&[("run.sh", "old")]);
        let path = folder.path().join("run.sh");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        std::os::unix::fs::symlink("run.sh", folder.path().join("link")).unwrap();
        workspace.replace_if("link", b"new", Before::Any, &|_| Ok(())).unwrap();
        assert!(workspace.replace("link", b"again").is_err());
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "new");
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o755);
        assert!(folder.path().join("link").symlink_metadata().unwrap().is_symlink());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
    }
}
