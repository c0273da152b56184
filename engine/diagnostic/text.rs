//! Findings as rustc shows them.

use annotate_snippets::{AnnotationKind, Group, Level as Shown, Renderer, Snippet};

use crate::diagnostic::{Diagnostic, Level};
use crate::source::{FileId, Source, Span};

/// The columns of the narrowest terminal that people use: longer lines are cut around the place.
const WIDTH: usize = 80;

/// The longest line of a way out, in characters.
const HELP_WIDTH: usize = 66;

/// Renders one finding with its snippet, cause and way out.
pub fn render(diagnostic: &Diagnostic, files: &[Source], color: bool) -> String {
    let level = match diagnostic.level {
        Level::Error => Shown::ERROR,
        Level::Warning => Shown::WARNING,
        Level::Info => Shown::INFO,
    };
    let title = level.primary_title(&diagnostic.message).id(diagnostic.rule);
    let mut group = Group::with_title(title);
    for file in files_of(diagnostic) {
        let Some(source) = files.get(usize::from(file.0)) else { continue };
        let mut snippet = Snippet::source(&source.text).path(&source.name).fold(true);
        if diagnostic.span.file == file {
            let place = AnnotationKind::Primary.span(range(diagnostic.span, source));
            snippet = snippet.annotation(match &diagnostic.label {
                Some(label) => place.label(label),
                None => place,
            });
        }
        for (span, label) in diagnostic.related.iter().filter(|(span, _)| span.file == file) {
            snippet =
                snippet.annotation(AnnotationKind::Context.span(range(*span, source)).label(label));
        }
        group = group.element(snippet);
    }
    if let Some(help) = &diagnostic.help {
        group = group.element(Shown::HELP.message(folded(help)));
    }
    let renderer = if color { Renderer::styled() } else { Renderer::plain() };
    let renderer = renderer.term_width(WIDTH);
    renderer.render(&[group])
}

/// Breaks a text into lines that fit beside `= help: ` on a narrow terminal.
fn folded(text: &str) -> String {
    text.split('\n').map(folded_line).collect::<Vec<_>>().join("\n")
}

fn folded_line(text: &str) -> String {
    let mut folded = String::with_capacity(text.len() + 8);
    let mut width = 0;
    for word in text.split(' ') {
        let length = word.chars().count();
        if width > 0 && width + 1 + length > HELP_WIDTH {
            folded.push('\n');
            width = 0;
        } else if width > 0 {
            folded.push(' ');
            width += 1;
        }
        folded.push_str(word);
        width += length;
    }
    folded
}

/// The finding's own file first, then those of its related places.
fn files_of(diagnostic: &Diagnostic) -> Vec<FileId> {
    let mut files = vec![diagnostic.span.file];
    for (span, _) in &diagnostic.related {
        if !files.contains(&span.file) {
            files.push(span.file);
        }
    }
    files
}

/// A span as bytes that lie in the text, on character boundaries.
fn range(span: Span, source: &Source) -> std::ops::Range<usize> {
    let text = &source.text;
    let floor = |mut at: usize| {
        at = at.min(text.len());
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        at
    };
    let start = floor(span.start as usize);
    start..floor(span.end as usize).max(start)
}
