//! The version of a package in a project: installed, else locked, else declared.

mod go;
mod javascript;
mod outline;
mod php;
mod python;
mod ruby;
mod rust;

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::project::venv::Venv;
use crate::project::{Manager, Project};

/// What a project says about a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Sight {
    /// Versions that are installed or locked: one, or several side by side; and where they stand.
    Exact(Vec<String>, String),
    /// A range that a manifest declares, and the manifest.
    Declared(String, String),
    /// No manifest names it; the manifests.
    Absent(String),
    /// It cannot be told; why.
    Hidden(String),
}

/// A project as the readers of one family of languages see it.
#[derive(Clone, Copy)]
struct Place<'a> {
    /// The root, then the folders above it as far as its repository goes.
    folders: &'a [PathBuf],
    manager: &'a Manager,
    venv: Option<&'a Venv>,
}

/// Looks for a package with every package manager of a project, the chosen one first.
pub(super) fn look(project: &Project, name: &str) -> Sight {
    let mut absent = Vec::new();
    let mut hidden = None;
    for manager in &project.managers {
        let place = Place { folders: &project.folders, manager, venv: project.venv.as_ref() };
        let sight = match manager.languages.first().map(String::as_str) {
            Some("javascript") => javascript::look(place, name),
            Some("python") => python::look(place, name),
            Some("ruby") => ruby::look(place, name),
            Some("php") => php::look(place, name),
            Some("rust") => rust::look(place, name),
            Some("go") => go::look(place, name),
            _ => continue,
        };
        match sight {
            Sight::Exact(..) | Sight::Declared(..) => return sight,
            Sight::Absent(manifests) => absent.push(manifests),
            Sight::Hidden(why) => hidden = hidden.or(Some(why)),
        }
    }
    match hidden {
        Some(why) => Sight::Hidden(why),
        None => Sight::Absent(absent.join(", ")),
    }
}

/// The name of a lock file, and what reads a package's versions from its path and its folder.
type Reader<'a> = (&'a str, &'a dyn Fn(&Path, &Path) -> Vec<String>);

impl Place<'_> {
    fn root(&self) -> &Path {
        self.folders.first().map_or(Path::new(""), PathBuf::as_path)
    }

    /// Reads a text file of the root.
    fn text(&self, file: &str) -> Option<String> {
        super::files::text(&self.root().join(file))
    }

    /// Reads a JSON or TOML file of the root.
    fn table(&self, file: &str) -> Option<Value> {
        super::manager::table(&self.root().join(file))
    }

    /// Lists the folders in which a lock file speaks for the root: the root itself, and those
    /// above it for a package that the root declares.
    fn reach(&self, declared: bool) -> &[PathBuf] {
        if declared { self.folders } else { self.folders.get(..1).unwrap_or_default() }
    }

    /// Returns the path of the root as a folder above it sees it; empty for itself.
    fn seen_from(&self, folder: &Path) -> String {
        let below = self.root().strip_prefix(folder).unwrap_or(Path::new(""));
        below.to_string_lossy().replace('\\', "/")
    }

    /// Returns the first version, or versions, that a lock file holds, the manager's own lock
    /// files before others.
    fn locked(&self, declared: bool, readers: &[Reader<'_>]) -> Option<Sight> {
        let is_own = |file: &str| self.manager.locks.iter().any(|lock| lock == file);
        let (own, others): (Vec<_>, Vec<_>) = readers.iter().partition(|(file, _)| is_own(file));
        self.reach(declared).iter().find_map(|folder| {
            own.iter().chain(&others).find_map(|(file, read)| {
                let path = folder.join(file);
                let versions = if path.is_file() { read(&path, folder) } else { Vec::new() };
                exact(versions, &format!("locked in `{file}`"))
            })
        })
    }
}

/// Makes a sight of versions, each once, or nothing of none.
fn exact(mut versions: Vec<String>, place: &str) -> Option<Sight> {
    versions.sort();
    versions.dedup();
    (!versions.is_empty()).then(|| Sight::Exact(versions, place.to_owned()))
}

/// Returns the versions of a package in a lock file of `[[package]]` tables.
fn tables(path: &Path, is_it: &dyn Fn(&str) -> bool) -> Vec<String> {
    let text = super::files::text(path).unwrap_or_default();
    let lock: Value = toml::from_str(&text).unwrap_or_default();
    let packages = lock.get("package").and_then(Value::as_array);
    let versions = packages.into_iter().flatten().filter_map(|package| {
        let name = package.get("name")?.as_str()?;
        is_it(name).then(|| package.get("version")?.as_str().map(str::to_owned))?
    });
    versions.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::load;
    use crate::project::tests::folder;

    /// Says what a project of these files says about a package.
    pub(super) fn sight(files: &[(&str, &str)], name: &str) -> String {
        let folder = folder(files);
        said(&load(folder.path()).unwrap(), name)
    }

    /// Says what an app of a repository of these files says about a package.
    pub(super) fn sight_in(app: &str, files: &[(&str, &str)], name: &str) -> String {
        let folder = folder(files);
        std::fs::create_dir(folder.path().join(".git")).unwrap();
        said(&load(&folder.path().join(app)).unwrap(), name)
    }

    pub(super) fn said(project: &Project, name: &str) -> String {
        match look(project, name) {
            Sight::Exact(versions, place) => format!("{} {place}", versions.join(" and ")),
            Sight::Declared(range, file) => format!("declared `{range}` in {file}"),
            Sight::Absent(manifests) => format!("absent from {manifests}"),
            Sight::Hidden(why) => format!("hidden: {why}"),
        }
    }

    #[test]
    fn every_manager_is_asked_and_the_chosen_one_first() {
        let files = [
            ("package.json", r#"{"dependencies": {"both": "^1.0.0", "front": "^1.0.0"}}"#),
            ("requirements.txt", "both==2.0\n"),
            ("a.py", ""),
        ];
        assert_eq!(sight(&files, "both"), "2.0 pinned in `requirements.txt`");
        assert_eq!(sight(&files, "front"), "declared `^1.0.0` in package.json");
        assert_eq!(sight(&files, "none"), "absent from `requirements.txt`, `package.json`");
        assert_eq!(sight(&[("a.txt", "")], "none"), "absent from ");
    }
}
