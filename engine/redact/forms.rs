//! The forms in which a value turns up.

use std::fmt::Write as _;

use crate::redact::machine::STEM;

/// The shortest value that is looked for inside longer words, in bytes.
pub(super) const SHORTEST: usize = 8;

/// The shortest value that may be broken over lines as it is.
const WRAPPED: usize = 24;

/// A form of a value, in small letters: a text is folded before it is looked through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Form {
    pub(super) bytes: Box<[u8]>,
    /// Tools break it over lines: base64 and hex.
    pub(super) wraps: bool,
    /// It is a secret only where it is no piece of a longer word.
    pub(super) alone: bool,
}

/// Returns the forms of a value: as it is, in JSON, HTML and URLs, quoted for a shell, in hex, in
/// base64 wherever it begins, and backwards. Small and capital letters are found in any of them.
pub(super) fn forms(value: &str) -> Vec<Form> {
    if value.len() < SHORTEST {
        let bytes = value.to_ascii_lowercase().into_bytes().into_boxed_slice();
        return vec![Form { bytes, wraps: false, alone: true }];
    }
    let blank = value.len() >= WRAPPED && value.bytes().all(is_base64);
    let mut forms = vec![(value.to_owned(), blank)];
    let json = serde_json::Value::from(value).to_string();
    let json = &json[1..json.len() - 1];
    forms.push((json.to_owned(), false));
    forms.push((json.replace('/', "\\/"), false));
    forms.push((ascii_json(value), false));
    forms.push((html(value), false));
    forms.push((percent(value, "-_.~", "%20"), false));
    forms.push((percent(value, "-_.*", "+"), false));
    forms.push((percent(value, "-_.~!*'();/?:@&=+$,#", "%20"), false));
    forms.push((value.replace('\'', "'\\''"), false));
    forms.push((value.replace('\'', "'\"'\"'"), false));
    forms.push((escaped(value, |it| "\"$`\\!".contains(it)), false));
    forms.push((escaped(value, |it| !it.is_alphanumeric() && !"_-./:@%+,=".contains(it)), false));
    forms.push((value.chars().rev().collect(), false));
    forms.push((hex(value.as_bytes()), true));
    for skipped in 0..3 {
        let encoded = inner_base64(value.as_bytes(), skipped);
        forms.push((encoded.replace('+', "-").replace('/', "_"), true));
        forms.push((encoded, true));
    }
    let folded = forms.into_iter().map(|(text, wraps)| Form {
        bytes: text.to_ascii_lowercase().into_bytes().into_boxed_slice(),
        wraps,
        alone: false,
    });
    let mut folded: Vec<Form> = folded.filter(|form| form.bytes.len() >= STEM).collect();
    folded.sort_by(|a, b| (&a.bytes, b.wraps).cmp(&(&b.bytes, a.wraps)));
    folded.dedup_by(|a, b| a.bytes == b.bytes);
    folded
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"+/=-_".contains(&byte)
}

/// Writes hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Writes a text into a URL. Letters, digits and `kept` stay as they are.
fn percent(value: &str, kept: &str, space: &str) -> String {
    value.bytes().fold(String::new(), |mut text, byte| {
        if byte.is_ascii_alphanumeric() || kept.as_bytes().contains(&byte) {
            text.push(char::from(byte));
        } else if byte == b' ' {
            text.push_str(space);
        } else {
            let _ = write!(text, "%{byte:02x}");
        }
        text
    })
}

/// Writes JSON as those do who escape every character beyond ASCII.
fn ascii_json(value: &str) -> String {
    let json = serde_json::Value::from(value).to_string();
    let mut units = [0; 2];
    json[1..json.len() - 1].chars().fold(String::new(), |mut text, letter| {
        if letter.is_ascii() {
            text.push(letter);
        } else {
            for unit in letter.encode_utf16(&mut units) {
                let _ = write!(text, "\\u{unit:04x}");
            }
        }
        text
    })
}

fn html(value: &str) -> String {
    let value = value.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    value.replace('"', "&quot;").replace('\'', "&#39;")
}

fn escaped(value: &str, special: impl Fn(char) -> bool) -> String {
    value.chars().fold(String::new(), |mut text, letter| {
        if special(letter) {
            text.push('\\');
        }
        text.push(letter);
        text
    })
}

/// Writes bytes in base64 as they stand after `skipped` others, without the letters at both ends
/// that what stands beside them has a part in.
fn inner_base64(bytes: &[u8], skipped: usize) -> String {
    let padded: Vec<u8> = std::iter::repeat_n(0, skipped).chain(bytes.iter().copied()).collect();
    let start = [0, 2, 3][skipped];
    let end = padded.len() * 8 / 6;
    base64(&padded).get(start..end).unwrap_or_default().to_owned()
}

/// Writes bytes in base64, without padding.
pub(super) fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let group = chunk.iter().fold(0_u32, |group, byte| (group << 8) | u32::from(*byte));
        let group = group << (8 * (3 - chunk.len()));
        for index in 0..=chunk.len() {
            let letter = (group >> (18 - 6 * index)) & 63;
            text.push(char::from(LETTERS[letter as usize]));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings_are_those_of_others() {
        assert_eq!(base64(b"hello"), "aGVsbG8");
        assert_eq!(hex(b"\x00\xff"), "00ff");
        assert_eq!(percent("a b/ü", "", "+"), "a+b%2f%c3%bc");
        assert_eq!(ascii_json("é\"\u{1f600}"), "\\u00e9\\\"\\ud83d\\ude00");
        assert_eq!(html("a<'b'>"), "a&lt;&#39;b&#39;&gt;");
    }
}
