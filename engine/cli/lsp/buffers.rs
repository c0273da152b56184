//! What is open in the editor, and the drafts made of it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use lsp_types::{TextDocumentContentChangeEvent, Url};

use crate::cli::lsp::lines::{Encoding, Lines};
use crate::editor::Draft;
use crate::lint::Profile;
use crate::playbook::{load_open, load_text};
use crate::source::FileId;

/// A file that is open.
struct Buffer {
    version: i32,
    text: String,
    /// Its path, for one that has a file or will have one.
    path: Option<PathBuf>,
    /// Its path without links.
    real: Option<PathBuf>,
    draft: Option<Draft>,
    /// Whether the draft is of the text as it is.
    fresh: bool,
}

/// Everything that is open.
#[derive(Default)]
pub(super) struct Buffers {
    open: BTreeMap<Url, Buffer>,
    profile: Profile,
}

impl Buffers {
    pub(super) fn new(profile: Profile) -> Self {
        Buffers { open: BTreeMap::new(), profile }
    }

    /// Opens a file. Returns the playbooks that this changes.
    pub(super) fn open(&mut self, uri: &Url, version: i32, text: String) -> Vec<Url> {
        let path = uri.to_file_path().ok();
        let real = path.as_deref().and_then(real);
        let buffer = Buffer { version, text, path, real, draft: None, fresh: false };
        self.open.insert(uri.clone(), buffer);
        self.touched(uri)
    }

    /// Changes a text, step by step. Returns the playbooks that this changes.
    pub(super) fn change(
        &mut self,
        uri: &Url,
        version: i32,
        changes: Vec<TextDocumentContentChangeEvent>,
        encoding: Encoding,
    ) -> Vec<Url> {
        let Some(buffer) = self.open.get_mut(uri) else { return Vec::new() };
        buffer.version = version;
        for change in changes {
            match change.range {
                None => buffer.text = change.text,
                Some(range) => {
                    let bytes = Lines::new(&buffer.text, encoding).bytes(range);
                    buffer.text.replace_range(bytes, &change.text);
                }
            }
        }
        self.touched(uri)
    }

    /// Closes a file. Returns the playbooks that this changes: they see what is on disk again.
    pub(super) fn close(&mut self, uri: &Url) -> Vec<Url> {
        let mut touched = self.touched(uri);
        self.open.remove(uri);
        touched.retain(|other| other != uri);
        touched
    }

    /// Takes note that files on disk may have changed. Returns every playbook that is open.
    pub(super) fn stir(&mut self) -> Vec<Url> {
        self.open.values_mut().for_each(|buffer| buffer.fresh = false);
        self.open.keys().cloned().collect()
    }

    /// Returns a file and the open playbooks that name it, having noted that they are not fresh.
    fn touched(&mut self, uri: &Url) -> Vec<Url> {
        let path = self.open.get(uri).and_then(|buffer| buffer.path.clone());
        let mut touched = vec![uri.clone()];
        for (other, buffer) in &mut self.open {
            let names = |draft: &Draft| {
                let named = draft.bundle.named.iter().any(|(_, read)| read.is_err());
                named || path.as_deref().is_some_and(|path| file_of(draft, path).is_some())
            };
            if other == uri {
                buffer.fresh = false;
            } else if buffer.draft.as_ref().is_some_and(names) {
                buffer.fresh = false;
                touched.push(other.clone());
            }
        }
        touched
    }

    /// Returns the version of a file, if it is open.
    pub(super) fn version(&self, uri: &Url) -> Option<i32> {
        self.open.get(uri).map(|buffer| buffer.version)
    }

    /// Returns the draft of a file that is open, made anew if its text has changed.
    pub(super) fn draft(&mut self, uri: &Url) -> Option<&Draft> {
        let buffer = self.open.get_mut(uri)?;
        if !buffer.fresh {
            let earlier = buffer.draft.take();
            let buffer = self.open.get(uri)?;
            let bundle = match &buffer.path {
                Some(path) => load_open(path, &|path| self.text(path)),
                None => load_text(uri.as_str(), &buffer.text),
            };
            let draft = Draft::new(bundle, self.profile, earlier);
            let buffer = self.open.get_mut(uri)?;
            buffer.draft = Some(draft);
            buffer.fresh = true;
        }
        self.open.get(uri)?.draft.as_ref()
    }

    /// Returns the draft that was made of a file last.
    pub(super) fn made(&self, uri: &Url) -> Option<&Draft> {
        self.open.get(uri)?.draft.as_ref()
    }

    /// Returns the playbook to which an open file belongs, and which of its files it is: itself,
    /// or an open playbook that names it.
    pub(super) fn owner(&mut self, uri: &Url) -> Option<(Url, FileId)> {
        if self.draft(uri)?.is_playbook() {
            return Some((uri.clone(), FileId(0)));
        }
        let path = self.open.get(uri)?.path.clone();
        let others: Vec<Url> = self.open.keys().filter(|other| *other != uri).cloned().collect();
        let owner = path.and_then(|path| {
            others.into_iter().find_map(|other| {
                let draft = self.draft(&other).filter(|draft| draft.is_playbook())?;
                let file = file_of(draft, &path)?;
                Some((other, file))
            })
        });
        // What is no playbook yet may become one.
        owner.or_else(|| Some((uri.clone(), FileId(0))))
    }

    /// Returns the address of a file of a draft, as the editor knows it.
    pub(super) fn address(&self, owner: &Url, draft: &Draft, file: FileId) -> Option<Url> {
        if file == FileId(0) {
            return Some(owner.clone());
        }
        let source = draft.bundle.files.get(usize::from(file.0))?;
        let path = Path::new(&source.name);
        let open = self.at(path).map(|(uri, _)| uri.clone());
        open.or_else(|| Url::from_file_path(path).ok())
    }

    /// Returns the text of a file that is open.
    fn text(&self, path: &Path) -> Option<String> {
        self.at(path).map(|(_, buffer)| buffer.text.clone())
    }

    fn at(&self, path: &Path) -> Option<(&Url, &Buffer)> {
        let mut open = self.open.iter();
        let named = open.find(|(_, buffer)| buffer.path.as_deref() == Some(path));
        named.or_else(|| {
            let real = real(path)?;
            self.open.iter().find(|(_, buffer)| buffer.real.as_ref() == Some(&real))
        })
    }
}

/// Returns which file of a draft stands at a path.
fn file_of(draft: &Draft, path: &Path) -> Option<FileId> {
    let real = real(path);
    let same = |name: &str| {
        Path::new(name) == path || (real.is_some() && self::real(Path::new(name)) == real)
    };
    let index = draft.bundle.files.iter().position(|source| same(&source.name))?;
    u16::try_from(index).ok().map(FileId)
}

fn real(path: &Path) -> Option<PathBuf> {
    path.canonicalize().ok()
}
