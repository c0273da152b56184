//! Packages of PHP projects.

use std::path::Path;

use serde_json::Value;

use super::{Place, Sight, exact};
use crate::project::files::text;

pub(super) fn look(place: Place<'_>, name: &str) -> Sight {
    let installed = versions(&place.root().join("vendor/composer/installed.json"), name);
    if let Some(sight) = exact(installed, "installed in `vendor`") {
        return sight;
    }
    let manifest = place.table("composer.json").unwrap_or_default();
    let declared = ["require", "require-dev"].iter().find_map(|key| {
        let packages = manifest.get(key)?.as_object()?;
        packages.iter().find(|(key, _)| key.eq_ignore_ascii_case(name))?.1.as_str()
    });
    let locked = |path: &Path, _: &Path| versions(path, name);
    let locked = place.locked(declared.is_some(), &[("composer.lock", &locked)]);
    locked.unwrap_or_else(|| match declared {
        Some(range) => Sight::Declared(range.to_owned(), "composer.json".to_owned()),
        None => Sight::Absent("`composer.json`".to_owned()),
    })
}

/// Reads lists of `{name, version}`, as the lock file and the list of what is installed have them.
fn versions(path: &Path, name: &str) -> Vec<String> {
    let lock: Value =
        text(path).and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
    let lists = ["packages", "packages-dev"].iter().filter_map(|key| lock.get(key)?.as_array());
    let packages = lists.flatten().filter(|package| {
        let found = package.get("name").and_then(Value::as_str);
        found.is_some_and(|found| found.eq_ignore_ascii_case(name))
    });
    packages.filter_map(|package| Some(package.get("version")?.as_str()?.to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use crate::project::packages::tests::sight;

    #[test]
    fn installed_then_locked_then_declared() {
        let manifest = r#"{"require": {"php": "^8.1", "acme/sdk": "^6.0|^7.0"}, "require-dev": {"acme/test": "^10"}}"#;
        let lock = r#"{"packages": [{"name": "acme/sdk", "version": "v6.4.2"}], "packages-dev": [{"name": "acme/test", "version": "10.5.1"}]}"#;
        let installed = r#"{"packages": [{"name": "acme/sdk", "version": "v6.4.1"}], "dev": true}"#;
        let mut files = vec![("composer.json", manifest)];
        assert_eq!(sight(&files, "Acme/SDK"), "declared `^6.0|^7.0` in composer.json");
        files.push(("composer.lock", lock));
        assert_eq!(sight(&files, "acme/sdk"), "v6.4.2 locked in `composer.lock`");
        assert_eq!(sight(&files, "acme/test"), "10.5.1 locked in `composer.lock`");
        files.push(("vendor/composer/installed.json", installed));
        assert_eq!(sight(&files, "acme/sdk"), "v6.4.1 installed in `vendor`");
        assert_eq!(sight(&files, "acme/none"), "absent from `composer.json`");
    }
}
