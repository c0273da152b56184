//! Runs programs on this machine, each confined and in a session of its own.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use futures_util::future::{BoxFuture, FutureExt as _};
use process_wrap::tokio::{ChildWrapper, CommandWrap, KillOnDrop};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::process::ChildStdin;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::gate::command::output::Output;
use crate::gate::command::program::Programs;
use crate::gate::{Invocation, Ran, Rights, Runner};
use crate::redact::Redactor;
use crate::sandbox::{
    Confinement, Grants, Level, NOT_STARTED, Network, PROXY_PORT, Probe, Proxy, SANDBOX_EXEC,
    Scratch, probe, profile,
};

/// What becomes of commands on a machine that cannot confine them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unconfined {
    /// They do not run.
    Refused,
    /// The person is asked each time.
    Asked,
    /// They run with the person's rights, as does every command: nothing is confined.
    Allowed,
}

/// Runs programs on this machine.
#[derive(Debug)]
pub struct SystemRunner {
    /// Ends what runs when cancelled.
    pub cancel: CancellationToken,
    /// Masks output as it comes, before any of it is cut out.
    redactor: Redactor,
    launcher: PathBuf,
    unconfined: Unconfined,
    probe: OnceLock<Probe>,
    programs: Programs,
}

/// A program as it is started here.
struct Start {
    program: PathBuf,
    arguments: Vec<String>,
    environment: BTreeMap<String, String>,
    /// What the launcher is told on its standard input.
    told: Option<Vec<u8>>,
    /// Its own folder, for as long as it runs.
    scratch: Option<Scratch>,
    /// Its way to the network, for as long as it runs.
    proxy: Option<Proxy>,
}

impl SystemRunner {
    /// Makes a runner that starts programs by a launcher: this program itself.
    pub fn new(
        cancel: CancellationToken,
        redactor: Redactor,
        launcher: PathBuf,
        unconfined: Unconfined,
    ) -> Self {
        let (probe, programs) = (OnceLock::new(), Programs::default());
        SystemRunner { cancel, redactor, launcher, unconfined, probe, programs }
    }

    /// Confines programs no further than so, as on a machine that cannot.
    #[must_use]
    pub fn no_further_than(self, level: Level) -> Self {
        let probe = self.probe();
        let reason = Some("it is not to be".to_owned()).filter(|_| probe.level > level);
        let held = Probe { level: probe.level.min(level), reason: reason.or(probe.reason.clone()) };
        SystemRunner { probe: OnceLock::from(held), ..self }
    }

    fn probe(&self) -> &Probe {
        self.probe.get_or_init(|| match self.unconfined {
            Unconfined::Allowed => Probe { level: Level::None, reason: None },
            Unconfined::Refused | Unconfined::Asked => probe(&self.launcher),
        })
    }

    async fn start(&self, invocation: &Invocation, program: PathBuf) -> Result<Start, String> {
        let level = self.probe().level;
        let arguments = invocation.argv.get(1..).unwrap_or_default().to_vec();
        let mut environment = invocation.environment.clone();
        if level == Level::None {
            let reason = self.probe().reason.as_deref().unwrap_or_default();
            if self.unconfined == Unconfined::Refused {
                return Err(format!(
                    "commands cannot be confined on this machine ({reason}), so none runs; \
                     `wizard play --unconfined` lets them run with your rights"
                ));
            }
            let start =
                Start { program, arguments, environment, told: None, scratch: None, proxy: None };
            return Ok(start);
        }
        let scratch =
            Scratch::create().map_err(|error| format!("no folder of its own: {error}"))?;
        let temporary = Confinement::temporary(scratch.path()).display().to_string();
        environment.insert("TMPDIR".to_owned(), temporary);
        let (network, proxy) = proxy(&invocation.grants, level, scratch.path()).await?;
        match network {
            Network::None => {}
            Network::Wire => environment.extend(Proxy::variables(PROXY_PORT)),
            Network::Port(port) => environment.extend(Proxy::variables(port)),
        }
        let mut files = invocation.grants.files.clone();
        files.readable.extend(program.parent().map(Path::to_owned));
        if let Ok(real) = program.canonicalize() {
            files.readable.extend(real.parent().map(Path::to_owned));
        }
        files.readable.push(self.launcher.clone());
        let confinement = Confinement {
            level,
            program,
            arguments,
            cwd: invocation.cwd.clone(),
            scratch: scratch.path().to_owned(),
            files,
            network,
        };
        if cfg!(target_os = "macos") {
            let mut arguments = vec!["-p".to_owned(), profile::of(&confinement)];
            arguments.push(confinement.program.display().to_string());
            arguments.extend(confinement.arguments);
            let program = PathBuf::from(SANDBOX_EXEC);
            let scratch = Some(scratch);
            return Ok(Start { program, arguments, environment, told: None, scratch, proxy });
        }
        let mut told = serde_json::to_vec(&confinement).map_err(|error| error.to_string())?;
        told.push(b'\n');
        Ok(Start {
            program: self.launcher.clone(),
            arguments: vec!["confine".to_owned()],
            environment,
            told: Some(told),
            scratch: Some(scratch),
            proxy,
        })
    }

    async fn perform(&self, invocation: &Invocation) -> Result<Ran, String> {
        let began = Instant::now();
        let program = self.programs.find(invocation)?;
        let shown = program.display().to_string();
        let start = self.start(invocation, program).await?;
        let mut child = spawn(&start, invocation)
            .map_err(|error| format!("cannot start `{shown}`: {error}"))?;
        let mut input = child.stdin().take();
        if let (Some(input), Some(told)) = (&mut input, &start.told) {
            input
                .write_all(told)
                .await
                .map_err(|error| format!("cannot start `{shown}`: {error}"))?;
        }
        // A program on its own reads nothing; a launcher ends where this ends.
        let input = input.filter(|_| start.told.is_some());
        let mut output = Output::new(&self.redactor);
        let exit = self.watch(child.as_mut(), input, invocation.timeout, &mut output).await?;
        let outcome = start.scratch.as_ref().map(Scratch::outcome).unwrap_or_default();
        if start.told.is_some() {
            if let Some(failure) = outcome.failure {
                return Err(failure);
            }
            if outcome.level.is_none() && exit == Some(i32::from(NOT_STARTED)) {
                return Err(format!("`{shown}` could not be confined and did not run"));
            }
        }
        if let Some(limit) = &outcome.limit {
            output.note(&format!("[{limit}]"));
        }
        for refused in start.proxy.iter().flat_map(Proxy::refused) {
            output.note(&format!("[network: {refused}]"));
        }
        Ok(Ran {
            exit: exit.filter(|_| outcome.signal.is_none()),
            text: output.text(),
            took: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
            replayed: false,
        })
    }

    /// Takes what a program prints until it ends or meets a limit. Returns its exit code.
    async fn watch(
        &self,
        child: &mut dyn ChildWrapper,
        input: Option<ChildStdin>,
        timeout: u64,
        output: &mut Output,
    ) -> Result<Option<i32>, String> {
        let (sender, mut receiver) = mpsc::channel(16);
        let readers = [
            child.stdout().take().map(|stream| pump(stream, sender.clone())),
            child.stderr().take().map(|stream| pump(stream, sender.clone())),
        ];
        drop(sender);
        let readers: Vec<_> = readers.into_iter().flatten().collect();
        let limit = tokio::time::sleep(Duration::from_secs(timeout));
        tokio::pin!(limit);
        let mut ended = None;
        let mut why = None;
        loop {
            tokio::select! {
                Some(chunk) = receiver.recv() => {
                    output.take(&chunk);
                    if output.is_flood() {
                        why = Some("[ended: it printed more than 64 MiB]".to_owned());
                        break;
                    }
                }
                status = child.wait(), if ended.is_none() => {
                    ended = Some(status.map_err(|error| error.to_string())?);
                    break;
                }
                () = &mut limit => {
                    why = Some(format!("[ended after its limit of {timeout} s]"));
                    break;
                }
                () = self.cancel.cancelled() => {
                    why = Some("[interrupted]".to_owned());
                    break;
                }
            }
        }
        if ended.is_none() {
            stop(child, input).await;
        }
        let drained = async {
            while let Some(chunk) = receiver.recv().await {
                if !output.is_flood() {
                    output.take(&chunk);
                }
            }
        };
        let _ = tokio::time::timeout(Duration::from_millis(500), drained).await;
        readers.iter().for_each(tokio::task::JoinHandle::abort);
        // Last, so that nothing which came after it can push it out.
        if let Some(why) = why {
            output.note(&why);
        }
        Ok(ended.and_then(|status| status.code()))
    }
}

impl Runner for SystemRunner {
    fn run<'a>(&'a self, invocation: &'a Invocation) -> BoxFuture<'a, Result<Ran, String>> {
        self.perform(invocation).boxed()
    }

    fn rights(&self) -> BoxFuture<'_, Rights> {
        let probe = self.probe();
        let rights = match (probe.level, self.unconfined) {
            (Level::None, Unconfined::Asked) => {
                Rights::Asked(probe.reason.clone().unwrap_or_default())
            }
            (level, _) => Rights::Confined(level),
        };
        async move { rights }.boxed()
    }
}

fn spawn(start: &Start, invocation: &Invocation) -> std::io::Result<Box<dyn ChildWrapper>> {
    let mut command = CommandWrap::with_new(&start.program, |command| {
        command
            .args(&start.arguments)
            .current_dir(&invocation.cwd)
            .env_clear()
            .envs(&start.environment)
            .stdin(if start.told.is_some() { Stdio::piped() } else { Stdio::null() })
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
    });
    #[cfg(unix)]
    command.wrap(process_wrap::tokio::ProcessSession);
    command.wrap(KillOnDrop).spawn()
}

/// Makes a command's way to its hosts, if it has any.
async fn proxy(
    grants: &Grants,
    level: Level,
    scratch: &Path,
) -> Result<(Network, Option<Proxy>), String> {
    if grants.hosts.is_empty() {
        return Ok((Network::None, None));
    }
    let said = |error: std::io::Error| format!("no way to the network can be made: {error}");
    let mut proxy = Proxy::new(grants.hosts.clone(), grants.upstream.clone());
    #[cfg(target_os = "linux")]
    if level == Level::Full {
        proxy.serve_over(&scratch.join("wire")).map_err(said)?;
        return Ok((Network::Wire, Some(proxy)));
    }
    let _ = (level, scratch);
    let listener = TcpListener::bind("127.0.0.1:0").await.map_err(said)?;
    let port = listener.local_addr().map_err(said)?.port();
    proxy.serve(listener);
    Ok((Network::Port(port), Some(proxy)))
}

/// How long a process group may take to end when it is asked to.
const GRACE: Duration = Duration::from_millis(1_200);

/// How long a launcher may take to clear up after that.
const CLEARING: Duration = Duration::from_millis(500);

/// Asks the process group to end, and after a while makes it.
async fn stop(child: &mut dyn ChildWrapper, input: Option<ChildStdin>) {
    #[cfg(unix)]
    {
        let _ = child.signal(15);
        if tokio::time::timeout(GRACE, child.wait()).await.is_ok() {
            return;
        }
    }
    if input.is_some() {
        drop(input);
        if tokio::time::timeout(CLEARING, child.wait()).await.is_ok() {
            return;
        }
    }
    let _ = Box::into_pin(child.kill()).await;
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
            grants: Grants::default(),
        }
    }

    async fn run(words: &[&str], timeout: u64) -> Result<Ran, String> {
        let runner = SystemRunner::new(
            CancellationToken::new(),
            Redactor::default(),
            PathBuf::new(),
            Unconfined::Allowed,
        );
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
}
