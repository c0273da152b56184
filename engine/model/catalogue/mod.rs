//! Which services there are, what their models cost and what aliases stand for.

mod layer;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use toml::{Table, Value};

use crate::model::Usage;
use crate::model::catalogue::layer::Layer;
use crate::model::http::Timeouts;
use crate::model::settings::{Dialect, Efforts, Endpoint, Key};

/// The services that the engine knows, under what the user adds and changes.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Catalogue {
    services: BTreeMap<String, Service>,
}

/// A service, before there is a key.
#[derive(Debug, Clone, PartialEq)]
pub struct Service {
    /// The word it is chosen by.
    pub name: String,
    /// Its wire format.
    pub wire: String,
    /// Where it is, when no variable says otherwise.
    pub base_url: String,
    /// Environment variables that may say where it is, the first that is set wins.
    pub base_url_env: Vec<String>,
    /// Environment variables that may hold its key, the first that is set wins. Empty where it
    /// needs none.
    pub keys: Vec<KeySource>,
    /// Headers of every request.
    pub headers: BTreeMap<String, String>,
    /// How long it may take.
    pub timeouts: Timeouts,
    /// What aliases stand for.
    pub aliases: BTreeMap<String, String>,
    max_tokens_key: String,
    models: BTreeMap<String, Entry>,
    /// What is assumed of a model that is not listed.
    other: Entry,
}

/// A variable that may hold a key, and how that key is sent.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeySource {
    /// The variable's name.
    pub env: String,
    /// The header, where it is not the wire's own; in `authorization` it stands after `Bearer`.
    #[serde(default)]
    pub header: Option<String>,
}

/// What is known of a model.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Its id at its service.
    pub id: String,
    /// What it costs, where that is known.
    pub price: Option<Price>,
    /// The most tokens of one reply.
    pub max_output: u32,
    /// The most tokens it can read, where that is known.
    pub context: Option<u64>,
    /// How it is told how hard to think.
    pub effort: Efforts,
}

/// US dollars for a million tokens.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// Sent, neither read from nor written to the cache.
    pub input: f64,
    /// Received.
    pub output: f64,
    /// Sent and read from the cache.
    pub cache_read: f64,
    /// Sent and written to the cache.
    pub cache_write: f64,
    /// What long requests cost instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub above: Option<Above>,
}

/// US dollars for a million tokens of a request that sends more than so many.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Above {
    /// The most tokens sent at the usual price.
    pub tokens: u64,
    /// Sent, neither read from nor written to the cache.
    pub input: f64,
    /// Received.
    pub output: f64,
    /// Sent and read from the cache.
    pub cache_read: f64,
    /// Sent and written to the cache.
    pub cache_write: f64,
}

/// What is wrong with the user's catalogue.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct CatalogueError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong there.
    pub message: String,
}

/// What comes with the engine.
const OURS: &str = include_str!("models.toml");

/// The most tokens of a reply where nothing is known.
const MAX_OUTPUT: u32 = 8_192;

/// The most tokens that one reply asks for: what it may cost is reserved before it is sent, and
/// a model's own limit may be most of a budget.
const REPLY: u32 = 32_000;

impl Catalogue {
    /// Reads the engine's catalogue, and over it the user's, field by field.
    pub fn read(user: Option<&str>) -> Result<Self, CatalogueError> {
        let text = user.unwrap_or_default();
        // Alone first, so that what is wrong with it is told by its own lines.
        let own: Layer = toml::from_str(text).map_err(|error| wrong(text, &error))?;
        let mut whole: Table = toml::from_str(OURS).map_err(|error| wrong(OURS, &error))?;
        overlay(&mut whole, toml::from_str(text).map_err(|error| wrong(text, &error))?);
        let whole = whole.to_string();
        let whole: Layer = toml::from_str(&whole).map_err(|error| wrong(&whole, &error))?;
        let mut services = BTreeMap::new();
        for (name, layer) in whole.providers {
            let name = name.into_inner();
            let service = layer.service(&name).map_err(|fault| fault.at(text, &own, &name))?;
            services.insert(name, service);
        }
        Ok(Catalogue { services })
    }

    /// Returns the service of that name.
    pub fn provider(&self, name: &str) -> Option<&Service> {
        self.services.get(name)
    }

    /// Returns all services, by name.
    pub fn providers(&self) -> impl Iterator<Item = &Service> {
        self.services.values()
    }

    /// Returns the model that an alias stands for.
    pub fn alias(&self, provider: &str, alias: &str) -> Option<Entry> {
        let id = self.services.get(provider)?.aliases.get(alias)?;
        Some(self.model(provider, id))
    }

    /// Returns what is known of a model that some service lists.
    pub fn listed(&self, id: &str) -> Option<Entry> {
        self.services.values().find_map(|service| service.models.get(id)).cloned()
    }

    /// Returns what is known of a model. One that is not listed has no price, but where all of
    /// its service's models cost the same.
    pub fn model(&self, provider: &str, id: &str) -> Entry {
        let service = self.services.get(provider);
        let listed = service.and_then(|service| service.models.get(id));
        let other = || service.map_or_else(Entry::default, |service| service.other.clone());
        listed.cloned().unwrap_or_else(|| Entry { id: id.to_owned(), ..other() })
    }
}

impl Service {
    /// Returns where the service is, without a key.
    pub fn endpoint(&self) -> Endpoint {
        let headers = self.headers.iter().map(|(name, value)| (name.clone(), Key::new(value)));
        let efforts = self.models.iter().map(|(id, model)| (id.clone(), model.effort));
        Endpoint {
            headers: headers.collect(),
            timeouts: self.timeouts,
            dialect: Dialect {
                max_tokens_key: self.max_tokens_key.clone(),
                efforts: efforts.collect(),
            },
            ..Endpoint::new(&self.wire, &self.base_url)
        }
    }
}

impl Entry {
    /// Returns how many tokens a reply should ask for at most.
    pub fn reply_tokens(&self) -> u32 {
        self.max_output.min(REPLY)
    }
}

impl Default for Entry {
    fn default() -> Self {
        Entry {
            id: String::new(),
            price: None,
            max_output: MAX_OUTPUT,
            context: None,
            effort: Efforts::default(),
        }
    }
}

impl Price {
    /// Returns what the tokens of one request and its reply cost, in US dollars.
    #[expect(clippy::cast_precision_loss, reason = "token counts stay far below 2^52")]
    pub fn cost(&self, usage: Usage) -> f64 {
        let million = |tokens: u64, price: f64| tokens as f64 * price / 1_000_000.0;
        let (input, output, cache_read, cache_write) =
            match self.above.filter(|above| usage.sent() > above.tokens) {
                Some(above) => (above.input, above.output, above.cache_read, above.cache_write),
                None => (self.input, self.output, self.cache_read, self.cache_write),
            };
        million(usage.input, input)
            + million(usage.output, output)
            + million(usage.cache_read, cache_read)
            + million(usage.cache_write, cache_write)
    }

    /// Returns the most that so many tokens may cost, in US dollars, however the service counts
    /// those that are sent.
    pub fn most(&self, sent: u64, output: u64) -> f64 {
        let none = Usage { output, ..Usage::default() };
        let ways = [
            Usage { input: sent, ..none },
            Usage { cache_read: sent, ..none },
            Usage { cache_write: sent, ..none },
        ];
        let usual = Price { above: None, ..*self };
        let prices = [self, &usual];
        let costs = prices.iter().flat_map(|price| ways.map(|usage| price.cost(usage)));
        costs.fold(0.0, f64::max)
    }
}

/// Lays the user's tables over ours; what is not a table replaces ours.
fn overlay(ours: &mut Table, own: Table) {
    for (key, value) in own {
        match (ours.get_mut(&key), value) {
            (Some(Value::Table(ours)), Value::Table(own)) => overlay(ours, own),
            (_, value) => {
                ours.insert(key, value);
            }
        }
    }
}

fn wrong(text: &str, error: &toml::de::Error) -> CatalogueError {
    let line = line(text, error.span().map_or(0, |span| span.start));
    // A parser's message may run over lines; the second names what would do.
    CatalogueError { line, message: error.message().replace('\n', ", ") }
}

fn line(text: &str, at: usize) -> usize {
    text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn read(user: &str) -> Catalogue {
        Catalogue::read(Some(user)).unwrap()
    }

    fn error(user: &str) -> String {
        Catalogue::read(Some(user)).unwrap_err().to_string()
    }

    #[test]
    fn what_comes_with_the_engine_is_whole() {
        let catalogue = Catalogue::read(None).unwrap();
        for service in catalogue.providers() {
            for (alias, id) in &service.aliases {
                let entry = catalogue.alias(&service.name, alias).unwrap();
                assert_eq!(&entry.id, id);
                assert!(entry.price.is_some(), "{id} of {}", service.name);
            }
            crate::model::connect(service.endpoint()).unwrap();
        }
        for name in ["anthropic", "openai"] {
            assert!(catalogue.alias(name, "default").is_some(), "{name}");
            assert!(catalogue.alias(name, "small").is_some(), "{name}");
            assert!(!catalogue.provider(name).unwrap().keys.is_empty(), "{name}");
        }
        for name in ["ollama", "llamacpp", "vllm"] {
            let service = catalogue.provider(name).unwrap();
            assert!(service.base_url.starts_with("http://localhost:"), "{name}");
            assert_eq!(service.keys, []);
            let price = catalogue.model(name, "anything").price.unwrap();
            let usage = Usage { input: 9, cache_read: 9, cache_write: 9, output: 9 };
            assert!(price.cost(usage).abs() < f64::EPSILON, "{name}");
        }
    }

    #[test]
    fn an_unknown_model_works_without_a_price() {
        let catalogue = Catalogue::read(None).unwrap();
        let entry = catalogue.model("anthropic", "claude-of-tomorrow");
        assert_eq!(entry.id, "claude-of-tomorrow");
        assert_eq!(entry.price, None);
        assert!(entry.max_output >= MAX_OUTPUT);
        assert_eq!(catalogue.model("nobody", "x").price, None);
        assert_eq!(catalogue.alias("anthropic", "gigantic"), None);
        assert_eq!(catalogue.provider("nobody"), None);
    }

    #[test]
    fn the_user_changes_single_fields() {
        let ours = Catalogue::read(None).unwrap();
        let id = ours.alias("anthropic", "default").unwrap().id;
        let theirs = read(&format!(
            "[providers.anthropic]\nbase_url = \"http://localhost:1\"\naliases.mine = \"{id}\"\n\
             [providers.anthropic.models.{id}]\nprice.output = 1\n"
        ));
        let (before, after) = (ours.model("anthropic", &id), theirs.model("anthropic", &id));
        let price = before.price.unwrap();
        assert_eq!(after.price, Some(Price { output: 1.0, ..price }));
        assert_eq!(after.max_output, before.max_output);
        let service = theirs.provider("anthropic").unwrap();
        assert_eq!(service.base_url, "http://localhost:1");
        assert_eq!(service.keys, ours.provider("anthropic").unwrap().keys);
        assert_eq!(theirs.alias("anthropic", "mine"), Some(after));
        assert!(theirs.alias("anthropic", "small").is_some());
    }

    #[test]
    fn the_user_adds_a_provider() {
        let theirs = read(
            "[providers.gateway]\nwire = \"openai\"\nbase_url = \"https://gateway.example\"\n\
             keys = [{env = \"GATEWAY_KEY\"}]\nheaders = {x-team = \"a\"}\n\
             max_tokens_key = \"max_completion_tokens\"\ntimeouts.idle = 300\n\
             price = {input = 2, output = 8}\nmodels.big = {effort = \"never\"}\n",
        );
        let service = theirs.provider("gateway").unwrap();
        let endpoint = service.endpoint();
        assert_eq!(endpoint.timeouts.idle, Duration::from_mins(5));
        assert_eq!(endpoint.timeouts.connect, Timeouts::default().connect);
        assert_eq!(endpoint.dialect.max_tokens_key, "max_completion_tokens");
        assert_eq!(endpoint.dialect.efforts("big"), Efforts::Never);
        assert_eq!(endpoint.dialect.efforts("small"), Efforts::Levels);
        assert_eq!(endpoint.headers["x-team"], Key::new("a"));
        let price = theirs.model("gateway", "big").price.unwrap();
        assert_eq!(
            price,
            Price { input: 2.0, output: 8.0, cache_read: 2.0, cache_write: 2.5, above: None }
        );
    }

    #[test]
    fn errors_name_the_line() {
        let cases = [
            ("\na = [\n", "line 2: unclosed array"),
            ("\n[provider.x]\n", "line 2: unknown field `provider`"),
            ("[providers.openai]\nbase = \"x\"\n", "line 2: unknown field `base`"),
            (
                "[providers.x]\nwire = \"soap\"\n",
                "line 2: there is no wire `soap`; there are `anthropic`, `openai`",
            ),
            ("\n[providers.x]\nwire = \"openai\"\n", "line 2: the provider `x` has no `base_url`"),
            (
                "[providers.openai.models.x]\nprice.input = -1\n",
                "line 2: a price is 0 or more US dollars for a million tokens",
            ),
            (
                "[providers.openai]\n\n[providers.openai.models.x]\nprice.input = 1\n",
                "line 3: the model `x` of `openai`: a price needs both `input` and `output`",
            ),
            (
                "[providers.openai.models.x]\nmax_output = \"many\"\n",
                "line 2: invalid type: string \"many\", expected u32",
            ),
        ];
        for (text, expected) in cases {
            let error = error(text);
            assert!(error.starts_with(expected), "{text}: {error}");
        }
    }

    #[test]
    fn a_long_request_costs_the_other_price() {
        let price = read(
            "[providers.openai.models.x.price]\ninput = 1\noutput = 2\n\
             above = {tokens = 1000, input = 10, output = 20}\n",
        );
        let price = price.model("openai", "x").price.unwrap();
        let usage = |input, cache_read| Usage { input, cache_read, cache_write: 0, output: 1000 };
        assert!((price.cost(usage(1000, 0)) - 0.003).abs() < 1e-9);
        assert!((price.cost(usage(501, 500)) - (0.00501 + 0.005 + 0.02)).abs() < 1e-9);
    }

    #[test]
    fn a_reply_never_asks_for_all_that_a_model_could_write() {
        let entry = |max_output| Entry { max_output, ..Entry::default() };
        assert_eq!(entry(128_000).reply_tokens(), REPLY);
        assert_eq!(entry(4_096).reply_tokens(), 4_096);
    }
}
