//! Findings that the author has looked at and allows.

use crate::diagnostic::{Diagnostic, Level, near};
use crate::lint::rules::{self, unused_allow};
use crate::lint::{Profile, Subject, answers};
use crate::playbook::Allowed;
use crate::source::{FileId, Span};

/// Takes out the findings that the playbook allows, and reports what allows nothing. An error is
/// never taken out: the play would go wrong all the same.
pub(super) fn apply(subject: &Subject<'_>, profile: Profile, findings: &mut Vec<Diagnostic>) {
    let allowed = &subject.playbook.allowed;
    let mut used = vec![false; allowed.len()];
    findings.retain(|finding| {
        let mut kept = true;
        for (allow, used) in allowed.iter().zip(&mut used) {
            let same = *allow.rule == *finding.rule && finding.level != Level::Error;
            if same && covers(subject, allow, finding.span) {
                *used = true;
                kept = false;
            }
        }
        kept
    });
    if unused_allow::RULE.profile > profile {
        return;
    }
    for (allow, _) in allowed.iter().zip(used).filter(|(_, used)| !used) {
        findings.extend(unused(subject, profile, allow));
    }
}

/// Whether a place lies where the findings are allowed.
fn covers(subject: &Subject<'_>, allow: &Allowed, place: Span) -> bool {
    let Some(within) = &allow.within else { return true };
    if place.file == FileId(0) {
        let preamble = subject.playbook.preamble.span;
        let in_preamble = preamble.start <= place.start && place.end <= preamble.end;
        return (within.value == "preamble" && in_preamble)
            || subject.owner(place).is_some_and(|stage| stage.id.value == within.value);
    }
    let named = subject.bundle.named.get(&within.value);
    let airplane = subject.bundle.airplane_files.get(&within.value);
    matches!(named, Some(Ok(file)) if *file == place.file)
        || airplane.is_some_and(|files| files.contains(&place.file))
        || subject.owner(place).is_some_and(|stage| stage.id.value == within.value)
}

/// Says why an entry allows nothing, if that is certain.
fn unused(subject: &Subject<'_>, profile: Profile, allow: &Allowed) -> Option<Diagnostic> {
    let name = allow.rule.value.as_str();
    let report = |message: String| unused_allow::RULE.at(allow.rule.span, message);
    let Some(rule) = rules::find(name) else {
        let finding = report(format!("there is no rule `{name}`"));
        return Some(match near(name, rules::RULES.iter().map(|rule| rule.name)) {
            Some(near) => {
                finding.label(format!("did you mean `{near}`?")).guess(allow.rule.span, near)
            }
            None => finding.help("`wizard lint --list` lists the rules"),
        });
    };
    // What was not looked for cannot be missed.
    if rule.profile > profile || !answers::could_look(rule, subject.known) {
        return None;
    }
    if rule.level == Level::Error {
        let message = format!("`{name}` finds errors, and an error cannot be allowed");
        return Some(report(message).help("the play would go wrong all the same: repair it"));
    }
    if let Some(within) = allow.within.as_ref().filter(|within| !exists(subject, within)) {
        let message = format!("the playbook has no place `{}`", within.value);
        let finding = unused_allow::RULE.at(within.span, message);
        return Some(finding.help("`in` is a stage, `preamble`, an include, or an airplane"));
    }
    Some(
        report(format!("`{name}` finds nothing that this allows"))
            .help("what it was for has gone: leave it out, or the next such finding is missed"),
    )
}

fn exists(subject: &Subject<'_>, within: &str) -> bool {
    within == "preamble"
        || subject.stage(within).is_some()
        || subject.bundle.named.contains_key(within)
        || subject.bundle.airplane_files.contains_key(within)
}
