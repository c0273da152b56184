//! Commands: the playbook's named argv, and nothing else.

use std::collections::{BTreeMap, VecDeque};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use process_wrap::tokio::{CommandWrap, KillOnDrop, ProcessGroup};
use regex::Regex;
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::gate::workspace::Snapshot;
use crate::gate::{Gate, Invocation, Ran, Refusal, Runner};
use crate::journal::Event;
use crate::playbook::{ArgumentRule, Command, CommandKind};
use crate::redact::{Redactor, Stream};

/// Bytes of output that are kept, half from the beginning and half from the end.
const KEPT: usize = 256 * 1024;

/// Variables that a command gets from the person's environment, by name or by prefix.
const PASSED: [&str; 34] = [
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "LANG",
    "LC_*",
    "TMPDIR",
    "TZ",
    "CARGO_HOME",
    "RUSTUP_HOME",
    "GOPATH",
    "GOCACHE",
    "GOMODCACHE",
    "JAVA_HOME",
    "NVM_DIR",
    "PNPM_HOME",
    "COREPACK_HOME",
    "VOLTA_HOME",
    "PYENV_ROOT",
    "VIRTUAL_ENV",
    "GEM_HOME",
    "RBENV_ROOT",
    "COMPOSER_HOME",
    "npm_config_cache",
    "PIP_CACHE_DIR",
    "UV_CACHE_DIR",
    "XDG_CACHE_HOME",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "NODE_EXTRA_CA_CERTS",
    "REQUESTS_CA_BUNDLE",
    "PIP_CERT",
    "CURL_CA_BUNDLE",
    "SystemRoot",
];

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
        let invocation = self.invocation(command, args, why)?;
        if command.parallel {
            return self.perform(&invocation, false).await;
        }
        drop(self.share.lock().await.take());
        let alone = Arc::clone(&hall.floor).write_owned().await;
        let ran = self.perform(&invocation, true).await;
        drop(alone);
        if self.edits {
            *self.share.lock().await = Some(Arc::clone(&hall.floor).read_owned().await);
        }
        ran
    }

    async fn perform(&self, invocation: &Invocation, watched: bool) -> Result<Ran, Refusal> {
        let hall = &self.hall;
        let snapshot = || hall.workspace.snapshot().map_err(Refusal::Fatal);
        let before = if watched { Some(snapshot()?) } else { None };
        hall.note(Event::CommandStarted {
            at: self.at.clone(),
            name: invocation.name.clone(),
            argv: invocation.argv.iter().map(|word| hall.redactor.clean(word).into()).collect(),
            why: invocation.why.clone(),
        })?;
        let ran = hall.runner.run(invocation).await;
        let mut ran =
            ran.unwrap_or_else(|reason| Ran { exit: None, text: reason, took: 0, replayed: false });
        ran.text = hall.redactor.clean(&ran.text).into();
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
        })?;
        Ok(ran)
    }

    /// Records what a command left of the files that it changed, and returns their paths.
    fn left(&self, before: &Snapshot, after: &Snapshot) -> Result<Vec<String>, Refusal> {
        let changed = before.changes(after);
        if !changed.is_empty() {
            let marks = changed.iter().map(|path| (path.clone(), after.files.get(path).cloned()));
            let event = Event::FilesLeft { at: self.at.clone(), files: marks.collect() };
            self.hall.note(event)?;
        }
        Ok(changed)
    }

    fn invocation(
        &self,
        command: &Command,
        args: &BTreeMap<String, String>,
        why: &str,
    ) -> Result<Invocation, Refusal> {
        let hall = &self.hall;
        let words = self.words(command, args)?;
        let argv = argv(command, words, hall.project.manager.as_ref()).map_err(Refusal::Reply)?;
        let root = hall.workspace.root().to_owned();
        let cwd = match &command.cwd {
            Some(cwd) => root.join(hall.workspace.path(cwd)?),
            None => root.clone(),
        };
        Ok(Invocation {
            at: self.at.clone(),
            name: command.name.value.clone(),
            argv,
            cwd,
            environment: environment(&hall.environment, &root),
            root,
            timeout: command.timeout.as_secs().max(1),
            why: why.to_owned(),
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

/// Makes a child's environment: what the allow list names, and a path that leads nowhere near
/// the project.
fn environment(own: &BTreeMap<String, String>, root: &Path) -> BTreeMap<String, String> {
    let passed = |name: &str| {
        PASSED.iter().any(|allowed| match allowed.strip_suffix('*') {
            Some(prefix) => name.starts_with(prefix),
            None => name == *allowed,
        })
    };
    let mut environment: BTreeMap<String, String> = own
        .iter()
        .filter(|(name, _)| passed(name))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    if let Some(path) = environment.get_mut("PATH") {
        let folders = std::env::split_paths(path.as_str())
            .filter(|folder| folder.is_absolute() && !folder.starts_with(root));
        if let Ok(joined) = std::env::join_paths(folders) {
            *path = joined.to_string_lossy().into_owned();
        }
    }
    environment.insert("CI".to_owned(), "1".to_owned());
    environment.insert("TERM".to_owned(), "dumb".to_owned());
    environment.insert("NO_COLOR".to_owned(), "1".to_owned());
    environment
}

fn tail(text: &str, count: usize) -> String {
    let lines: Vec<&str> = text.trim_end().lines().collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}

/// Runs programs on this machine, each in a process group of its own.
#[derive(Debug, Clone)]
pub struct SystemRunner {
    /// Ends what runs when cancelled.
    pub cancel: CancellationToken,
    /// Masks output as it comes, before any of it is cut out.
    pub redactor: Redactor,
}

impl Runner for SystemRunner {
    fn run<'a>(&'a self, invocation: &'a Invocation) -> BoxFuture<'a, Result<Ran, String>> {
        Box::pin(async move {
            let began = Instant::now();
            let program = find(invocation)?;
            let mut command = CommandWrap::with_new(&program, |command| {
                command
                    .args(&invocation.argv[1..])
                    .current_dir(&invocation.cwd)
                    .env_clear()
                    .envs(&invocation.environment)
                    .stdin(Stdio::null())
                    .stdout(Stdio::piped())
                    .stderr(Stdio::piped());
            });
            command.wrap(ProcessGroup::leader()).wrap(KillOnDrop);
            let mut child = command
                .spawn()
                .map_err(|error| format!("cannot start `{}`: {error}", program.display()))?;
            let (sender, mut receiver) = mpsc::channel(16);
            let readers = [
                child.stdout().take().map(|stream| pump(stream, sender.clone())),
                child.stderr().take().map(|stream| pump(stream, sender.clone())),
            ];
            drop(sender);
            let readers: Vec<_> = readers.into_iter().flatten().collect();
            let mut output = Output::new(&self.redactor);
            let limit = tokio::time::sleep(Duration::from_secs(invocation.timeout));
            tokio::pin!(limit);
            let mut ended = None;
            loop {
                tokio::select! {
                    Some(chunk) = receiver.recv() => output.take(&chunk),
                    status = child.wait(), if ended.is_none() => {
                        ended = Some(status.map_err(|error| error.to_string())?);
                        break;
                    }
                    () = &mut limit => {
                        output.note(&format!("[ended after its limit of {} s]", invocation.timeout));
                        break;
                    }
                    () = self.cancel.cancelled() => {
                        output.note("[interrupted]");
                        break;
                    }
                }
            }
            if ended.is_none() {
                stop(child.as_mut()).await;
            }
            let drained = async {
                while let Some(chunk) = receiver.recv().await {
                    output.take(&chunk);
                }
            };
            let _ = tokio::time::timeout(Duration::from_millis(500), drained).await;
            readers.iter().for_each(tokio::task::JoinHandle::abort);
            Ok(Ran {
                exit: ended.and_then(|status| status.code()),
                text: output.text(),
                took: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
                replayed: false,
            })
        })
    }
}

/// How long a process group may take to end when it is asked to.
const GRACE: Duration = Duration::from_millis(1_200);

/// Asks the process group to end, and after a while makes it.
async fn stop(child: &mut dyn process_wrap::tokio::ChildWrapper) {
    #[cfg(unix)]
    {
        let _ = child.signal(15);
        if tokio::time::timeout(GRACE, child.wait()).await.is_ok() {
            return;
        }
    }
    let _ = Box::into_pin(child.kill()).await;
}

/// Finds the program on the path of the child. One inside the project is refused, unless the
/// package manager's own way leads there.
fn find(invocation: &Invocation) -> Result<PathBuf, String> {
    let program = invocation.argv.first().ok_or("the command has no words")?;
    if program.contains('/') {
        let path = invocation.root.join(program);
        return if path.is_file() {
            Ok(path)
        } else {
            Err(format!("there is no program `{program}`"))
        };
    }
    let path = invocation.environment.get("PATH").map(String::as_str).unwrap_or_default();
    std::env::split_paths(path)
        .map(|folder| folder.join(program))
        .find(|path| path.is_file())
        .ok_or_else(|| {
            format!("the program `{program}` is not on the PATH; install it and play again")
        })
}

fn pump(
    mut stream: impl AsyncRead + Unpin + Send + 'static,
    sender: mpsc::Sender<Vec<u8>>,
) -> tokio::task::JoinHandle<()> {
    tokio::spawn(async move {
        let mut buffer = vec![0; 8 * 1024];
        while let Ok(length) = stream.read(&mut buffer).await {
            if length == 0 || sender.send(buffer[..length].to_vec()).await.is_err() {
                break;
            }
        }
    })
}

/// Output as it comes, masked: the beginning, the end, and how much was cut between them.
#[derive(Debug)]
struct Output {
    stream: Stream,
    head: Vec<u8>,
    tail: VecDeque<u8>,
    cut: usize,
}

impl Output {
    fn new(redactor: &Redactor) -> Self {
        Output { stream: redactor.stream(), head: Vec::new(), tail: VecDeque::new(), cut: 0 }
    }

    fn take(&mut self, chunk: &[u8]) {
        let clean = self.stream.push(chunk);
        self.keep(clean.as_bytes());
    }

    fn keep(&mut self, chunk: &[u8]) {
        let room = (KEPT / 2).saturating_sub(self.head.len()).min(chunk.len());
        self.head.extend_from_slice(&chunk[..room]);
        self.tail.extend(&chunk[room..]);
        let over = self.tail.len().saturating_sub(KEPT / 2);
        self.cut += over;
        self.tail.drain(..over);
    }

    fn note(&mut self, text: &str) {
        self.take(format!("\n{text}\n").as_bytes());
    }

    fn text(mut self) -> String {
        let stream = std::mem::replace(&mut self.stream, Redactor::default().stream());
        let rest = stream.finish(b"");
        self.keep(rest.as_bytes());
        let mut bytes = self.head;
        if self.cut > 0 {
            bytes.extend_from_slice(format!("\n[{} bytes cut]\n", self.cut).as_bytes());
        }
        bytes.extend(&self.tail);
        crate::gate::redact::visible(&String::from_utf8_lossy(&bytes)).0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn invocation(words: &[&str], timeout: u64) -> Invocation {
        let root = std::env::temp_dir();
        Invocation {
            at: crate::journal::At::stage("s"),
            name: "c".to_owned(),
            argv: words.iter().map(|word| (*word).to_owned()).collect(),
            cwd: root.clone(),
            root,
            environment: BTreeMap::from([("PATH".to_owned(), "/usr/bin:/bin".to_owned())]),
            timeout,
            why: "tool".to_owned(),
        }
    }

    async fn run(words: &[&str], timeout: u64) -> Result<Ran, String> {
        let redactor = Redactor::default();
        let runner = SystemRunner { cancel: CancellationToken::new(), redactor };
        runner.run(&invocation(words, timeout)).await
    }

    #[tokio::test]
    async fn exit_code_and_both_streams_come_back() {
        let ran = run(&["sh", "-c", "echo out; echo err >&2; exit 3"], 10).await.unwrap();
        assert_eq!(ran.exit, Some(3));
        assert!(ran.text.contains("out\n") && ran.text.contains("err\n"));
    }

    #[tokio::test]
    async fn a_limit_ends_the_whole_group() {
        let began = Instant::now();
        let ran = run(&["sh", "-c", "sleep 60 & sleep 60"], 1).await.unwrap();
        assert_eq!(ran.exit, None);
        assert!(ran.text.contains("limit of 1 s"));
        assert!(began.elapsed() < Duration::from_secs(20));
    }

    #[tokio::test]
    async fn a_program_that_is_not_there_is_named() {
        let reason = run(&["no-such-program"], 1).await.unwrap_err();
        assert!(reason.contains("`no-such-program` is not on the PATH"));
    }

    #[test]
    fn a_child_gets_only_what_the_list_names() {
        let own = BTreeMap::from([
            ("PATH".to_owned(), "/usr/bin:bin:/project/bin".to_owned()),
            ("LC_ALL".to_owned(), "C".to_owned()),
            ("ACME_API_KEY".to_owned(), "canary".to_owned()),
        ]);
        let child = environment(&own, Path::new("/project"));
        let names: Vec<&str> = child.keys().map(String::as_str).collect();
        assert_eq!(names, ["CI", "LC_ALL", "NO_COLOR", "PATH", "TERM"]);
        assert_eq!(child["PATH"], "/usr/bin");
    }

    #[test]
    fn long_output_loses_its_middle() {
        let mut output = Output::new(&Redactor::default());
        output.take(&vec![b'a'; KEPT]);
        output.take(&[b'b'; 10]);
        let text = output.text();
        assert!(text.contains("[10 bytes cut]") && text.ends_with("bbbbbbbbbb"));
    }
}
