//! A run taken back: the tree is what it was, to the byte.

use std::collections::BTreeMap;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use serde_json::json;
use wizard::approval::Decision;
use wizard::gate::kept::{Blobs, Start};
use wizard::gate::workspace::Workspace;
use wizard::journal::{Journal, Key, Record};
use wizard::model::Block;
use wizard::undo::{self, Wish};

use crate::execute::{Played, call, done, play};
use crate::support::numbers::Numbers;

/// How many random runs are taken back; `UNDO_RUNS` says otherwise.
const RUNS: u64 = 40;

/// A stage that edits and sets a key, and one that is a command of ours.
const KEYS: &str = "inputs: {key: {type: secret}}
env: {file: .env.local, keys: {API_KEY: '${{ inputs.key }}'}}
commands:
  mess: {run: [sh, mess.sh], timeout: 20s}
tools: [read]
stages:
  work:
    tools: [edit, write, remove, env]
    writes: ['**']
  mess:
    run: mess
";

/// What stands in a folder: kinds, permissions, targets of links, bytes.
pub(crate) fn tree(folder: &Path) -> BTreeMap<String, (u32, Vec<u8>)> {
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
    if numbers.once_in(8) {
        write("big.bin", &vec![7; 9 * 1024 * 1024], 0o644);
    }
    for folder in ["empty", "plain/deep"] {
        std::fs::create_dir_all(root.join(folder)).unwrap();
    }
    match numbers.below(4) {
        0 => {}
        1 => write(".env.local", b"", 0o600),
        2 => write(".env.local", b"# mine\r\nOTHER='a b'\r\nAPI_KEY=\r\n", 0o640),
        _ => write(".env.local", b"API_KEY=old-value-42\nOTHER=1", 0o600),
    }
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
        "mkdir -p hollow/inner",
        "rmdir empty",
        "chmod 700 plain/deep",
        "rm -r plain && echo file > plain",
        "rm src/4.txt && mkdir src/4.txt && echo x > src/4.txt/inside",
        "test ! -e big.bin || echo more >> big.bin",
    ];
    let some: Vec<&str> = deeds.into_iter().filter(|_| numbers.once_in(2)).collect();
    write("mess.sh", some.join("\n").as_bytes(), 0o644);
}

/// What a model does to the files, one call after the other.
fn calls(numbers: &mut Numbers) -> Vec<Block> {
    let mut calls = Vec::new();
    if numbers.once_in(2) {
        calls.push(call("env", &json!({ "key": "API_KEY", "set": true })));
    }
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

/// A run, or an undo, that can be taken back.
struct Past {
    records: Vec<Record>,
    start: Start,
    journal: PathBuf,
    /// What was left, when it took something back.
    left: Vec<(String, String)>,
}

impl Past {
    fn of(journal: PathBuf, state: &Path) -> Self {
        let key = Key::open(state).unwrap();
        let records = wizard::journal::verified(&journal, &key).unwrap();
        let start = Start::read(&journal, &records).unwrap();
        Past { records, start, journal, left: Vec::new() }
    }
}

/// Takes a run back.
fn take_back(past: &Past, root: &Path, state: &Path, wish: Wish<'_>) -> Past {
    let workspace = Workspace::open(root).unwrap();
    let blobs = Blobs::at(&state.join("blobs"));
    let folder = tempfile::tempdir_in(state).unwrap().keep();
    let key = Key::open(state).unwrap();
    let journal = Journal::create(&folder, &key, Vec::new()).unwrap();
    let now = Start::of(&workspace.snapshot().unwrap());
    let started = now.write(journal.path(), Vec::new()).unwrap();
    journal.append(crate::support::clean(started)).unwrap();
    let Past { records, start, journal: of, .. } = past;
    let past = undo::Past { records, journal: of, key: &key, start, blobs: &blobs };
    let undo = undo::plan(&past, &workspace, wish).unwrap();
    let left = undo::perform(&undo, &past, &workspace, &journal).unwrap();
    let said = std::fs::read_to_string(journal.path()).unwrap();
    assert!(!said.contains("canary-input-42") && !said.contains("old-value-42"));
    Past { left, ..Past::of(journal.path().to_owned(), state) }
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
        // Where the key has another value, the person is asked.
        preparation = preparation.decides(Decision::Say("yes".to_owned()));
        for block in calls(numbers) {
            preparation = preparation.says("work", vec![block]);
        }
        let played: Played = preparation.says("work", vec![done()]).run();
        let after = tree(&root);
        let state = played.state();
        let past = Past::of(state.join("journal.jsonl"), &state);
        let undone = take_back(&past, &root, &state, Wish::default());
        assert_eq!(undone.left, [], "seed {seed}");
        assert_eq!(tree(&root), before, "seed {seed}");
        let again = take_back(&undone, &root, &state, Wish::default());
        assert_eq!(again.left, [], "seed {seed}");
        assert_eq!(tree(&root), after, "seed {seed}: the undo taken back");
        let last = take_back(&again, &root, &state, Wish::default());
        assert_eq!(last.left, [], "seed {seed}");
        assert_eq!(tree(&root), before, "seed {seed}: and that one");
    }
}

/// A project in which a command changed files.
fn changed(mess: &str) -> (tempfile::TempDir, PathBuf, Played, Past) {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("project");
    std::fs::create_dir_all(&root).unwrap();
    project(&root, &mut Numbers(1));
    std::fs::write(root.join("mess.sh"), mess).unwrap();
    let played =
        play(KEYS, "\n## work\n\nDo it.\n").at(root.clone()).says("work", vec![done()]).run();
    let past = Past::of(played.state().join("journal.jsonl"), &played.state());
    (folder, root, played, past)
}

#[test]
fn what_was_changed_after_the_run_is_left() {
    let (folder, root, played, past) = changed(
        "echo x > src/1.txt; echo y > src/2.txt; echo z > src/3.txt; rm src/4.txt; echo v > raw.bin",
    );
    let before = std::fs::read(root.join("src/5.txt")).unwrap();
    std::fs::write(root.join("src/1.txt"), "mine").unwrap();
    std::fs::remove_file(root.join("src/2.txt")).unwrap();
    symlink("../../outside", root.join("src/2.txt")).unwrap();
    std::fs::set_permissions(root.join("src/3.txt"), std::fs::Permissions::from_mode(0o700))
        .unwrap();
    std::fs::create_dir(root.join("src/4.txt")).unwrap();
    std::fs::remove_file(root.join("raw.bin")).unwrap();
    let state = played.state();
    let undone = take_back(&past, &root, &state, Wish::default());
    let left: Vec<(&str, &str)> =
        undone.left.iter().map(|(path, why)| (path.as_str(), why.as_str())).collect();
    assert_eq!(
        left,
        [
            ("raw.bin", "it was changed after the run"),
            ("src/1.txt", "it was changed after the run"),
            ("src/2.txt", "it was changed after the run"),
            ("src/3.txt", "its permissions were changed after the run"),
            ("src/4.txt", "something that is no file stands there now"),
        ]
    );
    assert_eq!(std::fs::read_to_string(root.join("src/1.txt")).unwrap(), "mine");
    assert!(root.join("src/2.txt").is_symlink());
    assert!(!folder.path().join("outside").exists());
    let mine = tree(&root);
    let forced = take_back(&past, &root, &state, Wish { only: None, force: true });
    let left: Vec<&str> = forced.left.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(left, ["src/4.txt"], "what is no file is never forced");
    assert_eq!(std::fs::read(root.join("src/5.txt")).unwrap(), before);
    assert_eq!(std::fs::read(root.join("src/1.txt")).unwrap(), b"text 1\r\nend");
    let own = take_back(&forced, &root, &state, Wish::default());
    assert_eq!((own.left, tree(&root)), (Vec::new(), mine), "what was forced comes back");
}

#[test]
fn nothing_is_written_through_a_link_or_a_swapped_folder() {
    let (folder, root, played, past) = changed("echo x > src/1.txt; echo y > src/2.txt");
    let outside = folder.path().join("outside");
    std::fs::create_dir(&outside).unwrap();
    std::fs::write(outside.join("secret.txt"), "theirs").unwrap();
    std::fs::remove_file(root.join("src/1.txt")).unwrap();
    symlink(outside.join("secret.txt"), root.join("src/1.txt")).unwrap();
    std::fs::remove_file(root.join("src/2.txt")).unwrap();
    std::fs::hard_link(outside.join("secret.txt"), root.join("src/2.txt")).unwrap();
    let state = played.state();
    for force in [false, true] {
        let undone = take_back(&past, &root, &state, Wish { only: None, force });
        assert_eq!(undone.left.is_empty(), force);
        assert_eq!(std::fs::read_to_string(outside.join("secret.txt")).unwrap(), "theirs");
    }
    assert_eq!(std::fs::read(root.join("src/1.txt")).unwrap(), b"text 1\r\nend");
    // The folder itself leads elsewhere: there, files of the same names are nobody's to change.
    let (folder, root, played, past) = changed("echo x > src/1.txt");
    let outside = folder.path().join("outside");
    std::fs::rename(root.join("src"), &outside).unwrap();
    symlink(&outside, root.join("src")).unwrap();
    for force in [false, true] {
        let undone = take_back(&past, &root, &played.state(), Wish { only: None, force });
        assert_eq!(undone.left.len(), 1, "{:?}", undone.left);
        assert_eq!(std::fs::read_to_string(outside.join("1.txt")).unwrap(), "x\n");
    }
}

#[test]
fn an_env_file_that_was_changed_since_is_left() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("project");
    std::fs::create_dir_all(&root).unwrap();
    std::fs::write(root.join("mess.sh"), "").unwrap();
    let played = play(KEYS, "\n## work\n\nDo it.\n")
        .at(root.clone())
        .says("work", vec![call("env", &json!({ "key": "API_KEY", "set": true }))])
        .says("work", vec![done()])
        .run();
    let path = root.join(".env.local");
    let set = std::fs::read_to_string(&path).unwrap();
    assert_eq!(set, "API_KEY=canary-input-42\n");
    let state = played.state();
    let said = std::fs::read_to_string(state.join("journal.jsonl")).unwrap();
    assert!(said.contains("\"splice\"") && !said.contains("canary"), "{said}");
    let past = Past::of(state.join("journal.jsonl"), &state);
    std::fs::write(&path, format!("{set}MINE=1\n")).unwrap();
    let undone = take_back(&past, &root, &state, Wish { only: None, force: true });
    let why = "it was changed after `API_KEY` was set; see to `API_KEY` by hand";
    assert!(undone.left.contains(&(".env.local".to_owned(), why.to_owned())), "{:?}", undone.left);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), format!("{set}MINE=1\n"));
    std::fs::write(&path, set).unwrap();
    let undone = take_back(&past, &root, &state, Wish::default());
    assert_eq!((undone.left, path.exists()), (Vec::new(), false));
}
