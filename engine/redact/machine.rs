//! Finding many values in a text at once.
//!
//! Every pattern is looked for by its first bytes, in a table, at every place of the text. With
//! tens of thousands of patterns this is faster and smaller than an automaton of all of them, and
//! patterns that overlap are all found.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use crate::redact::forms::{Form, forms};
use crate::redact::vault::Vault;

/// How many bytes of a pattern the table knows: the length of the shortest.
pub(super) const STEM: usize = 6;

/// What is masked in a text, and with what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) range: Range<usize>,
    /// The index of its mask.
    pub(super) mask: usize,
}

/// The patterns of a vault.
#[derive(Debug, Default)]
pub(super) struct Machine {
    vault: Vault,
    patterns: Vec<Pattern>,
    /// What is put in the place of a value.
    masks: Vec<String>,
    known: BTreeSet<String>,
    stems: Stems,
    /// Stems of patterns that may be broken over lines.
    wrapped: Stems,
}

#[derive(Debug)]
struct Pattern {
    form: Form,
    mask: usize,
}

/// From the first bytes of patterns to the patterns: a filter of bits before a sorted table.
#[derive(Debug, Default)]
struct Stems {
    filter: Vec<u64>,
    shift: u32,
    table: Vec<(u64, u32)>,
}

impl Machine {
    /// Makes the patterns of every value.
    pub(super) fn new(vault: &Vault) -> Self {
        let mut machine = Machine { vault: vault.clone(), ..Machine::default() };
        let mut numbers: BTreeMap<&str, usize> = BTreeMap::new();
        let mut seen: BTreeSet<Box<[u8]>> = BTreeSet::new();
        for (value, name) in vault.values() {
            let number = numbers.entry(name).or_default();
            *number += 1;
            let mask = machine.masks.len();
            machine.masks.push(format!("[REDACTED:{name}#{number}]"));
            for form in forms(value) {
                if form.bytes.len() >= STEM && seen.insert(form.bytes.clone()) {
                    machine.patterns.push(Pattern { form, mask });
                }
            }
        }
        machine.known = machine.masks.iter().cloned().collect();
        machine.stems = Stems::of(&machine.patterns, |_| true);
        machine.wrapped = Stems::of(&machine.patterns, |form| form.wraps);
        machine
    }

    pub(super) fn vault(&self) -> &Vault {
        &self.vault
    }

    /// Returns a mask by its index.
    pub(super) fn mask(&self, index: usize) -> &str {
        self.masks.get(index).map_or("[REDACTED]", String::as_str)
    }

    /// Whether a text is the mask of a value.
    pub(super) fn is_mask(&self, text: &str) -> bool {
        self.known.contains(text)
    }

    /// Finds every value in a text, in any case of its letters, and broken over lines where its
    /// form can be.
    pub(super) fn find(&self, text: &str) -> Vec<Found> {
        let mut found = Vec::new();
        if self.patterns.is_empty() {
            return found;
        }
        let folded = text.to_ascii_lowercase().into_bytes();
        let text = folded.as_slice();
        let mut window = 0;
        // The same without what breaks a text over lines, and where each byte of it stands.
        let mut joined = 0;
        let mut places = [0; STEM];
        let mut solid = 0_usize;
        // How many more bytes have a break among the last ones.
        let mut gap = 0_usize;
        let mut skipped = 0_usize;
        for (at, byte) in text.iter().enumerate() {
            window = pushed(window, *byte);
            if at + 1 >= STEM && self.stems.may_have(window) {
                self.at(text, at + 1 - STEM, window, &mut found);
            }
            if skipped > 0 {
                skipped -= 1;
                continue;
            }
            if let Some(length) = breaks(text, at) {
                skipped = length - 1;
                gap = STEM;
                continue;
            }
            joined = pushed(joined, *byte);
            places[solid % STEM] = at;
            solid += 1;
            if gap > 0 {
                gap -= 1;
                if solid >= STEM && self.wrapped.may_have(joined) {
                    self.across(text, places[solid % STEM], joined, &mut found);
                }
            }
        }
        found
    }

    /// Finds what begins at a place.
    fn at(&self, text: &[u8], start: usize, stem: u64, found: &mut Vec<Found>) {
        for pattern in self.stems.of_stem(stem).filter_map(|index| self.patterns.get(index)) {
            let bytes = &pattern.form.bytes;
            let rest = &text[start..];
            let length = if rest.starts_with(bytes) {
                Some(bytes.len())
            } else {
                wrapped(rest, bytes).filter(|_| pattern.form.wraps)
            };
            let Some(length) = length else { continue };
            let range = start..start + length;
            if !pattern.form.alone || stands_alone(text, &range) {
                found.push(Found { range, mask: pattern.mask });
            }
        }
    }

    /// Finds what begins at a place, and is broken among its first bytes.
    fn across(&self, text: &[u8], start: usize, stem: u64, found: &mut Vec<Found>) {
        for pattern in self.wrapped.of_stem(stem).filter_map(|index| self.patterns.get(index)) {
            if let Some(length) = wrapped(&text[start..], &pattern.form.bytes) {
                found.push(Found { range: start..start + length, mask: pattern.mask });
            }
        }
    }
}

/// Takes one more byte into the last ones.
fn pushed(window: u64, byte: u8) -> u64 {
    const KEPT: u64 = (1 << (8 * STEM)) - 1;
    ((window << 8) | u64::from(byte)) & KEPT
}

/// How many bytes at a place break a text over lines: white space, or the escapes `\n` and `\r`.
fn breaks(text: &[u8], at: usize) -> Option<usize> {
    match text.get(at) {
        Some(byte) if byte.is_ascii_whitespace() => Some(1),
        Some(b'\\') if matches!(text.get(at + 1), Some(b'n' | b'r')) => Some(2),
        _ => None,
    }
}

/// Returns how much of a text a pattern takes that it begins with, breaks among its bytes.
fn wrapped(text: &[u8], pattern: &[u8]) -> Option<usize> {
    let mut at = 0;
    for byte in pattern {
        while let Some(length) = breaks(text, at).filter(|_| at > 0) {
            at += length;
        }
        if text.get(at) != Some(byte) {
            return None;
        }
        at += 1;
    }
    Some(at)
}

impl Stems {
    fn of(patterns: &[Pattern], wanted: impl Fn(&Form) -> bool) -> Self {
        let mut table: Vec<(u64, u32)> = patterns
            .iter()
            .enumerate()
            .filter(|(_, pattern)| wanted(&pattern.form))
            .filter_map(|(index, pattern)| {
                let stem = pattern.form.bytes.get(..STEM)?;
                let stem = stem.iter().fold(0, |stem, byte| (stem << 8) | u64::from(*byte));
                Some((stem, u32::try_from(index).ok()?))
            })
            .collect();
        table.sort_unstable();
        // Thirty-two bits a pattern: one place in thirty-two is looked up in vain.
        let bits = (table.len() * 32).next_power_of_two().max(1 << 12);
        let shift = 64 - bits.trailing_zeros();
        let mut stems = Stems { filter: vec![0; bits / 64], shift, table };
        for index in 0..stems.table.len() {
            let bit = stems.bit(stems.table[index].0);
            stems.filter[bit / 64] |= 1 << (bit % 64);
        }
        stems
    }

    #[expect(clippy::cast_possible_truncation, reason = "the shift leaves what fits")]
    fn bit(&self, stem: u64) -> usize {
        (stem.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> self.shift) as usize
    }

    fn may_have(&self, stem: u64) -> bool {
        let bit = self.bit(stem);
        self.filter.get(bit / 64).is_some_and(|bits| bits & (1 << (bit % 64)) != 0)
    }

    fn of_stem(&self, stem: u64) -> impl Iterator<Item = usize> {
        let start = self.table.partition_point(|(known, _)| *known < stem);
        let same = self.table[start..].iter().take_while(move |(known, _)| *known == stem);
        same.map(|(_, index)| *index as usize)
    }
}

/// Whether a range is no piece of a longer word.
fn stands_alone(text: &[u8], range: &Range<usize>) -> bool {
    let of_word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    let before = range.start.checked_sub(1).and_then(|at| text.get(at));
    !before.is_some_and(of_word) && !text.get(range.end).is_some_and(of_word)
}
