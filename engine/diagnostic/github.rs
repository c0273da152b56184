//! Findings as workflow commands, which GitHub shows beside the lines of a pull request.

use crate::diagnostic::{Diagnostic, Level};
use crate::source::Source;

/// Renders one finding as a workflow command.
pub fn render(diagnostic: &Diagnostic, files: &[Source]) -> String {
    let command = match diagnostic.level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Info => "notice",
    };
    let mut properties = format!("title={}", property(diagnostic.rule));
    if let Some(source) = files.get(usize::from(diagnostic.span.file.0)) {
        let start = source.place(diagnostic.span.start);
        let end = source.place(diagnostic.span.end);
        properties = format!(
            "file={},line={},endLine={},col={},endColumn={},{properties}",
            property(&source.name),
            start.line,
            end.line,
            start.column,
            end.column,
        );
    }
    let mut message = diagnostic.message.clone();
    for more in diagnostic.label.iter().chain(&diagnostic.help) {
        message.push_str("; ");
        message.push_str(more);
    }
    format!("::{command} {properties}::{}", data(&message))
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{FileId, Span};

    #[test]
    fn what_would_end_a_property_is_escaped() {
        let files = [Source::new("a:b,c.md", "x\n")];
        let finding = Diagnostic::error("bad-yaml", Span::new(FileId(0), 0, 1), "50% of\nit");
        assert_eq!(
            render(&finding, &files),
            "::error file=a%3Ab%2Cc.md,line=1,endLine=1,col=1,endColumn=2,title=bad-yaml::50%25 of%0Ait"
        );
    }
}
