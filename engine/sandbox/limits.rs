//! What a command may use up: processes, lengths of files, and no core dumps.

use std::io;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::sandbox::{Level, MOST_PROCESSES};

/// The longest file that a command may write, in bytes.
const LONGEST_FILE: u64 = 4 << 30;

/// Sets the limits of this process and of all that it starts.
pub(super) fn set(level: Level) -> io::Result<()> {
    lower(Resource::Fsize, LONGEST_FILE)?;
    lower(Resource::Core, 0)?;
    // Outside a user namespace of its own, the person's other processes count too.
    let others = if level == Level::Full { 0 } else { tasks() };
    lower(Resource::Nproc, MOST_PROCESSES + others)?;
    if level == Level::Full {
        // Where each namespace has its own, this holds for root too, whom `Nproc` spares.
        let _ = std::fs::write("/proc/sys/kernel/pid_max", (2 * MOST_PROCESSES).to_string());
    }
    Ok(())
}

fn lower(resource: Resource, most: u64) -> io::Result<()> {
    let now = getrlimit(resource);
    let most = now.maximum.map_or(most, |maximum| maximum.min(most));
    Ok(setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) })?)
}

/// How many tasks this machine has.
fn tasks() -> u64 {
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let tasks = load.split(' ').nth(3).and_then(|it| it.split_once('/')?.1.parse().ok());
    tasks.unwrap_or(4_096)
}
