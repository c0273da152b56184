//! Rows about loading a playbook: bombs, over-reach, and what must be read all the same.

use std::path::Path;
use std::time::Instant;

use wizard::diagnostic::Level;
use wizard::lint::{self, Profile};
use wizard::playbook::load_text;

use super::{Row, Tally, row, rows};

/// The errors of a playbook: with any, nothing is played.
fn errors(body: &str) -> Vec<String> {
    let bundle = load_text("playbook.md", body);
    let (_, findings) = lint::check(&bundle, &wizard::tools::known(), Profile::Default);
    let errors = findings.into_iter().filter(|finding| finding.level == Level::Error);
    errors.map(|finding| finding.message).collect()
}

fn wrong(row: &Row) -> Option<String> {
    let body = row::filled(row.input["body"].as_str()?, Path::new("/project"));
    let began = Instant::now();
    let errors = errors(&body);
    if began.elapsed().as_secs() > 20 {
        return Some("it is read for longer than 20 s".to_owned());
    }
    if row.expected == "deny" {
        return errors.is_empty().then(|| "it would be played".to_owned());
    }
    // The rows are no whole playbooks: what is to be read is read as its plain twin is.
    let twin = body.trim_start_matches('\u{feff}').replace("\r\n", "\n");
    let plain = self::errors(&twin);
    (errors != plain).then(|| format!("{errors:?} instead of {plain:?}"))
}

#[test]
fn a_bad_playbook_is_not_played() {
    let mut tally = Tally::default();
    for row in rows("playbook").iter().filter(|row| row.input.get("body").is_some()) {
        tally.count(row, wrong(row));
    }
    tally.end("playbook");
}
