//! What a whole playbook may do, as a table that a person reads before it is trusted, and that two
//! versions of it are compared by.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::closed::is_protected;
use crate::expression::Template;
use crate::journal::shown;
use crate::playbook::{
    ArgumentRule, Budget, Command, CommandKind, Doc, DocPlace, EnvFileAccess, Grant, InputKind,
    Playbook,
};

/// Kinds of powers, each with its word, in the order in which they are shown.
const KINDS: [&str; 12] = [
    "tools",
    "changes",
    "removes",
    "protected",
    "runs",
    "installs",
    "reaches",
    "sets",
    "asks for",
    "fetches",
    "servers",
    "budget",
];

/// Everything that a playbook may do, by kind. What is not in it, the playbook cannot do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PowerTable(BTreeMap<String, Vec<String>>);

/// A power that one version has and the other has not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PowerChange {
    /// Whether it is new; else it is gone.
    pub added: bool,
    /// The word of its kind.
    pub kind: &'static str,
    /// The power.
    pub power: String,
}

impl PowerTable {
    /// Collects the powers of a playbook.
    pub fn of(playbook: &Playbook) -> Self {
        let mut table = PowerTable::default();
        tools(&mut table, playbook);
        for stage in &playbook.stages {
            let removes = playbook.grants(stage).any(|grant| word(grant) == Some("remove"));
            for glob in &stage.writes {
                table.add("changes", &glob.value);
                if removes {
                    table.add("removes", &glob.value);
                }
                if is_protected(&glob.value) {
                    table.add("protected", &glob.value);
                }
            }
        }
        for command in &playbook.commands {
            runs(&mut table, command);
        }
        if let Some(env) = &playbook.env {
            for (key, value) in &env.keys {
                let (file, key) = (&env.file.value, &key.value);
                table.add("sets", &format!("{key} in {file} to {}", value.text));
            }
        }
        for input in &playbook.inputs {
            let secret = if input.kind == InputKind::Secret { ", which no model sees" } else { "" };
            if let Some(variable) = &input.env {
                table.add("asks for", &format!("the variable {variable}{secret}"));
            } else if !secret.is_empty() {
                table.add("asks for", &format!("{}{secret}", input.name.value));
            }
        }
        let docs = playbook.docs.iter().chain(playbook.stages.iter().flat_map(|it| &it.docs));
        docs.filter_map(address).for_each(|url| table.add("fetches", &url.text));
        table.add("budget", &budget(&playbook.budget));
        table
    }

    /// Writes it as lines of a kind and one power, what would act on a terminal spelled out.
    pub fn lines(&self) -> Vec<(&'static str, String)> {
        let kinds = KINDS.into_iter().filter_map(|kind| Some((kind, self.0.get(kind)?)));
        kinds
            .flat_map(|(kind, powers)| powers.iter().map(move |power| (kind, shown::line(power))))
            .collect()
    }

    /// Says how another version differs from this one.
    pub fn changes(&self, other: &PowerTable) -> Vec<PowerChange> {
        let none = Vec::new();
        let mut changes = Vec::new();
        for kind in KINDS {
            let old = self.0.get(kind).unwrap_or(&none);
            let new = other.0.get(kind).unwrap_or(&none);
            let one =
                |power: &String, added| PowerChange { added, kind, power: shown::line(power) };
            changes.extend(old.iter().filter(|it| !new.contains(it)).map(|it| one(it, false)));
            changes.extend(new.iter().filter(|it| !old.contains(it)).map(|it| one(it, true)));
        }
        changes
    }

    fn add(&mut self, kind: &'static str, power: &str) {
        let powers = self.0.entry(kind.to_owned()).or_default();
        if !powers.iter().any(|it| it == power) {
            powers.push(power.to_owned());
        }
    }
}

fn word(grant: &Grant) -> Option<&str> {
    match grant {
        Grant::Tool(word) => Some(word),
        Grant::Run(_) | Grant::Mcp { .. } => None,
    }
}

/// The tools on one line, and the tools of servers with where those are.
fn tools(table: &mut PowerTable, playbook: &Playbook) {
    let own = playbook.stages.iter().flat_map(|stage| &stage.tools);
    let grants = || playbook.tools.iter().chain(own.clone()).map(|grant| &grant.value);
    let mut words: Vec<String> = grants()
        .filter_map(|grant| match grant {
            Grant::Tool(word) => Some(word.clone()),
            Grant::Run(name) => Some(format!("run({name})")),
            Grant::Mcp { .. } => None,
        })
        .collect();
    words.sort();
    words.dedup();
    if !words.is_empty() {
        table.add("tools", &words.join(" "));
    }
    for grant in grants() {
        let Grant::Mcp { server, tool } = grant else { continue };
        let at = playbook.mcp.iter().find(|declared| declared.name.value == *server);
        let at = at.map_or("nowhere", |declared| declared.url.value.as_str());
        table.add("servers", &format!("{tool} of {server} at {at}"));
    }
}

fn runs(table: &mut PowerTable, command: &Command) {
    let words: Vec<String> = command.words.iter().map(|word| word.text.clone()).collect();
    let name = &command.name.value;
    let mut line = match command.kind {
        CommandKind::Run => format!("{name}: {}", shown::argv(&words)),
        CommandKind::Exec => format!("{name}: the project's own {}", shown::argv(&words)),
        CommandKind::Script => format!("{name}: the project's script {}", shown::argv(&words)),
        CommandKind::Add => {
            words.iter().for_each(|word| table.add("installs", word));
            format!("{name}: adds packages")
        }
    };
    for argument in &command.args {
        let rule = match &argument.rule {
            ArgumentRule::Options(options) => options.join(" or "),
            ArgumentRule::Pattern(pattern) => format!("/{}/", pattern.value),
        };
        line.push_str(&format!(", with {} {rule}", argument.name.value));
    }
    if let Some(cwd) = &command.cwd {
        line.push_str(&format!(", in {}", cwd.value));
    }
    if command.env_file == EnvFileAccess::Readable {
        line.push_str(", sees env files");
    }
    table.add("runs", &line);
    for host in &command.network {
        table.add("reaches", &format!("{} with {name}", host.value));
    }
}

fn address(doc: &Doc) -> Option<&Template> {
    match &doc.place {
        DocPlace::Url(url) => Some(url),
        DocPlace::File(_) => None,
    }
}

fn budget(budget: &Budget) -> String {
    let mut parts = Vec::new();
    parts.extend(budget.usd.map(|usd| format!("${usd:.2}")));
    parts.extend(budget.tokens.map(|tokens| format!("{tokens} tokens")));
    parts.extend(budget.turns.map(|turns| format!("{turns} turns")));
    parts.extend(budget.minutes.map(|minutes| format!("{minutes} minutes")));
    if parts.is_empty() { "no limit".to_owned() } else { parts.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(keys: &str) -> PowerTable {
        let text = format!(
            "---\nplaybook: 1\nname: a\ndescription: A.\n{keys}stages:\n  s:\n    tools: [edit, remove, run(b)]\n    \
             writes: ['*.ts', .github/workflows/ci.yml]\n---\n\n## s\n\nDo.\n"
        );
        let bundle = crate::playbook::load_text("a.md", &text);
        PowerTable::of(&crate::playbook::parse(&bundle).0)
    }

    const KEYS: &str = "inputs:\n  key: {type: secret, env: KEY}\n  token: {env: TOKEN}\n\
                        mcp: {shop: {url: 'https://mcp.example.com/'}}\ntools: [read, mcp(shop/list)]\n\
                        docs: {d: {url: 'https://a.de/${{ inputs.token }}'}}\n\
                        env: {file: .env, keys: {K: '${{ inputs.key }}'}}\n\
                        commands:\n  b: {run: [make, -j, a b], network: [c.de], env_file: readable, args: {x: {enum: [u, v]}}}\n  \
                        p: {add: [left-pad]}\nbudget: {usd: 2.5, turns: 9}\n";

    #[test]
    fn a_table_says_everything_that_a_playbook_may_do() {
        let lines = table(KEYS).lines();
        let lines: Vec<String> =
            lines.iter().map(|(kind, power)| format!("{kind}: {power}")).collect();
        assert_eq!(
            lines,
            [
                "tools: edit read remove run(b)",
                "changes: *.ts",
                "changes: .github/workflows/ci.yml",
                "removes: *.ts",
                "removes: .github/workflows/ci.yml",
                "protected: .github/workflows/ci.yml",
                "runs: b: make -j 'a b', with x u or v, sees env files",
                "runs: p: adds packages",
                "installs: left-pad",
                "reaches: c.de with b",
                "sets: K in .env to ${{ inputs.key }}",
                "asks for: the variable KEY, which no model sees",
                "asks for: the variable TOKEN",
                "fetches: https://a.de/${{ inputs.token }}",
                "servers: list of shop at https://mcp.example.com/",
                "budget: $2.50, 9 turns",
            ]
        );
    }

    #[test]
    fn every_change_of_a_power_is_told_and_no_other() {
        let old = table(KEYS);
        assert_eq!(old.changes(&old), []);
        let told = |keys: &str| -> Vec<String> {
            let changes = old.changes(&table(keys));
            let sign = |added| if added { '+' } else { '-' };
            changes.iter().map(|it| format!("{}{} {}", sign(it.added), it.kind, it.power)).collect()
        };
        let with = KEYS.replace("left-pad", "evil");
        assert_eq!(told(&with), ["-installs left-pad", "+installs evil"]);
        let with = KEYS.replace("mcp.example.com", "mcp.evil.example");
        assert_eq!(told(&with).len(), 2);
        let hidden = KEYS.replace("[c.de]", "[c.de, \"\\u202Ed.de\"]");
        assert_eq!(told(&hidden), ["+reaches \\u{202e}d.de with b"]);
    }
}
