//! Reading what was written for another program, and what stands beside it.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use crate::cli::new::Made;
use crate::import::{Beside, Note, Original, convert};
use crate::playbook::Library;

/// The names of a file in a folder that is given.
const FILES: [&str; 4] = ["SKILL.md", "recipe.yaml", "recipe.yml", "recipe.json"];

/// The folder in which a forge looks for workflows.
const WORKFLOWS: &str = ".github/workflows";

/// Makes a draft from a file, or from the one in a folder that is meant.
pub(super) fn draft(name: &str, from: &Path) -> anyhow::Result<Made> {
    let file = file(from)?;
    let folder = Folder::of(&file)?;
    let text = folder
        .read(&folder.path)
        .map_err(|why| anyhow::anyhow!("cannot read `{}`: {why}", file.display()))?;
    let original = Original { path: &folder.path, text: &text, beside: &folder };
    let draft =
        convert(name, &original).with_context(|| format!("cannot import `{}`", file.display()))?;
    let left_out = draft.left_out(&file.display().to_string());
    let lines = draft.notes.iter().map(Note::shown).collect();
    let from = format!("{}, {}", file.display(), draft.form.name());
    let mut files = draft.files;
    if !draft.notes.is_empty() {
        files.push((format!("playbooks/imported/{name}.md"), left_out));
    }
    Ok(Made { files, from: Some(from), left_out: lines })
}

fn file(from: &Path) -> anyhow::Result<PathBuf> {
    if !from.is_dir() {
        return Ok(from.to_owned());
    }
    let found: Vec<PathBuf> =
        FILES.iter().map(|name| from.join(name)).filter(|path| path.is_file()).collect();
    match &found[..] {
        [file] => Ok(file.clone()),
        [] => bail!("`{}` has none of {}; name the file", from.display(), FILES.join(", ")),
        _ => {
            bail!("there are several files in `{}` that can be imported; name one", from.display())
        }
    }
}

/// The folder around an original, out of which nothing is read.
struct Folder {
    library: Library,
    /// The original's path in it.
    path: String,
}

impl Folder {
    /// A workflow may name files of its whole repository; anything else those of its own folder.
    fn of(file: &Path) -> anyhow::Result<Self> {
        let file =
            file.canonicalize().with_context(|| format!("cannot read `{}`", file.display()))?;
        let folder = file.parent().unwrap_or(Path::new("/"));
        let root = folder.ends_with(WORKFLOWS).then(|| folder.ancestors().nth(2)).flatten();
        let root = root.unwrap_or(folder);
        let path = file.strip_prefix(root).unwrap_or(&file);
        let path = path.to_str().context("its path is not UTF-8")?.to_owned();
        Ok(Folder { library: Library::Folder(root.to_owned()), path })
    }
}

impl Beside for Folder {
    fn list(&self) -> Vec<String> {
        let folder = self.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        self.library.list(folder)
    }

    fn read(&self, path: &str) -> Result<String, String> {
        let bytes = self.library.read(path).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
            _ => error.to_string(),
        })?;
        crate::playbook::text(bytes)
    }
}
