//! Every playbook that is shipped lints clean, has its demo, and plays it to its end.

use wizard::cassette::Cassette;
use wizard::lint::{self, Profile};
use wizard::playbook::{Layout, Library, lay_out, load};
use wizard::reference;

use crate::support::{root, tree};

fn shipped() -> Vec<String> {
    let playbooks = Library::Builtin.playbooks();
    assert!(!playbooks.is_empty());
    playbooks
}

#[test]
fn every_playbook_lints_clean() {
    for name in shipped() {
        let bundle = load(Library::Builtin, &format!("playbooks/{name}.md")).unwrap();
        let known = wizard::tools::known();
        let (_, findings) = lint::check(&bundle, &known, Profile::Strict);
        assert_eq!(findings, [], "{name}");
    }
}

#[test]
fn every_playbook_is_canonical() {
    for name in shipped() {
        let bundle = load(Library::Builtin, &format!("playbooks/{name}.md")).unwrap();
        let source = &bundle.files[0];
        assert_eq!(lay_out(source), Layout::Canonical(source.text.clone()), "`wizard fmt` it");
    }
}

#[test]
fn every_airplane_is_slim_and_flattens_the_same_each_time() {
    for name in shipped() {
        let bundle = load(Library::Builtin, &format!("playbooks/{name}.md")).unwrap();
        for airplane in &bundle.airplanes {
            let once = reference::airplane(&bundle, airplane).unwrap();
            assert_eq!(once, reference::airplane(&bundle, airplane).unwrap());
            assert!(once.tokens < 8_000, "{airplane} has {} tokens", once.tokens);
        }
    }
}

#[test]
fn every_playbook_has_a_demo_that_holds_no_secret_and_names_no_machine() {
    for name in shipped() {
        let path = format!("demos/{name}/cassette.jsonl");
        let bytes = Library::Builtin.read(&path).unwrap_or_else(|_| panic!("there is no `{path}`"));
        let cassette = Cassette::read(&bytes).unwrap();
        assert_eq!(cassette.head.playbook, name);
        let text = String::from_utf8(bytes).unwrap();
        let sample = tree::read(&root().join(format!("demos/{name}/project")));
        let canaries = sample
            .iter()
            .filter(|(path, _)| path.starts_with(".env") && !path.ends_with(".example"))
            .flat_map(|(_, bytes)| {
                String::from_utf8_lossy(bytes)
                    .into_owned()
                    .lines()
                    .map(str::to_owned)
                    .collect::<Vec<_>>()
            })
            .filter_map(|line| {
                line.split_once('=').map(|(_, value)| value.trim_matches('"').to_owned())
            })
            .filter(|value| value.contains("canary"))
            .collect::<Vec<_>>();
        assert!(!canaries.is_empty(), "the sample of `{name}` has no canary");
        for canary in canaries {
            assert!(!text.contains(&canary), "{path} holds a canary");
        }
        for folder in ["root", "home", "tmp"] {
            assert!(!text.contains(&format!("/{folder}/")), "{path} names a machine's /{folder}");
        }
        assert!(!text.contains("registry."), "{path} names a registry");
    }
}
