//! `impossible-check`: a check that no play can pass.

use crate::diagnostic::{Diagnostic, Level};
use crate::expression::Template;
use crate::lint::rule::{Profile, Report, Rule, page};
use crate::lint::{Subject, paths};
use crate::playbook::{Check, CheckKind, Grant, Pattern, Stage, glob};
use crate::source::Spanned;

pub(super) const RULE: Rule = Rule {
    name: "impossible-check",
    level: Level::Error,
    profile: Profile::Min,
    page: page!("impossible-check"),
    diagnose: Some(diagnose),
};

fn diagnose(subject: &Subject<'_>, report: Report<'_>) {
    for (index, stage) in subject.playbook.stages.iter().enumerate() {
        for (at, check) in stage.checks.iter().enumerate() {
            let found = unseen(check)
                .filter(|_| wants_a_file(check))
                .or_else(|| unchangeable(subject, index, stage, check))
                .or_else(|| contradicted(check, &stage.checks[..at]));
            found.into_iter().for_each(&mut *report);
        }
    }
}

/// Whether a check holds only where there is a file that it can look at.
fn wants_a_file(check: &Check) -> bool {
    match check.kind {
        CheckKind::Unchanged(_) => check.not,
        _ => !check.not,
    }
}

/// Finds a check of files at which no check looks.
pub(super) fn unseen(check: &Check) -> Option<Diagnostic> {
    let (files, alone) = match &check.kind {
        CheckKind::File(files)
        | CheckKind::Changed(files)
        | CheckKind::Unchanged(files)
        | CheckKind::Contains { within: files, .. } => (files, false),
        CheckKind::Json { file, .. } => (file, true),
        CheckKind::Run(_) | CheckKind::Env(_) => return None,
    };
    let text = written_out(files)?;
    let (message, help) = if paths::is_secret(text) {
        let message = format!("no check looks at `{text}`: it may hold secrets");
        (message, "`{env: KEY}` says whether a key of the env file is set")
    } else if text.ends_with('/') {
        let message = format!("`{text}` is a folder, and a check looks at files");
        (message, "name the files in it, such as `docs/**`")
    } else if alone && text.contains(['*', '?', '{']) {
        let message = format!("`json` reads one file, and `{text}` is a glob");
        (message, "write its path, or make a check for each file")
    } else if !alone && paths::is_made(text) {
        let message = format!("no check looks at `{text}`: it lies in a folder that tools made");
        (message, "run a command that fails without it: `{run: NAME}`")
    } else {
        return None;
    };
    Some(RULE.at(files.span, message).help(help))
}

/// Finds a check that waits for a change which nothing can make while the stage is played.
fn unchangeable(
    subject: &Subject<'_>,
    index: usize,
    stage: &Stage,
    check: &Check,
) -> Option<Diagnostic> {
    let files = match &check.kind {
        CheckKind::Changed(files) if !check.not => files,
        CheckKind::Unchanged(files) if check.not => files,
        _ => return None,
    };
    let text = written_out(files)?;
    let playbook = subject.playbook;
    if subject.graph.ancestors.is_empty() || !playbook.unread.is_empty() || stage.run.is_some() {
        return None;
    }
    let edits = playbook.grants(stage).any(Grant::edits);
    // `missing-writes` finds that.
    if edits && stage.writes.is_empty() {
        return None;
    }
    // What is played side by side may make the change, too.
    let beside = playbook.stages.iter().enumerate().filter(|(other, _)| {
        *other != index
            && !subject.is_upstream(*other, index)
            && !subject.is_upstream(index, *other)
    });
    if std::iter::once(stage).chain(beside.map(|(_, other)| other)).any(|it| may(subject, it, text))
    {
        return None;
    }
    let message = format!("nothing can change `{text}` while `{}` is played", stage.id.value);
    let mut finding = RULE.at(files.span, message);
    if let Some(writes) = stage.writes.first().filter(|_| edits) {
        finding = finding.related(writes.span, "what the stage may change");
    }
    Some(finding.help("let the stage change it in `writes:`, or check it where it is changed"))
}

/// Whether a stage might change a file that a glob matches. Unsure is yes.
fn may(subject: &Subject<'_>, stage: &Stage, files: &str) -> bool {
    let playbook = subject.playbook;
    let runs = stage.run.is_some()
        || stage.checks.iter().any(|check| matches!(check.kind, CheckKind::Run(_)));
    let grants = || playbook.grants(stage);
    let by_tool = |grant: &Grant| match grant {
        Grant::Tool(word) if word == "env" => {
            let env = playbook.env.as_ref().map_or("**", |env| env.file.value.as_str());
            [env, ".gitignore"].iter().any(|file| !glob::apart(file, files))
        }
        Grant::Tool(word) => !subject.known.tools.contains(&word.as_str()),
        Grant::Run(_) | Grant::Mcp { .. } => true,
    };
    let edits = grants().any(Grant::edits);
    runs || grants().any(by_tool)
        || (edits && stage.writes.iter().any(|writes| !glob::apart(writes, files)))
}

/// Finds a check of which an earlier one asks the opposite.
fn contradicted(check: &Check, earlier: &[Check]) -> Option<Diagnostic> {
    let other = earlier.iter().find(|other| {
        let opposite = check.not != other.not && same(&check.kind, &other.kind);
        opposite || against(check, other) || against(other, check)
    })?;
    Some(
        RULE.at(check.span, "this check and an earlier one cannot both hold")
            .related(other.span, "asks the opposite")
            .help("leave out the one that is not meant"),
    )
}

/// Whether one check wants a change that another forbids.
fn against(one: &Check, other: &Check) -> bool {
    let (CheckKind::Changed(changed), CheckKind::Unchanged(unchanged)) = (&one.kind, &other.kind)
    else {
        return false;
    };
    let [Some(changed), Some(unchanged)] = [changed, unchanged].map(written_out) else {
        return false;
    };
    let within =
        changed == unchanged || glob::is_literal(changed) && glob::matches(unchanged, changed);
    !one.not && !other.not && within
}

fn same(one: &CheckKind, other: &CheckKind) -> bool {
    match (one, other) {
        (CheckKind::File(one), CheckKind::File(other))
        | (CheckKind::Changed(one), CheckKind::Changed(other))
        | (CheckKind::Unchanged(one), CheckKind::Unchanged(other))
        | (CheckKind::Env(one), CheckKind::Env(other)) => one.text == other.text,
        (
            CheckKind::Contains { text: one, within: here },
            CheckKind::Contains { text: other, within: there },
        ) => here.text == there.text && same_pattern(one, other),
        (
            CheckKind::Json { file, pointer, equals },
            CheckKind::Json { file: file_too, pointer: pointer_too, equals: equals_too },
        ) => {
            let value = |equals: &Option<Spanned<serde_json::Value>>| {
                equals.as_ref().map(|equals| equals.value.clone())
            };
            file.text == file_too.text
                && pointer.text == pointer_too.text
                && value(equals) == value(equals_too)
        }
        (CheckKind::Run(one), CheckKind::Run(other)) => one.value == other.value,
        _ => false,
    }
}

fn same_pattern(one: &Pattern, other: &Pattern) -> bool {
    match (one, other) {
        (Pattern::Text(one), Pattern::Text(other))
        | (Pattern::Regex(one), Pattern::Regex(other)) => one.text == other.text,
        _ => false,
    }
}

/// Returns the text of an operand, where it does not depend on anything.
pub(super) fn written_out(template: &Template) -> Option<&str> {
    template.expressions().next().is_none().then_some(template.text.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::sample::{each, find, of_stage};

    fn found(keys: &str) -> usize {
        of_stage(&RULE, keys, "Build it.").len()
    }

    #[test]
    fn files_that_no_check_sees_are_found() {
        each(
            &[
                "{file: .env}",
                "{file: '**/.env.local'}",
                "{contains: KEY, in: .env}",
                "{changed: .env}",
                "{unchanged: .env, not: true}",
                "{file: docs/}",
                "{json: '**/package.json'}",
                "{json: .aws/config}",
                "{file: node_modules/shop/package.json}",
                "{contains: a, in: '**/target/**'}",
            ],
            1,
            |check| found(&format!("checks: [{check}]")),
        );
        each(
            &[
                "{file: .env, not: true}",
                "{unchanged: .env}",
                "{file: .env.example}",
                "{file: docs}",
                "{file: 'dist/**'}",
                "{json: node_modules/shop/package.json}",
                "{file: '.env*'}",
                "{file: '${{ project.name }}/'}",
                "{env: SHOP_KEY}",
                "{file: '**'}",
                "{run: tests}",
            ],
            0,
            |check| found(&format!("checks: [{check}]")),
        );
    }

    #[test]
    fn a_change_wants_somebody_who_can_make_it() {
        let edits = "tools: [edit]\nwrites: ['src/**', '*.md']";
        let with = |more: &str, check: &str| found(&format!("{more}\nchecks: [{check}]"));
        assert_eq!(with("tools: [read]", "{changed: a.md}"), 1);
        assert_eq!(with(edits, "{changed: docs/a.md}"), 1);
        assert_eq!(with(edits, "{changed: 'tests/**'}"), 1);
        assert_eq!(with("tools: [env]", "{changed: a.md}"), 1);
        each(
            &[
                "{changed: a.md}",
                "{changed: '**'}",
                "{changed: src/a.rs}",
                "{changed: '**/*.rs'}",
                "{changed: docs/a.md, not: true}",
                "{changed: '${{ project.name }}'}",
            ],
            0,
            |check| with(edits, check),
        );
        each(&["[run(tests)]", "[edti]", "[mcp(a/b)]"], 0, |tools| {
            with(&format!("tools: {tools}"), "{changed: a.md}")
        });
        assert_eq!(with("tools: [env]", "{changed: .gitignore}"), 0);
        assert_eq!(with("tools: [read]", "{run: tests}, {changed: a.md}"), 0);
    }

    #[test]
    fn what_is_played_beside_may_make_the_change() {
        let stages = |needs: &str| {
            format!(
                "---\nplaybook: 1\nname: a\ndescription: A.\nstages:\n  write: {{tools: [edit], writes: [a.md], checks: [{{file: a.md}}]}}\n  look:\n    needs: {needs}\n    checks: [{{changed: a.md}}]\n---\n\n## write\n\nWrite.\n\n## look\n\nLook.\n"
            )
        };
        assert_eq!(find(&RULE, &stages("[write]")).len(), 1);
        assert_eq!(find(&RULE, &stages("[]")), []);
    }

    #[test]
    fn two_checks_that_cannot_both_hold_are_found() {
        let edits = "tools: [edit]\nwrites: ['**/*.md']";
        let with = |checks: &str| found(&format!("{edits}\nchecks: [{checks}]"));
        each(
            &[
                "{file: a.md}, {file: a.md, not: true}",
                "{contains: a, in: a.md}, {contains: a, in: a.md, not: true}",
                "{changed: a.md}, {unchanged: '**'}",
                "{unchanged: a.md}, {changed: a.md}",
                "{run: tests}, {run: tests, not: true}",
            ],
            1,
            |checks| with(checks),
        );
        each(
            &[
                "{file: a.md}, {file: b.md, not: true}",
                "{contains: a, in: a.md}, {contains: {regex: a}, in: a.md, not: true}",
                "{changed: '**/*.md'}, {unchanged: a.md}",
                "{changed: a.md}, {changed: a.md}",
            ],
            0,
            |checks| with(checks),
        );
    }
}
