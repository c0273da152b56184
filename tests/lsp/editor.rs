//! An editor that serves as the other side: it starts the server, opens files and asks.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use async_lsp::lsp_types::notification::PublishDiagnostics;
use async_lsp::lsp_types::request::RegisterCapability;
use async_lsp::lsp_types::{
    ClientCapabilities, CompletionItem, CompletionParams, CompletionResponse, Diagnostic,
    DidChangeTextDocumentParams, DidChangeWatchedFilesClientCapabilities,
    DidOpenTextDocumentParams, GeneralClientCapabilities, HoverContents, HoverParams,
    InitializeParams, InitializeResult, InitializedParams, PartialResultParams, Position,
    PositionEncodingKind, PublishDiagnosticsClientCapabilities, PublishDiagnosticsParams, Range,
    TextDocumentClientCapabilities, TextDocumentContentChangeEvent, TextDocumentIdentifier,
    TextDocumentItem, TextDocumentPositionParams, Url, VersionedTextDocumentIdentifier,
    WorkDoneProgressParams, WorkspaceClientCapabilities, WorkspaceEditClientCapabilities,
};
use async_lsp::router::Router;
use async_lsp::{Error, LanguageServer as _, MainLoop, ResponseError, ServerSocket};
use tokio::process::{Child, Command};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio_util::compat::{TokioAsyncReadCompatExt as _, TokioAsyncWriteCompatExt as _};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_mins(1);

/// A request that wants no progress told.
pub(super) const QUIET: WorkDoneProgressParams = WorkDoneProgressParams { work_done_token: None };

/// A request that wants its answer in one piece.
pub(super) const WHOLE: PartialResultParams = PartialResultParams { partial_result_token: None };

/// What stands for a cursor in the texts of tests.
const CURSOR: char = '‸';

/// How an editor begins.
#[derive(Default)]
pub(super) struct Options {
    pub(super) utf8: bool,
    pub(super) arguments: Vec<&'static str>,
    /// It knows nothing that is optional.
    pub(super) plain: bool,
}

/// An editor with a server of its own, and a folder of files.
pub(super) struct Editor {
    pub(super) server: ServerSocket,
    pub(super) said: InitializeResult,
    pub(super) folder: tempfile::TempDir,
    child: Child,
    news: UnboundedReceiver<PublishDiagnosticsParams>,
    /// What the server wants to be told of.
    pub(super) asked: UnboundedReceiver<String>,
    version: i32,
    utf8: bool,
}

struct Stop;

impl Editor {
    /// Writes files, starts a server and greets it.
    pub(super) async fn start(files: &[(&str, &str)], options: Options) -> Editor {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let file = folder.path().join(path);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, text).unwrap();
        }
        let mut child = Command::new(env!("CARGO_BIN_EXE_wizard"))
            .arg("lsp")
            .args(&options.arguments)
            .current_dir(folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let (output, input) = (child.stdout.take().unwrap(), child.stdin.take().unwrap());
        let (sender, news) = unbounded_channel();
        let (asking, asked) = unbounded_channel();
        let (client, mut server) = MainLoop::new_client(|_| {
            let mut router = Router::new(());
            router
                .request::<RegisterCapability, _>(move |(), params| {
                    let asked = params.registrations.into_iter().map(|asked| asked.method);
                    asked.for_each(|method| drop(asking.send(method)));
                    std::future::ready(Ok(()))
                })
                .notification::<PublishDiagnostics>(move |(), params| {
                    let _ = sender.send(params);
                    ControlFlow::Continue(())
                })
                .event(|(), _: Stop| ControlFlow::Break(Ok(())));
            router
        });
        tokio::spawn(client.run_buffered(output.compat(), input.compat_write()));
        let capabilities =
            if options.plain { ClientCapabilities::default() } else { capabilities(options.utf8) };
        let greeting = InitializeParams { capabilities, ..InitializeParams::default() };
        let said = server.initialize(greeting).await.unwrap();
        server.initialized(InitializedParams {}).unwrap();
        let utf8 = options.utf8;
        Editor { server, said, folder, child, news, asked, version: 0, utf8 }
    }

    pub(super) fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    pub(super) fn uri(&self, path: &str) -> Url {
        Url::from_file_path(self.path(path)).unwrap()
    }

    pub(super) fn identifier(&self, path: &str) -> TextDocumentIdentifier {
        TextDocumentIdentifier { uri: self.uri(path) }
    }

    /// Opens a file as it is on disk.
    pub(super) async fn open(&mut self, path: &str) {
        let text = tokio::fs::read_to_string(self.path(path)).await.unwrap();
        self.open_with(path, &text);
    }

    /// Opens a file with a text that is not on disk.
    pub(super) fn open_with(&mut self, path: &str, text: &str) {
        self.version += 1;
        let text_document = TextDocumentItem {
            uri: self.uri(path),
            language_id: "markdown".to_owned(),
            version: self.version,
            text: text.to_owned(),
        };
        self.server.did_open(DidOpenTextDocumentParams { text_document }).unwrap();
    }

    /// Types: a part of the text, or all of it, becomes another. Returns the new version.
    pub(super) fn change(&mut self, path: &str, range: Option<Range>, text: &str) -> i32 {
        self.version += 1;
        let change =
            TextDocumentContentChangeEvent { range, range_length: None, text: text.to_owned() };
        let params = DidChangeTextDocumentParams {
            text_document: VersionedTextDocumentIdentifier {
                uri: self.uri(path),
                version: self.version,
            },
            content_changes: vec![change],
        };
        self.server.did_change(params).unwrap();
        self.version
    }

    /// Waits for what is said next about a file.
    pub(super) async fn published(&mut self, path: &str) -> PublishDiagnosticsParams {
        let uri = self.uri(path);
        loop {
            let next = tokio::time::timeout(PATIENCE, self.news.recv());
            let params = next.await.unwrap().unwrap();
            if params.uri == uri {
                return params;
            }
        }
    }

    /// Waits for the findings of the text as it is now.
    pub(super) async fn findings(&mut self, path: &str) -> Vec<Diagnostic> {
        loop {
            let params = self.published(path).await;
            if params.version.is_none_or(|version| version == self.version) {
                return params.diagnostics;
            }
        }
    }

    /// Returns everything that was said and not looked at yet.
    pub(super) fn rest(&mut self) -> Vec<PublishDiagnosticsParams> {
        std::iter::from_fn(|| self.news.try_recv().ok()).collect()
    }

    /// Returns the place of the first `‸` of a text, and the text without it.
    pub(super) fn cursor(&self, marked: &str) -> (Position, String) {
        let at = marked.find(CURSOR).unwrap_or_else(|| panic!("no cursor in {marked}"));
        let text = marked.replacen(CURSOR, "", 1);
        (self.position(&text, at), text)
    }

    /// Returns the place of a byte, counted as was agreed.
    pub(super) fn position(&self, text: &str, at: usize) -> Position {
        let before = &text[..at];
        let line = before.matches('\n').count();
        let column = before.rsplit('\n').next().unwrap();
        let column = if self.utf8 { column.len() } else { column.encode_utf16().count() };
        Position::new(u32::try_from(line).unwrap(), u32::try_from(column).unwrap())
    }

    /// Returns the place of the `‸` in such words of a text, so and so many later; without one,
    /// that of their middle.
    pub(super) fn place(&self, text: &str, words: &str, later: usize) -> Position {
        let inside = words.find(CURSOR);
        let words = words.replace(CURSOR, "");
        let found = text.match_indices(&words).nth(later);
        let (at, _) = found.unwrap_or_else(|| panic!("no `{words}`"));
        self.position(text, at + inside.unwrap_or(words.len() / 2))
    }

    pub(super) fn at(&self, path: &str, position: Position) -> TextDocumentPositionParams {
        TextDocumentPositionParams { text_document: self.identifier(path), position }
    }

    /// Returns the text that a range covers.
    pub(super) fn covered<'a>(&self, text: &'a str, range: Range) -> &'a str {
        &text[self.byte(text, range.start)..self.byte(text, range.end)]
    }

    /// Returns the byte of a place.
    pub(super) fn byte(&self, text: &str, position: Position) -> usize {
        let line = text.split_inclusive('\n').take(position.line as usize).map(str::len).sum();
        let column = position.character as usize;
        let mut units = 0;
        for (index, letter) in text[line..].char_indices() {
            if units >= column {
                return line + index;
            }
            units += if self.utf8 { letter.len_utf8() } else { letter.len_utf16() };
        }
        text.len()
    }

    /// Asks what can be typed at the cursor of a text, which the file gets first.
    pub(super) async fn complete(&mut self, path: &str, marked: &str) -> Vec<CompletionItem> {
        let (position, text) = self.cursor(marked);
        self.change(path, None, &text);
        self.complete_at(path, position).await
    }

    pub(super) async fn complete_at(
        &mut self,
        path: &str,
        position: Position,
    ) -> Vec<CompletionItem> {
        let params = CompletionParams {
            text_document_position: self.at(path, position),
            work_done_progress_params: QUIET,
            partial_result_params: WHOLE,
            context: None,
        };
        let asked = self.server.completion(params);
        match tokio::time::timeout(PATIENCE, asked).await.unwrap().unwrap() {
            Some(CompletionResponse::List(list)) => list.items,
            Some(CompletionResponse::Array(items)) => items,
            None => Vec::new(),
        }
    }

    /// Returns what is shown of a place, as markdown.
    pub(super) async fn hover(&mut self, path: &str, position: Position) -> Option<String> {
        let params = HoverParams {
            text_document_position_params: self.at(path, position),
            work_done_progress_params: QUIET,
        };
        let asked = self.server.hover(params);
        let hover = tokio::time::timeout(PATIENCE, asked).await.unwrap();
        match hover.unwrap()?.contents {
            HoverContents::Markup(markup) => Some(markup.value),
            other => panic!("{other:?}"),
        }
    }

    /// Says goodbye and returns the exit code of the server.
    pub(super) async fn leave(mut self) -> Option<i32> {
        self.server.shutdown(()).await.unwrap();
        self.server.exit(()).unwrap();
        let status = tokio::time::timeout(PATIENCE, self.child.wait()).await.unwrap().unwrap();
        let _ = self.server.emit(Stop);
        status.code()
    }
}

/// Returns the refusal of a request.
pub(super) fn refusal<T>(result: Result<T, Error>) -> ResponseError {
    match result {
        Err(Error::Response(error)) => error,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("the request was answered"),
    }
}

fn capabilities(utf8: bool) -> ClientCapabilities {
    let encodings = vec![PositionEncodingKind::UTF8, PositionEncodingKind::UTF16];
    ClientCapabilities {
        general: utf8.then(|| GeneralClientCapabilities {
            position_encodings: Some(encodings),
            ..GeneralClientCapabilities::default()
        }),
        workspace: Some(WorkspaceClientCapabilities {
            workspace_edit: Some(WorkspaceEditClientCapabilities {
                document_changes: Some(true),
                ..WorkspaceEditClientCapabilities::default()
            }),
            did_change_watched_files: Some(DidChangeWatchedFilesClientCapabilities {
                dynamic_registration: Some(true),
                ..DidChangeWatchedFilesClientCapabilities::default()
            }),
            ..WorkspaceClientCapabilities::default()
        }),
        text_document: Some(TextDocumentClientCapabilities {
            publish_diagnostics: Some(PublishDiagnosticsClientCapabilities {
                related_information: Some(true),
                ..PublishDiagnosticsClientCapabilities::default()
            }),
            document_symbol: Some(async_lsp::lsp_types::DocumentSymbolClientCapabilities {
                hierarchical_document_symbol_support: Some(true),
                ..async_lsp::lsp_types::DocumentSymbolClientCapabilities::default()
            }),
            ..TextDocumentClientCapabilities::default()
        }),
        ..ClientCapabilities::default()
    }
}
