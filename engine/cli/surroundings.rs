//! What the machine and the person bring along: variables and folders.

#![expect(clippy::disallowed_methods, reason = "settings stand in the person's own folder")]

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::Context as _;
use etcetera::BaseStrategy as _;

/// The environment, read once.
#[derive(Debug)]
pub(super) struct Surroundings {
    /// The variables that are text.
    pub(super) variables: BTreeMap<String, String>,
    /// Where settings, the person's own library among them, are.
    config: Option<PathBuf>,
    /// Where runs are kept.
    state: Option<PathBuf>,
    /// Where fetched docs are kept.
    cache: Option<PathBuf>,
}

impl Surroundings {
    /// Reads the environment.
    #[expect(clippy::disallowed_methods, reason = "this is the one place")]
    pub(super) fn read() -> Self {
        let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        };
        let folders = etcetera::choose_base_strategy().ok();
        let own = |folder: PathBuf| folder.join("wizard");
        Surroundings {
            variables: std::env::vars_os().filter_map(text).collect(),
            config: folders.as_ref().map(|folders| own(folders.config_dir())),
            state: folders
                .as_ref()
                .map(|folders| own(folders.state_dir().unwrap_or_else(|| folders.data_dir()))),
            cache: folders.as_ref().map(|folders| own(folders.cache_dir())),
        }
    }

    /// Returns a variable that is set and not empty.
    pub(super) fn variable(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// Reads a file in the folder of settings, where there is one.
    pub(super) fn setting(&self, name: &str) -> anyhow::Result<Option<String>> {
        let Some(path) = self.config.as_ref().map(|config| config.join(name)) else {
            return Ok(None);
        };
        match std::fs::read_to_string(&path) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => {
                Err(error).with_context(|| format!("cannot read the settings `{}`", path.display()))
            }
        }
    }

    /// Returns the folder of settings, where there is a home.
    pub(super) fn config(&self) -> Option<&PathBuf> {
        self.config.as_ref()
    }

    /// Returns the folder of runs.
    pub(super) fn state(&self) -> anyhow::Result<&PathBuf> {
        self.state.as_ref().context("there is no home folder: set HOME or XDG_STATE_HOME")
    }

    /// Returns the folder of fetched docs.
    pub(super) fn cache(&self) -> anyhow::Result<&PathBuf> {
        self.cache.as_ref().context("there is no home folder: set HOME or XDG_CACHE_HOME")
    }

    /// Returns every folder with the word for it.
    pub(super) fn folders(&self) -> [(&'static str, Option<&PathBuf>); 3] {
        let folders = [&self.config, &self.state, &self.cache].map(Option::as_ref);
        let [config, state, cache] = folders;
        [("settings", config), ("runs", state), ("docs", cache)]
    }

    /// Returns the person's own library, where there is one.
    pub(super) fn library(&self) -> Option<PathBuf> {
        self.config.as_ref().map(|config| config.join("library")).filter(|folder| folder.is_dir())
    }
}
