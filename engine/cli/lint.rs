//! `wizard lint`: says what is wrong with playbooks.

use std::io::Read as _;
use std::path::Path;

use anyhow::{Context as _, bail};

use crate::cli::{FAILED, SUCCEEDED, print};
use crate::diagnostic::{Diagnostic, Level, concise, github, json, text};
use crate::lint::{self, Known, rules};
use crate::playbook::{self, Bundle};
use crate::source::Source;
use crate::tools;

/// Say what is wrong with playbooks
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Playbooks by file or name, folders of them, or `-` for standard input
    ///
    /// Without any, the playbooks of the folder you are in.
    #[arg(value_name = "PLAYBOOK")]
    playbooks: Vec<String>,
    /// How findings are printed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// List the rules and do nothing else
    #[arg(long, conflicts_with_all = ["playbooks", "format"])]
    list: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// With the lines they are about
    Text,
    /// One line each
    Concise,
    /// One JSON object a line
    Json,
    /// As annotations of a GitHub workflow
    Github,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<u8> {
    if arguments.list {
        print::out(&list())?;
        return Ok(SUCCEEDED);
    }
    let known = Known { tools: tools::WORDS.to_vec() };
    let (mut errors, mut warnings) = (0, 0);
    for bundle in bundles(&arguments.playbooks)? {
        let (_, findings) = lint::check(&bundle, &known);
        for finding in &findings {
            print::out(&render(finding, &bundle.files, arguments.format))?;
            match finding.level {
                Level::Error => errors += 1,
                Level::Warning => warnings += 1,
                Level::Info => {}
            }
        }
    }
    let counts = [count(errors, "error"), count(warnings, "warning")];
    let counts: Vec<String> = counts.into_iter().flatten().collect();
    if !counts.is_empty() {
        print::complain(&counts.join(", "));
    }
    Ok(if errors > 0 { FAILED } else { SUCCEEDED })
}

fn render(finding: &Diagnostic, files: &[Source], format: Format) -> String {
    match format {
        Format::Text => format!("{}\n\n", text::render(finding, files, true)),
        Format::Concise => format!("{}\n", concise::render(finding, files)),
        Format::Json => format!("{}\n", json::render(finding, files)),
        Format::Github => format!("{}\n", github::render(finding, files)),
    }
}

fn count(number: usize, of: &str) -> Option<String> {
    match number {
        0 => None,
        1 => Some(format!("1 {of}")),
        number => Some(format!("{number} {of}s")),
    }
}

/// Every rule with the first sentence of its page.
fn list() -> String {
    let width = rules::RULES.iter().map(|rule| rule.name.len()).max().unwrap_or_default();
    let line = |rule: &&lint::Rule| format!("{:width$}  {}\n", rule.name, rule.summary());
    rules::RULES.iter().map(line).collect()
}

fn bundles(named: &[String]) -> anyhow::Result<Vec<Bundle>> {
    if named.is_empty() {
        let found = folder(Path::new("."))?;
        if found.is_empty() {
            bail!("there is no playbook in this folder; name one: `wizard lint FILE`");
        }
        return Ok(found);
    }
    let mut bundles = Vec::new();
    for name in named {
        let path = Path::new(name);
        if name == "-" {
            bundles.push(standard_input()?);
        } else if path.is_dir() {
            let found = folder(path)?;
            if found.is_empty() {
                bail!("there is no playbook in `{name}`");
            }
            bundles.extend(found);
        } else {
            // An author lints the file at hand, even where a library has one of the same name.
            let here = if path.is_file() { format!("./{name}") } else { name.clone() };
            let name = if path.is_absolute() { name } else { &here };
            let (library, inside) = playbook::resolve(name, None)?;
            bundles.push(playbook::load(library, &inside)?);
        }
    }
    Ok(bundles)
}

fn standard_input() -> anyhow::Result<Bundle> {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).context("cannot read standard input")?;
    Ok(playbook::load_text("<stdin>", &text))
}

/// Reads the playbooks of a folder: those in its `playbooks/`, or else those in the folder itself.
/// Markdown without a front matter is no playbook.
fn folder(folder: &Path) -> anyhow::Result<Vec<Bundle>> {
    let inside = folder.join("playbooks");
    let folder = if inside.is_dir() { inside.as_path() } else { folder };
    let files = markdown(folder).with_context(|| format!("cannot read `{}`", folder.display()))?;
    let mut bundles = Vec::new();
    for file in files {
        let path = folder.join(file).display().to_string();
        let (library, inside) = playbook::resolve(&path, None)?;
        let bundle = playbook::load(library, &inside)?;
        if bundle.files[0].text.trim_start_matches('\u{feff}').trim_start().starts_with("---") {
            bundles.push(bundle);
        }
    }
    Ok(bundles)
}

fn markdown(folder: &Path) -> std::io::Result<Vec<String>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if Path::new(&name).extension().is_some_and(|extension| extension == "md") {
            files.push(name);
        }
    }
    files.sort();
    Ok(files)
}
