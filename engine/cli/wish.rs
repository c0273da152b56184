//! What a playbook is begun for: from flags, and from the person where there is a terminal.

use std::io::IsTerminal as _;

use anyhow::bail;
use dialoguer::console::Term;
use dialoguer::theme::ColorfulTheme;
use dialoguer::{Input, Select};

use crate::cli::new::Made;
use crate::scaffold::{NoPackage, Package, Wish, languages, scaffold};

/// What a playbook is begun for.
#[derive(Debug, clap::Args)]
pub(super) struct Wanted {
    /// The language of the projects
    #[arg(long, conflicts_with = "from")]
    language: Option<String>,

    /// The framework's package as the projects name it, with a range if it matters: `NAME>=1.2`
    #[arg(long, value_name = "NAME", conflicts_with = "from")]
    package: Option<Package>,

    /// A package that the playbook adds, with a range: `NAME>=1.2`; may be given again
    #[arg(long, value_name = "NAME", conflicts_with = "from")]
    adds: Vec<Package>,
}

impl Wanted {
    /// Makes the files of a beginning.
    pub(super) fn begin(&self, name: &str) -> anyhow::Result<Made> {
        let wish = self.wish(name)?;
        let files = scaffold(&wish)?;
        Ok(Made { files, from: None, left_out: Vec::new() })
    }

    fn wish(&self, name: &str) -> anyhow::Result<Wish> {
        let asks = std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
        let missing =
            [("--language", self.language.is_none()), ("--package", self.package.is_none())];
        let missing: Vec<&str> =
            missing.iter().filter(|(_, missing)| *missing).map(|(flag, _)| *flag).collect();
        if !asks && !missing.is_empty() {
            bail!("nobody is at the terminal to be asked; give {}", missing.join(" and "));
        }
        let language = self.language.clone().map_or_else(ask_language, Ok)?;
        let package = self.package.clone().map_or_else(ask_package, Ok)?;
        let adds = if missing.is_empty() || !self.adds.is_empty() {
            self.adds.clone()
        } else {
            ask_adds()?
        };
        Ok(Wish { name: name.to_owned(), language, package, adds })
    }
}

fn ask_language() -> anyhow::Result<String> {
    let languages = languages();
    let theme = ColorfulTheme::default();
    let select = Select::with_theme(&theme).with_prompt("The language of the projects");
    let chosen = select.items(&languages).default(0).interact_on(&Term::stderr())?;
    Ok(languages.get(chosen).copied().unwrap_or_default().to_owned())
}

fn ask_package() -> anyhow::Result<Package> {
    let prompt = "The framework's package, with a range if it matters: NAME>=1.2";
    Ok(ask(prompt, |typed| typed.parse::<Package>().map(|_| ()))?.parse()?)
}

fn ask_adds() -> anyhow::Result<Vec<Package>> {
    let prompt =
        "Packages that the playbook adds, each with a range, or nothing: NAME>=1.2 NAME>=3";
    Ok(packages(&ask(prompt, |typed| packages(typed).map(|_| ()))?)?)
}

/// Asks until what is typed is valid.
fn ask(prompt: &str, valid: fn(&str) -> Result<(), NoPackage>) -> anyhow::Result<String> {
    let theme = ColorfulTheme::default();
    let input = Input::<String>::with_theme(&theme).with_prompt(prompt).allow_empty(true);
    let input = input.validate_with(|typed: &String| valid(typed));
    Ok(input.interact_text_on(&Term::stderr())?)
}

fn packages(typed: &str) -> Result<Vec<Package>, NoPackage> {
    typed.split_whitespace().map(str::parse).collect()
}
