//! `grep`: lines by content.

use grep_regex::RegexMatcherBuilder;
use grep_searcher::sinks::Lossy;
use grep_searcher::{BinaryDetection, SearcherBuilder};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::gate::{Gate, Refusal};
use crate::tools::tool::Tool;

pub(super) struct Grep;

/// Lines that one call returns at most.
const MOST: usize = 100;

/// Characters of a line that are shown.
const WIDTH: usize = 200;

/// Find lines by regular expression. Answers `path:line: text`. Lock files only with `path` or `glob`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Input {
    pattern: String,
    /// File or folder; the whole project when left out
    path: Option<String>,
    /// Only files that this glob matches
    glob: Option<String>,
}

impl Tool for Grep {
    const NAME: &'static str = "grep";
    type Input = Input;

    fn about(input: &Input) -> String {
        input.pattern.clone()
    }

    async fn call(gate: &Gate, input: Input) -> Result<String, Refusal> {
        let workspace = &gate.hall().workspace;
        let named = input.glob.is_some() || input.path.is_some();
        let glob =
            input.glob.map(|glob| if glob.contains('/') { glob } else { format!("**/{glob}") });
        let mut files = workspace.matching(&[glob.unwrap_or_else(|| "**".to_owned())])?;
        if let Some(path) = &input.path {
            let path = workspace.path(path)?;
            if path != "." {
                let inside = format!("{path}/");
                files.retain(|file| *file == path || file.starts_with(&inside));
            }
        }
        // They match whatever is installed, and would fill the answer.
        if !named {
            files.retain(|file| !crate::project::is_lock(file));
        }
        let matcher = RegexMatcherBuilder::new()
            .size_limit(1 << 20)
            .build(&input.pattern)
            .map_err(|error| Refusal::Reply(format!("the pattern is wrong: {error}")))?;
        let mut searcher =
            SearcherBuilder::new().binary_detection(BinaryDetection::quit(0)).build();
        let mut found = Vec::new();
        for file in files {
            if found.len() > MOST {
                break;
            }
            let Ok((_, bytes)) = workspace.read(&file) else { continue };
            let sink = Lossy(|number, line| {
                let line: String = line.trim_end().chars().take(WIDTH).collect();
                found.push(format!("{file}:{number}: {line}"));
                Ok(found.len() <= MOST)
            });
            // What is searched is what may be seen: a match in a secret would tell of it.
            let clean = gate.hall().redactor.clean(&String::from_utf8_lossy(&bytes));
            let searched = searcher.search_slice(&matcher, clean.as_bytes(), sink);
            searched.map_err(|error| Refusal::Reply(format!("cannot search `{file}`: {error}")))?;
        }
        if found.is_empty() {
            return Ok("no line matches".to_owned());
        }
        let more = found.len() > MOST;
        found.truncate(MOST);
        let mut text = found.join("\n");
        if more {
            text.push_str(&format!("\n[more than {MOST} lines; narrow the search]"));
        }
        Ok(text)
    }
}
