//! The outside: the only module that prints, reads the environment, or exits.

pub mod live;
mod telling;

use std::process::ExitCode;

/// Runs the command line.
pub fn main() -> ExitCode {
    ExitCode::SUCCESS
}
