//! The SARIF log is what the standard says that it is.
//!
//! The schema beside this file is the one that OASIS publishes with SARIF 2.1.0, errata 01.

use serde_json::Value;
use wizard::diagnostic::sarif::{self, Described};
use wizard::lint::{Profile, check, rules::RULES};
use wizard::playbook::{Library, load, load_text};

use crate::support::root;

fn described() -> Vec<Described> {
    let rules = RULES.iter();
    rules
        .map(|rule| Described {
            name: rule.name,
            level: rule.level,
            summary: rule.summary(),
            page: rule.page,
        })
        .collect()
}

/// Asserts that a log is valid, and returns how many results it has.
#[track_caller]
fn results(log: &Value) -> usize {
    let schema = std::fs::read(root().join("tests/sarif/sarif-schema-2.1.0.json")).unwrap();
    let schema: Value = serde_json::from_slice(&schema).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let wrong: Vec<String> = validator
        .iter_errors(log)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert_eq!(wrong, Vec::<String>::new());
    log["runs"][0]["results"].as_array().unwrap().len()
}

#[test]
fn a_log_of_findings_with_fixes_and_other_places_is_valid() {
    let text = "---\nplaybook: 1\nname: é\ndescription: A\nstage:\n  b:\n    needs: [b]\n---\n\n## b\n\n<!-- x -->\u{200b}\n## b\n";
    let bundle = load_text("a b.md", text);
    let (_, findings) = check(&bundle, &wizard::tools::known(), Profile::Strict);
    assert!(findings.iter().any(|finding| finding.fix.is_some()));
    let log = sarif::render(&[(&bundle.files, &findings)], &described());
    assert_eq!(results(&log), findings.len());
}

#[test]
fn a_log_of_nothing_is_valid() {
    assert_eq!(results(&sarif::render(&[], &described())), 0);
}

#[test]
fn a_log_that_is_not_sarif_is_found_out() {
    let schema = std::fs::read(root().join("tests/sarif/sarif-schema-2.1.0.json")).unwrap();
    let validator = jsonschema::validator_for(&serde_json::from_slice(&schema).unwrap()).unwrap();
    let mut log = sarif::render(&[], &described());
    log["runs"][0]["tool"]["driver"]["rules"][0]["id"] = Value::Null;
    assert!(!validator.is_valid(&log));
}

#[test]
fn a_log_of_every_example_of_every_rule_is_valid() {
    let mut all = Vec::new();
    for rule in RULES {
        for fence in crate::support::page::fences(rule.page) {
            let text = fence.text.clone();
            let bundle = load_text("playbook.md", &text);
            let (_, findings) = check(&bundle, &wizard::tools::known(), Profile::Strict);
            all.push((bundle, findings));
        }
    }
    for name in Library::Builtin.playbooks() {
        let bundle = load(Library::Builtin, &format!("playbooks/{name}.md")).unwrap();
        let (_, findings) = check(&bundle, &wizard::tools::known(), Profile::Strict);
        all.push((bundle, findings));
    }
    let checked: Vec<_> =
        all.iter().map(|(bundle, findings)| (&bundle.files[..], &findings[..])).collect();
    assert!(results(&sarif::render(&checked, &described())) > RULES.len());
}
