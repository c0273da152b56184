//! What is wrong with a playbook.

mod airplane;
mod allow;
pub mod answers;
mod argv;
mod code;
pub mod doubts;
mod ecosystem;
pub mod family;
pub mod flow;
pub mod gap;
mod key;
mod language;
mod packages;
mod paths;
pub mod places;
pub mod rule;
pub mod rules;
#[cfg(test)]
mod sample;
pub mod schema;
mod slip;
mod speech;
mod tokens;
pub mod types;
mod wants;

use std::cell::OnceCell;
use std::collections::HashMap;
use std::sync::Arc;

use crate::diagnostic::{Diagnostic, near};
use crate::expression::Reference;
use crate::graph::{Cycle, Graph};
use crate::lint::types::Types;
use crate::playbook::{Bundle, Doc, Playbook, Prose, Stage};
use crate::source::{FileId, Span, Spanned};

pub use airplane::{Airplane, AirplaneFile, Flattened, MOST_TOKENS};
pub use code::find_name;
pub use rule::{Profile, Rule};
use speech::{Audience, Speech};

/// The documents of the library that a model can look up, read once they are asked for, each with
/// who can.
type Pages = OnceCell<Vec<(Prose, Audience)>>;

/// Returns the names of the languages that playbooks speak of, sorted.
pub fn languages() -> Vec<&'static str> {
    language::names()
}

/// Flattens an airplane of a bundle, or says what is wrong with it.
pub type Flatten = fn(&Bundle, &str) -> Result<Flattened, String>;

/// Facts from modules above, passed down.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// The words of the engine's tools.
    pub tools: Vec<&'static str>,
    /// How an airplane is flattened.
    pub airplane: Option<Flatten>,
    /// What hosts answered, where they were asked.
    pub answers: Option<Arc<answers::Answers>>,
    /// What a model doubts, where one was asked.
    pub doubts: Option<Arc<doubts::Doubts>>,
    /// Tells whether a path is that of a lock file.
    pub is_lock: Option<fn(&str) -> bool>,
}

/// The name of the rule that tells what a model doubts. Opinions decide nothing: whoever counts
/// findings leaves these out.
pub const DOUBT: &str = rules::model_doubt::RULE.name;

/// What a rule looks at.
pub struct Subject<'a> {
    /// The files.
    pub bundle: &'a Bundle,
    /// The playbook.
    pub playbook: &'a Playbook,
    /// The order of its stages; empty where they go in a circle.
    pub graph: Graph,
    /// The circles in which they go.
    pub cycles: Vec<Cycle>,
    /// What the engine has.
    pub known: &'a Known,
    places: HashMap<&'a str, usize>,
    speeches: OnceCell<Vec<Speech<'a>>>,
    pages: &'a Pages,
    references: OnceCell<Vec<Speech<'a>>>,
    airplanes: OnceCell<Vec<Airplane<'a>>>,
    types: OnceCell<Types>,
}

/// Parses a bundle and holds it against the rules of a profile. Findings are sorted by place;
/// those that the playbook allows are left out.
pub fn check(bundle: &Bundle, known: &Known, profile: Profile) -> (Playbook, Vec<Diagnostic>) {
    let (playbook, mut findings) = crate::playbook::parse(bundle);
    let pages = Pages::new();
    let subject = Subject::new(bundle, &playbook, known, &pages);
    for rule in rules::RULES.iter().filter(|rule| rule.profile <= profile) {
        if let Some(diagnose) = rule.diagnose {
            diagnose(&subject, &mut |finding| findings.push(finding));
        }
    }
    findings.retain(|finding| rules::find(finding.rule).is_none_or(|rule| rule.profile <= profile));
    allow::apply(&subject, profile, &mut findings);
    findings.sort_by(|one, other| {
        (one.span, one.level, one.rule, &one.message).cmp(&(
            other.span,
            other.level,
            other.rule,
            &other.message,
        ))
    });
    findings.dedup();
    (playbook, findings)
}

/// Returns the stage that a need which is none was meant to be, by its letters.
fn meant<'a>(playbook: &'a Playbook, stage: &Stage, need: &str) -> Option<&'a str> {
    let ids = playbook.stages.iter().map(|other| other.id.value.as_str());
    near(need, ids.filter(|id| *id != stage.id.value))
}

/// Orders the stages. A need that is no stage counts as the one that it was meant to be, so that
/// what follows from a slip of the pen is not reported beside it.
fn order(playbook: &Playbook, places: &HashMap<&str, usize>) -> (Graph, Vec<Cycle>) {
    let build = |guesses: bool| {
        let needs = playbook.stages.iter().map(|stage| {
            let needs = stage.needs.iter().filter_map(|need| {
                let known = places.get(need.value.as_str());
                let near = || meant(playbook, stage, need).and_then(|near| places.get(near));
                known.or_else(|| near().filter(|_| guesses)).copied()
            });
            needs.collect()
        });
        crate::graph::build(needs.collect())
    };
    match build(true).or_else(|_| build(false)) {
        Ok(graph) => (graph, Vec::new()),
        Err(cycles) => (Graph::default(), cycles),
    }
}

impl<'a> Subject<'a> {
    /// Makes ready what rules ask for.
    fn new(bundle: &'a Bundle, playbook: &'a Playbook, known: &'a Known, pages: &'a Pages) -> Self {
        let mut places = HashMap::new();
        for (index, stage) in playbook.stages.iter().enumerate() {
            places.entry(stage.id.value.as_str()).or_insert(index);
        }
        let (graph, cycles) = order(playbook, &places);
        Subject {
            bundle,
            playbook,
            graph,
            cycles,
            known,
            places,
            speeches: OnceCell::new(),
            pages,
            references: OnceCell::new(),
            airplanes: OnceCell::new(),
            types: OnceCell::new(),
        }
    }

    /// Returns what is known of the values that templates see.
    pub fn types(&self) -> &Types {
        self.types.get_or_init(|| Types::of(self.playbook))
    }

    /// Returns the index of a stage.
    pub fn stage(&self, id: &str) -> Option<usize> {
        self.places.get(id).copied()
    }

    /// Whether a name is declared under a key of the front matter but could not be read, which is
    /// reported already.
    pub fn is_unread(&self, key: &str, name: &str) -> bool {
        self.playbook.unread.iter().any(|unread| unread == key || unread == name)
    }

    /// Returns every piece of prose: the preamble, includes, and sections.
    pub fn proses(&self) -> impl Iterator<Item = &'a Prose> + use<'a> {
        let playbook = self.playbook;
        let stages = playbook.stages.iter();
        let of_stages = stages.flat_map(|stage| stage.section.iter().chain(&stage.includes));
        std::iter::once(&playbook.preamble).chain(&playbook.includes).chain(of_stages)
    }

    /// Returns what every piece of prose says, in the order of [`Subject::proses`].
    fn speeches(&self) -> &[Speech<'a>] {
        self.speeches.get_or_init(|| speech::speeches(self))
    }

    /// Returns what the documents of the library say that a model can look up: the docs that are
    /// files, and the pages of airplanes.
    fn references(&self) -> &[Speech<'a>] {
        self.references.get_or_init(|| {
            let pages = self.pages.get_or_init(|| speech::pages(self));
            let heard = pages.iter().filter_map(|(prose, audience)| {
                let source = self.bundle.files.get(usize::from(prose.span.file.0))?;
                Some(Speech::new(&source.text, prose, *audience))
            });
            heard.collect()
        })
    }

    /// Whether a program is of another language than the playbook's: that is a rule's own.
    fn is_foreign_program(&self, program: &str) -> bool {
        ecosystem::Own::of(self).foreign_program(program).is_some()
    }

    /// Says in a message whose prose it is.
    fn whose(&self, audience: Audience) -> String {
        match audience {
            Audience::All => "prose for every stage".to_owned(),
            Audience::Stage(index) => {
                let stage = self.playbook.stages.get(index);
                format!("the prose of `{}`", stage.map_or("", |stage| stage.id.value.as_str()))
            }
        }
    }

    /// Returns the stages of a model that read a piece of prose.
    fn readers(&self, audience: Audience) -> Vec<&'a Stage> {
        match audience {
            Audience::All => self.models().map(|(_, stage, _)| stage).collect(),
            Audience::Stage(index) => self.playbook.stages.get(index).into_iter().collect(),
        }
    }

    /// Returns the airplanes that the playbook names and its library has, each once.
    pub fn airplanes(&self) -> &[Airplane<'a>] {
        self.airplanes.get_or_init(|| airplane::of(self.bundle, self.playbook, self.known))
    }

    /// Returns every doc, those of all stages before those of one, each with its stage.
    pub fn docs(&self) -> impl Iterator<Item = (Option<&'a Stage>, &'a Doc)> + use<'a> {
        let playbook = self.playbook;
        let own = playbook
            .stages
            .iter()
            .flat_map(|stage| stage.docs.iter().map(move |doc| (Some(stage), doc)));
        playbook.docs.iter().map(|doc| (None, doc)).chain(own)
    }

    /// Returns the stages that a model plays, each with its index and its section.
    pub fn models(&self) -> impl Iterator<Item = (usize, &'a Stage, &'a Prose)> + use<'a> {
        let stages = self.playbook.stages.iter().enumerate();
        stages.filter_map(|(index, stage)| Some((index, stage, stage.section.as_ref()?)))
    }

    /// Returns the text of a span.
    pub fn text(&self, span: Span) -> &'a str {
        let source = self.bundle.files.get(usize::from(span.file.0));
        source.map(|source| source.slice(span)).unwrap_or_default()
    }

    /// Returns the sentence of a piece of prose in which a place stands.
    pub fn sentence<'b>(&self, prose: &'b Prose, place: Span) -> Option<&'b Spanned<String>> {
        prose.sentences.iter().find(|sentence| {
            sentence.span.file == place.file
                && sentence.span.start <= place.start
                && place.end <= sentence.span.end
        })
    }

    /// Returns the stage to which a place belongs: to its entry in the front matter, to its
    /// section, or to an include of its own.
    pub fn owner(&self, place: Span) -> Option<&'a Stage> {
        let holds = |prose: &Prose| {
            prose.span.file == place.file
                && prose.span.start <= place.start
                && place.end <= prose.span.end
        };
        let stages = &self.playbook.stages;
        if place.file == FileId(0) && place.start < self.playbook.preamble.span.start {
            let entries = stages.iter().filter(|stage| stage.id.span.start <= place.start);
            return entries.max_by_key(|stage| stage.id.span.start);
        }
        stages.iter().find(|stage| stage.section.iter().chain(&stage.includes).any(holds))
    }

    /// Returns the place of a word inside a span, or the span where the word is not found.
    pub fn word(&self, span: Span, word: &str) -> Span {
        let found = self.text(span).find(word);
        found.map_or(span, |start| span.part(start, start + word.len()))
    }

    /// Returns the place of one part of a path, or of the whole where it cannot be told apart.
    pub fn part(&self, reference: &Reference, wanted: usize) -> Span {
        let written = self.text(reference.span);
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

    /// Whether `earlier` comes before `later` on every way through the graph.
    pub fn is_upstream(&self, earlier: usize, later: usize) -> bool {
        self.graph.ancestors.get(later).is_some_and(|before| before.contains(&earlier))
    }
}
