//! From the findings of drafts to what the editor shows beside each file.

use std::collections::{BTreeMap, BTreeSet};

use lsp_types::{
    DiagnosticRelatedInformation, DiagnosticSeverity, Location, NumberOrString,
    PublishDiagnosticsParams, Url,
};

use crate::cli::lsp::buffers::Buffers;
use crate::cli::lsp::client::Client;
use crate::cli::lsp::lines::Lines;
use crate::diagnostic::{Diagnostic, Level};
use crate::editor::Draft;
use crate::source::{FileId, Span};

/// What is said of one file.
type Shown = Vec<lsp_types::Diagnostic>;

/// What the editor was told.
#[derive(Default)]
pub(super) struct Published {
    /// For each playbook, what it says of each file.
    said: BTreeMap<Url, BTreeMap<Url, Shown>>,
    /// For each file, what was told last, and of which version.
    told: BTreeMap<Url, (Option<i32>, Shown)>,
}

impl Published {
    /// Returns what the editor has to be told after playbooks have changed or were closed.
    pub(super) fn update(
        &mut self,
        changed: &BTreeSet<Url>,
        buffers: &mut Buffers,
        client: Client,
    ) -> Vec<PublishDiagnosticsParams> {
        let mut files = BTreeSet::new();
        for uri in changed {
            let said = said(uri, buffers, client);
            let before = match said {
                Some(said) => {
                    files.extend(said.keys().cloned());
                    self.said.insert(uri.clone(), said)
                }
                None => self.said.remove(uri),
            };
            files.extend(before.into_iter().flatten().map(|(file, _)| file));
        }
        files.into_iter().filter_map(|file| self.tell(file, buffers)).collect()
    }

    /// Returns what is to be told of a file, if that is new.
    fn tell(&mut self, file: Url, buffers: &Buffers) -> Option<PublishDiagnosticsParams> {
        let mut shown: Shown = Vec::new();
        for finding in self.said.values().filter_map(|said| said.get(&file)).flatten() {
            if !shown.contains(finding) {
                shown.push(finding.clone());
            }
        }
        let version = buffers.version(&file);
        let before = self.told.get(&file);
        if before.is_some_and(|(known, told)| *known == version && *told == shown) {
            return None;
        }
        self.told.insert(file.clone(), (version, shown.clone()));
        Some(PublishDiagnosticsParams { uri: file, diagnostics: shown, version })
    }
}

/// Returns what a playbook says of each of its files, itself always among them; nothing for what
/// is no playbook.
fn said(uri: &Url, buffers: &mut Buffers, client: Client) -> Option<BTreeMap<Url, Shown>> {
    buffers.draft(uri).filter(|draft| draft.is_playbook())?;
    let buffers = &*buffers;
    let draft = buffers.made(uri)?;
    let mut said = BTreeMap::from([(uri.clone(), Vec::new())]);
    for finding in &draft.findings {
        if let Some(file) = buffers.address(uri, draft, finding.span.file) {
            let shown = of_finding(finding, uri, draft, buffers, client);
            said.entry(file).or_default().extend(shown);
        }
    }
    Some(said)
}

/// Returns a finding as the protocol has it.
pub(super) fn of_finding(
    finding: &Diagnostic,
    owner: &Url,
    draft: &Draft,
    buffers: &Buffers,
    client: Client,
) -> Option<lsp_types::Diagnostic> {
    let related = finding.related.iter().filter_map(|(span, label)| {
        let uri = buffers.address(owner, draft, span.file)?;
        let location = Location { uri, range: range(draft, *span, client)? };
        Some(DiagnosticRelatedInformation { location, message: label.clone() })
    });
    let related: Vec<DiagnosticRelatedInformation> = related.collect();
    let mut message = finding.message.clone();
    if let Some(label) = &finding.label {
        message.push_str(&format!("\n{label}"));
    }
    if let Some(help) = &finding.help {
        message.push_str(&format!("\nhelp: {help}"));
    }
    Some(lsp_types::Diagnostic {
        range: range(draft, finding.span, client)?,
        severity: Some(match finding.level {
            Level::Error => DiagnosticSeverity::ERROR,
            Level::Warning => DiagnosticSeverity::WARNING,
            Level::Info => DiagnosticSeverity::INFORMATION,
        }),
        code: Some(NumberOrString::String(finding.rule.to_owned())),
        source: Some("wizard".to_owned()),
        message,
        related_information: (client.related && !related.is_empty()).then_some(related),
        ..lsp_types::Diagnostic::default()
    })
}

/// Returns a span as the client counts it.
pub(super) fn range(draft: &Draft, span: Span, client: Client) -> Option<lsp_types::Range> {
    let text = text(draft, span.file)?;
    let lines = Lines::new(text, client.encoding);
    Some(lines.range(span.start as usize..span.end as usize))
}

/// Returns the text of a file of a draft.
pub(super) fn text(draft: &Draft, file: FileId) -> Option<&str> {
    draft.bundle.files.get(usize::from(file.0)).map(|source| source.text.as_str())
}
