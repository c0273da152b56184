//! Every place of a playbook where a template can stand, and what it may read there.

use serde_json::Value;

use crate::expression::{Expression, Template};
use crate::lint::Subject;
use crate::playbook::{Argument, CheckKind, DocPlace, Items, Pattern, Stage};
use crate::source::Spanned;

/// Where a template stands: what it may read.
#[derive(Debug, Clone, Copy)]
pub enum Place<'a> {
    /// The preamble, an include, a doc: `inputs` and `project`.
    Playbook,
    /// The value of an env key: the same, and the only place of a secret.
    Env,
    /// A command's word: the names of its arguments besides.
    Command(&'a [Argument]),
    /// A stage: the stages before it besides.
    Stage(usize),
    /// A stage's item: the item's name besides.
    Item(usize, &'a str),
}

/// Shows every template of a playbook with its place.
pub fn templates<'a>(subject: &Subject<'a>, visit: &mut dyn FnMut(&Template, Place<'a>)) {
    let playbook = subject.playbook;
    for prose in std::iter::once(&playbook.preamble).chain(&playbook.includes) {
        visit(&prose.text, Place::Playbook);
    }
    let docs = playbook.docs.iter().chain(playbook.stages.iter().flat_map(|stage| &stage.docs));
    for doc in docs {
        if let DocPlace::Url(url) = &doc.place {
            visit(url, Place::Playbook);
        }
    }
    for command in &playbook.commands {
        command.words.iter().for_each(|word| visit(word, Place::Command(&command.args)));
    }
    for (_, value) in playbook.env.iter().flat_map(|env| &env.keys) {
        visit(value, Place::Env);
    }
    for (index, stage) in playbook.stages.iter().enumerate() {
        of_stage(subject, index, stage, visit);
    }
}

/// Shows every expression of a playbook with its place: those of templates, `when` and `in`.
pub fn expressions<'a>(subject: &Subject<'a>, visit: &mut dyn FnMut(&Expression, Place<'a>)) {
    templates(subject, &mut |template, place| {
        template.expressions().for_each(|expression| visit(expression, place));
    });
    for (index, stage) in subject.playbook.stages.iter().enumerate() {
        if let Some(when) = &stage.when {
            visit(when, Place::Stage(index));
        }
        if let Some(Items::List(list)) = stage.for_each.as_ref().map(|for_each| &for_each.items) {
            visit(list, Place::Stage(index));
        }
    }
}

fn of_stage<'a>(
    subject: &Subject<'a>,
    index: usize,
    stage: &'a Stage,
    visit: &mut dyn FnMut(&Template, Place<'a>),
) {
    let outside = Place::Stage(index);
    let mut inside = outside;
    if let Some(for_each) = &stage.for_each {
        inside = Place::Item(index, &for_each.name.value);
        if let Items::Files { glob, containing } = &for_each.items {
            visit(glob, outside);
            containing.iter().for_each(|text| visit(text, outside));
        }
        for_each.files.iter().for_each(|files| visit(files, inside));
        if let Some(max) = &for_each.max {
            visit(&of_value(subject, max), outside);
        }
    }
    for text in stage.title.iter().chain(stage.section.iter().map(|section| &section.text)) {
        visit(text, inside);
    }
    stage.includes.iter().for_each(|include| visit(&include.text, Place::Playbook));
    for check in &stage.checks {
        match &check.kind {
            CheckKind::Run(_) => {}
            CheckKind::File(text)
            | CheckKind::Changed(text)
            | CheckKind::Unchanged(text)
            | CheckKind::Env(text) => visit(text, inside),
            CheckKind::Contains { text: Pattern::Text(text) | Pattern::Regex(text), within } => {
                visit(text, inside);
                visit(within, inside);
            }
            CheckKind::Json { file, pointer, equals } => {
                visit(file, inside);
                visit(pointer, inside);
                equals.iter().for_each(|equals| visit(&of_value(subject, equals), inside));
            }
        }
    }
}

/// Takes a value that may be a template for one.
fn of_value(subject: &Subject<'_>, value: &Spanned<Value>) -> Template {
    match &value.value {
        Value::String(text) => Template::parse(text, subject.word(value.span, text)).0,
        _ => Template::default(),
    }
}
