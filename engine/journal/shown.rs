//! How text of the model's or the project's looks to a person: none of it acts, none of it hides.

use std::fmt::Write as _;

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// Writes text on one line. What would act on a terminal or not be seen is spelled out, such as
/// `\u{202e}`.
pub fn line(text: &str) -> String {
    spelled(text, |character| match character {
        '\n' => Some("\\n"),
        '\r' => Some("\\r"),
        '\t' => Some("\\t"),
        _ => None,
    })
}

/// Writes text as it is laid out, in lines that end in `\n`; the rest as [`line`] does.
pub fn block(text: &str) -> String {
    spelled(&text.replace("\r\n", "\n"), |character| match character {
        '\n' => Some("\n"),
        '\t' => Some("    "),
        _ => None,
    })
}

/// Writes an argv so that each word can be told from the next, as a shell would take it.
pub fn argv(words: &[String]) -> String {
    let plain = |character: char| character.is_alphanumeric() || "-_./:=@%+,".contains(character);
    let words = words.iter().map(|word| {
        if !word.is_empty() && word.chars().all(plain) {
            word.clone()
        } else {
            format!("'{}'", word.replace('\'', "'\\''"))
        }
    });
    line(&words.collect::<Vec<_>>().join(" "))
}

/// Writes the first line of a text that says something.
pub fn first(text: &str) -> String {
    line(text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default())
}

/// Spells out in JSON what a terminal would act on or not show. What it means stays the same.
pub fn json(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut units = [0; 2];
    for character in text.chars() {
        if character != '\n' && is_hidden(character) {
            for unit in character.encode_utf16(&mut units) {
                let _ = write!(shown, "\\u{unit:04x}");
            }
        } else {
            shown.push(character);
        }
    }
    shown
}

/// Returns the columns that a text takes.
pub fn width(text: &str) -> usize {
    text.width()
}

/// Cuts a text that is wider than `columns`, with `…` in the place of what is left out.
pub fn cut(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let mut kept = prefix(text, columns.saturating_sub(1)).to_owned();
    if columns > 0 {
        kept.push('…');
    }
    kept
}

/// Cuts a path that is wider than `columns` at its beginning: its end says more.
pub fn cut_path(path: &str, columns: usize) -> String {
    let mut start = 0;
    while width(&path[start..]) + usize::from(start > 0) > columns {
        start += path[start..].chars().next().map_or(1, char::len_utf8);
    }
    if start == 0 { path.to_owned() } else { format!("…{}", &path[start..]) }
}

/// Breaks a text into lines of at most `columns`, between words where it can. What a line is
/// indented by, the lines that go on from it are too.
pub fn wrap(text: &str, columns: usize) -> Vec<String> {
    let columns = columns.max(8);
    text.lines().flat_map(|line| wrap_line(line.trim_end(), columns)).collect()
}

/// Says what was taken out of a text before a model saw it.
pub fn cleaned(invisible: usize, masked: usize) -> String {
    let mut parts = Vec::new();
    if masked > 0 {
        parts.push(format!("{} masked", plural(masked, "secret")));
    }
    if invisible > 0 {
        parts.push(format!("{} removed", plural(invisible, "invisible character")));
    }
    parts.join(", ")
}

/// Says how long something took, from milliseconds.
pub fn time(milliseconds: u64) -> String {
    let seconds = milliseconds / 1_000;
    match (seconds / 3_600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) if milliseconds < 10_000 => {
            format!("{seconds}.{} s", milliseconds % 1_000 / 100)
        }
        (0, 0, seconds) => format!("{seconds} s"),
        (0, minutes, seconds) => format!("{minutes} min {seconds:02} s"),
        (hours, minutes, _) => format!("{hours} h {minutes:02} min"),
    }
}

/// Says an amount of money, with more digits where it is small.
pub fn money(usd: f64) -> String {
    match usd {
        0.0 => "$0.00".to_owned(),
        ..0.0095 => format!("${usd:.4}"),
        ..0.095 => format!("${usd:.3}"),
        _ => format!("${usd:.2}"),
    }
}

/// Says a count, in thousands or millions where it is large.
#[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
pub fn count(number: u64) -> String {
    match number {
        0..1_000 => number.to_string(),
        1_000..99_950 => format!("{:.1}k", number as f64 / 1e3),
        99_950..999_500 => format!("{:.0}k", number as f64 / 1e3),
        _ => format!("{:.1}M", number as f64 / 1e6),
    }
}

/// Says how many there are of a thing.
pub fn plural(number: usize, thing: &str) -> String {
    if number == 1 { format!("1 {thing}") } else { format!("{number} {thing}s") }
}

/// Spells out what is hidden, but for what `known` has a word for.
fn spelled(text: &str, known: impl Fn(char) -> Option<&'static str>) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut previous = ' ';
    for character in text.chars() {
        match known(character) {
            Some(word) => shown.push_str(word),
            None if is_hidden(character) && !joins(previous, character) => {
                shown.extend(character.escape_unicode());
            }
            None => shown.push(character),
        }
        previous = character;
    }
    shown
}

/// Whether a character acts on a terminal, turns the direction of text, or cannot be seen.
fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0e}' | '\u{feff}'
            | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// Whether a joiner does its work in a script or an emoji that needs it.
fn joins(previous: char, character: char) -> bool {
    matches!(character, '\u{200c}' | '\u{200d}') && !previous.is_ascii() && !is_hidden(previous)
}

/// The longest beginning that takes at most `columns`.
fn prefix(text: &str, columns: usize) -> &str {
    let mut taken = 0;
    for (index, character) in text.char_indices() {
        taken += character.width().unwrap_or(0);
        if taken > columns {
            return &text[..index];
        }
    }
    text
}

fn wrap_line(line: &str, columns: usize) -> Vec<String> {
    let words = line.trim_start_matches(' ');
    let indent = " ".repeat((line.len() - words.len()).min(columns / 2));
    let mut lines = Vec::new();
    let mut current = indent.clone();
    for word in words.split(' ') {
        let mut word = word;
        let begun = current.len() > indent.len();
        if begun && width(&current) + 1 + width(word) <= columns {
            current.push(' ');
        } else if begun {
            lines.push(std::mem::replace(&mut current, indent.clone()));
        }
        while width(&current) + width(word) > columns {
            let head = prefix(word, columns - width(&current));
            // A character that is wider than the line has to stand on it all the same.
            let head = if head.is_empty() {
                &word[..word.chars().next().map_or(0, char::len_utf8)]
            } else {
                head
            };
            lines.push(format!("{current}{head}"));
            current.clone_from(&indent);
            word = &word[head.len()..];
        }
        current.push_str(word);
    }
    lines.push(current);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_act_or_hide_is_spelled_out() {
        let shown = line("a\u{1b}[31mb\u{202e}c\n\u{9b}2J\u{200b}\u{e0041}");
        assert_eq!(shown, "a\\u{1b}[31mb\\u{202e}c\\n\\u{9b}2J\\u{200b}\\u{e0041}");
        assert_eq!(block("a\r\n\tb\rc"), "a\n    b\\u{d}c");
    }

    #[test]
    fn an_argv_is_written_as_a_shell_takes_it() {
        let words =
            ["npx", "--write", "a file", "it's", "", "*.ts", "b\u{202e}"].map(str::to_owned);
        let written = "npx --write 'a file' 'it'\\''s' '' '*.ts' 'b\\u{202e}'";
        assert_eq!(argv(&words), written);
    }

    #[test]
    fn joiners_stay_in_the_scripts_that_need_them() {
        assert_eq!(line("می\u{200c}شود"), "می\u{200c}شود");
        assert_eq!(line("pass\u{200c}word"), "pass\\u{200c}word");
    }

    #[test]
    fn json_that_is_spelled_out_means_the_same() {
        let value = serde_json::json!({ "a\u{202e}": "b\u{9b}\u{e0041}\u{7f}" });
        let shown = json(&value.to_string());
        assert_eq!(shown, "{\"a\\u202e\":\"b\\u009b\\udb40\\udc41\\u007f\"}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&shown).unwrap(), value);
    }

    #[test]
    fn text_is_cut_and_wrapped_by_columns_not_by_bytes() {
        assert_eq!(cut("日本語テキスト", 7), "日本語…");
        assert_eq!(cut("short", 5), "short");
        assert_eq!(cut_path("app/日本/page.tsx", 10), "…/page.tsx");
        assert_eq!(cut_path("page.tsx", 8), "page.tsx");
        assert_eq!(wrap("  one two three", 9), ["  one two", "  three"]);
        assert_eq!(wrap("abcdefghijkl m", 8), ["abcdefgh", "ijkl m"]);
        assert_eq!(wrap("a\n\nb", 20), ["a", "", "b"]);
    }

    #[test]
    fn amounts_are_said_as_people_say_them() {
        assert_eq!(
            [time(400), time(12_000), time(252_000), time(3_720_000)],
            ["0.4 s", "12 s", "4 min 12 s", "1 h 02 min"]
        );
        assert_eq!(
            [money(0.0), money(0.004), money(0.072), money(12.0)],
            ["$0.00", "$0.0040", "$0.072", "$12.00"]
        );
        assert_eq!(
            [count(999), count(12_100), count(144_000), count(1_200_000)],
            ["999", "12.1k", "144k", "1.2M"]
        );
        assert_eq!([plural(1, "file"), plural(0, "file")], ["1 file", "0 files"]);
    }
}
