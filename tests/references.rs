//! What lint finds in docs, airplanes, includes and versions: libraries that look right and wrong.

use wizard::diagnostic::{Diagnostic, repair};
use wizard::lint::{Profile, check};
use wizard::playbook::{Bundle, Library, load};

/// The page of an airplane called `shop`.
const SHEET: &str = "---\nairplane: 1\nname: shop\ndescription: A shop.\n---\n";

/// A library that is being written.
struct Case {
    folder: tempfile::TempDir,
    keys: String,
    prose: String,
}

impl Case {
    /// A playbook whose one stage may look things up, with these keys and this prose.
    fn new(keys: &str, prose: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        Case { folder, keys: keys.to_owned(), prose: prose.to_owned() }
    }

    /// With an airplane `shop` that has these files, beside its page.
    fn airplane(files: &[(&str, &str)], prose: &str) -> Self {
        let case =
            Case::new("airplanes: [shop]\n", prose).file("airplanes/shop/airplane.md", SHEET);
        files
            .iter()
            .fold(case, |case, (path, text)| case.file(&format!("airplanes/shop/{path}"), text))
    }

    fn file(self, path: &str, text: &str) -> Self {
        let path = self.folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
        self
    }

    fn check(&self) -> (Bundle, Vec<Diagnostic>) {
        let keys = &self.keys;
        let tools = if keys.contains("tools:") { "" } else { "tools: [reference]\n" };
        let stages = if keys.contains("stages:") { "" } else { "stages:\n  build:\n" };
        let head = "playbook: 1\nname: a\ndescription: A. Use when b.\nlicense: MIT\n";
        let text = format!("---\n{head}{keys}{tools}{stages}---\n\n## build\n\n{}\n", self.prose);
        std::fs::write(self.folder.path().join("a.md"), text).unwrap();
        let bundle = load(Library::Folder(self.folder.path().to_owned()), "a.md").unwrap();
        let findings = check(&bundle, &wizard::tools::known(), Profile::Strict).1;
        (bundle, findings)
    }

    /// What a rule finds: the words it points at, and its message.
    fn found(&self, rule: &str) -> Vec<(String, String)> {
        let (bundle, findings) = self.check();
        let of_rule = findings.into_iter().filter(|finding| finding.rule == rule);
        let shown = of_rule.map(|finding| {
            let source = &bundle.files[usize::from(finding.span.file.0)];
            (source.slice(finding.span).to_owned(), finding.message)
        });
        shown.collect()
    }

    #[track_caller]
    fn finds(&self, rule: &str, wanted: &[&str]) {
        let found = self.found(rule);
        let places: Vec<&str> = found.iter().map(|(place, _)| place.as_str()).collect();
        assert_eq!(places, wanted, "{rule}: {} {}: {found:?}", self.keys, self.prose);
    }
}

#[test]
fn a_file_of_an_airplane_is_one_that_it_shows() {
    let files = [
        ("shop/basket.py", "import shop\n"),
        ("shop/hidden.py", "# wizard:ignore-file\n"),
        ("next.config.ts", "x\n"),
        ("requirements.txt", "shop==1\n"),
    ];
    let rows: [(&str, &[&str]); 16] = [
        ("Read `basket.py` and `next.config.ts` of the airplane.", &[]),
        (
            "Read `basket.py`, `order.py` or `./shop/basket.py` of the airplane `shop`.",
            &["order.py"],
        ),
        ("Follow the airplane's `shop/basket.py` and `shop/orders.py`.", &["shop/orders.py"]),
        ("The airplane `shop` does it in `pay.py`, or in `shop/basket.py`.", &["pay.py"]),
        ("The airplane shows this in `shop/hidden.py`.", &["shop/hidden.py"]),
        ("Each `view.py` in the airplane is small.", &["view.py"]),
        ("Write the airplane's module into `src/order.py`.", &[]),
        ("Read `basket.py` of the airplane, then write `src/order.py`.", &[]),
        ("Copy `capture` of the airplane, and `posthog.init`.", &[]),
        ("The airplane does it; put it into `app/order.py`.", &[]),
        ("If the airplane has no `order.py`, write one.", &[]),
        ("`order.py` differs from the airplane.", &[]),
        ("The airplane's `basket.add()` and `/orders` are fake.", &[]),
        ("The airplane's `*.py` files are short.", &[]),
        ("Read `shop/${{ inputs.a }}.py` of the airplane.", &[]),
        ("Read `order.py` of the app.", &[]),
    ];
    for (prose, wanted) in rows {
        Case::airplane(&files, prose).finds("unshown-file", wanted);
    }
}

#[test]
fn a_doc_or_airplane_that_prose_names_is_one_of_the_playbook() {
    let docs = "docs: {guide: {file: g.md}, naming: {file: n.md}}\n";
    let rows: [(&str, &[&str]); 14] = [
        ("The doc `guide` says how.", &[]),
        ("The docs `guide`, `naming` and `style` say how.", &["style"]),
        ("The doc `giude` says how.", &["giude"]),
        ("See the `guides` doc.", &["guides"]),
        ("Follow the airplane `shop` and not the doc.", &[]),
        ("Follow the airplane `store`.", &["store"]),
        ("The airplanes `shop` and `store` differ.", &["store"]),
        ("The airplane `${{ inputs.a }}-shop` does it.", &[]),
        ("The doc `docs/guide.md` of the app is out of date.", &[]),
        ("Every doc comment of `main` stays.", &[]),
        ("The docs folder has `style`.", &[]),
        ("Write a doc for `main`.", &[]),
        ("Where `guide` and the doc differ, follow `main`.", &[]),
        ("The airplane does so in `main`.", &[]),
    ];
    for (prose, wanted) in rows {
        let mut case = Case::airplane(&[], prose).file("g.md", "# G\n").file("n.md", "# N\n");
        case.keys.push_str(docs);
        case.finds("unknown-reference", wanted);
    }
    Case::new("", "The doc `guide` is the shop's own.").finds("unknown-reference", &[]);
    let other = Case::new(
        "stages:\n  build:\n    docs: {more: {file: g.md}}\n  plan:\n    docs: {own: {file: g.md}}\n",
        "The docs `more` and `own` say how.\n\n## plan\n\nThe doc `own` says how.",
    );
    other.file("g.md", "# G\n").finds("unknown-reference", &["own"]);
}

#[test]
fn an_airplane_is_used_where_prose_speaks_of_it() {
    let two = |prose: &str| {
        let case = Case::new("airplanes: [shop, shop-large]\n", prose);
        let sheet = SHEET.replace("name: shop", "name: shop-large");
        let case = case.file("airplanes/shop/airplane.md", SHEET);
        case.file("airplanes/shop-large/airplane.md", &sheet)
    };
    let rows: [(&str, &[&str]); 8] = [
        ("Follow the airplanes.", &[]),
        ("Look it up with `reference`.", &[]),
        ("Follow the airplane `shop`.", &["shop-large"]),
        ("Follow `shop`, or `shop-large` for many baskets.", &[]),
        ("Follow the airplane `shop${{ inputs.size }}`.", &[]),
        ("Follow the airplane `${{ inputs.size }}`.", &[]),
        ("Follow the airplane `large-${{ inputs.size }}`.", &["shop", "shop-large"]),
        ("Build a basket, for example.", &["shop", "shop-large"]),
    ];
    for (prose, wanted) in rows {
        let mut case = two(prose);
        case.keys.push_str("inputs: {size: {default: ''}}\n");
        case.finds("unused-airplane", wanted);
    }
    Case::airplane(&[], "Do as the airplane does.").finds("unused-airplane", &[]);
    Case::airplane(&[], "Build a basket.").finds("unused-airplane", &["shop"]);
}

#[test]
fn an_airplane_with_code_has_its_manifest() {
    let bare = |files: &[(&str, &str)]| Case::airplane(files, "As the airplane does.");
    let takes = "import shop from \"shop-kit\";\n";
    for files in [
        &[("main.py", "import shop\n")][..],
        &[("main.ts", takes), ("package-lock.json", "{}")],
        &[("app/main.rb", "require 'shop'\n"), ("package.json", "{}")],
        &[("main.go", "package main\n")],
        &[("src/Main.kt", "class Main\n"), ("settings.gradle.kts", "x\n")],
        &[("main.py", "import shop\n"), ("requirements.txt", "# wizard:ignore-file\n")],
        &[("main.ts", takes), ("package.json", "{}"), ("worker/main.py", "import shop\n")],
    ] {
        bare(files).finds("bare-airplane", &["shop"]);
    }
    for files in [
        &[("main.py", "import shop\n"), ("requirements.txt", "shop==1\n")][..],
        &[("api/main.py", "x\n"), ("api/pyproject.toml", "[project]\n")],
        &[("main.ts", takes), ("package.json", "{}")],
        &[("main.js", "import { a } from './a.js';\n"), ("a.js", "x\n"), ("index.html", "<p>\n")],
        &[("main.js", "import shop from \"https://example.com/shop.js\";\n")],
        &[("deploy.sh", "true\n"), ("main.sql", "select 1\n"), ("README.md", "# A\n")],
        &[("Cargo.toml", "[package]\n"), ("src/main.rs", "fn main() {}\n")],
        &[("App.swift", "x\n"), ("App.xcodeproj/project.pbxproj", "x\n")],
    ] {
        bare(files).finds("bare-airplane", &[]);
    }
}

#[test]
fn versions_that_cannot_both_hold_are_found() {
    let files =
        [("package.json", "{\"dependencies\": {\"shop-kit\": \"^2.1.0\", \"web\": \"^16.4\"}}")];
    let add = |word: &str| format!("commands: {{add_kit: {{add: [\"{word}\"]}}}}\n");
    let requires = |range: &str| format!("requires: [{{package: web, version: \"{range}\"}}]\n");
    let rows: [(&str, &str, &[&str]); 16] = [
        (&add("shop-kit@^1.4"), "As the airplane does.", &["shop-kit@^1.4"]),
        (&add("shop-kit@^2.0"), "As the airplane does.", &[]),
        (&add("shop-kit"), "As the airplane does.", &[]),
        (&add("shop-kit@latest"), "As the airplane does.", &[]),
        (&requires("<15"), "As the airplane does.", &["\"<15\""]),
        (&requires(">=15.3"), "As the airplane does.", &[]),
        ("", "Install `shop-kit@1.4`.", &["shop-kit@1.4"]),
        ("", "Install `shop-kit` 1.4 as the airplane does.", &["shop-kit` 1.4"]),
        ("", "Install `shop-kit@^2.1`.", &[]),
        ("", "Before `shop-kit@1.4` there was no basket.", &[]),
        ("", "Migrate from `shop-kit@1.4`.", &[]),
        ("", "Never install `shop-kit@1.4`.", &[]),
        ("", "The airplane is as of `shop_kit==1.0`.", &["shop_kit==1.0"]),
        ("", "The URL is `https://example.com/shop-kit@1.4`.", &[]),
        ("", "Ask for `web=1` or `page=2`.", &[]),
        ("", "```sh\nnpm install shop-kit@1.4\n```", &["shop-kit@1.4"]),
    ];
    for (keys, prose, wanted) in rows {
        let mut case = Case::airplane(&files, prose);
        case.keys.push_str(keys);
        case.finds("version-conflict", wanted);
    }
}

#[test]
fn an_option_has_one_value() {
    let code = "import shop from \"shop-kit\";\nshop.start({ behaviour: '2026-01-30', retries: 3, debug: false, name: 'a' });\n";
    let files = [("main.js", code), ("package.json", "{}")];
    let rows: [(&str, &[&str]); 14] = [
        ("Start it with `behaviour: '2025-05-24'`.", &["behaviour: '2025-05-24'"]),
        ("Start it with `behaviour: \"2026-01-30\"`.", &[]),
        ("```js\nshop.start({ behaviour: '2025-05-24' });\n```", &["behaviour: '2025-05-24'"]),
        ("```js\nshop.start({ retries: 5 });\n```", &[]),
        ("Set `retries: 5`.", &["retries: 5"]),
        ("Set `retries = 3`.", &[]),
        ("Set `debug: true` if the app is in development.", &[]),
        ("Never set `debug: true`.", &[]),
        ("Give it a `name: 'b'`.", &[]),
        ("Before 2026 it was `behaviour: '2025-05-24'`.", &[]),
        ("Set `timeout: 5`.", &[]),
        ("Call `shop.start({ retries: 5, log: null, cache: false, more: 1 })`.", &[]),
        ("A default of `retries: 5` is kept.", &[]),
        ("Set `retries: ${{ inputs.a }}`.", &[]),
    ];
    for (prose, wanted) in rows {
        Case::airplane(&files, &format!("As the airplane does.\n\n{prose}"))
            .finds("value-conflict", wanted);
    }
    let varied = [("main.js", "a({ retries: 3 }); b({ retries: 4 });\n"), ("package.json", "{}")];
    Case::airplane(&varied, "Set `retries: 5`.").finds("value-conflict", &[]);
}

#[test]
fn links_lead_to_what_the_model_gets() {
    let rows: [(&str, &[&str]); 14] = [
        ("[a](guide.md)", &[]),
        ("[a](./guide.md#part)", &[]),
        ("[a](other.md)", &["other.md"]),
        ("![a](plan.png)", &["plan.png"]),
        ("[a](../up/other.md)", &["../up/other.md"]),
        ("[a](https://example.com/a.md)", &[]),
        ("[a](mailto:a@example.com)", &[]),
        ("[a](/orders)", &[]),
        ("[a](URL)", &[]),
        ("[a](#the-part)", &[]),
        ("[a](#another)", &["#another"]),
        ("`[a](other.md)`", &[]),
        ("[a](${{ inputs.a }}.md)", &[]),
        ("[a](<b c.md>)", &[]),
    ];
    for (link, wanted) in rows {
        let prose = format!("### The part\n\nRead {link}.");
        let case = Case::new("docs: {guide: {file: docs/guide.md}}\n", &prose);
        case.file("docs/guide.md", "# Guide\n").finds("broken-link", wanted);
    }
}

#[test]
fn an_address_that_is_to_be_read_is_a_doc() {
    let rows: [(&str, &[&str]); 16] = [
        ("See https://shop.dev/api for the API.", &["https://shop.dev/api"]),
        ("Read [the API](https://shop.dev/api) first.", &["https://shop.dev/api"]),
        ("The format is documented at https://shop.dev/api.", &["https://shop.dev/api"]),
        ("Follow the steps of https://shop.dev/api#b.", &["https://shop.dev/api#b"]),
        ("See https://shop.dev/guide/ for more.", &[]),
        ("See the docs (https://www.shop.dev/guide.md).", &[]),
        ("The host is https://shop.dev.", &[]),
        ("Tell the user to check https://shop.dev/keys.", &[]),
        ("Never read https://shop.dev/api.", &[]),
        ("Set `url` to `https://shop.dev/api`, see below.", &[]),
        ("Write: see https://shop.dev/api, in the report.", &[]),
        ("See http://localhost:3000/ when it runs.", &[]),
        ("See https://example.com/a.", &[]),
        ("See https://${{ inputs.a }}.dev/a.", &[]),
        ("Visit objective-see.org or https://objective-see.org for it.", &[]),
        ("See the basket. It sends to https://shop.dev/api.", &[]),
    ];
    for (prose, wanted) in rows {
        let case = Case::new("docs: {guide: {url: 'https://shop.dev/guide'}}\n", prose);
        case.finds("undeclared-doc", wanted);
    }
    let fetches = "commands: {fetch: {run: [curl, -s, 'https://shop.dev']}}\n";
    Case::new(fetches, "See https://shop.dev/api.").finds("undeclared-doc", &[]);
}

#[test]
fn what_a_stage_is_given_twice_is_found() {
    let docs = |docs: &str| Case::new(&format!("docs: {docs}\n"), "As the docs say.");
    docs("{a: {url: 'https://b.de/c'}, d: {url: 'https://b.de/c#e'}}")
        .finds("repeated-reference", &["d"]);
    docs("{a: {url: 'https://b.de/c'}, d: {url: 'https://b.de/e'}}")
        .finds("repeated-reference", &[]);
    let own = "docs: {a: {url: 'https://b.de/c'}}\nstages:\n  build:\n    docs: ";
    Case::new(&format!("{own}{{d: {{url: 'https://b.de/c'}}}}\n"), "A.")
        .finds("repeated-reference", &["d"]);
    Case::new(&format!("{own}{{a: {{url: 'https://b.de/c'}}}}\n"), "A.")
        .finds("repeated-reference", &[]);
    let mut twice = Case::airplane(&[], "As the airplane does.");
    twice.keys = "airplanes: [shop, shop]\n".to_owned();
    twice.finds("repeated-reference", &["shop"]);
}

#[test]
fn an_include_is_told_once_and_its_repair_keeps_the_rest() {
    let rows = [
        ("include: [s.md, t.md, ./s.md]\n", "include: [s.md, t.md]\n"),
        ("include: [s.md]\nstages:\n  build:\n    include: [s.md]\n", "    include: []\n"),
        (
            "include: [s.md]\nstages:\n  build:\n    include: [t.md, 's.md']\n",
            "    include: [t.md]\n",
        ),
    ];
    for (keys, repaired) in rows {
        let case = Case::new(keys, "Build.").file("s.md", "Style.\n").file("t.md", "Tone.\n");
        let (bundle, findings) = case.check();
        let of_rule: Vec<Diagnostic> =
            findings.into_iter().filter(|finding| finding.rule == "repeated-include").collect();
        assert_eq!(of_rule.len(), 1, "{keys}");
        let texts = repair::repaired(&bundle.files, &of_rule, false);
        let text = texts.values().next().unwrap();
        assert!(text.contains(repaired), "{text}");
    }
    let rest =
        "include: [s.md]\nstages:\n  build:\n    include: [t.md]\n  plan:\n    include: [t.md]\n";
    let case =
        Case::new(rest, "Build.\n\n## plan\n\nPlan.").file("s.md", "S.\n").file("t.md", "T.\n");
    case.finds("repeated-include", &[]);
}

#[test]
fn an_example_that_breaks_the_playbooks_own_rule_is_found() {
    let code = "import shop from \"shop-kit\";\n\n// never eval\nexport function start(user: any) {\n  // @ts-ignore\n  shop.identify(user.email); console.log('eval');\n}\n";
    let files = [("main.ts", code), ("package.json", "{}")];
    let rows: [(&str, &[&str]); 14] = [
        ("No `any`, no `@ts-ignore`.", &["any", "@ts-ignore"]),
        ("Never use `console.log`.", &["console.log"]),
        ("Never use `console.log` in a view.", &[]),
        ("Never use `eval`.", &[]),
        ("Do not call `identify()`.", &["identify"]),
        ("Do not call `start`, except at the start.", &[]),
        ("Never an email as the customer id.", &[]),
        ("The argument of `identify` is an id. Never identify by email.", &["identify"]),
        ("Never use `main.ts`.", &[]),
        ("There is no `any`.", &[]),
        ("Never use `reference`.", &[]),
        ("Never use `unknown`.", &[]),
        ("Use `capture`, never `start`.", &["start"]),
        ("Never leave out `shop`.", &[]),
    ];
    for (prose, wanted) in rows {
        Case::airplane(&files, &format!("As the airplane does.\n\n{prose}"))
            .finds("broken-example", wanted);
    }
    let mut named = Case::airplane(&files, "");
    named.keys.push_str("stages:\n  identify:\n");
    named.prose =
        "Build.\n\n## identify\n\nThe customer id is the key of the database. Not an email."
            .to_owned();
    named.finds("broken-example", &["identify"]);
}

#[test]
fn no_output_repeats_a_secret() {
    let secret = format!("{}{}", "q7Rk2mVx9TzL4", "bNwF8s");
    let keys = format!(
        "commands: {{a: {{run: [b, 'API_TOKEN={secret}']}}}}\ndocs: {{{secret}: {{file: c.md}}}}\n"
    );
    let case = Case::new(&keys, &format!("Set `token = \"{secret}\"`."));
    let (bundle, findings) = case.check();
    let secrets = findings.iter().filter(|finding| finding.rule == "literal-secret").count();
    assert!(secrets > 0, "{findings:?}");
    assert!(findings.iter().any(|finding| finding.message.contains(&secret)), "{findings:?}");
    let (files, shown) = wizard::diagnostic::cover::cover(&bundle.files, &findings).unwrap();
    assert_eq!(shown.len(), findings.len());
    for finding in &shown {
        let texts = [
            wizard::diagnostic::text::render(finding, &files, false),
            wizard::diagnostic::concise::render(finding, &files),
            wizard::diagnostic::github::render(finding, &files),
            wizard::diagnostic::json::render(finding, &files).to_string(),
        ];
        assert!(texts.iter().all(|text| !text.contains(&secret)), "{texts:?}");
    }
    let log = wizard::diagnostic::sarif::render(&[(&files, &shown)], &[]).to_string();
    assert!(!log.contains(&secret), "{log}");
}
