//! The launcher outside: it makes the namespaces, watches over the command, and ends what the
//! command leaves behind.
//!
//! Its standard input stays open as long as the one who plays lives and wants the command: where
//! it ends, everything ends.

use std::io::{self, Write as _};
use std::path::Path;
use std::process::{Child, Stdio};

use nix::sched::{CloneFlags, unshare};
use nix::sys::signal::{SigSet, Signal as Blocked};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{
    Pid, PidfdFlags, Signal, WaitOptions, getegid, geteuid, kill_process, pidfd_open,
    set_child_subreaper, wait,
};

use crate::sandbox::{Confinement, Level, NOT_STARTED, Network, Outcome, loopback};

/// Runs a command to its end, and returns its exit code.
pub(super) fn run(confinement: &Confinement) -> u8 {
    match watch(confinement) {
        Ok(code) => code,
        Err(reason) => {
            let outcome = Outcome { failure: Some(reason), ..Outcome::default() };
            let text = serde_json::to_string(&outcome).unwrap_or_default();
            let _ = std::fs::write(confinement.scratch.join("outcome"), text);
            NOT_STARTED
        }
    }
}

fn watch(confinement: &Confinement) -> Result<u8, String> {
    hold_signals()?;
    set_child_subreaper(Some(rustix::process::getpid())).map_err(said("processes"))?;
    if confinement.level == Level::Full {
        separate().map_err(|error| format!("no namespaces can be made: {error}"))?;
        loopback::start().map_err(said("the network"))?;
        if confinement.network == Network::Wire {
            let wire = confinement.scratch.join("wire");
            loopback::hand_out(&wire).map_err(said("the network"))?;
        }
    }
    let mut child = inside(confinement).map_err(|error| error.to_string())?;
    let ended = until_ended(&mut child).map_err(said("the command"))?;
    end_leftovers();
    Ok(ended)
}

fn said<E: std::fmt::Display>(what: &str) -> impl Fn(E) -> String {
    move |error| format!("{what} cannot be confined: {error}")
}

/// A signal to the whole group is for the command: the launchers outlive it to clear up.
pub(super) fn hold_signals() -> Result<(), String> {
    let signals = [Blocked::SIGTERM, Blocked::SIGINT, Blocked::SIGHUP, Blocked::SIGPIPE];
    let set: SigSet = signals.into_iter().collect();
    set.thread_block().map_err(|error| error.to_string())
}

/// Gives this process, and all that it starts, a view of everything of its own.
fn separate() -> io::Result<()> {
    let (user, group) = (geteuid().as_raw(), getegid().as_raw());
    let kinds = CloneFlags::CLONE_NEWUSER
        | CloneFlags::CLONE_NEWNS
        | CloneFlags::CLONE_NEWPID
        | CloneFlags::CLONE_NEWNET
        | CloneFlags::CLONE_NEWIPC
        | CloneFlags::CLONE_NEWUTS;
    unshare(kinds)?;
    std::fs::write("/proc/self/setgroups", "deny")?;
    std::fs::write("/proc/self/uid_map", format!("{user} {user} 1"))?;
    std::fs::write("/proc/self/gid_map", format!("{group} {group} 1"))
}

/// Starts the launcher inside, which is the first process of its namespace.
fn inside(confinement: &Confinement) -> io::Result<Child> {
    let own = std::env::current_exe()?;
    #[expect(clippy::disallowed_methods, reason = "this is how the gate's programs are run")]
    let mut command = std::process::Command::new(own);
    let mut child = command.args(["confine", "--inside"]).stdin(Stdio::piped()).spawn()?;
    let mut line = serde_json::to_vec(confinement)?;
    line.push(b'\n');
    if let Some(mut input) = child.stdin.take() {
        input.write_all(&line)?;
    }
    Ok(child)
}

/// Waits for the launcher inside, or ends it where our own standard input ends.
fn until_ended(child: &mut Child) -> io::Result<u8> {
    let id = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let id = id.ok_or(io::ErrorKind::NotFound)?;
    let process = pidfd_open(id, PidfdFlags::empty())?;
    let input = io::stdin();
    loop {
        let mut both = [
            PollFd::new(&process, PollFlags::IN),
            PollFd::new(&input, PollFlags::IN | PollFlags::HUP),
        ];
        match poll(&mut both, None) {
            Ok(_) => {}
            Err(rustix::io::Errno::INTR) => continue,
            Err(error) => return Err(error.into()),
        }
        if both[0].revents().is_empty() && !both[1].revents().is_empty() {
            child.kill()?;
        }
        if !both[0].revents().is_empty() || !both[1].revents().is_empty() {
            let status = child.wait()?;
            return Ok(status.code().and_then(|code| code.try_into().ok()).unwrap_or(NOT_STARTED));
        }
    }
}

/// Ends what was started and is still there. In a namespace of its own, nothing is.
fn end_leftovers() {
    loop {
        for child in children() {
            let _ = kill_process(child, Signal::KILL);
        }
        match wait(WaitOptions::empty()) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(_) => return,
        }
    }
}

fn children() -> Vec<Pid> {
    let own = Path::new("/proc/thread-self/children");
    let text = std::fs::read_to_string(own).unwrap_or_default();
    text.split_whitespace().filter_map(|id| Pid::from_raw(id.parse().ok()?)).collect()
}
