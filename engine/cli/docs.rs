//! `wizard docs`: the docs of a playbook, held against what they were.

#![expect(clippy::disallowed_methods, reason = "`wizard.lock` stands beside the playbook")]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::{Context as _, anyhow, bail};
use clap::Subcommand;
use serde_json::json;
use similar::TextDiff;

use crate::cli::online::stand_in;
use crate::cli::replace::replace;
use crate::cli::surroundings::Surroundings;
use crate::cli::target::{Read, Target};
use crate::cli::trust::origin::Remote;
use crate::cli::{FAILED, SUCCEEDED, UNABLE, print};
use crate::journal::shown;
use crate::lint::find_name;
use crate::plan::Inputs;
use crate::playbook::{Library, Playbook, Prose, beside};
use crate::redact::Redactor;
use crate::reference::{
    Difference, DocLock, Document, How, HttpFetch, LOCK, Locked, Reach, Sources, Store, documents,
    tokens,
};

/// Fetch a playbook's docs, and say what changed in them
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Fetch the docs, and note in `wizard.lock` beside the playbook what they are now
    ///
    /// Do so after a play that went well, and commit the file: what changes later is held against
    /// it.
    Fetch(Asked),
    /// Say whether the docs are still what `wizard.lock` says. The exit code is 1 when not
    Check(Asked),
    /// Show what changed in the docs since, and which sentences of the playbook name what is gone
    Diff(Asked),
}

#[derive(Debug, clap::Args)]
struct Asked {
    #[command(flatten)]
    target: Target,

    /// Ask no host: what was fetched before is taken
    #[arg(long)]
    offline: bool,
}

/// The docs of a playbook, now and as they were.
struct Case {
    read: Read,
    /// The playbook's file, as `wizard.lock` names it.
    file: String,
    /// The path of `wizard.lock` in the library.
    path: String,
    lock: DocLock,
    documents: Vec<Document>,
    store: Store,
}

pub(super) fn run(arguments: &Arguments, surroundings: &Surroundings) -> anyhow::Result<u8> {
    match &arguments.what {
        What::Fetch(asked) => Case::open(asked, surroundings)?.fetch(),
        What::Check(asked) => Case::open(asked, surroundings)?.compare(false),
        What::Diff(asked) => Case::open(asked, surroundings)?.compare(true),
    }
}

impl Case {
    /// Reads the playbook and its lock, and asks for its docs.
    fn open(asked: &Asked, surroundings: &Surroundings) -> anyhow::Result<Case> {
        if Remote::read(&asked.target.playbook)?.is_some() {
            bail!("docs are noted beside a playbook; name a file, or one that `wizard list` shows");
        }
        let read = asked.target.read(surroundings)?;
        let own = asked.target.library.clone().or_else(|| surroundings.library());
        let (_, path) = crate::playbook::resolve(&asked.target.playbook, own.as_deref())?;
        let file = path.rsplit('/').next().unwrap_or(&path).to_owned();
        let path = beside(&path, LOCK).context("the playbook stands in no folder")?;
        let lock = match read.library.read(&path) {
            Ok(bytes) => DocLock::read(&String::from_utf8_lossy(&bytes))
                .map_err(|reason| anyhow!("`{}`: {reason}", read.library.shown(&path)))?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => DocLock::default(),
            Err(error) => bail!("cannot read `{}`: {error}", read.library.shown(&path)),
        };
        let store = Store::new(&surroundings.cache()?.join("docs"));
        let documents = documents_of(asked, &read.playbook, &store, surroundings)?;
        Ok(Case { read, file, path, lock, documents, store })
    }

    fn fetch(mut self) -> anyhow::Result<u8> {
        let Library::Folder(root) = &self.read.library else {
            bail!("the playbook is no file here, so nothing can be noted beside it; name its path");
        };
        let path = root.join(&self.path);
        let day = jiff::Timestamp::now().to_string().chars().take(10).collect::<String>();
        let words = names(&self.read.playbook);
        let mut now = Vec::new();
        let mut lost = false;
        for document in &self.documents {
            let before = self.lock.of(&self.file, document);
            let locked = document.got.as_ref().ok().map(|got| {
                let has = |word: &&String| !find_name(&got.text, word).is_empty();
                let names = words.iter().filter(has).cloned().collect();
                Locked::of(&self.file, document, got, day.clone(), names, before)
            });
            lost |= locked.is_none();
            if let Ok(got) = &document.got {
                self.store.keep(&got.text).context("cannot keep what was fetched")?;
            }
            print::out(&fetched(document))?;
            now.push(locked);
        }
        self.lock.put(&self.file, &self.documents, now);
        let text = self.lock.write().map_err(anyhow::Error::msg)?;
        write(&path, &text).with_context(|| format!("cannot write `{}`", path.display()))?;
        print::out(&format!("noted in {}\n", path.display()))?;
        Ok(if lost { UNABLE } else { SUCCEEDED })
    }

    fn compare(&self, whole: bool) -> anyhow::Result<u8> {
        let (mut changed, mut lost) = (false, false);
        for document in &self.documents {
            let name = title(document);
            let got = match &document.got {
                Ok(got) => got,
                Err(reason) => {
                    lost = true;
                    print::out(&format!("{name}: not known: {}\n", shown::line(reason)))?;
                    continue;
                }
            };
            let Some(locked) = self.lock.of(&self.file, document) else {
                changed = true;
                print::out(&format!("{name}: not in {LOCK}; `wizard docs fetch` notes it\n"))?;
                continue;
            };
            if locked.is(&got.text) {
                print::out(&format!("{name}: as on {}\n", locked.fetched))?;
                continue;
            }
            changed = true;
            let difference = locked.difference(&got.text, &|text, word| {
                !find_name(text, word).is_empty() || self.elsewhere(document, word)
            });
            print::out(&summary(&name, locked, &difference))?;
            if whole {
                print::out(&details(&difference))?;
                print::out(&self.lines(locked, &got.text, &name))?;
            }
            print::out(&self.sentences(&difference.lost, &name))?;
        }
        if self.documents.is_empty() {
            print::out("it has no docs that are fetched\n")?;
        }
        Ok(match (changed, lost) {
            (true, _) => FAILED,
            (false, true) => UNABLE,
            (false, false) => SUCCEEDED,
        })
    }

    /// Whether another doc of the playbook has a name.
    fn elsewhere(&self, document: &Document, word: &str) -> bool {
        let others = self.documents.iter().filter(|other| !std::ptr::eq(*other, document));
        let mut texts = others.filter_map(|other| other.got.as_ref().ok());
        texts.any(|got| !find_name(&got.text, word).is_empty())
    }

    /// Shows the lines that differ, where the old text is at hand.
    fn lines(&self, locked: &Locked, text: &str, name: &str) -> String {
        let Some(old) = self.store.kept(&locked.sha256) else {
            return "  (what it was is not at hand here, so its lines are not shown)\n".to_owned();
        };
        let diff = TextDiff::from_lines(&old, text);
        let before = format!("{name} of {}", locked.fetched);
        let text = diff.unified_diff().context_radius(2).header(&before, name).to_string();
        let lines = text.lines().map(|line| format!("{}\n", shown::line(line)));
        lines.collect()
    }

    /// Finds the sentences of the playbook that name what a doc has no more.
    fn sentences(&self, lost: &[String], doc: &str) -> String {
        let mut text = String::new();
        for prose in proses(&self.read.playbook) {
            for sentence in &prose.sentences {
                for word in lost {
                    let code = format!("`{word}`");
                    let Some(at) = sentence.value.find(&code) else { continue };
                    let file = usize::from(sentence.span.file.0);
                    let Some(source) = self.read.bundle.files.get(file) else { continue };
                    let place = source.place(sentence.span.part(at, at).start);
                    let said = shown::line(sentence.value.trim());
                    let _ = writeln!(
                        text,
                        "  {}:{}:{}: names {code}, which {doc} has no more\n    {said}",
                        source.name, place.line, place.column
                    );
                }
            }
        }
        text
    }
}

fn documents_of(
    asked: &Asked,
    playbook: &Playbook,
    store: &Store,
    surroundings: &Surroundings,
) -> anyhow::Result<Vec<Document>> {
    let project = asked.target.project(surroundings)?;
    let given = asked.target.given(playbook, surroundings)?;
    let inputs = Inputs::sketch(playbook, &given);
    let scope = json!({"inputs": inputs.values, "project": project.scope()});
    let redactor = Redactor::of_environment(&surroundings.variables);
    let mut fetch = HttpFetch::new();
    if let Some(server) = stand_in(surroundings) {
        fetch = fetch.stand_in(server);
    }
    let reach = if asked.offline { Reach::Offline } else { Reach::Online };
    let now = jiff::Timestamp::now().as_second();
    let sources = Sources { fetch: &fetch, store, reach, now, redactor: &redactor };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let documents = runtime.block_on(documents(playbook, &scope, sources));
    runtime.shutdown_background();
    Ok(documents)
}

/// Returns what a playbook names in backticks, each once.
fn names(playbook: &Playbook) -> BTreeSet<String> {
    let words = proses(playbook).flat_map(|prose| &prose.code_words);
    let words = words.map(|word| word.value.trim().to_owned());
    words.filter(|word| word.chars().filter(|letter| letter.is_alphabetic()).count() > 2).collect()
}

fn proses(playbook: &Playbook) -> impl Iterator<Item = &Prose> {
    let stages = playbook.stages.iter();
    let of_stages = stages.flat_map(|stage| stage.section.iter().chain(&stage.includes));
    std::iter::once(&playbook.preamble).chain(&playbook.includes).chain(of_stages)
}

fn title(document: &Document) -> String {
    match &document.stage {
        Some(stage) => format!("{stage}/{}", document.name),
        None => document.name.clone(),
    }
}

fn fetched(document: &Document) -> String {
    let name = title(document);
    let got = match &document.got {
        Ok(got) => got,
        Err(reason) => return format!("{name}: not fetched: {}\n", shown::line(reason)),
    };
    let how = match got.how {
        How::Unchanged => "unchanged",
        How::Stored | How::Stale => "as it was stored",
        How::Fetched | How::Replayed => "fetched",
    };
    let at = shown::line(&got.page.url);
    format!("{name}: {how}, {} tokens, {at}\n", tokens(&got.text))
}

fn summary(name: &str, locked: &Locked, difference: &Difference) -> String {
    let Difference { added, removed, changed, lost } = difference;
    let parts = [(changed, "changed"), (added, "new"), (removed, "gone")];
    let parts = parts.iter().filter(|(titles, _)| !titles.is_empty());
    let parts =
        parts.map(|(titles, what)| format!("{} {what}", shown::plural(titles.len(), "section")));
    let mut parts: Vec<String> = parts.collect();
    if !lost.is_empty() {
        parts.push(format!("{} of the playbook gone", shown::plural(lost.len(), "name")));
    }
    format!("{name}: changed since {}: {}\n", locked.fetched, parts.join(", "))
}

fn details(difference: &Difference) -> String {
    let parts = [
        (&difference.changed, "changed"),
        (&difference.added, "new"),
        (&difference.removed, "gone"),
    ];
    let lines = parts.iter().flat_map(|(titles, what)| {
        titles.iter().map(move |title| format!("  {what}: {}\n", shown::line(title)))
    });
    lines.collect()
}

/// Writes a file that may be new, whole or not at all.
fn write(path: &PathBuf, text: &str) -> std::io::Result<()> {
    match std::fs::File::create_new(path) {
        Ok(_) => {}
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(error),
    }
    replace(path, text)
}
