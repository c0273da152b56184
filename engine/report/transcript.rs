//! The conversation of a stage: what the model was told, what it said, and what came of it.

use std::fmt::Write as _;

use serde_json::Value;

use crate::journal::event::{CheckVerdict, Outcome};
use crate::journal::{At, Event, Record, shown};
use crate::model::{Block, Stop};
use crate::report::text::COLUMNS;

/// Lines of an answer, a file or a briefing that are shown where not the whole is asked for.
const LINES: usize = 12;

/// Writes what happened in a stage, or in one item of it, turn by turn. Nothing where the journal
/// has nothing of it.
///
/// With `whole`, nothing is left out, the text that every stage begins with included.
pub fn render(records: &[Record], stage: &str, item: Option<usize>, whole: bool) -> Option<String> {
    let mut text = Transcript { text: String::new(), whole, several: false };
    let is_of = |at: &At| at.stage == stage && (item.is_none() || at.item == item);
    let mut places: Vec<&At> = Vec::new();
    for record in records {
        let Some(at) = place(&record.event).filter(|at| is_of(at)) else { continue };
        if !places.contains(&at) {
            places.push(at);
        }
    }
    text.several = places.len() > 1;
    for at in &places {
        if text.several {
            let _ = writeln!(text.text, "== {at}\n");
        }
        for record in records.iter().filter(|record| place(&record.event) == Some(at)) {
            text.event(&record.event);
        }
    }
    for record in records {
        text.of_stage(&record.event, stage);
    }
    (!text.text.is_empty()).then_some(text.text)
}

/// Text as it grows.
struct Transcript {
    text: String,
    whole: bool,
    several: bool,
}

impl Transcript {
    fn event(&mut self, event: &Event) {
        match event {
            Event::Briefed { system, text, .. } => {
                if let Some(system) = system.as_ref().filter(|_| self.whole) {
                    self.part("told at the beginning of every stage");
                    self.block("  ", system);
                }
                self.part("told");
                self.block("  ", text);
            }
            Event::Reply { turn, blocks, stop, usage, usd, took, retro, .. } => {
                let what =
                    if *retro { "asked afterwards".to_owned() } else { format!("turn {turn}") };
                let sent = shown::count(usage.sent());
                let received = shown::count(usage.output);
                let usd = usd.map(|usd| format!(", {}", shown::money(usd))).unwrap_or_default();
                let took = shown::time(*took);
                let cut =
                    if *stop == Stop::Length { ", cut at the limit of its length" } else { "" };
                self.part(&format!("{what}: {sent} sent, {received} received{usd}, {took}{cut}"));
                self.blocks(blocks);
            }
            Event::ToolAnswered { tool, about, outcome, text, .. } => {
                let mark = match outcome {
                    Outcome::Done => "✓",
                    Outcome::Failed => "!",
                    Outcome::Refused => "✗",
                };
                let line = format!("  {mark} {} {}", shown::line(tool), shown::line(about));
                self.line(line.trim_end());
                self.block("    │ ", text);
            }
            Event::CommandEnded { name, exit, text, .. } => {
                let exit = exit.map_or("ended".to_owned(), |exit| format!("exit {exit}"));
                self.line(&format!("  $ {}: {exit}", shown::line(name)));
                self.block("    │ ", text);
            }
            Event::CheckRan { check, verdict, evidence, .. } => {
                let mark = if *verdict == CheckVerdict::Failed { "✗" } else { "✓" };
                self.line(&format!("  {mark} check: {}", shown::line(check)));
                if *verdict != CheckVerdict::Passed {
                    self.block("    │ ", evidence);
                }
            }
            Event::AttemptFailed { attempt, reason, .. } => {
                self.line(&format!("  attempt {attempt} was not enough:"));
                self.block("    │ ", reason);
            }
            Event::Answered { what, answer, by, .. } => {
                let (what, by) = (shown::line(what), shown::line(by));
                self.line(&format!("  {what}: {}, by {by}", shown::line(answer)));
            }
            Event::ItemFinished { status, reason, .. } => {
                let reason = reason.as_deref().map(|it| format!(": {}", shown::first(it)));
                self.line(&format!("  {status}{}", reason.unwrap_or_default()));
            }
            _ => {}
        }
    }

    fn of_stage(&mut self, event: &Event, id: &str) {
        match event {
            Event::StageReused { stage, from, .. } if stage == id => {
                self.part(&format!("used again as {} left it", shown::line(from)));
            }
            Event::Output { at, output, .. } if at.stage == id => {
                self.part("left");
                let output = match output {
                    Value::String(text) => text.clone(),
                    other => serde_json::to_string_pretty(other).unwrap_or_default(),
                };
                self.block("  ", &output);
            }
            Event::StageFinished { stage, status, reason, .. } if stage == id => {
                let reason = reason.as_deref().map(|it| format!(": {}", shown::first(it)));
                self.part(&format!("{status}{}", reason.unwrap_or_default()));
            }
            _ => {}
        }
    }

    fn blocks(&mut self, blocks: &Value) {
        let blocks: Vec<Block> = serde_json::from_value(blocks.clone()).unwrap_or_default();
        for block in blocks {
            match block {
                Block::Text(text) => self.block("  ", &text),
                Block::Thinking(_) => self.line("  (thinks)"),
                Block::Call { name, input, .. } => {
                    self.line(&format!("  → {}", shown::line(&name)));
                    self.block("    ", &fields(&input));
                }
                Block::Result { .. } => {}
            }
        }
    }

    fn part(&mut self, title: &str) {
        if !self.text.is_empty() && !self.text.ends_with("\n\n") {
            self.text.push('\n');
        }
        self.line(title);
    }

    fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    /// Writes text as it is laid out, its end left out where it is long.
    fn block(&mut self, lead: &str, text: &str) {
        let text = shown::block(text.trim_end());
        let lines = shown::wrap(&text, COLUMNS - shown::width(lead));
        let most = if self.whole { usize::MAX } else { LINES };
        for line in lines.iter().take(most) {
            self.line(format!("{lead}{line}").trim_end());
        }
        let more = lines.len().saturating_sub(most);
        if more > 0 {
            self.line(&format!("{lead}… {} more", shown::plural(more, "line")));
        }
    }
}

/// Writes the fields of a call, each on lines of its own.
fn fields(input: &Value) -> String {
    let Value::Object(fields) = input else { return input.to_string() };
    let fields = fields.iter().map(|(name, value)| match value {
        Value::String(text) if text.contains('\n') => {
            let text: Vec<String> = text.lines().map(|line| format!("  {line}")).collect();
            format!("{name}:\n{}", text.join("\n"))
        }
        Value::String(text) => format!("{name}: {text}"),
        other => format!("{name}: {other}"),
    });
    fields.collect::<Vec<_>>().join("\n")
}

/// Where an event of a conversation stands.
fn place(event: &Event) -> Option<&At> {
    match event {
        Event::Briefed { at, .. }
        | Event::Reply { at, .. }
        | Event::ToolAnswered { at, .. }
        | Event::CommandEnded { at, .. }
        | Event::CheckRan { at, .. }
        | Event::AttemptFailed { at, .. }
        | Event::Answered { at, .. }
        | Event::ItemFinished { at, .. } => Some(at),
        _ => None,
    }
}
