//! Commands: the playbook's named argv, and nothing else.

mod apart;
mod environment;
mod grants;
mod output;
mod program;
mod runner;
mod shield;

use std::collections::BTreeMap;
use std::sync::Arc;

use regex::Regex;
use serde_json::{Value, json};

use crate::gate::command::environment::environment;
use crate::gate::command::grants::{fetching, grants};
use crate::gate::command::shield::Shield;
use crate::gate::workspace::Snapshot;
use crate::gate::{Gate, Invocation, Ran, Refusal, Rights};
use crate::journal::Event;
use crate::playbook::{ArgumentRule, Command, CommandKind};
use crate::sandbox::Level;

pub use apart::apart;
pub use runner::{SystemRunner, Unconfined};

impl Gate {
    /// Runs a command of the playbook's. `why` says for whom: for the model (`tool`) the stage
    /// must have been granted it.
    pub async fn run(
        &self,
        name: &str,
        args: &BTreeMap<String, String>,
        why: &str,
    ) -> Result<Ran, Refusal> {
        if why == "tool" && !self.powers.commands.iter().any(|granted| granted == name) {
            let granted = self.powers.commands.join("`, `");
            return Err(Refusal::Power(format!(
                "this stage may not run `{name}`; it may run `{granted}`"
            )));
        }
        let hall = &self.hall;
        let command = hall.playbook.command(name);
        let command =
            command.ok_or_else(|| Refusal::Reply(format!("there is no command `{name}`")))?;
        let argv = self.argv(command, args)?;
        if command.parallel {
            return self.perform(command, argv, why).await;
        }
        drop(self.share.lock().await.take());
        let alone = Arc::clone(&hall.floor).write_owned().await;
        let ran = self.perform(command, argv, why).await;
        drop(alone);
        if self.edits {
            *self.share.lock().await = Some(Arc::clone(&hall.floor).read_owned().await);
        }
        ran
    }

    async fn perform(
        &self,
        command: &Command,
        argv: Vec<String>,
        why: &str,
    ) -> Result<Ran, Refusal> {
        let hall = &self.hall;
        let level = self.confined(command, &argv).await?;
        let snapshot = || hall.workspace.snapshot().map_err(Refusal::Fatal);
        let watched = !command.parallel;
        let before = if watched { Some(snapshot()?) } else { None };
        let shield = self.shield(command)?;
        let invocation = self.invocation(command, argv, &shield, why)?;
        hall.note(Event::CommandStarted {
            at: self.at.clone(),
            name: invocation.name.clone(),
            argv: invocation.argv.iter().map(|word| hall.redactor.clean(word).into()).collect(),
            why: invocation.why.clone(),
            level,
        })?;
        let ran = hall.runner.run(&invocation).await;
        let mut ran =
            ran.unwrap_or_else(|reason| Ran { exit: None, text: reason, took: 0, replayed: false });
        ran.text = hall.redactor.clean(&ran.text).into();
        let held = level == Some(Level::Full);
        let reverted = shield.restore(held, &hall.blobs);
        let changed = match before {
            Some(before) => self.left(&before, &snapshot()?)?,
            None => Vec::new(),
        };
        hall.note(Event::CommandEnded {
            at: self.at.clone(),
            name: invocation.name.clone(),
            exit: ran.exit,
            text: tail(&ran.text, 40),
            took: ran.took,
            changed,
            replayed: ran.replayed,
            reverted: reverted.as_ref().cloned().unwrap_or_default(),
        })?;
        let name = &invocation.name;
        match reverted {
            Ok(reverted) if reverted.is_empty() => Ok(ran),
            Ok(reverted) => Err(Refusal::Fatal(format!(
                "the command `{name}` changed what it must not: `{}`; it was put back as it was, \
                 what stood there is kept with the run's other bytes, and the run ends here. Look at \
                 what the command runs before you play again",
                reverted.join("`, `")
            ))),
            Err(error) => Err(Refusal::Fatal(format!(
                "the command `{name}` changed what it must not, and it could not all be put back: \
                 {error}"
            ))),
        }
    }

    /// Records what a command left of the files that it changed, and returns their paths.
    fn left(&self, before: &Snapshot, after: &Snapshot) -> Result<Vec<String>, Refusal> {
        let changed = before.changes(after);
        let folders = before.folder_changes(after);
        if !changed.is_empty() || !folders.is_empty() {
            let marks = changed.iter().map(|path| (path.clone(), after.files.get(path).cloned()));
            let files = marks.collect();
            self.hall.note(Event::FilesLeft { at: self.at.clone(), files, folders })?;
        }
        Ok(changed)
    }

    /// Says how far a command will be confined, and asks the person where that is not at all.
    async fn confined(&self, command: &Command, argv: &[String]) -> Result<Option<Level>, Refusal> {
        let reason = match self.hall.runner.rights().await {
            Rights::Replayed => return Ok(None),
            Rights::Confined(level) => return Ok(Some(level)),
            Rights::Asked(reason) => reason,
        };
        let name = &command.name.value;
        let question = format!(
            "The command `{name}` cannot be confined here ({reason}). Run `{}` with your rights?",
            argv.join(" ")
        );
        if self.consents(&format!("unconfined.{name}"), question).await? {
            return Ok(Some(Level::None));
        }
        Err(Refusal::Power(format!("the person does not let `{name}` run")))
    }

    /// Looks at what the command must not change: all that is protected and is not named letter
    /// by letter, by this stage, or by any that edits beside the command.
    fn shield(&self, command: &Command) -> Result<Shield, Refusal> {
        let mut open = self.powers.writes.clone();
        if command.parallel {
            let stages = self.hall.playbook.stages.iter();
            open.extend(stages.flat_map(|stage| stage.writes.iter().map(|it| it.value.clone())));
        }
        Shield::raise(self.hall.workspace.root(), open, !command.parallel)
            .map_err(|error| Refusal::Fatal(format!("cannot look at the project: {error}")))
    }

    fn argv(
        &self,
        command: &Command,
        args: &BTreeMap<String, String>,
    ) -> Result<Vec<String>, Refusal> {
        let words = self.words(command, args)?;
        argv(command, words, self.hall.project.manager.as_ref()).map_err(Refusal::Reply)
    }

    fn invocation(
        &self,
        command: &Command,
        argv: Vec<String>,
        shield: &Shield,
        why: &str,
    ) -> Result<Invocation, Refusal> {
        let hall = &self.hall;
        let root = hall.workspace.root().to_owned();
        let cwd = match &command.cwd {
            Some(cwd) => root.join(hall.workspace.path(cwd)?),
            None => root.clone(),
        };
        let more = fetching(command, hall).map(|manager| manager.variables.clone());
        Ok(Invocation {
            at: self.at.clone(),
            name: command.name.value.clone(),
            argv,
            cwd,
            environment: environment(&hall.environment, &more.unwrap_or_default(), &root),
            root,
            timeout: command.timeout.as_secs().max(1),
            why: why.to_owned(),
            grants: grants(hall, command, shield)?,
        })
    }

    /// Renders each word on its own: a word never splits, and a sole list splices.
    fn words(
        &self,
        command: &Command,
        args: &BTreeMap<String, String>,
    ) -> Result<Vec<String>, Refusal> {
        let mut scope = self.hall.scope();
        scope["args"] = arguments(command, args)?;
        let mut words = Vec::new();
        for word in &command.words {
            let value = word.render(&scope).map_err(|error| Refusal::Reply(error.to_string()))?;
            match value {
                Value::Array(list) => words.extend(list.iter().map(plain)),
                other => words.push(plain(&other)),
            }
        }
        Ok(words)
    }
}

/// Says a command's argv as far as it is known before it runs, for plans.
pub fn preview(command: &Command, manager: Option<&crate::project::Manager>) -> String {
    let words = command.words.iter().map(|word| word.text.clone()).collect();
    argv(command, words, manager).map_or_else(|reason| reason, |argv| argv.join(" "))
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Holds what the model filled in against the command's rules.
fn arguments(command: &Command, args: &BTreeMap<String, String>) -> Result<Value, Refusal> {
    let known: Vec<&str> =
        command.args.iter().map(|argument| argument.name.value.as_str()).collect();
    if let Some(stranger) = args.keys().find(|name| !known.contains(&name.as_str())) {
        let name = &command.name.value;
        return Err(Refusal::Reply(format!(
            "the command `{name}` has no argument `{stranger}`; it has [{}]",
            known.join(", ")
        )));
    }
    let mut values = serde_json::Map::new();
    for argument in &command.args {
        let name = &argument.name.value;
        let value = args.get(name);
        let value =
            value.ok_or_else(|| Refusal::Reply(format!("the argument `{name}` is missing")))?;
        let fits = match &argument.rule {
            ArgumentRule::Options(options) => options.contains(value),
            ArgumentRule::Pattern(pattern) => Regex::new(&format!("^(?:{})$", pattern.value))
                .is_ok_and(|regex| regex.is_match(value)),
        };
        if !fits || value.starts_with('-') || value.contains('\0') {
            let wanted = match &argument.rule {
                ArgumentRule::Options(options) => format!("one of {}", options.join(", ")),
                ArgumentRule::Pattern(pattern) => format!("what /{}/ matches", pattern.value),
            };
            return Err(Refusal::Power(format!("the argument `{name}` may be {wanted}")));
        }
        values.insert(name.clone(), json!(value));
    }
    Ok(Value::Object(values))
}

/// Makes the argv, through the project's package manager where the kind asks for it.
fn argv(
    command: &Command,
    words: Vec<String>,
    manager: Option<&crate::project::Manager>,
) -> Result<Vec<String>, String> {
    if command.kind == CommandKind::Run {
        return Ok(words);
    }
    let name = &command.name.value;
    let manager = manager.ok_or_else(|| {
        format!(
            "the command `{name}` wants a package manager, and the project has none that is known"
        )
    })?;
    manager
        .argv(command.kind, &words)
        .ok_or_else(|| format!("the command `{name}` is a script, and {} has none", manager.name))
}

fn tail(text: &str, count: usize) -> String {
    let lines: Vec<&str> = text.trim_end().lines().collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}
