//! A draft in canonical form.

use crate::diagnostic::Edit;
use crate::editor::Draft;
use crate::playbook::{Layout, lay_out};
use crate::source::{FileId, Span};

/// The canonical form of a draft would say something else: a fault of wizard's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the canonical form would say something else; this is a fault of wizard, please report it")]
pub struct Unproven;

impl Draft {
    /// Returns what puts the playbook into canonical form: one edit of the lines that change.
    /// Nothing for what cannot be read, whose findings say why.
    pub fn formatted(&self) -> Result<Option<Edit>, Unproven> {
        let Some(source) = self.source(FileId(0)).filter(|_| self.is_playbook()) else {
            return Ok(None);
        };
        let canonical = match lay_out(source) {
            Layout::Canonical(text) => text,
            Layout::Faulty(_) => return Ok(None),
            Layout::Unproven(_) => return Err(Unproven),
        };
        Ok(difference(&source.text, &canonical))
    }
}

/// Returns the one edit of whole lines that makes one text of the other.
fn difference(before: &str, after: &str) -> Option<Edit> {
    if before == after {
        return None;
    }
    let lines = |text: &str| text.split_inclusive('\n').map(str::len).collect::<Vec<_>>();
    let (old, new) = (lines(before), lines(after));
    let mut start = 0;
    for (one, other) in old.iter().zip(&new) {
        if one != other || before[start..start + one] != after[start..start + one] {
            break;
        }
        start += one;
    }
    let rest = before.len().min(after.len()) - start;
    let mut end = 0;
    for (one, other) in old.iter().rev().zip(new.iter().rev()) {
        let line = before.len() - end - one..before.len() - end;
        if one != other || end + one > rest || !after[..after.len() - end].ends_with(&before[line])
        {
            break;
        }
        end += one;
    }
    let span = Span::new(FileId(0), start, before.len() - end);
    Some(Edit { span, text: after[start..after.len() - end].to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_lines_that_differ_are_replaced() {
        for (before, after, replaced, by) in [
            ("a\nb\nc\n", "a\nx\nc\n", "b\n", "x\n"),
            ("a\nc\n", "a\nb\nc\n", "", "b\n"),
            ("a\na\n", "a\n", "a\n", ""),
            ("é", "è", "é", "è"),
            ("a\n", "", "a\n", ""),
        ] {
            let edit = difference(before, after).unwrap();
            let span = edit.span.start as usize..edit.span.end as usize;
            assert_eq!((&before[span], edit.text.as_str()), (replaced, by), "{before:?}");
        }
        assert_eq!(difference("a\n", "a\n"), None);
    }
}
