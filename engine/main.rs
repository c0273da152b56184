//! The `wizard` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    wizard::cli::main()
}
