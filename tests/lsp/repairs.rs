//! Repairs that findings offer.

use async_lsp::LanguageServer as _;
use async_lsp::lsp_types::{
    CodeAction, CodeActionContext, CodeActionKind, CodeActionOrCommand, CodeActionParams,
    DocumentChanges, DocumentFormattingParams, FormattingOptions, OneOf, Position, Range,
};

use super::editor::{Editor, Options, QUIET, WHOLE};

/// Has a slip of the pen, which is a guess, and two things that are repaired for certain.
///
/// Its `~` stand for characters that nobody sees.
const SLIPS: &str = include_str!("slips.md");

fn text() -> String {
    SLIPS.replace('~', "\u{200b}")
}

async fn actions(
    editor: &mut Editor,
    range: Range,
    only: Option<Vec<CodeActionKind>>,
) -> Vec<CodeAction> {
    let params = CodeActionParams {
        text_document: editor.identifier("a.md"),
        range,
        context: CodeActionContext { only, ..CodeActionContext::default() },
        work_done_progress_params: QUIET,
        partial_result_params: WHOLE,
    };
    let actions = editor.server.code_action(params).await.unwrap().unwrap();
    let actions = actions.into_iter().map(|action| match action {
        CodeActionOrCommand::CodeAction(action) => action,
        CodeActionOrCommand::Command(command) => panic!("{command:?}"),
    });
    actions.collect()
}

/// Returns the text after an action.
fn after(editor: &Editor, text: &str, action: &CodeAction) -> String {
    let edit = action.edit.clone().unwrap();
    let Some(DocumentChanges::Edits(files)) = edit.document_changes else { panic!("{edit:?}") };
    let [file] = &files[..] else { panic!("{files:?}") };
    assert_eq!(file.text_document.version, Some(1));
    let mut edits: Vec<_> = file
        .edits
        .iter()
        .map(|edit| match edit {
            OneOf::Left(edit) => edit,
            OneOf::Right(edit) => panic!("{edit:?}"),
        })
        .collect();
    edits.sort_by_key(|edit| std::cmp::Reverse(edit.range.start));
    let mut text = text.to_owned();
    for edit in edits {
        let range = editor.byte(&text, edit.range.start)..editor.byte(&text, edit.range.end);
        text.replace_range(range, &edit.new_text);
    }
    text
}

fn line(line: u32) -> Range {
    Range::new(Position::new(line, 0), Position::new(line, 99))
}

fn titles(actions: &[CodeAction]) -> Vec<&str> {
    actions.iter().map(|action| action.title.as_str()).collect()
}

async fn slips() -> Editor {
    let mut editor = Editor::start(&[("a.md", &text())], Options::default()).await;
    editor.open("a.md").await;
    assert_eq!(editor.findings("a.md").await.len(), 3);
    editor
}

#[tokio::test]
async fn a_guess_is_offered_where_it_is_and_is_not_preferred() {
    let mut editor = slips().await;
    let found = actions(&mut editor, line(8), Some(vec![CodeActionKind::QUICKFIX])).await;
    assert_eq!(titles(&found), ["replace `surwey` with `survey`"]);
    assert_eq!(
        (found[0].is_preferred, found[0].kind.clone()),
        (None, Some(CodeActionKind::QUICKFIX))
    );
    let finding = &found[0].diagnostics.as_ref().unwrap()[0];
    assert!(finding.message.contains("surwey"));
    assert_eq!(after(&editor, &text(), &found[0]), text().replace("surwey", "survey"));
    assert_eq!(actions(&mut editor, line(2), Some(vec![CodeActionKind::QUICKFIX])).await, []);
}

#[tokio::test]
async fn what_is_certain_is_preferred_and_can_be_had_at_once() {
    let mut editor = slips().await;
    let found = actions(&mut editor, line(13), Some(vec![CodeActionKind::QUICKFIX])).await;
    assert_eq!(titles(&found), ["remove U+200B"]);
    assert_eq!(found[0].is_preferred, Some(true));
    for asked in [CodeActionKind::SOURCE, CodeActionKind::SOURCE_FIX_ALL] {
        let found = actions(&mut editor, line(0), Some(vec![asked])).await;
        assert_eq!(found[0].kind, Some(CodeActionKind::SOURCE_FIX_ALL));
        let mended = after(&editor, &text(), &found[0]);
        assert_eq!(mended, SLIPS.replace('~', ""));
    }
    assert_eq!(actions(&mut editor, line(13), Some(vec![CodeActionKind::REFACTOR])).await, []);
    let all = actions(&mut editor, line(13), None).await;
    assert_eq!(all.len(), 2);
}

#[tokio::test]
async fn a_repair_in_an_include_changes_that_file() {
    let files = [
        ("a.md", text().replace("budget:", "include: [style.md]\nbudget:")),
        ("style.md", "Write\u{200b} plainly.\n".to_owned()),
    ];
    let files: Vec<(&str, &str)> =
        files.iter().map(|(path, text)| (*path, text.as_str())).collect();
    let mut editor = Editor::start(&files, Options::default()).await;
    editor.open("a.md").await;
    editor.open("style.md").await;
    assert_eq!(editor.findings("style.md").await.len(), 1);
    let params = CodeActionParams {
        text_document: editor.identifier("style.md"),
        range: line(0),
        context: CodeActionContext::default(),
        work_done_progress_params: QUIET,
        partial_result_params: WHOLE,
    };
    let found = editor.server.code_action(params).await.unwrap().unwrap();
    let CodeActionOrCommand::CodeAction(action) = &found[0] else { panic!("{found:?}") };
    let Some(DocumentChanges::Edits(edits)) = action.edit.clone().unwrap().document_changes else {
        panic!("{action:?}")
    };
    assert_eq!(edits[0].text_document.uri, editor.uri("style.md"));
}

#[tokio::test]
async fn a_playbook_is_put_into_canonical_form() {
    let untidy = "---\ndescription:   Is untidy, é.\nplaybook: 1\nname: untidy\nbudget: {usd: 1}\nstages:\n      survey:\n---\n\n## survey\n\nLook   around. 😀\n";
    let mut editor = Editor::start(&[("a.md", untidy)], Options::default()).await;
    editor.open("a.md").await;
    let canonical = {
        let mut lint = std::process::Command::new(env!("CARGO_BIN_EXE_wizard"));
        let status = lint.args(["fmt", "a.md"]).current_dir(editor.folder.path()).status().unwrap();
        assert!(status.success());
        std::fs::read_to_string(editor.path("a.md")).unwrap()
    };
    assert_ne!(canonical, untidy);
    let params = DocumentFormattingParams {
        text_document: editor.identifier("a.md"),
        options: FormattingOptions::default(),
        work_done_progress_params: QUIET,
    };
    let edits = editor.server.formatting(params.clone()).await.unwrap().unwrap();
    let [edit] = &edits[..] else { panic!("{edits:?}") };
    let mut text = untidy.to_owned();
    let range = editor.byte(&text, edit.range.start)..editor.byte(&text, edit.range.end);
    assert!(range.end <= untidy.find("## survey").unwrap());
    text.replace_range(range, &edit.new_text);
    assert_eq!(text, canonical);
    editor.change("a.md", None, &canonical);
    assert_eq!(editor.server.formatting(params.clone()).await.unwrap(), None);
    editor.change("a.md", None, &untidy.replace("{usd: 1}", "{usd: 1"));
    assert_eq!(editor.server.formatting(params).await.unwrap(), None);
}
