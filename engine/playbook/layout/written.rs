//! A front matter as it is written: its keys and values as text, with the comments and empty lines
//! that no value knows of.

/// A comment that stands behind something.
#[derive(Debug, Clone)]
pub(super) struct Comment {
    pub(super) text: String,
    /// Where it stood: comments in one column stay in one column.
    pub(super) column: usize,
}

/// A map or a list with each entry on lines of its own.
#[derive(Debug, Default)]
pub(super) struct Block {
    pub(super) parts: Vec<Part>,
}

/// What a block is made of.
#[derive(Debug)]
pub(super) enum Part {
    Entry(Entry),
    Remark(Remark),
}

/// Comment lines that belong to no entry: an empty line, or the end of the block, follows.
#[derive(Debug)]
pub(super) struct Remark {
    /// An empty line stands above.
    pub(super) apart: bool,
    pub(super) lines: Vec<String>,
}

/// An entry of a map, or of a list when it has no key.
#[derive(Debug)]
pub(super) struct Entry {
    /// An empty line stands above, and above its comments.
    pub(super) apart: bool,
    /// The comment lines right above.
    pub(super) comments: Vec<String>,
    pub(super) key: Option<String>,
    /// The columns from the key to a value beside it.
    pub(super) offset: usize,
    pub(super) content: Content,
    /// The comment at the end of its first line, or of its value when that stands beside the key;
    /// then the lines that go on below it, in its column.
    pub(super) beside: Vec<Comment>,
}

/// What an entry has.
#[derive(Debug)]
pub(super) enum Content {
    Nothing,
    /// A value that begins on the line of its key or dash.
    Beside(Inline),
    /// A value that begins on a line of its own.
    Below(Below),
    Block(Block),
}

/// A value on a line of its own, with the comments above and behind it.
#[derive(Debug)]
pub(super) struct Below {
    pub(super) comments: Vec<String>,
    pub(super) value: Inline,
    pub(super) beside: Vec<Comment>,
}

/// A value that is no block.
#[derive(Debug)]
pub(super) enum Inline {
    Scalar(Scalar),
    Literal(Literal),
    Flow(Flow),
}

/// A plain or quoted text; its lines after the first have no indentation.
#[derive(Debug)]
pub(super) struct Scalar {
    pub(super) lines: Vec<String>,
}

/// A text after `|` or `>`: its header, and its lines without their indentation.
#[derive(Debug)]
pub(super) struct Literal {
    pub(super) header: String,
    pub(super) lines: Vec<String>,
}

/// A map in `{}` or a list in `[]`.
#[derive(Debug)]
pub(super) struct Flow {
    pub(super) open: char,
    /// The comment behind the bracket that opens it.
    pub(super) beside: Vec<Comment>,
    pub(super) items: Vec<Item>,
    /// A comma follows the last item.
    pub(super) comma: bool,
    /// Comment lines above the bracket that closes it.
    pub(super) comments: Vec<String>,
    /// What stands before the bracket that closes it.
    pub(super) closing: Break,
}

/// An item of a list in `[]`, or an entry of a map in `{}`.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) before: Break,
    pub(super) comments: Vec<String>,
    /// What stands before a colon.
    pub(super) key: Option<Scalar>,
    pub(super) value: Option<Inline>,
    pub(super) beside: Vec<Comment>,
}

/// What parts two things inside brackets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Break {
    None,
    Line,
    EmptyLine,
}

impl Block {
    /// Whether its entries are those of a list.
    pub(super) fn is_list(&self) -> bool {
        self.entries().next().is_some_and(|entry| entry.key.is_none())
    }

    /// Returns its entries without the remarks.
    pub(super) fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.parts.iter().filter_map(|part| match part {
            Part::Entry(entry) => Some(entry),
            Part::Remark(_) => None,
        })
    }
}

impl Scalar {
    /// Returns what a key says when it is read. One with escapes is no key of the format.
    pub(super) fn name(&self) -> &str {
        match &self.lines[..] {
            [line] => name(line),
            _ => "",
        }
    }
}

impl Literal {
    /// Whether the empty lines below belong to the text.
    pub(super) fn keeps(&self) -> bool {
        self.header.contains('+')
    }

    /// Returns how deep the text is indented, where the header says so.
    pub(super) fn indent(&self) -> Option<usize> {
        let digit = self.header.chars().find_map(|character| character.to_digit(10))?;
        usize::try_from(digit).ok()
    }
}

/// Returns what a key that stands on one line says when it is read.
pub(super) fn name(key: &str) -> &str {
    let inside = |quote: char| key.strip_prefix(quote)?.strip_suffix(quote);
    inside('"').or_else(|| inside('\'')).unwrap_or(key)
}
