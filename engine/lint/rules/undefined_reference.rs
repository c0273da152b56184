//! `undefined-reference`: a template that reads what does not exist, or does not exist yet.

use crate::diagnostic::{Diagnostic, Level, near};
use crate::expression::Reference;
use crate::lint::places::{self, Place};
use crate::lint::rule::{Profile, Report, Rule, page};
use crate::lint::schema::{End, Owner};
use crate::lint::{Subject, meant};

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

struct Look<'a, 'b> {
    subject: &'a Subject<'b>,
}

impl Look<'_, '_> {
    fn fault(&self, reference: &Reference, at: Place<'_>) -> Option<Diagnostic> {
        let path: Vec<&str> = reference.value.iter().map(String::as_str).collect();
        let error =
            |message: String, part: usize| RULE.at(self.subject.part(reference, part), message);
        match (&path[..], at) {
            (["inputs" | "project" | "stages"], Place::Stage(_) | Place::Item(..)) |
(["inputs" | "project"], _) => None,
            (["inputs", name, ..], _) => self
                .input(name, reference)
                .or_else(|| self.property(format!("`inputs.{name}`"), reference, at)),
            (["project", ..], _) => self.property("`project`".to_owned(), reference, at),
            (["stages", ..], Place::Playbook | Place::Env | Place::Command(_)) => Some(
                error("`stages` is not known here".to_owned(), 0)
                    .help("the preamble, includes, docs, commands and `env` see `inputs` and `project` only"),
            ),
            (["stages", id, rest @ ..], Place::Stage(index) | Place::Item(index, _)) => {
                self.upstream(id, rest, index, reference, at)
            }
            (["args", name, ..], Place::Command(args)) => {
                let known = args.iter().any(|argument| *argument.name == **name) || self.subject.is_unread("args", name);
                (!known).then(|| error(format!("the command has no argument `{name}`"), 1))
            }
            ([name, ..], Place::Item(_, item)) if *name == item => {
                self.property(format!("`{name}`"), reference, at)
            }
            ([name, ..], _) => {
                let mut finding = error(format!("`{name}` is not defined"), 0);
                let mut names = vec!["inputs", "project"];
                match at {
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
        let place = self.subject.part(reference, 1);
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
        at: Place<'_>,
    ) -> Option<Diagnostic> {
        let stages = &self.subject.playbook.stages;
        let stage = &stages[index];
        let Some(earlier) = self.subject.stage(id) else {
            if self.subject.is_unread("stages", id) {
                return None;
            }
            let message = format!("there is no stage `{id}`");
            let place = self.subject.part(reference, 1);
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
            if self.needs_anything(index) {
                return None;
            }
            let message = format!("`{}` does not come after `{id}`", stage.id.value);
            return Some(
                RULE.at(reference.span, message)
                    .related(stages[earlier].id.span, "declared here")
                    .help(format!("add `{id}` to the `needs:` of `{}`", stage.id.value)),
            );
        }
        match rest {
            [] => None,
            ["status", ..] => self.property(format!("the status of `{id}`"), reference, at),
            ["output", ..] => self.property(format!("the output of `{id}`"), reference, at),
            [other, ..] => {
                let message = format!("a stage has no `{other}`");
                Some(
                    RULE.at(self.subject.part(reference, 2), message)
                        .help("it has `output` and `status`"),
                )
            }
        }
    }

    /// Whether a stage, or one before it, needs what is no stage and looks like none: it is told by
    /// another rule, and who was meant comes before, too.
    fn needs_anything(&self, index: usize) -> bool {
        let subject = self.subject;
        let before = subject.graph.ancestors.get(index).into_iter().flatten().copied();
        before.chain(std::iter::once(index)).any(|index| {
            let stage = &subject.playbook.stages[index];
            let unknown = |need: &&crate::source::Spanned<String>| subject.stage(need).is_none();
            let mut unknown = stage.needs.iter().filter(unknown);
            unknown.any(|need| meant(subject.playbook, stage, need).is_none())
        })
    }

    /// Walks along the rest of a path as far as a schema says what there is.
    fn property(
        &self,
        owner: String,
        reference: &Reference,
        place: Place<'_>,
    ) -> Option<Diagnostic> {
        let path: Vec<&str> = reference.iter().map(String::as_str).collect();
        let (declared, walk) = self.subject.types().walk(self.subject, &path, place)?;
        let End::Missing(index, what) = walk.end else { return None };
        let path = &path[declared.parts..];
        let part = path.get(index)?;
        let above = path[..index].iter().rfind(|part| part.parse::<i64>().is_err());
        let owner = above.map_or(owner, |part| format!("`{part}`"));
        let place = self.subject.part(reference, declared.parts + index);
        Some(match what {
            Owner::List => RULE.at(place, format!("{owner} is a list, which has no `{part}`")),
            Owner::Scalar(kind) => {
                RULE.at(place, format!("{owner} is {}, which has no `{part}`", kind.word()))
            }
            Owner::Record(names) => {
                let finding = RULE.at(place, format!("{owner} has no `{part}`"));
                match near(part, names.iter().copied()) {
                    Some(near) => {
                        finding.label(format!("did you mean `{near}`?")).guess(place, near)
                    }
                    None if names.is_empty() => finding.help("its schema names nothing"),
                    None => {
                        let names = names.iter().map(|name| format!("`{name}`"));
                        let names = names.collect::<Vec<_>>().join(", ");
                        finding.help(format!("it has {names}"))
                    }
                }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::lint::sample::{found, of_stages};

    fn read(need: &str) -> Vec<String> {
        let build = format!("needs: [{need}]");
        let stages = [
            ("survey", "needs: []", "Look."),
            ("events", "needs: []", "Look again."),
            ("build", build.as_str(), "Read ${{ stages.survey.output }}."),
            ("report", "needs: [build]", "Tell ${{ stages.survey.output }}."),
        ];
        found("undefined-reference", &of_stages("", "", &stages))
    }

    #[test]
    fn what_follows_from_a_need_that_is_none_is_left_to_it() {
        assert!(read("survey").is_empty());
        assert!(read("survye").is_empty());
        assert!(read("something_else").is_empty());
        assert_eq!(read("events").len(), 2);
        assert_eq!(read("event").len(), 2);
    }
}
