//! `wizard.lock`: the docs as a playbook was last known to be right with them.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::playbook::hex;
use crate::reference::documents::{Document, Got};
use crate::reference::pieces::{sections, unique_titles};
use crate::reference::tokens;

/// The name of the file, which stands beside the playbooks.
pub const LOCK: &str = "wizard.lock";

/// What the file begins with.
const HEAD: &str = "# Written by `wizard docs fetch`: the docs as the playbooks here were last right with them. Commit it.\n";

/// The version of its format.
const VERSION: u32 = 1;

/// Characters of a section's hash that are kept: enough to tell that it changed.
const SHORT: usize = 12;

/// What the file says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DocLock {
    version: u32,
    /// Sorted by playbook, stage and name.
    #[serde(default, rename = "doc")]
    pub docs: Vec<Locked>,
}

/// A doc as it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Locked {
    /// The playbook's file.
    pub playbook: String,
    /// The stage that alone has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<String>,
    /// The doc's name.
    pub name: String,
    /// Its address.
    pub url: String,
    /// Where the page was in the end, if that is another address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    /// SHA-256 of the markdown, in hex.
    pub sha256: String,
    /// Its tokens.
    pub tokens: u64,
    /// The day on which it was first seen so.
    pub fetched: String,
    /// The page's entity tag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
    /// Its sections, each with a short hash before it.
    pub sections: Vec<String>,
    /// What the playbook names in backticks and the doc has.
    pub names: Vec<String>,
}

/// How a doc differs from what it was.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Difference {
    /// Sections that are new.
    pub added: Vec<String>,
    /// Sections that are gone.
    pub removed: Vec<String>,
    /// Sections with other words.
    pub changed: Vec<String>,
    /// Names of the playbook's that it had and has no more.
    pub lost: Vec<String>,
}

impl Default for DocLock {
    fn default() -> Self {
        DocLock { version: VERSION, docs: Vec::new() }
    }
}

impl DocLock {
    /// Reads the file.
    pub fn read(text: &str) -> Result<Self, String> {
        let lock: DocLock = toml::from_str(text).map_err(|error| error.to_string())?;
        if lock.version != VERSION {
            return Err(format!("`version = {}` is not known; fetch the docs anew", lock.version));
        }
        Ok(lock)
    }

    /// Writes the file.
    pub fn write(&self) -> Result<String, String> {
        let text = toml::to_string_pretty(self).map_err(|error| error.to_string())?;
        Ok(format!("{HEAD}{text}"))
    }

    /// Returns what it says of a doc.
    pub fn of(&self, playbook: &str, document: &Document) -> Option<&Locked> {
        let is_it = |locked: &&Locked| {
            locked.playbook == playbook
                && locked.name == document.name
                && locked.stage == document.stage
        };
        self.docs.iter().find(is_it)
    }

    /// Puts what is known of a playbook's docs in the place of what was. One that was not got stays
    /// as it was; one that the playbook has no more goes.
    pub fn put(&mut self, playbook: &str, documents: &[Document], now: Vec<Option<Locked>>) {
        let kept = documents
            .iter()
            .zip(now)
            .filter_map(|(document, now)| now.or_else(|| self.of(playbook, document).cloned()));
        let kept: Vec<Locked> = kept.collect();
        self.docs.retain(|locked| locked.playbook != playbook);
        self.docs.extend(kept);
        let key =
            |locked: &Locked| (locked.playbook.clone(), locked.stage.clone(), locked.name.clone());
        self.docs.sort_by_key(key);
    }
}

impl Locked {
    /// Notes a doc as it is now, on this day. `names` are those of the playbook that it has.
    pub fn of(
        playbook: &str,
        document: &Document,
        got: &Got,
        day: String,
        names: Vec<String>,
        before: Option<&Locked>,
    ) -> Self {
        let sha256 = hash(&got.text);
        let same = before.filter(|before| before.sha256 == sha256);
        let asked = document.url.split('#').next().unwrap_or_default();
        Locked {
            playbook: playbook.to_owned(),
            stage: document.stage.clone(),
            name: document.name.clone(),
            url: document.url.clone(),
            at: Some(got.page.url.clone()).filter(|at| at != asked),
            tokens: tokens(&got.text),
            fetched: same.map_or(day, |before| before.fetched.clone()),
            etag: got.page.etag.clone(),
            sections: titled(&got.text)
                .into_iter()
                .map(|(hash, title)| format!("{hash} {title}"))
                .collect(),
            names,
            sha256,
        }
    }

    /// Whether a text is what it was.
    pub fn is(&self, text: &str) -> bool {
        self.sha256 == hash(text)
    }

    /// Says how a text differs from what it was; `has` says whether a text has a name.
    pub fn difference(&self, text: &str, has: &dyn Fn(&str, &str) -> bool) -> Difference {
        let before: Vec<(&str, &str)> =
            self.sections.iter().filter_map(|section| section.split_once(' ')).collect();
        let now = titled(text);
        let of = |title: &str| before.iter().find(|(_, other)| *other == title);
        let mut difference = Difference::default();
        for (hash, title) in &now {
            match of(title) {
                None => difference.added.push(title.clone()),
                Some((before, _)) if before != hash => difference.changed.push(title.clone()),
                Some(_) => {}
            }
        }
        let gone = |title: &&str| !now.iter().any(|(_, other)| other == title);
        difference.removed =
            before.iter().map(|(_, title)| *title).filter(gone).map(str::to_owned).collect();
        difference.lost = self.names.iter().filter(|name| !has(text, name)).cloned().collect();
        difference
    }
}

/// Returns each section with the hash of its own words.
fn titled(text: &str) -> Vec<(String, String)> {
    let pieces = sections(text);
    let titles = unique_titles(&pieces);
    let hashes = pieces.iter().map(|piece| {
        let mut hash = hash(piece.text[..piece.own].trim());
        hash.truncate(SHORT);
        hash
    });
    hashes.zip(titles).collect()
}

/// Returns SHA-256 of a text, in hex.
fn hash(text: &str) -> String {
    hex(&Sha256::digest(text.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reference::{How, Page};

    const OLD: &str =
        "# Kit\n\n## Install\n\nRun `kit add`.\n\n## Alias\n\nCall `alias`.\n\n## Same\n\nx\n";
    const NEW: &str =
        "# Kit\n\n## Install\n\nRun `kit get`.\n\n## Merge\n\nCall `merge`.\n\n## Same\n\nx\n";

    fn got(text: &str) -> Got {
        let page = Page {
            url: "https://a.example/kit.md".to_owned(),
            media_type: "text/markdown".to_owned(),
            etag: Some("\"7\"".to_owned()),
            last_modified: None,
            body: text.to_owned(),
            twin_of: None,
            confirmed_at: 0,
        };
        Got { page, how: How::Fetched, text: text.to_owned() }
    }

    fn document(name: &str, stage: Option<&str>) -> Document {
        Document {
            name: name.to_owned(),
            stage: stage.map(str::to_owned),
            url: "https://a.example/kit".to_owned(),
            got: Ok(got(OLD)),
        }
    }

    fn locked(document: &Document, day: &str, before: Option<&Locked>, text: &str) -> Locked {
        let names = vec!["alias".to_owned(), "kit add".to_owned()];
        Locked::of("p.md", document, &got(text), day.to_owned(), names, before)
    }

    #[test]
    fn what_is_written_is_read_and_an_unchanged_doc_keeps_its_day() {
        let (kit, own) = (document("kit", None), document("kit", Some("build")));
        let mut lock = DocLock::default();
        let first = locked(&kit, "2026-01-02", None, OLD);
        let second = locked(&own, "2026-01-02", None, OLD);
        lock.put("p.md", &[own.clone(), kit.clone()], vec![Some(second), Some(first.clone())]);
        let text = lock.write().unwrap();
        assert_eq!(DocLock::read(&text).unwrap(), lock);
        assert_eq!(lock.of("p.md", &kit), Some(&first));
        assert_eq!(first.at.as_deref(), Some("https://a.example/kit.md"));
        assert_eq!(locked(&kit, "2026-09-09", Some(&first), OLD).fetched, "2026-01-02");
        assert_eq!(locked(&kit, "2026-09-09", Some(&first), NEW).fetched, "2026-09-09");
        // One that was not got stays, one that the playbook has no more goes.
        lock.put("p.md", std::slice::from_ref(&kit), vec![None]);
        assert_eq!(lock.docs, [first]);
        assert!(DocLock::read("version = 2\n").unwrap_err().contains("fetch the docs anew"));
    }

    #[test]
    fn what_changed_is_told_by_sections_and_names() {
        let locked = locked(&document("kit", None), "2026-01-02", None, OLD);
        assert!(locked.is(OLD) && !locked.is(NEW));
        let has = |text: &str, name: &str| text.contains(name);
        let difference = locked.difference(NEW, &has);
        let words =
            |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        assert_eq!(
            difference,
            Difference {
                added: words(&["Merge"]),
                removed: words(&["Alias"]),
                changed: words(&["Install"]),
                lost: words(&["alias", "kit add"]),
            }
        );
        assert_eq!(locked.difference(OLD, &has), Difference::default());
    }
}
