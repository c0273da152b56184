//! `ask`: a question to the person.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::approval::{Decision, Question};
use crate::gate::{Gate, Refusal};
use crate::journal::Event;
use crate::tools::tool::Tool;

pub(super) struct Ask;

/// Ask the person, when the stage says so and only they can know.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Input {
    /// A short name for the question, in `snake_case`
    id: String,
    question: String,
    /// The answers to choose from
    options: Option<Vec<String>>,
    /// Taken when nobody is there
    default: Option<String>,
}

impl Tool for Ask {
    const NAME: &'static str = "ask";
    const MATERIAL: bool = false;
    type Input = Input;

    fn about(input: &Input) -> String {
        input.id.clone()
    }

    async fn call(gate: &Gate, input: Input) -> Result<String, Refusal> {
        let (at, what) = (gate.at.clone(), input.id.clone());
        let asked =
            Event::Asked { at: at.clone(), what: what.clone(), text: input.question.clone() };
        gate.hall().note(asked)?;
        let began = std::time::Instant::now();
        let answer = gate
            .ask(&Question::Ask {
                at: at.clone(),
                id: input.id,
                text: input.question,
                options: input.options.unwrap_or_default(),
                default: input.default,
            })
            .await?;
        let words = match answer.decision {
            Decision::Say(words) | Decision::Revise(words) => words,
            Decision::Accept => "yes".to_owned(),
            Decision::Reject => "no".to_owned(),
            Decision::Edit(value) => value.to_string(),
        };
        let waited = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        let (answer, by) = (words.clone(), answer.by);
        let answered = Event::Answered { at, what, answer, decision: None, by, waited };
        gate.hall().note(answered)?;
        Ok(words)
    }
}
