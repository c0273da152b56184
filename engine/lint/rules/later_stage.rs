//! `later-stage`: prose that names a stage which has not been played yet.

use crate::diagnostic::Level;
use crate::lint::Subject;
use crate::lint::rule::{Profile, Report, Rule, page};
use crate::source::Spanned;

pub(super) const RULE: Rule = Rule {
    name: "later-stage",
    level: Level::Warning,
    profile: Profile::Default,
    page: page!("later-stage"),
    diagnose: Some(diagnose),
};

fn diagnose(subject: &Subject<'_>, report: Report<'_>) {
    let stages = &subject.playbook.stages;
    for (index, stage) in stages.iter().enumerate() {
        for word in stage.section.iter().flat_map(|section| &section.code_words) {
            let Some(other) = subject.stage(&word.value).filter(|other| *other != index) else {
                continue;
            };
            if subject.graph.ancestors.is_empty() || subject.is_upstream(other, index) {
                continue;
            }
            if !speaks_of_stages(subject, word) {
                continue;
            }
            let message =
                format!("the prose of `{}` speaks of the stage `{}`", stage.id.value, word.value);
            report(
                RULE.at(subject.word(word.span, word), message)
                    .label("not played before it")
                    .related(stages[other].id.span, "the stage")
                    .help("say what is to be done here, and leave the rest to its stage"),
            );
        }
    }
}

/// Whether the sentence up to the word says that it is a stage: a stage may be called as a
/// function is.
fn speaks_of_stages(subject: &Subject<'_>, word: &Spanned<String>) -> bool {
    let source = subject.bundle.files.get(usize::from(word.span.file.0));
    let before = source.and_then(|source| source.text.get(..word.span.start as usize));
    let sentence = before.and_then(|before| before.rsplit(['\n', '.', ';']).next());
    sentence.is_some_and(|sentence| sentence.to_lowercase().contains("stage"))
}
