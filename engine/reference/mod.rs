//! What the model may look up: docs fetched fresh, and airplanes flattened to markdown.

pub mod address;
mod asked;
pub(crate) mod dial;
mod documents;
mod fetch;
mod flatten;
mod gather;
mod html;
mod index;
mod lock;
pub mod outside;
mod pieces;
mod pinned;
mod search;
mod store;
pub(crate) mod twin;

use std::{sync::Arc, time::Duration};

use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::playbook::hex;
use crate::redact::Clean;

pub use dial::{Dial, tls};
pub use documents::{Document, Got, documents};
pub use fetch::{HttpFetch, Looked};
pub use flatten::{
    Flat, FlattenError, Run, SHEET, Sheet, airplane, flat_airplane, flatten, sheet_schema,
};
use gather::settled;
pub use gather::{GatherError, Gathered, Missing, Reach, Sources, gather, markdown};
pub use pieces::{Heading, headings};
pub use pinned::{Difference, DocLock, LOCK, Locked};
pub use store::Store;

/// A doc, file or airplane as the model sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reference {
    /// Its name in the index.
    pub name: String,
    /// One line on what it is.
    pub about: String,
    /// What kind it is.
    pub kind: ReferenceKind,
    /// The markdown: untrusted data.
    pub text: String,
    /// Tokens of the text, estimated as bytes / 4.
    pub tokens: u64,
    /// SHA-256 of the text, in hex.
    pub hash: String,
    /// For a fetched doc, where it came from and how old it is.
    pub fetched: Option<Fetched>,
    /// For an airplane, each file with its tokens, in the order of the text.
    pub files: Vec<(String, u64)>,
    /// The one stage that sees it; every stage when left out.
    #[serde(default)]
    pub stage: Option<String>,
    /// How many invisible characters were removed from it.
    #[serde(default)]
    pub invisible: usize,
}

/// The kinds of references.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ReferenceKind {
    /// A document fetched from its host, or from the store.
    Doc,
    /// A file of the library.
    File,
    /// A model app.
    Airplane,
}

/// Where a doc came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fetched {
    /// Its address.
    pub url: String,
    /// How it was got.
    pub how: How,
    /// Its age in seconds at the time of use.
    pub age: u64,
}

/// How a doc was got.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// The host sent it.
    Fetched,
    /// The host said that the stored copy is current.
    Unchanged,
    /// The stored copy was young enough.
    Stored,
    /// The host did not answer, and an old copy was used.
    Stale,
    /// A cassette held it.
    Replayed,
}

/// A seam: gets a page from its host.
pub trait Fetch: Send + Sync {
    /// Asks for a page, with the validator of a stored copy.
    fn fetch<'a>(
        &'a self,
        url: &'a Clean,
        stored: Option<&'a Page>,
    ) -> BoxFuture<'a, Result<FetchAnswer, FetchError>>;
}

/// A page as its host sent it, kept in the store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page {
    /// Its address after redirects.
    pub url: String,
    /// Its media type, such as `text/markdown`.
    pub media_type: String,
    /// Its entity tag.
    pub etag: Option<String>,
    /// Its `Last-Modified`, verbatim.
    pub last_modified: Option<String>,
    /// The body, decoded to text.
    pub body: String,
    /// The address of the web page that this is as markdown, where it was found by that one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub twin_of: Option<String>,
    /// When it was sent or last confirmed, in seconds since 1970.
    pub confirmed_at: i64,
}

/// A host's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FetchAnswer {
    /// The page.
    Page(Page),
    /// The stored copy is current.
    Unchanged,
}

/// Why a doc was not got.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot fetch `{url}`: {reason}")]
pub struct FetchError {
    /// The address.
    pub url: String,
    /// Why, as a lowercase fragment.
    pub reason: String,
    /// The host answers, and not with a text that can be read.
    pub unreadable: bool,
}

impl FetchError {
    /// Makes one of an address from which nothing came.
    pub fn new(url: &str, reason: impl Into<String>) -> Self {
        FetchError { url: url.to_owned(), reason: reason.into(), unreadable: false }
    }
}

/// The references of a run, as `reference` lists, searches and reads them.
#[derive(Debug, Clone, Default)]
pub struct Index {
    /// In the order of the playbook: docs, then airplanes.
    pub references: Vec<Arc<Reference>>,
}

impl Reference {
    /// Makes a reference of a text for the model, counting its tokens and taking its hash.
    pub(crate) fn new(
        name: &str,
        about: &str,
        kind: ReferenceKind,
        text: String,
        invisible: usize,
    ) -> Self {
        Reference {
            name: name.to_owned(),
            about: about.split_whitespace().collect::<Vec<_>>().join(" "),
            kind,
            tokens: tokens(&text),
            hash: hex(&Sha256::digest(text.as_bytes())),
            text,
            fetched: None,
            files: Vec::new(),
            stage: None,
            invisible,
        }
    }
}

/// Counts tokens without a tokenizer: bytes / 4, rounded up, as the peers' figures are counted.
pub fn tokens(text: &str) -> u64 {
    (text.len() as u64).div_ceil(4)
}

/// How long a doc is used without asking its host, when the playbook does not say: a day.
pub const DEFAULT_MAX_AGE: Duration = Duration::from_hours(24);
