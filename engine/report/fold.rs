//! From a journal to a report.

use std::collections::{BTreeMap, BTreeSet};

use crate::journal::event::{CheckVerdict, FileDiff, Outcome};
use crate::journal::{At, Edits, Event, Record};
use crate::report::{
    AnswerReport, CheckReport, CleanedReport, CommandReport, Ending, EnvReport, FORMAT, Hand,
    ItemReport, Reading, ReferenceReport, RefusalReport, Report, RequirementReport, RetroReport,
    ServerCallReport, Spent, StageReport, Standing, Totals,
};

/// Folds the records of a run into its report.
///
/// **Invariant:** it never fails, whatever the journal lacks: a crashed run is a journal that
/// stops.
pub fn fold(records: &[Record]) -> Report {
    let mut fold = Fold::new();
    for record in records {
        fold.take(record);
    }
    fold.finish()
}

/// What has been folded so far.
pub(super) struct Fold {
    pub(super) report: Report,
    /// When the stages and items under way began.
    begun: BTreeMap<At, i64>,
    /// When this sitting began, from a start or a resume to the next stop.
    sitting: Option<i64>,
    last: i64,
    pub(super) stopped: Option<String>,
    /// What the end of the run said has changed.
    pub(super) finished: Option<Vec<FileDiff>>,
    pub(super) hands: BTreeMap<String, Touched>,
    /// Changes that were announced, and of which nothing more is known.
    pub(super) announced: BTreeMap<String, At>,
}

/// What the events say of a file.
#[derive(Default)]
pub(super) struct Touched {
    pub(super) edits: Option<Edits>,
    pub(super) by: BTreeSet<Hand>,
}

impl Fold {
    fn new() -> Self {
        Fold {
            report: Report {
                report: FORMAT,
                run: String::new(),
                wizard: String::new(),
                playbook: String::new(),
                hash: String::new(),
                project: String::new(),
                model: None,
                replay: None,
                ending: Ending::Unfinished,
                exit: None,
                reason: None,
                requirements: Vec::new(),
                stages: Vec::new(),
                files: Vec::new(),
                env: Vec::new(),
                commands: Vec::new(),
                confined: None,
                checks: Vec::new(),
                refusals: Vec::new(),
                server_calls: Vec::new(),
                cleaned: Vec::new(),
                answers: Vec::new(),
                references: Vec::new(),
                retro: Vec::new(),
                undone: Vec::new(),
                totals: Totals::default(),
                journal: None,
            },
            begun: BTreeMap::new(),
            sitting: None,
            last: 0,
            stopped: None,
            finished: None,
            hands: BTreeMap::new(),
            announced: BTreeMap::new(),
        }
    }

    fn take(&mut self, record: &Record) {
        let resumed = matches!(record.event, Event::RunStarted { .. });
        if self.report.exit.is_some() || (resumed && self.sitting.is_some()) {
            self.rise();
        }
        self.sitting.get_or_insert(record.time);
        self.last = record.time;
        self.take_run(&record.event);
        self.take_stage(record.time, &record.event);
        self.take_effect(&record.event);
    }

    /// Ends a sitting, where a run that had stopped goes on.
    fn rise(&mut self) {
        self.settle();
        self.report.exit = None;
        self.stopped = None;
        self.finished = None;
    }

    /// Counts the time of this sitting, and of what was under way in it.
    pub(super) fn settle(&mut self) {
        let last = self.last;
        if let Some(began) = self.sitting.take() {
            self.report.totals.wall += between(began, last);
        }
        let under_way: Vec<At> = self.begun.keys().cloned().collect();
        for at in under_way {
            self.ended(last, &at);
        }
    }

    fn take_run(&mut self, event: &Event) {
        let report = &mut self.report;
        match event {
            Event::UndoStarted { run, of, wizard, project } => {
                self.report.run.clone_from(run);
                self.report.wizard.clone_from(wizard);
                self.report.playbook = format!("undo of {of}");
                self.report.project.clone_from(project);
            }
            Event::RunStarted {
                run,
                wizard,
                playbook,
                hash,
                project,
                model,
                replay,
                stages,
                ..
            } => {
                report.run.clone_from(run);
                report.wizard.clone_from(wizard);
                report.playbook.clone_from(playbook);
                report.hash.clone_from(hash);
                report.project.clone_from(project);
                report.model.clone_from(model);
                report.replay.clone_from(replay);
                for (id, title) in stages {
                    self.stage(id).title.clone_from(title);
                }
            }
            Event::Requirement { text, verdict, found } => {
                report.requirements.retain(|requirement| requirement.text != *text);
                report.requirements.push(RequirementReport {
                    text: text.clone(),
                    verdict: verdict.clone(),
                    found: found.clone(),
                });
            }
            Event::ReferenceReady { name, kind, tokens, hash, fetched } => {
                let reference = self.reference(name);
                reference.kind = Some(kind.clone());
                reference.tokens = *tokens;
                reference.hash = Some(hash.clone());
                reference.fetched.clone_from(fetched);
                reference.missing = None;
            }
            Event::ReferenceMissing { name, reason } => {
                self.reference(name).missing = Some(reason.clone());
            }
            Event::Retro { stage, notes, wanted_tool } => report.retro.push(RetroReport {
                stage: stage.clone(),
                notes: notes.clone(),
                wanted_tool: wanted_tool.clone(),
            }),
            Event::RequestRetried { .. } => report.totals.retries += 1,
            Event::Stopped { reason } => self.stopped = Some(reason.clone()),
            Event::RunFinished { exit, changed } => {
                report.exit = Some(*exit);
                self.finished = Some(changed.clone());
            }
            _ => {}
        }
    }

    fn take_stage(&mut self, time: i64, event: &Event) {
        match event {
            Event::StageReused { stage, from, recipe, output, document, .. } => {
                let stage = self.stage(stage);
                stage.reused = Some(from.clone());
                stage.recipe.clone_from(recipe);
                stage.output = Some(output.clone());
                stage.document = *document;
            }
            Event::StageStarted { stage, recipe, because } => {
                self.begun.insert(At::stage(stage.clone()), time);
                let stage = self.stage(stage);
                stage.recipe.clone_from(recipe);
                stage.because.clone_from(because);
                stage.reused = None;
                stage.status = Standing::Unfinished;
                stage.reason = None;
            }
            Event::ItemStarted { at, title } => {
                self.begun.insert(at.clone(), time);
                if let Some(item) = self.item(at) {
                    item.status = Standing::Unfinished;
                    item.reason = None;
                    item.title.clone_from(title);
                }
            }
            Event::RequestSent { at, attempt, .. } => {
                let stage = self.stage(&at.stage);
                stage.attempts = stage.attempts.max(*attempt);
                if let Some(item) = self.item(at) {
                    item.attempts = item.attempts.max(*attempt);
                }
            }
            Event::Reply { at, usage, estimated, usd, retro, .. } => {
                let add = |spent: &mut Spent| spent.add(*usage, *estimated, *usd);
                add(&mut self.report.totals.spent);
                if *retro {
                    return add(&mut self.report.totals.retro);
                }
                add(&mut self.stage(&at.stage).spent);
                if let Some(item) = self.item(at) {
                    add(&mut item.spent);
                }
            }
            Event::AttemptFailed { at, reason, .. } => {
                let reason = match at.item {
                    Some(_) => format!("{at}: {reason}"),
                    None => reason.clone(),
                };
                self.stage(&at.stage).failed_attempts.push(reason);
            }
            Event::Output { at, output, document } if at.item.is_none() => {
                let stage = self.stage(&at.stage);
                stage.output = Some(output.clone());
                stage.document = *document;
            }
            Event::ItemFinished { at, status, reason, .. } => {
                self.ended(time, at);
                if let Some(item) = self.item(at) {
                    item.status = Standing::from(*status);
                    item.reason.clone_from(reason);
                }
            }
            Event::StageFinished { stage, status, reason, optional } => {
                self.ended(time, &At::stage(stage.clone()));
                let stage = self.stage(stage);
                stage.status = Standing::from(*status);
                stage.reason.clone_from(reason);
                stage.optional = *optional;
            }
            _ => {}
        }
    }

    fn take_effect(&mut self, event: &Event) {
        match event {
            Event::ToolAnswered { at, tool, about, outcome, text, .. } => {
                self.announced.retain(|_, announced| announced != at);
                match outcome {
                    Outcome::Refused => self.refused(at, tool, about, text),
                    Outcome::Done if tool == "reference" => self.looked_up(at, about, text),
                    Outcome::Done | Outcome::Failed => {}
                }
            }
            Event::ServerAsked { at, server, tool, .. } => {
                self.server_call(at, server, tool).count += 1;
            }
            Event::ServerAnswered { at, server, tool, failed, .. } => {
                self.server_call(at, server, tool).failed += u32::from(*failed);
            }
            Event::Cleaned { at, tool, about, invisible, masked } => {
                self.cleaned(at, tool, about, *invisible, *masked);
            }
            Event::FileChanging { at, path, .. } => {
                self.announced.insert(path.clone(), at.clone());
            }
            Event::FileChanged { at, path, before, after, added, removed } => {
                self.announced.remove(path);
                let touched = self.hands.entry(path.clone()).or_default();
                touched.by.insert(Hand { at: at.clone(), command: None });
                Edits::take(&mut touched.edits, before, after, (*added, *removed));
            }
            Event::EnvSetting { taken_back: true, .. } => {}
            Event::EnvSetting { at, file, key, created, .. } => self.report.env.push(EnvReport {
                at: at.clone(),
                file: file.clone(),
                key: key.clone(),
                created: *created,
            }),
            Event::CommandStarted { at, name, argv, why, level } => {
                let known = self.report.confined.iter().chain(level).min().copied();
                self.report.confined = known;
                let argv = argv.clone();
                self.report.commands.push(command(at, name, argv, why));
            }
            Event::CommandEnded { at, name, exit, text, took, changed, replayed, reverted } => {
                for path in changed {
                    let hand = Hand { at: at.clone(), command: Some(name.clone()) };
                    self.hands.entry(path.clone()).or_default().by.insert(hand);
                }
                let command = self.command(at, name);
                command.ended = true;
                command.exit = *exit;
                command.took = *took;
                command.replayed = *replayed;
                command.changed.clone_from(changed);
                command.text.clone_from(text);
                command.reverted.clone_from(reverted);
            }
            Event::CheckRan { at, check, verdict, evidence } => {
                self.checked(at, check, *verdict, evidence);
            }
            Event::Asked { at, what, text } => {
                // Nobody answered when the run stopped, and it is asked again.
                self.report.answers.retain(|asked| {
                    asked.answer.is_some() || asked.at != *at || asked.what != *what
                });
                self.report.answers.push(AnswerReport {
                    at: at.clone(),
                    what: what.clone(),
                    text: text.clone(),
                    answer: None,
                    by: None,
                    waited: 0,
                });
            }
            Event::Answered { at, what, answer, by, waited, .. } => {
                self.report.totals.waiting += waited;
                let asked =
                    self.report.answers.iter_mut().rev().find(|asked| {
                        asked.answer.is_none() && asked.at == *at && asked.what == *what
                    });
                if let Some(asked) = asked {
                    asked.answer = Some(answer.clone());
                    asked.by = Some(by.clone());
                    asked.waited = *waited;
                }
            }
            _ => {}
        }
    }

    fn server_call(&mut self, at: &At, server: &str, tool: &str) -> &mut ServerCallReport {
        let calls = &mut self.report.server_calls;
        let same = calls.iter().position(|call| {
            (&call.at, call.server.as_str(), call.tool.as_str()) == (at, server, tool)
        });
        let index = same.unwrap_or_else(|| {
            let (at, server, tool) = (at.clone(), server.to_owned(), tool.to_owned());
            calls.push(ServerCallReport { at, server, tool, count: 0, failed: 0 });
            calls.len() - 1
        });
        &mut calls[index]
    }

    fn cleaned(&mut self, at: &At, tool: &str, about: &str, invisible: usize, masked: usize) {
        let same = self.report.cleaned.iter_mut().find(|cleaned| {
            (&cleaned.at, cleaned.tool.as_str(), cleaned.about.as_str()) == (at, tool, about)
        });
        match same {
            Some(cleaned) => {
                cleaned.invisible = cleaned.invisible.max(invisible);
                cleaned.masked = cleaned.masked.max(masked);
            }
            None => self.report.cleaned.push(CleanedReport {
                at: at.clone(),
                tool: tool.to_owned(),
                about: about.to_owned(),
                invisible,
                masked,
            }),
        }
    }

    fn refused(&mut self, at: &At, tool: &str, about: &str, text: &str) {
        let same = self.report.refusals.iter_mut().find(|refusal| {
            refusal.at == *at
                && refusal.tool == tool
                && refusal.about == about
                && refusal.text == text
        });
        match same {
            Some(refusal) => refusal.count += 1,
            None => self.report.refusals.push(RefusalReport {
                at: at.clone(),
                tool: tool.to_owned(),
                about: about.to_owned(),
                text: text.to_owned(),
                count: 1,
            }),
        }
    }

    /// Counts a use for the reference that was named, or else for those that a search found.
    fn looked_up(&mut self, at: &At, about: &str, text: &str) {
        let (named, rest) = about.trim().split_once(' ').unwrap_or((about.trim(), ""));
        let references = &mut self.report.references;
        if let Some(reference) = references.iter_mut().find(|reference| reference.name == named) {
            let passage = format!("{named}: ");
            let searched = text.lines().take(3).any(|line| line.starts_with(&passage));
            let section = !rest.is_empty() && !searched;
            reference.read(&at.stage, section.then_some(rest));
            return;
        }
        for reference in references.iter_mut().filter(|reference| mentions(text, &reference.name)) {
            reference.read(&at.stage, None);
        }
    }

    fn checked(&mut self, at: &At, check: &str, verdict: CheckVerdict, evidence: &str) {
        let checks = &mut self.report.checks;
        let known = checks.iter().position(|known| known.at == *at && known.check == check);
        let index = known.unwrap_or_else(|| {
            checks.push(CheckReport {
                at: at.clone(),
                check: check.to_owned(),
                verdict,
                evidence: String::new(),
                runs: 0,
                failures: 0,
            });
            checks.len() - 1
        });
        let check = &mut checks[index];
        check.verdict = verdict;
        evidence.clone_into(&mut check.evidence);
        check.runs += 1;
        check.failures += u32::from(verdict == CheckVerdict::Failed);
    }

    fn stage(&mut self, id: &str) -> &mut StageReport {
        let stages = &mut self.report.stages;
        let index = stages.iter().position(|stage| stage.id == id).unwrap_or_else(|| {
            stages.push(StageReport {
                id: id.to_owned(),
                title: String::new(),
                status: Standing::NotBegun,
                reason: None,
                optional: false,
                took: None,
                attempts: 0,
                failed_attempts: Vec::new(),
                spent: Spent::default(),
                output: None,
                document: false,
                recipe: BTreeMap::new(),
                reused: None,
                because: None,
                items: Vec::new(),
            });
            stages.len() - 1
        });
        &mut stages[index]
    }

    fn item(&mut self, at: &At) -> Option<&mut ItemReport> {
        let number = at.item?;
        let items = &mut self.stage(&at.stage).items;
        let index = items.partition_point(|item| item.item < number);
        if items.get(index).is_none_or(|item| item.item != number) {
            items.insert(
                index,
                ItemReport {
                    item: number,
                    title: String::new(),
                    status: Standing::NotBegun,
                    reason: None,
                    took: None,
                    attempts: 0,
                    spent: Spent::default(),
                },
            );
        }
        items.get_mut(index)
    }

    fn reference(&mut self, name: &str) -> &mut ReferenceReport {
        let references = &mut self.report.references;
        let known = references.iter().position(|reference| reference.name == name);
        let index = known.unwrap_or_else(|| {
            references.push(ReferenceReport {
                name: name.to_owned(),
                kind: None,
                tokens: 0,
                hash: None,
                fetched: None,
                missing: None,
                uses: 0,
                readings: Vec::new(),
            });
            references.len() - 1
        });
        &mut references[index]
    }

    /// The command that an end belongs to: the last that has none.
    fn command(&mut self, at: &At, name: &str) -> &mut CommandReport {
        let commands = &mut self.report.commands;
        let open = commands
            .iter()
            .rposition(|command| !command.ended && command.at == *at && command.name == name);
        let index = open.unwrap_or_else(|| {
            commands.push(command(at, name, Vec::new(), ""));
            commands.len() - 1
        });
        &mut commands[index]
    }

    fn ended(&mut self, time: i64, at: &At) {
        let Some(began) = self.begun.remove(at) else { return };
        let took = match self.item(at) {
            Some(item) => &mut item.took,
            None => &mut self.stage(&at.stage).took,
        };
        *took.get_or_insert(0) += between(began, time);
    }
}

fn command(at: &At, name: &str, argv: Vec<String>, why: &str) -> CommandReport {
    CommandReport {
        at: at.clone(),
        name: name.to_owned(),
        argv,
        why: why.to_owned(),
        ended: false,
        exit: None,
        took: 0,
        replayed: false,
        changed: Vec::new(),
        text: String::new(),
        reverted: Vec::new(),
    }
}

/// Milliseconds between two moments; none where the clock was set back.
fn between(began: i64, ended: i64) -> u64 {
    u64::try_from(ended.saturating_sub(began)).unwrap_or(0)
}

impl ReferenceReport {
    /// Counts that a stage read of it.
    fn read(&mut self, stage: &str, part: Option<&str>) {
        self.uses += 1;
        let same = |it: &&mut Reading| it.stage == stage && it.part.as_deref() == part;
        match self.readings.iter_mut().find(same) {
            Some(reading) => reading.times += 1,
            None => self.readings.push(Reading {
                stage: stage.to_owned(),
                part: part.map(str::to_owned),
                times: 1,
            }),
        }
    }
}

/// Whether a text has a name as a word of its own.
fn mentions(text: &str, name: &str) -> bool {
    let part = |character: char| character.is_alphanumeric() || matches!(character, '-' | '_');
    text.match_indices(name).any(|(start, _)| {
        let before = text[..start].chars().next_back();
        let after = text[start + name.len()..].chars().next();
        !before.is_some_and(part) && !after.is_some_and(part)
    })
}
