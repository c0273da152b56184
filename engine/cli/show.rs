//! `wizard show`: the report of a run, told again from its journal.

use std::path::PathBuf;

use clap::ValueEnum;

use crate::cli::folder::{find, records_to_show};
use crate::cli::surroundings::Surroundings;
use crate::cli::{SUCCEEDED, print};
use crate::report::{self, fold};

/// Show the report of a run: of the last, or of one by its id or its journal
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The run's id, or the path of a journal
    run: Option<String>,

    /// The project's folder
    #[arg(long, value_name = "DIR", default_value = ".")]
    project: PathBuf,

    /// How it is written
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    /// For a terminal
    Text,
    /// Whole, as markdown
    Markdown,
    /// One JSON object
    Json,
}

pub(super) fn run(arguments: &Arguments, surroundings: &Surroundings) -> anyhow::Result<u8> {
    let journal = arguments.journal(surroundings)?;
    let (records, doubt) = records_to_show(surroundings.state()?, &journal)?;
    if let Some(doubt) = doubt {
        print::complain(&format!("note: nothing vouches for this journal: {doubt}"));
    }
    let report = fold(&records).kept_at(&journal);
    print::out(&match arguments.format {
        Format::Text => report::text::render(&report, print::out_has_colors()),
        Format::Markdown => report::markdown::render(&report),
        Format::Json => report::json::render(&report),
    })?;
    Ok(SUCCEEDED)
}

impl Arguments {
    fn journal(&self, surroundings: &Surroundings) -> anyhow::Result<PathBuf> {
        if let Some(path) = self.run.as_ref().map(PathBuf::from).filter(|path| path.is_file()) {
            return Ok(path);
        }
        find(surroundings.state()?, &self.project, self.run.as_deref())
    }
}
