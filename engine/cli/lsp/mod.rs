//! `wizard lsp`: a language server for playbooks, over standard input and output.

mod answers;
mod buffers;
mod client;
mod lines;
mod publish;
mod server;
mod wire;

use crate::cli::lint::Strictness;

/// Serve an editor with findings, completion, rename and more
///
/// Speaks the Language Server Protocol over standard input and output.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// How much is looked for
    #[arg(long, value_enum, default_value_t = Strictness::Default)]
    profile: Strictness,

    /// What is done anyway; some editors ask for it
    #[arg(long, hide = true)]
    stdio: bool,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<u8> {
    server::serve(arguments.profile.profile())
}
