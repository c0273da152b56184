//! `repeated-include`: prose that a stage is told twice.

use crate::diagnostic::Level;
use crate::lint::Subject;
use crate::lint::rule::{Profile, Report, Rule, page};
use crate::playbook::Prose;
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "repeated-include",
    level: Level::Warning,
    profile: Profile::Default,
    page: page!("repeated-include"),
    diagnose: Some(diagnose),
};

fn diagnose(subject: &Subject<'_>, report: Report<'_>) {
    let general = &subject.playbook.includes;
    look(subject, &[], general, report);
    for stage in &subject.playbook.stages {
        look(subject, general, &stage.includes, report);
    }
}

/// Looks for each include among those before it.
fn look(subject: &Subject<'_>, before: &[Prose], own: &[Prose], report: Report<'_>) {
    let file = |prose: &Prose| {
        let source = subject.bundle.files.get(usize::from(prose.span.file.0));
        source.map(|source| source.name.as_str())
    };
    for (index, include) in own.iter().enumerate() {
        let mut earlier = before.iter().chain(&own[..index]);
        let Some(first) = earlier.find(|first| file(first) == file(include)) else { continue };
        let (Some(place), Some(first)) = (include.named, first.named) else { continue };
        let message = format!("`{}` is included already", include.path);
        let mut finding = RULE.at(place, message).related(first, "told to this stage too");
        if let Some(entry) = entry(subject, place) {
            finding = finding.fix(entry, "");
        }
        report(finding.help("leave it out: the model is told the same twice"));
    }
}

/// Returns an entry of a list with the comma that belongs to it, if it stands in `[ ]`.
fn entry(subject: &Subject<'_>, place: Span) -> Option<Span> {
    let text = &subject.bundle.files.first()?.text;
    let before = text.get(..place.start as usize)?.trim_end();
    if before.ends_with(',') {
        return Some(Span::new(place.file, before.len() - 1, place.end as usize));
    }
    let after = text.get(place.end as usize..)?.trim_start();
    (before.ends_with('[') && after.starts_with(']')).then_some(place)
}
