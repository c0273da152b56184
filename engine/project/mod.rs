//! Facts about the project: its root, languages, package manager and package versions.

#![expect(
    clippy::disallowed_methods,
    reason = "the facts of a project are read before there is a gate"
)]

mod files;
mod git;
mod languages;
mod manager;
mod packages;
mod program;
mod venv;
mod verdict;

pub use git::{Tracking, tracking};
pub use manager::is_lock;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::{Value, json};

use crate::project::venv::Venv;

/// The longest name that is believed.
const LONGEST_NAME: usize = 214;

/// Where manifests say a project's name.
const NAMES: [(&str, &str); 5] = [
    ("package.json", "/name"),
    ("pyproject.toml", "/project/name"),
    ("pyproject.toml", "/tool/poetry/name"),
    ("Cargo.toml", "/package/name"),
    ("composer.json", "/name"),
];

/// What is known of the project before anything is played.
#[derive(Debug, Clone, Serialize)]
pub struct Project {
    /// The canonical path of its root.
    pub root: PathBuf,
    /// Its name: the manifest's, else the folder's.
    pub name: String,
    /// The languages found, most files first.
    pub languages: Vec<String>,
    /// The package manager, from its lock file, else its manifest.
    pub manager: Option<Manager>,
    /// Every package manager found, one for each family of languages; [`Project::manager`] is the
    /// first.
    #[serde(skip)]
    pub managers: Vec<Manager>,
    /// The PATH on which programs are looked for, where it is known.
    #[serde(skip)]
    path: Option<String>,
    /// The root, then the folders above it as far as its repository goes.
    #[serde(skip)]
    folders: Vec<PathBuf>,
    #[serde(skip)]
    venv: Option<Venv>,
}

/// How a package manager does what commands ask, from the engine's data file `managers.toml`.
#[derive(Debug, Clone, Serialize, serde::Deserialize)]
pub struct Manager {
    /// Its name, such as `pnpm`.
    pub name: String,
    /// The languages whose packages it manages.
    pub languages: Vec<String>,
    /// Its lock files: the one found decides.
    #[serde(default)]
    pub locks: Vec<String>,
    /// The lock file that was found, in the root or above it.
    #[serde(default)]
    pub lock: Option<String>,
    /// The manifests it reads.
    pub manifests: Vec<String>,
    /// Argv that adds packages; `{packages}` splices.
    pub add: Vec<String>,
    /// Argv that runs a program of the packages; `{words}` splices.
    pub exec: Vec<String>,
    /// Argv that runs a script of the manifest; `{words}` splices. Absent where there are none.
    #[serde(default)]
    pub script: Option<Vec<String>>,
    /// Argv that makes the environment in which packages are installed, where there is none.
    #[serde(default, skip_serializing)]
    pub prepare: Option<Vec<String>>,
    /// How what a manifest says is installed: the first whose manifest is there.
    #[serde(default, skip_serializing)]
    pub install: Vec<Install>,
    /// Argv that tells in JSON which packages have newer versions.
    #[serde(default, skip_serializing)]
    pub outdated: Option<Vec<String>>,
    /// Programs to take in place of ones that the PATH does not have.
    #[serde(default)]
    pub aliases: BTreeMap<String, String>,
    /// Hosts of its registry: what `add` may reach.
    #[serde(default)]
    pub network: Vec<String>,
    /// Whether its programs fetch what is missing, as `add` does.
    #[serde(default)]
    pub fetches: bool,
    /// Where it keeps what it fetched, as `add` may change it: folders, or files where a path
    /// does not end in `/`.
    #[serde(default)]
    pub caches: Vec<String>,
    /// The person's own settings of it, which `add` may read, and whose addresses it may reach.
    #[serde(default)]
    pub settings: Vec<String>,
    /// Variables of the person's that are such settings.
    #[serde(default)]
    pub variables: Vec<String>,
}

/// How a package manager installs what one manifest says.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
pub struct Install {
    /// The manifest.
    pub manifest: String,
    /// The argv that installs it.
    pub argv: Vec<String>,
}

/// What became of a requirement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "verdict", content = "found")]
pub enum Verdict {
    /// It holds; what was found.
    Met(String),
    /// It does not; what was found instead.
    Unmet(String),
    /// It cannot be told; why.
    Unknown(String),
}

/// A project that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ProjectError {
    /// The folder does not exist, or is a file.
    #[error("the project `{0}` is not a folder")]
    NotAFolder(PathBuf),
    /// It cannot be read.
    #[error("cannot read the project `{path}`: {source}")]
    Unreadable {
        /// The project's path.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

/// Reads the facts of the project at `root`.
pub fn load(root: &Path) -> Result<Project, ProjectError> {
    if !root.is_dir() {
        return Err(ProjectError::NotAFolder(root.to_owned()));
    }
    let unreadable = |source| ProjectError::Unreadable { path: root.to_owned(), source };
    let root = root.canonicalize().map_err(unreadable)?;
    std::fs::read_dir(&root).map_err(unreadable)?;
    let project = Project {
        name: String::new(),
        languages: languages::of(&root),
        manager: None,
        managers: Vec::new(),
        path: None,
        folders: manager::folders(&root),
        venv: None,
        root,
    };
    let mut project = project.with_environment(&BTreeMap::new());
    project.name = name(&project);
    Ok(project)
}

/// Returns the name in a manifest, the chosen manager's before others', else the folder's.
fn name(project: &Project) -> String {
    let named = |file: &str, pointer: &str| {
        let table = manager::table(&project.root.join(file))?;
        let name = table.pointer(pointer)?.as_str()?;
        let name: String = name.chars().filter(|letter| !letter.is_control()).collect();
        let name: String = name.trim().chars().take(LONGEST_NAME).collect();
        (!name.is_empty()).then_some(name)
    };
    let is_first = |file: &str| {
        let manager = project.manager.as_ref();
        manager.is_some_and(|manager| manager.manifests.iter().any(|manifest| manifest == file))
    };
    let (first, others): (Vec<_>, Vec<_>) = NAMES.iter().partition(|(file, _)| is_first(file));
    let found = first.iter().chain(&others).find_map(|(file, pointer)| named(file, pointer));
    found.unwrap_or_else(|| {
        let folder = project.root.file_name().unwrap_or(project.root.as_os_str());
        folder.to_string_lossy().into_owned()
    })
}

impl Project {
    /// Tells the project what the person's environment says: `PATH`, on which `program`
    /// requirements look, and `VIRTUAL_ENV`, the environment that they activated.
    #[must_use]
    pub fn with_environment(mut self, environment: &BTreeMap<String, String>) -> Self {
        self.path = environment.get("PATH").cloned();
        let activated = environment.get("VIRTUAL_ENV").map(String::as_str);
        self.venv = venv::find(&self.folders, activated);
        let program =
            |name: &str| Some(program::find(self.path.as_deref()?, &self.root, name).is_some());
        self.managers = manager::find(&manager::Signs {
            folders: &self.folders,
            languages: &self.languages,
            venv: self.venv.as_ref(),
            program: &program,
        });
        self.manager = self.managers.first().cloned();
        self
    }

    /// Puts the package manager of a playbook's languages first, where the project has several:
    /// what a Python playbook adds does not go to the front end's.
    #[must_use]
    pub fn for_languages<'a>(mut self, languages: impl IntoIterator<Item = &'a str>) -> Self {
        let languages: Vec<&str> = languages.into_iter().collect();
        let rank = |manager: &Manager| {
            let speaks = |language: &&str| manager.languages.iter().any(|it| it == language);
            languages.iter().position(speaks).unwrap_or(usize::MAX)
        };
        self.managers.sort_by_key(rank);
        self.manager = self.managers.first().cloned();
        self
    }

    /// Returns the folders above the root, as far as its repository goes: its packages may stand
    /// there.
    pub fn above(&self) -> &[PathBuf] {
        self.folders.get(1..).unwrap_or_default()
    }

    /// Returns the folder of its virtual environment, if there is one.
    pub fn environment(&self) -> Option<&Path> {
        self.venv.as_ref().map(|venv| venv.folder.as_path())
    }

    /// Returns the version of a package that is installed, else the one that is locked; nothing
    /// where that is not one.
    pub fn resolved(&self, package: &str) -> Option<String> {
        match packages::look(self, package) {
            packages::Sight::Exact(mut versions, _) if versions.len() == 1 => versions.pop(),
            _ => None,
        }
    }

    /// Returns the text of a manifest in the root.
    pub fn manifest(&self, name: &str) -> Option<String> {
        files::text(&self.root.join(name))
    }

    /// Returns the argv that installs what the project's manifests say.
    pub fn install(&self) -> Option<Vec<String>> {
        let manager = self.manager.as_ref()?;
        let way = manager.install.iter().find(|way| self.root.join(&way.manifest).is_file())?;
        Some(manager.with_aliases(way.argv.clone()))
    }

    /// Returns `project.*` as templates see it: `name`, `languages` (a list, most files first) and
    /// `package_manager` (its name, such as `pnpm`, or null).
    pub fn scope(&self) -> Value {
        json!({
            "name": self.name,
            "languages": self.languages,
            "package_manager": self.manager.as_ref().map(|manager| &manager.name),
        })
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Makes a folder with files.
    pub(crate) fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        folder
    }

    /// Makes a virtual environment with files where its packages are.
    #[cfg(unix)]
    pub(crate) fn venv(folder: &Path, packages: &[&str]) {
        for file in ["pyvenv.cfg", "bin/python"].iter().chain(packages) {
            let inside = packages.contains(file);
            let path = if inside {
                folder.join("lib/python3.11/site-packages")
            } else {
                folder.to_owned()
            };
            let path = path.join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        std::fs::create_dir_all(folder.join("lib/python3.11/site-packages")).unwrap();
    }

    #[test]
    fn a_folder_is_wanted() {
        let folder = folder(&[("a.txt", "")]);
        for path in ["a.txt", "none"] {
            let error = load(&folder.path().join(path)).unwrap_err().to_string();
            assert!(error.contains(path) && error.contains("is not a folder"), "{error}");
        }
    }

    #[test]
    fn the_name_is_the_manifests_else_the_folders() {
        let name = |files: &[(&str, &str)]| {
            let folder = folder(files);
            let inside = folder.path().join("shop");
            load(&inside).unwrap().name
        };
        assert_eq!(name(&[("shop/a.txt", "")]), "shop");
        assert_eq!(name(&[("shop/package.json", r#"{"name": "@acme/web\n"}"#)]), "@acme/web");
        assert_eq!(name(&[("shop/package.json", r#"{"name": ""}"#)]), "shop");
        assert_eq!(name(&[("shop/package.json", "{")]), "shop");
        assert_eq!(name(&[("shop/pyproject.toml", "[project]\nname = \"py\"")]), "py");
        assert_eq!(name(&[("shop/pyproject.toml", "[tool.poetry]\nname = \"po\"")]), "po");
        assert_eq!(name(&[("shop/Cargo.toml", "[package]\nname = \"crab\"")]), "crab");
        assert_eq!(name(&[("shop/composer.json", r#"{"name": "acme/site"}"#)]), "acme/site");
        let both = [
            ("shop/package.json", r#"{"name": "front"}"#),
            ("shop/pyproject.toml", "[project]\nname = \"back\""),
            ("shop/a.py", ""),
        ];
        assert_eq!(name(&both), "back");
    }

    #[test]
    fn templates_see_name_languages_and_package_manager() {
        let files = [("package.json", r#"{"name": "web"}"#), ("pnpm-lock.yaml", ""), ("a.ts", "")];
        let folder = folder(&files);
        let project = load(folder.path()).unwrap();
        assert_eq!(project.root, folder.path().canonicalize().unwrap());
        let scope = json!({"name": "web", "languages": ["typescript"], "package_manager": "pnpm"});
        assert_eq!(project.scope(), scope);
        let nothing = self::folder(&[("a.txt", "")]);
        assert_eq!(load(nothing.path()).unwrap().scope()["package_manager"], Value::Null);
    }
}
