//! The outside: the only module that prints, reads the environment, or exits.

mod ask;

use std::process::ExitCode;

pub use ask::Terminal;

/// Runs the command line.
pub fn main() -> ExitCode {
    ExitCode::SUCCESS
}
