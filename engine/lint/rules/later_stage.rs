//! `later-stage`: prose that names a stage which has not been played yet.

use crate::diagnostic::Level;
use crate::lint::Subject;
use crate::lint::rule::{Profile, Report, Rule, page};
use crate::lint::speech::{Audience, Kind, Sentence, Speech, mentions, of_text};
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "later-stage",
    level: Level::Warning,
    profile: Profile::Default,
    page: page!("later-stage"),
    diagnose: Some(diagnose),
};

fn diagnose(subject: &Subject<'_>, report: Report<'_>) {
    if subject.graph.ancestors.is_empty() {
        return;
    }
    for speech in subject.speeches() {
        for sentence in &speech.sentences {
            if let Some(place) = sends_on(speech, sentence) {
                let message = format!(
                    "{} sends the model on to the next stage",
                    subject.whose(speech.audience)
                );
                report(
                    RULE.at(place, message)
                        .help("a stage ends with `done`: leave it out, the engine begins the next"),
                );
            }
            let words = speech.said(sentence);
            let dotted = words
                .iter()
                .any(|word| word.code().is_some_and(|code| code.starts_with("stages.")));
            if !dotted && !speech.has(sentence, &["stage", "stages"]) {
                continue;
            }
            // After a word that speaks of stages, an id in backticks is one.
            let first = words.iter().position(|word| word.any(&["stage", "stages"]));
            let codes = words.iter().skip(first.unwrap_or(words.len()));
            let codes = codes.filter(|word| word.kind == Kind::Code);
            let mut named: Vec<(&str, Span)> = codes.map(|word| (word.text, word.span)).collect();
            for mention in mentions(words) {
                named.push((mention.id, subject.word(mention.word.span, mention.id)));
            }
            named.sort_unstable_by_key(|(_, place)| *place);
            named.dedup();
            named.into_iter().for_each(|(id, place)| look(subject, speech, id, place, report));
        }
        for (_, heading) in &speech.prose.headings {
            if heading.value.contains("stage") {
                let words = of_text(&heading.value, heading.span);
                for mention in mentions(&words) {
                    look(
                        subject,
                        speech,
                        mention.id,
                        subject.word(heading.span, mention.id),
                        report,
                    );
                }
            }
        }
    }
}

/// Reports a stage that has not been played before all who read its name.
fn look(subject: &Subject<'_>, speech: &Speech<'_>, id: &str, place: Span, report: Report<'_>) {
    let Some(other) = subject.stage(id) else { return };
    let early = |index: usize| index != other && !subject.is_upstream(other, index);
    let told = match speech.audience {
        Audience::All => subject.models().any(|(index, ..)| early(index)),
        Audience::Stage(index) => early(index),
    };
    if told {
        let message = format!("{} speaks of the stage `{id}`", subject.whose(speech.audience));
        let label = match speech.audience {
            Audience::All => "not played before all who read this",
            Audience::Stage(_) => "not played before it",
        };
        let stage = &subject.playbook.stages[other].id;
        report(
            RULE.at(place, message)
                .label(label)
                .related(stage.span, "the stage")
                .help("say what is to be done here, and leave the rest to its stage"),
        );
    }
}

/// Returns the place where a sentence tells the model to go on to the next stage.
fn sends_on(speech: &Speech<'_>, sentence: &Sentence) -> Option<Span> {
    let found = speech
        .clauses(sentence)
        .iter()
        .filter(|clause| clause.orders(&["continue", "go", "move", "begin"]));
    found.into_iter().find_map(|clause| {
        let words = speech.after_verb(clause);
        let at = words
            .windows(2)
            .position(|pair| pair[0].any(&["next", "following"]) && pair[1].is("stage"))?;
        Speech::place(&words[at..at + 2])
    })
}

#[cfg(test)]
mod tests {
    use crate::lint::sample::{found, of_stages};

    fn of_first(preamble: &str, section: &str) -> Vec<String> {
        let stages =
            [("survey", "", section), ("build", "", "Build it."), ("report", "", "Tell it.")];
        found("later-stage", &of_stages("", preamble, &stages))
    }

    #[test]
    fn a_stage_that_comes_later_is_found() {
        for (section, at) in [
            ("Prepare it for the stage `build`.", "build"),
            ("The report stage tells the person.", "report"),
            ("The `build` stage does it.", "build"),
            ("Then go on with the next stage.", "next stage"),
            ("### For the build stage\n\nFind it.", "build"),
            ("What `stages.report.output` needs, list.", "report"),
        ] {
            assert_eq!(of_first("", section), [at], "{section}");
        }
        assert_eq!(of_first("The stage `report` tells the person.", "Look."), ["report"]);
    }

    #[test]
    fn what_came_before_or_is_no_stage_is_left() {
        for section in [
            "Call `build` to start it.",
            "A later stage judges it.",
            "List what the next stage needs.",
            "Continue with the next file.",
            "This is the survey stage.",
            "The building stage is empty.",
        ] {
            assert_eq!(of_first("", section), Vec::<String>::new(), "{section}");
        }
        assert!(of_first("What the stage `survey` found is true.", "Look.").is_empty());
    }
}
