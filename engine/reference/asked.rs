//! The address of a doc, and what came of asking for it.

use std::fmt;
use std::time::Duration;

use serde_json::Value;

use crate::expression::{Part, Template};
use crate::reference::{FetchAnswer, How, Page, Reach, Sources, Store};

/// Where a doc is.
pub(super) struct Address {
    /// The address that is asked.
    pub(super) page: String,
    /// The section of the page that is the doc; all of it when left out.
    pub(super) section: Option<String>,
}

impl fmt::Display for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.section {
            Some(section) => write!(formatter, "{}#{section}", self.page),
            None => formatter.write_str(&self.page),
        }
    }
}

impl Address {
    /// Renders an address. Its host is fixed before anything else is read: only what comes after
    /// it may be a template.
    pub(super) fn of(url: &Template, scope: &Value) -> Result<Address, String> {
        let text = render(url, scope)?;
        let (page, section) = text.split_once('#').unwrap_or((&text, ""));
        let section = Some(section).filter(|section| !section.is_empty()).map(str::to_owned);
        Ok(Address { page: page.to_owned(), section })
    }
}

/// What became of an address.
pub(super) enum Outcome {
    Got { page: Page, how: How },
    Lost { reason: String, stored: Option<Page> },
}

fn render(url: &Template, scope: &Value) -> Result<String, String> {
    if url.expressions().next().is_some() {
        let begin = match url.parts.first() {
            Some(Part::Text(text)) => text.split_once("://").map_or("", |(_, rest)| rest),
            _ => "",
        };
        if !begin.contains('/') {
            return Err("the host of its address is a template; write it out".to_owned());
        }
    }
    url.render_text(scope).map_err(|error| error.to_string())
}

/// Decides whether the host is asked, and asks it.
pub(super) async fn get(
    address: &str,
    max_age: Duration,
    sources: Sources<'_>,
) -> (Outcome, Option<String>) {
    let stored = match sources.reach {
        Reach::Replay => None,
        Reach::Online | Reach::Offline => sources.store.load(address),
    };
    if let Some(page) = &stored
        && sources.now >= page.confirmed_at
        && age(page, sources.now) < max_age.as_secs()
    {
        return (Outcome::Got { page: page.clone(), how: How::Stored }, None);
    }
    if sources.reach == Reach::Offline {
        let reason = if stored.is_some() {
            "offline, and the stored copy is older than `max_age`"
        } else {
            "offline, and there is no stored copy"
        };
        return (Outcome::Lost { reason: reason.to_owned(), stored }, None);
    }
    let clean = sources.redactor.clean(address);
    if *clean != address {
        let reason = "its address has a secret in it, which no host is told".to_owned();
        return (Outcome::Lost { reason, stored }, None);
    }
    match (sources.fetch.fetch(&clean, stored.as_ref()).await, stored) {
        (Ok(FetchAnswer::Page(page)), _) if sources.reach == Reach::Replay => {
            (Outcome::Got { page, how: How::Replayed }, None)
        }
        (Ok(FetchAnswer::Page(page)), _) => {
            let unsaved = keep(sources.store, address, &page);
            (Outcome::Got { page, how: How::Fetched }, unsaved)
        }
        (Ok(FetchAnswer::Unchanged), Some(stored)) => {
            let page = Page { confirmed_at: sources.now, ..stored };
            let unsaved = keep(sources.store, address, &page);
            (Outcome::Got { page, how: How::Unchanged }, unsaved)
        }
        (Ok(FetchAnswer::Unchanged), None) => {
            let reason = "the host says that the stored copy is current, and there is none";
            (Outcome::Lost { reason: reason.to_owned(), stored: None }, None)
        }
        (Err(error), stored) => (Outcome::Lost { reason: error.to_string(), stored }, None),
    }
}

fn keep(store: &Store, address: &str, page: &Page) -> Option<String> {
    let error = store.save(address, page).err()?;
    Some(format!("cannot keep `{address}`: {error}"))
}

pub(super) fn age(page: &Page, now: i64) -> u64 {
    u64::try_from(now.saturating_sub(page.confirmed_at)).unwrap_or_default()
}
