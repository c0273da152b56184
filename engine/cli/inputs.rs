//! Where inputs come from: a cassette, an answers file, variables, flags, and the person.

#![expect(clippy::disallowed_methods, reason = "inputs are read from files that the person names")]

use std::io::IsTerminal as _;

use anyhow::{Context as _, bail};

use crate::approval::Answers;
use crate::cassette::Cassette;
use crate::cli::play::Arguments;
use crate::cli::resume::Resumed;
use crate::cli::surroundings::Surroundings;
use crate::plan::{Given, InputFault, Inputs};
use crate::playbook::{InputKind, Playbook};

/// Collects the inputs of a run. What is missing is asked for where somebody is at the terminal.
pub(super) fn resolve(
    arguments: &Arguments,
    playbook: &Playbook,
    cassette: Option<&Cassette>,
    resumed: Option<&Resumed>,
    surroundings: &Surroundings,
) -> anyhow::Result<Inputs> {
    let mut given = match (cassette, answers(arguments)?) {
        (Some(cassette), _) => cassette.head.given(),
        (None, Some(answers)) => answers.inputs().clone(),
        (None, None) => std::collections::BTreeMap::new(),
    };
    if let Some(cassette) = cassette {
        given.extend(arguments.target.flags(playbook)?);
        hold_name(cassette, playbook)?;
        return Inputs::replayed(playbook, &given).map_err(|faults| told(&faults));
    }
    given.extend(arguments.target.given(playbook, surroundings)?);
    if let Some(resumed) = resumed {
        resumed.inputs(playbook, &arguments.target.flags(playbook)?, &mut given)?;
    }
    let mut faults = match Inputs::resolve(playbook, &given) {
        Ok(inputs) => return Ok(inputs),
        Err(faults) => faults,
    };
    let missing = |fault: &InputFault| matches!(fault, InputFault::Missing { .. });
    if std::io::stdin().is_terminal() && faults.iter().all(missing) {
        for input in &playbook.inputs {
            let name = &input.name.value;
            if faults
                .iter()
                .any(|fault| matches!(fault, InputFault::Missing { name: it, .. } if it == name))
            {
                let text = super::ask::input(
                    name,
                    input.description.as_deref(),
                    input.kind == InputKind::Secret,
                )?;
                given.insert(name.clone(), Given::Text(text));
            }
        }
        faults = match Inputs::resolve(playbook, &given) {
            Ok(inputs) => return Ok(inputs),
            Err(faults) => faults,
        };
    }
    Err(told(&faults))
}

/// Reads the answers file, if one is given.
pub(super) fn answers(arguments: &Arguments) -> anyhow::Result<Option<Answers>> {
    let Some(path) = &arguments.how.answers else { return Ok(None) };
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("cannot read the answers file `{}`", path.display()))?;
    Ok(Some(Answers::read(path, &text)?))
}

fn hold_name(cassette: &Cassette, playbook: &Playbook) -> anyhow::Result<()> {
    let (recorded, played) = (&cassette.head.playbook, &playbook.name.value);
    if recorded != played {
        bail!("the cassette is of the playbook `{recorded}`, and this is `{played}`");
    }
    Ok(())
}

/// Says every fault, and where inputs come from.
fn told(faults: &[InputFault]) -> anyhow::Error {
    let mut lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
    if faults.iter().any(|fault| matches!(fault, InputFault::Missing { .. })) {
        lines.push(
            "give an input with `--input NAME=VALUE`, or `NAME=@FILE` for a secret".to_owned(),
        );
    }
    anyhow::anyhow!("{}", lines.join("\n  "))
}
