//! What is written down before the first stage begins.

use std::io;

use serde_json::Value;

use crate::expression::{Part, Template};
use crate::journal::{At, Event, Journal};
use crate::plan::Plan;
use crate::project::Verdict;
use crate::redact::Redactor;
use crate::reference::{Index, ReferenceKind};

/// What is known of a run before it begins, besides its plan.
pub struct Opening<'a> {
    /// The run's id.
    pub run: &'a str,
    /// Where the playbook is found again.
    pub source: &'a str,
    /// The library that its name is looked up in first.
    pub library: Option<String>,
    /// Stages that are played again, where the run goes on.
    pub again: Vec<String>,
    /// The id of the model that `default` stands for, where a stage needs one.
    pub model: Option<String>,
    /// The cassette it is replayed from.
    pub replay: Option<String>,
    /// What can be looked up.
    pub references: &'a Index,
    /// Masks what must not be written down.
    pub redactor: &'a Redactor,
    /// What the playbook names and could not be had: name and reason.
    pub missing: &'a [(String, String)],
}

/// Begins a journal: the run, its requirements, its references.
pub fn open(journal: &Journal, plan: &Plan, opening: &Opening<'_>) -> io::Result<()> {
    let note = |event: Event| journal.append(opening.redactor.clean_all(event));
    let scope = plan.scope();
    let titled = |stage: &crate::playbook::Stage| {
        let title = stage.title.as_ref().map(|title| title_before(title, &scope));
        (stage.id.value.clone(), title.unwrap_or_default())
    };
    note(Event::RunStarted {
        run: opening.run.to_owned(),
        wizard: env!("CARGO_PKG_VERSION").to_owned(),
        playbook: plan.playbook.name.value.clone(),
        hash: plan.hash.clone(),
        project: plan.project.root.display().to_string(),
        model: opening.model.clone(),
        replay: opening.replay.clone(),
        inputs: plan.inputs.values.clone(),
        stages: plan.playbook.stages.iter().map(titled).collect(),
        source: opening.source.to_owned(),
        library: opening.library.clone(),
        again: opening.again.clone(),
    })?;
    for (text, verdict) in &plan.requirements {
        let (verdict, found) = match verdict {
            Verdict::Met(found) => ("met", found),
            Verdict::Unmet(found) => ("unmet", found),
            Verdict::Unknown(found) => ("unknown", found),
        };
        let (text, verdict, found) = (text.clone(), verdict.to_owned(), found.clone());
        note(Event::Requirement { text, verdict, found })?;
    }
    for reference in &opening.references.references {
        let kind = match reference.kind {
            ReferenceKind::Doc => "doc",
            ReferenceKind::File => "file",
            ReferenceKind::Airplane => "airplane",
        };
        let fetched = reference.fetched.as_ref();
        note(Event::ReferenceReady {
            name: reference.name.clone(),
            kind: kind.to_owned(),
            tokens: reference.tokens,
            hash: reference.hash.clone(),
            fetched: fetched.map(|fetched| {
                let how = serde_json::to_value(fetched.how).unwrap_or_default();
                let how = how.as_str().unwrap_or_default().to_owned();
                (fetched.url.clone(), how, fetched.age)
            }),
        })?;
        if reference.invisible > 0 {
            note(Event::Cleaned {
                at: At::default(),
                tool: "reference".to_owned(),
                about: reference.name.clone(),
                invisible: reference.invisible,
                masked: 0,
            })?;
        }
    }
    for (name, reason) in opening.missing {
        let (name, reason) = (name.clone(), reason.clone());
        note(Event::ReferenceMissing { name, reason })?;
    }
    Ok(())
}

/// Renders a title before any stage was played: what is not known yet is left open.
fn title_before(title: &Template, scope: &Value) -> String {
    title.render_text(scope).unwrap_or_else(|_| {
        let parts = title.parts.iter().map(|part| match part {
            Part::Text(text) => text.clone(),
            Part::Expression(_) => "…".to_owned(),
        });
        parts.collect()
    })
}
