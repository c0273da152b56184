//! `remove`: a file goes.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::gate::{Gate, Refusal};
use crate::tools::tool::Tool;

pub(super) struct Remove;

/// Remove a file you have read.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Input {
    path: String,
}

impl Tool for Remove {
    const NAME: &'static str = "remove";
    const MATERIAL: bool = false;
    type Input = Input;

    fn about(input: &Input) -> String {
        input.path.clone()
    }

    async fn call(gate: &Gate, input: Input) -> Result<String, Refusal> {
        gate.remove(&input.path).map(|_| "removed".to_owned())
    }
}
