//! `glob`: files by name.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::gate::{Gate, Refusal};
use crate::tools::tool::Tool;

pub(super) struct Glob;

/// Files that one call lists at most.
const MOST: usize = 300;

/// List files that a glob matches, such as `**/*.{js,ts}`. Ignored files are left out.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Input {
    pattern: String,
}

impl Tool for Glob {
    const NAME: &'static str = "glob";
    type Input = Input;

    fn about(input: &Input) -> String {
        input.pattern.clone()
    }

    async fn call(gate: &Gate, input: Input) -> Result<String, Refusal> {
        let files = gate.hall().workspace.matching(&[input.pattern])?;
        if files.is_empty() {
            return Ok("no file matches".to_owned());
        }
        let more = files.len().saturating_sub(MOST);
        let mut text = files[..files.len().min(MOST)].join("\n");
        if more > 0 {
            text.push_str(&format!("\n[{more} more; narrow the glob]"));
        }
        Ok(text)
    }
}
