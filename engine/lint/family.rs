//! What model apps are made of: code files by their ends, how comments begin, and manifests.

use std::io;
use std::sync::LazyLock;

use crate::closed::Closed;

/// A family of languages that share their packages.
pub(super) struct Family {
    /// Ends of the names of its code files.
    ends: Vec<&'static str>,
    /// What begins a comment that ends with its line.
    pub(super) comments: Vec<&'static str>,
    /// Manifests that say which packages the code is built with, as globs.
    pub(super) declares: Vec<&'static str>,
    /// Other manifests.
    others: Vec<&'static str>,
    /// What matches a path of one that declares packages.
    declaring: Option<Closed>,
}

static FAMILIES: LazyLock<Vec<Family>> = LazyLock::new(|| {
    let lines = include_str!("families.txt").lines().filter(|line| !line.starts_with('#'));
    let words = |column: &'static str| column.split_whitespace().collect();
    let families = lines.filter_map(|line| {
        let mut columns = line.split('|');
        let (ends, comments, manifests) = (columns.next()?, columns.next()?, columns.next()?);
        let (declares, others) = manifests.split_once(';')?;
        let declares: Vec<&str> = words(declares);
        Some(Family {
            ends: words(ends),
            comments: words(comments),
            declaring: Closed::read(&below(declares.iter())).ok(),
            declares,
            others: words(others),
        })
    });
    families.collect()
});

/// Returns the family of a code file, by the end of its name.
pub(super) fn of_file(path: &str) -> Option<&'static Family> {
    let (_, end) = path.rsplit('/').next()?.rsplit_once('.')?;
    FAMILIES.iter().find(|family| family.ends.contains(&end))
}

impl Family {
    /// Whether a path is that of a manifest which says what packages the code is built with.
    pub(super) fn is_declared_by(&self, path: &str) -> bool {
        self.declaring.as_ref().is_some_and(|globs| globs.holds(path))
    }
}

/// Whether a path is that of a manifest.
pub(super) fn is_manifest(path: &str) -> bool {
    static MANIFESTS: LazyLock<Option<Closed>> = LazyLock::new(|| manifests().ok());
    MANIFESTS.as_ref().is_some_and(|manifests| manifests.holds(path))
}

/// Returns the manifests of every family.
pub fn manifests() -> io::Result<Closed> {
    let globs = FAMILIES.iter().flat_map(|it| it.declares.iter().chain(&it.others));
    Closed::read(&below(globs))
}

fn below<'a>(globs: impl Iterator<Item = &'a &'static str>) -> String {
    globs.map(|glob| format!("**/{}\n", glob.to_lowercase())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_file_has_its_family_and_a_manifest_is_told() {
        let python = of_file("shop/main.py").unwrap();
        assert!(python.is_declared_by("requirements.txt"));
        assert!(python.is_declared_by("app/requirements/base.txt"));
        assert!(!python.is_declared_by("package.json"));
        assert!(of_file("README.md").is_none() && of_file("py").is_none());
        let manifests = manifests().unwrap();
        for path in ["package.json", "a/Cargo.toml", "pnpm-workspace.yaml", "app/settings.gradle"] {
            assert!(manifests.holds(path), "{path}");
        }
        assert!(!manifests.holds("src/package.js"));
    }
}
