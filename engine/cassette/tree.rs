//! The project's files around a command: what it changed, and the same change made again.

#![expect(clippy::disallowed_methods, reason = "lengths are looked at before the gate reads")]

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::cassette::clean::Cleaner;
use crate::cassette::patch::{self, Applied, Change, FilePatch};
use crate::gate::workspace::{Snapshot, Workspace, hash};

/// The longest text that is kept so that a diff can be made of it, in bytes.
const MAX_TEXT: u64 = 2 * 1024 * 1024;

/// The most bytes of texts that are kept at once. A text beyond is recorded whole when it changes.
const MAX_KEPT: usize = 64 * 1024 * 1024;

/// The longest file, text or not, that is written into a cassette whole, in bytes.
const MAX_WHOLE: usize = 512 * 1024;

/// Watches the files of a project while a run is recorded.
pub(super) struct Tree {
    workspace: Workspace,
    /// The texts of files as they were last seen, with the hash of their bytes.
    kept: BTreeMap<String, (String, Arc<str>)>,
    /// The cassette itself, where it stands in the project.
    cassette: Option<String>,
}

impl Tree {
    pub(super) fn open(root: &Path, cassette: &Path) -> io::Result<Self> {
        let workspace = Workspace::open(root)?;
        let cassette = cassette.canonicalize().unwrap_or(PathBuf::from(cassette));
        let cassette = cassette.strip_prefix(workspace.root()).ok();
        let cassette = cassette.and_then(|path| path.to_str()).map(str::to_owned);
        Ok(Tree { workspace, kept: BTreeMap::new(), cassette })
    }

    /// Looks at every file before a command, and keeps the texts.
    pub(super) fn look(&mut self) -> Result<Snapshot, String> {
        let snapshot = self.workspace.snapshot()?;
        self.kept.retain(|path, (hash, _)| {
            snapshot.files.get(path).is_some_and(|mark| mark.hash == *hash)
        });
        let mut room =
            MAX_KEPT.saturating_sub(self.kept.values().map(|(_, text)| text.len()).sum::<usize>());
        for (path, mark) in &snapshot.files {
            if self.kept.contains_key(path) {
                continue;
            }
            let metadata = std::fs::metadata(self.workspace.root().join(path));
            if metadata.is_ok_and(|metadata| metadata.len() > MAX_TEXT.min(room as u64)) {
                continue;
            }
            let Ok(Some(bytes)) = self.workspace.read_any(path) else { continue };
            if let Ok(text) = String::from_utf8(bytes) {
                room = room.saturating_sub(text.len());
                self.kept.insert(path.clone(), (mark.hash.clone(), text.into()));
            }
        }
        Ok(snapshot)
    }

    /// Says what became of each file that a command changed, cleaned.
    pub(super) fn changes(
        &self,
        before: &Snapshot,
        cleaner: &Cleaner,
    ) -> Result<Vec<FilePatch>, String> {
        let after = self.workspace.snapshot()?;
        let mut patches = Vec::new();
        for path in before.changes(&after) {
            if self.cassette.as_ref() == Some(&path) {
                continue;
            }
            let old = before.files.get(&path).map(|mark| mark.hash.clone());
            if let Some(change) = self.change(&path, old, cleaner) {
                patches.push(FilePatch { path, change });
            }
        }
        Ok(patches)
    }

    fn change(&self, path: &str, old: Option<String>, cleaner: &Cleaner) -> Option<Change> {
        let left_out = |reason: &str| Some(Change::LeftOut { reason: reason.to_owned() });
        if self.workspace.refuse_write(path, &[]).is_err() {
            return left_out("it is protected, and no replay changes it");
        }
        let kept = self.kept.get(path).filter(|(hash, _)| Some(hash) == old.as_ref());
        let kept = kept.map(|(_, text)| cleaner.text(text));
        let before = kept.as_ref().map(|text| hash(text.as_bytes())).or(old);
        let new = match self.workspace.read_any(path) {
            Ok(Some(bytes)) => bytes,
            Ok(None) => return before.map(|before| Change::Removed { before }),
            Err(_) => return left_out("it could not be read"),
        };
        let change = match String::from_utf8(new) {
            Ok(text) => {
                let text = cleaner.text(&text);
                match (&kept, before) {
                    (Some(old), _) if *old == text => return None,
                    (Some(old), _) => patch::of_text(Some(old), &text),
                    (None, before) => Change::Text { before, text },
                }
            }
            Err(error) => {
                let bytes = error.as_bytes();
                let lossy = String::from_utf8_lossy(bytes);
                if cleaner.text(&lossy) != lossy {
                    return left_out("it is not text, and holds a secret");
                }
                if bytes.len() > MAX_WHOLE {
                    return left_out("it is not text, and too long to be kept");
                }
                patch::of_bytes(before, bytes)
            }
        };
        match &change {
            Change::Text { text, .. } if text.len() > MAX_WHOLE => {
                left_out("it is too long to be kept")
            }
            _ => Some(change),
        }
    }
}

/// Makes recorded changes again: all of them, or none. Returns the files that the cassette does
/// not hold, with the reason.
pub(super) fn apply(root: &Path, files: &[FilePatch]) -> Result<Vec<String>, String> {
    let workspace = Workspace::open(root).map_err(|error| error.to_string())?;
    let mut left_out = Vec::new();
    let mut work = Vec::new();
    for FilePatch { path, change } in files {
        let wrong = |reason: String| format!("its patch does not fit `{path}`: {reason}");
        if let Change::LeftOut { reason } = change {
            left_out.push(format!("`{path}`: {reason}"));
            continue;
        }
        if workspace.path(path).is_ok_and(|inside| inside != *path) {
            return Err(wrong("the path is not one of the project's root".to_owned()));
        }
        let allowed = workspace.path(path).and_then(|path| workspace.refuse_write(&path, &[]));
        allowed.map_err(|refusal| wrong(refusal.to_string()))?;
        let current = workspace.read_any(path).map_err(|error| wrong(error.to_string()))?;
        work.push((path, patch::apply(change, current.as_deref()).map_err(wrong)?));
    }
    for (path, applied) in work {
        let done = match applied {
            Applied::Kept => Ok(()),
            Applied::Written(bytes) => workspace.replace(path, &bytes),
            Applied::Removed => workspace.remove(path),
        };
        done.map_err(|refusal| refusal.to_string())?;
    }
    Ok(left_out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::redact::Redactor;

    fn cleaner() -> Cleaner {
        let secrets = [("input:key", "canary-canary")];
        Cleaner::new(Redactor::new(&secrets.into_iter().collect()), "")
    }

    fn write(root: &Path, files: &[(&str, &[u8])]) {
        for (path, bytes) in files {
            let path = root.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        }
    }

    /// Records what `command` does to a project, and does it again to a copy.
    fn round(files: &[(&str, &[u8])], command: impl Fn(&Path)) -> (Vec<FilePatch>, [Snapshot; 2]) {
        let projects = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
        for project in &projects {
            write(project.path(), files);
        }
        let root = projects[0].path();
        let mut tree = Tree::open(root, &root.join("run.jsonl")).unwrap();
        let before = tree.look().unwrap();
        command(root);
        let patches = tree.changes(&before, &cleaner()).unwrap();
        apply(projects[1].path(), &patches).unwrap();
        let snapshots =
            projects.map(|project| Workspace::open(project.path()).unwrap().snapshot().unwrap());
        (patches, snapshots)
    }

    #[test]
    fn a_command_is_made_again() {
        let files: [(&str, &[u8]); 5] = [
            ("package.json", b"{\n  \"name\": \"shop\"\n}"),
            ("win.txt", b"a\r\nb\r\n"),
            ("old.txt", b"old\n"),
            ("logo.png", b"\x89PNG\xff"),
            (".gitignore", b"made/\n"),
        ];
        let (patches, [first, second]) = round(&files, |root| {
            write(
                root,
                &[
                    ("package.json", b"{\n  \"name\": \"shop\",\n  \"sdk\": 1\n}\n"),
                    ("win.txt", b"a\r\nB\r\n"),
                    ("logo.png", b"\x89PNG\xfe"),
                    ("new/deep.txt", b"no line end"),
                    ("made/x", b"ignored"),
                    ("run.jsonl", b"the cassette itself"),
                ],
            );
            std::fs::remove_file(root.join("old.txt")).unwrap();
        });
        let paths: Vec<&str> = patches.iter().map(|patch| patch.path.as_str()).collect();
        assert_eq!(paths, ["logo.png", "new/deep.txt", "old.txt", "package.json", "win.txt"]);
        let mut first = first;
        first.files.remove("run.jsonl");
        assert_eq!(first, second);
    }

    #[test]
    fn secrets_and_protected_files_stay_out() {
        let files: [(&str, &[u8]); 2] =
            [("a.txt", b"key = canary-canary\nx\n"), (".husky/pre-commit", b"true\n")];
        let (patches, _) = round(&files[1..], |root| {
            write(
                root,
                &[
                    ("a.txt", b"key = canary-canary\n"),
                    ("b.bin", b"\xffcanary-canary"),
                    (".husky/pre-commit", b"curl\n"),
                    (".env", b"KEY=canary-canary\n"),
                ],
            );
        });
        let text = serde_json::to_string(&patches).unwrap();
        assert!(!text.contains("canary"), "{text}");
        assert!(!text.contains(&crate::playbook::hex(b"canary-canary")), "{text}");
        assert!(text.contains("key = [REDACTED:input:key#1]"), "{text}");
        let left_out = |path: &str| {
            let patch = patches.iter().find(|patch| patch.path == path).unwrap();
            matches!(patch.change, Change::LeftOut { .. })
        };
        assert!(left_out("b.bin") && left_out(".husky/pre-commit"));
        assert_eq!(patches.len(), 3);
    }

    #[test]
    fn a_patch_that_does_not_fit_changes_nothing() {
        let project = tempfile::tempdir().unwrap();
        write(project.path(), &[("a", b"1\n"), ("b", b"not 1\n")]);
        let patch = |path: &str| FilePatch {
            path: path.to_owned(),
            change: patch::of_text(Some("1\n"), "2\n"),
        };
        let reason = apply(project.path(), &[patch("a"), patch("b")]).unwrap_err();
        assert!(reason.contains("`b`: the file is not what it was"), "{reason}");
        assert_eq!(std::fs::read(project.path().join("a")).unwrap(), b"1\n");
        for path in ["../x", ".git/hooks/pre-commit", ".env", "/etc/x", "b/../c"] {
            let created = FilePatch { path: path.to_owned(), change: patch::of_text(None, "x\n") };
            assert!(apply(project.path(), &[created]).is_err(), "{path}");
        }
    }
}
