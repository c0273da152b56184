//! A program that the kernel confines: what it may read, change and reach.
//!
//! A command starts as this program's hidden subcommand, which gets a [`Confinement`] on its
//! standard input, takes its own rights away step by step, and then starts the command. What it
//! took away it cannot have back, and neither can anything that it starts.
//!
//! **Invariant:** where a step fails, the command does not run.

#![expect(
    clippy::disallowed_methods,
    reason = "this is outside of every project, or is confined itself"
)]

mod attend;
#[cfg(target_os = "linux")]
mod calls;
#[cfg(target_os = "linux")]
mod files;
#[cfg(target_os = "linux")]
mod inside;
#[cfg(target_os = "linux")]
mod launch;
#[cfg(target_os = "linux")]
mod limits;
#[cfg(target_os = "linux")]
mod loopback;
mod probe;
pub mod profile;
pub mod proxy;
pub mod readable;
#[cfg(target_os = "linux")]
mod view;

use std::io::Read as _;
use std::path::{Path, PathBuf};

pub use attend::attend;
pub use probe::{Probe, SANDBOX_EXEC, Scratch, probe};
pub use proxy::{Host, Proxy, Upstream};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How far a command is confined.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Default,
    Serialize,
    Deserialize,
    JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// It runs with the person's rights.
    #[default]
    None,
    /// The kernel refuses it files, sockets and calls that it was not given; env files cannot be
    /// hidden from it, and what it may reach on the network is told by the port alone.
    Kernel,
    /// It sees nothing but its own files, processes and network besides.
    Full,
}

/// What a command may read, change and reach, and what it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Confinement {
    /// How far it is to be confined: no less.
    pub level: Level,
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// The folder it runs in.
    pub cwd: PathBuf,
    /// A folder of this command's own, which it sees nothing of but `tmp`.
    pub scratch: PathBuf,
    /// What it may read and change.
    pub files: Files,
    /// What it may connect to.
    pub network: Network,
}

/// What a command is given, whatever this machine can hold it to.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Grants {
    /// Whether the program may be one of the project's own.
    pub own: bool,
    /// What it may read and change.
    pub files: Files,
    /// Hosts that it may reach.
    pub hosts: Vec<Host>,
    /// The proxy that the person goes out by.
    pub upstream: Upstream,
}

/// What a command may read and change.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Files {
    /// What it may read and execute.
    pub readable: Vec<PathBuf>,
    /// What it may change besides.
    pub writable: Vec<PathBuf>,
    /// Files within those that look empty to it.
    pub masked: Vec<PathBuf>,
    /// Files and folders within those that it cannot change.
    pub frozen: Vec<PathBuf>,
}

/// What a command may connect to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Network {
    /// Nothing.
    #[default]
    None,
    /// A proxy whose listener the launcher makes and hands out over the socket `wire` in the
    /// scratch folder.
    Wire,
    /// A proxy at a port of this machine.
    Port(u16),
}

/// What became of a confined command, as the launcher says it in the file `outcome`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// How far it was confined when it started; nothing when it did not start.
    pub level: Option<Level>,
    /// Why it did not start.
    pub failure: Option<String>,
    /// The signal that ended it.
    pub signal: Option<i32>,
    /// What limit it met, in words.
    pub limit: Option<String>,
}

/// The address of the proxy in a network of the command's own.
pub const PROXY_PORT: u16 = 3128;

/// The exit code of a launcher that could not start its command.
pub const NOT_STARTED: u8 = 125;

/// The most processes of a command at once.
pub const MOST_PROCESSES: u64 = 1_024;

impl Level {
    /// Says the level in words.
    pub fn words(self) -> &'static str {
        match self {
            Level::None => "none: commands run with your rights",
            Level::Kernel => {
                "files, calls and network by the kernel; env files stay readable to commands"
            }
            Level::Full => "files, calls, processes and network by the kernel",
        }
    }
}

impl Confinement {
    /// Returns the private folder for temporary files.
    pub fn temporary(scratch: &Path) -> PathBuf {
        scratch.join("tmp")
    }

    /// Reads what a launcher is told: one line of JSON.
    fn read() -> Result<Confinement, String> {
        let mut line = Vec::new();
        let mut byte = [0];
        // The launcher's own standard input stays open behind the line, so no more may be read.
        let mut input = std::io::stdin().lock();
        loop {
            match input.read(&mut byte) {
                Ok(0) => break,
                Ok(_) if byte[0] == b'\n' => break,
                Ok(_) => line.push(byte[0]),
                Err(error) => return Err(error.to_string()),
            }
        }
        serde_json::from_slice(&line).map_err(|error| format!("what is to run is unclear: {error}"))
    }
}

/// Runs as the launcher of a command: outside its confinement, or inside.
#[cfg(target_os = "linux")]
pub fn launch(inside: bool) -> u8 {
    match Confinement::read() {
        Ok(confinement) if inside => inside::run(&confinement),
        Ok(confinement) => launch::run(&confinement),
        Err(_) => NOT_STARTED,
    }
}

/// Runs as the launcher of a command, which this system has no way to confine.
#[cfg(not(target_os = "linux"))]
pub fn launch(_inside: bool) -> u8 {
    let _ = Confinement::read();
    NOT_STARTED
}
