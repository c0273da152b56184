//! Repairing files by the fixes of findings.

use std::collections::BTreeMap;

use crate::diagnostic::{Diagnostic, Edit};
use crate::source::{FileId, Source};

/// Returns the edits of fixes that can be made together: the safe ones, or the guesses too. A fix
/// that overlaps one before it is left for another round, since what it would do there is not
/// known any more.
pub fn chosen(findings: &[Diagnostic], guesses: bool) -> Vec<&Edit> {
    let mut taken: Vec<&Edit> = Vec::new();
    let fixes = findings.iter().filter_map(|finding| finding.fix.as_ref());
    for fix in fixes.filter(|fix| fix.safe || guesses) {
        let free = |edit: &Edit| taken.iter().all(|other| !overlap(edit, other));
        if fix.edits.iter().all(free) {
            taken.extend(&fix.edits);
        }
    }
    taken
}

/// Applies the fixes of findings that can be made together. Returns the new text of each file
/// that changes.
pub fn repaired(
    files: &[Source],
    findings: &[Diagnostic],
    guesses: bool,
) -> BTreeMap<FileId, String> {
    let mut taken = chosen(findings, guesses);
    taken.sort_by_key(|edit| std::cmp::Reverse(edit.span));
    let mut texts = BTreeMap::new();
    for edit in taken {
        let Some(source) = files.get(usize::from(edit.span.file.0)) else { continue };
        let range = edit.span.start as usize..edit.span.end as usize;
        let text: &mut String = texts.entry(edit.span.file).or_insert_with(|| source.text.clone());
        if text.get(range.clone()).is_some() {
            text.replace_range(range, &edit.text);
        }
    }
    texts.retain(|file, text| files[usize::from(file.0)].text != *text);
    texts
}

/// Whether two edits touch the same bytes, or put text at the same place.
fn overlap(one: &Edit, other: &Edit) -> bool {
    one.span.file == other.span.file
        && ((one.span.start < other.span.end && other.span.start < one.span.end)
            || one.span.start == other.span.start)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Span;

    fn finding(edits: &[(usize, usize, &str)], safe: bool) -> Diagnostic {
        let finding = Diagnostic::error("rule", Span::default(), "wrong");
        edits.iter().fold(finding, |finding, (start, end, text)| {
            let span = Span::new(FileId(0), *start, *end);
            if safe { finding.fix(span, *text) } else { finding.guess(span, *text) }
        })
    }

    fn text(findings: &[Diagnostic], guesses: bool) -> String {
        let files = [Source::new("a.md", "one two three")];
        let texts = repaired(&files, findings, guesses);
        texts.get(&FileId(0)).cloned().unwrap_or_else(|| files[0].text.clone())
    }

    #[test]
    fn guesses_are_left_unless_asked_for() {
        let findings = [finding(&[(0, 3, "1")], true), finding(&[(4, 7, "2")], false)];
        assert_eq!(text(&findings, false), "1 two three");
        assert_eq!(text(&findings, true), "1 2 three");
    }

    #[test]
    fn a_fix_is_applied_whole_or_not_at_all() {
        let findings = [finding(&[(0, 3, "1")], true), finding(&[(2, 4, "-"), (8, 13, "3")], true)];
        assert_eq!(text(&findings, true), "1 two three");
    }

    #[test]
    fn two_texts_put_at_one_place_do_not_both_stand() {
        let findings = [finding(&[(0, 0, "a")], true), finding(&[(0, 0, "b")], true)];
        assert_eq!(text(&findings, true), "aone two three");
    }

    #[test]
    fn a_place_inside_of_a_letter_is_left_alone() {
        let files = [Source::new("a.md", "é")];
        assert!(repaired(&files, &[finding(&[(1, 2, "x")], true)], true).is_empty());
    }
}
