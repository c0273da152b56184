//! The tree a run may change, and the only place where its files are touched.
//!
//! **Invariant:** every path is opened below the root's directory handle, and is judged by the
//! file that was opened, not by the name that was asked for.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read as _, Write as _};
use std::path::{Component, Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use cap_std::ambient_authority;
use cap_std::fs::{Dir, MetadataExt as _, OpenOptions};
use globset::{Glob, GlobBuilder, GlobSet, GlobSetBuilder};
use sha2::{Digest as _, Sha256};

use crate::closed::{Closed, MADE};
use crate::gate::Refusal;
use crate::playbook::hex;

/// The largest file that is read, in bytes.
const MAX_FILE: u64 = 2 * 1024 * 1024;

/// The largest file whose content a snapshot takes, in bytes; of a larger one it takes the length
/// and the time of the last change.
const MAX_HASHED: u64 = 64 * 1024 * 1024;

/// The largest manifest or lock file that is kept before a command runs, in bytes.
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

/// Each file that git does not ignore, by path, with the hash of its bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// SHA-256 in hex, by path relative to the root.
    pub files: BTreeMap<String, String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Stamp {
    length: u64,
    modified: Option<SystemTime>,
    hash: String,
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

    /// Turns a path as it was asked for into one relative to the root, or refuses it.
    pub fn path(&self, asked: &str) -> Result<String, Refusal> {
        let outside = || {
            Refusal::Power(format!(
                "`{asked}` is not in the project; paths are relative to the project's root"
            ))
        };
        if asked.is_empty() || asked.contains('\0') || asked.len() > 4_096 {
            return Err(Refusal::Reply("the path is empty, too long, or has a NUL".to_owned()));
        }
        let path = Path::new(asked);
        let path = if path.is_absolute() {
            path.strip_prefix(&self.root).map_err(|_| outside())?
        } else {
            path
        };
        let mut parts: Vec<&str> = Vec::new();
        for component in path.components() {
            match component {
                Component::Normal(part) => parts.push(part.to_str().ok_or_else(outside)?),
                Component::CurDir => {}
                Component::ParentDir => {
                    parts.pop().ok_or_else(outside)?;
                }
                Component::RootDir | Component::Prefix(_) => return Err(outside()),
            }
        }
        if parts.is_empty() { Ok(".".to_owned()) } else { Ok(parts.join("/")) }
    }

    /// Reads a file that a stage may see.
    pub fn read(&self, asked: &str) -> Result<(String, Vec<u8>), Refusal> {
        let path = self.path(asked)?;
        self.refuse_secret(&path, &path)?;
        let bytes = self.bytes(&path)?;
        Ok((path, bytes))
    }

    /// Reads a file that a stage may see as text. What is not UTF-8 is replaced.
    pub fn text(&self, asked: &str) -> Result<String, Refusal> {
        let (_, bytes) = self.read(asked)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Returns how long a file is, in bytes; nothing where it cannot be told.
    pub(super) fn length(&self, path: &str) -> Option<u64> {
        self.dir.metadata(path).ok().map(|metadata| metadata.len())
    }

    /// Reads any file of the project, for the engine's own use: env files among them.
    pub(crate) fn read_any(&self, path: &str) -> io::Result<Option<Vec<u8>>> {
        match self.dir.read(path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Whether a path, or what it leads to, holds secrets.
    pub fn is_secret(&self, path: &str) -> bool {
        let real = self.dir.canonicalize(path).ok();
        let real = real.and_then(|real| real.to_str().map(str::to_owned));
        self.secret.holds(path)
            || real.is_some_and(|real| self.secret.holds(&real))
            || self.is_hard_link_to_secret(path)
    }

    fn refuse_secret(&self, path: &str, asked: &str) -> Result<(), Refusal> {
        if self.is_secret(path) {
            return Err(Refusal::Power(format!(
                "`{asked}` is closed: it may hold secrets. The tool `env`, where a stage has it, \
                 says whether a key is set"
            )));
        }
        Ok(())
    }

    /// A file with several names is closed when one of the others is.
    fn is_hard_link_to_secret(&self, path: &str) -> bool {
        let Ok(metadata) = self.dir.metadata(path) else { return false };
        if !metadata.is_file() || metadata.nlink() < 2 {
            return false;
        }
        let identity = (metadata.dev(), metadata.ino());
        self.secret_files().iter().any(|secret| {
            self.dir.metadata(secret).is_ok_and(|other| (other.dev(), other.ino()) == identity)
        })
    }

    /// Lists the project's files that hold secrets, ignored ones among them.
    pub(super) fn secret_files(&self) -> Vec<String> {
        let walk = ignore::WalkBuilder::new(&self.root)
            .standard_filters(false)
            .max_depth(Some(6))
            .filter_entry(|entry| {
                let made = MADE.contains(&entry.file_name().to_string_lossy().as_ref());
                !(made && entry.file_type().is_some_and(|kind| kind.is_dir()))
            })
            .build();
        walk.filter_map(Result::ok)
            .filter(|entry| entry.file_type().is_some_and(|kind| kind.is_file()))
            .filter_map(|entry| self.inside(entry.path()))
            .filter(|path| self.secret.holds(path))
            .collect()
    }

    fn bytes(&self, path: &str) -> Result<Vec<u8>, Refusal> {
        let failed = |error: io::Error| {
            Refusal::Reply(match error.kind() {
                io::ErrorKind::NotFound => format!("there is no file `{path}`"),
                io::ErrorKind::PermissionDenied => {
                    format!(
                        "`{path}` cannot be opened: it leads out of the project, or is not readable"
                    )
                }
                _ => format!("`{path}` cannot be read: {error}"),
            })
        };
        let metadata = self.dir.metadata(path).map_err(failed)?;
        if metadata.is_dir() {
            return Err(Refusal::Reply(format!(
                "`{path}` is a folder; list its files with `glob`"
            )));
        }
        if !metadata.is_file() {
            return Err(Refusal::Reply(format!("`{path}` is not a regular file")));
        }
        if metadata.len() > MAX_FILE {
            let length = metadata.len();
            return Err(Refusal::Reply(format!(
                "`{path}` has {length} bytes, and at most {MAX_FILE} are read"
            )));
        }
        let mut bytes = Vec::new();
        let file = self.dir.open(path).map_err(failed)?;
        file.take(MAX_FILE + 1).read_to_end(&mut bytes).map_err(failed)?;
        Ok(bytes)
    }

    /// Refuses a path that no stage may change, whatever its globs: secret files, and protected
    /// ones that `writes` does not name letter by letter.
    pub(crate) fn refuse_write(&self, path: &str, writes: &[String]) -> Result<(), Refusal> {
        self.refuse_secret(path, path)?;
        let real = self.dir.canonicalize(path).ok();
        let real = real.and_then(|real| real.to_str().map(str::to_owned));
        let protected =
            self.protected.holds(path) || real.is_some_and(|real| self.protected.holds(&real));
        if protected && !writes.iter().any(|glob| glob == path) {
            return Err(Refusal::Power(format!(
                "`{path}` is protected: no stage changes it unasked"
            )));
        }
        Ok(())
    }

    /// Puts bytes in the place of a file, whole or not at all. Its mode is kept; a link is
    /// followed inside the root, and stays a link.
    pub(crate) fn replace(&self, path: &str, bytes: &[u8]) -> io::Result<()> {
        let target = match self.dir.symlink_metadata(path) {
            Ok(metadata) if metadata.is_symlink() => self.dir.canonicalize(path)?,
            _ => PathBuf::from(path),
        };
        let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new("."));
        self.dir.create_dir_all(folder)?;
        let folder = self.dir.open_dir(folder)?;
        let name = target.file_name().ok_or(io::ErrorKind::InvalidInput)?;
        let permissions = folder.metadata(name).ok().map(|metadata| metadata.permissions());
        let draft = format!(".{}.wizard-{}", name.to_string_lossy(), uuid::Uuid::now_v7().simple());
        let written = (|| {
            let mut file =
                folder.open_with(&draft, OpenOptions::new().write(true).create_new(true))?;
            file.write_all(bytes)?;
            if let Some(permissions) = permissions {
                file.set_permissions(permissions)?;
            }
            file.sync_all()?;
            folder.rename(&draft, &folder, name)
        })();
        if written.is_err() {
            let _ = folder.remove_file(&draft);
        }
        written
    }

    /// Removes a file.
    pub(crate) fn remove(&self, path: &str) -> io::Result<()> {
        self.dir.remove_file(path)
    }

    /// Whether git would ignore a path, by the `.gitignore` files from the root down.
    pub(super) fn is_ignored(&self, path: &str) -> bool {
        let mut folder = self.root.clone();
        let mut verdict = false;
        for part in path.split('/') {
            let file = folder.join(".gitignore");
            if file.is_file() {
                let (rules, _) = ignore::gitignore::Gitignore::new(&file);
                match rules.matched_path_or_any_parents(self.root.join(path), false) {
                    ignore::Match::Ignore(_) => verdict = true,
                    ignore::Match::Whitelist(_) => verdict = false,
                    ignore::Match::None => {}
                }
            }
            folder.push(part);
        }
        verdict
    }

    /// Lists the files that a stage may see, sorted: those git does not ignore.
    pub fn files(&self) -> Vec<String> {
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
        let mut files: Vec<String> = walk
            .filter_map(Result::ok)
            .filter(|entry| {
                entry.file_type().is_some_and(|kind| kind.is_file() || kind.is_symlink())
            })
            .filter_map(|entry| self.inside(entry.path()))
            .filter(|path| !self.secret.holds(path))
            .collect();
        files.sort();
        files
    }

    /// Lists the files that a stage may see and a glob matches, sorted.
    pub fn matching(&self, globs: &[String]) -> Result<Vec<String>, Refusal> {
        let set = globs_of(globs)?;
        let mut files = self.files();
        files.retain(|file| set.is_match(file) && !self.is_secret(file));
        Ok(files)
    }

    /// Takes the hash of every file that git does not ignore.
    pub fn snapshot(&self) -> Result<Snapshot, String> {
        let mut stamps = self.stamps.lock().unwrap_or_else(PoisonError::into_inner);
        let mut next = BTreeMap::new();
        for path in self.files() {
            let Ok(metadata) = self.dir.metadata(&path) else { continue };
            if !metadata.is_file() {
                continue;
            }
            let length = metadata.len();
            let modified = metadata.modified().ok().map(cap_std::time::SystemTime::into_std);
            let known = stamps.get(&path).filter(|stamp| {
                stamp.length == length && stamp.modified == modified && is_settled(modified)
            });
            let hash = match known {
                Some(stamp) => stamp.hash.clone(),
                None if length > MAX_HASHED => format!("{length} bytes, {modified:?}"),
                None => match self.dir.open(&path).and_then(hash_of) {
                    Ok(hash) => hash,
                    Err(_) => continue,
                },
            };
            next.insert(path, Stamp { length, modified, hash });
        }
        let files = next.iter().map(|(path, stamp)| (path.clone(), stamp.hash.clone())).collect();
        *stamps = next;
        Ok(Snapshot { files })
    }

    fn inside(&self, path: &Path) -> Option<String> {
        Some(path.strip_prefix(&self.root).ok()?.to_str()?.replace('\\', "/"))
    }
}

/// Takes the hash of a file without holding it in memory.
fn hash_of(file: cap_std::fs::File) -> io::Result<String> {
    let mut digest = Sha256::new();
    io::copy(&mut file.into_std(), &mut digest)?;
    Ok(hex(&digest.finalize()))
}

/// A file changed less than two seconds ago may change again within the same time stamp.
fn is_settled(modified: Option<SystemTime>) -> bool {
    modified
        .and_then(|modified| modified.elapsed().ok())
        .is_some_and(|age| age > std::time::Duration::from_secs(2))
}

impl Snapshot {
    /// Lists what is new, changed or gone in a later snapshot.
    pub fn changes(&self, after: &Snapshot) -> Vec<String> {
        let paths: BTreeSet<&String> = self.files.keys().chain(after.files.keys()).collect();
        paths
            .into_iter()
            .filter(|path| self.files.get(*path) != after.files.get(*path))
            .cloned()
            .collect()
    }

    /// Lists the changes that a glob matches.
    pub fn changed_since(&self, after: &Snapshot, glob: &str) -> Result<Vec<String>, String> {
        let set = globs_of(&[glob.to_owned()]).map_err(|refusal| refusal.to_string())?;
        let mut changes = self.changes(after);
        changes.retain(|path| set.is_match(path));
        Ok(changes)
    }
}

/// Compiles globs in which `*` does not cross a folder. Each also matches the path that it spells,
/// because a file can be named `[id].tsx`.
pub(super) fn globs_of(globs: &[String]) -> Result<GlobSet, Refusal> {
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
mod tests {
    use super::*;

    fn project(files: &[(&str, &str)]) -> (tempfile::TempDir, Workspace) {
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
        assert!(workspace.is_ignored("made/x"));
        assert!(!workspace.is_ignored("b"));
    }

    #[cfg(unix)]
    #[test]
    fn a_replaced_file_keeps_its_mode_and_its_link() {
        use std::os::unix::fs::PermissionsExt as _;
        let (folder, workspace) = project(&[("run.sh", "old")]);
        let path = folder.path().join("run.sh");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        std::os::unix::fs::symlink("run.sh", folder.path().join("link")).unwrap();
        workspace.replace("link", b"new").unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "new");
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o755);
        assert!(folder.path().join("link").symlink_metadata().unwrap().is_symlink());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    #[test]
    fn a_huge_file_is_known_by_its_length_and_time() {
        let (folder, workspace) = project(&[("small", "1")]);
        let file = std::fs::File::create(folder.path().join("huge")).unwrap();
        file.set_len(MAX_HASHED + 1).unwrap();
        let before = workspace.snapshot().unwrap();
        file.set_len(MAX_HASHED + 2).unwrap();
        assert_eq!(before.changes(&workspace.snapshot().unwrap()), ["huge"]);
    }

    #[test]
    fn a_snapshot_tells_what_changed() {
        let (folder, workspace) = project(&[("a", "1"), ("b", "1")]);
        let before = workspace.snapshot().unwrap();
        std::fs::write(folder.path().join("a"), "2").unwrap();
        std::fs::remove_file(folder.path().join("b")).unwrap();
        std::fs::write(folder.path().join("c"), "1").unwrap();
        assert_eq!(before.changes(&workspace.snapshot().unwrap()), ["a", "b", "c"]);
    }
}
