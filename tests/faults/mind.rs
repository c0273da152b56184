//! A service with a mind: what it says next follows from what it is told, so that a run that goes
//! on hears the same again, whatever went wrong before.

use serde_json::{Value, json};
use wizard::model::Block;

/// A playbook with a plan, items side by side, edits, checks and a document.
pub(crate) const KEYS: &str = "budget: {usd: 9}
tools: [read, glob]
stages:
  plan:
    tools: [write]
    writes: [plan.txt]
    output: {schema: {type: object, required: [files], properties: {files: {type: array}}}}
  write:
    tools: [edit, write]
    writes: ['*.txt']
    for_each: {in: stages.plan.output.files, as: name, files: '${{ name }}'}
    checks: [{contains: right, in: '${{ name }}'}]
  tell:
    output: markdown
";

pub(crate) const SECTIONS: &str = "
## plan

Name the files.

## write

Write ${{ name }}.

## tell

Tell.
";

/// The files of the project at the beginning.
pub(crate) const FILES: [(&str, &str); 3] =
    [("a.txt", "wrong\none\n"), ("b.txt", "größe wrong\r\n"), ("keep.md", "kept\n")];

fn call(id: &str, name: &str, input: &Value) -> Block {
    Block::Call { id: id.to_owned(), name: name.to_owned(), input: input.clone() }
}

/// Returns what is said in answer to the body of a request: the first step whose result is not in
/// it yet.
pub(crate) fn says(body: &str) -> Vec<Block> {
    let told = |id: &str| body.contains(&format!("_id\":\"{id}\""));
    if body.contains("# Stage `plan`") {
        let steps = vec![
            call("s0", "glob", &json!({ "pattern": "**" })),
            call("s1", "write", &json!({ "path": "plan.txt", "content": "a plan — größer\n" })),
        ];
        let files = json!({ "files": ["a.txt", "b.txt", "c.txt"] });
        return if told("s1") { vec![call("s2", "done", &files)] } else { steps };
    }
    if body.contains("# Stage `write`") {
        let file = ["a.txt", "b.txt", "c.txt"]
            .into_iter()
            .find(|file| body.contains(&format!("Write {file}.")))
            .unwrap();
        let edit = json!({ "path": file, "old": "wrong", "new": "right" });
        let new = json!({ "path": file, "content": "right\n" });
        return match file {
            _ if told("s1") => vec![call("s2", "done", &json!({ "summary": "did it" }))],
            "c.txt" => vec![call("s1", "write", &new)],
            _ if told("s0") => vec![call("s1", "edit", &edit)],
            _ => vec![call("s0", "read", &json!({ "path": file }))],
        };
    }
    vec![Block::Text("It is done.".to_owned())]
}
