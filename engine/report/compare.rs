//! Two runs, held against each other.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::journal::event::CheckVerdict;
use crate::journal::shown;
use crate::report::text::spent;
use crate::report::{Report, StageReport};

/// Says in what two runs differ, in a few lines a person reads; and what is alike, shortly.
pub fn render(then: &Report, now: &Report) -> String {
    let mut text = format!("{} → {}\n", shown::line(&then.run), shown::line(&now.run));
    let mut line = |name: &str, then: &str, now: &str| {
        let (then, now) = (shown::line(then), shown::line(now));
        let change = if then == now { now } else { format!("{then} → {now}") };
        let _ = writeln!(text, "{name:<9} {change}");
    };
    let hash = |report: &Report| report.hash.get(..12).unwrap_or(&report.hash).to_owned();
    let playbook = |report: &Report| format!("{} {}", report.playbook, hash(report));
    line("playbook", &playbook(then), &playbook(now));
    let model = |report: &Report| report.model.clone().unwrap_or_else(|| "none".to_owned());
    line("model", &model(then), &model(now));
    line("ending", then.ending.words(), now.ending.words());
    let cost = |report: &Report| spent(&report.totals.spent, report.replay.is_some());
    line("costs", &cost(then), &cost(now));
    stages(&mut text, then, now);
    files(&mut text, then, now);
    checks(&mut text, then, now);
    text
}

fn stages(text: &mut String, then: &Report, now: &Report) {
    let ids = then.stages.iter().chain(&now.stages).map(|stage| &stage.id);
    let mut told: BTreeSet<&String> = BTreeSet::new();
    text.push_str("\nStages\n");
    for id in ids {
        if !told.insert(id) {
            continue;
        }
        let of = |report: &'_ Report| -> Option<StageReport> {
            report.stages.iter().find(|stage| stage.id == *id).cloned()
        };
        let words = match (of(then), of(now)) {
            (Some(then), Some(now)) => both(&then, &now),
            (Some(_), None) => "only in the first".to_owned(),
            (None, _) => "only in the second".to_owned(),
        };
        let _ = writeln!(text, "  {:<12} {words}", shown::line(id));
    }
}

fn both(then: &StageReport, now: &StageReport) -> String {
    let mut words = Vec::new();
    let (was, is) = (then.status.words(), now.status.words());
    words.push(if was == is { is.to_owned() } else { format!("{was} → {is}") });
    if let Some(from) = &now.reused {
        words.push(format!("used again from {}", shown::line(from)));
    }
    let parts = differing(then, now);
    if !parts.is_empty() {
        words.push(format!("other: {}", parts.join(", ")));
    }
    if then.output != now.output {
        words.push("left something else".to_owned());
    }
    if then.spent.turns != now.spent.turns {
        words.push(format!("turns {} → {}", then.spent.turns, now.spent.turns));
    }
    words.join("; ")
}

/// Names the parts in which the recipes of two stages differ.
pub(super) fn differing(then: &StageReport, now: &StageReport) -> Vec<String> {
    let names: BTreeSet<&String> = then.recipe.keys().chain(now.recipe.keys()).collect();
    let differs = |name: &&String| then.recipe.get(*name) != now.recipe.get(*name);
    if then.recipe.is_empty() || now.recipe.is_empty() {
        return Vec::new();
    }
    names.into_iter().filter(differs).map(|name| shown::line(name)).collect()
}

fn files(text: &mut String, then: &Report, now: &Report) {
    let paths = then.files.iter().chain(&now.files).map(|file| &file.path);
    let paths: BTreeSet<&String> = paths.collect();
    if paths.is_empty() {
        return;
    }
    text.push_str("\nFiles that changed\n");
    for path in paths {
        let of = |report: &Report| {
            let file = report.files.iter().find(|file| file.path == *path)?;
            let lines = |count: Option<usize>| count.map_or("?".to_owned(), |it| it.to_string());
            Some(format!("{} +{} -{}", file.how, lines(file.added), lines(file.removed)))
        };
        let words = match (of(then), of(now)) {
            (Some(then), Some(now)) if then == now => now,
            (Some(then), Some(now)) => format!("{then} → {now}"),
            (Some(then), None) => format!("only in the first: {then}"),
            (None, now) => format!("only in the second: {}", now.unwrap_or_default()),
        };
        let _ = writeln!(text, "  {:<32} {words}", shown::line(path));
    }
}

fn checks(text: &mut String, then: &Report, now: &Report) {
    let names = then.checks.iter().chain(&now.checks).map(|check| (&check.check, &check.at));
    let names: BTreeSet<_> = names.collect();
    let differing = names.into_iter().filter_map(|(check, at)| {
        let of = |report: &Report| {
            let checks = report.checks.iter();
            let last = checks.rev().find(|it| it.check == *check && it.at == *at);
            last.map_or("not run", |check| match check.verdict {
                CheckVerdict::Passed => "passed",
                CheckVerdict::Failed => "failed",
                CheckVerdict::RedBefore => "red before and after",
            })
        };
        let (then, now) = (of(then), of(now));
        (then != now).then(|| format!("  {} ({at}): {then} → {now}", shown::line(check)))
    });
    let differing: Vec<String> = differing.collect();
    if !differing.is_empty() {
        let _ = writeln!(text, "\nChecks\n{}", differing.join("\n"));
    }
}
