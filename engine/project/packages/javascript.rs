//! Packages of JavaScript and TypeScript projects.

use std::path::Path;

use serde_json::Value;

use super::outline::{self, unquoted};
use super::{Place, Sight};
use crate::project::files::text;

/// Where a manifest declares packages.
const DECLARED: [&str; 4] =
    ["dependencies", "devDependencies", "optionalDependencies", "peerDependencies"];

pub(super) fn look(place: Place<'_>, name: &str) -> Sight {
    if name.starts_with(['/', '.']) || name.split('/').any(|part| part == "..") {
        return Sight::Hidden(format!("`{name}` is not the name of a package"));
    }
    let manifest = place.table("package.json").unwrap_or_default();
    let declared = DECLARED.iter().find_map(|key| manifest.get(key)?.get(name)?.as_str());
    let installed = place.reach(declared.is_some()).iter().find_map(|folder| {
        let package = text(&folder.join("node_modules").join(name).join("package.json"))?;
        let package: Value = serde_json::from_str(&package).ok()?;
        Some(package.get("version")?.as_str()?.to_owned())
    });
    if let Some(version) = installed {
        return Sight::Exact(vec![version], "installed in `node_modules`".to_owned());
    }
    let from = |folder: &Path| place.seen_from(folder);
    let npm = |path: &Path, folder: &Path| npm(path, &from(folder), name);
    let pnpm = |path: &Path, folder: &Path| pnpm(path, &from(folder), name);
    let yarn = |path: &Path, _: &Path| yarn(path, name, declared);
    let bun = |path: &Path, _: &Path| bun(path, name);
    let locked = place.locked(
        declared.is_some(),
        &[
            ("package-lock.json", &npm),
            ("npm-shrinkwrap.json", &npm),
            ("pnpm-lock.yaml", &pnpm),
            ("yarn.lock", &yarn),
            ("bun.lock", &bun),
        ],
    );
    locked.unwrap_or_else(|| match declared {
        Some(range) => Sight::Declared(range.to_owned(), "package.json".to_owned()),
        None => Sight::Absent("`package.json`".to_owned()),
    })
}

/// Reads `package-lock.json` of versions 1 to 3: the package nearest to the root's folder.
fn npm(path: &Path, from: &str, name: &str) -> Vec<String> {
    let lock: Value =
        text(path).and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
    let version = |entry: &Value| entry.get("version")?.as_str().map(str::to_owned);
    let nearest = lock.get("packages").and_then(|packages| {
        Path::new(from).ancestors().find_map(|folder| {
            let key = folder.join("node_modules").join(name);
            let entry = packages.get(key.to_string_lossy().replace('\\', "/"))?;
            let link = entry.get("resolved").and_then(Value::as_str);
            version(entry).or_else(|| version(packages.get(link?)?))
        })
    });
    let first = || version(lock.get("dependencies")?.get(name)?);
    nearest.or_else(first).into_iter().collect()
}

/// Reads `pnpm-lock.yaml` of versions 5 to 9: what the root's importer has, else every version.
fn pnpm(path: &Path, from: &str, name: &str) -> Vec<String> {
    let text = text(path).unwrap_or_default();
    let lines = outline::read(&text);
    let from = if from.is_empty() { "." } else { from };
    let imported = lines.iter().find_map(|line| {
        let below = match line.path.as_slice() {
            ["importers", importer, below @ ..] if *importer == from => below,
            below if from == "." => below,
            _ => return None,
        };
        match below {
            [group, package] | [group, package, "version"]
                if DECLARED.contains(group) && *package == name =>
            {
                bare(line.value)
            }
            _ => None,
        }
    });
    if let Some(version) = imported {
        return vec![version];
    }
    let every = lines.iter().filter_map(|line| match line.path.as_slice() {
        ["packages", key] => {
            let rest = key.trim_start_matches('/').strip_prefix(name)?;
            bare(rest.strip_prefix(['@', '/'])?)
        }
        _ => None,
    });
    every.collect()
}

/// Takes the peers from a version: `15.0.0(peer@19.0.0)`, in older files `13.0.0_peer@18.0.0`.
fn bare(version: &str) -> Option<String> {
    let bare = version.split(['(', '_']).next().unwrap_or_default();
    bare.starts_with(|letter: char| letter.is_ascii_digit()).then(|| bare.to_owned())
}

/// Reads `yarn.lock` of either kind: the entry of the declared range, else every version.
fn yarn(path: &Path, name: &str, declared: Option<&str>) -> Vec<String> {
    let text = text(path).unwrap_or_default();
    let mut every = Vec::new();
    for line in outline::read(&text) {
        let [keys, "version"] = line.path.as_slice() else { continue };
        let mut ranges = keys.split(", ").filter_map(|key| {
            unquoted(key).trim_matches(['"', '\'']).strip_prefix(name)?.strip_prefix('@')
        });
        let plain = |range: &str| range.strip_prefix("npm:").unwrap_or(range).to_owned();
        let declared = declared.map(plain);
        let found: Vec<String> = ranges.by_ref().map(plain).collect();
        if found.is_empty() || line.value == "0.0.0-use.local" {
            continue;
        }
        if declared.is_some_and(|declared| found.contains(&declared)) {
            return vec![line.value.to_owned()];
        }
        every.push(line.value.to_owned());
    }
    every
}

/// Reads `bun.lock`: a name leads to `[name@version, …]`.
fn bun(path: &Path, name: &str) -> Vec<String> {
    let lock = text(path).map(|text| strict(&text));
    let lock: Value = lock.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
    let version = || {
        let found = lock.get("packages")?.get(name)?.get(0)?.as_str()?;
        bare(found.strip_prefix(name)?.strip_prefix('@')?)
    };
    version().into_iter().collect()
}

/// Takes comments and trailing commas from JSON.
fn strict(text: &str) -> String {
    let mut strict = String::with_capacity(text.len());
    let mut letters = text.chars().peekable();
    let mut in_text = false;
    while let Some(letter) = letters.next() {
        match letter {
            '\\' if in_text => {
                strict.push(letter);
                strict.extend(letters.next());
                continue;
            }
            '"' => in_text = !in_text,
            '/' if !in_text && letters.peek() == Some(&'/') => {
                while letters.next_if(|letter| *letter != '\n').is_some() {}
                continue;
            }
            ']' | '}' if !in_text => {
                strict.truncate(strict.trim_end().len());
                if strict.ends_with(',') {
                    strict.pop();
                }
            }
            _ => {}
        }
        strict.push(letter);
    }
    strict
}

#[cfg(test)]
mod tests {
    use crate::project::packages::tests::{sight, sight_in};

    const MANIFEST: (&str, &str) = (
        "package.json",
        r#"{"name": "tiny", "dependencies": {"ms": "^2.1.0", "@acme/sdk": "^1.0.0"}, "devDependencies": {"odd": "~3.0.0"}}"#,
    );

    #[test]
    fn what_is_installed_comes_first() {
        let files = [
            MANIFEST,
            ("node_modules/ms/package.json", r#"{"name": "ms", "version": "2.1.2"}"#),
            ("node_modules/@acme/sdk/package.json", r#"{"version": "1.4.0"}"#),
            ("package-lock.json", r#"{"packages": {"node_modules/ms": {"version": "2.1.3"}}}"#),
        ];
        assert_eq!(sight(&files, "ms"), "2.1.2 installed in `node_modules`");
        assert_eq!(sight(&files, "@acme/sdk"), "1.4.0 installed in `node_modules`");
        assert!(sight(&files, "../../x").starts_with("hidden"));
    }

    #[test]
    fn in_a_monorepo_what_the_app_declares_may_be_installed_above() {
        let files = [
            ("apps/web/package.json", r#"{"dependencies": {"ms": "^2.0.0"}}"#),
            ("node_modules/ms/package.json", r#"{"version": "2.1.2"}"#),
            ("node_modules/other/package.json", r#"{"version": "1.0.0"}"#),
        ];
        assert_eq!(sight_in("apps/web", &files, "ms"), "2.1.2 installed in `node_modules`");
        assert_eq!(sight_in("apps/web", &files, "other"), "absent from `package.json`");
    }

    #[test]
    fn npm_locks_of_every_version_are_read() {
        let first = r#"{"lockfileVersion": 1, "requires": true, "dependencies": {
            "is-odd": {"version": "3.0.1", "requires": {"is-number": "^6.0.0"}},
            "ms": {"version": "2.1.3", "integrity": "sha512-6Fl"}}}"#;
        let third = r#"{"name": "root", "lockfileVersion": 3, "packages": {
            "": {"name": "root", "workspaces": ["packages/*"], "dependencies": {"ms": "2.0.0"}},
            "node_modules/a": {"resolved": "packages/a", "link": true},
            "node_modules/ms": {"version": "2.0.0"},
            "packages/a": {"version": "0.1.0", "dependencies": {"ms": "^2.1.0"}},
            "packages/a/node_modules/ms": {"version": "2.1.3"}}}"#;
        let locked = |lock| sight(&[MANIFEST, ("package-lock.json", lock)], "ms");
        assert_eq!(locked(first), "2.1.3 locked in `package-lock.json`");
        assert_eq!(locked(third), "2.0.0 locked in `package-lock.json`");
        let files = [
            ("package.json", r#"{"dependencies": {"ms": "2.0.0", "a": "*"}}"#),
            ("package-lock.json", third),
            ("packages/a/package.json", r#"{"dependencies": {"ms": "^2.1.0"}}"#),
        ];
        assert_eq!(sight_in("packages/a", &files, "ms"), "2.1.3 locked in `package-lock.json`");
        assert_eq!(sight(&files, "a"), "0.1.0 locked in `package-lock.json`");
    }

    const PNPM_9: &str = "lockfileVersion: '9.0'

settings:
  autoInstallPeers: true

importers:

  .:
    dependencies:
      ms:
        specifier: 2.0.0
        version: 2.0.0

  packages/a:
    dependencies:
      '@acme/sdk':
        specifier: ^1.0.0
        version: 1.2.0(ms@2.1.3)
      ms:
        specifier: ^2.1.0
        version: 2.1.3

packages:

  '@acme/sdk@1.2.0':
    resolution: {integrity: sha512-GsC}

  deep@1.0.0:
    resolution: {integrity: sha512-Tpp}

  deep@2.0.0:
    resolution: {integrity: sha512-Tpq}

  ms@2.0.0:
    resolution: {integrity: sha512-Tpr}

snapshots:

  '@acme/sdk@1.2.0(ms@2.1.3)': {}
";

    #[test]
    fn pnpm_locks_say_what_each_app_has() {
        let files = [
            ("package.json", r#"{"dependencies": {"ms": "2.0.0"}}"#),
            ("pnpm-lock.yaml", PNPM_9),
            ("packages/a/package.json", r#"{"dependencies": {"ms": "^2.1.0", "@acme/sdk": "^1"}}"#),
        ];
        assert_eq!(sight(&files, "ms"), "2.0.0 locked in `pnpm-lock.yaml`");
        assert_eq!(sight(&files, "deep"), "1.0.0 and 2.0.0 locked in `pnpm-lock.yaml`");
        let inside = |name| sight_in("packages/a", &files, name);
        assert_eq!(inside("ms"), "2.1.3 locked in `pnpm-lock.yaml`");
        assert_eq!(inside("@acme/sdk"), "1.2.0 locked in `pnpm-lock.yaml`");
    }

    #[test]
    fn older_pnpm_locks_are_read() {
        let sixth = "lockfileVersion: '6.0'\n\ndependencies:\n  ms:\n    specifier: ^2.1.0\n    version: 2.1.3\n\ndevDependencies:\n  odd:\n    specifier: ~3.0.0\n    version: 3.0.1\n\npackages:\n\n  /is-number@6.0.0:\n    resolution: {integrity: sha512-Wu1}\n    dev: true\n";
        let fifth = "lockfileVersion: 5.4\n\nspecifiers:\n  ms: ^2.1.0\n\ndependencies:\n  ms: 2.1.3_odd@3.0.1\n\npackages:\n\n  /is-number/6.0.0:\n    resolution: {integrity: sha512-Wu1}\n    dev: true\n";
        for lock in [sixth, fifth] {
            let locked = |name| sight(&[MANIFEST, ("pnpm-lock.yaml", lock)], name);
            assert_eq!(locked("ms"), "2.1.3 locked in `pnpm-lock.yaml`");
            assert_eq!(locked("is-number"), "6.0.0 locked in `pnpm-lock.yaml`");
        }
    }

    #[test]
    fn both_kinds_of_yarn_lock_are_read() {
        let classic = "# THIS IS AN AUTOGENERATED FILE. DO NOT EDIT THIS FILE DIRECTLY.\n# yarn lockfile v1\n\n\n\"@acme/sdk@^1.0.0\", \"@acme/sdk@^1.2.0\":\n  version \"1.3.0\"\n  integrity sha512-Wu1\n\nms@2.0.0:\n  version \"2.0.0\"\n\nms@^2.1.0, ms@^2.1.1:\n  version \"2.1.3\"\n  dependencies:\n    is-number \"^6.0.0\"\n";
        let berry = "__metadata:\n  version: 8\n  cacheKey: 10c0\n\n\"@acme/sdk@npm:^1.0.0, @acme/sdk@npm:^1.2.0\":\n  version: 1.3.0\n  resolution: \"@acme/sdk@npm:1.3.0\"\n\n\"ms@npm:2.0.0\":\n  version: 2.0.0\n  resolution: \"ms@npm:2.0.0\"\n\n\"ms@npm:^2.1.0\":\n  version: 2.1.3\n  resolution: \"ms@npm:2.1.3\"\n  dependencies:\n    is-number: \"npm:^6.0.0\"\n  linkType: hard\n\n\"tiny@workspace:.\":\n  version: 0.0.0-use.local\n";
        for lock in [classic, berry] {
            let files = [MANIFEST, ("yarn.lock", lock)];
            assert_eq!(sight(&files, "ms"), "2.1.3 locked in `yarn.lock`");
            assert_eq!(sight(&files, "@acme/sdk"), "1.3.0 locked in `yarn.lock`");
            let undeclared = [("package.json", "{}"), ("yarn.lock", lock)];
            assert_eq!(sight(&undeclared, "ms"), "2.0.0 and 2.1.3 locked in `yarn.lock`");
            assert_eq!(sight(&files, "tiny"), "absent from `package.json`");
        }
    }

    #[test]
    fn bun_locks_are_read_with_their_trailing_commas() {
        let lock = r#"{
  "lockfileVersion": 1, // a comment
  "workspaces": { "": { "name": "tiny", "dependencies": { "ms": "^2.1.0", }, }, },
  "packages": {
    "@acme/sdk": ["@acme/sdk@1.3.0", "", { "bin": { "a,}": "//x" } }, "sha512-Wu1"],

    "ms": ["ms@2.1.3", "", {}, "sha512-6Fl"],

    "odd/ms": ["ms@2.0.0", "", {}, "sha512-6Fm"],
  }
}"#;
        let files = [MANIFEST, ("bun.lock", lock)];
        assert_eq!(sight(&files, "ms"), "2.1.3 locked in `bun.lock`");
        assert_eq!(sight(&files, "@acme/sdk"), "1.3.0 locked in `bun.lock`");
    }

    #[test]
    fn the_managers_own_lock_file_is_believed_before_another() {
        let files = [
            (
                "package.json",
                r#"{"packageManager": "yarn@1.22.22", "dependencies": {"ms": "^2.1.0"}}"#,
            ),
            ("package-lock.json", r#"{"packages": {"node_modules/ms": {"version": "2.1.1"}}}"#),
            ("yarn.lock", "# yarn lockfile v1\n\nms@^2.1.0:\n  version \"2.1.3\"\n"),
        ];
        assert_eq!(sight(&files, "ms"), "2.1.3 locked in `yarn.lock`");
    }

    #[test]
    fn without_a_lock_file_the_manifest_speaks() {
        assert_eq!(sight(&[MANIFEST], "odd"), "declared `~3.0.0` in package.json");
        assert_eq!(sight(&[MANIFEST], "none"), "absent from `package.json`");
    }
}
