//! `run`: a command of the playbook's.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::gate::{Gate, Refusal};
use crate::plan::Powers;
use crate::playbook::{ArgumentRule, Playbook};
use crate::tools::tool::Tool;

pub(super) struct Run;

/// Characters of output that the model is given, from the end.
const SHOWN: usize = 8_000;

/// Run a command, by its name. Answers its exit code and the end of its output.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Input {
    command: String,
    args: Option<BTreeMap<String, String>>,
}

impl Tool for Run {
    const NAME: &'static str = "run";
    type Input = Input;

    fn about(input: &Input) -> String {
        input.command.clone()
    }

    async fn call(gate: &Gate, input: Input) -> Result<String, Refusal> {
        let ran = gate.run(&input.command, &input.args.unwrap_or_default(), "tool").await?;
        let exit = match ran.exit {
            Some(code) => format!("exit {code}"),
            None => "it did not end by itself".to_owned(),
        };
        let length = ran.text.chars().count();
        let text: String = ran.text.chars().skip(length.saturating_sub(SHOWN)).collect();
        Ok(format!("{exit}\n{}", text.trim()))
    }

    fn narrow(schema: &mut Value, powers: &Powers, playbook: &Playbook) {
        schema["properties"]["command"]["enum"] = json!(powers.commands);
        let mut args = serde_json::Map::new();
        for command in powers.commands.iter().filter_map(|name| playbook.command(name)) {
            for argument in &command.args {
                let rule = match &argument.rule {
                    ArgumentRule::Options(options) => json!({ "enum": options }),
                    ArgumentRule::Pattern(pattern) => json!({ "pattern": pattern.value }),
                };
                args.insert(argument.name.value.clone(), rule);
            }
        }
        if let Some(properties) = schema["properties"].as_object_mut() {
            if args.is_empty() {
                properties.remove("args");
            } else {
                properties
                    .insert("args".to_owned(), json!({ "type": "object", "properties": args }));
            }
        }
    }
}
