//! Where prose names a stage.

use crate::lint::speech::{Kind, Word};

/// A word that names a stage, or is meant to.
#[derive(Debug, Clone, Copy)]
pub(in crate::lint) struct Mention<'w, 'a> {
    /// The word.
    pub(in crate::lint) word: &'w Word<'a>,
    /// The id in it.
    pub(in crate::lint) id: &'a str,
}

/// What else has stages with names.
const OTHERS: [&str; 16] = [
    "dockerfile",
    "docker",
    "container",
    "image",
    "pipeline",
    "pipelines",
    "ci",
    "workflow",
    "job",
    "jobs",
    "deal",
    "deals",
    "funnel",
    "crm",
    "multi-stage",
    "kanban",
];

/// Returns the words of a sentence that name a stage by saying so: "the stage `a`", "the `a`
/// stage", "stages `a` and `b`", "a later `a` step", `stages.a`; without backticks, "the a stage".
pub(in crate::lint) fn mentions<'w, 'a>(words: &'w [Word<'a>]) -> Vec<Mention<'w, 'a>> {
    let mut found = Vec::new();
    let speaks = |word: &Word<'_>| word.any(&["stage", "stages", "step"]);
    let dotted = |word: &Word<'_>| word.code().is_some_and(|code| code.starts_with("stages."));
    if !words.iter().any(|word| speaks(word) || dotted(word)) {
        return found;
    }
    if words.iter().any(|word| word.any(&OTHERS)) {
        return found;
    }
    let mut listed = false;
    for (at, word) in words.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|before| words.get(before));
        let after = words.get(at + 1);
        let is = |word: Option<&Word<'_>>, names: &[&str]| word.is_some_and(|word| word.any(names));
        match word.kind {
            Kind::Code => {
                if let Some(path) = word.text.strip_prefix("stages.") {
                    let id = path.split('.').next().unwrap_or_default();
                    found.push(Mention { word, id });
                } else if is_id(word.text) {
                    let stage = is(before, &["stage", "stages"])
                        || is(after, &["stage", "stages"])
                        || listed;
                    let step = is(before, &LATER) && is(after, &["step", "steps"]);
                    listed = stage;
                    if stage || step {
                        found.push(Mention { word, id: word.text });
                    }
                }
            }
            Kind::Plain if is(after, &["stage"]) && is(before, &["the", "a", "this", "that"]) => {
                found.push(Mention { word, id: word.text });
                listed = false;
            }
            // What joins the names of a list.
            Kind::Plain if word.any(&["and", "or", "stages"]) => {}
            Kind::Mark if word.mark(&[',']) => {}
            _ => listed = false,
        }
    }
    found
}

/// Words by which a step is one of the playbook and not of something else.
const LATER: [&str; 8] =
    ["later", "earlier", "previous", "next", "following", "preceding", "subsequent", "prior"];

/// Whether a word can be the id of a stage.
fn is_id(word: &str) -> bool {
    word.starts_with(|first: char| first.is_ascii_lowercase())
        && word.chars().all(|letter| {
            letter.is_ascii_lowercase() || letter.is_ascii_digit() || "_-".contains(letter)
        })
}
