//! `wizard lint --online`: the hosts that playbooks name are asked.

use std::net::SocketAddr;
use std::sync::Arc;

use crate::cli::surroundings::Surroundings;
use crate::lint::Known;
use crate::online::{self, Hosts};
use crate::playbook::{self, Bundle, Playbook};

/// In a build for tests: the server of this machine that answers for every host.
const STAND_IN: &str = "WIZARD_STAND_IN";

/// Asks every host that playbooks name, and returns what is to be said of those left out.
pub(super) fn ask(
    bundles: &[Bundle],
    known: &mut Known,
    surroundings: &Surroundings,
) -> anyhow::Result<Vec<String>> {
    let playbooks: Vec<Playbook> = bundles.iter().map(|bundle| playbook::parse(bundle).0).collect();
    let mut hosts = Hosts::new();
    if let Some(server) = stand_in(surroundings) {
        hosts = hosts.stand_in(server);
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let asked: Vec<&Playbook> = playbooks.iter().collect();
    let answers = runtime.block_on(online::ask(&asked, &hosts));
    // A name that is still being resolved keeps nobody waiting.
    runtime.shutdown_background();
    known.answers = Some(Arc::new(answers));
    let left_out = playbooks.iter().flat_map(|playbook| {
        let docs = online::left_out(playbook).into_iter();
        docs.map(|(doc, reason)| {
            let name = &playbook.name.value;
            format!("not asked: the doc `{doc}` of {name}, whose address needs a play: {reason}")
        })
    });
    Ok(left_out.collect())
}

/// A release has no such way around: hosts are asked by https or not at all.
pub(super) fn stand_in(surroundings: &Surroundings) -> Option<SocketAddr> {
    let named = surroundings.variable(STAND_IN).filter(|_| cfg!(debug_assertions));
    named?.parse().ok().filter(|server: &SocketAddr| server.ip().is_loopback())
}
