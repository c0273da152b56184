//! Folders: those that a run made go where they are empty, those that it removed come back.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::touched::Touched;
use super::{Past, Undo};
use crate::gate::workspace::{Snapshot, Workspace};

/// Decides which folders go, which come back, and which get their permissions back.
pub(super) fn plan(
    past: &Past<'_>,
    workspace: &Workspace,
    touched: &Touched,
    now: &Snapshot,
    only: Option<&str>,
    undo: &mut Undo,
) {
    let mut gone: BTreeSet<String> = undo
        .steps
        .iter()
        .filter(|step| step.then.is_none())
        .map(|step| step.path.clone())
        .chain(undo.env.iter().map(|step| step.file.clone()))
        .collect();
    let mut made: Vec<String> = made(past, touched, now, only).into_iter().collect();
    made.sort_by_key(|folder| std::cmp::Reverse(folder.matches('/').count()));
    for folder in made {
        if workspace.holds_only(&folder, &gone) {
            gone.insert(folder.clone());
            undo.gone.push(folder);
        }
    }
    if only.is_some() {
        return;
    }
    for (path, then) in &past.start.folders {
        let now = workspace.folder_mode(path);
        let left = touched.folders.get(path).is_some_and(|left| left.contains(&now));
        if now != Some(*then) && (left || touched.torn) {
            undo.made.insert(path.clone(), *then);
        }
    }
}

/// Returns the folders that the run may have made.
fn made(
    past: &Past<'_>,
    touched: &Touched,
    now: &Snapshot,
    only: Option<&str>,
) -> BTreeSet<String> {
    let files = touched.files.keys().chain(touched.env.keys());
    let files = files.filter(|path| only.is_none_or(|only| only == *path));
    let above = files.flat_map(|path| Path::new(path).ancestors().skip(1));
    let mut made: BTreeSet<String> =
        above.map(|folder| folder.to_string_lossy().into_owned()).collect();
    if only.is_none() {
        let left = |(path, left): (&String, &Vec<Option<u32>>)| {
            left.iter().any(Option::is_some).then(|| path.clone())
        };
        made.extend(touched.folders.iter().filter_map(left));
        made.extend(now.folders.keys().filter(|_| touched.torn).cloned());
    }
    made.retain(|folder| !folder.is_empty() && !past.start.folders.contains_key(folder));
    made
}

/// Says what becomes of folders, for the journal.
pub(super) fn marks(undo: &Undo) -> BTreeMap<String, Option<u32>> {
    let gone = undo.gone.iter().map(|path| (path.clone(), None));
    gone.chain(undo.made.iter().map(|(path, mode)| (path.clone(), Some(*mode)))).collect()
}
