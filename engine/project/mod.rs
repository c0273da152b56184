//! Facts about the project: its root, languages, package manager and package versions.

use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::Value;

use crate::playbook::Requirement;

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
    /// The manifests it reads.
    pub manifests: Vec<String>,
    /// Argv that adds packages; `{packages}` splices.
    pub add: Vec<String>,
    /// Argv that runs a program of the packages; `{words}` splices.
    pub exec: Vec<String>,
    /// Argv that runs a script of the manifest; `{words}` splices. Absent where there are none.
    #[serde(default)]
    pub script: Option<Vec<String>>,
    /// Hosts of its registry: what `add` may reach.
    #[serde(default)]
    pub network: Vec<String>,
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
    let _ = root;
    Err(ProjectError::NotAFolder(root.to_owned()))
}

impl Project {
    /// Holds a requirement against the project. Reads files, runs nothing.
    pub fn verdict(&self, requirement: &Requirement) -> Verdict {
        let _ = requirement;
        Verdict::Unknown(String::new())
    }

    /// Says a requirement in words for the person, such as "package `next` >=15.3".
    pub fn describe(requirement: &Requirement) -> String {
        let _ = requirement;
        String::new()
    }

    /// Returns `project.*` as templates see it: name, languages, package_manager.
    pub fn scope(&self) -> Value {
        Value::Null
    }
}
