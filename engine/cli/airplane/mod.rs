//! `wizard airplane`: model apps, as the model sees them and as they are proven.

mod check;
mod flatten;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::Subcommand;

use crate::cli::surroundings::Surroundings;
use crate::diagnostic::near;
use crate::playbook::Library;

/// Flatten model apps to markdown, and prove that they build and run
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    Flatten(flatten::Arguments),
    Check(check::Arguments),
}

pub(super) fn run(arguments: &Arguments, surroundings: &Surroundings) -> anyhow::Result<u8> {
    match &arguments.what {
        What::Flatten(arguments) => flatten::run(arguments, surroundings),
        What::Check(arguments) => check::run(arguments, surroundings),
    }
}

/// A folder of files, in the library that it is read from.
struct Place {
    library: Library,
    /// Its path in the library; empty where it is the library.
    folder: String,
    name: String,
}

impl Place {
    /// Finds the airplane that a name means, or the folder that a path means. A name is never
    /// looked up in the folder at hand.
    fn find(
        asked: &str,
        library: Option<&Path>,
        surroundings: &Surroundings,
    ) -> anyhow::Result<Place> {
        if asked.contains(['/', std::path::MAIN_SEPARATOR]) || matches!(asked, "." | "..") {
            return Place::at(Path::new(asked));
        }
        let mut known = Vec::new();
        for library in libraries(library, surroundings) {
            if library.airplanes().iter().any(|name| name == asked) {
                let (folder, name) = (format!("airplanes/{asked}"), asked.to_owned());
                return Ok(Place { library, folder, name });
            }
            known.extend(library.airplanes());
        }
        let hint = match near(asked, known.iter().map(String::as_str)) {
            _ if Path::new(asked).is_dir() => format!("; for the folder here, write `./{asked}`"),
            Some(near) => format!("; did you mean `{near}`?"),
            None => String::new(),
        };
        bail!("there is no airplane `{asked}`{hint}")
    }

    fn at(path: &Path) -> anyhow::Result<Place> {
        let shown = path.display();
        let real = path.canonicalize().with_context(|| format!("cannot read `{shown}`"))?;
        if !real.is_dir() {
            bail!("`{shown}` is not a folder");
        }
        let name = real.file_name().unwrap_or(real.as_os_str()).to_string_lossy().into_owned();
        Ok(Place { library: Library::Folder(path.to_owned()), folder: String::new(), name })
    }
}

/// Returns the libraries in which names are looked up, in order.
fn libraries(library: Option<&Path>, surroundings: &Surroundings) -> Vec<Library> {
    let own = library.map(PathBuf::from).or_else(|| surroundings.library());
    own.map(Library::Folder).into_iter().chain([Library::Builtin]).collect()
}
