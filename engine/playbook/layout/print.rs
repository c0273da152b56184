//! From what is written to its text, in canonical form.

use unicode_width::UnicodeWidthStr as _;

use super::written::{
    Block, Break, Comment, Content, Entry, Flow, Inline, Item, Literal, Part, Scalar,
};

/// The spaces by which each level is indented.
const INDENT: usize = 2;

/// Returns the lines of a front matter, each with a line end.
pub(super) fn print(block: &Block) -> String {
    let mut printer = Printer::default();
    printer.block(block, 0, false);
    text(&printer.lines)
}

#[derive(Debug, Default)]
struct Line {
    text: String,
    comment: Option<Comment>,
    /// The comment goes on from the line above.
    goes_on: bool,
}

#[derive(Default)]
struct Printer {
    lines: Vec<Line>,
    /// Where the key of the line stands, or what is first on it.
    base: usize,
    /// An empty line would belong to the text above.
    sealed: bool,
}

impl Printer {
    /// Prints a block; what it begins with stands on the line at hand when that `is_open`.
    fn block(&mut self, block: &Block, indent: usize, is_open: bool) {
        let paddings = paddings(block);
        let mut parted = false;
        for (index, (part, padding)) in block.parts.iter().zip(paddings).enumerate() {
            let apart = match part {
                Part::Entry(entry) => entry.apart,
                Part::Remark(remark) => remark.apart,
            };
            // Without an empty line below it, a remark would be the comment of what follows.
            if index > 0 && (apart || parted) && !self.sealed {
                self.lines.push(Line::default());
            }
            match part {
                Part::Entry(entry) => {
                    if !is_open || index > 0 {
                        self.comments(&entry.comments, indent);
                        self.comments_of_first(entry, indent);
                        self.line(indent);
                    }
                    self.base = indent;
                    self.entry(entry, indent, padding);
                    parted = false;
                }
                Part::Remark(remark) => {
                    self.comments(&remark.lines, indent);
                    parted = true;
                }
            }
        }
    }

    /// Prints the comments of what stands on the line of a dash, above that line.
    fn comments_of_first(&mut self, entry: &Entry, indent: usize) {
        if let Some(first) = beside_dash(entry) {
            self.comments(&first.comments, indent);
            self.comments_of_first(first, indent);
        }
    }

    fn entry(&mut self, entry: &Entry, indent: usize, padding: usize) {
        match &entry.key {
            Some(key) => {
                self.write(key);
                self.write(":");
            }
            None => self.write("-"),
        }
        match &entry.content {
            Content::Nothing => self.beside(&entry.beside),
            Content::Beside(value) => {
                self.write(&" ".repeat(padding));
                if entry.key.is_none() {
                    self.base = indent + INDENT;
                }
                self.value(value, &entry.beside, indent);
            }
            Content::Below(below) => {
                self.beside(&entry.beside);
                self.comments(&below.comments, indent + INDENT);
                self.line(indent + INDENT);
                self.value(&below.value, &below.beside, indent);
            }
            Content::Block(block) => {
                let on_line = beside_dash(entry).is_some();
                self.beside(&entry.beside);
                if on_line {
                    self.write(" ");
                }
                self.block(block, indent + INDENT, on_line);
            }
        }
    }

    /// Prints a value that belongs to what stands in the column `indent`.
    fn value(&mut self, value: &Inline, beside: &[Comment], indent: usize) {
        match value {
            Inline::Literal(literal) => {
                self.write(&literal.header);
                self.beside(beside);
                self.literal(literal, indent + literal.indent().unwrap_or(INDENT));
            }
            Inline::Scalar(scalar) => {
                self.scalar(scalar, indent + INDENT);
                self.beside(beside);
            }
            Inline::Flow(flow) => {
                self.flow(flow);
                self.beside(beside);
            }
        }
    }

    fn literal(&mut self, literal: &Literal, indent: usize) {
        for line in &literal.lines {
            if line.is_empty() {
                self.lines.push(Line::default());
            } else {
                self.line(indent);
                self.write(line);
            }
        }
        self.sealed = literal.keeps();
    }

    fn scalar(&mut self, scalar: &Scalar, indent: usize) {
        for (index, line) in scalar.lines.iter().enumerate() {
            if index > 0 && line.is_empty() {
                self.lines.push(Line::default());
                continue;
            }
            if index > 0 {
                self.line(indent);
            }
            self.write(line);
        }
    }

    fn flow(&mut self, flow: &Flow) {
        let (close, begin) = (if flow.open == '{' { "}" } else { "]" }, self.column());
        self.write(&flow.open.to_string());
        // What begins on the bracket's line goes on below its beginning.
        let hangs = flow.beside.is_empty()
            && flow
                .items
                .first()
                .is_some_and(|first| first.before == Break::None && first.comments.is_empty());
        let (outer, inner) =
            if hangs { (begin, begin + 1) } else { (self.base, self.base + INDENT) };
        self.beside(&flow.beside);
        for (index, item) in flow.items.iter().enumerate() {
            if let Some(before) = index.checked_sub(1).and_then(|before| flow.items.get(before)) {
                self.write(",");
                self.beside(&before.beside);
            }
            if self.must_break() || item.before > Break::None || !item.comments.is_empty() {
                if item.before == Break::EmptyLine && index > 0 {
                    self.lines.push(Line::default());
                }
                self.comments(&item.comments, inner);
                self.line(inner);
            } else if index > 0 {
                self.write(" ");
            }
            self.item(item, inner);
        }
        let last = flow.items.last().map_or(&[][..], |last| &last.beside[..]);
        let breaks = flow.closing > Break::None && !flow.items.is_empty();
        let breaks = breaks || !last.is_empty() || !flow.comments.is_empty() || self.must_break();
        if breaks && flow.comma {
            self.write(",");
        }
        self.beside(last);
        self.comments(&flow.comments, inner);
        if breaks {
            self.line(outer);
        }
        self.write(close);
    }

    fn item(&mut self, item: &Item, indent: usize) {
        if let Some(key) = &item.key {
            self.scalar(key, indent);
            self.write(if item.value.is_some() { ": " } else { ":" });
        }
        match &item.value {
            Some(Inline::Flow(flow)) => self.flow(flow),
            Some(Inline::Scalar(scalar)) => self.scalar(scalar, indent),
            Some(Inline::Literal(_)) | None => {}
        }
    }

    fn comments(&mut self, comments: &[String], indent: usize) {
        for comment in comments {
            self.line(indent);
            self.write(comment);
        }
    }

    /// Puts a comment, and the lines that go on below it, behind what is written.
    fn beside(&mut self, comments: &[Comment]) {
        for comment in comments {
            if self.must_break() {
                self.lines.push(Line { goes_on: true, ..Line::default() });
            }
            if let Some(line) = self.lines.last_mut() {
                line.comment = Some(comment.clone());
            }
        }
    }

    /// Whether nothing can follow on the line, since a comment ends it.
    fn must_break(&self) -> bool {
        self.lines.last().is_some_and(|line| line.comment.is_some())
    }

    fn line(&mut self, indent: usize) {
        self.lines.push(Line { text: " ".repeat(indent), ..Line::default() });
        self.base = indent;
        self.sealed = false;
    }

    fn write(&mut self, text: &str) {
        if let Some(line) = self.lines.last_mut() {
            line.text.push_str(text);
        }
    }

    fn column(&self) -> usize {
        self.lines.last().map_or(0, |line| line.text.width())
    }
}

/// Returns the entry that stands on the line of a dash, if one does.
fn beside_dash(entry: &Entry) -> Option<&Entry> {
    let Content::Block(block) = &entry.content else { return None };
    match block.parts.first() {
        Some(Part::Entry(first)) if entry.key.is_none() && entry.beside.is_empty() => Some(first),
        _ => None,
    }
}

/// Returns how many spaces stand before each value. Values below each other that stood in one
/// column stand in one again, the first that all of them reach.
fn paddings(block: &Block) -> Vec<usize> {
    let mut paddings = vec![1; block.parts.len()];
    let place = |part: &Part| match part {
        Part::Entry(Entry { key: Some(key), offset, content: Content::Beside(_), .. }) => {
            Some((key.width(), *offset))
        }
        _ => None,
    };
    let mut at = 0;
    while let Some(part) = block.parts.get(at) {
        let Some((_, offset)) = place(part) else {
            at += 1;
            continue;
        };
        let run = block.parts[at..].iter().map_while(place);
        let run: Vec<usize> =
            run.take_while(|(_, other)| *other == offset).map(|(width, _)| width).collect();
        let widest = run.iter().max().copied().unwrap_or_default();
        for (padding, width) in paddings[at..].iter_mut().zip(&run) {
            *padding = widest - width + 1;
        }
        at += run.len();
    }
    paddings
}

/// Joins lines. Comments behind lines stand one space behind them; those that stood in one column,
/// with no empty line between, stand in one again.
fn text(lines: &[Line]) -> String {
    let mut columns = vec![0; lines.len()];
    let mut run: Vec<usize> = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        let begins = line.comment.as_ref().filter(|_| !line.goes_on);
        let ends = line.comment.is_none() && line.text.is_empty();
        let same = begins.is_some_and(|begins| {
            let first = run.first().and_then(|first| lines[*first].comment.as_ref());
            first.is_some_and(|first| first.column == begins.column)
        });
        if ends || (begins.is_some() && !same) {
            align(&run, lines, &mut columns);
            run.clear();
        }
        if begins.is_some() {
            run.push(index);
        }
    }
    align(&run, lines, &mut columns);
    let mut text = String::new();
    let mut column = 0;
    for (line, own) in lines.iter().zip(columns) {
        text.push_str(&line.text);
        if let Some(comment) = &line.comment {
            column = if line.goes_on { column } else { own };
            text.push_str(&" ".repeat(column.saturating_sub(line.text.width())));
            text.push_str(&comment.text);
        }
        text.push('\n');
    }
    text
}

fn align(run: &[usize], lines: &[Line], columns: &mut [usize]) {
    let widest = run.iter().map(|index| lines[*index].text.width()).max().unwrap_or_default();
    for index in run {
        columns[*index] = widest + 1;
    }
}
