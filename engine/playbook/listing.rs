//! The files of a folder of a library, listed in one way: by lint, by trust, and by what is shown
//! to the model.
//!
//! **Invariant:** what is listed depends on the folder alone: not on git, on the person's settings,
//! or on where the folder stands.

#![expect(clippy::disallowed_methods, reason = "this reads a library")]

use std::collections::BTreeMap;
use std::path::Path;

use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

use crate::closed::MADE;
use crate::playbook::Library;
use crate::source::visible;

/// The most files of a folder, ignored ones left out.
pub const MOST_FILES: usize = 10_000;

/// The deepest that folders are nested.
const DEEPEST: usize = 64;

/// What a folder holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    /// Plain files that no `.gitignore` of the folder ignores, by their paths in it, sorted.
    pub files: Vec<String>,
    /// What is none, by its path as it can be shown, and what it is instead.
    pub odd: Vec<(String, &'static str)>,
}

/// One thing in a folder.
struct Entry {
    name: String,
    kind: Kind,
}

enum Kind {
    Folder,
    File,
    Odd(&'static str),
}

/// Where entries come from.
enum Place<'a> {
    Disk(&'a Path),
    /// Every path, as those that are compiled in or held.
    Paths(Vec<String>),
}

struct Walk<'a> {
    library: &'a Library,
    /// The folder's path in the library, with a slash at its end; empty for the library itself.
    folder: String,
    place: Place<'a>,
    /// The rules of the folders on the way, the outermost first, each with its folder.
    rules: Vec<(String, Gitignore)>,
    listing: Listing,
}

impl Library {
    /// Lists what stands below a folder of the library; nothing where there is no such folder.
    pub fn listing(&self, folder: &str) -> Result<Listing, String> {
        let inside = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        let place = match self {
            Library::Folder(root) => Place::Disk(root),
            Library::Builtin | Library::Held(_) => {
                let paths = self.list(folder).into_iter();
                Place::Paths(
                    paths.filter_map(|path| Some(path.strip_prefix(&inside)?.to_owned())).collect(),
                )
            }
        };
        if let Place::Disk(root) = &place {
            let folder = root.join(folder);
            let found = std::fs::symlink_metadata(&folder);
            if found.is_ok_and(|found| found.is_symlink()) {
                return Err(format!("`{}` is a link; name the folder itself", folder.display()));
            }
            if !folder.is_dir() {
                return Ok(Listing::default());
            }
        }
        let (rules, listing) = (Vec::new(), Listing::default());
        let mut walk = Walk { library: self, folder: inside, place, rules, listing };
        walk.enter("", 0)?;
        walk.listing.files.sort();
        walk.listing.odd.sort();
        Ok(walk.listing)
    }
}

impl Walk<'_> {
    /// Goes through a folder, whose path ends in a slash where it is not the first.
    fn enter(&mut self, inside: &str, depth: usize) -> Result<(), String> {
        if depth > DEEPEST {
            let place = self.library.shown(&format!("{}{inside}", self.folder));
            return Err(format!("`{place}` is nested deeper than {DEEPEST} folders"));
        }
        let entries = self.entries(inside)?;
        let rules =
            entries.iter().any(|it| it.name == ".gitignore" && matches!(it.kind, Kind::File));
        if rules {
            let rules = self.rules_of(inside)?;
            self.rules.push((inside.to_owned(), rules));
        }
        for Entry { name, kind } in entries {
            let path = format!("{inside}{name}");
            if self.is_ignored(&path, matches!(kind, Kind::Folder)) {
                continue;
            }
            match kind {
                Kind::Folder if MADE.contains(&name.as_str()) => {}
                Kind::Folder => self.enter(&format!("{path}/"), depth + 1)?,
                Kind::File => self.listing.files.push(path),
                Kind::Odd(what) => self.listing.odd.push((path, what)),
            }
            if self.listing.files.len() + self.listing.odd.len() > MOST_FILES {
                let folder = self.library.shown(self.folder.trim_end_matches('/'));
                return Err(format!(
                    "`{folder}` has more than {MOST_FILES} files; name a smaller folder, or let its \
                     `.gitignore` leave out what is made"
                ));
            }
        }
        if rules {
            self.rules.pop();
        }
        Ok(())
    }

    fn entries(&self, inside: &str) -> Result<Vec<Entry>, String> {
        let mut entries = match &self.place {
            Place::Disk(root) => {
                let folder = root.join(&self.folder).join(inside);
                entries_of(&folder)
                    .map_err(|error| format!("cannot read `{}`: {error}", folder.display()))?
            }
            Place::Paths(paths) => {
                let mut names: BTreeMap<&str, bool> = BTreeMap::new();
                for rest in paths.iter().filter_map(|path| path.strip_prefix(inside)) {
                    let (name, folder) =
                        rest.split_once('/').map_or((rest, false), |(it, _)| (it, true));
                    names.insert(name, folder);
                }
                let entry = |(name, folder): (&str, bool)| entry(name.to_owned(), folder, !folder);
                names.into_iter().map(entry).collect()
            }
        };
        entries.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(entries)
    }

    fn rules_of(&self, inside: &str) -> Result<Gitignore, String> {
        let path = format!("{}{inside}.gitignore", self.folder);
        let shown = self.library.shown(&path);
        let bytes =
            self.library.read(&path).map_err(|error| format!("cannot read `{shown}`: {error}"))?;
        let mut builder = GitignoreBuilder::new("");
        for line in String::from_utf8_lossy(&bytes).lines() {
            // As git does, what is no pattern matches nothing.
            let _ = builder.add_line(None, line);
        }
        builder.build().map_err(|error| format!("`{shown}`: {error}"))
    }

    /// Whether the innermost rules that speak of a path ignore it.
    fn is_ignored(&self, path: &str, folder: bool) -> bool {
        let verdicts = self.rules.iter().rev().filter_map(|(inside, rules)| {
            match rules.matched(path.strip_prefix(inside.as_str())?, folder) {
                Match::None => None,
                Match::Ignore(_) => Some(true),
                Match::Whitelist(_) => Some(false),
            }
        });
        verdicts.into_iter().next().unwrap_or_default()
    }
}

fn entries_of(folder: &Path) -> std::io::Result<Vec<Entry>> {
    let entries = std::fs::read_dir(folder)?.map(|found| {
        let found = found?;
        let kind = found.file_type()?;
        Ok(match found.file_name().into_string() {
            Ok(name) if kind.is_symlink() => {
                Entry { kind: Kind::Odd("a link"), ..entry(name, false, true) }
            }
            Ok(name) => entry(name, kind.is_dir(), kind.is_file()),
            Err(name) => {
                let name = name.to_string_lossy().escape_default().to_string();
                Entry { name, kind: Kind::Odd("its name is not UTF-8") }
            }
        })
    });
    entries.collect()
}

/// Makes an entry of a name that is text, if it can be shown as one.
fn entry(name: String, folder: bool, file: bool) -> Entry {
    let plain = !name.contains(['`', '\\']) && !name.contains(char::is_control);
    if !plain || visible(&name).1 > 0 {
        let name = name.escape_default().to_string();
        return Entry {
            name,
            kind: Kind::Odd("its name has characters that no path of a model app has"),
        };
    }
    let kind = match (folder, file) {
        (true, _) => Kind::Folder,
        (_, true) => Kind::File,
        _ => Kind::Odd("no plain file"),
    };
    Entry { name, kind }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::playbook::Held;

    fn write(folder: &Path, path: &str, text: &str) {
        let path = folder.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn listing(folder: &Path) -> Listing {
        Library::Folder(folder.to_owned()).listing("shop").unwrap()
    }

    #[test]
    fn ignored_files_are_left_out_as_git_does_wherever_the_folder_stands() {
        let folder = tempfile::tempdir().unwrap();
        let files = [
            (".gitignore", "*.js\n"),
            (".ignore", "*.css\n"),
            ("shop/.gitignore", "*.log\n!kept.log\nmade/\n[z-a]\n/top.txt\n"),
            ("shop/a.log", ""),
            ("shop/kept.log", ""),
            ("shop/made/.gitignore", "!*\n"),
            ("shop/made/a.txt", ""),
            ("shop/sub/.gitignore", "!b.log\n"),
            ("shop/sub/b.log", ""),
            ("shop/sub/top.txt", ""),
            ("shop/top.txt", ""),
            ("shop/node_modules/x.txt", ""),
            ("shop/a.js", ""),
            ("shop/a.css", ""),
        ];
        for (path, text) in files {
            write(folder.path(), path, text);
        }
        let wanted = [
            ".gitignore",
            "a.css",
            "a.js",
            "kept.log",
            "sub/.gitignore",
            "sub/b.log",
            "sub/top.txt",
        ];
        let listed = listing(folder.path());
        assert_eq!(listed.files, wanted);
        assert_eq!(listed.odd, []);
        let mut held = Held { from: String::new(), files: BTreeMap::new() };
        for (path, text) in files {
            held.take(path, text.as_bytes().to_vec()).unwrap();
        }
        assert_eq!(held.library().listing("shop").unwrap(), listed);
        assert_eq!(
            Library::Folder(PathBuf::from("/none")).listing("x").unwrap(),
            Listing::default()
        );
    }

    #[cfg(unix)]
    #[test]
    fn what_is_no_plain_file_is_named_and_not_opened() {
        use std::os::unix::ffi::OsStrExt as _;

        let folder = tempfile::tempdir().unwrap();
        let shop = folder.path().join("shop");
        write(folder.path(), "shop/a.txt", "");
        write(folder.path(), "shop/b`c.txt", "");
        write(folder.path(), "shop/d\n## `a.txt`\n", "");
        write(folder.path(), "shop/e\u{202e}f.txt", "");
        std::os::unix::fs::symlink("/etc/passwd", shop.join("link")).unwrap();
        std::os::unix::fs::symlink(".", shop.join("loop")).unwrap();
        std::fs::write(shop.join(std::ffi::OsStr::from_bytes(b"g\xff")), "").unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(shop.join("socket")).unwrap();
        let listed = listing(folder.path());
        assert_eq!(listed.files, ["a.txt"]);
        let odd: Vec<String> =
            listed.odd.iter().map(|(path, what)| format!("{path}: {what}")).collect();
        let unshown = "its name has characters that no path of a model app has";
        assert_eq!(
            odd,
            [
                format!("b`c.txt: {unshown}"),
                format!("d\\n## `a.txt`\\n: {unshown}"),
                format!("e\\u{{202e}}f.txt: {unshown}"),
                "g\\u{fffd}: its name is not UTF-8".to_owned(),
                "link: a link".to_owned(),
                "loop: a link".to_owned(),
                "socket: no plain file".to_owned(),
            ]
        );
    }

    #[test]
    fn a_folder_without_end_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let deep = "d/".repeat(DEEPEST + 1);
        write(folder.path(), &format!("shop/{deep}a.txt"), "");
        let error = Library::Folder(folder.path().to_owned()).listing("shop").unwrap_err();
        assert!(error.ends_with("is nested deeper than 64 folders"), "{error}");
        let mut held = Held { from: String::new(), files: BTreeMap::new() };
        for number in 0..=MOST_FILES {
            held.files.insert(format!("shop/{number}.txt"), Vec::new());
        }
        let error = held.library().listing("shop").unwrap_err();
        assert!(error.contains("has more than 10000 files; name a smaller folder"), "{error}");
    }
}
