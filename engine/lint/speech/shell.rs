//! Command lines in prose.

use std::collections::HashSet;
use std::sync::LazyLock;

use crate::lint::speech::list;

/// Programs that are no words of the language, and programs that are.
static PROGRAMS: LazyLock<[HashSet<&'static str>; 2]> = LazyLock::new(|| {
    let text = include_str!("programs.txt");
    let (sure, words) = text.split_once("# with options").unwrap_or((text, ""));
    [sure, words].map(|text| list(text).into_iter().collect())
});

/// Returns the program of a command line and whether it has more words.
pub(in crate::lint) fn program(line: &str) -> Option<(&str, bool)> {
    let line = line.trim_start().trim_start_matches("$ ").trim_start_matches("sudo ").trim_start();
    let mut words = line.split_whitespace().skip_while(|word| is_setting(word));
    let first = words.next()?;
    let first = first.strip_prefix("./").unwrap_or(first);
    let [sure, also] = &*PROGRAMS;
    let more: Vec<&str> = words.take(3).collect();
    if sure.contains(first) {
        return Some((first, !more.is_empty()));
    }
    let optioned =
        also.contains(first) && more.iter().any(|word| word.starts_with(['-', '/', '.', '"', '$']));
    optioned.then_some((first, true))
}

/// Whether a word sets a variable for the program after it.
fn is_setting(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty()
            && name.chars().all(|letter| {
                letter.is_ascii_uppercase() || letter.is_ascii_digit() || letter == '_'
            })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_line_is_told_by_its_program() {
        assert_eq!(program("npm install zod"), Some(("npm", true)));
        assert_eq!(program("$ CI=1 make"), Some(("make", false)));
        assert_eq!(program("sudo rm -rf build"), Some(("rm", true)));
        assert_eq!(program("find . -name '*.py'"), Some(("find", true)));
        for other in ["find the file", "test", "a = b", "", "package.json", "SELECT 1"] {
            assert_eq!(program(other), None, "{other}");
        }
    }
}
