//! `wizard show`: the report of a run, or what happened in a stage, told again from its journal.

use std::path::{Path, PathBuf};

use anyhow::bail;
use clap::ValueEnum;

use crate::cli::folder::{find, records_to_show};
use crate::cli::surroundings::Surroundings;
use crate::cli::why::unknown;
use crate::cli::{SUCCEEDED, print};
use crate::journal::Record;
use crate::report::{self, Report, fold, transcript};

/// Show the report of a run, or what happened in a stage of it, turn by turn
///
/// Of the last run, or of one by its id or its journal.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The run's id, or the path of a journal; the last run when left out
    run: Option<String>,

    /// A stage; `STAGE[2]` is its second item
    stage: Option<String>,

    /// The project's folder
    #[arg(long, value_name = "DIR", default_value = ".")]
    project: PathBuf,

    /// How the report is written
    #[arg(long, value_enum, default_value_t = Format::Text, conflicts_with = "stage")]
    format: Format,

    /// Leave nothing out of a stage's conversation
    #[arg(long)]
    whole: bool,
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
    let state = surroundings.state()?;
    let (journal, stage) = arguments.asked(state)?;
    let (records, doubt) = records_to_show(state, &journal)?;
    if let Some(doubt) = doubt {
        print::complain(&format!("note: nothing vouches for this journal: {doubt}"));
    }
    let report = fold(&records).kept_at(&journal);
    if let Some(stage) = stage {
        print::out(&arguments.stage(&records, &report, &stage)?)?;
        return Ok(SUCCEEDED);
    }
    print::out(&match arguments.format {
        Format::Text => report::text::render(&report, print::out_has_colors()),
        Format::Markdown => report::markdown::render(&report),
        Format::Json => report::json::render(&report),
    })?;
    Ok(SUCCEEDED)
}

impl Arguments {
    /// Returns the journal and the stage that are meant. One word that is no run is a stage of the
    /// last.
    fn asked(&self, state: &Path) -> anyhow::Result<(PathBuf, Option<String>)> {
        let run = self.run.as_deref();
        if let Some(path) = run.map(PathBuf::from).filter(|path| path.is_file()) {
            return Ok((path, self.stage.clone()));
        }
        match (find(state, &self.project, run), run, &self.stage) {
            (Ok(journal), _, stage) => Ok((journal, stage.clone())),
            (Err(_), Some(stage), None) if !stage.starts_with(|it: char| it.is_ascii_digit()) => {
                Ok((find(state, &self.project, None)?, Some(stage.to_owned())))
            }
            (Err(error), ..) => Err(error),
        }
    }

    fn stage(&self, records: &[Record], report: &Report, asked: &str) -> anyhow::Result<String> {
        let (stage, item) = match asked.strip_suffix(']').and_then(|it| it.split_once('[')) {
            Some((stage, number)) => match number.parse::<usize>() {
                Ok(number) if number > 0 => (stage, Some(number - 1)),
                _ => bail!("`{asked}` names no item; the first is `{stage}[1]`"),
            },
            None => (asked, None),
        };
        if !report.stages.iter().any(|known| known.id == stage) {
            bail!("{}", unknown(report, stage));
        }
        let shown = transcript::render(records, stage, item, self.whole);
        Ok(shown.unwrap_or_else(|| format!("nothing happened in `{asked}`\n")))
    }
}
