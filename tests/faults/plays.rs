//! Whole plays against a service that fails: by the script, at moments that a seed chooses. Each
//! ends done or stopped, goes on where it stopped, and comes to the same end.

use std::io::Write as _;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread::sleep;
use std::time::Duration;

use serde_json::{Value, json};
use wizard::journal::Event;
use wizard::model::{Block, Endpoint, Stop, Timeouts};
use wizard::run::Ended;

use crate::execute::{Played, play};
use crate::faults::mind::{FILES, KEYS, SECTIONS, says};
use crate::faults::{WIRES, patient};
use crate::support::numbers::Numbers;
use crate::support::speech::Speech;
use crate::support::tree::{self, Tree};
use crate::support::{full, http};
use crate::wire::server::{Server, stream};

/// How often a run may stop before it is done.
const SITTINGS: usize = 6;

/// A moment that stands for the minutes a service may take.
const MOMENT: Duration = Duration::from_millis(60);

/// Seeds of the full size, and of the suite's share.
const SEEDS: (u64, u64) = (25, 1);

/// Plays that run at once: most of them wait.
const SIDE_BY_SIDE: usize = 6;

/// How a service fails.
#[derive(Debug, Clone, Copy)]
enum Fault {
    /// It refuses: status, headers, body.
    Refuses(u16, &'static str, &'static str),
    /// It ends the connection in the head, this far.
    Hangs(usize),
    /// It ends the stream at any byte; where it is chunked, without its end.
    Cuts,
    /// It ends the stream behind any event, as if all was said.
    Ends,
    /// It stops in the midst of the stream, and keeps the connection.
    Stalls,
    /// It says nothing at all.
    Silent,
    /// It pings for ever, in the midst of the stream.
    Pings,
    /// It takes its time for each byte.
    Slow,
    /// It says this in the midst of the stream.
    Says(&'static str),
    /// It says this in the midst of the stream, so often.
    Repeats(&'static str, usize),
    /// Its count is this.
    Counts(Option<i64>),
    /// Its model says this first.
    Model(&'static [(&'static str, &'static str)], Stop),
    /// Its model calls a tool so often at once.
    Calls(usize),
}

use Fault::{
    Calls, Counts, Cuts, Ends, Hangs, Model, Pings, Refuses, Repeats, Says, Silent, Slow, Stalls,
};

const ERROR: &str = "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"x\"}}\n\n";

const SCRIPTS: [(&str, Fault); 50] = [
    ("400", Refuses(400, "", r#"{"error":{"message":"no"}}"#)),
    ("400 too long", Refuses(400, "", r#"{"error":{"message":"prompt is too long: 9 > 8"}}"#)),
    ("401", Refuses(401, "", "")),
    ("402", Refuses(402, "", "")),
    ("403", Refuses(403, "", "")),
    ("404", Refuses(404, "", "")),
    ("408", Refuses(408, "", "")),
    ("409", Refuses(409, "", "")),
    ("413", Refuses(413, "", "")),
    ("422", Refuses(422, "", "")),
    ("429", Refuses(429, "", "")),
    ("429 in 1 s", Refuses(429, "retry-after: 1\r\n", "")),
    ("429 in the past", Refuses(429, "retry-after: Tue, 24 Nov 2020 08:01:30 GMT\r\n", "")),
    ("429 in 300 s", Refuses(429, "retry-after: 300\r\n", "")),
    ("429 spent", Refuses(429, "", r#"{"error":{"type":"insufficient_quota","message":"x"}}"#)),
    ("429 for good", Refuses(429, "x-should-retry: false\r\n", "")),
    ("500", Refuses(500, "", "{")),
    ("502", Refuses(502, "content-type: text/html\r\n", "<html>bad gateway</html>")),
    ("503", Refuses(503, "", "")),
    ("504", Refuses(504, "", "")),
    ("529", Refuses(529, "", r#"{"error":{"type":"overloaded_error","message":"x"}}"#)),
    ("200 with an error", Refuses(200, "content-type: application/json\r\n", r#"{"error":"x"}"#)),
    ("200 with a page", Refuses(200, "content-type: text/html\r\n", "<html>Sign in</html>")),
    ("no answer", Hangs(0)),
    ("half a status", Hangs(9)),
    ("half a head", Hangs(30)),
    ("cut", Cuts),
    ("ended early", Ends),
    ("stalls", Stalls),
    ("silent", Silent),
    ("pings", Pings),
    ("slow", Slow),
    ("an error in the stream", Says(ERROR)),
    ("an error in words", Says("event: error\ndata: it broke\n\n")),
    ("garbage", Says("data: <html>\n\n")),
    ("half an event", Says("data: {\"type\":\n\n")),
    ("a null byte", Says("data: \u{0}\n\n")),
    ("an early end", Says("data: [DONE]\n\n")),
    ("a second message", Says("data: {\"type\":\"message_start\",\"message\":{}}\n\n")),
    ("an event without end", Repeats("data: xxxxxxxxxxxxxxxx\n", 1 << 20)),
    ("no count", Counts(None)),
    ("a count of zero", Counts(Some(0))),
    ("a count below zero", Counts(Some(-7))),
    ("a count beyond all", Counts(Some(i64::MAX))),
    ("input that is not JSON", Model(&[("read", "{\"path\": ")], Stop::Done)),
    ("input of the wrong type", Model(&[("read", "{\"path\": 7}")], Stop::Done)),
    ("a tool that does not exist", Model(&[("shell", "{\"run\": \"rm -rf /\"}")], Stop::Done)),
    ("a call that is too long", Model(&[("write", "{\"path\": \"z.txt\", \"con")], Stop::Length)),
    ("nothing said", Model(&[], Stop::Done)),
    ("many calls", Calls(60)),
];

/// When a service fails, and how.
struct Moments {
    fault: Fault,
    /// Numbers of requests.
    at: Vec<usize>,
    numbers: Mutex<Numbers>,
    asked: AtomicUsize,
}

impl Moments {
    fn new(fault: Fault, seed: u64) -> Self {
        let mut numbers = Numbers(seed.wrapping_mul(0x9e37_79b9) + 1);
        let mut at = vec![numbers.below(4), numbers.below(14)];
        // Sometimes for longer than anybody is patient.
        let burst = if numbers.once_in(3) { 9 } else { numbers.below(4) };
        let first = numbers.below(12);
        let lasting = matches!(fault, Refuses(400..=404 | 413 | 422 | 429 | 200, ..));
        // The third reply in a row that leads nowhere would end the stage, and too many calls, too.
        let burst = if matches!(fault, Model(..) | Calls(_)) { 0 } else { burst };
        at.extend(first..first + if lasting { 1 } else { burst });
        Moments { fault, at, numbers: Mutex::new(numbers), asked: AtomicUsize::new(0) }
    }

    /// Answers a request, rightly or not.
    fn answer(&self, wire: &str, body: &str, connection: &mut TcpStream) {
        let number = self.asked.fetch_add(1, Ordering::SeqCst);
        let blocks = says(body);
        let good = Speech::default().say(wire, &blocks);
        if let Counts(count) = self.fault {
            let usage = count.map(|count| (json!(count), json!(count)));
            let counted = Speech { usage, ..Speech::default() }.say(wire, &blocks);
            drop(connection.write_all(&stream(counted.as_bytes())));
        } else if self.at.contains(&number) {
            drop(self.fail(wire, &good, connection));
        } else {
            drop(connection.write_all(&stream(good.as_bytes())));
        }
    }

    fn below(&self, most: usize) -> usize {
        self.numbers.lock().unwrap().below(most)
    }

    fn fail(&self, wire: &str, good: &str, connection: &mut TcpStream) -> std::io::Result<()> {
        let whole = stream(good.as_bytes());
        let head = whole.len() - good.len();
        let events: Vec<&str> = good.split_inclusive("\n\n").collect();
        let part = events[..self.below(events.len() - 1)].concat();
        match self.fault {
            Refuses(status, headers, body) => {
                let head = format!("HTTP/1.1 {status} x\n{}", headers.replace("\r\n", "\n"));
                connection.write_all(&http::whole(head.trim_end(), body))
            }
            Hangs(length) => connection.write_all(&whole[..length]),
            Cuts => connection.write_all(&whole[..head + self.below(good.trim_end().len())]),
            Ends => connection.write_all(&stream(part.as_bytes())),
            Stalls => {
                connection.write_all(&stream(part.as_bytes()))?;
                sleep(MOMENT * 20);
                Ok(())
            }
            Silent => {
                sleep(MOMENT * 20);
                Ok(())
            }
            Pings => {
                connection.write_all(&stream(part.as_bytes()))?;
                loop {
                    connection.write_all(b": hm\n\nevent: ping\ndata: {\"type\":\"ping\"}\n\n")?;
                    sleep(MOMENT / 2);
                }
            }
            Slow => {
                connection.set_nodelay(true)?;
                whole.chunks(40).try_for_each(|bytes| {
                    sleep(Duration::from_millis(1));
                    connection.write_all(bytes)
                })
            }
            Says(text) => connection.write_all(&stream(format!("{part}{text}").as_bytes())),
            Repeats(text, times) => {
                connection.write_all(&stream(part.as_bytes()))?;
                (0..times).try_for_each(|_| connection.write_all(text.as_bytes()))
            }
            Counts(_) => Ok(()),
            Model(calls, stop) => {
                let number = self.below(1_000_000);
                let calls = calls.iter().map(|(name, input)| Block::Call {
                    id: format!("x{number}"),
                    name: (*name).to_owned(),
                    input: json!(input),
                });
                let speech = Speech { stop, ..Speech::default() };
                connection
                    .write_all(&stream(speech.say(wire, &calls.collect::<Vec<_>>()).as_bytes()))
            }
            Calls(times) => {
                let number = self.below(1_000_000);
                let calls = (0..times).map(|call| Block::Call {
                    // An id may come twice.
                    id: format!("x{number}.{}", call / 2),
                    name: "glob".to_owned(),
                    input: json!({ "pattern": "*.txt" }),
                });
                let said = Speech::default().say(wire, &calls.collect::<Vec<_>>());
                connection.write_all(&stream(said.as_bytes()))
            }
        }
    }
}

/// Where a run is played.
struct Place {
    folder: tempfile::TempDir,
    url: String,
    wire: &'static str,
}

impl Place {
    fn new(wire: &'static str, moments: Arc<Moments>) -> Self {
        let server = Server::hearing(move |asked, connection| {
            moments.answer(wire, &asked.body, connection);
        });
        let place = Place { folder: tempfile::tempdir().unwrap(), url: server.url, wire };
        let root = place.folder.path().join("project");
        std::fs::create_dir_all(&root).unwrap();
        for (path, text) in FILES {
            std::fs::write(root.join(path), text).unwrap();
        }
        place
    }

    fn tree(&self) -> Tree {
        tree::read(&self.folder.path().join("project"))
    }

    /// Plays, or goes on. A run that hangs ends the test.
    fn sit(&self) -> Played {
        let (root, state) = (self.folder.path().join("project"), self.folder.path().join("run"));
        let endpoint = endpoint(self.wire, &self.url);
        let (send, receive) = mpsc::channel();
        std::thread::spawn(move || drop(send.send(sit(root, &state, endpoint))));
        let played = receive.recv_timeout(Duration::from_mins(5));
        played.unwrap_or_else(|_| panic!("the run hangs, or it panicked"))
    }
}

fn endpoint(wire: &str, url: &str) -> Endpoint {
    let mut endpoint = Endpoint::new(wire, url);
    endpoint.timeouts = Timeouts {
        connect: MOMENT * 3,
        first_byte: MOMENT * 3,
        idle: MOMENT * 5,
        event: MOMENT * 10,
    };
    endpoint
}

fn sit(root: PathBuf, state: &Path, endpoint: Endpoint) -> Played {
    let (provider, _) = patient(endpoint);
    let price = json!({ "input": 3, "output": 15, "cache_read": 0.3, "cache_write": 3.75 });
    play(KEYS, SECTIONS)
        .at(root)
        .kept_in(state.to_owned())
        .priced(&price)
        .asks(Arc::new(provider))
        .run()
}

/// Goes on until a run is done. Returns how often it was played.
fn finish(place: &Place, name: &str) -> usize {
    for sitting in 1..=SITTINGS {
        let played = place.sit();
        held(&played, name);
        match played.ended {
            Ended::Succeeded => return sitting,
            Ended::Stopped => {
                let reason = played.events.iter().rev().find_map(|event| match event {
                    Event::Stopped { reason } => Some(reason.clone()),
                    _ => None,
                });
                let reason = reason.unwrap_or_default();
                assert!(!reason.is_empty() && !reason.contains('\n'), "{name}: {reason}");
            }
            // Refused for a reason that the person has to mend before it goes on.
            Ended::Failed => assert!(played.fault.is_some(), "{name}: a stage failed"),
            Ended::Partly => panic!("{name}: no stage is optional"),
        }
    }
    panic!("{name}: not done after {SITTINGS} sittings");
}

/// What holds at the end of every sitting: by the price table no more was spent than there was,
/// and no call was performed twice or without a whole reply.
fn held(played: &Played, name: &str) {
    let mut spent = 0.0;
    // Calls that were said and wait to be performed.
    let mut said: Vec<(String, String)> = Vec::new();
    for event in &played.events {
        match event {
            Event::Reply { at, blocks, usd, .. } => {
                spent += usd.unwrap();
                let blocks: Vec<Value> = serde_json::from_value(blocks.clone()).unwrap();
                let calls = blocks.iter().filter_map(|block| block["call"]["id"].as_str());
                said.extend(calls.map(|id| (format!("{at:?}"), id.to_owned())));
            }
            Event::ToolAnswered { at, call, .. } => {
                let call = (format!("{at:?}"), call.clone());
                let waits = said.iter().position(|said| *said == call);
                let waits =
                    waits.unwrap_or_else(|| panic!("{name}: {call:?} was not to be performed"));
                said.remove(waits);
            }
            _ => {}
        }
    }
    assert!(spent <= 9.0, "{name}: {spent}");
}

#[test]
fn whatever_a_service_does_a_run_is_done_or_goes_on_and_is_done_then() {
    let never = Moments { at: Vec::new(), ..Moments::new(Cuts, 0) };
    let undisturbed = Place::new(WIRES[0], Arc::new(never));
    assert_eq!(finish(&undisturbed, "undisturbed"), 1);
    let tree = undisturbed.tree();
    assert_eq!(tree["b.txt"], "größe right\r\n".as_bytes());
    let seeds = if full() { SEEDS.0 } else { SEEDS.1 };
    let runs: Vec<(u64, usize)> =
        (0..seeds).flat_map(|seed| (0..SCRIPTS.len()).map(move |script| (seed, script))).collect();
    let (next, stopped) = (AtomicUsize::new(0), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..SIDE_BY_SIDE {
            scope.spawn(|| {
                while let Some(&(seed, script)) = runs.get(next.fetch_add(1, Ordering::SeqCst)) {
                    let sittings = suffers(seed, script, &tree);
                    stopped.fetch_add(sittings - 1, Ordering::SeqCst);
                }
            });
        }
    });
    let stopped = stopped.into_inner();
    assert!(stopped > 10, "{stopped} times a run stopped");
}

/// Plays a script, and holds what comes of it against the tree of an undisturbed run. Returns how
/// often it was played.
fn suffers(seed: u64, script: usize, tree: &Tree) -> usize {
    let (name, fault) = SCRIPTS[script];
    let seed = seed * 100 + script as u64;
    let wire = WIRES[usize::from((seed / 100 + seed) % 2 == 1)];
    let name = format!("{name}, seed {seed}, {wire}");
    let place = Place::new(wire, Arc::new(Moments::new(fault, seed)));
    let sittings = finish(&place, &name);
    assert_eq!(place.tree(), *tree, "{name}");
    sittings
}
