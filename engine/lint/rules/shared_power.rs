//! `shared-power`: a power to change things that every stage has.

use crate::diagnostic::Level;
use crate::lint::rule::{Profile, Report, Rule, page};
use crate::lint::{Subject, wants};
use crate::playbook::{Grant, Stage};

pub(super) const RULE: Rule = Rule {
    name: "shared-power",
    level: Level::Warning,
    profile: Profile::Default,
    page: page!("shared-power"),
    diagnose: Some(diagnose),
};

fn diagnose(subject: &Subject<'_>, report: Report<'_>) {
    for grant in &subject.playbook.tools {
        let only = only(subject, grant);
        if !changes(grant) && only.is_none() {
            continue;
        }
        let finding = RULE.at(grant.span, format!("every stage may `{}`", grant.value));
        report(match only {
            Some(stage) => finding
                .related(stage.id.span, "alone asks for it")
                .help(format!("grant it in the `tools:` of `{}`", stage.id.value)),
            None => finding.help("grant it in the `tools:` of the stages that want it"),
        });
    }
}

/// Whether what is granted changes things.
pub(super) fn changes(grant: &Grant) -> bool {
    match grant {
        Grant::Tool(word) => grant.edits() || word == "env",
        Grant::Run(_) => true,
        Grant::Mcp { .. } => false,
    }
}

/// Returns the one stage of several that asks for what is granted to all of them. What only looks
/// at the project is nobody's in particular.
fn only<'a>(subject: &Subject<'a>, grant: &Grant) -> Option<&'a Stage> {
    let looks = matches!(grant, Grant::Tool(word) if word != "ask" && !changes(grant));
    if looks || subject.models().nth(1).is_none() {
        return None;
    }
    let models = || subject.models().map(|(_, stage, _)| stage);
    let names = |stage: &&Stage| stage.tools.iter().any(|own| own.value == *grant);
    let mut own = models().filter(names);
    if let (Some(stage), None) = (own.next(), own.next()) {
        return Some(stage);
    }
    // What every stage is told of editing is meant for those that edit.
    if !grant.edits() && wants::of_all(subject, grant) {
        return None;
    }
    let mut asking = models().filter(|stage| wants::of_stage(subject, stage, grant));
    let one = asking.next().filter(|stage| wants::outright(subject, stage, grant));
    one.filter(|_| asking.next().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::sample::find;

    /// Two stages with these sections; returns the stage that is named, or `all`.
    fn named(top: &str, stages: &str, survey: &str, build: &str) -> Vec<String> {
        let text = format!(
            "---\nplaybook: 1\nname: a\ndescription: A.\ntools: [{top}]\nmcp: {{shop: {{url: 'https://a.de/'}}}}\ncommands: {{tests: {{script: test}}}}\nstages:\n{stages}---\n\nBe careful.\n\n## survey\n\n{survey}\n\n## build\n\n{build}\n"
        );
        let found = find(&RULE, &text).into_iter();
        let stage = |finding: crate::diagnostic::Diagnostic| match finding.related.first() {
            Some((span, _)) => text[span.start as usize..span.end as usize].to_owned(),
            None => "all".to_owned(),
        };
        found.map(stage).collect()
    }

    #[test]
    fn the_one_stage_that_asks_for_it_is_named() {
        let two = "  survey:\n  build:\n";
        let named = |top: &str, survey: &str, build: &str| named(top, two, survey, build);
        assert_eq!(named("ask", "Look.", "Ask the person for a colour."), ["build"]);
        assert_eq!(named("run(tests)", "Look.", "Mend what `tests` tells."), ["build"]);
        assert_eq!(named("mcp(shop/list_carts)", "Call `list_carts`.", "Bake."), ["survey"]);
        assert_eq!(named("remove", "Look.", "Delete the page."), ["build"]);
        assert_eq!(named("edit", "Look around.", "Look again."), ["all"]);
        assert_eq!(named("env", "Read the settings.", "Set the key."), ["all"]);
        for top in ["read", "glob", "reference", "ask", "mcp(shop/list_carts)"] {
            assert_eq!(named(top, "Look.", "Look again."), Vec::<String>::new(), "{top}");
        }
        assert_eq!(named("ask", "Ask one.", "Ask two."), Vec::<String>::new());
    }

    #[test]
    fn the_one_stage_that_grants_it_itself_is_named() {
        let stages = "  survey:\n  build: {tools: [edit]}\n";
        assert_eq!(named("edit", stages, "Write it.", "Write it."), ["build"]);
    }
}
