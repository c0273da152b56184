//! `wizard doctor`: what a play would use, and where each value comes from.

use std::path::PathBuf;

use crate::cli::surroundings::Surroundings;
use crate::cli::{SUCCEEDED, UNABLE, model, print, trust};
use crate::journal::shown;
use crate::sandbox::Level;

/// Say which model would answer and where each setting comes from. Asks nobody anything
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    model: model::Choice,

    /// The project's folder
    #[arg(long, value_name = "DIR", default_value = ".")]
    project: PathBuf,
}

pub(super) fn run(arguments: &Arguments, surroundings: &Surroundings) -> anyhow::Result<u8> {
    let mut lines = Vec::new();
    let mut line = |name: &str, value: &str, from: &str| {
        let (value, from) = (shown::line(value), shown::line(from));
        let from = if from.is_empty() { String::new() } else { format!("  ({from})") };
        lines.push(format!("{name:<10} {value}{from}"));
    };
    line("wizard", env!("CARGO_PKG_VERSION"), "");
    let settled = arguments.model.settle(surroundings)?;
    match &settled {
        None => line("service", "none: no key is set and no service is named", ""),
        Some(settled) => {
            line("service", &settled.service.value, &settled.service.from);
            line("base URL", &settled.base_url.value, &settled.base_url.from);
            match &settled.key {
                Some(key) => line("key", "set", &key.from),
                None => line("key", "none", ""),
            }
            match &settled.model {
                Some(model) => line("model", &model.value, &model.from),
                None => line("model", "what `default` stands for", "models.toml"),
            }
        }
    }
    match crate::project::load(&arguments.project) {
        Ok(project) => {
            let project = project.with_environment(&surroundings.variables);
            line("project", &project.root.display().to_string(), "--project");
            let manager =
                project.manager.map_or("none is known".to_owned(), |manager| manager.name);
            line("packages", &manager, "from the project's files");
        }
        Err(error) => line("project", &error.to_string(), "--project"),
    }
    for (name, folder) in surroundings.folders() {
        let folder = folder.map_or("none: set HOME".to_owned(), |path| path.display().to_string());
        line(name, &folder, "");
    }
    for (address, way) in model::servers(surroundings)? {
        let headers: Vec<&str> = way.headers.keys().map(String::as_str).collect();
        let what = if headers.is_empty() {
            "without credentials".to_owned()
        } else {
            format!("with {}", headers.join(", "))
        };
        line("server", &format!("{address} {what}"), "`servers` in config.toml");
    }
    let proxies = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
    for proxy in proxies.into_iter().filter(|name| surroundings.variable(name).is_some()) {
        line(
            "proxy",
            "docs and servers of tools are asked without it",
            &format!("the variable {proxy}"),
        );
    }
    if let Some(config) = surroundings.config() {
        let count = trust::record::Records::of(config).all().len();
        line("trusted", &shown::plural(count, "playbook"), "`wizard trust` lists them");
    }
    for (what, limit) in limits() {
        line(what, &limit, "");
    }
    let probe = crate::sandbox::probe(&std::env::current_exe()?);
    let why = probe.reason.map(|reason| format!("no further: {reason}"));
    let words = match probe.level {
        Level::None => "none: commands do not run without `--unconfined`",
        level => level.words(),
    };
    line("sandbox", words, &why.unwrap_or_default());
    print::out(&format!("{}\n", lines.join("\n")))?;
    Ok(if settled.is_some() { SUCCEEDED } else { UNABLE })
}

/// What holds however a playbook is written.
fn limits() -> [(&'static str, String); 2] {
    [
        ("a doc", "https, a host that the playbook names, 2 MiB, 30 s".to_owned()),
        (
            "a tool",
            "of a server: as it was accepted, 1 MiB, 60 s; files: below the project".to_owned(),
        ),
    ]
}
