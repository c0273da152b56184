//! `wizard attend`: starts a server where it is confined, and asks it for some of its pages.

use crate::cli::{FAILED, SUCCEEDED, print};

/// Start a server, ask it for some of its pages, and end it
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The port of this machine at which it listens
    #[arg(long)]
    port: u16,

    /// A path that is asked for
    #[arg(long, value_name = "PATH")]
    ask: Vec<String>,

    /// The command that starts it
    #[arg(last = true)]
    start: Vec<String>,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<u8> {
    let (told, all) = crate::sandbox::attend(arguments.port, &arguments.ask, &arguments.start);
    print::out(&told.join("\n"))?;
    Ok(if all { SUCCEEDED } else { FAILED })
}
