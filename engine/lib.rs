//! Plays markdown playbooks.
//!
//! ```text
//! argv ─► Bundle ─► Playbook ─► Plan ─► Journal ─► Report
//!         load      parse,      build   execute    fold
//!                   diagnose
//! ```
//!
//! Modules stand in reading order: each may use only those above it.

#![cfg_attr(
    test,
    expect(clippy::disallowed_methods, reason = "tests make the files that they look at")
)]

pub mod source;
pub mod closed;
pub mod env_file;
pub mod redact;
pub mod diagnostic;
pub mod expression;
pub mod graph;
pub mod version;
pub mod playbook;
pub mod lint;
pub mod import;
pub mod scaffold;
pub mod project;
pub mod reference;
pub mod model;
pub mod online;
pub mod plan;
pub mod sandbox;
pub mod journal;
pub mod approval;
pub mod gate;
pub mod proof;
pub mod tools;
pub mod editor;
pub mod cassette;
pub mod context;
pub mod doubt;
pub mod outline;
pub mod run;
pub mod undo;
pub mod report;
pub mod cli;
