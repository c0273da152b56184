//! Tests of the canonical form: what is kept, where comments go, and what is refused.

use super::*;

const HEAD: &str = "playbook: 1\n";

/// Returns the canonical form of what stands below `playbook: 1`.
fn form(yaml: &str) -> String {
    let source = Source::new("a.md", format!("---\n{HEAD}{yaml}---\n"));
    let Layout::Canonical(text) = lay_out(&source) else { panic!("{:?}", lay_out(&source)) };
    let inside = text.strip_prefix("---\n").and_then(|text| text.strip_suffix("---\n")).unwrap();
    inside.strip_prefix(HEAD).unwrap_or(inside).to_owned()
}

/// Each is untidy, then tidy; what is tidy stays so.
fn forms(cases: &[(&str, &str)]) {
    for (untidy, tidy) in cases {
        assert_eq!(form(untidy), *tidy, "of {untidy:?}");
        assert_eq!(form(tidy), *tidy, "a second time");
    }
}

#[test]
fn spaces_are_even() {
    forms(&[
        ("name:   a \t\n", "name: a\n"),
        ("name : a\n", "name: a\n"),
        ("name:\ta\n", "name: a\n"),
        ("tools: [ a ,b,  c ]\n", "tools: [a, b, c]\n"),
        ("env: {  file : a,keys:   {A:  1}  }\n", "env: {file: a, keys: {A: 1}}\n"),
        ("x_a: {\"b\":1, c:2}\n", "x_a: {\"b\": 1, c:2}\n"),
        ("x_a: {b: , c: 1, d}\n", "x_a: {b:, c: 1, d}\n"),
        ("tools: [a, b, ]\n", "tools: [a, b]\n"),
        ("tools: [\n]\n", "tools: []\n"),
        ("stages:\n    a:\n       tools: []\n", "stages:\n  a:\n    tools: []\n"),
        ("tools:\n- a\n-   b\n", "tools:\n  - a\n  - b\n"),
        ("requires:\n-\n   file: a\n   not: true\n", "requires:\n  - file: a\n    not: true\n"),
        ("x_a:\n  -   - b\n      - c\n", "x_a:\n  - - b\n    - c\n"),
        ("\n\nname: a\n\n\n\ntools: []\n\n", "\nname: a\n\ntools: []\n"),
        ("stages:\n\n  a:\n", "stages:\n  a:\n"),
    ]);
}

#[test]
fn values_in_one_column_stay_in_one() {
    forms(&[
        ("docs:\n  a:     {}\n  bcd:   {}\n", "docs:\n  a:   {}\n  bcd: {}\n"),
        ("docs:\n  a:   {}\n  bcd:   {}\n", "docs:\n  a: {}\n  bcd: {}\n"),
        ("docs:\n  語:  1\n  bcde: 1\n", "docs:\n  語: 1\n  bcde: 1\n"),
        ("docs:\n  語:   1\n  bcde: 1\n", "docs:\n  語:   1\n  bcde: 1\n"),
        ("tools: []    # a\nlint: {}     # b\n", "tools: [] # a\nlint: {}  # b\n"),
        ("tools: []    # a\nlint: {}   # b\n", "tools: [] # a\nlint: {} # b\n"),
        ("tools: []    # a\n\nlint: {}     # b\n", "tools: [] # a\n\nlint: {} # b\n"),
        ("tools: []    # a\n             # b\n", "tools: [] # a\n          # b\n"),
    ]);
}

#[test]
fn texts_keep_what_they_say() {
    forms(&[
        ("name: a # b\n", "name: a # b\n"),
        ("name: a#b\n", "name: a#b\n"),
        ("name: 'a # b'   # c\n", "name: 'a # b' # c\n"),
        ("name: a\n     b\n\n   - c\n", "name: a\n  b\n\n  - c\n"),
        ("name: \"a  \n\n b\\  \n  c\"\n", "name: \"a\n\n  b\\ \n  c\"\n"),
        ("name: 'a\n b''\n c'\n", "name: 'a\n  b''\n  c'\n"),
        ("name:\n     |\n     a\n", "name:\n  |\n  a\n"),
        (
            "name:   |-   # c\n     a  \n\n       # b\n  # d\n",
            "name: |- # c\n  a  \n\n    # b\n# d\n",
        ),
        ("name: |+\n a\n\n\ntools: []\n", "name: |+\n  a\n\n\ntools: []\n"),
        ("name: |1\n   a\n  b\n", "name: |1\n   a\n  b\n"),
        ("x_a:\n- |\n b\n   \n- >1-\n   c\n", "x_a:\n  - |\n    b\n      \n  - >1-\n     c\n"),
        ("x_a: [b\n c, \"d\n   e\"]\n", "x_a: [b\n      c, \"d\n      e\"]\n"),
        ("x_a: [a b: c, {d}, ::]\n", "x_a: [a b: c, {d}, ::]\n"),
    ]);
}

#[test]
fn brackets_over_several_lines_keep_their_lines() {
    forms(&[
        ("env: {\n   file: a,\n\n\n keys: {A: 1} }\n", "env: {\n  file: a,\n\n  keys: {A: 1}}\n"),
        ("tools: [a,\n  b,\nc\n  ]\n", "tools: [a,\n        b,\n        c\n       ]\n"),
        ("requires: [{\n file: a,\n}, {file: b}]\n", "requires: [{\n  file: a,\n}, {file: b}]\n"),
        ("requires:\n- {\n file: a\n }\n", "requires:\n  - {\n      file: a\n    }\n"),
        (
            "env: { # a\n # b\n keys: {}, # c\n # d\n file: e # f\n #g\n }\n",
            "env: { # a\n  # d\n  file: e, # f\n  # b\n  keys: {} # c\n  #g\n}\n",
        ),
        ("tools: [a # b\n , c]\n", "tools: [a, # b\n        c]\n"),
        ("env: {file: # a\n  b}\n", "env: {file: b # a\n     }\n"),
    ]);
}

#[test]
fn only_the_keys_of_records_are_ordered() {
    forms(&[
        ("tools: []\nname: a\n", "name: a\ntools: []\n"),
        ("license: |+\n  a\n\nname: b\n", "name: b\nlicense: |+\n  a\n\n"),
        ("x_b: 1\nowner: 1\nname: a\n", "name: a\nx_b: 1\nowner: 1\n"),
        (
            "inputs: {b: {env: B, \"type\": list}, a: {}}\n",
            "inputs: {b: {\"type\": list, env: B}, a: {}}\n",
        ),
        (
            "requires: [{version: 1, package: a}, {any: [{not: true, file: b}]}]\n",
            "requires: [{package: a, version: 1}, {any: [{file: b, not: true}]}]\n",
        ),
        (
            "stages:\n  b:\n    output: {schema: {type: object, properties: {stages: {}, name: {}}}}\n    run: a\n  a:\n",
            "stages:\n  b:\n    run: a\n    output: {schema: {type: object, properties: {stages: {}, name: {}}}}\n  a:\n",
        ),
        ("env: {keys: {A: 1, B: 2},\n  file: a}\n", "env: {file: a,\n      keys: {A: 1, B: 2}}\n"),
    ]);
}

#[test]
fn a_comment_goes_where_its_key_goes() {
    forms(&[
        ("# t\ntools: [] # u\n# n\n# m\nname: a\n", "# n\n# m\nname: a\n# t\ntools: [] # u\n"),
        (
            "requires:\n  - version: 1\n    # p\n    package: a\n",
            "requires:\n  # p\n  - package: a\n    version: 1\n",
        ),
        // It stands as deep as the keys of the stage above, or deeper than the key below.
        (
            "stages:\n  a:\n    retry: 1\n    # b\n  # c\n  d:\n    # e\n  f:\n",
            "stages:\n  a:\n    retry: 1\n    # b\n  # c\n  d:\n    # e\n  f:\n",
        ),
        ("tools:\n- a\n# b\n", "tools:\n  - a\n# b\n"),
        ("name: # a\n  # b\n  c # d\n", "name: # a\n  # b\n  c # d\n"),
        ("x_a:\n  - # b\n    c: 1\n", "x_a:\n  - # b\n    c: 1\n"),
    ]);
}

#[test]
fn no_key_passes_a_comment_that_stands_alone() {
    forms(&[
        (
            "tools: []\nname: a\n# b\n\nlint: {}\ndescription: c\n# d\n",
            "name: a\ntools: []\n# b\n\ndescription: c\nlint: {}\n# d\n",
        ),
        ("# a\n\n\n# b\ntools: []\nname: c\n", "# a\n\nname: c\n# b\ntools: []\n"),
        ("stages:\n  # a\n\n  b:\n  # c\n\n\n  d:\n", "stages:\n  # a\n\n  b:\n  # c\n\n  d:\n"),
    ]);
}

#[test]
fn fences_and_the_byte_order_mark_are_tidied_and_prose_is_not() {
    let text = "\u{feff}---  \r\n\u{feff}playbook:  1\n...\t\nProse  \r\n\n\n\tno end";
    let source = Source::new("a.md", text);
    let canonical = "---\r\nplaybook: 1\r\n...\r\nProse  \r\n\n\n\tno end";
    assert_eq!(lay_out(&source), Layout::Canonical(canonical.to_owned()));
    let source = Source::new("a.md", "---\nplaybook: 1\n---");
    assert_eq!(lay_out(&source), Layout::Canonical("---\nplaybook: 1\n---\n".to_owned()));
}

#[test]
fn what_has_no_canonical_form_is_refused_at_its_place() {
    for (text, rule, place) in [
        ("# Notes\n", "no-front-matter", "# Notes"),
        ("---\nplaybook: 1\n", "no-front-matter", "---"),
        ("---\nplaybook: 1\ntools: [\n---\n", "bad-yaml", "["),
        ("---\nplaybook: 1\nplaybook: 1\n---\n", "bad-yaml", "playbook"),
        ("---\nname: a\n---\n", "missing-key", "---"),
        ("---\n---\n", "missing-key", "---"),
        ("---\nplaybook: 2\n---\n", "wrong-value", "2"),
        ("---\n- playbook\n---\n", "wrong-type", "---"),
        ("---\r\nplaybook: 1\r\n? name\r\n: a\r\n---\r\n", "bad-yaml", "?"),
        ("---\n\u{feff}playbook: 1\nname: [é, !!str a]\n---\n", "bad-yaml", "!!str"),
        ("---\nplaybook: 1\n!!str name: a\n---\n", "bad-yaml", "!!str"),
    ] {
        let source = Source::new("a.md", text);
        let Layout::Faulty(faults) = lay_out(&source) else { panic!("{text:?}") };
        let found: Vec<_> = faults.iter().map(|it| (it.rule, source.slice(it.span))).collect();
        assert_eq!(found, [(rule, place)], "{text:?}");
    }
}

#[test]
fn a_change_of_what_is_said_is_seen() {
    let tree = |text: &str| {
        let mut faults = Vec::new();
        let read = node::read(text, FileId::default(), 0, &mut faults);
        read.unwrap_or_else(|| panic!("{text} {faults:?}"))
    };
    let before =
        "name: A\nstages: {b: {run: c, retry: 7}, d: {}}\ntools: [e, f]\nx_g: {h: 1, i: 2}\n";
    for (from, to, place) in [
        ("name: A", "name: b", Some("A")),
        ("name: A\n", "", Some("name: A")),
        ("retry: 7", "retry: 7.0", Some("7")),
        ("run: c, retry: 7", "retry: 7, run: c", None),
        ("run: c, retry: 7", "run: c, x_retry: 7", Some("retry")),
        ("b: {run: c, retry: 7}, d: {}", "d: {}, b: {run: c, retry: 7}", Some("b:")),
        ("[e, f]", "[f, e]", Some("e,")),
        ("[e, f]", "[e]", Some("[e, f]")),
        ("[e, f]", "{e: f}", Some("[e, f]")),
        ("h: 1, i: 2", "i: 2, h: 1", Some("h:")),
        ("name: A\n", "name: A # b\n", None),
    ] {
        let after = before.replace(from, to);
        let place =
            place.map(|place| Span::new(FileId::default(), before.find(place).unwrap(), 0).start);
        let found = proof::changed(&tree(before), &tree(&after), crate::playbook::schema());
        assert_eq!(found.map(|span| span.start), place, "{from} to {to}");
    }
    assert!(proof::same_characters("a: b # c", "a:\tb  # c,\r\n"));
    assert!(!proof::same_characters("a: b # c", "a: b"));
}
