//! The adversarial corpus: inputs that an engine like this one must survive.
//!
//! `attacks.tsv` has a row an input: id, class, tool, input, what is expected, and why. Every class
//! is driven by one file here, against the project that `fixture.rs` makes. `CORPUS=FILE` takes the
//! rows from another file of the same form.

mod commands;
mod fakes;
mod fetch;
mod files;
pub(crate) mod fixture;
mod inject;
mod mcp;
mod playbook;
mod puppet;
#[cfg(target_os = "linux")]
mod races;
mod resolve;
mod row;
#[cfg(target_os = "linux")]
pub(crate) mod sandbox;
mod secrets;
mod start;

pub(crate) use fixture::Fixture;
pub(crate) use row::{Row, rows};

/// What each row of a class came to: nothing where it is as expected, else what went wrong.
#[derive(Default)]
pub(crate) struct Tally(Vec<(String, Option<String>)>);

impl Tally {
    /// Counts a row.
    pub(crate) fn count(&mut self, row: &Row, wrong: Option<String>) {
        self.0.push((format!("{} {}", row.id, row.note), wrong));
    }

    #[expect(clippy::print_stdout, reason = "the figures of a class are what it is run for")]
    /// Prints the figures of a class, and fails where a row is not as expected.
    pub(crate) fn end(self, class: &str) {
        let failed: Vec<String> = self
            .0
            .iter()
            .filter_map(|(row, wrong)| wrong.as_ref().map(|wrong| format!("{row}\n    {wrong}")))
            .collect();
        assert!(!self.0.is_empty(), "no row of class {class}");
        let passed = self.0.len() - failed.len();
        println!("corpus {class}: {passed} passed, {} failed", failed.len());
        assert!(
            failed.is_empty(),
            "{passed} of {} rows are as expected; not\n{}",
            self.0.len(),
            failed.join("\n")
        );
    }
}
