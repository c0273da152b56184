//! `unsafe-parallel`: a command that may run while files change under it, or that changes them.

use crate::diagnostic::Level;
use crate::lint::Subject;
use crate::lint::argv;
use crate::lint::rule::{Profile, Report, Rule, page};
use crate::playbook::{CheckKind, Command, CommandKind, Grant, Stage};
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "unsafe-parallel",
    level: Level::Warning,
    profile: Profile::Default,
    page: page!("unsafe-parallel"),
    diagnose: Some(diagnose),
};

fn diagnose(subject: &Subject<'_>, report: Report<'_>) {
    let parallel = subject.playbook.commands.iter().filter(|command| command.parallel);
    for command in parallel {
        let place = subject.key(command.name.span, &["parallel"]).unwrap_or(command.name.span);
        let name = &command.name.value;
        if let Some(why) = changes(command) {
            let message = format!("`{name}` {why}, and need not run alone");
            report(RULE.at(place, message).help(
                "leave `parallel` out: what a command changes is recorded only when it runs alone",
            ));
        } else if let Some([user, editor]) = overlap(subject, name) {
            let message = format!("`{name}` may run while another changes files");
            report(
                RULE.at(place, message)
                    .related(user.0, format!("it runs for `{}`", user.1))
                    .related(editor.0, format!("which `{}` edits beside", editor.1))
                    .help("leave `parallel` out: a command that runs alone never sees a half-done edit"),
            );
        }
    }
}

/// Says how a command changes the project, if it does.
fn changes(command: &Command) -> Option<String> {
    if command.kind == CommandKind::Add {
        return Some("adds packages".to_owned());
    }
    let words = command.words.iter().map(|word| word.text.as_str());
    let checks =
        command.words.iter().any(|word| matches!(word.text.as_str(), "--check" | "--dry-run"));
    let mut changing = argv::lines(include_str!("changing_words.txt")).filter(|_| !checks);
    let word = changing.find(|changing| words.clone().any(|word| word == *changing))?;
    Some(format!("changes files, by `{word}`"))
}

/// Returns a stage for which a command runs, and one that may edit at the same time.
fn overlap<'a>(subject: &Subject<'a>, name: &str) -> Option<[(Span, &'a str); 2]> {
    if subject.graph.ancestors.is_empty() {
        return None;
    }
    let playbook = subject.playbook;
    let stages = &playbook.stages;
    let edits = |stage: &Stage| stage.run.is_none() && playbook.grants(stage).any(Grant::edits);
    let runs = |stage: &Stage| {
        stage.run.as_ref().is_some_and(|run| run.value == name)
            || playbook.grants(stage).any(|it| matches!(it, Grant::Run(run) if run == name))
            || stage
                .checks
                .iter()
                .any(|it| matches!(&it.kind, CheckKind::Run(run) if run.value == name))
    };
    let beside = |one: usize, other: usize| {
        // Items of one stage go side by side, too.
        if one == other {
            return stages[one].for_each.is_some();
        }
        !subject.is_upstream(one, other) && !subject.is_upstream(other, one)
    };
    let users = (0..stages.len()).filter(|at| runs(&stages[*at]));
    let mut pairs = users.flat_map(|user| (0..stages.len()).map(move |editor| (user, editor)));
    let (user, editor) =
        pairs.find(|(user, editor)| edits(&stages[*editor]) && beside(*user, *editor))?;
    let shown = |at: usize| (stages[at].id.span, stages[at].id.value.as_str());
    Some([shown(user), shown(editor)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::sample::find;

    fn found(command: &str, first: &str, second: &str) -> usize {
        let text = format!(
            "---\nplaybook: 1\nname: a\ndescription: A.\ncommands: {{it: {command}}}\nstages:\n  a: {{{first}}}\n  b: {{{second}}}\n---\n\n## a\n\nA.\n\n## b\n\nB.\n"
        );
        find(&RULE, &text).len()
    }

    #[test]
    fn what_changes_the_project_runs_alone() {
        for command in
            ["{add: [a]", "{run: [eslint, --fix]", "{script: format", "{run: [npm, install]"]
        {
            assert_eq!(found(&format!("{command}, parallel: true}}"), "", ""), 1, "{command}");
            assert_eq!(found(&format!("{command}}}"), "", ""), 0, "{command}");
        }
        assert_eq!(found("{exec: [rustfmt, fmt, --check], parallel: true}", "", ""), 0);
        assert_eq!(found("{exec: [tsc, --noEmit], parallel: true}", "", ""), 0);
    }

    #[test]
    fn a_check_never_sees_a_half_done_edit() {
        let it = "{exec: [tsc], parallel: true}";
        let edits = "tools: [edit], writes: [a.md]";
        let checks = "checks: [{run: it}]";
        assert_eq!(found(it, edits, &format!("needs: [], {checks}")), 1);
        assert_eq!(found(it, edits, "needs: [], tools: [run(it)]"), 1);
        let items = format!("for_each: {{in: '[1]'}}, {edits}, {checks}");
        assert_eq!(found(it, &items, ""), 1);
        assert_eq!(found(it, &format!("{edits}, {checks}"), checks), 0);
        assert_eq!(found(it, "tools: [read]", &format!("needs: [], {checks}")), 0);
        assert_eq!(found("{exec: [tsc]}", edits, &format!("needs: [], {checks}")), 0);
    }
}
