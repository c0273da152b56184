//! `redundant-need`: a need that another need implies.

use crate::diagnostic::{Diagnostic, Level};
use crate::lint::rule::{Profile, Report, Rule, page};
use crate::lint::{Subject, flow};
use crate::playbook::Stage;
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "redundant-need",
    level: Level::Info,
    profile: Profile::Strict,
    page: page!("redundant-need"),
    diagnose: Some(diagnose),
};

fn diagnose(subject: &Subject<'_>, report: Report<'_>) {
    let stages = &subject.playbook.stages;
    for stage in stages.iter().filter(|stage| stage.needs.len() > 1 && !stage.fork) {
        for (at, need) in stage.needs.iter().enumerate() {
            let Some(needed) = subject.stage(need) else { continue };
            if let Some(first) = stage.needs[..at].iter().find(|other| *other.value == **need) {
                let message = format!("`{}` needs `{}` twice", stage.id.value, need.value);
                let finding = RULE.at(need.span, message).related(first.span, "named here already");
                report(without(subject, finding, need.span));
                continue;
            }
            let implied_by = stage.needs.iter().find(|other| {
                let other = subject.stage(other).filter(|other| *other != needed);
                other.is_some_and(|other| {
                    subject.is_upstream(needed, other)
                        && flow::is_met(subject, needed, other)
                        && !flow::decides(stage, &stages[other])
                })
            });
            let Some(by) = implied_by else { continue };
            if flow::decides(stage, &stages[needed]) || hands_over(stage, need) {
                continue;
            }
            let message = format!(
                "`{}` needs `{}`, and so waits for `{}` already",
                stage.id.value, by.value, need.value
            );
            let finding = RULE.at(need.span, message).help("leave it out: it changes nothing");
            report(without(subject, finding, need.span));
        }
    }
}

/// Whether what a need left is put before the model only because it is named: a section that
/// shows the whole of it gets it anyway, and a command gets nothing.
fn hands_over(stage: &Stage, need: &str) -> bool {
    let whole = |path: &[String]| match path {
        [stages, id, output] => stages == "stages" && id == need && output == "output",
        _ => false,
    };
    let mut sections = stage.section.iter();
    let shown = sections.any(|section| section.text.references().iter().any(|it| whole(it)));
    stage.run.is_none() && !shown
}

/// Takes an item out of its list: with the comma beside it, or with its line.
fn without(subject: &Subject<'_>, finding: Diagnostic, item: Span) -> Diagnostic {
    let Some(source) = subject.bundle.files.get(usize::from(item.file.0)) else { return finding };
    let (start, end) = (item.start as usize, item.end as usize);
    let (Some(before), Some(after)) = (source.text.get(..start), source.text.get(end..)) else {
        return finding;
    };
    let cut = |start: usize, end: usize| finding.clone().fix(Span::new(item.file, start, end), "");
    if let Some(rest) = after.trim_start_matches(' ').strip_prefix(',') {
        let rest = rest.trim_start_matches(' ');
        return cut(start, source.text.len() - rest.len());
    }
    if let Some(rest) = before.trim_end_matches(' ').strip_suffix(',') {
        return cut(rest.len(), end);
    }
    let line = before.rfind('\n').map_or(0, |end| end + 1);
    match (before[line..].trim(), after.find('\n')) {
        ("-", Some(length)) if after[..length].trim().is_empty() => cut(line, end + length + 1),
        _ => finding,
    }
}
