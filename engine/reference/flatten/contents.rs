//! What is shown of a folder's files, and what is not and why.

use std::collections::BTreeMap;
use std::path::Path;

use ignore::gitignore::{Gitignore, GitignoreBuilder};

use crate::closed::{Closed, is_secret, written};
use crate::lint::family;
use crate::playbook::{Library, without_ignored};
use crate::redact::Redactor;
use crate::reference::lock;
use crate::source::visible;

use super::FlattenError;
use super::sheet::{SHEET, Sheet};

/// The largest file that is shown, in bytes: a model app has no larger one that teaches.
const MAX_FILE: usize = 64 * 1024;

/// The most bytes that are shown: what no model reads is no airplane.
const MAX_SHOWN: usize = 8 * 1024 * 1024;

/// How many places of secrets are named.
const NAMED: usize = 3;

/// How many of its first lines say that a program wrote a file.
const FIRST: usize = 5;

/// A folder's files, by their paths in it.
pub(super) struct Folder<'a> {
    library: &'a Library,
    /// Its path in the library, with a slash at its end; empty for the library itself.
    inside: String,
    files: Vec<String>,
    odd: Vec<(String, &'static str)>,
    /// Invisible characters that were removed.
    pub(super) removed: usize,
}

/// What is shown of a folder.
#[derive(Debug, Default)]
pub(super) struct Contents {
    /// The text of each file that is shown, by its path.
    pub(super) shown: BTreeMap<String, String>,
    /// What is not, and why, although nothing says that it is of no use.
    pub(super) left_out: Vec<(String, String)>,
    /// How many of `left_out`, from the first, the model is told of.
    told: usize,
    /// Secrets that stand masked.
    pub(super) masked: usize,
}

impl<'a> Folder<'a> {
    /// Lists the files of a folder.
    pub(super) fn list(library: &'a Library, folder: &str) -> Result<Self, FlattenError> {
        let listing = library.listing(folder).map_err(FlattenError::Unreadable)?;
        if listing.files.is_empty() && listing.odd.is_empty() {
            let shown = library.shown(folder);
            return Err(FlattenError::Unknown(format!("`{shown}` has no files")));
        }
        let inside = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        Ok(Folder { library, inside, files: listing.files, odd: listing.odd, removed: 0 })
    }

    pub(super) fn has(&self, path: &str) -> bool {
        self.files.iter().any(|file| file == path)
    }

    /// Returns the path of a file as people know it.
    fn place(&self, path: &str) -> String {
        match self.library {
            Library::Folder(root) if self.inside.is_empty() => {
                root.join(path).display().to_string()
            }
            _ => format!("{}{path}", self.inside),
        }
    }

    fn fault(&self, path: &str, reason: &str) -> FlattenError {
        FlattenError::Faulty(format!("`{}`: {reason}", self.place(path)))
    }

    /// Reads what the airplane says about itself.
    pub(super) fn sheet(&mut self, name: &str) -> Result<(Sheet, String), FlattenError> {
        let bytes = self.library.read(&format!("{}{SHEET}", self.inside));
        let bytes = bytes.map_err(|error| self.fault(SHEET, &error.to_string()))?;
        let text = self.plain(bytes).ok_or_else(|| self.fault(SHEET, "it is not text"))?;
        let (sheet, prose) =
            Sheet::read(&text, name).map_err(|reason| self.fault(SHEET, &reason))?;
        let prose = without_ignored(prose).map_err(|reason| self.fault(SHEET, &reason))?;
        if let Some(found) = written(&text).iter().find(|found| !found.public) {
            let line = text[..found.range.start].matches('\n').count() + 1;
            return Err(self.secrets(&[(SHEET.to_owned(), line, found.what)]));
        }
        Ok((sheet, prose.unwrap_or_default()))
    }

    /// Returns the text of a file as it is shown, or nothing where it is binary.
    fn plain(&mut self, bytes: Vec<u8>) -> Option<String> {
        if bytes.contains(&0) {
            return None;
        }
        let (text, removed) = visible(&String::from_utf8(bytes).ok()?);
        self.removed += removed;
        Some(text.replace("\r\n", "\n"))
    }

    /// Decides what is shown. Secrets are masked by a redactor; without one they are refused.
    pub(super) fn contents(
        &mut self,
        redactor: Option<&Redactor>,
    ) -> Result<Contents, FlattenError> {
        let left_out = Closed::read(include_str!("left_out.txt"));
        let left_out = left_out.map_err(|error| FlattenError::Unreadable(error.to_string()))?;
        let made = self.marked_as_made();
        let mut contents = Contents::default();
        let mut secrets = Vec::new();
        let mut closed = Vec::new();
        let mut bytes = 0;
        for path in self.files.clone() {
            if is_secret(&path) {
                closed.push(path);
                continue;
            }
            let is_lock = lock::is_lock(path.rsplit('/').next().unwrap_or(&path));
            if path == SHEET || (left_out.holds(&path) && !is_lock) {
                continue;
            }
            let read = self.library.read_airplane(&format!("{}{path}", self.inside));
            let read = match read {
                Ok(read) => read,
                Err(error) => {
                    match error.kind() {
                        std::io::ErrorKind::FileTooLarge => self.odd.push((path, "too long")),
                        // The system did not say so: the library refuses it for what it is.
                        std::io::ErrorKind::PermissionDenied if error.raw_os_error().is_none() => {
                            closed.push(path);
                        }
                        _ => {
                            let reason = format!("cannot read `{}`: {error}", self.place(&path));
                            return Err(FlattenError::Unreadable(reason));
                        }
                    }
                    continue;
                }
            };
            if crate::closed::is_key_file(&read) {
                closed.push(path);
                continue;
            }
            let text = if is_lock {
                match self.reduced(&path, &read)? {
                    Some(text) => text,
                    None => continue,
                }
            } else {
                match self.teaches(&path, read, &made)? {
                    Ok(Some(text)) => text,
                    Ok(None) => continue,
                    Err(why) => {
                        contents.left_out.push((path, why.to_owned()));
                        continue;
                    }
                }
            };
            let text = match redactor {
                None => {
                    for found in written(&text).iter().filter(|found| !found.public) {
                        let line = text[..found.range.start].matches('\n').count() + 1;
                        secrets.push((path.clone(), line, found.what));
                    }
                    text
                }
                Some(redactor) => {
                    let masked = redactor.masked(&text);
                    contents.masked += masked.count();
                    masked.into_text()
                }
            };
            bytes += text.len();
            if bytes > MAX_SHOWN {
                let most = MAX_SHOWN / 1024 / 1024;
                return Err(FlattenError::Faulty(format!(
                    "`{}` has more than {most} MiB of text; name a smaller folder, or hide files with \
                     `wizard:ignore-file`",
                    self.library.shown(self.inside.trim_end_matches('/'))
                )));
            }
            contents.shown.insert(path, text);
        }
        self.refuse(redactor.is_none(), closed, &secrets, &mut contents)?;
        Ok(contents)
    }

    /// Refuses what may hold secrets, or leaves it out.
    fn refuse(
        &self,
        strict: bool,
        closed: Vec<String>,
        secrets: &[(String, usize, &'static str)],
        contents: &mut Contents,
    ) -> Result<(), FlattenError> {
        contents.told = contents.left_out.len();
        if let (true, Some(path)) = (strict, closed.first()) {
            return Err(FlattenError::Faulty(format!(
                "the airplane holds `{}`, which may hold secrets; remove it, or keep an example such \
                 as `.env.example`",
                self.place(path)
            )));
        }
        if !secrets.is_empty() {
            return Err(self.secrets(secrets));
        }
        let closed = closed.into_iter().map(|path| (path, "may hold secrets".to_owned()));
        let odd = self.odd.iter().map(|(path, what)| (path.clone(), (*what).to_owned()));
        contents.left_out.extend(closed.chain(odd));
        Ok(())
    }

    /// Says where secrets stand, and never what they are.
    fn secrets(&self, found: &[(String, usize, &'static str)]) -> FlattenError {
        let place = |(path, line, what): &(String, usize, &'static str)| {
            format!("`{}` line {line} has {what}", self.place(path))
        };
        let mut places: Vec<String> = found.iter().take(NAMED).map(place).collect();
        if found.len() > NAMED {
            places.push(format!("{} more", found.len() - NAMED));
        }
        FlattenError::Faulty(format!(
            "the airplane holds what looks like a secret: {}; put a placeholder there, or hide the \
             line with `wizard:ignore`",
            places.join(", ")
        ))
    }

    /// Returns a file's text, nothing where its author hides it, or why it teaches nothing.
    fn teaches(
        &mut self,
        path: &str,
        bytes: Vec<u8>,
        made: &[(String, Gitignore)],
    ) -> Result<Result<Option<String>, &'static str>, FlattenError> {
        let length = bytes.len();
        let Some(text) = self.plain(bytes) else { return Ok(Err("binary")) };
        let is_made = made.iter().any(|(folder, rules)| {
            let inside = path.strip_prefix(folder.as_str());
            inside.is_some_and(|inside| rules.matched(inside, false).is_ignore())
        });
        if is_made || is_generated(&text) {
            return Ok(Err("generated"));
        }
        // Of a file as long as that, the marks are not looked for.
        let text = if length > MAX_FILE * 8 {
            Some(text)
        } else {
            without_ignored(&text).map_err(|reason| self.fault(path, &reason))?
        };
        Ok(match text {
            Some(text) if text.len() > MAX_FILE => Err("too long"),
            Some(text) => Ok(Some(tidy(&text))),
            None => Ok(None),
        })
    }

    /// Reduces a lock file to the versions of direct dependencies; nothing where there are none.
    fn reduced(&self, path: &str, bytes: &[u8]) -> Result<Option<String>, FlattenError> {
        let (folder, name) =
            path.rsplit_once('/').map_or(("", path), |(folder, name)| (folder, name));
        let beside = |manifest: &str| {
            let path = if folder.is_empty() {
                manifest.to_owned()
            } else {
                format!("{folder}/{manifest}")
            };
            let bytes = self.library.read(&format!("{}{path}", self.inside)).ok()?;
            String::from_utf8(bytes).ok()
        };
        let Some(reduced) = lock::reduce(name, &String::from_utf8_lossy(bytes), &beside) else {
            return Ok(None);
        };
        let versions = reduced.map_err(|reason| self.fault(path, &reason))?;
        let versions = (!versions.is_empty()).then_some(versions);
        Ok(versions.map(|versions| format!("# direct dependencies as resolved\n{versions}")))
    }

    /// Reads which files the folder's `.gitattributes` mark as generated or taken from others.
    fn marked_as_made(&self) -> Vec<(String, Gitignore)> {
        let attributes = self.files.iter().filter_map(|path| {
            let folder = path.strip_suffix(".gitattributes")?;
            if !folder.is_empty() && !folder.ends_with('/') {
                return None;
            }
            let bytes = self.library.read(&format!("{}{path}", self.inside)).ok()?;
            let mut builder = GitignoreBuilder::new(Path::new(""));
            for line in String::from_utf8_lossy(&bytes).lines() {
                let mut words = line.split_whitespace();
                let Some(pattern) = words.next().filter(|word| !word.starts_with(['#', '!']))
                else {
                    continue;
                };
                let made = ["linguist-generated", "linguist-vendored"];
                let made = words.any(|word| made.contains(&word.trim_end_matches("=true")));
                if made {
                    let _ = builder.add_line(None, pattern);
                }
            }
            Some((folder.to_owned(), builder.build().ok()?))
        });
        attributes.collect()
    }
}

impl Contents {
    /// Says what the model is told of that it does not see.
    pub(super) fn named(&self) -> Vec<String> {
        let told = self.left_out.iter().take(self.told);
        told.map(|(path, why)| format!("{path} ({why})")).collect()
    }

    /// Puts the page that explains first, then manifests, entry points and the rest.
    pub(super) fn order(
        &self,
        folder: &Folder<'_>,
        entries: &[String],
    ) -> Result<Vec<&String>, FlattenError> {
        let manifests = family::manifests();
        let manifests = manifests.map_err(|error| FlattenError::Unreadable(error.to_string()))?;
        if let Some(entry) = entries.iter().find(|entry| !self.shown.contains_key(*entry)) {
            return Err(folder.fault(SHEET, &format!("the entry point `{entry}` is not shown")));
        }
        let rank = |path: &str| {
            let name = path.rsplit('/').next().unwrap_or(path);
            let entry = entries.iter().position(|entry| entry == path);
            if !path.contains('/') && name.to_lowercase().starts_with("readme") {
                (0, 0)
            } else if manifests.holds(path) {
                (1, 0)
            } else if lock::is_lock(name) {
                (2, 0)
            } else {
                entry.map_or((4, 0), |entry| (3, entry))
            }
        };
        let mut paths: Vec<&String> = self.shown.keys().collect();
        paths.sort_by_cached_key(|path| (rank(path), *path));
        Ok(paths)
    }
}

/// Whether a program wrote the file, by what its first lines say.
fn is_generated(text: &str) -> bool {
    let marks = include_str!("generated.txt").lines().filter(|line| !line.starts_with('#'));
    let first: Vec<String> = text.lines().take(FIRST).map(str::to_lowercase).collect();
    let mut marks = marks.map(|mark| mark.split("  "));
    marks.any(|words| first.iter().any(|line| words.clone().all(|word| line.contains(word))))
}

/// Ends a text with exactly one line end; an empty one stays empty.
fn tidy(text: &str) -> String {
    let text = text.trim_end();
    if text.is_empty() { String::new() } else { format!("{text}\n") }
}
