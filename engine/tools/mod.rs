//! What the model may do.

pub mod tool;

/// The words of the engine's tools, in the order in which the model sees them.
pub const WORDS: &[&str] =
    &["read", "glob", "grep", "edit", "write", "remove", "run", "env", "reference", "ask", "done"];
