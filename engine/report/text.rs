//! A report on a terminal: read in half a minute, at 80 columns.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};

use crate::journal::event::CheckVerdict;
use crate::journal::shown;
use crate::report::{
    CheckReport, Ending, FileReport, Report, ServerCallReport, Spent, Undone, UndoneKind,
};

/// Columns of a line. Only paths that a person copies may be longer.
pub(super) const COLUMNS: usize = 80;

/// Lines of a document that are shown.
const DOCUMENT_LINES: usize = 60;

/// Rows of a part that are shown.
const ROWS: usize = 12;

const GOOD: Style = AnsiColor::Green.on_default();
const BAD: Style = AnsiColor::Red.on_default();
const DOUBTFUL: Style = AnsiColor::Yellow.on_default();
const QUIET: Style = Style::new().dimmed();
const STRONG: Style = Style::new().bold();
const PLAIN: Style = Style::new();

/// Renders what a person wants to know first. The whole is in the markdown and the JSON.
pub fn render(report: &Report, color: bool) -> String {
    let mut page = Page { text: String::new(), color };
    headline(&mut page, report);
    documents(&mut page, report);
    changes(&mut page, report);
    checks(&mut page, report);
    refusals(&mut page, report);
    server_calls(&mut page, report);
    cleaned(&mut page, report);
    answers(&mut page, report);
    undone(&mut page, report);
    unused(&mut page, report);
    costs(&mut page, report);
    page.text
}

/// Text as it grows.
struct Page {
    text: String,
    color: bool,
}

impl Page {
    fn styled(&self, style: Style, text: &str) -> String {
        if self.color && !text.is_empty() {
            format!("{style}{text}{style:#}")
        } else {
            text.to_owned()
        }
    }

    /// A line that is made of styled pieces and fits.
    fn push(&mut self, line: &str) {
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }

    /// Lines of words, the later ones hanging under the first.
    fn words(&mut self, mark: &str, style: Style, words: &str) {
        let hang = shown::width(mark);
        for (index, line) in shown::wrap(words, COLUMNS - hang).iter().enumerate() {
            let lead = if index == 0 { self.styled(style, mark) } else { " ".repeat(hang) };
            self.push(&format!("{lead}{line}"));
        }
    }

    fn part(&mut self, title: &str) {
        self.text.push('\n');
        let title = self.styled(STRONG, &shown::cut(title, COLUMNS));
        self.push(&title);
    }

    fn more(&mut self, count: usize) {
        if count > 0 {
            let line = self.styled(QUIET, &format!("  … and {count} more in the whole report"));
            self.push(&line);
        }
    }
}

fn headline(page: &mut Page, report: &Report) {
    let (mark, style) = match report.ending {
        Ending::Succeeded => ("✓ ", GOOD),
        Ending::Partly | Ending::Stopped | Ending::Unfinished => ("! ", DOUBTFUL),
        Ending::Failed | Ending::Broken => ("✗ ", BAD),
    };
    let name = match report.playbook.as_str() {
        "" => "the run".to_owned(),
        name => shown::line(name),
    };
    let ending = report.ending.words();
    let took = shown::time(report.totals.wall);
    let mut title = format!("{name} {ending} after {took}");
    let red = report.count(CheckVerdict::RedBefore);
    if report.ending == Ending::Succeeded && red > 0 {
        let checks = shown::plural(red, "check");
        let (was, is) = if red == 1 { ("was", "is") } else { ("were", "are") };
        let _ = write!(title, "; {checks} {was} red before and {is} red still");
    }
    page.words(mark, style.bold(), &title);
    if let (Some(reason), false) = (&report.reason, report.ending == Ending::Unfinished) {
        for reason in reason.lines().take(6) {
            page.words("  ", PLAIN, &shown::line(reason));
        }
    }
    if report.ending == Ending::Unfinished {
        page.words("  ", PLAIN, "it crashed, was killed, or is still under way");
    }
    let place = [Some(report.project.as_str()), report.model.as_deref()];
    let place = place.into_iter().flatten().filter(|word| !word.is_empty());
    let place = place.map(shown::line).collect::<Vec<_>>().join(", ");
    page.words("  ", PLAIN, &place);
    if let Some(replay) = &report.replay {
        let replayed = format!(
            "replayed from {}: the answers of models, commands and people were recorded before",
            shown::line(replay)
        );
        page.words("  ", PLAIN, &replayed);
    }
    if let Some(level) = report.confined {
        page.words("  ", PLAIN, &format!("commands were confined: {}", level.words()));
    }
    for command in report.commands.iter().filter(|command| !command.reverted.is_empty()) {
        let files: Vec<String> = command.reverted.iter().map(|path| shown::line(path)).collect();
        let name = shown::line(&command.name);
        let words = format!("`{name}` changed what it must not; put back: {}", files.join(", "));
        page.words("  ", PLAIN, &words);
    }
}

/// Every line of a document stands behind a bar, so that none can pass for the engine's.
fn documents(page: &mut Page, report: &Report) {
    for (stage, text) in report.documents() {
        page.part(&format!("In the model's words, from `{}`", shown::line(stage)));
        let text = shown::block(text);
        let lines = shown::wrap(text.trim(), COLUMNS - 4);
        let bar = page.styled(QUIET, "│");
        for line in lines.iter().take(DOCUMENT_LINES) {
            page.push(&format!("  {bar} {line}"));
        }
        page.more(lines.len().saturating_sub(DOCUMENT_LINES));
    }
}

fn changes(page: &mut Page, report: &Report) {
    if report.files.is_empty() && report.env.is_empty() {
        page.part("No file changed");
        return;
    }
    let sum = |of: fn(&FileReport) -> Option<usize>| report.files.iter().filter_map(of).sum();
    let (added, removed): (usize, usize) = (sum(|file| file.added), sum(|file| file.removed));
    let files = shown::plural(report.files.len(), "file");
    page.part(&format!("Changed {files}, +{added} -{removed}"));
    let paths =
        report.files.iter().take(ROWS).map(|file| shown::cut_path(&shown::line(&file.path), 40));
    let paths: Vec<String> = paths.collect();
    let widest = paths.iter().map(|path| shown::width(path)).max().unwrap_or_default();
    for (file, path) in report.files.iter().zip(&paths) {
        let (mark, style) = match file.how.as_str() {
            "created" => ("+", GOOD),
            "removed" => ("-", BAD),
            "unsure" => ("?", DOUBTFUL),
            _ => ("~", DOUBTFUL),
        };
        let number = |sign: &str, lines: Option<usize>| {
            lines.map_or_else(String::new, |lines| format!("{sign}{lines}"))
        };
        let pad = " ".repeat(widest - shown::width(path));
        let mark = page.styled(style, mark);
        let added = page.styled(GOOD, &format!("{:>6}", number("+", file.added)));
        let removed = page.styled(BAD, &format!("{:>6}", number("-", file.removed)));
        let by = shown::cut(&by(file), COLUMNS.saturating_sub(widest + 20));
        let by = page.styled(QUIET, &by);
        page.push(&format!("  {mark} {path}{pad} {added} {removed}  {by}"));
    }
    page.more(report.files.len().saturating_sub(ROWS));
    for file in env_files(report) {
        let keys = report.env.iter().filter(|env| env.file == file);
        let mut keys: Vec<String> = keys.map(|env| shown::line(&env.key)).collect();
        keys.dedup();
        page.words("  ", PLAIN, &format!("set in {}: {}", shown::line(file), keys.join(", ")));
    }
}

fn by(file: &FileReport) -> String {
    if file.by.is_empty() {
        return "not by this run".to_owned();
    }
    let hands: Vec<String> = file.by.iter().map(|hand| shown::line(&hand.to_string())).collect();
    hands.join(", ")
}

fn env_files(report: &Report) -> Vec<&str> {
    let mut files: Vec<&str> = report.env.iter().map(|env| env.file.as_str()).collect();
    files.sort_unstable();
    files.dedup();
    files
}

fn checks(page: &mut Page, report: &Report) {
    let passed = report.count(CheckVerdict::Passed);
    let red = report.count(CheckVerdict::RedBefore);
    let failed = report.count(CheckVerdict::Failed);
    let counts = [(passed, "passed"), (failed, "failed"), (red, "red before and after")];
    let counts = counts.into_iter().filter(|(count, _)| *count > 0);
    let counts: Vec<String> = counts.map(|(count, words)| format!("{count} {words}")).collect();
    if report.checks.is_empty() {
        page.part("Checks: none ran");
        if report.ending == Ending::Succeeded && report.totals.spent.turns > 0 {
            page.words("  ", PLAIN, "that it works, only the model says");
        }
        return;
    }
    page.part(&format!("Checks: {}", counts.join(", ")));
    let open: Vec<&CheckReport> =
        report.checks.iter().filter(|check| check.verdict != CheckVerdict::Passed).collect();
    for check in open.iter().take(ROWS) {
        let (mark, style) = match check.verdict {
            CheckVerdict::RedBefore => ("  ! ", DOUBTFUL),
            _ => ("  ✗ ", BAD),
        };
        let words =
            format!("{} ({})", shown::line(&check.check), shown::line(&check.at.to_string()));
        page.words(mark, style, &words);
        for line in evidence(&check.evidence) {
            let line = page.styled(QUIET, &format!("│ {}", shown::cut(&line, COLUMNS - 6)));
            page.push(&format!("    {line}"));
        }
    }
    page.more(open.len().saturating_sub(ROWS));
}

/// The first line of what a check saw, and the last three: an exit code, and the error.
fn evidence(text: &str) -> Vec<String> {
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    let (first, rest) = lines.split_at(lines.len().min(1));
    let rest = &rest[rest.len().saturating_sub(3)..];
    first.iter().chain(rest).map(|line| shown::line(line)).collect()
}

fn refusals(page: &mut Page, report: &Report) {
    let count: u32 = report.refusals.iter().map(|refusal| refusal.count).sum();
    if count == 0 {
        return;
    }
    page.part(&format!("Refused {}", shown::plural(count as usize, "call")));
    for refusal in report.refusals.iter().take(ROWS / 2) {
        let times =
            if refusal.count > 1 { format!(", {} times", refusal.count) } else { String::new() };
        let words = format!(
            "{} {} ({}{times}): {}",
            shown::line(&refusal.tool),
            shown::cut(&shown::line(&refusal.about), 60),
            shown::line(&refusal.at.to_string()),
            shown::cut(&shown::first(&refusal.text), 2 * COLUMNS),
        );
        page.words("  ! ", DOUBTFUL, &words);
    }
    page.more(report.refusals.len().saturating_sub(ROWS / 2));
}

fn server_calls(page: &mut Page, report: &Report) {
    if report.server_calls.is_empty() {
        return;
    }
    page.part("Servers asked");
    for call in report.server_calls.iter().take(ROWS / 2) {
        page.words("  ", PLAIN, &server_call(call));
    }
    page.more(report.server_calls.len().saturating_sub(ROWS / 2));
}

/// Says how often a tool of a server was called.
pub(super) fn server_call(call: &ServerCallReport) -> String {
    let (tool, server) = (shown::line(&call.tool), shown::line(&call.server));
    let times = shown::plural(call.count as usize, "call");
    let failed = if call.failed > 0 { format!(", {} failed", call.failed) } else { String::new() };
    format!("{tool} of {server} ({}): {times}{failed}", shown::line(&call.at.to_string()))
}

fn cleaned(page: &mut Page, report: &Report) {
    if report.cleaned.is_empty() {
        return;
    }
    page.part("Kept from the model");
    for cleaned in report.cleaned.iter().take(ROWS / 2) {
        let what = shown::cleaned(cleaned.invisible, cleaned.masked);
        let about = shown::cut(&shown::line(&cleaned.about), 60);
        page.words("  ! ", DOUBTFUL, &format!("{} {about}: {what}", shown::line(&cleaned.tool)));
    }
    page.more(report.cleaned.len().saturating_sub(ROWS / 2));
}

/// References that a run which went well did without: tokens in the list, and nothing else.
fn unused(page: &mut Page, report: &Report) {
    let unused = report.references.iter().filter(|it| it.missing.is_none() && it.uses == 0);
    let names: Vec<String> = unused
        .map(|it| format!("{} ({} tokens)", shown::line(&it.name), shown::count(it.tokens)))
        .collect();
    if names.is_empty() || report.ending != Ending::Succeeded {
        return;
    }
    page.part("Never looked up");
    page.words("  ", QUIET, &names.join(", "));
}

/// Only what no person decided. What a cassette answers, the headline says.
fn answers(page: &mut Page, report: &Report) {
    let told = report
        .answers
        .iter()
        .filter(|answer| !matches!(answer.by.as_deref(), Some("person" | "cassette")));
    let told: Vec<_> = told.collect();
    if told.is_empty() {
        return;
    }
    page.part("Decided without you");
    for answer in told.iter().take(ROWS / 2) {
        let said = match (&answer.answer, &answer.by) {
            (Some(said), Some(by)) => format!("{}, by {}", shown::first(said), shown::line(by)),
            _ => "nobody answered".to_owned(),
        };
        let words = format!(
            "{} ({}): {}",
            shown::line(&answer.what),
            shown::line(&answer.at.to_string()),
            shown::cut(&said, 2 * COLUMNS)
        );
        page.words("  · ", QUIET, &words);
    }
    page.more(told.len().saturating_sub(ROWS / 2));
}

/// What the headline does not say already.
fn undone(page: &mut Page, report: &Report) {
    let waiting = |undone: &&Undone| undone.kind == UndoneKind::NotBegun;
    let told = report.undone.iter().filter(|undone| undone.kind != UndoneKind::Failed);
    let (waiting, told): (Vec<_>, Vec<_>) = told.partition(waiting);
    if waiting.is_empty() && told.is_empty() {
        return;
    }
    page.part("Left undone");
    for undone in told.iter().take(ROWS) {
        let (mark, style) = match undone.kind {
            UndoneKind::RequirementUnmet => ("  ✗ ", BAD),
            UndoneKind::Skipped => ("  · ", QUIET),
            _ => ("  ! ", DOUBTFUL),
        };
        page.words(mark, style, &sentence(undone));
    }
    page.more(told.len().saturating_sub(ROWS));
    if !waiting.is_empty() {
        let names: Vec<String> = waiting.iter().map(|undone| shown::line(&undone.what)).collect();
        page.words("  · ", QUIET, &shown::cut(&format!("not begun: {}", names.join(", ")), 300));
    }
}

fn sentence(undone: &Undone) -> String {
    let what = shown::line(&undone.what);
    let what = match undone.kind {
        UndoneKind::Failed => format!("{what} failed"),
        UndoneKind::Blocked => format!("{what} is blocked"),
        UndoneKind::Skipped => format!("{what} was skipped"),
        UndoneKind::Unfinished => format!("{what} did not end"),
        UndoneKind::NotBegun => format!("{what} did not begin"),
        UndoneKind::RequirementUnmet => format!("required and not so: {what}"),
        UndoneKind::RequirementUnknown => format!("required and not known: {what}"),
        UndoneKind::ReferenceMissing => format!("the doc `{what}` could not be had"),
        UndoneKind::CommandUnfinished | UndoneKind::FileUnsure => what,
    };
    match shown::first(&undone.why).as_str() {
        "" => what,
        why => format!("{what}: {}", shown::cut(why, 2 * COLUMNS)),
    }
}

fn costs(page: &mut Page, report: &Report) {
    let totals = &report.totals;
    page.part("Costs");
    let reused: Vec<String> = report
        .stages
        .iter()
        .filter(|stage| stage.reused.is_some())
        .map(|stage| shown::line(&stage.id))
        .collect();
    if !reused.is_empty() {
        let words = format!("used again and not played: {}", reused.join(", "));
        page.words("  ", PLAIN, &words);
    }
    let spent = spent(&totals.spent, report.replay.is_some());
    page.words("  ", PLAIN, &spent);
    if totals.waiting >= 1_000 {
        let waiting = shown::time(totals.waiting);
        page.words("  ", PLAIN, &format!("{waiting} of the time went by waiting for you"));
    }
    let notes: usize = report.retro.iter().map(|retro| retro.notes.len()).sum();
    if notes > 0 {
        let notes = shown::plural(notes, "note");
        page.words("  ", PLAIN, &format!("{notes} on the playbook in the whole report"));
    }
    if let Some(journal) = &report.journal {
        let label = page.styled(QUIET, "journal:");
        let journal = shown::line(journal);
        page.push(&format!("  {label} {journal}"));
        page.words("  ", PLAIN, "the whole report: `wizard show --format markdown` with that path");
    }
}

/// Says what was spent. What is unknown is said to be.
pub(super) fn spent(spent: &Spent, replayed: bool) -> String {
    if spent.turns == 0 {
        return "no model was asked".to_owned();
    }
    let money = match spent.usd {
        Some(usd) => shown::money(usd),
        None if spent.known_usd > 0.0 => {
            let of = shown::plural(spent.unpriced as usize, "turn");
            format!("at least {}, the price of {of} is not known", shown::money(spent.known_usd))
        }
        None => "a price that is not known".to_owned(),
    };
    let money = if replayed { format!("nothing now; when recorded, {money}") } else { money };
    let cache = match spent.from_cache {
        0 => String::new(),
        cached => format!(" ({} from cache)", shown::count(cached)),
    };
    let about = if spent.estimated { "about " } else { "" };
    format!(
        "{money}; {}, {about}{} tokens sent{cache}, {about}{} received",
        shown::plural(spent.turns as usize, "turn"),
        shown::count(spent.sent),
        shown::count(spent.received),
    )
}
