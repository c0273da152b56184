//! Keys and tokens that are written out in a text, by their form.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{LazyLock, OnceLock};

use regex::{Regex, RegexSet};

/// A key or token that is written out in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Its bytes in the text.
    pub range: Range<usize>,
    /// What it is, such as `a private key`.
    pub what: &'static str,
    /// Everybody may read it, but it is of somebody's account.
    pub public: bool,
}

/// The least share of letters at which a text that was drawn by lot changes from one class to
/// another; in names and words such changes are rare.
const LEAST_CHANGES: f64 = 0.2;

/// The longest run of letters in the order of the alphabet, or of one letter, that chance makes.
const LONGEST_RUN: usize = 5;

/// Words of texts that stand for a key.
const PLACEHOLDERS: &str = "example sample placeholder your change_me changeme change-me \
                     replace insert redacted dummy xxxx insecure abcdef";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Token,
    Block,
    Value,
    Word,
    Public,
}

struct Format {
    kind: Kind,
    pattern: &'static str,
    what: &'static str,
    compiled: OnceLock<Option<Regex>>,
}

/// What the list of formats says.
struct Formats {
    list: Vec<Format>,
    /// The texts of which one stands in each key, and the formats that each is of.
    hints: RegexSet,
    of_hint: Vec<Vec<usize>>,
    harmless: Vec<&'static str>,
}

static FORMATS: LazyLock<Formats> = LazyLock::new(|| read(include_str!("secret_formats.txt")));

fn read(text: &'static str) -> Formats {
    let mut list = Vec::new();
    let mut harmless = Vec::new();
    let mut hints: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let columns: Vec<&str> =
            line.split("  ").map(str::trim).filter(|column| !column.is_empty()).collect();
        let (kind, words, pattern, what) = match columns[..] {
            ["harmless", key, ..] => {
                harmless.push(key);
                continue;
            }
            ["token", words, pattern, what, _] => (Kind::Token, words, pattern, what),
            ["block", words, pattern, what, _] => (Kind::Block, words, pattern, what),
            ["value", words, pattern, what, _] => (Kind::Value, words, pattern, what),
            ["word", words, pattern, what, _] => (Kind::Word, words, pattern, what),
            ["public", words, pattern, what, _] => (Kind::Public, words, pattern, what),
            _ => continue,
        };
        let case = if pattern.starts_with("(?i") { "(?i)" } else { "" };
        for word in words.split(' ') {
            let hint = format!("{case}{}", regex::escape(word));
            hints.entry(hint).or_default().push(list.len());
        }
        list.push(Format { kind, pattern, what, compiled: OnceLock::new() });
    }
    let set = RegexSet::new(hints.keys());
    Formats {
        list,
        hints: set.unwrap_or_default(),
        of_hint: hints.into_values().collect(),
        harmless,
    }
}

impl Format {
    fn regex(&self) -> Option<&Regex> {
        self.compiled.get_or_init(|| Regex::new(self.pattern).ok()).as_ref()
    }
}

/// Finds the keys and tokens in a text, in order; what stands for one is none.
pub fn written(text: &str) -> Vec<Written> {
    let formats = &*FORMATS;
    let mut wanted: Vec<usize> = formats
        .hints
        .matches(text)
        .iter()
        .flat_map(|hint| &formats.of_hint[hint])
        .copied()
        .collect();
    wanted.sort_unstable();
    wanted.dedup();
    let mut found: Vec<Written> = Vec::new();
    for format in wanted.into_iter().filter_map(|index| formats.list.get(index)) {
        for captures in format.regex().iter().flat_map(|regex| regex.captures_iter(text)) {
            let Some(key) = captures.get(1) else { continue };
            let range = key.range();
            let free =
                found.iter().all(|it| it.range.end <= range.start || range.end <= it.range.start);
            if free && stands_alone(text, &range) && formats.holds(format.kind, key.as_str()) {
                let public = format.kind == Kind::Public;
                found.push(Written { range, what: format.what, public });
            }
        }
    }
    found.sort_by_key(|it| it.range.start);
    found
}

/// Returns what each format is called, such as `a private key`.
pub fn format_names() -> impl Iterator<Item = &'static str> {
    FORMATS.list.iter().map(|format| format.what)
}

/// Returns what covers a secret, byte for byte: its lines stay lines.
pub fn covering(secret: &str) -> String {
    let covered = secret.chars().map(|letter| match letter {
        '\n' | '\r' => letter.to_string(),
        _ => "*".repeat(letter.len_utf8()),
    });
    covered.collect()
}

/// Whether a key is not a piece of a longer word.
fn stands_alone(text: &str, range: &Range<usize>) -> bool {
    let of_word = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let before = text[..range.start].chars().next_back();
    // What stands before may end an escape, as in `\nKEY`.
    let escape = text[..range.start].ends_with(r"\n") || text[..range.start].ends_with(r"\t");
    let after = text[range.end..].chars().next();
    (escape || !before.is_some_and(of_word)) && !after.is_some_and(of_word)
}

impl Formats {
    /// Whether what fits a format is a key, and nothing that stands for one.
    fn holds(&self, kind: Kind, key: &str) -> bool {
        if kind == Kind::Block {
            return true;
        }
        if self.harmless.iter().any(|harmless| key.contains(harmless)) || is_placeholder(key) {
            return false;
        }
        match kind {
            Kind::Value => is_drawn(key) && !is_id(key) && !self.is_public(key),
            Kind::Word => !is_word(key) && !self.is_public(key),
            Kind::Token | Kind::Block | Kind::Public => true,
        }
    }

    fn is_public(&self, key: &str) -> bool {
        let mut formats = self.list.iter().filter(|format| format.kind == Kind::Public);
        formats.any(|format| {
            let found = format.regex().and_then(|regex| regex.find(key));
            found.is_some_and(|found| found.range() == (0..key.len()))
        })
    }
}

/// Whether a text only shows where a key goes: it says so, or runs through the alphabet.
fn is_placeholder(key: &str) -> bool {
    let lower = key.to_lowercase();
    if PLACEHOLDERS.split(' ').any(|word| lower.contains(word)) || key.contains("...") {
        return true;
    }
    let runs = |wanted: fn(&u8) -> bool| {
        let letters: Vec<u8> = lower.bytes().filter(wanted).collect();
        // The few digits of a long key may stand in order by chance.
        if letters.len() * 3 < lower.len() {
            return false;
        }
        let (mut up, mut same) = (1, 1);
        letters.windows(2).any(|pair| {
            up = if pair[1] == pair[0].saturating_add(1) { up + 1 } else { 1 };
            same = if pair[1] == pair[0] { same + 1 } else { 1 };
            up.max(same) > LONGEST_RUN
        })
    };
    // `A1B2C3` runs through letters and digits by turns.
    runs(|_| true) || runs(u8::is_ascii_alphabetic) || runs(u8::is_ascii_digit)
}

/// Whether a text is an id by its form: groups of 8, 4, 4, 4 and 12 hexadecimal digits.
fn is_id(key: &str) -> bool {
    let groups = key.split('-').map(|group| {
        let digits = group.bytes().all(|digit| digit.is_ascii_hexdigit());
        if digits { group.len() } else { 0 }
    });
    groups.eq([8, 4, 4, 4, 12])
}

/// Whether a text is a word as people write it, a few digits after it or not, or many of them.
fn is_word(key: &str) -> bool {
    let mut words = key.split(|letter: char| !letter.is_ascii_alphanumeric());
    words.all(|word| {
        let letters = word.trim_end_matches(|letter: char| letter.is_ascii_digit());
        let rest = letters.get(1..).unwrap_or_default();
        word.len() - letters.len() <= 4
            && (rest.bytes().all(|letter| letter.is_ascii_lowercase())
                || letters.bytes().all(|letter| letter.is_ascii_uppercase()))
    })
}

/// Whether a text looks drawn by lot: letters and digits mixed as no word or name has them.
fn is_drawn(text: &str) -> bool {
    let class = |letter: u8| match letter {
        b'a'..=b'z' => 0,
        b'A'..=b'Z' => 1,
        b'0'..=b'9' => 2,
        _ => 3,
    };
    let bytes = text.as_bytes();
    let has = |wanted: u8| bytes.iter().any(|letter| class(*letter) == wanted);
    // A capital before a small letter begins a word.
    let changes = bytes.windows(2).filter(|pair| {
        let pair = (class(pair[0]), class(pair[1]));
        pair.0 != pair.1 && pair != (1, 0) && pair.0 != 3 && pair.1 != 3
    });
    #[expect(clippy::cast_precision_loss, reason = "a text is short")]
    let share = changes.count() as f64 / bytes.len().max(1) as f64;
    (has(0) || has(1)) && has(2) && share >= LEAST_CHANGES
}
