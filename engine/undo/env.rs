//! Keys of env files taken back: what was put in is cut out, and what was cut out is put in.

use super::touched::{EnvChange, Touched};
use super::{Past, Undo};
use crate::gate::kept::Cuts;
use crate::gate::workspace::{Before, Workspace, hash};
use crate::journal::event::Splice;
use crate::journal::{Event, Journal};

/// A key that is taken back, or set again where an undo is taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvStep {
    /// The env file.
    pub file: String,
    /// The key.
    pub key: String,
    /// Whether it goes; else it comes back.
    pub taken_back: bool,
    /// How the file was changed, which is turned around.
    splice: Splice,
}

/// Decides which keys are taken back, the last first, as long as the file stands as it was left.
pub(super) fn plan(past: &Past<'_>, workspace: &Workspace, touched: &Touched, undo: &mut Undo) {
    for (file, changes) in &touched.env {
        let mut leave = |reason: &str| undo.left.push((file.clone(), reason.to_owned()));
        if touched.files.contains_key(file) {
            leave("keys were set in it beside other changes; remove them by hand");
            continue;
        }
        let Ok(mut now) = workspace.read_any(file) else {
            leave("it cannot be read; remove the keys that were set by hand");
            continue;
        };
        for EnvChange { key, splice, taken_back } in changes.iter().rev() {
            let Some(splice) = splice else {
                leave("keys were set in it by an early version; remove them by hand");
                break;
            };
            let mark = now.as_ref().map(|bytes| past.key.mark(bytes));
            if mark == splice.before {
                continue;
            }
            if mark != splice.after {
                leave(&format!("it was changed after `{key}` was set; see to `{key}` by hand"));
                break;
            }
            let bytes = now.clone().unwrap_or_default();
            let Some(before) = Cuts::beside(past.journal).before(past.key, splice, &bytes) else {
                leave(&format!("what `{key}` was before is not kept any more"));
                break;
            };
            now = splice.before.as_ref().map(|_| before);
            let (file, key, splice) = (file.clone(), key.clone(), splice.clone());
            undo.env.push(EnvStep { file, key, taken_back: !taken_back, splice });
        }
    }
}

/// Takes one key back, in the journal first.
pub(super) fn perform(
    step: &EnvStep,
    past: &Past<'_>,
    workspace: &Workspace,
    journal: &Journal,
    note: &dyn Fn(Event) -> Result<(), String>,
) -> Result<Result<(), String>, String> {
    let EnvStep { file, key, taken_back, splice } = step;
    let changed = || Ok(Err(format!("it changed just now; see to `{key}` by hand")));
    let Ok(now) = workspace.read_any(file) else { return changed() };
    if now.as_ref().map(|bytes| past.key.mark(bytes)) != splice.after {
        return changed();
    }
    let bytes = now.clone().unwrap_or_default();
    let Some(before) = Cuts::beside(past.journal).before(past.key, splice, &bytes) else {
        return changed();
    };
    let before = splice.before.as_ref().map(|_| before);
    let own = Cuts::beside(journal.path());
    let own = own.splice(journal.key(), now.as_deref(), before.as_deref());
    let own = own.map_err(|error| format!("cannot keep what is cut out: {error}"))?;
    note(Event::EnvSetting {
        at: super::at(),
        file: file.clone(),
        key: key.clone(),
        created: own.before.is_none(),
        splice: Some(own),
        taken_back: *taken_back,
    })?;
    let there = now.map(|bytes| hash(&bytes));
    let there = there.as_deref().map_or(Before::Nothing, Before::Hash);
    let done = match &before {
        Some(bytes) => workspace.replace_as(file, bytes, there, None),
        None => workspace.remove(file),
    };
    Ok(done.map_err(|refusal| refusal.to_string()))
}
