//! Stages, and their sections in the prose.

use serde_json::Value;

use crate::diagnostic::Diagnostic;
use crate::expression::Part;
use crate::playbook::document::Section;
use crate::playbook::format::{
    ApproveFormat, CheckFormat, ContainsFormat, Entries, ForEachFormat, OutputFormat, StageFormat,
};
use crate::playbook::lower::{Lower, budget, id};
use crate::playbook::{Approve, Check, CheckKind, ForEach, Grant, Items, Output, Pattern, Stage};
use crate::source::{FileId, Span, Spanned};

/// Names that an item cannot have: what templates see anyway, and words of the grammar.
const RESERVED: [&str; 15] = [
    "inputs", "project", "stages", "args", "always", "and", "or", "not", "in", "is", "if", "else",
    "true", "false", "none",
];

impl Lower<'_> {
    pub(super) fn grants(&mut self, grants: Vec<Spanned<String>>) -> Vec<Spanned<Grant>> {
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

    pub(super) fn stages(
        &mut self,
        stages: Entries<StageFormat>,
        sections: Vec<Section>,
    ) -> Vec<Stage> {
        let order: Vec<String> = stages.0.iter().map(|(id, _)| id.value.clone()).collect();
        let mut found: Vec<Option<Section>> = sections.into_iter().map(Some).collect();
        // A heading with a slip of the pen is reported; its prose is read as that of the stage it
        // means, unless that one has a section or wants none.
        for (index, meant) in self.headings(&order, &found) {
            let has_one = found.iter().flatten().any(|section| section.id.value == meant);
            let runs = stages.0.iter().any(|(id, stage)| id.value == meant && stage.run.is_some());
            if let Some(section) = found[index].as_mut().filter(|_| !has_one && !runs) {
                section.id.value = meant;
            }
        }
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

    /// Holds the headings against the stages: strays, doubles, and their order. Returns the index
    /// of each heading with a slip of the pen, and the stage that it probably means.
    fn headings(&mut self, order: &[String], sections: &[Option<Section>]) -> Vec<(usize, String)> {
        let mut meant = Vec::new();
        let mut last: Option<(usize, &Section)> = None;
        // Without any stage that could be read, no heading is the one that is wrong.
        if order.is_empty() {
            return meant;
        }
        for (index, section) in sections.iter().flatten().enumerate() {
            let id = &section.id;
            if self.unread.contains(&id.value) {
                continue;
            }
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
                        fault = fault.label(format!("did you mean `{near}`?")).guess(id.span, near);
                        meant.push((index, near.to_owned()));
                    }
                    None if section.underlined => {
                        fault = fault.help(
                            "a line `---` makes a heading of the text above it; put an empty line between",
                        );
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
            if let Some((_, other)) = last.filter(|(before, _)| *before > position) {
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
        meant
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
        if let Some(run) = &stage.run {
            self.only_for_models(&name.value, run.span, &stage);
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
            effort: stage.effort.map(|effort| effort.value),
            includes: self.includes(&stage.include),
            docs: self.docs(stage.docs),
            fork: stage.context.is_some(),
            retro: stage.retro.unwrap_or(true),
            budget: budget(&stage.budget),
            id: name,
        }
    }

    /// Reports the keys of a `run:` stage that only a model would heed.
    fn only_for_models(&mut self, name: &str, run: Span, stage: &StageFormat) {
        let places = [
            ("tools", stage.tools.first().map(|tool| tool.span)),
            ("output", stage.output.as_ref().map(|output| output.span)),
            ("model", stage.model.as_ref().map(|model| model.span)),
            ("effort", stage.effort.as_ref().map(|effort| effort.span)),
            ("context", stage.context.as_ref().map(|context| context.span)),
            ("include", stage.include.first().map(|path| path.span)),
            ("docs", stage.docs.0.first().map(|(name, _)| name.span)),
        ];
        for (key, place) in places {
            let Some(place) = place else { continue };
            let message = format!("the stage `{name}` runs a command, and `{key}` is for a model");
            self.faults.push(
                Diagnostic::error("unknown-key", place, message)
                    .related(run, "no model plays this stage")
                    .help("leave it out; a command's output is its exit code and text"),
            );
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
        self.companion("in", within.as_ref(), contains.is_some(), "`contains`");
        self.companion("pointer", pointer.as_ref(), json.is_some(), "`json`");
        self.companion("equals", equals.as_ref(), json.is_some(), "`json`");
        if let Some(pointer) = &pointer {
            self.pointer(pointer);
        }
        for glob in [&file, &within, &changed, &unchanged].into_iter().flatten() {
            if !glob.value.contains("${{") {
                self.glob(glob);
            }
        }
        let baseline_alone = baseline && run.is_none();
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
        if baseline_alone {
            self.fault("wrong-value", span, "`baseline` says nothing without `run`");
        }
        Some(Check { kind, not, baseline, span })
    }

    fn for_each(&mut self, for_each: Spanned<ForEachFormat>) -> Option<ForEach> {
        let span = for_each.span;
        let ForEachFormat { list, files, containing, name, max } = for_each.value;
        let (items, narrowed) = match (list, files) {
            (Some(list), files) => {
                self.companion("containing", containing.as_ref(), false, "`files` as the items");
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
        if RESERVED.contains(&name.value.as_str()) {
            let message =
                format!("an item cannot be called `{}`: it has a meaning already", name.value);
            self.fault("wrong-value", name.span, &message);
        }
        let max = max.map(|max| {
            if let Value::String(text) = &max.value.0 {
                let template = self.template(&Spanned::new(text.clone(), max.span));
                if !matches!(&template.parts[..], [Part::Expression(_)]) {
                    let message =
                        format!("`max` is `{text}`, neither a whole number nor one `${{{{ }}}}`");
                    self.fault("wrong-value", max.span, &message);
                }
            }
            Spanned::new(max.value.0, max.span)
        });
        Some(ForEach { items, name, max, files: narrowed, span })
    }

    fn output(&mut self, output: Spanned<OutputFormat>) -> Output {
        let OutputFormat::Schema(named) = output.value else { return Output::Markdown };
        let span = named.span;
        let (schema, place) = match named.value.0 {
            Value::String(path) => match self.bundle.named.get(&path) {
                Some(Ok(file)) => (self.schema_file(*file), Span::new(*file, 0, 1)),
                other => {
                    self.missing_file(&Spanned::new(path, span), other);
                    (None, span)
                }
            },
            inline => (Some(inline), span),
        };
        let schema = schema.unwrap_or(Value::Bool(true));
        if let Err((path, reason)) = crate::playbook::valid_schema(&schema) {
            let text = &self.bundle.files[usize::from(place.file.0)].text;
            let place = follow(text, place, &path);
            self.fault("bad-schema", place, &format!("the schema is not valid: {reason}"));
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
}

/// Finds a JSON pointer's last key in a text, from a span on, each key after the one above it.
fn follow(text: &str, from: Span, pointer: &str) -> Span {
    let mut at = from.start as usize;
    let mut place = from;
    for key in pointer.split('/').filter(|key| !key.is_empty() && key.parse::<u32>().is_err()) {
        let Some(found) = text.get(at..).and_then(|rest| rest.find(key)) else { break };
        place = Span::new(from.file, at + found, at + found + key.len());
        at += found + key.len();
    }
    place
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grants_name_a_tool_a_command_or_a_servers_tool() {
        assert_eq!(grant("read"), Some(Grant::Tool("read".to_owned())));
        assert_eq!(grant("run(build)"), Some(Grant::Run("build".to_owned())));
        assert_eq!(grant("run()"), None);
        assert_eq!(grant("shell(ls)"), None);
    }
}
