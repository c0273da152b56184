//! `reference`: docs and airplanes, listed, searched and read.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::gate::{Gate, Refusal};
use crate::tools::tool::Tool;

pub(super) struct Reference;

/// Look up docs and model apps. No input lists them; `name` alone outlines one.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Input {
    name: Option<String>,
    /// Words to find, in all or in `name`
    search: Option<String>,
    /// Read this file or heading of `name`; `FILE:120` goes on at line 120
    section: Option<String>,
}

impl Tool for Reference {
    const NAME: &'static str = "reference";
    type Input = Input;

    fn about(input: &Input) -> String {
        let parts = [&input.name, &input.section, &input.search];
        parts.into_iter().flatten().cloned().collect::<Vec<_>>().join(" ")
    }

    async fn call(gate: &Gate, input: Input) -> Result<String, Refusal> {
        let index = gate.hall().references.of_stage(&gate.at.stage);
        let [name, words, section] = [&input.name, &input.search, &input.section]
            .map(|word| word.as_deref().filter(|word| !word.trim().is_empty()));
        let looked = match (name, words, section) {
            (_, Some(_), Some(_)) => Err("give `search` or `section`, not both".to_owned()),
            (name, Some(words), None) => index.search(words, name),
            (Some(name), None, Some(section)) => index.section(name, section),
            (Some(name), None, None) => index.outline(name),
            (None, None, Some(_)) => Err("`section` wants `name`".to_owned()),
            (None, None, None) => Ok(index.list()),
        };
        looked.map_err(Refusal::Reply)
    }
}
