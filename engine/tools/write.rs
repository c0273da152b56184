//! `write`: a whole file.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::gate::{Gate, Refusal};
use crate::redact::has_token;
use crate::tools::authored;
use crate::tools::tool::Tool;

pub(super) struct Write;

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
            before = String::from_utf8_lossy(&old).into_owned();
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
        gate.write(&input.path, input.content.as_bytes())?;
        Ok("written".to_owned())
    }
}
