//! The person at the terminal: questions on stderr, one at a time.

use std::collections::BTreeMap;
use std::io::{self, IsTerminal as _};
use std::sync::{Arc, Mutex, PoisonError};

use dialoguer::console::Term;
use dialoguer::theme::ColorfulTheme;
use dialoguer::{Confirm, Editor, Input, MultiSelect, Password, Select};
use futures_util::future::{BoxFuture, FutureExt as _};
use serde_json::Value;

use crate::approval::escape::{escape, escape_json};
use crate::approval::{Answer, Decision, Nobody, Person, Question, table};
use crate::journal::At;

/// The widest that anything is shown.
const WIDEST: usize = 80;

/// What is done about an output that waits for a yes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Choice {
    Accept,
    Edit,
    Drop,
    Whole,
    Undo,
    Revise,
    Reject,
}

/// Asks at the terminal.
#[derive(Clone)]
pub(super) struct Terminal {
    desk: Arc<Mutex<Desk>>,
}

/// The one place where questions are asked.
struct Desk {
    screen: Box<dyn Screen>,
    /// Outputs that were edited, as they were and as they are: one that is asked for again did
    /// not fit.
    edits: BTreeMap<At, (Value, Value)>,
}

/// A seam: what a person sees and does.
trait Screen: Send {
    fn width(&self) -> usize;
    fn say(&mut self, text: &str) -> io::Result<()>;
    fn choose(&mut self, prompt: &str, items: &[String], first: usize) -> io::Result<usize>;
    fn mark(&mut self, prompt: &str, items: &[String]) -> io::Result<Vec<usize>>;
    fn line(&mut self, prompt: &str, default: Option<&str>) -> io::Result<String>;
    fn confirm(&mut self, prompt: &str) -> io::Result<bool>;
    /// Returns nothing when the person saved nothing.
    fn edit(&mut self, text: &str) -> io::Result<Option<String>>;
    /// Puts everything back as it was before an interrupted question.
    fn restore(&mut self);
}

/// Asks for an input that was not given; a secret is not shown while it is typed.
pub(super) fn input(name: &str, about: Option<&str>, secret: bool) -> anyhow::Result<String> {
    let prompt = match about {
        Some(about) => format!("{} ({})", escape(about), escape(name)),
        None => escape(name),
    };
    let theme = ColorfulTheme::default();
    let typed = if secret {
        Password::with_theme(&theme).with_prompt(prompt).interact_on(&Term::stderr())
    } else {
        Input::<String>::with_theme(&theme).with_prompt(prompt).interact_text_on(&Term::stderr())
    };
    Ok(typed?)
}

impl Terminal {
    /// Returns the terminal, if there is one to ask at.
    pub(super) fn open() -> Option<Self> {
        let there = io::stdin().is_terminal() && io::stderr().is_terminal();
        there.then(|| {
            Terminal::new(Box::new(Stderr {
                term: Term::stderr(),
                theme: ColorfulTheme::default(),
            }))
        })
    }

    fn new(screen: Box<dyn Screen>) -> Self {
        let desk = Desk { screen, edits: BTreeMap::new() };
        Terminal { desk: Arc::new(Mutex::new(desk)) }
    }

    fn answer(&self, question: &Question) -> Result<Answer, Nobody> {
        let mut desk = self.desk.lock().unwrap_or_else(PoisonError::into_inner);
        let answered = desk.ask(question);
        let decision = answered.map_err(|error| {
            desk.screen.restore();
            match error.kind() {
                io::ErrorKind::Interrupted => Nobody::Interrupted,
                _ => Nobody::Absent(question.name()),
            }
        })?;
        Ok(Answer { decision, by: "person".to_owned() })
    }
}

impl Person for Terminal {
    fn ask<'a>(&'a self, question: &'a Question) -> BoxFuture<'a, Result<Answer, Nobody>> {
        let terminal = self.clone();
        let question = question.clone();
        async move {
            let asked = tokio::task::spawn_blocking(move || terminal.answer(&question)).await;
            asked.unwrap_or(Err(Nobody::Interrupted))
        }
        .boxed()
    }
}

impl Desk {
    fn ask(&mut self, question: &Question) -> io::Result<Decision> {
        match question {
            Question::Before { text, .. } => {
                self.show(text)?;
                let yes = self.screen.confirm("Go on?")?;
                Ok(if yes { Decision::Accept } else { Decision::Reject })
            }
            Question::Ask { at, text, options, default, .. } => {
                self.show(&format!("{at} asks: {text}"))?;
                self.ask_words(options, default.as_deref()).map(Decision::Say)
            }
            Question::Output { at, output } => self.approve(at, output),
        }
    }

    fn ask_words(&mut self, options: &[String], default: Option<&str>) -> io::Result<String> {
        if options.is_empty() {
            return self.screen.line("Your answer", default);
        }
        let width = self.screen.width() - 4;
        let items: Vec<String> =
            options.iter().map(|option| table::row(&Value::from(option.as_str()), width)).collect();
        let first = default.and_then(|default| options.iter().position(|option| option == default));
        let chosen = self.screen.choose("Your answer", &items, first.unwrap_or(0))?;
        options.get(chosen).cloned().ok_or_else(|| io::ErrorKind::InvalidInput.into())
    }

    /// Shows an output until the person has decided about it, as it is or as they changed it.
    fn approve(&mut self, at: &At, output: &Value) -> io::Result<Decision> {
        let mut current = output.clone();
        if let Some((_, edited)) = self.edits.remove(at).filter(|(first, _)| first == output) {
            self.show("What you changed does not fit what the stage has to leave.")?;
            current = edited;
        }
        loop {
            self.show(&format!("The output of {at}:"))?;
            let shown = table::render(&current, self.screen.width());
            self.screen.say(&format!("\n{shown}\n"))?;
            let changed = current != *output;
            let choices = choices(&current, changed, shown.contains('…'));
            let items: Vec<String> = choices.iter().map(|(_, label)| (*label).to_owned()).collect();
            let chosen = self.screen.choose("What now?", &items, 0)?;
            match choices.get(chosen).map_or(Choice::Reject, |(choice, _)| *choice) {
                Choice::Accept if changed => {
                    self.edits.insert(at.clone(), (output.clone(), current.clone()));
                    return Ok(Decision::Edit(current));
                }
                Choice::Accept => return Ok(Decision::Accept),
                Choice::Edit => current = self.edit(current)?,
                Choice::Drop => self.drop_rows(&mut current)?,
                Choice::Whole => {
                    let whole = serde_json::to_string_pretty(&current)?;
                    self.screen.say(&escape_json(&whole))?;
                }
                Choice::Undo => current = output.clone(),
                Choice::Revise => {
                    return self.screen.line("What should change?", None).map(Decision::Revise);
                }
                Choice::Reject => return Ok(Decision::Reject),
            }
        }
    }

    /// Lets the person edit a value as JSON, again and again until it is JSON or they give up.
    fn edit(&mut self, value: Value) -> io::Result<Value> {
        let mut text = escape_json(&serde_json::to_string_pretty(&value)?);
        loop {
            text = match self.screen.edit(&text) {
                Ok(Some(edited)) => edited,
                Ok(None) => {
                    self.show("Nothing was saved.")?;
                    return Ok(value);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => return Err(error),
                Err(error) => {
                    self.show(&format!(
                        "The editor cannot be started: {error}. Set EDITOR to another."
                    ))?;
                    return Ok(value);
                }
            };
            match serde_json::from_str(&text) {
                Ok(edited) => return Ok(edited),
                Err(error) => self.show(&format!("That is not JSON: {error}."))?,
            }
            if !self.screen.confirm("Edit it again?")? {
                return Ok(value);
            }
        }
    }

    fn drop_rows(&mut self, value: &mut Value) -> io::Result<()> {
        let lists = lists(value);
        let list = match &lists[..] {
            [] => return Ok(()),
            [only] => only,
            several => {
                let items: Vec<String> = several.iter().map(|name| escape(name)).collect();
                let chosen = self.screen.choose("Of which list?", &items, 0)?;
                several.get(chosen).ok_or(io::ErrorKind::InvalidInput)?
            }
        };
        let rows = match value {
            Value::Object(fields) => fields.get_mut(list),
            whole => Some(whole),
        };
        let Some(Value::Array(rows)) = rows else { return Ok(()) };
        let width = self.screen.width() - 8;
        let items: Vec<String> = rows.iter().map(|row| table::row(row, width)).collect();
        let marked =
            self.screen.mark("Mark what goes with the space bar, then press enter", &items)?;
        let mut index = 0;
        rows.retain(|_| {
            index += 1;
            !marked.contains(&(index - 1))
        });
        Ok(())
    }

    /// Shows prose, escaped and wrapped.
    fn show(&mut self, text: &str) -> io::Result<()> {
        let width = self.screen.width();
        self.screen.say(&table::render(&Value::from(text), width))
    }
}

/// Returns what can be done about an output, with the words for it.
fn choices(value: &Value, changed: bool, cut: bool) -> Vec<(Choice, &'static str)> {
    let accept = if changed { "Accept it as changed" } else { "Accept it" };
    let all = [
        (Choice::Accept, accept, true),
        (Choice::Edit, "Edit it as JSON", true),
        (Choice::Drop, "Drop rows", !lists(value).is_empty()),
        (Choice::Whole, "Show it whole", cut),
        (Choice::Undo, "Undo my changes", changed),
        (Choice::Revise, "Send it back with words", true),
        (Choice::Reject, "Reject it: the stage fails", true),
    ];
    all.into_iter()
        .filter(|(.., offered)| *offered)
        .map(|(choice, label, _)| (choice, label))
        .collect()
}

/// Names the lists that rows can be dropped from: the fields that hold one, or the value itself.
fn lists(value: &Value) -> Vec<String> {
    let is_list = |value: &Value| value.as_array().is_some_and(|rows| !rows.is_empty());
    match value {
        Value::Object(fields) => fields
            .iter()
            .filter(|(_, value)| is_list(value))
            .map(|(name, _)| name.clone())
            .collect(),
        whole if is_list(whole) => vec![String::new()],
        _ => Vec::new(),
    }
}

/// The real screen.
struct Stderr {
    term: Term,
    theme: ColorfulTheme,
}

impl Screen for Stderr {
    fn width(&self) -> usize {
        let (_, columns) = self.term.size();
        usize::from(columns).clamp(40, WIDEST)
    }

    fn say(&mut self, text: &str) -> io::Result<()> {
        self.term.write_line(text)
    }

    fn choose(&mut self, prompt: &str, items: &[String], first: usize) -> io::Result<usize> {
        let select = Select::with_theme(&self.theme);
        let select = select.with_prompt(prompt).items(items).default(first);
        Ok(select.interact_on(&self.term)?)
    }

    fn mark(&mut self, prompt: &str, items: &[String]) -> io::Result<Vec<usize>> {
        let select = MultiSelect::with_theme(&self.theme);
        let select = select.with_prompt(prompt).items(items).report(false);
        Ok(select.interact_on(&self.term)?)
    }

    fn line(&mut self, prompt: &str, default: Option<&str>) -> io::Result<String> {
        // The default is shown by name only: it may hold what a terminal would obey.
        let mut input = Input::<String>::with_theme(&self.theme);
        let prompt = match default {
            Some(default) => format!("{prompt} [{}]", escape(default)),
            None => prompt.to_owned(),
        };
        if let Some(default) = default {
            input = input.default(default.to_owned()).show_default(false).report(false);
        }
        Ok(input.with_prompt(prompt).interact_text_on(&self.term)?)
    }

    fn confirm(&mut self, prompt: &str) -> io::Result<bool> {
        let confirm = Confirm::with_theme(&self.theme);
        Ok(confirm.with_prompt(prompt).wait_for_newline(true).interact_on(&self.term)?)
    }

    fn edit(&mut self, text: &str) -> io::Result<Option<String>> {
        let mut editor = Editor::new();
        #[expect(clippy::disallowed_methods, reason = "asked as late as the editor itself would")]
        let named = ["VISUAL", "EDITOR"].iter().find_map(std::env::var_os);
        if named.is_some_and(|name| name.to_string_lossy().trim().is_empty()) {
            editor.executable("vi");
        }
        Ok(editor.extension(".json").edit(text)?)
    }

    fn restore(&mut self) {
        let _ = self.term.show_cursor();
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use serde_json::json;

    use super::*;

    /// What a scripted person does next.
    enum Does {
        Chooses(&'static str),
        Marks(&'static [usize]),
        Writes(&'static str),
        Confirms(bool),
        Edits(&'static str),
        SavesNothing,
        HasNoEditor,
        Interrupts,
    }

    struct Script {
        does: VecDeque<Does>,
        said: Arc<Mutex<String>>,
    }

    impl Script {
        fn next(&mut self) -> io::Result<Does> {
            match self.does.pop_front() {
                Some(Does::Interrupts) => Err(io::ErrorKind::Interrupted.into()),
                Some(next) => Ok(next),
                None => Err(io::ErrorKind::UnexpectedEof.into()),
            }
        }
    }

    impl Screen for Script {
        fn width(&self) -> usize {
            80
        }

        fn say(&mut self, text: &str) -> io::Result<()> {
            let mut said = self.said.lock().unwrap();
            said.push_str(text);
            said.push('\n');
            Ok(())
        }

        fn choose(&mut self, prompt: &str, items: &[String], first: usize) -> io::Result<usize> {
            self.say(&format!("{prompt} {} *{first}", items.join(" | ")))?;
            let Does::Chooses(label) = self.next()? else { panic!("{prompt}") };
            let chosen = items.iter().position(|item| item.starts_with(label));
            Ok(chosen.unwrap_or_else(|| panic!("{label} in {items:?}")))
        }

        fn mark(&mut self, prompt: &str, items: &[String]) -> io::Result<Vec<usize>> {
            self.say(&items.join(" | "))?;
            let Does::Marks(rows) = self.next()? else { panic!("{prompt}") };
            Ok(rows.to_vec())
        }

        fn line(&mut self, prompt: &str, default: Option<&str>) -> io::Result<String> {
            self.say(&format!("{prompt} [{default:?}]"))?;
            let Does::Writes(text) = self.next()? else { panic!("{prompt}") };
            Ok(text.to_owned())
        }

        fn confirm(&mut self, prompt: &str) -> io::Result<bool> {
            self.say(prompt)?;
            let Does::Confirms(yes) = self.next()? else { panic!("{prompt}") };
            Ok(yes)
        }

        fn edit(&mut self, text: &str) -> io::Result<Option<String>> {
            self.say(text)?;
            match self.next()? {
                Does::Edits(text) => Ok(Some(text.to_owned())),
                Does::SavesNothing => Ok(None),
                Does::HasNoEditor => Err(io::ErrorKind::NotFound.into()),
                _ => panic!("an edit"),
            }
        }

        fn restore(&mut self) {}
    }

    fn terminal(does: impl IntoIterator<Item = Does>) -> (Terminal, Arc<Mutex<String>>) {
        let said = Arc::default();
        let script = Script { does: does.into_iter().collect(), said: Arc::clone(&said) };
        (Terminal::new(Box::new(script)), said)
    }

    fn output(value: Value) -> Question {
        Question::Output { at: At::stage("events"), output: value }
    }

    async fn decides(
        does: impl IntoIterator<Item = Does>,
        question: Question,
    ) -> (Result<Decision, Nobody>, String) {
        let (terminal, said) = terminal(does);
        let answer = terminal.ask(&question).await;
        if let Ok(answer) = &answer {
            assert_eq!(answer.by, "person");
        }
        let said = said.lock().unwrap().clone();
        (answer.map(|answer| answer.decision), said)
    }

    #[tokio::test]
    async fn an_output_is_shown_as_a_table_and_accepted() {
        let value = json!({ "events": [{ "name": "paid", "file": "a.ts" }] });
        let (decision, said) = decides([Does::Chooses("Accept")], output(value)).await;
        assert_eq!(decision, Ok(Decision::Accept));
        let expected = "\
The output of events:

events:
#  name  file
─  ────  ────
1  paid  a.ts

What now? Accept it | Edit it as JSON | Drop rows | Send it back with words | Reject it: the \
stage fails *0
";
        assert_eq!(said, expected);
    }

    #[tokio::test]
    async fn rows_are_dropped_from_the_list_that_is_meant() {
        let value = json!({ "a": [1, 2, 3], "b": [{ "x": 1 }, { "x": 2 }], "n": 1 });
        let does = [
            Does::Chooses("Drop"),
            Does::Chooses("a"),
            Does::Marks(&[0, 2]),
            Does::Chooses("Drop"),
            Does::Chooses("b"),
            Does::Marks(&[]),
            Does::Chooses("Accept it as changed"),
        ];
        let expected = json!({ "a": [2], "b": [{ "x": 1 }, { "x": 2 }], "n": 1 });
        assert_eq!(decides(does, output(value)).await.0, Ok(Decision::Edit(expected)));
        let does = [Does::Chooses("Drop"), Does::Marks(&[1]), Does::Chooses("Accept")];
        let (decision, _) = decides(does, output(json!(["x", "y"]))).await;
        assert_eq!(decision, Ok(Decision::Edit(json!(["x"]))));
    }

    #[tokio::test]
    async fn an_edit_has_to_be_json() {
        let does = [
            Does::Chooses("Edit"),
            Does::Edits("{"),
            Does::Confirms(true),
            Does::Edits("{\"a\": 2}"),
            Does::Chooses("Accept"),
        ];
        let (decision, said) = decides(does, output(json!({ "a": "\u{202e}" }))).await;
        assert_eq!(decision, Ok(Decision::Edit(json!({ "a": 2 }))));
        assert!(said.contains("{\n  \"a\": \"\\u202e\"\n}"), "{said}");
        assert!(said.contains("That is not JSON: EOF while parsing"), "{said}");
        let does = [
            Does::Chooses("Edit"),
            Does::SavesNothing,
            Does::Chooses("Edit"),
            Does::HasNoEditor,
            Does::Chooses("Edit"),
            Does::Edits("3"),
            Does::Chooses("Undo"),
            Does::Chooses("Accept it"),
        ];
        let (decision, said) = decides(does, output(json!({ "a": 1 }))).await;
        assert_eq!(decision, Ok(Decision::Accept));
        assert!(said.contains("Nothing was saved.") && said.contains("Set EDITOR"), "{said}");
    }

    #[tokio::test]
    async fn an_edit_that_did_not_fit_is_shown_again() {
        let (terminal, said) = terminal([
            Does::Chooses("Edit"),
            Does::Edits("{\"wrong\": 1}"),
            Does::Chooses("Accept it as changed"),
            Does::Chooses("Undo"),
            Does::Chooses("Accept it"),
        ]);
        let question = output(json!({ "a": 1 }));
        let first = terminal.ask(&question).await.unwrap().decision;
        assert_eq!(first, Decision::Edit(json!({ "wrong": 1 })));
        assert_eq!(terminal.ask(&question).await.unwrap().decision, Decision::Accept);
        assert!(said.lock().unwrap().contains("What you changed does not fit"));
    }

    #[tokio::test]
    async fn an_output_goes_back_or_is_rejected() {
        let does = [Does::Chooses("Send"), Does::Writes("fewer")];
        let (decision, _) = decides(does, output(json!("text"))).await;
        assert_eq!(decision, Ok(Decision::Revise("fewer".to_owned())));
        let (decision, said) = decides([Does::Chooses("Reject")], output(json!("text"))).await;
        assert_eq!(decision, Ok(Decision::Reject));
        assert!(!said.contains("Drop rows"), "{said}");
    }

    #[tokio::test]
    async fn what_is_cut_can_be_seen_whole() {
        let long = "word ".repeat(200);
        let value = json!([{ "a": long, "b": "x" }]);
        let does = [Does::Chooses("Show it whole"), Does::Chooses("Accept")];
        let (decision, said) = decides(does, output(value)).await;
        assert_eq!(decision, Ok(Decision::Accept));
        assert!(said.contains(long.as_str()));
    }

    #[tokio::test]
    async fn a_question_takes_an_option_or_words() {
        let ask = |options: &[&str], default: Option<&str>| Question::Ask {
            at: At { stage: "survey".to_owned(), item: Some(1) },
            id: "region".to_owned(),
            text: "Which \u{1b}[31mregion?".to_owned(),
            options: options.iter().map(|option| (*option).to_owned()).collect(),
            default: default.map(str::to_owned),
        };
        let (decision, said) = decides([Does::Chooses("eu")], ask(&["us", "eu"], Some("eu"))).await;
        assert_eq!(decision, Ok(Decision::Say("eu".to_owned())));
        assert!(said.starts_with("survey[2] asks: Which \\u{1b}[31mregion?\n"), "{said}");
        assert!(said.contains("us | eu *1"), "{said}");
        let (decision, said) = decides([Does::Writes("asia")], ask(&[], Some("eu"))).await;
        assert_eq!(decision, Ok(Decision::Say("asia".to_owned())));
        assert!(said.contains("[Some(\"eu\")]"), "{said}");
    }

    #[tokio::test]
    async fn a_stage_begins_only_with_a_yes() {
        let before = || Question::Before { at: At::stage("install"), text: "Play it?".to_owned() };
        assert_eq!(decides([Does::Confirms(true)], before()).await.0, Ok(Decision::Accept));
        assert_eq!(decides([Does::Confirms(false)], before()).await.0, Ok(Decision::Reject));
        assert_eq!(decides([Does::Interrupts], before()).await.0, Err(Nobody::Interrupted));
        let (gone, _) = decides([], before()).await;
        assert_eq!(gone, Err(Nobody::Absent("approve install".to_owned())));
    }

    #[tokio::test]
    async fn one_question_at_a_time() {
        let (terminal, said) =
            terminal([Does::Confirms(true), Does::Confirms(true), Does::Confirms(true)]);
        let questions = ["a", "b", "c"]
            .map(|stage| Question::Before { at: At::stage(stage), text: format!("Play {stage}?") });
        let asked = questions.iter().map(|question| terminal.ask(question));
        let answers = futures_util::future::join_all(asked).await;
        assert!(answers.iter().all(Result::is_ok));
        let said = said.lock().unwrap();
        let lines: Vec<&str> = said.lines().collect();
        assert_eq!(lines.len(), 6);
        for pair in lines.chunks(2) {
            assert!(pair[0].starts_with("Play ") && pair[1] == "Go on?", "{lines:?}");
        }
    }
}
