//! From what was written for other programs to a draft of a playbook, and what it leaves out.
//!
//! **Invariant:** it does no IO. What stands beside the original is read through
//! [`Original::beside`], and what comes out is text.

mod body;
mod draft;
mod files;
mod grants;
mod names;
mod reasons;
mod recipe;
mod skill;
mod template;
mod workflow;
mod yaml;

use crate::playbook::{Tree, foreign, foreign_data};
use crate::source::visible;

pub use draft::{Draft, Note};

/// A file that was written for another program.
pub struct Original<'a> {
    /// Its path inside the folder that `beside` reads from, such as `SKILL.md`.
    pub path: &'a str,
    /// What it says.
    pub text: &'a str,
    /// The files around it.
    pub beside: &'a dyn Beside,
}

/// The files around an original, by their paths in one folder.
pub trait Beside {
    /// Lists the files of the original's own folder and those below, sorted.
    fn list(&self) -> Vec<String>;

    /// Reads a file as text, or says why not.
    fn read(&self, path: &str) -> Result<String, String>;
}

/// What an original was written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A folder with a `SKILL.md`: prose for an agent, and what it may look up and run.
    Skill,
    /// Markdown that a service of a forge runs when something happens there.
    Workflow,
    /// A prompt with its parameters, in YAML or JSON.
    Recipe,
}

/// Why there is no draft.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ImportError {
    /// The file cannot be read as what it is.
    #[error("{0}")]
    Unreadable(String),
    /// It is a playbook.
    #[error("it is a playbook already; copy it into the `playbooks/` of your library")]
    Playbook,
    /// It is none of the forms that are known.
    #[error("{0}; what can be imported is {list}", list = Form::list())]
    Unknown(String),
}

impl Form {
    /// Every form.
    const ALL: [Form; 3] = [Form::Skill, Form::Workflow, Form::Recipe];

    /// Returns its name with an article.
    pub fn name(self) -> &'static str {
        match self {
            Form::Skill => "an Agent Skill",
            Form::Workflow => "a GitHub Agentic Workflow",
            Form::Recipe => "a goose recipe",
        }
    }

    fn list() -> String {
        Form::ALL.map(Form::name).join(", ")
    }
}

/// Makes a draft called `name`.
pub fn convert(name: &str, original: &Original<'_>) -> Result<Draft, ImportError> {
    // Characters that nobody sees are no part of what the author meant.
    let (text, removed) = visible(original.text);
    let text = text.replace("\r\n", "\n");
    let (form, tree, body) = read(original.path, &text)?;
    let mut parts = draft::Parts::new(name, original.path, &text);
    if removed > 0 {
        let what = format!("{removed} invisible characters");
        parts.leave(1, what, "a model reads them and a person does not; they are removed");
    }
    match form {
        Form::Skill => skill::convert(&mut parts, &tree, body, original),
        Form::Workflow => workflow::convert(&mut parts, &tree, body, original),
        Form::Recipe => recipe::convert(&mut parts, &tree),
    }
    Ok(parts.finish(form))
}

/// Reads a file and tells its form by what it says, and the byte at which its prose begins.
fn read(path: &str, text: &str) -> Result<(Form, Tree, usize), ImportError> {
    let unreadable = |reason: String| ImportError::Unreadable(reason);
    if text.trim_start().starts_with("---") && !is_data(path) {
        let (tree, body) = foreign(text).map_err(unreadable)?;
        let Some(tree) = tree.filter(|tree| !tree.entries().is_empty()) else {
            return Err(ImportError::Unknown("its front matter has no key".to_owned()));
        };
        return Ok((form_of_page(path, &tree)?, tree, body));
    }
    if !is_data(path) {
        return Err(ImportError::Unknown("it has no front matter".to_owned()));
    }
    let tree = foreign_data(text).map_err(unreadable)?;
    let tree = tree.filter(|tree| !tree.entries().is_empty());
    let tree = tree.ok_or_else(|| ImportError::Unknown("it is no map".to_owned()))?;
    if tree.get("instructions").or_else(|| tree.get("prompt")).is_some() {
        return Ok((Form::Recipe, tree, text.len()));
    }
    let reason = "it has neither `instructions` nor `prompt`";
    Err(ImportError::Unknown(reason.to_owned()))
}

fn is_data(path: &str) -> bool {
    [".yaml", ".yml", ".json"].iter().any(|end| path.ends_with(end))
}

fn form_of_page(path: &str, tree: &Tree) -> Result<Form, ImportError> {
    if tree.get("playbook").is_some() {
        return Err(ImportError::Playbook);
    }
    let has = |key: &&str| tree.get(key).is_some();
    if workflow::KEYS.iter().any(has) {
        return Ok(Form::Workflow);
    }
    if ["name", "description"].iter().all(has) {
        return Ok(Form::Skill);
    }
    let is_skill = path.rsplit('/').next() == Some(skill::FILE);
    let reason = if is_skill {
        "its front matter has no `name` and `description`"
    } else {
        "its front matter has no `on`, and no `name` and `description`"
    };
    Err(ImportError::Unknown(reason.to_owned()))
}
