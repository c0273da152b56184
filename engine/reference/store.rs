//! Pages that were fetched, kept in a folder.

#![expect(clippy::disallowed_methods, reason = "stored pages stand outside the project")]

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::playbook::hex;
use crate::reference::Page;

/// A folder that holds a file for each address.
///
/// **Invariant:** a file is written whole or not at all, and one that is damaged is as good as
/// none.
#[derive(Debug, Clone)]
pub struct Store {
    folder: PathBuf,
}

/// What stands in a file.
#[derive(Debug, Serialize, Deserialize)]
struct Entry {
    /// The address that was asked for, before redirects.
    address: String,
    /// SHA-256 of the body, in hex.
    hash: String,
    page: Page,
}

impl Store {
    /// Makes a store of a folder, which need not exist.
    pub fn new(folder: &Path) -> Self {
        Store { folder: folder.to_owned() }
    }

    /// Returns the page of an address, if it is there and undamaged.
    pub fn load(&self, address: &str) -> Option<Page> {
        let text = std::fs::read(self.file(address)).ok()?;
        let entry: Entry = serde_json::from_slice(&text).ok()?;
        let sound = entry.address == address && entry.hash == hash(&entry.page.body);
        sound.then_some(entry.page)
    }

    /// Keeps the page of an address.
    pub fn save(&self, address: &str, page: &Page) -> io::Result<()> {
        let entry =
            Entry { address: address.to_owned(), hash: hash(&page.body), page: page.clone() };
        self.put(&self.file(address), &serde_json::to_vec(&entry)?)
    }

    /// Keeps a text by its hash, so that what replaces it can be held against it.
    pub fn keep(&self, text: &str) -> io::Result<()> {
        self.put(&self.folder.join(format!("{}.md", hash(text))), text.as_bytes())
    }

    /// Returns the text that has a hash, if it was kept and is undamaged.
    pub fn kept(&self, wanted: &str) -> Option<String> {
        let plain = wanted.len() == 64 && wanted.chars().all(|it| it.is_ascii_hexdigit());
        let path = self.folder.join(format!("{wanted}.md"));
        let text = plain.then(|| std::fs::read_to_string(path).ok())??;
        (hash(&text) == wanted).then_some(text)
    }

    fn put(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        std::fs::create_dir_all(&self.folder)?;
        let draft = self.folder.join(format!(".{}", uuid::Uuid::now_v7().simple()));
        let written = (|| {
            let mut file = std::fs::File::create_new(&draft)?;
            file.write_all(bytes)?;
            file.sync_all()?;
            std::fs::rename(&draft, path)
        })();
        if written.is_err() {
            let _ = std::fs::remove_file(&draft);
        }
        written
    }

    fn file(&self, address: &str) -> PathBuf {
        self.folder.join(format!("{}.json", hash(address)))
    }
}

fn hash(text: &str) -> String {
    hex(&Sha256::digest(text.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(body: &str) -> Page {
        Page {
            url: "https://docs.example.com/a.md".to_owned(),
            media_type: "text/markdown".to_owned(),
            etag: Some("\"1\"".to_owned()),
            last_modified: None,
            body: body.to_owned(),
            twin_of: None,
            confirmed_at: 1_000,
        }
    }

    #[test]
    fn a_page_is_kept_by_its_address() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::new(&folder.path().join("docs"));
        assert_eq!(store.load("a"), None);
        store.save("a", &page("one")).unwrap();
        store.save("a", &page("two")).unwrap();
        assert_eq!(store.load("a"), Some(page("two")));
        assert_eq!(store.load("b"), None);
        assert_eq!(std::fs::read_dir(folder.path().join("docs")).unwrap().count(), 1);
    }

    #[test]
    fn a_text_is_kept_by_its_hash() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::new(folder.path());
        store.keep("one\n").unwrap();
        assert_eq!(store.kept(&hash("one\n")).as_deref(), Some("one\n"));
        assert_eq!(store.kept(&hash("two\n")), None);
        assert_eq!(store.kept("../one"), None);
    }

    #[test]
    fn a_damaged_file_is_as_good_as_none() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::new(folder.path());
        store.save("a", &page("the body")).unwrap();
        let file = store.file("a");
        let whole = std::fs::read_to_string(&file).unwrap();
        for damaged in [&whole[..whole.len() / 2], "", &whole.replace("the body", "The body")] {
            std::fs::write(&file, damaged).unwrap();
            assert_eq!(store.load("a"), None, "{damaged}");
        }
        std::fs::rename(&file, store.file("b")).unwrap();
        assert_eq!(store.load("b"), None);
    }
}
