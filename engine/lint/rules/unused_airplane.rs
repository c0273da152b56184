//! `unused-airplane`: an airplane of which no prose speaks.

use crate::diagnostic::Level;
use crate::expression::Part;
use crate::lint::Subject;
use crate::lint::code::find_name;
use crate::lint::rule::{Profile, Report, Rule, page};
use crate::playbook::Prose;

pub(super) const RULE: Rule = Rule {
    name: "unused-airplane",
    level: Level::Warning,
    profile: Profile::Default,
    page: page!("unused-airplane"),
    diagnose: Some(diagnose),
};

/// Words that mean all airplanes at once.
const ALL: [&str; 5] = ["airplanes", "references", "example apps", "model apps", "sample apps"];

/// Words that mean the airplane where there is one alone.
const ONE: [&str; 4] = ["airplane", "example app", "model app", "sample app"];

fn diagnose(subject: &Subject<'_>, report: Report<'_>) {
    let airplanes = subject.airplanes();
    if airplanes.is_empty() {
        return;
    }
    let proses: Vec<&Prose> = subject.proses().collect();
    let speaks = |words: &[&str]| {
        let mut texts = proses.iter().map(|prose| prose.text.text.to_lowercase());
        texts.any(|text| words.iter().any(|word| !find_name(&text, word).is_empty()))
    };
    let mut code_words = proses.iter().flat_map(|prose| &prose.code_words);
    let looks_up = code_words.any(|word| word.value == "reference");
    if looks_up || speaks(&ALL) || (airplanes.len() == 1 && speaks(&ONE)) {
        return;
    }
    for airplane in airplanes {
        let name = airplane.name.value.as_str();
        let spoken_of = proses
            .iter()
            .any(|prose| !find_name(&prose.text.text, name).is_empty() || makes(prose, name));
        if !spoken_of {
            let message = format!("no prose speaks of the airplane `{name}`");
            report(RULE.at(airplane.name.span, message).help(
                "say what it shows and where to look in it, or leave it out of `airplanes:`",
            ));
        }
    }
}

/// Whether a template puts the name together, as `` `shop-${{ inputs.kind }}` `` does.
fn makes(prose: &Prose, name: &str) -> bool {
    let parts = &prose.text.parts;
    let of_name = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_');
    let text = |part: Option<&Part>| match part {
        Some(Part::Text(text)) => text.clone(),
        _ => String::new(),
    };
    parts.iter().enumerate().any(|(index, part)| {
        if !matches!(part, Part::Expression(_)) {
            return false;
        }
        let before = text(index.checked_sub(1).and_then(|index| parts.get(index)));
        let after = text(parts.get(index + 1));
        let begin = &before[before.trim_end_matches(of_name).len()..];
        let end = &after[..after.len() - after.trim_start_matches(of_name).len()];
        let whole = begin.is_empty() && end.is_empty();
        let speaks =
            whole && before.to_lowercase().trim_end_matches(['`', ' ', '\n']).ends_with("airplane");
        speaks
            || (!whole
                && name.len() >= begin.len() + end.len()
                && name.starts_with(begin)
                && name.ends_with(end))
    })
}
