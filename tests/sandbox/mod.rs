//! Commands as the kernel confines them: hostile ones, and those that a project needs.

mod attacks;
mod builds;

use std::path::Path;

use wizard::sandbox::{Level, probe};

/// The levels that this machine can hold a command to.
fn levels() -> Vec<Level> {
    let most = probe(Path::new(env!("CARGO_BIN_EXE_wizard"))).level;
    assert!(most >= Level::Kernel, "commands cannot be confined on this machine");
    [Level::Full, Level::Kernel].into_iter().filter(|level| *level <= most).collect()
}
