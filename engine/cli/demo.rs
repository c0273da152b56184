//! A recorded run on a copy of its sample project.

#![expect(clippy::disallowed_methods, reason = "a demo is laid out in a folder of its own")]

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use crate::cassette::Cassette;
use crate::playbook::Library;

/// A demo, laid out in a folder of its own.
pub(super) struct Demo {
    /// The sample's copy, which the run changes.
    pub(super) project: PathBuf,
    /// Where its run is kept.
    pub(super) state: PathBuf,
    /// The recorded run.
    pub(super) cassette: Cassette,
    /// The cassette's name, for people.
    pub(super) name: String,
}

impl Demo {
    /// Copies the sample of a playbook out of its library, into a new folder for temporary files.
    pub(super) fn lay_out(library: &Library, playbook: &str) -> anyhow::Result<Self> {
        let name = format!("demos/{playbook}/cassette.jsonl");
        let Ok(bytes) = library.read(&name) else {
            bail!("the playbook `{playbook}` has no demo; its library would hold `{name}`");
        };
        let cassette = Cassette::read(bytes).with_context(|| format!("cannot play `{name}`"))?;
        let letters = uuid::Uuid::now_v7().simple().to_string();
        let folder = format!("wizard-demo-{playbook}-{}", &letters[letters.len() - 6..]);
        let folder = std::env::temp_dir().join(folder);
        let project = folder.join("project");
        let sample = format!("demos/{playbook}/project/");
        for path in library.list(sample.trim_end_matches('/')) {
            let Some(inside) = path.strip_prefix(&sample) else { continue };
            let bytes = library.read(&path).with_context(|| format!("cannot read `{path}`"))?;
            write(&project.join(inside), &bytes)?;
        }
        Ok(Demo { project, state: folder.join("state"), cassette, name })
    }
}

fn write(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let cannot = || format!("cannot write `{}`", path.display());
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).with_context(cannot)?;
    }
    std::fs::write(path, bytes).with_context(cannot)
}
