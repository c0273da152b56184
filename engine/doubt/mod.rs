//! A model reads a playbook before it is played, and says what it doubts.
//!
//! **Invariant:** a doubt is kept only when every passage that it quotes stands in the files that
//! the model was shown.

mod facts;
mod passage;

use std::fmt::Write as _;

use serde::Deserialize;
use serde_json::Value;

use crate::lint::doubts::{Doubt, Kind};
use crate::model::{
    Block, Message, ModelError, Provider, Reply, Request, Role, Stop, ToolSpec, TurnId, Usage,
};
use crate::playbook::{Bundle, DocPlace, Output, Playbook};
use crate::redact::Redactor;
use crate::reference::tokens;
use crate::source::{FileId, Span, visible};
use crate::tools::done;

/// The most requests for one playbook: a second where the first answer does not fit.
pub const MOST_REQUESTS: u32 = 2;

/// The most tokens of an answer.
pub const MOST_TOKENS: u32 = 8_000;

/// The most doubts that are kept.
const MOST_DOUBTS: usize = 10;

/// The most characters of a sentence of the model's that are kept.
const MOST_WORDS: usize = 400;

const PROMPT: &str = include_str!("prompt.md");
const ANSWER: &str = include_str!("answer.schema.json");

/// What came of asking about one playbook.
#[derive(Debug)]
pub struct Asked {
    /// What the model doubts, or why nobody knows.
    pub heard: Result<Heard, Unheard>,
    /// The tokens that it took.
    pub usage: Usage,
    /// The service did not say how many for every request, and the rest is estimated.
    pub estimated: bool,
}

/// What a model doubts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Heard {
    /// Those whose quotes stand in the files.
    pub doubts: Vec<Doubt>,
    /// How many quote what does not.
    pub nowhere: usize,
}

/// Why a model was not heard.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Unheard {
    /// It could not be asked.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// Its answer does not fit, and neither does its second.
    #[error("the model's answer does not fit, and neither does its second: {0}")]
    Answer(String),
    /// It refuses.
    #[error("the model refuses to read it")]
    Refused,
    /// It takes longer than it may.
    #[error("the limit of minutes was over before the model had answered")]
    Late,
}

/// An answer as the model gives it.
#[derive(Debug, Deserialize)]
struct Answer {
    doubts: Vec<Raw>,
}

#[derive(Debug, Deserialize)]
struct Raw {
    kind: Kind,
    #[serde(flatten)]
    passage: Passage,
    other: Option<Passage>,
    problem: String,
    cure: Option<String>,
}

/// A place as the model names it.
#[derive(Debug, Deserialize)]
struct Passage {
    file: String,
    line: u32,
    quote: String,
}

/// Assembles the request about a playbook.
pub fn request(bundle: &Bundle, playbook: &Playbook, model: &str, max_tokens: u32) -> Request {
    let mut text = String::new();
    for file in shown(bundle, playbook) {
        let source = &bundle.files[usize::from(file.0)];
        let _ = writeln!(text, "<file name=\"{}\">", source.name);
        for (index, line) in source.text.lines().enumerate() {
            let _ = writeln!(text, "{}: {line}", index + 1);
        }
        text.push_str("</file>\n\n");
    }
    text.push_str(&facts::of(playbook));
    let description = "Give your doubts. Ends the reading.".to_owned();
    Request {
        model: model.to_owned(),
        system: vec![PROMPT.to_owned()],
        tools: vec![ToolSpec { description, ..done::spec(&output()) }],
        messages: vec![Message::user(text)],
        max_tokens: max_tokens.min(MOST_TOKENS),
        effort: None,
        turn: TurnId::default(),
    }
}

/// Asks a model about a playbook, a second time where its answer does not fit.
pub async fn ask(
    provider: &dyn Provider,
    mut request: Request,
    bundle: &Bundle,
    playbook: &Playbook,
    redactor: &Redactor,
) -> Asked {
    let mut asked =
        Asked { heard: Err(Unheard::Refused), usage: Usage::default(), estimated: false };
    for _ in 0..MOST_REQUESTS {
        let reply = match provider.ask(&redactor.clean_all(request.clone())).await {
            Ok(reply) => reply,
            Err(error) => {
                asked.heard = Err(error.into());
                return asked;
            }
        };
        asked.estimated |= reply.usage.is_none();
        asked.usage += reply.usage.unwrap_or_else(|| estimate(&request, &reply));
        if reply.stop == Stop::Refusal {
            asked.heard = Err(Unheard::Refused);
            return asked;
        }
        match read(&reply) {
            Ok(answer) => {
                asked.heard = Ok(placed(answer, bundle, playbook));
                return asked;
            }
            Err(fault) => {
                send_back(&mut request, reply, &fault);
                asked.heard = Err(Unheard::Answer(fault));
            }
        }
    }
    asked
}

/// What the tokens of a request and its reply probably are.
pub fn estimate(request: &Request, reply: &Reply) -> Usage {
    let output = tokens(&serde_json::json!(reply.blocks).to_string());
    Usage { input: sent(request), output, ..Usage::default() }
}

/// How many tokens a request probably has.
pub fn sent(request: &Request) -> u64 {
    tokens(&serde_json::json!(request).to_string())
}

/// The answer, as an output of a stage: the model gives it by calling `done`.
fn output() -> Output {
    let schema = serde_json::from_str(ANSWER).unwrap_or(Value::Null);
    Output::Schema { schema, span: Span::default() }
}

impl Asked {
    /// Says that an answer was not waited for. That the request is paid for all the same is likely.
    pub fn late(request: &Request) -> Self {
        let usage = Usage { input: sent(request), ..Usage::default() };
        Asked { heard: Err(Unheard::Late), usage, estimated: true }
    }
}

/// Takes the answer out of a reply, or says how it departs from what it should be.
fn read(reply: &Reply) -> Result<Answer, String> {
    if reply.stop == Stop::Length {
        return Err("it was cut at the limit of its length; give fewer doubts".to_owned());
    }
    let call = reply.calls().find(|(_, name, _)| *name == "done");
    let (_, _, input) =
        call.ok_or("`done` was not called: call it with your doubts, or with an empty list")?;
    let value = done::output(&output(), input)?;
    serde_json::from_value(value).map_err(|error| error.to_string())
}

/// Adds a reply that does not fit to the conversation, and what is wrong with it.
fn send_back(request: &mut Request, reply: Reply, fault: &str) {
    let results = reply.calls().map(|(id, _, _)| Block::Result {
        id: id.to_owned(),
        text: fault.to_owned(),
        error: true,
    });
    let mut results: Vec<Block> = results.collect();
    if results.is_empty() {
        results.push(Block::Text(fault.to_owned()));
    }
    if !reply.blocks.is_empty() {
        request.messages.push(Message { role: Role::Assistant, blocks: reply.blocks });
    }
    request.messages.push(Message { role: Role::User, blocks: results });
}

/// Finds the passages of an answer, and drops the doubts that quote what does not stand there.
fn placed(answer: Answer, bundle: &Bundle, playbook: &Playbook) -> Heard {
    let files = shown(bundle, playbook);
    let mut heard = Heard::default();
    for raw in answer.doubts {
        let find = |passage: &Passage| {
            passage::find(bundle, &files, &passage.file, passage.line, &passage.quote)
        };
        let other = raw.other.as_ref().map(find);
        let (Some(place), None | Some(Some(_))) = (find(&raw.passage), other) else {
            heard.nowhere += 1;
            continue;
        };
        heard.doubts.push(Doubt {
            kind: raw.kind,
            problem: sentence(&raw.problem),
            cure: raw.cure.as_deref().map(sentence).filter(|cure| !cure.is_empty()),
            place,
            other: other.flatten(),
        });
    }
    heard.doubts.truncate(MOST_DOUBTS);
    heard
}

/// Puts a model's words on one line, without what could not be seen.
fn sentence(words: &str) -> String {
    let words = visible(words).0;
    let line = words.split_whitespace().collect::<Vec<_>>().join(" ");
    let short: String = line.chars().take(MOST_WORDS).collect();
    short.strip_suffix('.').unwrap_or(&short).to_owned()
}

/// The files that the model is shown: what is told to the model that plays, and what it is held
/// to. What that one may only look up is left out.
fn shown(bundle: &Bundle, playbook: &Playbook) -> Vec<FileId> {
    let docs = playbook.docs.iter().chain(playbook.stages.iter().flat_map(|stage| &stage.docs));
    let docs: Vec<&str> = docs
        .filter_map(|doc| match &doc.place {
            DocPlace::File(path) => Some(path.value.as_str()),
            DocPlace::Url(_) => None,
        })
        .collect();
    let named = bundle.named.iter().filter(|(path, _)| !docs.contains(&path.as_str()));
    let mut files: Vec<FileId> =
        named.filter_map(|(_, file)| file.as_ref().ok().copied()).collect();
    files.push(FileId(0));
    files.sort_unstable();
    files.dedup();
    files
}

#[cfg(test)]
mod tests;
