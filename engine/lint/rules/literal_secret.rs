//! `literal-secret`: a key, token or password that is written out.

use crate::closed::written;
use crate::diagnostic::Level;
use crate::lint::Subject;
use crate::lint::rule::{Profile, Report, Rule, page};
use crate::source::{FileId, Span};

pub(super) const RULE: Rule = Rule {
    name: "literal-secret",
    level: Level::Error,
    profile: Profile::Min,
    page: page!("literal-secret"),
    diagnose: Some(diagnose),
};

fn diagnose(subject: &Subject<'_>, report: Report<'_>) {
    for (file, source) in (0..).map(FileId).zip(&subject.bundle.files) {
        for secret in written(&source.text).into_iter().filter(|key| !key.public) {
            let span = Span::new(file, secret.range.start, secret.range.end);
            let mut airplanes = subject.bundle.airplane_files.values();
            let help = if airplanes.any(|files| files.contains(&file)) {
                "revoke it, since whoever has the file has it; let the app read it from its settings"
            } else {
                "revoke it, since whoever has the file has it; ask for it as an input of \
                 `type: secret`"
            };
            report(RULE.at(span, format!("{} is written out", secret.what)).help(help));
        }
    }
}
