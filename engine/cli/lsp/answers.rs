//! Answers to what the editor asks about a place or a file.

use std::collections::{BTreeMap, HashMap};

use lsp_types::{
    CodeAction, CodeActionKind, CodeActionOrCommand, CodeActionParams, CompletionItem,
    CompletionItemKind, CompletionList, CompletionParams, CompletionResponse, CompletionTextEdit,
    DocumentChanges, DocumentSymbol, DocumentSymbolParams, DocumentSymbolResponse, Documentation,
    GotoDefinitionParams, GotoDefinitionResponse, Hover, HoverContents, HoverParams, Location,
    MarkupContent, MarkupKind, OneOf, OptionalVersionedTextDocumentIdentifier,
    PrepareRenameResponse, ReferenceParams, RenameParams, SymbolInformation, SymbolKind,
    TextDocumentEdit, TextDocumentPositionParams, TextEdit, Url, WorkspaceEdit,
};

use crate::cli::lsp::buffers::Buffers;
use crate::cli::lsp::client::Client;
use crate::cli::lsp::lines::Lines;
use crate::cli::lsp::publish::{of_finding, range, text};
use crate::diagnostic::Edit;
use crate::editor::completion::{Completion, Kind};
use crate::editor::{Draft, Entry, EntryKind, Refusal, Unproven};
use crate::source::{FileId, Span};

/// What is open, as one request sees it.
pub(super) struct Answers<'a> {
    buffers: &'a Buffers,
    client: Client,
    /// The playbook that is asked about.
    owner: Url,
    draft: &'a Draft,
    /// Which of its files the editor shows.
    file: FileId,
}

impl<'a> Answers<'a> {
    /// Makes ready to answer about a file that is open.
    pub(super) fn about(buffers: &'a mut Buffers, client: Client, uri: &Url) -> Option<Self> {
        let (owner, file) = buffers.owner(uri)?;
        buffers.draft(&owner)?;
        let buffers = &*buffers;
        let draft = buffers.made(&owner)?;
        Some(Answers { buffers, client, owner, draft, file })
    }

    fn at(&self, place: &TextDocumentPositionParams) -> Option<usize> {
        let lines = Lines::new(text(self.draft, self.file)?, self.client.encoding);
        Some(lines.offset(place.position))
    }

    pub(super) fn completion(&self, params: &CompletionParams) -> Option<CompletionResponse> {
        let at = self.at(&params.text_document_position)?;
        let completions = self.draft.completions(self.file, at);
        let items = completions.into_iter().enumerate();
        let items = items.filter_map(|(index, completion)| self.item(index, completion)).collect();
        Some(CompletionResponse::List(CompletionList { is_incomplete: false, items }))
    }

    fn item(&self, index: usize, completion: Completion) -> Option<CompletionItem> {
        let kind = match completion.kind {
            Kind::Key => CompletionItemKind::PROPERTY,
            Kind::Word => CompletionItemKind::ENUM_MEMBER,
            Kind::Stage => CompletionItemKind::MODULE,
            Kind::Input => CompletionItemKind::VARIABLE,
            Kind::Command => CompletionItemKind::FUNCTION,
            Kind::Tool => CompletionItemKind::METHOD,
            Kind::Field => CompletionItemKind::FIELD,
            Kind::File => CompletionItemKind::FILE,
            Kind::Name => CompletionItemKind::CONSTANT,
        };
        Some(CompletionItem {
            label: completion.label,
            kind: Some(kind),
            detail: completion.detail,
            documentation: completion
                .documentation
                .map(|text| Documentation::MarkupContent(markdown(text))),
            sort_text: Some(format!("{index:04}")),
            text_edit: Some(CompletionTextEdit::Edit(self.edit(&completion.edit)?)),
            ..CompletionItem::default()
        })
    }

    pub(super) fn hover(&self, params: &HoverParams) -> Option<Hover> {
        let at = self.at(&params.text_document_position_params)?;
        let hover = self.draft.hover(self.file, at)?;
        Some(Hover {
            range: range(self.draft, hover.span, self.client),
            contents: HoverContents::Markup(markdown(hover.text)),
        })
    }

    pub(super) fn definition(
        &self,
        params: &GotoDefinitionParams,
    ) -> Option<GotoDefinitionResponse> {
        let at = self.at(&params.text_document_position_params)?;
        let place = self.draft.definition(self.file, at)?;
        self.location(place).map(GotoDefinitionResponse::Scalar)
    }

    pub(super) fn references(&self, params: &ReferenceParams) -> Option<Vec<Location>> {
        let at = self.at(&params.text_document_position)?;
        let declarations = params.context.include_declaration;
        let places = self.draft.references(self.file, at, declarations).into_iter();
        Some(places.filter_map(|place| self.location(place)).collect())
    }

    pub(super) fn prepare_rename(
        &self,
        params: &TextDocumentPositionParams,
    ) -> Result<Option<PrepareRenameResponse>, Refusal> {
        let Some(at) = self.at(params) else { return Ok(None) };
        let (place, placeholder) = self.draft.renamed(self.file, at)?;
        let range = range(self.draft, place, self.client);
        Ok(range.map(|range| PrepareRenameResponse::RangeWithPlaceholder { range, placeholder }))
    }

    pub(super) fn rename(&self, params: &RenameParams) -> Result<Option<WorkspaceEdit>, Refusal> {
        let Some(at) = self.at(&params.text_document_position) else { return Ok(None) };
        let edits = self.draft.rename(self.file, at, &params.new_name)?;
        Ok(Some(self.workspace_edit(edits.iter())))
    }

    pub(super) fn formatting(&self) -> Result<Option<Vec<TextEdit>>, Unproven> {
        if self.file != FileId(0) {
            return Ok(None);
        }
        let edit = self.draft.formatted()?;
        Ok(edit.map(|edit| self.edit(&edit).into_iter().collect()))
    }

    pub(super) fn symbols(&self, _: &DocumentSymbolParams) -> Option<DocumentSymbolResponse> {
        if self.file != FileId(0) {
            return None;
        }
        let symbols = self.draft.contents().into_iter().filter_map(|entry| self.symbol(entry));
        let symbols: Vec<DocumentSymbol> = symbols.collect();
        if self.client.nested_symbols {
            return Some(DocumentSymbolResponse::Nested(symbols));
        }
        let mut flat = Vec::new();
        self.flatten(symbols, None, &mut flat);
        Some(DocumentSymbolResponse::Flat(flat))
    }

    #[expect(deprecated, reason = "the type has a field that is not used any more")]
    fn symbol(&self, entry: Entry) -> Option<DocumentSymbol> {
        let children = entry.children.into_iter().filter_map(|child| self.symbol(child)).collect();
        Some(DocumentSymbol {
            name: if entry.name.is_empty() { "(no name)".to_owned() } else { entry.name },
            detail: entry.detail,
            kind: match entry.kind {
                EntryKind::Stages => SymbolKind::NAMESPACE,
                EntryKind::Stage => SymbolKind::FUNCTION,
                EntryKind::Section => SymbolKind::STRING,
            },
            tags: None,
            deprecated: None,
            range: range(self.draft, entry.span, self.client)?,
            selection_range: range(self.draft, entry.selection, self.client)?,
            children: Some(children),
        })
    }

    #[expect(deprecated, reason = "the type has a field that is not used any more")]
    fn flatten(
        &self,
        symbols: Vec<DocumentSymbol>,
        above: Option<&str>,
        flat: &mut Vec<SymbolInformation>,
    ) {
        for symbol in symbols {
            flat.push(SymbolInformation {
                name: symbol.name.clone(),
                kind: symbol.kind,
                tags: None,
                deprecated: None,
                location: Location { uri: self.owner.clone(), range: symbol.range },
                container_name: above.map(str::to_owned),
            });
            self.flatten(symbol.children.unwrap_or_default(), Some(&symbol.name), flat);
        }
    }

    pub(super) fn code_actions(
        &self,
        params: &CodeActionParams,
    ) -> Option<Vec<CodeActionOrCommand>> {
        let lines = Lines::new(text(self.draft, self.file)?, self.client.encoding);
        let bytes = lines.bytes(params.range);
        let place = Span::new(self.file, bytes.start, bytes.end);
        let only = params.context.only.as_deref();
        let wanted = |kind: &CodeActionKind| {
            only.is_none_or(|only| only.iter().any(|asked| covers(asked, kind)))
        };
        let mut actions = Vec::new();
        if wanted(&CodeActionKind::QUICKFIX) {
            for repair in self.draft.repairs(place) {
                let finding =
                    of_finding(repair.finding, &self.owner, self.draft, self.buffers, self.client);
                actions.push(CodeAction {
                    title: repair.title,
                    kind: Some(CodeActionKind::QUICKFIX),
                    diagnostics: finding.map(|finding| vec![finding]),
                    edit: Some(self.workspace_edit(repair.edits.iter())),
                    is_preferred: repair.safe.then_some(true),
                    ..CodeAction::default()
                });
            }
        }
        let safe = self.draft.safe_repairs();
        if wanted(&CodeActionKind::SOURCE_FIX_ALL) && !safe.is_empty() {
            actions.push(CodeAction {
                title: "repair everything that can be repaired for certain".to_owned(),
                kind: Some(CodeActionKind::SOURCE_FIX_ALL),
                edit: Some(self.workspace_edit(safe.into_iter())),
                ..CodeAction::default()
            });
        }
        Some(actions.into_iter().map(CodeActionOrCommand::CodeAction).collect())
    }

    fn location(&self, place: Span) -> Option<Location> {
        let uri = self.buffers.address(&self.owner, self.draft, place.file)?;
        Some(Location { uri, range: range(self.draft, place, self.client)? })
    }

    fn edit(&self, edit: &Edit) -> Option<TextEdit> {
        let range = range(self.draft, edit.span, self.client)?;
        Some(TextEdit { range, new_text: edit.text.clone() })
    }

    fn workspace_edit<'e>(&self, edits: impl Iterator<Item = &'e Edit>) -> WorkspaceEdit {
        let mut files: BTreeMap<Url, Vec<TextEdit>> = BTreeMap::new();
        for edit in edits {
            let uri = self.buffers.address(&self.owner, self.draft, edit.span.file);
            if let (Some(uri), Some(edit)) = (uri, self.edit(edit)) {
                files.entry(uri).or_default().push(edit);
            }
        }
        if !self.client.versioned_edits {
            let changes: HashMap<Url, Vec<TextEdit>> = files.into_iter().collect();
            return WorkspaceEdit { changes: Some(changes), ..WorkspaceEdit::default() };
        }
        let edits = files.into_iter().map(|(uri, edits)| {
            let version = self.buffers.version(&uri);
            TextDocumentEdit {
                text_document: OptionalVersionedTextDocumentIdentifier { uri, version },
                edits: edits.into_iter().map(OneOf::Left).collect(),
            }
        });
        let changes = DocumentChanges::Edits(edits.collect());
        WorkspaceEdit { document_changes: Some(changes), ..WorkspaceEdit::default() }
    }
}

/// Whether a kind that was asked for is this one or one above it.
fn covers(asked: &CodeActionKind, kind: &CodeActionKind) -> bool {
    let (asked, kind) = (asked.as_str(), kind.as_str());
    kind == asked || kind.strip_prefix(asked).is_some_and(|rest| rest.starts_with('.'))
}

fn markdown(value: String) -> MarkupContent {
    MarkupContent { kind: MarkupKind::Markdown, value }
}
