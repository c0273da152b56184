//! Finding a playbook and reading everything that it names. The only place of this module that
//! touches the disk.

#![expect(clippy::disallowed_methods, reason = "this reads a library")]

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use rust_embed::RustEmbed;
use sha2::{Digest as _, Sha256};

use crate::closed;
use crate::playbook::{Bundle, Library};
use crate::source::{FileId, Source};

/// The largest file of a library that is read, in bytes.
const MAX_FILE: u64 = 1024 * 1024;

/// The largest file of an airplane that is read, in bytes: a lock file, which is reduced.
const MAX_AIRPLANE_FILE: u64 = 4 * 1024 * 1024;

/// The most files of an airplane that lint reads: a model app has far fewer.
const MAX_AIRPLANE_FILES: usize = 500;

/// How many folders deep files are looked for that a playbook could name.
const DEEPEST: usize = 4;

/// The playbooks that are compiled in.
#[derive(RustEmbed)]
#[folder = "playbooks"]
#[prefix = "playbooks/"]
struct Playbooks;

/// The model apps that are compiled in.
#[derive(RustEmbed)]
#[folder = "airplanes"]
#[prefix = "airplanes/"]
#[exclude = "*/node_modules/*"]
#[exclude = "*/.next/*"]
#[exclude = "*/.venv/*"]
#[exclude = "*/__pycache__/*"]
struct Airplanes;

/// The sample projects and their cassettes that are compiled in.
#[derive(RustEmbed)]
#[folder = "demos"]
#[prefix = "demos/"]
#[exclude = "*/node_modules/*"]
#[exclude = "*/.next/*"]
#[exclude = "*/.venv/*"]
#[exclude = "*/__pycache__/*"]
struct Demos;

/// Why a playbook was not read.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// No library has a playbook of this name.
    #[error("there is no playbook `{name}`{}", .near.as_ref().map(|near| format!("; did you mean `{near}`?")).unwrap_or_default())]
    Unknown {
        /// The name as typed.
        name: String,
        /// A name that is near.
        near: Option<String>,
    },
    /// Its file cannot be read.
    #[error("cannot read `{path}`: {reason}")]
    Unreadable {
        /// The file.
        path: String,
        /// What the system said.
        reason: String,
    },
}

/// Finds the library and the path inside it that a person means.
///
/// A bare name is looked up in the user's own library, then in the one compiled in, and never in
/// the project. Anything with a separator is a path.
pub fn resolve(name: &str, own: Option<&Path>) -> Result<(Library, String), LoadError> {
    if name.contains('/') || name.contains(std::path::MAIN_SEPARATOR) {
        return Ok(path(Path::new(name)));
    }
    let stem = name.strip_suffix(".md").unwrap_or(name);
    let inside = format!("playbooks/{stem}.md");
    let libraries = own.map(|folder| Library::Folder(folder.to_owned())).into_iter();
    let mut known = Vec::new();
    for library in libraries.chain([Library::Builtin]) {
        if library.read(&inside).is_ok() {
            return Ok((library, inside));
        }
        known.extend(library.playbooks());
    }
    let near = crate::diagnostic::near(stem, known.iter().map(String::as_str)).map(str::to_owned);
    Err(LoadError::Unknown { name: name.to_owned(), near })
}

/// A file that stands in a folder `playbooks` has the folder above as its library, so that
/// airplanes are found beside it; any other has its own folder.
fn path(path: &Path) -> (Library, String) {
    let folder = path.parent().unwrap_or(Path::new("."));
    let file = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    if folder.file_name().is_some_and(|name| name == "playbooks") {
        let above = folder.parent().filter(|above| !above.as_os_str().is_empty());
        let above = above.unwrap_or(Path::new("."));
        return (Library::Folder(above.to_owned()), format!("playbooks/{file}"));
    }
    let real = folder.canonicalize().ok();
    if real.is_some_and(|real| real.file_name().is_some_and(|name| name == "playbooks")) {
        return (Library::Folder(folder.join("..")), format!("playbooks/{file}"));
    }
    (Library::Folder(folder.to_owned()), file)
}

/// Reads a playbook and every file that it names.
pub fn load(library: Library, path: &str) -> Result<Bundle, LoadError> {
    let shown = library.shown(path);
    let unreadable = |reason: String| LoadError::Unreadable { path: shown.clone(), reason };
    let bytes = library.read(path).map_err(|error| unreadable(error.to_string()))?;
    let text = text(bytes).map_err(unreadable)?;
    Ok(bundle(library, path, Source::new(shown, text), &|_| None))
}

/// Takes a file's bytes as text, or says what they are instead and the way out.
pub fn text(bytes: Vec<u8>) -> Result<String, String> {
    let wide = bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]);
    String::from_utf8(bytes).map_err(|error| {
        let read = error.utf8_error().valid_up_to();
        let bytes = error.as_bytes();
        if wide {
            return "it is UTF-16; save it as UTF-8".to_owned();
        }
        if bytes.contains(&0) {
            return "it is no text".to_owned();
        }
        let line = bytes[..read].iter().filter(|byte| **byte == b'\n').count() + 1;
        let byte = bytes.get(read).copied().unwrap_or_default();
        format!("line {line} has the byte {byte:02X}, which is not UTF-8; save it as UTF-8")
    })
}

/// Makes a bundle of a playbook that is open in an editor: what `open` has of a file stands for
/// what is on disk.
pub fn load_open(file: &Path, open: &dyn Fn(&Path) -> Option<String>) -> Bundle {
    let (library, inside) = path(file);
    let source = Source::new(library.shown(&inside), open(file).unwrap_or_default());
    bundle(library, &inside, source, open)
}

/// Makes a bundle of a text that stands in no library, such as standard input.
pub fn load_text(name: &str, text: &str) -> Bundle {
    bundle(Library::Folder(PathBuf::from(".")), name, Source::new(name, text), &|_| None)
}

fn bundle(
    library: Library,
    path: &str,
    source: Source,
    open: &dyn Fn(&Path) -> Option<String>,
) -> Bundle {
    let mut files = vec![source];
    let mut named = BTreeMap::new();
    let head = super::lower::head(&files[0]);
    let (wanted_files, wanted_airplanes) = super::lower::named(&head);
    for wanted in wanted_files {
        let inside = beside(path, &wanted);
        let read = inside
            .ok_or_else(|| "it leads out of the library".to_owned())
            .and_then(|inside| {
                let bytes =
                    library.read_open(&inside, open).map_err(|error| match error.kind() {
                        io::ErrorKind::NotFound => "there is no such file".to_owned(),
                        _ => error.to_string(),
                    })?;
                let text = text(bytes)?;
                Ok(Source::new(library.shown(&inside), text))
            })
            .map(|source| {
                files.push(source);
                FileId(u16::try_from(files.len() - 1).unwrap_or(u16::MAX))
            });
        named.insert(wanted, read);
    }
    let airplanes = library.airplanes();
    let hash = hash(&files);
    let mut airplane_files = BTreeMap::new();
    for name in wanted_airplanes.into_iter().filter(|name| airplanes.contains(name)) {
        let mut ids = Vec::new();
        for path in library.airplane(&name) {
            let bytes = library.read_open(&path, open).ok();
            let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
            let Some(text) = text.filter(|text| !text.contains('\0')) else { continue };
            files.push(Source::new(library.shown(&path), text));
            ids.push(FileId(u16::try_from(files.len() - 1).unwrap_or(u16::MAX)));
        }
        airplane_files.insert(name, ids);
    }
    Bundle { library, files, named, airplanes, airplane_files, hash, head: Arc::new(head) }
}

fn hash(files: &[Source]) -> String {
    let mut digest = Sha256::new();
    for file in files {
        digest.update((file.text.len() as u64).to_le_bytes());
        digest.update(file.text.as_bytes());
    }
    hex(&digest.finalize())
}

/// Writes bytes as lower-case hex.
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Resolves a path against the file that names it, inside the library.
pub fn beside(file: &str, wanted: &str) -> Option<String> {
    let folder = Path::new(file).parent().unwrap_or(Path::new(""));
    let mut parts: Vec<String> = Vec::new();
    for component in folder.join(wanted).components() {
        match component {
            Component::Normal(part) => parts.push(part.to_str()?.to_owned()),
            Component::CurDir => {}
            Component::ParentDir => {
                parts.pop()?;
            }
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(parts.join("/"))
}

impl Bundle {
    /// Lists the files that the playbook can name, as it names them: those below its folder with
    /// one of these extensions that are no playbooks themselves, at most so many.
    pub fn beside(&self, extensions: &[&str], most: usize) -> Vec<String> {
        let top = Path::new(&self.files[0].name).parent().unwrap_or(Path::new(""));
        let wanted = |path: &Path| {
            let extension = path.extension().and_then(|extension| extension.to_str());
            extension.is_some_and(|extension| extensions.contains(&extension))
        };
        let inside = |path: &Path| {
            let path = path.strip_prefix("./").unwrap_or(path);
            let inside = path.strip_prefix(top).ok()?;
            Some(inside.to_str()?.replace('\\', "/"))
        };
        let mut files: Vec<String> = match &self.library {
            Library::Builtin | Library::Held(_) => {
                let files = self.library.list(&top.display().to_string()).into_iter();
                let files = files.filter_map(|file| inside(Path::new(&file)));
                files.filter(|file| file.contains('/') && wanted(Path::new(file))).collect()
            }
            Library::Folder(_) => {
                let here = if top.as_os_str().is_empty() { Path::new(".") } else { top };
                let mut walk = ignore::WalkBuilder::new(here);
                let walk = walk.require_git(false).max_depth(Some(DEEPEST)).build();
                walk.filter_map(Result::ok)
                    .filter(|entry| entry.file_type().is_some_and(|kind| kind.is_file()))
                    .filter(|entry| wanted(entry.path()) && !super::find::is_playbook(entry.path()))
                    .filter_map(|entry| inside(entry.path()))
                    .take(most)
                    .collect()
            }
        };
        files.sort();
        files
    }
}

impl Library {
    /// Reads a file by its path inside the library.
    pub fn read(&self, path: &str) -> io::Result<Vec<u8>> {
        self.read_within(path, MAX_FILE)
    }

    /// Reads a file of an airplane, which may be longer.
    pub fn read_airplane(&self, path: &str) -> io::Result<Vec<u8>> {
        self.read_within(path, MAX_AIRPLANE_FILE)
    }

    fn read_within(&self, path: &str, most: u64) -> io::Result<Vec<u8>> {
        match self {
            Library::Builtin => Playbooks::get(path)
                .or_else(|| Airplanes::get(path))
                .or_else(|| Demos::get(path))
                .map(|file| Cow::into_owned(file.data))
                .ok_or_else(|| io::ErrorKind::NotFound.into()),
            Library::Held(held) => {
                held.files.get(path).cloned().ok_or_else(|| io::ErrorKind::NotFound.into())
            }
            Library::Folder(folder) => {
                let root = folder.canonicalize()?;
                let file = root.join(path).canonicalize()?;
                if !file.starts_with(&root) {
                    let reason = "it leads out of the library";
                    return Err(io::Error::new(io::ErrorKind::PermissionDenied, reason));
                }
                let real = file.strip_prefix(&root).unwrap_or(&file).to_string_lossy();
                let secret = || {
                    let reason = "it may hold secrets, and is closed to every playbook";
                    io::Error::new(io::ErrorKind::PermissionDenied, reason)
                };
                // A sample project's env file is a sample too.
                let real = real.replace('\\', "/");
                let names_secret = closed::is_secret(path) || closed::is_secret(&real);
                if names_secret && !real.starts_with("demos/") {
                    return Err(secret());
                }
                let length = file.metadata()?.len();
                if length > most {
                    let reason = format!(
                        "it has {length} bytes, and at most {most} are read; move prose to \
                         includes, and facts to docs"
                    );
                    return Err(io::Error::new(io::ErrorKind::FileTooLarge, reason));
                }
                let bytes = std::fs::read(file)?;
                if closed::is_key_file(&bytes) { Err(secret()) } else { Ok(bytes) }
            }
        }
    }

    /// Reads a file as an editor has it, if it may be read at all.
    fn read_open(&self, path: &str, open: &dyn Fn(&Path) -> Option<String>) -> io::Result<Vec<u8>> {
        let read = self.read(path);
        let missing = read.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::NotFound);
        match self {
            Library::Folder(folder) if read.is_ok() || missing => {
                open(&folder.join(path)).map_or(read, |text| Ok(text.into_bytes()))
            }
            _ => read,
        }
    }

    /// Lists the files below a folder of the library, sorted.
    pub fn list(&self, folder: &str) -> Vec<String> {
        let mut files: Vec<String> = match self {
            Library::Builtin => {
                let inside = format!("{folder}/");
                Playbooks::iter()
                    .chain(Airplanes::iter())
                    .chain(Demos::iter())
                    .filter(|file| file.starts_with(&inside))
                    .map(Cow::into_owned)
                    .collect()
            }
            Library::Held(held) => {
                let inside = format!("{folder}/");
                held.files.keys().filter(|file| file.starts_with(&inside)).cloned().collect()
            }
            Library::Folder(root) => {
                let walk = ignore::WalkBuilder::new(root.join(folder)).hidden(false).build();
                walk.filter_map(Result::ok)
                    .filter(|entry| entry.file_type().is_some_and(|kind| kind.is_file()))
                    .filter_map(|entry| {
                        let inside = entry.path().strip_prefix(root).ok()?;
                        Some(inside.to_str()?.replace('\\', "/"))
                    })
                    .collect()
            }
        };
        files.sort();
        files
    }

    /// Returns the names of the library's airplanes, sorted.
    pub fn airplanes(&self) -> Vec<String> {
        let mut names: Vec<String> = match self {
            Library::Builtin => Airplanes::iter()
                .filter_map(|file| {
                    Some(file.strip_prefix("airplanes/")?.split_once('/')?.0.to_owned())
                })
                .collect(),
            Library::Held(held) => {
                let files = held.files.keys();
                let airplanes = files.filter_map(|file| {
                    Some(file.strip_prefix("airplanes/")?.split_once('/')?.0.to_owned())
                });
                airplanes.collect()
            }
            Library::Folder(root) => {
                let entries = std::fs::read_dir(root.join("airplanes")).into_iter().flatten();
                let folders = entries.filter_map(Result::ok).filter(|entry| entry.path().is_dir());
                folders.filter_map(|entry| entry.file_name().into_string().ok()).collect()
            }
        };
        names.sort();
        names.dedup();
        names
    }

    /// Lists the files of an airplane that an author wrote, sorted: none where that cannot be told,
    /// which is said when it is shown.
    fn airplane(&self, name: &str) -> Vec<String> {
        let folder = format!("airplanes/{name}");
        let files = self.listing(&folder).unwrap_or_default().files.into_iter();
        files.take(MAX_AIRPLANE_FILES).map(|file| format!("{folder}/{file}")).collect()
    }

    /// Returns the names of the library's playbooks.
    pub fn playbooks(&self) -> Vec<String> {
        let files = self.list("playbooks").into_iter();
        files
            .filter_map(|file| {
                let name = file.strip_prefix("playbooks/")?.strip_suffix(".md")?;
                (!name.contains('/')).then(|| name.to_owned())
            })
            .collect()
    }

    /// Returns a path of the library as people know it.
    pub fn shown(&self, path: &str) -> String {
        match self {
            Library::Builtin => path.to_owned(),
            Library::Held(held) if matches!(held.from.as_str(), "" | ".") => path.to_owned(),
            Library::Held(held) => Path::new(&held.from).join(path).display().to_string(),
            Library::Folder(folder) if folder == Path::new(".") => path.to_owned(),
            Library::Folder(folder) => folder.join(path).display().to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_that_leads_out_of_the_library_is_none() {
        assert_eq!(
            beside("playbooks/a.md", "shared/b.md").as_deref(),
            Some("playbooks/shared/b.md")
        );
        assert_eq!(beside("playbooks/a.md", "../airplanes/x").as_deref(), Some("airplanes/x"));
        assert_eq!(beside("a.md", "../b.md"), None);
        assert_eq!(beside("a.md", "/etc/hosts"), None);
    }

    #[test]
    fn a_playbook_in_a_library_has_its_neighbours() {
        let (library, inside) = path(Path::new("/lib/playbooks/a.md"));
        assert_eq!(library, Library::Folder(PathBuf::from("/lib")));
        assert_eq!(inside, "playbooks/a.md");
        let (library, inside) = path(Path::new("./a.md"));
        assert_eq!(library, Library::Folder(PathBuf::from(".")));
        assert_eq!(inside, "a.md");
    }

    #[test]
    fn a_secret_file_is_closed_to_every_playbook() {
        let folder = tempfile::tempdir().unwrap();
        let key = format!("-----BEGIN {} KEY-----\nx\n", "PRIVATE");
        for (name, text) in [(".env", "KEY=canary"), ("notes.md", key.as_str()), ("a.md", "a")] {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        #[cfg(unix)]
        std::os::unix::fs::symlink(".env", folder.path().join("link.md")).unwrap();
        let library = Library::Folder(folder.path().to_owned());
        for path in [".env", "notes.md", "link.md", "./.ENV"] {
            assert!(library.read(path).is_err(), "{path}");
        }
        assert_eq!(library.read("a.md").unwrap(), b"a");
    }

    #[test]
    fn a_link_out_of_a_library_is_not_followed() {
        let outside = tempfile::tempdir().unwrap();
        std::fs::write(outside.path().join("x.md"), "x").unwrap();
        let inside = tempfile::tempdir().unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink(outside.path().join("x.md"), inside.path().join("x.md"))
            .unwrap();
        let library = Library::Folder(inside.path().to_owned());
        assert!(library.read("x.md").is_err());
    }
}
