//! `edit`: one passage of a file for another.

use std::ops::Range;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::gate::{Gate, Refusal};
use crate::redact::Masked;
use crate::tools::authored;
use crate::tools::lines::{Ends, Lines};
use crate::tools::tool::Tool;

pub(super) struct Edit;

/// Replace a passage in a file you have read. `old` must occur exactly once.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Input {
    path: String,
    old: String,
    new: String,
    /// Replace every occurrence
    all: Option<bool>,
}

impl Tool for Edit {
    const NAME: &'static str = "edit";
    const MATERIAL: bool = false;
    type Input = Input;

    fn about(input: &Input) -> String {
        input.path.clone()
    }

    async fn call(gate: &Gate, input: Input) -> Result<String, Refusal> {
        let (path, bytes) = gate.current(&input.path)?;
        let text = authored::text_of(&path, bytes)?;
        if let Some(reason) = authored::fault(&input.new, &text) {
            return Err(Refusal::Reply(format!("`{path}`: {reason}")));
        }
        let masked = gate.hall().redactor.masked(&text);
        let all = input.all.unwrap_or(false);
        let (text, count) = replace(&text, &masked, &input.old, &input.new, all)
            .map_err(|reason| Refusal::Reply(format!("`{path}`: {reason}")))?;
        let others = gate.other_names(&path);
        gate.write(&path, text.as_bytes())?;
        let edited =
            if count == 1 { "edited".to_owned() } else { format!("edited in {count} places") };
        Ok(format!("{edited}{others}"))
    }
}

/// Replaces a passage; what stands outside it keeps every byte. The passage is looked for in the
/// text as the model sees it: lines end plainly there, and a mask stands for what it masks. What
/// comes in its place ends its lines as the file does.
fn replace(
    text: &str,
    masked: &Masked,
    old: &str,
    new: &str,
    all: bool,
) -> Result<(String, usize), String> {
    let (old, new) = (Ends::Plain.end(old), Ends::Plain.end(new));
    if old.is_empty() {
        return Err("`old` is empty".to_owned());
    }
    if old == new {
        return Err("`old` and `new` are the same".to_owned());
    }
    let lines = Lines::of(masked.text());
    let shown = lines.text();
    let places: Vec<usize> = shown.match_indices(&old).map(|(at, _)| at).collect();
    match places.len() {
        0 => Err(format!("`old` does not occur{}", nearest(shown, &old))),
        count if count == 1 || all => {
            let places = places.iter().map(|at| lines.place(&(*at..at + old.len())));
            let changes: Vec<(Range<usize>, String)> = places
                .map(|place| {
                    let new = lines.in_kind(&place, &new);
                    (place, new)
                })
                .collect();
            Ok((spliced(text, masked, &changes)?, count))
        }
        count => {
            let lines: Vec<String> = places
                .iter()
                .take(5)
                .map(|at| (shown[..*at].matches('\n').count() + 1).to_string())
                .collect();
            Err(format!(
                "`old` occurs {count} times, at lines {}; add lines around it",
                lines.join(", ")
            ))
        }
    }
}

/// Puts each new passage in the place of the old one, as the model sees it.
fn spliced(
    text: &str,
    masked: &Masked,
    changes: &[(Range<usize>, String)],
) -> Result<String, String> {
    let mut changed = String::with_capacity(text.len());
    let mut end = 0;
    for (passage, new) in changes {
        let raw = masked.raw(passage).ok_or("`old` has a part of a mask; take the whole of it")?;
        let new = masked.unmasked(text, passage, new).map_err(|mask| {
            format!(
                "`{mask}` stands for a secret: it stays where it is in `old`, or goes, and is \
                 written nowhere else; where a passage has several, change less at once"
            )
        })?;
        changed.push_str(&text[end..raw.start]);
        changed.push_str(&new);
        end = raw.end;
    }
    changed.push_str(&text[end..]);
    Ok(changed)
}

/// Says where the passage's first line stands, if it does.
fn nearest(text: &str, old: &str) -> String {
    let first = old.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    let line = text.lines().position(|line| !first.is_empty() && line.trim() == first);
    match line {
        Some(line) => {
            format!("; its first line stands at line {}, and what follows differs", line + 1)
        }
        None => "; read the file again".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use crate::redact::Redactor;

    fn replace(text: &str, old: &str, new: &str, all: bool) -> Result<(String, usize), String> {
        let secrets = [("env:KEY", "canary-canary")];
        let masked = Redactor::new(&secrets.into_iter().collect()).masked(text);
        super::replace(text, &masked, old, new, all)
    }

    #[test]
    fn a_mask_is_kept_or_dropped_and_nothing_else() {
        let text = "a: canary-canary\r\nb: x\r\nc: canary-canary\r\n";
        let mask = "[REDACTED:env:KEY#1]";
        let edited = replace(text, &format!("a: {mask}\nb"), &format!("d: {mask}\ne"), false);
        assert_eq!(edited.unwrap().0, "d: canary-canary\r\ne: x\r\nc: canary-canary\r\n");
        assert_eq!(replace(text, mask, "gone", true).unwrap().0, "a: gone\r\nb: x\r\nc: gone\r\n");
        let copied = replace(text, "b: x", &format!("b: {mask}"), false);
        assert!(copied.unwrap_err().contains("written nowhere else"));
        assert!(replace(text, "[REDACTED:env", "x", true).is_err());
        // A guess at the value finds nothing.
        assert!(replace(text, "a: canary-canary", "x", false).unwrap_err().contains("not occur"));
    }

    #[test]
    fn only_the_passage_changes() {
        let text = "\u{feff}a\r\nb\r\nc";
        assert_eq!(
            replace(text, "a\nb", "x\ny\nz", false),
            Ok(("\u{feff}x\r\ny\r\nz\r\nc".to_owned(), 1))
        );
    }

    #[test]
    fn a_passage_must_occur_once() {
        assert_eq!(
            replace("a\nb\na\n", "a", "x", false),
            Err("`old` occurs 2 times, at lines 1, 3; add lines around it".to_owned())
        );
        assert_eq!(replace("a a", "a", "x", true), Ok(("x x".to_owned(), 2)));
        assert!(replace("a\n  b\n", "b\nc", "x", false).unwrap_err().contains("at line 2"));
    }
}
