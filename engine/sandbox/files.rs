//! Which files a command may read and change, held by the kernel for it and all that it starts.

use std::path::PathBuf;

use landlock::{
    ABI, Access as _, AccessFs, AccessNet, CompatLevel, Compatible as _, LandlockStatus, NetPort,
    Ruleset, RulesetAttr as _, RulesetCreatedAttr as _, RulesetStatus, Scope, path_beneath_rules,
};

use crate::sandbox::{Confinement, Level, Network};

/// The newest rights that are asked for; an older kernel holds those it knows.
const NEWEST: ABI = ABI::V6;

/// Devices that give nothing away and keep nothing.
pub(super) const DEVICES: [&str; 5] =
    ["/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"];

/// Shared memory, which is a command's own in a view of its own.
pub(super) const SHARED_MEMORY: &str = "/dev/shm";

/// Takes from this process, and from all that it starts, every file that it was not given.
pub(super) fn hold(confinement: &Confinement) -> Result<(), String> {
    let said = |error: landlock::RulesetError| format!("files cannot be confined: {error}");
    let all = AccessFs::from_all(NEWEST) & !(AccessFs::MakeChar | AccessFs::MakeBlock);
    let read = AccessFs::from_read(NEWEST);
    let mut writable: Vec<PathBuf> = confinement.files.writable.clone();
    writable.push(Confinement::temporary(&confinement.scratch));
    writable.extend(DEVICES.map(PathBuf::from));
    if confinement.level == Level::Full {
        writable.push(SHARED_MEMORY.into());
    }
    let mut readable = confinement.files.readable.clone();
    readable.push("/proc".into());
    let mut rules = Ruleset::default()
        .handle_access(AccessFs::from_all(NEWEST))
        .and_then(|rules| rules.scope(Scope::AbstractUnixSocket | Scope::Signal))
        .map_err(said)?;
    // A network of its own holds better than rules for ports.
    if confinement.level != Level::Full {
        let level = match confinement.network {
            Network::None => CompatLevel::BestEffort,
            Network::Wire | Network::Port(_) => CompatLevel::HardRequirement,
        };
        let net = AccessNet::ConnectTcp | AccessNet::BindTcp;
        rules = rules.set_compatibility(level).handle_access(net).map_err(said)?;
        rules = rules.set_compatibility(CompatLevel::BestEffort);
    }
    let mut rules = rules
        .create()
        .and_then(|rules| rules.add_rules(path_beneath_rules(readable, read)))
        .and_then(|rules| rules.add_rules(path_beneath_rules(writable, all)))
        .map_err(said)?;
    if let Network::Port(port) = confinement.network {
        rules = rules.add_rule(NetPort::new(port, AccessNet::ConnectTcp)).map_err(said)?;
    }
    if confinement.level == Level::Full {
        // Nothing stands in the view but what was given: its folders may be listed.
        let root = path_beneath_rules(["/"], AccessFs::ReadDir);
        rules = rules.add_rules(root).map_err(said)?;
    }
    let status = rules.restrict_self().map_err(said)?;
    match (status.ruleset, status.landlock) {
        (RulesetStatus::NotEnforced, LandlockStatus::NotEnabled) => {
            Err("files cannot be confined: Landlock is not enabled in this kernel".to_owned())
        }
        (RulesetStatus::NotEnforced, _) => {
            Err("files cannot be confined: this kernel has no Landlock".to_owned())
        }
        _ => Ok(()),
    }
}
