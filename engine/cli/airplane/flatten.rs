//! `wizard airplane flatten`: a model app as the one text that the model reads.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use clap::ValueEnum;
use serde_json::json;

use super::Place;
use crate::cli::surroundings::Surroundings;
use crate::cli::{FAILED, SUCCEEDED, UNABLE, print};
use crate::gate::workspace::Workspace;
use crate::journal::shown;
use crate::plan::Inputs;
use crate::playbook::Library;
use crate::redact::Redactor;
use crate::reference::{Flat, FlattenError, flatten};

/// Print an airplane, or any other folder, as the markdown that the model reads
///
/// The markdown goes to standard output; tokens, what is left out and the hash go to standard
/// error. An airplane that holds what looks like a secret is refused; of any other folder closed
/// files are left out and secrets are masked.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The name of an airplane, or the path of a folder
    airplane: String,

    /// A library to look a name up in before those of your own and of wizard
    #[arg(long, value_name = "DIR")]
    library: Option<PathBuf>,

    /// How it is written
    #[arg(long, value_enum, default_value_t = Format::Markdown)]
    format: Format,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    /// The text, with a table on standard error
    Markdown,
    /// One JSON object: the text and all that is known of it
    Json,
}

pub(super) fn run(arguments: &Arguments, surroundings: &Surroundings) -> anyhow::Result<u8> {
    let place = Place::find(&arguments.airplane, arguments.library.as_deref(), surroundings)?;
    let flat = match flatten(&place.library, &place.folder, &place.name, &redactor(&place)) {
        Ok(flat) => flat,
        Err(error) => {
            print::complain(&format!("error: {}", shown::line(&error.to_string())));
            return Ok(if matches!(error, FlattenError::Faulty(_)) { FAILED } else { UNABLE });
        }
    };
    match arguments.format {
        Format::Markdown => {
            print::exactly(&flat.text)?;
            print::complain(&table(&flat));
        }
        Format::Json => print::out(&json(&place.name, &flat)?)?,
    }
    Ok(SUCCEEDED)
}

/// Knows the values of a folder's own env files; an airplane that had some is refused.
fn redactor(place: &Place) -> Redactor {
    let workspace = match &place.library {
        Library::Folder(folder) if place.folder.is_empty() => Workspace::open(folder).ok(),
        _ => None,
    };
    workspace.map_or_else(Redactor::default, |workspace| {
        Redactor::of(&workspace, &Inputs::default(), &BTreeMap::new())
    })
}

fn table(flat: &Flat) -> String {
    let mut text = String::new();
    for (path, tokens) in &flat.files {
        let _ = writeln!(text, "{tokens:>7}  {path}");
    }
    let files = shown::plural(flat.files.len(), "file");
    let _ = writeln!(text, "{:>7}  tokens in {files}, sha256:{}", flat.tokens, flat.hash);
    for (path, why) in &flat.left_out {
        let _ = writeln!(text, "left out: {path} ({why})");
    }
    for (count, what) in [(flat.masked, "secret"), (flat.invisible, "invisible character")] {
        let verb = if what == "secret" { "masked" } else { "removed" };
        if count > 0 {
            let _ = writeln!(text, "{verb}: {}", shown::plural(count, what));
        }
    }
    text
}

fn json(name: &str, flat: &Flat) -> anyhow::Result<String> {
    let pairs = |pairs: &[(String, String)]| -> Vec<_> {
        pairs.iter().map(|(path, why)| json!({"path": path, "why": why})).collect()
    };
    let files: Vec<_> =
        flat.files.iter().map(|(path, tokens)| json!({"path": path, "tokens": tokens})).collect();
    Ok(serde_json::to_string_pretty(&json!({
        "name": name,
        "tokens": flat.tokens,
        "sha256": flat.hash,
        "files": files,
        "left_out": pairs(&flat.left_out),
        "masked": flat.masked,
        "invisible": flat.invisible,
        "text": flat.text,
    }))?)
}
