//! What a command is about: a playbook, a project, inputs.

#![expect(clippy::disallowed_methods, reason = "a playbook is read where the person says")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use crate::cli::online::stand_in;
use crate::cli::print::{complain, err_has_colors};
use crate::cli::surroundings::Surroundings;
use crate::cli::trust::origin::{Origin, Remote};
use crate::diagnostic::cover::cover;
use crate::diagnostic::{Diagnostic, Level, text};
use crate::lint::Profile;
use crate::plan::Given;
use crate::playbook::{Bundle, Held, Library, Playbook};
use crate::project::Project;
use crate::reference::{HttpFetch, outside};

/// The playbook, the project and the inputs.
#[derive(Debug, clap::Args)]
pub(super) struct Target {
    /// The playbook: a name that `wizard list` shows, a path, an https address, or
    /// `owner/repo/path@ref`
    pub(super) playbook: String,

    /// The project's folder
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub(super) project: PathBuf,

    /// A library to look a name up in before those of your own and of wizard
    #[arg(long, value_name = "DIR")]
    pub(super) library: Option<PathBuf>,

    /// An input's value; `NAME=@FILE` reads it from a file, as a secret's must be
    #[arg(long = "input", short, value_name = "NAME=VALUE")]
    pub(super) inputs: Vec<String>,
}

/// A playbook that was read.
pub(super) struct Read {
    pub(super) bundle: Bundle,
    pub(super) playbook: Playbook,
    pub(super) findings: Vec<Diagnostic>,
    /// Where it comes from, when that is outside of every library.
    pub(super) origin: Option<Origin>,
    /// The library that it was found in, with files that it does not name.
    pub(super) library: Library,
}

impl Target {
    /// Returns where the playbook is found again from any folder.
    pub(super) fn source(&self) -> String {
        let is_path = self.playbook.contains(['/', '\\']) && Path::new(&self.playbook).is_file();
        let whole = std::path::absolute(&self.playbook).ok().filter(|_| is_path);
        whole.map_or(self.playbook.clone(), |whole| whole.display().to_string())
    }

    /// Returns the library that is named, so that it is found again from any folder.
    pub(super) fn library_named(&self) -> Option<String> {
        let library = self.library.as_deref()?;
        let whole = std::path::absolute(library).unwrap_or_else(|_| library.to_owned());
        Some(whole.display().to_string())
    }

    /// Reads the playbook and holds it against the rules.
    pub(super) fn read(&self, surroundings: &Surroundings) -> anyhow::Result<Read> {
        if let Some(remote) = Remote::read(&self.playbook)? {
            return self.fetch(&remote, surroundings);
        }
        let own = self.library.clone().or_else(|| surroundings.library());
        let (library, path) = crate::playbook::resolve(&self.playbook, own.as_deref())
            .map_err(|error| self.with_way_out(error.into()))?;
        let kept = surroundings.library();
        let origin = Origin::of(&self.playbook, &library, &path, kept.as_deref())?;
        read(library, &path, origin)
    }

    /// Fetches a playbook that is somewhere else, and holds it.
    fn fetch(&self, remote: &Remote, surroundings: &Surroundings) -> anyhow::Result<Read> {
        let url = match remote {
            Remote::Address(url) => url.clone(),
            Remote::Repository { owner, name, path, at } => {
                outside::of_repository(owner, name, path, at)
            }
        };
        let mut fetch = HttpFetch::new();
        if let Some(server) = stand_in(surroundings) {
            fetch = fetch.stand_in(server);
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let fetched = runtime.block_on(outside::bundle(&fetch, &url));
        runtime.shutdown_background();
        let (held, path) = fetched?;
        let origin = Origin { key: self.playbook.clone(), shown: self.playbook.clone() };
        read(held.library(), &path, Some(origin))
    }

    /// A name is never looked up in the folder at hand, and whoever meant that is told how.
    fn with_way_out(&self, error: anyhow::Error) -> anyhow::Error {
        if Path::new(&self.playbook).is_file() {
            let name = &self.playbook;
            return anyhow::anyhow!("{error}; for the file here, write `./{name}`");
        }
        error
    }

    /// Reads the project's facts.
    pub(super) fn project(&self, surroundings: &Surroundings) -> anyhow::Result<Project> {
        Ok(crate::project::load(&self.project)?.with_environment(&surroundings.variables))
    }

    /// Returns the inputs that were given: by flag, else by the environment variable that the
    /// playbook names.
    pub(super) fn given(
        &self,
        playbook: &Playbook,
        surroundings: &Surroundings,
    ) -> anyhow::Result<BTreeMap<String, Given>> {
        let mut given = BTreeMap::new();
        for input in &playbook.inputs {
            let variable = input.env.as_deref().and_then(|name| surroundings.variable(name));
            if let Some(value) = variable {
                given.insert(input.name.value.clone(), Given::Text(value.to_owned()));
            }
        }
        given.extend(self.flags(playbook)?);
        Ok(given)
    }

    /// Returns the inputs that were given by flag.
    pub(super) fn flags(&self, playbook: &Playbook) -> anyhow::Result<BTreeMap<String, Given>> {
        let mut given = BTreeMap::new();
        for flag in &self.inputs {
            let (name, value) = flag
                .split_once('=')
                .with_context(|| format!("`--input {flag}` wants NAME=VALUE or NAME=@FILE"))?;
            let is_secret = playbook.inputs.iter().any(|input| {
                input.name.value == name && input.kind == crate::playbook::InputKind::Secret
            });
            let value = match value.strip_prefix('@') {
                Some(file) => from_file(Path::new(file))?,
                None if is_secret => bail!(
                    "the input `{name}` is a secret, and other programs can read what is typed in \
                     a command; give it as `{name}=@FILE` or in a variable"
                ),
                None => value.to_owned(),
            };
            given.insert(name.to_owned(), Given::Text(value));
        }
        Ok(given)
    }
}

/// Reads a playbook; one from outside is read once and held, so that nothing of it is read again.
fn read(library: Library, path: &str, origin: Option<Origin>) -> anyhow::Result<Read> {
    let held = match &origin {
        Some(origin) => Held::of(&library, path)
            .with_context(|| format!("cannot read `{}`", origin.shown))?
            .library(),
        None => library.clone(),
    };
    let bundle = crate::playbook::load(held, path)?;
    let known = crate::tools::known();
    let (playbook, findings) = crate::lint::check(&bundle, &known, Profile::Default);
    Ok(Read { bundle, playbook, findings, origin, library })
}

/// Shows errors, if there are any, and says whether there were.
pub(super) fn show_errors(bundle: &Bundle, findings: &[Diagnostic]) -> bool {
    let errors = findings.iter().filter(|finding| finding.level == Level::Error).cloned();
    let errors: Vec<Diagnostic> = errors.collect();
    let shown = cover(&bundle.files, &errors);
    let (files, shown) = shown.as_ref().map_or((&bundle.files, &errors), |(it, so)| (it, so));
    for error in shown {
        complain(&format!("{}\n", text::render(error, files, err_has_colors())));
    }
    if let Some(first) = bundle.files.first().filter(|_| !errors.is_empty()) {
        let count = errors.len();
        let what = if count == 1 { "1 error".to_owned() } else { format!("{count} errors") };
        complain(&format!("{what} in {}; nothing was played", first.name));
    }
    !errors.is_empty()
}

/// Reads a value from a file, without the line end that editors leave.
fn from_file(file: &Path) -> anyhow::Result<String> {
    let text = std::fs::read_to_string(file)
        .with_context(|| format!("cannot read the input from `{}`", file.display()))?;
    Ok(text.strip_suffix('\n').map_or(text.as_str(), |text| text.trim_end_matches('\r')).to_owned())
}
