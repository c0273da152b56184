//! `byte-order-mark`: a file that begins with a mark which nobody sees.

use crate::diagnostic::Level;
use crate::lint::Subject;
use crate::lint::rule::{Profile, Report, Rule, page};
use crate::source::{FileId, Span};

pub(super) const RULE: Rule = Rule {
    name: "byte-order-mark",
    level: Level::Info,
    profile: Profile::Strict,
    page: page!("byte-order-mark"),
    diagnose: Some(diagnose),
};

fn diagnose(subject: &Subject<'_>, report: Report<'_>) {
    let named = subject.bundle.named.values().filter_map(|file| file.as_ref().ok());
    for file in [FileId(0)].iter().chain(named) {
        let Some(source) = subject.bundle.files.get(usize::from(file.0)) else { continue };
        if source.text.starts_with('\u{feff}') {
            let mark = Span::new(*file, 0, '\u{feff}'.len_utf8());
            report(
                RULE.at(mark, "the file begins with a byte order mark")
                    .help("remove it: other readers do not find a front matter behind it")
                    .fix(mark, ""),
            );
        }
    }
}
