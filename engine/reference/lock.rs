//! Lock files, reduced to the resolved versions of direct dependencies.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// The lock files that are known.
const NAMES: [&str; 12] = [
    "Cargo.lock",
    "Gemfile.lock",
    "Pipfile.lock",
    "bun.lock",
    "composer.lock",
    "npm-shrinkwrap.json",
    "package-lock.json",
    "pdm.lock",
    "pnpm-lock.yaml",
    "poetry.lock",
    "uv.lock",
    "yarn.lock",
];

/// Versions by name; a lock file may hold more than one of a name.
type Versions = BTreeMap<String, BTreeSet<String>>;

/// Whether a file of this name is a lock file that is known.
pub(super) fn is_lock(name: &str) -> bool {
    NAMES.contains(&name)
}

/// Reduces a lock file to a line for each direct dependency. `beside` reads a manifest in the same
/// folder. Nothing is returned for what is no lock file that is known.
pub(super) fn reduce(
    name: &str,
    text: &str,
    beside: &dyn Fn(&str) -> Option<String>,
) -> Option<Result<String, String>> {
    let versions = match name {
        "package-lock.json" | "npm-shrinkwrap.json" => npm(text, beside),
        "pnpm-lock.yaml" => Ok(pnpm(text)),
        "yarn.lock" => Ok(direct(yarn(text), &package_json(beside))),
        "bun.lock" => Ok(direct(bun(text), &package_json(beside))),
        "uv.lock" | "poetry.lock" | "pdm.lock" => {
            toml_packages(text).map(|versions| direct(versions, &pyproject(beside)))
        }
        "Cargo.lock" => toml_packages(text).map(|versions| direct(versions, &cargo(beside))),
        "Pipfile.lock" => pipfile(text, beside),
        "composer.lock" => composer(text, beside),
        "Gemfile.lock" => Ok(gemfile(text)),
        _ => return None,
    };
    Some(versions.map(|versions| {
        let lines = versions.into_iter().map(|(name, versions)| {
            format!("{name} {}\n", versions.into_iter().collect::<Vec<_>>().join(", "))
        });
        lines.collect()
    }))
}

/// Keeps the versions of these names.
fn direct(versions: Versions, names: &BTreeSet<String>) -> Versions {
    let kept = versions.into_iter().filter(|(name, _)| names.contains(&plain(name)));
    kept.collect()
}

/// Folds the spellings of a name that Python takes for one.
fn plain(name: &str) -> String {
    name.to_lowercase().replace(['_', '.'], "-")
}

fn json(text: &str) -> Result<Value, String> {
    serde_json::from_str(text).map_err(|error| error.to_string())
}

/// Returns the keys of the objects at these pointers.
fn keys<'a>(value: &'a Value, pointers: &'a [&str]) -> impl Iterator<Item = String> + 'a {
    let objects = pointers.iter().filter_map(|pointer| value.pointer(pointer)?.as_object());
    objects.flat_map(|object| object.keys().map(|name| plain(name)))
}

fn package_json(beside: &dyn Fn(&str) -> Option<String>) -> BTreeSet<String> {
    let manifest = beside("package.json").and_then(|text| json(&text).ok()).unwrap_or_default();
    keys(&manifest, &["/dependencies", "/devDependencies", "/optionalDependencies"]).collect()
}

fn npm(text: &str, beside: &dyn Fn(&str) -> Option<String>) -> Result<Versions, String> {
    let lock = json(text)?;
    let mut versions = Versions::new();
    let mut note = |name: &str, package: &Value| {
        if let Some(version) = package["version"].as_str() {
            versions.entry(name.to_owned()).or_default().insert(version.to_owned());
        }
    };
    let packages = lock["packages"].as_object().into_iter().flatten();
    for (path, package) in packages {
        // What another package brought for itself stands deeper.
        if let Some(name) = path.strip_prefix("node_modules/")
            && !name.contains("node_modules/")
        {
            note(name, package);
        }
    }
    if lock["packages"].is_null() {
        for (name, package) in lock["dependencies"].as_object().into_iter().flatten() {
            note(name, package);
        }
    }
    Ok(direct(versions, &package_json(beside)))
}

/// Reads the dependencies of the root. The file is written by a program in one form, so that
/// indentation tells what a line is.
fn pnpm(text: &str) -> Versions {
    let importers = text.lines().any(|line| line == "importers:");
    let base = if importers { 4 } else { 0 };
    let mut inside = !importers;
    let mut group = false;
    let mut name = String::new();
    let mut versions = Versions::new();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let indent = line.len() - line.trim_start().len();
        let (key, value) = line.trim().split_once(':').unwrap_or((line.trim(), ""));
        let key = key.trim_matches(['\'', '"']);
        if importers && indent == 0 {
            inside = key == "importers";
            group = false;
        } else if importers && indent == 2 {
            inside = inside && key == ".";
            group = false;
        } else if indent == base {
            group = inside && key.to_lowercase().ends_with("dependencies");
        } else if group && indent == base + 2 {
            key.clone_into(&mut name);
            note_version(&mut versions, &name, value);
        } else if group && indent == base + 4 && key == "version" {
            note_version(&mut versions, &name, value);
        }
    }
    versions
}

fn note_version(versions: &mut Versions, name: &str, value: &str) {
    let version = value.trim().trim_matches(['\'', '"']).split('(').next().unwrap_or_default();
    if !version.is_empty() {
        versions.entry(name.to_owned()).or_default().insert(version.to_owned());
    }
}

fn yarn(text: &str) -> Versions {
    let mut names = BTreeSet::new();
    let mut versions = Versions::new();
    for line in text.lines() {
        if !line.starts_with([' ', '#']) && line.ends_with(':') {
            let ranges = line.trim_end_matches(':').split(',');
            let ranges = ranges.map(|range| range.trim().trim_matches('"'));
            names = ranges.filter_map(|range| Some(range[..at(range)?].to_owned())).collect();
        } else if let Some(version) = line.strip_prefix("  version") {
            for name in &names {
                note_version(&mut versions, name, version.trim_start_matches(':'));
            }
        }
    }
    versions
}

/// Finds the `@` between a name and its version; the one that begins a scope is not it.
fn at(range: &str) -> Option<usize> {
    range.char_indices().skip(1).find(|(_, letter)| *letter == '@').map(|(index, _)| index)
}

fn bun(text: &str) -> Versions {
    let mut versions = Versions::new();
    for line in text.lines() {
        let Some((key, rest)) = line.trim().split_once(": [\"") else { continue };
        let key = key.trim_matches('"');
        let package = rest.split('"').next().unwrap_or_default();
        if let Some(index) = at(package)
            && package[..index] == *key
        {
            note_version(&mut versions, key, &package[index + 1..]);
        }
    }
    versions
}

fn toml_packages(text: &str) -> Result<Versions, String> {
    let lock: Value = toml::from_str(text).map_err(|error| error.message().to_owned())?;
    let mut versions = Versions::new();
    for package in lock["package"].as_array().into_iter().flatten() {
        if let (Some(name), Some(version)) = (package["name"].as_str(), package["version"].as_str())
        {
            note_version(&mut versions, name, version);
        }
    }
    Ok(versions)
}

fn toml_manifest(beside: &dyn Fn(&str) -> Option<String>, name: &str) -> Value {
    beside(name).and_then(|text| toml::from_str(&text).ok()).unwrap_or_default()
}

fn pyproject(beside: &dyn Fn(&str) -> Option<String>) -> BTreeSet<String> {
    let manifest = toml_manifest(beside, "pyproject.toml");
    let mut names: BTreeSet<String> =
        keys(&manifest, &["/tool/poetry/dependencies", "/tool/poetry/dev-dependencies"]).collect();
    let groups = manifest["tool"]["poetry"]["group"].as_object().into_iter().flatten();
    for (_, group) in groups {
        names.extend(keys(group, &["/dependencies"]));
    }
    let mut lists = vec![&manifest["project"]["dependencies"]];
    for groups in [&manifest["project"]["optional-dependencies"], &manifest["dependency-groups"]] {
        lists.extend(groups.as_object().into_iter().flatten().map(|(_, list)| list));
    }
    for wanted in lists.into_iter().filter_map(Value::as_array).flatten() {
        let wanted = wanted.as_str().unwrap_or_default();
        let end = wanted.find(|letter: char| !(letter.is_alphanumeric() || "-_.".contains(letter)));
        names.insert(plain(&wanted[..end.unwrap_or(wanted.len())]));
    }
    names
}

fn cargo(beside: &dyn Fn(&str) -> Option<String>) -> BTreeSet<String> {
    let manifest = toml_manifest(beside, "Cargo.toml");
    let tables =
        ["dependencies", "dev-dependencies", "build-dependencies"].map(|table| &manifest[table]);
    let tables = tables.into_iter().chain([&manifest["workspace"]["dependencies"]]);
    let wanted = tables.filter_map(Value::as_object).flatten();
    wanted.map(|(name, wanted)| plain(wanted["package"].as_str().unwrap_or(name))).collect()
}

fn pipfile(text: &str, beside: &dyn Fn(&str) -> Option<String>) -> Result<Versions, String> {
    let lock = json(text)?;
    let mut versions = Versions::new();
    for group in ["default", "develop"] {
        for (name, package) in lock[group].as_object().into_iter().flatten() {
            let version = package["version"].as_str().unwrap_or_default();
            note_version(&mut versions, name, version.trim_start_matches('='));
        }
    }
    let manifest = toml_manifest(beside, "Pipfile");
    Ok(direct(versions, &keys(&manifest, &["/packages", "/dev-packages"]).collect()))
}

fn composer(text: &str, beside: &dyn Fn(&str) -> Option<String>) -> Result<Versions, String> {
    let lock = json(text)?;
    let mut versions = Versions::new();
    for group in ["packages", "packages-dev"] {
        for package in lock[group].as_array().into_iter().flatten() {
            let name = package["name"].as_str().unwrap_or_default();
            note_version(&mut versions, name, package["version"].as_str().unwrap_or_default());
        }
    }
    let manifest = beside("composer.json").and_then(|text| json(&text).ok()).unwrap_or_default();
    Ok(direct(versions, &keys(&manifest, &["/require", "/require-dev"]).collect()))
}

/// Reads the names below `DEPENDENCIES` and their versions in the specs.
fn gemfile(text: &str) -> Versions {
    let mut names = BTreeSet::new();
    let mut versions = Versions::new();
    let mut part = "";
    for line in text.lines() {
        if !line.starts_with(' ') {
            part = line;
        } else if part == "DEPENDENCIES" {
            let name = line.split_whitespace().next().unwrap_or_default();
            names.insert(plain(name.trim_end_matches('!')));
        } else if let Some((name, version)) = line.trim().split_once(" (")
            && line.starts_with("    ")
            && !line.starts_with("     ")
        {
            note_version(&mut versions, name, version.trim_end_matches(')'));
        }
    }
    direct(versions, &names)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reduced(name: &str, lock: &str, manifest: &str) -> String {
        reduce(name, lock, &|_| Some(manifest.to_owned())).unwrap().unwrap()
    }

    #[test]
    fn javascript_locks_keep_what_the_manifest_names() {
        let manifest = r#"{"dependencies": {"web": "^2"}, "devDependencies": {"@s/lint": "1"}}"#;
        let wanted = "@s/lint 1.0.4\nweb 2.3.0\n";
        let npm = r#"{"packages": {"": {}, "node_modules/web": {"version": "2.3.0"},
            "node_modules/deep": {"version": "9.0.0"}, "node_modules/@s/lint": {"version": "1.0.4"},
            "node_modules/deep/node_modules/web": {"version": "1.0.0"}}}"#;
        assert_eq!(reduced("package-lock.json", npm, manifest), wanted);
        let yarn = "# v1\n\n\"@s/lint@1\":\n  version \"1.0.4\"\n\ndeep@^9:\n  version \"9.0.0\"\n\nweb@^2, web@^2.1:\n  version \"2.3.0\"\n";
        assert_eq!(reduced("yarn.lock", yarn, manifest), wanted);
        let berry = "\"@s/lint@npm:1\":\n  version: 1.0.4\n\n\"web@npm:^2\":\n  version: 2.3.0\n";
        assert_eq!(reduced("yarn.lock", berry, manifest), wanted);
        let bun = "{\n  \"packages\": {\n    \"@s/lint\": [\"@s/lint@1.0.4\", \"\", {}],\n    \"deep\": [\"deep@9.0.0\"],\n    \"web\": [\"web@2.3.0\", \"\"],\n    \"deep/web\": [\"web@1.0.0\"],\n  }\n}";
        assert_eq!(reduced("bun.lock", bun, manifest), wanted);
    }

    #[test]
    fn a_pnpm_lock_says_itself_what_is_direct() {
        let lock = "lockfileVersion: '9.0'\n\nimporters:\n\n  .:\n    dependencies:\n      web:\n        specifier: ^2\n        version: 2.3.0(peer@19.0.0)\n    devDependencies:\n      '@s/lint':\n        specifier: '1'\n        version: 1.0.4\n  other:\n    dependencies:\n      far:\n        specifier: '1'\n        version: 1.0.0\n\npackages:\n\n  deep@9.0.0:\n    resolution: {integrity: x}\n";
        assert_eq!(reduced("pnpm-lock.yaml", lock, ""), "@s/lint 1.0.4\nweb 2.3.0\n");
        let older = "dependencies:\n  web: 2.3.0\ndevDependencies:\n  lint:\n    specifier: 1\n    version: 1.0.4\npackages:\n  /deep/9.0.0:\n    dev: true\n";
        assert_eq!(reduced("pnpm-lock.yaml", older, ""), "lint 1.0.4\nweb 2.3.0\n");
    }

    #[test]
    fn python_rust_php_and_ruby_locks_are_reduced() {
        let lock = "[[package]]\nname = \"web-kit\"\nversion = \"3.1.0\"\n\n[[package]]\nname = \"deep\"\nversion = \"9\"\n";
        let wanted = "web-kit 3.1.0\n";
        let pyproject = "[project]\nname = \"x\"\ndependencies = [\"Web_Kit[async]>=3\"]\n";
        assert_eq!(reduced("uv.lock", lock, pyproject), wanted);
        let poetry = "[tool.poetry.group.dev.dependencies]\nweb-kit = \"*\"\n";
        assert_eq!(reduced("poetry.lock", lock, poetry), wanted);
        let cargo = "[dependencies]\nkit = { package = \"web-kit\", version = \"3\" }\n";
        assert_eq!(reduced("Cargo.lock", lock, cargo), wanted);
        let pipenv =
            r#"{"default": {"web-kit": {"version": "==3.1.0"}, "deep": {"version": "==9"}}}"#;
        assert_eq!(reduced("Pipfile.lock", pipenv, "[packages]\nweb-kit = \"*\"\n"), wanted);
        let composer = r#"{"packages": [{"name": "web-kit", "version": "3.1.0"}, {"name": "deep", "version": "9"}]}"#;
        assert_eq!(reduced("composer.lock", composer, r#"{"require": {"web-kit": "*"}}"#), wanted);
        let gems = "GEM\n  remote: x\n  specs:\n    web-kit (3.1.0)\n      deep (>= 1)\n    deep (9)\n\nDEPENDENCIES\n  web-kit (~> 3)!\n";
        assert_eq!(reduced("Gemfile.lock", gems, ""), wanted);
    }

    #[test]
    fn a_damaged_lock_says_so_and_other_files_are_none() {
        assert!(reduce("package-lock.json", "{", &|_| None).unwrap().is_err());
        assert!(reduce("main.py", "", &|_| None).is_none());
        for name in NAMES {
            assert!(reduce(name, "{}", &|_| None).is_some(), "{name}");
        }
    }
}
