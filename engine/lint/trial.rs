//! What one rule finds in a small playbook: for the tests of rules.

use crate::lint::{Known, Profile, check};
use crate::playbook::load_text;

/// Returns the words at which a rule points in a whole playbook.
pub(super) fn found(rule: &str, text: &str) -> Vec<String> {
    let bundle = load_text("playbook.md", text);
    let tools = vec!["read", "glob", "grep", "edit", "write", "remove", "env", "reference", "ask"];
    let known = Known { tools, ..Known::default() };
    let (_, findings) = check(&bundle, &known, Profile::Strict);
    let findings = findings.into_iter().filter(|finding| finding.rule == rule);
    findings
        .map(|finding| {
            bundle.files[usize::from(finding.span.file.0)].slice(finding.span).to_owned()
        })
        .collect()
}

/// Makes a playbook of keys, prose for every stage, and stages with their keys and sections.
pub(super) fn playbook(keys: &str, preamble: &str, stages: &[(&str, &str, &str)]) -> String {
    let mut text =
        format!("---\nplaybook: 1\nname: basket\ndescription: Adds a basket.\n{keys}stages:\n");
    for (id, keys, _) in stages {
        text.push_str(&format!("  {id}: {{{keys}}}\n"));
    }
    text.push_str(&format!("---\n\n{preamble}\n"));
    for (id, _, section) in stages {
        text.push_str(&format!("\n## {id}\n\n{section}\n"));
    }
    text
}

/// Returns the words at which a rule points in the section of a stage that may read.
pub(super) fn in_section(rule: &str, section: &str) -> Vec<String> {
    found(rule, &playbook("tools: [read, glob, grep]\n", "", &[("build", "", section)]))
}

/// Asserts that a rule finds nothing in any of these sections.
#[track_caller]
pub(super) fn silent(rule: &str, sections: &[&str]) {
    for section in sections {
        assert_eq!(in_section(rule, section), Vec::<String>::new(), "{section}");
    }
}

/// Asserts where a rule points in each of these sections.
#[track_caller]
pub(super) fn finds(rule: &str, sections: &[(&str, &str)]) {
    for (section, at) in sections {
        assert_eq!(in_section(rule, section), [*at], "{section}");
    }
}
