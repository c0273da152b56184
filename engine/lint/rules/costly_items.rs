//! `costly-items`: more items than the budget has turns for.

use serde_json::Value;

use crate::diagnostic::Level;
use crate::expression::{Part, Template};
use crate::lint::Subject;
use crate::lint::rule::{Profile, Report, Rule, page};
use crate::playbook::{Budget, Grant, Stage};
use crate::source::{Span, Spanned};

pub(super) const RULE: Rule = Rule {
    name: "costly-items",
    level: Level::Warning,
    profile: Profile::Default,
    page: page!("costly-items"),
    diagnose: Some(diagnose),
};

/// Bytes of a text that count as one token, as the engine reckons.
const BYTES_A_TOKEN: usize = 4;

fn diagnose(subject: &Subject<'_>, report: Report<'_>) {
    for (_, stage, _) in subject.models() {
        let max = stage.for_each.as_ref().and_then(|for_each| for_each.max.as_ref());
        let Some((most, said)) = max.and_then(|max| most(subject, max)) else { continue };
        let place = max.map_or(stage.id.span, |max| max.span);
        let turns = least_turns(subject, stage);
        let needed = most.saturating_mul(turns);
        let reckoned = format!("{said} items of at least {turns} {} each", plural(turns, "turn"));
        let limits = [(&stage.budget, "the stage"), (&subject.playbook.budget, "the run")];
        for (budget, whose) in limits {
            let over = over(subject, stage, budget, needed);
            let Some((limit, key, wanted)) = over else { continue };
            let limits = limit_place(subject, stage, whose, key);
            let message = format!("{reckoned} make {wanted} {key}, and {whose} has {limit}");
            let mut finding = RULE.at(place, message);
            if let Some(limits) = limits {
                finding = finding.related(limits, "the limit");
            }
            report(
                finding.help("lower `max`, or raise the limit: the last items are never played"),
            );
            break;
        }
    }
}

/// Returns the limit that is passed, its key, and how much would be needed.
fn over(
    subject: &Subject<'_>,
    stage: &Stage,
    budget: &Budget,
    turns: u64,
) -> Option<(u64, &'static str, u64)> {
    if let Some(limit) = budget.turns.map(u64::from).filter(|limit| turns > *limit) {
        return Some((limit, "turns", turns));
    }
    let tokens = turns.saturating_mul(least_tokens(subject, stage));
    let limit = budget.tokens.filter(|limit| tokens > *limit)?;
    Some((limit, "tokens", tokens))
}

fn limit_place(subject: &Subject<'_>, stage: &Stage, whose: &str, key: &str) -> Option<Span> {
    if whose == "the run" {
        subject.top_key(&["budget", key])
    } else {
        subject.key(stage.id.span, &["budget", key])
    }
}

/// Returns the most items, and how they are said: a number, or the default of the input that is
/// named.
fn most(subject: &Subject<'_>, max: &Spanned<Value>) -> Option<(u64, String)> {
    if let Some(most) = max.value.as_u64() {
        return Some((most, most.to_string()));
    }
    let (template, _) = Template::parse(max.value.as_str()?, max.span);
    let [Part::Expression(expression)] = &template.parts[..] else { return None };
    let name = expression.text.strip_prefix("inputs.")?;
    let input = subject.playbook.inputs.iter().find(|input| input.name.value == name)?;
    let most = input.default.as_ref()?.as_u64()?;
    Some((most, format!("{most} (the default of `{name}`)")))
}

/// Returns how many requests an item takes at least: what is edited is read in one before.
fn least_turns(subject: &Subject<'_>, stage: &Stage) -> u64 {
    let has = |word: &str| {
        subject.playbook.grants(stage).any(|it| matches!(it, Grant::Tool(tool) if tool == word))
    };
    if has("edit") && !has("write") { 2 } else { 1 }
}

/// Returns how many tokens of prose each request sends at least.
fn least_tokens(subject: &Subject<'_>, stage: &Stage) -> u64 {
    let playbook = subject.playbook;
    let proses = std::iter::once(&playbook.preamble).chain(&playbook.includes);
    let proses = proses.chain(&stage.section).chain(&stage.includes);
    // A template may become shorter than it is written.
    let parts = proses.flat_map(|prose| &prose.text.parts);
    let bytes: usize = parts
        .map(|part| match part {
            Part::Text(text) => text.len(),
            Part::Expression(_) => 0,
        })
        .sum();
    u64::try_from(bytes / BYTES_A_TOKEN).unwrap_or(u64::MAX)
}

fn plural(count: u64, word: &str) -> String {
    if count == 1 { word.to_owned() } else { format!("{word}s") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::sample::{find, playbook};

    fn found(top: &str, stage: &str) -> Vec<String> {
        let text = playbook(top, stage, &"Build the page of the basket.\n".repeat(20));
        find(&RULE, &text).into_iter().map(|finding| finding.message).collect()
    }

    #[test]
    fn the_items_fit_into_the_budget() {
        let each = |max: &str| format!("for_each: {{in: inputs.pages, max: {max}}}");
        let inputs = "inputs: {pages: {type: list}, most: {type: integer, default: 30}}";
        let run = |budget: &str| format!("{inputs}\nbudget: {budget}");
        let message = "30 (the default of `most`) items of at least 1 turn each make 30 turns, and the run has 20";
        assert_eq!(found(&run("{turns: 20}"), &each("'${{ inputs.most }}'")), [message]);
        assert_eq!(found(&run("{turns: 20}"), &each("21")).len(), 1);
        assert_eq!(found(&run("{tokens: 1000}"), &each("9")).len(), 1);
        assert_eq!(found(&run("{}"), &format!("{}\nbudget: {{turns: 8}}", each("9"))).len(), 1);
        let edits = format!("{}\ntools: [edit]\nwrites: [a.md]", each("11"));
        assert_eq!(found(&run("{turns: 20}"), &edits).len(), 1);
        for (budget, stage) in [
            ("{turns: 20}", each("20")),
            ("{usd: 1}", each("900")),
            ("{tokens: 90000}", each("9")),
            ("{turns: 20}", each("'${{ inputs.most - 10 }}'")),
            ("{turns: 20}", each("10") + "\ntools: [edit]\nwrites: [a.md]"),
            ("{turns: 20}", each("20") + "\ntools: [write, edit]\nwrites: [a.md]"),
        ] {
            assert_eq!(found(&run(budget), &stage), Vec::<String>::new(), "{budget} {stage}");
        }
    }
}
