//! Changing: the folder is opened first, and judged by its real name; then one step replaces the
//! file.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use cap_std::fs::{Dir, OpenOptions};

use super::opened::{by_handle, unreadable};
use super::{Workspace, hash, spelling};
use crate::gate::Refusal;

/// How the name of a file begins that is not whole yet. It does not go on with the name of the
/// file that it will be: that may be as long as the system lets one be.
const DRAFT: &str = ".wizard-";

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
    /// A link that leads there.
    Link(&'a str),
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
        self.put(&self.place(path)?, path, bytes, before, mode, &|real| itself(path, real))
    }

    /// Puts a file back at a path, with its permissions: a link that stands there is replaced and
    /// never followed.
    pub(crate) fn restore(
        &self,
        path: &str,
        bytes: &[u8],
        before: Before<'_>,
        mode: Option<u32>,
    ) -> Result<(), Refusal> {
        self.put(&self.own_place(path)?, path, bytes, before, mode, &|real| itself(path, real))
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
        self.put(&self.place(path)?, path, bytes, before, None, may)
    }

    fn put(
        &self,
        place: &Place,
        path: &str,
        bytes: &[u8],
        before: Before<'_>,
        mode: Option<u32>,
        may: Judge<'_>,
    ) -> Result<(), Refusal> {
        let failed = |error: io::Error| unwritable(path, &error);
        may(&place.real)?;
        let folder = place.made().map_err(failed)?;
        let name = Path::new(&place.name);
        // The folders that were made may have been swapped meanwhile.
        let real = self.name_in(&folder, &place.name, &place.real);
        may(&real)?;
        let old = folder.symlink_metadata(name).ok().filter(|old| !old.is_symlink());
        let draft = draft();
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
            before.still_holds(&folder, path, name)?;
            folder.rename(&draft, &folder, name).map_err(failed)
        })();
        if written.is_err() {
            let _ = folder.remove_file(&draft);
        }
        written?;
        settle(&folder)?;
        // Some network drives say that all is well, and leave an empty file.
        match folder.read(name) {
            Ok(found) if found == bytes => Ok(()),
            _ => {
                Err(Refusal::Fatal(format!("`{path}` was written, and what stands there differs")))
            }
        }
    }

    /// Returns the name of the file that a change of a path changes: a link is followed.
    pub(crate) fn real(&self, path: &str) -> Result<String, Refusal> {
        Ok(self.place(path)?.real)
    }

    /// Makes a link in the place of what stands there, at once.
    pub(crate) fn link_to(
        &self,
        path: &str,
        target: &str,
        before: Before<'_>,
    ) -> Result<(), Refusal> {
        let place = self.own_place(path)?;
        itself(path, &place.real)?;
        let failed = |error: io::Error| unwritable(path, &error);
        let folder = place.made().map_err(failed)?;
        let draft = draft();
        #[cfg(unix)]
        folder.symlink_contents(target, &draft).map_err(failed)?;
        #[cfg(not(unix))]
        return Err(Refusal::Reply(format!("`{path}` was a link to `{target}`")));
        let name = Path::new(&place.name);
        let written = before
            .still_holds(&folder, path, name)
            .and_then(|()| folder.rename(&draft, &folder, name).map_err(failed));
        if written.is_err() {
            let _ = folder.remove_file(&draft);
        }
        written?;
        settle(&folder)
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

    /// Removes files of ours that a killed run left in a folder, half-written, and returns their
    /// paths.
    ///
    /// The caller holds the lock of the project: no other run is about to rename one.
    pub(crate) fn remove_drafts(&self, folder: &str) -> io::Result<Vec<String>> {
        let folder = match self.folder(Path::new(folder)) {
            Ok(opened) => opened,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let mut removed = Vec::new();
        for entry in folder.entries()? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if is_draft(&name) && !entry.file_type()?.is_dir() {
                folder.remove_file(&name)?;
                removed.push(name);
            }
        }
        Ok(removed)
    }

    /// Makes a folder where none stands, with the folders above it, and gives it its permissions.
    pub(crate) fn make_folder(&self, path: &str, mode: u32) -> Result<(), Refusal> {
        let failed = |error: io::Error| unwritable(path, &error);
        let inner = format!("{path}/x");
        let place = self.place(&inner)?;
        itself(&inner, &place.real)?;
        let folder = place.made().map_err(failed)?;
        #[cfg(unix)]
        {
            use cap_std::fs::PermissionsExt as _;
            let permissions = cap_std::fs::Permissions::from_mode(mode);
            folder.set_permissions(".", permissions).map_err(failed)?;
        }
        #[cfg(not(unix))]
        let _ = (folder, mode);
        Ok(())
    }

    /// Whether a folder stands, is no link, and holds nothing but these paths.
    pub(crate) fn holds_only(&self, path: &str, may: &BTreeSet<String>) -> bool {
        let is_folder = self.dir.symlink_metadata(path).is_ok_and(|found| found.is_dir());
        let entries = self.dir.read_dir(path);
        is_folder
            && entries.is_ok_and(|entries| {
                entries.filter_map(Result::ok).all(|entry| {
                    let name = entry.file_name().to_string_lossy().into_owned();
                    may.contains(&format!("{path}/{name}"))
                })
            })
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
        settle(&folder)
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
        self.place_at(path, &target)
    }

    /// Finds the place of a path itself: a link at its name is not followed.
    fn own_place(&self, path: &str) -> Result<Place, Refusal> {
        match self.dir.symlink_metadata(path) {
            Ok(metadata) if !metadata.is_file() && !metadata.is_symlink() => {
                Err(Refusal::Reply(format!("`{path}` is not a regular file")))
            }
            _ => self.place_at(path, Path::new(path)),
        }
    }

    fn place_at(&self, path: &str, target: &Path) -> Result<Place, Refusal> {
        let failed = |error: io::Error| unreadable(path, &error);
        let (wanted, name) = split(target)?;
        for there in wanted.ancestors() {
            let folder = match self.folder(there) {
                Ok(folder) => folder,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(failed(error)),
            };
            let missing = wanted.strip_prefix(there).unwrap_or(wanted).to_owned();
            let real = self.name_in(&folder, missing.join(name).as_os_str(), &slashed(target));
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

impl Before<'_> {
    /// Fails where something else stands in a folder.
    fn still_holds(self, folder: &Dir, path: &str, name: &Path) -> Result<(), Refusal> {
        let found = folder.symlink_metadata(name).ok();
        let is_link = found.as_ref().is_some_and(cap_std::fs::Metadata::is_symlink);
        let holds = match self {
            Before::Any => true,
            Before::Nothing => found.is_none(),
            Before::Hash(due) => {
                !is_link && folder.read(name).is_ok_and(|bytes| hash(&bytes) == due)
            }
            Before::Link(due) => {
                is_link && folder.read_link_contents(name).is_ok_and(|it| it == Path::new(due))
            }
        };
        if holds {
            return Ok(());
        }
        Err(Refusal::Reply(format!("`{path}` changed since you read it; read it again")))
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

/// Names a file that is not whole yet.
fn draft() -> String {
    format!("{DRAFT}{}", uuid::Uuid::now_v7().simple())
}

/// Whether a path is that of a file of ours that is not whole yet.
pub(super) fn is_draft(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path).strip_prefix(DRAFT);
    name.is_some_and(|id| id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit()))
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
///
/// # Errors
///
/// The change is made, and the disk may not have it: nothing more is to be done on that.
fn settle(folder: &Dir) -> Result<(), Refusal> {
    #[cfg(unix)]
    {
        // The handle itself is good for names only.
        let opened = folder.open(".").and_then(|opened| opened.sync_all());
        match opened {
            // A file system that does not wait for folders.
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => {}
            Err(error) => {
                let said = format!("a change may not last: the disk does not take it: {error}");
                return Err(Refusal::Fatal(said));
            }
            Ok(()) => {}
        }
    }
    #[cfg(not(unix))]
    let _ = folder;
    Ok(())
}
