//! What a person trusted: a file for each place that playbooks came from, in the folder of
//! settings, never in a project.

#![expect(clippy::disallowed_methods, reason = "trust is kept in the person's own folder")]

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde::{Deserialize, Serialize};

use crate::gate::workspace::hash;
use crate::outline::PowerTable;

/// What was trusted of one place.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::cli) struct Record {
    /// Where the playbook came from: a file, an address, or a repository.
    pub(in crate::cli) origin: String,
    /// Its seal; absent for a playbook of a library, of which only the tools of servers are kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::cli) sha256: Option<String>,
    /// What it could do.
    #[serde(default)]
    pub(in crate::cli) powers: PowerTable,
    /// Tools of servers that were accepted, by `address tool`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(in crate::cli) tools: BTreeMap<String, Accepted>,
    /// When it was last said yes to.
    pub(in crate::cli) when: String,
}

/// A tool of a server, as it was when it was accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::cli) struct Accepted {
    /// SHA-256 of its name, description and schema.
    pub(in crate::cli) sha256: String,
    /// What it said of itself.
    pub(in crate::cli) description: String,
    /// Its input, as JSON.
    pub(in crate::cli) schema: String,
}

/// The folder of records.
#[derive(Debug, Clone)]
pub(in crate::cli) struct Records(PathBuf);

impl Records {
    /// Takes the folder of settings.
    pub(in crate::cli) fn of(config: &Path) -> Self {
        Records(config.join("trust"))
    }

    /// Returns what was trusted of a place. A record that cannot be read is as good as none.
    pub(in crate::cli) fn find(&self, origin: &str) -> Option<Record> {
        let record = read(&self.file(origin))?;
        (record.origin == origin).then_some(record)
    }

    /// Lists the records, sorted by origin.
    pub(in crate::cli) fn all(&self) -> Vec<Record> {
        let entries = std::fs::read_dir(&self.0).into_iter().flatten().filter_map(Result::ok);
        let mut records: Vec<Record> = entries.filter_map(|it| read(&it.path())).collect();
        records.sort_by(|one, other| one.origin.cmp(&other.origin));
        records
    }

    /// Keeps a record, whole or not at all, readable for its owner alone.
    pub(in crate::cli) fn keep(&self, record: &Record) -> anyhow::Result<()> {
        let path = self.file(&record.origin);
        let cannot = || format!("cannot keep what you trust in `{}`", path.display());
        std::fs::create_dir_all(&self.0).with_context(cannot)?;
        let draft = self.0.join(format!(".{}", uuid::Uuid::now_v7().simple()));
        let mut options = std::fs::File::options();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&draft).with_context(cannot)?;
        let text = serde_json::to_vec_pretty(record)?;
        let written = file.write_all(&text).and_then(|()| file.sync_all());
        written.and_then(|()| std::fs::rename(&draft, &path)).with_context(cannot)
    }

    /// Forgets a place, and says whether it was known.
    pub(in crate::cli) fn forget(&self, origin: &str) -> anyhow::Result<bool> {
        let path = self.file(origin);
        match std::fs::remove_file(&path) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error).with_context(|| format!("cannot remove `{}`", path.display())),
        }
    }

    fn file(&self, origin: &str) -> PathBuf {
        self.0.join(format!("{}.json", &hash(origin.as_bytes())[..32]))
    }
}

fn read(path: &Path) -> Option<Record> {
    serde_json::from_slice(&std::fs::read(path).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_kept_by_its_origin_and_forgotten() {
        let config = tempfile::tempdir().unwrap();
        let records = Records::of(config.path());
        assert_eq!(records.find("a"), None);
        let record =
            Record { origin: "a".to_owned(), sha256: Some("1".to_owned()), ..Record::default() };
        records.keep(&record).unwrap();
        let newer = Record { sha256: Some("2".to_owned()), ..record };
        records.keep(&newer).unwrap();
        assert_eq!(records.find("a"), Some(newer.clone()));
        assert_eq!(records.find("b"), None);
        assert_eq!(records.all(), [newer]);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = records.file("a").metadata().unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        assert!(records.forget("a").unwrap());
        assert!(!records.forget("a").unwrap());
    }

    #[test]
    fn a_damaged_record_is_none() {
        let config = tempfile::tempdir().unwrap();
        let records = Records::of(config.path());
        records.keep(&Record { origin: "a".to_owned(), ..Record::default() }).unwrap();
        std::fs::write(records.file("a"), "{\"origin\": \"a\", \"sha256\": ").unwrap();
        assert_eq!(records.find("a"), None);
    }
}
