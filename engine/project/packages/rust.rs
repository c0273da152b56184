//! Packages of Rust projects.

use std::path::Path;

use serde_json::Value;

use super::{Place, Sight, tables};

/// Where a manifest declares packages.
const DECLARED: [&str; 3] = ["dependencies", "dev-dependencies", "build-dependencies"];

pub(super) fn look(place: Place<'_>, name: &str) -> Sight {
    let manifest = place.table("Cargo.toml").unwrap_or_default();
    let workspace = manifest.get("workspace");
    let targets = manifest.get("target").and_then(Value::as_object);
    let tables_of = std::iter::once(&manifest)
        .chain(workspace)
        .chain(targets.into_iter().flat_map(serde_json::Map::values));
    let declared = tables_of
        .flat_map(|table| DECLARED.iter().filter_map(|key| table.get(key)?.as_object()))
        .flatten()
        .find(|(key, value)| {
            let renamed = value.get("package").and_then(Value::as_str);
            same(renamed.unwrap_or(key), name)
        })
        .map(|(_, value)| value);
    let locked = |path: &Path, _: &Path| tables(path, &|found| same(found, name));
    let locked = place.locked(declared.is_some(), &[("Cargo.lock", &locked)]);
    locked.unwrap_or_else(|| match declared {
        Some(value) => {
            let range = value.as_str().or_else(|| value.get("version")?.as_str());
            let range = range.unwrap_or("a path, a repository or the workspace's");
            Sight::Declared(range.to_owned(), "Cargo.toml".to_owned())
        }
        None => Sight::Absent("`Cargo.toml`".to_owned()),
    })
}

fn same(one: &str, other: &str) -> bool {
    one.replace('_', "-") == other.replace('_', "-")
}

#[cfg(test)]
mod tests {
    use crate::project::packages::tests::sight;

    const MANIFEST: (&str, &str) = (
        "Cargo.toml",
        "[package]\nname = \"a\"\n[dependencies]\nacme-sdk = \"1.2\"\nshared = { workspace = true }\nhere = { package = \"there\", version = \"0.3\" }\n[target.'cfg(unix)'.dependencies]\nunixly = { version = \"2\" }\n",
    );

    #[test]
    fn the_lock_file_decides() {
        let lock = "version = 4\n\n[[package]]\nname = \"acme-sdk\"\nversion = \"1.2.9\"\n\n[[package]]\nname = \"deep\"\nversion = \"0.10.1\"\n\n[[package]]\nname = \"deep\"\nversion = \"0.11.0\"\n";
        let files = [MANIFEST, ("Cargo.lock", lock)];
        assert_eq!(sight(&files, "acme_sdk"), "1.2.9 locked in `Cargo.lock`");
        assert_eq!(sight(&files, "deep"), "0.10.1 and 0.11.0 locked in `Cargo.lock`");
    }

    #[test]
    fn without_one_the_manifest_speaks() {
        assert_eq!(sight(&[MANIFEST], "acme-sdk"), "declared `1.2` in Cargo.toml");
        assert_eq!(sight(&[MANIFEST], "there"), "declared `0.3` in Cargo.toml");
        assert_eq!(sight(&[MANIFEST], "unixly"), "declared `2` in Cargo.toml");
        assert!(sight(&[MANIFEST], "shared").contains("the workspace's"));
        assert_eq!(sight(&[MANIFEST], "here"), "absent from `Cargo.toml`");
    }
}
