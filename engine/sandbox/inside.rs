//! The launcher inside: it takes its own rights away, starts the command, and waits for all that
//! comes of it.

use std::fs::File;
use std::io::{self, Write as _};
use std::os::unix::process::ExitStatusExt as _;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{
    Pid, Signal, WaitOptions, WaitStatus, getpid, set_parent_process_death_signal, wait,
};
use rustix::thread::{
    CapabilitiesSecureBits, CapabilitySet, CapabilitySets, clear_ambient_capability_set,
    remove_capability_from_bounding_set, set_capabilities, set_capabilities_secure_bits,
    set_no_new_privs,
};

use crate::sandbox::{
    Confinement, Level, MOST_PROCESSES, NOT_STARTED, Network, Outcome, calls, files, launch,
    limits, view,
};

/// How often the processes of a command are counted.
const COUNTED_EVERY: Duration = Duration::from_millis(50);

/// Runs a command to its end, and returns its exit code.
pub(super) fn run(confinement: &Confinement) -> u8 {
    // Opened while the scratch folder can still be seen.
    let Ok(mut told) = File::create(confinement.scratch.join("outcome")) else {
        return NOT_STARTED;
    };
    let (code, outcome) = match start(confinement, &told) {
        Ok(child) => until_ended(child, confinement.level),
        Err(reason) => (NOT_STARTED, Outcome { failure: Some(reason), ..Outcome::default() }),
    };
    tell(&mut told, &outcome);
    code
}

/// Writes the outcome as it stands over what was written before.
fn tell(told: &mut File, outcome: &Outcome) {
    let text = serde_json::to_string(outcome).unwrap_or_default();
    let _ = told.set_len(0);
    let _ = io::Seek::rewind(told);
    let _ = told.write_all(text.as_bytes());
}

/// Confines this process and starts the command.
fn start(confinement: &Confinement, told: &File) -> Result<Pid, String> {
    launch::hold_signals()?;
    let said = |what: &'static str| move |error: io::Error| format!("{what}: {error}");
    let died = set_parent_process_death_signal(Some(Signal::KILL));
    died.map_err(|error| said("processes cannot be confined")(error.into()))?;
    let full = confinement.level == Level::Full;
    if full {
        if getpid().as_raw_nonzero().get() != 1 {
            return Err("processes cannot be confined: this is no namespace".to_owned());
        }
        view::enter(confinement).map_err(said("no view can be made"))?;
    }
    std::env::set_current_dir(&confinement.cwd).map_err(said("the folder cannot be entered"))?;
    limits::set(confinement.level).map_err(said("limits cannot be set"))?;
    surrender(full).map_err(said("rights cannot be given up"))?;
    files::hold(confinement)?;
    calls::filter(full || confinement.network != Network::None)?;
    let mut told = told.try_clone().map_err(said("the outcome cannot be told"))?;
    tell(&mut told, &Outcome { level: Some(confinement.level), ..Outcome::default() });
    #[expect(clippy::disallowed_methods, reason = "this is how the gate's programs are run")]
    let mut command = std::process::Command::new(&confinement.program);
    command.args(&confinement.arguments).stdin(Stdio::null());
    let child = command
        .spawn()
        .map_err(|error| format!("cannot start `{}`: {error}", confinement.program.display()))?;
    i32::try_from(child.id()).ok().and_then(Pid::from_raw).ok_or_else(|| "no process".to_owned())
}

/// Gives up capabilities, for good: all, or all but those over files.
fn surrender(all: bool) -> io::Result<()> {
    set_no_new_privs(true)?;
    let _ = clear_ambient_capability_set();
    let none = CapabilitySets {
        effective: CapabilitySet::empty(),
        permitted: CapabilitySet::empty(),
        inheritable: CapabilitySet::empty(),
    };
    // A root without a namespace of its own keeps what it has over files of other owners.
    let kept = CapabilitySet::CHOWN | CapabilitySet::DAC_OVERRIDE | CapabilitySet::FOWNER;
    for capability in CapabilitySet::all().iter() {
        if all || !kept.contains(capability) {
            // A kernel may not know the newest, and whoever has none may not drop any.
            let _ = remove_capability_from_bounding_set(capability);
        }
    }
    if all {
        let locked = CapabilitiesSecureBits::NO_ROOT
            | CapabilitiesSecureBits::NO_ROOT_LOCKED
            | CapabilitiesSecureBits::NO_SETUID_FIXUP
            | CapabilitiesSecureBits::NO_SETUID_FIXUP_LOCKED;
        set_capabilities_secure_bits(locked)?;
        set_capabilities(None, none)?;
    }
    Ok(())
}

/// Waits for the command, and for what of it became this process's child on the way.
fn until_ended(child: Pid, level: Level) -> (u8, Outcome) {
    let outcome = Outcome { level: Some(level), ..Outcome::default() };
    let limit = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    if level == Level::Full {
        let limit = std::sync::Arc::clone(&limit);
        std::thread::spawn(move || count(&limit));
    }
    loop {
        match wait(WaitOptions::empty()) {
            Ok(Some((ended, status))) if ended == child => {
                let code = code(status);
                let signal = status.terminating_signal();
                let limit = limit.load(std::sync::atomic::Ordering::Relaxed).then(most);
                return (code, Outcome { signal, limit, ..outcome });
            }
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => {
                return (NOT_STARTED, Outcome { failure: Some(error.to_string()), ..outcome });
            }
        }
    }
}

fn code(status: WaitStatus) -> u8 {
    let status = std::process::ExitStatus::from_raw(status.as_raw());
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
    code.and_then(|code| code.try_into().ok()).unwrap_or(u8::MAX)
}

fn most() -> String {
    format!("ended: it had more than {MOST_PROCESSES} processes at once")
}

/// Counts the processes of the namespace, and ends all of them where they are too many: the
/// kernel's own limit spares root.
fn count(limit: &std::sync::atomic::AtomicBool) {
    loop {
        std::thread::sleep(COUNTED_EVERY);
        let Ok(entries) = std::fs::read_dir("/proc") else { continue };
        let is_process = |name: &str| name.bytes().all(|byte| byte.is_ascii_digit());
        let processes = entries
            .filter_map(Result::ok)
            .filter(|entry| entry.file_name().to_str().is_some_and(is_process))
            .count();
        if u64::try_from(processes).unwrap_or(u64::MAX) > MOST_PROCESSES {
            limit.store(true, std::sync::atomic::Ordering::Relaxed);
            // All but this process, which is the first.
            let _ =
                nix::sys::signal::kill(nix::unistd::Pid::from_raw(-1), nix::sys::signal::SIGKILL);
        }
    }
}
