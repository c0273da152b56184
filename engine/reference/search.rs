//! Passages that fit words, best first.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::sync::Arc;

use crate::reference::pieces::{pieces, unique_titles};
use crate::reference::{Reference, ReferenceKind};

/// The most passages of an answer.
const MOST: usize = 8;

/// The most passages of an answer out of one file or section.
const MOST_ALIKE: usize = 2;

/// The most bytes of an answer: some 1,200 tokens.
const MAX_BYTES: usize = 4_800;

/// Lines that are ranked together.
const CHUNK: usize = 24;

/// Lines around the best one that a passage shows.
const CONTEXT: usize = 3;

/// Characters of a line that are shown.
const WIDTH: usize = 200;

/// How fast more of a word stops counting, and how much length does: the usual values of BM25.
const SATURATION: f64 = 1.2;
const LENGTH: f64 = 0.75;

/// How much a word in a path or heading counts, against one in a line.
const TITLE: f64 = 2.0;

/// How much it counts that the words stand there letter by letter.
const VERBATIM: f64 = 1.5;

/// The part of the best score that a passage must have to be shown.
const FLOOR: f64 = 0.25;

/// Words that say nothing about what is looked for.
const EMPTY: [&str; 22] = [
    "a", "an", "and", "are", "as", "at", "be", "by", "do", "for", "from", "how", "in", "is", "it",
    "of", "on", "or", "the", "to", "use", "with",
];

/// Lines of a piece.
struct Chunk<'a> {
    reference: &'a Reference,
    title: String,
    /// The number of its first line in the piece, from 1.
    first: usize,
    lines: Vec<&'a str>,
    /// How often each word stands in it.
    words: HashMap<String, f64>,
    length: f64,
}

/// Returns the passages that fit words best, or nothing where none has any of them.
pub(super) fn passages(
    references: &[Arc<Reference>],
    asked: &str,
) -> Result<Option<String>, String> {
    let chunks: Vec<Chunk> = references.iter().flat_map(|reference| chunks(reference)).collect();
    let wanted = wanted(asked, |word| chunks.iter().any(|chunk| chunk.words.contains_key(word)));
    if wanted.is_empty() {
        return Err("`search` wants words".to_owned());
    }
    let weights = weights(&chunks, &wanted);
    let mean = chunks.iter().map(|chunk| chunk.length).sum::<f64>() / count(chunks.len().max(1));
    let verbatim = asked.trim().to_lowercase();
    let mut ranked: Vec<(f64, &Chunk)> = chunks
        .iter()
        .map(|chunk| (score(chunk, &weights, mean, &verbatim), chunk))
        .filter(|(score, _)| *score > 0.0)
        .collect();
    // The sort is stable, so that equals stay in the order of the playbook.
    ranked.sort_by(|(one, _), (other, _)| other.total_cmp(one));
    let Some((best, _)) = ranked.first() else { return Ok(None) };
    let floor = best * FLOOR;
    ranked.retain(|(score, _)| *score >= floor);
    Ok(Some(render(&ranked, &weights, &verbatim)))
}

fn render(ranked: &[(f64, &Chunk)], weights: &BTreeMap<String, f64>, verbatim: &str) -> String {
    let mut text = String::new();
    let mut alike: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    let mut shown = 0;
    for (_, chunk) in ranked {
        let seen = alike.entry((&chunk.reference.name, &chunk.title)).or_default();
        if *seen == MOST_ALIKE || shown == MOST {
            continue;
        }
        let passage = passage(chunk, weights, verbatim);
        if !text.is_empty() && text.len() + passage.len() > MAX_BYTES {
            continue;
        }
        *seen += 1;
        shown += 1;
        text.push_str(&passage);
    }
    text.truncate(text.trim_end().len());
    text.push('\n');
    let more = ranked.len() - shown;
    if more > 0 {
        let _ = write!(text, "[{more} weaker passages left out]");
    }
    text
}

/// Shows the best line of a chunk with the lines around it.
fn passage(chunk: &Chunk, weights: &BTreeMap<String, f64>, verbatim: &str) -> String {
    let worth = |line: &&str| {
        let words = words(line);
        let distinct = weights.iter().filter(|(word, _)| words.contains_key(*word));
        let exact = if line.to_lowercase().contains(verbatim) { VERBATIM } else { 0.0 };
        distinct.map(|(_, weight)| weight).sum::<f64>() + exact
    };
    let worths: Vec<f64> = chunk.lines.iter().map(worth).collect();
    let best = (0..worths.len()).rev().max_by(|one, other| worths[*one].total_cmp(&worths[*other]));
    let best = best.unwrap_or_default();
    let from = best.saturating_sub(CONTEXT);
    let to = (best + CONTEXT + 1).min(chunk.lines.len());
    let (mut from, mut to) = (from, to);
    while from < best && chunk.lines[from].trim().is_empty() {
        from += 1;
    }
    while to > best + 1 && chunk.lines[to - 1].trim().is_empty() {
        to -= 1;
    }
    let mut text = format!(
        "{}: {}:{}-{}\n",
        chunk.reference.name,
        chunk.title,
        chunk.first + from,
        chunk.first + to - 1
    );
    for line in &chunk.lines[from..to] {
        let line = line.trim_end();
        text.extend(line.chars().take(WIDTH));
        text.push_str(if line.chars().nth(WIDTH).is_some() { "…\n" } else { "\n" });
    }
    text.push('\n');
    text
}

/// Cuts the files or sections of a reference into chunks.
fn chunks(reference: &Reference) -> Vec<Chunk<'_>> {
    let mut chunks = Vec::new();
    let pieces = pieces(reference);
    for (piece, title) in pieces.iter().zip(unique_titles(&pieces)) {
        let own = &piece.text[..piece.own];
        let lines: Vec<&str> = own.trim_end().lines().collect();
        let titled = words(&piece.title);
        let mut first = 0;
        while first < lines.len() {
            let last = border(&lines, first);
            let lines = lines[first..last].to_vec();
            let mut words = words(&lines.join("\n"));
            let length = words.values().sum();
            // A heading is the first line of its section: there it is counted already.
            let counted = reference.kind == ReferenceKind::Airplane || first > 0;
            for word in titled.keys() {
                let times = if counted { TITLE } else { TITLE - 1.0 };
                *words.entry(word.clone()).or_default() += times;
            }
            chunks.push(Chunk {
                reference,
                title: title.clone(),
                first: first + 1,
                lines,
                words,
                length,
            });
            first = last;
        }
    }
    chunks
}

/// Finds where a chunk ends: at a blank line in its second half, where there is one.
fn border(lines: &[&str], first: usize) -> usize {
    let last = (first + CHUNK).min(lines.len());
    if last == lines.len() {
        return last;
    }
    let blank = (first + CHUNK / 2..last).rev().find(|index| lines[*index].trim().is_empty());
    blank.map_or(last, |blank| blank + 1)
}

/// Says how much each wanted word tells: the rarer, the more.
fn weights(chunks: &[Chunk], wanted: &[String]) -> BTreeMap<String, f64> {
    let all = count(chunks.len());
    let weigh = |word: &String| {
        let having = count(chunks.iter().filter(|chunk| chunk.words.contains_key(word)).count());
        (word.clone(), ((all - having + 0.5) / (having + 0.5)).ln_1p())
    };
    wanted.iter().map(weigh).collect()
}

fn score(chunk: &Chunk, weights: &BTreeMap<String, f64>, mean: f64, verbatim: &str) -> f64 {
    let longer = 1.0 - LENGTH + LENGTH * chunk.length / mean.max(1.0);
    let score: f64 = weights
        .iter()
        .filter_map(|(word, weight)| Some((chunk.words.get(word)?, weight)))
        .map(|(times, weight)| weight * times * (SATURATION + 1.0) / (times + SATURATION * longer))
        .sum();
    let exact = chunk.lines.iter().any(|line| line.to_lowercase().contains(verbatim));
    if exact { score * VERBATIM } else { score }
}

fn count(number: usize) -> f64 {
    f64::from(u32::try_from(number).unwrap_or(u32::MAX))
}

/// Takes the words that are looked for, without the empty ones where there are others. A name that
/// is known counts as it stands, and any other by what it is made of.
fn wanted(asked: &str, is_known: impl Fn(&str) -> bool) -> Vec<String> {
    let mut all = Vec::new();
    for name in names(asked) {
        let whole = stem(&name.to_lowercase());
        if is_known(&whole) {
            all.push(whole);
        } else {
            all.extend(parts(name).iter().map(|part| stem(part)));
        }
    }
    let telling: Vec<String> =
        all.iter().filter(|word| !EMPTY.contains(&word.as_str())).cloned().collect();
    if telling.is_empty() { all } else { telling }
}

/// Counts the words of a text: names as they stand, and the words they are made of, without the
/// usual endings.
fn words(text: &str) -> HashMap<String, f64> {
    let mut words: HashMap<String, f64> = HashMap::new();
    for name in names(text) {
        let parts = parts(name);
        if parts.len() > 1 {
            *words.entry(stem(&name.to_lowercase())).or_default() += 1.0;
        }
        for part in parts {
            *words.entry(stem(&part)).or_default() += 1.0;
        }
    }
    words
}

fn names(text: &str) -> impl Iterator<Item = &str> {
    let names = text.split(|letter: char| !(letter.is_alphanumeric() || letter == '_'));
    names.filter(|name| !name.is_empty())
}

/// Splits a name at underscores and where its case changes.
fn parts(name: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut before = '_';
    for letter in name.chars() {
        let begins = letter.is_uppercase() && before.is_lowercase();
        if letter == '_' || begins {
            parts.push(String::new());
        }
        if letter != '_'
            && let Some(part) = parts.last_mut()
        {
            part.extend(letter.to_lowercase());
        }
        before = letter;
    }
    parts.retain(|part| !part.is_empty());
    parts
}

/// Takes a usual English ending off, so that `captured` finds `capture`.
fn stem(word: &str) -> String {
    let ending = ["ing", "ed", "es", "e", "s"].into_iter().find(|ending| {
        word.strip_suffix(ending).is_some_and(|stem| stem.len() >= 3 && !stem.ends_with('s'))
    });
    word.strip_suffix(ending.unwrap_or_default()).unwrap_or(word).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_by_their_parts_and_words_by_their_stem() {
        let found = words("RequestContext init_app captured");
        for word in ["requestcontext", "request", "context", "init_app", "init", "app", "captur"] {
            assert!(found.contains_key(&stem(word)), "{word} {found:?}");
        }
        assert_eq!(stem("capture"), stem("captures"));
        assert_eq!(stem("class"), "class");
    }

    #[test]
    fn empty_words_count_only_alone() {
        let wanted = |asked| wanted(asked, |word| word == "request_id");
        assert_eq!(wanted("how to identify"), ["identify"]);
        assert_eq!(wanted("how"), ["how"]);
        assert_eq!(wanted("request_id user_id"), ["request_id", "user", "id"]);
        assert_eq!(wanted(" ?! "), [""; 0]);
    }
}
