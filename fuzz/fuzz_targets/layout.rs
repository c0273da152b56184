//! A canonical form says what the playbook says, and is its own canonical form.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wizard::playbook::{Layout, front_matter, lay_out};
use wizard::source::Source;

fuzz_target!(|text: &str| {
    let canonical = match lay_out(&Source::new("playbook.md", text)) {
        Layout::Canonical(canonical) => canonical,
        Layout::Faulty(faults) => {
            assert!(!faults.is_empty());
            return;
        }
        Layout::Unproven(span) => panic!("unproven at {span:?}"),
    };
    assert_eq!(front_matter(text), front_matter(&canonical));
    let again = lay_out(&Source::new("playbook.md", canonical.as_str()));
    assert_eq!(again, Layout::Canonical(canonical));
});
