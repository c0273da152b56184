//! The project's files as requirements see them: never a secret one, never one outside.

use std::io::Read as _;
use std::path::{Component, Path, PathBuf};

use globset::GlobBuilder;

use crate::closed::Closed;

/// The largest file that is read, in bytes: lock files are long.
pub(super) const MOST_BYTES: u64 = 64 * 1024 * 1024;

/// How many files and folders a glob is held against.
const MOST_ENTRIES: usize = 200_000;

/// How deep secret files are looked for.
const SECRET_DEPTH: usize = 6;

/// Reads a text file whole, or nothing where it is none or too long. What is not UTF-8 is
/// replaced.
pub(super) fn text(path: &Path) -> Option<String> {
    let file = open(path)?;
    if file.metadata().ok()?.len() > MOST_BYTES {
        return None;
    }
    let mut bytes = Vec::new();
    file.take(MOST_BYTES).read_to_end(&mut bytes).ok()?;
    let text = String::from_utf8_lossy(&bytes);
    Some(text.strip_prefix('\u{feff}').unwrap_or(&text).to_owned())
}

/// Opens a regular file. Anything else, such as a pipe, could keep a reader waiting for ever.
pub(super) fn open(path: &Path) -> Option<std::fs::File> {
    path.is_file().then(|| std::fs::File::open(path).ok())?
}

/// The files below a root.
pub(super) struct Files<'a> {
    root: &'a Path,
    secret: Closed,
}

/// Why a file is not read.
pub(super) enum Unread {
    /// It does not exist.
    Missing,
    /// It is not to be opened; why.
    Closed(String),
}

/// The files that a glob matches.
pub(super) struct Matches {
    /// Their paths, relative to the root, sorted.
    pub(super) files: Vec<String>,
    /// Whether there was too much to look at all of it.
    pub(super) cut: bool,
}

impl<'a> Files<'a> {
    /// Opens the files of a project.
    pub(super) fn of(root: &'a Path) -> Result<Self, String> {
        let secret = Closed::secret().map_err(|error| error.to_string())?;
        Ok(Files { root, secret })
    }

    /// Reads a file, unless it may hold secrets or leads out of the project.
    pub(super) fn read(&self, path: &str) -> Result<String, Unread> {
        let closed = |why: &str| Unread::Closed(format!("`{path}` is not opened: {why}"));
        let inside = inside(path).ok_or_else(|| closed("it leads out of the project"))?;
        let Ok(real) = self.root.join(&inside).canonicalize() else {
            return Err(Unread::Missing);
        };
        let below = real.strip_prefix(self.root).ok().and_then(|below| below.to_str());
        let below = below.ok_or_else(|| closed("it leads out of the project"))?;
        let names = [inside.to_string_lossy().replace('\\', "/"), below.replace('\\', "/")];
        if names.iter().any(|name| self.secret.holds(name)) || self.is_linked_to_secret(&real) {
            return Err(closed("it may hold secrets"));
        }
        text(&real).ok_or_else(|| closed("it is not a file that can be read, or too long"))
    }

    /// Lists the files that a glob matches. A path without wildcards is looked up as it is, whether
    /// or not git ignores it; a glob matches only what git does not ignore.
    pub(super) fn matching(&self, glob: &str) -> Result<Matches, String> {
        let glob = glob.strip_prefix("./").unwrap_or(glob);
        let is_there = inside(glob).is_some_and(|path| self.root.join(path).is_file());
        if is_there || !glob.contains(['*', '?', '[', '{', '\\']) {
            let files = is_there.then(|| glob.to_owned()).into_iter().collect();
            return Ok(Matches { files, cut: false });
        }
        let compiled = GlobBuilder::new(glob).literal_separator(true).build();
        let matcher = compiled.map_err(|error| error.to_string())?.compile_matcher();
        let deep = glob.contains("**");
        let depth = (!deep).then(|| glob.matches('/').count() + 1);
        let mut seen = 0;
        let mut files = Vec::new();
        for entry in self.walk(true, depth).filter_map(Result::ok) {
            seen += 1;
            if seen > MOST_ENTRIES {
                break;
            }
            let below = entry.path().strip_prefix(self.root).ok().and_then(Path::to_str);
            let Some(below) = below.map(|below| below.replace('\\', "/")) else { continue };
            if matcher.is_match(&below) && entry.path().is_file() {
                files.push(below);
            }
        }
        files.sort();
        Ok(Matches { files, cut: seen > MOST_ENTRIES })
    }

    /// A file with several names is closed when one of the others is.
    fn is_linked_to_secret(&self, real: &Path) -> bool {
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt as _;
            let Ok(metadata) = real.metadata() else { return false };
            if metadata.nlink() < 2 {
                return false;
            }
            let identity = (metadata.dev(), metadata.ino());
            let walk = self.walk(false, Some(SECRET_DEPTH)).filter_map(Result::ok);
            walk.take(MOST_ENTRIES)
                .filter(|entry| {
                    let below = entry.path().strip_prefix(self.root).ok().and_then(Path::to_str);
                    below.is_some_and(|below| self.secret.holds(below))
                })
                .any(|entry| {
                    let other = entry.path().metadata();
                    other.is_ok_and(|other| (other.dev(), other.ino()) == identity)
                })
        }
        #[cfg(not(unix))]
        {
            let _ = (real, SECRET_DEPTH);
            false
        }
    }

    fn walk(&self, ignoring: bool, depth: Option<usize>) -> ignore::Walk {
        ignore::WalkBuilder::new(self.root)
            .standard_filters(ignoring)
            .hidden(false)
            .git_global(false)
            .git_exclude(false)
            .parents(false)
            .require_git(false)
            .max_depth(depth)
            .filter_entry(|entry| {
                let made = matches!(entry.file_name().to_str(), Some(".git" | "node_modules"));
                !(made && entry.file_type().is_some_and(|kind| kind.is_dir()))
            })
            .build()
    }
}

/// Returns a relative path that does not climb, or nothing.
fn inside(path: &str) -> Option<PathBuf> {
    let mut inside = PathBuf::new();
    for component in Path::new(path).components() {
        match component {
            Component::Normal(part) => inside.push(part),
            Component::CurDir => {}
            _ => return None,
        }
    }
    (!inside.as_os_str().is_empty()).then_some(inside)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::tests::folder;

    fn read(root: &Path, path: &str) -> Result<String, String> {
        Files::of(root).unwrap().read(path).map_err(|unread| match unread {
            Unread::Missing => "missing".to_owned(),
            Unread::Closed(why) => why,
        })
    }

    #[cfg(unix)]
    #[test]
    fn secret_files_and_ways_out_are_never_opened() {
        use std::os::unix::fs::symlink;
        let folder = folder(&[(".env", "KEY=canary"), ("a.txt", "\u{feff}text")]);
        let root = folder.path().canonicalize().unwrap();
        symlink(".env", root.join("link.txt")).unwrap();
        symlink("/etc/hosts", root.join("out.txt")).unwrap();
        std::fs::hard_link(root.join(".env"), root.join("hard.txt")).unwrap();
        for path in [".env", "link.txt", "hard.txt", "./.env"] {
            assert!(read(&root, path).unwrap_err().contains("may hold secrets"), "{path}");
        }
        for path in ["out.txt", "../x", "/etc/hosts"] {
            assert!(read(&root, path).unwrap_err().contains("out of the project"), "{path}");
        }
        assert_eq!(read(&root, "a.txt").unwrap(), "text");
        assert_eq!(read(&root, "none").unwrap_err(), "missing");
        assert!(read(&root, ".").unwrap_err().contains("out of the project"));
    }

    #[expect(clippy::disallowed_methods, reason = "the test makes what it looks at")]
    #[cfg(unix)]
    #[tokio::test]
    async fn a_pipe_keeps_nobody_waiting() {
        let folder = folder(&[]);
        let pipe = folder.path().canonicalize().unwrap().join("package.json");
        let made = tokio::process::Command::new("mkfifo").arg(&pipe).status().await.unwrap();
        assert!(made.success());
        assert!(text(&pipe).is_none());
        assert!(read(pipe.parent().unwrap(), "package.json").is_err());
    }

    #[test]
    fn a_path_is_found_though_git_ignores_it_and_a_glob_is_not() {
        let folder = folder(&[
            (".gitignore", "*.local\n"),
            (".env.local", ""),
            ("a/b/c.ts", ""),
            ("c.ts", ""),
            ("node_modules/d.ts", ""),
        ]);
        let root = folder.path().canonicalize().unwrap();
        let files = Files::of(&root).unwrap();
        let matching = |glob: &str| files.matching(glob).unwrap().files;
        assert_eq!(matching(".env.local"), [".env.local"]);
        assert!(matching("*.local").is_empty());
        assert_eq!(matching("*.ts"), ["c.ts"]);
        assert_eq!(matching("**/*.{ts,js}"), ["a/b/c.ts", "c.ts"]);
        assert!(matching("a").is_empty());
        assert!(matching("../c.ts").is_empty());
        assert!(files.matching("[").is_err());
    }
}
