//! What a reviewer need not say: layers, fences, sizes, words.

use std::collections::BTreeSet;

use regex::Regex;

use crate::support::{files, root, shown};

/// The modules in the order of `lib.rs`: each may use only those above it.
const LAYERS: [&str; 32] = [
    "source",
    "closed",
    "env_file",
    "redact",
    "diagnostic",
    "expression",
    "graph",
    "version",
    "playbook",
    "lint",
    "import",
    "scaffold",
    "project",
    "reference",
    "model",
    "online",
    "plan",
    "sandbox",
    "journal",
    "approval",
    "gate",
    "proof",
    "tools",
    "editor",
    "cassette",
    "context",
    "doubt",
    "outline",
    "run",
    "undo",
    "report",
    "cli",
];

/// What a module may not use although it stands below: the report sees the journal alone.
const APART: [(&str, &[&str]); 1] = [("report", &["journal", "model"])];

/// Where each outside crate may be named, as beginnings of paths in `engine/`.
const FENCES: [(&str, &[&str]); 40] = [
    ("annotate_snippets", &["diagnostic/text.rs"]),
    ("anstream", &["cli/"]),
    ("anstyle", &["cli/", "report/"]),
    ("anyhow", &["cli/"]),
    ("cap_std", &["gate/workspace/"]),
    ("clap", &["cli/"]),
    ("dialoguer", &["cli/"]),
    ("etcetera", &["cli/surroundings.rs"]),
    ("flate2", &["project/"]),
    ("globset", &["closed/", "gate/", "playbook/", "project/", "reference/"]),
    ("granit_parser", &["playbook/node/yaml.rs"]),
    ("grep_regex", &["tools/grep.rs"]),
    ("grep_searcher", &["tools/grep.rs"]),
    ("htmd", &["reference/html.rs"]),
    ("ignore", &["gate/", "playbook/", "project/", "reference/"]),
    ("jiff", &["cli/", "journal/", "model/"]),
    ("jsonschema", &["playbook/schema.rs"]),
    ("landlock", &["sandbox/files.rs"]),
    ("libc", &["sandbox/calls.rs"]),
    ("lsp_types", &["cli/lsp/"]),
    ("minijinja", &["expression/machine.rs"]),
    ("nix", &["sandbox/"]),
    ("petgraph", &["graph/"]),
    ("process_wrap", &["gate/command/runner.rs"]),
    ("pulldown_cmark", &["playbook/document.rs", "reference/pieces.rs"]),
    ("reqwest", &["model/", "online/server.rs", "reference/"]),
    ("rust_embed", &["playbook/load.rs"]),
    ("rustix", &["cli/memory.rs", "gate/workspace/", "sandbox/"]),
    ("ring", &["journal/chain.rs"]),
    ("rustls", &["reference/dial.rs", "model/"]),
    (
        "schemars",
        &[
            "approval/",
            "diagnostic/",
            "gate/",
            "journal/",
            "model/",
            "outline/",
            "playbook/",
            "plan/",
            "reference/flatten/sheet.rs",
            "report/",
            "sandbox/",
            "tools/",
        ],
    ),
    ("seccompiler", &["sandbox/calls.rs"]),
    ("sha1", &["project/"]),
    ("sha2", &["gate/", "online/", "playbook/held.rs", "playbook/load.rs", "reference/"]),
    ("shlex", &["playbook/lower/", "import/", "journal/", "cli/"]),
    ("similar", &["cassette/", "cli/docs.rs", "cli/fmt.rs", "gate/"]),
    ("strsim", &["diagnostic/"]),
    (
        "toml",
        &[
            "approval/",
            "cli/model.rs",
            "model/",
            "project/",
            "reference/lock.rs",
            "reference/pinned.rs",
            "scaffold/",
        ],
    ),
    ("zeroize", &["model/", "plan/", "redact/"]),
    ("uuid", &["cassette/", "cli/", "gate/", "reference/store.rs", "sandbox/probe.rs"]),
];

/// The most lines of a file.
const MOST_LINES: usize = 600;

/// Files that may be longer, and why.
const LONG: [(&str, &str); 0] = [];

/// Words that open work or haste leave behind.
const LEFT_BEHIND: [&str; 7] = ["TODO", "FIXME", "XXX", "HACK", "dbg!", "todo!", "unimplemented!"];

/// Names that say nothing of what a type is.
const EMPTY_NAMES: [&str; 5] = ["Manager", "Helper", "Util", "Handler", "Service"];

/// Types whose names are words of the field all the same.
const FIELD_NAMES: [(&str, &str); 2] =
    [("Manager", "a package manager"), ("Service", "a service that hosts models")];

/// Products and frameworks, which only playbooks and airplanes know.
const PRODUCTS: [&str; 16] = [
    "posthog",
    "next.js",
    "nextjs",
    "flask",
    "django",
    "rails",
    "laravel",
    "svelte",
    "nuxt",
    "express.js",
    "fastapi",
    "sentry",
    "mixpanel",
    "amplitude",
    "react",
    "angular",
];

fn sources() -> Vec<(String, String)> {
    files("engine", "rs")
        .into_iter()
        .map(|path| {
            let name = shown(&path).trim_start_matches("engine/").to_owned();
            (name, std::fs::read_to_string(path).unwrap())
        })
        .collect()
}

fn fails(found: &[String]) {
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn modules_stand_in_the_order_of_the_layers() {
    let lib = std::fs::read_to_string(root().join("engine/lib.rs")).unwrap();
    let modules: Vec<&str> =
        lib.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';')).collect();
    assert_eq!(modules, LAYERS);
}

#[test]
fn a_module_uses_only_those_above_it() {
    let import = Regex::new(r"\bcrate::([a-z_]+)").unwrap();
    let mut found = Vec::new();
    for (name, text) in sources() {
        let module = name.split(['/', '.']).next().unwrap();
        let Some(layer) = LAYERS.iter().position(|it| *it == module) else { continue };
        let apart = APART.iter().find(|(it, _)| *it == module).map(|(_, allowed)| *allowed);
        for (number, line) in text.lines().enumerate() {
            let place = format!("engine/{name}:{}", number + 1);
            if line.trim_start().starts_with("use crate::{") {
                found.push(format!("{place}: one `use crate::…` for each module, please"));
            }
            for used in import.captures_iter(line) {
                let Some(other) = LAYERS.iter().position(|it| *it == &used[1]) else { continue };
                let closed = apart
                    .is_some_and(|allowed| other != layer && !allowed.contains(&LAYERS[other]));
                if other > layer || closed {
                    found.push(format!("{place}: {module} uses {}", &used[1]));
                }
            }
        }
    }
    fails(&found);
}

#[test]
fn an_outside_crate_is_named_only_within_its_fence() {
    let sources = sources();
    let mut found = Vec::new();
    for (outside, fence) in FENCES {
        let named = Regex::new(&format!(r"(^|[^:\w]){outside}::")).unwrap();
        for (name, text) in &sources {
            let line = text.lines().position(|line| {
                let code = line.split("//").next().unwrap_or_default();
                named.is_match(code)
            });
            if let Some(line) =
                line.filter(|_| !fence.iter().any(|allowed| name.starts_with(allowed)))
            {
                found.push(format!("engine/{name}:{}: {outside} is fenced to {fence:?}", line + 1));
            }
        }
    }
    fails(&found);
}

#[test]
fn a_fence_has_a_crate_and_a_crate_that_is_used() {
    let manifest = std::fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let all: String = sources().into_iter().map(|(_, text)| text).collect();
    let mut found = Vec::new();
    let tables = manifest.split("\n[").filter(|table| {
        let name = table.lines().next().unwrap();
        name.ends_with("dependencies]") && !name.starts_with("dev-")
    });
    let dependencies: String = tables.map(|table| format!("{table}\n")).collect();
    let names: BTreeSet<String> = dependencies
        .lines()
        .filter_map(|line| line.split_once(" = ").map(|(name, _)| name.replace('-', "_")))
        .filter(|name| !name.contains(|letter: char| letter != '_' && !letter.is_alphanumeric()))
        .collect();
    for name in &names {
        if !Regex::new(&format!(r"\b{name}\b")).unwrap().is_match(&all) {
            found.push(format!("Cargo.toml: nothing uses {name}"));
        }
    }
    for (name, _) in FENCES {
        if !names.contains(name) {
            found.push(format!("tests/tidy.rs: {name} is fenced and no dependency"));
        }
    }
    fails(&found);
}

#[test]
fn a_file_says_what_it_is_and_stays_short() {
    let mut found = Vec::new();
    let tests = files("tests", "rs")
        .into_iter()
        .map(|path| (format!("../{}", shown(&path)), std::fs::read_to_string(path).unwrap()));
    for (name, text) in sources().into_iter().chain(tests) {
        let first = text.lines().next().unwrap_or_default();
        if !first.starts_with("//! ") {
            found.push(format!("engine/{name}:1: a file begins with `//! ` and what it is"));
        }
        let header: Vec<&str> = text.lines().take_while(|line| line.starts_with("//!")).collect();
        let opening = header.split(|line| *line == "//!").next().unwrap_or_default();
        if !opening.last().is_some_and(|line| line.ends_with('.') || line.ends_with(':')) {
            found
                .push(format!("engine/{name}:1: the header's first paragraph ends in a full stop"));
        }
        let lines = text.lines().count();
        if lines > MOST_LINES && !LONG.iter().any(|(long, _)| *long == name) {
            found.push(format!("engine/{name}: {lines} lines, and at most {MOST_LINES}"));
        }
    }
    fails(&found);
}

#[test]
fn nothing_is_left_behind() {
    let mut found = Vec::new();
    let prose = files("", "md")
        .into_iter()
        .map(|path| (shown(&path), std::fs::read_to_string(path).unwrap_or_default()));
    for (name, text) in sources().into_iter().chain(prose) {
        for (number, line) in text.lines().enumerate() {
            if let Some(word) = LEFT_BEHIND.iter().find(|word| line.contains(**word)) {
                found.push(format!("{name}:{}: {word}", number + 1));
            }
        }
    }
    fails(&found);
}

#[test]
fn types_have_names_that_say_something() {
    let named = Regex::new(r"\b(struct|enum|trait|type) (\w+)").unwrap();
    let mut found = Vec::new();
    for (name, text) in sources() {
        for (number, line) in text.lines().enumerate() {
            for type_name in named.captures_iter(line).map(|it| it[2].to_owned()) {
                let empty = EMPTY_NAMES.iter().any(|word| type_name.ends_with(word));
                let of_the_field = FIELD_NAMES.iter().any(|(word, _)| type_name == *word);
                if empty && !of_the_field {
                    found.push(format!("engine/{name}:{}: `{type_name}`", number + 1));
                }
            }
        }
    }
    fails(&found);
}

#[test]
fn the_engine_knows_no_product() {
    let names = PRODUCTS.map(regex::escape).join("|");
    let product = Regex::new(&format!("(^|[^a-z])({names})([^a-z]|$)")).unwrap();
    let mut found = Vec::new();
    let mut all = sources();
    all.extend(
        files("engine", "md")
            .into_iter()
            .map(|path| (shown(&path), std::fs::read_to_string(path).unwrap())),
    );
    for (name, text) in all {
        for (number, line) in text.lines().enumerate() {
            if let Some(named) = product.captures(&line.to_lowercase()) {
                found.push(format!("engine/{name}:{}: {}", number + 1, &named[2]));
            }
        }
    }
    fails(&found);
}

#[test]
fn a_path_that_the_documents_name_is_there() {
    let path = Regex::new(r"`((?:engine|tests|book|schemas|demos|playbooks|airplanes)/[\w./-]*|(?:[a-z]+/)+[a-z_]+\.rs)`")
        .unwrap();
    let mut found = Vec::new();
    let mut named = 0;
    for document in ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "AGENTS.md"] {
        let text = std::fs::read_to_string(root().join(document)).unwrap();
        for path in path.captures_iter(&text).map(|captures| captures[1].to_owned()) {
            // A map may leave out the folder that it is of; `NAME` stands for what is added.
            let there = ["", "engine"].iter().any(|above| root().join(above).join(&path).exists());
            named += 1;
            if !there && !path.contains("NAME") {
                found.push(format!("{document}: there is no `{path}`"));
            }
        }
    }
    assert!(named > 20, "{named} paths");
    fails(&found);
}

#[test]
fn no_file_is_forgotten() {
    let mut found = Vec::new();
    for path in files("engine", "rs").into_iter().chain(files("tests", "rs")) {
        let name = shown(&path);
        let (folder, file) = name.rsplit_once('/').unwrap();
        if ["engine/lib.rs", "engine/main.rs", "tests/suite.rs"].contains(&name.as_str()) {
            continue;
        }
        // `a/mod.rs` is declared above `a/`, and `a/b.rs` in `a/mod.rs`.
        let (above, module) = match file.strip_suffix(".rs").unwrap() {
            "mod" => folder.rsplit_once('/').unwrap(),
            module => (folder, module),
        };
        let owner = match above {
            "engine" => "engine/lib.rs".to_owned(),
            "tests" => "tests/suite.rs".to_owned(),
            above => format!("{above}/mod.rs"),
        };
        let declared = format!("mod {module};");
        let text = std::fs::read_to_string(root().join(&owner)).unwrap_or_default();
        if !text.lines().any(|line| line.trim().ends_with(&declared)) {
            found.push(format!("{owner}: no `mod {module};`, so {name} is never compiled"));
        }
    }
    fails(&found);
}
