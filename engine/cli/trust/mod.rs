//! Trust in playbooks from outside: what they may do is shown, and they are played after a yes to
//! exactly these bytes.
//!
//! **Invariant:** nothing of a project says yes, and nothing is asked of a host or a program before
//! a person does. `--yes` is no yes here.

pub(super) mod origin;
pub(super) mod record;
pub(super) mod tools;

use std::io::IsTerminal as _;

use anyhow::Context as _;
use clap::Subcommand;
use dialoguer::Confirm;
use dialoguer::console::Term;
use dialoguer::theme::ColorfulTheme;

use crate::cli::surroundings::Surroundings;
use crate::cli::{SUCCEEDED, UNABLE, print};
use crate::journal::shown;
use crate::outline::PowerTable;
use origin::Origin;
use record::{Record, Records};

/// The widest that a kind of powers is.
const KIND: usize = 11;

/// A playbook from outside, before anybody said yes.
pub(super) struct Outside<'a> {
    /// Where it comes from.
    pub(super) origin: &'a Origin,
    /// SHA-256 over everything that it can load.
    pub(super) seal: &'a str,
    /// What it may do.
    pub(super) powers: &'a PowerTable,
}

/// Asks the person at the terminal, after a text was shown; nothing where nobody is there.
fn person(question: &str) -> impl FnMut(&str) -> anyhow::Result<Option<bool>> {
    move |text| {
        print::complain(text);
        if is_asked() { confirm(question).map(Some) } else { Ok(None) }
    }
}

/// Says whether a playbook from outside is played: it is pinned, was trusted as it is, or a person
/// says yes now.
pub(super) fn settle(
    outside: &Outside<'_>,
    pins: &[String],
    surroundings: &Surroundings,
) -> anyhow::Result<bool> {
    let records = surroundings.config().map(|config| Records::of(config));
    let decided = decide(outside, pins, records.as_ref(), &mut person("Play it?"))?;
    if decided == Decided::Nobody {
        let name = shown::line(&outside.origin.shown);
        let why = if pins.is_empty() {
            format!("`{name}` is from outside, and nobody is here to trust it")
        } else {
            format!("`{name}` is not what was pinned")
        };
        let seal = outside.seal;
        print::complain(&format!(
            "error: {why}; with these powers, play it with\n  --pin sha256:{seal}"
        ));
    }
    Ok(decided == Decided::Yes)
}

/// What became of a playbook from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Decided {
    Yes,
    No,
    /// Nobody was there to ask.
    Nobody,
}

/// Asks, where neither a pin nor a record says yes to exactly these bytes, and keeps a yes.
fn decide(
    outside: &Outside<'_>,
    pins: &[String],
    records: Option<&Records>,
    person: &mut dyn FnMut(&str) -> anyhow::Result<Option<bool>>,
) -> anyhow::Result<Decided> {
    let Outside { origin, seal, powers } = outside;
    if pins.iter().any(|pin| pin == seal) {
        return Ok(Decided::Yes);
    }
    let known = records.and_then(|records| records.find(&origin.key));
    if known.as_ref().and_then(|known| known.sha256.as_deref()) == Some(*seal) {
        return Ok(Decided::Yes);
    }
    match person(&told(outside, known.as_ref()))? {
        None => return Ok(Decided::Nobody),
        Some(false) => return Ok(Decided::No),
        Some(true) => {}
    }
    if let Some(records) = records {
        let tools = known.map(|known| known.tools).unwrap_or_default();
        records.keep(&Record {
            origin: origin.key.clone(),
            sha256: Some((*seal).to_owned()),
            powers: (*powers).clone(),
            tools,
            when: jiff::Timestamp::now().strftime("%Y-%m-%d %H:%M").to_string(),
        })?;
    }
    Ok(Decided::Yes)
}

/// Whether somebody is at a terminal to say yes.
pub(super) fn is_asked() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// Asks for a yes. Enter alone is a no.
pub(super) fn confirm(prompt: &str) -> anyhow::Result<bool> {
    let theme = ColorfulTheme::default();
    let asked = Confirm::with_theme(&theme).with_prompt(prompt).default(false);
    Ok(asked.interact_on(&Term::stderr())?)
}

/// Says what a playbook may do: all of it at the first time, and later what is different.
fn told(outside: &Outside<'_>, known: Option<&Record>) -> String {
    let Outside { origin, powers, .. } = outside;
    let name = shown::line(&origin.shown);
    let Some(known) = known.filter(|known| known.sha256.is_some()) else {
        let mut text = format!("{name} comes from outside. It may do this and no more:\n");
        for (kind, power) in powers.lines() {
            text.push_str(&format!("  {kind:KIND$}{power}\n"));
        }
        return text;
    };
    let changes = known.powers.changes(powers);
    if changes.is_empty() {
        return format!("{name} has changed since you trusted it; its powers are the same\n");
    }
    let mut text = format!("{name} has changed since you trusted it, and so have its powers:\n");
    for change in changes {
        let sign = if change.added { '+' } else { '-' };
        let (kind, power) = (change.kind, change.power);
        text.push_str(&format!("{sign} {kind:KIND$}{power}\n"));
    }
    text
}

/// Reads a `--pin`.
pub(super) fn pin(text: &str) -> Result<String, String> {
    let hex = text.strip_prefix("sha256:").ok_or("it begins with `sha256:`")?;
    let digits = hex.chars().all(|digit| digit.is_ascii_digit() || ('a'..='f').contains(&digit));
    if hex.len() == 64 && digits {
        Ok(hex.to_owned())
    } else {
        Err("64 hex digits follow `sha256:`".to_owned())
    }
}

/// List the playbooks from outside that you trust, or forget one
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(Debug, Subcommand)]
enum What {
    /// List them, each with the bytes that you said yes to
    List,
    /// Forget one, so that its next play asks again
    Forget {
        /// Where it comes from, as `wizard trust` lists it, or its path
        origin: String,
    },
}

pub(super) fn run(arguments: &Arguments, surroundings: &Surroundings) -> anyhow::Result<u8> {
    let config = surroundings.config().context("there is no home folder: set HOME")?;
    let records = Records::of(config);
    match &arguments.what {
        None | Some(What::List) => {
            let mut text = String::new();
            for record in records.all() {
                let seal = record
                    .sha256
                    .map_or("of a library".to_owned(), |seal| format!("sha256:{seal}"));
                let origin = shown::line(&record.origin);
                text.push_str(&format!("{origin}\n  {seal}, since {}\n", record.when));
                for (tool, accepted) in &record.tools {
                    let tool = shown::line(tool);
                    text.push_str(&format!("  tool {tool} sha256:{}\n", accepted.sha256));
                }
            }
            print::out(&text)?;
            Ok(SUCCEEDED)
        }
        Some(What::Forget { origin }) => {
            let real = std::path::Path::new(origin).canonicalize().ok();
            let real = real.map(|real| real.display().to_string());
            for key in [Some(origin.clone()), real].into_iter().flatten() {
                if records.forget(&key)? {
                    print::out(&format!("{} is forgotten\n", shown::line(&key)))?;
                    return Ok(SUCCEEDED);
                }
            }
            let name = shown::line(origin);
            print::complain(&format!(
                "error: `{name}` was not trusted; `wizard trust` lists what is"
            ));
            Ok(UNABLE)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use crate::playbook::Held;

    use super::*;

    const TEXT: &str = "---\nplaybook: 1\nname: a\ndescription: A.\ncommands:\n  b: {run: [make]}\nstages:\n  s: {run: b}\n---\n";

    /// Plays a text from outside, whose person says `yes` or nothing, and tells what was shown.
    fn ask(text: &[u8], records: &Records, answer: Option<bool>) -> (Decided, Option<String>) {
        let mut held = Held { from: String::new(), files: BTreeMap::new() };
        held.take("a.md", text.to_vec()).unwrap();
        let seal = held.seal();
        let bundle = crate::playbook::load_text("a.md", &String::from_utf8_lossy(text));
        let powers = PowerTable::of(&crate::playbook::parse(&bundle).0);
        let origin = Origin { key: "/a.md".to_owned(), shown: "./a.md".to_owned() };
        let outside = Outside { origin: &origin, seal: &seal, powers: &powers };
        let mut shown = None;
        let mut person = |text: &str| {
            shown = Some(text.to_owned());
            Ok(answer)
        };
        let decided = decide(&outside, &[], Some(records), &mut person).unwrap();
        (decided, shown)
    }

    #[test]
    fn a_yes_holds_for_exactly_these_bytes() {
        let config = tempfile::tempdir().unwrap();
        let records = Records::of(config.path());
        let text = TEXT.as_bytes();
        assert_eq!(ask(text, &records, None).0, Decided::Nobody);
        assert_eq!(ask(text, &records, Some(false)).0, Decided::No);
        let (decided, shown) = ask(text, &records, Some(true));
        assert_eq!(decided, Decided::Yes);
        assert!(shown.unwrap().contains("  runs       b: make\n"));
        assert_eq!(ask(text, &records, None), (Decided::Yes, None));
        for change in 0..1_000 {
            let mut other = text.to_vec();
            let at = change % other.len();
            other[at] ^= 1 << (change / other.len() % 7);
            if other != text {
                assert_eq!(ask(&other, &records, None).0, Decided::Nobody, "{change}");
            }
        }
        assert_eq!(ask(text, &records, None), (Decided::Yes, None));
    }

    #[test]
    fn a_change_shows_the_difference_of_powers_alone() {
        let config = tempfile::tempdir().unwrap();
        let records = Records::of(config.path());
        ask(TEXT.as_bytes(), &records, Some(true));
        let words = TEXT.replace("description: A.", "description: B.");
        let (_, shown) = ask(words.as_bytes(), &records, Some(true));
        assert_eq!(
            shown.as_deref(),
            Some("./a.md has changed since you trusted it; its powers are the same\n")
        );
        let powers = words.replace("[make]", "[make, \"\\e[2Kx\"]");
        let (_, shown) = ask(powers.as_bytes(), &records, None);
        assert_eq!(
            shown.as_deref(),
            Some(
                "./a.md has changed since you trusted it, and so have its powers:\n\
                 - runs       b: make\n\
                 + runs       b: make '\\u{1b}[2Kx'\n"
            )
        );
    }

    #[test]
    fn a_pin_is_a_whole_hash() {
        assert!(pin(&format!("sha256:{}", "0a".repeat(32))).is_ok());
        for text in
            ["", "sha256:", "sha256:0a", &"0a".repeat(32), &format!("sha256:{}", "0A".repeat(32))]
        {
            assert!(pin(text).is_err(), "{text}");
        }
    }
}
