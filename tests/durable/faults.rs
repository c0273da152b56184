//! A disk that fails, or a folder of state that goes.
//!
//! `FAULTS=1` fails every call of each kind instead of a few; it needs `strace`, which puts the
//! errors in.

use super::kill::{calls, has_strace};
use super::{Place, holds_after, said, take_back, whole};

/// Calls that fail, and how. What a file system answers that is full, broken or read-only, a
/// process with too many files, and a disk that does not take what it was given.
const FAULTS: [(&str, &str); 12] = [
    ("write", "ENOSPC"),
    ("write", "EIO"),
    ("write", "EDQUOT"),
    ("fsync", "EIO"),
    ("fsync", "ENOSPC"),
    ("fdatasync", "EIO"),
    ("renameat", "EROFS"),
    ("renameat", "EIO"),
    ("rename", "ENOSPC"),
    ("openat2", "EMFILE"),
    ("mkdirat", "ENOSPC"),
    ("unlinkat", "EACCES"),
];

/// Faults that are tried, of each kind, where no variable says otherwise.
const SHARE: usize = 1;

#[test]
fn a_disk_that_fails_at_any_call_costs_no_file_and_is_said_in_a_line() {
    if !has_strace() {
        return;
    }
    whole();
    let all = std::env::var_os("FAULTS").is_some();
    let place = Place::new();
    let counted = calls(&place, &place.play());
    for (call, error) in FAULTS {
        let count = counted.iter().find(|(counted, _)| *counted == call).unwrap().1;
        let first = if all { 1 } else { count.div_ceil(2) };
        for at in (first..=count).take(if all { count } else { SHARE }) {
            let what = format!("{error} at {call} {at} of {count}");
            let place = Place::new();
            let inject = format!("inject={call}:error={error}:when={at}");
            let trace = format!("trace={call}");
            let outer = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", &trace, "-e", &inject];
            let output = place.playing(&outer).output().unwrap();
            holds_after(&place, &what);
            let said = said(&output);
            assert!(!said.contains("panicked"), "{what}: {said}");
            // Some calls fail where it does not matter, as when what is kept already is looked for.
            let code = output.status.code();
            assert!(matches!(code, Some(0..=3)), "{what}: {said}");
            assert!(code == Some(0) || said.contains("error") || said.contains("failed"), "{said}");
            take_back(&place, &what);
        }
    }
}

#[test]
fn a_write_that_is_cut_short_by_a_full_disk_costs_no_file() {
    whole();
    // A limit that a write meets in the middle: the first part of it is there, and no more.
    for blocks in [0, 1, 2, 3, 5, 8, 13, 21] {
        let what = format!("files of {blocks} blocks at most");
        let place = Place::new();
        let limit = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"");
        let output = place.playing(&["sh", "-c", &limit]).output().unwrap();
        let (said, code) = (said(&output), output.status.code());
        assert!(matches!(code, Some(1..=3)) && said.contains("File too large"), "{what}: {said}");
        holds_after(&place, &what);
        take_back(&place, &what);
    }
}

#[test]
fn nothing_is_changed_once_the_folder_of_state_is_gone() {
    use std::os::unix::fs::PermissionsExt as _;
    for (round, share) in [0, 1, 2, 3, 5, 8].into_iter().enumerate() {
        let place = Place::new();
        let mut child = place.playing(&[]).spawn().unwrap();
        std::thread::sleep(whole().took / 10 * share);
        let state = place.state();
        let gone = state.with_file_name(format!("gone-{round}"));
        let moved = std::fs::rename(&state, &gone).is_ok();
        child.wait().unwrap();
        // Where it went before the run had begun to keep anything, the run made another.
        if moved && place.runs().is_empty() {
            // What was done is told by the journal, which went with the folder.
            if state.exists() {
                let permissions = std::fs::Permissions::from_mode(0o700);
                std::fs::set_permissions(&state, permissions).unwrap();
                std::fs::remove_dir_all(&state).unwrap();
            }
            std::fs::rename(&gone, &state).unwrap();
        }
        let what = format!("the state went after {share} tenths");
        holds_after(&place, &what);
        take_back(&place, &what);
    }
}
