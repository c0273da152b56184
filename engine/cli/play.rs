//! `wizard play`: does it.

#![expect(clippy::disallowed_methods, reason = "a report is written where the person says")]

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use tokio_util::sync::CancellationToken;

use crate::cassette::Cassette;
use crate::cli::demo::Demo;
use crate::cli::folder::{RunFolder, records, runs};
use crate::cli::resume::{Continued, Now, Resumed};
use crate::cli::surroundings::Surroundings;
use crate::cli::target::{Read, Target, show_errors};
use crate::cli::trust::{self, Outside};
use crate::cli::world::{self, Replay, World};
use crate::cli::{FAILED, UNABLE, budget, live, model, print, signals};
use crate::gate::Hall;
use crate::gate::kept::{Blobs, Start};
use crate::gate::marks::Marks;
use crate::gate::redact::Redactor;
use crate::gate::workspace::Workspace;
use crate::journal::{Event, Journal, Listener, Record};
use crate::outline::PowerTable;
use crate::plan::{Plan, Powers};
use crate::playbook::Library;
use crate::run::{self, Earlier, Opening, Past, Seams};

/// Play a playbook in a project
///
/// Results go to standard output, progress to standard error. The exit code is 0 when every
/// stage succeeded, 1 when one failed, 2 when wizard could not do its work, 3 when the run
/// stopped and can go on, 4 when only optional stages failed.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    pub(super) target: Target,

    #[command(flatten)]
    pub(super) how: How,

    /// Play a recorded run on a copy of the playbook's sample project
    #[arg(long, conflicts_with_all = ["project", "replay", "record", "provider", "base_url"])]
    pub(super) demo: bool,

    /// Answer requests, commands, docs and approvals from a recorded run
    #[arg(long, value_name = "FILE")]
    pub(super) replay: Option<PathBuf>,

    /// Use stages of the last run of this playbook again, where all they rest on is as it was
    #[arg(long, conflicts_with_all = ["demo", "replay", "record"])]
    pub(super) reuse: bool,

    /// Record the run
    #[arg(long, value_name = "FILE", conflicts_with = "replay")]
    pub(super) record: Option<PathBuf>,
}

/// How a run is played, whether it begins or goes on.
#[derive(Debug, Clone, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(super) struct How {
    #[command(flatten)]
    pub(super) model: model::Choice,

    /// Accept what is to be approved. Says yes to nothing else
    #[arg(long, short)]
    pub(super) yes: bool,

    /// Trust a playbook from outside, when it has this hash; also a tool of a server
    #[arg(long, value_name = "sha256:HEX", value_parser = trust::pin)]
    pub(super) pin: Vec<String>,

    /// A TOML or JSON file that answers approvals, questions and inputs
    #[arg(long, value_name = "FILE")]
    pub(super) answers: Option<PathBuf>,

    /// A limit of the run: usd, tokens, turns or minutes; `usd=none` takes one away
    #[arg(long, value_name = "NAME=NUMBER")]
    pub(super) budget: Vec<String>,

    /// Use stored docs, ask no host for one
    #[arg(long)]
    pub(super) offline: bool,

    /// Let commands run with your rights: nothing holds them to the project
    #[arg(long)]
    pub(super) unconfined: bool,

    /// Requests to models under way at once
    #[arg(long, value_name = "NUMBER", default_value_t = run::DEFAULT_JOBS)]
    pub(super) jobs: usize,

    /// Ask no model, after the end, what the playbook could have said better
    #[arg(long)]
    pub(super) no_retro: bool,

    /// Print every event as a line of JSON instead of the report
    #[arg(long)]
    pub(super) json: bool,

    /// Write the whole report to a markdown file
    #[arg(long, value_name = "FILE")]
    pub(super) report: Option<PathBuf>,
}

/// A run that is about to begin.
struct Play<'a> {
    arguments: &'a Arguments,
    surroundings: &'a Surroundings,
    bundle: crate::playbook::Bundle,
    plan: Plan,
    /// Where the playbook comes from, as trust is kept by.
    origin: String,
    chosen: Option<model::Chosen>,
    replay: Option<Replay>,
    /// Where runs are kept.
    state: PathBuf,
    /// The run that goes on, if it is one.
    resumed: Option<Resumed>,
}

/// The journal of a run, and what it says of before.
struct Begun {
    folder: RunFolder,
    journal: Arc<Journal>,
    past: Past,
    again: Vec<String>,
}

pub(super) fn run(arguments: &Arguments, surroundings: &Surroundings) -> anyhow::Result<u8> {
    begin(arguments, None, surroundings)
}

/// Goes on with a run.
pub(super) fn go_on(
    arguments: &Arguments,
    resumed: Resumed,
    surroundings: &Surroundings,
) -> anyhow::Result<u8> {
    begin(arguments, Some(resumed), surroundings)
}

fn begin(
    arguments: &Arguments,
    resumed: Option<Resumed>,
    surroundings: &Surroundings,
) -> anyhow::Result<u8> {
    super::memory::close();
    let Read { bundle, playbook, findings, origin, library } =
        arguments.target.read(surroundings)?;
    if show_errors(&bundle, &findings) {
        return Ok(FAILED);
    }
    if let (Some(origin), Library::Held(held)) = (&origin, &bundle.library) {
        let (seal, powers) = (held.seal(), PowerTable::of(&playbook));
        let outside = Outside { origin, seal: &seal, powers: &powers };
        if !trust::settle(&outside, &arguments.how.pin, surroundings)? {
            return Ok(UNABLE);
        }
    }
    let (root, state, replay) = if arguments.demo {
        let Demo { project, state, cassette, name } =
            Demo::lay_out(&library, &playbook.name.value)?;
        (project, state, Some(Replay { cassette, name }))
    } else {
        let replay = arguments.replay.as_deref().map(Replay::read).transpose()?;
        (arguments.target.project.clone(), surroundings.state()?.clone(), replay)
    };
    let needs_model = replay.is_none() && crate::plan::needs_model(&playbook);
    let chosen = if needs_model { arguments.how.model.choose(surroundings)? } else { None };
    if needs_model && chosen.is_none() {
        print::complain(model::NO_MODEL);
        return Ok(UNABLE);
    }
    let project = crate::project::load(&root)?.with_environment(&surroundings.variables);
    let cassette = replay.as_ref().map(|replay| &replay.cassette);
    let inputs =
        super::inputs::resolve(arguments, &playbook, cassette, resumed.as_ref(), surroundings)?;
    let plan = crate::plan::build(&bundle, playbook, inputs, project);
    let origin = origin.map_or(format!("library:{}", plan.playbook.name.value), |it| it.key);
    let play =
        Play { arguments, surroundings, bundle, plan, origin, chosen, replay, state, resumed };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let code = runtime.block_on(play.play());
    // A prompt that was interrupted still waits for its answer in a thread of its own.
    runtime.shutdown_background();
    code
}

impl Play<'_> {
    async fn play(self) -> anyhow::Result<u8> {
        let Play { arguments, surroundings, bundle, plan, origin, chosen, replay, state, resumed } =
            self;
        let cancel = CancellationToken::new();
        signals::listen(cancel.clone());
        let budget = budget::changed(plan.playbook.budget, &arguments.how.budget)?;
        let replayed = replay.as_ref().map(|replay| replay.name.clone());
        let root = plan.project.root.clone();
        let workspace = open(&root, &plan)?;
        let redactor = Redactor::of(&workspace, &plan.inputs, &surroundings.variables);
        let mut world = match replay {
            Some(replay) => World::replayed(replay.cassette, &plan, surroundings)?,
            None => World::open(arguments, &plan, chosen, &redactor, &cancel)?,
        };
        if world.player.is_none() {
            world::refuse_unknown_prices(&plan.playbook, budget, &world.models)?;
        }
        if !world.connect(&plan, &origin, &arguments.how.pin, surroundings, &redactor).await? {
            return Ok(UNABLE);
        }
        let then = resumed.as_ref().filter(|it| !it.update).map(Resumed::references);
        let gathered =
            world.gather(arguments, surroundings, &plan, &bundle, &redactor, then.as_ref()).await?;
        for unsaved in &gathered.unsaved {
            print::complain(&format!("warning: {unsaved}"));
        }
        let before = resumed.as_ref().map_or(&[][..], |resumed| &resumed.records);
        let reuse = earlier(arguments, &state, &plan)?;
        let listeners = vec![listener(arguments, surroundings, before)];
        let Begun { folder, journal, past, again } = match &resumed {
            None => Begun::new(&state, &root, listeners)?,
            Some(resumed) => {
                let now = Now {
                    plan: &plan,
                    models: &world.models,
                    references: &gathered.index,
                    workspace: &workspace,
                };
                Begun::again(&state, &root, listeners, resumed, &now, &redactor, &world)?
            }
        };
        let provider = world.provider(&journal, &redactor);
        let missing = gathered.missing.iter();
        let missing: Vec<_> = missing.map(|it| (it.name.clone(), it.reason.clone())).collect();
        let opening = Opening {
            run: &folder.id,
            source: &arguments.target.source(),
            library: arguments.target.library_named(),
            again,
            model: world.models.get("default").map(|model| model.id.clone()),
            replay: replayed,
            references: &gathered.index,
            redactor: &redactor,
            missing: &missing,
        };
        run::open(&journal, &plan, &opening)?;
        let player = world.player.clone();
        let recorder = world.recorder.clone();
        let hall = Arc::new(Hall {
            playbook: Arc::clone(&plan.playbook),
            project: Arc::clone(&plan.project),
            workspace: open(&root, &plan)?,
            inputs: plan.inputs.clone(),
            journal: Arc::clone(&journal),
            blobs: Blobs::at(&folder.blobs),
            runner: world.runner,
            person: world.person,
            references: gathered.index,
            redactor,
            marks: Marks::of(&folder.id),
            servers: world.servers,
            server_tools: world.server_tools,
            environment: surroundings.variables.clone(),
            floor: Arc::default(),
        });
        let seams = Seams {
            hall,
            provider,
            models: world.models,
            text: bundle.files[0].text.clone(),
            budget,
            jobs: arguments.how.jobs,
            retro: !arguments.how.no_retro,
            past,
            reuse,
            only: resumed.and_then(|resumed| resumed.only),
            cancel,
        };
        let ended = run::execute(&plan, &seams).await;
        told(arguments, &journal, &folder)?;
        if let Some(reason) = player.and_then(|player| player.fault()) {
            anyhow::bail!("{reason}");
        }
        if let Some(recorder) = recorder {
            recorder.finish()?;
        }
        Ok(ended?.exit_code())
    }
}

/// Finds the last run of a playbook in a project, whose stages may be used again.
fn earlier(arguments: &Arguments, state: &Path, plan: &Plan) -> anyhow::Result<Option<Earlier>> {
    if !arguments.reuse {
        return Ok(None);
    }
    let playbook = plan.playbook.name.value.as_str();
    for folder in runs(state, &plan.project.root)?.into_iter().rev() {
        let journal = folder.join("journal.jsonl");
        let Ok(records) = records(state, &journal) else { continue };
        let of = records.iter().find_map(|record| match &record.event {
            Event::RunStarted { playbook, .. } => Some(playbook.as_str()),
            _ => None,
        });
        let Ok(start) = Start::read(&journal, &records) else { continue };
        if of == Some(playbook) {
            let run = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
            return Ok(Some(Earlier { run, past: Past::of(&records, start) }));
        }
    }
    Ok(None)
}

/// Opens the project, and fails where a run would fail with its first edit.
fn open(root: &Path, plan: &Plan) -> anyhow::Result<Workspace> {
    let workspace = Workspace::open(root)
        .with_context(|| format!("cannot open the project `{}`", root.display()))?;
    if plan.powers.iter().any(Powers::edits) {
        workspace.writable().with_context(|| {
            format!("cannot write in `{}`, and the playbook edits files there", root.display())
        })?;
    }
    Ok(workspace)
}

impl Begun {
    fn new(state: &Path, root: &Path, listeners: Vec<Listener>) -> anyhow::Result<Self> {
        let folder = RunFolder::create(state, root)?;
        let journal = Journal::create(&folder.path, &folder.key, listeners)
            .with_context(|| format!("cannot begin a journal in `{}`", folder.path.display()))?;
        Ok(Begun { folder, journal: Arc::new(journal), past: Past::default(), again: Vec::new() })
    }

    /// Opens the journal of a run that goes on, and lets a recording pass over what it answered.
    fn again(
        state: &Path,
        root: &Path,
        listeners: Vec<Listener>,
        resumed: &Resumed,
        now: &Now<'_>,
        redactor: &Redactor,
        world: &World,
    ) -> anyhow::Result<Self> {
        let folder = RunFolder::reopen(state, root, &resumed.folder)?;
        let (journal, records) = Journal::open(&folder.path, &folder.key, listeners)
            .with_context(|| format!("cannot go on with `{}`", folder.path.display()))?;
        let Continued { past, again, left, start } =
            resumed.continued(&records, journal.path(), now)?;
        if let Some(player) = &world.player {
            player.go_on(records.iter().map(|record| &record.event));
        }
        if let Some(start) = start {
            let blobs = Blobs::at(&folder.blobs);
            let kept = blobs.keep_files(now.workspace, &start);
            let kept = kept.and_then(|left_out| start.write(journal.path(), left_out));
            let kept = kept.context("cannot keep what changed since the run began")?;
            journal.append(redactor.clean_all(kept))?;
        }
        if let Some(left) = left {
            journal.append(redactor.clean_all(left))?;
        }
        Ok(Begun { folder, journal: Arc::new(journal), past, again })
    }
}

/// Tells what happens while it happens: to a person on standard error, or to a program.
fn listener(arguments: &Arguments, surroundings: &Surroundings, before: &[Record]) -> Listener {
    if arguments.how.json {
        return live::ndjson(std::io::stdout());
    }
    let columns = surroundings.variable("COLUMNS").and_then(|columns| columns.parse().ok());
    let look = live::Look {
        terminal: std::io::stderr()
            .is_terminal()
            .then(|| columns.unwrap_or_else(print::columns_of_err)),
        color: print::err_has_colors(),
    };
    live::display_on(std::io::stderr(), look, before)
}

/// Folds the journal into a report, keeps it beside the journal, and shows it.
fn told(arguments: &Arguments, journal: &Journal, folder: &RunFolder) -> anyhow::Result<()> {
    let records = crate::journal::read(journal.path())?;
    let report = crate::report::fold(&records).kept_at(journal.path());
    let markdown = crate::report::markdown::render(&report);
    let kept = folder.path.join("report.md");
    std::fs::write(&kept, &markdown)
        .with_context(|| format!("cannot keep the report in `{}`", kept.display()))?;
    if let Some(path) = &arguments.how.report {
        std::fs::write(path, &markdown)
            .with_context(|| format!("cannot write the report `{}`", path.display()))?;
    }
    if !arguments.how.json {
        print::out(&crate::report::text::render(&report, print::out_has_colors()))?;
    }
    Ok(())
}

impl Replay {
    fn read(path: &std::path::Path) -> anyhow::Result<Self> {
        let name = path.display().to_string();
        let bytes = std::fs::read(path).with_context(|| format!("cannot read `{name}`"))?;
        let cassette = Cassette::read(bytes).with_context(|| format!("cannot play `{name}`"))?;
        Ok(Replay { cassette, name })
    }
}
