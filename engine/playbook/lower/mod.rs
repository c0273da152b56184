//! From a document and its front matter to a playbook.

mod command;
mod scalar;
mod stage;

use std::time::Duration;

use serde_json::Value;

use crate::diagnostic::Diagnostic;
use crate::playbook::document::Document;
use crate::playbook::format::{
    BudgetFormat, DocFormat, Entries, Header, Id, InputFormat, KindFormat, OutputFormat,
    RequirementFormat, UnreachableFormat,
};
use crate::playbook::node::{self, Reader};
use crate::playbook::{
    Budget, Bundle, DataFormat, DataTest, Doc, DocPlace, EnvFile, IfUnreachable, Input, InputKind,
    McpServer, Playbook, Prose, Requirement, RequirementKind, document, shape,
};
use crate::source::{FileId, Source, Span, Spanned};

/// How long a doc is used without asking its host when the playbook does not say: a day.
const DEFAULT_MAX_AGE: Duration = Duration::from_secs(24 * 60 * 60);

/// Reads a bundle. What cannot be read is reported and left out.
pub(super) fn lower(bundle: &Bundle) -> (Playbook, Vec<Diagnostic>) {
    let mut faults = Vec::new();
    let source = &bundle.files[0];
    let document = document::read(&source.text, FileId(0), &mut faults);
    let header = header(source, &document, &mut faults);
    let playbook = Lower { bundle, source, faults: &mut faults }.playbook(header, document);
    (playbook, faults)
}

/// Returns the library's files that a front matter names, in order, each once.
pub(super) fn named_files(text: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let document = document::read(text, FileId(0), &mut faults);
    let header = header(&Source::new("", text), &document, &mut faults);
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
    files
}

fn header(source: &Source, document: &Document, faults: &mut Vec<Diagnostic>) -> Header {
    let Some(range) = document.front_matter.clone() else { return Header::default() };
    let yaml = &source.text[range.clone()];
    let mut tree = match node::read(yaml, FileId(0), range.start) {
        Ok(tree) => tree,
        Err(fault) => {
            faults.push(Diagnostic::error("bad-yaml", fault.span, fault.message));
            return Header::default();
        }
    };
    tree.span = Span::new(FileId(0), range.start.saturating_sub(4), range.end);
    shape::hold(&mut tree, crate::playbook::schema(), faults);
    serde::Deserialize::deserialize(Reader::Tree(&tree)).unwrap_or_else(|fault| {
        faults.push(Diagnostic::error("bad-yaml", tree.span, fault.to_string()));
        Header::default()
    })
}

struct Lower<'a> {
    bundle: &'a Bundle,
    source: &'a Source,
    faults: &'a mut Vec<Diagnostic>,
}

impl Lower<'_> {
    fn playbook(&mut self, header: Header, document: Document) -> Playbook {
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
                .map(|(name, server)| McpServer { name, url: server.url })
                .collect(),
            commands: self.commands(header.commands),
            env: header.env.map(|env| EnvFile {
                file: env.file,
                keys: env.keys.0.into_iter().map(|(key, value)| (key, self.word(value))).collect(),
            }),
            tools: self.grants(header.tools),
            budget: budget(&header.budget),
            preamble: document.preamble,
            stages,
        }
    }

    fn input(&mut self, name: Spanned<String>, input: InputFormat) -> Input {
        let kind = match input.kind {
            KindFormat::String => InputKind::String,
            KindFormat::Integer => InputKind::Integer,
            KindFormat::Number => InputKind::Number,
            KindFormat::Boolean => InputKind::Boolean,
            KindFormat::List => InputKind::List,
            KindFormat::Secret => InputKind::Secret,
        };
        if let Some(pattern) = &input.pattern {
            self.regex(pattern);
        }
        Input {
            name,
            kind,
            env: input.env,
            pattern: input.pattern,
            default: input.default.map(|value| value.0),
            options: input.options.into_iter().map(|value| value.0).collect(),
            description: input.description,
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
                    proses.push(document::include(text, &path.value, *file, self.faults));
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
        docs.0.into_iter().filter_map(|(name, doc)| self.doc(name, doc)).collect()
    }

    fn doc(&mut self, name: Spanned<String>, doc: DocFormat) -> Option<Doc> {
        let mut places = Vec::new();
        if let Some(url) = &doc.url {
            places.push(DocPlace::Url(self.template(url)));
        }
        if let Some(file) = &doc.file {
            let read = self.bundle.named.get(&file.value);
            if !matches!(read, Some(Ok(_))) {
                self.missing_file(file, read);
            }
            places.push(DocPlace::File(file.clone()));
        }
        let place = self.exactly_one("a doc", "url, file", places, name.span)?;
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
