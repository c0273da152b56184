//! The packages of an airplane installed, its `build:` commands and its `run:`.

use crate::gate::command::apart;
use crate::playbook::CommandKind;
use crate::project::Project;
use crate::proof::{Finding, Findings, Mark, Seams};
use crate::reference::{Run, Sheet};

/// Seconds that a step may take.
const LIMIT: u64 = 15 * 60;

/// Lines of what a failed program printed that are told.
const TOLD: usize = 30;

/// What is run, and how it is spoken of.
struct Step<'a> {
    /// Such as `built`.
    done: &'a str,
    /// Such as `does not build`.
    undone: &'a str,
    argv: Vec<String>,
    /// The words that are shown instead of the argv.
    shown: String,
    /// Whether it may reach the registry.
    fetches: bool,
}

/// Installs, builds and runs, and returns the project as it is then. What comes after a step that
/// fails is not tried.
pub(super) async fn take(
    mut project: Project,
    sheet: &Sheet,
    seams: &Seams<'_>,
    findings: &mut Findings<'_, '_>,
) -> Project {
    if let Some(argv) = project.manager.as_ref().and_then(|manager| {
        let argv = manager.prepare.clone().filter(|_| project.install().is_some())?;
        Some(manager.with_aliases(argv))
    }) {
        let shown = argv.join(" ");
        let step = Step { done: "", undone: "cannot be prepared", argv, shown, fetches: false };
        if !run(&project, step, seams, findings).await {
            return project;
        }
        project = again(project, seams);
    }
    if let Some(argv) = project.install() {
        let shown = argv.join(" ");
        let (done, undone) = ("installed", "cannot be installed");
        if !run(&project, Step { done, undone, argv, shown, fetches: true }, seams, findings).await
        {
            return project;
        }
        project = again(project, seams);
    }
    let manager = project.manager.as_ref();
    let exec = |words: &[String]| match manager {
        Some(manager) => manager.argv(CommandKind::Exec, words).unwrap_or_default(),
        None => words.to_vec(),
    };
    for words in &sheet.build {
        let (done, undone) = ("built", "does not build");
        let step = Step { done, undone, argv: exec(words), shown: words.join(" "), fetches: false };
        if !run(&project, step, seams, findings).await {
            return project;
        }
    }
    if sheet.build.is_empty() {
        findings.note(Mark::Untried, "it does not say in `build` how it is built");
    }
    match &sheet.run {
        None => findings.note(Mark::Untried, "it does not say in `run` how it is started"),
        Some(started) => {
            attend(&project, started, exec(&started.start), seams, findings).await;
        }
    }
    project
}

/// Reads the project once more, after something was installed.
fn again(project: Project, seams: &Seams<'_>) -> Project {
    let mut environment = seams.environment.clone();
    environment.remove("VIRTUAL_ENV");
    crate::project::load(&project.root)
        .map_or(project, |fresh| fresh.with_environment(&environment))
}

/// Starts the airplane, and asks for its pages where it is confined.
async fn attend(
    project: &Project,
    started: &Run,
    start: Vec<String>,
    seams: &Seams<'_>,
    findings: &mut Findings<'_, '_>,
) {
    let mut argv = vec![seams.attendant.display().to_string(), "attend".to_owned()];
    argv.extend(["--port".to_owned(), started.port.to_string()]);
    for path in &started.ask {
        argv.extend(["--ask".to_owned(), path.clone()]);
    }
    argv.push("--".to_owned());
    argv.extend(start);
    let pages = started.ask.join(" ");
    let step = Step {
        done: "ran, and answered",
        undone: "does not run",
        argv,
        shown: format!("{}` at `{pages}", started.start.join(" ")),
        fetches: false,
    };
    run(project, step, seams, findings).await;
}

/// Runs a step, and says whether it did what it should.
async fn run(
    project: &Project,
    step: Step<'_>,
    seams: &Seams<'_>,
    findings: &mut Findings<'_, '_>,
) -> bool {
    let Step { done, undone, argv, shown, fetches } = step;
    let invocation = apart(project, seams.environment, "proof", argv, fetches, LIMIT);
    let ran = match seams.runner.run(&invocation).await {
        Ok(ran) => ran,
        Err(reason) => {
            findings.note(Mark::Fails, format!("{undone}: `{shown}` was not run: {reason}"));
            return false;
        }
    };
    if ran.exit == Some(0) {
        if !done.is_empty() {
            findings.note(Mark::Holds, format!("{done}: `{shown}`"));
        }
        return true;
    }
    let how = match ran.exit {
        Some(exit) => format!("ended with {exit}"),
        None => "did not end by itself".to_owned(),
    };
    let output = ran.text.replace(&project.root.display().to_string(), ".");
    let lines: Vec<&str> = output.trim_end().lines().collect();
    let last = lines[lines.len().saturating_sub(TOLD)..].join("\n");
    let text = format!("{undone}: `{shown}` {how}");
    findings.add(Finding { mark: Mark::Fails, text, output: Some(last) });
    false
}
