//! Killed: at a random moment, and at every call that touches a file.
//!
//! `KILLS=1000` says how often the first is done. `KILL_CALLS=1` kills at every such call instead
//! of at a few; it needs `strace`.

use std::process::{Command, Stdio};
use std::time::Duration;

use super::{Place, count, finish, holds_after, said, take_back, whole};
use crate::support::numbers::Numbers;

/// Runs that are killed at a random moment, where no variable says otherwise.
const KILLS: usize = 20;

/// Kinds of calls at one of which a run is killed, where no variable says otherwise.
const SHARE: [&str; 3] = ["renameat", "fsync", "unlinkat"];

/// The calls that touch files, as the program makes them.
const CALLS: [&str; 12] = [
    "openat",
    "openat2",
    "write",
    "fsync",
    "fdatasync",
    "rename",
    "renameat",
    "unlinkat",
    "mkdir",
    "mkdirat",
    "fchmod",
    "linkat",
];

/// Starts a program, and kills it after a part of the time that it takes.
fn killed(mut command: Command, after: Duration) {
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    std::thread::sleep(after);
    child.kill().unwrap();
    child.wait().unwrap();
}

fn moment(numbers: &mut Numbers) -> Duration {
    let most = usize::try_from(whole().took.as_micros()).unwrap();
    Duration::from_micros(numbers.below(most) as u64)
}

#[test]
fn a_run_that_is_killed_at_any_moment_can_be_taken_back_and_gone_on_with() {
    let numbers = &mut Numbers(std::process::id().into());
    for round in 0..count("KILLS", KILLS) {
        let place = Place::new();
        let after = moment(numbers);
        let what = format!("round {round}, killed after {after:?}");
        killed(place.playing(&[]), after);
        holds_after(&place, &what);
        if round % 2 == 0 {
            finish(&place, &what);
        }
        take_back(&place, &what);
    }
}

#[test]
fn an_undo_or_a_resume_that_is_killed_is_said_again() {
    let numbers = &mut Numbers(std::process::id().into());
    for round in 0..count("KILLS", KILLS) / 2 {
        let place = Place::new();
        let after = moment(numbers);
        killed(place.playing(&[]), after);
        let resume = place.resume();
        let words: &[&str] = if round % 2 == 0 { &["undo"] } else { &resume };
        let then = moment(numbers);
        let what = format!("round {round}, killed after {after:?}, {words:?} after {then:?}");
        killed(place.wizard(words), then);
        holds_after(&place, &what);
        if round % 2 == 1 {
            finish(&place, &what);
        }
        take_back(&place, &what);
    }
}

#[test]
fn a_run_that_is_killed_while_a_command_runs_can_be_taken_back_and_leaves_no_process() {
    let numbers = &mut Numbers(std::process::id().into());
    for round in 0..count("KILLS", KILLS) / 4 {
        let place = Place::new();
        let command = place.messing();
        let before = place.tree();
        let after = Duration::from_millis(numbers.below(900) as u64);
        killed(command, after);
        let what = format!("round {round}, killed after {after:?}");
        let gone = (0..200).any(|_| {
            std::thread::sleep(Duration::from_millis(10));
            place.orphans().is_empty()
        });
        assert!(gone, "{what}: {:?}", place.orphans());
        let output = place.wizard(&["undo"]).output().unwrap();
        assert!(output.status.success() || place.runs().is_empty(), "{what}: {}", said(&output));
        assert_eq!(place.tree(), before, "{what}");
    }
}

/// Counts the calls of each kind that a program makes.
pub(super) fn calls(place: &Place, words: &[String]) -> Vec<(&'static str, usize)> {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let log = place.root().with_file_name("calls");
    let trace = format!("trace={}", CALLS.join(","));
    let outer = ["strace", "-f", "-qq", "-o", log.to_str().unwrap(), "-e", &trace];
    let output = place.under(&outer, &words).output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    let log = std::fs::read_to_string(log).unwrap();
    CALLS.iter().map(|call| (*call, log.matches(&format!(" {call}(")).count())).collect()
}

/// Kills a program at some calls of each kind, and lets `then` look at what is left.
fn killed_at_calls(
    before: &dyn Fn() -> Place,
    words: &dyn Fn(&Place) -> Vec<String>,
    then: &dyn Fn(&Place, &str),
) {
    let words = |place: &Place| words(place);
    let place = before();
    let all = std::env::var_os("KILL_CALLS").is_some();
    let mut rounds = 0;
    for (call, count) in calls(&place, &words(&place)) {
        let most = if all { count } else { usize::from(SHARE.contains(&call)) };
        // One alone is in the middle.
        let first = if all { 1 } else { count.div_ceil(2) };
        for at in (first..=count).take(most) {
            let place = before();
            let inject = format!("inject={call}:signal=KILL:when={at}");
            let own = words(&place);
            let own: Vec<&str> = own.iter().map(String::as_str).collect();
            let trace = format!("trace={call}");
            let outer = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", &trace, "-e", &inject];
            place.under(&outer, &own).output().unwrap();
            then(&place, &format!("killed at {call} {at} of {count}"));
            rounds += 1;
        }
    }
    assert!(rounds >= SHARE.len(), "{rounds} rounds");
}

/// Whether the program that injects is here.
pub(super) fn has_strace() -> bool {
    let found = Command::new("strace").arg("-V").output();
    found.is_ok_and(|output| output.status.success())
}

#[test]
fn a_run_that_is_killed_at_any_call_can_be_taken_back_and_gone_on_with() {
    if !has_strace() {
        return;
    }
    let odd = std::cell::Cell::new(false);
    killed_at_calls(&Place::new, &|place| place.play(), &|place, what| {
        holds_after(place, what);
        if odd.replace(!odd.get()) {
            finish(place, what);
        }
        take_back(place, what);
    });
}

#[test]
fn an_undo_that_is_killed_at_any_call_is_said_again() {
    if !has_strace() {
        return;
    }
    let played = || {
        let place = Place::new();
        let output = place.playing(&[]).output().unwrap();
        assert!(output.status.success(), "{}", said(&output));
        place
    };
    killed_at_calls(&played, &|_| vec!["undo".to_owned()], &|place, what| {
        holds_after(place, what);
        take_back(place, what);
    });
}
