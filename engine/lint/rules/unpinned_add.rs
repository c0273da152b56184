//! `unpinned-add`: packages that are added in whatever version is newest.

use crate::diagnostic::Level;
use crate::lint::rule::{Profile, Report, Rule, page};
use crate::lint::{Subject, packages};
use crate::playbook::CommandKind;

pub(super) const RULE: Rule = Rule {
    name: "unpinned-add",
    level: Level::Warning,
    profile: Profile::Strict,
    page: page!("unpinned-add"),
    diagnose: Some(diagnose),
};

fn diagnose(subject: &Subject<'_>, report: Report<'_>) {
    let commands = subject.playbook.commands.iter();
    for command in commands.filter(|command| command.kind == CommandKind::Add) {
        for word in &command.words {
            if word.expressions().next().is_some() {
                continue;
            }
            let Some(package) = packages::wanted(&word.text) else { continue };
            if package.range.is_some_and(|range| range != "latest" && range != "*") {
                continue;
            }
            let message = format!("`{}` is added in whatever version is newest", package.name);
            let mut finding = RULE.at(word.span, message);
            let shown = packages::in_airplanes(subject, package.name);
            if let Some(shown) = shown.first() {
                let label = "the airplane is right for this version";
                finding = finding.related(shown.span, label);
            }
            report(finding.help(
                "add a range, such as `name@^1.2` or `name>=1.2`: the next major version breaks \
                 what the prose says",
            ));
        }
    }
}
