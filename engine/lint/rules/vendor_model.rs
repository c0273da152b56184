//! `vendor-model`: a vendor's name of a model where an alias belongs.

use crate::diagnostic::Level;
use crate::lint::Subject;
use crate::lint::rule::{Profile, Report, Rule, page};

pub(super) const RULE: Rule = Rule {
    name: "vendor-model",
    level: Level::Warning,
    profile: Profile::Default,
    page: page!("vendor-model"),
    diagnose: Some(diagnose),
};

fn diagnose(subject: &Subject<'_>, report: Report<'_>) {
    for stage in subject.playbook.stages.iter().filter(|stage| looks_like_an_id(&stage.model)) {
        let message =
            format!("`{}` looks like a vendor's model, not like an alias", stage.model.value);
        report(RULE.at(stage.model.span, message).help(
            "write `default`, `small` or `large`: whoever plays it says which model that is",
        ));
    }
}

/// Whether a name has the form of a model's id: a version, a namespace or a tag.
fn looks_like_an_id(name: &str) -> bool {
    let template = name.contains("${{");
    !template
        && name.contains(|it: char| it.is_ascii_digit() || matches!(it, '/' | ':' | '@' | '.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_a_namespace_or_a_tag_is_no_alias() {
        for name in ["acme-3-5", "acme4o", "a3", "org/model", "model:latest", "acme-2.5-pro", "m@1"]
        {
            assert!(looks_like_an_id(name), "{name}");
        }
        for name in ["default", "small", "large", "our-large-model", "fast_and_cheap", "${{ a.b }}"]
        {
            assert!(!looks_like_an_id(name), "{name}");
        }
    }
}
