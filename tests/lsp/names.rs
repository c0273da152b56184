//! Names: what they are, where they are declared and used, and another one for a stage.

use async_lsp::LanguageServer as _;
use async_lsp::lsp_types::{
    DocumentChanges, DocumentSymbolParams, DocumentSymbolResponse, GotoDefinitionParams,
    GotoDefinitionResponse, Location, OneOf, Position, PrepareRenameResponse, ReferenceContext,
    ReferenceParams, RenameParams,
};

use super::editor::{Editor, Options, QUIET, WHOLE, refusal};
use super::{BASKET, SCHEMA, STYLE, basket};
use crate::support::{root, tree};

const FILE: &str = "playbooks/basket.md";

async fn definition(editor: &mut Editor, path: &str, position: Position) -> Option<Location> {
    let params = GotoDefinitionParams {
        text_document_position_params: editor.at(path, position),
        work_done_progress_params: QUIET,
        partial_result_params: WHOLE,
    };
    match editor.server.definition(params).await.unwrap()? {
        GotoDefinitionResponse::Scalar(location) => Some(location),
        other => panic!("{other:?}"),
    }
}

async fn references(editor: &mut Editor, position: Position, declared: bool) -> Vec<Location> {
    let params = ReferenceParams {
        text_document_position: editor.at(FILE, position),
        work_done_progress_params: QUIET,
        partial_result_params: WHOLE,
        context: ReferenceContext { include_declaration: declared },
    };
    editor.server.references(params).await.unwrap().unwrap()
}

/// Renames a stage and returns the text afterwards, or why it was refused.
async fn rename(
    editor: &mut Editor,
    text: &str,
    at: Position,
    name: &str,
) -> Result<String, String> {
    let params = RenameParams {
        text_document_position: editor.at(FILE, at),
        new_name: name.to_owned(),
        work_done_progress_params: QUIET,
    };
    let edit = match editor.server.rename(params).await {
        Ok(edit) => edit.unwrap(),
        refused => return Err(refusal(refused).message),
    };
    let Some(DocumentChanges::Edits(files)) = edit.document_changes else { panic!("{edit:?}") };
    let [file] = &files[..] else { panic!("{files:?}") };
    let mut text = text.to_owned();
    for edit in file.edits.iter().rev() {
        let OneOf::Left(edit) = edit else { panic!("{edit:?}") };
        let range = editor.byte(&text, edit.range.start)..editor.byte(&text, edit.range.end);
        text.replace_range(range, &edit.new_text);
    }
    Ok(text)
}

#[tokio::test]
async fn a_name_is_explained_where_the_pointer_is() {
    let mut editor = basket().await;
    for (words, later, says) in [
        ("needs:", 1, vec!["**needs**: a list", "The stages that come before"]),
        ("type", 1, vec!["`string` or `integer` or", "What kind of value"]),
        (
            "init:",
            0,
            vec![
                "**stage init** Make the module",
                "needs `survey`, `install`",
                "`run(render)`",
                "- `summary`",
            ],
        ),
        ("survey, install", 0, vec![]),
        ("[survey", 0, vec!["**stage survey**", "needs no stage", "- `pages`, a list: Every page"]),
        ("install:", 0, vec!["**stage install**", "runs `add_kit`", "- `exit`"]),
        ("inputs.‸title", 0, vec!["What the page is called", "title: {type: string"]),
        ("inputs.‸shop_key", 0, vec!["shop_key: {type: secret"]),
        ("{run: build}", 0, vec!["build: {script: build}"]),
        ("run(render)", 0, vec!["render:\n", "args: {page"]),
        (
            "[corner-shop]",
            0,
            vec!["**airplane corner-shop**", "A shop at the corner", "framework: shop-kit"],
        ),
        ("`corner-shop`", 0, vec!["A shop at the corner"]),
        ("shared/style.md", 0, vec!["# Style"]),
        ("glob", 0, vec!["files"]),
        ("`env`", 0, vec!["env"]),
        ("{env: SHOP_KEY}", 0, vec!["SHOP_KEY: "]),
        (
            "output.‸found",
            0,
            vec!["**found** of what `survey` leaves", "Whether there is any page"],
        ),
        ("page.f‸ile", 1, vec!["**file** of what `survey` leaves", "Where it is"]),
        ("as: page", 0, vec![]),
        ("project.‸name", 0, vec!["**project.name**"]),
        ("args.‸page", 0, vec!["page: {pattern"]),
        ("in‸it: Make", 0, vec!["**stage init**"]),
    ] {
        let position = editor.place(BASKET, words, later);
        let shown = editor.hover(FILE, position).await.unwrap_or_default();
        for says in says {
            assert!(shown.contains(says), "{words}: {shown}");
        }
    }
    let position = editor.place(BASKET, "shop. Ü", 0);
    assert_eq!(editor.hover(FILE, position).await, None);
}

#[tokio::test]
async fn a_finding_is_explained_by_the_beginning_of_its_page() {
    let mut editor = basket().await;
    let wrong = BASKET.replace("needs: [survey, install]", "needs: [surwey, install]");
    editor.change(FILE, None, &wrong);
    let position = editor.place(&wrong, "surwey", 0);
    let shown = editor.hover(FILE, position).await.unwrap();
    assert!(shown.starts_with("**dangling-need**\n\nA stage needs a stage"), "{shown}");
    assert!(shown.contains("`wizard explain dangling-need`") && !shown.contains("console"));
}

#[tokio::test]
async fn a_name_leads_to_what_it_stands_for() {
    let mut editor = basket().await;
    let style = "playbooks/shared/style.md";
    let schema = "playbooks/schemas/survey.json";
    for (words, later, path, text, before) in [
        ("[survey,", 0, FILE, BASKET, "## "),
        (
            "install]",
            0,
            FILE,
            BASKET,
            "stages:\n  survey:\n    output: {schema: schemas/survey.json}\n  ",
        ),
        ("stages.s‸urvey.", 2, FILE, BASKET, "## "),
        ("`survey`", 0, FILE, BASKET, "## "),
        ("`survey`", 1, FILE, BASKET, "## "),
        ("`init`", 0, FILE, BASKET, "## "),
        ("survey: Find", 0, FILE, BASKET, "stages:\n  "),
        ("  survey:", 0, FILE, BASKET, "## "),
        ("inputs.‸title", 0, FILE, BASKET, "inputs:\n  "),
        ("inputs.‸most", 0, FILE, BASKET, "SHOP_KEY}\n  "),
        ("{run: build}", 0, FILE, BASKET, "[shop-kit]}\n  "),
        ("run(render)", 0, FILE, BASKET, "{script: build}\n  "),
        ("run `render`", 0, FILE, BASKET, "{script: build}\n  "),
        ("args.‸page", 0, FILE, BASKET, "args: {"),
        ("{env: SHOP_KEY}", 0, FILE, BASKET, "keys: {"),
        ("page.f‸ile", 0, schema, SCHEMA, "\"properties\": {\n          \""),
        ("output.‸found", 0, schema, SCHEMA, "\"properties\": {\n    \""),
        ("shared/style.md", 0, style, STYLE, ""),
        ("schemas/survey.json", 0, schema, SCHEMA, ""),
        ("[corner-shop]", 0, "airplanes/corner-shop/airplane.md", "", ""),
    ] {
        let position = editor.place(BASKET, words, later);
        let found = definition(&mut editor, FILE, position).await;
        let found = found.unwrap_or_else(|| panic!("{words} leads nowhere"));
        let real =
            |uri: &async_lsp::lsp_types::Url| uri.to_file_path().unwrap().canonicalize().unwrap();
        assert_eq!(real(&found.uri), real(&editor.uri(path)), "{words}");
        let at = editor.byte(text, found.range.start);
        assert!(text[..at].ends_with(before), "{words}: {}", &text[..at]);
    }
    let outside = BASKET.replace("schemas/survey.json", "../../../etc/hosts");
    editor.change(FILE, None, &outside);
    let position = editor.place(&outside, "etc/hosts", 0);
    assert_eq!(definition(&mut editor, FILE, position).await, None);
}

#[tokio::test]
async fn a_name_in_an_include_leads_into_the_playbook() {
    let mut editor = basket().await;
    let style = "playbooks/shared/style.md";
    editor.open(style).await;
    let position = editor.place(STYLE, "inputs.‸title", 0);
    let found = definition(&mut editor, style, position).await.unwrap();
    assert_eq!(found.uri, editor.uri(FILE));
    assert_eq!(editor.covered(BASKET, found.range), "title");
    let shown = editor.hover(style, position).await.unwrap();
    assert!(shown.contains("What the page is called"), "{shown}");
    let labels = editor.complete(style, "See ${{ inputs.‸ }}\n").await;
    let labels: Vec<String> = labels.into_iter().map(|item| item.label).collect();
    assert_eq!(labels, ["title", "most"]);
}

#[tokio::test]
async fn every_place_of_a_name_is_found() {
    let mut editor = basket().await;
    for (words, later, declared, wanted) in [
        ("[survey,", 0, true, vec![30, 36, 44, 47, 56, 62, 62, 62]),
        ("[survey,", 0, false, vec![36, 44, 47, 62, 62, 62]),
        ("inputs.‸title", 0, true, vec![6, 58]),
        ("{run: build}", 0, true, vec![18, 40]),
        ("run(render)", 0, true, vec![19, 37, 63]),
    ] {
        let position = editor.place(BASKET, words, later);
        let found = references(&mut editor, position, declared).await;
        let own = found.iter().filter(|it| it.uri == editor.uri(FILE));
        let lines: Vec<u32> = own.map(|it| it.range.start.line).collect();
        assert_eq!(lines, wanted, "{words}");
    }
}

#[tokio::test]
async fn a_stage_gets_another_name_in_every_place_that_means_it() {
    let mut editor = basket().await;
    let mut wanted = BASKET.replace("survey", "look_around");
    // A file's name and a function's are not the stage's.
    for (wrong, right) in [
        ("schemas/look_around.json", "schemas/survey.json"),
        ("Do not call `look_around`", "Do not call `survey`"),
    ] {
        assert!(wanted.contains(wrong));
        wanted = wanted.replace(wrong, right);
    }
    for (words, later) in [
        ("  survey:", 0),
        ("[survey,", 0),
        ("stages.survey.", 1),
        ("survey: Find", 0),
        ("stage `survey`", 0),
    ] {
        let at = BASKET.match_indices(words).nth(later).unwrap().0;
        let at = at + words.find("survey").unwrap() + 2;
        let position = editor.position(BASKET, at);
        let params = editor.at(FILE, position);
        match editor.server.prepare_rename(params).await.unwrap().unwrap() {
            PrepareRenameResponse::RangeWithPlaceholder { range, placeholder } => {
                assert_eq!(editor.covered(BASKET, range), "survey", "{words}");
                assert_eq!(placeholder, "survey");
            }
            other => panic!("{other:?}"),
        }
        let text = rename(&mut editor, BASKET, position, "look_around").await.unwrap();
        assert_eq!(text, wanted, "{words}");
    }
    editor.change(FILE, None, &wanted);
    assert_eq!(editor.findings(FILE).await, []);
}

#[tokio::test]
async fn a_name_that_cannot_be_is_refused_with_a_reason() {
    let mut editor = basket().await;
    let survey = editor.place(BASKET, "[survey,", 0);
    for (name, reason) in [
        ("Look", "`Look` is not a name"),
        ("look-around", "is not a name"),
        ("", "`` is not a name"),
        ("init", "there is a stage `init` already"),
    ] {
        let refused = rename(&mut editor, BASKET, survey, name).await.unwrap_err();
        assert!(refused.contains(reason), "{refused}");
    }
    let input = editor.place(BASKET, "inputs.‸title", 0);
    let refused = rename(&mut editor, BASKET, input, "name").await.unwrap_err();
    assert!(refused.contains("only a stage can be renamed"), "{refused}");
    let params = editor.at(FILE, input);
    let refused = editor.server.prepare_rename(params).await;
    assert_eq!(refusal(refused).code.0, -32803);
    let broken = BASKET.replace("needs: [survey,", "needs: [survey, {");
    editor.change(FILE, None, &broken);
    let refused = rename(&mut editor, &broken, survey, "look").await.unwrap_err();
    assert!(refused.contains("mend it first"), "{refused}");
}

#[tokio::test]
async fn a_stage_of_a_shipped_playbook_gets_another_name() {
    let shipped = tree::read(&root().join("playbooks"));
    let files: Vec<(String, String)> = shipped
        .into_iter()
        .map(|(path, text)| (format!("playbooks/{path}"), String::from_utf8(text).unwrap()))
        .collect();
    let files: Vec<(&str, &str)> =
        files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let text = std::fs::read_to_string(root().join("playbooks/nextjs.md")).unwrap();
    let mut editor = Editor::start(&files, Options::default()).await;
    editor.open("playbooks/nextjs.md").await;
    let position = editor.place(&text, "stages.sur‸vey.output.auth", 0);
    let params = RenameParams {
        text_document_position: editor.at("playbooks/nextjs.md", position),
        new_name: "look".to_owned(),
        work_done_progress_params: QUIET,
    };
    let edit = editor.server.rename(params).await.unwrap().unwrap();
    let Some(DocumentChanges::Edits(files)) = edit.document_changes else { panic!("{edit:?}") };
    let uses = text.matches("stages.survey.").count();
    assert!(uses > 5);
    // Its entry and its heading besides.
    assert_eq!(files[0].edits.len(), uses + 2);
}

#[tokio::test]
async fn stages_and_sections_are_a_table_of_contents() {
    let mut editor = basket().await;
    let params = DocumentSymbolParams {
        text_document: editor.identifier(FILE),
        work_done_progress_params: QUIET,
        partial_result_params: WHOLE,
    };
    let symbols = editor.server.document_symbol(params.clone()).await.unwrap().unwrap();
    let DocumentSymbolResponse::Nested(symbols) = symbols else { panic!("{symbols:?}") };
    let names: Vec<&str> = symbols.iter().map(|symbol| symbol.name.as_str()).collect();
    assert_eq!(names, ["stages", "survey", "init", "pages", "report"]);
    let stages = symbols[0].children.as_ref().unwrap();
    let names: Vec<&str> = stages.iter().map(|symbol| symbol.name.as_str()).collect();
    assert_eq!(names, ["survey", "install", "init", "pages", "report"]);
    assert_eq!(stages[1].detail.as_deref(), Some("runs add_kit"));
    assert_eq!(symbols[1].detail.as_deref(), Some("Find the pages"));
    let init = editor.covered(BASKET, stages[2].range);
    assert!(init.starts_with("init:\n") && init.ends_with("{changed: \"src/**\"}"), "{init}");
    let section = editor.covered(BASKET, symbols[2].range);
    assert!(section.starts_with("## init: Make") && section.contains("SHOP_KEY"), "{section}");

    let options = Options { plain: true, ..Options::default() };
    let mut editor = Editor::start(&[("playbooks/basket.md", BASKET)], options).await;
    editor.open(FILE).await;
    let params = DocumentSymbolParams { text_document: editor.identifier(FILE), ..params };
    let symbols = editor.server.document_symbol(params).await.unwrap().unwrap();
    let DocumentSymbolResponse::Flat(symbols) = symbols else { panic!("{symbols:?}") };
    assert_eq!(symbols.len(), 10);
    assert_eq!(symbols[3].container_name.as_deref(), Some("stages"));
}
