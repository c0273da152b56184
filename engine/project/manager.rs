//! Which package manager a project uses, and how it does what commands ask.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::Value;

use crate::playbook::CommandKind;
use crate::project::Manager;
use crate::project::files::text;
use crate::project::venv::Venv;
use crate::version::{Range, Version};

/// A package manager and the signs of it, as `managers.toml` says them.
#[derive(Debug, Deserialize)]
struct Entry {
    #[serde(flatten)]
    manager: Manager,
    lock_holds: Option<String>,
    #[serde(default)]
    declared: Vec<String>,
    field: Option<String>,
    #[serde(default)]
    presumed: bool,
    #[serde(default)]
    unasked: bool,
    #[serde(default)]
    environment: bool,
    module: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
struct Table {
    manager: Vec<Entry>,
}

static TABLE: LazyLock<Table> =
    LazyLock::new(|| toml::from_str(include_str!("managers.toml")).unwrap_or_default());

/// What is known of a project when its package managers are looked for.
pub(super) struct Signs<'a> {
    /// The root, then the folders above it as far as its repository goes.
    pub(super) folders: &'a [PathBuf],
    /// Its languages, most files first.
    pub(super) languages: &'a [String],
    /// Its virtual environment.
    pub(super) venv: Option<&'a Venv>,
    /// Whether a program is on the PATH; nothing where the PATH is not known.
    pub(super) program: &'a dyn Fn(&str) -> Option<bool>,
}

/// Whether a path is that of a lock file of any package manager.
pub fn is_lock(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    TABLE.manager.iter().any(|entry| entry.manager.locks.iter().any(|lock| lock == name))
}

/// Finds the package managers of a project, one for each family of languages: that of the language
/// with most files first.
pub(super) fn find(signs: &Signs<'_>) -> Vec<Manager> {
    let mut families: Vec<&str> = Vec::new();
    for entry in &TABLE.manager {
        let family = entry.family();
        if !families.contains(&family) {
            families.push(family);
        }
    }
    let mut found: Vec<(usize, Manager)> = Vec::new();
    for family in families {
        let rivals: Vec<&Entry> = TABLE
            .manager
            .iter()
            .filter(|entry| entry.family() == family && signs.allow(entry))
            .collect();
        if let Some((entry, lock)) = signs.choose(&rivals) {
            let rank = signs.languages.iter().position(|it| entry.manager.languages.contains(it));
            found.push((rank.unwrap_or(usize::MAX), signs.fill(entry, lock)));
        }
    }
    found.sort_by_key(|(rank, _)| *rank);
    found.into_iter().map(|(_, manager)| manager).collect()
}

/// Lists the root and the folders above it up to the one that holds `.git`: a package manager of a
/// monorepo keeps its lock file above. Outside a repository, the root alone.
pub(super) fn folders(root: &Path) -> Vec<PathBuf> {
    let above: Vec<PathBuf> = root.ancestors().map(Path::to_owned).collect();
    let top = above.iter().position(|folder| folder.join(".git").exists()).unwrap_or(0);
    above.into_iter().take(top + 1).collect()
}

impl Signs<'_> {
    /// Whether the environment has what the manager needs.
    fn allow(&self, entry: &Entry) -> bool {
        match (&entry.module, self.venv) {
            (Some(module), Some(venv)) => venv.has(module),
            _ => true,
        }
    }

    fn choose<'a>(&self, rivals: &[&'a Entry]) -> Option<(&'a Entry, Option<String>)> {
        let root = self.folders.first()?;
        let has_manifest = rivals.iter().any(|entry| entry.has_manifest(root));
        let reach = if has_manifest { self.folders.len() } else { 1 };
        let folders = &self.folders[..reach];
        for folder in folders {
            let locked: Vec<(&Entry, String)> =
                rivals.iter().filter_map(|entry| Some((*entry, entry.lock_in(folder)?))).collect();
            let rivals: Vec<&Entry> = locked.iter().map(|(entry, _)| *entry).collect();
            let chosen = named(&rivals, folders).or_else(|| rivals.first().copied());
            if let Some(chosen) = chosen {
                let lock = locked.into_iter().find(|(entry, _)| std::ptr::eq(*entry, chosen));
                return Some((chosen, lock.map(|(_, lock)| lock)));
            }
        }
        let named = named(rivals, folders);
        let presumed = || rivals.iter().find(|entry| entry.presumed && has_manifest).copied();
        let unasked = || {
            let speaks = |entry: &&&Entry| {
                entry.manager.languages.iter().any(|language| self.languages.contains(language))
            };
            rivals.iter().filter(|entry| entry.unasked).find(speaks).copied()
        };
        Some((named.or_else(presumed).or_else(unasked)?, None))
    }

    /// Makes an entry's argv fit for this project.
    fn fill(&self, entry: &Entry, lock: Option<String>) -> Manager {
        let mut manager = entry.manager.clone();
        let venv = self.venv.filter(|_| entry.environment);
        let root = self.folders.first().map_or(Path::new(""), PathBuf::as_path);
        let bin = venv.map(|venv| venv.prefix(root)).unwrap_or_default();
        // An environment that is there need not be made.
        manager.prepare = manager.prepare.filter(|_| venv.is_none());
        let Manager { add, exec, script, outdated, install, .. } = &mut manager;
        let install = install.iter_mut().map(|way| &mut way.argv);
        let templates = [Some(add), Some(exec), script.as_mut(), outdated.as_mut()];
        for word in templates.into_iter().flatten().chain(install).flatten() {
            *word = word.replace("{bin}", &bin);
        }
        manager.aliases.retain(|wanted, instead| {
            venv.is_none()
                && (self.program)(wanted) == Some(false)
                && (self.program)(instead) == Some(true)
        });
        manager.lock = lock;
        manager
    }
}

/// Returns the one that a manifest names, nearest first.
fn named<'a>(rivals: &[&'a Entry], folders: &[PathBuf]) -> Option<&'a Entry> {
    folders.iter().find_map(|folder| {
        let field = rivals.iter().find(|entry| entry.is_field_of(folder));
        field.or_else(|| rivals.iter().find(|entry| entry.is_declared_in(folder))).copied()
    })
}

impl Entry {
    /// Managers of one family are rivals: a project has one of them.
    fn family(&self) -> &str {
        self.manager.languages.first().map(String::as_str).unwrap_or_default()
    }

    fn has_manifest(&self, folder: &Path) -> bool {
        self.manager.manifests.iter().any(|manifest| folder.join(manifest).is_file())
    }

    /// Returns its lock file in a folder. An empty one may be anybody's who shares its name.
    fn lock_in(&self, folder: &Path) -> Option<String> {
        let mut locks = self.manager.locks.iter().filter(|lock| folder.join(lock).is_file());
        let fits = |lock: &&String| match &self.lock_holds {
            None => true,
            Some(mark) => {
                let text = text(&folder.join(lock)).unwrap_or_default();
                text.trim().is_empty() || text.contains(mark.as_str())
            }
        };
        locks.find(fits).cloned()
    }

    /// Whether the field `packageManager` of a manifest names it, such as `pnpm@9.1.0+sha256.…`.
    fn is_field_of(&self, folder: &Path) -> bool {
        self.manager.manifests.iter().any(|manifest| {
            let table = table(&folder.join(manifest)).unwrap_or_default();
            let named = table.get("packageManager").and_then(Value::as_str).unwrap_or_default();
            let (name, version) = named.split_once('@').unwrap_or((named, ""));
            let range = self.field.as_deref().and_then(Range::parse);
            name == self.manager.name
                && match (range, Version::parse(version)) {
                    (Some(range), Some(version)) => range.holds(&version),
                    _ => true,
                }
        })
    }

    fn is_declared_in(&self, folder: &Path) -> bool {
        self.declared.iter().any(|sign| match sign.split_once('#') {
            None => folder.join(sign).is_file(),
            Some((file, pointer)) => {
                table(&folder.join(file)).is_some_and(|table| table.pointer(pointer).is_some())
            }
        })
    }
}

/// Reads a JSON or TOML file, by its name's end.
pub(super) fn table(path: &Path) -> Option<Value> {
    let end = path.extension().and_then(|end| end.to_str());
    if !matches!(end, Some("json" | "toml")) {
        return None;
    }
    let text = text(path)?;
    if end == Some("json") { serde_json::from_str(&text).ok() } else { toml::from_str(&text).ok() }
}

impl Manager {
    /// Makes the argv of a command's words, or nothing where the manager has no way to do it.
    pub fn argv(&self, kind: CommandKind, words: &[String]) -> Option<Vec<String>> {
        let template = match kind {
            CommandKind::Run => return Some(words.to_vec()),
            CommandKind::Add => &self.add,
            CommandKind::Exec => &self.exec,
            CommandKind::Script => self.script.as_ref()?,
        };
        let mut argv = Vec::new();
        for (at, part) in template.iter().enumerate() {
            let rest = words.get(1..).unwrap_or_default();
            match part.as_str() {
                "--" if rest.is_empty() && template.get(at + 1).is_some_and(is_rest) => {}
                "{packages}" => argv.extend(words.iter().cloned()),
                "{first}" => argv.extend(words.first().cloned()),
                "{rest}" => argv.extend(rest.iter().cloned()),
                other => match other.strip_suffix("{words}") {
                    Some(before) => {
                        argv.extend(words.first().map(|first| format!("{before}{first}")));
                        argv.extend(rest.iter().cloned());
                    }
                    None => argv.push(other.to_owned()),
                },
            }
        }
        Some(self.with_aliases(argv))
    }

    /// Takes the program that stands in for the first word, where one does.
    pub fn with_aliases(&self, mut argv: Vec<String>) -> Vec<String> {
        if let Some(program) = argv.first_mut()
            && let Some(instead) = self.aliases.get(program)
        {
            program.clone_from(instead);
        }
        argv
    }
}

fn is_rest(part: &String) -> bool {
    part == "{rest}"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::tests::folder;
    use crate::project::{Project, load};

    const YARN_1: &str = "# THIS IS AN AUTOGENERATED FILE. DO NOT EDIT THIS FILE DIRECTLY.\n# yarn lockfile v1\n\n\n";
    const YARN_4: &str =
        "# This file is generated by running \"yarn install\".\n\n__metadata:\n  version: 8\n";

    /// Paths and texts.
    type Files<'a> = &'a [(&'a str, &'a str)];

    fn project(files: Files<'_>) -> (tempfile::TempDir, Project) {
        let folder = folder(files);
        let project = load(folder.path()).unwrap();
        (folder, project)
    }

    fn argv(project: &Project, kind: CommandKind, words: &[&str]) -> String {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        let manager = project.manager.as_ref().unwrap();
        manager.argv(kind, &words).map_or("none".to_owned(), |argv| argv.join(" "))
    }

    /// Says how a project of these files adds `x`, execs `t -v` and runs the script `b`.
    fn ways(files: Files<'_>) -> [String; 4] {
        let (_folder, project) = project(files);
        [
            project.manager.as_ref().unwrap().name.clone(),
            argv(&project, CommandKind::Add, &["x", "y"]),
            argv(&project, CommandKind::Exec, &["t", "-v"]),
            argv(&project, CommandKind::Script, &["b"]),
        ]
    }

    #[test]
    fn each_lock_file_decides_the_manager_and_its_ways() {
        let rows: [(Files<'_>, [&str; 4]); 14] = [
            (
                &[("package-lock.json", "{}")],
                [
                    "npm",
                    "npm install --ignore-scripts --no-audit --no-fund x y",
                    "npm exec --no -- t -v",
                    "npm run b",
                ],
            ),
            (
                &[("pnpm-lock.yaml", "")],
                [
                    "pnpm",
                    "pnpm add --ignore-scripts --ignore-workspace-root-check x y",
                    "pnpm exec t -v",
                    "pnpm run b",
                ],
            ),
            (
                &[("yarn.lock", YARN_1)],
                [
                    "yarn",
                    "yarn add --ignore-scripts --ignore-workspace-root-check x y",
                    "yarn run --silent t -v",
                    "yarn run b",
                ],
            ),
            (
                &[("yarn.lock", YARN_4)],
                ["yarn", "yarn add --mode=skip-build x y", "yarn run t -v", "yarn run b"],
            ),
            (
                &[("bun.lock", "{}")],
                ["bun", "bun add --ignore-scripts x y", "bunx --no-install t -v", "bun run b"],
            ),
            (
                &[("bun.lockb", "")],
                ["bun", "bun add --ignore-scripts x y", "bunx --no-install t -v", "bun run b"],
            ),
            (&[("uv.lock", "")], ["uv", "uv add x y", "uv run --no-sync t -v", "none"]),
            (
                &[("poetry.lock", "")],
                ["poetry", "poetry add --no-interaction x y", "poetry run t -v", "none"],
            ),
            (
                &[("Pipfile.lock", "{}")],
                ["pipenv", "pipenv install x y", "pipenv run t -v", "pipenv run b"],
            ),
            (
                &[("requirements.txt", "")],
                [
                    "pip",
                    "python -m pip install --no-input --disable-pip-version-check --progress-bar=off x y",
                    "t -v",
                    "none",
                ],
            ),
            (&[("Gemfile.lock", "")], ["bundler", "bundle add x y", "bundle exec t -v", "none"]),
            (
                &[("composer.lock", "{}")],
                [
                    "composer",
                    "composer require --no-interaction x y",
                    "composer exec --no-interaction -- t -v",
                    "composer run-script --no-interaction b",
                ],
            ),
            (&[("Cargo.lock", "")], ["cargo", "cargo add x y", "cargo t -v", "none"]),
            (&[("go.sum", "")], ["go", "go get x y", "go tool t -v", "none"]),
        ];
        for (files, expected) in rows {
            assert_eq!(ways(files), expected, "{files:?}");
        }
    }

    #[test]
    fn a_manifest_alone_is_enough() {
        let rows: [(Files<'_>, &str, &str); 15] = [
            (&[("package.json", "{}")], "npm", "npm exec"),
            (
                &[("package.json", r#"{"packageManager": "pnpm@9.1.0+sha512.ab"}"#)],
                "pnpm",
                "pnpm exec",
            ),
            (
                &[("package.json", r#"{"packageManager": "yarn@1.22.22"}"#)],
                "yarn",
                "yarn run --silent",
            ),
            (&[("package.json", r#"{"packageManager": "yarn@4.5.0"}"#)], "yarn", "yarn run t"),
            (&[("package.json", r#"{"packageManager": "bun@1.2.0"}"#)], "bun", "bunx"),
            (&[("package.json", "{}"), (".yarnrc.yml", "")], "yarn", "yarn run t"),
            (&[("package.json", "{}"), ("pnpm-workspace.yaml", "")], "pnpm", "pnpm exec"),
            (&[("pyproject.toml", "[project]\nname = \"a\"")], "pip", "t -v"),
            (&[("pyproject.toml", "[tool.uv]\ndev-dependencies = []")], "uv", "uv run"),
            (&[("pyproject.toml", "[tool.poetry]\nname = \"a\"")], "poetry", "poetry run"),
            (&[("Pipfile", "[packages]")], "pipenv", "pipenv run"),
            (&[("Gemfile", "")], "bundler", "bundle exec"),
            (&[("composer.json", "{}")], "composer", "composer exec"),
            (&[("Cargo.toml", "[package]\nname = \"a\"")], "cargo", "cargo t"),
            (&[("go.mod", "module example.com/a\n")], "go", "go tool"),
        ];
        for (files, name, exec) in rows {
            let found = ways(files);
            assert_eq!(found[0], name, "{files:?}");
            assert!(found[2].starts_with(exec), "{files:?}: {}", found[2]);
        }
    }

    #[test]
    fn files_of_python_alone_mean_pip_and_other_files_nothing() {
        assert_eq!(ways(&[("app.py", "")])[0], "pip");
        assert!(project(&[("app.js", ""), ("README.md", "")]).1.manager.is_none());
    }

    #[test]
    fn the_lock_file_outranks_the_manifest_which_settles_a_tie() {
        let field = ("package.json", r#"{"packageManager": "yarn@1.22.22"}"#);
        assert_eq!(ways(&[field, ("pnpm-lock.yaml", "")])[0], "pnpm");
        assert_eq!(ways(&[field, ("package-lock.json", "{}"), ("yarn.lock", YARN_1)])[0], "yarn");
        let berry = ("package.json", r#"{"packageManager": "yarn@4.0.0"}"#);
        assert_eq!(ways(&[berry, ("yarn.lock", "")])[1], "yarn add --mode=skip-build x y");
        assert!(ways(&[field, ("yarn.lock", "")])[1].contains("--ignore-scripts"));
    }

    #[test]
    fn a_lock_file_above_counts_inside_a_repository_only() {
        let files = [
            ("pnpm-lock.yaml", ""),
            ("apps/web/package.json", "{}"),
            ("apps/api/requirements.txt", ""),
        ];
        let folder = folder(&files);
        let name = |app: &str| {
            let project = load(&folder.path().join(app)).unwrap();
            let lock = project.manager.as_ref().and_then(|manager| manager.lock.clone());
            (project.manager.unwrap().name, lock)
        };
        assert_eq!(name("apps/web"), ("npm".to_owned(), None));
        std::fs::create_dir(folder.path().join(".git")).unwrap();
        assert_eq!(name("apps/web"), ("pnpm".to_owned(), Some("pnpm-lock.yaml".to_owned())));
        assert_eq!(name("apps/api"), ("pip".to_owned(), None));
    }

    #[test]
    fn of_several_managers_that_of_most_files_leads_unless_a_playbook_says_otherwise() {
        let files = [
            ("package-lock.json", "{}"),
            ("package.json", "{}"),
            ("requirements.txt", ""),
            ("a.py", ""),
            ("b.py", ""),
            ("c.js", ""),
        ];
        let (_folder, project) = project(&files);
        assert_eq!(project.manager.as_ref().unwrap().name, "pip");
        assert_eq!(project.managers.len(), 2);
        let project = project.for_languages(["typescript", "javascript"]);
        assert_eq!(project.manager.as_ref().unwrap().name, "npm");
        let project = project.for_languages(["ruby"]);
        assert_eq!(project.manager.as_ref().unwrap().name, "npm");
    }

    #[cfg(unix)]
    #[test]
    fn pip_works_through_the_virtual_environment() {
        use crate::project::tests::venv;
        let folder = folder(&[("requirements.txt", "")]);
        venv(&folder.path().join(".venv"), &["pip/__init__.py"]);
        let project = load(folder.path()).unwrap();
        let add = ".venv/bin/python -m pip install --no-input --disable-pip-version-check --progress-bar=off x";
        assert_eq!(argv(&project, CommandKind::Add, &["x"]), add);
        let exec = |words: &[&str]| argv(&project, CommandKind::Exec, words);
        assert_eq!(exec(&["python", "-m", "compileall"]), ".venv/bin/python -m compileall");
        assert_eq!(exec(&["pytest", "-q"]), ".venv/bin/pytest -q");
    }

    #[cfg(unix)]
    #[test]
    fn an_environment_without_pip_is_filled_by_uv() {
        let folder = folder(&[("requirements.txt", "")]);
        crate::project::tests::venv(&folder.path().join(".venv"), &[]);
        let project = load(folder.path()).unwrap();
        let add = "uv pip install --python .venv/bin/python x";
        assert_eq!(argv(&project, CommandKind::Add, &["x"]), add);
        assert_eq!(argv(&project, CommandKind::Exec, &["pytest"]), ".venv/bin/pytest");
    }

    #[cfg(unix)]
    #[test]
    fn what_the_person_activated_is_used_and_python3_where_there_is_no_python() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = folder(&[("project/app.py", ""), ("bin/python3", ""), ("both/python", "")]);
        let root = folder.path().canonicalize().unwrap();
        for file in ["bin/python3", "both/python"] {
            let mode = std::fs::Permissions::from_mode(0o755);
            std::fs::set_permissions(root.join(file), mode).unwrap();
        }
        let with = |variables: &[(&str, String)]| {
            let own = variables.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
            load(&root.join("project")).unwrap().with_environment(&own.collect())
        };
        let exec = |project: &Project| argv(project, CommandKind::Exec, &["python", "-V"]);
        assert_eq!(exec(&with(&[])), "python -V");
        let bin = root.join("bin").display().to_string();
        assert_eq!(exec(&with(&[("PATH", bin.clone())])), "python3 -V");
        let both = format!("{bin}:{}", root.join("both").display());
        assert_eq!(exec(&with(&[("PATH", both)])), "python -V");
        crate::project::tests::venv(&root.join("environment"), &["pip/x"]);
        let activated = root.join("environment").display().to_string();
        let project = with(&[("PATH", bin), ("VIRTUAL_ENV", activated.clone())]);
        assert_eq!(exec(&project), format!("{activated}/bin/python -V"));
    }

    #[test]
    fn further_words_of_a_script_are_its_own() {
        let (_folder, npm) = project(&[("package-lock.json", "{}")]);
        let script = argv(&npm, CommandKind::Script, &["build", "--mode", "a b"]);
        assert_eq!(script, "npm run build -- --mode a b");
        let (_folder, pnpm) = project(&[("pnpm-lock.yaml", "")]);
        assert_eq!(argv(&pnpm, CommandKind::Script, &["build", "-m"]), "pnpm run build -m");
        assert_eq!(argv(&pnpm, CommandKind::Run, &["echo", "a b"]), "echo a b");
    }

    #[test]
    fn the_table_is_whole() {
        assert_eq!(TABLE.manager.len(), 14);
        for entry in &TABLE.manager {
            let manager = &entry.manager;
            assert!(manager.add.contains(&"{packages}".to_owned()), "{}", manager.name);
            assert!(manager.exec.iter().any(|part| part.ends_with("{words}")), "{}", manager.name);
            assert!(!manager.network.is_empty() && !manager.caches.is_empty(), "{}", manager.name);
            let own = |path: &String| path.starts_with(['~', '$', '{', '/']);
            assert!(manager.caches.iter().chain(&manager.settings).all(own), "{}", manager.name);
        }
    }
}
