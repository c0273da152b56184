//! The outside: the only module that prints, reads the environment, or exits.

mod airplane;
mod ask;
mod attend;
mod budget;
mod confine;
mod demo;
mod diff;
mod docs;
mod doctor;
mod doubts;
mod explain;
mod fmt;
mod folder;
mod import;
mod inputs;
mod lint;
mod list;
pub mod live;
mod lsp;
mod memory;
mod model;
mod new;
mod online;
mod plan;
mod play;
mod print;
mod prompt;
mod replace;
mod resume;
mod runs;
mod select;
mod show;
mod signals;
mod surroundings;
mod target;
mod telling;
mod undo;
mod trust;
mod why;
mod wish;
mod world;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use surroundings::Surroundings;

/// Play markdown playbooks against a language model inside a project
#[derive(Debug, Parser)]
#[command(name = "wizard", version, arg_required_else_help = true, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Play(Box<play::Arguments>),
    Plan(plan::Arguments),
    Prompt(prompt::Arguments),
    Lint(lint::Arguments),
    Fmt(fmt::Arguments),
    Lsp(lsp::Arguments),
    Explain(explain::Arguments),
    List(list::Arguments),
    New(new::Arguments),
    Airplane(airplane::Arguments),
    Docs(docs::Arguments),
    Show(show::Arguments),
    Resume(Box<resume::Arguments>),
    Diff(diff::Arguments),
    Why(why::Arguments),
    Undo(undo::Arguments),
    Runs(runs::Arguments),
    Trust(trust::Arguments),
    Doctor(doctor::Arguments),
    #[command(hide = true)]
    Confine(confine::Arguments),
    #[command(hide = true)]
    Attend(attend::Arguments),
}

/// The command did what it was asked and found nothing wrong.
const SUCCEEDED: u8 = 0;
/// A playbook is wrong, or a stage failed.
const FAILED: u8 = 1;
/// The command could not do its work: usage, files, network, a lock.
const UNABLE: u8 = 2;

/// Runs the command line.
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { UNABLE } else { SUCCEEDED });
        }
    };
    if let Command::Confine(arguments) = &arguments.command {
        return ExitCode::from(confine::run(arguments));
    }
    let surroundings = Surroundings::read();
    let ran = match &arguments.command {
        Command::Airplane(arguments) => airplane::run(arguments, &surroundings),
        Command::Attend(arguments) => attend::run(arguments),
        Command::Confine(arguments) => Ok(confine::run(arguments)),
        Command::Docs(arguments) => docs::run(arguments, &surroundings),
        Command::Doctor(arguments) => doctor::run(arguments, &surroundings),
        Command::Explain(arguments) => explain::run(arguments),
        Command::Fmt(arguments) => fmt::run(arguments),
        Command::Lint(arguments) => lint::run(arguments, &surroundings),
        Command::List(arguments) => list::run(arguments, &surroundings),
        Command::Lsp(arguments) => lsp::run(arguments),
        Command::New(arguments) => new::run(arguments),
        Command::Plan(arguments) => plan::run(arguments, &surroundings),
        Command::Play(arguments) => play::run(arguments, &surroundings),
        Command::Prompt(arguments) => prompt::run(arguments, &surroundings),
        Command::Show(arguments) => show::run(arguments, &surroundings),
        Command::Resume(arguments) => resume::run(arguments, &surroundings),
        Command::Diff(arguments) => diff::run(arguments, &surroundings),
        Command::Why(arguments) => why::run(arguments, &surroundings),
        Command::Undo(arguments) => undo::run(arguments, &surroundings),
        Command::Runs(arguments) => runs::run(arguments, &surroundings),
        Command::Trust(arguments) => trust::run(arguments, &surroundings),
    };
    match ran {
        Ok(code) => ExitCode::from(code),
        Err(error) if print::is_broken_pipe(&error) => ExitCode::from(SUCCEEDED),
        Err(error) => {
            print::complain(&format!("error: {error:#}"));
            ExitCode::from(UNABLE)
        }
    }
}
