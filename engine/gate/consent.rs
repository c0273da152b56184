//! What is a person's to decide, whatever the playbook says.

use crate::approval::{Decision, Question};
use crate::gate::{Gate, Refusal};
use crate::journal::Event;

/// What a person answers who lets something be done that is theirs to decide.
const YES: &str = "yes";

impl Gate {
    /// Asks the person for a yes. Where nobody is, it is a no.
    pub async fn consents(&self, id: &str, text: String) -> Result<bool, Refusal> {
        let at = self.at.clone();
        let asked = Event::Asked { at: at.clone(), what: id.to_owned(), text: text.clone() };
        self.hall.note(asked)?;
        let began = std::time::Instant::now();
        let question = Question::Ask {
            at: at.clone(),
            id: id.to_owned(),
            text,
            options: vec![YES.to_owned(), "no".to_owned()],
            default: None,
        };
        let (answer, by) = match self.ask(&question).await {
            Ok(answer) => (
                match answer.decision {
                    Decision::Say(words) => words,
                    _ => "no".to_owned(),
                },
                answer.by,
            ),
            Err(Refusal::Absent(_)) => ("no".to_owned(), "nobody".to_owned()),
            Err(other) => return Err(other),
        };
        let yes = answer == YES;
        let waited = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.hall.note(Event::Answered {
            at,
            what: id.to_owned(),
            answer,
            decision: None,
            by,
            waited,
        })?;
        Ok(yes)
    }
}
