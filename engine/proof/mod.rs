//! An airplane proven: its code has what it says it shows, its packages install, it builds and runs,
//! and it is as young as its packages and docs.
//!
//! **Invariant:** the airplane itself is never touched: what runs does so confined, in a copy that
//! is removed.

mod copy;
mod docs;
mod shows;
mod steps;
mod versions;

use std::collections::BTreeMap;
use std::path::Path;

use futures_util::future::BoxFuture;

use crate::gate::Runner;
use crate::lint::MOST_TOKENS;
use crate::playbook::Library;
use crate::redact::Redactor;
use crate::reference::{Fetch, Flat, FlattenError, Sheet, flatten};

/// What an airplane is proven with.
pub struct Seams<'a> {
    /// Runs programs, confined.
    pub runner: &'a dyn Runner,
    /// The program that attends to a server where that is confined: this one.
    pub attendant: &'a Path,
    /// The person's environment.
    pub environment: &'a BTreeMap<String, String>,
    /// Asks hosts of docs; nothing where no host may be asked, and then nothing is installed.
    pub fetch: Option<&'a dyn Fetch>,
}

/// What was found out about one thing that an airplane claims.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How it stands.
    pub mark: Mark,
    /// What it is, in a line.
    pub text: String,
    /// What a program printed, where that says more.
    pub output: Option<String>,
}

/// How it stands with what an airplane claims.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mark {
    /// It is so.
    Holds,
    /// It was not tried.
    Untried,
    /// It was so once: something newer is there.
    Stale,
    /// It is not so.
    Fails,
}

/// Is told of each finding as it comes.
pub type Tell<'a> = dyn FnMut(&Finding) + Send + 'a;

/// Collects findings, and passes them on.
struct Findings<'a, 'b> {
    tell: &'a mut Tell<'b>,
    all: Vec<Finding>,
}

impl Findings<'_, '_> {
    fn note(&mut self, mark: Mark, text: impl Into<String>) {
        self.add(Finding { mark, text: text.into(), output: None });
    }

    fn add(&mut self, finding: Finding) {
        (self.tell)(&finding);
        self.all.push(finding);
    }
}

/// Proves the airplane in a folder of a library. `tell` hears of each finding as it comes.
pub fn prove<'a>(
    library: &'a Library,
    folder: &'a str,
    name: &'a str,
    seams: &'a Seams<'a>,
    tell: &'a mut Tell<'a>,
) -> BoxFuture<'a, Result<Vec<Finding>, FlattenError>> {
    Box::pin(async move {
        let flat = flatten(library, folder, name, &Redactor::default())?;
        let Some(sheet) = flat.sheet.clone() else {
            let shown = library.shown(folder);
            return Err(FlattenError::Faulty(format!(
                "`{shown}` has no `airplane.md`, which says what it shows and how it is built"
            )));
        };
        let mut findings = Findings { tell, all: Vec::new() };
        size(&flat, &sheet, &mut findings);
        shows::hold(&flat, &sheet, &mut findings);
        let copy = copy::Copy::make(library, folder).map_err(FlattenError::Unreadable)?;
        let project = copy.project(seams.environment).map_err(FlattenError::Unreadable)?;
        let project = match seams.fetch {
            Some(_) => steps::take(project, &sheet, seams, &mut findings).await,
            None => {
                findings.note(Mark::Untried, "not installed, built or run: offline");
                project
            }
        };
        versions::hold(&project, &sheet, seams, &mut findings).await;
        docs::hold(&project, &sheet, seams, &mut findings).await;
        Ok(findings.all)
    })
}

fn size(flat: &Flat, sheet: &Sheet, findings: &mut Findings<'_, '_>) {
    let (tokens, count) = (flat.tokens, flat.files.len());
    let text = format!("{tokens} tokens in {count} files");
    match &sheet.large {
        _ if tokens <= MOST_TOKENS => findings.note(Mark::Holds, text),
        Some(why) => {
            findings.note(Mark::Holds, format!("{text}, more than {MOST_TOKENS}: {}", why.trim()));
        }
        None => {
            let way = "hide what teaches nothing, or say in `large:` why it has to be so";
            findings.note(Mark::Fails, format!("{text}, more than {MOST_TOKENS}; {way}"));
        }
    }
}
