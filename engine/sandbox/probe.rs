//! How far commands can be confined on this machine: it is tried, not guessed.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use crate::sandbox::{Confinement, Files, Level, Network, Outcome};

/// What came of trying.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    /// How far commands can be confined.
    pub level: Level,
    /// Why no further, where it is not full.
    pub reason: Option<String>,
}

/// The program that confines others on macOS.
pub const SANDBOX_EXEC: &str = "/usr/bin/sandbox-exec";

/// A folder of a command's own, which is removed with this.
#[derive(Debug)]
pub struct Scratch(PathBuf);

/// Tries to start the launcher itself, confined as far as can be, and less far where that fails.
pub fn probe(launcher: &Path) -> Probe {
    if cfg!(target_os = "macos") && Path::new(SANDBOX_EXEC).is_file() {
        let reason = "this system has no namespaces".to_owned();
        return Probe { level: Level::Kernel, reason: Some(reason) };
    }
    if !cfg!(target_os = "linux") {
        let reason = "this system has no way to do it".to_owned();
        return Probe { level: Level::None, reason: Some(reason) };
    }
    let mut reason = None;
    for level in [Level::Full, Level::Kernel] {
        match attempt(launcher, level) {
            Ok(()) => return Probe { level, reason },
            Err(failure) => reason = Some(failure),
        }
    }
    Probe { level: Level::None, reason }
}

fn attempt(launcher: &Path, level: Level) -> Result<(), String> {
    let scratch = Scratch::create().map_err(|error| error.to_string())?;
    let mut readable: Vec<PathBuf> =
        ["/usr", "/lib", "/lib64", "/etc/ld.so.cache", "/nix/store"].map(PathBuf::from).to_vec();
    readable.push(launcher.to_owned());
    let confinement = Confinement {
        level,
        program: launcher.to_owned(),
        arguments: vec!["--version".to_owned()],
        cwd: Confinement::temporary(scratch.path()),
        scratch: scratch.path().to_owned(),
        files: Files { readable, ..Files::default() },
        network: Network::None,
    };
    #[expect(clippy::disallowed_methods, reason = "this is how the gate's programs are run")]
    let mut command = std::process::Command::new(launcher);
    command.arg("confine").stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().map_err(|error| error.to_string())?;
    // Kept open: where it ends, the launcher ends.
    let mut input = child.stdin.take();
    if let Some(input) = &mut input {
        let line = serde_json::to_string(&confinement).map_err(|error| error.to_string())?;
        input.write_all(format!("{line}\n").as_bytes()).map_err(|error| error.to_string())?;
    }
    let status = child.wait().map_err(|error| error.to_string())?;
    let outcome = scratch.outcome();
    match outcome.failure {
        None if status.success() && outcome.level == Some(level) => Ok(()),
        None => Err("a confined program does not start".to_owned()),
        Some(failure) => Err(failure),
    }
}

impl Scratch {
    /// Makes one among the machine's temporary files, for nobody else to open.
    pub fn create() -> std::io::Result<Self> {
        let name = format!("wizard-{}", uuid::Uuid::now_v7().simple());
        let scratch = Scratch(std::env::temp_dir().canonicalize()?.join(name));
        let mut builder = std::fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&scratch.0)?;
        builder.create(Confinement::temporary(&scratch.0))?;
        Ok(scratch)
    }

    /// Returns where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Reads what the launcher says of its command.
    pub fn outcome(&self) -> Outcome {
        let text = std::fs::read_to_string(self.0.join("outcome")).unwrap_or_default();
        serde_json::from_str(&text).unwrap_or_default()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
