//! Reading: what was opened decides, by its real name and its identity, not the name asked for.

use std::io::{self, Read as _};

use cap_std::fs::{Metadata, MetadataExt as _, OpenOptions};

use super::Workspace;
use crate::gate::Refusal;

/// The largest file that is read, in bytes.
const MAX_FILE: u64 = 2 * 1024 * 1024;

/// How often a file is opened again when its name moved meanwhile.
const TRIES: u32 = 8;

/// How deep secret files are looked for.
const SECRET_DEPTH: usize = 8;

/// Folders in which secret files are not looked for: what is there is others' and very much.
const FAR: [&str; 6] = [".git", "node_modules", "target", ".venv", "venv", "__pycache__"];

/// A file that was opened below the root, and what it is.
pub(super) struct Opened {
    pub(super) file: std::fs::File,
    pub(super) metadata: Metadata,
    /// Its name in the project, with no link in it.
    pub(super) real: String,
}

impl Workspace {
    /// Reads a file that a stage may see.
    pub fn read(&self, asked: &str) -> Result<(String, Vec<u8>), Refusal> {
        let path = self.path(asked)?;
        self.refuse_secret(&path)?;
        let opened = self.opened(&path).map_err(|error| unreadable(&path, &error))?;
        if self.secret.holds(&opened.real) || self.is_hard_link_to_secret(&opened.metadata) {
            return Err(closed(&path));
        }
        let bytes =
            opened.bytes().map_err(|reason| Refusal::Reply(format!("`{path}` {reason}")))?;
        if crate::closed::is_key_file(&bytes) {
            return Err(closed(&path));
        }
        Ok((path, bytes))
    }

    /// Reads a file that a stage may see as text. What is not UTF-8 is replaced.
    pub fn text(&self, asked: &str) -> Result<String, Refusal> {
        let (_, bytes) = self.read(asked)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Returns how long a file is, in bytes; nothing where it cannot be told.
    pub(in crate::gate) fn length(&self, path: &str) -> Option<u64> {
        self.dir.metadata(path).ok().map(|metadata| metadata.len())
    }

    /// Returns how many names a file has: hard links, of which a change replaces one.
    pub(in crate::gate) fn names(&self, path: &str) -> u64 {
        self.dir.metadata(path).map_or(1, |metadata| metadata.nlink())
    }

    /// Whether something stands at a path, a link that leads nowhere too.
    pub(crate) fn stands(&self, path: &str) -> bool {
        self.dir.symlink_metadata(path).is_ok()
    }

    /// Reads any file of the project, for the engine's own use: env files among them.
    ///
    /// # Errors
    ///
    /// Fails where the path leads out of the project, or to what is no regular file.
    pub(crate) fn read_any(&self, path: &str) -> io::Result<Option<Vec<u8>>> {
        let Some(mut file) = self.open_any(path)? else { return Ok(None) };
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        Ok(Some(bytes))
    }

    /// Opens any file of the project, as [`read_any`](Self::read_any) does.
    pub(in crate::gate) fn open_any(&self, path: &str) -> io::Result<Option<std::fs::File>> {
        let opened = match self.opened(path) {
            Ok(opened) => opened,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        if !opened.metadata.is_file() {
            return Err(io::Error::other("it is not a regular file"));
        }
        Ok(Some(opened.file))
    }

    /// Opens what stands at a path, and learns its real name. Nothing is waited for: a pipe
    /// without a writer opens at once.
    pub(super) fn opened(&self, path: &str) -> io::Result<Opened> {
        for _ in 0..TRIES {
            let file = self.dir.open_with(path, &reading())?;
            let metadata = file.metadata()?;
            let file = file.into_std();
            if let Some(real) = self.real_name(&file, &metadata, path)? {
                return Ok(Opened { file, metadata, real });
            }
        }
        Err(io::Error::other("it is moved all the time"))
    }

    /// Returns the name that a file has in the project; nothing where it moved meanwhile.
    fn real_name(
        &self,
        file: &std::fs::File,
        metadata: &Metadata,
        path: &str,
    ) -> io::Result<Option<String>> {
        if let Some(name) = by_handle(file) {
            return match self.inside(&name) {
                Some(real) => Ok(Some(real)),
                // It was removed or moved out while we looked.
                None => Ok(None),
            };
        }
        let real = self.dir.canonicalize(path)?;
        let there = self.dir.metadata(&real)?;
        let same = (there.dev(), there.ino()) == (metadata.dev(), metadata.ino());
        Ok(real.to_str().filter(|_| same).map(|real| real.replace('\\', "/")))
    }

    /// Whether a path, or what it leads to, holds secrets.
    pub fn is_secret(&self, path: &str) -> bool {
        let real = self.dir.canonicalize(path).ok();
        let real = real.and_then(|real| real.to_str().map(str::to_owned));
        self.secret.holds(path)
            || real.is_some_and(|real| self.secret.holds(&real))
            || self.dir.metadata(path).is_ok_and(|metadata| self.is_hard_link_to_secret(&metadata))
    }

    /// Refuses a path that holds secrets by its name, or by that of what it leads to.
    pub(super) fn refuse_secret(&self, path: &str) -> Result<(), Refusal> {
        if self.is_secret(path) { Err(closed(path)) } else { Ok(()) }
    }

    /// A file with several names is closed when one of the others is.
    pub(super) fn is_hard_link_to_secret(&self, metadata: &Metadata) -> bool {
        if !metadata.is_file() || metadata.nlink() < 2 {
            return false;
        }
        let identity = (metadata.dev(), metadata.ino());
        self.secret_files().iter().any(|secret| {
            self.dir.metadata(secret).is_ok_and(|other| (other.dev(), other.ino()) == identity)
        })
    }

    /// Lists the project's files that hold secrets, ignored ones among them.
    pub(in crate::gate) fn secret_files(&self) -> Vec<String> {
        let walk = ignore::WalkBuilder::new(&self.root)
            .standard_filters(false)
            .max_depth(Some(SECRET_DEPTH))
            .filter_entry(|entry| {
                let far = FAR.contains(&entry.file_name().to_string_lossy().as_ref());
                !(far && entry.file_type().is_some_and(|kind| kind.is_dir()))
            })
            .build();
        walk.filter_map(Result::ok)
            .filter(|entry| entry.file_type().is_some_and(|kind| kind.is_file()))
            .filter_map(|entry| self.inside(entry.path()))
            .filter(|path| self.secret.holds(path))
            .collect()
    }
}

impl Opened {
    /// Reads a regular file of a bounded length, or says what it is instead.
    fn bytes(self) -> Result<Vec<u8>, String> {
        if self.metadata.is_dir() {
            return Err("is a folder; list its files with `glob`".to_owned());
        }
        if !self.metadata.is_file() {
            return Err("is not a regular file".to_owned());
        }
        let length = self.metadata.len();
        if length > MAX_FILE {
            return Err(format!("has {length} bytes, and at most {MAX_FILE} are read"));
        }
        let mut bytes = Vec::new();
        let read = self.file.take(MAX_FILE + 1).read_to_end(&mut bytes);
        read.map_err(|error| format!("cannot be read: {error}"))?;
        Ok(bytes)
    }
}

/// How a file is opened to be read.
fn reading() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use cap_std::fs::OpenOptionsExt as _;
        let flags = rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::NOCTTY;
        options.custom_flags(i32::try_from(flags.bits()).unwrap_or_default());
    }
    options
}

/// Returns the name that the system knows of an open file.
#[cfg(target_os = "linux")]
pub(super) fn by_handle(file: &impl std::os::fd::AsRawFd) -> Option<std::path::PathBuf> {
    std::fs::read_link(format!("/proc/self/fd/{}", file.as_raw_fd())).ok()
}

/// Returns the name that the system knows of an open file.
#[cfg(not(target_os = "linux"))]
pub(super) fn by_handle<T>(_file: &T) -> Option<std::path::PathBuf> {
    None
}

/// The refusal of a file that holds secrets.
pub(super) fn closed(path: &str) -> Refusal {
    Refusal::Power(format!(
        "`{path}` is closed: it may hold secrets. The tool `env`, where a stage has it, says \
         whether a key is set"
    ))
}

/// Says why a file could not be opened.
pub(super) fn unreadable(path: &str, error: &io::Error) -> Refusal {
    match error.kind() {
        io::ErrorKind::NotFound => Refusal::Reply(format!("there is no file `{path}`")),
        io::ErrorKind::PermissionDenied => Refusal::Power(format!(
            "`{path}` cannot be opened: it leads out of the project, or is not readable"
        )),
        _ => Refusal::Reply(format!("`{path}` cannot be opened: {error}")),
    }
}
