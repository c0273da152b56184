//! A catalogue as it is written, and what is assumed where it says nothing.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use toml::Spanned;

use crate::model::catalogue::{Above, CatalogueError, Entry, KeySource, Price, Service, line};
use crate::model::http::Timeouts;
use crate::model::providers::{self, WIRES};
use crate::model::settings::Efforts;

/// Writing to a cache costs this much more than sending, where a price does not say.
const CACHE_WRITE: f64 = 1.25;

/// A catalogue as it is written: everything may be left out.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Layer {
    #[serde(default)]
    pub(super) providers: BTreeMap<Spanned<String>, ServiceLayer>,
}

/// A service as it is written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct ServiceLayer {
    wire: Option<WireName>,
    base_url: Option<String>,
    base_url_env: Vec<String>,
    keys: Vec<KeySource>,
    headers: BTreeMap<String, String>,
    timeouts: TimeoutsLayer,
    max_tokens_key: Option<MaxTokensKey>,
    aliases: BTreeMap<String, String>,
    /// What every model has that does not say otherwise.
    price: Option<PriceLayer>,
    max_output: Option<u32>,
    context: Option<u64>,
    effort: Option<Efforts>,
    models: BTreeMap<Spanned<String>, ModelLayer>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct ModelLayer {
    price: Option<PriceLayer>,
    max_output: Option<u32>,
    context: Option<u64>,
    effort: Option<Efforts>,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct PriceLayer {
    input: Option<Dollars>,
    output: Option<Dollars>,
    cache_read: Option<Dollars>,
    cache_write: Option<Dollars>,
    above: Option<AboveLayer>,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct AboveLayer {
    tokens: Option<u64>,
    input: Option<Dollars>,
    output: Option<Dollars>,
    cache_read: Option<Dollars>,
    cache_write: Option<Dollars>,
}

/// Seconds.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct TimeoutsLayer {
    connect: Option<u64>,
    first_byte: Option<u64>,
    idle: Option<u64>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum MaxTokensKey {
    MaxTokens,
    MaxCompletionTokens,
}

/// An amount of money: not negative, not infinite.
#[derive(Debug, Clone, Copy)]
struct Dollars(f64);

/// The name of a wire that exists.
#[derive(Debug)]
struct WireName(String);

/// What is missing once both layers are read.
pub(super) struct Fault {
    model: Option<String>,
    message: String,
}

impl<'de> Deserialize<'de> for Dollars {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let dollars = f64::deserialize(deserializer)?;
        if dollars.is_finite() && dollars >= 0.0 {
            return Ok(Dollars(dollars));
        }
        Err(D::Error::custom("a price is 0 or more US dollars for a million tokens"))
    }
}

impl<'de> Deserialize<'de> for WireName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        if providers::wire(&name).is_some() {
            return Ok(WireName(name));
        }
        let wires: Vec<String> = WIRES.iter().map(|wire| format!("`{}`", wire.name)).collect();
        Err(D::Error::custom(format!("there is no wire `{name}`; there are {}", wires.join(", "))))
    }
}

impl ServiceLayer {
    /// Makes a service of it, or says what is missing.
    pub(super) fn service(self, name: &str) -> Result<Service, Fault> {
        let missing = |key: &str| Fault {
            model: None,
            message: format!("the provider `{name}` has no `{key}`"),
        };
        let wire = self.wire.ok_or_else(|| missing("wire"))?.0;
        let base_url = self.base_url.ok_or_else(|| missing("base_url"))?;
        let other = ModelLayer {
            price: self.price,
            max_output: self.max_output,
            context: self.context,
            effort: self.effort,
        };
        let none = Entry::default();
        let other = other.entry("", &none).map_err(|message| Fault { model: None, message })?;
        let mut models = BTreeMap::new();
        for (id, layer) in self.models {
            let id = id.into_inner();
            let entry = layer.entry(&id, &other);
            let entry = entry.map_err(|message| Fault { model: Some(id.clone()), message })?;
            models.insert(id, entry);
        }
        let max_tokens_key = match self.max_tokens_key {
            Some(MaxTokensKey::MaxCompletionTokens) => "max_completion_tokens",
            Some(MaxTokensKey::MaxTokens) | None => "max_tokens",
        };
        Ok(Service {
            name: name.to_owned(),
            wire,
            base_url,
            base_url_env: self.base_url_env,
            keys: self.keys,
            headers: self.headers,
            timeouts: self.timeouts.timeouts(),
            aliases: self.aliases,
            max_tokens_key: max_tokens_key.to_owned(),
            models,
            other,
        })
    }
}

impl ModelLayer {
    fn entry(self, id: &str, other: &Entry) -> Result<Entry, String> {
        let price = self.price.map(PriceLayer::price).transpose()?;
        Ok(Entry {
            id: id.to_owned(),
            price: price.or(other.price),
            max_output: self.max_output.unwrap_or(other.max_output),
            context: self.context.or(other.context),
            effort: self.effort.unwrap_or(other.effort),
        })
    }
}

impl PriceLayer {
    fn price(self) -> Result<Price, String> {
        let (Some(Dollars(input)), Some(Dollars(output))) = (self.input, self.output) else {
            return Err("a price needs both `input` and `output`".to_owned());
        };
        let above = self.above.map(|above| match above {
            AboveLayer {
                tokens: Some(tokens), input: Some(input), output: Some(output), ..
            } => {
                let Rates(input, output, cache_read, cache_write) =
                    rates(input.0, output.0, above.cache_read, above.cache_write);
                Ok(Above { tokens, input, output, cache_read, cache_write })
            }
            _ => Err("`above` needs `tokens`, `input` and `output`".to_owned()),
        });
        let Rates(input, output, cache_read, cache_write) =
            rates(input, output, self.cache_read, self.cache_write);
        Ok(Price { input, output, cache_read, cache_write, above: above.transpose()? })
    }
}

struct Rates(f64, f64, f64, f64);

/// Fills in what the cache costs, never too low: reading as much as sending, writing more.
fn rates(input: f64, output: f64, read: Option<Dollars>, write: Option<Dollars>) -> Rates {
    let read = read.map_or(input, |dollars| dollars.0);
    let write = write.map_or(input * CACHE_WRITE, |dollars| dollars.0);
    Rates(input, output, read, write)
}

impl TimeoutsLayer {
    fn timeouts(self) -> Timeouts {
        let usual = Timeouts::default();
        let seconds = |given: Option<u64>, usual| given.map_or(usual, Duration::from_secs);
        let idle = seconds(self.idle, usual.idle);
        Timeouts {
            connect: seconds(self.connect, usual.connect),
            first_byte: seconds(self.first_byte, usual.first_byte),
            idle,
            event: usual.event.max(idle),
        }
    }
}

impl Fault {
    /// Names the line of the user's text that is about the same provider or model.
    pub(super) fn at(self, text: &str, own: &Layer, provider: &str) -> CatalogueError {
        let found = own.providers.get_key_value(provider);
        let model = found.zip(self.model.as_deref()).and_then(|((_, service), id)| {
            service.models.get_key_value(id).map(|(id, _)| id.span())
        });
        let span = model.or_else(|| found.map(|(name, _)| name.span()));
        let at = span.map_or(0, |span| span.start);
        let message = match &self.model {
            Some(id) => format!("the model `{id}` of `{provider}`: {}", self.message),
            None => self.message,
        };
        CatalogueError { line: line(text, at), message }
    }
}
