//! A project of thirty files, a recorded run that changes them, and the real program beside them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

use serde_json::{Value, json};

use crate::undo::tree;

/// What stands in a folder: permissions and bytes, by path.
pub(crate) type Exact = BTreeMap<String, (u32, Vec<u8>)>;

/// Files that are edited; each third is edited twice.
const EDITED: usize = 22;

/// The playbook that is played: a stage that may change everything.
const PLAYBOOK: &str = "---
playbook: 1
name: many
description: Changes many files. Use in tests.
license: MIT
env: {file: .env.local, keys: {API_URL: 'https://x.test/a'}}
tools: [read]
stages:
  work:
    tools: [edit, write, remove, env]
    writes: ['**']
---

## work

Change the files.
";

/// A playbook whose command changes files, one after the other.
const MESSY: &str = "---
playbook: 1
name: messy
description: Changes files by a command. Use in tests.
license: MIT
commands:
  mess: {run: [sh, mess.sh], timeout: 60s}
stages:
  mess:
    run: mess
---
";

/// What the command does: slowly enough to be killed in the middle.
const MESS: &str = "for n in 0 1 2 3 4 5 6 7 8 9; do
  echo more >> src/$n.txt
  mkdir -p out/$n/empty
  echo made > out/$n/made.txt
  sleep 0.02
done
rm src/10.txt
rmdir empty
chmod 600 src/11.txt
rm link && ln -s src/12.txt link
sleep 0.1
";

/// A project, a state folder and a cassette, in a folder of their own.
pub(crate) struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        let place = Place { folder: tempfile::tempdir().unwrap() };
        lay_out(&place.root());
        std::fs::write(place.folder.path().join("many.md"), PLAYBOOK).unwrap();
        std::fs::write(place.folder.path().join("messy.md"), MESSY).unwrap();
        std::fs::write(place.cassette(), cassette()).unwrap();
        place
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.folder.path().join("work")
    }

    /// The folder of state, which holds the runs and the key.
    pub(crate) fn state(&self) -> PathBuf {
        self.folder.path().join("home/state/wizard")
    }

    fn cassette(&self) -> PathBuf {
        self.folder.path().join("cassette.jsonl")
    }

    /// The folders of runs that began, the newest last.
    pub(crate) fn runs(&self) -> Vec<PathBuf> {
        let projects = std::fs::read_dir(self.state().join("runs")).into_iter().flatten();
        let mut runs: Vec<PathBuf> = projects
            .flat_map(|project| std::fs::read_dir(project.unwrap().path()).into_iter().flatten())
            .map(|run| run.unwrap().path())
            .filter(|run| {
                let journal = std::fs::read(run.join("journal.jsonl"));
                journal.is_ok_and(|bytes| bytes.contains(&b'\n'))
            })
            .collect();
        runs.sort();
        runs
    }

    pub(crate) fn tree(&self) -> Exact {
        tree(&self.root())
    }

    /// The program with these words, ready to be started in the project.
    pub(crate) fn wizard(&self, words: &[&str]) -> Command {
        self.under(&[], words)
    }

    /// The same, started by another program.
    pub(crate) fn under(&self, outer: &[&str], words: &[&str]) -> Command {
        let mut argv: Vec<&str> = outer.to_vec();
        argv.push(env!("CARGO_BIN_EXE_wizard"));
        argv.extend(words);
        let mut command = Command::new(argv[0]);
        command.args(&argv[1..]).current_dir(self.root()).env_clear();
        let home = self.folder.path().join("home");
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("HOME", &home);
        for (variable, folder) in [
            ("XDG_CONFIG_HOME", "config"),
            ("XDG_STATE_HOME", "state"),
            ("XDG_CACHE_HOME", "cache"),
            ("XDG_DATA_HOME", "data"),
        ] {
            command.env(variable, home.join(folder));
        }
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// The words of the recorded run.
    pub(crate) fn play(&self) -> Vec<String> {
        let path = |name: &str| self.folder.path().join(name).display().to_string();
        let words =
            ["play", &path("many.md"), "--pin", pin(self, "many"), "--no-retro", "--replay"];
        let mut words: Vec<String> = words.map(str::to_owned).to_vec();
        words.push(path("cassette.jsonl"));
        words
    }

    /// The words that go on with it.
    pub(crate) fn resume(&self) -> [&'static str; 4] {
        ["resume", "--no-retro", "--pin", pin(self, "many")]
    }

    /// Starts a run whose command changes files, and is not replayed.
    pub(crate) fn messing(&self) -> Command {
        std::fs::write(self.root().join("mess.sh"), MESS).unwrap();
        let path = self.folder.path().join("messy.md");
        let pin = pin(self, "messy");
        self.wizard(&["play", path.to_str().unwrap(), "--pin", pin])
    }

    /// Starts the recorded run, under another program where one is named.
    pub(crate) fn playing(&self, outer: &[&str]) -> Command {
        let words = self.play();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        self.under(outer, &words)
    }

    /// Whether a process is left that was started for this place.
    pub(crate) fn orphans(&self) -> Vec<String> {
        let own = self.folder.path().display().to_string();
        let processes = std::fs::read_dir("/proc").into_iter().flatten();
        processes
            .filter_map(|process| {
                let said = std::fs::read(process.ok()?.path().join("cmdline")).ok()?;
                let said = String::from_utf8_lossy(&said).replace('\0', " ");
                said.contains(&own).then_some(said)
            })
            .collect()
    }
}

/// What a finished program said, for a test that fails.
pub(crate) fn said(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    format!("{:?}\n{}{}", output.status, text(&output.stdout), text(&output.stderr))
}

/// The tree after the whole run, and the pin of the playbook: the same wherever it is played.
pub(crate) struct Whole {
    pub(crate) before: Exact,
    pub(crate) after: Exact,
    pub(crate) took: std::time::Duration,
}

/// Plays the run once from its beginning to its end.
pub(crate) fn whole() -> &'static Whole {
    static WHOLE: OnceLock<Whole> = OnceLock::new();
    WHOLE.get_or_init(|| {
        let place = Place::new();
        let before = place.tree();
        pin(&place, "many");
        let began = std::time::Instant::now();
        let output = place.playing(&[]).output().unwrap();
        assert!(output.status.success(), "{}", said(&output));
        Whole { before, after: place.tree(), took: began.elapsed() }
    })
}

/// Holds a file of a project against all that it may ever be: no other bytes, and no part of some.
pub(crate) fn is_a_version(path: &str, bytes: &[u8]) -> bool {
    let whole = whole();
    let ends = [&whole.before, &whole.after];
    let middle = path.strip_prefix("src/").and_then(|name| name.strip_suffix(".txt"));
    let middle = middle.and_then(|number| number.parse().ok()).map(|number| text(number, "new"));
    ends.iter().any(|tree| tree.get(path).is_some_and(|(_, known)| known == bytes))
        || middle.is_some_and(|known| known.as_bytes() == bytes)
}

/// The pin of a playbook, which is asked for once.
fn pin(place: &Place, name: &str) -> &'static str {
    static PINS: [OnceLock<String>; 2] = [const { OnceLock::new() }; 2];
    PINS[usize::from(name == "messy")].get_or_init(|| {
        let path = place.folder.path().join(format!("{name}.md"));
        let output = place.wizard(&["play", path.to_str().unwrap()]).output().unwrap();
        let said = said(&output);
        let pin = said.split("--pin ").nth(1).unwrap_or_else(|| panic!("{said}"));
        pin.split_whitespace().next().unwrap().to_owned()
    })
}

fn text(number: usize, word: &str) -> String {
    let end = if number % 4 == 1 { "\r\n" } else { "\n" };
    format!("file {number}{end}{word} text{end}{}", "and more of it\n".repeat(number * 3))
}

fn lay_out(root: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::create_dir_all(root.join("src")).unwrap();
    std::fs::create_dir_all(root.join("empty")).unwrap();
    for number in 0..EDITED + 3 {
        let path = root.join(format!("src/{number}.txt"));
        std::fs::write(&path, text(number, "old")).unwrap();
        let mode = [0o644, 0o600, 0o755][number % 3];
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    }
    std::fs::write(root.join(".env.local"), "# mine\nOTHER=1").unwrap();
    std::fs::write(root.join("untouched.bin"), [0, 159, 146, 150]).unwrap();
    std::os::unix::fs::symlink("src/0.txt", root.join("link")).unwrap();
}

/// The run: it reads, edits, makes, removes and sets a key, over several turns.
fn cassette() -> String {
    let edit = |number: usize, old: &str, new: &str| {
        let path = format!("src/{number}.txt");
        (
            "edit",
            json!({ "path": path, "old": format!("{old} text"), "new": format!("{new} text") }),
        )
    };
    let read = |number: usize| ("read", json!({ "path": format!("src/{number}.txt") }));
    let remove = |number: usize| ("remove", json!({ "path": format!("src/{number}.txt") }));
    let write = |number: usize| {
        let path = format!("made/{number}/deep/file.txt");
        ("write", json!({ "path": path, "content": "all new\n".repeat(200 * number) }))
    };
    let turns: Vec<Vec<(&str, Value)>> = vec![
        (0..EDITED + 3).map(read).collect(),
        (0..EDITED / 2).map(|number| edit(number, "old", "new")).collect(),
        vec![write(1), write(2), ("env", json!({ "key": "API_URL", "set": true }))],
        (EDITED / 2..EDITED).map(|number| edit(number, "old", "new")).collect(),
        (0..EDITED).step_by(3).map(|number| edit(number, "new", "newer")).collect(),
        vec![remove(EDITED), remove(EDITED + 1), write(3)],
        vec![("done", json!({ "summary": "did it" }))],
    ];
    let head = json!({
        "cassette": 1, "wizard": "0.1.0", "playbook": "many", "hash": "00", "model": "scripted",
        "inputs": {},
    });
    let mut lines = vec![head.to_string()];
    let mut seen: Vec<Value> = Vec::new();
    for (index, calls) in turns.iter().enumerate() {
        let turn = json!({ "stage": "work", "attempt": 1, "turn": index + 1 });
        let id = |call: usize| format!("call_{index}_{call}");
        let blocks: Vec<Value> = calls
            .iter()
            .enumerate()
            .map(|(call, (name, input))| {
                json!({ "call": { "id": id(call), "name": name, "input": input } })
            })
            .collect();
        lines.push(
            json!({
                "kind": "turn", "turn": turn, "sees": { "results": seen },
                "replies": { "blocks": blocks, "stop": "done" },
            })
            .to_string(),
        );
        let result = |(call, (name, _)): (usize, &(&str, Value))| json!({ "call": id(call), "tool": name, "error": false, "text": "" });
        seen = calls.iter().enumerate().map(result).collect();
    }
    lines.join("\n") + "\n"
}
