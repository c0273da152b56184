//! Where a service is and how it is spoken to.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use reqwest::Url;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde::Deserialize;

use crate::model::http::{Post, Timeouts};
use crate::model::providers::{self, Service, WIRES};
use crate::model::{ModelError, Provider};

/// A service to connect to.
#[derive(Debug, Clone, PartialEq)]
pub struct Endpoint {
    /// The wire format, by its word.
    pub wire: String,
    /// Where the service is, with or without its version (`/v1`).
    pub base_url: String,
    /// What opens it, where it is locked.
    pub key: Option<Key>,
    /// The header that carries the key, where it is not the wire's own. In `authorization` the
    /// key stands after `Bearer`.
    pub key_header: Option<String>,
    /// Headers of every request, besides the wire's. Their values may be secret.
    pub headers: BTreeMap<String, Key>,
    /// How long it may take.
    pub timeouts: Timeouts,
    /// Its ways of writing.
    pub dialect: Dialect,
}

/// A secret that is never printed. Its memory is overwritten when it is dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Key(String);

/// Where services of one wire differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dialect {
    /// The name of the limit of a reply, on wires that know two: `max_tokens`, which compatible
    /// servers understand, or `max_completion_tokens`.
    pub max_tokens_key: String,
    /// How models take an effort, by id; those left out take levels.
    pub efforts: BTreeMap<String, Efforts>,
}

/// How a model is told how hard to think.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Efforts {
    /// By a level, when a playbook or the user names one.
    #[default]
    Levels,
    /// By a level, but with tools it must be told not to think at all.
    NoneWithTools,
    /// It cannot be told: nothing is sent.
    Never,
}

/// Makes a provider of an endpoint. Sends nothing yet.
pub fn connect(endpoint: Endpoint) -> Result<Arc<dyn Provider>, ModelError> {
    let wire = providers::wire(&endpoint.wire).ok_or_else(|| {
        let wires: Vec<String> = WIRES.iter().map(|wire| format!("`{}`", wire.name)).collect();
        let (name, wires) = (&endpoint.wire, wires.join(", "));
        ModelError::Settings(format!("there is no wire `{name}`; there are {wires}"))
    })?;
    let url = address(&endpoint.base_url, wire.path).map_err(ModelError::Settings)?;
    let mut headers = HeaderMap::new();
    for (name, value) in wire.headers {
        headers.insert(*name, HeaderValue::from_static(value));
    }
    for (name, value) in &endpoint.headers {
        headers.insert(header(name)?, secret(name, &value.0)?);
    }
    if let Some(key) = endpoint.key.as_ref().map(|key| &key.0) {
        let name = endpoint.key_header.as_deref().unwrap_or(wire.key_header);
        let bearer = name.eq_ignore_ascii_case("authorization");
        let value = if bearer { format!("Bearer {key}") } else { key.clone() };
        headers.insert(header(name)?, secret(name, &value)?);
    }
    let post = Post::new(url, headers, endpoint.timeouts).map_err(ModelError::Settings)?;
    Ok(Arc::new(Service { wire, post, dialect: endpoint.dialect }))
}

impl Endpoint {
    /// Makes an endpoint of what cannot be left out.
    pub fn new(wire: impl Into<String>, base_url: impl Into<String>) -> Self {
        Endpoint {
            wire: wire.into(),
            base_url: base_url.into(),
            key: None,
            key_header: None,
            headers: BTreeMap::new(),
            timeouts: Timeouts::default(),
            dialect: Dialect::default(),
        }
    }
}

impl Key {
    /// Makes a key of a value, without the white space that files and pasting leave around it.
    pub fn new(value: &str) -> Self {
        Key(value.trim().to_owned())
    }
}

impl Drop for Key {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.0);
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Key(…)")
    }
}

impl Default for Dialect {
    fn default() -> Self {
        Dialect { max_tokens_key: "max_tokens".to_owned(), efforts: BTreeMap::new() }
    }
}

impl Dialect {
    /// Returns how a model takes an effort.
    pub fn efforts(&self, model: &str) -> Efforts {
        self.efforts.get(model).copied().unwrap_or_default()
    }
}

/// Returns where requests go. Returns why a base URL cannot be used as a fragment.
fn address(base_url: &str, path: &str) -> Result<Url, String> {
    let wrong = |why: &str| Err(format!("the base URL `{}` {why}", without_secrets(base_url)));
    let Ok(mut url) = Url::parse(base_url.trim()) else {
        return wrong("is not a URL; it looks like `https://api.example.com/v1`");
    };
    if !matches!(url.scheme(), "http" | "https") {
        return wrong("must begin with `https://` or `http://`");
    }
    if url.query().is_some() || url.fragment().is_some() {
        return wrong("must have no `?` and no `#`");
    }
    let base = url.path().trim_end_matches('/');
    let base = base.strip_suffix(path).map_or(base, |base| base.trim_end_matches('/'));
    // A version other than `v1`, or one inside the path, is the service's own and stays.
    let versioned = base.split('/').any(|part| {
        part.strip_prefix('v')
            .is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_digit()))
    });
    let version = if versioned { "" } else { "/v1" };
    let whole = format!("{base}{version}/{path}");
    url.set_path(&whole);
    Ok(url)
}

/// Returns a URL as it may be shown: without a name, password or query.
fn without_secrets(url: &str) -> String {
    let url = url.split(['?', '#']).next().unwrap_or_default();
    match (url.split_once("://"), url.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, rest))) => format!("{scheme}://…@{rest}"),
        _ => url.to_owned(),
    }
}

fn header(name: &str) -> Result<HeaderName, ModelError> {
    name.parse().map_err(|_| ModelError::Settings(format!("`{name}` cannot name a header")))
}

fn secret(name: &str, value: &str) -> Result<HeaderValue, ModelError> {
    let mut header = HeaderValue::from_str(value).map_err(|_| {
        ModelError::Settings(format!(
            "the value of the header `{name}` has a character that no header can carry: \
             was the key copied whole and alone?"
        ))
    })?;
    header.set_sensitive(true);
    Ok(header)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(base_url: &str) -> Result<String, String> {
        address(base_url, "chat/completions").map(String::from)
    }

    #[test]
    fn a_base_url_may_end_as_it_likes() {
        let expected = Ok("https://api.example.com/v1/chat/completions".to_owned());
        for end in ["", "/", "/v1", "/v1/", "/v1/chat/completions", "/v1/chat/completions/"] {
            assert_eq!(at(&format!("https://api.example.com{end}")), expected, "{end}");
        }
    }

    #[test]
    fn a_version_of_the_services_own_stays() {
        assert_eq!(
            at("https://example.com/v1beta/openai/"),
            Ok("https://example.com/v1beta/openai/chat/completions".to_owned())
        );
        assert_eq!(
            at("http://localhost:8000/gateway"),
            Ok("http://localhost:8000/gateway/v1/chat/completions".to_owned())
        );
    }

    #[test]
    fn a_base_url_that_cannot_be_used_says_why() {
        let wrong = |url: &str| at(url).unwrap_err();
        assert_eq!(
            wrong("localhost"),
            "the base URL `localhost` is not a URL; it looks like `https://api.example.com/v1`"
        );
        assert_eq!(
            wrong("localhost:8000"),
            "the base URL `localhost:8000` must begin with `https://` or `http://`"
        );
        assert_eq!(
            wrong("https://me:secret@x/v1?a=b"),
            "the base URL `https://…@x/v1` must have no `?` and no `#`"
        );
    }

    #[test]
    fn a_key_is_never_printed() {
        let mut endpoint = Endpoint::new("openai", "https://api.example.com");
        endpoint.key = Some(Key::new(" sk-secret\n"));
        endpoint.headers.insert("x-team".to_owned(), Key::new("sk-secret"));
        assert!(!format!("{endpoint:?}").contains("secret"));
        assert_eq!(endpoint.key, Some(Key::new("sk-secret")));
    }

    #[test]
    fn an_unknown_wire_and_an_odd_key_are_told() {
        let error = |endpoint: Endpoint| connect(endpoint).err().unwrap().to_string();
        assert_eq!(
            error(Endpoint::new("telegraph", "https://x")),
            "cannot set up the model's service: there is no wire `telegraph`; \
             there are `anthropic`, `openai`"
        );
        let mut endpoint = Endpoint::new("openai", "https://x");
        endpoint.key = Some(Key::new("one\ntwo"));
        assert_eq!(
            error(endpoint),
            "cannot set up the model's service: the value of the header `authorization` has a \
             character that no header can carry: was the key copied whole and alone?"
        );
    }
}
