//! What an airplane says it shows, held against its code.

use crate::lint::find_name;
use crate::proof::{Findings, Mark};
use crate::reference::{Flat, Sheet};

/// Looks for each name of `shows` in the code and in the names of its files.
pub(super) fn hold(flat: &Flat, sheet: &Sheet, findings: &mut Findings<'_, '_>) {
    let contents = flat.contents();
    let code: Vec<(&str, &str)> =
        contents.into_iter().filter(|(path, _)| !path.to_lowercase().ends_with(".md")).collect();
    let is_shown = |name: &str| {
        let mut texts = code.iter().flat_map(|(path, text)| [path, text]);
        texts.any(|text| !find_name(text, name).is_empty())
    };
    let missing: Vec<&str> =
        sheet.shows.iter().map(String::as_str).filter(|name| !is_shown(name)).collect();
    for name in &missing {
        findings.note(
            Mark::Fails,
            format!("`shows` names `{name}`, which none of its code has; show it, or take it out"),
        );
    }
    match sheet.shows.len() - missing.len() {
        0 if !missing.is_empty() => {}
        0 => findings.note(Mark::Untried, "it does not say in `shows` what it shows"),
        count => findings.note(Mark::Holds, format!("its code has {count} of the names it shows")),
    }
}
