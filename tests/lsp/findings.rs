//! Findings in the editor are those of lint, at the same places, in every file they are about.

use std::process::Command;

use async_lsp::LanguageServer as _;
use async_lsp::lsp_types::{
    Diagnostic, DiagnosticSeverity, DidChangeWatchedFilesParams, DidCloseTextDocumentParams,
    DidSaveTextDocumentParams, FileChangeType, FileEvent, NumberOrString, Range,
};
use serde_json::Value;
use wizard::lint::rules::RULES;

use super::editor::{Editor, Options};
use super::{BASKET, STYLE, basket};
use crate::support::page;

/// A playbook that needs a stage which does not exist.
const WRONG: &str = "---\nplaybook: 1\nname: wrong\ndescription: Is wrong, é.\nbudget: {usd: 1}\nstages:\n  survey:\n  build:\n    title: 😀\n    needs: [surwey]\n---\n\n## survey\n\nLook around the shop.\n\n## build\n\nBuild it.\n";

/// What is compared of a finding: its rule, level, place, message and what explains it.
type Shape = (String, String, [u32; 4], String, Vec<(String, u32, u32)>);

fn code(diagnostic: &Diagnostic) -> &str {
    match diagnostic.code.as_ref().unwrap() {
        NumberOrString::String(rule) => rule,
        NumberOrString::Number(number) => panic!("{number}"),
    }
}

fn codes(diagnostics: &[Diagnostic]) -> Vec<&str> {
    diagnostics.iter().map(code).collect()
}

/// Returns a finding of the editor, its columns in characters from 1 as lint counts them.
fn of_editor(editor: &Editor, diagnostic: &Diagnostic) -> Shape {
    let text = |uri: &async_lsp::lsp_types::Url| {
        std::fs::read_to_string(uri.to_file_path().unwrap()).unwrap()
    };
    let place = |text: &str, range: Range| {
        let of = |position| {
            let at = editor.byte(text, position);
            let column = text[..at].rsplit('\n').next().unwrap().chars().count();
            [position.line + 1, u32::try_from(column).unwrap() + 1]
        };
        let ([line, column], [end_line, end_column]) = (of(range.start), of(range.end));
        [line, column, end_line, end_column]
    };
    let level = match diagnostic.severity.unwrap() {
        DiagnosticSeverity::ERROR => "error",
        DiagnosticSeverity::WARNING => "warning",
        _ => "info",
    };
    let related = diagnostic.related_information.iter().flatten().map(|related| {
        let [line, column, ..] = place(&text(&related.location.uri), related.location.range);
        (related.message.clone(), line, column)
    });
    let own = std::fs::read_to_string(editor.path("playbook.md")).unwrap();
    (
        code(diagnostic).to_owned(),
        level.to_owned(),
        place(&own, diagnostic.range),
        diagnostic.message.clone(),
        related.collect(),
    )
}

fn of_lint(finding: &Value) -> Shape {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let number = |value: &Value| u32::try_from(value.as_u64().unwrap()).unwrap();
    let mut message = text(&finding["message"]);
    if let Some(label) = finding["label"].as_str() {
        message.push_str(&format!("\n{label}"));
    }
    if let Some(help) = finding["help"].as_str() {
        message.push_str(&format!("\nhelp: {help}"));
    }
    let place = ["line", "column", "end_line", "end_column"].map(|key| number(&finding[key]));
    let related = finding["related"].as_array().unwrap().iter();
    let related =
        related.map(|it| (text(&it["label"]), number(&it["line"]), number(&it["column"])));
    (text(&finding["rule"]), text(&finding["level"]), place, message, related.collect())
}

#[tokio::test]
async fn the_page_of_every_rule_shows_in_the_editor_what_lint_says() {
    let mut compared = 0;
    for rule in RULES {
        let fences = page::fences(rule.page);
        let written = fences.iter().take_while(|fence| !fence.is_console());
        let files: Vec<(&str, String)> =
            written.filter_map(|it| Some((it.attribute("file")?, it.contents()))).collect();
        let Some(console) = fences.iter().find(|fence| fence.is_console()) else { continue };
        let strict = console.text.contains("--profile strict");
        if !files.iter().any(|(path, _)| *path == "playbook.md") {
            continue;
        }
        let arguments = if strict { vec!["--profile", "strict"] } else { Vec::new() };
        let files: Vec<(&str, &str)> =
            files.iter().map(|(path, text)| (*path, text.as_str())).collect();
        let options = Options { arguments: arguments.clone(), ..Options::default() };
        let mut editor = Editor::start(&files, options).await;
        let lint = Command::new(env!("CARGO_BIN_EXE_wizard"))
            .args(["lint", "playbook.md", "--format", "json"])
            .args(arguments)
            .current_dir(editor.folder.path())
            .output()
            .unwrap();
        let lines = String::from_utf8(lint.stdout).unwrap();
        let wanted = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let wanted: Vec<Value> = wanted.filter(|it| it["file"] == "playbook.md").collect();
        let wanted: Vec<Shape> = wanted.iter().map(of_lint).collect();
        editor.open("playbook.md").await;
        // What lacks the key that makes it a playbook is left alone.
        if ["missing-key", "no-front-matter"].contains(&rule.name) {
            continue;
        }
        let found = editor.findings("playbook.md").await;
        let found: Vec<Shape> = found.iter().map(|it| of_editor(&editor, it)).collect();
        assert_eq!(found, wanted, "{}", rule.name);
        compared += usize::from(wanted.iter().any(|(name, ..)| name == rule.name));
    }
    assert!(compared > 30, "{compared}");
}

#[tokio::test]
async fn columns_count_what_was_agreed() {
    for utf8 in [false, true] {
        let options = Options { utf8, ..Options::default() };
        let mut editor = Editor::start(&[("a.md", WRONG)], options).await;
        let encoding = editor.said.capabilities.position_encoding.clone().unwrap();
        assert_eq!(encoding.as_str(), if utf8 { "utf-8" } else { "utf-16" });
        let wrong = WRONG.replace("[surwey]", "['é😀', surwey]");
        editor.open_with("a.md", &wrong);
        let found = editor.findings("a.md").await;
        let column = if utf8 { 22 } else { 19 };
        let surwey = found.iter().find(|it| it.message.contains("surwey")).unwrap();
        assert_eq!((surwey.range.start.line, surwey.range.start.character), (9, column));
        assert_eq!(editor.covered(&wrong, surwey.range), "surwey");
        let range = Range::new(surwey.range.start, surwey.range.end);
        editor.change("a.md", Some(range), "survey");
        let found = editor.findings("a.md").await;
        assert!(found.iter().all(|it| !it.message.contains("surwey")), "{found:?}");
    }
}

#[tokio::test]
async fn a_finding_in_an_include_is_shown_there_and_goes_when_it_is_mended_unsaved() {
    let mut editor = basket().await;
    let style = "playbooks/shared/style.md";
    editor.open(style).await;
    let wrong = STYLE.replace("inputs.title", "inputs.titel");
    editor.change(style, None, &wrong);
    let found = editor.findings(style).await;
    assert_eq!(codes(&found), ["undefined-reference"]);
    assert_eq!(editor.covered(&wrong, found[0].range), "titel");
    editor.change(style, None, STYLE);
    assert_eq!(editor.findings(style).await, []);
    editor.change(style, None, &wrong);
    assert_eq!(editor.findings(style).await.len(), 1);
    let text_document = editor.identifier(style);
    editor.server.did_close(DidCloseTextDocumentParams { text_document }).unwrap();
    assert_eq!(editor.findings(style).await, [], "what is on disk is right");
}

#[tokio::test]
async fn a_finding_in_an_include_that_is_not_open_is_shown_there() {
    let mut editor = basket().await;
    std::fs::write(editor.path("playbooks/shared/style.md"), "${{ inputs.titel }}\n").unwrap();
    let text_document = editor.identifier("playbooks/basket.md");
    let saved = DidSaveTextDocumentParams { text_document, text: None };
    editor.server.did_save(saved).unwrap();
    let params = editor.published("playbooks/shared/style.md").await;
    assert_eq!((codes(&params.diagnostics), params.version), (vec!["undefined-reference"], None));
    let text_document = editor.identifier("playbooks/basket.md");
    editor.server.did_close(DidCloseTextDocumentParams { text_document }).unwrap();
    let params = editor.published("playbooks/shared/style.md").await;
    assert_eq!(params.diagnostics, [], "nobody says so any more");
}

#[tokio::test]
async fn saving_looks_at_what_changed_on_disk() {
    let mut editor = basket().await;
    std::fs::write(editor.path("playbooks/schemas/survey.json"), "{\"type\": 3}").unwrap();
    let text_document = editor.identifier("playbooks/basket.md");
    let saved = DidSaveTextDocumentParams { text_document, text: None };
    editor.server.did_save(saved).unwrap();
    let params = editor.published("playbooks/schemas/survey.json").await;
    assert_eq!(codes(&params.diagnostics), ["bad-schema"]);
}

#[tokio::test]
async fn a_file_that_changes_on_disk_is_looked_at_when_the_editor_says_so() {
    let mut editor = basket().await;
    assert_eq!(editor.asked.recv().await.unwrap(), "workspace/didChangeWatchedFiles");
    let schema = "playbooks/schemas/survey.json";
    std::fs::remove_file(editor.path(schema)).unwrap();
    let changes = vec![FileEvent { uri: editor.uri(schema), typ: FileChangeType::DELETED }];
    let changed = DidChangeWatchedFilesParams { changes };
    editor.server.did_change_watched_files(changed).unwrap();
    assert_eq!(codes(&editor.findings("playbooks/basket.md").await), ["missing-file"]);
}

#[tokio::test]
async fn markdown_that_is_no_playbook_is_left_alone() {
    let mut editor = basket().await;
    for (path, text) in [
        ("notes.md", "# Notes\n\n${{ nothing }}\n"),
        ("post.md", "---\ntitle: A post\nstages: 3\n---\n\n## One\n"),
        ("airplanes/corner-shop/airplane.md", "---\nairplane: 2\n---\n"),
    ] {
        editor.open_with(path, text);
        editor.change(path, None, &format!("{text}\n"));
    }
    editor.change("playbooks/basket.md", None, &BASKET.replace("airplanes: [corner-shop]", ""));
    editor.findings("playbooks/basket.md").await;
    let others = editor.rest();
    assert!(others.iter().all(|it| it.diagnostics.is_empty()), "{others:?}");
}

#[tokio::test]
async fn a_playbook_that_is_none_any_more_has_no_findings() {
    let mut editor = Editor::start(&[("a.md", WRONG)], Options::default()).await;
    editor.open("a.md").await;
    assert_eq!(codes(&editor.findings("a.md").await), ["dangling-need"]);
    editor.change("a.md", None, &WRONG.replace("playbook: 1\n", ""));
    assert_eq!(editor.findings("a.md").await, []);
}

#[tokio::test]
async fn while_one_types_only_the_last_version_is_told() {
    let mut editor = Editor::start(&[("a.md", WRONG)], Options::default()).await;
    editor.open("a.md").await;
    assert_eq!(editor.published("a.md").await.version, Some(1));
    let mut last = 0;
    for letter in 0..20 {
        let text = WRONG.replace("surwey", &format!("surwey{letter}"));
        last = editor.change("a.md", None, &text);
    }
    let mut seen = 1;
    loop {
        let params = editor.published("a.md").await;
        let version = params.version.unwrap();
        assert!(version > seen, "{version} after {seen}");
        seen = version;
        let typed = format!("surwey{}", version - 2);
        assert!(params.diagnostics[0].message.contains(&typed), "{version}: {params:?}");
        if version == last {
            break;
        }
    }
    assert_eq!(editor.rest().len(), 0);
}

#[tokio::test]
async fn a_file_that_is_saved_nowhere_yet_has_findings_too() {
    let mut editor = Editor::start(&[], Options::default()).await;
    editor.open_with("drafts/new.md", WRONG);
    assert_eq!(codes(&editor.findings("drafts/new.md").await), ["dangling-need"]);
}
