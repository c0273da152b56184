//! What the live display shows of the journals in `reports/`, line by line and on a screen.

use std::io::{self, Write};
use std::path::Path;
use std::sync::{Arc, Mutex};

use wizard::cli::live::{self, Look};
use wizard::journal::{self, Event, Record, shown};

use crate::report::{CASES, assert_page, records};

/// Keeps what is written, for the test to look at.
#[derive(Clone, Default)]
struct Sink(Arc<Mutex<Vec<u8>>>);

impl Sink {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What a terminal shows of a text: only the codes that the display uses are known, and any other
/// ends the test.
fn screen(text: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut row = 0;
    let mut rest = text.chars().peekable();
    while let Some(character) = rest.next() {
        match character {
            '\n' => {
                row += 1;
                if row == lines.len() {
                    lines.push(String::new());
                }
            }
            '\r' => {}
            '\u{1b}' => {
                assert_eq!(rest.next(), Some('['));
                let number: String =
                    std::iter::from_fn(|| rest.next_if(char::is_ascii_digit)).collect();
                match rest.next().unwrap() {
                    'A' => row -= number.parse::<usize>().unwrap(),
                    'J' => {
                        lines.truncate(row);
                        lines.push(String::new());
                    }
                    other => panic!("the code {other}"),
                }
            }
            other => {
                assert!(!other.is_control(), "{other:?}");
                lines[row].push(other);
            }
        }
    }
    lines
}

fn told(records: &[Record], look: Look) -> String {
    let sink = Sink::default();
    let display = live::display(sink.clone(), look);
    for record in records {
        display(record);
    }
    sink.text()
}

#[test]
fn without_a_terminal_every_event_worth_knowing_is_a_line() {
    for case in CASES {
        let look = Look { terminal: None, color: false };
        assert_page(&format!("{case}.live.txt"), &told(&records(case), look));
    }
}

#[test]
fn on_a_terminal_what_is_under_way_stands_below_what_is_done() {
    let records = records("succeeded");
    let sink = Sink::default();
    let display = live::display(sink.clone(), Look { terminal: Some(80), color: false });
    let mut page = String::new();
    for record in &records {
        display(record);
        let moment = match &record.event {
            Event::Asked { .. } => "while a person is asked",
            Event::RequestSent { at, turn: 2, .. } if at.item == Some(0) => {
                "while an item is played"
            }
            Event::CommandStarted { why, .. } if why == "stage" => "while a command runs",
            Event::RunFinished { .. } => "at the end",
            _ => continue,
        };
        page.push_str(&format!("[{moment}]\n{}\n", screen(&sink.text()).join("\n")));
    }
    assert_page("succeeded.screens.txt", &page);
}

#[test]
fn a_line_never_breaks_on_its_terminal() {
    for case in CASES {
        for columns in [20, 40, 80] {
            let records = records(case);
            for end in 0..records.len() {
                let look = Look { terminal: Some(columns), color: false };
                for line in screen(&told(&records[..end], look)) {
                    assert!(shown::width(&line) < columns, "{case} at {end}: {line}");
                }
            }
        }
    }
}

#[test]
fn nothing_is_drawn_while_a_person_is_asked() {
    let asked =
        records("succeeded").into_iter().find(|record| matches!(record.event, Event::Asked { .. }));
    let sink = Sink::default();
    let display = live::display(sink.clone(), Look { terminal: Some(80), color: false });
    let started = |stage: &str| Event::StageStarted {
        stage: stage.to_owned(),
        recipe: std::collections::BTreeMap::default(),
        because: None,
    };
    let record = |event| Record { seq: 1, time: 0, event };
    let finished = |stage: &str| Event::StageFinished {
        stage: stage.to_owned(),
        status: journal::Status::Succeeded,
        reason: None,
        optional: false,
    };
    display(&record(started("events")));
    display(&record(started("install")));
    display(&asked.unwrap());
    let before = sink.text();
    display(&record(finished("install")));
    assert_eq!(sink.text(), before);
    display(&record(Event::Answered {
        at: journal::At::stage("events"),
        what: "approve output".to_owned(),
        answer: "accepted".to_owned(),
        decision: None,
        by: "person".to_owned(),
        waited: 1,
    }));
    let shown = screen(&sink.text());
    assert!(shown[0].starts_with("✓ install succeeded"), "{shown:?}");
}

#[test]
fn the_stream_is_the_journal_line_by_line() {
    for case in CASES {
        let sink = Sink::default();
        let stream = live::ndjson(sink.clone());
        records(case).iter().for_each(stream);
        assert_eq!(journal::parse(sink.text().as_bytes()).unwrap(), records(case));
    }
    let folder = tempfile::tempdir().unwrap();
    let sink = Sink::default();
    let listeners = vec![live::ndjson(sink.clone())];
    let key = journal::Key::open(folder.path()).unwrap();
    let journal = journal::Journal::create(folder.path(), &key, listeners).unwrap();
    for record in records("partly") {
        journal.append(crate::support::clean(record.event)).unwrap();
    }
    let path: &Path = journal.path();
    let kept = std::fs::read_to_string(path).unwrap();
    let proof = regex::Regex::new(r#","proof":"[0-9a-f]{32}"\}"#).unwrap();
    assert_eq!(sink.text(), proof.replace_all(&kept, "}"), "but for the proofs");
}

/// A pipe whose reader is gone after the first line.
struct Broken(Arc<Mutex<usize>>);

impl Write for Broken {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut writes = self.0.lock().unwrap();
        *writes += 1;
        if *writes > 1 { Err(io::ErrorKind::BrokenPipe.into()) } else { Ok(bytes.len()) }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_broken_pipe_ends_the_stream_and_not_the_run() {
    let writes = Arc::new(Mutex::new(0));
    let stream = live::ndjson(Broken(Arc::clone(&writes)));
    records("partly").iter().for_each(stream);
    assert_eq!(*writes.lock().unwrap(), 2);
    let display = live::display(Broken(writes), Look { terminal: None, color: false });
    records("partly").iter().for_each(display);
}
