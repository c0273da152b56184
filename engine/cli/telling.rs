//! What the live display says of each record, and of what is under way.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::journal::event::{CheckVerdict, Level, Outcome};
use crate::journal::{At, Event, Record, Status, shown};

/// Stages and items under way that are shown at once.
const SHOWN: usize = 3;

/// Columns of a command at its end: what came of it stands behind it.
const COMMAND: usize = 32;

/// A line that stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) mark: Mark,
    /// Where: a stage, an item, or nothing for the run.
    pub(super) at: String,
    pub(super) words: String,
    /// Whether only a display without a live part says it.
    pub(super) minor: bool,
}

/// What kind of thing a line says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    Good,
    Bad,
    Doubtful,
    Plain,
}

/// A run as far as its display has to know it.
#[derive(Debug, Default)]
pub(super) struct Telling {
    titles: BTreeMap<String, String>,
    stages: usize,
    ended: BTreeSet<String>,
    replayed: bool,
    began: Option<i64>,
    under_way: BTreeMap<At, Unit>,
    commands: BTreeMap<(At, String), (String, String)>,
    lines_changed: BTreeMap<At, (usize, usize)>,
    level: Option<Level>,
    spent: Money,
}

/// A stage or an item under way.
#[derive(Debug, Default)]
struct Unit {
    began: i64,
    title: String,
    doing: String,
    spent: Money,
}

/// Turns and what they cost; unknown as soon as one price is.
#[derive(Debug, Default, Clone, Copy)]
struct Money {
    turns: usize,
    usd: f64,
    unknown: bool,
}

impl Money {
    fn add(&mut self, usd: Option<f64>) {
        self.turns += 1;
        self.usd += usd.unwrap_or_default();
        self.unknown |= usd.is_none();
    }

    fn join(&mut self, other: Money) {
        self.turns += other.turns;
        self.usd += other.usd;
        self.unknown |= other.unknown;
    }

    fn words(self) -> String {
        if self.unknown { "cost unknown".to_owned() } else { shown::money(self.usd) }
    }
}

impl Telling {
    /// Takes a record, and returns the lines that it is worth.
    pub(super) fn take(&mut self, record: &Record) -> Vec<Line> {
        self.began.get_or_insert(record.time);
        match &record.event {
            Event::RunStarted { .. }
            | Event::UndoStarted { .. }
            | Event::StartKept { .. }
            | Event::Requirement { .. }
            | Event::ReferenceReady { .. }
            | Event::ReferenceMissing { .. }
            | Event::Stopped { .. }
            | Event::RunFinished { .. } => self.run(&record.event),
            Event::StageStarted { .. }
            | Event::StageReused { .. }
            | Event::ItemsListed { .. }
            | Event::ItemStarted { .. }
            | Event::ItemFinished { .. }
            | Event::StageFinished { .. }
            | Event::AttemptFailed { .. }
            | Event::Output { .. }
            | Event::Retro { .. } => self.stage(record.time, &record.event),
            Event::Briefed { .. }
            | Event::RequestSent { .. }
            | Event::RequestRetried { .. }
            | Event::Shortened { .. }
            | Event::Reply { .. } => self.model(&record.event),
            Event::ToolAnswered { .. }
            | Event::Cleaned { .. }
            | Event::ServerAsked { .. }
            | Event::ServerAnswered { .. }
            | Event::FileChanging { .. }
            | Event::FileChanged { .. }
            | Event::FilesLeft { .. }
            | Event::EnvSetting { .. }
            | Event::CommandStarted { .. }
            | Event::CommandEnded { .. }
            | Event::CheckRan { .. }
            | Event::Asked { .. }
            | Event::Answered { .. } => self.effect(&record.event),
        }
    }

    /// Returns the lines about what is under way, the last one about the whole.
    pub(super) fn status(&self, now: i64) -> Vec<(String, String, String)> {
        let hidden = |at: &At| {
            at.item.is_none()
                && self
                    .under_way
                    .keys()
                    .any(|other| other.stage == at.stage && other.item.is_some())
        };
        let units: Vec<(&At, &Unit)> =
            self.under_way.iter().filter(|(at, _)| !hidden(at)).collect();
        let mut lines: Vec<(String, String, String)> = units
            .iter()
            .take(SHOWN)
            .map(|(at, unit)| {
                let doing = if unit.doing.is_empty() { &unit.title } else { &unit.doing };
                (place(at), doing.clone(), since(unit.began, now))
            })
            .collect();
        if units.len() > SHOWN {
            let more = units.len() - SHOWN;
            lines.push((String::new(), format!("… and {more} more"), String::new()));
        }
        if let Some(began) = self.began {
            let turns = shown::plural(self.spent.turns, "turn");
            let cost = if self.replayed { "replayed".to_owned() } else { self.spent.words() };
            let words = format!("{} of {} stages, {turns}, {cost}", self.ended.len(), self.stages);
            lines.push((String::new(), words, since(began, now)));
        }
        lines
    }

    fn run(&mut self, event: &Event) -> Vec<Line> {
        match event {
            Event::RunStarted { playbook, project, stages, again, .. } if self.stages > 0 => {
                self.under_way.clear();
                self.began = None;
                self.ended.retain(|stage| !again.contains(stage));
                let (playbook, project) = (shown::line(playbook), shown::line(project));
                let (ended, stages) = (self.ended.len(), shown::plural(stages.len(), "stage"));
                let mut lines = vec![run_line(
                    Mark::Plain,
                    format!("{playbook} goes on: {ended} of {stages} ended, in {project}"),
                )];
                lines.extend(
                    (!again.is_empty()).then(|| {
                        run_line(Mark::Plain, format!("plays again: {}", again.join(", ")))
                    }),
                );
                lines
            }
            Event::RunStarted { playbook, project, model, replay, stages, .. } => {
                self.stages = stages.len();
                self.titles =
                    stages.iter().map(|(id, title)| (id.clone(), shown::line(title))).collect();
                self.replayed = replay.is_some();
                let model = model.as_deref().map(|model| format!(" with {}", shown::line(model)));
                let mut lines = vec![run_line(
                    Mark::Plain,
                    format!(
                        "{}: {}{} in {}",
                        shown::line(playbook),
                        shown::plural(stages.len(), "stage"),
                        model.unwrap_or_default(),
                        shown::line(project)
                    ),
                )];
                lines.extend(replay.as_ref().map(|replay| {
                    let words = format!(
                        "replayed from {}: model answers and commands were recorded before",
                        shown::line(replay)
                    );
                    run_line(Mark::Doubtful, words)
                }));
                lines
            }
            Event::Requirement { text, verdict, found } => {
                let (mark, words) = match verdict.as_str() {
                    "met" => (Mark::Good, "required and so"),
                    "unmet" => (Mark::Bad, "required and not so"),
                    _ => (Mark::Doubtful, "required and not known"),
                };
                let words = format!("{words}: {}: {}", shown::line(text), shown::first(found));
                vec![Line { minor: mark == Mark::Good, ..run_line(mark, words) }]
            }
            Event::ReferenceReady { name, kind, tokens, fetched, .. } => {
                let how = fetched.as_ref().map(|(_, how, _)| format!(", {}", shown::line(how)));
                let words = format!(
                    "{}: {}, {} tokens{}",
                    shown::line(name),
                    shown::line(kind),
                    shown::count(*tokens),
                    how.unwrap_or_default()
                );
                vec![Line { minor: true, ..run_line(Mark::Plain, words) }]
            }
            Event::ReferenceMissing { name, reason } => {
                let words = format!(
                    "the doc `{}` could not be had: {}",
                    shown::line(name),
                    shown::first(reason)
                );
                vec![run_line(Mark::Doubtful, words)]
            }
            Event::StartKept { left_out, .. } => {
                let words = |path: &String| {
                    let path = shown::line(path);
                    format!("`{path}` is too large to keep: an undo cannot put it back")
                };
                left_out.iter().map(|path| run_line(Mark::Doubtful, words(path))).collect()
            }
            Event::Stopped { reason } => {
                self.under_way.clear();
                vec![run_line(Mark::Doubtful, format!("stopped: {}", shown::first(reason)))]
            }
            _ => Vec::new(),
        }
    }

    fn stage(&mut self, time: i64, event: &Event) -> Vec<Line> {
        match event {
            Event::StageStarted { stage, .. } => {
                let title = self.titles.get(stage).cloned().unwrap_or_default();
                self.begin(&At::stage(stage.clone()), time, title)
            }
            Event::StageReused { stage, from, .. } => {
                let from = shown::line(from);
                let words = format!("is used again as {from} left it");
                vec![line(Mark::Good, &At::stage(stage.clone()), words)]
            }
            Event::ItemStarted { at, title } => self.begin(at, time, shown::line(title)),
            Event::ItemFinished { at, status, reason, .. } => {
                vec![self.end(at, time, *status, reason.as_deref())]
            }
            Event::StageFinished { stage, status, reason, .. } => {
                self.ended.insert(stage.clone());
                let at = At::stage(stage.clone());
                vec![self.end(&at, time, *status, reason.as_deref())]
            }
            Event::AttemptFailed { at, attempt, reason } => {
                let words = format!("attempt {attempt} is not enough: {}", shown::first(reason));
                vec![line(Mark::Doubtful, at, words)]
            }
            Event::Retro { stage, notes, .. } if !notes.is_empty() => {
                let words = format!("{} on the playbook", shown::plural(notes.len(), "note"));
                vec![minor(Mark::Plain, &At::stage(stage.clone()), words)]
            }
            _ => Vec::new(),
        }
    }

    fn begin(&mut self, at: &At, time: i64, title: String) -> Vec<Line> {
        let words = if title.is_empty() { "begins".to_owned() } else { format!("begins: {title}") };
        self.under_way.insert(at.clone(), Unit { began: time, title, ..Unit::default() });
        vec![minor(Mark::Plain, at, words)]
    }

    fn end(&mut self, at: &At, time: i64, status: Status, reason: Option<&str>) -> Line {
        let mark = match status {
            Status::Succeeded => Mark::Good,
            Status::Failed => Mark::Bad,
            Status::Blocked => Mark::Doubtful,
            Status::Skipped => Mark::Plain,
        };
        let mut words = status.to_string();
        let mut said = reason.map(shown::first).unwrap_or_default();
        if let Some(unit) = self.under_way.remove(at) {
            let stage = at.item.map(|_| At::stage(at.stage.clone()));
            if let Some(stage) = stage.and_then(|stage| self.under_way.get_mut(&stage)) {
                stage.spent.join(unit.spent);
            }
            let _ =
                write!(words, " after {}{}", since(unit.began, time), self.cost(at, unit.spent));
            if said.is_empty() {
                said = unit.title;
            }
        }
        if !said.is_empty() {
            let _ = write!(words, ": {said}");
        }
        line(mark, at, words)
    }

    /// Says what a stage or an item cost, and for a stage what the run has cost so far.
    fn cost(&self, at: &At, spent: Money) -> String {
        if spent.turns == 0 {
            return String::new();
        }
        let turns = shown::plural(spent.turns, "turn");
        if self.replayed {
            return format!(", {turns} replayed");
        }
        let sum = self.spent.words();
        let whole = at.item.is_none() && spent.turns < self.spent.turns;
        let sum = if whole { format!(" ({sum} so far)") } else { String::new() };
        format!(", {turns}, {}{sum}", spent.words())
    }

    fn model(&mut self, event: &Event) -> Vec<Line> {
        match event {
            Event::RequestSent { at, turn, attempt, .. } => {
                let attempt = match attempt {
                    0 | 1 => String::new(),
                    attempt => format!(", attempt {attempt}"),
                };
                self.doing(at, format!("asks the model, turn {turn}{attempt}"));
                Vec::new()
            }
            Event::Shortened { at, .. } => {
                let words = "the conversation is too long for the model, and is shortened";
                vec![line(Mark::Doubtful, at, words.to_owned())]
            }
            Event::RequestRetried { at, reason, wait, .. } => {
                let wait = shown::time(*wait);
                let words = format!("asks again in {wait}: {}", shown::first(reason));
                self.doing(at, words.clone());
                vec![line(Mark::Doubtful, at, words)]
            }
            Event::Reply { at, usd, .. } => {
                self.spent.add(*usd);
                if let Some(unit) = self.under_way.get_mut(at) {
                    unit.spent.add(*usd);
                }
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    /// Says once how far commands are confined.
    fn confined(&mut self, level: Option<Level>) -> Option<Line> {
        let level = level.filter(|level| self.level.replace(*level) != Some(*level))?;
        let mark = if level == Level::Full { Mark::Plain } else { Mark::Doubtful };
        let words = format!("commands are confined: {}", level.words());
        Some(Line { mark, at: String::new(), words, minor: false })
    }

    fn effect(&mut self, event: &Event) -> Vec<Line> {
        match event {
            Event::ToolAnswered { at, tool, about, outcome, text, .. } => {
                self.tool(at, tool, about, *outcome, text)
            }
            Event::ServerAsked { .. } | Event::ServerAnswered { .. } => self.server(event),
            Event::Cleaned { at, tool, about, invisible, masked } => {
                let call = shown::line(format!("{tool} {about}").trim());
                let words = format!("{call}: {}", shown::cleaned(*invisible, *masked));
                let place = if at.stage.is_empty() { String::new() } else { place(at) };
                vec![Line { at: place, ..line(Mark::Doubtful, at, words) }]
            }
            Event::FileChanged { at, added, removed, .. } => {
                self.lines_changed.insert(at.clone(), (*added, *removed));
                Vec::new()
            }
            Event::EnvSetting { at, file, key, taken_back, .. } => {
                let verb = if *taken_back { "takes back" } else { "set" };
                let words = format!("{verb} {} in {}", shown::line(key), shown::line(file));
                vec![line(Mark::Plain, at, words)]
            }
            Event::CommandStarted { at, name, argv, why, level } => {
                let told = self.confined(*level);
                let argv = shown::argv(argv);
                self.doing(at, format!("$ {argv}"));
                self.commands.insert((at.clone(), name.clone()), (argv.clone(), why.clone()));
                told.into_iter().chain([minor(Mark::Plain, at, format!("$ {argv}"))]).collect()
            }
            Event::CommandEnded { at, name, exit, took, changed, replayed, reverted, .. } => {
                let known = self.commands.remove(&(at.clone(), name.clone()));
                let (argv, why) = known.unwrap_or_else(|| (shown::line(name), String::new()));
                let ended = match exit {
                    Some(exit) => format!("exit {exit}"),
                    None => "a signal or a limit".to_owned(),
                };
                let argv = shown::cut(&argv, COMMAND);
                let mut words = format!("$ {argv}: {ended} after {}", shown::time(*took));
                if !changed.is_empty() {
                    let files = shown::plural(changed.len(), "file");
                    let _ = write!(words, ", changed {files}");
                }
                if *replayed {
                    words.push_str(", replayed");
                }
                if !reverted.is_empty() {
                    let files: Vec<String> =
                        reverted.iter().map(|path| shown::line(path)).collect();
                    let _ = write!(words, ", put back as they were: {}", files.join(", "));
                }
                let mark = match exit {
                    _ if !reverted.is_empty() => Mark::Bad,
                    Some(0) => Mark::Good,
                    _ => Mark::Doubtful,
                };
                self.doing(at, String::new());
                vec![Line { minor: why == "check", ..line(mark, at, words) }]
            }
            Event::CheckRan { at, check, verdict, evidence } => {
                let check = shown::line(check);
                let (mark, words) = match verdict {
                    CheckVerdict::Passed => (Mark::Good, format!("check: {check}")),
                    CheckVerdict::Failed => {
                        (Mark::Bad, format!("check failed: {check}: {}", shown::first(evidence)))
                    }
                    CheckVerdict::RedBefore => {
                        (Mark::Doubtful, format!("check was red before and is red still: {check}"))
                    }
                };
                vec![line(mark, at, words)]
            }
            Event::Asked { at, what, text } => {
                self.doing(at, "waits for a person".to_owned());
                let words = format!("asks a person: {}: {}", shown::line(what), shown::first(text));
                vec![minor(Mark::Doubtful, at, words)]
            }
            Event::Answered { at, what, answer, by, .. } => {
                self.doing(at, String::new());
                let words = format!(
                    "{}: {}, by {}",
                    shown::line(what),
                    shown::first(answer),
                    shown::line(by)
                );
                vec![Line { minor: by == "person", ..line(Mark::Plain, at, words) }]
            }
            _ => Vec::new(),
        }
    }

    fn server(&mut self, event: &Event) -> Vec<Line> {
        match event {
            Event::ServerAsked { at, server, tool, .. } => {
                self.doing(at, format!("asks {} of {}", shown::line(tool), shown::line(server)));
                Vec::new()
            }
            Event::ServerAnswered { at, server, tool, failed, bytes, took, replayed } => {
                self.doing(at, String::new());
                let how = if *failed { "failed" } else { "answered" };
                let mut words = format!(
                    "{} of {} {how} with {bytes} bytes after {}",
                    shown::line(tool),
                    shown::line(server),
                    shown::time(*took)
                );
                if *replayed {
                    words.push_str(", replayed");
                }
                vec![line(if *failed { Mark::Doubtful } else { Mark::Plain }, at, words)]
            }
            _ => Vec::new(),
        }
    }

    fn tool(
        &mut self,
        at: &At,
        tool: &str,
        about: &str,
        outcome: Outcome,
        text: &str,
    ) -> Vec<Line> {
        let call = shown::line(format!("{tool} {about}").trim());
        let changed = self.lines_changed.remove(at);
        self.doing(at, call.clone());
        match outcome {
            Outcome::Refused => {
                vec![line(Mark::Doubtful, at, format!("refused: {call}: {}", shown::first(text)))]
            }
            Outcome::Failed => {
                vec![minor(Mark::Plain, at, format!("{call}: {}", shown::first(text)))]
            }
            // What these do has lines of its own.
            Outcome::Done if matches!(tool, "run" | "ask") => Vec::new(),
            Outcome::Done if tool == "env" && about.starts_with("set ") => Vec::new(),
            Outcome::Done => match changed {
                Some((added, removed)) => {
                    vec![line(Mark::Plain, at, format!("{call} +{added} -{removed}"))]
                }
                None => vec![minor(Mark::Plain, at, call)],
            },
        }
    }

    fn doing(&mut self, at: &At, doing: String) {
        if let Some(unit) = self.under_way.get_mut(at) {
            unit.doing = doing;
        }
    }
}

fn line(mark: Mark, at: &At, words: String) -> Line {
    Line { mark, at: place(at), words, minor: false }
}

fn minor(mark: Mark, at: &At, words: String) -> Line {
    Line { minor: true, ..line(mark, at, words) }
}

fn run_line(mark: Mark, words: String) -> Line {
    Line { mark, at: String::new(), words, minor: false }
}

fn place(at: &At) -> String {
    shown::line(&at.to_string())
}

fn since(began: i64, now: i64) -> String {
    shown::time(u64::try_from(now.saturating_sub(began)).unwrap_or(0))
}
