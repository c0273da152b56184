//! Changing: the folder is opened first, and judged by its real name; then one step replaces the
//! file.

use std::ffi::{OsStr, OsString};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use cap_std::fs::{Dir, OpenOptions};

use super::opened::{by_handle, unreadable};
use super::{Workspace, hash, spelling};
use crate::gate::Refusal;

/// Decides by the real name of a file whether it may change.
pub(crate) type Judge<'a> = &'a dyn Fn(&str) -> Result<(), Refusal>;

/// What must stand at a path at the last moment before it is replaced.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Before<'a> {
    /// Whatever stands there.
    Any,
    /// Nothing.
    Nothing,
    /// A file with bytes of this hash.
    Hash(&'a str),
}

/// A place for a file: its folder, held open, and the name in it.
struct Place {
    folder: Dir,
    /// Folders that are still to be made in it.
    missing: PathBuf,
    name: OsString,
    /// The real name from the root, with no link in it.
    real: String,
}

impl Workspace {
    /// Refuses a path that no stage may change, whatever its globs: secret files, and protected
    /// ones that `writes` does not name letter by letter.
    pub(crate) fn refuse_write(&self, path: &str, writes: &[String]) -> Result<(), Refusal> {
        self.refuse_secret(path)?;
        let real = self.dir.canonicalize(path).ok();
        let real = real.and_then(|real| real.to_str().map(str::to_owned));
        let named = |path: &str| writes.iter().any(|glob| glob == path);
        for path in real.iter().map(String::as_str).chain([path]) {
            if self.protected.holds(path) && !named(path) {
                return Err(Refusal::Power(format!(
                    "`{path}` is protected: no stage changes it unasked"
                )));
            }
            if path.split('/').any(|part| part == "node_modules") {
                return Err(Refusal::Power(format!(
                    "`{path}` is of an installed package: the next install would undo the change"
                )));
            }
        }
        Ok(())
    }

    /// Puts bytes in the place of a file that no link leads to, whole or not at all.
    pub(crate) fn replace(&self, path: &str, bytes: &[u8]) -> Result<(), Refusal> {
        self.replace_if(path, bytes, Before::Any, &|real| itself(path, real))
    }

    /// Puts a file back that no link leads to, with its permissions.
    pub(crate) fn replace_as(
        &self,
        path: &str,
        bytes: &[u8],
        before: Before<'_>,
        mode: Option<u32>,
    ) -> Result<(), Refusal> {
        self.put(path, bytes, before, mode, &|real| itself(path, real))
    }

    /// Puts bytes in the place of a file, whole or not at all, where `may` says yes to its real
    /// name and `before` still holds. Its mode and owner are kept; a link is followed inside the
    /// root, and stays a link.
    ///
    /// # Errors
    ///
    /// The file is as it was, then.
    pub(crate) fn replace_if(
        &self,
        path: &str,
        bytes: &[u8],
        before: Before<'_>,
        may: Judge<'_>,
    ) -> Result<(), Refusal> {
        self.put(path, bytes, before, None, may)
    }

    fn put(
        &self,
        path: &str,
        bytes: &[u8],
        before: Before<'_>,
        mode: Option<u32>,
        may: Judge<'_>,
    ) -> Result<(), Refusal> {
        let failed = |error: io::Error| unwritable(path, &error);
        let place = self.place(path)?;
        may(&place.real)?;
        let folder = place.made().map_err(failed)?;
        let name = Path::new(&place.name);
        // The folders that were made may have been swapped meanwhile.
        let real = self.name_in(&folder, &place.name, &place.real);
        may(&real)?;
        let old = folder.metadata(name).ok();
        let draft = format!(".{}.wizard-{}", name.display(), uuid::Uuid::now_v7().simple());
        let written = (|| {
            let mut file = folder
                .open_with(&draft, OpenOptions::new().write(true).create_new(true))
                .map_err(failed)?;
            file.write_all(bytes).map_err(failed)?;
            if let Some(old) = old {
                keep_owner(&file, &old);
                file.set_permissions(old.permissions()).map_err(failed)?;
            }
            #[cfg(unix)]
            if let Some(mode) = mode {
                use cap_std::fs::PermissionsExt as _;
                file.set_permissions(cap_std::fs::Permissions::from_mode(mode)).map_err(failed)?;
            }
            #[cfg(not(unix))]
            let _ = mode;
            file.sync_all().map_err(failed)?;
            let now = || folder.read(name).ok().map(|bytes| hash(&bytes));
            let same = match before {
                Before::Any => true,
                Before::Nothing => folder.symlink_metadata(name).is_err(),
                Before::Hash(hash) => now().as_deref() == Some(hash),
            };
            if !same {
                return Err(Refusal::Reply(format!(
                    "`{path}` changed since you read it; read it again"
                )));
            }
            folder.rename(&draft, &folder, name).map_err(failed)
        })();
        if written.is_err() {
            let _ = folder.remove_file(&draft);
        }
        written?;
        settle(&folder);
        Ok(())
    }

    /// Returns the name of the file that a change of a path changes: a link is followed.
    pub(crate) fn real(&self, path: &str) -> Result<String, Refusal> {
        Ok(self.place(path)?.real)
    }

    /// Makes a link, where nothing stands.
    pub(crate) fn link_to(&self, path: &str, target: &str) -> Result<(), Refusal> {
        let place = self.place(path)?;
        itself(path, &place.real)?;
        let failed = |error: io::Error| unwritable(path, &error);
        let folder = place.made().map_err(failed)?;
        #[cfg(unix)]
        folder.symlink_contents(target, Path::new(&place.name)).map_err(failed)?;
        #[cfg(not(unix))]
        return Err(Refusal::Reply(format!("`{path}` was a link to `{target}`")));
        settle(&folder);
        Ok(())
    }

    /// Gives a file its permissions, where the system has them.
    pub(crate) fn set_mode(&self, path: &str, mode: u32) -> Result<(), Refusal> {
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let failed = |error: io::Error| unwritable(path, &error);
            let opened = self.opened(path).map_err(failed)?;
            itself(path, &opened.real)?;
            let permissions = std::fs::Permissions::from_mode(mode);
            opened.file.set_permissions(permissions).map_err(failed)?;
        }
        #[cfg(not(unix))]
        let _ = (path, mode);
        Ok(())
    }

    /// Removes a folder where it is empty and no link.
    pub(crate) fn remove_empty(&self, path: &str) -> bool {
        self.dir.symlink_metadata(path).is_ok_and(|metadata| metadata.is_dir())
            && self.dir.remove_dir(path).is_ok()
    }

    /// Removes a file where `may` says yes to its real name; of a link, the link.
    pub(crate) fn remove_if(&self, path: &str, may: Judge<'_>) -> Result<(), Refusal> {
        let (folder, name) = split(Path::new(path))?;
        let folder = self.folder(folder).map_err(|error| unwritable(path, &error))?;
        may(&self.name_in(&folder, name, path))?;
        folder.remove_file(name).map_err(|error| unwritable(path, &error))?;
        settle(&folder);
        Ok(())
    }

    /// Removes a file that no link leads to.
    pub(crate) fn remove(&self, path: &str) -> Result<(), Refusal> {
        self.remove_if(path, &|real| itself(path, real))
    }

    /// Finds the place of a file: a link at its name is followed, and the deepest folder that is
    /// there is opened.
    fn place(&self, path: &str) -> Result<Place, Refusal> {
        let failed = |error: io::Error| unreadable(path, &error);
        let target = match self.dir.symlink_metadata(path) {
            Ok(metadata) if metadata.is_symlink() => self.dir.canonicalize(path).map_err(failed)?,
            Ok(metadata) if !metadata.is_file() => {
                return Err(Refusal::Reply(format!("`{path}` is not a regular file")));
            }
            Ok(_) => PathBuf::from(path),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                if let Some(reason) = spelling::strange(path) {
                    return Err(Refusal::Reply(format!("`{path}` is not made: {reason}")));
                }
                PathBuf::from(path)
            }
            Err(error) => return Err(failed(error)),
        };
        let (wanted, name) = split(&target)?;
        for there in wanted.ancestors() {
            let folder = match self.folder(there) {
                Ok(folder) => folder,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(failed(error)),
            };
            let missing = wanted.strip_prefix(there).unwrap_or(wanted).to_owned();
            let real = self.name_in(&folder, missing.join(name).as_os_str(), &slashed(&target));
            return Ok(Place { folder, missing, name: name.to_owned(), real });
        }
        Err(Refusal::Reply(format!("`{path}` has no folder")))
    }

    /// Opens a folder below the root; the empty path is the root.
    fn folder(&self, path: &Path) -> io::Result<Dir> {
        self.dir.open_dir(if path.as_os_str().is_empty() { Path::new(".") } else { path })
    }

    /// Returns the real name of what stands, or will stand, in an open folder.
    fn name_in(&self, folder: &Dir, name: &OsStr, asked: &str) -> String {
        let Some(real) = by_handle(folder) else {
            let parent = Path::new(asked).parent().unwrap_or(Path::new(""));
            let real = self.dir.canonicalize(parent).unwrap_or_else(|_| parent.to_owned());
            return slashed(&real.join(Path::new(name).file_name().unwrap_or(name)));
        };
        match self.inside(&real.join(name)) {
            Some(inside) => inside,
            // It was moved out of the root: no judge says yes to this.
            None => "..".to_owned(),
        }
    }
}

impl Place {
    /// Makes the folders that are missing, one in the other, through no link.
    fn made(&self) -> io::Result<Dir> {
        let mut folder = self.folder.try_clone()?;
        for part in &self.missing {
            match folder.create_dir(part) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
                _ => {}
            }
            if folder.symlink_metadata(part)?.is_symlink() {
                return Err(io::Error::other("a link took the place of a folder"));
            }
            folder = folder.open_dir(part)?;
        }
        Ok(folder)
    }
}

/// Says no to a file that a link leads to.
fn itself(path: &str, real: &str) -> Result<(), Refusal> {
    if path == real {
        return Ok(());
    }
    Err(Refusal::Power(format!("`{path}` is another file, by a link: it stays as it is")))
}

fn split(path: &Path) -> Result<(&Path, &OsStr), Refusal> {
    let name = path.file_name();
    let name = name.ok_or_else(|| Refusal::Reply(format!("`{}` is no file", path.display())))?;
    Ok((path.parent().unwrap_or(Path::new("")), name))
}

fn slashed(path: &Path) -> String {
    path.to_string_lossy().replace('\\', "/")
}

fn unwritable(path: &str, error: &io::Error) -> Refusal {
    Refusal::Reply(format!("`{path}` cannot be written: {error}"))
}

/// Gives a file the owner of the one it replaces, where we may.
fn keep_owner(file: &cap_std::fs::File, old: &cap_std::fs::Metadata) {
    #[cfg(unix)]
    {
        use cap_std::fs::MetadataExt as _;
        let _ = std::os::unix::fs::fchown(file, Some(old.uid()), Some(old.gid()));
    }
    #[cfg(not(unix))]
    let _ = (file, old);
}

/// Makes a change of a folder last through a loss of power, as far as the system promises it.
fn settle(folder: &Dir) {
    if let Ok(folder) = folder.try_clone() {
        let _ = folder.into_std_file().sync_all();
    }
}
