//! Every rule takes any playbook, every finding can be shown in every form, and repairs end.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wizard::diagnostic::{concise, github, json, repair, sarif, text};
use wizard::lint::{Profile, check};
use wizard::playbook::load_text;

fuzz_target!(|playbook: &str| {
    let known = wizard::tools::known();
    let mut bundle = load_text("playbook.md", playbook);
    let (_, mut findings) = check(&bundle, &known, Profile::Strict);
    for finding in &findings {
        text::render(finding, &bundle.files, true);
        concise::render(finding, &bundle.files);
        github::render(finding, &bundle.files);
        json::render(finding, &bundle.files);
        let range = finding.span.start as usize..finding.span.end as usize;
        assert!(bundle.files[0].text.get(range).is_some(), "{}: {:?}", finding.rule, finding.span);
    }
    sarif::render(&[(&bundle.files, &findings)], &[]);
    // What is milder finds nothing that what is stricter does not, exceptions aside.
    let (parsed, milder) = check(&bundle, &known, Profile::Default);
    if parsed.allowed.is_empty() {
        for finding in &milder {
            assert!(findings.contains(finding), "{finding:?}");
        }
    }
    // A safe repair is one: the finding goes away, and no new error comes.
    for _ in 0..4 {
        let errors = |findings: &[wizard::diagnostic::Diagnostic]| {
            findings.iter().filter(|it| it.level == wizard::diagnostic::Level::Error).count()
        };
        let mut texts = repair::repaired(&bundle.files, &findings, false);
        let Some(repaired) = texts.remove(&wizard::source::FileId(0)) else { break };
        let after = load_text("playbook.md", &repaired);
        let (_, left) = check(&after, &known, Profile::Strict);
        assert!(errors(&left) <= errors(&findings), "{repaired}");
        (bundle, findings) = (after, left);
    }
});
