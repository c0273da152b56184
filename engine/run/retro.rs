//! The question after the end: what the playbook could have said better.
//!
//! **Invariant:** its answer is journaled and shown; it changes no result.

use serde::Deserialize;

use crate::context;
use crate::journal::{At, Event, Status, event::RetroNote};
use crate::model::Message;
use crate::run::stage::Unit;
use crate::run::{Failure, Halt, Played, Run, RunError};

/// The most tokens of an answer.
const MAX_TOKENS: u32 = 1_000;

/// The most notes that are kept of one stage.
const MAX_NOTES: usize = 5;

#[derive(Debug, Deserialize)]
struct Answer {
    #[serde(default)]
    notes: Vec<RetroNote>,
    #[serde(default)]
    wanted_tool: Option<String>,
}

/// Asks each model stage that was played, once, within what is left of the budget.
pub(super) async fn ask_all(run: &Run<'_>, stages: &[Played]) -> Result<(), RunError> {
    for (index, played) in stages.iter().enumerate() {
        let stage = &run.plan.playbook.stages[index];
        let asked = run.seams.past.was_asked(&stage.id);
        if !stage.retro || asked || played.status != Status::Succeeded {
            continue;
        }
        match ask(run, index, played).await {
            Ok(()) | Err(Failure::Failed(_)) => {}
            Err(Failure::Halt(Halt::Broken(RunError::Journal(error)))) => {
                return Err(RunError::Journal(error));
            }
            Err(Failure::Halt(_)) => break,
        }
    }
    Ok(())
}

async fn ask(run: &Run<'_>, index: usize, played: &Played) -> Result<(), Failure> {
    let Some(talk) = &played.talk else { return Ok(()) };
    let stage = &run.plan.playbook.stages[index];
    let text = &run.seams.text;
    let mut request = talk.clone();
    request.messages.push(Message::user(context::retro(text, stage)));
    request.max_tokens = MAX_TOKENS;
    request.turn.turn += 1;
    request.turn.retro = true;
    let at = At::stage(stage.id.value.clone());
    let hall = &run.seams.hall;
    let powers = crate::plan::Powers::default();
    let gate = crate::gate::Gate::enter(hall, at.clone(), powers, false).await;
    let unit = Unit {
        run,
        stage: index,
        at,
        gate,
        account: run.account.clone(),
        scope: run.plan.scope().into(),
        writes: Vec::new(),
        before: crate::gate::workspace::Snapshot::default(),
        recalled: false,
    };
    let reply = run.send(&unit, run.model(stage)?, &request).await?;
    let Some(mut answer) = read(&reply.text()) else { return Ok(()) };
    let lines = text.lines().count();
    answer.notes.truncate(MAX_NOTES);
    for note in &mut answer.notes {
        note.line = note.line.filter(|line| (1..=lines).contains(&(*line as usize)));
    }
    run.note(Event::Retro {
        stage: stage.id.value.clone(),
        notes: answer.notes,
        wanted_tool: answer.wanted_tool.filter(|tool| !tool.is_empty()),
    })?;
    Ok(())
}

/// Reads the answer's one JSON object, a fence around it allowed.
fn read(text: &str) -> Option<Answer> {
    let start = text.find('{')?;
    let end = text.rfind('}')?;
    serde_json::from_str(text.get(start..=end)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_in_a_fence_is_read() {
        let text =
            "```json\n{\"notes\": [{\"kind\": \"wrong\", \"line\": 7, \"text\": \"x\"}]}\n```";
        let answer = read(text).unwrap();
        assert_eq!(answer.notes.len(), 1);
        assert_eq!(answer.notes[0].line, Some(7));
    }

    #[test]
    fn an_answer_in_prose_is_no_answer() {
        assert!(read("Nothing was missing.").is_none());
    }
}
