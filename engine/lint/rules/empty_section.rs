//! `empty-section`: a stage that a model plays, and nothing that says what to do.

use crate::diagnostic::Level;
use crate::lint::Subject;
use crate::lint::rule::{Profile, Report, Rule, page};

pub(super) const RULE: Rule = Rule {
    name: "empty-section",
    level: Level::Warning,
    profile: Profile::Default,
    page: page!("empty-section"),
    diagnose: Some(diagnose),
};

fn diagnose(subject: &Subject<'_>, report: Report<'_>) {
    for (_, stage, section) in subject.models() {
        let proses = std::iter::once(section).chain(&stage.includes);
        let says = proses.into_iter().any(|prose| {
            let comment = |text: &str| {
                text.trim_start().starts_with("<!--") && text.trim_end().ends_with("-->")
            };
            prose.sentences.iter().any(|sentence| !comment(sentence)) || !prose.fences.is_empty()
        });
        if !says {
            report(
                RULE.at(stage.id.span, format!("the section of `{}` says nothing", stage.id.value))
                    .help("say what is to be done; a command alone is a stage with `run:` and without a section"),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::lint::sample::{found, of_stages};

    #[test]
    fn a_section_without_a_sentence_is_found() {
        for (section, empty) in [
            ("", true),
            ("### Later\n", true),
            ("<!-- later -->", true),
            ("---", true),
            ("Build it.", false),
            ("- Build it", false),
            ("${{ stages.survey.output.summary }}", false),
            ("```\nmake\n```", false),
            ("| a |\n|---|\n| b |", false),
            ("[Build it](a.md)", false),
        ] {
            let stages = [("survey", "", "Look."), ("build", "", section)];
            let found = found("empty-section", &of_stages("", "", &stages));
            assert_eq!(found.len(), usize::from(empty), "{section}");
        }
    }
}
