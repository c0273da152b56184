//! From two versions of a file to what one became, and back: a unified diff, applied strictly.

use std::fmt::Write as _;
use std::ops::Range;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use similar::{Algorithm, ChangeTag, DiffOp, capture_diff_slices_deadline, group_diff_ops};

use crate::gate::workspace::hash;
use crate::playbook::hex;

/// Lines around a change that a diff repeats, for the reader.
const CONTEXT: usize = 3;

/// How long the smallest diff is looked for; after that a larger one does.
const PATIENCE: Duration = Duration::from_secs(2);

/// What stands after a line that ends its file without a line end.
const NO_LINE_END: &str = "\\ No newline at end of file\n";

/// What a command did to one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FilePatch {
    /// The file, relative to the project's root.
    pub path: String,
    /// What became of it.
    #[serde(flatten)]
    pub change: Change,
}

/// What became of a file. Hashes are SHA-256 in hex; an absent `before` means that it was created.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// Some of its lines changed.
    Lines {
        /// Its hash before.
        before: String,
        /// Its hash after.
        after: String,
        /// A unified diff.
        diff: String,
    },
    /// It was written whole.
    Text {
        /// Its hash before.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        before: Option<String>,
        /// Its text after.
        text: String,
    },
    /// It was written whole, and is not text.
    Bytes {
        /// Its hash before.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        before: Option<String>,
        /// Its bytes after, in hex.
        hex: String,
    },
    /// It was removed.
    Removed {
        /// Its hash before.
        before: String,
    },
    /// It changed, and the cassette does not hold how: a replay leaves it alone.
    LeftOut {
        /// Why, as a lowercase fragment.
        reason: String,
    },
}

/// What applying a change comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Applied {
    /// The file stays as it is.
    Kept,
    /// The file gets these bytes.
    Written(Vec<u8>),
    /// The file goes.
    Removed,
}

/// Returns the smallest way to say what became of a text.
pub fn of_text(old: Option<&str>, new: &str) -> Change {
    let whole =
        || Change::Text { before: old.map(|old| hash(old.as_bytes())), text: new.to_owned() };
    let Some(old) = old else { return whole() };
    let diff = unified(old, new);
    if diff.len() >= new.len() {
        return whole();
    }
    Change::Lines { before: hash(old.as_bytes()), after: hash(new.as_bytes()), diff }
}

/// Returns what became of a file that is not text.
pub fn of_bytes(before: Option<String>, new: &[u8]) -> Change {
    Change::Bytes { before, hex: hex(new) }
}

/// Applies a change to the bytes that a file has now. They must be those that were recorded, or
/// already what the change makes of them.
pub fn apply(change: &Change, current: Option<&[u8]>) -> Result<Applied, String> {
    let now = current.map(hash);
    let differs = || "the file is not what it was when it was recorded".to_owned();
    let fits = |before: Option<&String>| {
        if now.as_ref() == before { Ok(()) } else { Err(differs()) }
    };
    match change {
        Change::LeftOut { .. } => Ok(Applied::Kept),
        Change::Removed { .. } if now.is_none() => Ok(Applied::Kept),
        Change::Removed { before } => fits(Some(before)).map(|()| Applied::Removed),
        Change::Lines { after, .. } if now.as_ref() == Some(after) => Ok(Applied::Kept),
        Change::Lines { before, after, diff } => {
            fits(Some(before))?;
            let old = std::str::from_utf8(current.unwrap_or_default()).map_err(|_| differs())?;
            let new = patched(old, diff)?;
            if hash(new.as_bytes()) != *after {
                return Err("its diff does not lead to the file that was recorded".to_owned());
            }
            Ok(Applied::Written(new.into_bytes()))
        }
        Change::Text { before, text } => whole(fits(before.as_ref()), text.as_bytes(), current),
        Change::Bytes { before, hex } => {
            let bytes = from_hex(hex).ok_or("its bytes are not in hex")?;
            whole(fits(before.as_ref()), &bytes, current)
        }
    }
}

fn whole(fits: Result<(), String>, new: &[u8], current: Option<&[u8]>) -> Result<Applied, String> {
    if current == Some(new) {
        return Ok(Applied::Kept);
    }
    fits.map(|()| Applied::Written(new.to_owned()))
}

/// Returns a unified diff without a head. A line ends with `\n`, and nothing else ends one: the
/// `\r` of a CRLF belongs to its line.
pub fn unified(old: &str, new: &str) -> String {
    let old: Vec<&str> = old.split_inclusive('\n').collect();
    let new: Vec<&str> = new.split_inclusive('\n').collect();
    let deadline = Instant::now() + PATIENCE;
    let ops = capture_diff_slices_deadline(Algorithm::Myers, &old, &new, Some(deadline));
    let mut diff = String::new();
    for group in group_diff_ops(ops, CONTEXT) {
        let (Some(first), Some(last)) = (group.first(), group.last()) else { continue };
        let old_lines = first.old_range().start..last.old_range().end;
        let new_lines = first.new_range().start..last.new_range().end;
        let _ = writeln!(diff, "@@ -{} +{} @@", place(&old_lines), place(&new_lines));
        for op in &group {
            push_op(&mut diff, op, &old, &new);
        }
    }
    diff
}

fn push_op(diff: &mut String, op: &DiffOp, old: &[&str], new: &[&str]) {
    for change in op.iter_changes(old, new) {
        diff.push(match change.tag() {
            ChangeTag::Equal => ' ',
            ChangeTag::Delete => '-',
            ChangeTag::Insert => '+',
        });
        let line = change.value();
        diff.push_str(line);
        if !line.ends_with('\n') {
            diff.push('\n');
            diff.push_str(NO_LINE_END);
        }
    }
}

/// Says which lines a hunk is about: the first, from 1, and how many. Of no lines, the one before.
fn place(lines: &Range<usize>) -> String {
    let first = if lines.is_empty() { lines.start } else { lines.start + 1 };
    format!("{first},{}", lines.len())
}

/// Applies a unified diff. Every line that it repeats or removes must stand exactly where it says.
pub fn patched(old: &str, diff: &str) -> Result<String, String> {
    let old: Vec<&str> = old.split_inclusive('\n').collect();
    let mut lines = diff.split_inclusive('\n').peekable();
    let mut new = String::new();
    let mut next = 0;
    while let Some(head) = lines.next() {
        let (start, length, wanted) =
            hunk(head).ok_or_else(|| format!("its diff has a bad line: {}", head.trim_end()))?;
        let kept = old.get(next..start).ok_or("its diff is about lines that it does not have")?;
        new.extend(kept.iter().copied());
        next = start;
        let (mut seen, mut made) = (0, 0);
        while seen < length || made < wanted {
            let line = lines.next().ok_or("its diff ends too early")?;
            let (mark, mut text) =
                (line.get(..1).unwrap_or_default(), line.get(1..).unwrap_or_default());
            if lines.next_if(|next| next.starts_with('\\')).is_some() {
                text = text.strip_suffix('\n').unwrap_or(text);
            }
            if matches!(mark, " " | "-") {
                if old.get(next) != Some(&text) {
                    return Err(format!("line {} is not what the diff says", next + 1));
                }
                next += 1;
                seen += 1;
            }
            match mark {
                " " | "+" => {
                    new.push_str(text);
                    made += 1;
                }
                "-" => {}
                _ => return Err(format!("its diff has a bad line: {}", line.trim_end())),
            }
        }
        if (seen, made) != (length, wanted) {
            return Err("its diff does not count its lines rightly".to_owned());
        }
    }
    new.extend(old[next..].iter().copied());
    Ok(new)
}

/// Reads the head of a hunk: the first old line from 0, how many, and how many new ones.
fn hunk(line: &str) -> Option<(usize, usize, usize)> {
    let places = line.strip_prefix("@@ -")?.trim_end().strip_suffix(" @@")?;
    let (old, new) = places.split_once(" +")?;
    let (first, length) = old.split_once(',')?;
    let (first, length): (usize, usize) = (first.parse().ok()?, length.parse().ok()?);
    let wanted = new.split_once(',')?.1.parse().ok()?;
    let start = if length == 0 { first } else { first.checked_sub(1)? };
    Some((start, length, wanted))
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let pairs = text.as_bytes().chunks(2);
    pairs
        .map(|pair| {
            let pair = std::str::from_utf8(pair).ok().filter(|pair| pair.len() == 2)?;
            u8::from_str_radix(pair, 16).ok()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round(old: Option<&str>, new: &str) -> Change {
        let change = of_text(old, new);
        let json = serde_json::to_string(&FilePatch { path: "f".to_owned(), change }).unwrap();
        let patch: FilePatch = serde_json::from_str(&json).unwrap();
        let current = old.map(str::as_bytes);
        let expected = if old == Some(new) {
            Applied::Kept
        } else {
            Applied::Written(new.as_bytes().to_owned())
        };
        assert_eq!(apply(&patch.change, current), Ok(expected), "{old:?} -> {new:?}");
        // Twice is as good as once.
        assert_eq!(apply(&patch.change, Some(new.as_bytes())), Ok(Applied::Kept));
        patch.change
    }

    #[test]
    fn texts_come_back_whole() {
        let long = "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\nk\nl\nm\nn\no\np\n".repeat(4);
        round(None, "new\n");
        round(None, "");
        round(Some("a\n"), "");
        round(Some(&long), &long.replacen("h\n", "H\n", 1));
        round(Some(&long), long.trim_end());
        round(Some(long.trim_end()), &long);
        let crlf = long.replace('\n', "\r\n");
        round(Some(&crlf), &crlf.replacen("c\r\n", "c\n", 1));
        round(Some(&long), &crlf);
    }

    #[test]
    fn a_small_change_of_a_long_file_stays_small() {
        let lock = (0..9_000).fold(String::new(), |mut lock, line| {
            let _ = writeln!(lock, "    \"node_modules/package-{line}\": {{}},");
            lock
        });
        let new = lock.replacen("package-4000\"", "package-4000-next\"", 1);
        let Change::Lines { diff, .. } = round(Some(&lock), &new) else { panic!("not a diff") };
        assert!(lock.len() > 300_000 && diff.len() < 500, "{} {}", lock.len(), diff.len());
    }

    #[test]
    fn a_diff_reads_as_any_other() {
        let old = "1\n2\n3\n4\n5\n6\n7\n8\n9";
        let new = "1\n2\n3\n4\nfive\n6\n7\n8\n9\n";
        let expected = "@@ -2,8 +2,8 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n-9\n\
                        \\ No newline at end of file\n+9\n";
        assert_eq!(unified(old, new), expected);
    }

    #[test]
    fn two_hundred_random_pairs_come_back() {
        let words = [
            "\n",
            "\r\n",
            "\r",
            "a\n",
            "b\n",
            "a",
            "@@ -1,1 +1,1 @@\n",
            "-x\n",
            "+x\n",
            "\\ No\n",
            " \n",
            "żółw\n",
            "\\ No newline at end of file\n",
            "\u{2028}",
            "c\r\n",
        ];
        let mut state = 7_u64;
        let mut random = |below: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            usize::try_from(state >> 33).unwrap() % below
        };
        for _ in 0..200 {
            let length = random(30);
            let old: Vec<&str> = (0..length).map(|_| words[random(words.len())]).collect();
            let mut new = old.clone();
            for _ in 0..random(6) {
                let place = random(new.len() + 1);
                if random(2) == 0 || place == new.len() {
                    new.insert(place, words[random(words.len())]);
                } else {
                    new.remove(place);
                }
            }
            let (old, new) = (old.concat(), new.concat());
            assert_eq!(patched(&old, &unified(&old, &new)), Ok(new.clone()));
            round(Some(&old), &new);
        }
    }

    #[test]
    fn bytes_come_back_whole() {
        let change = of_bytes(Some(hash(b"\xff")), b"\x00\xfe");
        assert_eq!(apply(&change, Some(b"\xff")), Ok(Applied::Written(b"\x00\xfe".to_vec())));
        assert!(apply(&change, Some(b"\xfd")).is_err());
        assert!(apply(&change, None).is_err());
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let removed = Change::Removed { before: hash(b"a") };
        assert_eq!(apply(&removed, Some(b"a")), Ok(Applied::Removed));
        assert!(apply(&removed, Some(b"b")).is_err());
        let created = of_text(None, "mine\n");
        assert!(apply(&created, Some(b"theirs\n")).is_err());
        for diff in [
            "@@ -1,1 +1,1 @@\n-b\n+c\n",
            "@@ -9,1 +9,1 @@\n-a\n+b\n",
            "nonsense",
            "@@ -1,1 +1,1 @@\n",
        ] {
            assert!(patched("a\n", diff).is_err(), "{diff}");
        }
    }
}
