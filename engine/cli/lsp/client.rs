//! What the client said about itself when it began.

use serde_json::Value;

use crate::cli::lsp::lines::Encoding;

/// What the client can do. A client of tomorrow may say things that no type of today has, so its
/// words are looked up one by one.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Client {
    /// What a column counts.
    pub(super) encoding: Encoding,
    /// It shows places that explain a finding.
    pub(super) related: bool,
    /// It takes symbols in symbols.
    pub(super) nested_symbols: bool,
    /// It takes edits of a version.
    pub(super) versioned_edits: bool,
}

impl Client {
    pub(super) fn new(params: &Value) -> Client {
        let capabilities = &params["capabilities"];
        let document = &capabilities["textDocument"];
        let encodings = capabilities["general"]["positionEncodings"].as_array();
        let utf8 = encodings.is_some_and(|known| known.iter().any(|word| word == "utf-8"));
        Client {
            encoding: if utf8 { Encoding::Utf8 } else { Encoding::Utf16 },
            related: document["publishDiagnostics"]["relatedInformation"] == true,
            nested_symbols: document["documentSymbol"]["hierarchicalDocumentSymbolSupport"] == true,
            versioned_edits: capabilities["workspace"]["workspaceEdit"]["documentChanges"] == true,
        }
    }
}

/// Whether the client tells of files that change on disk, if asked to.
pub(super) fn watches(params: &Value) -> bool {
    params["capabilities"]["workspace"]["didChangeWatchedFiles"]["dynamicRegistration"] == true
}
