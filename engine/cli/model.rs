//! Which model answers: from flags, the environment and the person's settings, never from the
//! project.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use serde::Deserialize;

use crate::cli::surroundings::Surroundings;
use crate::diagnostic::near;
use crate::model::Provider;
use crate::model::catalogue::{Catalogue, Entry, Service};
use crate::model::settings::{Key, connect};
use crate::playbook::Playbook;
use crate::run::Model;

/// Which model answers.
#[derive(Debug, clap::Args)]
pub(super) struct Choice {
    /// The service that answers, such as anthropic, openai or ollama
    #[arg(long, value_name = "NAME", help_heading = "Model")]
    pub(super) provider: Option<String>,

    /// The model that `default` stands for: an id, or an alias such as small
    #[arg(long, value_name = "MODEL", help_heading = "Model")]
    model: Option<String>,

    /// Where the service is
    #[arg(long, value_name = "URL", help_heading = "Model")]
    pub(super) base_url: Option<String>,

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
}

/// A service, chosen and reachable, and what its models cost.
pub(super) struct Chosen {
    pub(super) provider: Arc<dyn Provider>,
    catalogue: Catalogue,
    service: String,
    default: Option<String>,
}

/// Says how to get a model.
pub(super) const NO_MODEL: &str = include_str!("no_model.md");

impl Choice {
    /// Chooses a service and opens the way to it; nothing where none is set up.
    pub(super) fn choose(&self, surroundings: &Surroundings) -> anyhow::Result<Option<Chosen>> {
        let settings = Settings::read(surroundings)?;
        let catalogue = read_catalogue(surroundings)?;
        let named = self.provider.as_deref().or(surroundings.variable("WIZARD_PROVIDER"));
        let named = named.or(settings.provider.as_deref());
        let service = match named {
            Some(name) => catalogue.provider(name).with_context(|| unknown(&catalogue, name))?,
            None => match with_key(&catalogue, surroundings) {
                Some(service) => service,
                None if self.base_url.is_some() || settings.base_url.is_some() => {
                    bail!("`--base-url` wants `--provider NAME`, which says how to speak to it")
                }
                None => return Ok(None),
            },
        };
        let is_own = settings.provider.as_deref().is_none_or(|name| name == service.name);
        let mut endpoint = service.endpoint();
        let from_variable =
            service.base_url_env.iter().find_map(|name| surroundings.variable(name));
        let from_settings = settings.base_url.as_deref().filter(|_| is_own);
        if let Some(url) = self.base_url.as_deref().or(from_variable).or(from_settings) {
            url.clone_into(&mut endpoint.base_url);
        }
        let key = service
            .keys
            .iter()
            .find_map(|source| Some((surroundings.variable(&source.env)?, source.header.clone())));
        let own_key = settings.key.as_deref().filter(|_| is_own);
        let own_key =
            own_key.map(|key| (key, service.keys.first().and_then(|it| it.header.clone())));
        match key.or(own_key) {
            Some((key, header)) => {
                endpoint.key = Some(Key::new(key));
                endpoint.key_header = header;
            }
            // A service at an address of the person's own may need none.
            None if service.keys.is_empty() || self.base_url.is_some() => {}
            None => {
                let names: Vec<&str> =
                    service.keys.iter().map(|source| source.env.as_str()).collect();
                bail!("the service `{}` has no key: set {}", service.name, names.join(" or "));
            }
        }
        if is_own {
            let own = settings.headers.iter();
            endpoint.headers.extend(own.map(|(name, value)| (name.clone(), Key::new(value))));
        }
        for header in &self.header {
            let (name, value) = read_header(header)?;
            endpoint.headers.insert(name, Key::new(&value));
        }
        let provider = connect(endpoint)?;
        let default =
            self.model.clone().or_else(|| surroundings.variable("WIZARD_MODEL").map(str::to_owned));
        let default = default.or(settings.model.filter(|_| is_own));
        let service = service.name.clone();
        Ok(Some(Chosen { provider, catalogue, service, default }))
    }
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
            let entry = self.entry(alias).with_context(|| {
                format!(
                    "the service `{}` has no model for the alias `{alias}`: name one with `--model`, \
                     or under `aliases` in models.toml",
                    self.service
                )
            })?;
            models.insert(alias.to_owned(), model(entry));
        }
        Ok(models)
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
    Model { id: entry.id, price: entry.price, max_tokens, effort: None }
}

fn read_catalogue(surroundings: &Surroundings) -> anyhow::Result<Catalogue> {
    let text = surroundings.setting("models.toml")?;
    Catalogue::read(text.as_deref()).context("the file `models.toml` in your settings is wrong")
}

/// Returns the first service whose key is in the environment, those that need none left out.
fn with_key<'a>(catalogue: &'a Catalogue, surroundings: &Surroundings) -> Option<&'a Service> {
    catalogue
        .providers()
        .find(|service| service.keys.iter().any(|key| surroundings.variable(&key.env).is_some()))
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
