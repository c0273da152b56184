//! The playbooks that a person names: by file, folder, glob or name.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use crate::playbook::{self, Bundle, Library};

/// A playbook that was named, not read yet.
pub(super) struct Selected {
    library: Library,
    inside: String,
}

impl Selected {
    /// Reads it.
    pub(super) fn load(&self) -> anyhow::Result<Bundle> {
        Ok(playbook::load(self.library.clone(), &self.inside)?)
    }

    /// Returns its file, or nothing for one that is compiled in.
    pub(super) fn file(&self) -> Option<PathBuf> {
        match &self.library {
            Library::Folder(folder) => Some(folder.join(&self.inside)),
            Library::Builtin | Library::Held(_) => None,
        }
    }
}

/// Reads the playbook on standard input, where `-` names it.
pub(super) fn standard_input(named: &[String]) -> anyhow::Result<Option<Bundle>> {
    if !named.iter().any(|name| name == "-") {
        return Ok(None);
    }
    if named.len() > 1 {
        bail!("`-` stands alone: standard input is one playbook");
    }
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).context("cannot read standard input")?;
    Ok(Some(playbook::load_text("<stdin>", &text)))
}

/// Finds the playbooks that were named; without any name, those below the folder at hand.
pub(super) fn select(named: &[String]) -> anyhow::Result<Vec<Selected>> {
    if named.is_empty() {
        let found = folder(Path::new("."))?;
        if found.is_empty() {
            bail!("there is no playbook in this folder; name one, by its file or its name");
        }
        return found.iter().map(|path| at(path)).collect();
    }
    let mut selected = Vec::new();
    for name in named {
        let path = Path::new(name);
        if path.is_dir() {
            let found = folder(path)?;
            if found.is_empty() {
                bail!("there is no playbook in `{name}`");
            }
            selected.extend(found.iter().map(|path| at(path)).collect::<anyhow::Result<Vec<_>>>()?);
        } else if path.is_file() {
            // An author means the file at hand, even where a library has one of the same name.
            selected.push(at(path)?);
        } else if let Some(found) = playbook::matching(name) {
            if found.is_empty() {
                bail!("no playbook has a path like `{name}`");
            }
            selected.extend(found.iter().map(|path| at(path)).collect::<anyhow::Result<Vec<_>>>()?);
        } else {
            let (library, inside) = playbook::resolve(name, None)?;
            selected.push(Selected { library, inside });
        }
    }
    Ok(selected)
}

fn folder(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    playbook::below(folder).with_context(|| format!("cannot read `{}`", folder.display()))
}

fn at(path: &Path) -> anyhow::Result<Selected> {
    let name = path.to_str().with_context(|| format!("`{}` is not UTF-8", path.display()))?;
    let name = if name.contains('/') { name.to_owned() } else { format!("./{name}") };
    let (library, inside) = playbook::resolve(&name, None)?;
    Ok(Selected { library, inside })
}
