//! `unused-input`: an input that nothing reads.

use std::collections::HashSet;

use crate::diagnostic::{Level, near};
use crate::lint::Subject;
use crate::lint::rule::{Profile, Report, Rule, page};
use crate::playbook::{Grant, Input, InputKind};
use crate::source::FileId;

pub(super) const RULE: Rule = Rule {
    name: "unused-input",
    level: Level::Warning,
    profile: Profile::Default,
    page: page!("unused-input"),
    diagnose: Some(diagnose),
};

fn diagnose(subject: &Subject<'_>, report: Report<'_>) {
    let inputs = &subject.playbook.inputs;
    if inputs.is_empty() {
        return;
    }
    let read = read(subject);
    let declared = |name: &str| inputs.iter().any(|input| *input.name.value == *name);
    for input in inputs {
        let name = &input.name.value;
        // A slip of the pen is told where it stands.
        let meant =
            |read: &str| read == name || (!declared(read) && near(read, [&**name]).is_some());
        if read.iter().any(|read| meant(read)) {
            continue;
        }
        if input.kind == InputKind::Secret {
            // Without the file in which it could be set, that is what is missing.
            if subject.playbook.env.is_none() && sets_keys(subject) {
                continue;
            }
            let message = format!("nothing uses the secret `{name}`");
            report(RULE.at(input.name.span, message).help(
                "set a key of the env file to it, in `env.keys`, or remove it: a person is asked for it",
            ));
        } else if !is_spoken_of(subject, input) {
            let message = format!("nothing reads the input `{name}`");
            report(RULE.at(input.name.span, message).help(format!(
                "read it as `${{{{ inputs.{name} }}}}` where it matters, or remove it"
            )));
        }
    }
}

/// Whether some stage may set keys of the env file.
fn sets_keys(subject: &Subject<'_>) -> bool {
    let playbook = subject.playbook;
    let stages = playbook.stages.iter();
    let mut granted = stages.flat_map(|stage| playbook.grants(stage));
    granted.any(|grant| *grant == Grant::Tool("env".to_owned()))
}

/// Returns every name that stands behind `inputs`, also where no template can stand: that is told
/// by another rule.
fn read<'a>(subject: &Subject<'a>) -> HashSet<&'a str> {
    let airplanes: HashSet<FileId> =
        subject.bundle.airplane_files.values().flatten().copied().collect();
    let mut names = HashSet::new();
    for (index, source) in subject.bundle.files.iter().enumerate() {
        let file = FileId(u16::try_from(index).unwrap_or(u16::MAX));
        if airplanes.contains(&file) {
            continue;
        }
        for (at, inputs) in source.text.match_indices("inputs") {
            let rest = &source.text[at + inputs.len()..];
            let Some(rest) = ["['", "[\"", "."].iter().find_map(|open| rest.strip_prefix(open))
            else {
                continue;
            };
            let end = rest.find(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '_'));
            names.insert(&rest[..end.unwrap_or(rest.len())]);
        }
    }
    names
}

/// Whether prose speaks of an input by its name: a model is given the inputs that its section
/// does not read.
fn is_spoken_of(subject: &Subject<'_>, input: &Input) -> bool {
    let name = input.name.value.to_lowercase();
    let spellings = [name.clone(), name.replace('_', " "), name.replace('_', "-")];
    subject.proses().any(|prose| {
        let text = prose.text.text.to_lowercase();
        spellings.iter().any(|spelling| text.contains(spelling.as_str()))
    })
}
