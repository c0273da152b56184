//! Which model answers: from flags, the environment and the person's settings, never from the
//! project.

#![expect(clippy::disallowed_methods, reason = "settings stand in the person's own folder")]

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use serde::Deserialize;

use crate::cli::surroundings::Surroundings;
use crate::diagnostic::near;
use crate::model::Provider;
use crate::model::catalogue::{Catalogue, Entry};
use crate::model::settings::{Key, connect};
use crate::online::Way;
use crate::playbook::Playbook;
use crate::run::Model;

/// Which model answers.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct Choice {
    #[command(flatten)]
    service: Service,

    /// The model that `default` stands for: an id, or an alias such as small
    #[arg(long, value_name = "MODEL", help_heading = "Model")]
    model: Option<String>,
}

/// The service that answers, and how it is reached.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct Service {
    /// The service that answers, such as anthropic, openai or ollama
    #[arg(long, value_name = "NAME", help_heading = "Model")]
    provider: Option<String>,

    /// Where the service is
    #[arg(long, value_name = "URL", help_heading = "Model")]
    base_url: Option<String>,

    /// A header of every request; `NAME: @FILE` reads its value from a file
    #[arg(long, value_name = "NAME: VALUE", help_heading = "Model")]
    header: Vec<String>,
}

/// `config.toml` in the folder of settings.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Settings {
    /// The service that answers.
    provider: Option<String>,
    /// The model that `default` stands for.
    model: Option<String>,
    /// Where the service is.
    base_url: Option<String>,
    /// The service's key.
    key: Option<String>,
    /// Headers of every request.
    headers: BTreeMap<String, String>,
    /// Servers of tools, by address.
    servers: BTreeMap<String, ServerSettings>,
}

/// What `config.toml` says of a server of tools.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct ServerSettings {
    /// Headers of every request to it: what opens it.
    headers: BTreeMap<String, String>,
}

/// Returns the servers of tools that the person's settings name, by address.
pub(super) fn servers(surroundings: &Surroundings) -> anyhow::Result<BTreeMap<String, Way>> {
    let servers = Settings::read(surroundings)?.servers.into_iter();
    Ok(servers.map(|(url, server)| (url, Way { headers: server.headers, is_own: true })).collect())
}

/// A service, chosen and reachable, and what its models cost.
pub(super) struct Chosen {
    pub(super) provider: Arc<dyn Provider>,
    catalogue: Catalogue,
    service: String,
    default: Option<String>,
}

/// Which service answers and how it is reached, each value with where it comes from.
pub(super) struct Settled {
    catalogue: Catalogue,
    /// The service.
    pub(super) service: Found,
    /// Where it is.
    pub(super) base_url: Found,
    /// Its key, where there is one.
    pub(super) key: Option<Found>,
    /// The header that carries the key, where it is not the usual one.
    key_header: Option<String>,
    /// The model that `default` stands for, where somebody named one.
    pub(super) model: Option<Found>,
    /// Headers of every request.
    headers: BTreeMap<String, String>,
}

/// A value and where it comes from.
pub(super) struct Found {
    pub(super) value: String,
    pub(super) from: String,
}

/// Says how to get a model.
pub(super) const NO_MODEL: &str = include_str!("no_model.md");

impl Service {
    /// Whether any of its flags was given.
    pub(super) fn is_named(&self) -> bool {
        self.provider.is_some() || self.base_url.is_some() || !self.header.is_empty()
    }
}

impl Choice {
    /// Makes a choice of a service and of what `default` stands for.
    pub(super) fn new(service: Service, model: Option<String>) -> Self {
        Choice { service, model }
    }

    /// Chooses a service and opens the way to it; nothing where none is set up.
    pub(super) fn choose(&self, surroundings: &Surroundings) -> anyhow::Result<Option<Chosen>> {
        let Some(settled) = self.settle(surroundings)? else { return Ok(None) };
        let name = settled.service.value;
        let service = settled
            .catalogue
            .provider(&name)
            .with_context(|| unknown(&settled.catalogue, &name))?;
        if settled.key.is_none() && !service.keys.is_empty() && self.service.base_url.is_none() {
            let names: Vec<&str> = service.keys.iter().map(|source| source.env.as_str()).collect();
            bail!("the service `{name}` has no key: set {}", names.join(" or "));
        }
        let mut endpoint = service.endpoint();
        endpoint.base_url = settled.base_url.value;
        endpoint.key = settled.key.map(|key| Key::new(&key.value));
        endpoint.key_header = settled.key_header;
        let headers = settled.headers.iter();
        endpoint.headers.extend(headers.map(|(name, value)| (name.clone(), Key::new(value))));
        Ok(Some(Chosen {
            provider: connect(endpoint)?,
            catalogue: settled.catalogue,
            service: name,
            default: settled.model.map(|model| model.value),
        }))
    }

    /// Returns a service that is not asked anything, to see what it would be sent, and the model
    /// of an alias. Without one of the person's it is the first of the catalogue.
    pub(super) fn unasked(
        &self,
        surroundings: &Surroundings,
        alias: &str,
    ) -> anyhow::Result<(Arc<dyn Provider>, Model)> {
        let (catalogue, name, default) = match self.settle(surroundings)? {
            Some(settled) => (settled.catalogue, settled.service.value, settled.model),
            None => {
                let catalogue = read_catalogue(surroundings)?;
                let name = catalogue.providers().next().map(|service| service.name.clone());
                (catalogue, name.unwrap_or_default(), None)
            }
        };
        let service = catalogue.provider(&name).with_context(|| unknown(&catalogue, &name))?;
        let provider = connect(service.endpoint())?;
        let default = default.map(|model| model.value);
        let chosen = Chosen { provider: Arc::clone(&provider), catalogue, service: name, default };
        let entry = chosen.entry(alias);
        Ok((
            provider,
            model(entry.unwrap_or_else(|| Entry { id: alias.to_owned(), ..Entry::default() })),
        ))
    }

    /// Finds out which service answers: a flag, then the environment, then the person's settings
    /// decide, and a key in the environment where none of them says. Nothing where nothing does.
    pub(super) fn settle(&self, surroundings: &Surroundings) -> anyhow::Result<Option<Settled>> {
        let settings = Settings::read(surroundings)?;
        let catalogue = read_catalogue(surroundings)?;
        let named = first([
            flag("--provider", self.service.provider.as_ref()),
            variable(surroundings, "WIZARD_PROVIDER"),
            setting("provider", settings.provider.as_ref()),
        ]);
        let chosen = named.or_else(|| with_key(&catalogue, surroundings));
        let Some(chosen) = chosen else {
            if self.service.base_url.is_some() || settings.base_url.is_some() {
                bail!("`--base-url` wants `--provider NAME`, which says how to speak to it");
            }
            return Ok(None);
        };
        let name = chosen.value.as_str();
        let service = catalogue.provider(name).with_context(|| unknown(&catalogue, name))?;
        // What the settings say belongs to the service that they name.
        let is_own = settings.provider.as_deref().is_none_or(|own| own == name);
        let settings = if is_own { settings } else { Settings::default() };
        let base_url = first([
            flag("--base-url", self.service.base_url.as_ref()),
            service.base_url_env.iter().find_map(|name| variable(surroundings, name)),
            setting("base_url", settings.base_url.as_ref()),
        ]);
        let base_url = base_url.unwrap_or_else(|| Found {
            value: service.base_url.clone(),
            from: "models.toml".to_owned(),
        });
        let from_variable = service
            .keys
            .iter()
            .find_map(|source| Some((variable(surroundings, &source.env)?, source.header.clone())));
        let usual = || service.keys.first().and_then(|source| source.header.clone());
        let from_settings = setting("key", settings.key.as_ref()).map(|key| (key, usual()));
        let (key, key_header) = match from_variable.or(from_settings) {
            Some((key, header)) => (Some(key), header),
            None => (None, None),
        };
        let model = first([
            flag("--model", self.model.as_ref()),
            variable(surroundings, "WIZARD_MODEL"),
            setting("model", settings.model.as_ref()),
        ]);
        let mut headers = settings.headers;
        for header in &self.service.header {
            let (name, value) = read_header(header)?;
            headers.insert(name, value);
        }
        Ok(Some(Settled { service: chosen, base_url, key, key_header, model, headers, catalogue }))
    }
}

fn first(found: [Option<Found>; 3]) -> Option<Found> {
    found.into_iter().flatten().next()
}

fn flag(name: &str, value: Option<&String>) -> Option<Found> {
    value.map(|value| Found { value: value.clone(), from: name.to_owned() })
}

fn variable(surroundings: &Surroundings, name: &str) -> Option<Found> {
    let value = surroundings.variable(name)?;
    Some(Found { value: value.to_owned(), from: format!("the variable {name}") })
}

fn setting(key: &str, value: Option<&String>) -> Option<Found> {
    value.map(|value| Found { value: value.clone(), from: format!("`{key}` in config.toml") })
}

impl Chosen {
    /// Returns what each alias of a playbook stands for.
    pub(super) fn models(&self, playbook: &Playbook) -> anyhow::Result<BTreeMap<String, Model>> {
        let mut models = BTreeMap::new();
        for stage in playbook.stages.iter().filter(|stage| stage.run.is_none()) {
            let alias = stage.model.value.as_str();
            if models.contains_key(alias) {
                continue;
            }
            models.insert(alias.to_owned(), self.model(alias)?);
        }
        Ok(models)
    }

    /// Returns what an alias stands for.
    pub(super) fn model(&self, alias: &str) -> anyhow::Result<Model> {
        let entry = self.entry(alias).with_context(|| {
            format!(
                "the service `{}` has no model for the alias `{alias}`: name one with `--model`, \
                 or under `aliases` in models.toml",
                self.service
            )
        })?;
        Ok(model(entry))
    }

    fn entry(&self, alias: &str) -> Option<Entry> {
        if let Some(named) = self.default.as_deref().filter(|_| alias == "default") {
            let known = self.catalogue.alias(&self.service, named);
            return Some(known.unwrap_or_else(|| self.catalogue.model(&self.service, named)));
        }
        self.catalogue.alias(&self.service, alias)
    }
}

/// Returns the models of a replay: the recorded one, at the catalogue's price.
pub(super) fn replayed(
    playbook: &Playbook,
    id: &str,
    surroundings: &Surroundings,
) -> anyhow::Result<BTreeMap<String, Model>> {
    let catalogue = read_catalogue(surroundings)?;
    let entry = catalogue.listed(id);
    let entry = entry.unwrap_or_else(|| Entry { id: id.to_owned(), ..Entry::default() });
    let aliases = playbook.stages.iter().map(|stage| stage.model.value.clone());
    Ok(aliases.map(|alias| (alias, model(entry.clone()))).collect())
}

fn model(entry: Entry) -> Model {
    let max_tokens = entry.reply_tokens();
    Model { id: entry.id, price: entry.price, max_tokens, context: entry.context, effort: None }
}

fn read_catalogue(surroundings: &Surroundings) -> anyhow::Result<Catalogue> {
    let text = surroundings.setting("models.toml")?;
    Catalogue::read(text.as_deref()).context("the file `models.toml` in your settings is wrong")
}

/// Returns the first service whose key is in the environment, those that need none left out.
fn with_key(catalogue: &Catalogue, surroundings: &Surroundings) -> Option<Found> {
    catalogue.providers().find_map(|service| {
        let mut keys = service.keys.iter();
        let key = keys.find(|key| surroundings.variable(&key.env).is_some())?;
        Some(Found {
            value: service.name.clone(),
            from: format!("the variable {} is set", key.env),
        })
    })
}

fn unknown(catalogue: &Catalogue, name: &str) -> String {
    let names: Vec<&str> = catalogue.providers().map(|service| service.name.as_str()).collect();
    match near(name, names.iter().copied()) {
        Some(near) => format!("there is no service `{name}`; did you mean `{near}`?"),
        None => format!("there is no service `{name}`; there is {}", names.join(", ")),
    }
}

fn read_header(flag: &str) -> anyhow::Result<(String, String)> {
    let (name, value) =
        flag.split_once(':').with_context(|| format!("`--header {flag}` wants NAME: VALUE"))?;
    let value = value.trim();
    let value = match value.strip_prefix('@') {
        Some(file) => std::fs::read_to_string(file)
            .with_context(|| format!("cannot read the header `{name}` from `{file}`"))?,
        None => value.to_owned(),
    };
    Ok((name.trim().to_owned(), value))
}

impl Settings {
    fn read(surroundings: &Surroundings) -> anyhow::Result<Self> {
        let Some(text) = surroundings.setting("config.toml")? else {
            return Ok(Settings::default());
        };
        toml::from_str(&text).context("the file `config.toml` in your settings is wrong")
    }
}
