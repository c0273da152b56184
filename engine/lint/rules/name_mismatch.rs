//! `name-mismatch`: a playbook whose name is not its file's.

use std::path::Path;

use crate::diagnostic::Level;
use crate::lint::Subject;
use crate::lint::rule::{Profile, Report, Rule, page};

pub(super) const RULE: Rule = Rule {
    name: "name-mismatch",
    level: Level::Warning,
    profile: Profile::Default,
    page: page!("name-mismatch"),
    diagnose: Some(diagnose),
};

fn diagnose(subject: &Subject<'_>, report: Report<'_>) {
    let name = &subject.playbook.name;
    let Some(source) = subject.bundle.files.first() else { return };
    let path = Path::new(&source.name);
    let folder = path.parent().and_then(Path::file_name);
    // Only in a library is a playbook found by its name.
    if folder.is_none_or(|folder| folder != "playbooks") || name.value.is_empty() {
        return;
    }
    let Some(stem) = path.file_stem().and_then(|stem| stem.to_str()) else { return };
    if stem != name.value {
        let message = format!("the playbook is called `{}`, and its file `{stem}`", name.value);
        report(
            RULE.at(name.span, message)
                .help(format!("people play it by its file's name: `wizard play {stem}`"))
                .guess(name.span, stem),
        );
    }
}
