//! `wizard new`: begins a playbook, from nothing or from what was written for another program.

#![expect(clippy::disallowed_methods, reason = "a playbook is begun where the person says")]

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use crate::cli::wish::Wanted;
use crate::cli::{SUCCEEDED, import, print};
use crate::source::visible;

/// Begin a playbook, from nothing or from what was written for another program
///
/// Without `--from`, it is a playbook for a framework that adds packages and changes code, with its
/// schemas and an airplane: a beginning that lints clean, for you to edit. With `--from`, it is a
/// draft, and a list of what it could not take along. A file that is there already is never changed.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The playbook's name
    name: String,

    #[command(flatten)]
    wanted: Wanted,

    /// Make a draft from an Agent Skill, a GitHub Agentic Workflow or a goose recipe
    ///
    /// A file, or the folder of a skill or a recipe. Its form is told by its content.
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,

    /// The library to make it in
    #[arg(long, value_name = "DIR", default_value = ".")]
    library: PathBuf,
}

/// What is made.
pub(super) struct Made {
    /// The files, by their paths in the library, the playbook first.
    pub(super) files: Vec<(String, String)>,
    /// From what, in words.
    pub(super) from: Option<String>,
    /// What was left out, a line each.
    pub(super) left_out: Vec<String>,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<u8> {
    let name = &arguments.name;
    hold_name(name)?;
    let made = match &arguments.from {
        Some(from) => import::draft(name, from)?,
        None => arguments.wanted.begin(name)?,
    };
    make(&arguments.library, &made.files)?;
    print::out(&visible(&told(&made, &arguments.library)).0)?;
    Ok(SUCCEEDED)
}

/// A name is that of a file and a folder too, so it has fewer letters than the format allows.
fn hold_name(name: &str) -> anyhow::Result<()> {
    let mut letters = name.chars();
    let begins = letters.next().is_some_and(|letter| letter.is_ascii_alphanumeric());
    if !begins || !letters.all(|letter| letter.is_ascii_alphanumeric() || "_-".contains(letter)) {
        bail!("`{name}` is no name for a playbook; write letters, digits, `_` and `-`");
    }
    Ok(())
}

fn told(made: &Made, library: &Path) -> String {
    let mut text = match &made.from {
        Some(from) => format!("made from {from}:\n"),
        None => "made:\n".to_owned(),
    };
    for (path, _) in &made.files {
        text.push_str(&format!("  {}\n", shown(library, path)));
    }
    if !made.left_out.is_empty() {
        text.push_str("\nnot taken along:\n");
        made.left_out.iter().for_each(|line| text.push_str(&format!("  {line}\n")));
    }
    let playbook = made.files.first().map(|(path, _)| shown(library, path)).unwrap_or_default();
    text.push_str(&format!(
        "\nnext:\n  wizard lint {playbook}\n  wizard plan {playbook} --project DIR\n  wizard play \
         {playbook} --project DIR\n"
    ));
    text
}

fn shown(library: &Path, path: &str) -> String {
    let path = if library == Path::new(".") { path.into() } else { library.join(path) };
    path.display().to_string()
}

/// Writes files that are not there yet: all of them, or none.
fn make(library: &Path, files: &[(String, String)]) -> anyhow::Result<()> {
    for (path, _) in files {
        if library.join(path).symlink_metadata().is_ok() {
            let path = shown(library, path);
            bail!("there is a file `{path}` already; choose another name, or remove it");
        }
    }
    for (index, (path, text)) in files.iter().enumerate() {
        let path = library.join(path);
        if let Err(error) = write(&path, text) {
            for (made, _) in &files[..index] {
                let _ = fs::remove_file(library.join(made));
            }
            return Err(error).with_context(|| format!("cannot write `{}`", path.display()));
        }
    }
    Ok(())
}

fn write(path: &Path, text: &str) -> std::io::Result<()> {
    path.parent().map_or(Ok(()), fs::create_dir_all)?;
    File::create_new(path)?.write_all(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn either_every_file_is_made_or_none() {
        let folder = tempfile::tempdir().unwrap();
        let library = folder.path().join("new");
        let files = |names: &[&str]| -> Vec<(String, String)> {
            names.iter().map(|name| ((*name).to_owned(), "x".to_owned())).collect()
        };
        make(&library, &files(&["a/b.md", "c.md"])).unwrap();
        let error = make(&library, &files(&["d.md", "c.md"])).unwrap_err().to_string();
        assert!(error.contains("c.md` already"), "{error}");
        assert!(!library.join("d.md").exists());
        // A file stands where a folder would have to.
        assert!(make(&library, &files(&["e.md", "c.md/f.md"])).is_err());
        assert!(!library.join("e.md").exists());
    }
}
