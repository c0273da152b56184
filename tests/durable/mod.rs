//! What is left when a run ends badly: killed at any moment, on a disk that fails, with a journal
//! that was damaged.
//!
//! The oracles are those of the reliability matrix: each project file is a whole version of itself,
//! nothing half-written is left once the next command ran, the journal opens, the run can be taken
//! back to the tree at its beginning, or gone on with to the tree of a run that nothing disturbed,
//! and no process and no lock is left.

mod damage;
mod faults;
mod kill;
mod lock;
mod place;

use place::{Place, is_a_version, said, whole};

/// How many of something a test does: a variable says it, or it is a share that fits a suite.
fn count(variable: &str, share: usize) -> usize {
    std::env::var(variable).ok().and_then(|count| count.parse().ok()).unwrap_or(share)
}

/// Holds what a fault left against the oracles. `what` says what was done, for a test that fails.
fn holds_after(place: &Place, what: &str) {
    for (path, (mode, bytes)) in place.tree() {
        let is_file = mode >> 12 == 0o10;
        let is_draft = path.rsplit('/').next().unwrap().starts_with(".wizard-");
        assert!(!is_file || is_draft || is_a_version(&path, &bytes), "{what}: `{path}` is torn");
    }
    let orphans = place.orphans();
    assert!(orphans.is_empty(), "{what}: {orphans:?}");
    for run in place.runs() {
        let key = wizard::journal::Key::open(&place.state()).unwrap();
        let journal = run.join("journal.jsonl");
        let read = wizard::journal::verified(&journal, &key);
        assert!(read.is_ok(), "{what}: {}", read.unwrap_err());
    }
}

/// Holds a tree against what it must be, and names what differs.
fn is_same(tree: &place::Exact, due: &place::Exact, what: &str) {
    let paths = tree.keys().chain(due.keys());
    let differ: std::collections::BTreeSet<&String> =
        paths.filter(|path| tree.get(*path) != due.get(*path)).collect();
    assert!(differ.is_empty(), "{what}: {differ:?}");
}

/// Takes the run back, and finds the tree as it was at its beginning.
fn take_back(place: &Place, what: &str) {
    let output = place.wizard(&["undo"]).output().unwrap();
    let nothing = place.runs().is_empty();
    assert!(output.status.success() || nothing, "{what}: {}", said(&output));
    is_same(&place.tree(), &whole().before, &format!("{what}: {}", said(&output)));
}

/// Goes on with the run to its end, and finds the tree of a run that nothing disturbed.
fn finish(place: &Place, what: &str) {
    if place.runs().is_empty() {
        return;
    }
    let output = place.wizard(&place.resume()).output().unwrap();
    let ended = said(&output).contains("the run came to its end");
    assert!(output.status.success() || ended, "{what}: {}", said(&output));
    is_same(&place.tree(), &whole().after, &format!("{what}: {}", said(&output)));
}
