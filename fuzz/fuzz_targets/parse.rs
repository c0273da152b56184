//! Parsing takes any text: it never fails, and what it finds points into the text.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wizard::playbook::{load_text, parse};

fuzz_target!(|text: &str| {
    let bundle = load_text("playbook.md", text);
    let (_, findings) = parse(&bundle);
    for finding in &findings {
        let places = finding.related.iter().map(|(span, _)| *span);
        for span in places.chain([finding.span]) {
            let text = &bundle.files[usize::from(span.file.0)].text;
            let (start, end) = (span.start as usize, span.end as usize);
            assert!(text.get(start..end).is_some(), "{}: {span:?}", finding.rule);
        }
    }
    // Reading is a function of the text alone.
    assert_eq!(parse(&load_text("playbook.md", text)).1, findings);
});
