//! The life of a connection: from `initialize` to `exit`, one message after the other.

use std::collections::BTreeSet;
use std::io::{self, BufReader};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use lsp_types::notification::{
    DidChangeTextDocument, DidChangeWatchedFiles, DidCloseTextDocument, DidOpenTextDocument,
    DidSaveTextDocument, Exit, Initialized, Notification, PublishDiagnostics,
};
use lsp_types::request::{
    CodeActionRequest, Completion, DocumentSymbolRequest, Formatting, GotoDefinition, HoverRequest,
    Initialize, PrepareRenameRequest, References, RegisterCapability, Rename, Request, Shutdown,
};
use lsp_types::{
    CodeActionKind, CodeActionOptions, CodeActionProviderCapability, CompletionOptions,
    HoverProviderCapability, InitializeResult, OneOf, RenameOptions, SaveOptions,
    ServerCapabilities, ServerInfo, TextDocumentSyncCapability, TextDocumentSyncKind,
    TextDocumentSyncOptions, TextDocumentSyncSaveOptions, Url, WorkDoneProgressOptions,
};
use serde_json::{Value, json};

use crate::cli::lsp::answers::Answers;
use crate::cli::lsp::buffers::Buffers;
use crate::cli::lsp::client::{self, Client};
use crate::cli::lsp::publish::Published;
use crate::cli::lsp::wire::{self, Incoming};
use crate::cli::{FAILED, SUCCEEDED, print};
use crate::editor::{Refusal, Unproven};
use crate::lint::Profile;

/// How long nothing has to be typed before findings are told.
const PAUSE: Duration = Duration::from_millis(80);

/// Characters after which an editor asks for completions by itself.
const TRIGGERS: [&str; 9] = [".", "{", "`", "(", "/", "[", ",", " ", "#"];

/// The files that a playbook may name.
const WATCHED: &str = "**/*.{md,json,txt}";

/// Why a request has no answer, by the numbers of the protocol.
struct Failure {
    code: i64,
    message: String,
}

const PARSE_ERROR: i64 = -32700;
const INVALID_REQUEST: i64 = -32600;
const METHOD_NOT_FOUND: i64 = -32601;
const INVALID_PARAMS: i64 = -32602;
const INTERNAL_ERROR: i64 = -32603;
const NOT_INITIALIZED: i64 = -32002;
const REQUEST_FAILED: i64 = -32803;

/// Where in its life a connection is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Begun,
    Initialized,
    ShutDown,
}

struct Server {
    phase: Phase,
    client: Client,
    /// Whether the client can tell of files that change on disk.
    watches: bool,
    buffers: Buffers,
    published: Published,
    /// What has changed since findings were told.
    changed: BTreeSet<Url>,
    /// When they are to be told.
    due: Option<Instant>,
}

/// Serves the editor at the other end of standard input and output until it goes away.
pub(super) fn serve(profile: Profile) -> anyhow::Result<u8> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || listen(&sender));
    let mut server = Server {
        phase: Phase::Begun,
        client: Client::default(),
        watches: false,
        buffers: Buffers::new(profile),
        published: Published::default(),
        changed: BTreeSet::new(),
        due: None,
    };
    loop {
        let received = match server.due {
            None => receiver.recv().map_err(|_| RecvTimeoutError::Disconnected),
            Some(due) => receiver.recv_timeout(due.saturating_duration_since(Instant::now())),
        };
        match received {
            Ok(Incoming::Message(message)) => {
                if let Some(code) = server.take(message)? {
                    return Ok(code);
                }
            }
            Ok(Incoming::Malformed(reason)) => {
                print::complain(&reason);
                send(&failed(&Value::Null, &Failure::new(PARSE_ERROR, reason.as_str())))?;
            }
            Err(RecvTimeoutError::Timeout) => server.publish()?,
            Err(RecvTimeoutError::Disconnected) => return Ok(server.end()),
        }
    }
}

/// Hands on what comes in until nothing more does.
fn listen(sender: &Sender<Incoming>) {
    let mut input = BufReader::new(io::stdin());
    while let Ok(Some(incoming)) = wire::read(&mut input) {
        if sender.send(incoming).is_err() {
            return;
        }
    }
}

fn send(message: &Value) -> io::Result<()> {
    wire::write(&mut io::stdout().lock(), message)
}

fn failed(id: &Value, failure: &Failure) -> Value {
    let error = json!({ "code": failure.code, "message": failure.message });
    json!({ "jsonrpc": "2.0", "id": id, "error": error })
}

impl Failure {
    fn new(code: i64, message: impl Into<String>) -> Self {
        Failure { code, message: message.into() }
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Failure::new(REQUEST_FAILED, refusal.to_string())
    }
}

impl From<Unproven> for Failure {
    fn from(unproven: Unproven) -> Self {
        Failure::new(REQUEST_FAILED, unproven.to_string())
    }
}

impl Server {
    /// Takes one message. Returns the exit code after the last.
    fn take(&mut self, message: Value) -> anyhow::Result<Option<u8>> {
        let Value::Object(mut message) = message else {
            send(&failed(&Value::Null, &Failure::new(INVALID_REQUEST, "a message is an object")))?;
            return Ok(None);
        };
        let id = message.remove("id");
        let params = message.remove("params").unwrap_or_default();
        match (message.get("method").and_then(Value::as_str), id) {
            (Some(method), Some(id)) => {
                let reply = match self.request(method, params) {
                    Ok(result) => json!({ "jsonrpc": "2.0", "id": id, "result": result }),
                    Err(failure) => failed(&id, &failure),
                };
                send(&reply)?;
            }
            (Some(method), None) if method == Exit::METHOD => return Ok(Some(self.end())),
            (Some(method), None) => self.notice(method, params)?,
            // The reply to the one request of ours: whatever it says, nothing follows.
            (None, Some(_)) if message.contains_key("result") || message.contains_key("error") => {}
            (None, id) => {
                let failure = Failure::new(INVALID_REQUEST, "a message has a `method`");
                send(&failed(&id.unwrap_or_default(), &failure))?;
            }
        }
        Ok(None)
    }

    /// Returns the exit code: whether the client said goodbye before it went.
    fn end(&self) -> u8 {
        if self.phase == Phase::ShutDown { SUCCEEDED } else { FAILED }
    }

    fn request(&mut self, method: &str, params: Value) -> Result<Value, Failure> {
        match (self.phase, method) {
            (Phase::Begun, Initialize::METHOD) => {
                self.client = Client::new(&params);
                self.watches = client::watches(&params);
                self.phase = Phase::Initialized;
                of_result(&self.capabilities())
            }
            (Phase::Begun, _) => Err(Failure::new(NOT_INITIALIZED, "`initialize` comes first")),
            (Phase::ShutDown, _) => {
                Err(Failure::new(INVALID_REQUEST, "after `shutdown` comes `exit`"))
            }
            (Phase::Initialized, Initialize::METHOD) => {
                Err(Failure::new(INVALID_REQUEST, "`initialize` comes once"))
            }
            (Phase::Initialized, Shutdown::METHOD) => {
                self.phase = Phase::ShutDown;
                Ok(Value::Null)
            }
            // A fault of ours in one answer is no reason to leave the editor alone.
            (Phase::Initialized, _) => {
                catch_unwind(AssertUnwindSafe(|| self.answer(method, params))).unwrap_or_else(
                    |_| {
                        let message = format!("`{method}` failed; the server goes on");
                        Err(Failure::new(INTERNAL_ERROR, message))
                    },
                )
            }
        }
    }

    fn answer(&mut self, method: &str, params: Value) -> Result<Value, Failure> {
        match method {
            Completion::METHOD => self.ask::<Completion>(
                params,
                |params| &params.text_document_position.text_document.uri,
                |answers, params| Ok(answers.completion(params)),
            ),
            HoverRequest::METHOD => self.ask::<HoverRequest>(
                params,
                |params| &params.text_document_position_params.text_document.uri,
                |answers, params| Ok(answers.hover(params)),
            ),
            GotoDefinition::METHOD => self.ask::<GotoDefinition>(
                params,
                |params| &params.text_document_position_params.text_document.uri,
                |answers, params| Ok(answers.definition(params)),
            ),
            References::METHOD => self.ask::<References>(
                params,
                |params| &params.text_document_position.text_document.uri,
                |answers, params| Ok(answers.references(params)),
            ),
            PrepareRenameRequest::METHOD => self.ask::<PrepareRenameRequest>(
                params,
                |params| &params.text_document.uri,
                |answers, params| Ok(answers.prepare_rename(params)?),
            ),
            Rename::METHOD => self.ask::<Rename>(
                params,
                |params| &params.text_document_position.text_document.uri,
                |answers, params| Ok(answers.rename(params)?),
            ),
            DocumentSymbolRequest::METHOD => self.ask::<DocumentSymbolRequest>(
                params,
                |params| &params.text_document.uri,
                |answers, params| Ok(answers.symbols(params)),
            ),
            Formatting::METHOD => self.ask::<Formatting>(
                params,
                |params| &params.text_document.uri,
                |answers, _| Ok(answers.formatting()?),
            ),
            CodeActionRequest::METHOD => self.ask::<CodeActionRequest>(
                params,
                |params| &params.text_document.uri,
                |answers, params| Ok(answers.code_actions(params)),
            ),
            _ => Err(Failure::new(METHOD_NOT_FOUND, format!("there is no method `{method}`"))),
        }
    }

    /// Answers a request about a file. A file that is not open has no answer.
    fn ask<R>(
        &mut self,
        params: Value,
        uri: fn(&R::Params) -> &Url,
        answer: fn(&Answers<'_>, &R::Params) -> Result<R::Result, Failure>,
    ) -> Result<Value, Failure>
    where
        R: Request,
    {
        let params: R::Params = of_params(params)?;
        match Answers::about(&mut self.buffers, self.client, uri(&params)) {
            Some(answers) => of_result(&answer(&answers, &params)?),
            None => Ok(Value::Null),
        }
    }

    /// Takes note of something. What cannot be read is logged: nobody waits for an answer.
    fn notice(&mut self, method: &str, params: Value) -> anyhow::Result<()> {
        if self.phase != Phase::Initialized {
            return Ok(());
        }
        if method == Initialized::METHOD && self.watches {
            send(&watch())?;
        }
        match self.noticed(method, params) {
            Ok(at_once) if at_once => self.publish()?,
            Ok(_) => {}
            Err(failure) => print::complain(&format!("`{method}`: {}", failure.message)),
        }
        Ok(())
    }

    /// Returns whether findings are to be told at once.
    fn noticed(&mut self, method: &str, params: Value) -> Result<bool, Failure> {
        match method {
            DidOpenTextDocument::METHOD => {
                let document = of_notice::<DidOpenTextDocument>(params)?.text_document;
                let touched = self.buffers.open(&document.uri, document.version, document.text);
                self.changed.extend(touched);
                Ok(true)
            }
            DidChangeTextDocument::METHOD => {
                let params = of_notice::<DidChangeTextDocument>(params)?;
                let document = params.text_document;
                let encoding = self.client.encoding;
                let touched = self.buffers.change(
                    &document.uri,
                    document.version,
                    params.content_changes,
                    encoding,
                );
                self.changed.extend(touched);
                self.due = Some(Instant::now() + PAUSE);
                Ok(false)
            }
            DidCloseTextDocument::METHOD => {
                let uri = of_notice::<DidCloseTextDocument>(params)?.text_document.uri;
                let touched = self.buffers.close(&uri);
                self.changed.extend(touched);
                self.changed.insert(uri);
                Ok(true)
            }
            DidSaveTextDocument::METHOD | DidChangeWatchedFiles::METHOD => {
                let all = self.buffers.stir();
                self.changed.extend(all);
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    /// Tells the editor what is found in everything that has changed.
    fn publish(&mut self) -> io::Result<()> {
        self.due = None;
        let changed = std::mem::take(&mut self.changed);
        let update = || self.published.update(&changed, &mut self.buffers, self.client);
        let Ok(news) = catch_unwind(AssertUnwindSafe(update)) else {
            print::complain("findings could not be made; the server goes on");
            return Ok(());
        };
        for params in news {
            let method = PublishDiagnostics::METHOD;
            send(&json!({ "jsonrpc": "2.0", "method": method, "params": params }))?;
        }
        Ok(())
    }

    fn capabilities(&self) -> InitializeResult {
        let none = WorkDoneProgressOptions::default();
        let sync = TextDocumentSyncOptions {
            open_close: Some(true),
            change: Some(TextDocumentSyncKind::INCREMENTAL),
            save: Some(TextDocumentSyncSaveOptions::SaveOptions(SaveOptions::default())),
            ..TextDocumentSyncOptions::default()
        };
        let triggers = TRIGGERS.map(str::to_owned).to_vec();
        let kinds = vec![CodeActionKind::QUICKFIX, CodeActionKind::SOURCE_FIX_ALL];
        InitializeResult {
            server_info: Some(ServerInfo {
                name: "wizard".to_owned(),
                version: Some(env!("CARGO_PKG_VERSION").to_owned()),
            }),
            capabilities: ServerCapabilities {
                position_encoding: Some(self.client.encoding.word()),
                text_document_sync: Some(TextDocumentSyncCapability::Options(sync)),
                completion_provider: Some(CompletionOptions {
                    trigger_characters: Some(triggers),
                    ..CompletionOptions::default()
                }),
                hover_provider: Some(HoverProviderCapability::Simple(true)),
                definition_provider: Some(OneOf::Left(true)),
                references_provider: Some(OneOf::Left(true)),
                document_formatting_provider: Some(OneOf::Left(true)),
                document_symbol_provider: Some(OneOf::Left(true)),
                rename_provider: Some(OneOf::Right(RenameOptions {
                    prepare_provider: Some(true),
                    work_done_progress_options: none,
                })),
                code_action_provider: Some(CodeActionProviderCapability::Options(
                    CodeActionOptions {
                        code_action_kinds: Some(kinds),
                        ..CodeActionOptions::default()
                    },
                )),
                ..ServerCapabilities::default()
            },
        }
    }
}

/// Asks to be told of files on disk that a playbook may name.
fn watch() -> Value {
    let watchers = json!({ "watchers": [{ "globPattern": WATCHED }] });
    let method = DidChangeWatchedFiles::METHOD;
    let files = json!({ "id": "files", "method": method, "registerOptions": watchers });
    let params = json!({ "registrations": [files] });
    json!({ "jsonrpc": "2.0", "id": "files", "method": RegisterCapability::METHOD, "params": params })
}

fn of_params<T: serde::de::DeserializeOwned>(params: Value) -> Result<T, Failure> {
    let wrong = |error: serde_json::Error| Failure::new(INVALID_PARAMS, error.to_string());
    serde_json::from_value(params).map_err(wrong)
}

fn of_notice<N: Notification>(params: Value) -> Result<N::Params, Failure> {
    of_params(params)
}

fn of_result(result: &impl serde::Serialize) -> Result<Value, Failure> {
    let wrong = |error: serde_json::Error| Failure::new(INTERNAL_ERROR, error.to_string());
    serde_json::to_value(result).map_err(wrong)
}
