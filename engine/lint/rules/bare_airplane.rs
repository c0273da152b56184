//! `bare-airplane`: an airplane without the manifest that says what it is built with.

use std::sync::LazyLock;

use regex::Regex;

use crate::diagnostic::Level;
use crate::lint::rule::{Profile, Report, Rule, page};
use crate::lint::{Airplane, AirplaneFile, Subject};

pub(super) const RULE: Rule = Rule {
    name: "bare-airplane",
    level: Level::Warning,
    profile: Profile::Default,
    page: page!("bare-airplane"),
    diagnose: Some(diagnose),
};

/// A script takes something from a package, and not from a file beside it or from an address.
static TAKES_PACKAGE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let from = r#"(?:from|require\(|import|import\()\s*["'](?:[a-z0-9]|@[a-z0-9-]+/)[^"':]*["']"#;
    Regex::new(from).ok()
});

fn diagnose(subject: &Subject<'_>, report: Report<'_>) {
    for airplane in subject.airplanes() {
        let Some(Ok(_)) = &airplane.flattened else { continue };
        let Some((file, declares)) = undeclared(airplane) else { continue };
        let name = &airplane.name.value;
        let message = format!("the airplane `{name}` has code and no manifest");
        let usual = declares.first().copied().unwrap_or_default();
        report(
            RULE.at(airplane.place(), message)
                .related(file.span(0, 0), "nothing says which packages this is built with")
                .help(format!(
                    "keep it, such as `{usual}`, with versions: without it the model makes them up"
                )),
        );
    }
}

/// Returns a code file whose packages no manifest declares, and what would.
fn undeclared<'a, 'b>(
    airplane: &'b Airplane<'a>,
) -> Option<(&'b AirplaneFile<'a>, &'static [&'static str])> {
    airplane.shown().find_map(|file| {
        let family = file.family()?;
        if family.declares.is_empty()
            || airplane.shown().any(|other| family.is_declared_by(other.path))
        {
            return None;
        }
        // A page's script may do without packages; a program in another language hardly ever.
        let script = family.declares.contains(&"package.json");
        let takes = TAKES_PACKAGE.as_ref().is_some_and(|takes| takes.is_match(file.text));
        (!script || takes).then_some((file, &family.declares[..]))
    })
}
