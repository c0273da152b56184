//! What an event says of a file without its bytes: what it is, how it differs, how it changes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What stands at a path: a file by its bytes and permissions, or a link by where it leads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FileMark {
    /// SHA-256 of the bytes, or of where the link leads, in hex.
    pub hash: String,
    /// The permissions, where the system has them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<u32>,
    /// Where the link leads, of a link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
}

/// How a file differs from what it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FileDiff {
    /// Its path, relative to the project.
    pub path: String,
    /// `created`, `changed` or `removed`.
    pub how: String,
    /// Lines added.
    pub added: usize,
    /// Lines removed.
    pub removed: usize,
}

/// How bytes of a file change in one place, without saying what they are.
///
/// A mark is a hash that only this machine's key makes: it tells nobody else whether a guess is
/// right.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Splice {
    /// The mark of the whole file before; absent when there is none.
    pub before: Option<String>,
    /// The mark of the whole file after; absent when it is removed.
    pub after: Option<String>,
    /// Where it changes, in bytes from the beginning.
    pub at: usize,
    /// How many bytes are cut out there.
    pub cut: usize,
    /// How many bytes are put in their place.
    pub put: usize,
    /// The mark of the bytes that are cut out, by which they are kept beside the journal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept: Option<String>,
}
