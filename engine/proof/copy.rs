//! A copy of an airplane, in which it is built and run.

#![expect(clippy::disallowed_methods, reason = "the copy is a folder of its own, made here")]

use std::collections::BTreeMap;

use crate::closed::is_secret;
use crate::playbook::Library;
use crate::project::{Project, load};
use crate::sandbox::Scratch;

/// A folder that is removed with what was made in it.
pub(super) struct Copy(Scratch);

impl Copy {
    /// Copies the files that an author wrote: those that no `.gitignore` of the airplane ignores.
    pub(super) fn make(library: &Library, folder: &str) -> Result<Self, String> {
        let scratch =
            Scratch::create().map_err(|error| format!("no folder for a copy: {error}"))?;
        let root = scratch.path().join("tmp");
        let inside = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        for path in library.listing(folder)?.files.iter().filter(|path| !is_secret(path)) {
            let copied = library.read_airplane(&format!("{inside}{path}")).and_then(|bytes| {
                let to = root.join(path);
                std::fs::create_dir_all(to.parent().unwrap_or(&root))?;
                std::fs::write(to, bytes)
            });
            copied.map_err(|error| format!("cannot copy `{inside}{path}`: {error}"))?;
        }
        Ok(Copy(scratch))
    }

    /// Reads what kind of project the copy is.
    pub(super) fn project(
        &self,
        environment: &BTreeMap<String, String>,
    ) -> Result<Project, String> {
        // An environment that the person activated is not the copy's.
        let mut environment = environment.clone();
        environment.remove("VIRTUAL_ENV");
        let project = load(&self.0.path().join("tmp")).map_err(|error| error.to_string())?;
        Ok(project.with_environment(&environment))
    }
}
