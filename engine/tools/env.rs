//! `env`: whether a key is set, and setting one, never its value.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::gate::{Gate, Refusal};
use crate::plan::Powers;
use crate::playbook::Playbook;
use crate::tools::tool::Tool;

pub(super) struct Env;

/// Say whether a key of the env file is present, empty or missing, or set it. You never see or choose its value.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Input {
    key: String,
    /// Set it to the playbook's value
    set: Option<bool>,
}

impl Tool for Env {
    const NAME: &'static str = "env";
    const MATERIAL: bool = false;
    type Input = Input;

    fn about(input: &Input) -> String {
        let verb = if input.set == Some(true) { "set " } else { "" };
        format!("{verb}{}", input.key)
    }

    async fn call(gate: &Gate, input: Input) -> Result<String, Refusal> {
        if input.set == Some(true) {
            return gate.env_set(&input.key).await;
        }
        gate.env_status(&input.key).map(str::to_owned)
    }

    fn narrow(schema: &mut Value, powers: &Powers, _playbook: &Playbook) {
        schema["properties"]["key"]["enum"] = json!(powers.env_keys);
    }
}
