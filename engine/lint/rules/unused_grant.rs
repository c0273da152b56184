//! `unused-grant`: a tool that nothing asks the model to use.

use crate::diagnostic::Level;
use crate::lint::rule::{Profile, Report, Rule, page};
use crate::lint::{Subject, wants};
use crate::playbook::Grant;

pub(super) const RULE: Rule = Rule {
    name: "unused-grant",
    level: Level::Warning,
    profile: Profile::Strict,
    page: page!("unused-grant"),
    diagnose: Some(diagnose),
};

fn diagnose(subject: &Subject<'_>, report: Report<'_>) {
    let playbook = subject.playbook;
    for (_, stage, _) in subject.models() {
        for grant in &stage.tools {
            let asked = || wants::of_all(subject, grant) || wants::of_stage(subject, stage, grant);
            // That nothing is said of changes is no sign where a stage leaves more than data.
            let told =
                !is_change(grant) || wants::leaves_data(stage) || wants::forbids_changes(stage);
            if told && !asked() {
                let message = format!("nothing in `{}` asks for `{}`", stage.id.value, grant.value);
                report(RULE.at(grant.span, message).help(help(grant)));
            }
        }
    }
    for grant in &playbook.tools {
        let mut models = subject.models().peekable();
        if models.peek().is_none() || is_change(grant) || wants::of_all(subject, grant) {
            continue;
        }
        if !models.any(|(_, stage, _)| wants::of_stage(subject, stage, grant)) {
            let message = format!("no stage asks for `{}`", grant.value);
            report(RULE.at(grant.span, message).help(help(grant)));
        }
    }
}

fn is_change(grant: &Grant) -> bool {
    matches!(grant, Grant::Tool(tool) if tool == "edit" || tool == "write")
}

fn help(grant: &Grant) -> String {
    match grant {
        Grant::Tool(tool) if tool == "reference" => {
            "there is neither a doc nor an airplane to look up: name one, or leave it out"
                .to_owned()
        }
        _ => "leave it out, or say in the prose what it is for".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::sample::{find, of_stage, playbook};

    #[test]
    fn a_tool_that_nothing_asks_for_is_found() {
        let schema = "output: {schema: {type: object}}";
        for (keys, prose) in [
            ("tools: [ask]", "Read the templates. List the pages of the shop."),
            ("tools: [remove]", "Add a page for the basket."),
            ("tools: [env]", "Write the page, and show the total."),
            ("tools: [reference]", "Follow what the guide says."),
            ("tools: [mcp(shop/list_carts)]", "Write a page."),
            ("tools: [run(log)]", "Read the templates and list the pages."),
            (&format!("tools: [edit]\nwrites: [a.md]\n{schema}"), "List the pages. Skip the rest."),
            ("tools: [write]\nwrites: [a.md]", "Look at each page. Do not edit any files."),
            ("tools: [edit]\nwrites: [a.md]", "Look at each page without changing anything."),
        ] {
            assert_eq!(of_stage(&RULE, keys, prose).len(), 1, "{keys} {prose}");
        }
    }

    #[test]
    fn a_tool_that_something_asks_for_is_not() {
        for (keys, prose) in [
            ("tools: [ask]", "If two names fit, let the person choose."),
            ("tools: [ask]", "Clarify what is ambiguous."),
            ("tools: [remove]", "Move the page to `shop/`."),
            ("tools: [remove]", "Nothing dead stays behind."),
            ("tools: [env]", "Set `SHOP_KEY`."),
            ("tools: [env]\nchecks: [{env: SHOP_KEY}]", "Write the page."),
            ("tools: [env]", "The settings are complete when you are done."),
            ("tools: [mcp(shop/list_carts)]", "See which carts there are."),
            ("tools: [run(tests)]", "Go on until all is green."),
            ("tools: [run(log)]", "Look through the log."),
            ("tools: [run(tests)]\nchecks: [{run: tests}]", "Write the page."),
            ("tools: [edit]\nwrites: [a.md]", "Look around."),
            ("tools: [edit]\nwrites: [a.md]\noutput: {schema: {type: object}}", "Fix the page."),
            ("tools: [edit]\nwrites: [a.md]", "Do not change files outside of `src`."),
            ("tools: [write]\nwrites: [a.md]", "Do not edit any files. Write a report."),
            ("tools: [read, glob, grep]", "Think."),
        ] {
            assert_eq!(of_stage(&RULE, keys, prose), [], "{keys} {prose}");
        }
    }

    #[test]
    fn what_every_stage_has_is_for_any_of_them() {
        let count = |top: &str, prose: &str| find(&RULE, &playbook(top, "", prose)).len();
        assert_eq!(count("tools: [read, ask]", "Bake."), 1);
        assert_eq!(count("tools: [read, ask]", "Ask for the colour."), 0);
        assert_eq!(count("tools: [reference]", "Bake."), 1);
        let doc = "docs: {guide: {url: 'https://a.de/'}}";
        assert_eq!(count(&format!("tools: [reference]\n{doc}"), "Bake."), 0);
    }
}
