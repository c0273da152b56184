//! The line ends of a file: a model writes plain ones, and the file keeps its own.

use std::borrow::Cow;
use std::ops::Range;

/// How the lines of a text end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ends {
    /// With line feeds, in several ways, or not at all.
    Plain,
    /// All with a carriage return and a line feed.
    Windows,
    /// All with a carriage return alone.
    Old,
}

/// A text whose lines all end plainly, and where each of its places stands in the text as it is.
pub(super) struct Lines<'a> {
    text: Cow<'a, str>,
    /// Line feeds, by their place here, that are two bytes there.
    pairs: Vec<usize>,
    whole: &'a str,
}

impl Ends {
    /// Says how the lines of a text end.
    pub(super) fn of(text: &str) -> Self {
        let returns = text.matches('\r').count();
        let feeds = text.matches('\n').count();
        match text.matches("\r\n").count() {
            0 if returns > 0 && feeds == 0 => Ends::Old,
            pairs if pairs > 0 && pairs == feeds && pairs == returns => Ends::Windows,
            _ => Ends::Plain,
        }
    }

    /// Ends the lines of a text so.
    pub(super) fn end(self, text: &str) -> String {
        let plain = text.replace("\r\n", "\n");
        match self {
            Ends::Plain => plain,
            Ends::Windows => plain.replace('\n', "\r\n"),
            Ends::Old => plain.replace('\n', "\r"),
        }
    }
}

impl<'a> Lines<'a> {
    /// Makes the lines of a text end plainly.
    pub(super) fn of(whole: &'a str) -> Self {
        let mut pairs = Vec::new();
        let text = match Ends::of(whole) {
            Ends::Old => Cow::Owned(whole.replace('\r', "\n")),
            _ if !whole.contains("\r\n") => Cow::Borrowed(whole),
            _ => {
                for (at, _) in whole.match_indices("\r\n") {
                    pairs.push(at - pairs.len());
                }
                Cow::Owned(whole.replace("\r\n", "\n"))
            }
        };
        Lines { text, pairs, whole }
    }

    /// Returns the text.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Returns where a passage stands in the text as it is: never half of a line end.
    pub(super) fn place(&self, passage: &Range<usize>) -> Range<usize> {
        let there = |at: usize| at + self.pairs.partition_point(|pair| *pair < at);
        there(passage.start)..there(passage.end)
    }

    /// Ends the lines of what comes in the place of a passage as those of the passage end, or, where
    /// it has none, as the line ends on which it stands.
    pub(super) fn in_kind(&self, place: &Range<usize>, new: &str) -> String {
        let first = |text: &str| text.find(['\r', '\n']).map(|at| text[at..].to_owned());
        let end = first(&self.whole[place.clone()])
            .or_else(|| first(&self.whole[place.end..]))
            .or_else(|| {
                let before = &self.whole[..place.start];
                before.rfind(['\r', '\n']).map(|at| {
                    let pair = before[..at].ends_with('\r') && before[at..].starts_with('\n');
                    before[at - usize::from(pair)..].to_owned()
                })
            });
        let end = end.unwrap_or_default();
        let ends = match Ends::of(self.whole) {
            Ends::Plain if end.starts_with("\r\n") => Ends::Windows,
            Ends::Plain => Ends::Plain,
            all => all,
        };
        ends.end(new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_has_one_kind_of_line_ends_or_none() {
        for (text, ends) in [
            ("", Ends::Plain),
            ("a\nb", Ends::Plain),
            ("a\r\nb\r\n", Ends::Windows),
            ("a\rb\r", Ends::Old),
            ("a\r\nb\n", Ends::Plain),
            ("a\r\nb\rc", Ends::Plain),
            ("a\n\rb", Ends::Plain),
        ] {
            assert_eq!(Ends::of(text), ends, "{text:?}");
        }
        assert_eq!(Ends::Windows.end("a\nb\r\nc"), "a\r\nb\r\nc");
        assert_eq!(Ends::Old.end("a\r\nb\n"), "a\rb\r");
    }

    #[test]
    fn a_place_is_never_half_of_a_line_end() {
        let whole = "ä\r\nb\nc\r\n\r\nd";
        let lines = Lines::of(whole);
        assert_eq!(lines.text(), "ä\nb\nc\n\nd");
        for (here, there) in
            [("ä\n", "ä\r\n"), ("\nb", "\r\nb"), ("c\n\n", "c\r\n\r\n"), ("d", "d")]
        {
            let at = lines.text().find(here).unwrap();
            assert_eq!(&whole[lines.place(&(at..at + here.len()))], there);
        }
        assert_eq!(Lines::of("a\rb").text(), "a\nb");
    }

    #[test]
    fn what_is_new_ends_as_what_stands_there() {
        let kind = |whole: &str, old: &str| {
            let at = whole.find(old).unwrap();
            Lines::of(whole).in_kind(&(at..at + old.len()), "x\ny")
        };
        assert_eq!(kind("a\r\nb\r\n", "a"), "x\r\ny");
        assert_eq!(kind("a\rb\r", "b"), "x\ry");
        assert_eq!(kind("a\nb\r\nc", "a"), "x\ny");
        assert_eq!(kind("a\nb\r\nc", "b"), "x\r\ny");
        assert_eq!(kind("a\nb\r\nc", "c"), "x\r\ny");
        assert_eq!(kind("a\r\nb\nc", "a\r\nb"), "x\r\ny");
        assert_eq!(kind("alone", "one"), "x\ny");
    }
}
