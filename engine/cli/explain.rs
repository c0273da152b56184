//! `wizard explain`: prints the page of a rule.

use anyhow::bail;

use crate::cli::{SUCCEEDED, print};
use crate::diagnostic::near;
use crate::lint::rules;

/// Explain a rule of lint: what it means, an example, the way out
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The rule's name, as it stands in brackets after `error`
    rule: String,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<u8> {
    let name = arguments.rule.trim_start_matches("error[").trim_end_matches(']');
    let Some(rule) = rules::RULES.iter().find(|rule| rule.name == name) else {
        match near(name, rules::RULES.iter().map(|rule| rule.name)) {
            Some(near) => bail!("there is no rule `{name}`; did you mean `{near}`?"),
            None => bail!("there is no rule `{name}`; `wizard lint --list` lists them"),
        }
    };
    print::out(rule.page)?;
    Ok(SUCCEEDED)
}
