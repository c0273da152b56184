//! A run taken back: the tree is what it was, to the byte.

use std::collections::BTreeMap;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::sync::Arc;

use serde_json::json;
use wizard::gate::kept::{Blobs, Start};
use wizard::gate::workspace::Workspace;
use wizard::journal::{Journal, Record};
use wizard::model::Block;
use wizard::undo;

use crate::execute::{Played, call, done, play};
use crate::support::numbers::Numbers;

/// How many random runs are taken back; `UNDO_RUNS` says otherwise.
const RUNS: u64 = 40;

/// A stage that edits, and one that is a command of ours.
const KEYS: &str = "commands:\n  mess: {run: [sh, mess.sh], timeout: 20s}\ntools: [read]\nstages:\n  \
                    work:\n    tools: [edit, write, remove]\n    writes: ['**']\n  mess:\n    run: mess\n";

/// What stands in a folder: kinds, permissions, targets of links, bytes.
fn tree(folder: &Path) -> BTreeMap<String, (u32, Vec<u8>)> {
    let mut tree = BTreeMap::new();
    let walk = ignore::WalkBuilder::new(folder).standard_filters(false).build();
    for entry in walk.map(Result::unwrap).skip(1) {
        let path = entry.path();
        let metadata = path.symlink_metadata().unwrap();
        let name = path.strip_prefix(folder).unwrap().display().to_string();
        let bytes = if metadata.is_symlink() {
            std::fs::read_link(path).unwrap().display().to_string().into_bytes()
        } else if metadata.is_file() {
            std::fs::read(path).unwrap()
        } else {
            Vec::new()
        };
        tree.insert(name, (metadata.permissions().mode(), bytes));
    }
    tree
}

/// Makes a project with texts, bytes, links and permissions, and a script that changes some.
fn project(root: &Path, numbers: &mut Numbers) {
    let write = |path: &str, bytes: &[u8], mode: u32| {
        let path = root.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    for number in 0..6 {
        let mode = [0o644, 0o600, 0o755][numbers.below(3)];
        write(&format!("src/{number}.txt"), format!("text {number}\r\nend").as_bytes(), mode);
    }
    write("raw.bin", &[0, 159, 146, 150, 255], 0o640);
    symlink("src/0.txt", root.join("link")).unwrap();
    symlink("nowhere", root.join("dangling")).unwrap();
    let deeds = [
        "rm src/1.txt",
        "chmod 755 src/2.txt",
        "echo more >> src/3.txt",
        "mkdir -p made/deep && echo x > made/deep/new.txt",
        "rm link && ln -s src/4.txt link",
        "rm dangling && echo file > dangling",
        "mv src/5.txt moved.txt",
        "printf '\\000\\001' > raw.bin",
        "rm src/0.txt && ln -s 2.txt src/0.txt",
        "cp -p src/2.txt src/copy.txt",
    ];
    let some: Vec<&str> = deeds.into_iter().filter(|_| numbers.once_in(2)).collect();
    write("mess.sh", some.join("\n").as_bytes(), 0o644);
}

/// What a model does to the files, one call after the other.
fn calls(numbers: &mut Numbers) -> Vec<Block> {
    let mut calls = Vec::new();
    for number in 0..3 + numbers.below(5) {
        let path = format!("src/{}.txt", numbers.below(6));
        calls.push(call("read", &json!({ "path": path })));
        calls.push(match numbers.below(4) {
            0 => call(
                "edit",
                &json!({ "path": path, "old": "text", "new": format!("word {number}") }),
            ),
            1 => call("write", &json!({ "path": path, "content": format!("all new {number}\n") })),
            2 => call("remove", &json!({ "path": path })),
            _ => {
                let path = format!("src/new/{number}/file.txt");
                call("write", &json!({ "path": path, "content": "new\n" }))
            }
        });
    }
    calls
}

/// Takes a run back, and returns the journal of the undo and what was left.
fn take_back(
    records: &[Record],
    start: &Start,
    root: &Path,
    state: &Path,
) -> (Vec<Record>, Start, usize) {
    let workspace = Workspace::open(root).unwrap();
    let blobs = Blobs::at(&state.join("blobs"));
    let undo = undo::plan(records, start, &workspace, &blobs, None).unwrap();
    let folder = tempfile::tempdir_in(state).unwrap();
    let journal = Arc::new(Journal::create(folder.path(), Vec::new()).unwrap());
    let now = Start::of(&workspace, &workspace.snapshot().unwrap());
    let left = undo::perform(&undo, &workspace, &journal, &blobs).unwrap();
    (wizard::journal::read(journal.path()).unwrap(), now, left.len())
}

#[test]
fn a_run_that_is_taken_back_leaves_the_tree_as_it_was() {
    let runs = std::env::var("UNDO_RUNS").ok().and_then(|runs| runs.parse().ok()).unwrap_or(RUNS);
    for seed in 0..runs {
        let numbers = &mut Numbers(seed);
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("project");
        std::fs::create_dir_all(&root).unwrap();
        project(&root, numbers);
        let before = tree(&root);
        let mut preparation = play(KEYS, "\n## work\n\nDo it.\n").at(root.clone());
        for block in calls(numbers) {
            preparation = preparation.says("work", vec![block]);
        }
        let played: Played = preparation.says("work", vec![done()]).run();
        let after = tree(&root);
        let state = played.state();
        let journal = state.join("journal.jsonl");
        let records = wizard::journal::read(&journal).unwrap();
        let start = Start::read(&journal).unwrap();
        let (undone, between, left) = take_back(&records, &start, &root, &state);
        assert_eq!(left, 0, "seed {seed}");
        assert_eq!(tree(&root), before, "seed {seed}");
        let (_, _, left) = take_back(&undone, &between, &root, &state);
        assert_eq!(left, 0, "seed {seed}");
        let folders = |tree: BTreeMap<String, (u32, Vec<u8>)>| -> Vec<_> {
            tree.into_iter().filter(|(_, (mode, _))| mode >> 12 != 0o04).collect()
        };
        assert_eq!(folders(tree(&root)), folders(after), "seed {seed}: the undo taken back");
    }
}

#[test]
fn what_was_changed_after_the_run_is_left() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("project");
    std::fs::create_dir_all(&root).unwrap();
    project(&root, &mut Numbers(1));
    std::fs::write(root.join("mess.sh"), "echo x > src/1.txt; echo y > src/2.txt").unwrap();
    let played =
        play(KEYS, "\n## work\n\nDo it.\n").at(root.clone()).says("work", vec![done()]).run();
    std::fs::write(root.join("src/1.txt"), "mine").unwrap();
    std::fs::remove_file(root.join("src/2.txt")).unwrap();
    symlink("../../outside", root.join("src/2.txt")).unwrap();
    let journal = played.state().join("journal.jsonl");
    let records = wizard::journal::read(&journal).unwrap();
    let start = Start::read(&journal).unwrap();
    let (_, _, left) = take_back(&records, &start, &root, &played.state());
    assert_eq!(left, 2);
    assert_eq!(std::fs::read_to_string(root.join("src/1.txt")).unwrap(), "mine");
    assert!(root.join("src/2.txt").is_symlink());
    assert!(!folder.path().join("outside").exists());
}
