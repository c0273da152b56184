//! `wizard doctor`: what a play would use, and where each value comes from.

use std::path::PathBuf;

use crate::cli::surroundings::Surroundings;
use crate::cli::{SUCCEEDED, UNABLE, model, print};

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
    line("sandbox", "none: commands run with your rights", "");
    print::out(&format!("{}\n", lines.join("\n")))?;
    Ok(if settled.is_some() { SUCCEEDED } else { UNABLE })
}
