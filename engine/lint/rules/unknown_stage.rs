//! `unknown-stage`: prose that names a stage which does not exist.

use crate::diagnostic::{Level, near};
use crate::lint::Subject;
use crate::lint::rule::{Profile, Report, Rule, page};
use crate::lint::speech::{Kind, Mention, mentions};

pub(super) const RULE: Rule = Rule {
    name: "unknown-stage",
    level: Level::Warning,
    profile: Profile::Default,
    page: page!("unknown-stage"),
    diagnose: Some(diagnose),
};

fn diagnose(subject: &Subject<'_>, report: Report<'_>) {
    let ids = || subject.playbook.stages.iter().map(|stage| stage.id.value.as_str());
    for speech in subject.speeches() {
        for sentence in &speech.sentences {
            for Mention { word, id } in mentions(speech.said(sentence)) {
                if subject.stage(id).is_some() || subject.is_unread("stages", id) {
                    continue;
                }
                // Without backticks, only a slip of the pen is certain to be meant as a name.
                let guess = near(id, ids());
                if word.kind == Kind::Plain && (guess.is_none() || id.len() < 5) {
                    continue;
                }
                let place = subject.word(word.span, id);
                let finding = RULE.at(place, format!("there is no stage `{id}`"));
                report(match guess {
                    Some(near) => {
                        finding.label(format!("did you mean `{near}`?")).guess(place, near)
                    }
                    None => {
                        let ids: Vec<String> = ids().take(12).map(|id| format!("`{id}`")).collect();
                        finding.help(format!("the stages are {}", ids.join(", ")))
                    }
                });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::lint::sample::{finds, silent};

    #[test]
    fn a_stage_that_is_not_there_is_found() {
        finds(
            "unknown-stage",
            &[
                ("The `verify` stage runs the tests.", "verify"),
                ("Leave that to the stage `report`.", "report"),
                ("A later `verify` step does all verification.", "verify"),
                ("What `stages.survey.output` says is right.", "survey"),
                ("The stages `build` and `ship` change files.", "ship"),
                ("The biuld stage changes files.", "biuld"),
            ],
        );
    }

    #[test]
    fn what_is_no_stage_of_the_playbook_is_left() {
        silent(
            "unknown-stage",
            &[
                "The `build` stage is this one.",
                "At this stage, call `render`.",
                "The `builder` stage of the Dockerfile copies it.",
                "The next stage of the funnel is `trial`.",
                "In the first stage, look around.",
                "The `checkout` step of the job fails.",
                "Add the field `stage` with `done`.",
                "A staging server is no stage.",
                "An early stage company is small.",
                "The final stage is the last.",
            ],
        );
    }
}
