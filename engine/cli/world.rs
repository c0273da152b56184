//! What a run reaches the world through, by what the person asked for.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use tokio_util::sync::CancellationToken;

use crate::approval::{Chain, Person, Yes};
use crate::cassette::{Cassette, Head, Player, Recorder};
use crate::cli::online::stand_in;
use crate::cli::play::Arguments;
use crate::cli::surroundings::Surroundings;
use crate::cli::{ask, inputs, model, trust};
use crate::gate::Runner;
use crate::gate::command::{SystemRunner, Unconfined};
use crate::gate::redact::Redactor;
use crate::gate::servers::{NoServers, Servers};
use crate::journal::{At, Event, Journal};
use crate::model::Provider;
use crate::model::retry::Retrying;
use crate::online::{self, ServerTool};
use crate::plan::Plan;
use crate::playbook::{Budget, Bundle, Playbook};
use crate::reference::{Dial, Fetch, Gathered, HttpFetch, Reach, Sources, Store, gather};
use crate::run::Model;

/// A recorded run that answers instead of the world.
pub(super) struct Replay {
    pub(super) cassette: Cassette,
    /// Its name, for people.
    pub(super) name: String,
}

/// The seams of a run.
pub(super) struct World {
    /// What answers requests; absent where no stage needs a model.
    provider: Option<Arc<dyn Provider>>,
    pub(super) models: BTreeMap<String, Model>,
    pub(super) runner: Arc<dyn Runner>,
    pub(super) person: Arc<dyn Person>,
    fetch: Arc<dyn Fetch>,
    /// Calls tools of servers.
    pub(super) servers: Arc<dyn Servers>,
    /// The tools of servers that were accepted.
    pub(super) server_tools: Vec<ServerTool>,
    pub(super) player: Option<Arc<Player>>,
    pub(super) recorder: Option<Recorder>,
}

impl World {
    /// Opens the way to what answers: a model, this machine and a person; and to a recording of
    /// them where one is asked for.
    pub(super) fn open(
        arguments: &Arguments,
        plan: &Plan,
        chosen: Option<model::Chosen>,
        redactor: &Redactor,
        cancel: &CancellationToken,
    ) -> anyhow::Result<World> {
        let playbook = &plan.playbook;
        let models = chosen.as_ref().map(|chosen| chosen.models(playbook)).transpose()?;
        let models = models.unwrap_or_default();
        let provider = chosen.map(|chosen| chosen.provider);
        let mut world = World {
            provider,
            models,
            runner: Arc::new(runner(arguments.how.unconfined, redactor.clone(), cancel)?),
            person: person(arguments, playbook)?,
            fetch: Arc::new(HttpFetch::new()),
            servers: Arc::new(NoServers),
            server_tools: Vec::new(),
            player: None,
            recorder: None,
        };
        if let Some(path) = &arguments.record {
            let model = world.models.get("default").map(|model| model.id.as_str());
            let head = Head::of(plan, model);
            let recorder = Recorder::create(path, &head, redactor.clone(), &plan.project.root)
                .with_context(|| format!("cannot record to `{}`", path.display()))?;
            world.runner = recorder.runner(world.runner, playbook);
            world.person = recorder.person(world.person);
            world.fetch = recorder.fetch(world.fetch);
            world.recorder = Some(recorder);
        }
        Ok(world)
    }

    /// Opens a cassette, which answers everything.
    pub(super) fn replayed(
        cassette: Cassette,
        plan: &Plan,
        surroundings: &Surroundings,
    ) -> anyhow::Result<World> {
        let id = cassette.head.model.clone().unwrap_or_default();
        let models = model::replayed(&plan.playbook, &id, surroundings)?;
        let player = Arc::new(Player::new(cassette));
        Ok(World {
            servers: player.clone(),
            server_tools: player.tools().to_vec(),
            provider: Some(player.clone()),
            models,
            runner: player.clone(),
            person: player.clone(),
            fetch: player.clone(),
            player: Some(player),
            recorder: None,
        })
    }

    /// Returns what answers requests: asked again where that may help, which the journal is told,
    /// and recorded.
    pub(super) fn provider(
        &self,
        journal: &Arc<Journal>,
        redactor: &Redactor,
    ) -> Option<Arc<dyn Provider>> {
        let provider = self.provider.clone()?;
        if self.player.is_some() {
            return Some(provider);
        }
        let (journal, redactor) = (Arc::clone(journal), redactor.clone());
        let notify: crate::model::retry::Notify = Arc::new(move |turn, wait| {
            let at = At { stage: turn.stage.clone(), item: turn.item };
            let (reason, counted) = (wait.reason.clone(), wait.counted);
            let wait = u64::try_from(wait.time.as_millis()).unwrap_or(u64::MAX);
            // The next event meets the same journal, and ends the run if it cannot be written.
            let event = Event::RequestRetried { at, reason, wait, counted };
            let _ = journal.append(redactor.clean_all(event));
        });
        let provider: Arc<dyn Provider> = Arc::new(Retrying::new(provider, notify));
        Some(match &self.recorder {
            Some(recorder) => recorder.provider(provider),
            None => provider,
        })
    }

    /// Asks the servers of which the playbook grants tools, and says whether these were accepted.
    pub(super) async fn connect(
        &mut self,
        plan: &Plan,
        origin: &str,
        pins: &[String],
        surroundings: &Surroundings,
        redactor: &Redactor,
    ) -> anyhow::Result<bool> {
        if self.player.is_some() || online::granted(&plan.playbook).is_empty() {
            return Ok(true);
        }
        let mut dial = Dial::default();
        if let Some(server) = stand_in(surroundings) {
            dial = dial.stand_in(server);
        }
        let ways = model::servers(surroundings)?;
        // A server that answers with what opens it tells no model.
        for value in ways.values().flat_map(|way| way.headers.values()) {
            redactor.learn("server", value);
            value.split_once(' ').inspect(|(_, token)| redactor.learn("server", token));
        }
        let asked = online::connect(&plan.playbook, &ways, &dial).await;
        let (tools, connections) = asked.map_err(anyhow::Error::msg)?;
        if !trust::tools::settle(&tools, origin, pins, surroundings)? {
            return Ok(false);
        }
        self.servers = Arc::new(connections);
        if let Some(recorder) = &self.recorder {
            self.servers = recorder.servers(Arc::clone(&self.servers), &tools);
        }
        self.server_tools = tools;
        Ok(true)
    }

    /// Gets the docs and airplanes of a playbook.
    pub(super) async fn gather(
        &self,
        arguments: &Arguments,
        surroundings: &Surroundings,
        plan: &Plan,
        bundle: &Bundle,
        redactor: &Redactor,
        then: Option<&BTreeMap<String, String>>,
    ) -> anyhow::Result<Gathered> {
        let store = match &self.player {
            Some(_) => Store::new(&std::env::temp_dir()),
            None => Store::new(&surroundings.cache()?.join("docs")),
        };
        let reach = match &self.player {
            Some(_) => Reach::Replay,
            None if arguments.how.offline => Reach::Offline,
            None => Reach::Online,
        };
        let now = jiff::Timestamp::now().as_second();
        let fetch = self.fetch.as_ref();
        let sources = |reach| Sources { fetch, store: &store, reach, now, redactor };
        // A run that goes on sees the pages that it saw, as long as they are stored.
        if let Some(then) = then.filter(|_| reach == Reach::Online) {
            let kept = sources(Reach::Offline);
            if let Ok(kept) = gather(&plan.playbook, bundle, &plan.scope(), kept).await
                && kept.index.references.iter().all(|it| then.get(&it.name) == Some(&it.hash))
                && kept.index.references.len() == then.len()
            {
                return Ok(kept);
            }
        }
        let sources = sources(reach);
        let gathered = gather(&plan.playbook, bundle, &plan.scope(), sources).await?;
        if let Some(recorder) = &self.recorder {
            for (url, page) in &gathered.pages {
                recorder.stored(url, page);
            }
        }
        Ok(gathered)
    }
}

/// Says why a budget of money cannot be held: a model whose price nobody knows.
pub(super) fn refuse_unknown_prices(
    playbook: &Playbook,
    budget: Budget,
    models: &BTreeMap<String, Model>,
) -> anyhow::Result<()> {
    for stage in playbook.stages.iter().filter(|stage| stage.run.is_none()) {
        let Some(model) = models.get(&stage.model.value) else { continue };
        if model.price.is_none() && budget.usd.or(stage.budget.usd).is_some() {
            bail!(
                "the price of the model `{}` is not known, and the playbook has a budget of money; \
                 give its price in models.toml (0 for a model of your own), or pass \
                 `--budget usd=none`",
                model.id
            );
        }
    }
    Ok(())
}

/// Makes what runs commands: this program starts them, and confines itself first.
fn runner(
    unconfined: bool,
    redactor: Redactor,
    cancel: &CancellationToken,
) -> anyhow::Result<SystemRunner> {
    let launcher = std::env::current_exe().context("cannot find this program's own file")?;
    let unconfined = match unconfined {
        true => Unconfined::Allowed,
        false if cfg!(windows) => Unconfined::Asked,
        false => Unconfined::Refused,
    };
    Ok(SystemRunner::new(cancel.clone(), redactor, launcher, unconfined))
}

/// Who answers: an answers file, then `--yes`, then whoever is at the terminal.
fn person(arguments: &Arguments, playbook: &Playbook) -> anyhow::Result<Arc<dyn Person>> {
    let mut links: Vec<Arc<dyn Person>> = Vec::new();
    if let Some(answers) = inputs::answers(arguments)? {
        answers.hold(playbook)?;
        links.push(Arc::new(answers));
    }
    if arguments.how.yes {
        links.push(Arc::new(Yes));
    }
    if let Some(terminal) = ask::Terminal::open() {
        links.push(Arc::new(terminal));
    }
    Ok(Arc::new(Chain::new(links)))
}
