//! Findings and their files as they may be shown: without the secrets that stand in them.

use std::collections::BTreeSet;

use crate::closed::{covering, written};
use crate::diagnostic::Diagnostic;
use crate::source::{FileId, Source};

/// Covers every secret in the files that findings are about, and in their words. Returns nothing
/// where there is none. Places stay what they are.
pub fn cover(files: &[Source], findings: &[Diagnostic]) -> Option<(Vec<Source>, Vec<Diagnostic>)> {
    let spans = findings.iter().flat_map(|finding| {
        let related = finding.related.iter().map(|(span, _)| *span);
        let edits = finding.fix.iter().flat_map(|fix| &fix.edits).map(|edit| edit.span);
        std::iter::once(finding.span).chain(related).chain(edits)
    });
    let about: BTreeSet<FileId> = spans.map(|span| span.file).collect();
    let sources = || about.iter().filter_map(|file| files.get(usize::from(file.0)));
    let secrets = sources().flat_map(|source| {
        let found = written(&source.text).into_iter().filter(|key| !key.public);
        found.map(|key| &source.text[key.range])
    });
    let secrets: BTreeSet<&str> = secrets.collect();
    if secrets.is_empty() {
        return None;
    }
    // What is told as a secret in one place may stand in another where nothing tells it.
    let clean = |text: &mut String| {
        for secret in &secrets {
            if text.contains(secret) {
                *text = text.replace(secret, &covering(secret));
            }
        }
    };
    let shown = files.iter().zip((0..).map(FileId)).map(|(source, file)| {
        let mut text = source.text.clone();
        if about.contains(&file) {
            clean(&mut text);
        }
        Source::new(&*source.name, text)
    });
    let shown = shown.collect();
    let mut findings = findings.to_vec();
    for finding in &mut findings {
        clean(&mut finding.message);
        finding.label.iter_mut().chain(&mut finding.help).for_each(clean);
        finding.related.iter_mut().for_each(|(_, label)| clean(label));
        let edits = finding.fix.iter_mut().flat_map(|fix| &mut fix.edits);
        edits.for_each(|edit| clean(&mut edit.text));
    }
    Some((shown, findings))
}
