//! Recording: each seam wrapped, and what passes through it written down.

#![expect(clippy::disallowed_methods, reason = "a cassette is a file that the person names")]

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::{BoxFuture, FutureExt as _};
use serde::Serialize;
use serde_json::{Value, json};

use crate::approval::{Answer, Nobody, Person, Question};
use crate::cassette::clean::Cleaner;
use crate::cassette::tree::Tree;
use crate::cassette::{
    Answered, Asked, Called, Command, Doc, Ended, Got, Head, Line, Seen, Sees, Tools, Turn,
};
use crate::gate::redact::Redactor;
use crate::gate::servers::{ServerAnswer, ServerCall, Servers};
use crate::gate::workspace::Snapshot;
use crate::gate::{Invocation, Ran, Rights, Runner};
use crate::model::{Block, Meter, ModelError, Provider, Reply, Request};
use crate::online::ServerTool;
use crate::playbook::Playbook;
use crate::redact::Clean;
use crate::reference::{Fetch, FetchAnswer, FetchError, Page};

/// Characters of a message that a cassette shows.
const SHOWN: usize = 200;

/// Records a run: wraps what answers it, and writes each answer into a file as it comes.
///
/// An answer that cannot be written does not end the run; [`Recorder::finish`] says so.
#[derive(Clone)]
pub struct Recorder {
    tape: Arc<Tape>,
}

struct Tape {
    path: PathBuf,
    cleaner: Cleaner,
    state: Mutex<State>,
}

struct State {
    file: File,
    failed: Option<String>,
}

impl Recorder {
    /// Creates the file, or empties it, and writes the head. `root` is the project's.
    pub fn create(path: &Path, head: &Head, redactor: Redactor, root: &Path) -> io::Result<Self> {
        let file = File::create(path)?;
        let root = root.canonicalize().unwrap_or(root.to_owned());
        let tape = Tape {
            path: path.to_owned(),
            cleaner: Cleaner::new(redactor, &root.to_string_lossy()),
            state: Mutex::new(State { file, failed: None }),
        };
        tape.write(head);
        let recorder = Recorder { tape: Arc::new(tape) };
        recorder.finish()?;
        Ok(recorder)
    }

    /// Wraps what answers requests.
    pub fn provider(&self, inner: Arc<dyn Provider>) -> Arc<dyn Provider> {
        Arc::new(Recording { tape: Arc::clone(&self.tape), inner })
    }

    /// Wraps what runs the commands of a playbook. Those that touch nothing shared run beside
    /// stages that edit, and no change of a file is theirs.
    pub fn runner(&self, inner: Arc<dyn Runner>, playbook: &Playbook) -> Arc<dyn Runner> {
        let parallel = playbook.commands.iter().filter(|command| command.parallel);
        Arc::new(RecordingRunner {
            tape: Arc::clone(&self.tape),
            inner,
            parallel: parallel.map(|command| command.name.value.clone()).collect(),
            tree: Mutex::new(None),
        })
    }

    /// Wraps what gets docs.
    pub fn fetch(&self, inner: Arc<dyn Fetch>) -> Arc<dyn Fetch> {
        Arc::new(Recording { tape: Arc::clone(&self.tape), inner })
    }

    /// Wraps what answers questions.
    pub fn person(&self, inner: Arc<dyn Person>) -> Arc<dyn Person> {
        Arc::new(Recording { tape: Arc::clone(&self.tape), inner })
    }

    /// Wraps what calls the tools of servers, and records which are offered.
    pub fn servers(&self, inner: Arc<dyn Servers>, tools: &[ServerTool]) -> Arc<dyn Servers> {
        if !tools.is_empty() {
            self.tape.write(&Line::Tools(Tools { tools: tools.to_vec() }));
        }
        Arc::new(Recording { tape: Arc::clone(&self.tape), inner })
    }

    /// Records a doc that was taken from the store without asking its host.
    pub fn stored(&self, url: &str, page: &Page) {
        self.tape.doc(url, Got::Page(page.clone()));
    }

    /// Makes sure that everything is on disk, and says what could not be recorded.
    pub fn finish(&self) -> io::Result<()> {
        let state = self.tape.state.lock().unwrap_or_else(PoisonError::into_inner);
        match &state.failed {
            Some(reason) => Err(io::Error::other(reason.clone())),
            None => state.file.sync_all(),
        }
    }
}

impl Tape {
    fn write(&self, line: &impl Serialize) {
        let written = serde_json::to_value(line).map_err(io::Error::other).and_then(|value| {
            let mut text = self.cleaner.value(value).to_string();
            text.push('\n');
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            state.file.write_all(text.as_bytes())
        });
        if let Err(error) = written {
            self.fail(&format!("cannot write the cassette `{}`: {error}", self.path.display()));
        }
    }

    /// Keeps the first thing that went wrong.
    fn fail(&self, reason: &str) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.failed.get_or_insert_with(|| reason.to_owned());
    }

    fn doc(&self, url: &str, got: Got) {
        self.write(&Line::Doc(Doc { url: url.to_owned(), got }));
    }

    /// Cleans a text before it is cut: half a secret would not be known for one.
    fn cut(&self, text: &str) -> String {
        let clean = self.cleaner.relative(&self.cleaner.text(text));
        match clean.char_indices().nth(SHOWN) {
            Some((end, _)) => format!("{}…", &clean[..end]),
            None => clean,
        }
    }

    fn sees(&self, request: &Request) -> Sees {
        let mut sees = Sees::default();
        let mut prose = Vec::new();
        for block in request.messages.last().iter().flat_map(|message| &message.blocks) {
            match block {
                Block::Text(text) => prose.push(text.as_str()),
                Block::Result { id, text, error } => sees.results.push(Seen {
                    call: id.clone(),
                    tool: super::tool_of(request, id).to_owned(),
                    error: *error,
                    text: self.cut(text),
                }),
                Block::Thinking(_) | Block::Call { .. } => {}
            }
        }
        sees.text = self.cut(&prose.join("\n\n"));
        sees
    }

    /// Takes the place of the project out of a reply: another project stands elsewhere.
    fn reply(&self, reply: &Reply) -> Reply {
        let mut reply = reply.clone();
        for block in &mut reply.blocks {
            match block {
                Block::Text(text) => *text = self.cleaner.relative(text),
                Block::Thinking(thinking) => self.cleaner.relative_value(thinking),
                Block::Call { name, input, .. } if matches!(name.as_str(), "edit" | "write") => {
                    self.cleaner.relative_paths(input);
                }
                Block::Call { input, .. } => self.cleaner.relative_value(input),
                Block::Result { .. } => {}
            }
        }
        reply
    }
}

struct Recording<T: ?Sized> {
    tape: Arc<Tape>,
    inner: Arc<T>,
}

impl Provider for Recording<dyn Provider> {
    fn ask<'a>(&'a self, request: &'a Clean<Request>) -> BoxFuture<'a, Result<Reply, ModelError>> {
        async move { self.turn(request, self.inner.ask(request).await) }.boxed()
    }

    fn ask_metered<'a>(
        &'a self,
        request: &'a Clean<Request>,
        meter: &'a dyn Meter,
    ) -> BoxFuture<'a, Result<Reply, ModelError>> {
        async move { self.turn(request, self.inner.ask_metered(request, meter).await) }.boxed()
    }

    fn body(&self, request: &Request) -> Value {
        self.inner.body(request)
    }
}

impl Recording<dyn Provider> {
    fn turn(
        &self,
        request: &Request,
        asked: Result<Reply, ModelError>,
    ) -> Result<Reply, ModelError> {
        let reply = asked?;
        self.tape.write(&Line::Turn(Turn {
            turn: request.turn.clone(),
            sees: self.tape.sees(request),
            replies: self.tape.reply(&reply),
        }));
        Ok(reply)
    }
}

impl Fetch for Recording<dyn Fetch> {
    fn fetch<'a>(
        &'a self,
        url: &'a Clean,
        stored: Option<&'a Page>,
    ) -> BoxFuture<'a, Result<FetchAnswer, FetchError>> {
        async move {
            let answer = self.inner.fetch(url, stored).await;
            match (&answer, stored) {
                (Ok(FetchAnswer::Page(page)), _) | (Ok(FetchAnswer::Unchanged), Some(page)) => {
                    self.tape.doc(url, Got::Page(page.clone()));
                }
                (Ok(FetchAnswer::Unchanged), None) => {}
                (Err(error), _) => self.tape.doc(url, Got::Unreachable(error.reason.clone())),
            }
            answer
        }
        .boxed()
    }
}

impl Servers for Recording<dyn Servers> {
    fn call<'a>(&'a self, call: &'a ServerCall) -> BoxFuture<'a, Result<ServerAnswer, String>> {
        async move {
            let answer = self.inner.call(call).await;
            self.tape.write(&Line::Call(Called {
                at: call.at.clone(),
                server: call.server.clone(),
                tool: call.tool.clone(),
                arguments: call.arguments.clone().into_inner(),
                answer: answer.clone(),
            }));
            answer
        }
        .boxed()
    }
}

impl Person for Recording<dyn Person> {
    fn ask<'a>(&'a self, question: &'a Question) -> BoxFuture<'a, Result<Answer, Nobody>> {
        async move {
            let answer = self.inner.ask(question).await?;
            let (at, asked) = Asked::of(question);
            self.tape.write(&Line::Answer(Answered {
                at: at.clone(),
                asked,
                decision: answer.decision.clone(),
                by: answer.by.clone(),
            }));
            Ok(answer)
        }
        .boxed()
    }
}

struct RecordingRunner {
    tape: Arc<Tape>,
    inner: Arc<dyn Runner>,
    /// Commands that run beside others.
    parallel: BTreeSet<String>,
    tree: Mutex<Option<Tree>>,
}

impl RecordingRunner {
    /// Does something with the watched files, opened the first time.
    fn tree<T>(&self, root: &Path, work: impl FnOnce(&mut Tree) -> Result<T, String>) -> Option<T> {
        let mut tree = self.tree.lock().unwrap_or_else(PoisonError::into_inner);
        let done = match tree.take().map_or_else(|| Tree::open(root, &self.tape.path), Ok) {
            Ok(opened) => work(tree.insert(opened)),
            Err(error) => Err(error.to_string()),
        };
        done.map_err(|reason| self.tape.fail(&format!("cannot record what changed: {reason}"))).ok()
    }

    fn command(&self, invocation: &Invocation, ran: &Result<Ran, String>) -> Command {
        let cleaner = &self.tape.cleaner;
        let clean = |text: &str| cleaner.relative(&cleaner.text(text));
        Command {
            at: invocation.at.clone(),
            name: invocation.name.clone(),
            why: invocation.why.clone(),
            argv: invocation.argv.iter().map(|word| clean(word)).collect(),
            ended: match ran {
                Ok(ran) => Ended::Ran { exit: ran.exit, text: clean(&ran.text), took: ran.took },
                Err(reason) => Ended::NotRun(clean(reason)),
            },
            files: Vec::new(),
        }
    }
}

impl Runner for RecordingRunner {
    fn rights(&self) -> BoxFuture<'_, Rights> {
        self.inner.rights()
    }

    fn run<'a>(&'a self, invocation: &'a Invocation) -> BoxFuture<'a, Result<Ran, String>> {
        async move {
            let watched = !self.parallel.contains(&invocation.name);
            let before: Option<Snapshot> =
                if watched { self.tree(&invocation.root, Tree::look) } else { None };
            let ran = self.inner.run(invocation).await;
            let mut command = self.command(invocation, &ran);
            if let Some(before) = before {
                let cleaner = &self.tape.cleaner;
                let files = self.tree(&invocation.root, |tree| tree.changes(&before, cleaner));
                command.files = files.unwrap_or_default();
            }
            self.tape.write(&Line::Command(command));
            ran
        }
        .boxed()
    }
}

impl std::fmt::Debug for Recorder {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&json!({ "recorder": self.tape.path }).to_string())
    }
}
