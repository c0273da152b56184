//! `duplicate-grant`: a tool that is granted twice.

use crate::diagnostic::{Diagnostic, Level};
use crate::lint::Subject;
use crate::lint::rule::{Profile, Report, Rule, page};
use crate::lint::rules::shared_power;
use crate::playbook::Grant;
use crate::source::{Span, Spanned};

pub(super) const RULE: Rule = Rule {
    name: "duplicate-grant",
    level: Level::Warning,
    profile: Profile::Default,
    page: page!("duplicate-grant"),
    diagnose: Some(diagnose),
};

fn diagnose(subject: &Subject<'_>, report: Report<'_>) {
    let top = &subject.playbook.tools;
    twice(subject, top, report);
    for stage in &subject.playbook.stages {
        twice(subject, &stage.tools, report);
        for (index, grant) in stage.tools.iter().enumerate() {
            let shared = top.iter().find(|shared| shared.value == grant.value);
            // A power that should not be shared is to go from the top.
            let Some(shared) = shared.filter(|shared| !shared_power::changes(shared)) else {
                continue;
            };
            let message = format!("every stage has `{}` already", grant.value);
            let finding = RULE.at(grant.span, message).related(shared.span, "granted to all here");
            report(without(subject, &stage.tools, index, finding));
        }
    }
}

fn twice(subject: &Subject<'_>, list: &[Spanned<Grant>], report: Report<'_>) {
    for (index, grant) in list.iter().enumerate() {
        let first = list[..index].iter().find(|first| first.value == grant.value);
        if let Some(first) = first {
            let message = format!("`{}` is granted twice", grant.value);
            let finding = RULE.at(grant.span, message).related(first.span, "first here");
            report(without(subject, list, index, finding));
        }
    }
}

/// Offers to take one item out of a list, where the text around it is that of a plain list.
fn without(
    subject: &Subject<'_>,
    list: &[Spanned<Grant>],
    index: usize,
    finding: Diagnostic,
) -> Diagnostic {
    match place(subject, list, index) {
        Some(place) => finding.fix(place, ""),
        None => finding.help("leave it out"),
    }
}

fn place(subject: &Subject<'_>, list: &[Spanned<Grant>], index: usize) -> Option<Span> {
    let text = subject.bundle.files.first()?.text.as_str();
    let item = list[index].span;
    let (start, end) = (item.start as usize, item.end as usize);
    let parted = |from: usize, to: usize| {
        text.get(from..to).is_some_and(|between| between.trim_matches(' ') == ",")
    };
    let before = index.checked_sub(1).map(|before| list[before].span.end as usize);
    if let Some(before) = before.filter(|before| parted(*before, start)) {
        return Some(Span::new(item.file, before, end));
    }
    let after = list.get(index + 1).map(|after| after.span.start as usize);
    if let Some(after) = after.filter(|after| parted(end, *after)) {
        return Some(Span::new(item.file, start, after));
    }
    if text[..start].ends_with('[') && text[end..].starts_with(']') {
        return Some(item);
    }
    let line = text[..start].rfind('\n')? + 1;
    let line_end = end + text[end..].find('\n')? + 1;
    let alone = text[line..start].trim() == "-" && text[end..line_end].trim().is_empty();
    (alone && list.len() > 1).then(|| Span::new(item.file, line, line_end))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::sample::{each, find, playbook};

    fn repaired(top: &str, stage: &str) -> Vec<Option<String>> {
        let text = playbook(top, stage, "Build it.");
        let repaired = |finding: &Diagnostic| {
            let edit = finding.fix.as_ref()?.edits.first()?;
            let (start, end) = (edit.span.start as usize, edit.span.end as usize);
            let text = format!("{}{}{}", &text[..start], edit.text, &text[end..]);
            let (head, _) = text.split_once("\n---\n\n##")?;
            Some(head.split_once("\nstages:\n  build:\n")?.1.to_owned())
        };
        find(&RULE, &text).iter().map(repaired).collect()
    }

    #[test]
    fn what_is_granted_twice_goes_and_all_else_stays() {
        let top = "tools: [read, glob]";
        for (stage, left) in [
            ("tools: [read, edit]", "    tools: [edit]"),
            ("tools: [edit, read]", "    tools: [edit]"),
            ("tools: [edit, read, write]", "    tools: [edit, write]"),
            ("tools: [read]", "    tools: []"),
            ("tools:\n  - edit\n  - read", "    tools:\n      - edit"),
            ("tools: [edit, \"edit\"]", "    tools: [edit]"),
        ] {
            assert_eq!(repaired(top, stage), [Some(left.to_owned())], "{stage}");
        }
        // What would leave nothing, or take a comment along, is left to the author.
        for stage in ["tools:\n  - read", "tools:\n  - edit\n  - read # why"] {
            assert_eq!(repaired(top, stage), [None], "{stage}");
        }
    }

    #[test]
    fn what_differs_is_granted_once() {
        each(
            &["tools: [edit, run(a), run(b)]", "tools: []", "tools: [mcp(a/b), mcp(a/c)]"],
            0,
            |stage| repaired("tools: [read]", stage).len(),
        );
        // `shared-power` says that it is to go from the top.
        assert_eq!(repaired("tools: [edit]", "tools: [edit]"), []);
    }
}
