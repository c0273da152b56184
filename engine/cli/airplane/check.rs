//! `wizard airplane check`: whether model apps are what they say.

use std::path::PathBuf;

use anyhow::{Context as _, bail};
use tokio_util::sync::CancellationToken;

use super::{Place, libraries};
use crate::cli::online::stand_in;
use crate::cli::surroundings::Surroundings;
use crate::cli::{FAILED, SUCCEEDED, UNABLE, print, signals};
use crate::gate::command::{SystemRunner, Unconfined};
use crate::journal::shown;
use crate::proof::{Finding, Mark, Seams, prove};
use crate::redact::Redactor;
use crate::reference::{FlattenError, HttpFetch};

/// Build and run airplanes with their real packages, and hold them against what they say
///
/// Each is copied, and its packages are installed, its `build:` commands and its `run:` done in
/// that copy, confined as a playbook's commands are. Its code must have the names in `shows:`, its
/// packages must be in its ranges, and it has at most 8,000 tokens or says in `large:` why not.
/// What is older than the registry's newest, or than its docs, is told as stale, and is no failure.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Names of airplanes, or paths of their folders; all of the library when left out
    airplanes: Vec<String>,

    /// A library to look names up in before those of your own and of wizard
    #[arg(long, value_name = "DIR")]
    library: Option<PathBuf>,

    /// Ask no host: nothing is installed, built or run
    #[arg(long)]
    offline: bool,

    /// Let commands run with your rights where they cannot be confined
    #[arg(long)]
    unconfined: bool,
}

/// What became of an airplane.
enum Became {
    Passed {
        stale: bool,
    },
    Failed,
    /// It cannot be read.
    Unread,
}

pub(super) fn run(arguments: &Arguments, surroundings: &Surroundings) -> anyhow::Result<u8> {
    let places = places(arguments, surroundings)?;
    let launcher = std::env::current_exe().context("cannot find this program's own file")?;
    let unconfined = if arguments.unconfined { Unconfined::Allowed } else { Unconfined::Refused };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let cancel = CancellationToken::new();
    let redactor = Redactor::of_environment(&surroundings.variables);
    let runner = SystemRunner::new(cancel.clone(), redactor, launcher.clone(), unconfined);
    let mut fetch = HttpFetch::new();
    if let Some(server) = stand_in(surroundings) {
        fetch = fetch.stand_in(server);
    }
    let seams = Seams {
        runner: &runner,
        attendant: &launcher,
        environment: &surroundings.variables,
        fetch: if arguments.offline { None } else { Some(&fetch) },
    };
    let became = runtime.block_on(async {
        signals::listen(cancel.clone());
        let mut became = Vec::new();
        for place in &places {
            if cancel.is_cancelled() {
                bail!("interrupted");
            }
            became.push(one(place, &seams).await?);
        }
        Ok(became)
    });
    runtime.shutdown_background();
    conclude(&became?)
}

/// Finds what is asked for: names and paths, or every airplane of the first library that has some.
fn places(arguments: &Arguments, surroundings: &Surroundings) -> anyhow::Result<Vec<Place>> {
    let library = arguments.library.as_deref();
    if !arguments.airplanes.is_empty() {
        let asked = arguments.airplanes.iter();
        return asked.map(|asked| Place::find(asked, library, surroundings)).collect();
    }
    for library in libraries(library, surroundings) {
        let names = library.airplanes().into_iter();
        let places: Vec<Place> = names
            .map(|name| Place {
                library: library.clone(),
                folder: format!("airplanes/{name}"),
                name,
            })
            .collect();
        if !places.is_empty() {
            return Ok(places);
        }
        if arguments.library.is_some() {
            bail!("`{}` has no airplanes", library.shown("airplanes"));
        }
    }
    bail!("there are no airplanes")
}

async fn one(place: &Place, seams: &Seams<'_>) -> anyhow::Result<Became> {
    print::out(&format!("{}\n", shown::line(&place.name)))?;
    let mut broken = None;
    let mut tell = |finding: &Finding| {
        if let Err(error) = print::out(&told(finding)) {
            broken = Some(error);
        }
    };
    let proven = prove(&place.library, &place.folder, &place.name, seams, &mut tell).await;
    if let Some(error) = broken {
        return Err(error.into());
    }
    match proven {
        Ok(findings) if findings.iter().any(|finding| finding.mark == Mark::Fails) => {
            Ok(Became::Failed)
        }
        Ok(findings) => {
            let stale = findings.iter().any(|finding| finding.mark == Mark::Stale);
            Ok(Became::Passed { stale })
        }
        Err(error) => {
            let became = match error {
                FlattenError::Faulty(_) => Became::Failed,
                FlattenError::Unknown(_) | FlattenError::Unreadable(_) => Became::Unread,
            };
            print::out(&format!("  fails   {}\n", shown::line(&error.to_string())))?;
            Ok(became)
        }
    }
}

fn told(finding: &Finding) -> String {
    let mark = match finding.mark {
        Mark::Holds => "holds",
        Mark::Untried => "untried",
        Mark::Stale => "stale",
        Mark::Fails => "fails",
    };
    let mut text = format!("  {mark:<7} {}\n", shown::line(&finding.text));
    for line in finding.output.iter().flat_map(|output| output.lines()) {
        text.push_str(&format!("          {}\n", shown::line(line)));
    }
    text
}

fn conclude(became: &[Became]) -> anyhow::Result<u8> {
    let count = |is: fn(&Became) -> bool| became.iter().filter(|it| is(it)).count();
    let passed = count(|it| matches!(it, Became::Passed { .. }));
    let stale = count(|it| matches!(it, Became::Passed { stale: true }));
    let failed = became.len() - passed;
    let of_it = if stale > 0 { format!(" ({stale} stale)") } else { String::new() };
    print::out(&format!("{passed} passed{of_it}, {failed} failed\n"))?;
    Ok(match became {
        _ if became.iter().any(|it| matches!(it, Became::Unread)) => UNABLE,
        _ if failed > 0 => FAILED,
        _ => SUCCEEDED,
    })
}
