//! Which program a name stands for: found once, outside the project.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::gate::Invocation;

/// The programs that were found, by their names and the PATH.
#[derive(Debug, Default)]
pub(super) struct Programs(Mutex<BTreeMap<(String, String), Found>>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Found {
    path: PathBuf,
    /// Device and number of the file, where the system has them.
    identity: Option<(u64, u64)>,
}

impl Programs {
    /// Finds the program of an invocation. It is the same file each time, or none.
    pub(super) fn find(&self, invocation: &Invocation) -> Result<PathBuf, String> {
        let name = invocation.argv.first().ok_or("the command has no words")?;
        if name.contains(['/', '\\']) {
            return at(name, invocation);
        }
        let path = invocation.environment.get("PATH").cloned().unwrap_or_default();
        let mut programs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (name.clone(), path);
        if let Some(found) = programs.get(&key) {
            if identity(&found.path) != found.identity {
                let shown = found.path.display();
                return Err(format!("the program `{shown}` is another than when the run began"));
            }
            return Ok(found.path.clone());
        }
        let found = std::env::split_paths(&key.1)
            .map(|folder| folder.join(name))
            .find(|path| is_program(path) && !leads_into(path, &invocation.root));
        let path = found.ok_or_else(|| {
            format!("the program `{name}` is not on the PATH; install it and play again")
        })?;
        let found = Found { identity: identity(&path), path: path.clone() };
        programs.insert(key, found);
        Ok(path)
    }
}

/// Returns the program at a path. The project's own are for the package manager to start.
fn at(name: &str, invocation: &Invocation) -> Result<PathBuf, String> {
    let path = invocation.root.join(name);
    let within = leads_into(&path, &invocation.root) || !Path::new(name).is_absolute();
    if within && !invocation.grants.own {
        return Err(format!(
            "`{name}` is a program of the project's, which `run` does not start; `exec` starts \
             those that its package manager installed, and `script` those of its manifest"
        ));
    }
    if path.is_file() { Ok(path) } else { Err(format!("there is no program `{name}`")) }
}

/// Whether a path is in a folder, or leads there.
fn leads_into(path: &Path, folder: &Path) -> bool {
    let real = path.canonicalize();
    path.starts_with(folder) || real.is_ok_and(|real| real.starts_with(folder))
}

#[cfg(unix)]
fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    path.metadata().is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_program(path: &Path) -> bool {
    path.is_file()
}

#[cfg(unix)]
fn identity(path: &Path) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt as _;
    path.metadata().ok().map(|found| (found.dev(), found.ino()))
}

#[cfg(not(unix))]
fn identity(_path: &Path) -> Option<(u64, u64)> {
    None
}
