//! What an author wrote, typed: from a bundle of files to a [`Playbook`].

mod beginning;
mod document;
mod find;
mod foreign;
mod format;
pub mod glob;
mod held;
mod layout;
mod listing;
mod load;
mod lower;
mod markers;
mod misread;
mod node;
mod output;
mod overlap;
mod page;
mod requirement;
mod schema;
mod sentence;
mod shape;

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use crate::diagnostic::Diagnostic;
use crate::expression::{Expression, Template};
use crate::source::{Source, Span, Spanned};

pub use document::{Document, Heading, Section, headings};
pub use find::{below, matching};
pub use held::{Held, named};
pub use layout::{Layout, lay_out};
pub use listing::{Listing, MOST_FILES};
pub use load::{LoadError, beside, hex, load, load_open, load_text, resolve, text};
pub use markers::{shown_lines, without_ignored};
pub use misread::comment_behind;
pub use node::{Node, Tree};
pub use overlap::Glob;
pub use page::{foreign, foreign_data, front_matter, prose};
pub use requirement::{DataFormat, DataTest, Requirement, RequirementKind};
use schema::valid_schema;
pub use schema::{schema, schema_errors};

/// Reads a bundle into a playbook.
///
/// **Invariant:** it never fails and never stops at the first fault. What is faulty is reported
/// and left out of the playbook, and everything else is read.
pub fn parse(bundle: &Bundle) -> (Playbook, Vec<Diagnostic>) {
    lower::lower(bundle)
}

/// The files of one playbook, read whole from one library. File 0 is the playbook itself.
#[derive(Debug, Clone)]
pub struct Bundle {
    /// Where it came from.
    pub library: Library,
    /// Every text file read, in the order in which it was named; a span's file is an index here.
    pub files: Vec<Source>,
    /// By path inside the library: the index of a file that was read, or why it was not.
    pub named: BTreeMap<String, Result<crate::source::FileId, String>>,
    /// The airplanes beside the playbooks, by name.
    pub airplanes: Vec<String>,
    /// The text files of the airplanes that the playbook names.
    pub airplane_files: BTreeMap<String, Vec<crate::source::FileId>>,
    /// SHA-256 of every file of the bundle, in hex: what a run is a run of.
    pub hash: String,
    /// The playbook's own file, read.
    head: std::sync::Arc<lower::Head>,
}

/// A folder of playbooks with their includes, schemas and airplanes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Library {
    /// The one compiled into the binary.
    Builtin,
    /// A folder that holds `playbooks/` and `airplanes/`, or just playbooks.
    Folder(std::path::PathBuf),
    /// The files of one playbook from outside, read once.
    Held(std::sync::Arc<Held>),
}

/// A markdown file that says how to do a job, in stages.
#[derive(Debug, Clone, Default)]
pub struct Playbook {
    /// Its name, as a person types it.
    pub name: Spanned<String>,
    /// What it does and when to use it.
    pub description: String,
    /// Its licence, if it says one.
    pub license: Option<String>,
    /// Values that the caller supplies.
    pub inputs: Vec<Input>,
    /// What must hold before the first token is spent.
    pub requires: Vec<Requirement>,
    /// Languages, which decide what rules apply.
    pub languages: Vec<Spanned<String>>,
    /// Prose that every stage gets, in order.
    pub includes: Vec<Prose>,
    /// Documents the model may search.
    pub docs: Vec<Doc>,
    /// Model apps the model may search, by name.
    pub airplanes: Vec<Spanned<String>>,
    /// Servers whose tools may be granted.
    pub mcp: Vec<McpServer>,
    /// The only programs that can run.
    pub commands: Vec<Command>,
    /// The env file and the keys that may be set in it.
    pub env: Option<EnvFile>,
    /// What every stage may use.
    pub tools: Vec<Spanned<Grant>>,
    /// Findings of lint that the author has looked at and allows.
    pub allowed: Vec<Allowed>,
    /// The run's limits.
    pub budget: Budget,
    /// The prose before the first stage.
    pub preamble: Prose,
    /// The stages, in the order in which they stand.
    pub stages: Vec<Stage>,
    /// Names and keys that the front matter has but that could not be read: what was reported
    /// once is not reported again where it is used.
    pub unread: Vec<String>,
    /// The front matter as it was written, what could not be read included.
    pub written: Option<std::sync::Arc<Tree>>,
}

/// A piece of markdown for the model, with its `${{ }}` found.
#[derive(Debug, Clone, Default)]
pub struct Prose {
    /// The markdown. Its spans point into the file it was written in.
    pub text: Template,
    /// The path of the file in its library, for an include; empty for the playbook's own text.
    pub path: String,
    /// Where the front matter names the file, for an include.
    pub named: Option<Span>,
    /// Where it stands: the whole file, or one section without its heading.
    pub span: Span,
    /// The words in backticks, each with its place: what lint holds against the grants.
    pub code_words: Vec<Spanned<String>>,
    /// Headings, with their level.
    pub headings: Vec<(u8, Spanned<String>)>,
    /// Its sentences as written, those of headings and code blocks left out.
    pub sentences: Vec<Spanned<String>>,
    /// Fenced blocks: language and place.
    pub fences: Vec<Spanned<String>>,
    /// Links: where they lead, and their place.
    pub links: Vec<Spanned<String>>,
}

/// A value that the caller supplies.
#[derive(Debug, Clone)]
pub struct Input {
    /// The name in `inputs.NAME`.
    pub name: Spanned<String>,
    /// What kind of value it is.
    pub kind: InputKind,
    /// The environment variable that may hold it.
    pub env: Option<String>,
    /// A regular expression that the value must match.
    pub pattern: Option<Spanned<String>>,
    /// The value when none is given. An input without one must be given.
    pub default: Option<Value>,
    /// The only values allowed, when it lists any.
    pub options: Vec<Value>,
    /// What it is, for the person who is asked.
    pub description: Option<String>,
}

/// The type of an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InputKind {
    /// Text.
    String,
    /// A whole number.
    Integer,
    /// Any number.
    Number,
    /// Yes or no.
    Boolean,
    /// A list of texts.
    List,
    /// Text that the model never sees: it renders as a handle.
    Secret,
}

/// A document that the model may search, never pasted unasked.
#[derive(Debug, Clone)]
pub struct Doc {
    /// The name in the index of references.
    pub name: Spanned<String>,
    /// Where it is.
    pub place: DocPlace,
    /// How old a stored copy may be and still be used without asking the host.
    pub max_age: Duration,
    /// The most tokens of it that the model can be given; the rest is cut, and said so.
    pub max_tokens: Option<u64>,
    /// What happens when its host does not answer.
    pub if_unreachable: IfUnreachable,
}

/// Where a document is.
#[derive(Debug, Clone)]
pub enum DocPlace {
    /// At an https address.
    Url(Template),
    /// In a file of the library.
    File(Spanned<String>),
}

/// What happens when a document's host does not answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum IfUnreachable {
    /// The run does not begin.
    #[default]
    Fail,
    /// A stored copy is used however old, and said so; without one the run does not begin.
    Stale,
    /// The run goes on without it, and says so.
    Ignore,
}

/// A server whose tools may be granted as `mcp(server/tool)`.
#[derive(Debug, Clone)]
pub struct McpServer {
    /// The name in grants.
    pub name: Spanned<String>,
    /// Its address.
    pub url: Spanned<String>,
}

/// A program that can run, as argv.
#[derive(Debug, Clone)]
pub struct Command {
    /// The name in `run(NAME)`.
    pub name: Spanned<String>,
    /// How its argv is made.
    pub kind: CommandKind,
    /// The words after which come those of `kind`; each one argv element when rendered, except
    /// that a word which is exactly one `${{ }}` with a list splices.
    pub words: Vec<Template>,
    /// The folder it runs in, relative to the project's root.
    pub cwd: Option<Spanned<String>>,
    /// How long it may take; ten minutes when left out.
    pub timeout: Duration,
    /// Whether the program may read env files.
    pub env_file: EnvFileAccess,
    /// Hosts it may reach.
    pub network: Vec<Spanned<String>>,
    /// It touches nothing that another stage may be editing.
    pub parallel: bool,
    /// Words that the model may fill in.
    pub args: Vec<Argument>,
}

/// How a command's argv is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommandKind {
    /// The words are the argv.
    Run,
    /// A program of the project's packages, run through its package manager.
    Exec,
    /// Packages to add with the project's package manager.
    Add,
    /// A script of the project's manifest; the first word is its name.
    Script,
}

/// Whether a command may read env files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EnvFileAccess {
    /// They are hidden from it where the machine can.
    #[default]
    Hidden,
    /// It needs them, as a build does.
    Readable,
}

/// A word of a command that the model fills in: one whole argv element, never beginning with `-`.
#[derive(Debug, Clone)]
pub struct Argument {
    /// Its name, `args.NAME` in the command's words.
    pub name: Spanned<String>,
    /// What it may be.
    pub rule: ArgumentRule,
}

/// What the model may fill in.
#[derive(Debug, Clone)]
pub enum ArgumentRule {
    /// One of these.
    Options(Vec<String>),
    /// Something that this regular expression matches whole.
    Pattern(Spanned<String>),
}

/// The env file and the keys that may be set in it.
#[derive(Debug, Clone)]
pub struct EnvFile {
    /// Its path, relative to the project.
    pub file: Spanned<String>,
    /// Each key with the value it is set to.
    pub keys: Vec<(Spanned<String>, Template)>,
}

/// A tool that a stage may use.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Grant {
    /// A tool of the engine, by its word.
    Tool(String),
    /// `run(NAME)`: one command.
    Run(String),
    /// `mcp(server/tool)`.
    Mcp {
        /// The server's name.
        server: String,
        /// The tool's name there.
        tool: String,
    },
}

/// Findings of one rule that the author has looked at and allows.
#[derive(Debug, Clone)]
pub struct Allowed {
    /// The rule's name.
    pub rule: Spanned<String>,
    /// Why it is right here.
    pub reason: String,
    /// The stage, `preamble`, or file of the library to which it is limited.
    pub within: Option<Spanned<String>>,
}

/// Limits. Each is absent when nothing limits it.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Budget {
    /// Money in US dollars, by the price table.
    pub usd: Option<f64>,
    /// Tokens sent and received.
    pub tokens: Option<u64>,
    /// Requests to the model.
    pub turns: Option<u32>,
    /// Time on the clock, without the time spent waiting for people.
    pub minutes: Option<f64>,
}

/// One part of the job: a section of prose for the model, or a command.
#[derive(Debug, Clone)]
pub struct Stage {
    /// Its name in `stages.NAME`.
    pub id: Spanned<String>,
    /// What people see instead of the id, if it has one. Renders per item.
    pub title: Option<Template>,
    /// The section, for a stage that the model plays.
    pub section: Option<Prose>,
    /// The command, for a `run:` stage.
    pub run: Option<Spanned<String>>,
    /// The stages that come before: those it names, or the one above.
    pub needs: Vec<Spanned<String>>,
    /// What it alone may use, besides [`Playbook::tools`].
    pub tools: Vec<Spanned<Grant>>,
    /// Globs of the files it may change.
    pub writes: Vec<Spanned<String>>,
    /// What decides that it is done.
    pub checks: Vec<Check>,
    /// How many times a failed check goes back to the model.
    pub retry: u32,
    /// Whether it is played at all.
    pub when: Option<Expression>,
    /// What it is played for, once each.
    pub for_each: Option<ForEach>,
    /// What it leaves.
    pub output: Output,
    /// What a person has to say yes to.
    pub approve: Option<Approve>,
    /// Its failure does not fail the run.
    pub optional: bool,
    /// How long an attempt may take.
    pub timeout: Option<Duration>,
    /// The alias of the model; `default` when left out.
    pub model: Spanned<String>,
    /// How hard the model should think.
    pub effort: Option<Effort>,
    /// Prose for this stage, besides what every stage gets.
    pub includes: Vec<Prose>,
    /// Documents for this stage, besides what every stage gets.
    pub docs: Vec<Doc>,
    /// It goes on from the conversation of the one stage it needs.
    pub fork: bool,
    /// Whether it is asked, after the end, what was missing.
    pub retro: bool,
    /// Its limits.
    pub budget: Budget,
}

/// How hard the model should think.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum Effort {
    /// Little.
    Low,
    /// As usual.
    Medium,
    /// Much.
    High,
}

/// What decides that a stage is done, evaluated by the engine.
#[derive(Debug, Clone)]
pub struct Check {
    /// What is looked at.
    pub kind: CheckKind,
    /// `not: true`: the opposite must hold.
    pub not: bool,
    /// `baseline: true`: what was red before the first write does not block.
    pub baseline: bool,
    /// Where it stands.
    pub span: Span,
}

/// What a check looks at. Operands are templates, rendered per item.
#[derive(Debug, Clone)]
pub enum CheckKind {
    /// A command exits with 0.
    Run(Spanned<String>),
    /// A file exists that the glob matches.
    File(Template),
    /// A file that the glob matches contains a text.
    Contains {
        /// What to look for.
        text: Pattern,
        /// Where.
        within: Template,
    },
    /// A file that the glob matches has changed since the stage or item began.
    Changed(Template),
    /// No file that the glob matches has.
    Unchanged(Template),
    /// A key of the env file is set and not empty.
    Env(Template),
    /// A JSON file holds a value.
    Json {
        /// The file.
        file: Template,
        /// A JSON pointer.
        pointer: Template,
        /// What stands there; that anything does, when left out.
        equals: Option<Spanned<Value>>,
    },
}

/// A text to look for.
#[derive(Debug, Clone)]
pub enum Pattern {
    /// Verbatim.
    Text(Template),
    /// A regular expression.
    Regex(Template),
}

/// What a stage is played for, once each.
#[derive(Debug, Clone)]
pub struct ForEach {
    /// Where the items come from.
    pub items: Items,
    /// The item's name in templates; `item` when left out.
    pub name: Spanned<String>,
    /// The most items: more, and the stage fails before its first. A number or a template.
    pub max: Option<Spanned<Value>>,
    /// Narrows what an item may write.
    pub files: Option<Template>,
    /// Where it stands.
    pub span: Span,
}

/// Where the items of a `for_each` come from.
#[derive(Debug, Clone)]
pub enum Items {
    /// A list.
    List(Expression),
    /// The files of the workspace that a glob matches.
    Files {
        /// The glob.
        glob: Template,
        /// Only those which contain this text.
        containing: Option<Template>,
    },
}

/// What a stage leaves for the stages after it, or for the person.
#[derive(Debug, Clone, Default)]
pub enum Output {
    /// `{summary, files, notes}`.
    #[default]
    Default,
    /// A document for the person.
    Markdown,
    /// Data that a JSON Schema describes.
    Schema {
        /// The schema.
        schema: Value,
        /// Where it was named, or stands.
        span: Span,
    },
}

/// What a person has to say yes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Approve {
    /// The stage, before it begins.
    Before,
    /// Its output, before anything that needs it begins.
    Output,
}

impl Playbook {
    /// Returns the stage with this id.
    pub fn stage(&self, id: &str) -> Option<&Stage> {
        self.stages.iter().find(|stage| *stage.id == *id)
    }

    /// Returns the command with this name.
    pub fn command(&self, name: &str) -> Option<&Command> {
        self.commands.iter().find(|command| *command.name == *name)
    }

    /// Returns what a stage may use: what every stage has, then what it alone has.
    pub fn grants<'a>(&'a self, stage: &'a Stage) -> impl Iterator<Item = &'a Grant> {
        self.tools.iter().chain(&stage.tools).map(|grant| &grant.value)
    }
}

/// The words of the tools that change files of the project.
pub const EDITING: [&str; 3] = ["edit", "write", "remove"];

impl Grant {
    /// Whether it may change files of the project.
    pub fn edits(&self) -> bool {
        matches!(self, Grant::Tool(name) if EDITING.contains(&name.as_str()))
    }
}

impl std::fmt::Display for Grant {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Grant::Tool(name) => formatter.write_str(name),
            Grant::Run(command) => write!(formatter, "run({command})"),
            Grant::Mcp { server, tool } => write!(formatter, "mcp({server}/{tool})"),
        }
    }
}
