//! The outside: the only module that prints, reads the environment, or exits.

mod explain;
mod lint;
mod print;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Exit code of a command that found errors.
const FOUND: u8 = 1;

/// Exit code of a command that could not do its work.
const FAILED: u8 = 2;

/// Plays markdown playbooks
#[derive(Debug, Parser)]
#[command(name = "wizard", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Lint(lint::Arguments),
    Explain(explain::Arguments),
}

/// Runs the command line.
pub fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Lint(arguments) => lint::run(&arguments),
        Command::Explain(arguments) => explain::run(&arguments),
    };
    match done {
        Ok(code) => code,
        Err(error) if print::is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            // Nothing is left to do when standard error is closed too.
            let _ = print::err(&format!("error: {error:#}\n"));
            ExitCode::from(FAILED)
        }
    }
}
