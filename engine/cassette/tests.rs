//! A small run, recorded and played again.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use futures_util::future::{BoxFuture, FutureExt as _};
use serde_json::{Value, json};

use super::*;
use crate::approval::{Answer, Nobody, Person, Question};
use crate::gate::redact::Redactor;
use crate::gate::{Invocation, Ran, Rights, Runner};
use crate::model::{Block, Message, ModelError, Provider, Role, Stop, ToolSpec, Usage};
use crate::playbook::Playbook;
use crate::redact::Clean;
use crate::reference::{Fetch, FetchAnswer, FetchError};

const SECRET: &str = "phc_canary_canary";

/// Stands in for the world.
struct World;

impl Provider for World {
    fn ask<'a>(&'a self, request: &'a Clean<Request>) -> BoxFuture<'a, Result<Reply, ModelError>> {
        let turn = &request.turn;
        let blocks = match (turn.stage.as_str(), turn.item, turn.turn) {
            ("survey", None, 1) => vec![
                Block::Text(format!("I look, and keep {SECRET} to myself.")),
                call("c1", "read", json!({ "path": "package.json", "key": SECRET })),
            ],
            _ => vec![call("d", "done", json!({ "turn": turn.turn, "item": turn.item }))],
        };
        let usage = Some(Usage { input: 10, output: u64::from(turn.turn), ..Usage::default() });
        async move { Ok(Reply { blocks, stop: Stop::Done, usage }) }.boxed()
    }

    fn body(&self, request: &Request) -> Value {
        json!(request)
    }
}

impl Runner for World {
    fn rights(&self) -> BoxFuture<'_, Rights> {
        async { Rights::Confined(crate::sandbox::Level::None) }.boxed()
    }

    fn run<'a>(&'a self, invocation: &'a Invocation) -> BoxFuture<'a, Result<Ran, String>> {
        async move {
            if invocation.name == "missing" {
                return Err("the program `tsc` is not on the PATH".to_owned());
            }
            let package = invocation.root.join("package.json");
            let text = std::fs::read_to_string(&package).unwrap();
            std::fs::write(&package, text.replace("\"a\"", "\"a\",\n  \"sdk\"")).unwrap();
            std::fs::write(invocation.root.join("lock"), format!("{SECRET}\n")).unwrap();
            let text = format!("added to {}/package.json with {SECRET}", invocation.root.display());
            Ok(Ran { exit: Some(0), text, took: 12, replayed: false })
        }
        .boxed()
    }
}

impl Fetch for World {
    fn fetch<'a>(
        &'a self,
        url: &'a Clean,
        stored: Option<&'a Page>,
    ) -> BoxFuture<'a, Result<FetchAnswer, FetchError>> {
        let answer = match (url.as_str(), stored) {
            ("https://a.test/gone", _) => Err(FetchError::new(url, "no route")),
            (_, Some(_)) => Ok(FetchAnswer::Unchanged),
            _ => Ok(FetchAnswer::Page(page(url, "fresh"))),
        };
        async move { answer }.boxed()
    }
}

impl Person for World {
    fn ask<'a>(&'a self, question: &'a Question) -> BoxFuture<'a, Result<Answer, Nobody>> {
        let decision = match question {
            Question::Before { .. } => Decision::Accept,
            Question::Output { .. } => Decision::Edit(json!([{ "event": "signed_up" }])),
            Question::Ask { .. } => Decision::Say("eu".to_owned()),
        };
        async move { Ok(Answer { decision, by: "person".to_owned() }) }.boxed()
    }
}

fn call(id: &str, name: &str, input: Value) -> Block {
    Block::Call { id: id.to_owned(), name: name.to_owned(), input }
}

fn page(url: &str, body: &str) -> Page {
    Page {
        url: url.to_owned(),
        media_type: "text/markdown".to_owned(),
        etag: None,
        last_modified: None,
        body: body.to_owned(),
        twin_of: None,
        confirmed_at: 7,
    }
}

fn project() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("package.json"), "{\n  \"a\"\n}\n").unwrap();
    folder
}

fn playbook() -> Playbook {
    let bundle = crate::playbook::load_text("p.md", "---\n---\n");
    crate::playbook::parse(&bundle).0
}

fn request(stage: &str, item: Option<usize>, turn: u32, messages: Vec<Message>) -> Request {
    let tool = |name: &str| ToolSpec {
        name: name.to_owned(),
        description: String::new(),
        input: json!({}),
    };
    Request {
        model: "m".to_owned(),
        system: Vec::new(),
        tools: vec![tool("read"), tool("done")],
        messages,
        max_tokens: 100,
        effort: None,
        turn: TurnId { stage: stage.to_owned(), item, attempt: 1, turn, retro: false },
    }
}

/// The second request of `survey`: the result of its call, as it came.
fn second(first: &Reply, error: bool) -> Request {
    let text = format!("package.json says {SECRET}{}", "x".repeat(300));
    let result = Block::Result { id: "c1".to_owned(), text, error };
    let said = Message { role: Role::Assistant, blocks: first.blocks.clone() };
    let answer = Message { role: Role::User, blocks: vec![result] };
    request("survey", None, 2, vec![Message::user("Go on."), said, answer])
}

fn invocation(root: &Path, name: &str) -> Invocation {
    Invocation {
        at: At::stage("install"),
        name: name.to_owned(),
        argv: vec!["npm".to_owned(), format!("--prefix={}", root.display())],
        root: root.canonicalize().unwrap(),
        cwd: root.to_owned(),
        environment: BTreeMap::from([("KEY".to_owned(), SECRET.to_owned())]),
        timeout: 9,
        why: "stage".to_owned(),
        grants: crate::sandbox::Grants::default(),
    }
}

fn questions() -> [Question; 3] {
    let at = At::stage("events");
    [
        Question::Before { at: at.clone(), text: "Play?".to_owned() },
        Question::Output { at: at.clone(), output: json!([]) },
        Question::Ask {
            at,
            id: "region".to_owned(),
            text: "Where?".to_owned(),
            options: Vec::new(),
            default: None,
        },
    ]
}

struct Seams {
    provider: Arc<dyn Provider>,
    runner: Arc<dyn Runner>,
    fetch: Arc<dyn Fetch>,
    person: Arc<dyn Person>,
}

/// What a run came to.
#[derive(Debug, PartialEq)]
struct Outcome {
    replies: Vec<Reply>,
    ran: Vec<Result<Ran, String>>,
    docs: Vec<Result<FetchAnswer, FetchError>>,
    decisions: Vec<Decision>,
    files: BTreeMap<String, String>,
}

/// Plays a run through seams, items side by side.
async fn play(seams: &Seams, root: &Path) -> Outcome {
    let begin = request("survey", None, 1, vec![Message::user("Go on.")]);
    let first = seams.provider.ask(&sent(&begin)).await.unwrap();
    let then = seams.provider.ask(&sent(&second(&first, false))).await.unwrap();
    let items: Vec<Request> =
        (0..3).map(|item| request("capture", Some(item), 1, vec![Message::user("Do.")])).collect();
    let items: Vec<_> = items.iter().map(sent).collect();
    let items = items.iter().map(|request| seams.provider.ask(request));
    let items = futures_util::future::join_all(items).await.into_iter().map(Result::unwrap);
    let replies = [first, then].into_iter().chain(items).collect();
    let mut ran = Vec::new();
    for name in ["add", "missing"] {
        ran.push(seams.runner.run(&invocation(root, name)).await);
    }
    let stored = page("https://a.test/b", "stored");
    let docs = vec![
        seams.fetch.fetch(&address("https://a.test/a"), None).await,
        seams.fetch.fetch(&address("https://a.test/gone"), None).await,
        seams.fetch.fetch(&address("https://a.test/b"), Some(&stored)).await,
    ];
    let mut decisions = Vec::new();
    for question in questions() {
        decisions.push(seams.person.ask(&question).await.unwrap().decision);
    }
    let files = ["package.json", "lock"].map(|path| {
        (path.to_owned(), std::fs::read_to_string(root.join(path)).unwrap_or_default())
    });
    Outcome { replies, ran, docs, decisions, files: files.into() }
}

fn sent(request: &Request) -> Clean<Request> {
    Redactor::default().clean_all(request.clone())
}

fn address(url: &str) -> Clean {
    Redactor::default().clean(url)
}

/// Records a run; returns what it came to, and the cassette's text.
async fn record() -> (Outcome, String) {
    let project = project();
    let path = project.path().join("run.jsonl");
    let redactor = Redactor::new(&[("input:project_key", SECRET)].into_iter().collect());
    let head = Head {
        cassette: FORMAT,
        wizard: "0".to_owned(),
        playbook: "p".to_owned(),
        hash: "h".to_owned(),
        model: Some("m".to_owned()),
        inputs: BTreeMap::from([
            ("project_key".to_owned(), json!("secret:project_key")),
            ("host".to_owned(), json!("https://eu.test")),
        ]),
    };
    let recorder = Recorder::create(&path, &head, redactor, project.path()).unwrap();
    let world = Arc::new(World);
    let seams = Seams {
        provider: recorder.provider(world.clone()),
        runner: recorder.runner(world.clone(), &playbook()),
        fetch: recorder.fetch(world.clone()),
        person: recorder.person(world),
    };
    let outcome = play(&seams, project.path()).await;
    recorder.finish().unwrap();
    (outcome, std::fs::read_to_string(path).unwrap())
}

fn player(text: &str) -> Arc<Player> {
    Arc::new(Player::new(Cassette::read(text).unwrap()))
}

/// Replaces what a recording masks in what a run came to.
fn masked(outcome: &Outcome, root: &str) -> Outcome {
    let mask = |text: &str| text.replace(SECRET, "[REDACTED:input:project_key#1]");
    let mut replies = outcome.replies.clone();
    let json = mask(&serde_json::to_string(&replies).unwrap());
    replies = serde_json::from_str(&json).unwrap();
    let ran = outcome.ran.iter().cloned().map(|ran| {
        ran.map(|ran| Ran { text: mask(&ran.text).replace(root, "."), replayed: true, ..ran })
    });
    let mut docs = outcome.docs.clone();
    docs[2] = Ok(FetchAnswer::Page(page("https://a.test/b", "stored")));
    let files = outcome.files.iter().map(|(path, text)| (path.clone(), mask(text)));
    Outcome {
        replies,
        ran: ran.collect(),
        docs,
        decisions: outcome.decisions.clone(),
        files: files.collect(),
    }
}

#[tokio::test]
async fn a_recorded_run_is_played_again() {
    let (outcome, text) = record().await;
    let player = player(&text);
    let seams = Seams {
        provider: player.clone(),
        runner: player.clone(),
        fetch: player.clone(),
        person: player.clone(),
    };
    let project = project();
    let again = play(&seams, project.path()).await;
    let place = outcome.ran[0].as_ref().unwrap().text.clone();
    let root = place.trim_start_matches("added to ").split("/package.json").next().unwrap();
    assert_eq!(again, masked(&outcome, root));
    assert_eq!(player.left(), Vec::<String>::new());
    assert_eq!(player.fault(), None);
}

#[tokio::test]
async fn nothing_secret_and_no_place_is_recorded() {
    let (outcome, text) = record().await;
    assert!(!text.contains("canary"), "{text}");
    let place = &outcome.ran[0].as_ref().unwrap().text;
    let root = place.trim_start_matches("added to ").split("/package.json").next().unwrap();
    assert!(!text.contains(root), "{text}");
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 1 + 5 + 2 + 3 + 3);
    assert!(lines[0].contains(r#""project_key":"secret:project_key""#));
    let cassette = Cassette::read(&text).unwrap();
    let given = cassette.head.given();
    assert_eq!(given.keys().collect::<Vec<_>>(), ["host"]);
    let Line::Turn(turn) = &cassette.lines[1] else { panic!("not a turn") };
    assert_eq!(turn.sees.results[0].tool, "read");
    let shown = &turn.sees.results[0].text;
    assert!(shown.starts_with("package.json says [REDACTED:input:project_key#1]xxx"));
    assert_eq!(shown.chars().count(), 201);
}

async fn first(player: &Player) -> Reply {
    let request = request("survey", None, 1, vec![Message::user("Go on.")]);
    Provider::ask(player, &sent(&request)).await.unwrap()
}

async fn differs(player: &Player, request: &Request) -> String {
    Provider::ask(player, &sent(request)).await.unwrap_err().to_string()
}

#[tokio::test]
async fn a_changed_playbook_is_told_what_differs() {
    let (_, text) = record().await;
    let player = player(&text);
    let mut without = request("survey", None, 1, vec![Message::user("Go on.")]);
    without.tools.remove(0);
    assert_eq!(
        differs(&player, &without).await,
        "turn 1 of `survey` differs from the cassette: the recorded reply calls `read`, and the \
         stage offers `done`: record it again with `--record FILE`"
    );
    let reply = first(&player).await;
    let other = differs(&player, &second(&reply, true)).await;
    let expected = "turn 2 of `survey` differs from the cassette: `read` (call c1) succeeded when \
                    it was recorded (\"package.json says [REDACTED:input:project_key#1]";
    assert!(other.starts_with(expected), "{other}");
    assert!(other.contains(", and has failed now (\"package.json says phc"), "{other}");
    let mut silent = second(&reply, false);
    silent.messages.push(Message::user("What then?"));
    assert_eq!(
        differs(&player, &silent).await,
        "turn 2 of `survey` differs from the cassette: the recorded model saw the result of \
         `read` (call c1), and now it sees no result but the text \"What then?\": record it again \
         with `--record FILE`"
    );
    let mut more = second(&reply, false);
    more.turn.turn = 3;
    let more = differs(&player, &more).await;
    let expected = "the cassette holds 2 turns of `survey`, and turn 3 is asked for, where the \
                    model sees that `read` succeeded (\"package.json says";
    assert!(more.starts_with(expected), "{more}");
    let stranger = request("capture", Some(3), 1, vec![Message::user("Do.")]);
    assert_eq!(
        differs(&player, &stranger).await,
        "the cassette holds no turn of `capture[4]`, only of `capture`, `survey`: record it again \
         with `--record FILE`"
    );
    assert_eq!(player.left()[0], "1 of 1 turns of `capture[1]`");
}

#[tokio::test]
async fn a_file_that_is_not_the_recorded_one_is_named() {
    let (_, text) = record().await;
    let player = player(&text);
    let project = project();
    std::fs::write(project.path().join("package.json"), "{}\n").unwrap();
    let reason = Runner::run(&*player, &invocation(project.path(), "add")).await.unwrap_err();
    assert_eq!(
        reason,
        "command `add` (stage) of `install` differs from the cassette: its patch does not fit \
         `package.json`: the file is not what it was when it was recorded: record it again with \
         `--record FILE`"
    );
    assert!(!project.path().join("lock").exists());
    // The run is told so by the next turn, too.
    let next = request("survey", None, 1, vec![Message::user("Go on.")]);
    assert_eq!(differs(&player, &next).await, reason);
}

#[tokio::test]
async fn what_is_not_recorded_is_not_answered() {
    let (_, text) = record().await;
    let player = player(&text);
    let project = project();
    let again = Runner::run(&*player, &invocation(project.path(), "build")).await.unwrap_err();
    assert!(again.starts_with("the cassette holds no further run of command `build` (stage)"));
    let doc = Fetch::fetch(&*player, &address("https://a.test/c"), None).await.unwrap_err();
    assert!(doc.to_string().contains("the cassette does not hold it"), "{doc}");
    let [before, ..] = questions();
    assert!(Person::ask(&*player, &before).await.is_ok());
    assert_eq!(
        Person::ask(&*player, &before).await,
        Err(Nobody::Absent("approve events".to_owned()))
    );
}

#[tokio::test]
async fn a_resumed_run_goes_on_where_it_was() {
    let (_, text) = record().await;
    let text = text.replace("\"name\":\"missing\"", "\"name\":\"add\"");
    let player = player(&text);
    let at = At::stage("install");
    player.go_on(&[
        crate::journal::Event::CommandStarted {
            at: at.clone(),
            name: "add".to_owned(),
            argv: Vec::new(),
            why: "stage".to_owned(),
            level: None,
        },
        crate::journal::Event::CommandEnded {
            at,
            name: "add".to_owned(),
            exit: Some(0),
            text: String::new(),
            took: 0,
            changed: Vec::new(),
            replayed: true,
            reverted: Vec::new(),
        },
        crate::journal::Event::Answered {
            at: At::stage("events"),
            what: "approve before".to_owned(),
            answer: String::new(),
            decision: None,
            by: String::new(),
            waited: 0,
        },
    ]);
    let project = project();
    let next = Runner::run(&*player, &invocation(project.path(), "add")).await;
    assert_eq!(next, Err("the program `tsc` is not on the PATH".to_owned()));
    assert!(Person::ask(&*player, &questions()[0]).await.is_err());
    assert!(Person::ask(&*player, &questions()[1]).await.is_ok());
}

#[tokio::test]
async fn a_bad_line_is_named() {
    let (_, text) = record().await;
    assert_eq!(Cassette::read(""), Err(CassetteError::Empty));
    let other = text.replacen("{\"cassette\":1", "{\"cassette\":2", 1);
    assert_eq!(Cassette::read(other), Err(CassetteError::Format(2)));
    let head = text.lines().next().unwrap();
    let reason =
        Cassette::read(format!("{head}\n{{\"kind\":\"song\"}}\n")).unwrap_err().to_string();
    let expected = "line 2 of the cassette is not a turn, a command, a doc, an answer, tools or \
                    a call: unknown variant `song`";
    assert!(reason.starts_with(expected), "{reason}");
    let cut = Cassette::read(&text[..text.len() - 20]).unwrap_err().to_string();
    assert!(cut.starts_with("line 14 of the cassette is not a turn"), "{cut}");
    let headless = Cassette::read("{}\n").unwrap_err().to_string();
    assert!(headless.starts_with("line 1 of the cassette is not its head"), "{headless}");
}
