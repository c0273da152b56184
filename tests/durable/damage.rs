//! A journal that was damaged: cut at any byte, or changed at any. Never a wrong restore.
//!
//! `FLIPS=2000` says at how many places a byte is changed, and the journal is cut at as many;
//! `CUTS=1` cuts it at every byte.

use std::path::{Path, PathBuf};

use wizard::gate::kept::{Blobs, Start};
use wizard::gate::workspace::Workspace;
use wizard::journal::{Journal, Key, verified};
use wizard::undo::{self, Past, Wish};

use super::place::Exact;
use super::{Place, count, is_a_version, said, whole};
use crate::support::numbers::Numbers;

/// Bytes that are changed, where no variable says otherwise.
const FLIPS: usize = 60;

/// A run that came to its end, and its journal.
struct Played {
    place: Place,
    key: Key,
    journal: PathBuf,
    bytes: Vec<u8>,
}

impl Played {
    fn new() -> Self {
        let place = Place::new();
        let output = place.playing(&[]).output().unwrap();
        assert!(output.status.success(), "{}", said(&output));
        let journal = place.runs()[0].join("journal.jsonl");
        let bytes = std::fs::read(&journal).unwrap();
        let key = Key::open(&place.state()).unwrap();
        Played { place, key, journal, bytes }
    }

    /// Takes the run back by a damaged journal, and returns the tree then, or why nothing was done.
    /// What was done is taken back in turn.
    fn taken_back_by(&self, bytes: &[u8]) -> Result<Exact, String> {
        std::fs::write(&self.journal, bytes).unwrap();
        let workspace = Workspace::open(&self.place.root()).unwrap();
        let own = tempfile::tempdir().unwrap();
        self.undo(&self.journal, own.path(), &workspace)?;
        let tree = self.place.tree();
        let last = tempfile::tempdir().unwrap();
        let left = self.undo(&own.path().join("journal.jsonl"), last.path(), &workspace);
        assert_eq!(left.unwrap(), []);
        assert_eq!(self.place.tree(), whole().after);
        Ok(tree)
    }

    /// Takes back what a journal tells, as `wizard undo` does, with a journal in a folder.
    fn undo(
        &self,
        of: &Path,
        folder: &Path,
        workspace: &Workspace,
    ) -> Result<Vec<(String, String)>, String> {
        let key = &self.key;
        let records = verified(of, key).map_err(|error| error.to_string())?;
        let start = Start::read(of, &records)?;
        let blobs = Blobs::at(&self.journal.with_file_name("../blobs"));
        let past = Past { records: &records, journal: of, key, start: &start, blobs: &blobs };
        let own = Journal::create(folder, key, Vec::new()).unwrap();
        let kept = Start::of(&workspace.snapshot().unwrap()).write(own.path(), Vec::new());
        own.append(crate::support::clean(kept.unwrap())).unwrap();
        let undo = undo::plan(&past, workspace, Wish::default())?;
        undo::perform(&undo, &past, workspace, &own)
    }

    /// Holds what a damaged journal did against what may be: each file as it was, or as the run
    /// left it, and no other.
    fn is_right(&self, bytes: &[u8], what: &str) {
        let Ok(tree) = self.taken_back_by(bytes) else {
            assert_eq!(self.place.tree(), whole().after, "{what}: something was done all the same");
            return;
        };
        for (path, (mode, found)) in &tree {
            let ends = [&whole().before, &whole().after];
            let known = ends.iter().any(|tree| tree.get(path).is_some_and(|it| it.0 == *mode));
            assert!(known, "{what}: `{path}` is new, or has other permissions");
            let is_file = mode >> 12 == 0o10;
            assert!(!is_file || is_a_version(path, found), "{what}: `{path}` is no version");
        }
        for path in whole().before.keys() {
            let kept = tree.contains_key(path) || !whole().after.contains_key(path);
            assert!(kept, "{what}: `{path}` is gone");
        }
    }
}

#[test]
fn a_journal_that_is_cut_anywhere_restores_nothing_wrong() {
    let played = Played::new();
    let length = played.bytes.len();
    let all = std::env::var_os("CUTS").is_some();
    let step = if all { 1 } else { length / count("FLIPS", FLIPS) };
    for end in (0..length).step_by(step.max(1)) {
        played.is_right(&played.bytes[..end], &format!("cut at {end} of {length}"));
    }
    let tree = played.taken_back_by(&played.bytes).unwrap();
    assert_eq!(tree, whole().before);
}

#[test]
fn a_journal_that_is_changed_anywhere_restores_nothing_wrong() {
    let played = Played::new();
    let numbers = &mut Numbers(7);
    let mut refused = 0;
    let flips = count("FLIPS", FLIPS);
    for _ in 0..flips {
        let at = numbers.below(played.bytes.len());
        let flip = 1 << numbers.below(8);
        let mut bytes = played.bytes.clone();
        bytes[at] ^= flip;
        std::fs::write(&played.journal, &bytes).unwrap();
        refused += usize::from(verified(&played.journal, &played.key).is_err());
        played.is_right(&bytes, &format!("byte {at} ^ {flip}"));
    }
    // What is not refused is a last line that looks like one that was cut.
    assert!(refused * 10 >= flips * 9, "{refused} of {flips}");
}

#[test]
fn nothing_is_put_back_by_what_is_not_as_it_was_written() {
    let played = Played::new();
    let (place, run) = (&played.place, played.journal.parent().unwrap());
    let mut files = std::fs::read_dir(run).unwrap().map(|entry| entry.unwrap().path());
    let start = files.find(|path| path.to_str().unwrap().contains("/start-")).unwrap();
    let refused = |path: &Path, text: &str, why: &str| {
        let before = std::fs::read(path).unwrap();
        std::fs::write(path, text).unwrap();
        let output = place.wizard(&["undo"]).output().unwrap();
        let said = said(&output);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(why) && said.contains("nothing is put back"), "{why}: {said}");
        assert_eq!(place.tree(), whole().after);
        std::fs::write(path, before).unwrap();
    };
    let kept = std::fs::read_to_string(&start).unwrap();
    refused(&start, &kept.replacen("src/1.txt", "src/2.txt", 1), "it is not as it was written");
    let journal = String::from_utf8(played.bytes.clone()).unwrap();
    let other = journal.replacen("src/1.txt", "src/2.txt", 1);
    refused(&played.journal, &other, "is not as it was written");
    let lines: Vec<&str> = journal.split_inclusive('\n').collect();
    let dropped = [&lines[..9], &lines[10..]].concat().concat();
    let why = "line 10 is not as it was written, or lines before it are missing";
    refused(&played.journal, &dropped, why);
    let proofs = regex::Regex::new(",\"proof\":\"[0-9a-f]+\"").unwrap();
    let bare = proofs.replace_all(&journal, "");
    refused(&played.journal, &bare, "line 1 carries no proof");
    let other = Key::open(tempfile::tempdir().unwrap().path()).unwrap();
    assert_ne!(other.mark(b"x"), played.key.mark(b"x"));
    refused(played.key.path(), &"0".repeat(64), "written with another key");
    let output = place.wizard(&["undo"]).output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    assert_eq!(place.tree(), whole().before);
}
