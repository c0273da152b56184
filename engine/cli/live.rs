//! The live display: readers of records that draw while a run goes on.

use std::io::Write;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anstyle::{AnsiColor, Style};

use crate::cli::telling::{Line, Mark, Telling};
use crate::journal::{Event, Listener, Record, shown};

/// Columns of a line where no terminal says how wide it is.
const PLAIN_COLUMNS: usize = 160;

/// Columns of a line on a terminal, at most.
const MOST_COLUMNS: usize = 100;

/// How often the time of what is under way is drawn anew.
const TICK: Duration = Duration::from_secs(1);

/// How a display draws.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// The terminal's columns; absent where there is no terminal. Then every line stays, and
    /// nothing is drawn over.
    pub terminal: Option<usize>,
    /// Whether lines are colored.
    pub color: bool,
}

/// Returns a listener that tells a person what happens. On a terminal, what is under way stands
/// below in a few lines that are drawn anew, and vanishes while a person is asked.
pub fn display(out: impl Write + Send + 'static, look: Look) -> Listener {
    display_on(out, look, &[])
}

/// Returns such a listener for a run that goes on after these records, which are not told again.
pub fn display_on(out: impl Write + Send + 'static, look: Look, before: &[Record]) -> Listener {
    let mut telling = Telling::default();
    for record in before {
        telling.take(record);
    }
    let screen =
        Screen { out, look, telling, drawn: 0, asking: 0, held: String::new(), clock: None };
    let screen = Arc::new(Mutex::new(screen));
    if look.terminal.is_some() {
        let watched = Arc::downgrade(&screen);
        std::thread::spawn(move || {
            loop {
                std::thread::sleep(TICK);
                let Some(screen) = watched.upgrade() else { break };
                lock(&screen).tick();
            }
        });
    }
    Box::new(move |record| lock(&screen).take(record))
}

/// Returns a listener that writes each record on a line, as the journal has it, but for
/// its proof. Once nobody reads
/// any more it writes no more, and the run goes on.
pub fn ndjson(out: impl Write + Send + 'static) -> Listener {
    let out = Mutex::new(Some(out));
    Box::new(move |record| {
        let mut out = lock(&out);
        let Ok(mut line) = serde_json::to_vec(record) else { return };
        line.push(b'\n');
        let written = out.as_mut().map(|out| out.write_all(&line).and_then(|()| out.flush()));
        if matches!(written, Some(Err(_))) {
            *out = None;
        }
    })
}

/// What is drawn, and where.
struct Screen<W> {
    out: W,
    look: Look,
    telling: Telling,
    /// Lines at the end that are drawn over.
    drawn: usize,
    /// Questions that wait for a person.
    asking: usize,
    /// Lines that wait until the question is answered.
    held: String,
    /// The time of the last record, and when it came.
    clock: Option<(i64, Instant)>,
}

impl<W: Write> Screen<W> {
    fn take(&mut self, record: &Record) {
        self.clock = Some((record.time, Instant::now()));
        let lines = self.telling.take(record);
        let Some(columns) = self.look.terminal else {
            let text: String = lines.iter().map(|line| self.render(line, PLAIN_COLUMNS)).collect();
            return self.write(&text);
        };
        let columns = columns.clamp(20, MOST_COLUMNS) - 1;
        for line in lines.iter().filter(|line| !line.minor) {
            let line = self.render(line, columns);
            self.held.push_str(&line);
        }
        match record.event {
            Event::Asked { .. } => self.asking += 1,
            Event::Answered { .. } => self.asking = self.asking.saturating_sub(1),
            Event::Stopped { .. } | Event::RunFinished { .. } => self.asking = 0,
            _ => {}
        }
        let over = matches!(record.event, Event::RunFinished { .. });
        self.draw(columns, record.time, !over);
        if over {
            self.clock = None;
        }
    }

    /// Draws the time anew.
    fn tick(&mut self) {
        if let (Some(columns), Some((time, came)), true) =
            (self.look.terminal, self.clock, self.drawn > 0)
        {
            let passed = i64::try_from(came.elapsed().as_millis()).unwrap_or(0);
            self.draw(columns.clamp(20, MOST_COLUMNS) - 1, time.saturating_add(passed), true);
        }
    }

    /// Draws over the live lines: what stays first, then what is under way.
    fn draw(&mut self, columns: usize, now: i64, live: bool) {
        let mut text = match std::mem::take(&mut self.drawn) {
            0 => String::new(),
            lines => format!("\u{1b}[{lines}A\r\u{1b}[J"),
        };
        if self.asking == 0 {
            text.push_str(&std::mem::take(&mut self.held));
            if live {
                let status = self.telling.status(now);
                self.drawn = status.len();
                for (at, words, time) in &status {
                    text.push_str(&self.under_way(at, words, time, columns));
                }
            }
        }
        self.write(&text);
    }

    fn render(&self, line: &Line, columns: usize) -> String {
        let (mark, style) = match line.mark {
            Mark::Good => ("✓", AnsiColor::Green.on_default()),
            Mark::Bad => ("✗", AnsiColor::Red.on_default()),
            Mark::Doubtful => ("!", AnsiColor::Yellow.on_default()),
            Mark::Plain => ("·", Style::new().dimmed()),
        };
        let at = if line.at.is_empty() { String::new() } else { format!("{} ", line.at) };
        let at = shown::cut(&at, columns / 3);
        let words = shown::cut(&line.words, columns - shown::width(&at) - 2);
        let mark = self.styled(style, mark);
        let at = self.styled(Style::new().bold(), &at);
        format!("{mark} {at}{words}\n")
    }

    /// A line about something under way: the time stands at its end.
    fn under_way(&self, at: &str, words: &str, time: &str, columns: usize) -> String {
        let at =
            if at.is_empty() { String::new() } else { format!("{} ", shown::cut(at, columns / 3)) };
        let room = columns.saturating_sub(shown::width(&at) + shown::width(time) + 4);
        let words = shown::cut(words, room);
        let line = shown::cut(&format!("  {at}{words}  {time}"), columns);
        format!("{}\n", self.styled(Style::new().dimmed(), line.trim_end()))
    }

    fn styled(&self, style: Style, text: &str) -> String {
        if self.look.color && !text.is_empty() {
            format!("{style}{text}{style:#}")
        } else {
            text.to_owned()
        }
    }

    /// Writes all at once. A terminal that is gone does not end a run.
    fn write(&mut self, text: &str) {
        if !text.is_empty() {
            let _ = self.out.write_all(text.as_bytes()).and_then(|()| self.out.flush());
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
