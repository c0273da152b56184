//! `undefined-reference`: a template that reads what does not exist, or does not exist yet.

use crate::diagnostic::{Diagnostic, Level, near};
use crate::expression::{Expression, Reference, Template};
use crate::lint::Subject;
use crate::lint::rule::{Report, Rule, page};
use crate::playbook::{CheckKind, Items, Pattern, Stage};

pub(super) const RULE: Rule = Rule {
    name: "undefined-reference",
    level: Level::Error,
    page: page!("undefined-reference"),
    diagnose: Some(diagnose),
};

/// Where a template stands: what it may read.
#[derive(Clone, Copy)]
enum Place<'a> {
    /// The preamble, an include, a doc, a command, an env value: `inputs` and `project`.
    Playbook,
    /// A command's word: the names of its arguments besides.
    Command(&'a [crate::playbook::Argument]),
    /// A stage: the stages before it besides.
    Stage(usize),
    /// A stage's item: the item's name besides.
    Item(usize, &'a str),
}

fn diagnose(subject: &Subject<'_>, report: Report<'_>) {
    let playbook = subject.playbook;
    let mut look = Look { subject, report };
    for prose in std::iter::once(&playbook.preamble).chain(&playbook.includes) {
        look.template(&prose.text, Place::Playbook);
    }
    let docs = playbook.docs.iter().chain(playbook.stages.iter().flat_map(|stage| &stage.docs));
    for doc in docs {
        if let crate::playbook::DocPlace::Url(url) = &doc.place {
            look.template(url, Place::Playbook);
        }
    }
    for command in &playbook.commands {
        for word in &command.words {
            look.template(word, Place::Command(&command.args));
        }
    }
    for (_, value) in playbook.env.iter().flat_map(|env| &env.keys) {
        look.template(value, Place::Playbook);
    }
    for (index, stage) in playbook.stages.iter().enumerate() {
        look.stage(index, stage);
    }
}

struct Look<'a, 'b> {
    subject: &'a Subject<'a>,
    report: Report<'b>,
}

impl Look<'_, '_> {
    fn stage(&mut self, index: usize, stage: &Stage) {
        let outside = Place::Stage(index);
        let inside = match &stage.for_each {
            Some(for_each) => Place::Item(index, &for_each.name.value),
            None => outside,
        };
        if let Some(when) = &stage.when {
            self.expression(when, outside);
        }
        if let Some(for_each) = &stage.for_each {
            match &for_each.items {
                Items::List(list) => self.expression(list, outside),
                Items::Files { glob, containing } => {
                    self.template(glob, outside);
                    containing.iter().for_each(|text| self.template(text, outside));
                }
            }
            for_each.files.iter().for_each(|files| self.template(files, inside));
            if let Some(serde_json::Value::String(max)) =
                for_each.max.as_ref().map(|max| &max.value)
            {
                let (max, _) = Template::parse(max, for_each.span);
                self.template(&max, outside);
            }
        }
        for text in stage.title.iter().chain(stage.section.iter().map(|section| &section.text)) {
            self.template(text, inside);
        }
        for include in &stage.includes {
            self.template(&include.text, Place::Playbook);
        }
        for check in &stage.checks {
            match &check.kind {
                CheckKind::Run(_) => {}
                CheckKind::File(text)
                | CheckKind::Changed(text)
                | CheckKind::Unchanged(text)
                | CheckKind::Env(text) => self.template(text, inside),
                CheckKind::Contains {
                    text: Pattern::Text(text) | Pattern::Regex(text),
                    within,
                } => {
                    self.template(text, inside);
                    self.template(within, inside);
                }
                CheckKind::Json { file, pointer, .. } => {
                    self.template(file, inside);
                    self.template(pointer, inside);
                }
            }
        }
    }

    fn template(&mut self, template: &Template, place: Place<'_>) {
        for expression in template.expressions() {
            self.expression(expression, place);
        }
    }

    fn expression(&mut self, expression: &Expression, place: Place<'_>) {
        for reference in expression.references() {
            if let Some(finding) = self.fault(&reference, place) {
                (self.report)(finding);
            }
        }
    }

    fn fault(&self, reference: &Reference, place: Place<'_>) -> Option<Diagnostic> {
        let path: Vec<&str> = reference.value.iter().map(String::as_str).collect();
        let error = |message: String| Diagnostic::error(RULE.name, reference.span, message);
        match (&path[..], place) {
            (["inputs"] | ["project" | "stages"], Place::Stage(_) | Place::Item(..))
            | (["inputs"] | ["project"], _) => None,
            (["inputs", name, ..], _) => self.input(name, reference),
            (["project", field, ..], _) => {
                const FIELDS: [&str; 3] = ["name", "languages", "package_manager"];
                (!FIELDS.contains(field)).then(|| {
                    error(format!("`project` has no `{field}`")).help(format!("it has {}", FIELDS.join(", ")))
                })
            }
            (["stages", ..], Place::Playbook | Place::Command(_)) => Some(
                error("`stages` is not known here".to_owned())
                    .help("the preamble, includes, docs, commands and `env` see `inputs` and `project` only"),
            ),
            (["stages", id, rest @ ..], Place::Stage(index) | Place::Item(index, _)) => {
                self.upstream(id, rest, index, reference)
            }
            (["args", name, ..], Place::Command(args)) => {
                let known = args.iter().any(|argument| *argument.name == **name);
                (!known).then(|| error(format!("the command has no argument `{name}`")))
            }
            ([name, ..], Place::Item(_, item)) if *name == item => None,
            ([name, ..], _) => {
                let mut finding = error(format!("`{name}` is not defined"));
                let mut names = vec!["inputs", "project"];
                match place {
                    Place::Playbook => {}
                    Place::Command(_) => names.push("args"),
                    Place::Stage(_) => names.push("stages"),
                    Place::Item(_, item) => names.extend(["stages", item]),
                }
                finding = match near(name, names.iter().copied()) {
                    Some(near) => finding.label(format!("did you mean `{near}`?")),
                    None => finding.help(format!("what is defined here: {}", names.join(", "))),
                };
                Some(finding)
            }
            ([], _) => None,
        }
    }

    fn input(&self, name: &str, reference: &Reference) -> Option<Diagnostic> {
        let inputs = || self.subject.playbook.inputs.iter().map(|input| input.name.value.as_str());
        if inputs().any(|known| known == name) {
            return None;
        }
        let message = format!("the playbook has no input `{name}`");
        let finding = Diagnostic::error(RULE.name, reference.span, message);
        Some(match near(name, inputs()) {
            Some(near) => finding.label(format!("did you mean `{near}`?")),
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
            let message = format!("there is no stage `{id}`");
            let finding = Diagnostic::error(RULE.name, reference.span, message);
            let ids = stages.iter().map(|stage| stage.id.value.as_str());
            return Some(match near(id, ids) {
                Some(near) => finding.label(format!("did you mean `{near}`?")),
                None => finding,
            });
        };
        if !self.subject.graph.ancestors.is_empty() && !self.subject.is_upstream(earlier, index) {
            let message = format!("`{}` does not come after `{id}`", stage.id.value);
            return Some(
                Diagnostic::error(RULE.name, reference.span, message)
                    .related(stages[earlier].id.span, "declared here")
                    .help(format!("add `{id}` to the `needs:` of `{}`", stage.id.value)),
            );
        }
        match rest {
            [] | ["status"] => None,
            ["output", path @ ..] => property(&stages[earlier], path, reference),
            [other, ..] => {
                let message = format!("a stage has no `{other}`");
                Some(
                    Diagnostic::error(RULE.name, reference.span, message)
                        .help("it has `output` and `status`"),
                )
            }
        }
    }
}

/// Walks the producer's schema as far as it says what there is.
fn property(stage: &Stage, path: &[&str], reference: &Reference) -> Option<Diagnostic> {
    let whole = crate::lint::rules::output_schema(stage);
    let mut schema = &whole;
    let mut place = format!("the output of `{}`", stage.id.value);
    for part in path {
        if schema["type"] == "array" {
            if part.parse::<usize>().is_err() {
                let message = format!("{place} is a list, which has no `{part}`");
                return Some(Diagnostic::error(RULE.name, reference.span, message));
            }
            schema = &schema["items"];
            continue;
        }
        let Some(properties) = schema["properties"].as_object() else { return None };
        let Some(next) = properties.get(*part) else {
            if schema.get("additionalProperties").is_some_and(|more| *more != false)
                || schema.get("patternProperties").is_some()
            {
                return None;
            }
            let message = format!("{place} has no `{part}`");
            let finding = Diagnostic::error(RULE.name, reference.span, message);
            let names = properties.keys().map(String::as_str);
            return Some(match near(part, names) {
                Some(near) => finding.label(format!("did you mean `{near}`?")),
                None => {
                    let names: Vec<&str> = properties.keys().map(String::as_str).collect();
                    finding.help(format!("it has {}", names.join(", ")))
                }
            });
        };
        place = format!("`{part}`");
        schema = next;
    }
    None
}
