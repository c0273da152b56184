//! `incoherent-budget`: limits that cannot be reached, or that leave no room for the work.

use crate::diagnostic::Level;
use crate::lint::Subject;
use crate::lint::rule::{Profile, Report, Rule, page};
use crate::playbook::{Budget, Grant, Stage};
use crate::source::Span;

pub(super) const RULE: Rule = Rule {
    name: "incoherent-budget",
    level: Level::Warning,
    profile: Profile::Default,
    page: page!("incoherent-budget"),
    diagnose: Some(diagnose),
};

fn diagnose(subject: &Subject<'_>, report: Report<'_>) {
    let playbook = subject.playbook;
    let top = |key: &str| subject.top_key(&["budget", key]).unwrap_or(playbook.name.span);
    if subject.models().next().is_some() {
        if let Some((key, limit)) = nothing(&playbook.budget) {
            let message = format!("`{key}: {limit}` ends the run before its first request");
            report(RULE.at(top(key), message).help("leave it out where nothing is to be limited"));
            return;
        }
        too_few_turns(subject, top("turns"), report);
    }
    for stage in &playbook.stages {
        let place = |key: &str| {
            let place = subject.key(stage.id.span, &["budget", key]);
            place.unwrap_or(stage.id.span)
        };
        let id = &stage.id.value;
        if stage.run.is_some() {
            if stage.budget != Budget::default() {
                let key = subject.key(stage.id.span, &["budget"]).unwrap_or(stage.id.span);
                report(
                    RULE.at(key, format!("`{id}` runs a command, which no budget limits"))
                        .help("a command has a `timeout:` in `commands:`, and a stage has one too"),
                );
            }
            continue;
        }
        if let Some((key, limit)) = nothing(&stage.budget) {
            let message = format!("`{key}: {limit}` fails `{id}` before its first request");
            report(
                RULE.at(place(key), message).help("leave it out where nothing is to be limited"),
            );
            continue;
        }
        for (key, own, run) in pairs(&stage.budget, &playbook.budget) {
            if own > run {
                let message = format!("`{id}` may take {own} {key}, and the run only {run}");
                report(
                    RULE.at(place(key), message)
                        .related(top(key), "the run's")
                        .help("the smaller limit counts: raise the run's, or lower this one"),
                );
            }
        }
        longer_than_the_run(subject, stage, top("minutes"), report);
    }
}

/// Returns a limit that not even one request fits into.
fn nothing(budget: &Budget) -> Option<(&'static str, u8)> {
    let minutes = budget.minutes.is_some_and(|minutes| minutes <= 0.0);
    let zeros = [
        ("turns", budget.turns == Some(0)),
        ("tokens", budget.tokens == Some(0)),
        ("minutes", minutes),
    ];
    zeros.into_iter().find(|(_, zero)| *zero).map(|(key, _)| (key, 0))
}

/// Returns the limits that both have.
fn pairs(own: &Budget, run: &Budget) -> impl Iterator<Item = (&'static str, f64, f64)> {
    #[expect(clippy::cast_precision_loss, reason = "a limit of 2^53 tokens is none")]
    let tokens = |budget: &Budget| budget.tokens.map(|tokens| tokens as f64);
    let pairs = [
        ("usd", own.usd, run.usd),
        ("tokens", tokens(own), tokens(run)),
        ("turns", own.turns.map(f64::from), run.turns.map(f64::from)),
        ("minutes", own.minutes, run.minutes),
    ];
    pairs.into_iter().filter_map(|(key, own, run)| Some((key, own?, run?)))
}

/// Reports a run that has fewer turns than stages that are always played.
fn too_few_turns(subject: &Subject<'_>, place: Span, report: Report<'_>) {
    let Some(turns) = subject.playbook.budget.turns else { return };
    let always = |stage: &Stage| stage.when.is_none() && stage.for_each.is_none();
    let stages = subject.models().filter(|(_, stage, _)| always(stage)).count();
    if (turns as usize) < stages {
        let message =
            format!("{stages} stages ask a model at least once, and the run has {turns} turns");
        report(RULE.at(place, message).help("raise it: the last stages are never played"));
    }
}

fn longer_than_the_run(subject: &Subject<'_>, stage: &Stage, top: Span, report: Report<'_>) {
    let (Some(timeout), Some(minutes)) = (stage.timeout, subject.playbook.budget.minutes) else {
        return;
    };
    // A person's time does not count against minutes, but does against a timeout.
    let asks = |grant: &Grant| matches!(grant, Grant::Tool(word) if word == "ask");
    let waits = stage.approve.is_some() || subject.playbook.grants(stage).any(asks);
    if waits || timeout.as_secs_f64() <= minutes * 60.0 {
        return;
    }
    let place = subject.key(stage.id.span, &["timeout"]).unwrap_or(stage.id.span);
    let own = timeout.as_secs_f64() / 60.0;
    let message =
        format!("`{}` may take {own} minutes, and the run only {minutes}", stage.id.value);
    report(
        RULE.at(place, message)
            .related(top, "the run's")
            .help("the smaller limit counts: raise the run's, or lower this one"),
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::sample::{find, playbook};

    fn found(run: &str, stage: &str) -> Vec<String> {
        let text = playbook(&format!("budget: {run}"), stage, "Build it.");
        find(&RULE, &text).into_iter().map(|finding| finding.message).collect()
    }

    #[test]
    fn a_stages_limit_is_below_the_runs() {
        for (run, stage) in [
            ("{usd: 1}", "budget: {usd: 1.5}"),
            ("{turns: 9}", "budget: {turns: 10}"),
            ("{tokens: 1000}", "budget: {tokens: 1001}"),
            ("{minutes: 5}", "budget: {minutes: 6}"),
            ("{minutes: 5}", "timeout: 6m"),
        ] {
            assert_eq!(found(run, stage).len(), 1, "{run} {stage}");
        }
        for (run, stage) in [
            ("{usd: 1}", "budget: {usd: 1}"),
            ("{usd: 1}", "budget: {turns: 99}"),
            ("{}", "budget: {turns: 99}"),
            ("{minutes: 5}", "timeout: 5m"),
            ("{minutes: 5}", "timeout: 1h\napprove: output"),
            ("{minutes: 5}", "timeout: 1h\ntools: [ask]"),
        ] {
            assert_eq!(found(run, stage), Vec::<String>::new(), "{run} {stage}");
        }
    }

    #[test]
    fn a_limit_leaves_room_for_one_request() {
        for run in ["{turns: 0}", "{tokens: 0, usd: 1}", "{minutes: 0}"] {
            assert_eq!(found(run, "").len(), 1, "{run}");
            assert_eq!(found("{}", &format!("budget: {run}")).len(), 1, "{run}");
        }
        // A model on one's own machine costs nothing.
        assert_eq!(found("{usd: 0}", "budget: {usd: 0}"), Vec::<String>::new());
    }

    #[test]
    fn every_stage_has_a_turn() {
        let text = |turns: u32, more: &str| {
            format!(
                "---\nplaybook: 1\nname: a\ndescription: A.\nbudget: {{turns: {turns}}}\nstages:\n  a:\n  b: {{{more}}}\n---\n\n## a\n\nA.\n\n## b\n\nB.\n"
            )
        };
        assert_eq!(find(&RULE, &text(1, "")).len(), 1);
        assert_eq!(find(&RULE, &text(2, "")), []);
        assert_eq!(find(&RULE, &text(1, "when: stages.a.output.files")), []);
    }
}
