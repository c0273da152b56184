//! What lint knows of the way from one stage to the next: what is there, of what kind, and who
//! reads it.

use std::fmt::Write as _;

use wizard::lint::{Profile, check};
use wizard::playbook::load_text;

/// A record that every stage of these tests may leave.
const SURVEY: &str = "output: {schema: {type: object, additionalProperties: false, \
    required: [router, pages, count, deep], properties: {router: {enum: [app, pages]}, \
    guard: {type: string}, count: {type: integer}, dark: {type: boolean}, \
    pages: {type: array, items: {type: object, required: [file], \
    properties: {file: {type: string}, title: {type: string}}}}, \
    deep: {type: object, required: [name], properties: {name: {type: string}, more: {type: string}}}}}}";

/// The inputs that they may read.
const INPUTS: &str = "inputs: {title: {default: Basket}, size: {enum: [small, large], default: small}, \
    most: {type: integer, default: 3}, share: {type: number, default: 1}, \
    dark: {type: boolean, default: false}, folders: {type: list, default: [src]}}\n";

/// Writes a playbook: each stage is its id, its keys, and its prose.
fn playbook(stages: &[(&str, &str, &str)]) -> String {
    let mut text = format!("---\nplaybook: 1\nname: basket\ndescription: Adds a basket.\n{INPUTS}");
    text.push_str("commands: {tests: {script: test}}\nstages:\n");
    for (id, keys, _) in stages {
        let _ = writeln!(text, "  {id}:");
        keys.lines().for_each(|line| {
            let _ = writeln!(text, "    {line}");
        });
    }
    text.push_str("---\n");
    for (id, _, prose) in stages.iter().filter(|(_, keys, _)| !keys.contains("run: ")) {
        let _ = write!(text, "\n## {id}\n\n{prose}\n");
    }
    text
}

/// Returns what one rule points at.
#[track_caller]
fn fired(rule: &str, text: &str) -> Vec<String> {
    let bundle = load_text("playbook.md", text);
    let (_, findings) = check(&bundle, &wizard::tools::known(), Profile::Strict);
    let broken = ["bad-yaml", "bad-expression", "undefined-reference", "wrong-value", "bad-schema"];
    let other = findings.iter().find(|it| it.rule != rule && broken.contains(&it.rule));
    assert!(other.is_none(), "{other:#?}\n{text}");
    let findings = findings.iter().filter(|finding| finding.rule == rule);
    findings.map(|finding| bundle.files[0].slice(finding.span).to_owned()).collect()
}

/// Returns what a rule points at where a stage follows the survey: its keys, and its prose.
#[track_caller]
fn after_survey(rule: &str, keys: &str, prose: &str) -> Vec<String> {
    fired(rule, &playbook(&[("survey", SURVEY, "Look."), ("build", keys, prose)]))
}

/// Returns what a rule points at in a `when` behind the survey.
#[track_caller]
fn of_when(rule: &str, when: &str) -> Vec<String> {
    after_survey(rule, &format!("when: >-\n  {when}"), "Build.")
}

#[test]
fn what_may_be_none_is_not_read_into_unguarded() {
    let read = |style: &str, keys: &str, prose: &str| {
        let stages =
            [("survey", SURVEY, "Look."), ("style", style, "Style."), ("build", keys, prose)];
        fired("maybe-none", &playbook(&stages))
    };
    let optional = format!("{SURVEY}\noptional: true");
    let skipped = format!("{SURVEY}\nwhen: inputs.dark");
    for keys in [&optional, &skipped] {
        for prose in [
            "Use ${{ stages.style.output.router }}.",
            "Use ${{ stages.style.output.pages | length }}.",
            "Use ${{ stages.style.output.deep.name | default('') }}.",
            "Use ${{ stages.style.output | items }}.",
        ] {
            assert_eq!(read(keys, "", prose).len(), 1, "{keys} {prose}");
        }
        for prose in [
            "Use ${{ stages.style.output }}.",
            "Use ${{ stages.survey.output.router }}.",
            "Use ${{ stages.style.output.router if stages.style.output else 'app' }}.",
            "Use ${{ stages.style.output.router | default('app') }}.",
            "Use ${{ (stages.style.output or {'router': 'app'}).router }}.",
            "Use ${{ 'app' if stages.style.output is none else stages.style.output.router }}.",
            "Use ${{ stages.style.output and stages.style.output.router }}.",
            "It was ${{ stages.style.status }}.",
        ] {
            assert_eq!(read(keys, "", prose), [""; 0], "{keys} {prose}");
        }
        let reading = "Use ${{ stages.style.output.router }}.";
        for when in [
            "when: stages.style.output",
            "when: stages.style.status == \"succeeded\"",
            "when: stages.style.output and stages.survey.output.pages",
        ] {
            assert_eq!(read(keys, when, reading), [""; 0], "{keys} {when}");
        }
        for when in ["when: inputs.most > 0", "when: stages.style.status in ['failed', 'skipped']"]
        {
            assert_eq!(read(keys, when, reading).len(), 1, "{keys} {when}");
        }
        assert_eq!(
            read(keys, "when: stages.style.output.pages", "Build."),
            ["stages.style.output.pages"]
        );
        let items = "for_each: {in: stages.style.output.pages, max: 3}";
        assert_eq!(read(keys, items, "Build."), ["stages.style.output.pages"]);
    }
    let same = read(&skipped, "when: inputs.dark", "Use ${{ stages.style.output.router }}.");
    assert_eq!(same, [""; 0]);
    let more = read(
        &skipped,
        "when: inputs.most and inputs.dark",
        "Use ${{ stages.style.output.router }}.",
    );
    assert_eq!(more, [""; 0]);
    let less = read(
        &skipped,
        "when: inputs.most or inputs.dark",
        "Use ${{ stages.style.output.router }}.",
    );
    assert_eq!(less.len(), 1);
    assert_eq!(read(SURVEY, "", "Use ${{ stages.style.output.router }}."), [""; 0]);
}

#[test]
fn what_is_played_after_failures_finds_no_output() {
    let report = |keys: &str, prose: &str| {
        let stages =
            [("survey", SURVEY, "Look."), ("build", "", "Build."), ("report", keys, prose)];
        fired("maybe-none", &playbook(&stages))
    };
    let reading = "There are ${{ stages.survey.output.count }} pages.";
    assert_eq!(report("when: always()", reading), ["stages.survey.output.count"]);
    assert_eq!(
        report("when: stages.build.status == \"failed\"", reading),
        ["stages.survey.output.count"]
    );
    assert_eq!(report("", reading), [""; 0]);
    assert_eq!(
        report("needs: [survey, build]\nwhen: stages.build.status == \"failed\"", reading),
        [""; 0]
    );
    assert_eq!(report("when: always()", "Say ${{ stages.survey.output }}."), [""; 0]);
    assert_eq!(
        report("when: always() and stages.survey.status == \"succeeded\"", reading),
        [""; 0]
    );
}

#[test]
fn what_a_schema_does_not_require_is_not_read_unguarded() {
    for prose in [
        "Use ${{ stages.survey.output.guard }}.",
        "Use ${{ stages.survey.output.deep.more | upper }}.",
        "Use ${{ 'x' if stages.survey.output.dark else 'y' }}.",
        "Use ${{ stages.survey.output.pages[0].title }}.",
    ] {
        assert_eq!(after_survey("optional-field", "", prose).len(), 1, "{prose}");
    }
    for prose in [
        "Use ${{ stages.survey.output.router }}.",
        "Use ${{ stages.survey.output }}.",
        "Use ${{ stages.survey.output.guard | default('none') }}.",
        "Use ${{ stages.survey.output.guard if stages.survey.output.guard is defined else '' }}.",
        "Use ${{ stages.survey.output.pages | map(attribute='file') | join(', ') }}.",
        "Use ${{ stages.survey.output.pages[0].file }}.",
    ] {
        assert_eq!(after_survey("optional-field", "", prose), [""; 0], "{prose}");
    }
    let reading = "Use ${{ stages.survey.output.guard }}.";
    let guarded = "when: stages.survey.output.guard is defined";
    assert_eq!(after_survey("optional-field", guarded, reading), [""; 0]);
    assert_eq!(of_when("optional-field", "stages.survey.output.guard"), ["guard"]);
    // A schema that requires nothing says nothing of what is left out.
    let thin = "output: {schema: {type: object, properties: {page: {type: string}}}}";
    let stages =
        [("survey", thin, "Look."), ("build", "", "Use ${{ stages.survey.output.page }}.")];
    assert_eq!(fired("optional-field", &playbook(&stages)), [""; 0]);
}

#[test]
fn a_comparison_that_has_one_answer_is_told() {
    for (when, at) in [
        ("stages.survey.output.router == \"apps\"", "\"apps\""),
        ("stages.survey.output.router != 'App'", "'App'"),
        ("stages.survey.output.router in ['app', 'page']", "page"),
        ("stages.survey.status == 'success'", "'success'"),
        ("stages.survey.status == 'skipped'", "'skipped'"),
        ("inputs.size == 'medium'", "'medium'"),
        ("inputs.most == '3'", "'3'"),
        ("inputs.most > '3'", "'3'"),
        ("inputs.dark == 'true'", "'true'"),
        ("inputs.title == 3", "3"),
        ("inputs.title == inputs.most", "inputs.title"),
        ("inputs.size == stages.survey.output.router", "inputs.size"),
        ("inputs.dark in inputs.folders", "inputs.dark"),
        ("3 in inputs.folders", "3"),
        ("inputs.folders == 'src'", "'src'"),
    ] {
        assert_eq!(of_when("impossible-comparison", when), [at], "{when}");
    }
    for when in [
        "stages.survey.output.router == 'app'",
        "stages.survey.output.router in ['app', 'pages']",
        "stages.survey.output.guard == 'anything'",
        "stages.survey.output.deep.name != ''",
        "stages.survey.status in ['failed', 'succeeded']",
        "inputs.most >= 3 and inputs.most < 10",
        "inputs.share == 0.5",
        "inputs.dark == true",
        "inputs.title == none",
        "'src' in inputs.folders",
        "'as' in inputs.title",
        "inputs.title == inputs.size",
        "inputs.folders | length > 3",
        "inputs.folders == []",
        "inputs.title | lower == 'basket'",
        "project.package_manager == 'npm'",
        "'python' in project.languages",
    ] {
        assert_eq!(of_when("impossible-comparison", when), [""; 0], "{when}");
    }
    let skipped = [
        ("survey", "when: inputs.dark", "Look."),
        ("build", "when: stages.survey.status == 'skipped'", "Build."),
    ];
    assert_eq!(fired("impossible-comparison", &playbook(&skipped)), [""; 0]);
    let prose = "Use ${{ 'x' if stages.survey.output.router == 'pgaes' else 'y' }}.";
    assert_eq!(after_survey("impossible-comparison", "", prose), ["'pgaes'"]);
}

#[test]
fn a_when_that_says_one_thing_is_told() {
    for when in [
        "true",
        "false",
        "1 < 2",
        "'stages.survey.output.pages'",
        "inputs.dark or not inputs.dark",
        "inputs.size == 'small' and inputs.size == 'large'",
        "stages.survey.status in ['succeeded', 'failed']",
        "always() and false",
    ] {
        assert_eq!(of_when("constant-when", when).len(), 1, "{when}");
    }
    for when in [
        "always()",
        "inputs.dark",
        "inputs.size == 'small'",
        "inputs.most",
        "stages.survey.output.pages",
        "stages.survey.status == 'succeeded'",
        "always() and inputs.dark",
        "inputs.title or true",
        "stages.survey.output.router == 'apps'",
    ] {
        assert_eq!(of_when("constant-when", when), [""; 0], "{when}");
    }
    // A stage that is never played can only be skipped.
    let stages = [
        ("survey", "when: false", "Look."),
        ("build", "when: stages.survey.status == 'succeeded'", "Build."),
    ];
    assert_eq!(fired("impossible-comparison", &playbook(&stages)), ["'succeeded'"]);
}

#[test]
fn values_are_of_the_kind_that_their_place_takes() {
    let each =
        |keys: &str| after_survey("type-mismatch", &format!("for_each: {{{keys}}}"), "Build.");
    let list = "in: stages.survey.output.pages";
    assert_eq!(each("in: stages.survey.output.router, max: 3"), ["stages.survey.output.router"]);
    assert_eq!(each("in: inputs.title | upper, max: 3"), ["inputs.title | upper"]);
    assert_eq!(each("in: stages.survey.output, max: 3"), ["stages.survey.output"]);
    assert_eq!(each(&format!("{list}, max: '${{{{ inputs.title }}}}'")), ["inputs.title"]);
    assert_eq!(each(&format!("{list}, max: '${{{{ inputs.dark }}}}'")), ["inputs.dark"]);
    assert_eq!(each(&format!("{list}, max: 3, files: '${{{{ item }}}}'")), ["item"]);
    for fine in [
        "in: stages.survey.output.pages, max: '${{ inputs.most }}'",
        "in: inputs.folders, max: '${{ inputs.most + 1 }}'",
        "in: inputs.folders, max: '${{ inputs.title | int }}', files: '${{ item }}'",
        "in: '[1, 2]', max: '${{ inputs.share }}'",
        "in: stages.survey.output.pages | map(attribute='file') | list, max: 3",
        "in: stages.survey.output.pages, max: 3, files: '${{ item.file }}'",
        "in: stages.survey.output.pages, max: 3, files: '${{ [item.file] }}'",
        "in: 'inputs.title | split', max: 3",
    ] {
        assert_eq!(each(fine), [""; 0], "{fine}");
    }
    for (prose, count) in [
        ("${{ inputs.title + 1 }}", 1),
        ("${{ inputs.folders - 1 }}", 1),
        ("${{ inputs.most | length }}", 1),
        ("${{ inputs.most + 1 }}", 0),
        ("${{ inputs.title ~ 1 }}", 0),
        ("${{ inputs.title + 'x' }}", 0),
        ("${{ inputs.folders + ['x'] }}", 0),
        ("${{ inputs.title | length }}", 0),
        ("${{ inputs.title | int + 1 }}", 0),
        ("${{ stages.survey.output.pages[3].file }}", 0),
        ("${{ inputs.folders | join(', ') }}", 0),
    ] {
        assert_eq!(after_survey("type-mismatch", "", prose).len(), count, "{prose}");
    }
}

#[test]
fn a_text_and_an_item_have_the_parts_that_they_have() {
    let text = |prose: &str, keys: &str| {
        let stages = [
            ("note", "output: markdown", "Note."),
            ("survey", SURVEY, "Look."),
            ("build", keys, prose),
        ];
        fired("undefined-reference", &playbook(&stages))
    };
    assert_eq!(text("${{ stages.note.output.summary }}", ""), ["summary"]);
    assert_eq!(text("${{ inputs.title.x }}", ""), ["x"]);
    assert_eq!(text("${{ stages.survey.status.word }}", ""), ["word"]);
    assert_eq!(text("${{ project.manager }}", ""), ["manager"]);
    let each = "for_each: {in: stages.survey.output.pages, as: page, max: 3}";
    assert_eq!(text("${{ page.fiel }}", each), ["fiel"]);
    assert_eq!(text("${{ page.file }} ${{ stages.note.output | upper }}", each), [""; 0]);
}

#[test]
fn a_need_is_redundant_only_where_it_hands_nothing_over() {
    let needs = |keys: &str, prose: &str| {
        let stages = [("survey", SURVEY, "Look."), ("style", "", "Style."), ("build", keys, prose)];
        fired("redundant-need", &playbook(&stages))
    };
    assert_eq!(needs("needs: [survey, style]\nrun: tests", ""), ["survey"]);
    assert_eq!(needs("needs: [style, style]\nrun: tests", ""), ["style"]);
    assert_eq!(needs("needs: [survey, style]", "From ${{ stages.survey.output }}."), ["survey"]);
    assert_eq!(needs("needs: [survey, style]", "Build."), [""; 0]);
    assert_eq!(
        needs("needs: [survey, style]", "From ${{ stages.survey.output.router }}."),
        [""; 0]
    );
    assert_eq!(needs("needs: [style]\nrun: tests", ""), [""; 0]);
    let status = "needs: [survey, style]\nwhen: stages.survey.status == 'failed'\nrun: tests";
    assert_eq!(needs(status, ""), [""; 0]);
    let always = [
        ("survey", SURVEY, "Look."),
        ("style", "when: always()", "Style."),
        ("build", "needs: [survey, style]\nrun: tests", ""),
    ];
    assert_eq!(fired("redundant-need", &playbook(&always)), [""; 0]);
}

#[test]
fn a_redundant_need_goes_with_its_comma_or_its_line() {
    for (needs, left) in [
        ("needs: [survey, style]", "needs: [style]"),
        ("needs: [style, survey]", "needs: [style]"),
        ("needs:\n  - survey\n  - style", "needs:\n      - style"),
    ] {
        let keys = format!("{needs}\nrun: tests");
        let stages =
            [("survey", "", "Look."), ("style", "", "Style."), ("build", keys.as_str(), "")];
        let bundle = load_text("playbook.md", &playbook(&stages));
        let (_, findings) = check(&bundle, &wizard::tools::known(), Profile::Strict);
        let findings: Vec<_> =
            findings.into_iter().filter(|finding| finding.rule == "redundant-need").collect();
        let repaired = wizard::diagnostic::repair::repaired(&bundle.files, &findings, false);
        let text = repaired.into_values().next().unwrap();
        assert!(text.contains(&format!("{left}\n    run: tests")), "{text}");
    }
}

#[test]
fn an_output_is_read_by_what_needs_it_and_by_what_names_it() {
    let unread = |build: &str, prose: &str, last: &str| {
        let stages =
            [("survey", SURVEY, "Look."), ("build", build, prose), ("report", last, "Report.")];
        fired("unread-output", &playbook(&stages)).len()
    };
    assert_eq!(unread("needs: []", "Build.", ""), 1);
    assert_eq!(unread("run: tests", "", ""), 1);
    assert_eq!(unread("needs: []", "Build.", "needs: [build, survey]"), 0);
    assert_eq!(unread("", "Build.", ""), 0);
    assert_eq!(unread("run: tests", "", "when: stages.survey.output.pages"), 0);
    assert_eq!(unread("run: tests", "", "when: stages.survey.status == 'succeeded'"), 1);
    assert_eq!(
        unread("run: tests\nchecks: [{file: '${{ stages.survey.output.deep.name }}'}]", "", ""),
        0
    );
    assert_eq!(fired("unread-output", &playbook(&[("survey", SURVEY, "Look.")])), [""; 0]);
}

#[test]
fn stages_that_may_change_the_same_file_have_an_order() {
    let clash = |one: &str, other: &str| {
        let edits = |keys: &str| format!("needs: [survey]\ntools: [edit]\n{keys}");
        let (one, other) = (edits(one), edits(other));
        let stages =
            [("survey", SURVEY, "Look."), ("style", &one, "Style."), ("build", &other, "Build.")];
        fired("overlapping-writes", &playbook(&stages))
    };
    assert_eq!(clash("writes: ['**/*.py']", "writes: ['src/**']"), ["'src/**'"]);
    assert_eq!(clash("writes: [a.css, '*.py']", "writes: [b.css, '?.py']"), ["'?.py'"]);
    assert_eq!(clash("writes: ['**/*.py']", "writes: ['**/*.css']"), [""; 0]);
    assert_eq!(clash("writes: ['src/**']", "writes: ['tests/**']"), [""; 0]);
    let py = "writes: ['**/*.py']";
    for (one, other, count) in [
        ("stages.survey.output.router == 'app'", "stages.survey.output.router == 'pages'", 0),
        ("inputs.dark", "not inputs.dark", 0),
        ("stages.survey.output.pages", "not stages.survey.output.pages", 0),
        ("inputs.dark", "inputs.most > 2", 1),
        ("stages.survey.output.router == 'app'", "stages.survey.output.router != 'pages'", 1),
    ] {
        let found = clash(&format!("{py}\nwhen: {one}"), &format!("{py}\nwhen: {other}"));
        assert_eq!(found.len(), count, "{one} {other}");
    }
    let edits = "tools: [edit]\nwrites: ['*.py']";
    let chain = [("survey", "", "Look."), ("style", edits, "Style."), ("build", edits, "Build.")];
    assert_eq!(fired("overlapping-writes", &playbook(&chain)), [""; 0]);
}

#[test]
fn items_are_narrowed_by_what_they_are() {
    let items = |rest: &str, tools: &str| {
        let keys = format!("tools: [{tools}]\nwrites: ['*.py']\nfor_each: {{{rest}}}");
        after_survey("unnarrowed-items", &keys, "Build.").len()
    };
    assert_eq!(items("in: stages.survey.output.pages, max: 3", "edit"), 1);
    assert_eq!(items("in: stages.survey.output.pages, max: 3, files: a.py", "edit"), 1);
    assert_eq!(
        items("in: stages.survey.output.pages, max: 3, files: '${{ item.file }}'", "edit"),
        0
    );
    assert_eq!(
        items(
            "in: stages.survey.output.pages, as: page, max: 3, files: '${{ page.file }}'",
            "edit"
        ),
        0
    );
    assert_eq!(items("in: stages.survey.output.pages, max: 3", "ask"), 0);
    assert_eq!(items("files: '*.py', max: 3", "edit"), 0);
}

#[test]
fn a_schema_is_loose_where_it_leaves_something_open() {
    let loose = |schema: &str| {
        let keys = format!("output: {{schema: {schema}}}");
        fired("loose-schema", &playbook(&[("survey", &keys, "Look.")])).len()
    };
    assert_eq!(loose("{}"), 1);
    assert_eq!(loose("{type: object}"), 1);
    assert_eq!(loose("{type: object, properties: {a: {type: string}}}"), 2);
    assert_eq!(
        loose(
            "{type: object, additionalProperties: false, required: [a], properties: {a: {type: array}}}"
        ),
        1
    );
    for fine in [
        "{type: string}",
        "{type: array, items: {enum: [a, b]}}",
        "{type: object, additionalProperties: {type: string}}",
        "{type: object, additionalProperties: false, required: [], properties: {a: {type: [string, 'null']}}}",
        "{type: array, items: {$ref: '#/$defs/a'}, $defs: {a: {type: string}}}",
    ] {
        assert_eq!(loose(fine), 0, "{fine}");
    }
}

#[test]
fn a_schema_is_refused_for_its_top_and_its_names() {
    let refused = |schema: &str| {
        let keys = format!("output: {{schema: {schema}}}");
        fired("refused-schema", &playbook(&[("survey", &keys, "Look.")])).len()
    };
    assert_eq!(
        refused("{type: object, oneOf: [{required: [a]}], properties: {a: {type: string}}}"),
        1
    );
    assert_eq!(refused("{type: object, properties: {'a b': {type: string}}}"), 1);
    assert_eq!(
        refused("{type: array, items: {type: object, properties: {'a/b': {type: string}}}}"),
        1
    );
    assert_eq!(
        refused("{type: object, properties: {a: {anyOf: [{type: string}, {type: 'null'}]}}}"),
        0
    );
    assert_eq!(refused("{anyOf: [{type: string}, {type: integer}]}"), 0);
    assert_eq!(
        refused("{type: object, properties: {a-b.c: {type: string}, $d: {type: string}}}"),
        1
    );
}

#[test]
fn an_input_is_used_where_its_name_is() {
    let unused = |inputs: &str, prose: &str| {
        let text = format!(
            "---\nplaybook: 1\nname: basket\ndescription: Adds a basket.\ninputs: {{{inputs}}}\n\
             stages:\n  build:\n---\n\n## build\n\n{prose}\n"
        );
        fired("unused-input", &text)
    };
    assert_eq!(unused("max_pages: {type: integer, default: 3}", "Build it."), ["max_pages"]);
    assert_eq!(unused("key: {type: secret}", "Set the key."), ["key"]);
    for prose in [
        "At most ${{ inputs.max_pages }}.",
        "At most max pages.",
        "Heed `max_pages`.",
        "${{ inputs['max_pages'] }}",
    ] {
        assert_eq!(unused("max_pages: {type: integer, default: 3}", prose), [""; 0], "{prose}");
    }
    assert_eq!(
        unused("max: {default: a}, max_pages: {default: b}", "${{ inputs.max_pages }}"),
        ["max"; 0]
    );
}
