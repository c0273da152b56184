//! Rows about commands that run although no policy let them: the kernel has to stop them.

use std::io::ErrorKind;
use std::net::TcpListener;

use serde_json::Value;
use wizard::playbook::hex;
use wizard::sandbox::Level;

use super::{Fixture, Tally, rows};
use crate::execute::{Played, play};

/// Plays a command's argv in a project.
pub(crate) fn run(fixture: &Fixture, argv: &[String], level: Level) -> Played {
    let words = serde_json::to_string(argv).unwrap();
    let keys = format!(
        "commands:\n  attack: {{run: {words}, timeout: 20s}}\nstages:\n  work:\n    run: attack\n"
    );
    play(&keys, "").at(fixture.root()).unlinted().no_further_than(level).run()
}

#[test]
fn the_kernel_stops_what_no_policy_did() {
    let mut tally = Tally::default();
    for level in [Level::Full, Level::Kernel] {
        for row in rows("sandbox") {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            listener.set_nonblocking(true).unwrap();
            let port = listener.local_addr().unwrap().port().to_string();
            let fixture = Fixture::small();
            let input = row.filled(&fixture.root());
            let argv: Vec<String> = input["argv"]
                .as_array()
                .unwrap()
                .iter()
                .map(|word| word.as_str().unwrap().replace("${PORT}", &port))
                .collect();
            let before = outside(&fixture);
            let played = run(&fixture, &argv, level);
            let mut wrong = had_effect(&played, &input);
            if before != outside(&fixture) {
                wrong = Some("something outside the project changed".to_owned());
            }
            if listener.accept().map_err(|error| error.kind()).err() != Some(ErrorKind::WouldBlock)
            {
                wrong = Some("a service of the person's was reached".to_owned());
            }
            let wrong = wrong.or_else(|| super::files::leak(&played));
            tally.count(&row, wrong.map(|wrong| format!("{level:?}: {wrong}")));
        }
    }
    tally.end("sandbox");
}

/// Says why a command seems to have done what it must not: it came to its end, and nothing that it
/// did was put back.
fn had_effect(played: &Played, input: &Value) -> Option<String> {
    let (exit, text, reverted) = played.command()?;
    let refused = text.trim_end().lines().last().is_some_and(|line| line == "-1");
    let stopped = exit != Some(0) || !reverted.is_empty() || refused || played.fault.is_some();
    (!stopped).then(|| format!("it ended well: {input} {text}"))
}

/// What lies around the project, as one hash.
fn outside(fixture: &Fixture) -> String {
    use sha2::Digest as _;
    let root = fixture.root();
    let mut digest = sha2::Sha256::new();
    let above = root.parent().unwrap();
    for folder in [above.join("outside"), above.join("proj-evil")] {
        let mut entries: Vec<_> = std::fs::read_dir(folder).unwrap().map(Result::unwrap).collect();
        entries.sort_by_key(std::fs::DirEntry::path);
        for entry in entries {
            digest.update(entry.path().to_string_lossy().as_bytes());
            digest.update(std::fs::read(entry.path()).unwrap_or_default());
        }
    }
    hex(&digest.finalize())
}
