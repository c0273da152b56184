//! What can be typed, by the place of the cursor.

use async_lsp::lsp_types::{CompletionTextEdit, Documentation};

use super::editor::{Editor, Options};
use super::{BASKET, basket, basket_with};

const FILE: &str = "playbooks/basket.md";

/// Returns the labels that are offered at the cursor of a text.
async fn labels(editor: &mut Editor, marked: &str) -> Vec<String> {
    editor.complete(FILE, marked).await.into_iter().map(|item| item.label).collect()
}

/// Asserts what is offered after one piece of the playbook has become another, with a cursor.
async fn offers(editor: &mut Editor, from: &str, to: &str, wanted: &[&str], unwanted: &[&str]) {
    assert!(BASKET.contains(from), "{from}");
    let found = labels(editor, &BASKET.replacen(from, to, 1)).await;
    for wanted in wanted {
        assert!(found.iter().any(|label| label == wanted), "{to}: no {wanted} in {found:?}");
    }
    for unwanted in unwanted {
        assert!(found.iter().all(|label| label != unwanted), "{to}: {unwanted} in {found:?}");
    }
    assert!(!wanted.is_empty() || found.is_empty() || !unwanted.is_empty(), "{to}: {found:?}");
}

/// Asserts the whole of what is offered.
async fn only(editor: &mut Editor, from: &str, to: &str, wanted: &[&str]) {
    assert!(BASKET.contains(from), "{from}");
    let found = labels(editor, &BASKET.replacen(from, to, 1)).await;
    assert_eq!(found, wanted, "{to}");
}

#[tokio::test]
async fn keys_are_offered_by_place_but_for_those_that_are_there() {
    let mut editor = basket().await;
    let editor = &mut editor;
    let budget = "budget: {usd: 1, turns: 40}\n";
    offers(
        editor,
        budget,
        &format!("{budget}‸\n"),
        &["license", "docs", "lint"],
        &["tools", "name", "usd"],
    )
    .await;
    offers(editor, budget, &format!("{budget}li‸\n"), &["license", "lint"], &["budget"]).await;
    offers(
        editor,
        budget,
        "budget: {usd: 1, ‸}\n",
        &["tokens", "minutes", "turns"],
        &["usd", "name"],
    )
    .await;
    offers(editor, budget, "budget: {usd: 1, tok‸\n", &["tokens"], &["usd"]).await;
    offers(editor, budget, "budget: {u‸sd: 1}\n", &["usd"], &["name"]).await;
    let writes = "    writes: [\"src/**\"]\n    checks:\n";
    offers(
        editor,
        writes,
        "    ‸\n    checks:\n",
        &["writes", "effort", "approve"],
        &["needs", "checks", "tools"],
    )
    .await;
    offers(editor, writes, "    ef‸\n    checks:\n", &["effort"], &["needs"]).await;
    let check = "      - {run: build}\n";
    offers(editor, check, "      - ‸\n", &["run", "file", "contains", "env"], &["needs"]).await;
    offers(editor, check, "      - run: build\n        ‸\n", &["baseline", "not"], &["run"]).await;
    offers(editor, check, "      - {‸}\n", &["run", "unchanged"], &["needs"]).await;
    offers(editor, "for_each: {in:", "for_each: {‸, in:", &["containing"], &["in", "as", "needs"])
        .await;
    offers(
        editor,
        "  most: {type: integer,",
        "  most: {‸,",
        &["type", "enum", "pattern"],
        &["default"],
    )
    .await;
    offers(editor, "output: {schema: schemas/survey.json}", "output: {‸}", &["schema"], &["needs"])
        .await;
    only(editor, "  report:\n    when", "  rep‸\n    when", &["report"]).await;
    only(editor, "  title: {type", "  ‸title: {type", &[]).await;
}

#[tokio::test]
async fn a_key_brings_what_it_is_for_and_its_colon() {
    let mut editor = basket().await;
    let text = BASKET.replacen("    writes: [\"src/**\"]\n", "    ‸\n", 1);
    let items = editor.complete(FILE, &text).await;
    let effort = items.iter().find(|item| item.label == "effort").unwrap();
    let Some(Documentation::MarkupContent(about)) = &effort.documentation else {
        panic!("{effort:?}")
    };
    assert!(about.value.contains("How hard the model should think"), "{}", about.value);
    let written = |label: &str| {
        let item = items.iter().find(|item| item.label == label).unwrap();
        match item.text_edit.as_ref().unwrap() {
            CompletionTextEdit::Edit(edit) => edit.new_text.clone(),
            CompletionTextEdit::InsertAndReplace(edit) => panic!("{edit:?}"),
        }
    };
    assert_eq!((written("effort"), written("for_each")), ("effort: ".into(), "for_each:".into()));
    let text = BASKET.replacen("    writes: [", "    wri‸tes: [", 1);
    let items = editor.complete(FILE, &text).await;
    let writes = items.iter().find(|item| item.label == "writes").unwrap();
    let Some(CompletionTextEdit::Edit(edit)) = &writes.text_edit else { panic!("{writes:?}") };
    assert_eq!(edit.new_text, "writes");
    assert_eq!(editor.covered(BASKET, edit.range), "writes");
}

#[tokio::test]
async fn values_are_offered_by_key() {
    let mut editor = basket().await;
    let editor = &mut editor;
    let tools = "tools: [edit, env, run(render)]";
    offers(
        editor,
        tools,
        "tools: [edit, ‸]",
        &["write", "run(build)", "run(render)", "mcp(shop/"],
        &["edit"],
    )
    .await;
    offers(editor, tools, "tools: [edit, run(b‸", &["run(build)"], &["edit", "init"]).await;
    offers(editor, tools, "tools: ‸", &["write", "edit"], &["init"]).await;
    offers(editor, tools, "tools:\n      - edit\n      - ‸", &["write"], &["edit", "run"]).await;
    offers(editor, tools, "tools:\n      - edit\n      ‸", &["write"], &["edit"]).await;
    let needs = "needs: [survey, install]";
    only(editor, needs, "needs: [‸]", &["survey", "install"]).await;
    only(editor, needs, "needs: [survey, in‸", &["install"]).await;
    only(editor, "needs: []", "needs: [‸]", &["survey"]).await;
    offers(editor, "run: add_kit", "run: ‸", &["add_kit", "build", "render"], &["init"]).await;
    only(editor, "{run: build}", "{run: b‸}", &["add_kit", "build", "render"]).await;
    only(editor, "{env: SHOP_KEY}", "{env: ‸}", &["SHOP_KEY"]).await;
    only(editor, "airplanes: [corner-shop]", "airplanes: [‸]", &["corner-shop"]).await;
    only(editor, "include: [shared/style.md]", "include: [‸]", &["shared/style.md"]).await;
    only(editor, "schema: schemas/survey.json", "schema: ‸", &["schemas/survey.json"]).await;
    offers(
        editor,
        "languages: [typescript]",
        "languages: [typescript, ‸]",
        &["python", "javascript"],
        &["typescript"],
    )
    .await;
    offers(editor, "{type: string, ", "{type: ‸, ", &["string", "secret", "list"], &["true"]).await;
    only(editor, "output: markdown", "output: ‸", &["markdown"]).await;
    only(editor, "output: markdown", "optional: t‸", &["true", "false"]).await;
    only(editor, "output: markdown", "effort:‸", &["low", "medium", "high"]).await;
    only(editor, "output: markdown", "context: ‸", &["fork"]).await;
    only(editor, "name: basket", "name: ‸", &[]).await;
    offers(editor, "budget:", "lint: {allow: [{rule: ‸}]}\nbudget:", &["later-stage"], &["init"])
        .await;
    offers(
        editor,
        "budget:",
        "lint: {allow: [{in: ‸}]}\nbudget:",
        &["preamble", "init"],
        &["later-stage"],
    )
    .await;
}

#[tokio::test]
async fn templates_see_what_is_defined_where_they_stand() {
    let mut editor = basket().await;
    let editor = &mut editor;
    let init = "found ${{ stages.survey.output.pages }}";
    only(editor, init, "found ${{ ‸ }}", &["inputs", "project", "stages"]).await;
    only(editor, init, "found ${{ ‸\n\nMore.", &["inputs", "project", "stages"]).await;
    only(editor, init, "found ${{ inputs.‸", &["title", "most"]).await;
    only(editor, init, "found ${{ project.na‸ }}", &["name", "languages", "package_manager"]).await;
    only(editor, init, "found ${{ stages.‸ }}", &["survey", "install"]).await;
    only(editor, init, "found ${{ stages.survey.‸ }}", &["output", "status"]).await;
    only(editor, init, "found ${{ stages.survey.output.‸ }}", &["found", "pages"]).await;
    only(editor, init, "found ${{ stages.install.output.‸ }}", &["exit", "text"]).await;
    only(editor, init, "found ${{ stages.survey.output.pages[0].‸ }}", &["file", "kind"]).await;
    only(editor, init, "found ${{ stages.survey.output.pages | le‸ }}", &[]).await;
    only(editor, init, "found ${{ 'sta‸' }}", &[]).await;
    let pages = "Change ${{ page.file }} as";
    only(editor, pages, "Change ${{ ‸ }} as", &["inputs", "project", "stages", "page"]).await;
    only(editor, pages, "Change ${{ page.‸ }} as", &["file", "kind"]).await;
    only(editor, "You add a basket", "You add ${{ ‸ }}", &["inputs", "project"]).await;
    only(editor, "You add a basket", "You add ${{ stages.‸ }}", &[]).await;
    // In the front matter, in quotes that are closed and in some that are not.
    only(
        editor,
        "{changed: \"${{ page.file }}\"}",
        "{changed: \"${{ page.‸ }}\"}",
        &["file", "kind"],
    )
    .await;
    only(editor, "max: \"${{ inputs.most }}\"", "max: \"${{ ‸", &["inputs", "project", "stages"])
        .await;
    only(editor, "--page=${{ args.page }}", "--page=${{ ‸ }}", &["inputs", "project", "args"])
        .await;
    only(editor, "--page=${{ args.page }}", "--page=${{ args.‸ }}", &["page"]).await;
    only(editor, "${{ inputs.shop_key }}", "${{ inputs.‸ }}", &["title", "shop_key", "most"]).await;
    // Where the value is an expression by itself.
    only(
        editor,
        "when: stages.survey.output.found",
        "when: ‸",
        &["inputs", "project", "stages", "always()"],
    )
    .await;
    only(
        editor,
        "when: stages.survey.output.found",
        "when: stages.survey.output.‸",
        &["found", "pages"],
    )
    .await;
    only(editor, "in: stages.survey.output.pages", "in: stages.‸", &["survey", "install", "init"])
        .await;
}

#[tokio::test]
async fn prose_is_offered_words_in_backticks_and_ids_in_headings() {
    let mut editor = basket().await;
    let editor = &mut editor;
    let set = "Set `SHOP_KEY` with `env`";
    offers(
        editor,
        set,
        "Set `‸` with",
        &["read", "edit", "render", "build", "survey", "corner-shop", "SHOP_KEY"],
        &["write", "usd"],
    )
    .await;
    offers(editor, set, "Set `SHOP_KEY` with `en‸", &["env"], &["write"]).await;
    only(editor, set, "Set `SHOP_KEY` ‸ with", &[]).await;
    only(editor, set, "Set it\n\n```ts\nconst a = `‸\n```\n", &[]).await;
    offers(editor, "You add a basket", "You `‸` a basket", &["read"], &["edit"]).await;
    only(editor, "## init: Make the module", "## ‸", &["init"]).await;
    only(editor, "## init: Make the module", "## in‸it: Make the module", &["init"]).await;
    only(editor, "## report: Tell the person", "## report\n\n## ‸", &[]).await;
}

#[tokio::test]
async fn what_is_offered_replaces_what_was_typed() {
    for utf8 in [false, true] {
        let mut editor = basket_with(Options { utf8, ..Options::default() }).await;
        replaces(&mut editor).await;
    }
}

async fn replaces(editor: &mut Editor) {
    for (from, to, label, after) in [
        ("needs: [survey, install]", "needs: [su‸rvey, install]", "init", None),
        (
            "needs: [survey, install]",
            "needs: [su‸x, install]",
            "survey",
            Some("needs: [survey, install]"),
        ),
        ("needs: [survey, install]", "needs:‸", "install", Some("needs: [install]")),
        ("run: add_kit", "run:‸", "build", Some("run: build")),
        (
            "{changed: \"src/**\"}",
            "{changed: \"${{ inp‸ }}\"}",
            "inputs",
            Some("{changed: \"${{ inputs }}\"}"),
        ),
        (
            "😀 Call them ${{ inputs.title }}",
            "😀 Call them ${{ inputs.mo‸ }}",
            "most",
            Some("😀 Call them ${{ inputs.most }}"),
        ),
        ("`SHOP_KEY`", "`SH‸OP`", "SHOP_KEY", Some("`SHOP_KEY`")),
    ] {
        let marked = BASKET.replacen(from, to, 1);
        let items = editor.complete(FILE, &marked).await;
        let item = items.into_iter().find(|item| item.label == label);
        let Some(after) = after else {
            assert!(item.is_none(), "{to}");
            continue;
        };
        let item = item.unwrap_or_else(|| panic!("{to}: no {label}"));
        let Some(CompletionTextEdit::Edit(edit)) = item.text_edit else { panic!("{label}") };
        let (_, mut text) = editor.cursor(&marked);
        let range = editor.byte(&text, edit.range.start)..editor.byte(&text, edit.range.end);
        text.replace_range(range, &edit.new_text);
        assert_eq!(text, BASKET.replacen(from, after, 1), "{to}");
    }
}

#[tokio::test]
async fn a_file_becomes_a_playbook_by_one_key() {
    let mut editor = Editor::start(&[], Options::default()).await;
    for (marked, wanted) in [
        ("---\n‸\n---\n", vec!["playbook"]),
        ("---\npl‸\n---\n", vec!["playbook"]),
        ("---\ntitle: ‸\n---\n", vec![]),
        ("# Notes\n\n`‸`\n", vec![]),
        ("---\nplaybook: 1\n‸\n---\n", vec!["name", "description", "license"]),
        ("---\nplaybook: 1\nstages:\n  ‸\n---\n\n## look: Around\n", vec!["look"]),
    ] {
        editor.open_with("a.md", "");
        let found = editor.complete("a.md", marked).await;
        let found: Vec<String> = found.into_iter().map(|item| item.label).take(3).collect();
        assert_eq!(found, wanted, "{marked}");
    }
}
