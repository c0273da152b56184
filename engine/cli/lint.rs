//! `wizard lint`: says what is wrong with playbooks.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context as _, bail};

use crate::cli::replace::replace;
use crate::cli::select::{Selected, select, standard_input};
use crate::cli::surroundings::Surroundings;
use crate::cli::{FAILED, SUCCEEDED, UNABLE, doubts, online, print};
use crate::diagnostic::cover::cover;
use crate::diagnostic::sarif::Described;
use crate::diagnostic::{Diagnostic, Level, concise, github, json, repair, sarif, text};
use crate::lint::{self, Known, Profile, rules};
use crate::playbook::Bundle;
use crate::source::{Source, Span};
use crate::tools;

/// The most times a playbook is repaired and looked at again.
const ROUNDS: usize = 10;

/// Say what is wrong with playbooks
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Playbooks by file, folder, glob or name, or `-` for standard input
    ///
    /// Without any, the playbooks below the folder you are in.
    #[arg(value_name = "PLAYBOOK")]
    playbooks: Vec<String>,
    /// How findings are printed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// How much is looked for
    #[arg(long, value_enum, default_value_t = Strictness::Default)]
    profile: Strictness,
    /// Repair what can be repaired
    ///
    /// Alone, only what keeps the meaning for certain; `all` makes guesses too.
    #[arg(long, value_enum, num_args = 0..=1, require_equals = true, value_name = "WHICH", default_missing_value = "safe")]
    fix: Option<Repairs>,
    /// Fail for these too, not for errors alone
    ///
    /// Never for what a model says.
    #[arg(long, value_enum, value_name = "LEVEL")]
    deny: Option<Denied>,
    /// Ask the hosts of docs and of servers too
    ///
    /// Without it, lint touches no network.
    #[arg(long)]
    online: bool,
    #[command(flatten)]
    reading: doubts::Reading,
    /// List the rules and do nothing else
    #[arg(long, conflicts_with_all = ["playbooks", "format", "fix", "deny", "online", "model"])]
    list: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// With the lines they are about
    Text,
    /// One line each
    Concise,
    /// One JSON object a line
    Json,
    /// One SARIF 2.1.0 log
    Sarif,
    /// As annotations of a GitHub workflow
    Github,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Strictness {
    /// What would make a play go wrong
    Min,
    /// What probably would, too
    Default,
    /// What a playbook that others play should not have, too
    Strict,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Repairs {
    /// What keeps the meaning for certain
    Safe,
    /// Guesses too
    All,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Denied {
    /// Warnings
    Warnings,
    /// Warnings and infos
    Infos,
}

impl Strictness {
    /// Returns the profile that is meant.
    pub(super) fn profile(self) -> Profile {
        match self {
            Strictness::Min => Profile::Min,
            Strictness::Default => Profile::Default,
            Strictness::Strict => Profile::Strict,
        }
    }
}

/// A playbook that was looked at.
struct Checked {
    bundle: Bundle,
    findings: Vec<Diagnostic>,
    repaired: usize,
}

pub(super) fn run(arguments: &Arguments, surroundings: &Surroundings) -> anyhow::Result<u8> {
    if arguments.list {
        print::out(&list())?;
        return Ok(SUCCEEDED);
    }
    let profile = arguments.profile.profile();
    let reads = arguments.reading.is_wanted()?;
    let typed = standard_input(&arguments.playbooks)?;
    if typed.is_some() && arguments.fix.is_some() {
        bail!("standard input cannot be repaired; name a file");
    }
    let selected = if typed.is_some() { Vec::new() } else { select(&arguments.playbooks)? };
    let mut known = tools::known();
    let mut told = Vec::new();
    let mut unread = Vec::new();
    if arguments.online || reads {
        let bundles = match &typed {
            Some(bundle) => vec![bundle.clone()],
            None => side_by_side(&selected, Selected::load)?,
        };
        if arguments.online {
            told.extend(online::ask(&bundles, &mut known, surroundings)?);
        }
        let read = arguments.reading.read(&bundles, &mut known, surroundings)?;
        told.extend(read.told);
        unread = read.unread;
    }
    let mut checked = match typed {
        Some(bundle) => {
            let (_, findings) = lint::check(&bundle, &known, profile);
            vec![Checked { bundle, findings, repaired: 0 }]
        }
        None => {
            side_by_side(&selected, |playbook| check(playbook, &known, profile, arguments.fix))?
        }
    };
    tell_once(&mut checked);
    for Checked { bundle, findings, .. } in &mut checked {
        if let Some((files, shown)) = cover(&bundle.files, findings) {
            (bundle.files, *findings) = (files, shown);
        }
    }
    show(&checked, arguments.format)?;
    let level = |level: Level| {
        let findings = checked.iter().flat_map(|checked| &checked.findings);
        findings.filter(|finding| finding.level == level).count()
    };
    let counts = [level(Level::Error), level(Level::Warning), level(Level::Info)];
    summarize(&checked, counts, arguments.fix);
    told.iter().chain(&unread).for_each(|line| print::complain(line));
    let worst = match arguments.deny {
        None => Level::Error,
        Some(Denied::Warnings) => Level::Warning,
        Some(Denied::Infos) => Level::Info,
    };
    let mut findings = checked.iter().flat_map(|checked| &checked.findings);
    // What a model says is its opinion, and decides nothing.
    let denied = findings.any(|finding| finding.level <= worst && finding.rule != lint::DOUBT);
    Ok(match (denied, unread.is_empty()) {
        (true, _) => FAILED,
        (false, false) => UNABLE,
        (false, true) => SUCCEEDED,
    })
}

/// Does something to each, on every core; the results stand in the order of what was given.
fn side_by_side<T: Sync, R: Send>(
    given: &[T],
    work: impl Fn(&T) -> anyhow::Result<R> + Sync,
) -> anyhow::Result<Vec<R>> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(given.len());
    if threads < 2 {
        return given.iter().map(work).collect();
    }
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::with_capacity(given.len()));
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let mut own = Vec::new();
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(one) = given.get(index) else { break };
                    own.push((index, work(one)));
                }
                let mut done = done.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                done.extend(own);
            });
        }
    });
    let mut done = done.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    done.sort_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, result)| result).collect()
}

/// Leaves out what was found before in a file that several playbooks name: an include, an
/// airplane.
fn tell_once(checked: &mut [Checked]) {
    let mut told = HashSet::new();
    for Checked { bundle, findings, .. } in checked {
        findings.retain(|finding| {
            let Span { file, start, end } = finding.span;
            let Some(source) = bundle.files.get(usize::from(file.0)).filter(|_| file.0 > 0) else {
                return true;
            };
            let place = (source.name.clone(), start, end);
            told.insert((place, finding.rule, finding.message.clone()))
        });
    }
}

fn check(
    selected: &Selected,
    known: &Known,
    profile: Profile,
    fix: Option<Repairs>,
) -> anyhow::Result<Checked> {
    let mut bundle = selected.load()?;
    let mut repaired = 0;
    let mut round = 0;
    loop {
        let (_, findings) = lint::check(&bundle, known, profile);
        let guesses = fix == Some(Repairs::All);
        round += 1;
        if fix.is_none() || selected.file().is_none() || round > ROUNDS {
            return Ok(Checked { bundle, findings, repaired });
        }
        let texts = repair::repaired(&bundle.files, &findings, guesses);
        if texts.is_empty() {
            return Ok(Checked { bundle, findings, repaired });
        }
        for (file, text) in texts {
            let path = Path::new(&bundle.files[usize::from(file.0)].name);
            replace(path, &text).with_context(|| format!("cannot write `{}`", path.display()))?;
        }
        let before = findings.len();
        bundle = selected.load()?;
        repaired += before.saturating_sub(lint::check(&bundle, known, profile).1.len());
    }
}

fn show(checked: &[Checked], format: Format) -> anyhow::Result<()> {
    if format == Format::Sarif {
        let rules: Vec<Described> = rules::RULES
            .iter()
            .map(|rule| Described {
                name: rule.name,
                level: rule.level,
                summary: rule.summary(),
                page: rule.page,
            })
            .collect();
        let checked: Vec<(&[Source], &[Diagnostic])> =
            checked.iter().map(|it| (&it.bundle.files[..], &it.findings[..])).collect();
        let log = sarif::render(&checked, &rules);
        print::out(&serde_json::to_string_pretty(&log)?)?;
        return Ok(());
    }
    let mut shown = String::new();
    for Checked { bundle, findings, .. } in checked {
        for finding in findings {
            shown.push_str(&render(finding, &bundle.files, format));
        }
    }
    print::out(&shown)?;
    Ok(())
}

fn render(finding: &Diagnostic, files: &[Source], format: Format) -> String {
    match format {
        Format::Text | Format::Sarif => format!("{}\n\n", text::render(finding, files, true)),
        Format::Concise => format!("{}\n", concise::render(finding, files)),
        Format::Json => format!("{}\n", json::render(finding, files)),
        Format::Github => format!("{}\n", github::render(finding, files)),
    }
}

/// Tells how many findings there are, and how many of them can be repaired.
fn summarize(checked: &[Checked], counts: [usize; 3], fix: Option<Repairs>) {
    let repaired: usize = checked.iter().map(|checked| checked.repaired).sum();
    let mut parts: Vec<String> = Vec::new();
    if repaired > 0 {
        parts.push(format!("{repaired} repaired"));
    }
    parts.extend(
        counts
            .into_iter()
            .zip(["error", "warning", "info"])
            .filter_map(|(number, of)| count(number, of)),
    );
    let fixes = checked.iter().flat_map(|checked| &checked.findings);
    let fixes: Vec<bool> = fixes.filter_map(|it| Some(it.fix.as_ref()?.safe)).collect();
    let safe = fixes.iter().filter(|safe| **safe).count();
    let mut line = parts.join(", ");
    if fix.is_none() && safe > 0 {
        line.push_str(&format!("; `--fix` repairs {safe}"));
    } else if fix != Some(Repairs::All) && safe < fixes.len() {
        line.push_str(&format!("; `--fix=all` repairs {}", fixes.len() - safe));
    }
    if !line.is_empty() {
        print::complain(&line);
    }
}

fn count(number: usize, of: &str) -> Option<String> {
    match number {
        0 => None,
        1 => Some(format!("1 {of}")),
        number => Some(format!("{number} {of}s")),
    }
}

/// Every rule with its level, its profile and the first sentence of its page.
fn list() -> String {
    let width = rules::RULES.iter().map(|rule| rule.name.len()).max().unwrap_or_default();
    let line = |rule: &&lint::Rule| {
        let (level, profile) = (rule.level.word(), rule.profile.word());
        format!("{:width$}  {level:7}  {profile:7}  {}\n", rule.name, rule.summary())
    };
    rules::RULES.iter().map(line).collect()
}
