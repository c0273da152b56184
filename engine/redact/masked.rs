//! A masked text that knows which bytes each mask stands for.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::LazyLock;

use crate::closed;
use crate::redact::machine::{Found, Machine};

/// What every mask begins with.
const OPENS: &str = "[REDACTED:";

/// The longest mask, in bytes.
const LONGEST: usize = 160;

/// How often a masked text is looked through again: a mask beside what was part of a longer word
/// can show a secret that was none before.
const ROUNDS: usize = 6;

/// What formats are called in masks.
static FORMATS: LazyLock<BTreeSet<String>> =
    LazyLock::new(|| closed::format_names().map(slug).collect());

/// A text in which every secret is masked. A mask that stands for several lines is followed by
/// their line ends, so that every line keeps its number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Masked {
    text: String,
    spans: Vec<Span>,
}

/// A mask, and what it stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Span {
    /// Bytes of the text as it was.
    raw: Range<usize>,
    /// Bytes of the masked text: the mask and line ends after it.
    masked: Range<usize>,
}

impl Masked {
    pub(super) fn new(machine: &Machine, text: &str) -> Self {
        let mut masked = Masked { text: text.to_owned(), spans: Vec::new() };
        for _ in 0..ROUNDS {
            let secrets = masked.secrets(machine);
            if secrets.is_empty() {
                break;
            }
            masked = masked.without(&secrets, text);
        }
        masked
    }

    /// Returns the masked text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns the masked text.
    pub fn into_text(self) -> String {
        self.text
    }

    /// Whether anything is masked.
    pub fn is_changed(&self) -> bool {
        !self.spans.is_empty()
    }

    /// Counts what is masked.
    pub fn count(&self) -> usize {
        self.spans.len()
    }

    /// Whether a place in the text as it was stands inside a secret; its bytes then.
    pub(super) fn around(&self, raw: usize) -> Option<Range<usize>> {
        let span = self.spans.iter().find(|span| span.raw.start < raw && raw < span.raw.end);
        span.map(|span| span.raw.clone())
    }

    /// Returns the masked text of the bytes before a place in the text as it was, which stands
    /// inside no secret.
    pub(super) fn before(&self, raw: usize) -> &str {
        let span = self.spans.iter().rev().find(|span| span.raw.end <= raw);
        let end = span.map_or(raw, |span| span.masked.end + (raw - span.raw.end));
        self.text.get(..end).unwrap_or(&self.text)
    }

    /// Returns the bytes of the text as it was that a passage of the masked text stands for. A
    /// mask is in the passage whole or not at all.
    pub fn raw(&self, passage: &Range<usize>) -> Option<Range<usize>> {
        let mut end = passage.end;
        for span in &self.spans {
            let mask = span.masked.start + self.mask(span).len();
            let cut = |at: usize| span.masked.start < at && at < span.masked.end;
            if cut(passage.start) || (cut(passage.end) && passage.end < mask) {
                return None;
            }
            if cut(passage.end) {
                end = span.masked.end;
            }
        }
        Some(self.to_raw(passage.start)..self.to_raw(end))
    }

    /// Puts what masks stand for in their place in a new passage for an old one. Each mask of the
    /// old passage may be kept once, or dropped.
    ///
    /// # Errors
    ///
    /// Returns the first mask that the old passage does not have, or not so often; and one that is
    /// dropped where another of the same name, which stands for other bytes, is kept: nobody knows
    /// which.
    pub fn unmasked(&self, raw: &str, passage: &Range<usize>, new: &str) -> Result<String, String> {
        let mut left = self.masks_in(raw, passage);
        let mut kept: Vec<(&str, &str)> = Vec::new();
        let mut text = String::with_capacity(new.len());
        let mut at = 0;
        for token in tokens(new) {
            text.push_str(&new[at..token.start]);
            at = token.end;
            let written = &new[token];
            let index = left.iter().position(|(mask, _)| *mask == written);
            let (mask, secret) = index.map(|index| left.remove(index)).ok_or(written)?;
            text.push_str(secret);
            at += line_ends_at(&new[at..], line_ends(secret).count());
            kept.push((mask, secret));
        }
        text.push_str(&new[at..]);
        let other =
            |(mask, secret): &(&str, &str)| kept.iter().any(|it| it.0 == *mask && it.1 != *secret);
        match left.iter().find(|it| other(it)) {
            Some((mask, _)) => Err((*mask).to_owned()),
            None => Ok(text),
        }
    }

    /// The masks of a passage in order, and what each stands for: itself, where it stood in the
    /// text as it was.
    fn masks_in<'a>(&'a self, raw: &'a str, passage: &Range<usize>) -> Vec<(&'a str, &'a str)> {
        let shown = self.text.get(passage.clone()).unwrap_or_default();
        let found = tokens(shown).map(|token| {
            let start = passage.start + token.start;
            let mask = &shown[token];
            let span = self.spans.iter().find(|span| span.masked.start == start);
            (mask, span.map_or(mask, |span| &raw[span.raw.clone()]))
        });
        found.collect()
    }

    /// The mask of a span, without the line ends after it.
    fn mask(&self, span: &Span) -> &str {
        self.text[span.masked.clone()].trim_end_matches(['\r', '\n'])
    }

    fn to_raw(&self, masked: usize) -> usize {
        let span = self.spans.iter().rev().find(|span| span.masked.end <= masked);
        span.map_or(masked, |span| span.raw.end + (masked - span.masked.end))
    }

    /// Finds what is secret in the text, with the mask of each.
    fn secrets(&self, machine: &Machine) -> Vec<(Range<usize>, String)> {
        let values = machine.find(&self.text);
        let written = closed::written(&self.text);
        if values.is_empty() && written.is_empty() {
            return Vec::new();
        }
        let masks = tokens(&self.text).filter(|token| is_known(machine, &self.text[token.clone()]));
        let mut solid: Vec<Range<usize>> = self.spans.iter().map(|it| it.masked.clone()).collect();
        solid.extend(masks);
        let mut found: Vec<(Range<usize>, String)> = Vec::new();
        for Found { range, mask } in values {
            found.push((range, machine.mask(mask).to_owned()));
        }
        let mut numbers = Numbers::of(&self.text);
        for secret in written.into_iter().filter(|secret| !secret.public) {
            let mask = numbers.mask(secret.what, &self.text[secret.range.clone()]);
            found.push((secret.range, mask));
        }
        found.retain(|(range, _)| {
            !solid.iter().any(|it| it.start <= range.start && range.end <= it.end)
        });
        for (range, _) in &mut found {
            for solid in &solid {
                if solid.start < range.end && range.start < solid.end {
                    *range = range.start.min(solid.start)..range.end.max(solid.end);
                }
            }
            *range = self.letters(range);
        }
        joined(found)
    }

    /// Widens a range to whole characters.
    fn letters(&self, range: &Range<usize>) -> Range<usize> {
        let mut range = range.clone();
        while !self.text.is_char_boundary(range.start) {
            range.start -= 1;
        }
        while !self.text.is_char_boundary(range.end) {
            range.end += 1;
        }
        range
    }

    /// Puts masks in the place of secrets.
    fn without(&self, secrets: &[(Range<usize>, String)], raw: &str) -> Masked {
        let mut text = String::with_capacity(self.text.len());
        let mut spans = Vec::new();
        let mut at = 0;
        let mut old = self.spans.iter().peekable();
        let mut keep = |text: &mut String, spans: &mut Vec<Span>, from: usize, to: usize| {
            while let Some(span) = old.next_if(|span| span.masked.start < to) {
                if span.masked.start >= from {
                    let shift = |at: usize| at - from + text.len();
                    let masked = shift(span.masked.start)..shift(span.masked.end);
                    spans.push(Span { raw: span.raw.clone(), masked });
                }
            }
            text.push_str(&self.text[from..to]);
        };
        for (range, mask) in secrets {
            keep(&mut text, &mut spans, at, range.start);
            at = range.end;
            let start = text.len();
            let secret = self.to_raw(range.start)..self.to_raw(range.end);
            text.push_str(mask);
            text.extend(line_ends(&raw[secret.clone()]));
            spans.push(Span { raw: secret, masked: start..text.len() });
        }
        // What old spans lie in a secret is part of it.
        keep(&mut text, &mut spans, at, self.text.len());
        Masked { text, spans }
    }
}

/// Whether a text has a mask in it, of whatever.
pub fn has_token(text: &str) -> bool {
    tokens(text).next().is_some()
}

/// Numbers the secrets that are known by their form: the same text has the same number.
struct Numbers {
    of: BTreeMap<String, BTreeMap<String, usize>>,
    first: BTreeMap<String, usize>,
}

impl Numbers {
    /// Goes on after the numbers that a text has.
    fn of(text: &str) -> Self {
        let mut first: BTreeMap<String, usize> = BTreeMap::new();
        for token in tokens(text) {
            let token = text[token].trim_end_matches(']');
            let parts = token.strip_prefix("[REDACTED:format:").and_then(|it| it.split_once('#'));
            if let Some((name, Ok(number))) = parts.map(|(name, it)| (name, it.parse::<usize>())) {
                let highest = first.entry(name.to_owned()).or_default();
                *highest = number.min(1 << 20).max(*highest);
            }
        }
        Numbers { of: BTreeMap::new(), first }
    }

    fn mask(&mut self, what: &str, secret: &str) -> String {
        let name = slug(what);
        let first = self.first.get(&name).copied().unwrap_or_default();
        let numbers = self.of.entry(name.clone()).or_default();
        let next = first + numbers.len() + 1;
        let number = numbers.entry(secret.to_owned()).or_insert(next);
        format!("[REDACTED:format:{name}#{number}]")
    }
}

/// Joins ranges that overlap; the longest names the mask.
fn joined(mut found: Vec<(Range<usize>, String)>) -> Vec<(Range<usize>, String)> {
    found.sort_by(|a, b| (a.0.start, b.0.end).cmp(&(b.0.start, a.0.end)));
    let mut joined: Vec<(Range<usize>, usize, String)> = Vec::new();
    for (range, mask) in found {
        let length = range.len();
        match joined.last_mut().filter(|(last, ..)| range.start < last.end) {
            Some((last, longest, name)) => {
                last.end = last.end.max(range.end);
                if length > *longest {
                    *longest = length;
                    *name = mask;
                }
            }
            None => joined.push((range, length, mask)),
        }
    }
    joined.into_iter().map(|(range, _, mask)| (range, mask)).collect()
}

/// Finds what looks like a mask: a name without a space, `#` and a number in the brackets.
fn tokens(text: &str) -> impl Iterator<Item = Range<usize>> {
    text.match_indices(OPENS).filter_map(|(start, _)| {
        let inner = start + OPENS.len();
        let mut end = text.len().min(start + LONGEST);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let length = text.get(inner..end)?.find(']')?;
        let inside = &text[inner..inner + length];
        let (name, number) = inside.rsplit_once('#')?;
        let whole = !name.is_empty()
            && !name.contains(|it: char| it.is_whitespace() || it == '[')
            && !number.is_empty()
            && number.bytes().all(|it| it.is_ascii_digit());
        whole.then(|| start..inner + length + 1)
    })
}

/// Whether a mask is one of ours: in another, anything could stand.
fn is_known(machine: &Machine, token: &str) -> bool {
    let format = token.strip_prefix("[REDACTED:format:").and_then(|it| it.rsplit_once('#'));
    machine.is_mask(token)
        || format.is_some_and(|(name, number)| number.len() < 9 && FORMATS.contains(name))
}

/// Writes what a format is as a name: `a private key` as `private-key`.
fn slug(what: &str) -> String {
    let words = what.split(|letter: char| !letter.is_ascii_alphanumeric());
    let words = words.filter(|word| !word.is_empty() && !["a", "an", "the"].contains(word));
    words.collect::<Vec<_>>().join("-").to_lowercase()
}

fn line_ends(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive('\n')
        .filter(|line| line.ends_with('\n'))
        .map(|line| if line.ends_with("\r\n") { "\r\n" } else { "\n" })
}

/// The length of the line ends that a text begins with, of at most so many.
fn line_ends_at(text: &str, most: usize) -> usize {
    let mut at = 0;
    for _ in 0..most {
        let rest = &text[at..];
        at += if rest.starts_with("\r\n") { 2 } else { usize::from(rest.starts_with('\n')) };
    }
    at
}
