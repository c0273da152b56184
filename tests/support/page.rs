//! A page: a markdown file whose fences are files, commands and what the commands print.
//!
//! A fence with `file=PATH` writes a file; with `repeat=NUMBER`, its lines with `{n}` once for each
//! number. A `console` fence runs its `$` lines, in a folder of the
//! page's own, and holds what they print against the lines that follow. Its attributes: `project=PATH`
//! first copies a folder of the repository there, and `cassette=PATH` one of its files to
//! `../cassette.jsonl`. A fence with `answers=ADDRESS` is what that address answers over HTTP, one
//! with `tools=ADDRESS` is a JSON list of the tools of a server there, and one with `reply` is what
//! the model replies next: the input of `done`, or else a text. A playbook from outside is pinned,
//! but in a `console` fence with `untrusted`. Commands: `wizard …` (environment in front, `< FILE` behind), `cat FILE`, `ls`, and
//! `diff`, which says how the folder differs from what the page and the project put there.

use std::fmt::Write as _;
use std::io::Read;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use pulldown_cmark::{CodeBlockKind, Event, Parser, Tag};
use regex::Regex;

use crate::support::hosts::Hosts;
use crate::support::tools::{Era, ToolServer};
use crate::support::tree::{self, Tree};
use crate::support::{bless, difference, root, shown};

/// How long one command may take.
const PATIENCE: Duration = Duration::from_mins(2);

/// One fence of a page.
pub(crate) struct Fence {
    /// The language: the first word after the backticks.
    pub(crate) language: String,
    /// The attributes after it: `file=playbook.md`.
    pub(crate) attributes: Vec<(String, String)>,
    /// What stands between the backticks.
    pub(crate) text: String,
    inside: Range<usize>,
    ticks: usize,
}

impl Fence {
    /// Returns an attribute.
    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|(found, _)| found == name);
        found.map(|(_, value)| value.as_str())
    }

    /// Returns what the file has: with `repeat=NUMBER`, a line with `{n}` once for each number.
    pub(crate) fn contents(&self) -> String {
        let Some(times) = self.attribute("repeat") else { return self.text.clone() };
        let times: u32 = times.parse().unwrap();
        let lines = self.text.split_inclusive('\n').map(|line| {
            if line.contains("{n}") {
                (1..=times).map(|n| line.replace("{n}", &n.to_string())).collect()
            } else {
                line.to_owned()
            }
        });
        lines.collect()
    }

    /// Whether it says what a host answers.
    pub(crate) fn answers(&self) -> bool {
        ["answers", "tools"].iter().any(|name| self.attribute(name).is_some())
    }

    /// Whether it holds commands to run.
    pub(crate) fn is_console(&self) -> bool {
        self.language == "console"
    }
}

/// Returns the fences of a page, in order.
pub(crate) fn fences(page: &str) -> Vec<Fence> {
    let mut fences = Vec::new();
    for (event, range) in Parser::new(page).into_offset_iter() {
        let Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) = event else { continue };
        let whole = &page[range.clone()];
        let Some(first) = whole.find('\n') else { continue };
        let ticks = whole.chars().take_while(|character| *character == '`').count();
        let last = whole.trim_end().rfind('\n').map_or(first, |last| last.max(first));
        let inside = range.start + first + 1..range.start + last + 1;
        let mut words = info.split_whitespace().map(str::to_owned);
        let language = words.next().unwrap_or_default();
        let attributes = words.map(|word| match word.split_once('=') {
            Some((name, value)) => (name.to_owned(), value.to_owned()),
            None => (word, String::new()),
        });
        let attributes = attributes.collect();
        let text = page[inside.clone()].to_owned();
        fences.push(Fence { language, attributes, text, inside, ticks });
    }
    fences
}

/// Runs a page. What is wrong with it is returned; with `BLESS=1` it is repaired.
pub(crate) fn run(path: &Path) -> Result<(), String> {
    let name = shown(path);
    let page = std::fs::read_to_string(path).map_err(|error| format!("{name}: {error}"))?;
    let actual = played(&page).map_err(|reason| format!("{name}: {reason}"))?;
    let Some(difference) = difference(&name, &page, &actual) else { return Ok(()) };
    if bless() {
        return std::fs::write(path, actual).map_err(|error| format!("{name}: {error}"));
    }
    Err(format!("{name} is stale; `BLESS=1 cargo test` writes it\n{difference}"))
}

/// Returns the page with what its commands print now.
fn played(page: &str) -> Result<String, String> {
    let mut place = Place::new();
    let mut actual = String::with_capacity(page.len());
    let mut at = 0;
    for fence in fences(page) {
        if let Some(file) = fence.attribute("file") {
            place.put(Tree::from([(file.to_owned(), fence.contents().into_bytes())]));
        }
        place.host(&fence)?;
        if !fence.is_console() {
            continue;
        }
        place.untrusted = fence.attribute("untrusted").is_some();
        if let Some(project) = fence.attribute("project") {
            let project = tree::read(&root().join(project));
            if project.is_empty() {
                return Err(format!("`{}` holds no project", fence.attribute("project").unwrap()));
            }
            place.put(project);
        }
        if let Some(cassette) = fence.attribute("cassette") {
            let from = root().join(cassette);
            let to = place.above.path().join("cassette.jsonl");
            std::fs::copy(&from, to).map_err(|error| format!("{}: {error}", shown(&from)))?;
        }
        let mut text = String::new();
        for line in fence.text.lines().filter(|line| line.starts_with("$ ")) {
            let printed = place.command(&line[2..])?;
            writeln!(text, "{line}").unwrap();
            for line in printed.lines() {
                writeln!(text, "{}", line.trim_end()).unwrap();
            }
        }
        if text.lines().any(|line| line.starts_with(&"`".repeat(fence.ticks))) {
            return Err(
                "a command prints what closes its fence; give the fence more backticks".into()
            );
        }
        actual.push_str(&page[at..fence.inside.start]);
        actual.push_str(&text);
        at = fence.inside.end;
    }
    actual.push_str(&page[at..]);
    Ok(actual)
}

/// Where a page is played: a folder with the page's files, and beside it a home.
struct Place {
    above: tempfile::TempDir,
    work: PathBuf,
    before: Tree,
    /// What stands in for hosts, where the page has any.
    hosts: Option<Hosts>,
    /// Whether a model is set up.
    model: bool,
    /// Whether playbooks from outside are not pinned.
    untrusted: bool,
}

impl Place {
    fn new() -> Place {
        let above = tempfile::tempdir().unwrap();
        let work = above.path().join("work");
        std::fs::create_dir(&work).unwrap();
        std::fs::create_dir(above.path().join("home")).unwrap();
        Place { above, work, before: Tree::new(), hosts: None, model: false, untrusted: false }
    }

    /// Lets a host or the model answer as a fence says, if it says that.
    fn host(&mut self, fence: &Fence) -> Result<(), String> {
        let (page, tools) = (fence.attribute("answers"), fence.attribute("tools"));
        let reply = fence.attribute("reply").is_some();
        if page.is_none() && tools.is_none() && !reply {
            return Ok(());
        }
        let hosts = self.hosts.get_or_insert_with(Hosts::start);
        if let Some(url) = page {
            hosts.page(url, &fence.text);
        }
        if let Some(url) = tools {
            let tools = serde_json::from_str(&fence.text);
            let tools: Vec<serde_json::Value> =
                tools.map_err(|error| format!("`{url}`: {error}"))?;
            hosts.tools(url, ToolServer::of(Era::Session, true, tools));
        }
        if reply {
            self.model = true;
            let text = || serde_json::Value::String(fence.text.clone());
            hosts.reply(serde_json::from_str(&fence.text).unwrap_or_else(|_| text()));
        }
        Ok(())
    }

    fn put(&mut self, files: Tree) {
        tree::write(&files, &self.work);
        self.before.extend(files);
    }

    /// Runs one line and returns what it prints, its exit code last when that is not 0.
    fn command(&self, line: &str) -> Result<String, String> {
        let mut words = shlex::split(line).ok_or_else(|| format!("`{line}` has an open quote"))?;
        let variables = words.iter().take_while(|word| is_variable(word)).count();
        let variables: Vec<String> = words.drain(..variables).collect();
        let input = match words.iter().position(|word| word == "<") {
            Some(at) => words.drain(at..).nth(1),
            None => None,
        };
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        match &words[..] {
            ["wizard", arguments @ ..] => self.wizard(arguments, &variables, input.as_deref()),
            ["cat", file] => std::fs::read_to_string(self.work.join(file))
                .or_else(|error| Ok(format!("cat: {file}: {error}\n[exit 1]\n"))),
            ["ls"] => Ok(tree::read(&self.work).keys().map(|file| format!("{file}\n")).collect()),
            ["diff"] => Ok(tree::difference(&self.before, &tree::read(&self.work))),
            _ => Err(format!("a page cannot run `{line}`; it has wizard, cat FILE, ls and diff")),
        }
    }

    /// Runs wizard. A playbook from outside that stops for want of trust is pinned and played
    /// again, but where the page looks at just that.
    fn wizard(
        &self,
        arguments: &[&str],
        variables: &[String],
        input: Option<&str>,
    ) -> Result<String, String> {
        static PIN: LazyLock<Regex> =
            LazyLock::new(|| Regex::new("(?m)^  --pin (sha256:[0-9a-f]{64})$").unwrap());
        let mut pinned: Vec<String> = arguments.iter().map(|word| (*word).to_owned()).collect();
        loop {
            let words: Vec<&str> = pinned.iter().map(String::as_str).collect();
            let printed = self.once(&words, variables, input)?;
            let pins: Vec<&str> =
                PIN.captures_iter(&printed).map(|found| found.get(1).unwrap().as_str()).collect();
            if self.untrusted || pins.is_empty() || pins.iter().any(|pin| words.contains(pin)) {
                return Ok(printed);
            }
            pinned.extend(pins.iter().flat_map(|pin| ["--pin".to_owned(), (*pin).to_owned()]));
        }
    }

    fn once(
        &self,
        arguments: &[&str],
        variables: &[String],
        input: Option<&str>,
    ) -> Result<String, String> {
        let home = self.above.path().join("home");
        let mut command = Command::new(env!("CARGO_BIN_EXE_wizard"));
        command.args(arguments).current_dir(&self.work).env_clear();
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("HOME", &home);
        for (variable, folder) in [
            ("XDG_CONFIG_HOME", "config"),
            ("XDG_STATE_HOME", "state"),
            ("XDG_CACHE_HOME", "cache"),
            ("XDG_DATA_HOME", "data"),
        ] {
            command.env(variable, home.join(folder));
        }
        command.envs([("NO_COLOR", "1"), ("COLUMNS", "80"), ("TERM", "dumb"), ("TZ", "UTC")]);
        if let Some(hosts) = &self.hosts {
            command.env("WIZARD_STAND_IN", hosts.address.to_string());
            if self.model {
                command.env("ANTHROPIC_BASE_URL", format!("http://{}", hosts.address));
                command.env("ANTHROPIC_API_KEY", "x");
            }
        }
        command.envs(variables.iter().filter_map(|variable| variable.split_once('=')));
        command.stdin(match input {
            Some(file) => Stdio::from(
                std::fs::File::open(self.work.join(file))
                    .map_err(|error| format!("cannot read `{file}`: {error}"))?,
            ),
            None => Stdio::null(),
        });
        let (printed, code) = finish(command.stdout(Stdio::piped()).stderr(Stdio::piped()))?;
        let mut printed = self.stable(&printed);
        if code != Some(0) {
            if !printed.is_empty() && !printed.ends_with('\n') {
                printed.push('\n');
            }
            let code = code.map_or_else(|| "by a signal".to_owned(), |code| code.to_string());
            writeln!(printed, "[exit {code}]").unwrap();
        }
        Ok(printed)
    }

    /// Puts a word for what differs from run to run.
    fn stable(&self, text: &str) -> String {
        static RUN: LazyLock<Regex> =
            LazyLock::new(|| Regex::new(r"\b\d{8}-\d{6}-[0-9a-f]{4}\b").unwrap());
        static PROJECT: LazyLock<Regex> =
            LazyLock::new(|| Regex::new(r"\bruns/[0-9a-f]{16}\b").unwrap());
        static DEMO: LazyLock<Regex> =
            LazyLock::new(|| Regex::new(r"\S*wizard-demo-[a-z]+-[0-9a-f]{6}").unwrap());
        static DAY: LazyLock<Regex> = LazyLock::new(|| {
            Regex::new(r#"(as on |since |[a-z] of |fetched = ")\d{4}-\d\d-\d\d"#).unwrap()
        });
        static NUMBER: LazyLock<Regex> =
            LazyLock::new(|| Regex::new(r#""(time|took|waited)":\d+"#).unwrap());
        static MARK: LazyLock<Regex> =
            LazyLock::new(|| Regex::new(r"\bdata [0-9a-f]{6}\b").unwrap());
        static START: LazyLock<Regex> = LazyLock::new(|| {
            Regex::new(r#"("event":"start_kept",.*"hash":")[0-9a-f]{64}"#).unwrap()
        });
        let mut text = text.replace("\r\n", "\n");
        let real = self.above.path().canonicalize().unwrap();
        for above in [real.as_path(), self.above.path()] {
            text = text.replace(above.join("work").to_str().unwrap(), "[ROOT]");
            text = text.replace(above.join("home").to_str().unwrap(), "[HOME]");
        }
        let sandbox = regex::Regex::new("(?m)^(sandbox +)\\S.*$").unwrap();
        text = sandbox.replace_all(&text, "$1[SANDBOX]").into_owned();
        if let Some(hosts) = &self.hosts {
            text = text.replace(&hosts.address.to_string(), "[SERVER]");
        }
        let text = text.replace(root().to_str().unwrap(), "[REPOSITORY]");
        let text = text.replace("python3 -m", "python -m");
        let text = DEMO.replace_all(&text, "[DEMO]");
        let text = PROJECT.replace_all(&text, "runs/[PROJECT]");
        let text = NUMBER.replace_all(&text, "\"$1\":0");
        let text = MARK.replace_all(&text, "data [N]");
        let text = START.replace_all(&text, "${1}[START]");
        let text = DAY.replace_all(&text, "$1[DAY]");
        timeless(&RUN.replace_all(&text, "[RUN]"))
    }
}

/// Puts a word for when something was, and for how long it took.
fn timeless(text: &str) -> String {
    static TIME: LazyLock<Regex> = LazyLock::new(|| {
        let clock = r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?";
        let long = r"\b\d+ h \d\d min\b|\b\d+ min \d\d s\b";
        let short = r"\b\d+\.\d+ ?s\b|\b\d+ s\b|\b\d+ ?ms\b|\b\d+m ?\d\ds\b";
        Regex::new(&format!("{clock}|{long}|{short}")).unwrap()
    });
    TIME.replace_all(text, "[TIME]").into_owned()
}

#[test]
fn however_long_something_took_a_page_is_the_same() {
    for milliseconds in [0, 950, 9_999, 10_000, 59_999, 60_000, 754_000, 3_600_000, 90_000_000] {
        let time = wizard::journal::shown::time(milliseconds);
        assert_eq!(timeless(&format!("after {time}, replayed")), "after [TIME], replayed");
    }
    assert_eq!(timeless("such as `90s`, `8m`"), "such as `90s`, `8m`");
}

/// Whether a word of a command sets a variable: `NAME=value`.
fn is_variable(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        name.chars().all(|next| next.is_ascii_uppercase() || next.is_ascii_digit() || next == '_')
    })
}

/// Waits for a command: its standard output, then its standard error, and its exit code.
fn finish(command: &mut Command) -> Result<(String, Option<i32>), String> {
    let mut child = command.spawn().map_err(|error| format!("wizard does not start: {error}"))?;
    let out = reader(child.stdout.take().unwrap());
    let err = reader(child.stderr.take().unwrap());
    let begun = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if begun.elapsed() > PATIENCE {
            child.kill().unwrap();
            child.wait().unwrap();
            return Err(format!("{command:?} takes longer than {} s", PATIENCE.as_secs()));
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    Ok((out.join().unwrap() + &err.join().unwrap(), status.code()))
}

fn reader(mut from: impl Read + Send + 'static) -> std::thread::JoinHandle<String> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        from.read_to_end(&mut bytes).unwrap();
        String::from_utf8_lossy(&bytes).into_owned()
    })
}
