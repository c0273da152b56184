//! The one test binary.

#![expect(
    clippy::unwrap_used,
    reason = "clippy's allowance for tests does not reach their helpers"
)]
#![expect(
    clippy::disallowed_methods,
    reason = "`BLESS=1` and `PAGE=…` come from the environment, and pages run the binary"
)]

mod support;

#[cfg(unix)]
mod corpus;
#[cfg(target_os = "linux")]
mod durable;
mod docs;
#[cfg(unix)]
mod edits;
mod env_files;
mod execute;
mod faults;
mod flow;
mod front_matter;
mod generated;
mod layout;
mod lint;
mod live;
mod lsp;
mod mistakes;
mod new;
mod odd;
mod online;
mod pages;
mod parsing;
mod playbooks;
mod precision;
mod references;
mod report;
#[cfg(unix)]
mod resume;
#[cfg(target_os = "linux")]
mod sandbox;
mod sarif;
mod secrets;
mod tidy;
#[cfg(unix)]
mod undo;
mod wire;
