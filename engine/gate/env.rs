//! The env file: whether a key is set, and setting one, without ever showing a value.

use crate::closed;
use crate::env_file::{is_key, last, set};
use crate::expression::Template;
use crate::gate::kept::Cuts;
use crate::gate::workspace::{Before, hash};
use crate::gate::{Gate, Hall, Refusal};
use crate::journal::Event;
use crate::journal::event::Splice;
use crate::project::Tracking;

/// A value as the playbook gives it.
struct Filled {
    text: String,
    secret: bool,
}

impl Gate {
    /// Says of a key of the playbook's: `present`, `empty` or `missing`.
    pub fn env_status(&self, key: &str) -> Result<&'static str, Refusal> {
        let (file, _) = self.env_key(key)?;
        let text = self.env_text(&file)?;
        Ok(match last(&text, key) {
            None => "missing",
            Some(assignment) if assignment.value.is_empty() => "empty",
            Some(_) => "present",
        })
    }

    /// Sets a key to the playbook's value. A person is asked before another value is overwritten,
    /// and before a secret goes into a file that git tracks; nobody's silence is a yes.
    pub async fn env_set(&self, key: &str) -> Result<String, Refusal> {
        if !self.powers.env_keys.iter().any(|granted| granted == key) {
            let keys = self.powers.env_keys.join("`, `");
            return Err(Refusal::Power(format!("this stage may set `{keys}`, and not `{key}`")));
        }
        if !is_key(key) || closed::is_forbidden_key(key) {
            return Err(Refusal::Power(format!(
                "`{key}` is not set by anybody's playbook: programs take code or addresses from it"
            )));
        }
        let (file, template) = self.env_key(key)?;
        let value = self.filled(key, template)?;
        let old = self.env_bytes(&file)?;
        let text = Self::text_of(&file, old.clone().unwrap_or_default())?;
        let changed = set(&text, key, &value.text);
        let changed = changed.map_err(|reason| Refusal::Reply(format!("`{key}` {reason}")))?;
        if let Some(found) = last(&text, key).filter(|found| !found.value.is_empty()) {
            if found.value == value.text {
                // A run that was killed just after it had set the key comes here when it goes on, and
                // by then has taken back what it had ignored.
                let ignored = self.keep_open_out_of_git(&file)?;
                return Ok(format!("`{key}` was already set in {file}{ignored}"));
            }
            let question = format!("`{key}` has another value in {file}. Overwrite it?");
            if !self.consents(&format!("overwrite_{key}"), question).await? {
                return Err(Refusal::Power(format!(
                    "`{key}` already has another value in {file}; only the person may change it"
                )));
            }
        }
        let ignored = self.keep_out_of_git(&file, &value).await?;
        if value.secret {
            self.hall.redactor.learn(&format!("env:{key}"), &value.text);
        }
        let splice = self.hall.splice(old.as_deref(), Some(changed.as_bytes()))?;
        self.hall.note(Event::EnvSetting {
            at: self.at.clone(),
            file: file.clone(),
            key: key.to_owned(),
            created: old.is_none(),
            splice: Some(splice),
            taken_back: false,
        })?;
        let old = old.map(|old| hash(&old));
        let before = old.as_deref().map_or(Before::Nothing, Before::Hash);
        self.hall.workspace.replace_as(&file, changed.as_bytes(), before, None)?;
        Ok(format!("`{key}` is set in {file}{ignored}"))
    }

    /// Renders the playbook's value; of a secret input, the secret.
    fn filled(&self, key: &str, template: &Template) -> Result<Filled, Refusal> {
        let rendered = template.render_text(&self.hall.scope());
        let rendered = rendered.map_err(|error| Refusal::Reply(error.to_string()))?;
        let secret =
            rendered.strip_prefix("secret:").and_then(|name| self.hall.inputs.secrets.get(name));
        if secret.is_none() && rendered.contains("secret:") {
            let mixed = self
                .hall
                .inputs
                .secrets
                .keys()
                .any(|name| rendered.contains(&crate::plan::inputs::handle(name)));
            if mixed {
                return Err(Refusal::Reply(format!(
                    "the value of `{key}` mixes a secret with other text; a secret stands alone"
                )));
            }
        }
        Ok(Filled {
            secret: secret.is_some(),
            text: secret.map_or(rendered, |secret| secret.reveal().to_owned()),
        })
    }

    /// Sees to it that no commit takes the env file by accident. Returns what was done, to be told.
    async fn keep_out_of_git(&self, file: &str, value: &Filled) -> Result<String, Refusal> {
        match crate::project::tracking(self.hall.workspace.root(), file) {
            Tracking::Ignored | Tracking::Open => self.keep_open_out_of_git(file),
            Tracking::Tracked if !value.secret => Ok(String::new()),
            Tracking::Tracked => {
                let question = format!(
                    "{file} is tracked by git: a commit would hold the secret. Write it there?"
                );
                if self.consents("write_tracked_env_file", question).await? {
                    return Ok(String::new());
                }
                Err(Refusal::Power(format!(
                    "{file} is tracked by git, and a commit would hold the secret: only the person \
                     may set it"
                )))
            }
        }
    }

    /// Adds the env file to what git ignores, where git neither ignores nor tracks it.
    fn keep_open_out_of_git(&self, file: &str) -> Result<String, Refusal> {
        match crate::project::tracking(self.hall.workspace.root(), file) {
            Tracking::Open => {
                self.ignore(file)?;
                Ok(format!("; {file} was added to .gitignore"))
            }
            Tracking::Ignored | Tracking::Tracked => Ok(String::new()),
        }
    }

    fn env_key(&self, key: &str) -> Result<(String, &Template), Refusal> {
        let env = self.hall.playbook.env.as_ref();
        let env = env.ok_or_else(|| Refusal::Reply("the playbook names no env file".to_owned()))?;
        let found = env.keys.iter().find(|(known, _)| known.value == key);
        let (_, value) = found.ok_or_else(|| {
            let keys: Vec<&str> = env.keys.iter().map(|(key, _)| key.value.as_str()).collect();
            Refusal::Power(format!(
                "`{key}` is not a key of the playbook; its keys are {}",
                keys.join(", ")
            ))
        })?;
        let file = self.hall.workspace.path(&env.file)?;
        if !closed::is_env_file(&file) {
            return Err(Refusal::Power(format!(
                "`{file}` is no env file by its name, such as `.env` or `.env.local`"
            )));
        }
        Ok((file, value))
    }

    fn env_text(&self, file: &str) -> Result<String, Refusal> {
        Self::text_of(file, self.env_bytes(file)?.unwrap_or_default())
    }

    fn env_bytes(&self, file: &str) -> Result<Option<Vec<u8>>, Refusal> {
        let bytes = self.hall.workspace.read_any(file);
        bytes.map_err(|error| Refusal::Reply(format!("cannot read {file}: {error}")))
    }

    fn text_of(file: &str, bytes: Vec<u8>) -> Result<String, Refusal> {
        String::from_utf8(bytes)
            .map_err(|_| Refusal::Reply(format!("{file} is not UTF-8, and is left as it is")))
    }

    /// Adds a line to the root's `.gitignore`.
    fn ignore(&self, file: &str) -> Result<(), Refusal> {
        let path = ".gitignore";
        let old = self.hall.workspace.read_any(path);
        let old = old.map_err(|error| Refusal::Reply(format!("cannot read {path}: {error}")))?;
        let mut bytes = old.unwrap_or_default();
        let end: &[u8] = if bytes.windows(2).any(|it| it == b"\r\n") { b"\r\n" } else { b"\n" };
        if !bytes.is_empty() && !bytes.ends_with(b"\n") {
            bytes.extend(end);
        }
        // A name, and no pattern.
        for letter in file.bytes() {
            if b"*?[\\ #!".contains(&letter) {
                bytes.push(b'\\');
            }
            bytes.push(letter);
        }
        bytes.extend(end);
        self.change(path, Some(&bytes), &|_| Ok(()))
    }
}

impl Hall {
    /// Says how an env file is about to change. What is cut out of it is kept first.
    fn splice(&self, old: Option<&[u8]>, new: Option<&[u8]>) -> Result<Splice, Refusal> {
        let splice = Cuts::beside(self.journal.path()).splice(self.journal.key(), old, new);
        splice.map_err(|error| Refusal::Fatal(format!("cannot keep what is replaced: {error}")))
    }
}
