//! `undefined-reference`: a template that reads what does not exist, or does not exist yet.

use crate::diagnostic::{Diagnostic, Level, near};
use crate::expression::Reference;
use crate::lint::Subject;
use crate::lint::places::{self, Place};
use crate::lint::rule::{Profile, Report, Rule, page};
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "undefined-reference",
    level: Level::Error,
    profile: Profile::Min,
    page: page!("undefined-reference"),
    diagnose: Some(diagnose),
};

fn diagnose(subject: &Subject<'_>, report: Report<'_>) {
    let look = Look { subject };
    places::expressions(subject, &mut |expression, place| {
        for reference in expression.references() {
            look.fault(&reference, place).into_iter().for_each(&mut *report);
        }
    });
}

/// Keywords by which a schema says what it has somewhere else.
const COMPOSED: [&str; 5] = ["$ref", "allOf", "anyOf", "oneOf", "if"];

struct Look<'a, 'b> {
    subject: &'a Subject<'b>,
}

impl Look<'_, '_> {
    fn fault(&self, reference: &Reference, place: Place<'_>) -> Option<Diagnostic> {
        let path: Vec<&str> = reference.value.iter().map(String::as_str).collect();
        let error = |message: String, part: usize| RULE.at(self.part(reference, part), message);
        match (&path[..], place) {
            (["inputs" | "project" | "stages"], Place::Stage(_) | Place::Item(..)) |
(["inputs" | "project"], _) => None,
            (["inputs", name, ..], _) => self.input(name, reference),
            (["project", field, ..], _) => {
                const FIELDS: [&str; 3] = ["name", "languages", "package_manager"];
                (!FIELDS.contains(field)).then(|| {
                    error(format!("`project` has no `{field}`"), 1).help(format!("it has {}", FIELDS.map(|field| format!("`{field}`")).join(", ")))
                })
            }
            (["stages", ..], Place::Playbook | Place::Env | Place::Command(_)) => Some(
                error("`stages` is not known here".to_owned(), 0)
                    .help("the preamble, includes, docs, commands and `env` see `inputs` and `project` only"),
            ),
            (["stages", id, rest @ ..], Place::Stage(index) | Place::Item(index, _)) => {
                self.upstream(id, rest, index, reference)
            }
            (["args", name, ..], Place::Command(args)) => {
                let known = args.iter().any(|argument| *argument.name == **name) || self.subject.is_unread("args", name);
                (!known).then(|| error(format!("the command has no argument `{name}`"), 1))
            }
            ([name, ..], Place::Item(_, item)) if *name == item => None,
            ([name, ..], _) => {
                let mut finding = error(format!("`{name}` is not defined"), 0);
                let mut names = vec!["inputs", "project"];
                match place {
                    Place::Playbook | Place::Env => {}
                    Place::Command(_) => names.push("args"),
                    Place::Stage(_) => names.push("stages"),
                    Place::Item(_, item) => names.extend(["stages", item]),
                }
                finding = match near(name, names.iter().copied()) {
                    Some(near) => finding.label(format!("did you mean `{near}`?")),
                    None => {
                        let names: Vec<String> =
                            names.iter().map(|name| format!("`{name}`")).collect();
                        finding.help(format!("what is defined here: {}", names.join(", ")))
                    }
                };
                Some(finding)
            }
            ([], _) => None,
        }
    }

    fn input(&self, name: &str, reference: &Reference) -> Option<Diagnostic> {
        let inputs = || self.subject.playbook.inputs.iter().map(|input| input.name.value.as_str());
        if inputs().any(|known| known == name) || self.subject.is_unread("inputs", name) {
            return None;
        }
        let message = format!("the playbook has no input `{name}`");
        let place = self.part(reference, 1);
        let finding = RULE.at(place, message);
        Some(match near(name, inputs()) {
            Some(near) => finding.label(format!("did you mean `{near}`?")).guess(place, near),
            None => finding.help("declare it in `inputs:`"),
        })
    }

    fn upstream(
        &self,
        id: &str,
        rest: &[&str],
        index: usize,
        reference: &Reference,
    ) -> Option<Diagnostic> {
        let stages = &self.subject.playbook.stages;
        let stage = &stages[index];
        let Some(earlier) = self.subject.stage(id) else {
            if self.subject.is_unread("stages", id) {
                return None;
            }
            let message = format!("there is no stage `{id}`");
            let place = self.part(reference, 1);
            let finding = RULE.at(place, message);
            let ids = stages.iter().map(|stage| stage.id.value.as_str());
            return Some(match near(id, ids) {
                Some(near) => finding.label(format!("did you mean `{near}`?")).guess(place, near),
                None => finding,
            });
        };
        if earlier == index {
            let message = format!("`{id}` reads itself, and it has nothing before it ends");
            return Some(RULE.at(reference.span, message));
        }
        if !self.subject.graph.ancestors.is_empty() && !self.subject.is_upstream(earlier, index) {
            let message = format!("`{}` does not come after `{id}`", stage.id.value);
            return Some(
                RULE.at(reference.span, message)
                    .related(stages[earlier].id.span, "declared here")
                    .help(format!("add `{id}` to the `needs:` of `{}`", stage.id.value)),
            );
        }
        match rest {
            [] | ["status"] => None,
            ["output", path @ ..] => self.property(earlier, path, reference),
            [other, ..] => {
                let message = format!("a stage has no `{other}`");
                Some(RULE.at(self.part(reference, 2), message).help("it has `output` and `status`"))
            }
        }
    }

    /// Walks the producer's schema as far as it says what there is.
    fn property(&self, stage: usize, path: &[&str], reference: &Reference) -> Option<Diagnostic> {
        let stage = &self.subject.playbook.stages[stage];
        let whole = stage.output_schema();
        let mut schema = &whole;
        let mut owner = format!("the output of `{}`", stage.id.value);
        for (index, part) in path.iter().enumerate() {
            let place = self.part(reference, index + 3);
            if schema["type"] == "array" {
                if part.parse::<i64>().is_err() {
                    let message = format!("{owner} is a list, which has no `{part}`");
                    return Some(RULE.at(place, message));
                }
                schema = &schema["items"];
                continue;
            }
            if COMPOSED.iter().any(|keyword| schema.get(keyword).is_some()) {
                return None;
            }
            let properties = schema["properties"].as_object()?;
            let Some(next) = properties.get(*part) else {
                if schema.get("additionalProperties").is_some_and(|more| *more != false)
                    || schema.get("patternProperties").is_some()
                {
                    return None;
                }
                let message = format!("{owner} has no `{part}`");
                let finding = RULE.at(place, message);
                let names = || properties.keys().map(String::as_str);
                return Some(match near(part, names()) {
                    Some(near) => {
                        finding.label(format!("did you mean `{near}`?")).guess(place, near)
                    }
                    None => {
                        let names: Vec<String> = names().map(|name| format!("`{name}`")).collect();
                        finding.help(format!("it has {}", names.join(", ")))
                    }
                });
            };
            owner = format!("`{part}`");
            schema = next;
        }
        None
    }

    /// Returns the place of one part of a path, or of the whole where it cannot be told apart.
    fn part(&self, reference: &Reference, wanted: usize) -> Span {
        let source = self.subject.bundle.files.get(usize::from(reference.span.file.0));
        let written = source.map(|source| source.slice(reference.span)).unwrap_or_default();
        let verbatim = reference.value.first().is_some_and(|first| written.starts_with(first));
        let mut at = 0;
        for (index, part) in reference.value.iter().filter(|_| verbatim).enumerate() {
            let Some(found) = written[at..].find(part.as_str()) else { break };
            let start = at + found;
            at = start + part.len();
            if index == wanted {
                return reference.span.part(start, at);
            }
        }
        reference.span
    }
}
