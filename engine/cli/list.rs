//! `wizard list`: the playbooks that a name can mean.

use crate::cli::surroundings::Surroundings;
use crate::cli::{SUCCEEDED, print};
use crate::playbook::{Library, load, parse};

/// List the playbooks
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {}

pub(super) fn run(_arguments: &Arguments, surroundings: &Surroundings) -> anyhow::Result<u8> {
    let own = surroundings.library().map(Library::Folder);
    let mut seen = std::collections::BTreeSet::new();
    let mut text = String::new();
    for library in own.into_iter().chain([Library::Builtin]) {
        for name in library.playbooks() {
            if !seen.insert(name.clone()) {
                continue;
            }
            let about = load(library.clone(), &format!("playbooks/{name}.md"))
                .map_or_else(|error| error.to_string(), |bundle| parse(&bundle).0.description);
            text.push_str(&format!("{name:<12} {about}\n"));
        }
    }
    print::out(&text)?;
    Ok(SUCCEEDED)
}
