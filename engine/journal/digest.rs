//! A journal in a few lines, for a stage that plays after failures.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io;
use std::path::Path;

use crate::journal::event::{CheckVerdict, Outcome};
use crate::journal::{At, Edits, Event, Record, shown};

/// Bytes of a digest at most: about 900 tokens.
const MOST_BYTES: usize = 3_600;

/// Bytes after which a part takes no further line.
const PART_BYTES: usize = 480;

/// The same for the files that changed, which a report is to list.
const FILES_BYTES: usize = 1_400;

/// Columns of what is quoted of a reason, a refusal or what a check saw.
const QUOTED: usize = 140;

/// Says in a few lines what happened so far: statuses, changed files, failed checks, refusals.
pub fn digest(path: &Path) -> io::Result<String> {
    Ok(digest_of(&super::read(path)?))
}

/// Says what the records tell, as [`digest`] does.
pub fn digest_of(records: &[Record]) -> String {
    let mut seen = Seen::default();
    for record in records {
        seen.take(&record.event);
    }
    let mut text = String::new();
    let (good, other): (Vec<_>, Vec<_>) =
        seen.stages.iter().partition(|(_, said)| said == "succeeded");
    part(&mut text, PART_BYTES, "Stages", other.iter().map(|(id, said)| format!("{id}: {said}")));
    let good: Vec<&str> = good.iter().map(|(id, _)| id.as_str()).collect();
    names(&mut text, "Stages that succeeded", &good);
    let checks = seen.checks.iter().filter_map(|((at, check), said)| {
        said.as_ref().map(|said| format!("{at}: {check}: {said}"))
    });
    part(&mut text, PART_BYTES, "Checks that do not pass", checks);
    let commands: BTreeSet<&str> = seen
        .checks
        .iter()
        .filter(|((_, check), said)| said.is_none() && check.starts_with("command "))
        .map(|((_, check), _)| check.as_str())
        .collect();
    names(&mut text, "Commands that pass", &commands.into_iter().collect::<Vec<_>>());
    part(
        &mut text,
        PART_BYTES,
        "Refused",
        seen.refused.iter().map(|(what, times)| match times {
            1 => what.clone(),
            times => format!("{what} ({times} times)"),
        }),
    );
    let files = seen.files.iter().map(|(path, file)| file.line(path));
    part(&mut text, FILES_BYTES, "Changed files", files);
    let missing: Vec<&str> = seen.missing.iter().map(String::as_str).collect();
    names(&mut text, "Docs that could not be had", &missing);
    let env: Vec<&str> = seen.env.iter().map(String::as_str).collect();
    names(&mut text, "Env keys set", &env);
    if text.len() > MOST_BYTES {
        let mut end = MOST_BYTES - '…'.len_utf8();
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
        text.push('…');
    }
    text
}

/// What of the events so far a digest speaks of, each in the order in which it came up.
#[derive(Default)]
struct Seen {
    stages: Vec<(String, String)>,
    files: BTreeMap<String, File>,
    checks: BTreeMap<(At, String), Option<String>>,
    refused: Vec<(String, u32)>,
    env: BTreeSet<String>,
    missing: BTreeSet<String>,
}

/// What became of a file, over all its changes.
#[derive(Default)]
struct File {
    edits: Option<Edits>,
    by: BTreeSet<String>,
}

impl File {
    fn line(&self, path: &str) -> String {
        let mut line = quoted(path);
        if let Some(Edits { before, after, added, removed }) = &self.edits {
            let how = match (before, after) {
                (None, Some(_)) => ", created",
                (Some(_), None) => ", removed",
                (before, after) if before == after => ", as it was before",
                _ => "",
            };
            let _ = write!(line, " +{added} -{removed}{how}");
        }
        let by: Vec<&str> = self.by.iter().map(String::as_str).collect();
        format!("{line}, by {}", by.join(", "))
    }
}

impl Seen {
    fn take(&mut self, event: &Event) {
        match event {
            Event::StageStarted { stage, .. } => self.stage(stage, "is playing".to_owned()),
            Event::StageFinished { stage, status, reason, .. } => {
                let reason = reason.as_deref().map(|reason| format!(", {}", quoted(reason)));
                self.stage(stage, format!("{status}{}", reason.unwrap_or_default()));
            }
            Event::FileChanged { at, path, before, after, added, removed } => {
                let file = self.files.entry(path.clone()).or_default();
                Edits::take(&mut file.edits, before, after, (*added, *removed));
                file.by.insert(at.stage.clone());
            }
            Event::CommandEnded { name, changed, .. } => {
                for path in changed {
                    let file = self.files.entry(path.clone()).or_default();
                    file.by.insert(format!("command {name}"));
                }
            }
            Event::CheckRan { at, check, verdict, evidence } => {
                let said = match verdict {
                    CheckVerdict::Passed => None,
                    CheckVerdict::Failed => Some(quoted(evidence)),
                    CheckVerdict::RedBefore => {
                        Some(format!("red before the first change too, {}", quoted(evidence)))
                    }
                };
                self.checks.insert((at.clone(), quoted(check)), said);
            }
            Event::ToolAnswered { at, tool, about, outcome: Outcome::Refused, text, .. } => {
                let what = format!("{at}: {} {}: {}", tool, quoted(about), quoted(text));
                match self.refused.iter_mut().find(|(refused, _)| *refused == what) {
                    Some((_, times)) => *times += 1,
                    None => self.refused.push((what, 1)),
                }
            }
            Event::ReferenceMissing { name, .. } => {
                self.missing.insert(shown::line(name));
            }
            Event::EnvSetting { key, taken_back: false, .. } => {
                self.env.insert(shown::line(key));
            }
            _ => {}
        }
    }

    fn stage(&mut self, id: &str, said: String) {
        match self.stages.iter_mut().find(|(stage, _)| stage == id) {
            Some((_, old)) => *old = said,
            None => self.stages.push((id.to_owned(), said)),
        }
    }
}

/// What a text says in a few words. A command's exit and the end of its output, where it has more
/// than one line.
fn quoted(text: &str) -> String {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let first = lines.next().unwrap_or_default();
    let text = match lines.next_back() {
        Some(last) => format!("{first} … {last}"),
        None => first.to_owned(),
    };
    shown::cut(&shown::line(&text), QUOTED)
}

fn part(text: &mut String, most: usize, title: &str, lines: impl IntoIterator<Item = String>) {
    let lines: Vec<String> = lines.into_iter().collect();
    if lines.is_empty() {
        return;
    }
    let _ = write!(text, "{}{title}:", if text.is_empty() { "" } else { "\n" });
    let begun = text.len();
    for (index, line) in lines.iter().enumerate() {
        if text.len() - begun > most {
            let _ = write!(text, "\n- and {} more", lines.len() - index);
            return;
        }
        let _ = write!(text, "\n- {line}");
    }
}

/// A part that is a list of names on one line.
fn names(text: &mut String, title: &str, names: &[&str]) {
    if !names.is_empty() {
        let names = shown::cut(&shown::line(&names.join(", ")), PART_BYTES);
        let _ = write!(text, "{}{title}: {names}", if text.is_empty() { "" } else { "\n" });
    }
}
