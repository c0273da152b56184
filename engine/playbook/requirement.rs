//! What must hold of a project before a playbook is played in it.

use serde_json::Value;

use crate::source::{Span, Spanned};

/// A condition on the project, and whether it must not hold.
#[derive(Debug, Clone)]
pub struct Requirement {
    /// What is asked.
    pub kind: RequirementKind,
    /// `not: true`: the opposite must hold.
    pub not: bool,
    /// Where it stands.
    pub span: Span,
}

/// What a requirement asks of the project.
#[derive(Debug, Clone)]
pub enum RequirementKind {
    /// A package in a range of versions: installed, else locked, else declared.
    Package {
        /// The package's name in its registry.
        name: String,
        /// The range, such as `>=15.3`; any version when left out.
        version: Option<Spanned<String>>,
    },
    /// A file exists that the glob matches.
    File(String),
    /// A JSON or TOML file holds a value at a pointer.
    Data(DataTest),
    /// A file that the glob matches contains a text.
    Contains {
        /// The text, verbatim.
        text: String,
        /// Where to look.
        within: String,
    },
    /// A program is on the path.
    Program(String),
    /// The git work tree has no uncommitted change.
    GitClean,
    /// One of these holds.
    Any(Vec<Requirement>),
}

/// A value that a JSON or TOML file is to hold.
#[derive(Debug, Clone)]
pub struct DataTest {
    /// The file, relative to the project.
    pub file: String,
    /// Its format.
    pub format: DataFormat,
    /// A JSON pointer, such as `/scripts/build`.
    pub pointer: String,
    /// What stands there; that anything does, when left out.
    pub equals: Option<Value>,
}

/// The formats that a requirement or check can look into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DataFormat {
    /// JSON, comments and trailing commas not allowed.
    Json,
    /// TOML.
    Toml,
}
