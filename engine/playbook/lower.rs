//! From a document and its front matter to a playbook.

use std::time::Duration;

use serde_json::Value;

use crate::diagnostic::Diagnostic;
use crate::expression::{Expression, Template};
use crate::playbook::document::{Document, Section};
use crate::playbook::format::{
    AccessFormat, ApproveFormat, BudgetFormat, CheckFormat, CommandFormat, ContainsFormat,
    DocFormat, Entries, ForEachFormat, Header, Id, InputFormat, KindFormat, OutputFormat,
    RequirementFormat, StageFormat, UnreachableFormat, Word, Words,
};
use crate::playbook::node::{self, Reader};
use crate::playbook::{
    Approve, Argument, ArgumentRule, Budget, Bundle, Check, CheckKind, Command, CommandKind,
    DataFormat, DataTest, Doc, DocPlace, EnvFile, EnvFileAccess, ForEach, Grant, IfUnreachable,
    Input, InputKind, Items, McpServer, Output, Pattern, Playbook, Prose, Requirement,
    RequirementKind, Stage, document, shape,
};
use crate::source::{FileId, Source, Span, Spanned};

/// How long a doc is used without asking its host when the playbook does not say: a day.
const DEFAULT_MAX_AGE: Duration = Duration::from_secs(24 * 60 * 60);

/// How long a command may take when the playbook does not say.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(10 * 60);

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
    shape::hold(&mut tree, super::schema(), faults);
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

    fn commands(&mut self, commands: Entries<CommandFormat>) -> Vec<Command> {
        commands.0.into_iter().filter_map(|(name, command)| self.command(name, command)).collect()
    }

    fn command(&mut self, name: Spanned<String>, command: CommandFormat) -> Option<Command> {
        let mut kinds = Vec::new();
        kinds.extend(command.run.map(|words| (CommandKind::Run, words)));
        kinds.extend(command.exec.map(|words| (CommandKind::Exec, words)));
        kinds.extend(command.add.map(|words| (CommandKind::Add, words)));
        kinds.extend(command.script.map(|words| (CommandKind::Script, words)));
        let (kind, words) =
            self.exactly_one("a command", "run, exec, add, script", kinds, name.span)?;
        let span = words.span;
        let words = self.words(words);
        if words.is_empty() {
            self.fault("wrong-value", span, "a command wants at least one word");
        }
        let mut args = Vec::new();
        for (name, argument) in command.args.0 {
            let mut rules = Vec::new();
            rules.extend(argument.options.map(|options| {
                ArgumentRule::Options(options.into_iter().map(|option| option.0).collect())
            }));
            if let Some(pattern) = argument.pattern {
                self.regex(&pattern);
                rules.push(ArgumentRule::Pattern(pattern));
            }
            if let Some(rule) = self.exactly_one("an argument", "enum, pattern", rules, name.span) {
                args.push(Argument { name, rule });
            }
        }
        Some(Command {
            name,
            kind,
            words,
            cwd: command.cwd,
            timeout: self.duration(command.timeout.as_ref()).unwrap_or(COMMAND_TIMEOUT),
            env_file: match command.env_file {
                AccessFormat::Hidden => EnvFileAccess::Hidden,
                AccessFormat::Readable => EnvFileAccess::Readable,
            },
            network: command.network,
            parallel: command.parallel,
            args,
        })
    }

    /// Splits a line by shell words before anything is rendered, so that a word never splits.
    fn words(&mut self, words: Spanned<Words>) -> Vec<Template> {
        match words.value {
            Words::List(list) => list.into_iter().map(|word| self.word(word)).collect(),
            Words::Line(line) => {
                let Some(split) = split_words(&line) else {
                    self.fault(
                        "wrong-value",
                        words.span,
                        "a quote in this command is never closed",
                    );
                    return Vec::new();
                };
                split
                    .into_iter()
                    .map(|word| self.word(Spanned::new(Word(word), words.span)))
                    .collect()
            }
        }
    }

    fn grants(&mut self, grants: Vec<Spanned<String>>) -> Vec<Spanned<Grant>> {
        grants
            .into_iter()
            .filter_map(|word| match grant(&word.value) {
                Some(grant) => Some(Spanned::new(grant, word.span)),
                None => {
                    let message = format!("`{}` is not a tool", word.value);
                    self.faults.push(
                        Diagnostic::error("unknown-tool", word.span, message)
                            .help("write a tool's word, `run(COMMAND)` or `mcp(SERVER/TOOL)`"),
                    );
                    None
                }
            })
            .collect()
    }

    fn stages(&mut self, stages: Entries<StageFormat>, sections: Vec<Section>) -> Vec<Stage> {
        let order: Vec<String> = stages.0.iter().map(|(id, _)| id.value.clone()).collect();
        let mut found: Vec<Option<Section>> = sections.into_iter().map(Some).collect();
        self.headings(&order, &found);
        let mut lowered: Vec<Stage> = Vec::new();
        for (id, stage) in stages.0 {
            let section = found
                .iter_mut()
                .find(|section| section.as_ref().is_some_and(|it| it.id.value == id.value))
                .and_then(Option::take);
            let above = lowered.last().map(|stage| stage.id.value.clone());
            lowered.push(self.stage(id, stage, section, above));
        }
        lowered
    }

    /// Holds the headings against the stages: strays, doubles, and their order.
    fn headings(&mut self, order: &[String], sections: &[Option<Section>]) {
        let mut last: Option<(usize, &Section)> = None;
        for (index, section) in sections.iter().flatten().enumerate() {
            let id = &section.id;
            let earlier = sections.iter().flatten().take(index);
            if let Some(earlier) = earlier.into_iter().find(|other| other.id.value == id.value) {
                let message = format!("the stage `{}` has a second section", id.value);
                self.faults.push(
                    Diagnostic::error("duplicate-section", id.span, message)
                        .related(earlier.id.span, "the first is here"),
                );
                continue;
            }
            let Some(position) = order.iter().position(|stage| *stage == id.value) else {
                let message = format!("there is no stage `{}`", id.value);
                let mut fault = Diagnostic::error("stray-section", id.span, message);
                match crate::diagnostic::near(&id.value, order.iter().map(String::as_str)) {
                    Some(near) => {
                        fault = fault.label(format!("did you mean `{near}`?")).fix(id.span, near);
                    }
                    None => {
                        fault = fault.help(
                            "every level-two heading is a stage; a heading of your own wants `###`",
                        );
                    }
                }
                self.faults.push(fault);
                continue;
            };
            if let Some((before, other)) = last.filter(|(before, _)| *before > position) {
                let _ = before;
                let message = format!(
                    "the section of `{}` stands after that of `{}`",
                    id.value, other.id.value
                );
                self.faults.push(
                    Diagnostic::error("section-order", id.span, message)
                        .related(other.id.span, "which `stages:` names later")
                        .help("sections stand in the order of `stages:`"),
                );
            } else {
                last = Some((position, section));
            }
        }
    }

    fn stage(
        &mut self,
        name: Spanned<String>,
        stage: StageFormat,
        section: Option<Section>,
        above: Option<String>,
    ) -> Stage {
        match (&stage.run, &section) {
            (None, None) => {
                let message = format!("the stage `{}` has no section", name.value);
                let help =
                    format!("write `## {}` and what to do, or give the stage a `run:`", name.value);
                self.faults
                    .push(Diagnostic::error("missing-section", name.span, message).help(help));
            }
            (Some(run), Some(section)) => {
                let message =
                    format!("the stage `{}` runs a command and has a section", name.value);
                self.faults.push(
                    Diagnostic::error("stray-section", section.id.span, message)
                        .related(run.span, "no model reads the section")
                        .help("leave out one of the two"),
                );
            }
            _ => {}
        }
        let needs = match stage.needs {
            Some(needs) => needs.into_iter().map(id).collect(),
            None => above.map(|above| Spanned::new(above, name.span)).into_iter().collect(),
        };
        let title = match (stage.title, section.as_ref().and_then(|section| section.title.clone()))
        {
            (Some(title), _) => Some(self.word(title)),
            (None, Some(title)) => Some(self.template(&title)),
            (None, None) => None,
        };
        for glob in &stage.writes {
            self.glob(glob);
        }
        Stage {
            title,
            section: section.map(|section| section.prose),
            run: stage.run.map(id),
            needs,
            tools: self.grants(stage.tools),
            writes: stage.writes,
            checks: stage.checks.into_iter().filter_map(|check| self.check(check)).collect(),
            retry: stage.retry.unwrap_or(1),
            when: stage.when.map(|when| self.expression(&Spanned::new(when.value.0, when.span))),
            for_each: stage.for_each.and_then(|for_each| self.for_each(for_each)),
            output: stage.output.map(|output| self.output(output)).unwrap_or_default(),
            approve: stage.approve.map(|approve| match approve.value {
                ApproveFormat::Before => Approve::Before,
                ApproveFormat::Output => Approve::Output,
            }),
            optional: stage.optional,
            timeout: self.duration(stage.timeout.as_ref()),
            model: stage.model.map_or_else(|| Spanned::new("default".to_owned(), name.span), id),
            effort: stage.effort,
            includes: self.includes(&stage.include),
            docs: self.docs(stage.docs),
            fork: stage.context.is_some(),
            retro: stage.retro.unwrap_or(true),
            budget: budget(&stage.budget),
            id: name,
        }
    }

    fn check(&mut self, check: Spanned<CheckFormat>) -> Option<Check> {
        let span = check.span;
        let CheckFormat {
            run,
            file,
            contains,
            within,
            changed,
            unchanged,
            env,
            json,
            pointer,
            equals,
            not,
            baseline,
        } = check.value;
        let mut kinds = Vec::new();
        kinds.extend(run.map(|run| CheckKind::Run(id(run))));
        if let Some(file) = file {
            kinds.push(CheckKind::File(self.template(&file)));
        }
        match (contains, within) {
            (Some(text), Some(within)) => {
                let text = match &text.value {
                    ContainsFormat::Text(words) => {
                        Pattern::Text(self.template(&Spanned::new(words.clone(), text.span)))
                    }
                    ContainsFormat::Regex(regex) => {
                        if !regex.value.contains("${{") {
                            self.regex(regex);
                        }
                        Pattern::Regex(self.template(regex))
                    }
                };
                kinds.push(CheckKind::Contains { text, within: self.template(&within) });
            }
            (Some(text), None) => {
                self.fault("missing-key", text.span, "`contains` wants `in`, the files to look in");
                return None;
            }
            _ => {}
        }
        if let Some(glob) = changed {
            kinds.push(CheckKind::Changed(self.template(&glob)));
        }
        if let Some(glob) = unchanged {
            kinds.push(CheckKind::Unchanged(self.template(&glob)));
        }
        if let Some(key) = env {
            kinds.push(CheckKind::Env(self.template(&key)));
        }
        if let Some(file) = json {
            let pointer = pointer.map(|pointer| self.template(&pointer)).unwrap_or_default();
            let equals = equals.map(|equals| Spanned::new(equals.value.0, equals.span));
            kinds.push(CheckKind::Json { file: self.template(&file), pointer, equals });
        }
        let of = "run, file, contains, changed, unchanged, env, json";
        let kind = self.exactly_one("a check", of, kinds, span)?;
        Some(Check { kind, not, baseline, span })
    }

    fn for_each(&mut self, for_each: Spanned<ForEachFormat>) -> Option<ForEach> {
        let span = for_each.span;
        let ForEachFormat { list, files, containing, name, max } = for_each.value;
        let (items, narrowed) = match (list, files) {
            (Some(list), files) => {
                (Items::List(self.expression(&list)), files.map(|files| self.template(&files)))
            }
            (None, Some(files)) => {
                let containing = containing.map(|text| self.template(&text));
                (Items::Files { glob: self.template(&files), containing }, None)
            }
            (None, None) => {
                self.fault(
                    "missing-key",
                    span,
                    "`for_each` wants `in`, a list, or `files`, a glob",
                );
                return None;
            }
        };
        let name = name.map_or_else(|| Spanned::new("item".to_owned(), span), id);
        let max = max.map(|max| {
            if let Value::String(text) = &max.value.0 {
                self.template(&Spanned::new(text.clone(), max.span));
            }
            Spanned::new(max.value.0, max.span)
        });
        Some(ForEach { items, name, max, files: narrowed, span })
    }

    fn output(&mut self, output: Spanned<OutputFormat>) -> Output {
        let OutputFormat::Schema(named) = output.value else { return Output::Markdown };
        let span = named.span;
        let schema = match named.value.0 {
            Value::String(path) => match self.bundle.named.get(&path) {
                Some(Ok(file)) => self.schema_file(*file),
                other => {
                    self.missing_file(&Spanned::new(path, span), other);
                    None
                }
            },
            inline => Some(inline),
        };
        let schema = schema.unwrap_or(Value::Bool(true));
        if let Err(reason) = super::valid_schema(&schema) {
            self.fault("bad-schema", span, &format!("the schema is not valid: {reason}"));
        }
        Output::Schema { schema, span }
    }

    fn schema_file(&mut self, file: FileId) -> Option<Value> {
        let text = &self.bundle.files[usize::from(file.0)].text;
        match serde_json::from_str(text) {
            Ok(schema) => Some(schema),
            Err(error) => {
                let lines = text.split_inclusive('\n').take(error.line().saturating_sub(1));
                let start = lines.map(str::len).sum::<usize>() + error.column().saturating_sub(1);
                let start = start.min(text.len().saturating_sub(1));
                let message = error.to_string();
                let message = message.split(" at line ").next().unwrap_or_default().to_owned();
                self.fault("bad-schema", Span::new(file, start, start + 1), &message);
                None
            }
        }
    }

    fn word(&mut self, word: Spanned<Word>) -> Template {
        self.template(&Spanned::new(word.value.0, word.span))
    }

    /// Parses a template. A YAML scalar with escapes does not stand verbatim in the file: all of
    /// it is then the place of everything in it.
    fn template(&mut self, text: &Spanned<String>) -> Template {
        let place = self.verbatim(text);
        let (mut template, mut faults) = Template::parse(&text.value, place.unwrap_or(text.span));
        if place.is_none() {
            for part in &mut template.parts {
                if let crate::expression::Part::Expression(expression) = part {
                    expression.span = text.span;
                }
            }
            faults.iter_mut().for_each(|fault| fault.span = text.span);
        }
        self.faults.append(&mut faults);
        template
    }

    fn expression(&mut self, text: &Spanned<String>) -> Expression {
        let place = self.verbatim(text);
        let (mut expression, mut faults) =
            Expression::parse(&text.value, place.unwrap_or(text.span));
        if place.is_none() {
            expression.span = text.span;
            faults.iter_mut().for_each(|fault| fault.span = text.span);
        }
        self.faults.append(&mut faults);
        expression
    }

    /// Returns where a scalar's text stands letter by letter, its quotes left out.
    fn verbatim(&self, text: &Spanned<String>) -> Option<Span> {
        let written = self.source.slice(text.span);
        if written == text.value {
            return Some(text.span);
        }
        let inner = written.get(1..written.len().checked_sub(1)?)?;
        (inner == text.value).then(|| text.span.part(1, written.len() - 1))
    }

    fn duration(&mut self, text: Option<&Spanned<Word>>) -> Option<Duration> {
        let text = text?;
        let duration = duration(&text.value.0);
        if duration.is_none() {
            let message = format!("`{}` is not a duration", text.value.0);
            self.faults.push(
                Diagnostic::error("wrong-value", text.span, message)
                    .help("write a number and a unit, such as `90s`, `8m`, `24h` or `7d`"),
            );
        }
        duration
    }

    fn regex(&mut self, pattern: &Spanned<String>) {
        if let Err(error) = regex::Regex::new(&pattern.value) {
            let reason = error.to_string();
            let reason = reason.lines().last().unwrap_or_default().trim_start_matches("error: ");
            self.fault(
                "bad-pattern",
                pattern.span,
                &format!("the regular expression is wrong: {reason}"),
            );
        }
    }

    fn glob(&mut self, glob: &Spanned<String>) {
        if let Err(error) = globset::Glob::new(&glob.value) {
            self.fault("bad-pattern", glob.span, &format!("the glob is wrong: {}", error.kind()));
        }
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

/// Reads `read`, `run(NAME)` or `mcp(server/tool)`.
fn grant(word: &str) -> Option<Grant> {
    let Some((kind, rest)) = word.split_once('(') else {
        return Some(Grant::Tool(word.to_owned()));
    };
    let inner = rest.strip_suffix(')')?.trim();
    match kind {
        "run" if !inner.is_empty() => Some(Grant::Run(inner.to_owned())),
        "mcp" => {
            let (server, tool) = inner.split_once('/')?;
            Some(Grant::Mcp { server: server.to_owned(), tool: tool.to_owned() })
        }
        _ => None,
    }
}

/// Reads `90s`, `8m`, `24h`, `7d`, and sums of them such as `1h30m`.
fn duration(text: &str) -> Option<Duration> {
    let mut rest = text.trim();
    let mut total = Duration::ZERO;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let end = rest.find(|character: char| !character.is_ascii_digit())?;
        let number: u64 = rest[..end].parse().ok()?;
        let unit = &rest[end..];
        let (seconds, length) = match unit.chars().next()? {
            _ if unit.starts_with("ms") => {
                total += Duration::from_millis(number);
                (0, 2)
            }
            's' => (1, 1),
            'm' => (60, 1),
            'h' => (3_600, 1),
            'd' => (86_400, 1),
            _ => return None,
        };
        total += Duration::from_secs(number.checked_mul(seconds)?);
        rest = &unit[length..];
    }
    Some(total)
}

/// Splits by shell words, a `${{ }}` never being split.
fn split_words(line: &str) -> Option<Vec<String>> {
    let mut held = Vec::new();
    let mut safe = String::new();
    let mut rest = line;
    while let Some(open) = rest.find("${{") {
        let close = rest[open..].find("}}").map(|close| open + close + 2)?;
        safe.push_str(&rest[..open]);
        safe.push_str(&format!("\u{1}{}\u{1}", held.len()));
        held.push(&rest[open..close]);
        rest = &rest[close..];
    }
    safe.push_str(rest);
    let words = shlex::split(&safe)?;
    let restore = |word: String| {
        held.iter().enumerate().fold(word, |word, (index, expression)| {
            word.replace(&format!("\u{1}{index}\u{1}"), expression)
        })
    };
    Some(words.into_iter().map(restore).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_units() {
        assert_eq!(duration("90s"), Some(Duration::from_secs(90)));
        assert_eq!(duration("1h30m"), Some(Duration::from_secs(5_400)));
        assert_eq!(duration("250ms"), Some(Duration::from_millis(250)));
        assert_eq!(duration("10"), None);
        assert_eq!(duration(""), None);
    }

    #[test]
    fn a_line_splits_before_it_is_rendered() {
        let words = split_words("tool 'a b' --x=${{ inputs.a b }} ${{ c }}").unwrap();
        assert_eq!(words, ["tool", "a b", "--x=${{ inputs.a b }}", "${{ c }}"]);
        assert_eq!(split_words("tool 'a"), None);
    }

    #[test]
    fn grants_name_a_tool_a_command_or_a_servers_tool() {
        assert_eq!(grant("read"), Some(Grant::Tool("read".to_owned())));
        assert_eq!(grant("run(build)"), Some(Grant::Run("build".to_owned())));
        assert_eq!(grant("run()"), None);
        assert_eq!(grant("shell(ls)"), None);
    }
}
