//! A playbook from outside, read once and held in memory: what was shown to a person is what is
//! played, whatever happens to the files meanwhile.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use crate::playbook::{Library, beside, hex};
use crate::source::Source;

/// The most files that are held.
const MAX_FILES: usize = 2_000;

/// The most bytes that are held.
const MAX_BYTES: usize = 16 * 1024 * 1024;

/// The files of one playbook, by their paths in the library that they came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// What people know the library by: a folder or an address, without a slash at its end.
    pub from: String,
    /// Every file that the playbook can load.
    pub files: BTreeMap<String, Vec<u8>>,
}

impl Held {
    /// Reads everything that the playbook at `path` can load from a library: itself, what it
    /// names, and its airplanes. What cannot be read is left out, and missed when it is loaded.
    pub fn of(library: &Library, path: &str) -> io::Result<Self> {
        let from = match library {
            Library::Folder(folder) => folder.display().to_string(),
            Library::Held(held) => return Ok(Held::clone(held)),
            Library::Builtin => String::new(),
        };
        let mut held = Held { from, files: BTreeMap::new() };
        let bytes = library.read(path)?;
        let (files, airplanes) = named(&bytes);
        held.take(path, bytes)?;
        let files = files.iter().filter_map(|file| beside(path, file));
        let airplanes = airplanes.iter().filter(|name| !name.is_empty() && !name.contains('/'));
        for file in files {
            if let Ok(bytes) = library.read(&file) {
                held.take(&file, bytes)?;
            }
        }
        for name in airplanes {
            let folder = format!("airplanes/{name}");
            for file in library.listing(&folder).map_err(io::Error::other)?.files {
                let file = format!("{folder}/{file}");
                match library.read_airplane(&file) {
                    Ok(bytes) => held.take(&file, bytes)?,
                    // What would refuse the airplane refuses the playbook from outside.
                    Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                        return Err(io::Error::other(format!("`{file}`: {error}")));
                    }
                    Err(_) => {}
                }
            }
        }
        Ok(held)
    }

    /// Holds one file more.
    pub fn take(&mut self, path: &str, bytes: Vec<u8>) -> io::Result<()> {
        self.files.insert(path.to_owned(), bytes);
        let bytes: usize = self.files.values().map(Vec::len).sum();
        if self.files.len() > MAX_FILES || bytes > MAX_BYTES {
            let most = MAX_BYTES / 1024 / 1024;
            let reason = format!("it has more than {MAX_FILES} files or {most} MiB");
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, reason));
        }
        Ok(())
    }

    /// Returns SHA-256 over every file and its path, sorted, in hex. One changed byte, and one
    /// file more or less, makes another.
    pub fn seal(&self) -> String {
        let mut digest = Sha256::new();
        for (path, bytes) in &self.files {
            for part in [path.as_bytes(), bytes] {
                digest.update((part.len() as u64).to_le_bytes());
                digest.update(part);
            }
        }
        hex(&digest.finalize())
    }

    /// Makes a library of it.
    pub fn library(self) -> Library {
        Library::Held(Arc::new(self))
    }
}

/// Returns the files and the airplanes that a playbook names, as it names them.
pub fn named(playbook: &[u8]) -> (Vec<String>, Vec<String>) {
    let text = String::from_utf8_lossy(playbook);
    super::lower::named(&super::lower::head(&Source::new("playbook.md", text.as_ref())))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn write(folder: &Path, path: &str, text: &str) {
        let path = folder.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    #[test]
    fn what_a_playbook_can_load_is_held_and_sealed() {
        let folder = tempfile::tempdir().unwrap();
        let head = "---\nplaybook: 1\nname: a\ndescription: A.\ninclude: [shared/b.md]\n\
                    airplanes: [shop]\nstages:\n  s: {output: {schema: s.json}}\n---\n\n## s\n\nDo.\n";
        write(folder.path(), "playbooks/a.md", head);
        write(folder.path(), "playbooks/shared/b.md", "Be kind.\n");
        write(folder.path(), "playbooks/s.json", "{}");
        write(folder.path(), "playbooks/other.md", "x");
        write(folder.path(), "airplanes/shop/airplane.md", "---\n---\n");
        let library = Library::Folder(folder.path().to_owned());
        let held = Held::of(&library, "playbooks/a.md").unwrap();
        let paths: Vec<&str> = held.files.keys().map(String::as_str).collect();
        assert_eq!(
            paths,
            [
                "airplanes/shop/airplane.md",
                "playbooks/a.md",
                "playbooks/s.json",
                "playbooks/shared/b.md"
            ]
        );
        let seal = held.seal();
        for path in paths {
            let mut other = held.clone();
            other.files.get_mut(path).unwrap().push(b'x');
            assert_ne!(other.seal(), seal, "{path}");
            other.files.remove(path);
            assert_ne!(other.seal(), seal, "{path}");
        }
        write(folder.path(), "playbooks/shared/b.md", "Be cruel.\n");
        let bundle = crate::playbook::load(held.library(), "playbooks/a.md").unwrap();
        assert_eq!(bundle.files[1].text, "Be kind.\n");
        assert_eq!(bundle.airplanes, ["shop"]);
        assert_eq!(
            bundle.files[1].name,
            folder.path().join("playbooks/shared/b.md").display().to_string()
        );
    }

    #[test]
    fn one_changed_byte_is_another_seal() {
        let mut held = Held { from: String::new(), files: BTreeMap::new() };
        held.take("a.md", (0..1_000).map(|byte: u32| (byte % 251) as u8).collect()).unwrap();
        let seal = held.seal();
        for at in 0..1_000 {
            let mut other = held.clone();
            other.files.get_mut("a.md").unwrap()[at] ^= 1;
            assert_ne!(other.seal(), seal);
        }
    }
}
