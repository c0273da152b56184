//! An author's hand: it writes a draft tidily, or in a hurry.

use crate::layout::draft::{Block, Draft, Flow, Member, Part, Shape};
use crate::support::numbers::Numbers;

/// What empty lines are below a line.
#[derive(PartialEq)]
enum Below {
    Free,
    /// Spaces in them would be text.
    Bare,
    /// They would be text.
    Kept,
}

/// Writes drafts.
pub(crate) struct Hand {
    /// How it hurries; a tidy hand does not.
    hurry: Option<Numbers>,
    out: String,
    base: usize,
    /// What empty lines would be to the text above.
    below: Below,
    /// The columns of comments so far. Two in one column would look aligned.
    columns: Vec<usize>,
}

impl Hand {
    pub(crate) fn new(hurry: Option<Numbers>) -> Self {
        Hand { hurry, out: String::new(), base: 0, below: Below::Free, columns: Vec::new() }
    }

    /// Writes a front matter with its fences.
    pub(crate) fn write(mut self, block: &Block) -> String {
        if self.slips(4) {
            self.out.push('\u{feff}');
        }
        self.out.push_str("---");
        self.end();
        self.empty_lines(false);
        let column = self.more(0, 2);
        self.block(block, column, false);
        self.empty_lines(false);
        self.out.push_str("---");
        self.end();
        self.out
    }

    fn more(&mut self, least: usize, most: usize) -> usize {
        match &mut self.hurry {
            Some(hurry) => least + hurry.below(most - least + 1),
            None => least,
        }
    }

    /// Returns what a tidy hand does, or in a hurry something between.
    fn about(&mut self, tidy: usize, least: usize, most: usize) -> usize {
        if self.hurry.is_some() { self.more(least, most) } else { tidy }
    }

    /// Whether, in a hurry, something happens that happens once in so many times.
    fn slips(&mut self, times: usize) -> bool {
        self.hurry.as_mut().is_some_and(|hurry| hurry.once_in(times))
    }

    fn column(&self) -> usize {
        let line = self.out.rfind('\n').map_or(0, |end| end + 1);
        unicode_width::UnicodeWidthStr::width(&self.out[line..])
    }

    fn spaces(&mut self, least: usize) {
        let tab = least > 0 && self.slips(9);
        let many = self.more(least, least + 3);
        self.out.push_str(&if tab { "\t".to_owned() } else { " ".repeat(many) });
    }

    /// Ends a line.
    fn end(&mut self) {
        if self.slips(6) {
            let blanks = if self.slips(3) { " \t" } else { "   " };
            self.out.push_str(blanks);
        }
        let windows = self.slips(7) && self.out.contains('\n');
        self.out.push_str(if windows { "\r\n" } else { "\n" });
    }

    /// Writes empty lines: at least one where it is wanted.
    fn empty_lines(&mut self, wanted: bool) {
        if self.below == Below::Kept {
            return;
        }
        let many = if wanted { self.more(1, 3) } else { self.more(0, 2) };
        for _ in 0..many {
            if self.below == Below::Bare {
                self.out.push('\n');
            } else {
                self.end();
            }
        }
    }

    fn indent(&mut self, column: usize) {
        self.out.push_str(&" ".repeat(column));
        self.base = column;
        self.below = Below::Free;
    }

    /// Writes comments in a column, or left of it where at least so many spaces stand.
    fn comment_lines(&mut self, lines: &[String], column: usize, least: usize) {
        for line in lines {
            let mut column = self.about(column, least, column.max(least));
            if self.hurry.is_some() && self.columns.contains(&column) {
                // It would look as if it went on from a comment above.
                column = least;
            }
            self.out.push_str(&" ".repeat(column));
            self.out.push_str(line);
            self.end();
            self.below = Below::Free;
        }
    }

    /// Ends a line with a comment or without.
    fn end_beside(&mut self, comment: Option<&String>) {
        if let Some(comment) = comment {
            self.spaces(1);
            while self.hurry.is_some() && self.columns.contains(&self.column()) {
                self.out.push(' ');
            }
            self.columns.push(self.column());
            self.out.push_str(comment);
        }
        self.end();
    }

    /// Writes a block whose entries stand in `column`. The first stands where the hand is, when
    /// the line `is_open`.
    fn block(&mut self, block: &Block, column: usize, is_open: bool) {
        let order = self.order(block);
        let mut offsets = Vec::new();
        let mut parted = false;
        for (index, part) in order.into_iter().enumerate() {
            let apart = match part {
                Part::Member(member) => member.apart,
                Part::Remark { apart, .. } => *apart,
            };
            if index > 0 && (apart || parted) {
                self.empty_lines(true);
            }
            match part {
                Part::Member(member) => {
                    if !is_open || index > 0 {
                        self.comment_lines(&member.comments, column, 0);
                        self.indent(column);
                    }
                    self.base = column;
                    self.member(member, block.is_map, column, &mut offsets);
                    parted = false;
                }
                Part::Remark { lines, .. } => {
                    // What ends a block belongs where it stands.
                    self.comment_lines(lines, column, column);
                    parted = true;
                }
            }
        }
    }

    /// Returns the parts in the order in which they are written: keys of a record go where they
    /// like, but not past a remark.
    fn order<'a>(&mut self, block: &'a Block) -> Vec<&'a Part> {
        let mut order: Vec<&Part> = block.parts.iter().collect();
        let Some(hurry) = self.hurry.as_mut().filter(|_| block.is_record) else { return order };
        let remark_apart = |part: &&Part| matches!(part, Part::Remark { apart: true, .. });
        let remark_apart = order.iter().any(remark_apart);
        for group in order.split_mut(|part| matches!(part, Part::Remark { .. })) {
            // The empty line above what comes first, or comes after a text that keeps its empty
            // lines, would be gone.
            let apart = |part: &&Part| matches!(part, Part::Member(member) if member.apart);
            let sealed = |part: &&Part| matches!(part, Part::Member(it) if it.value.is_sealed());
            let apart = group.iter().any(apart);
            if !(apart || remark_apart) || !group.iter().any(sealed) {
                let from = usize::from(apart).min(group.len());
                let known = |part: &Part| matches!(part, Part::Member(it) if it.is_known);
                shuffle(&mut group[from..], hurry, known);
            }
        }
        order
    }

    fn member(&mut self, member: &Member, is_map: bool, column: usize, offsets: &mut Vec<usize>) {
        let begin = self.column();
        if is_map {
            self.out.push_str(&member.key);
            if self.slips(8) {
                self.out.push(' ');
            }
            self.out.push(':');
        } else {
            self.out.push('-');
        }
        let beside = member.beside.as_ref();
        match &member.value {
            Draft::Nothing => self.end_beside(beside),
            Draft::Block(inner) => self.inner_block(inner, beside, is_map, column),
            value if member.below => {
                self.end();
                let deeper = self.about(column + 2, column + 1, column + 5);
                self.indent(deeper);
                self.value(value, beside, column);
            }
            value => {
                self.spaces(1);
                while self.hurry.is_some() && is_map && offsets.contains(&(self.column() - begin)) {
                    self.out.push(' ');
                }
                offsets.push(self.column() - begin);
                if !is_map {
                    self.base = column + 2;
                }
                self.value(value, beside, column);
            }
        }
    }

    fn inner_block(&mut self, block: &Block, beside: Option<&String>, is_map: bool, column: usize) {
        let ends = matches!(block.parts.last(), Some(Part::Remark { .. }));
        let least = usize::from(!is_map || block.is_map || ends);
        let order_is_free = block.is_record && self.hurry.is_some();
        let remark_first = matches!(block.parts.first(), Some(Part::Remark { .. }));
        if is_map || order_is_free || self.slips(4) || remark_first {
            self.end_beside(beside);
            self.empty_lines(false);
            let mut deeper = self.about(column + 2, column + least, column + 6);
            // A comment there would look as if it went on from the one above.
            while self.hurry.is_some() && self.columns.contains(&deeper) {
                deeper += 1;
            }
            self.block(block, deeper, false);
        } else {
            let many = self.more(1, 4);
            self.out.push_str(&" ".repeat(many));
            let column = self.column();
            self.block(block, column, true);
        }
    }

    /// Writes a value that is no block, to the end of its line.
    fn value(&mut self, value: &Draft, beside: Option<&String>, column: usize) {
        match value {
            Draft::Text(lines) => {
                self.lines(lines, column + 2, column + 1);
                self.end_beside(beside);
            }
            Draft::Flow(flow) => {
                self.flow(flow, column + 1);
                self.end_beside(beside);
            }
            Draft::Literal(header, lines) => {
                self.out.push_str(header);
                self.end_beside(beside);
                let fixed = header.contains('2');
                let indent = if fixed { column + 2 } else { self.more(column + 2, column + 5) };
                for line in lines {
                    let indent = if line.is_empty() { self.more(0, 1) } else { indent };
                    self.out.push_str(&" ".repeat(indent));
                    self.out.push_str(line);
                    self.out.push('\n');
                }
                self.below = if header.contains('+') { Below::Kept } else { Below::Bare };
            }
            Draft::Nothing | Draft::Block(_) => unreachable!(),
        }
    }

    /// Writes a text: the lines after the first in a column, or at least in another in a hurry.
    fn lines(&mut self, lines: &[String], column: usize, least: usize) {
        for (index, line) in lines.iter().enumerate() {
            if index > 0 {
                self.end();
                let column = self.about(column, least, least + 6);
                self.indent(column);
            }
            self.out.push_str(line);
        }
    }

    /// Writes a map or list in brackets; its lines are indented by at least so much.
    fn flow(&mut self, flow: &Flow, least: usize) {
        let begin = self.column();
        self.out.push(if flow.is_map { '{' } else { '[' });
        let each = matches!(flow.shape, Shape::Each(_));
        let (outer, inner) = if each { (self.base, self.base + 2) } else { (begin, begin + 1) };
        let mut members: Vec<&Member> = flow.members.iter().collect();
        if let Some(hurry) = self.hurry.as_mut().filter(|_| flow.is_record) {
            shuffle(&mut members, hurry, |member| member.is_known);
        }
        let last = members.len().saturating_sub(1);
        for (index, member) in members.into_iter().enumerate() {
            let breaks = match flow.shape {
                Shape::Line => false,
                Shape::Each(_) => true,
                Shape::Hanging(from) => index >= from,
            };
            if breaks {
                if index == 0 || !each {
                    self.end();
                }
                self.comment_lines(&member.comments, inner, least);
                let column = self.about(inner, least, least + 9);
                self.indent(column);
            } else if index > 0 {
                self.spaces(1);
            } else {
                self.spaces(0);
            }
            if flow.is_map {
                self.out.push_str(&member.key);
                self.spaces(0);
                self.out.push(':');
                if !matches!(member.value, Draft::Nothing) {
                    self.spaces(1);
                }
            }
            match &member.value {
                Draft::Text(lines) => self.lines(lines, inner, least),
                Draft::Flow(flow) => self.flow(flow, least),
                _ => {}
            }
            self.spaces(0);
            let comma = index < last || flow.shape == Shape::Each(true);
            if comma || (flow.shape != Shape::Each(false) && self.slips(6)) {
                self.out.push(',');
            }
            if each {
                self.end_beside(member.beside.as_ref());
            }
        }
        if each {
            let column = self.about(outer, least, least + 3);
            self.indent(column);
        } else {
            self.spaces(0);
        }
        self.out.push(if flow.is_map { '}' } else { ']' });
    }
}

/// Puts several into another order; those that are not `free` keep theirs.
fn shuffle<T>(several: &mut [&T], numbers: &mut Numbers, free: impl Fn(&T) -> bool) {
    let bound: Vec<&T> = several.iter().copied().filter(|one| !free(one)).collect();
    for index in (1..several.len()).rev() {
        several.swap(index, numbers.below(index + 1));
    }
    let places = several.iter_mut().filter(|one| !free(one));
    places.zip(bound).for_each(|(place, one)| *place = one);
}
