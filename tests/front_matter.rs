//! What lint says of a front matter that means something else than it says.

use wizard::diagnostic::{Diagnostic, repair};
use wizard::lint::{Profile, check};
use wizard::playbook::{Bundle, Playbook, load_text};

/// A playbook without its first keys and its stage's.
fn playbook(keys: &str, stage: &str) -> String {
    let stage: String = stage.lines().map(|line| format!("    {line}\n")).collect();
    format!(
        "---\nplaybook: 1\nname: basket\n{keys}stages:\n  survey:\n  build:\n{stage}---\n\n\
         ## survey\n\nLook.\n\n## build\n\nBuild it.\n"
    )
}

const DESCRIPTION: &str = "description: Adds a basket to a shop. Use when it has none.\n";

/// The same, with a description.
fn described(keys: &str, stage: &str) -> String {
    playbook(&format!("{DESCRIPTION}{keys}"), stage)
}

fn lint(name: &str, text: &str) -> (Bundle, Playbook, Vec<Diagnostic>) {
    let bundle = load_text(name, text);
    let (playbook, findings) = check(&bundle, &wizard::tools::known(), Profile::Strict);
    (bundle, playbook, findings)
}

/// Returns what one rule points at.
fn fired(rule: &str, text: &str) -> Vec<String> {
    let (bundle, _, findings) = lint("playbook.md", text);
    let findings = findings.iter().filter(|finding| finding.rule == rule);
    findings.map(|finding| bundle.files[0].slice(finding.span).to_owned()).collect()
}

/// Returns the errors, each with its rule, and its help or label.
fn errors(text: &str) -> Vec<(&'static str, String)> {
    let (_, _, findings) = lint("playbook.md", text);
    let errors = findings.into_iter().filter(|it| it.level == wizard::diagnostic::Level::Error);
    errors.map(|it| (it.rule, it.help.or(it.label).unwrap_or_default())).collect()
}

/// Returns the text as the repairs of one rule leave it.
fn repaired(rule: &str, text: &str, guesses: bool) -> String {
    let (bundle, _, findings) = lint("playbook.md", text);
    let findings: Vec<Diagnostic> = findings.into_iter().filter(|it| it.rule == rule).collect();
    let texts = repair::repaired(&bundle.files, &findings, guesses);
    texts.into_values().next().unwrap_or_else(|| text.to_owned())
}

#[test]
fn what_yaml_reads_otherwise_is_said_with_the_way_out() {
    for (text, rule, way_out) in [
        (described("", "when: \"x\" in stages.survey.output.files"), "bad-yaml", "in other quotes"),
        (described("", "for_each: {in: a, max: ${{ 1 }}}"), "bad-yaml", "wants quotes"),
        (described("", "writes: [**/*.py]"), "bad-yaml", "begins with `*`"),
        (described("", "writes: [*.py]"), "bad-yaml", "begins with `*`"),
        (described("", "writes: [{a,b}.py]"), "bad-yaml", "such as a glob"),
        (described("", "when: inputs.a | default(\"x: y\")"), "bad-yaml", "`: ` in it"),
        (described("", "title: ${{ inputs.a #b }}"), "bad-expression", "` #` begins a comment"),
        (described("", "when: project.name == 'x #y'"), "bad-expression", "` #` begins a comment"),
        (described("commands: {t: {run: 'a \"b'}}\n", ""), "wrong-value", ""),
        (
            described("commands:\n  t:\n    run: a \"b #c\"\n", ""),
            "wrong-value",
            "begins a comment",
        ),
        (described("commands: {t: {run: [a, b #c]}}\n", ""), "bad-yaml", "cuts the list"),
        (described("", "checks: [{contains: #basket, in: a.md}]"), "bad-yaml", ""),
        (described("", "title: #basket"), "wrong-type", "behind `#` is a comment"),
        (described("", "optional: no"), "wrong-type", "write `false`"),
        (described("", "optional: \"true\""), "wrong-type", "write `true`"),
        (described("", "budget:"), "wrong-type", "leave the key out"),
        (described("", "needs:"), "wrong-type", "`needs: []` waits for nothing"),
        (described("", "tools: read, grep"), "wrong-type", "`[read, grep]`"),
        (described("", "retry:2"), "wrong-type", "`retry: 2`"),
        (described("", "retry: \"2\""), "wrong-type", "without quotes"),
        (described("inputs: {a: {default: 1.10}}\n", ""), "wrong-value", "wants quotes"),
        (
            described("inputs: {a: {type: boolean, default: off}}\n", ""),
            "wrong-value",
            "write `false`",
        ),
        (
            described("inputs: {a: {type: integer, default: '3'}}\n", ""),
            "wrong-value",
            "without quotes",
        ),
        (described("", "when: “a” == 'a'"), "bad-expression", "quotes are straight"),
        (described("", "retry: 1\nretry: 2"), "bad-yaml", ""),
        (described("", "timeout: 12:30"), "wrong-value", "such as `90s`"),
        (described("writes: [a]\n", ""), "foreign-key", "in its `writes:`"),
        (described("args: {}\n", ""), "foreign-key", "read as"),
        (described("", "commands: {}"), "foreign-key", "one command of `commands:`"),
        (described("", "airplanes: []"), "unknown-key", "a key of the front matter"),
        (described("retro: false\n", ""), "unknown-key", "a key of a stage"),
    ] {
        let found = errors(&text);
        let told = found.iter().any(|(it, says)| *it == rule && says.contains(way_out));
        assert!(told && found.len() == 1, "{way_out}: {found:?}\n{text}");
    }
}

#[test]
fn a_front_matter_of_comments_alone_is_as_empty_as_one_of_nothing() {
    for text in ["---\n---\n", "---\n# nothing yet\n---\n\n## build\n", "---\n\n  # a: b\n---\n"] {
        let found = errors(text);
        let rules: Vec<&str> = found.iter().map(|(rule, _)| *rule).collect();
        assert!(rules.iter().filter(|rule| **rule == "missing-key").count() == 1, "{found:?}");
        let source = wizard::source::Source::new("playbook.md", text);
        let laid_out = wizard::playbook::lay_out(&source);
        let wizard::playbook::Layout::Faulty(faults) = laid_out else { panic!("{laid_out:?}") };
        assert_eq!(faults.len(), 1, "{faults:?}");
    }
}

#[test]
fn a_front_matter_that_is_not_where_it_should_be_is_said() {
    let whole = described("", "");
    let begun = "---\ntitle: A basket\n---\n\n";
    for (text, way_out) in [
        (format!("\n\n{whole}"), "remove what stands above"),
        (format!(" {whole}"), "remove what stands above"),
        (format!("A basket\n\n{whole}"), "move what stands above"),
        (format!("-{whole}"), "exactly `---`"),
        (format!("```yaml\n{}```\n", whole.replace("---\n", "")), "no code block"),
        (whole.replacen("---\n\n", "\n", 1), "close it"),
        (whole.replacen("stages:", "---\nstages:", 1), "remove the line `---`"),
        (format!("{begun}{whole}"), "remove the line `---`"),
    ] {
        let (_, _, findings) = lint("playbook.md", &text);
        let [finding] = &findings[..] else { panic!("{findings:#?}\n{text}") };
        assert_eq!(finding.rule, "no-front-matter", "{text}");
        let says = finding.help.as_ref().unwrap_or(&finding.message);
        assert!(says.contains(way_out), "{says}\n{text}");
    }
    assert_eq!(repaired("no-front-matter", &format!("\n \n{whole}"), false), whole);
    assert_eq!(repaired("no-front-matter", &format!("-{whole}"), true), whole);
    let prose = "x_note: a\n---\n\n## survey\n\nLook.\n";
    let unclosed = format!("---\nplaybook: 1\n{prose}").replace("---\n\n##", "\n##") + "\n---\n";
    assert!(errors(&unclosed)[0].1.contains("is the front matter closed?"));
    // A rule between paragraphs, and a table of keys in an example, are prose.
    let ruled = format!("{whole}\nstages: are many\n\n---\n\nplaybook: 1\n");
    assert_eq!(errors(&ruled), []);
}

#[test]
fn line_ends_and_the_mark_of_another_system_change_nothing() {
    let whole = described("license: MIT\nbudget: {turns: 9}\n", "");
    assert_eq!(errors(&whole.replace('\n', "\r\n")), []);
    let marked = format!("\u{feff}{whole}");
    assert_eq!(fired("byte-order-mark", &marked), ["\u{feff}"]);
    assert_eq!(fired("byte-order-mark", &whole), [""; 0]);
    assert_eq!(repaired("byte-order-mark", &marked, false), whole);
}

#[test]
fn a_scalar_that_is_used_as_text_stays_as_it_is_written() {
    let keys = "requires: [{package: a, version: 1.10}]\ncommands: {t: {run: [py, 3.10, 0x1F, true, 1e3]}}\n\
                env: {file: .env, keys: {A: 1.10, B: yes}}\n";
    let (_, playbook, _) = lint("playbook.md", &described(keys, "title: 2.50"));
    let words: Vec<&str> = playbook.commands[0].words.iter().map(|it| it.text.as_str()).collect();
    assert_eq!(words, ["py", "3.10", "0x1F", "true", "1e3"]);
    assert_eq!(playbook.env.unwrap().keys[0].1.text, "1.10");
    assert_eq!(playbook.stages[1].title.as_ref().unwrap().text, "2.50");
    let requirement = format!("{:?}", playbook.requires[0]);
    assert!(requirement.contains("\"1.10\""), "{requirement}");
    let (_, playbook, findings) =
        lint("playbook.md", &described("", "for_each: {in: '[1]', max: 3}"));
    assert_eq!(playbook.stages[1].for_each.as_ref().unwrap().max.as_ref().unwrap().value, 3);
    assert!(findings.iter().all(|finding| finding.rule != "wrong-type"), "{findings:#?}");
}

#[test]
fn a_key_of_another_format_is_told_with_ours() {
    for (keys, stage, at) in [
        ("on: push\n", "", "on"),
        ("jobs: {}\n", "", "jobs"),
        ("permissions: read\n", "", "permissions"),
        ("parameters: []\n", "", "parameters"),
        ("prompt: Build it.\n", "", "prompt"),
        ("instructions: Build it.\n", "", "instructions"),
        ("sub_recipes: []\n", "", "sub_recipes"),
        ("allowed-tools: Read\n", "", "allowed-tools"),
        ("timeout-minutes: 3\n", "", "timeout-minutes"),
        ("version: 1.2\n", "", "version"),
        ("", "depends_on: [survey]", "depends_on"),
        ("", "dependsOn: [survey]", "dependsOn"),
        ("", "if: inputs.a", "if"),
        ("", "env_vars: {}", "env_vars"),
        ("", "continue-on-error: true", "continue-on-error"),
        ("", "timeout-minutes: 3", "timeout-minutes"),
        ("", "steps: []", "steps"),
        ("", "output: {type: object}", "type"),
        ("inputs: {a: {required: true}}\n", "", "required"),
        ("", "for_each: {in: '[1]', limit: 3}", "limit"),
        ("", "checks: [{file: a, negate: true}]", "negate"),
        ("commands: {t: {run: [a], env: {}}}\n", "", "env"),
    ] {
        assert_eq!(fired("foreign-key", &described(keys, stage)), [at], "{keys}{stage}");
    }
    let renamed = repaired("foreign-key", &described("", "continue-on-error: true"), true);
    assert!(renamed.contains("    optional: true\n"), "{renamed}");
    for (keys, stage) in [
        ("x_on: push\n", ""),
        ("", "x_if: a"),
        ("", "nedes: [survey]"),
        ("inputs: {prompt: {default: a}, if: {default: b}}\n", ""),
        ("commands: {steps: {run: [a]}}\n", ""),
        (
            "",
            "output: {schema: {type: object, required: [a], properties: {steps: {type: string}}}}",
        ),
    ] {
        assert_eq!(fired("foreign-key", &described(keys, stage)), [""; 0], "{keys}{stage}");
    }
    // What a word of ours stands for is not missing as well.
    let titled = described("", "").replacen("name: basket", "title: basket", 1);
    assert_eq!(errors(&titled).len(), 1);
}

#[test]
fn a_key_with_nothing_in_it_is_told_where_it_says_nothing() {
    let keys = "budget: {}\ntools: []\ninputs: {}\n";
    assert_eq!(
        fired("empty-key", &described(keys, "checks: []")),
        ["budget", "tools", "inputs", "checks"]
    );
    assert_eq!(fired("empty-key", &described("inputs: {tools: {enum: []}}\n", "")), ["enum"]);
    let fine = "inputs: {tools: {}, budget: , a: {type: list, default: []}}\nx_mine: {tools: []}\n";
    assert_eq!(fired("empty-key", &described(fine, "needs: []")), [""; 0]);
    let json = "checks: [{json: a, pointer: /b, equals: []}]\noutput: {schema: {properties: {tools: {enum: []}}}}";
    assert_eq!(fired("empty-key", &described("", json)), [""; 0]);
    let none = "---\nplaybook: 1\nname: a\ndescription: b\nstages: {}\n---\n";
    assert_eq!(fired("empty-key", none), ["stages"]);
    let text = described("", "needs: []\ntools: []\nretry: 2");
    assert_eq!(repaired("empty-key", &text, false), described("", "needs: []\nretry: 2"));
}

#[test]
fn a_sentence_that_a_comment_cuts_is_told_from_a_comment() {
    let of_description = |text: &str| {
        let found = playbook(&format!("description: {text}\n"), "");
        fired("cut-value", &found)
    };
    for (text, cut) in [
        ("Fixes issue #12 of the shop.", "#12 of the shop."),
        ("Tells the channel #shop what changed.", "#shop what changed."),
        ("Makes the background #fff", "#fff"),
        ("Adds what C #language books need", "#language books need"),
        ("It's the shop's issue #12", "#12"),
    ] {
        assert_eq!(of_description(text), [cut], "{text}");
    }
    for text in [
        "Adds a basket. # a comment",
        "Adds a basket.   #a comment that is set apart",
        "Adds a basket. ## two marks",
        "\"Fixes issue #12 of the shop.\"",
        "'Fixes issue #12 of the shop.'",
        "Fixes issue#12 of the shop.",
        "Basket #shop",
        "C# basket",
        ">-\n  Fixes issue #12 of the shop.",
        "Adds a basket. #",
    ] {
        assert_eq!(of_description(text), [""; 0], "{text}");
    }
    let twice = described(
        "requires: [{package: next, version: '>=15'}]   #the first that has it\n",
        "retry: 2 #twice",
    );
    assert_eq!(fired("cut-value", &twice), [""; 0]);
    let title = "title: Fix issue #12\nrun: t";
    assert_eq!(fired("cut-value", &described("commands: {t: {run: a}}\n", title)), ["#12"]);
    let whole = repaired("cut-value", &playbook("description: Fixes issue #12 now\n", ""), true);
    assert!(whole.contains("description: \"Fixes issue #12 now\"\n"), "{whole}");
}

#[test]
fn a_text_that_others_read_otherwise_is_told_where_quotes_are_missing() {
    let of = |keys: &str| fired("ambiguous-text", &described(keys, ""));
    assert_eq!(of("inputs: {a: {enum: [yes, No, \"off\"], default: yes}}\n"), ["yes", "No", "yes"]);
    assert_eq!(
        of("inputs: {a: {default: 2024-01-31}, b: {default: 12:30}}\n"),
        ["2024-01-31", "12:30"]
    );
    assert_eq!(of("requires: [{package: a, version: 1.10}]\n"), ["1.10"]);
    assert_eq!(of("commands: {t: {run: [py, 3.10, 0755, 1_000]}}\n"), ["3.10", "0755", "1_000"]);
    assert_eq!(of("env: {file: .env, keys: {A: on, version: 2.50}}\n"), ["on", "2.50"]);
    for fine in [
        "budget: {usd: 2.50}\n",
        "inputs: {a: {default: now}, b: {default: \"12:30\"}, c: {type: number, default: 1.50}}\n",
        "x_mine: yes\n",
        "requires: [{package: a, version: 1.1}, {package: b, version: '>=1.10'}]\n",
        "commands: {t: {run: [a, 3, 0, 1.5, true]}}\n",
        "docs: {a: {url: 'https://a.de/', max_age: 24h}}\n",
    ] {
        assert_eq!(of(fine), [""; 0], "{fine}");
    }
    let quoted =
        repaired("ambiguous-text", &described("inputs: {a: {enum: [yes, no]}}\n", ""), false);
    assert!(quoted.contains("[\"yes\", \"no\"]"), "{quoted}");
}

#[test]
fn a_name_is_its_files_in_a_library_alone() {
    let of = |path: &str, name: &str| {
        let text = described("", "").replacen("name: basket", &format!("name: {name}"), 1);
        let (_, _, findings) = lint(path, &text);
        findings.iter().filter(|finding| finding.rule == "name-mismatch").count()
    };
    assert_eq!(of("playbooks/basket.md", "cart"), 1);
    assert_eq!(of("shop/playbooks/basket.md", "Basket"), 1);
    assert_eq!(of("playbooks/basket.md", "basket"), 0);
    assert_eq!(of("basket.md", "cart"), 0);
    assert_eq!(of("playbooks/shop/basket.md", "cart"), 0);
}

#[test]
fn a_description_says_what_and_when() {
    let weak = |text: &str| {
        fired("weak-description", &playbook(&format!("description: {text}\n"), "")).len()
    };
    for text in [
        "Basket",
        "basket!",
        "Adds a basket.",
        "Adds a basket to a shop, with prices, a total and a button.",
        "Reviews the code of this repository and writes a report about it.",
    ] {
        assert_eq!(weak(text), 1, "{text}");
    }
    assert_eq!(weak(&format!("Adds a basket when {}.", "a ".repeat(600))), 1);
    for text in [
        "Adds a basket to a shop. Use when it has none yet.",
        "Adds a basket to a shop, before its first customer comes.",
        "Writes the changelog after a release, from the last commits.",
        "Reviews a pull request for security faults if it touches money.",
        "Adds product analytics to a shop. For projects that depend on express.",
        "Should be used to prepare the weekly report of the shop.",
    ] {
        assert_eq!(weak(text), 0, "{text}");
    }
}

#[test]
fn terms_are_asked_for_once() {
    assert_eq!(fired("missing-license", &described("", "")), ["basket"]);
    assert_eq!(fired("missing-license", &described("license: MIT\n", "")), [""; 0]);
    assert_eq!(fired("missing-license", &described("license: 3\n", "")), [""; 0]);
}
