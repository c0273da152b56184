//! A run that stopped goes on: to the same tree, by the same requests, and pays for nothing twice.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use futures_util::future::{BoxFuture, FutureExt as _};
use serde_json::{Value, json};
use wizard::approval::Decision;
use wizard::journal::Event;
use wizard::model::{Block, ModelError, Provider, Reply, Request, Stop};
use wizard::redact::Clean;
use wizard::run::Ended;

use crate::execute::{Play, Played, call, play};
use crate::support::tree;

/// Everything that a run that goes on has to find again: an approval, items side by side, a failed
/// check, a second attempt, a fork, a command, a document, and a question after the end.
const KEYS: &str = "commands:
  count: {run: [cp, plan.txt, counted.txt]}
tools: [read, glob]
stages:
  plan:
    tools: [write]
    writes: [plan.txt]
    output: {schema: {type: object, required: [files], properties: {files: {type: array}}}}
    approve: output
  count:
    run: count
  write:
    tools: [edit, write, remove]
    writes: ['*.txt']
    for_each: {in: stages.plan.output.files, as: name, files: '${{ name }}'}
    checks: [{contains: right, in: '${{ name }}'}, {changed: '${{ name }}'}]
  more:
    needs: [plan]
    context: fork
    tools: [remove]
    writes: [old.txt]
  tell:
    needs: [write, count, more]
    when: always()
    output: markdown
";

const SECTIONS: &str = "
## plan

Name the files.

## write

Write ${{ name }}.

## more

Go on.

## tell

Tell.
";

/// What the model says: by stage, item and turn, so that a turn has one answer whenever it is
/// asked for.
struct Model {
    says: BTreeMap<(String, Option<usize>, u32, bool), Vec<Block>>,
    asked: Mutex<Vec<Request>>,
    /// How many requests it answers, before its service is overloaded.
    left: AtomicUsize,
}

fn model() -> Model {
    let mut says = BTreeMap::new();
    let mut say = |stage: &str, item: Option<usize>, turns: Vec<Vec<Block>>| {
        for (turn, blocks) in (1..).zip(turns) {
            says.insert((stage.to_owned(), item, turn, false), blocks);
        }
        says.insert((stage.to_owned(), item, 99, true), vec![Block::Text("{}".to_owned())]);
    };
    let write = |path: &str, text: &str| call("write", &json!({ "path": path, "content": text }));
    let read = |path: &str| call("read", &json!({ "path": path }));
    let done = |output: Value| vec![call("done", &output)];
    let summary = || done(json!({ "summary": "did it" }));
    say(
        "plan",
        None,
        vec![
            vec![call("glob", &json!({ "pattern": "**" })), write("plan.txt", "a plan\n")],
            done(json!({ "files": ["a.txt", "b.txt", "c.txt"] })),
        ],
    );
    let edit = |path: &str, old: &str, new: &str| {
        call("edit", &json!({ "path": path, "old": old, "new": new }))
    };
    say(
        "write",
        Some(0),
        vec![
            vec![read("a.txt"), edit("a.txt", "wrong", "left"), edit("a.txt", "one", "two")],
            summary(),
            vec![edit("a.txt", "left", "right")],
            summary(),
        ],
    );
    say(
        "write",
        Some(1),
        vec![
            vec![read("b.txt"), call("remove", &json!({ "path": "b.txt" }))],
            vec![write("b.txt", "right\n")],
            summary(),
        ],
    );
    say("write", Some(2), vec![vec![write("c.txt", "right\n")], summary()]);
    say(
        "more",
        None,
        vec![vec![read("old.txt"), call("remove", &json!({ "path": "old.txt" }))], summary()],
    );
    say("tell", None, vec![vec![Block::Text("It is done.".to_owned())]]);
    Model { says, asked: Mutex::default(), left: AtomicUsize::new(usize::MAX) }
}

impl Provider for Model {
    fn ask<'a>(&'a self, request: &'a Clean<Request>) -> BoxFuture<'a, Result<Reply, ModelError>> {
        async move {
            let left = |left: usize| left.checked_sub(1);
            if self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, left).is_err() {
                return Err(ModelError::Busy {
                    status: 529,
                    message: "overloaded".to_owned(),
                    retry_after: None,
                    hopeless: false,
                    begun: false,
                });
            }
            self.asked.lock().unwrap().push((**request).clone());
            let turn = &request.turn;
            let number = if turn.retro { 99 } else { turn.turn };
            let item = if turn.retro && turn.stage == "write" { Some(0) } else { turn.item };
            let key = (turn.stage.clone(), item, number, turn.retro);
            let blocks = self.says.get(&key).unwrap_or_else(|| panic!("{key:?}")).clone();
            Ok(Reply { blocks, stop: Stop::Done, usage: None })
        }
        .boxed()
    }

    fn body(&self, request: &Request) -> Value {
        json!(request)
    }
}

/// Where a run is played: a project, always under the same name, and the folder of the run.
struct Place {
    folder: tempfile::TempDir,
    model: Arc<Model>,
    retro: bool,
}

impl Place {
    fn new(model: &Arc<Model>, retro: bool) -> Self {
        let place = Place { folder: tempfile::tempdir().unwrap(), model: Arc::clone(model), retro };
        place.clear();
        place
    }

    fn root(&self) -> PathBuf {
        self.folder.path().join("project")
    }

    /// Puts the project back to what it was, and forgets the run.
    fn clear(&self) {
        for folder in [self.root(), self.state()] {
            let _ = std::fs::remove_dir_all(folder);
        }
        std::fs::create_dir_all(self.root()).unwrap();
        for (path, text) in
            [("a.txt", "wrong\none\n"), ("b.txt", "b\n"), ("old.txt", "old\n"), ("keep.md", "k\n")]
        {
            std::fs::write(self.root().join(path), text).unwrap();
        }
    }

    fn state(&self) -> PathBuf {
        self.folder.path().join("run")
    }

    /// Plays, or goes on, for this many requests.
    fn sit(&self, requests: usize) -> Played {
        let decided = wizard::journal::read(&self.state().join("journal.jsonl"))
            .is_ok_and(|it| it.iter().any(|record| matches!(record.event, Event::Answered { .. })));
        self.model.left.store(requests, Ordering::Relaxed);
        let edited = json!({ "files": ["a.txt", "b.txt", "c.txt"], "by": "the person" });
        let play = if self.retro { self.prepared().asks_after() } else { self.prepared() };
        let play = if decided { play } else { play.decides(Decision::Edit(edited)) };
        play.run()
    }

    fn prepared(&self) -> Play {
        play(KEYS, SECTIONS)
            .at(self.root())
            .kept_in(self.state())
            .asks(Arc::clone(&self.model) as Arc<dyn Provider>)
    }

    /// Returns what the model was asked since this was last called, by stage, item and turn.
    fn asked(&self) -> BTreeMap<String, Vec<Value>> {
        let mut asked: BTreeMap<String, Vec<Value>> = BTreeMap::new();
        for request in std::mem::take(&mut *self.model.asked.lock().unwrap()) {
            let turn = json!(request.turn).to_string();
            asked.entry(turn).or_default().push(json!(request));
        }
        asked
    }
}

/// Holds what was asked in all sittings against what was asked in one: each turn once, and alike.
fn same(sittings: &BTreeMap<String, Vec<Value>>, one: &BTreeMap<String, Vec<Value>>, when: &str) {
    assert_eq!(sittings.keys().collect::<Vec<_>>(), one.keys().collect::<Vec<_>>(), "{when}");
    for (turn, requests) in one {
        assert_eq!(sittings[turn].len(), requests.len(), "{when}: {turn}");
        let (then, now) = (requests[0].to_string(), sittings[turn][0].to_string());
        let alike = then.bytes().zip(now.bytes()).take_while(|(then, now)| then == now).count();
        let from = alike.saturating_sub(200);
        assert!(then == now, "{when}: {turn}\n{}\n{}", &now[from..], &then[from..]);
    }
}

fn files(root: &Path) -> tree::Tree {
    tree::read(root)
}

#[test]
fn a_run_that_stops_before_any_request_comes_to_the_same_end() {
    let place = Place::new(&Arc::new(model()), true);
    let whole = place.sit(usize::MAX);
    assert_eq!(whole.ended, Ended::Succeeded, "{:?}", whole.fault);
    let (tree, asked) = (files(&place.root()), place.asked());
    assert!(asked.values().all(|requests| requests.len() == 1));
    assert!(asked.len() > 15, "{}", asked.len());
    let turns = asked.keys().filter(|turn| !turn.contains("retro")).count();
    for stop in 0..turns {
        place.clear();
        let first = place.sit(stop);
        assert_eq!(first.ended, Ended::Stopped, "before request {stop}");
        let last = place.sit(usize::MAX);
        assert_eq!(last.ended, Ended::Succeeded, "after request {stop}: {:?}", last.fault);
        assert_eq!(files(&place.root()), tree, "after request {stop}");
        same(&place.asked(), &asked, &format!("after request {stop}"));
    }
}

#[test]
fn a_run_that_stops_before_every_request_comes_to_the_same_end() {
    let place = Place::new(&Arc::new(model()), false);
    place.sit(usize::MAX);
    let (tree, asked) = (files(&place.root()), place.asked());
    place.clear();
    let mut sittings = 1;
    while place.sit(1).ended == Ended::Stopped {
        sittings += 1;
        assert!(sittings < 99);
    }
    assert!(sittings > 8, "{sittings}");
    assert_eq!(files(&place.root()), tree);
    same(&place.asked(), &asked, "one request a sitting");
}

#[test]
fn stages_that_are_played_again_find_what_the_others_left() {
    let place = Place::new(&Arc::new(model()), false);
    place.sit(usize::MAX);
    let asked = place.asked();
    std::fs::write(place.root().join("old.txt"), "old\n").unwrap();
    place.model.left.store(usize::MAX, Ordering::Relaxed);
    let played = place.prepared().again(&["more", "tell"]).run();
    assert_eq!(played.ended, Ended::Succeeded, "{:?}", played.fault);
    let again = place.asked();
    let turns: Vec<&String> =
        asked.keys().filter(|turn| turn.contains("more") || turn.contains("tell")).collect();
    assert_eq!(again.keys().collect::<Vec<_>>(), turns);
    let turn = r#"{"stage":"more","attempt":1,"turn":1}"#;
    assert_eq!(again[turn][0]["messages"], asked[turn][0]["messages"]);
}

#[test]
fn one_stage_is_played_alone() {
    let place = Place::new(&Arc::new(model()), false);
    place.sit(2);
    place.asked();
    place.model.left.store(usize::MAX, Ordering::Relaxed);
    let played = place.prepared().only("write").run();
    assert_eq!(played.ended, Ended::Stopped);
    let stopped = played.events.iter().rev().find_map(|event| match event {
        Event::Stopped { reason } => Some(reason.as_str()),
        _ => None,
    });
    assert_eq!(stopped, Some("only `write` was to be played"));
    assert!(place.asked().keys().all(|turn| turn.contains("write")));
    assert_eq!(place.sit(usize::MAX).ended, Ended::Succeeded);
}

#[test]
fn a_budget_counts_what_was_spent_before() {
    let place = Place::new(&Arc::new(model()), false);
    let keys = KEYS.replacen("stages:", "budget: {turns: 4}\nstages:", 1);
    place.model.left.store(3, Ordering::Relaxed);
    let sit = || {
        play(&keys, SECTIONS)
            .at(place.root())
            .kept_in(place.state())
            .asks(Arc::clone(&place.model) as Arc<dyn Provider>)
            .decides(Decision::Accept)
            .run()
    };
    assert_eq!(sit().ended, Ended::Stopped);
    place.model.left.store(usize::MAX, Ordering::Relaxed);
    assert_eq!(sit().ended, Ended::Stopped);
    // The request that was not answered may have been billed, and counts.
    assert_eq!(place.asked().len(), 3);
}
