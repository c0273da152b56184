//! From a document and its front matter to a playbook.

mod command;
mod scalar;
mod stage;

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use crate::diagnostic::Diagnostic;
use crate::playbook::document::Document;
use crate::playbook::format::{
    BudgetFormat, DocFormat, Entries, Header, Id, InputFormat, KindFormat, OutputFormat,
    RequirementFormat, UnreachableFormat,
};
use crate::playbook::node::{self, Node, Reader, Tree, TypeFault};
use crate::playbook::{
    Allowed, Budget, Bundle, DataFormat, DataTest, Doc, DocPlace, EnvFile, IfUnreachable, Input,
    InputKind, McpServer, Playbook, Prose, Requirement, RequirementKind, document, misread, shape,
};
use crate::source::{FileId, Source, Span, Spanned};

/// How long a doc is used without asking its host when the playbook does not say: a day.
const DEFAULT_MAX_AGE: Duration = Duration::from_hours(24);

/// A playbook's own file, read as far as it goes without the files that it names.
#[derive(Debug, Clone)]
pub(super) struct Head {
    pub(super) document: Document,
    /// The front matter, if it can be read.
    header: Option<Header>,
    /// The front matter as it was written.
    written: Option<Arc<Tree>>,
    /// What is wrong with them.
    faults: Vec<Diagnostic>,
    /// Names and keys that could not be read.
    unread: Vec<String>,
}

/// Reads a playbook's own file.
pub(super) fn head(source: &Source) -> Head {
    let (mut faults, mut unread) = (Vec::new(), Vec::new());
    let document = document::read(&source.text, FileId(0), &mut faults);
    let read = header(source, &document, &mut faults, &mut unread);
    let (header, written) = read.map(|(header, written)| (header, Arc::new(written))).unzip();
    Head { document, header, written, faults, unread }
}

/// Reads a bundle. What cannot be read is reported and left out.
pub(super) fn lower(bundle: &Bundle) -> (Playbook, Vec<Diagnostic>) {
    let Head { document, header, written, mut faults, unread } = Head::clone(&bundle.head);
    // Where the front matter cannot be read, nothing that the prose names can be looked up.
    let Some(header) = header else {
        return (Playbook::default(), faults);
    };
    let lower = Lower { bundle, source: &bundle.files[0], faults: &mut faults, unread };
    let playbook = lower.playbook(header, document);
    (Playbook { written, ..playbook }, faults)
}

/// Returns the library's files and airplanes that a front matter names, in order, each once.
pub(super) fn named(head: &Head) -> (Vec<String>, Vec<String>) {
    let Some(header) = &head.header else { return (Vec::new(), Vec::new()) };
    let mut files: Vec<String> = header.include.iter().map(|path| path.value.clone()).collect();
    let docs =
        header.docs.0.iter().chain(header.stages.0.iter().flat_map(|(_, stage)| &stage.docs.0));
    files.extend(docs.filter_map(|(_, doc)| Some(doc.file.as_ref()?.value.clone())));
    for (_, stage) in &header.stages.0 {
        files.extend(stage.include.iter().map(|path| path.value.clone()));
        if let Some(Spanned { value: OutputFormat::Schema(schema), .. }) = &stage.output
            && let Value::String(path) = &schema.value.0
        {
            files.push(path.clone());
        }
    }
    let mut seen = std::collections::BTreeSet::new();
    files.retain(|file| seen.insert(file.clone()));
    let mut airplanes: Vec<String> =
        header.airplanes.iter().map(|airplane| airplane.value.0.clone()).collect();
    airplanes.sort();
    airplanes.dedup();
    (files, airplanes)
}

fn header(
    source: &Source,
    document: &Document,
    faults: &mut Vec<Diagnostic>,
    unread: &mut Vec<String>,
) -> Option<(Header, Tree)> {
    let range = document.front_matter.clone()?;
    let yaml = &source.text[range.clone()];
    let mut tree = node::read(yaml, FileId(0), range.start, faults)?;
    let fence = source.text[..range.start].rfind("---").unwrap_or_default();
    tree.span = Span::new(FileId(0), fence, fence + "---".len());
    if let Some(fault) = goes_on(source, document, &tree) {
        faults.push(fault);
        return None;
    }
    let written = tree.clone();
    let whole = shape::hold(&mut tree, source, crate::playbook::schema(), faults, unread);
    if !whole && !matches!(tree.value, Node::Map(_)) {
        return None;
    }
    let header = serde::Deserialize::deserialize(Reader::Tree(&tree))
        .map_err(|fault: TypeFault| {
            faults.push(Diagnostic::error("bad-yaml", tree.span, fault.to_string()));
        })
        .ok()?;
    Some((header, written))
}

/// Finds a key that the front matter must have below the line that ends it.
fn goes_on(source: &Source, document: &Document, tree: &Tree) -> Option<Diagnostic> {
    let end = document.front_matter.clone()?.end;
    let required = crate::playbook::schema()["required"].as_array()?.iter();
    let missing = |key: &&str| tree.get(key).is_none();
    let missing: Vec<&str> = required.filter_map(Value::as_str).filter(missing).collect();
    let rest = source.text.get(end..).filter(|_| !missing.is_empty())?;
    let mut at = end;
    for line in rest.split_inclusive('\n').take_while(|line| !line.starts_with("```")) {
        let key = line.split_once(':').map(|(key, _)| key).filter(|key| missing.contains(key));
        if let Some(key) = key {
            let fence = Span::new(FileId(0), end, end + "---".len());
            let message = format!("the front matter ends here, and `{key}:` stands below it");
            return Some(
                Diagnostic::error("no-front-matter", fence, message)
                    .related(Span::new(FileId(0), at, at + key.len()), "not read")
                    .help("remove the line `---` between its keys, and what stands there"),
            );
        }
        at += line.len();
    }
    None
}

struct Lower<'a> {
    bundle: &'a Bundle,
    source: &'a Source,
    faults: &'a mut Vec<Diagnostic>,
    unread: Vec<String>,
}

impl Lower<'_> {
    fn playbook(mut self, header: Header, document: Document) -> Playbook {
        let stages = self.stages(header.stages, document.sections);
        Playbook {
            name: id(header.name),
            description: header.description.value,
            license: header.license,
            inputs: header
                .inputs
                .0
                .into_iter()
                .map(|(name, input)| self.input(name, input))
                .collect(),
            requires: self.requirements(header.requires),
            languages: header.languages,
            includes: self.includes(&header.include),
            docs: self.docs(header.docs),
            airplanes: header.airplanes.into_iter().map(id).collect(),
            mcp: header
                .mcp
                .0
                .into_iter()
                .map(|(name, server)| {
                    self.url(&server.url);
                    McpServer { name, url: server.url }
                })
                .collect(),
            commands: self.commands(header.commands),
            env: header.env.map(|env| EnvFile {
                file: env.file,
                keys: env.keys.0.into_iter().map(|(key, value)| (key, self.word(value))).collect(),
            }),
            tools: self.grants(header.tools),
            allowed: header
                .lint
                .allow
                .into_iter()
                .map(|Spanned { value: allow, .. }| Allowed {
                    rule: allow.rule,
                    reason: allow.reason,
                    within: allow.within,
                })
                .collect(),
            budget: budget(&header.budget),
            preamble: document.preamble,
            stages,
            unread: self.unread,
            written: None,
        }
    }

    fn input(&mut self, name: Spanned<String>, input: InputFormat) -> Input {
        self.input_values(&name, &input);
        let kind = match input.kind {
            KindFormat::String => InputKind::String,
            KindFormat::Integer => InputKind::Integer,
            KindFormat::Number => InputKind::Number,
            KindFormat::Boolean => InputKind::Boolean,
            KindFormat::List => InputKind::List,
            KindFormat::Secret => InputKind::Secret,
        };
        Input {
            name,
            kind,
            env: input.env,
            pattern: input.pattern,
            default: input.default.map(|value| value.value.0),
            options: input.options.into_iter().map(|value| value.value.0).collect(),
            description: input.description,
        }
    }

    /// Holds the values that an input names against its own type, pattern and list.
    fn input_values(&mut self, name: &Spanned<String>, input: &InputFormat) {
        let pattern = input.pattern.as_ref().filter(|pattern| self.regex(pattern));
        let fits: fn(&Value) -> bool = match input.kind {
            KindFormat::String | KindFormat::Secret => Value::is_string,
            KindFormat::Integer => |value| value.is_i64() || value.is_u64(),
            KindFormat::Number => Value::is_number,
            KindFormat::Boolean => Value::is_boolean,
            KindFormat::List => {
                |value| value.as_array().is_some_and(|list| list.iter().all(Value::is_string))
            }
        };
        let kind = input.kind.word();
        for value in input.options.iter().chain(&input.default) {
            let shown = &value.value.0;
            if !fits(shown) {
                let message = format!("`{}` is {kind}, and {shown} is not", name.value);
                let fault = Diagnostic::error("wrong-value", value.span, message);
                self.faults.push(misread::unfit(fault, shown, kind, value.span, self.source));
            } else if let (Some(pattern), Some(text)) = (pattern, shown.as_str())
                && !regex::Regex::new(pattern).is_ok_and(|pattern| pattern.is_match(text))
            {
                let message = format!("{shown} does not match the pattern of `{}`", name.value);
                self.fault("wrong-value", value.span, &message);
            }
        }
        let Some(default) = &input.default else { return };
        if matches!(input.kind, KindFormat::Secret) {
            let message = format!("`{}` is a secret, and a secret has no default", name.value);
            self.faults.push(
                Diagnostic::error("wrong-value", default.span, message)
                    .help("a playbook is read by everybody; name the variable in `env:`"),
            );
        } else if !input.options.is_empty()
            && !input.options.iter().any(|option| option.value.0 == default.value.0)
        {
            let message = format!("the default of `{}` is not in its `enum`", name.value);
            self.fault("wrong-value", default.span, &message);
        }
    }

    fn requirements(&mut self, list: Vec<Spanned<RequirementFormat>>) -> Vec<Requirement> {
        list.into_iter().filter_map(|requirement| self.requirement(requirement)).collect()
    }

    fn requirement(&mut self, requirement: Spanned<RequirementFormat>) -> Option<Requirement> {
        let span = requirement.span;
        let RequirementFormat {
            package,
            version,
            file,
            json,
            toml,
            pointer,
            equals,
            contains,
            within,
            program,
            git,
            any,
            not,
        } = requirement.value;
        let data = json.is_some() || toml.is_some();
        self.companion("version", version.as_ref(), package.is_some(), "`package`");
        self.companion("pointer", pointer.as_ref(), data, "`json` or `toml`");
        self.companion("equals", equals.as_ref(), data, "`json` or `toml`");
        self.companion("in", within.as_ref(), contains.is_some(), "`contains`");
        if let Some(pointer) = &pointer {
            self.pointer(pointer);
        }
        let mut kinds = Vec::new();
        if let Some(package) = package {
            let version = version.map(|version| Spanned::new(version.value.0, version.span));
            kinds.push(RequirementKind::Package { name: package.value, version });
        }
        if let Some(file) = file {
            self.glob(&file);
            kinds.push(RequirementKind::File(file.value));
        }
        for (file, format) in [(json, DataFormat::Json), (toml, DataFormat::Toml)] {
            if let Some(file) = file {
                kinds.push(RequirementKind::Data(DataTest {
                    file: file.value,
                    format,
                    pointer: pointer.clone().map(|pointer| pointer.value).unwrap_or_default(),
                    equals: equals.clone().map(|equals| equals.value.0),
                }));
            }
        }
        match (contains, within) {
            (Some(text), Some(within)) => {
                self.glob(&within);
                kinds.push(RequirementKind::Contains { text: text.value, within: within.value });
            }
            (Some(text), None) => {
                self.fault("missing-key", text.span, "`contains` wants `in`, the files to look in");
                return None;
            }
            _ => {}
        }
        kinds.extend(program.map(|program| RequirementKind::Program(program.value)));
        kinds.extend(git.map(|_| RequirementKind::GitClean));
        kinds.extend(any.map(|any| RequirementKind::Any(self.requirements(any))));
        let of = "package, file, json, toml, contains, program, git, any";
        let kind = self.exactly_one("a requirement", of, kinds, span)?;
        Some(Requirement { kind, not, span })
    }

    /// Reports a key that says nothing without another.
    fn companion<T>(&mut self, key: &str, value: Option<&Spanned<T>>, other: bool, of: &str) {
        if let Some(value) = value.filter(|_| !other) {
            self.fault("wrong-value", value.span, &format!("`{key}` says nothing without {of}"));
        }
    }

    fn pointer(&mut self, pointer: &Spanned<String>) {
        let text = pointer.value.as_str();
        if !(text.is_empty() || text.starts_with('/') || text.starts_with("${{")) {
            let message = format!("`{text}` is not a JSON pointer");
            self.faults.push(
                Diagnostic::error("wrong-value", pointer.span, message)
                    .help("a pointer begins with `/`, such as `/scripts/build`"),
            );
        }
    }

    /// Returns the one thing that a record says, or reports that it says none or several.
    fn exactly_one<T>(&mut self, what: &str, of: &str, mut kinds: Vec<T>, span: Span) -> Option<T> {
        if kinds.len() == 1 {
            return kinds.pop();
        }
        let says = if kinds.is_empty() { "none" } else { "several" };
        self.fault(
            "wrong-value",
            span,
            &format!("{what} has exactly one of {of}; this has {says}"),
        );
        None
    }

    fn includes(&mut self, paths: &[Spanned<String>]) -> Vec<Prose> {
        let bundle = self.bundle;
        let mut proses = Vec::new();
        for path in paths {
            match bundle.named.get(&path.value) {
                Some(Ok(file)) => {
                    let text = &bundle.files[usize::from(file.0)].text;
                    let prose = document::include(text, &path.value, *file, self.faults);
                    proses.push(Prose { named: Some(path.span), ..prose });
                }
                other => self.missing_file(path, other),
            }
        }
        proses
    }

    fn missing_file(&mut self, path: &Spanned<String>, read: Option<&Result<FileId, String>>) {
        let reason = match read {
            Some(Err(reason)) => reason.as_str(),
            _ => "there is no such file",
        };
        let message = format!("cannot read `{}`: {reason}", path.value);
        self.faults.push(
            Diagnostic::error("missing-file", path.span, message)
                .help("paths resolve from the playbook's folder, inside its library"),
        );
    }

    fn docs(&mut self, docs: Entries<DocFormat>) -> Vec<Doc> {
        docs.0.into_iter().filter_map(|(name, doc)| self.doc(name, &doc)).collect()
    }

    fn doc(&mut self, name: Spanned<String>, doc: &DocFormat) -> Option<Doc> {
        let mut places = Vec::new();
        if let Some(url) = &doc.url {
            self.url(url);
            places.push(DocPlace::Url(self.template(url)));
        }
        places.extend(doc.file.clone().map(DocPlace::File));
        let Some(place) = self.exactly_one("a doc", "url, file", places, name.span) else {
            self.unread.push(name.value);
            return None;
        };
        if let DocPlace::File(file) = &place {
            let read = self.bundle.named.get(&file.value);
            if !matches!(read, Some(Ok(_))) {
                self.missing_file(file, read);
            }
        }
        Some(Doc {
            name,
            place,
            max_age: self.duration(doc.max_age.as_ref()).unwrap_or(DEFAULT_MAX_AGE),
            max_tokens: doc.max_tokens,
            if_unreachable: match doc.if_unreachable {
                UnreachableFormat::Fail => IfUnreachable::Fail,
                UnreachableFormat::Stale => IfUnreachable::Stale,
                UnreachableFormat::Ignore => IfUnreachable::Ignore,
            },
        })
    }

    fn fault(&mut self, rule: &'static str, span: Span, message: &str) {
        self.faults.push(Diagnostic::error(rule, span, message));
    }
}

fn id(id: Spanned<Id>) -> Spanned<String> {
    Spanned::new(id.value.0, id.span)
}

fn budget(budget: &BudgetFormat) -> Budget {
    Budget { usd: budget.usd, tokens: budget.tokens, turns: budget.turns, minutes: budget.minutes }
}
