//! What answers when nobody is at the terminal: `--yes`, and one after the other.

use std::sync::Arc;

use futures_util::future::{BoxFuture, FutureExt as _};

use crate::approval::{Answer, Decision, Nobody, Person, Question};

/// `--yes`: accepts what waits for approval, and takes a question's default. Never anything else.
#[derive(Debug, Clone, Copy)]
pub struct Yes;

/// Several, of whom the first that has an answer gives it.
#[derive(Clone, Default)]
pub struct Chain(Vec<Arc<dyn Person>>);

impl Person for Yes {
    fn ask<'a>(&'a self, question: &'a Question) -> BoxFuture<'a, Result<Answer, Nobody>> {
        let answer = match question {
            Question::Before { .. } | Question::Output { .. } => {
                Ok(Answer { decision: Decision::Accept, by: "--yes".to_owned() })
            }
            Question::Ask { default: Some(default), .. } => {
                Ok(Answer { decision: Decision::Say(default.clone()), by: "default".to_owned() })
            }
            Question::Ask { default: None, .. } => Err(Nobody::Absent(question.name())),
        };
        async move { answer }.boxed()
    }
}

impl Chain {
    /// Makes a chain; the first is asked first.
    pub fn new(links: Vec<Arc<dyn Person>>) -> Self {
        Chain(links)
    }
}

impl Person for Chain {
    fn ask<'a>(&'a self, question: &'a Question) -> BoxFuture<'a, Result<Answer, Nobody>> {
        async move {
            for person in &self.0 {
                match person.ask(question).await {
                    Err(Nobody::Absent(_)) => {}
                    answered => return answered,
                }
            }
            Err(Nobody::Absent(question.name()))
        }
        .boxed()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::journal::At;

    fn question(default: Option<&str>) -> Question {
        Question::Ask {
            at: At::stage("s"),
            id: "region".to_owned(),
            text: "Where?".to_owned(),
            options: Vec::new(),
            default: default.map(str::to_owned),
        }
    }

    struct Only(Result<Answer, Nobody>);

    impl Person for Only {
        fn ask<'a>(&'a self, _question: &'a Question) -> BoxFuture<'a, Result<Answer, Nobody>> {
            async move { self.0.clone() }.boxed()
        }
    }

    #[tokio::test]
    async fn yes_accepts_and_invents_nothing() {
        let output = Question::Output { at: At::stage("s"), output: json!([1]) };
        assert_eq!(Yes.ask(&output).await.unwrap().decision, Decision::Accept);
        let answer = Yes.ask(&question(Some("eu"))).await.unwrap();
        assert_eq!(
            answer,
            Answer { decision: Decision::Say("eu".to_owned()), by: "default".to_owned() }
        );
        assert_eq!(Yes.ask(&question(None)).await, Err(Nobody::Absent("region".to_owned())));
    }

    #[tokio::test]
    async fn the_first_who_answers_decides() {
        let said = Answer { decision: Decision::Say("us".to_owned()), by: "person".to_owned() };
        let absent = || Arc::new(Only(Err(Nobody::Absent("x".to_owned()))));
        let chain = Chain::new(vec![absent(), Arc::new(Only(Ok(said.clone()))), Arc::new(Yes)]);
        assert_eq!(chain.ask(&question(Some("eu"))).await, Ok(said));
        let chain =
            Chain::new(vec![absent(), Arc::new(Only(Err(Nobody::Interrupted))), Arc::new(Yes)]);
        assert_eq!(chain.ask(&question(Some("eu"))).await, Err(Nobody::Interrupted));
        let chain = Chain::new(vec![absent()]);
        assert_eq!(chain.ask(&question(None)).await, Err(Nobody::Absent("region".to_owned())));
    }
}
