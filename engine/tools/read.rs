//! `read`: a file's text.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::gate::{Gate, Refusal};
use crate::tools::lines::Ends;
use crate::tools::tool::Tool;

pub(super) struct Read;

/// Lines that one call returns when it does not say.
const LINES: usize = 1_200;

/// Bytes that one call returns at most: about 12,000 tokens.
const BYTES: usize = 48 * 1024;

/// Read a file.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Input {
    path: String,
    /// First line, from 1
    from: Option<usize>,
    /// How many lines
    lines: Option<usize>,
}

impl Tool for Read {
    const NAME: &'static str = "read";
    type Input = Input;

    fn about(input: &Input) -> String {
        input.path.clone()
    }

    async fn call(gate: &Gate, input: Input) -> Result<String, Refusal> {
        let (path, bytes) = gate.read(&input.path)?;
        let Ok(text) = String::from_utf8(bytes) else {
            return Err(Refusal::Reply(format!(
                "`{path}` is not UTF-8: it is no text, or an old one"
            )));
        };
        // Masked whole: a secret that a part begins or ends in would not be known for one.
        let text = gate.hall().redactor.clean(&text);
        // Lines that end as long ago would be one.
        let text = match Ends::of(&text) {
            Ends::Old => Ends::Plain.end(&text.replace('\r', "\n")),
            _ => text.into(),
        };
        Ok(part(&text, input.from.unwrap_or(1), input.lines.unwrap_or(LINES)))
    }
}

/// Returns some lines, and says how to go on where they are not all.
fn part(text: &str, from: usize, lines: usize) -> String {
    let total = text.lines().count();
    let start = from.max(1) - 1;
    let mut shown = String::new();
    let mut last = start;
    for line in text.split_inclusive('\n').skip(start).take(lines) {
        if shown.len() + line.len() > BYTES {
            if shown.is_empty() {
                shown = line.chars().take(BYTES / 4).collect();
                last += 1;
            }
            break;
        }
        shown.push_str(line);
        last += 1;
    }
    if start == 0 && last >= total {
        return if text.is_empty() { "[the file is empty]".to_owned() } else { shown };
    }
    let newline = if shown.ends_with('\n') || shown.is_empty() { "" } else { "\n" };
    let more =
        if last < total { format!("; go on with from: {}", last + 1) } else { String::new() };
    format!("{shown}{newline}[lines {}-{last} of {total}{more}]", start + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_file_comes_as_it_is() {
        assert_eq!(part("a\nb\n", 1, 10), "a\nb\n");
    }

    #[test]
    fn a_part_says_how_to_go_on() {
        assert_eq!(part("a\nb\nc\n", 2, 1), "b\n[lines 2-2 of 3; go on with from: 3]");
        assert_eq!(part("a\nb\n", 9, 1), "[lines 9-8 of 2]");
    }
}
