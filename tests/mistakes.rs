//! Mistakes that people make, made in the playbooks that ship: how many of them lint finds.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use serde::Deserialize;
use wizard::diagnostic::{Diagnostic, concise};
use wizard::lint::{Profile, check};
use wizard::playbook::{Library, load};

use crate::support::tree::{self, Tree};
use crate::support::{generated, root};

/// The least of the mistakes that are found, out of a hundred.
const LEAST: usize = 95;

#[derive(Deserialize)]
struct Mistakes {
    mistake: Vec<Mistake>,
}

/// One mistake, made in one file of the library.
#[derive(Deserialize)]
struct Mistake {
    what: String,
    playbook: String,
    file: String,
    old: Option<String>,
    #[serde(default)]
    new: String,
    #[serde(default)]
    gone: bool,
}

/// The library as it ships.
fn library() -> Tree {
    let mut library = Tree::new();
    for folder in ["playbooks", "airplanes"] {
        for (path, bytes) in tree::read(&root().join(folder)) {
            library.insert(format!("{folder}/{path}"), bytes);
        }
    }
    library
}

impl Mistake {
    /// Makes the mistake in a copy of the library.
    fn make(&self, library: &Tree) -> Tree {
        let mut library = library.clone();
        let bytes = library.remove(&self.file).unwrap_or_else(|| panic!("no `{}`", self.file));
        if self.gone {
            return library;
        }
        let text = String::from_utf8(bytes).unwrap();
        let text = match &self.old {
            Some(old) => {
                assert_eq!(text.matches(old.as_str()).count(), 1, "{}: `{old}`", self.what);
                text.replace(old, &self.new)
            }
            None => format!("{text}\n{}", self.new),
        };
        library.insert(self.file.clone(), text.into_bytes());
        library
    }
}

/// Lints a playbook of a library. Each finding is its rule, and its line in full.
fn lint(library: &Tree, playbook: &str) -> Vec<(Diagnostic, String)> {
    let folder = tempfile::tempdir().unwrap();
    tree::write(library, folder.path());
    let place = Library::Folder(folder.path().to_owned());
    let bundle = load(place, &format!("playbooks/{playbook}.md")).unwrap();
    let (_, findings) = check(&bundle, &wizard::tools::known(), Profile::Default);
    let line = |finding: &Diagnostic| concise::render(finding, &bundle.files);
    let inside = |line: String| line.replace(&format!("{}/", shown(folder.path())), "");
    findings.into_iter().map(|finding| (finding.clone(), inside(line(&finding)))).collect()
}

fn shown(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}

#[test]
fn mistakes_in_the_playbooks_that_ship_are_found() {
    let text = std::fs::read_to_string(root().join("tests/mistakes.toml")).unwrap();
    let mistakes: Mistakes = toml::from_str(&text).unwrap();
    let library = library();
    let mut page = String::from(
        "# Mistakes\n\nEach is made in a playbook that ships, and held against the default profile.\n\n\
         | mistake | playbook | what lint says |\n|---|---|---|\n",
    );
    let mut found = 0;
    let mut unharmed: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for mistake in &mistakes.mistake {
        let before = unharmed.entry(&mistake.playbook).or_insert_with(|| {
            lint(&library, &mistake.playbook).into_iter().map(|(_, line)| line).collect()
        });
        let after = lint(&mistake.make(&library), &mistake.playbook);
        let new: Vec<String> = after
            .iter()
            .filter(|(_, line)| !before.contains(line))
            .map(|(finding, _)| format!("{}: {}", finding.rule, finding.message))
            .collect();
        found += usize::from(!new.is_empty());
        let says = if new.is_empty() { "nothing".to_owned() } else { new.join("; ") };
        let says = says.replace('|', "\\|").replace('\n', " ");
        writeln!(page, "| {} | {} | {says} |", mistake.what, mistake.playbook).unwrap();
    }
    let all = mistakes.mistake.len();
    writeln!(page, "\n{found} of {all} are found.").unwrap();
    generated("tests/mistakes.md", &page);
    assert!(found * 100 >= all * LEAST, "only {found} of {all} mistakes are found");
}
