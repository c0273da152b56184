//! `wizard confine`: the launcher of a command, which takes its own rights away.

/// Start a command confined, as standard input says
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Start it here: the namespaces are made
    #[arg(long)]
    inside: bool,
}

pub(super) fn run(arguments: &Arguments) -> u8 {
    crate::sandbox::launch(arguments.inside)
}
