//! `wizard fmt`: puts playbooks into canonical form.

use anyhow::Context as _;

use crate::cli::replace::replace;
use crate::cli::select::{Selected, select, standard_input};
use crate::cli::{FAILED, SUCCEEDED, UNABLE, print};
use crate::diagnostic::text;
use crate::playbook::{Layout, lay_out};
use crate::source::{Source, visible};

/// Put the front matter of playbooks into canonical form
///
/// Keys get the order of the format, and spaces, empty lines and indentation become even. Values,
/// comments and prose stay what they are. The exit code is 2 when a playbook could not be read or
/// written; the others are put into canonical form all the same.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Playbooks by file, folder, glob or name, or `-` for standard input
    ///
    /// Without any, the playbooks below the folder you are in.
    #[arg(value_name = "PLAYBOOK")]
    playbooks: Vec<String>,
    /// Change nothing, show what would change, and exit with 1 if something would
    #[arg(long)]
    check: bool,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<u8> {
    if let Some(bundle) = standard_input(&arguments.playbooks)? {
        let source = &bundle.files[0];
        let Some(canonical) = canonical(source) else { return Ok(UNABLE) };
        if arguments.check {
            return show(source, &canonical);
        }
        print::exactly(&canonical)?;
        return Ok(SUCCEEDED);
    }
    let mut code = SUCCEEDED;
    let mut stale = 0;
    for selected in select(&arguments.playbooks)? {
        let result = format(&selected, arguments.check).or_else(|error| {
            if print::is_broken_pipe(&error) {
                return Err(error);
            }
            print::complain(&format!("error: {error:#}"));
            Ok(UNABLE)
        })?;
        stale += usize::from(result == FAILED);
        code = code.max(result);
    }
    if stale > 0 {
        let (playbooks, them) = if stale == 1 { ("playbook", "it") } else { ("playbooks", "them") };
        let told = format!("{stale} {playbooks} would change; `wizard fmt` changes {them}");
        print::complain(&told);
    }
    Ok(code)
}

/// Puts one playbook into canonical form, or shows what would change.
fn format(selected: &Selected, check: bool) -> anyhow::Result<u8> {
    let bundle = selected.load()?;
    let source = &bundle.files[0];
    let file = selected.file();
    if !check && file.is_none() {
        anyhow::bail!("`{}` is compiled in and cannot be written; name a file", source.name);
    }
    let Some(canonical) = canonical(source) else { return Ok(UNABLE) };
    let Some(file) = file.filter(|_| !check) else { return show(source, &canonical) };
    if canonical != source.text {
        replace(&file, &canonical).with_context(|| format!("cannot write `{}`", source.name))?;
        print::out(&format!("formatted {}\n", source.name))?;
    }
    Ok(SUCCEEDED)
}

/// Returns the canonical form, or says why there is none.
fn canonical(source: &Source) -> Option<String> {
    match lay_out(source) {
        Layout::Canonical(text) => Some(text),
        Layout::Faulty(faults) => {
            for fault in &faults {
                let shown = text::render(fault, std::slice::from_ref(source), true);
                print::complain(&format!("{shown}\n"));
            }
            None
        }
        Layout::Unproven(span) => {
            let place = source.place(span.start);
            print::complain(&format!(
                "error: `{}` is left as it is: its canonical form would say something else in line \
                 {}; this is a fault of wizard, so please report it with the playbook",
                source.name, place.line
            ));
            None
        }
    }
}

/// Shows what would change.
fn show(source: &Source, canonical: &str) -> anyhow::Result<u8> {
    if canonical == source.text {
        return Ok(SUCCEEDED);
    }
    let difference = similar::TextDiff::from_lines(source.text.as_str(), canonical);
    let difference = difference.unified_diff().header(&source.name, &source.name).to_string();
    print::out(&visible(&difference).0)?;
    Ok(FAILED)
}
