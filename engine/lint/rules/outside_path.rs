//! `outside-path`: a path that leads out of the project.

use crate::diagnostic::Level;
use crate::expression::Template;
use crate::lint::rule::{Profile, Report, Rule, page};
use crate::lint::{Subject, paths};
use crate::playbook::{CheckKind, Items, Requirement, RequirementKind, Stage};
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "outside-path",
    level: Level::Error,
    profile: Profile::Min,
    page: page!("outside-path"),
    diagnose: Some(diagnose),
};

/// How a path is used: what it is held against, or opened.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Use {
    Glob,
    Path,
}

fn diagnose(subject: &Subject<'_>, report: Report<'_>) {
    let mut look =
        |path: &str, span: Span, how: Use| {
            let climbs = "has a part `..`, and no path that it is held against has one";
            let why = paths::outside(path)
                .or_else(|| (how == Use::Glob && paths::climbs(path)).then_some(climbs));
            if let Some(why) = why {
                let message = format!("`{path}` {why}");
                report(RULE.at(span, message).help(
                    "write it relative to the project's root; nothing outside of it is opened",
                ));
            }
        };
    let playbook = subject.playbook;
    for requirement in &playbook.requires {
        of_requirement(subject, requirement, &mut look);
    }
    for cwd in playbook.commands.iter().filter_map(|command| command.cwd.as_ref()) {
        look(cwd, cwd.span, Use::Path);
    }
    if let Some(env) = &playbook.env {
        look(&env.file, env.file.span, Use::Path);
    }
    for stage in &playbook.stages {
        stage.writes.iter().for_each(|glob| look(glob, glob.span, Use::Glob));
        for (text, how) in operands(stage) {
            look(&text.text, text.span, how);
        }
    }
}

fn of_requirement(
    subject: &Subject<'_>,
    requirement: &Requirement,
    look: &mut dyn FnMut(&str, Span, Use),
) {
    let (path, how) = match &requirement.kind {
        RequirementKind::File(glob) | RequirementKind::Contains { within: glob, .. } => {
            (glob, Use::Glob)
        }
        RequirementKind::Data(data) => (&data.file, Use::Path),
        RequirementKind::Any(any) => {
            return any.iter().for_each(|requirement| of_requirement(subject, requirement, look));
        }
        RequirementKind::Package { .. }
        | RequirementKind::Program(_)
        | RequirementKind::GitClean => return,
    };
    look(path, subject.word(requirement.span, path), how);
}

/// Returns the files of a stage's checks and items.
fn operands(stage: &Stage) -> impl Iterator<Item = (&Template, Use)> {
    let checks = stage.checks.iter().filter_map(|check| match &check.kind {
        CheckKind::File(glob)
        | CheckKind::Changed(glob)
        | CheckKind::Unchanged(glob)
        | CheckKind::Contains { within: glob, .. } => Some((glob, Use::Glob)),
        CheckKind::Json { file, .. } => Some((file, Use::Path)),
        CheckKind::Run(_) | CheckKind::Env(_) => None,
    });
    let items = stage.for_each.iter().flat_map(|for_each| {
        let glob = match &for_each.items {
            Items::Files { glob, .. } => Some((glob, Use::Glob)),
            Items::List(_) => None,
        };
        glob.into_iter().chain(for_each.files.iter().map(|files| (files, Use::Glob)))
    });
    checks.chain(items)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::sample::{each, of_keys, of_stage};

    #[test]
    fn every_path_of_the_front_matter_is_looked_at() {
        for keys in [
            "requires: [{file: ../a}]",
            "requires: [{any: [{json: /etc/a}, {contains: a, in: ~/b}]}]",
            "commands: {a: {run: [b], cwd: ../c}}",
            "env: {file: ../.env, keys: {A: b}}",
        ] {
            let expected = keys.matches(['~']).count() + 1;
            assert_eq!(of_keys(&RULE, keys).len(), expected, "{keys}");
        }
        each(
            &[
                "writes: [../a]",
                "checks: [{changed: a/../b}]",
                "checks: [{contains: a, in: '/tmp/*'}]",
                "checks: [{json: ../package.json}]",
                "for_each: {files: '../*', max: 1}",
                "for_each: {in: '[1]', files: '/${{ item }}'}",
            ],
            1,
            |keys| of_stage(&RULE, keys, "Build it.").len(),
        );
    }

    #[test]
    fn a_path_of_the_project_is_not_found() {
        each(
            &["commands: {a: {run: [../b], cwd: c/../d}}", "requires: [{file: 'a/**'}]"],
            0,
            |keys| of_keys(&RULE, keys).len(),
        );
        each(
            &[
                "checks: [{json: a/../b}]",
                "writes: ['./a/**']",
                "checks: [{file: '${{ project.name }}/a'}]",
            ],
            0,
            |keys| of_stage(&RULE, keys, "Build it.").len(),
        );
    }
}
