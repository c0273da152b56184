//! Where a playbook comes from: a library, or outside.

use std::path::Path;

use anyhow::{Context as _, bail};

use crate::playbook::Library;

/// A place outside of every library that the person keeps or that is compiled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::cli) struct Origin {
    /// What it is known by: the real path of the file, the address, the repository.
    pub(in crate::cli) key: String,
    /// What the person typed.
    pub(in crate::cli) shown: String,
}

/// A playbook that is somewhere else, as a person names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::cli) enum Remote {
    /// At an address.
    Address(String),
    /// `owner/repo/path@ref`.
    Repository {
        /// Whose it is.
        owner: String,
        /// Its name.
        name: String,
        /// The file.
        path: String,
        /// A branch, a tag or a commit.
        at: String,
    },
}

impl Remote {
    /// Reads what was typed; nothing where it names no playbook that is somewhere else. A file of
    /// this form is named with `./` before it.
    pub(in crate::cli) fn read(typed: &str) -> anyhow::Result<Option<Self>> {
        if let Some((scheme, _)) = typed.split_once("://") {
            if scheme != "https" {
                bail!("`{typed}` is not fetched: a playbook comes by `https://`");
            }
            return Ok(Some(Remote::Address(typed.to_owned())));
        }
        if typed.starts_with(['.', '/', '~']) || typed.contains('\\') {
            return Ok(None);
        }
        let Some((file, at)) = typed.rsplit_once('@') else { return Ok(None) };
        let mut parts = file.splitn(3, '/');
        let (Some(owner), Some(name), Some(path)) = (parts.next(), parts.next(), parts.next())
        else {
            return Ok(None);
        };
        for part in [owner, name].into_iter().chain(path.split('/')).chain(at.split('/')) {
            let odd = |letter: char| !(letter.is_ascii_alphanumeric() || "-_.+".contains(letter));
            if part.is_empty() || part == "." || part == ".." || part.contains(odd) {
                bail!("`{typed}` is not `owner/repo/path@ref`: `{part}` cannot stand in it");
            }
        }
        let [owner, name, path, at] = [owner, name, path, at].map(str::to_owned);
        Ok(Some(Remote::Repository { owner, name, path, at }))
    }
}

impl Origin {
    /// Returns the place of a playbook that a person named by a path or looked up in a folder;
    /// nothing where it stands in the person's own library or is compiled in.
    pub(in crate::cli) fn of(
        typed: &str,
        library: &Library,
        inside: &str,
        own: Option<&Path>,
    ) -> anyhow::Result<Option<Self>> {
        let Library::Folder(folder) = library else { return Ok(None) };
        let file = folder.join(inside);
        let real =
            file.canonicalize().with_context(|| format!("cannot read `{}`", file.display()))?;
        let own = own.and_then(|own| own.canonicalize().ok());
        if own.is_some_and(|own| real.starts_with(own)) {
            return Ok(None);
        }
        let key = real.display().to_string();
        Ok(Some(Origin { key, shown: typed.to_owned() }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_playbook_somewhere_else_is_told_from_a_path_and_a_name() {
        let read = |typed: &str| Remote::read(typed).unwrap();
        assert_eq!(
            read("https://a.example/b.md"),
            Some(Remote::Address("https://a.example/b.md".to_owned()))
        );
        assert_eq!(
            read("shop/books/playbooks/a.md@v1"),
            Some(Remote::Repository {
                owner: "shop".to_owned(),
                name: "books".to_owned(),
                path: "playbooks/a.md".to_owned(),
                at: "v1".to_owned(),
            })
        );
        for typed in ["carts", "./a/b/c.md@1", "/a/b/c.md@1", "a/b.md", "a@b", "a/b@c"] {
            assert_eq!(read(typed), None, "{typed}");
        }
        for typed in
            ["http://a.example/b.md", "file:///a.md", "a/b/../c.md@1", "a/b/c?d@1", "a/b/c@"]
        {
            assert!(Remote::read(typed).is_err(), "{typed}");
        }
    }

    #[test]
    fn what_stands_in_the_own_library_is_not_outside() {
        let folder = tempfile::tempdir().unwrap();
        for path in ["own/playbooks/a.md", "other/playbooks/a.md"] {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        let own = folder.path().join("own");
        let origin = |name: &str| {
            let library = Library::Folder(folder.path().join(name));
            Origin::of("x", &library, "playbooks/a.md", Some(&own)).unwrap()
        };
        assert_eq!(origin("own"), None);
        assert_eq!(origin("own/../own"), None);
        assert!(origin("other").unwrap().key.ends_with("other/playbooks/a.md"));
        assert_eq!(Origin::of("x", &Library::Builtin, "playbooks/a.md", None).unwrap(), None);
    }
}
