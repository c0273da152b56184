//! `unfilled-argument`: a command with words for a model to fill in, run where there is none.

use crate::diagnostic::Level;
use crate::lint::Subject;
use crate::lint::rule::{Profile, Report, Rule, page};
use crate::playbook::CheckKind;
use crate::source::Spanned;

pub(super) const RULE: Rule = Rule {
    name: "unfilled-argument",
    level: Level::Error,
    profile: Profile::Min,
    page: page!("unfilled-argument"),
    diagnose: Some(diagnose),
};

fn diagnose(subject: &Subject<'_>, report: Report<'_>) {
    let mut look = |name: &Spanned<String>, what: &str| {
        let argument = subject.playbook.command(name).and_then(|command| command.args.first());
        if let Some(argument) = argument {
            let message =
                format!("{what} `{}`, and nobody fills in `{}`", name.value, argument.name.value);
            report(
                RULE.at(name.span, message)
                    .related(argument.name.span, "a word for a model")
                    .help("declare a command without `args:` for it, its words written out"),
            );
        }
    };
    for stage in &subject.playbook.stages {
        if let Some(run) = &stage.run {
            look(run, "the engine runs");
        }
        for check in &stage.checks {
            if let CheckKind::Run(name) = &check.kind {
                look(name, "a check runs");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::sample::{find, playbook};

    #[test]
    fn only_a_model_fills_words_in() {
        let top = "commands: {it: {run: [make, '${{ args.a }}'], args: {a: {enum: [b]}}}}";
        let found = |stage: &str| find(&RULE, &playbook(top, stage, "Run `it`.")).len();
        assert_eq!(found("checks: [{run: it}]"), 1);
        assert_eq!(found("checks: [{run: it, baseline: true}]\ntools: [run(it)]"), 1);
        assert_eq!(found("tools: [run(it)]"), 0);
        assert_eq!(found("checks: [{run: other}]"), 0);
    }
}
