//! What is begun lints clean, and what is imported parses, however odd it is.

use std::collections::BTreeMap;
use std::path::Path;

use wizard::import::{Beside, Original, convert};
use wizard::lint::{self, Profile};
use wizard::playbook::{Layout, Library, lay_out, load};
use wizard::reference::airplane;
use wizard::scaffold::{Wish, languages, scaffold};
use wizard::{diagnostic, tools};

use crate::support::{page, root};

fn write(folder: &Path, files: &[(String, String)]) {
    for (path, text) in files {
        let path = folder.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
}

#[test]
fn a_beginning_lints_clean_in_every_language() {
    for language in languages() {
        for (package, adds) in [("web", vec![]), ("web>=1.2", vec!["meter-one>=2", "two@3.1"])] {
            let adds = adds.iter().map(|added| added.parse().unwrap()).collect();
            let (name, language) = ("shop".to_owned(), language.to_owned());
            let wish = Wish { name, language, package: package.parse().unwrap(), adds };
            let folder = tempfile::tempdir().unwrap();
            write(folder.path(), &scaffold(&wish).unwrap());
            let library = Library::Folder(folder.path().to_owned());
            let bundle = load(library, "playbooks/shop.md").unwrap();
            let (playbook, findings) = lint::check(&bundle, &tools::known(), Profile::Strict);
            let shown =
                findings.iter().map(|it| diagnostic::text::render(it, &bundle.files, false));
            assert_eq!(findings.len(), 0, "{wish:?}\n{}", shown.collect::<String>());
            assert_eq!(lay_out(&bundle.files[0]), Layout::Canonical(bundle.files[0].text.clone()));
            let installs =
                playbook.stages.iter().any(|stage| stage.id.value.starts_with("install"));
            assert_eq!(installs, !wish.adds.is_empty());
            let shown = airplane(&bundle, "shop").unwrap();
            assert!(shown.files.len() > 2, "{wish:?} {:?}", shown.files);
        }
    }
}

/// The files of a page.
struct Files(BTreeMap<String, String>);

impl Beside for Files {
    fn list(&self) -> Vec<String> {
        self.0.keys().cloned().collect()
    }

    fn read(&self, path: &str) -> Result<String, String> {
        self.0.get(path).cloned().ok_or_else(|| "there is no such file".to_owned())
    }
}

/// Imports a text and returns what lint says of it in the least strict profile.
fn imported(path: &str, text: &str, beside: &Files) -> Option<Vec<String>> {
    let draft = convert("draft", &Original { path, text, beside }).ok()?;
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), &draft.files);
    let bundle = load(Library::Folder(folder.path().to_owned()), "playbooks/draft.md").unwrap();
    let (_, findings) = lint::check(&bundle, &tools::known(), Profile::Min);
    let shown = findings.iter().map(|it| diagnostic::text::render(it, &bundle.files, false));
    Some(shown.collect())
}

#[test]
fn what_is_cut_or_damaged_is_imported_or_refused() {
    let text = std::fs::read_to_string(root().join("tests/cli/new.md")).unwrap();
    let fences = page::fences(&text);
    let files = fences.iter().filter_map(|fence| Some((fence.attribute("file")?, fence)));
    let files: BTreeMap<String, String> =
        files.map(|(path, fence)| (path.to_owned(), fence.contents())).collect();
    let beside = Files(files.clone());
    let ends = ["changelog/SKILL.md", "triage.md", "release.yaml"];
    let mut drafts = 0;
    for (path, text) in files.iter().filter(|(path, _)| ends.iter().any(|end| path.ends_with(end)))
    {
        assert_eq!(imported(path, text, &beside).as_deref(), Some(&[][..]), "{path}");
        let odd = [
            "\u{feff}",
            "${{",
            "}}",
            "{{",
            "```",
            "\n## Step 3\n",
            "\u{202e}",
            "\"",
            ": ",
            "\0",
            "- ",
        ];
        let places: Vec<usize> = text.char_indices().map(|(at, _)| at).step_by(5).collect();
        for (turn, at) in places.into_iter().enumerate() {
            let (before, after) = text.split_at(at);
            let odd = odd[turn % odd.len()];
            let less: String = after.chars().skip(1).collect();
            let damaged =
                [before.to_owned(), format!("{before}{odd}{after}"), format!("{before}{less}")];
            for (way, damaged) in damaged.iter().enumerate() {
                // What lint says is asked for some, as it takes its time.
                if turn % 17 != way {
                    drop(convert("draft", &Original { path, text: damaged, beside: &beside }));
                } else if let Some(findings) = imported(path, damaged, &beside) {
                    assert_eq!(findings, Vec::<String>::new(), "{path}\n{damaged}");
                    drafts += 1;
                }
            }
        }
    }
    assert!(drafts > 50, "{drafts} drafts");
}
