//! `unused-allow`: an entry of `lint.allow` that allows nothing.

use crate::diagnostic::Level;
use crate::lint::rule::{Profile, Rule, page};

/// What it finds is seen only after every other rule has looked, so `lint::allow` reports it.
pub(in crate::lint) const RULE: Rule = Rule {
    name: "unused-allow",
    level: Level::Warning,
    profile: Profile::Default,
    page: page!("unused-allow"),
    diagnose: None,
};
