//! What only the whole journal tells: how a run ended, what differs, what was left undone.

use crate::report::fold::Fold;
use crate::report::{Ending, FileReport, Hand, Report, Standing, Undone, UndoneKind};

impl Fold {
    /// Draws the conclusions that need the whole journal.
    pub(super) fn finish(mut self) -> Report {
        self.settle();
        self.report.ending = self.ending();
        self.report.files = self.files();
        self.report.reason = self.reason();
        self.report.undone = self.undone();
        self.report
    }

    fn ending(&self) -> Ending {
        match self.report.exit {
            Some(0) => Ending::Succeeded,
            Some(1) => Ending::Failed,
            Some(3 | 130) => Ending::Stopped,
            Some(4) => Ending::Partly,
            Some(_) => Ending::Broken,
            None if self.stopped.is_some() => Ending::Stopped,
            None => Ending::Unfinished,
        }
    }

    fn reason(&self) -> Option<String> {
        match self.report.ending {
            Ending::Succeeded => None,
            Ending::Unfinished => Some("the journal stops without saying why".to_owned()),
            Ending::Stopped | Ending::Broken => self.stopped.clone(),
            Ending::Failed | Ending::Partly => {
                let failed = self.report.stages.iter();
                let failed: Vec<String> = failed
                    .filter(|stage| stage.status == Standing::Failed)
                    .map(|stage| match &stage.reason {
                        Some(reason) => format!("`{}` failed: {}", stage.id, first(reason)),
                        None => format!("`{}` failed", stage.id),
                    })
                    .collect();
                if failed.is_empty() { self.stopped.clone() } else { Some(failed.join("\n")) }
            }
        }
    }

    fn files(&self) -> Vec<FileReport> {
        let by = |path: &str| {
            let touched = self.hands.get(path);
            touched.map(|touched| touched.by.iter().cloned().collect()).unwrap_or_default()
        };
        if let Some(finished) = &self.finished {
            let files = finished.iter().map(|file| FileReport {
                path: file.path.clone(),
                how: file.how.clone(),
                added: Some(file.added),
                removed: Some(file.removed),
                by: by(&file.path),
            });
            return files.collect();
        }
        let touched = self.hands.iter().filter_map(|(path, touched)| {
            let edits = touched.edits.as_ref();
            let how = match edits.map(|edits| (&edits.before, &edits.after)) {
                Some((before, after)) if before == after && touched.by.len() == 1 => return None,
                Some((None, Some(_))) => "created",
                Some((Some(_), None)) => "removed",
                _ => "changed",
            };
            Some(FileReport {
                path: path.clone(),
                how: how.to_owned(),
                added: edits.map(|edits| edits.added),
                removed: edits.map(|edits| edits.removed),
                by: by(path),
            })
        });
        let unsure = self.announced.iter().map(|(path, at)| FileReport {
            path: path.clone(),
            how: "unsure".to_owned(),
            added: None,
            removed: None,
            by: vec![Hand { at: at.clone(), command: None }],
        });
        let known = touched.filter(|file| !self.announced.contains_key(&file.path));
        let mut files: Vec<FileReport> = known.chain(unsure).collect();
        files.sort_by(|one, other| one.path.cmp(&other.path));
        files
    }

    fn undone(&self) -> Vec<Undone> {
        let report = &self.report;
        let undone = |kind, what: &str, why: &str| Undone {
            kind,
            what: what.to_owned(),
            why: why.to_owned(),
        };
        let requirements = report.requirements.iter().filter_map(|requirement| {
            let kind = match requirement.verdict.as_str() {
                "unmet" => UndoneKind::RequirementUnmet,
                "unknown" => UndoneKind::RequirementUnknown,
                _ => return None,
            };
            Some(undone(kind, &requirement.text, &requirement.found))
        });
        let references = report.references.iter().filter_map(|reference| {
            let missing = reference.missing.as_deref()?;
            Some(undone(UndoneKind::ReferenceMissing, &reference.name, missing))
        });
        let stages = report.stages.iter().filter_map(|stage| {
            let kind = match stage.status {
                Standing::Succeeded => return None,
                Standing::Failed => UndoneKind::Failed,
                Standing::Skipped => UndoneKind::Skipped,
                Standing::Blocked => UndoneKind::Blocked,
                Standing::Unfinished => UndoneKind::Unfinished,
                Standing::NotBegun => UndoneKind::NotBegun,
            };
            Some(undone(kind, &stage.id, stage.reason.as_deref().unwrap_or_default()))
        });
        let commands = report.commands.iter().filter(|command| !command.ended).map(|command| {
            let why = "it was running when the journal stops";
            undone(UndoneKind::CommandUnfinished, &command.name, why)
        });
        let files = report.files.iter().filter(|file| file.how == "unsure").map(|file| {
            let why = "it was about to change when the journal stops";
            undone(UndoneKind::FileUnsure, &file.path, why)
        });
        requirements.chain(references).chain(stages).chain(commands).chain(files).collect()
    }
}

fn first(text: &str) -> &str {
    text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default().trim()
}
