//! `write`: a whole file.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::gate::{Gate, Refusal};
use crate::redact::has_token;
use crate::tools::authored;
use crate::tools::lines::Ends;
use crate::tools::tool::Tool;

pub(super) struct Write;

/// What some editors begin a file with.
const MARK: char = '\u{feff}';

/// The size from which a file is not cut down by a rewrite, in bytes.
const GUARDED: usize = 400;

/// Create a file, or replace one you have read. To change part of a file, use `edit`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Input {
    path: String,
    content: String,
}

impl Tool for Write {
    const NAME: &'static str = "write";
    const MATERIAL: bool = false;
    type Input = Input;

    fn about(input: &Input) -> String {
        input.path.clone()
    }

    async fn call(gate: &Gate, input: Input) -> Result<String, Refusal> {
        let mut before = String::new();
        if gate.exists(&input.path)? {
            let (path, old) = gate.current(&input.path)?;
            if old.len() >= GUARDED && input.content.len() * 10 < old.len() * 7 {
                return Err(Refusal::Reply(format!(
                    "`{path}` would lose more than 30 % of its text; use `edit` for what changes"
                )));
            }
            before = authored::text_of(&path, old)?;
        }
        if let Some(reason) = authored::fault(&input.content, &before) {
            return Err(Refusal::Reply(format!("`{}`: {reason}", input.path)));
        }
        if has_token(&input.content) && !has_token(&before) {
            return Err(Refusal::Reply(format!(
                "`{}`: a mask stands for a secret that you do not have; use `edit`, and leave the \
                 mask where it stands",
                input.path
            )));
        }
        let others = gate.other_names(&input.path);
        gate.write(&input.path, in_kind(&before, input.content).as_bytes())?;
        Ok(format!("written{others}"))
    }
}

/// Gives a text what the file has that a model does not see: its byte order mark and its line ends.
fn in_kind(before: &str, content: String) -> String {
    let content = match Ends::of(before) {
        Ends::Plain => content,
        ends => ends.end(&content),
    };
    let marked = before.starts_with(MARK) && !content.starts_with(MARK);
    if marked { format!("{MARK}{content}") } else { content }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_keeps_what_a_model_does_not_see_of_it() {
        let written = |before: &str| in_kind(before, "x\ny\n".to_owned());
        assert_eq!(written(""), "x\ny\n");
        assert_eq!(written("a\r\nb\r\n"), "x\r\ny\r\n");
        assert_eq!(written("a\r\nb\n"), "x\ny\n");
        assert_eq!(written("\u{feff}a\rb"), "\u{feff}x\ry\r");
        assert_eq!(in_kind("\u{feff}a", "\u{feff}b".to_owned()), "\u{feff}b");
    }
}
