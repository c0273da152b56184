//! A project's virtual environment: where Python packages and their programs are installed.

use std::path::{Path, PathBuf};

/// Names that virtual environments commonly have.
const NAMES: [&str; 2] = [".venv", "venv"];

/// A virtual environment that has a Python.
#[derive(Debug, Clone)]
pub(super) struct Venv {
    /// Its folder, absolute.
    pub(super) folder: PathBuf,
    /// Where its programs are: `bin`, or `Scripts`.
    programs: PathBuf,
}

/// Finds the environment that a person means when they work on a project: the activated one where
/// it is the project's, else one that lies in the project or in a folder above it, else the
/// activated one wherever it is.
pub(super) fn find(folders: &[PathBuf], activated: Option<&str>) -> Option<Venv> {
    let activated = activated.map(Path::new).filter(|folder| folder.is_absolute());
    let activated = activated.and_then(|folder| folder.canonicalize().ok());
    let activated = activated.and_then(|folder| Venv::at(&folder));
    let is_own = |venv: &Venv| folders.iter().any(|folder| venv.folder.starts_with(folder));
    if activated.as_ref().is_some_and(is_own) {
        return activated;
    }
    let named = |folder: &PathBuf| NAMES.iter().find_map(|name| Venv::at(&folder.join(name)));
    let own = folders.first().and_then(|root| named(root).or_else(|| any_in(root)));
    own.or_else(|| folders.iter().skip(1).find_map(named)).or(activated)
}

/// Returns the first environment that lies directly in a folder, by name.
fn any_in(folder: &Path) -> Option<Venv> {
    let entries = std::fs::read_dir(folder).ok()?.filter_map(Result::ok);
    let mut folders: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    folders.sort();
    folders.iter().find_map(|folder| Venv::at(folder))
}

impl Venv {
    /// Returns the environment at a folder, if it is one.
    fn at(folder: &Path) -> Option<Self> {
        if !folder.join("pyvenv.cfg").is_file() {
            return None;
        }
        let programs = [("bin", "python"), ("Scripts", "python.exe")];
        let (programs, _) =
            programs.iter().find(|(name, python)| folder.join(name).join(python).is_file())?;
        Some(Venv { folder: folder.to_owned(), programs: folder.join(programs) })
    }

    /// Returns what to write before a program's name: relative to the root where it lies below.
    pub(super) fn prefix(&self, root: &Path) -> String {
        let programs = self.programs.strip_prefix(root).unwrap_or(&self.programs);
        format!("{}/", programs.to_string_lossy().replace('\\', "/"))
    }

    /// Says where it is, for people.
    pub(super) fn place(&self, root: &Path) -> String {
        self.folder.strip_prefix(root).unwrap_or(&self.folder).to_string_lossy().into_owned()
    }

    /// Lists the folders that packages are installed in.
    pub(super) fn packages(&self) -> Vec<PathBuf> {
        let versions = std::fs::read_dir(self.folder.join("lib")).into_iter().flatten();
        let mut folders: Vec<PathBuf> = versions
            .filter_map(Result::ok)
            .map(|entry| entry.path().join("site-packages"))
            .collect();
        folders.push(self.folder.join("Lib/site-packages"));
        folders.retain(|folder| folder.is_dir());
        folders.sort();
        folders
    }

    /// Whether a module is in it, or may come from the Python that it was made with.
    pub(super) fn has(&self, module: &str) -> bool {
        let settings = super::files::text(&self.folder.join("pyvenv.cfg")).unwrap_or_default();
        let inherits = settings.lines().any(|line| {
            line.split_once('=').is_some_and(|(key, value)| {
                key.trim() == "include-system-site-packages" && value.trim() == "true"
            })
        });
        inherits || self.packages().iter().any(|folder| folder.join(module).is_dir())
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use crate::project::tests::{folder, venv};

    #[test]
    fn the_environment_of_the_project_is_found_by_any_name() {
        for name in [".venv", "venv", "my-environment"] {
            let folder = folder(&[]);
            let root = folder.path().canonicalize().unwrap();
            venv(&root.join(name), &[]);
            let found = find(std::slice::from_ref(&root), None).unwrap();
            assert_eq!(found.prefix(&root), format!("{name}/bin/"));
        }
    }

    #[test]
    fn an_activated_environment_counts_where_the_project_has_none() {
        let folder = folder(&[("project/a.py", ""), ("project/broken/pyvenv.cfg", "")]);
        let root = folder.path().canonicalize().unwrap();
        let project = root.join("project");
        venv(&root.join("elsewhere"), &[]);
        let elsewhere = root.join("elsewhere");
        let activated = elsewhere.to_str();
        let folders = [project.clone()];
        assert!(find(&folders, None).is_none());
        let found = find(&folders, activated).unwrap();
        assert_eq!(found.prefix(&project), format!("{}/bin/", elsewhere.display()));
        venv(&project.join("venv"), &[]);
        assert_eq!(find(&folders, activated).unwrap().place(&project), "venv");
        venv(&project.join("other"), &[]);
        let own = project.join("other");
        assert_eq!(find(&folders, own.to_str()).unwrap().place(&project), "other");
        assert!(find(&[root.join("none")], Some("relative")).is_none());
    }

    #[test]
    fn it_knows_what_is_installed() {
        let folder = folder(&[]);
        let root = folder.path().canonicalize().unwrap();
        venv(&root.join(".venv"), &["pip-24.0.dist-info/METADATA", "pip/__init__.py"]);
        let found = find(&[root], None).unwrap();
        assert!(found.has("pip"));
        assert!(!found.has("wheel"));
    }
}
