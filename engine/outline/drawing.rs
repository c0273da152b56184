//! A plan as a graph, for Mermaid and Graphviz.

use std::fmt::Write as _;

use crate::outline::{Outline, StageOutline};

/// Draws a Mermaid flowchart: model stages round, commands square, approvals marked.
pub(super) fn mermaid(outline: &Outline) -> String {
    let mut text = "flowchart TD\n".to_owned();
    for (number, stage) in outline.stages.iter().enumerate() {
        let label = label(stage, "<br>").replace('"', "#quot;");
        let (open, close) = if stage.runs.is_some() { ("[", "]") } else { ("(", ")") };
        let _ = writeln!(text, "  s{number}{open}\"{label}\"{close}");
    }
    for (need, stage) in edges(outline) {
        let _ = writeln!(text, "  s{need} --> s{stage}");
    }
    text
}

/// Draws a Graphviz digraph.
pub(super) fn dot(outline: &Outline) -> String {
    let escaped = |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"");
    let mut text = format!("digraph \"{}\" {{\n", escaped(&outline.playbook));
    for (number, stage) in outline.stages.iter().enumerate() {
        let label = escaped(&label(stage, "\n")).replace('\n', "\\n");
        let shape = if stage.runs.is_some() { "box" } else { "ellipse" };
        let _ = writeln!(text, "  s{number} [label=\"{label}\", shape={shape}];");
    }
    for (need, stage) in edges(outline) {
        let _ = writeln!(text, "  s{need} -> s{stage};");
    }
    text.push_str("}\n");
    text
}

fn label(stage: &StageOutline, line_end: &str) -> String {
    let mut lines = vec![stage.id.clone()];
    match &stage.runs {
        Some(command) => lines.push(command.argv.clone()),
        None => lines.push(format!("{} tokens", stage.first_request())),
    }
    lines.extend(stage.for_each.as_ref().map(|items| format!("for each of {items}")));
    lines.extend(stage.approve.map(|what| format!("a person approves: {what}")));
    lines.join(line_end)
}

fn edges(outline: &Outline) -> impl Iterator<Item = (usize, usize)> {
    let position = |id: &str| outline.stages.iter().position(|stage| stage.id == id);
    outline.stages.iter().enumerate().flat_map(move |(number, stage)| {
        stage.needs.iter().filter_map(move |need| Some((position(need)?, number)))
    })
}
