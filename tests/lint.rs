//! What lint finds: a page for each rule, and the corners of the format.

use std::collections::BTreeSet;
use std::io::Read as _;
use std::process::{Command, Stdio};

use serde_json::Value;
use wizard::diagnostic::concise;
use wizard::lint::{Profile, check, rules::RULES};
use wizard::playbook::{Library, Playbook, load, load_text};

use crate::support::{page, root};

/// A front matter that is whole but for its stages.
const HEAD: &str = "playbook: 1\nname: basket\ndescription: Adds a basket.\n";

/// A stage, and its section.
const STAGE: &str = "stages:\n  build:\n";
const SECTION: &str = "\n## build\n\nBuild it.\n";

/// Lints a playbook. Each finding is its rule, the words it points at, and its message.
///
/// The fixtures are smaller than any playbook should be; what is said of that is left out.
fn findings(text: &str) -> (Playbook, Vec<[String; 3]>) {
    let thin = [
        "unused-command",
        "unbounded-items",
        "unchecked-edit",
        "ungranted-reference",
        "unused-input",
    ];
    let bundle = load_text("playbook.md", text);
    let (playbook, findings) = check(&bundle, &wizard::tools::known(), Profile::Default);
    let findings = findings.into_iter().filter(|finding| !thin.contains(&finding.rule));
    let findings = findings.map(|finding| {
        let at = bundle.files[usize::from(finding.span.file.0)].slice(finding.span);
        [finding.rule.to_owned(), at.to_owned(), finding.message]
    });
    (playbook, findings.collect())
}

/// Lints a front matter with more keys, with the rest of a playbook around them.
fn of_keys(keys: &str) -> Vec<[String; 3]> {
    findings(&format!("---\n{HEAD}{keys}{STAGE}---\n{SECTION}")).1
}

/// Lints a stage with more keys.
fn of_stage(keys: &str) -> Vec<[String; 3]> {
    let more = "inputs: {title: {}, key: {type: secret}}\ncommands: {tests: {script: test}}\n";
    let stages = "stages:\n  survey:\n  build:\n";
    let keys: String = keys.lines().map(|line| format!("    {line}\n")).collect();
    findings(&format!("---\n{HEAD}{more}{stages}{keys}---\n\n## survey\n\nLook around.\n{SECTION}"))
        .1
}

/// Asserts that there is exactly one finding: its rule, what it points at, and words of its message.
#[track_caller]
fn one(found: &[[String; 3]], rule: &str, at: &str, says: &str) {
    let [[found_rule, found_at, message]] = found else { panic!("{rule} {at}: {found:#?}") };
    assert_eq!((found_rule.as_str(), found_at.as_str()), (rule, at), "{message}");
    assert!(message.contains(says), "{message}");
}

#[test]
fn every_rule_has_a_page_that_fires_it_alone_and_then_passes() {
    for rule in RULES {
        let fences = page::fences(rule.page);
        let consoles: Vec<&page::Fence> =
            fences.iter().filter(|fence| fence.is_console()).collect();
        let [fails, passes] = consoles[..] else {
            panic!("the page of {} has not two consoles", rule.name)
        };
        let fired: Vec<&str> = fails
            .text
            .lines()
            .filter_map(|line| line.split_once('[')?.1.split_once("]: ").map(|(name, _)| name))
            .collect();
        assert!(!fired.is_empty(), "the page of {} shows no finding", rule.name);
        assert!(fired.iter().all(|name| *name == rule.name), "{}: {fired:?}", rule.name);
        let level = format!("{}[{}]: ", rule.level.word(), rule.name);
        assert!(fails.text.contains(&level), "{level}");
        let asked = format!("--profile {} ", rule.profile.word());
        for console in [fails, passes] {
            let asks = console.text.contains(&asked);
            let strict = rule.profile == Profile::Strict;
            assert_eq!(asks, strict, "the page of {} is of profile {asked}", rule.name);
        }
        // What a model took is said where it doubts nothing, too.
        let lines = if rule.name == wizard::lint::DOUBT { 3 } else { 1 };
        assert_eq!(passes.text.lines().count(), lines, "{} still fires", rule.name);
    }
}

#[test]
fn every_page_of_a_rule_is_that_of_a_rule() {
    for entry in std::fs::read_dir(root().join("book/src/rules")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let known = RULES.iter().any(|rule| name == format!("{}.md", rule.name));
        assert!(known, "book/src/rules/{name} is the page of no rule");
    }
}

/// Reads the playbook that has every key of the format.
fn whole() -> (Playbook, Vec<String>) {
    let library = Library::Folder(root().join("tests/library"));
    let bundle = load(library, "playbooks/whole.md").unwrap();
    let (playbook, found) = check(&bundle, &wizard::tools::known(), Profile::Default);
    let found = found.iter().map(|finding| concise::render(finding, &bundle.files)).collect();
    (playbook, found)
}

#[test]
fn a_playbook_with_every_key_has_nothing_wrong() {
    let (playbook, found) = whole();
    assert_eq!(found, Vec::<String>::new());
    assert_eq!(playbook.unread, Vec::<String>::new());
    let needs: Vec<String> = playbook
        .stages
        .iter()
        .map(|stage| {
            let needs: Vec<&str> = stage.needs.iter().map(|need| need.value.as_str()).collect();
            format!("{}: {}", stage.id.value, needs.join(" "))
        })
        .collect();
    assert_eq!(
        needs,
        [
            "survey: ",
            "events: survey",
            "install: ",
            "init: events install",
            "capture: init",
            "restyle: capture",
            "report: restyle"
        ]
    );
    let words = |name: &str| -> Vec<&str> {
        let command = playbook.command(name).unwrap();
        command.words.iter().map(|word| word.text.as_str()).collect()
    };
    assert_eq!(words("typecheck"), ["tsc", "--noEmit", "--title=${{ inputs.title }}"]);
    let headings: Vec<&str> =
        playbook.includes[0].headings.iter().map(|(_, words)| words.value.as_str()).collect();
    assert_eq!(headings, ["Style", "A heading of an include is plain prose"]);
}

#[test]
fn that_playbook_has_every_key_and_word_of_the_schema() {
    let text = std::fs::read_to_string(root().join("tests/library/playbooks/whole.md")).unwrap();
    let front = text.split("\n---\n").next().unwrap();
    let words: BTreeSet<&str> =
        front.split(|next: char| !(next.is_alphanumeric() || next == '_')).collect();
    let mut missing = Vec::new();
    each(wizard::playbook::schema(), &mut |schema| {
        let keys = schema["properties"].as_object().into_iter().flat_map(serde_json::Map::keys);
        let options = schema["enum"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let named = keys.map(String::as_str).chain(options);
        missing.extend(named.filter(|word| !words.contains(word)).map(str::to_owned));
    });
    assert_eq!(missing, Vec::<String>::new());
}

fn each(schema: &Value, visit: &mut dyn FnMut(&Value)) {
    visit(schema);
    match schema {
        Value::Array(items) => items.iter().for_each(|item| each(item, visit)),
        Value::Object(fields) => fields.values().for_each(|field| each(field, visit)),
        _ => {}
    }
}

#[test]
fn line_ends_and_marks_of_other_systems_change_nothing() {
    let text = format!("---\n{HEAD}x_mine: {{a: [1]}}\n{STAGE}    needs: [sruvey]\n---\n{SECTION}");
    let plain = findings(&text).1;
    one(&plain, "dangling-need", "sruvey", "no such stage");
    assert_eq!(findings(&text.replace('\n', "\r\n")).1, plain);
    assert_eq!(findings(&format!("\u{feff}{text}")).1, plain);
    assert_eq!(findings(&format!("\u{feff}{}", text.replace('\n', "\r\n"))).1, plain);
}

#[test]
fn a_front_matter_that_is_none_is_the_only_finding() {
    let whole = format!("---\n{HEAD}{STAGE}---\n{SECTION}");
    one(&findings("").1, "no-front-matter", "", "empty");
    one(&findings(&format!("\n{whole}")).1, "no-front-matter", "---", "at the beginning");
    one(&findings(&whole.replacen("---\n\n##", "\n##", 1)).1, "no-front-matter", "---", "closed");
    one(&findings("---\n- a\n---\n\n## build\n").1, "wrong-type", "---", "this is a list");
    one(&findings("---\na: [\n---\n\n## build ${{ inputs.a }}\n").1, "bad-yaml", "[", "unclosed");
}

#[test]
fn versions_and_required_keys_are_held() {
    let whole = format!("---\n{HEAD}{STAGE}---\n{SECTION}");
    let with = |from: &str, to: &str| findings(&whole.replacen(from, to, 1)).1;
    one(&with("playbook: 1\n", ""), "missing-key", "---", "no `playbook`");
    one(&with("playbook: 1", "playbook: 2"), "wrong-value", "2", "this wizard reads 1");
    one(&with("playbook: 1", "playbook: \"1\""), "wrong-type", "\"1\"", "a whole number");
    one(&with("name: basket", "name: a b"), "wrong-value", "a b", "not a name");
    one(&with("description: Adds a basket.", "description: ''"), "wrong-value", "''", "empty");
    one(&with("stages:\n  build:", "x_stages:\n  build:"), "missing-key", "---", "no `stages`");
    one(&with("  build:", "  build: 3"), "wrong-type", "3", "a map");
}

#[test]
fn keys_are_held_wherever_they_stand() {
    one(&of_keys("inptus: {}\n"), "unknown-key", "inptus", "no key");
    one(&of_keys("name: b\n"), "bad-yaml", "name", "stands twice");
    one(&of_keys("inputs: {a: {defualt: 1}}\n"), "unknown-key", "defualt", "`a` has no key");
    one(&of_keys("inputs: {My-Key: {}}\n"), "wrong-value", "My-Key", "not a name");
    one(&of_keys("inputs: {${{ a }}: {}}\n"), "bad-yaml", "{", "");
    one(&of_keys("inputs: {a: {type: text}}\n"), "wrong-value", "text", "not `string`");
    one(&of_keys("inputs: {a: {default: 3}}\n"), "wrong-value", "3", "is text");
    one(&of_keys("inputs: {a: {type: secret, default: b}}\n"), "wrong-value", "b", "no default");
    one(&of_keys("inputs: {a: {enum: [b], default: c}}\n"), "wrong-value", "c", "its `enum`");
    one(&of_keys("inputs: {a: {pattern: '^b', default: c}}\n"), "wrong-value", "c", "pattern");
    one(&of_keys("tools: read\n"), "wrong-type", "read", "a list");
    one(&of_keys("tools: [shell(ls)]\n"), "unknown-tool", "shell(ls)", "not a tool");
    one(&of_keys("budget: {usd: -1}\n"), "wrong-value", "-1", "at least 0");
    one(&of_keys("budget: {turns: 5000000000}\n"), "wrong-value", "5000000000", "at most");
    one(&of_keys("mcp: {a: {}}\n"), "missing-key", "a", "no `url`");
    one(&of_keys("mcp: {a: {url: ftp://b}}\n"), "wrong-value", "ftp://b", "https");
    one(
        &of_keys("include: [../secret.md]\n"),
        "missing-file",
        "../secret.md",
        "out of the library",
    );
    one(
        &of_keys("docs: {a: {file: playbook.md, url: 'https://c.de/'}}\n"),
        "wrong-value",
        "a",
        "several",
    );
    one(
        &of_keys("docs: {a: {url: 'https://c.de/', max_age: 3}}\n"),
        "wrong-value",
        "3",
        "duration",
    );
    one(&of_keys("env: {file: .env, keys: {a b: c}}\n"), "wrong-value", "a b", "not a name");
}

#[test]
fn requirements_and_commands_say_one_thing() {
    one(&of_keys("requires: [{}]\n"), "wrong-value", "{}", "none");
    one(&of_keys("requires: [{git: dirty}]\n"), "wrong-value", "dirty", "not `clean`");
    let alone = of_keys("requires: [{file: a, version: '>1'}]\n");
    one(&alone, "wrong-value", "'>1'", "without `package`");
    let pointer = of_keys("requires: [{json: a, pointer: scripts}]\n");
    one(&pointer, "wrong-value", "scripts", "not a JSON pointer");
    one(&of_keys("requires: [{any: [{file: '['}]}]\n"), "bad-pattern", "'['", "glob");
    one(&of_keys("commands: {a: {}}\n"), "wrong-value", "a", "none");
    one(&of_keys("commands: {a: {run: [b], exec: [c]}}\n"), "wrong-value", "a", "several");
    one(&of_keys("commands: {a: {run: \"b 'c\"}}\n"), "wrong-value", "\"b 'c\"", "quote");
    one(&of_keys("commands: {a: {run: []}}\n"), "wrong-value", "[]", "at least one word");
    let argument = of_keys("commands: {a: {run: [b, '${{ args.c }}'], args: {d: {enum: [e]}}}}\n");
    one(&argument, "undefined-reference", "c", "no argument");
}

#[test]
fn what_a_stage_has_is_held() {
    assert!(of_stage("needs: []\nretro: false\nretry: 0\neffort: low\nmodel: small").is_empty());
    one(&of_stage("needs: [survey, bild]"), "dangling-need", "bild", "no such stage");
    one(
        &of_stage("needs: ['${{ inputs.title }}']"),
        "misplaced-template",
        "'${{ inputs.title }}'",
        "",
    );
    one(
        &of_stage("tools: ['run(${{ inputs.title }})']"),
        "misplaced-template",
        "'run(${{ inputs.title }})'",
        "",
    );
    one(
        &of_stage("output: {schema: '${{ inputs.title }}.json'}"),
        "misplaced-template",
        "'${{ inputs.title }}.json'",
        "",
    );
    one(
        &of_stage("output: {schema: nowhere.json}"),
        "missing-file",
        "nowhere.json",
        "no such file",
    );
    one(&of_stage("output: text"), "wrong-value", "text", "not `markdown`");
    one(&of_stage("approve: after"), "wrong-value", "after", "`before` or `output`");
    one(&of_stage("context: spoon"), "wrong-value", "spoon", "not `fork`");
    one(&of_stage("tools: [run(testz)]"), "unknown-command", "testz", "no command");
    one(&of_stage("checks: [{run: testz}]"), "unknown-command", "testz", "no command");
    one(&of_stage("checks: [{env: KEY}]"), "missing-env", "KEY", "no key");
    one(
        &of_stage("checks: [{file: a, baseline: true}]"),
        "wrong-value",
        "{file: a, baseline: true}",
        "without `run`",
    );
    one(&of_stage("checks: [{contains: {regexp: a}, in: b}]"), "foreign-key", "regexp", "no key");
    one(&of_stage("tools: [mcp(shop/list)]"), "unknown-server", "shop", "no MCP server");
}

#[test]
fn expressions_are_held_at_the_word_that_is_wrong() {
    one(&of_stage("when: stages.survey.output.filse"), "undefined-reference", "filse", "has no");
    one(
        &of_stage("when: ${{ stages.survey.stauts }}"),
        "undefined-reference",
        "stauts",
        "no `stauts`",
    );
    one(
        &of_stage("when: stages.build.output"),
        "undefined-reference",
        "stages.build.output",
        "reads itself",
    );
    one(&of_stage("when: inputs.titel"), "undefined-reference", "titel", "no input");
    one(&of_stage("when: project.nmae"), "undefined-reference", "nmae", "`project` has no");
    one(
        &of_stage("when: \"inputs.title\\t== inputs.titel\""),
        "undefined-reference",
        "\"inputs.title\\t== inputs.titel\"",
        "titel",
    );
    one(&of_stage("when: |\n  inputs.titel"), "undefined-reference", "titel", "no input");
    one(&of_stage("when: inputs.title | uper"), "bad-expression", "uper", "no filter");
    one(&of_stage("when: inputs.title =="), "bad-expression", "==", "");
    one(&of_stage("when: inputs.key == 'a'"), "exposed-secret", "inputs.key", "secret");
    one(
        &of_stage("checks: [{json: a, equals: '${{ itme }}'}]"),
        "undefined-reference",
        "itme",
        "not defined",
    );
}

#[test]
fn the_items_of_a_stage_are_held() {
    let each = |keys: &str| of_stage(&format!("for_each: {{{keys}}}"));
    assert!(each("in: stages.survey.output.files, as: file, max: 3").is_empty());
    assert!(each("files: '*.html', containing: '<main', as: page, max: '${{ 2 + 3 }}'").is_empty());
    one(&each("as: file"), "missing-key", "{as: file}", "`in`");
    one(&each("in: '[1]', as: inputs"), "wrong-value", "inputs", "has a meaning already");
    one(&each("in: '[1]', as: My"), "wrong-value", "My", "not a name");
    one(&each("in: '[1]', max: 0"), "wrong-value", "0", "at least 1");
    one(&each("in: '[1]', max: many"), "wrong-value", "many", "neither");
    one(&each("in: '[1]', max: '${{ inputs.titel }}'"), "undefined-reference", "titel", "no input");
    one(&each("in: '[1]', containing: a"), "wrong-value", "a", "without `files`");
    one(&each("in: item"), "undefined-reference", "item", "not defined");
}

#[test]
fn what_is_wrong_once_is_reported_once() {
    let broken = "commands: {tests: {}}\nmcp: {shop: {}}\ninputs: {a: 3}\n";
    let stage = "    tools: [run(tests), mcp(shop/list)]\n    when: inputs.a\n";
    let text = format!("---\n{HEAD}{broken}{STAGE}{stage}  x-y:\n---\n{SECTION}\n## x-y\n\nA.\n");
    let rules: Vec<String> = findings(&text).1.into_iter().map(|[rule, ..]| rule).collect();
    assert_eq!(rules, ["wrong-value", "missing-key", "wrong-type", "wrong-value"]);
}

#[test]
fn a_heading_with_a_slip_of_the_pen_is_read_as_the_stage_it_means() {
    let text = format!("---\n{HEAD}{STAGE}---\n\n## biuld\n\nBuild ${{{{ inputs.a }}}}.\n");
    let rules: Vec<String> = findings(&text).1.into_iter().map(|[rule, ..]| rule).collect();
    assert_eq!(rules, ["stray-section", "undefined-reference"]);
}

#[test]
fn the_host_of_an_address_is_written_out() {
    let url = |url: &str| of_keys(&format!("mcp: {{a: {{url: '{url}'}}}}\n"));
    let doc = |url: &str| of_keys(&format!("docs: {{a: {{url: '{url}'}}}}\n"));
    assert!(doc("https://a.de/${{ project.name }}.md").is_empty());
    for host in ["https://${{ project.name }}/a", "https://a.${{ project.name }}"] {
        one(&doc(host), "misplaced-template", &format!("'{host}'"), "host");
    }
    one(
        &url("https://a.de/${{ project.name }}"),
        "misplaced-template",
        "'https://a.de/${{ project.name }}'",
        "",
    );
    one(&url("https:///a"), "wrong-value", "'https:///a'", "no host");
    one(&url("https://a.de@b.de/"), "wrong-value", "'https://a.de@b.de/'", "no user");
    one(&url("http://localhost:80@b.de/"), "wrong-value", "'http://localhost:80@b.de/'", "no user");
    one(&url("http://localhost.b.de/"), "wrong-value", "'http://localhost.b.de/'", "https");
    assert!(url("http://localhost:8080/mcp").is_empty());
}

#[test]
fn a_line_under_a_text_is_told_from_a_heading() {
    let bundle = load_text("a.md", &format!("---\n{HEAD}{STAGE}---\n{SECTION}\nMore\n---\n"));
    let (_, found) = check(&bundle, &wizard::lint::Known::default(), Profile::Default);
    assert_eq!((found.len(), found[0].rule), (1, "stray-section"));
    assert!(found[0].help.as_ref().unwrap().contains("put an empty line between"));
}

#[test]
fn a_reader_that_has_enough_is_no_error() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_wizard"))
        .args(["explain", "too-many-stages"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!((child.wait().unwrap().code(), said.as_str()), (Some(0), ""));
}
