//! Another process swaps names while tools work: nothing outside is read or changed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use rustix::fs::{CWD, RenameFlags, renameat_with};
use serde_json::{Value, json};
use wizard::gate::Gate;
use wizard::journal::At;
use wizard::journal::event::Outcome;

use super::Fixture;
use super::files::WIDE;
use super::fixture::{CANARY, canary};
use crate::execute::play;

/// How often two names change places in each race, at least.
const SWAPS: usize = 10_000;

/// How often a tool that only reads is called in a race, at least, and one that writes: each of
/// its calls waits for the disk.
const READS: usize = 2_000;
const WRITES: usize = 100;

/// What the calls of a race came to.
#[derive(Default)]
struct Race {
    done: usize,
    refused: usize,
}

/// Calls a tool again and again while two names of the project change places.
fn race(
    fixture: &Fixture,
    names: [&str; 2],
    calls: usize,
    mut call: impl AsyncFnMut(&Gate, usize) -> Result<wizard::tools::Answer, wizard::gate::Refusal>,
) -> Race {
    let state = tempfile::tempdir().unwrap();
    let preparation = play(WIDE, "\n## work\n\nDo as you are told.\n");
    let (plan, hall) = preparation.prepare(&fixture.root(), state.path());
    let hall = Arc::new(hall);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (over, swaps) = (AtomicBool::new(false), AtomicUsize::new(0));
    let paths = names.map(|name| fixture.root().join(name));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                renameat_with(CWD, &paths[0], CWD, &paths[1], RenameFlags::EXCHANGE).unwrap();
                swaps.fetch_add(1, Ordering::Relaxed);
            }
        });
        let race = runtime.block_on(async {
            let mut race = Race::default();
            let mut number = 0;
            while number < calls || swaps.load(Ordering::Relaxed) < SWAPS {
                // A refusal that is met again and again ends an attempt, not this race.
                let at = At { stage: "work".to_owned(), item: None };
                let gate = Gate::enter(&hall, at, plan.powers[0].clone(), true).await;
                let answer = call(&gate, number).await;
                number += 1;
                let Ok(answer) = answer else { continue };
                assert!(!answer.text.contains(CANARY), "{}", answer.text);
                match answer.outcome {
                    Outcome::Done => race.done += 1,
                    _ => race.refused += 1,
                }
            }
            race
        });
        over.store(true, Ordering::Relaxed);
        race
    })
}

async fn tool(
    gate: &Gate,
    name: &str,
    input: Value,
) -> Result<wizard::tools::Answer, wizard::gate::Refusal> {
    wizard::tools::call(gate, name, &input).await
}

/// Says what lies beside the project.
fn outside(fixture: &Fixture) -> Vec<(String, String)> {
    let tree = fixture.tree();
    tree.into_iter().filter(|(path, _)| path.starts_with("outside")).collect()
}

#[test]
fn a_file_that_is_swapped_for_a_link_is_not_read_outside() {
    for to in ["../outside/secret.txt", ".env"] {
        let fixture = Fixture::new();
        fixture.write("swapped", "harmless\n");
        std::os::unix::fs::symlink(to, fixture.root().join("other")).unwrap();
        let race = race(&fixture, ["swapped", "other"], READS, async |gate, _| {
            tool(gate, "read", json!({ "path": "swapped" })).await
        });
        assert!(race.done > 0 && race.refused > 0, "{} {}", race.done, race.refused);
    }
}

#[test]
fn a_search_in_a_folder_that_is_swapped_finds_nothing_outside() {
    let fixture = Fixture::new();
    fixture.write("swapped/secret.txt", "harmless\n");
    std::os::unix::fs::symlink("../outside", fixture.root().join("other")).unwrap();
    race(&fixture, ["swapped", "other"], 20, async |gate, _| {
        tool(gate, "grep", json!({ "pattern": ".", "path": "swapped" })).await
    });
}

#[test]
fn a_file_is_not_made_in_a_folder_that_is_swapped() {
    for to in ["../outside", ".git/hooks"] {
        let fixture = Fixture::new();
        fixture.write("swapped/here.txt", "");
        fixture.write(".git/hooks/sample", "");
        std::os::unix::fs::symlink(to, fixture.root().join("other")).unwrap();
        let before = outside(&fixture);
        race(&fixture, ["swapped", "other"], WRITES, async |gate, number| {
            let path = format!("swapped/{number}/new.txt");
            tool(gate, "write", json!({ "path": path, "content": "x" })).await
        });
        assert_eq!(outside(&fixture), before);
        assert_eq!(std::fs::read_dir(fixture.root().join(".git/hooks")).unwrap().count(), 1);
    }
}

#[test]
fn a_file_is_not_edited_or_removed_outside() {
    let fixture = Fixture::new();
    fixture.write("../outside/file.txt", "one\n");
    std::os::unix::fs::symlink("../outside", fixture.root().join("other")).unwrap();
    fixture.write("swapped/file.txt", "one\n");
    let before = outside(&fixture);
    let race = race(&fixture, ["swapped", "other"], WRITES, async |gate, number| {
        let path = "swapped/file.txt";
        let read = tool(gate, "read", json!({ "path": path })).await;
        let read = read?.text;
        if !read.contains("one") && !read.contains("two") {
            // It was refused, or the file was removed and not written again.
            return tool(gate, "write", json!({ "path": path, "content": "one\n" })).await;
        }
        if number % 5 == 4 {
            tool(gate, "remove", json!({ "path": path })).await?;
            return tool(gate, "write", json!({ "path": path, "content": "one\n" })).await;
        }
        let (old, new) = if read.contains("one") { ("one", "two") } else { ("two", "one") };
        tool(gate, "edit", json!({ "path": path, "old": old, "new": new })).await
    });
    assert!(race.done > 0, "{} {}", race.done, race.refused);
    assert_eq!(outside(&fixture), before);
    assert_eq!(
        std::fs::read_to_string(fixture.root().join("../outside/secret.txt")).unwrap(),
        canary("outside")
    );
}
