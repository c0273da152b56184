//! `unused-argument`: a word that the model must fill in and that stands nowhere.

use crate::diagnostic::Level;
use crate::expression::Template;
use crate::lint::rule::{Profile, Report, Rule, page};
use crate::lint::{Subject, argv};
use crate::playbook::Command;

pub(super) const RULE: Rule = Rule {
    name: "unused-argument",
    level: Level::Warning,
    profile: Profile::Default,
    page: page!("unused-argument"),
    diagnose: Some(diagnose),
};

fn diagnose(subject: &Subject<'_>, report: Report<'_>) {
    for command in &subject.playbook.commands {
        // A word that names an argument which is not declared may mean this one.
        if names_another(command) {
            continue;
        }
        for argument in &command.args {
            let name = &argument.name.value;
            let used = |at: usize| {
                argv::filled(command, at).iter().any(|filled| filled.name.value == *name)
            };
            if !(0..command.words.len()).any(used) {
                let message =
                    format!("no word of `{}` has the argument `{name}`", command.name.value);
                report(RULE.at(argument.name.span, message).help(format!(
                    "put `${{{{ args.{name} }}}}` where it belongs, or leave it out: the model has to fill it in",
                )));
            }
        }
    }
}

fn names_another(command: &Command) -> bool {
    let mut references = command.words.iter().flat_map(Template::references);
    references.any(|reference| {
        let [root, name, ..] = &reference.value[..] else { return false };
        root == "args" && !command.args.iter().any(|argument| argument.name.value == *name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::sample::of_command;

    #[test]
    fn an_argument_stands_in_a_word() {
        let args = "args: {it: {enum: [a]}}";
        for (words, count) in [
            ("[make]", 1),
            ("[make, '${{ args.it }}']", 0),
            ("[make, '--x=${{ args[\"it\"] | upper }}']", 0),
            ("[make, args.it]", 1),
            ("[make, '${{ args.ti }}']", 0),
        ] {
            assert_eq!(
                of_command(&RULE, &format!("{{run: {words}, {args}}}")).len(),
                count,
                "{words}"
            );
        }
    }
}
