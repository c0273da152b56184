//! Stages, and their sections in the prose.

use serde_json::Value;

use crate::diagnostic::Diagnostic;
use crate::playbook::document::Section;
use crate::playbook::format::{
    ApproveFormat, CheckFormat, ContainsFormat, Entries, ForEachFormat, OutputFormat, StageFormat,
};
use crate::playbook::lower::{Lower, budget, id};
use crate::playbook::{Approve, Check, CheckKind, ForEach, Grant, Items, Output, Pattern, Stage};
use crate::source::{FileId, Span, Spanned};

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
        if let Err(reason) = crate::playbook::valid_schema(&schema) {
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
