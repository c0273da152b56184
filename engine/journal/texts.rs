//! Which texts of an event could hold a secret: those that a model, a command, a file, a person or
//! a playbook has a part in. Paths, hashes, names and numbers are what a run is undone and resumed
//! by, and stay as they are.

use crate::journal::event::{Decision, Event, RetroNote};
use crate::redact::Texts;

impl Texts for Event {
    fn each_text(&mut self, mask: &mut dyn FnMut(&mut String)) {
        match self {
            Event::RunStarted { inputs, stages, .. } => {
                inputs.values_mut().for_each(|value| value.each_text(mask));
                stages.iter_mut().for_each(|(_, title)| mask(title));
            }
            Event::Requirement { text, found, .. } => {
                mask(text);
                mask(found);
            }
            Event::ReferenceReady { fetched, .. } => {
                if let Some((address, ..)) = fetched {
                    mask(address);
                }
            }
            Event::ReferenceMissing { reason, .. }
            | Event::RequestRetried { reason, .. }
            | Event::AttemptFailed { reason, .. }
            | Event::Stopped { reason } => mask(reason),
            Event::StartKept { .. }
            | Event::StageStarted { .. }
            | Event::RequestSent { .. }
            | Event::Shortened { .. }
            | Event::FileChanging { .. }
            | Event::FileChanged { .. }
            | Event::FilesLeft { .. }
            | Event::UndoStarted { .. }
            | Event::ServerAnswered { .. }
            | Event::EnvSetting { .. }
            | Event::RunFinished { .. } => {}
            Event::StageReused { output, .. } => output.each_text(mask),
            Event::ItemsListed { items, .. } => items.each_text(mask),
            Event::ItemStarted { title, .. } => mask(title),
            Event::Briefed { system, text, .. } => {
                system.each_text(mask);
                mask(text);
            }
            Event::Reply { blocks, .. } => blocks.each_text(mask),
            Event::ToolAnswered { about, text, .. } => {
                mask(about);
                mask(text);
            }
            Event::Cleaned { about, .. } => mask(about),
            Event::ServerAsked { arguments, .. } => arguments.each_text(mask),
            Event::CommandStarted { argv, .. } => argv.each_text(mask),
            Event::CommandEnded { text, .. } => mask(text),
            Event::CheckRan { check, evidence, .. } => {
                mask(check);
                mask(evidence);
            }
            Event::Asked { text, .. } => mask(text),
            Event::Answered { answer, decision, .. } => {
                mask(answer);
                decision.each_text(mask);
            }
            Event::Output { output, .. } => output.each_text(mask),
            Event::ItemFinished { reason, output, .. } => {
                reason.each_text(mask);
                output.each_text(mask);
            }
            Event::StageFinished { reason, .. } => reason.each_text(mask),
            Event::Retro { notes, wanted_tool, .. } => {
                notes.each_text(mask);
                wanted_tool.each_text(mask);
            }
        }
    }
}

impl Texts for RetroNote {
    fn each_text(&mut self, mask: &mut dyn FnMut(&mut String)) {
        mask(&mut self.text);
    }
}

impl Texts for Decision {
    fn each_text(&mut self, mask: &mut dyn FnMut(&mut String)) {
        match self {
            Decision::Edit(value) => value.each_text(mask),
            Decision::Revise(words) | Decision::Say(words) => mask(words),
            Decision::Accept | Decision::Reject => {}
        }
    }
}
