//! What a draft is made of, and the files that come of it.

use serde_json::{Map, Value, json};

use crate::import::body::{self, Body};
use crate::import::names::Names;
use crate::import::{Form, template, yaml};
use crate::playbook::{Layout, Tree, lay_out, schema_errors};
use crate::source::{Source, Span, visible};

/// What reads and changes nothing: every stage has it.
const READING: [&str; 3] = ["read", "glob", "grep"];

/// The head of a list of what was left out.
const LEFT_OUT: &str = include_str!("left_out.md");

/// A playbook that is begun, with the files that it names and what it could not take along.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// What the original was written as.
    pub form: Form,
    /// The paths in the library, and what each file says; the playbook is the first.
    pub files: Vec<(String, String)>,
    /// What it could not take along, by its place.
    pub notes: Vec<Note>,
}

/// A thing of the original that the draft does not have, or has in another way.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Note {
    /// The file.
    pub path: String,
    /// The line, where it is about one.
    pub line: Option<u32>,
    /// The thing.
    pub what: String,
    /// Why, and the way out.
    pub why: String,
}

/// A draft that is being made.
pub(super) struct Parts {
    pub(super) name: String,
    path: String,
    source: Source,
    pub(super) description: String,
    pub(super) license: Option<String>,
    pub(super) inputs: Map<String, Value>,
    pub(super) include: Vec<String>,
    pub(super) docs: Map<String, Value>,
    pub(super) mcp: Map<String, Value>,
    pub(super) commands: Map<String, Value>,
    pub(super) budget: Map<String, Value>,
    /// Keys that mean nothing to the engine, and something to the author.
    pub(super) own: Map<String, Value>,
    /// What every stage may do besides reading.
    pub(super) powers: Vec<String>,
    pub(super) checks: Vec<Value>,
    pub(super) retry: Option<i64>,
    pub(super) effort: Option<String>,
    pub(super) output: Option<Value>,
    pub(super) body: Body,
    pub(super) files: Vec<(String, String)>,
    pub(super) notes: Vec<Note>,
    pub(super) command_names: Names,
    pub(super) input_names: Names,
    pub(super) doc_names: Names,
    server_names: Names,
    /// The line on which the power to change files is given.
    edits: Option<u32>,
    asks: bool,
}

impl Parts {
    pub(super) fn new(name: &str, path: &str, text: &str) -> Self {
        Parts {
            name: name.to_owned(),
            path: path.rsplit('/').next().unwrap_or(path).to_owned(),
            source: Source::new(path, text),
            description: String::new(),
            license: None,
            inputs: Map::new(),
            include: Vec::new(),
            docs: Map::new(),
            mcp: Map::new(),
            commands: Map::new(),
            budget: Map::new(),
            own: Map::new(),
            powers: Vec::new(),
            checks: Vec::new(),
            retry: None,
            effort: None,
            output: None,
            body: Body::default(),
            files: Vec::new(),
            notes: Vec::new(),
            command_names: Names::default(),
            input_names: Names::default(),
            doc_names: Names::default(),
            server_names: Names::default(),
            edits: None,
            asks: false,
        }
    }

    /// Returns the text of the original.
    pub(super) fn text(&self) -> &str {
        &self.source.text
    }

    /// Returns the line of a place.
    pub(super) fn line(&self, span: Span) -> u32 {
        self.line_at(span.start as usize)
    }

    /// Returns the line of a byte.
    pub(super) fn line_at(&self, byte: usize) -> u32 {
        self.source.place(u32::try_from(byte).unwrap_or(u32::MAX)).line
    }

    /// Notes a thing on a line of the original.
    pub(super) fn leave(&mut self, line: u32, what: String, why: &str) {
        let path = self.path.clone();
        self.notes.push(Note { path, line: Some(line), what, why: why.to_owned() });
    }

    /// Notes a file beside the original.
    pub(super) fn leave_file(&mut self, path: &str, what: &str, why: &str) {
        let (what, why) = (what.to_owned(), why.to_owned());
        self.notes.push(Note { path: path.to_owned(), line: None, what, why });
    }

    /// Gives every stage a tool, besides those that read.
    pub(super) fn power(&mut self, tool: &str, line: u32) {
        match tool {
            tool if READING.contains(&tool) => return,
            "edit" | "write" | "remove" => self.edits = self.edits.or(Some(line)),
            "ask" => {
                self.asks = true;
                return;
            }
            _ => {}
        }
        if !self.powers.iter().any(|power| power == tool) {
            self.powers.push(tool.to_owned());
        }
    }

    /// Keeps a key of the original under a name of the author's own.
    pub(super) fn keep(&mut self, key: &str, value: &Tree) {
        let key = crate::import::names::snake(key).unwrap_or_default();
        self.own.insert(format!("x_{key}"), value.json());
    }

    /// Declares an input and returns its name.
    pub(super) fn input(&mut self, words: &str, declared: Value) -> String {
        let name = self.input_names.give(words, "input");
        self.inputs.insert(name.clone(), declared);
        name
    }

    /// Declares an MCP server where it has an address, and grants the tools of it that are named.
    pub(super) fn server(
        &mut self,
        what: &str,
        name: &str,
        url: &str,
        tools: &[String],
        line: u32,
    ) {
        let host = url.strip_prefix("https://").unwrap_or_default();
        let plain = |text: &str| {
            !text.is_empty()
                && text.chars().all(|it| it.is_ascii_graphic() && !"(){}$@".contains(it))
        };
        if !plain(host.split('/').next().unwrap_or_default()) || url.contains("${{") {
            let why = "a server is reached at an https address; one that is a program of this \
                       machine is not started";
            return self.leave(line, what.to_owned(), why);
        }
        let server = self.server_names.give(name, "server");
        self.mcp.insert(server.clone(), json!({ "url": url }));
        let named: Vec<&String> = tools.iter().filter(|tool| plain(tool) && *tool != "*").collect();
        for tool in &named {
            self.power(&format!("mcp({server}/{tool})"), line);
        }
        if named.is_empty() {
            let why = format!("grant each tool that a stage needs as `mcp({server}/TOOL)`");
            self.leave(line, what.to_owned(), &why);
        }
    }

    /// Makes a JSON Schema the output of the last stage.
    pub(super) fn schema(&mut self, schema: &Tree) {
        let value = schema.json();
        let faults = schema_errors(&value, &Value::Null);
        let invalid = faults.iter().find(|fault| fault.starts_with("the schema is not valid"));
        let line = self.line(schema.span);
        if let Some(fault) = invalid {
            return self.leave(line, "the schema of the answer".to_owned(), fault);
        }
        if value["type"] != "object" {
            let why = "an output is an object; wrap it in one";
            return self.leave(line, "the schema of the answer".to_owned(), why);
        }
        let path = format!("schemas/{}-output.json", self.name);
        let text = serde_json::to_string_pretty(&value).unwrap_or_default();
        self.files.push((format!("playbooks/{path}"), text + "\n"));
        self.output = Some(json!({ "schema": path }));
    }

    /// Takes prose apart into the sections of stages, and says where it moved.
    pub(super) fn sections(
        &mut self,
        prose: &str,
        title: &str,
        line: impl Fn(&Self, usize) -> u32,
    ) {
        self.body = body::split(prose, &self.name, title);
        if title != self.name && self.body.sections.iter().all(|section| section.title != title) {
            self.own.insert("x_title".to_owned(), json!(title));
        }
        if let Some(first) = self.body.first {
            let what = "the numbered headings".to_owned();
            let why = "each is a stage, which begins a conversation of its own and knows of those before \
                       it what they leave; give one that others build on an `output:` with a schema";
            self.leave(line(self, first), what, why);
        }
        if let Some(start) = self.body.moved {
            let what = "prose after the last step".to_owned();
            self.leave(
                line(self, start),
                what,
                "it stands in the preamble, where every stage is told it",
            );
        }
    }

    /// Writes the files.
    pub(super) fn finish(mut self, form: Form) -> Draft {
        if self.description.trim().is_empty() {
            self.description =
                self.body.sections.first().map_or_else(String::new, |it| it.title.clone());
            self.leave(
                1,
                "a description".to_owned(),
                "it has none; say what the playbook does and when to use it",
            );
        }
        if self.asks {
            self.powers.push("ask".to_owned());
        }
        if let Some(line) = self.edits {
            let why = "`writes` is every file; name those that a stage has to change, and a check that \
                       fails when it did not";
            self.leave(line, "which files may be changed".to_owned(), why);
        }
        for section in &mut self.body.sections {
            if section.text.trim().is_empty() {
                section.text = format!("\n{}\n", template::literal(&self.description));
            }
        }
        let mut front = Value::Object(self.front_matter());
        for (key, value) in front.as_object_mut().into_iter().flatten() {
            if !key.starts_with("x_") && template::hold(key, value) {
                let why = "no template stands there; it is written as `{{`";
                self.leave(1, format!("`${{{{` in `{key}`"), why);
            }
        }
        let front = front.as_object().map(yaml::write).unwrap_or_default();
        let text = format!("---\n{front}---\n{}", self.body.render());
        let written = Source::new(self.name.as_str(), text);
        let text = match lay_out(&written) {
            Layout::Canonical(text) => text,
            Layout::Faulty(_) | Layout::Unproven(_) => written.text,
        };
        let mut files = vec![(format!("playbooks/{}.md", self.name), text)];
        files.append(&mut self.files);
        self.notes.sort();
        self.notes.dedup();
        Draft { form, files, notes: self.notes }
    }

    fn front_matter(&self) -> Map<String, Value> {
        let mut front = Map::new();
        let mut put = |key: &str, value: Value| {
            let empty = match &value {
                Value::Array(items) => items.is_empty(),
                Value::Object(map) => map.is_empty(),
                other => other.is_null(),
            };
            if !empty {
                front.insert(key.to_owned(), value);
            }
        };
        put("playbook", json!(1));
        put("name", json!(self.name));
        put("description", json!(one_line(&self.description)));
        put("license", json!(self.license));
        put("inputs", json!(self.inputs));
        put("include", json!(self.include));
        put("docs", json!(self.docs));
        put("mcp", json!(self.mcp));
        put("commands", json!(self.commands));
        let mut tools = READING.to_vec();
        tools.extend((!self.docs.is_empty()).then_some("reference"));
        put("tools", json!(tools));
        put("budget", json!(self.budget));
        let last = self.body.sections.len().saturating_sub(1);
        let sections = self.body.sections.iter().enumerate();
        let stages: Map<String, Value> =
            sections.map(|(at, section)| (section.id.clone(), self.stage(at == last))).collect();
        put("stages", json!(stages));
        for (key, value) in &self.own {
            put(key, value.clone());
        }
        front
    }

    fn stage(&self, is_last: bool) -> Value {
        let mut stage = Map::new();
        if !self.powers.is_empty() {
            stage.insert("tools".to_owned(), json!(self.powers));
        }
        if self.edits.is_some() {
            stage.insert("writes".to_owned(), json!(["**"]));
        }
        if is_last && !self.checks.is_empty() {
            stage.insert("checks".to_owned(), json!(self.checks));
        }
        if let Some(retry) = self.retry.filter(|_| is_last) {
            stage.insert("retry".to_owned(), json!(retry));
        }
        if let Some(effort) = &self.effort {
            stage.insert("effort".to_owned(), json!(effort));
        }
        if let Some(output) = self.output.as_ref().filter(|_| is_last) {
            stage.insert("output".to_owned(), output.clone());
        }
        if stage.is_empty() { Value::Null } else { Value::Object(stage) }
    }
}

impl Draft {
    /// Writes the list of what was left out, in markdown.
    pub fn left_out(&self, original: &str) -> String {
        let playbook = self.files.first().map(|(path, _)| path.as_str()).unwrap_or_default();
        let head = LEFT_OUT.replace("«playbook»", playbook).replace("«original»", original);
        let mut text = head.replace("«form»", self.form.name());
        for note in &self.notes {
            text.push_str(&format!("- {}\n", note.shown()));
        }
        text
    }
}

impl Note {
    /// Returns the note in a line, with nothing in it that a person would not see.
    pub fn shown(&self) -> String {
        let place = match self.line {
            Some(line) => format!("{}:{line}", self.path),
            None => self.path.clone(),
        };
        let text = format!("{place}: {}: {}", one_line(&self.what), one_line(&self.why));
        visible(&text).0
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
